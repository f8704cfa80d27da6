"""Columns of a table of people that hold lists of people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kg.readers.cells import split
from kg.readers.cleaning import identifier
from kg.readers.form import NOTHING
from kg.readers.mapping import FRIEND, FRIENDS, AttributeColumn, normal
from kg.records import Tie

NOBODY = frozenset(map(str.casefold, NOTHING))
"""What stands in a list of people where there is none."""


def friends_column(text: str) -> AttributeColumn:
    """What ``--friends`` says: ``friends``, or ``circle:FOLLOWS``.

    >>> friends_column("friends").relation, friends_column("circle:FOLLOWS").relation
    ('FRIEND', 'FOLLOWS')

    Raises:
        RecordError: as :meth:`kg.readers.mapping.AttributeColumn.parse`.
    """
    column = AttributeColumn.parse(text)
    relation = column.relation or FRIENDS.get(normal(column.column), FRIEND)
    return AttributeColumn(column.column, relation, separator=column.separator)


def ties_of(user_id: str, cells: Iterable[Any], columns: Iterable[AttributeColumn]) -> Iterator[Tie]:
    """The people whom the cells of one person name; nobody is tied to themselves.

    Raises:
        RecordError: one is no id.
    """
    for cell, spec in zip(cells, columns, strict=True):
        for other in dict.fromkeys(people(cell, spec)):
            if other != user_id:
                yield Tie(user_id, other, spec.relation or FRIEND)


def people(cell: Any, spec: AttributeColumn) -> list[str]:
    """The ids in one cell: a list, or a text cut at ``|``, ``;`` or commas, or numbers with blanks between.

    >>> people("a, b,c", AttributeColumn("friends")), people("3 5", AttributeColumn("friends"))
    (['a', 'b', 'c'], ['3', '5'])
    """
    separator = spec.separator
    if separator is None and isinstance(cell, str) and not cell.strip().startswith("["):
        separator = next((mark for mark in "|;," if mark in cell), " " if cell.replace(" ", "").isdecimal() else None)
    parts = split(cell, spec.column, separator)
    return [identifier(part, spec.column) for part in parts if not _is_nobody(part)]


def _is_nobody(part: Any) -> bool:
    return part is None or (isinstance(part, str) and (not part.strip() or part.strip().casefold() in NOBODY))


def is_count(cell: Any) -> bool:
    """Whether a cell holds a bare number, which may count friends as well as name one.

    >>> is_count("12"), is_count(3.0), is_count("12,13"), is_count(["12"])
    (True, True, False, False)
    """
    if isinstance(cell, str):
        return cell.strip().isdecimal()
    return isinstance(cell, int | float) or (hasattr(cell, "item") and not hasattr(cell, "__len__"))
