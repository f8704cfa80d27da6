"""Columns of other tables, by key: ids that a file of its own translates, what stands of an item elsewhere.

The other table is laid out on disk for as long as the source is read, so memory stays bounded whatever its size.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

from kg.errors import ReadError, RecordError
from kg.readers.cleaning import absent, identifier
from kg.readers.form import Form, Join
from kg.readers.mapping import found, is_positions
from kg.readers.rows import Row, Rows
from kg.readers.shaped import ShapedRows
from kg.records import Reject
from kg.scratch import full_disk_said, scratch

AT_ONCE = 10_000


class JoinedRows(Rows):
    """The rows of a source, and of each what another table says of its key.

    A column of ``books.csv`` is ``books.title``, and also ``title`` where the source has none of that name. Of a list
    of keys it is a list. A key that the other table has not leaves its cells empty.
    """

    def __init__(self, rows: Rows, join: Join, others: Rows) -> None:
        self._rows, self._join = rows, join
        theirs = join.theirs
        others = others.headerless() if is_positions([theirs]) else others
        if not ShapedRows(rows, Form()).has(join.own):
            raise ReadError(rows.name, f"there is no column {join.own!r} to join by; {found(rows)}")
        if not others.has(theirs):
            raise ReadError(others.name, f"there is no column {theirs!r} to join by; {found(others)}")
        self._others = others
        self._stem = others.name.rsplit("/", 1)[-1].partition(".")[0]
        further = [column for column in others.columns if column not in rows.columns and column != theirs]
        super().__init__(rows.name, (*rows.columns, *further), rows.types)
        self.is_complete = rows.is_complete and others.is_complete

    @property
    def lacks_header(self) -> bool:
        return self._rows.lacks_header

    def look_on(self, columns: Collection[str]) -> None:
        self._rows.look_on(columns)
        self._others.look_on({column.removeprefix(f"{self._stem}.") for column in columns})

    @property
    def begins_with_data(self) -> bool:
        return self._rows.begins_with_data

    def headerless(self, names: Sequence[str] = ()) -> Rows:
        return JoinedRows(self._rows.headerless(names), self._join, self._others)

    def has(self, column: str) -> bool:
        return self._rows.has(column) or self._of(column) is not None

    def select(self, columns: Sequence[str | None]) -> Iterator[Row | Reject]:
        theirs = [None if column is None or self._rows.has(column) else self._of(column) for column in columns]
        wanted = list(dict.fromkeys(filter(None, theirs)))
        if not wanted:
            yield from self._rows.select(columns)
            return
        own = [None if found else column for column, found in zip(columns, theirs, strict=True)]
        places = [(place, wanted.index(column)) for place, column in enumerate(theirs) if column is not None]
        with closing(scratch()) as table, full_disk_said():
            yield from self._lay_out(table, wanted)
            look = _looks(table, len(wanted), self._join.own)
            for row in ShapedRows(self._rows, Form()).select([*own, self._join.own]):
                if isinstance(row, Reject):
                    yield row
                    continue
                line, cells, raw = row
                *others, key = cells
                there = look(key)
                for place, which in places:
                    others[place] = there[which]
                yield line, others, raw

    def _of(self, column: str) -> str | None:
        """The other table's name of a column; None where it is not one of its."""
        plain = column.removeprefix(f"{self._stem}.")
        return next((name for name in (plain, column) if self._others.has(name)), None)

    def _lay_out(self, table: sqlite3.Connection, wanted: Sequence[str]) -> Iterator[Reject]:
        """Write the other table's keys and cells; its rows that cannot be read are handed over."""
        table.execute("CREATE TABLE cell (key TEXT PRIMARY KEY, cells TEXT) WITHOUT ROWID")
        selected = self._others.select([self._join.theirs, *wanted])
        while rows := list(islice(selected, AT_ONCE)):
            yield from (row for row in rows if isinstance(row, Reject))
            pairs = [
                (identifier(row[1][0], self._join.theirs), json.dumps(row[1][1:], default=str))
                for row in rows
                if not isinstance(row, Reject) and not absent(row[1][0]) and row[1][0] != ""
            ]
            before = table.total_changes
            table.executemany("INSERT OR IGNORE INTO cell VALUES (?, ?)", pairs)
            if table.total_changes - before < len(pairs):
                self._check(table, pairs)

    def _check(self, table: sqlite3.Connection, pairs: Sequence[tuple[str, str]]) -> None:
        """Check that a key says one thing.

        Raises:
            ReadError: it stands there twice, with different cells.
        """
        for key, cells in pairs:
            ((known,),) = table.execute("SELECT cells FROM cell WHERE key = ?", (key,))
            if known != cells:
                raise ReadError(
                    self._others.name,
                    f"{self._join.theirs} {key!r} stands there several times with different values: a join needs one "
                    "row a key",
                )


def _looks(table: sqlite3.Connection, width: int, column: str) -> Callable[[Any], Sequence[Any]]:
    """A function from a cell of keys to the cells that the other table has."""
    none = [None] * width

    def one(key: Any) -> Sequence[Any]:
        try:
            at = (identifier(key, column),)
        except RecordError:
            return none
        row = table.execute("SELECT cells FROM cell WHERE key = ?", at).fetchone()
        return json.loads(row[0]) if row else none

    def look(key: Any) -> Sequence[Any]:
        if hasattr(key, "tolist") and getattr(key, "shape", None):
            key = key.tolist()
        if not isinstance(key, list | tuple):
            return one(key)
        found = [one(member) for member in key]
        return [[cells[place] for cells in found if cells[place] is not None] for place in range(width)]

    return look
