"""Which column of a file without a header holds what, by its place and by what stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kg.errors import RecordError
from kg.readers.cleaning import timestamp
from kg.readers.form import NOTHING, number_of

MOST_VALUES = 21
"""A column of ratings has no more different values (half steps from 0 to 10), ..."""
HIGHEST = 100.0
"""... and none farther from 0."""
ENOUGH = 10
"""Rows from which on ids that never come again are taken for those of things, not of events."""
_LONGEST = 64


def roles_by_place(names: Sequence[str], rows: Sequence[Sequence[Any]], item: str | None = None) -> dict[str, str]:
    """Person, item, value and time among columns without names; nothing where they cannot be told.

    The first two columns of ids are the person and the item (the person alone where ``item`` is known), and beside them
    there must be a time or a few numbers.

    >>> roles_by_place("123", [("7", "40", "5"), ("7", "41", "1")])
    {'user': '1', 'item': '2', 'value': '3'}
    """
    columns = {name: [text for row in rows if (text := _text(row[place]))] for place, name in enumerate(names)}
    columns = {name: cells for name, cells in columns.items() if cells and name != item}
    times = [name for name, cells in columns.items() if all(map(_is_time, cells))]
    rest = [name for name in columns if name not in times[:1]]
    wanted = ("user",) if item else ("user", "item")
    ids = rest[: len(wanted)]
    value = next((name for name in rest[len(wanted) :] if _are_values(columns[name])), None)
    if len(ids) < len(wanted) or not (value or times) or not all(_are_ids(columns[name]) for name in ids):
        return {}
    if not item and (len(set(columns[ids[1]])) < 2 or _never_again(columns[ids[0]])):
        return {}
    found = dict(zip(wanted, ids, strict=True)) | ({"item": item} if item else {})
    return found | ({"value": value} if value else {}) | ({"at": times[0]} if times else {})


def _text(cell: Any) -> str:
    text = "" if cell is None else str(cell).strip()
    return "" if text in NOTHING else text


def _is_time(text: str) -> bool:
    try:
        return timestamp(text, "at") is not None and (number_of(text) is None or len(text) > 8)
    except RecordError:
        return False


def _are_values(cells: Sequence[str]) -> bool:
    numbers = {number_of(text) for text in cells}
    return len(numbers) <= MOST_VALUES and all(own is not None and abs(own) <= HIGHEST for own in numbers)


def _are_ids(cells: Sequence[str]) -> bool:
    return all(len(text) <= _LONGEST and " " not in text for text in cells)


def _never_again(cells: Sequence[str]) -> bool:
    return len(cells) >= ENOUGH and len(set(cells)) == len(cells)
