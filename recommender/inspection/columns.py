"""What one column of a file holds, from all of its cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kg.readers.cells import literal
from kg.readers.cleaning import absent
from kg.readers.form import NOTHING, number_of
from kg.readers.moments import PLAIN, Clock
from recommender.inspection.codes import Codes
from recommender.inspection.layouts import IMPRESSIONS, is_shown
from recommender.inspection.sketch import Distinct
from recommender.inspection.times import TimesFound, TimesTally, sounds_like_time
from recommender.inspection.times import now as this_moment

KEYS = 12
"""Names of members of objects that are told."""
IDS = ("user", "item", "id", "event", "from", "to", "head", "tail", "entity")
"""Roles of columns of ids."""


@dataclass(frozen=True)
class ColumnFound:
    """What a column holds, and what it is taken for."""

    name: str
    role: str | None
    """``user``, ``item``, ``at``, ...; ``id``, ``attribute``, ``property``, ...; None: not read."""
    why: str
    cells: int
    empty: int
    nothings: dict[str, int]
    """Words for nothing, such as ``NA``, and how often each is there."""
    codes: dict[str, int]
    """Values that may stand for none and are taken for what they are, such as -1 or 9999-12-31, and how often."""
    distinct: int
    estimated: bool
    """Whether the number of different values is an estimate."""
    holds: str
    """``numbers``, ``texts``, ``lists``, ...: what most cells are."""
    members: tuple[str, ...] = ()
    """Names of what objects in its cells have."""
    lowest: float | None = None
    highest: float | None = None
    times: TimesFound | None = None
    """Where it holds times, or should."""


class ColumnTally:
    """Looks at the cells of one column, one after another."""

    def __init__(
        self, name: str, role: str | None, moment: datetime | None = None, *, clock: Clock | None = PLAIN, most: int = 0
    ) -> None:
        """``clock`` reads the times of events; ``most`` different values are counted exactly."""
        self._name = name
        self._role = role
        self._cells = self._empty = 0
        self._nothings: Counter[str] = Counter()
        self._codes = Codes()
        self._distinct = Distinct(most) if most else Distinct()
        self._kinds: Counter[str] = Counter()
        self._members: dict[str, None] = {}
        self._lowest = self._highest = float("nan")
        events = role == "at"
        timely = events or role in (None, "property")
        self._times = TimesTally(name, clock, moment or this_moment(), events=events) if timely else None

    def add(self, cell: Any) -> None:
        """One more."""
        self._cells += 1
        if cell is None or (isinstance(cell, str) and not (cell := cell.strip())) or _is_nan(cell):
            self._empty += 1
            return
        if isinstance(cell, str):
            self._text(cell)
        else:
            self._kinds[self._kind_of(cell)] += 1
            self._distinct.add(repr(cell))
            if isinstance(cell, int | float) and not isinstance(cell, bool):
                self._number(float(cell))
            elif hasattr(cell, "isoformat"):
                self._codes.text(cell.isoformat())
        if self._times is not None and self._times.goes_on:
            self._times.add(cell)

    def found(self, why: str, reason: str = "") -> ColumnFound:
        """What it holds; ``reason``: why no time can be read."""
        number = bool(self._kinds) and self._kinds.most_common(1)[0][0] == "numbers"
        times = self._times
        if times is not None:
            times.reason = reason or times.reason
        return ColumnFound(
            name=self._name,
            role=self._role,
            why=why,
            cells=self._cells,
            empty=self._empty,
            nothings=dict(self._nothings.most_common()),
            codes=self._codes.found(self._distinct.count, ids=self._role in IDS),
            distinct=self._distinct.count,
            estimated=self._distinct.estimated,
            holds=" and ".join(kind for kind, _ in self._kinds.most_common(2)) or "nothing",
            members=tuple(self._members),
            lowest=self._lowest if number else None,
            highest=self._highest if number else None,
            times=None if times is None else times.found(),
        )

    def _text(self, text: str) -> None:
        self._distinct.add(text)
        if text in NOTHING:
            self._nothings[text] += 1
        number = number_of(text) if text[0] in "0123456789+-." else None
        if number is not None:
            self._number(number)
        elif len(text) < 40:
            self._codes.text(text)
        if number is None and text[0] in "[{" and not self._members and self._cells < 100:
            self._look_into(literal(text))
        self._kinds["numbers" if number is not None else IMPRESSIONS if is_shown(text) else "texts"] += 1

    def _number(self, number: float) -> None:
        self._codes.number(number)
        self._lowest = number if not self._lowest <= number else self._lowest
        self._highest = number if not self._highest >= number else self._highest

    def _kind_of(self, cell: Any) -> str:
        if isinstance(cell, bool):
            return "truth values"
        if isinstance(cell, int | float):
            return "numbers"
        if isinstance(cell, dict):
            self._look_into(cell)
            return "objects"
        if hasattr(cell, "tolist") or isinstance(cell, list | tuple | set):
            return "lists of objects" if self._look_into(cell) else "lists"
        return "moments" if hasattr(cell, "year") else type(cell).__name__

    def _look_into(self, cell: Any) -> bool:
        """Note the names of what an object has, or those of a list; whether there is one."""
        objects: Iterable[Any] = cell if isinstance(cell, list | tuple) else [cell]
        found = False
        for member in objects:
            if isinstance(member, Mapping):
                found = True
                for name in member if len(self._members) < KEYS else ():
                    self._members.setdefault(str(name))
        return found


def looks_like_time(column: ColumnFound) -> bool:
    """Whether a column holds times, or says so by its name."""
    return column.times is not None or sounds_like_time(column.name)


def _is_nan(cell: Any) -> bool:
    return not isinstance(cell, str | list | tuple | dict) and absent(cell)
