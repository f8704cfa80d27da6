"""Columns of ids: what is none, and whole numbers that a program wrote with a point."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

from kg.errors import RecordError, short
from kg.readers.cells import list_in
from kg.readers.cleaning import Missing, identifier


def present(cell: Any, name: str, nothing: Collection[str]) -> str:
    """The id in a cell, as :func:`kg.readers.cleaning.identifier`.

    Raises:
        Missing: it is one of the words for none; RecordError: what is there is none.
    """
    found = identifier(cell, name)
    if found in nothing:
        raise Missing(name, found)
    return found


_POINTED = re.compile(r"-?\d+\.0+")


class Ids:
    """The ids of one column.

    Where all of its first cells are whole numbers with a point, as a column of floats is written, ``1.0`` is ``1``;
    leading zeros stay.
    """

    def __init__(self, name: str, cells: Iterable[Any], nothing: Collection[str]) -> None:
        self._name = name
        self._nothing = nothing
        texts = [text for cell in cells if isinstance(cell, str) and (text := cell.strip()) and text not in nothing]
        self.pointed = bool(texts) and all(map(_POINTED.fullmatch, texts))

    def __call__(self, cell: Any) -> str:
        """The id in a cell.

        Raises:
            Missing: there is none; RecordError: what is there is none.
        """
        return self.checked(identifier(cell, self._name))

    def checked(self, found: str) -> str:
        """The same of a cell that was read as an id is."""
        if found in self._nothing:
            raise Missing(self._name, found)
        if self.pointed and _POINTED.fullmatch(found):
            return found.partition(".")[0]
        if found[0] == "[" and list_in(found) is not None:
            raise RecordError(self._name, f"{short(found)} is a list, and one id is needed")
        return found
