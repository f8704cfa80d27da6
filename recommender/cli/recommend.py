"""``recommend``, ``explain``, ``similar`` and ``profile``: what the published model says."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recommender.cli import output, views
from recommender.cli.parameters import Json, K, joined, moment, names, usage
from recommender.cli.session import Session

if TYPE_CHECKING:
    import pandas as pd


History = Annotated[
    list[Any] | None,
    typer.Option(parser=names, metavar="ITEM,...", help="For somebody who likes these; may be repeated."),
]
Text = Annotated[str | None, typer.Option(metavar="TEXT", help="For somebody who wrote this.")]


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
    all_users: Annotated[bool, typer.Option("--all-users", help="Everyone in the graph, into --out.")] = False,
    out: Annotated[Path | None, typer.Option(dir_okay=False, metavar="FILE.parquet", help="For --all-users.")] = None,
    json: Json = False,
) -> None:
    """Recommend items, to people of the graph or to somebody new.

    Somebody new is known by a few items (--history), by words (--text), or by both.

    \b
    Examples:
      tastegraph recommend alice bob -k 5
      tastegraph recommend --history B00006,B00017 --text "quiet guitar music"
      tastegraph recommend --all-users --out lists.parquet
    """
    liked = joined(history)
    _check_who(users, liked, text, all_users, out)
    items = None if candidates is None else _lines(candidates)
    with Session.of(context).open() as recommender:
        options: dict[str, Any] = {"k": k, "filter_seen": not keep_seen, "items": items}
        if all_users:
            written = _write(recommender.recommend(None, **options), out)
            if json:
                output.document(written)
            else:
                output.line(f"{written['rows']} recommendations for {written['users']} people in {written['file']}")
            return
        if users:
            found = recommender.recommend(users, **options, reasons=True)
        else:
            found = recommender.recommend_for(history=liked, text=text, **options, reasons=True)
        rows = list(_records(found))
        if json:
            output.document(rows)
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
        else:
            found = recommender.explain(user, item, without=left_out, since=since)
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


def _lines(path: Path) -> list[str]:
    """The ids in a file, one a line; empty lines do not count."""
    try:
        found = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except UnicodeDecodeError:
        raise usage(f"--candidates {path} is not UTF-8 text") from None
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
    partial = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        frame.to_parquet(partial, index=False)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    return {"file": str(out), "users": int(frame["user_id"].nunique()), "rows": len(frame)}
