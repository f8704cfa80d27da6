"""The times of a column, read as an ingest reads them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kg.errors import RecordError
from kg.readers.cleaning import calendar
from kg.readers.form import NOTHING, number_of
from kg.readers.mapping import normal
from kg.readers.moments import EARLIEST, LATEST, PLAIN, Clock, Undated, form_of

LOOKED_AT = 200
"""Cells of a column that plays no role, by which it is told whether it holds times."""
_SOONEST = 5e8
"""A count of seconds that anybody would take for a time (it was in 1985)."""
_TIMELY = re.compile(r"date|time|stamp|.*(?:date|time|stamp)|(?:created|updated|added|modified|.*_)at|.*_dt|year|when")


@dataclass(frozen=True)
class TimesFound:
    """The times of a column."""

    form: str
    """How they are written; the most frequent first."""
    zone: str
    first: datetime | None
    last: datetime | None
    read: int
    """Cells that are times, and possible ones."""
    unread: int
    """Cells that are none; the next three are among them."""
    undated: int
    """Bare numbers below 1e8: days of Excel, or offsets."""
    before_1970: int
    after_2099: int
    future: int
    """Of those that are read."""
    alike: bool
    """Whether all of several are the same."""
    reason: str = ""
    """Of the first that could not be read, or why none can."""


class TimesTally:
    """Looks at one cell after another, until a column that plays no role turns out to hold other things."""

    def __init__(self, name: str, clock: Clock | None, now: datetime, *, events: bool) -> None:
        """``clock`` is None where day and month cannot be told apart; ``events``: of events, which are of our time."""
        self._name, self._clock, self._now, self._events = name, clock or PLAIN, now, events
        self._undecided = clock is None
        self._forms: Counter[str] = Counter()
        self._zones: Counter[str] = Counter()
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._read = self._unread = self._undated = self._before = self._after = self._future = 0
        self.reason = ""
        self.goes_on = True

    def add(self, cell: Any) -> None:
        """One more, which is not empty."""
        if isinstance(cell, str) and cell.strip() in NOTHING:
            return
        moment = self._moment(cell)
        if moment is None:
            self._unread += 1
            tried = self._unread + self._read
            self.goes_on = self._events or tried < LOOKED_AT or self._read > self._unread
            return
        self._read += 1
        form, zone = form_of(cell, self._clock)
        self._forms[form] += 1
        self._zones[zone] += 1
        self._first = moment if self._first is None or moment < self._first else self._first
        self._last = moment if self._last is None or moment > self._last else self._last
        self._future += moment > self._now

    def _moment(self, cell: Any) -> datetime | None:
        """The time in a cell, where it says a possible one."""
        try:
            moment = calendar(cell, self._name, self._clock)
        except Undated as error:
            self._undated += 1
            self._say(error.reason)
            return None
        except RecordError as error:
            self._before += isinstance(number := _number(cell), float) and number < 0
            self._say(error.reason)
            return None
        if not self._events:
            return None if _is_small(cell) else moment
        if moment is None or EARLIEST <= moment < LATEST:
            return moment
        self._before += moment < EARLIEST
        self._after += moment >= LATEST
        self._say(f"{moment:%Y-%m-%d} is no possible time of an event: before 1970 or after 2099")
        return None

    def _say(self, reason: str) -> None:
        self.reason = self.reason or reason

    def found(self) -> TimesFound | None:
        """What there is; None where the column holds other things."""
        if not self._events and not (self.goes_on and self._read > self._unread):
            return None
        return TimesFound(
            form="day or month first, in figures" if self._undecided else _listed(self._forms) or "not known",
            zone=_listed(self._zones),
            first=self._first,
            last=self._last,
            read=self._read,
            unread=self._unread,
            undated=self._undated,
            before_1970=self._before,
            after_2099=self._after,
            future=self._future,
            alike=self._read > 1 and self._first == self._last,
            reason=self.reason,
        )


def sounds_like_time(column: str) -> bool:
    """Whether a column says by its name that it holds times.

    >>> [sounds_like_time(name) for name in ("order date", "created_at", "t_dat", "format")]
    [True, True, True, False]
    """
    plain = normal(column)
    return _TIMELY.fullmatch(plain) is not None or plain in ("tdat", "at", "ts") or column.lower().endswith("_at")


def _listed(counts: Counter[str]) -> str:
    return ", ".join(own for own, _ in counts.most_common())


def _number(cell: Any) -> float | None:
    if isinstance(cell, str):
        return number_of(cell.strip())
    return float(cell) if isinstance(cell, int | float) else None


def _is_small(cell: Any) -> bool:
    """Whether a cell is a number that might be anything."""
    number = _number(cell)
    return number is not None and not _SOONEST <= number < 1e19


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)
