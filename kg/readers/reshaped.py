"""Rows laid out in another way: matrices, properties one a row, lists of what was shown and clicked."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from kg.errors import ReadError, RecordError, short
from kg.readers.cleaning import identifier, timestamp
from kg.readers.form import ANY, Form
from kg.readers.moments import PLAIN, Clock
from kg.readers.rows import MAX_COLUMNS, MAX_VALUES, ROW, Row, Rows, raw_text
from kg.records import Reject
from kg.scratch import full_disk_said, scratch

log = logging.getLogger(__name__)

USER = "user"
CLICKED, IMPRESSION = "CLICKED", "IMPRESSION"
_LABELS = {"1": CLICKED, "0": IMPRESSION}
_WRITTEN_AT_ONCE = 10_000


class WideRows(Rows):
    """A matrix, row for row: a person, then a value for each item; empty cells are nothing.

    The columns are ``user``, ``item`` and ``value``. The first column of the matrix holds people, the names of the
    others are items; without names they are numbered from 1. A column of the matrix that is selected by its name, such
    as one of times, or another one of people, is no item, and neither is one of ``leave_out``.
    """

    def __init__(self, rows: Rows, nothing: Sequence[str], leave_out: Collection[str] = ()) -> None:
        if len(rows.columns) < 2:
            raise ReadError(rows.name, "a matrix has a column of people and one for each item")
        self._rows = rows
        self._nothing = frozenset(map(_plain, nothing)) | {""}
        self._leave_out = frozenset(leave_out)
        self._items = {column: column for column in rows.columns}
        if rows.begins_with_data and not _names(rows.columns):
            self._rows = rows.headerless()
            log.info("%s: the matrix has no header, and its items are numbered from 1", rows.name)
            self._items = {column: str(place) for place, column in enumerate(self._rows.columns)}
        super().__init__(rows.name, (USER, "item", "value"))

    def has(self, column: str) -> bool:
        return super().has(column) or column in self._items

    def select(self, columns: Sequence[str | None]) -> Iterator[Row | Reject]:
        matrix = self._rows.columns
        named = [column for column in columns if column is not None and column not in self.columns]
        beside = list(dict.fromkeys((matrix[0], *named, *self._leave_out)))
        places = [(place, self._items[column]) for place, column in enumerate(matrix) if column not in beside]
        log.info("%s: a matrix of %d items, beside the columns %s", self.name, len(places), ", ".join(beside))
        for row in self._rows.select(matrix):
            if isinstance(row, Reject):
                yield row
                continue
            line, values, _ = row
            own = dict(zip(matrix, values, strict=True))
            cells = {name: own[name] for name in named} | {USER: own[matrix[0]]}
            for place, item in places:
                value = values[place]
                if value is not None and _plain(value) not in self._nothing:
                    cell = {**cells, "item": item, "value": value}
                    yield line, [cell.get(column or "") for column in columns], cell


def _names(columns: Sequence[str]) -> bool:
    """Whether a first line that is made of numbers names items: each is another whole one, beside a word."""
    first, *items = columns
    return len(set(items)) == len(items) and not first.strip().lstrip("-").replace(".", "").isdigit()


def _plain(value: Any) -> str:
    """A code as it is compared: ``99`` and ``99.0`` are one."""
    if isinstance(value, float) and value != value:
        return ""
    text = str(value).strip()
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else str(number)


class ImpressionRows(Rows):
    """A list in each row of what was shown (``N1-0``) and clicked (``N2-1``), as a row for each.

    In place of the column of lists there are ``item`` and ``kind``, which is ``CLICKED`` or ``IMPRESSION``.
    """

    def __init__(self, rows: Rows, column: str) -> None:
        if not rows.has(column):
            rows = rows.headerless() if column.isdigit() and column.isascii() else rows
        if not rows.has(column):
            raise ReadError(rows.name, f"there is no column {column!r} of impressions")
        self._rows, self._column = rows, column
        others = [name for name in rows.columns if name not in (column, "item", "kind")]
        super().__init__(rows.name, (*others, "item", "kind"))
        self.is_complete = rows.is_complete

    def headerless(self, names: Sequence[str] = ()) -> Rows:
        return self

    def select(self, columns: Sequence[str | None]) -> Iterator[Row | Reject]:
        needed = [None if column in ("item", "kind") else column for column in columns]
        for row in self._rows.select([*needed, self._column]):
            if isinstance(row, Reject):
                yield row
                continue
            line, cells, raw = row
            *others, shown = cells
            words = shown.split(None, MAX_VALUES) if isinstance(shown, str) else list(shown or ())
            if len(words) > MAX_VALUES:
                yield Reject(self.name, line, self._column, f"has over {MAX_VALUES} values", raw_text(raw))
                continue
            for word in words:
                item, _, label = str(word).rpartition("-")
                if not item or label not in _LABELS:
                    reason = f"{short(word)} does not end in -1 (clicked) or -0 (shown)"
                    yield Reject(self.name, line, self._column, reason, raw_text(raw))
                    continue
                made = {"item": item, "kind": _LABELS[label]}
                yield line, [made.get(column or "", cell) for column, cell in zip(columns, others, strict=True)], raw


class LongRows(Rows):
    """One property a row (``item,property,value,at``), as one row an item: of each property the newest, or the last.

    They are laid out in a file beside the source, which is gone when the rows have been read; memory stays bounded.
    """

    def __init__(self, rows: Rows, roles: Sequence[str], clock: Clock = PLAIN) -> None:
        self._clock = clock
        if len(roles) not in (3, 4):
            raise RecordError("long", "is not ITEM,PROPERTY,VALUE or ITEM,PROPERTY,VALUE,AT")
        if missing := [role for role in roles if not rows.has(role)]:
            names = ", ".join(rows.columns[:40])
            raise ReadError(rows.name, f"there is no column {missing[0]!r}; the columns are: {names}")
        self._roles = tuple(roles)
        self._rejects: list[Reject] = []
        self._file = scratch()
        try:
            with full_disk_said():
                self._lay_out(rows)
            found = self._file.execute("SELECT DISTINCT property FROM cell").fetchmany(MAX_COLUMNS)
            super().__init__(rows.name, (roles[0], *sorted(name for (name,) in found)))
        except BaseException:
            self._file.close()
            raise

    def select(self, columns: Sequence[str | None]) -> Iterator[Row | Reject]:
        try:
            yield from self._left_over()
            cells = self._file.execute("SELECT item, line, property, value FROM cell ORDER BY item")
            for item, properties in groupby(cells, itemgetter(0)):
                row: dict[str, Any] = {}
                line = 0
                for _, at, name, value in properties:
                    row[name] = json.loads(value)
                    line = max(line, at)
                row[self._roles[0]] = item
                yield line, [None if column is None else row.get(column) for column in columns], row
        finally:
            self._file.close()

    def _lay_out(self, rows: Rows) -> None:
        run = self._file.execute
        run("CREATE TABLE reject (line INTEGER, field TEXT, reason TEXT, raw TEXT)")
        run(
            "CREATE TABLE cell (item TEXT, property TEXT, value TEXT, at REAL, line INTEGER, "
            "PRIMARY KEY (item, property)) WITHOUT ROWID"
        )
        newest = (
            "INSERT INTO cell VALUES (?, ?, ?, ?, ?) ON CONFLICT (item, property) DO UPDATE SET "
            "value = excluded.value, at = excluded.at, line = excluded.line WHERE excluded.at >= cell.at"
        )
        held: list[tuple[Any, ...]] = []
        for row in rows.select(self._roles):
            if isinstance(row, Reject):
                run("INSERT INTO reject VALUES (?, ?, ?, ?)", (row.line, row.field, row.reason, row.raw))
                continue
            try:
                held.append(self._cell(row))
            except RecordError as error:
                refused = (row[0], error.field, error.reason, raw_text(row[2]))
                run("INSERT INTO reject VALUES (?, ?, ?, ?)", refused)
            if len(held) >= _WRITTEN_AT_ONCE:
                self._file.executemany(newest, held)
                held.clear()
        self._file.executemany(newest, held)

    def _cell(self, row: Row) -> tuple[Any, ...]:
        line, (item, name, value, *at), _ = row
        moment = timestamp(at[0], self._roles[3], self._clock) if at else None
        return (
            identifier(item, self._roles[0]),
            identifier(name, self._roles[1]),
            json.dumps(value, default=str),
            float("-inf") if moment is None else moment.timestamp(),
            line,
        )

    def _left_over(self) -> Iterator[Reject]:
        for line, field, reason, raw in self._file.execute("SELECT line, field, reason, raw FROM reject"):
            yield Reject(self.name, line, field or ROW, reason, raw)


def nothing_of(form: Form) -> tuple[str, ...]:
    """The codes for none in a matrix: those of every column, and of ``value``."""
    return (*form.missing.get(ANY, ()), *form.missing.get("value", ()))
