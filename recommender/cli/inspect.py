"""``inspect``: what files hold and how they would be ingested, before anything is."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kg.folders import beside
from recommender.cli import output
from recommender.cli.forms import EventKind, Limits, Meanings, Weights, kinds_of, with_form
from recommender.cli.parameters import Json, Trust, event_mapping, there
from recommender.cli.session import Session
from recommender.errors import InvalidInput

if TYPE_CHECKING:
    from recommender.inspection.answer import FileFound
    from recommender.inspection.columns import ColumnFound
    from recommender.inspection.times import TimesFound

MOST_REASONS = 5
"""Of rejected rows that are printed."""


@with_form("any")
def inspect(
    context: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            callback=there,
            help="Also a folder, a pattern, a member of an archive (x.zip/member.csv) or a pipe.",
            show_default=False,
        ),
    ],
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

    logging.getLogger("kg.readers").setLevel(logging.WARNING)  # what it would say is said below, once
    found = inspect(
        [str(own) for own in files],
        mapping=event_mapping(roles),
        kind=event,
        scale=None if limits is None else (limits.minimum, limits.maximum),
        kinds=kinds_of(meaning, weight),
        form=form,
        trust=trust,
        progress=not Session.of(context).quiet,
    )
    if out is not None:
        if found.source is None:
            raise InvalidInput("; ".join([f"{out}: there is no file that a document could name", *found.suspicions]))
        _write(out, found.document())
    if json:
        output.document(found.to_dict())
        return
    for file in found.files:
        _show(file)
    for overlap in found.overlaps:
        _say(f"{'! ' if overlap.is_doubtful else ''}{overlap}")
    if found.overlaps:
        output.line()
    if found.command or (out is not None and found.source is not None):
        document = shlex.join(["tastegraph", "ingest", "source", str(out), found.folder])
        output.line(found.command if out is None else document)


def _write(out: Path, text: str) -> None:
    try:
        with beside(out) as new:
            new.write_text(text, encoding="utf-8")
            new.replace(out)
    except OSError as error:
        raise InvalidInput(f"cannot write {out}: {error.strerror}") from error


def _show(file: FileFound) -> None:
    form = ", ".join(f"{name} {value}" for name, value in file.form.items())
    _say(f"{file.name}: {file.verb or 'not read'}; {file.why}")
    if form:
        _say(f"  {form}")
    if file.verb:
        _say(f"  {_counts(file)}")
    for reason, often in list(file.reasons.items())[:MOST_REASONS]:
        _say(f"  rejected {often:,}: {reason}")
    for note in file.notes:
        _say(f"  {note}")
    columns = [*(own for own in file.columns if own.role is not None), *file.unread]
    if columns:
        headings = ("column", "taken for", "because", "distinct", "empty", "none", "maybe none", "holds")
        output.table(headings, [_row(own) for own in columns])
    for own in columns:
        if own.times is not None:
            _say(f"  times in {own.name}: {'; '.join(_times(own.times))}")
    for kind_ in file.kinds:
        _say(f"  {kind_}")
        bars = ", ".join(f"{label}: {often:,}" for label, often in file.histograms.get(kind_.kind, ()))
        _say(f"    {bars}")
    for doubt in file.suspicions:
        _say(f"  ! {doubt}")
    output.line()


def _say(text: str) -> None:
    """A line in which names and cells of files stand, and nothing that a terminal would obey."""
    output.line(output.cell(text))


def _counts(file: FileFound) -> str:
    about = "about " if file.estimated and file.repeated else ""
    events = bool(file.kinds)
    first = "the first " if file.sampled else ""
    parts = [f"{first}{file.rows:,} rows: {file.records:,} read, {file.rejected:,} rejected"]
    if events or file.ids:
        what = "equal an event before them" if events else "have an id that was there before"
        parts.append(
            f"{about}{file.repeated:,} {what}" + (f", {file.counted:,} of which count" if file.counted else "")
        )
    if file.equal:
        parts.append(f"{about}{file.equal:,} equal a row before them in every cell")
    return "; ".join(parts)


def _row(own: ColumnFound) -> tuple[Any, ...]:
    distinct = f"about {own.distinct:,}" if own.estimated else f"{own.distinct:,}"
    none, maybe = (", ".join(f"{word} {often:,}" for word, often in some.items()) for some in (own.nothings, own.codes))
    span = "" if own.lowest is None else f", {own.lowest:.10g} to {own.highest:.10g}"
    members = f" ({', '.join(own.members)})" if own.members else ""
    return (
        own.name or "(no name)",
        own.role or "not read",
        own.why,
        distinct,
        f"{own.empty:,}",
        none,
        maybe,
        own.holds + members + span,
    )


def _times(times: TimesFound) -> Iterator[str]:
    yield f"{times.form}, zone {times.zone}" if times.zone else times.form
    if times.first and times.last:
        yield f"{times.first:%Y-%m-%d %H:%M} to {times.last:%Y-%m-%d %H:%M}"
    if times.unread:
        share = 100 * times.unread / max(times.unread + times.read, 1)
        yield f"{times.unread:,} ({share:.1f} %) cannot be read"
    told = ((times.undated, "bare numbers"), (times.before_1970, "before 1970"), (times.after_2099, "after 2099"))
    yield from (f"{often:,} {what}" for often, what in told if often)
    if times.alike:
        yield "all alike"
    if times.future:
        yield f"{times.future:,} in the future"
