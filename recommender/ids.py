"""Ids as callers write them, made what the graph holds: the facade reads all of its arguments by these."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from operator import index
from typing import Any, SupportsIndex

from kg.errors import RecordError, short
from kg.readers.cleaning import identifier
from kg.readers.markup import MAX_TEXT_BYTES
from recommender.errors import InvalidInput

MAX_IDS = 1_000_000
"""In one argument."""
MAX_HISTORY = 10_000
"""Items of somebody who is not in the graph, and those that an explanation leaves out."""
MAX_LENGTH = 100_000
"""Of one list."""
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


def ids(values: Iterable[Any], name: str, most: int = MAX_IDS) -> list[str]:
    """A list of ids: of any iterable of them, such as a list, a generator, an array or a column; ``most`` at most.

    >>> ids([1, "b"], "items")
    ['1', 'b']

    Raises:
        InvalidInput: one id in place of a list, a table, too many, or one of them is no id; names the argument.
    """
    if isinstance(values, str | bytes) or not isinstance(values, Iterable) or getattr(values, "ndim", 1) != 1:
        given = repr(values) if isinstance(values, str | bytes | int | float | None) else f"a {type(values).__name__}"
        raise InvalidInput(f'{name} = {given}; a list of ids is needed, such as ["a", "b"] or [1, 2]')
    found = [one_id(value, name) for value in islice(values, most + 1)]
    if len(found) > most:
        raise InvalidInput(f"{name} has over {most} ids; ask in parts")
    return found


def length(k: Any) -> int:
    """The length of a list.

    >>> length(10)
    10

    Raises:
        InvalidInput: no whole number from 1 to :data:`MAX_LENGTH`.
    """
    try:
        number = index(k)
    except TypeError:
        number = 0
    if isinstance(k, bool) or not 1 <= number <= MAX_LENGTH:
        raise InvalidInput(f"k = {short(k)}; a list has a whole number of items, at least one, at most {MAX_LENGTH}")
    return number


def wording(text: Any) -> str | None:
    """A text of somebody, or None.

    Raises:
        InvalidInput: no text, or one of over 1 MiB, as in :mod:`kg.readers.markup`.
    """
    if not (text is None or isinstance(text, str)):
        raise InvalidInput(f"text = {short(text)}; a text is a string")
    if text is not None and len(text.encode(errors="replace")) > MAX_TEXT_BYTES:
        raise InvalidInput(f"text has over {MAX_TEXT_BYTES // 2**20} MiB")
    return text


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
