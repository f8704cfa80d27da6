"""``forget``: a person out of the graph and off the disk, with a receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from recommender.cli import output
from recommender.cli.errors import FAILED
from recommender.cli.parameters import Json
from recommender.cli.session import Session

if TYPE_CHECKING:
    from recommender.forget import ForgetReceipt


def forget(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="USER", show_default=False)],
    refresh: Annotated[
        bool, typer.Option("--refresh/--no-refresh", help="Learn anew without them at once, or leave that for later.")
    ] = True,
    lift: Annotated[
        bool, typer.Option("--lift", help="Remove nothing: let somebody who was forgotten come back.")
    ] = False,
    json: Json = False,
) -> None:
    """Remove a person and keep them from coming back.

    Their events, reviews, interests, vectors, rejected rows, and the models that were learned with them. A keyed hash
    stays, by which later files and feedback about them are refused. Killed on the way, it does the rest when called
    again. Exits with 1 where something is left that the receipt names. Of an adopted graph goes what was added; the
    rest is its owner's, and the receipt holds the Cypher for it.

    \b
    Example:
      tastegraph forget bob
    """
    with Session.of(context).open(compute=refresh and not lift) as recommender:
        if lift:
            _lifted(recommender.lift(user), json)
            return
        receipt = recommender.forget(user, refresh=refresh)
    if json:
        output.document(receipt)
    else:
        _show(receipt)
    if receipt.failed:
        raise typer.Exit(FAILED)


def _lifted(lifted: bool, json: bool) -> None:
    if json:
        output.document({"lifted": lifted})
    else:
        output.line("may come back" if lifted else "was not forgotten, so nothing was done")


def _show(receipt: ForgetReceipt) -> None:
    output.facts(receipt.removed, title="removed")
    if receipt.holding:
        output.line(f"learned with them and still served: {', '.join(receipt.holding)}; run 'tastegraph refresh'")
    elif receipt.version:
        output.line(f"published without them: {receipt.version}")
    for sort, paths in receipt.searched.items():
        output.line(f"{sort} searched: {output.cell(paths) or 'none'}")
    if receipt.not_found:
        output.line(f"rejects files that are not there any more: {output.cell(receipt.not_found)}")
    if receipt.elsewhere:
        output.line(f"rejects files of the store that this one was copied from: {output.cell(receipt.elsewhere)}")
    if receipt.unreadable:
        output.line(f"lines of rejects files that nobody can read, and that stay: {receipt.unreadable}")
    for path, why in receipt.failed.items():
        output.note(f"not removed: {output.cell(path)}: {output.cell(why)}; mend that and call again, or remove it")
    output.line(f"the engine: {receipt.engine_keeps}")
    output.facts(receipt.left, title="what is left, by the query below")
    output.line(receipt.query)
    if receipt.owner_removes:
        output.facts(receipt.owner_keeps, title="the graph's owner keeps of them, and removes by what follows")
        for text in receipt.owner_removes:
            output.line(f"{text};")
