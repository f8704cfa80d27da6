"""One file that is looked at: what it holds, cell by cell and as the records that an ingest would make of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from kg.advice import advice, option
from kg.errors import GraphError, ReadError, RecordError
from kg.lacks import said
from kg.progress import tqdm
from kg.readers.knowledge import is_rdf
from kg.readers.mapping import is_positions
from kg.readers.moments import PLAIN, Clock
from kg.readers.open import open_rows
from kg.readers.parts import is_file, parts_of
from kg.readers.rows import SAMPLE_ROWS, Rows
from kg.readers.shaped import parts_of as made_of
from kg.readers.stream import LineStream, name_of
from kg.readers.table import with_clock
from kg.readers.triples import read_links
from kg.readers.typed import TypedRows
from kg.records import Record, Reject
from recommender.inspection.answer import FileFound
from recommender.inspection.columns import ColumnFound, ColumnTally, looks_like_time
from recommender.inspection.kinds import KindSummary
from recommender.inspection.layouts import layouts
from recommender.inspection.seen import Seen
from recommender.inspection.sketch import Distinct
from recommender.inspection.times import now
from recommender.inspection.verbs import (
    LINK,
    Holds,
    Stated,
    as_items,
    by_place,
    come_again,
    counted_friends,
    holds,
    table_of,
    with_title,
)
from recommender.inspection.verbs import people as as_people
from recommender.meaning import MeaningConfig
from recommender.sources.document import Table, read_table

EXACT = 1 << 19
"""Different values that all columns together keep, ..."""
MOST, LEAST = 1 << 16, 256
"""... and one of them at most and at least."""
AGAIN = 0.5
"""Rows whose ids were there before in more than this share are no items and no people."""
UNREAD = "no role is known by this name"


class Look:
    """A file, or several that are parts of one source."""

    def __init__(self, source: Any, stated: Stated, *, sampled: bool = False) -> None:
        self.source = source
        self.stated = stated
        self.sampled = sampled
        self.name = _name(source)
        self.holds = Holds(None, "")
        self.form: dict[str, str] = {}
        self.seen = Seen()
        self.columns: list[ColumnFound] = []
        self.rows = 0
        self._equal = Distinct()
        self._reason = ""
        """Why no time of the column of times can be read."""
        self._ended = ""
        self._lists = ""
        """Why a file is not taken for lists that might be some."""

    @property
    def table(self) -> Table | None:
        """How it is read."""
        return self.holds.table

    # --- What it is

    def through(self, progress: bool) -> None:
        """Read it from end to end, twice."""
        rows = self._decide()
        self._read(rows, progress)
        if self.holds.verb is None and (things := with_title(self.columns)) and (fresh := self._open()) is not None:
            self._again(as_items(fresh, self.stated, things), fresh, progress)
        repeated, seen = self.seen.own.repeats, self.seen
        if self.holds.verb in ("items", "users") and repeated > AGAIN * seen.count and seen.count > 2:
            about = "about " if seen.own.estimated else ""
            often = f"{about}{repeated:,} of {seen.count:,} rows have an id that was there before"
            if (fresh := self._open()) is not None:
                self._again(come_again(fresh, self.stated, self.holds, often), fresh, progress)

    def as_people(self, progress: bool) -> None:
        """Read it as people, not items."""
        rows = self._open()
        if rows is not None:
            self._again(as_people(rows, self.stated), rows, progress)

    def _again(self, other: Holds, rows: Rows, progress: bool) -> None:
        self.holds, self.seen, self.columns, self.rows = other, Seen(), [], 0
        self._equal, self._ended = Distinct(), ""
        self._read(rows, progress)

    def _decide(self) -> Rows | None:
        """Say what the file holds; its rows, where it has some."""
        if is_file(self.source) and is_rdf(parts_of(self.source)[0]):
            self.form = {"format": "RDF"}
            self.holds = Holds("triples", "it is RDF", table_of("triples", self.stated))
            return None
        rows = self._open()
        if rows is None:
            self.form = {"format": "lists"}
            why = "lines of whole numbers: a person, and items"
            self.holds = Holds("lists", why, table_of("lists", self.stated, kind=self.stated.kind))
            return None
        if isinstance(rows, TypedRows):
            self.holds = Holds(None, "its rows are records already, which ingest takes as they are")
            return None
        self.holds = self._in_blocks(rows) or self._of(rows)
        if self.holds.verb is None:
            return self._open() if rows.begins_with_data else rows
        return self._open()

    def _open(self) -> Rows | None:
        """The rows of a table; those of a file without a header are called by their places."""
        named = bool(self.stated.mapping.columns())
        try:
            rows = open_rows(self.source, self.stated.form, table=named)
        except ReadError as error:  # a few numbers in each row may be a table as well as lists
            self._lists = error.reason
            rows = open_rows(self.source, self.stated.form, table=True)
        if isinstance(rows, LineStream):
            rows.close()
            return None
        form = self.stated.form
        nameless = not (form.columns or form.blocks or rows.types) and rows.begins_with_data
        return rows.headerless() if nameless or is_positions(self.stated.mapping.columns()) else rows

    def _in_blocks(self, rows: Rows) -> Holds | None:
        """What a file holds whose rows stand below lines such as ``17:``, and how that is said."""
        form = self.stated.form
        first = rows.columns[0] if len(rows.columns) == 1 else ""
        if form.blocks or not (first == "1" and self._first_cell(rows).endswith(":")):
            return None
        stated = replace(self.stated, form=replace(form, blocks="item"))
        blocks = open_rows(self.source, stated.form)
        assert isinstance(blocks, Rows)
        found = by_place(blocks, stated, self._sample(blocks), "item")
        if found.verb is None:
            return None
        self.stated = stated
        hint = f"its rows stand below lines such as 1:, which are taken for items ({option('blocks', 'item')})"
        return replace(found, guessed=f"{hint}; {found.guessed}")

    def _first_cell(self, rows: Rows) -> str:
        sample = self._sample(rows, 1)
        return str(sample[0][0] or "").strip() if sample else ""

    def _of(self, rows: Rows) -> Holds:
        stated = self.stated
        if not rows.begins_with_data or stated.form.columns or stated.mapping.columns() or rows.types:
            return holds(rows, stated)
        if all(name.isdecimal() for name in rows.columns):
            found = by_place(rows, stated, self._sample(rows))
            return replace(found, why=self._lists) if found.verb is None and self._lists else found
        return holds(rows, stated)

    def _sample(self, rows: Rows, most: int = SAMPLE_ROWS) -> list[Sequence[Any]]:
        """The cells of the first rows, which are used up."""
        with suppress(ReadError):
            first = islice(rows.select(rows.columns), most)
            return [row[1] for row in first if not isinstance(row, Reject)]
        return []

    # --- What it holds

    def _read(self, rows: Rows | None, progress: bool) -> None:
        with tqdm(unit=" rows", disable=not progress, desc=f"inspect {self.name}", leave=False) as bar:
            if rows is not None:
                self._cells(rows, bar)
            if self.holds.verb is not None:
                self.seen.watch(_moving(self._records(), bar))
        if rows is None:
            self.rows = self.seen.count + self.seen.rejects.total()

    def _records(self) -> Iterator[Record | Reject]:
        """As an ingest makes them."""
        if self.holds.verb == LINK:
            return read_links(self.source)
        assert self.table is not None
        table = replace(self.table, map={**self.table.map, "at": ""}) if self._reason else self.table
        unscaled = {own.kind for own in self.stated.kinds if own.meaning not in (None, "rating")}
        records = read_table(table, self.source, Path(), unscaled, self.stated.form.join)
        return chain(self.stated.kinds, records)

    def _cells(self, rows: Rows, bar: tqdm) -> None:
        roles = self.holds.roles
        made = [column for column in roles if column not in rows.columns]
        names = [*dict.fromkeys(rows.columns), *made]
        parts = {part: column for column in made for part in (made_of(column, rows) or ("", ()))[1]}
        at = next((place for place, name in enumerate(names) if roles.get(name, ("",))[0] == "at"), None)
        clock, selected = self._timed(rows, names, at)
        most = min(MOST, max(LEAST, EXACT // max(1, len(names))))
        moment = now()
        tallies = [ColumnTally(own, roles.get(own, (None,))[0], moment, clock=clock, most=most) for own in names]
        try:
            for number, row in enumerate(selected, 1):
                self.rows += 1
                if not isinstance(row, Reject):
                    for tally, cell in zip(tallies, row[1], strict=True):
                        tally.add(cell)
                    self._equal.add(repr(row[1]))
                if number % 1000 == 0:
                    bar.update(1000)
        except ReadError as error:
            self._ended = error.reason
        self.form = dict(rows.written)
        for name, tally in zip(names, tallies, strict=True):
            role, why = roles.get(name, (None, UNREAD))
            own = tally.found(why, self._reason if role == "at" else "")
            if own.role is None and name in parts:
                own = replace(own, role="part", why=f"part of {parts[name]}")
            self.columns.append(own)
        numbers = [own.name for own in self.columns if own.role == "friends" and own.holds == "numbers"]
        if numbers:
            self.holds = counted_friends(self.holds, numbers)
            self.columns = [replace(o, role="property") if o.name in numbers else o for o in self.columns]

    def _timed(self, rows: Rows, names: Sequence[str], at: int | None) -> tuple[Clock | None, Iterator[Any]]:
        """How the times of events are read, and all rows."""
        if at is None or self.holds.verb not in ("events", "social"):
            return PLAIN, rows.select(names)
        try:
            _, selected, clock = with_clock(rows, names, at, self.stated.form)
        except RecordError as error:
            self._reason = error.reason
            fresh = self._open()
            assert fresh is not None
            return None, fresh.select(names)
        return clock, selected

    # --- What is said of it

    def found(self) -> FileFound:
        """All of it."""
        seen, lacks = self.seen, self.seen.lacks
        kinds = seen.tally.summaries({}, MeaningConfig())
        table = self.table
        hashed = table is not None and table.verb == "events" and "event" not in table.map and table.repeats != "once"
        repeated = lacks.again + lacks.counted if hashed else seen.rows.repeats
        return FileFound(
            name=self.name,
            form=self.form,
            verb=self.holds.verb,
            why=self.holds.why,
            rows=self.rows,
            sampled=self.sampled,
            columns=tuple(self.columns),
            records=seen.count,
            rejected=seen.rejects.total(),
            reasons={f"{name}: {seen.reasons[name]}": often for name, often in seen.rejects.most_common()},
            left_out=lacks.left_out,
            missing=lacks.missing,
            undated=lacks.undated,
            ids=seen.rows.count,
            repeated=repeated,
            counted=lacks.counted,
            equal=self._equal.repeats,
            estimated=(seen.rows.estimated and not hashed) or self._equal.estimated,
            kinds=tuple(kinds),
            histograms=seen.tally.histograms(),
            notes=tuple(said(lacks.left_out, lacks.missing, lacks.undated)),
            suspicions=tuple(self._suspicions(kinds)),
        )

    def _suspicions(self, kinds: Sequence[KindSummary]) -> Iterator[str]:
        where = self.name
        if self.holds.verb is None:
            yield f"{where}: is not read: {self.holds.why}"
        if self.holds.guessed:
            yield f"{where}: {self.holds.guessed}"
        for reason in dict.fromkeys(filter(None, (self._ended, self.seen.ended))):
            if reason != self._reason:
                yield f"{where}: {reason}"
        if self.sampled:
            yield f"{where}: can be read once only, so this is said of its first {self.rows:,} rows alone"
        for kind in kinds:
            yield from kind.suspicions
        yield from (f"{where}: {doubt}" for doubt in self._of_times())
        yield from (f"{where}: {doubt}" for own in self.columns if own.role for doubt in self._of_column(own))
        again = self.seen.own.repeats > 0
        yield from (f"{where}: {doubt}" for doubt in layouts(self.columns, self.holds.verb, come_again=again))

    def _of_times(self) -> Iterator[str]:
        column = next((own for own in self.columns if own.role == "at"), None)
        unread = next((own.name for own in self.columns if own.role is None and looks_like_time(own)), None)
        if self.holds.verb == "events" and column is None and unread:
            other = advice(f"--map at={unread}", f"mapping={{'at': {unread!r}}}")
            yield f"no column is read as the time of events; is it {unread}? {other}"
        if column is None or (times := column.times) is None:
            return
        if times.unread:
            share = _share(times.unread, times.unread + times.read)
            how = option("at_format")
            hint = "" if how in times.reason else f"; {how} says how"
            yield f"{times.unread:,} times ({share}) cannot be read: {times.reason}{hint}"
        if times.alike:
            yield f"all times are the same ({times.first})"
        if times.future:
            yield f"{times.future:,} times are in the future (the last is {times.last})"

    def _of_column(self, own: ColumnFound) -> Iterator[str]:
        if own.role == "value":  # of which the kinds speak
            return
        for code, often in own.codes.items():
            yield (
                f"{own.name} is {code} in {often:,} cells ({_share(often, own.cells)}), which may stand for none; "
                f"{_missing(own.name, code)} empties them"
            )
        if own.role in ("property", "attribute") and own.nothings and own.name not in self.seen.lacks.missing:
            words = ", ".join(f"{word} ({often:,})" for word, often in own.nothings.items())
            yield f"{own.name} has words for nothing, which stay: {words}; {_missing(own.name, 'WORD')} empties them"
        if own.members and own.role in ("attribute", "property", "text", "related"):
            one = f"{own.name}.{own.members[0]}"
            yield f"{own.name} holds objects with {', '.join(own.members)}; a column may be named {one}"


def failed(source: Any, stated: Stated, error: GraphError) -> Look:
    """A file that cannot be read, which is said where others can."""
    look = Look(source, stated)
    look.holds = Holds(None, error.reason if isinstance(error, ReadError) else str(error))
    return look


def _name(source: Any) -> str:
    if is_file(source):
        return name_of(source)
    if isinstance(source, list | tuple) and source and all(map(is_file, source)):
        names = [name_of(own) for own in source]
        return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1:,} more"
    return f"<{type(source).__name__}>"


def _missing(column: str, code: str) -> str:
    return advice(f"--missing {column}={code}", f"missing={{{column!r}: {code!r}}}")


def _share(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.1f} %"


def _moving(records: Iterator[Record | Reject], bar: tqdm) -> Iterator[Record | Reject]:
    for number, record in enumerate(records, 1):
        yield record
        if number % 1000 == 0:
            bar.update(1000)
