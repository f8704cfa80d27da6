"""Columns of ids: what is none, and whole numbers that a program wrote with a point."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

from kg.errors import RecordError, short
from kg.readers.cells import is_object, list_in
from kg.readers.cleaning import Missing, identifier

_POINTED = re.compile(r"-?\d+\.0+")


class Ids:
    """The ids of one column.

    Where all of its first cells are whole numbers with a point, as a column of floats is written, ``1.0`` is ``1``;
    leading zeros stay.
    """

    def __init__(self, name: str, cells: Iterable[Any], nothing: Collection[str]) -> None:
        self.name = name
        self.nothing = nothing
        texts = [text for cell in cells if isinstance(cell, str) and (text := cell.strip()) and text not in nothing]
        self.pointed = bool(texts) and all(map(_POINTED.fullmatch, texts))

    def __call__(self, cell: Any) -> str:
        """The id in a cell.

        Raises:
            Missing: there is none; RecordError: what is there is none.
        """
        found = identifier(cell, self.name)
        doubtful = self.pointed or found in self.nothing or found[0] in "[({"
        return self.checked(found) if doubtful else found

    def checked(self, found: str) -> str:
        """The same of a cell that was read as an id is."""
        if found in self.nothing:
            raise Missing(self.name, found)
        if self.pointed and _POINTED.fullmatch(found):
            return found.partition(".")[0]
        if found[0] in "[({" and (list_in(found) is not None or is_object(found)):
            raise RecordError(self.name, f"{short(found)} is a list or an object, and one id is needed")
        return found
