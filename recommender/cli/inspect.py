"""``inspect``: what files hold and how they would be ingested, before anything is."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kg.folders import beside
from recommender.cli import output
from recommender.cli.forms import EventKind, Limits, Meanings, Weights, kinds_of, with_form
from recommender.cli.parameters import Json, Trust, event_mapping
from recommender.cli.session import Session
from recommender.errors import InvalidInput

if TYPE_CHECKING:
    from recommender.inspection.columns import ColumnFound, TimesFound
    from recommender.inspection.look import FileFound


@with_form("any")
def inspect(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False, show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(dir_okay=False, metavar="FILE.toml", help="Where to write it as a document for ingest source."),
    ] = None,
    roles: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COL,...", help="Which column of events holds what; may be repeated."),
    ] = None,
    event: EventKind = None,
    limits: Limits = None,
    meaning: Meanings = None,
    weight: Weights = None,
    trust: Trust = False,
    json: Json = False,
    *,
    form: Any,
) -> None:
    """Look at files from end to end: what they hold, what each column is taken for, what may be wrong.

    Needs no store and writes none. Ends with the command that ingests the files so.

    \b
    Example:
      tastegraph inspect ratings.csv movies.csv --out shop.toml
    """
    from recommender.inspection.look import inspect

    found = inspect(
        files,
        mapping=event_mapping(roles),
        kind=event,
        scale=None if limits is None else (limits.minimum, limits.maximum),
        kinds=kinds_of(meaning, weight),
        form=form,
        trust=trust,
        progress=not Session.of(context).quiet,
    )
    if out is not None:
        _write(out, found.document())
    if json:
        output.document(found.to_dict())
        return
    for file in found.files:
        _show(file)
    for overlap in found.overlaps:
        output.line(str(overlap))
    if found.overlaps:
        output.line()
    if found.command:
        output.line(
            found.command if out is None else shlex.join(["tastegraph", "ingest", "source", str(out), found.folder])
        )


def _write(out: Path, text: str) -> None:
    try:
        with beside(out) as new:
            new.write_text(text, encoding="utf-8")
            new.replace(out)
    except OSError as error:
        raise InvalidInput(f"cannot write {out}: {error.strerror}") from error


def _show(file: FileFound) -> None:
    form = ", ".join(f"{name} {value}" for name, value in file.form.items())
    output.line(f"{file.name}: {file.verb or 'not read'}; {file.why}")
    output.line(f"  {form}" if form else "")
    about = "about " if file.estimated else ""
    if file.verb:
        what = "equal or known ids" if file.verb == "events" else "repeated ids"
        output.line(
            f"  {file.rows:,} rows: {file.records:,} read, {file.rejected:,} rejected; {about}{file.repeated:,} {what}"
        )
    for reason, often in list(file.reasons.items())[:5]:
        output.line(f"  rejected {often:,}: {reason}")
    read = [own for own in file.columns if own.role is not None]
    columns = [*read, *file.unread]
    if columns:
        headings = ("column", "taken for", "because", "distinct", "empty", "missing codes", "holds")
        output.table(headings, [_row(own) for own in columns])
    for own in columns:
        if own.times is not None:
            output.line(f"  times in {own.name}: {'; '.join(_times(own.times))}")
    for kind_ in file.kinds:
        output.line(f"  {kind_}")
        bars = ", ".join(f"{label}: {often:,}" for label, often in file.histograms.get(kind_.kind, ()))
        output.line(f"    {bars}")
    for doubt in file.suspicions:
        output.line(f"  ! {doubt}")
    output.line()


def _row(own: ColumnFound) -> tuple[Any, ...]:
    distinct = f"about {own.distinct:,}" if own.estimated else f"{own.distinct:,}"
    codes = ", ".join(f"{word} {often:,}" for word, often in own.nothings.items())
    span = "" if own.lowest is None else f", {own.lowest:g} to {own.highest:g}"
    return own.name, own.role or "not read", own.why, distinct, own.empty, codes, own.holds + span


def _times(times: TimesFound) -> Iterator[str]:
    yield f"{times.form}, zone {times.zone}" if times.zone else times.form
    if times.first and times.last:
        yield f"{times.first:%Y-%m-%d %H:%M} to {times.last:%Y-%m-%d %H:%M}"
    if times.unread:
        share = 100 * times.unread / max(times.unread + times.read, 1)
        yield f"{times.unread:,} ({share:.1f} %) cannot be read"
    if times.alike:
        yield "all alike"
    if times.future:
        yield f"{times.future:,} in the future"
