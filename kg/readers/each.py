"""Rows of lists: a source that holds many things in a row, a row for each."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from kg.errors import ReadError, RecordError, short
from kg.readers.cells import literal, split
from kg.readers.cleaning import absent
from kg.readers.form import Form
from kg.readers.mapping import found
from kg.readers.rows import MAX_VALUES, Row, Rows, raw_text
from kg.readers.shaped import ShapedRows
from kg.records import Reject

_EACH = re.compile(r"([^:\[]+)(?::([^\[]*))?(?:\[(\d{1,6}):\])?")
"""The column, the separator, how many members are left out at the start."""


class EachRows(Rows):
    """A row for each member of the lists in one column, in place of the list; an empty one gives none.

    ``{"user": 1, "games": [{"id": 7}, {"id": 8}]}`` has a row in which ``games.id`` is 7, and one in which it is 8.
    """

    def __init__(self, rows: Rows, each: str) -> None:
        """``each``: the column, or ``COL:SEPARATOR`` for texts that hold several; ``COL[1:]`` without the first."""
        stated = _EACH.fullmatch(each)
        column, separator, skipped = stated.groups() if stated else (each, None, None)
        self._column, self._separator, self._skipped = column.strip(), separator or None, int(skipped or 0)
        super().__init__(rows.name, tuple(dict.fromkeys((*rows.columns, self._column))), rows.types)
        self.is_complete = rows.is_complete
        self._rows, self._each = rows, each

    def headerless(self, names: Sequence[str] = ()) -> Rows:
        return EachRows(self._rows.headerless(names), self._each)

    @property
    def lacks_header(self) -> bool:
        return self._rows.lacks_header

    def look_on(self, columns: Collection[str]) -> None:
        self._rows.look_on(columns)

    @property
    def begins_with_data(self) -> bool:
        return self._rows.begins_with_data

    def has(self, column: str) -> bool:
        return column == self._column or self._rows.has(column)

    def select(self, columns: Sequence[str | None]) -> Iterator[Row | Reject]:
        """Likewise.

        Raises:
            ReadError: there is no such column of lists.
        """
        whole = ShapedRows(self._rows, Form())  # the lists may stand within objects
        if not whole.has(self._column):
            raise ReadError(self.name, f"there is no column {self._column!r} of lists; {found(self._rows)}")
        places = [place for place, column in enumerate(columns) if column == self._column]
        for row in whole.select([*columns, self._column]):
            if isinstance(row, Reject):
                yield row
                continue
            line, cells, raw = row
            *others, listed = cells
            try:
                members = members_of(listed, self._column, self._separator)[self._skipped :]
            except RecordError as error:
                yield Reject(self.name, line, error.field, error.reason, raw_text(raw))
                continue
            for member in members:
                for place in places:
                    others[place] = member
                yield line, list(others), raw


def members_of(value: Any, column: str, separator: str | None = None) -> list[Any]:
    """The members of a list, which may be objects; of a text that is written as one, or cut at ``separator``.

    >>> members_of("[{'id': 1}, {'id': 2}]", "games"), members_of("N1 N2", "history", " ")
    ([{'id': 1}, {'id': 2}], ['N1', 'N2'])
    >>> members_of([["a", "b"], [], ["c"]], "meals.dishes")
    ['a', 'b', 'c']

    Raises:
        RecordError: it holds too many.
    """
    if hasattr(value, "tolist") and getattr(value, "shape", None):
        value = value.tolist()
    if isinstance(value, str):
        text = value.strip()
        said = literal(text) if text.startswith("[") and text.endswith("]") else None
        if isinstance(said, list):
            value = said
        elif not text:
            return []
        else:
            value = [part.strip() for part in split(text, column, separator)]
            value = [part for part in value if part]
    if absent(value):
        return []
    members = list(value) if isinstance(value, list | tuple | set | frozenset) else [value]
    if "." in column and members and all(isinstance(member, list) for member in members):
        members = [inner for member in members for inner in member]  # each is the list of one member of another list
    if len(members) > MAX_VALUES:
        raise RecordError(column, f"{short(value)} holds over {MAX_VALUES} values")
    return members
