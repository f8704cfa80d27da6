"""Which sources say what of a node: one property of text, a line a source.

A line is ``\\n``, the number of the source, ``\\t``, and each property that it gives with a ``\\t`` behind, names which
hold no such characters. One empty name stands for all that the node has. A line of a negative number names properties
that this source gave and another has overwritten. ``''``: no source says anything, the node is an end of an edge. No
mark at all: it was there before sources were told apart, or came by feedback; 0 is the number of all that.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from kg.schema import HIDDEN

MET = ""
"""The mark of a node that is there because an edge leads to it."""
NOBODY = 0
"""The number of what no source has brought."""
_ALL = frozenset({""})


@dataclass
class Said:
    """What sources say of one node."""

    given: dict[int, frozenset[str]] = field(default_factory=dict)
    """Names of properties by number."""
    lost: dict[int, frozenset[str]] = field(default_factory=dict)
    """Likewise those that another has overwritten."""

    @classmethod
    def of(cls, mark: str) -> Said:
        """Read a mark."""
        said = cls()
        for line in mark.split("\n")[1:]:
            number, *names = line.split("\t")[:-1]
            (said.lost if number.startswith("-") else said.given)[abs(int(number))] = frozenset(names)
        return said

    def __str__(self) -> str:
        lines = [(str(number), names) for number, names in sorted(self.given.items())]
        lines += [(f"-{number}", names) for number, names in sorted(self.lost.items()) if names]
        return "".join(f"\n{number}\t" + "".join(f"{name}\t" for name in sorted(names)) for number, names in lines)


def token(number: int) -> str:
    """What a mark contains where this source says something.

    >>> token(3) in alone(3), token(3) in alone(33)
    (True, False)
    """
    return f"\n{number}\t"


def alone(number: int) -> str:
    """The mark of a node of which only this source says anything."""
    return f"{token(number)}\t"


def told(mark: str | None, known: Mapping[str, Any] | None, number: int, given: Mapping[str, Any]) -> str | None:
    """The mark of a node after a source has said something of it; None: as it is.

    ``known`` are its properties before, without the mark; None: there is no node.

    >>> told(None, None, 3, {"title": "Heat"}) == alone(3)
    True
    >>> told("\\n3\\t\\t", {"title": "Heat", "year": 1995}, 5, {"title": "Heat", "price": 2})
    '\\n3\\ttitle\\tyear\\t\\n5\\tprice\\ttitle\\t'
    """
    if known is None:
        return alone(number) if number else None
    if mark == MET and all(name.startswith(HIDDEN) for name in known):
        return alone(number)
    if mark is None and not number:
        return None
    said = Said({NOBODY: frozenset()}) if mark is None else Said.of(mark)
    if said.given == {number: _ALL}:
        return None
    held = frozenset(name for name in known if not name.startswith(HIDDEN))
    said.given = {own: held if names == _ALL else names for own, names in said.given.items()}
    claimed: frozenset[str] = frozenset().union(*said.given.values())
    over = frozenset(name for name, value in given.items() if name in known and known[name] != value)
    names = frozenset(name for name in given if name not in known or name in claimed) | over
    if mark is None and not names:
        return None
    for own, theirs in list(said.given.items()) if over else ():
        if own != number and theirs & over:
            said.given[own] = theirs - over
            said.lost[own] = said.lost.get(own, frozenset()) | (theirs & over)
    if unclaimed := over - claimed:
        said.lost[NOBODY] = said.lost.get(NOBODY, frozenset()) | unclaimed
    said.given[number] = said.given.get(number, frozenset()) | names
    said.lost[number] = said.lost.get(number, frozenset()) - names
    return after if (after := str(said)) != mark else None


def without(mark: str, number: int, known: Collection[str]) -> tuple[str | None, frozenset[str], frozenset[str]]:
    """A mark without a source: the mark, the properties that go, and those of them that others had given before.

    >>> without("\\n3\\ttitle\\tyear\\t\\n5\\tprice\\ttitle\\t", 3, ["title", "year", "price"])
    ('\\n5\\tprice\\ttitle\\t', frozenset({'year'}), frozenset())
    """
    said = Said.of(mark)
    own = said.given.pop(number, frozenset())
    said.lost.pop(number, None)
    gone = frozenset(known) if own == _ALL else own
    gone = gone.difference(*said.given.values()) & frozenset(known)
    over = gone.intersection(frozenset().union(*said.lost.values()))
    return None if said.given.keys() == {NOBODY} else str(said), gone, over
