"""The ids of one kind in a file, compared with those of another, and what makes two that are meant alike differ."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, field
from urllib.parse import unquote

from recommender.inspection.sketch import MOST, PLACES, place

_BLANKS = re.compile(r"[\s\u200b\u2060\ufeff]+")
_ZEROS = re.compile(r"0+(?=\d)")
_POINT = re.compile(r"(\d+)\.0+")
_ADDRESS = re.compile(r"(?:https?|urn|ftp)(?:://|:)\S*[/#=:]([^/#=:?&]+?)/?(?:\?.*)?", re.IGNORECASE)
_PREFIX = re.compile(r"[^\W\d_]+[\W_]*(?=\d)|[^\W\d_]+[:/#]+(?=\w)")
"""``item_``, ``tt``, ``B-`` before digits, ``dbr:`` before anything."""

STEPS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("a byte order mark", lambda id: id.replace("\ufeff", "")),
    ("blanks", lambda id: _BLANKS.sub("", id)),
    ("quotes", lambda id: id.strip("\"'`\u201c\u201d\u2018\u2019")),
    ("an address", lambda id: unquote(found[1]) if (found := _ADDRESS.fullmatch(id)) else id),
    ("a decimal point", lambda id: found[1] if (found := _POINT.fullmatch(id)) else id),
    ("case", str.casefold),
    ("leading zeros", lambda id: _ZEROS.sub("", id, count=1) if id[:1] == "0" else id),
    ("a prefix", lambda id: _PREFIX.sub("", id, count=1) if _PREFIX.match(id) else id),
    ("leading zeros behind it", lambda id: _ZEROS.sub("", id, count=1) if id[:1] == "0" else id),
)
"""What is lost or added on the way through spreadsheets, data frames and exports, and an id without it."""


@dataclass(frozen=True)
class Shared:
    """Ids of one file among those of another."""

    ids: int
    others: int
    found: int
    estimated: bool
    near: dict[str, int] = field(default_factory=dict)
    """Ids that are there in another spelling, by what differs."""
    examples: dict[str, tuple[str, str]] = field(default_factory=dict)
    """For each of these one such id, and how it stands in the other file."""


class Ids:
    """The ids of one kind in a file, comparable with those of another file."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: dict[str, set[str]] = {}
        self._seen: dict[str, int] = {}
        self._limit = PLACES

    def add(self, id: str) -> None:
        """Count one."""
        if (often := self._seen.get(id)) is not None:
            self._seen[id] = often + 1
            return
        key = bare(id)
        if self._limit < PLACES and place(key) >= self._limit:
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
        return (sum(self._seen.values()) - len(self._seen)) * (PLACES // self._limit)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._seen) * (PLACES // self._limit)

    @property
    def estimated(self) -> bool:
        """Whether the count is an estimate."""
        return self._limit < PLACES

    def among(self, others: Ids) -> Shared:
        """How many of these are among others."""
        limit = min(self._limit, others._limit)
        times = PLACES // limit
        theirs = others._below(limit)
        found = total = 0
        near: Counter[str] = Counter()
        examples: dict[str, tuple[str, str]] = {}
        for key, spelt in self._below(limit).items():
            total += len(spelt)
            there: Set[str] = theirs.get(key, frozenset())
            found += len(spelt & there)
            if there and (missing := spelt - there):
                other = min(there)
                for id in sorted(missing):
                    near[what := unlike(id, other)] += 1
                    examples.setdefault(what, (id, other))
        scaled = {what: number * times for what, number in near.most_common()}
        number = sum(map(len, theirs.values()))
        return Shared(total * times, number * times, found * times, times > 1, scaled, examples)

    def _below(self, limit: int) -> dict[str, set[str]]:
        if limit == self._limit == PLACES:
            return self._kept
        return {key: spelt for key, spelt in self._kept.items() if place(key) < limit}


def bare(id: str) -> str:
    """An id without all that :data:`STEPS` take off.

    >>> bare("00012"), bare("12.0"), bare("A-7"), bare("034533968X"), bare("item_012"), bare("http://x.org/item/12")
    ('12', '12', '7', '34533968x', '12', '12')
    """
    if id.isdecimal() and id.isascii():
        return id.lstrip("0") or "0"
    return _after(STEPS, id)


def unlike(id: str, other: str) -> str:
    """In what two ids differ that are the same when bare.

    >>> unlike("12", "0012"), unlike("12.0", "12"), unlike("a7", "A7"), unlike("item_12", "12"), unlike("I-07", "7")
    ('leading zeros', 'a decimal point', 'case', 'a prefix', 'a prefix and leading zeros')
    """
    for name, step in STEPS:
        if step(id) == step(other):
            return name
    needed = STEPS
    for one in STEPS:
        without = tuple(own for own in needed if own is not one)
        if _after(without, id) == _after(without, other):
            needed = without
    return " and ".join(dict.fromkeys(name.removesuffix(" behind it") for name, _ in needed))


def _after(steps: Iterable[tuple[str, Callable[[str], str]]], id: str) -> str:
    for _, step in steps:
        id = step(id) or id
    return id


def of(texts: Iterable[str], most: int = MOST) -> Ids:
    """The ids of several."""
    found = Ids(most)
    for text in texts:
        found.add(text)
    return found
