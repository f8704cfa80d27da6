"""``recommend``, ``explain``, ``similar`` and ``profile``: what the published model says."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kg.access import own
from kg.folders import beside
from recommender.cli import output, views
from recommender.cli.parameters import Json, K, joined, moment, names, usage
from recommender.cli.session import Session
from recommender.ids import some

if TYPE_CHECKING:
    import pandas as pd


History = Annotated[
    list[Any] | None,
    typer.Option(parser=names, metavar="ITEM,...", help="For somebody who likes these; may be repeated."),
]
Text = Annotated[str | None, typer.Option(metavar="TEXT", help="For somebody who wrote this.")]
StrictUsers = Annotated[bool, typer.Option("--strict-users", help="Fail where the graph does not hold somebody.")]


class Nearness(StrEnum):
    """What ``similar`` compares."""

    MODEL = "model"
    TEXTS = "texts"
    INTERESTS = "interests"


def recommend(
    context: typer.Context,
    users: Annotated[list[str] | None, typer.Argument(metavar="USER", help="People in the graph.")] = None,
    k: K = 10,
    history: History = None,
    text: Text = None,
    keep_seen: Annotated[bool, typer.Option("--keep-seen", help="Also what was met, unless disliked.")] = False,
    candidates: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, metavar="FILE", help="Only these items, one id a line."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="ITEM,...|FILE", help="Never these items; a FILE has one id a line. May be repeated."),
    ] = None,
    strict_users: StrictUsers = False,
    all_users: Annotated[bool, typer.Option("--all-users", help="Everyone in the graph, into --out.")] = False,
    out: Annotated[Path | None, typer.Option(dir_okay=False, metavar="FILE.parquet", help="For --all-users.")] = None,
    json: Json = False,
) -> None:
    """Recommend items, to people of the graph or to somebody new.

    Somebody new is known by a few items (--history), by words (--text), or by both. A USER whom the graph does not
    hold gets the list of somebody of whom nothing is known, and stderr says so.

    \b
    Examples:
      tastegraph recommend alice bob -k 5
      tastegraph recommend --history B00006,B00017 --text "quiet guitar music"
      tastegraph recommend alice --exclude B00006,B00017 --exclude sold-out.txt
      tastegraph recommend --all-users --out lists.parquet
    """
    liked = joined(history)
    _check_who(users, liked, text, all_users, out)
    items = None if candidates is None else _lines(candidates, "--candidates")
    never = [item for given in exclude or () for item in _items(given)]
    with Session.of(context).open() as recommender:
        options: dict[str, Any] = {"k": k, "filter_seen": not keep_seen, "items": items, "exclude": never}
        if all_users:
            found = recommender.recommend(None, **options)
            written = _write(found, out) | _said(found)
            if json:
                output.document(written)
            else:
                output.line(f"{written['rows']} recommendations for {written['users']} people in {written['file']}")
            return
        if users:
            found = recommender.recommend(users, **options, reasons=True, strict_users=strict_users)
            if "known" not in found:
                found["known"] = True
        else:
            found = recommender.recommend_for(history=liked, text=text, **options, reasons=True)
        skipped = _said(found)
        rows = list(_records(found))
        if json:
            output.document([row | skipped for row in rows])
        else:
            views.recommendations(rows)


def explain(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="USER", show_default=False)],
    item: Annotated[str | None, typer.Argument(metavar="ITEM", show_default=False)] = None,
    history: History = None,
    text: Text = None,
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="ITEM", help="Also the exact score if the person had not met this; may be repeated."),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(parser=moment, metavar="TIME", help="Paths of events and reviews from then on alone."),
    ] = None,
    draw: Annotated[
        Path | None,
        typer.Option(dir_okay=False, metavar="FILE", help="Draw the paths: .png, .svg or .html (extra: view)."),
    ] = None,
    strict_users: StrictUsers = False,
    json: Json = False,
) -> None:
    """Say what makes the score of an item.

    Parts come from the person's own history: baseline + contributions = score.

    \b
    Examples:
      tastegraph explain alice B00006
      tastegraph explain alice B00006 --draw why.svg
      tastegraph explain B00006 --history B00017 --text "quiet guitar music"
    """
    liked, left_out = joined(history), tuple(without or ())
    known = bool(liked) or text is not None
    if known != (item is None):
        raise usage("name USER and ITEM, or ITEM alone with --history or --text")
    if known and since is not None:
        raise usage("--since needs the dated events of a USER")
    if draw is not None:
        from recommender.drawing import check_drawable

        check_drawable(draw)  # what cannot be drawn is an error now, not after the model is read
    with Session.of(context).open() as recommender:
        if item is None:
            found = recommender.explain_for(user, history=liked, text=text, without=left_out)
            _note_unknown(found.get("unknown", {}))
        else:
            found = recommender.explain(user, item, without=left_out, since=since, strict_users=strict_users)
            if not found["known"]:
                output.note(_STRANGERS.format(repr(user)))
    if draw is not None:
        from recommender.explain.picture import draw_paths

        draw_paths(found, draw)
    if json:
        output.document(found)
    else:
        views.explanation(found)


def similar(
    context: typer.Context,
    item: Annotated[str, typer.Argument(metavar="ITEM|USER", show_default=False)],
    k: K = 10,
    by: Annotated[
        Nearness,
        typer.Option(
            help="The whole model; the vectors of items' texts, which 'models vectors' writes to the graph; or those "
            "of a person's interests, which gives people."
        ),
    ] = Nearness.MODEL,
    json: Json = False,
) -> None:
    """List the items nearest to an item, or the people nearest to a person.

    \b
    Examples:
      tastegraph similar B00006 -k 5
      tastegraph similar alice --by interests
    """
    with Session.of(context).open() as recommender:
        if by is Nearness.TEXTS:
            rows = recommender.graph.nearest_items(item, k)
        elif by is Nearness.INTERESTS:
            rows = recommender.graph.nearest_people(item, k)
        else:
            rows = list(_records(recommender.similar_items(item, k)))
    if json:
        output.document(rows)
    else:
        output.records(rows)


def profile(
    context: typer.Context, user: Annotated[str, typer.Argument(metavar="USER", show_default=False)], json: Json = False
) -> None:
    """Show what is known of a person.

    Static features, habits, interests, and tags in words.

    \b
    Example:
      tastegraph profile alice
    """
    with Session.of(context).open() as recommender:
        found = recommender.profile(user)
    if json:
        output.document(found)
    else:
        views.profile(found)


def _check_who(
    users: Sequence[str] | None, history: Sequence[str], text: str | None, all_users: bool, out: Path | None
) -> None:
    asked = [bool(users), bool(history) or text is not None, all_users]
    if sum(asked) != 1:
        raise usage("name people, or give --history and --text of somebody, or --all-users: one of the three")
    if all_users and out is None:
        raise usage("--all-users needs --out FILE.parquet")
    if out is not None and not all_users:
        raise usage("--out goes with --all-users; redirect stdout for a few people")


_STRANGERS = "the graph does not hold {}: what is shown is what suits whoever is unknown; --strict-users fails instead"
_PASSED_OVER = {
    "items": "candidates are passed over",
    "exclude": "items to leave out are not there to be left out",
    "history": "items of the history say nothing",
}


def _said(found: pd.DataFrame) -> dict[str, int]:
    """Say on stderr which of the given ids were not found; the number of such candidates, where there are any."""
    unknown = found.attrs["unknown"]
    if users := unknown.get("users"):
        output.note(_STRANGERS.format(some(users)))
    _note_unknown(unknown)
    return {"skipped_candidates": len(unknown["items"])} if "items" in unknown else {}


def _note_unknown(unknown: Mapping[str, Sequence[str]]) -> None:
    for argument, what in _PASSED_OVER.items():
        if ids := unknown.get(argument):
            output.note(f"{len(ids)} {what}, for the published version does not hold them: {some(ids)}")


def _items(given: str) -> list[str]:
    """What ``--exclude`` names: the ids in a file, or a list with commas."""
    return _lines(Path(given), "--exclude") if os.path.isfile(given) else names(given)


def _lines(path: Path, option: str) -> list[str]:
    """The ids in a file, one a line; empty lines do not count."""
    try:
        found = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except UnicodeDecodeError:
        raise usage(f"{option} {path} is not UTF-8 text") from None
    return [line for line in found if line]


def _records(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows of a data frame; what pandas calls missing is None."""
    columns = list(frame.columns)
    for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False, name=None):
        yield dict(zip(columns, row, strict=True))


def _write(frame: pd.DataFrame, out: Path | None) -> dict[str, Any]:
    """Write the lists under a temporary name first, so that the file is never half of itself."""
    if out is None:
        raise usage("--all-users needs --out FILE.parquet")
    with beside(out) as partial:
        frame.to_parquet(partial, index=False)
        own(partial)
        partial.replace(out)
    return {"file": str(out), "users": int(frame["user_id"].nunique()), "rows": len(frame)}
