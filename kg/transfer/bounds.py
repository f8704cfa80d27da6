"""How much a backup may hold in one piece: so much that no graph has more, and so little that reading it costs little.

What is written is held to the same bounds, so that what was saved can be restored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kg.readers.jsonlines import excess
from kg.readers.rows import MAX_COLUMNS, MAX_HEADER_BYTES

MAX_LABELS = 64
"""Of one node. This program gives it two at most; each combination is a table of its own in the embedded engine."""
MAX_PROPERTIES = MAX_COLUMNS
"""Of one node or edge: as many as a table has columns. Their names are put into the text of a query ..."""
MAX_NAMES = MAX_HEADER_BYTES
"""... which has this many characters of names and labels at most."""
MAX_LABEL_SETS = 100
"""Different labels of nodes in all of a backup, of which this program knows a dozen ..."""
MAX_TYPES = 10_000
"""... and types of edges, of which large graphs of knowledge have thousands: to make a table takes 60 ms."""


def require_short(text: bytes) -> None:
    """Refuse a line of a backup, or a manifest, that is larger than a row of a file: 16 MiB or 100,000 values.

    A manifest has two values a file, and a version some fifty files, so that hundreds of versions are within it.

    Raises:
        ValueError: says which bound it passes.
    """
    if bound := excess(text):
        raise ValueError(f"it has over {bound}")


def require_few(names: Sequence[str], properties: Mapping[str, Any]) -> None:
    """Refuse more names than a graph has.

    Args:
        names: the labels of a node, or the type of an edge.
        properties: their values are not looked at.

    Raises:
        ValueError: says which bound it passes.
    """
    if len(names) > MAX_LABELS:
        raise ValueError(f"it has over {MAX_LABELS} labels")
    if len(properties) > MAX_PROPERTIES:
        raise ValueError(f"it has over {MAX_PROPERTIES} properties")
    if sum(map(len, names)) + sum(map(len, properties)) > MAX_NAMES:
        raise ValueError(f"its labels and the names of its properties have over {MAX_NAMES >> 10} Ki characters")
    if "" in properties:
        raise ValueError("a property has no name")


class Different:
    """The different labels of nodes, or types of edges, that have come by.

    Args:
        what: they are.
        most: of them there may be.
    """

    def __init__(self, what: str, most: int) -> None:
        self._what = what
        self._most = most
        self._seen: set[tuple[str, ...]] = set()
        self._room = MAX_NAMES

    def require_few(self, names: tuple[str, ...]) -> None:
        """Take note of those of one node or edge.

        Raises:
            ValueError: there are more than any graph has.
        """
        if names in self._seen:
            return
        self._seen.add(names)
        self._room -= sum(map(len, names))
        if len(self._seen) > self._most:
            raise ValueError(f"there are over {self._most:,} different {self._what}")
        if self._room < 0:
            raise ValueError(f"the different {self._what} have over {MAX_NAMES >> 10} Ki characters")
