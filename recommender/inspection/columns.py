"""What one column of a file holds, from all of its cells."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from kg.errors import RecordError
from kg.readers.cleaning import absent, timestamp
from kg.readers.form import number_of
from kg.readers.mapping import normal
from recommender.inspection.sketch import Distinct

NOTHINGS = frozenset({"na", "n/a", "null", "none", "nan", "unknown", "\\n", "-", "?"})
"""Words that files write where they have nothing."""
LOOKED_AT = 200
"""Cells of a column that plays no role, by which it is told whether it holds times."""
_SOONEST = 5e8
"""A count of seconds that anybody would take for a time (it was in 1985)."""
_TIMELY = re.compile(r"date|time|stamp|.*at|.*_?dt|year|created|updated|when")
_ISO = re.compile(r"\d{4}-\d\d-\d\d")
_ZONED = re.compile(r"(?:[zZ]|UTC|GMT|[+-]\d\d:?\d\d)$")


@dataclass(frozen=True)
class TimesFound:
    """The times of a column."""

    form: str
    """As which they are read; the most frequent first."""
    zone: str
    first: datetime | None
    last: datetime | None
    read: int
    unread: int
    """Cells that are no time, or no possible one."""
    future: int
    alike: bool
    """Whether all of several are the same."""
    reason: str = ""
    """Of the first that could not be read."""


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
    distinct: int
    estimated: bool
    """Whether the number of different values is an estimate."""
    holds: str
    """``numbers``, ``texts``, ``lists``, ...: what most cells are."""
    lowest: float | None = None
    highest: float | None = None
    times: TimesFound | None = None
    """Where it holds times, or should."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


class ColumnTally:
    """Looks at the cells of one column, one after another."""

    def __init__(self, name: str, role: str | None, now: datetime | None = None) -> None:
        self._name = name
        self._role = role
        self._now = now or datetime.now(UTC)
        self._cells = self._empty = 0
        self._nothings: Counter[str] = Counter()
        self._distinct = Distinct()
        self._kinds: Counter[str] = Counter()
        self._lowest = self._highest = float("nan")
        self._timely = role == "at" or role is None or role == "property"
        self._forms: Counter[str] = Counter()
        self._zones: Counter[str] = Counter()
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._unread = self._future = 0
        self._reason = ""

    def add(self, cell: Any) -> None:
        """One more."""
        self._cells += 1
        if cell is None or (isinstance(cell, str) and not (cell := cell.strip())) or _is_nan(cell):
            self._empty += 1
            return
        if isinstance(cell, str):
            self._text(cell)
        else:
            self._kinds[_kind_of(cell)] += 1
            self._distinct.add(repr(cell))
            if isinstance(cell, int | float) and not isinstance(cell, bool):
                self._number(float(cell))
        if self._timely:
            self._time(cell)

    def found(self, why: str) -> ColumnFound:
        """What it holds."""
        number = bool(self._kinds) and self._kinds.most_common(1)[0][0] == "numbers"
        return ColumnFound(
            name=self._name,
            role=self._role,
            why=why,
            cells=self._cells,
            empty=self._empty,
            nothings=dict(self._nothings.most_common()),
            distinct=self._distinct.count,
            estimated=self._distinct.estimated,
            holds=" and ".join(kind for kind, _ in self._kinds.most_common(2)) or "nothing",
            lowest=self._lowest if number else None,
            highest=self._highest if number else None,
            times=self._times(),
        )

    def _text(self, text: str) -> None:
        self._distinct.add(text)
        if len(text) < 8 and text.casefold() in NOTHINGS:
            self._nothings[text] += 1
        number = number_of(text) if text[0] in "0123456789+-." else None
        if number is not None:
            self._number(number)
        self._kinds["texts" if number is None else "numbers"] += 1

    def _number(self, number: float) -> None:
        self._lowest = number if not self._lowest <= number else self._lowest
        self._highest = number if not self._highest >= number else self._highest

    def _time(self, cell: Any) -> None:
        if isinstance(cell, str) and cell.casefold() in NOTHINGS:
            return
        try:
            moment = timestamp(cell, self._name)
        except RecordError as error:
            moment, self._reason = None, self._reason or error.reason
        if moment is None or (self._role != "at" and _is_small(cell)):
            self._unread += 1
            read = sum(self._forms.values())
            self._timely = self._role == "at" or self._unread + read < LOOKED_AT or read > self._unread
            return
        form, zone = form_of(cell)
        self._forms[form] += 1
        self._zones[zone] += 1
        self._first = moment if self._first is None or moment < self._first else self._first
        self._last = moment if self._last is None or moment > self._last else self._last
        self._future += moment > self._now

    def _times(self) -> TimesFound | None:
        read = sum(self._forms.values())
        if self._role != "at" and not (self._timely and read > self._unread):
            return None
        return TimesFound(
            form=", ".join(form for form, _ in self._forms.most_common()) or "not known",
            zone=", ".join(zone for zone, _ in self._zones.most_common()),
            first=self._first,
            last=self._last,
            read=read,
            unread=self._unread,
            future=self._future,
            alike=read > 1 and self._first == self._last,
            reason=self._reason,
        )


def looks_like_time(column: ColumnFound) -> bool:
    """Whether a column holds times, or says so by its name."""
    return column.times is not None or _TIMELY.fullmatch(normal(column.name)) is not None


def form_of(cell: Any) -> tuple[str, str]:
    """How a time that can be read is written, and in which zone it stands.

    >>> form_of("2024-05-01T12:00:00Z"), form_of("1714564800"), form_of("20240501")
    (('ISO 8601', 'stated'), ('Unix seconds', 'UTC'), ('YYYYMMDD', 'none stated: UTC'))
    """
    if isinstance(cell, str):
        count = number_of(cell)
        if count is None:
            zone = "stated" if _ZONED.search(cell) and ":" in cell else "none stated: UTC"
            return ("ISO 8601" if _ISO.match(cell) else "a calendar's words or figures"), zone
        if cell.isdigit() and len(cell) in (4, 8, 12, 14) and cell[:2] in ("19", "20"):
            return "YYYYMMDDhhmmss"[: len(cell)], "none stated: UTC"
    elif isinstance(cell, int | float):
        count = float(cell)
    else:
        zoned = getattr(cell, "tzinfo", None) is not None
        return "moments", "stated" if zoned else "none stated: UTC"
    units = ((1e11, "seconds"), (1e14, "milliseconds"), (1e17, "microseconds"))
    return "Unix " + next((unit for limit, unit in units if count < limit), "nanoseconds"), "UTC"


def _is_small(cell: Any) -> bool:
    """Whether a cell is a number that might be anything."""
    number = number_of(cell) if isinstance(cell, str) else cell if isinstance(cell, int | float) else None
    return number is not None and not (_SOONEST <= number < 1e19)


def _is_nan(cell: Any) -> bool:
    return not isinstance(cell, str | list | tuple | dict) and absent(cell)


def _kind_of(cell: Any) -> str:
    if isinstance(cell, bool):
        return "truth values"
    if isinstance(cell, int | float):
        return "numbers"
    if isinstance(cell, dict):
        return "objects"
    if hasattr(cell, "tolist") or isinstance(cell, list | tuple | set):
        return "lists"
    return "moments" if hasattr(cell, "year") else type(cell).__name__
