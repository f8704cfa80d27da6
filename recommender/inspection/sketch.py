"""How many different values there are, and how many of them are in another file, in bounded memory.

Values are kept until there are too many; then those alone whose hash lies in one half, then in a quarter, and so on
(adaptive sampling, Flajolet 1990). As the hash is the same everywhere, what is kept of two files can be compared.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from zlib import crc32

MOST = 1 << 16
"""Values that are kept: counts of up to so many are exact, larger ones are off by some half a percent."""
_LONGEST = 64
_PLACES = 1 << 32
_DIGITS = re.compile(r"0*(\d+x?)(?:\.0+)?")
ROUNDED = re.compile(r"[+-]?\d(?:\.\d+)?[eE]\+\d+")
"""What spreadsheets make of long numbers: the digits after the first few are lost."""


class Distinct:
    """The number of different texts."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: dict[str, int] = {}
        self._limit = _PLACES

    def add(self, text: str) -> None:
        """Count one."""
        key = text if len(text) <= _LONGEST else blake2b(text.encode(errors="replace"), digest_size=16).hexdigest()
        if (often := self._kept.get(key)) is not None:
            self._kept[key] = often + 1
            return
        if self._limit < _PLACES and place(key) >= self._limit:
            return
        self._kept[key] = 1
        while len(self._kept) > self._most and self._limit > 1:
            self._limit //= 2
            self._kept = {own: often for own, often in self._kept.items() if place(own) < self._limit}

    @property
    def repeats(self) -> int:
        """How many came again."""
        return (sum(self._kept.values()) - len(self._kept)) * (_PLACES // self._limit)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._kept) * (_PLACES // self._limit)

    @property
    def estimated(self) -> bool:
        """Whether the count is an estimate."""
        return self._limit < _PLACES


class Ids:
    """The ids of one kind in a file, comparable with those of another file."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: dict[str, set[str]] = {}
        self._seen: dict[str, int] = {}
        self._limit = _PLACES
        self.rounded = 0
        """Rows with one that a spreadsheet has rounded."""

    def add(self, id: str) -> None:
        """Count one."""
        if ROUNDED.fullmatch(id):
            self.rounded += 1
        if (often := self._seen.get(id)) is not None:
            self._seen[id] = often + 1
            return
        key = bare(id)
        if self._limit < _PLACES and place(key) >= self._limit:
            return
        self._seen[id] = 1
        self._kept.setdefault(key, set()).add(id)
        while len(self._seen) > self._most and self._limit > 1:
            self._limit //= 2
            self._kept = self._below(self._limit)
            self._seen = {id: self._seen[id] for spelt in self._kept.values() for id in spelt}

    @property
    def repeats(self) -> int:
        """How many came again."""
        return (sum(self._seen.values()) - len(self._seen)) * (_PLACES // self._limit)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._seen) * (_PLACES // self._limit)

    @property
    def estimated(self) -> bool:
        """Whether the count is an estimate."""
        return self._limit < _PLACES

    def among(self, others: Ids) -> Shared:
        """How many of these are among others."""
        limit = min(self._limit, others._limit)
        times = _PLACES // limit
        found = total = 0
        near: Counter[str] = Counter()
        for key, spelt in self._below(limit).items():
            total += len(spelt)
            found += len(spelt & others._seen.keys())
            if missing := spelt - others._seen.keys():
                near.update(unlike(id, there) for id in missing for there in sorted(others._kept.get(key, ()))[:1])
        scaled = {what: number * times for what, number in near.most_common()}
        return Shared(total * times, found * times, times > 1, scaled)

    def _below(self, limit: int) -> dict[str, set[str]]:
        if limit == self._limit == _PLACES:
            return self._kept
        return {key: spelt for key, spelt in self._kept.items() if place(key) < limit}


@dataclass(frozen=True)
class Shared:
    """Ids of one file among those of another."""

    ids: int
    found: int
    estimated: bool
    near: dict[str, int] = field(default_factory=dict)
    """Ids that are there in another spelling, by what differs."""


def place(text: str) -> int:
    """A number below 2^32 that differs for different texts, as if drawn by chance, and is the same on all machines."""
    return crc32(text.encode(errors="replace")) * 0x9E3779B1 & (_PLACES - 1)


def bare(id: str) -> str:
    """An id without what is lost on the way through spreadsheets and data frames.

    >>> bare("00012"), bare("12.0"), bare("A-7"), bare("034533968X")
    ('12', '12', 'a-7', '34533968x')
    """
    text = id.strip().casefold()
    number = _DIGITS.fullmatch(text)
    return number[1] if number else text


def unlike(id: str, other: str) -> str:
    """In what two ids differ that are the same when bare.

    >>> unlike("12", "0012"), unlike("12.0", "12"), unlike("a7", "A7")
    ('leading zeros', 'a decimal point', 'case')
    """
    if ("." in id) != ("." in other):
        return "a decimal point"
    return "case" if id.casefold() == other.casefold() else "leading zeros"


def of(texts: Iterable[str], most: int = MOST) -> Ids:
    """The ids of several."""
    found = Ids(most)
    for text in texts:
        found.add(text)
    return found
