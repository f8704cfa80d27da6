"""Values in words: ``Recommended``, ``4 out of 5``, ``13/20``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_PARTS = re.compile(
    r"(?P<given>\d{1,4}(?:\.\d+)?)\s*(?:/|out of|of)\s*(?P<most>\d{1,4})(?:\s*(?:stars?|points?))?", re.I
)
_THUMBS = {
    "recommended": 1.0,
    "not recommended": -1.0,
    "recommend": 1.0,
    "do not recommend": -1.0,
    "thumbs up": 1.0,
    "thumbs down": -1.0,
}


def spoken(cell: Any, most: float) -> float | None:
    """The number that words say; None where they say none. ``4 out of 5`` counts in parts of ``most``.

    >>> spoken("4 out of 5", 5), spoken("Not Recommended", 5), spoken("3/5", 20), spoken("good", 5)
    (4.0, -1.0, 12.0, None)
    """
    if not isinstance(cell, str):
        return None
    if (found := _PARTS.fullmatch(cell.strip())) and int(found["most"]):
        given, of = float(found["given"]), float(found["most"])
        return given if of == most or not most else given * most / of
    return _THUMBS.get(" ".join(cell.replace("_", " ").split()).casefold())


def parts_among(cells: Iterable[Any]) -> float:
    """Of how many parts the values of a column are: of several, the most; 0 where none says so."""
    found = (_PARTS.fullmatch(cell.strip()) for cell in cells if isinstance(cell, str))
    return max((float(own["most"]) for own in found if own), default=0.0)
