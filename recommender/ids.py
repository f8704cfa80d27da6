"""Ids as callers write them, made what the graph holds: the facade reads all of its arguments by these."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, SupportsIndex

from kg.errors import RecordError
from kg.readers.cleaning import identifier
from recommender.errors import InvalidInput

Id = str | SupportsIndex
"""Text or a whole number, NumPy's too: ``7`` and ``"7"`` are the same person."""


def one_id(value: Any, name: str) -> str:
    """An id, read as those in files are (:func:`kg.readers.cleaning.identifier`).

    >>> one_id(288, "item"), one_id(" i7 ", "item")
    ('288', 'i7')

    Raises:
        InvalidInput: no text and no whole number, or one that the graph cannot hold; names the argument.
    """
    try:
        return identifier(value, name)
    except RecordError as error:
        raise InvalidInput(str(error)) from error


def ids(values: Iterable[Any], name: str) -> list[str]:
    """A list of ids: of any iterable of them, such as a list, a generator, an array or a column.

    >>> ids([1, "b"], "items")
    ['1', 'b']

    Raises:
        InvalidInput: one id in place of a list, a table, or one of them is no id; names the argument.
    """
    if isinstance(values, str | bytes) or not isinstance(values, Iterable) or getattr(values, "ndim", 1) != 1:
        given = repr(values) if isinstance(values, str | bytes | int | float | None) else f"a {type(values).__name__}"
        raise InvalidInput(f'{name} = {given}; a list of ids is needed, such as ["a", "b"] or [1, 2]')
    return [one_id(value, name) for value in values]


def one_or_more(values: Any, name: str) -> list[str]:
    """One id, or a list of them."""
    several = isinstance(values, Iterable) and not isinstance(values, str | bytes)
    return ids(values, name) if several else [one_id(values, name)]


def some(names: Sequence[str], most: int = 5) -> str:
    """The first of these for a message.

    >>> some(["a", "b"]), some(["a", "b", "c"], 2)
    ("'a', 'b'", "'a', 'b' ...")
    """
    return ", ".join(map(repr, names[:most])) + (" ..." if len(names) > most else "")
