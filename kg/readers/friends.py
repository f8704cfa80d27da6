"""Columns of ids of others: of people in a table of people, and of items in one of items."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from kg.errors import RecordError
from kg.readers.cells import held, list_in, split
from kg.readers.form import NOTHING, Form
from kg.readers.identifiers import Ids
from kg.readers.mapping import FRIEND, FRIENDS, AttributeColumn, normal
from kg.records import Note


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


class Others:
    """The ids in the cells of one column, read as those of a column of ids are."""

    def __init__(self, spec: AttributeColumn, cells: Iterable[Any], form: Form) -> None:
        self.spec = spec
        self._ids = Ids(spec.column, (part for cell in cells for part in _parts_or_none(cell, spec)), ())
        self._kept = spec.column in form.missing

    def __call__(self, cell: Any, notes: list[Note]) -> list[str]:
        """Those in a cell, each once; ``notes`` say what stands for none, and what is no id.

        Raises:
            RecordError: it holds an object, or too many.
        """
        found: dict[str, None] = {}
        for part in parts(cell, self.spec):
            if self._kept or not _is_nobody(part):
                try:
                    found[self._ids(part)] = None
                except RecordError as error:
                    notes.append(Note(error.field, error.reason))
            elif part is not None:
                notes.append(Note.missing(self.spec.column, part))
        return list(found)


def parts(cell: Any, spec: AttributeColumn) -> list[Any]:
    """The members of a cell: a list, or a text cut at ``|``, ``;`` or commas, or numbers with blanks between.

    >>> parts("a,b", AttributeColumn("friends")), parts("3 5", AttributeColumn("friends"))
    (['a', 'b'], ['3', '5'])

    Raises:
        RecordError: it holds an object, or too many.
    """
    separator = spec.separator
    if separator is None and isinstance(cell, str) and list_in(cell.strip()) is None:
        bare = held(cell)
        numbers = cell.replace(" ", "").replace(".", "").isdecimal()
        separator = next((mark for mark in "|;," if mark in bare), " " if numbers else None)
    return [part for part in split(cell, spec.column, separator) if not (isinstance(part, str) and not part.strip())]


def _parts_or_none(cell: Any, spec: AttributeColumn) -> list[Any]:
    with suppress(RecordError):
        return parts(cell, spec)
    return []


def _is_nobody(part: Any) -> bool:
    return part is None or (isinstance(part, str) and (not part.strip() or part.strip() in NOTHING))


def is_count(cell: Any) -> bool:
    """Whether a cell holds a bare number, which may count friends as well as name one.

    >>> is_count("12"), is_count(3.0), is_count("12,13"), is_count(["12"])
    (True, True, False, False)
    """
    if isinstance(cell, str):
        return cell.strip().isdecimal()
    return isinstance(cell, int | float) or (hasattr(cell, "item") and not hasattr(cell, "__len__"))
