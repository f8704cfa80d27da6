"""Times as sources write them: calendars in words and in figures, counts of seconds or days, in whatever zone.

A number says by its size what it counts and a text by its form; what neither says is left to the caller:

==================== ===============================================================================================
``at_format``        what it reads
==================== ===============================================================================================
``excel``            days since 30 December 1899, such as ``43831.5``
``unix``             seconds, milliseconds, microseconds or nanoseconds since 1970, however few
``offset``           seconds since a start that nobody knows, laid at 1970: the order is right, the dates are not
``offset:days``      likewise ``minutes``, ``hours``, ``days`` or ``weeks``
``day-first``        ``13/07/2020``; likewise ``month-first``
``%d.%m.%Y %H:%M``   a pattern of :meth:`datetime.datetime.strptime`, or several with ``|`` between: the first
                     that fits; what fits one without a year is undated
==================== ===============================================================================================
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from kg.advice import option
from kg.errors import RecordError, short

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""Times outside are impossible for an event."""
BARE = 100_000_000
"""A number below is no count of seconds that anybody would write (it was in March 1973), but one of days, or an offset
from a start that nobody told."""
DAY_FIRST, MONTH_FIRST = "day-first", "month-first"
UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800}
_EXCEL = datetime(1899, 12, 30)
_HOURS = {"Z": 0, "UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8}
_HOURS |= {"PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3}
_HOURS |= {"MSK": 3, "HKT": 8, "SGT": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13}
"""Of names of zones that mean one; IST and BST mean several."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[ap])\.?m\.?)?"
)
_ZONE = rf"(?:\s*(?P<zone>{'|'.join(_HOURS)}|[+-]\d\d(?::?\d\d)?))?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_MONTH = rf"(?P<name>{'|'.join(_MONTHS)})[a-z]*\.?"
_DAY, _YEAR, _SHORT = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?", r"(?P<year>\d{4})", r"(?P<year>\d{4}|\d\d)"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"{_WEEKDAY}{_MONTH}\s+{_DAY},?\s+{_CLOCK}{_ZONE},?\s+{_YEAR}",  # Wed Feb 24 01:18:40 -0800 2016
        rf"{_WEEKDAY}{_MONTH}\s+{_DAY},?\s+{_YEAR}(?:,?\s+{_CLOCK}{_ZONE})?",  # Feb 24, 2016
        rf"{_WEEKDAY}{_DAY}[\s/-]+{_MONTH},?[\s/-]+{_SHORT}(?:(?:,?\s+|:){_CLOCK}{_ZONE})?",  # 24-Feb-16
        rf"{_YEAR}([-/.])(?P<month>\d{{1,2}})\2(?P<day>\d{{1,2}})(?:[t,\s]\s*{_CLOCK}{_ZONE})?",  # 2016/2/4 1:18 PM
        rf"{_YEAR}[-/.](?P<month>\d{{1,2}})",  # 2016-02, the first of it
        rf"(?P<month>\d{{1,2}})/{_YEAR}",
        rf"{_MONTH}[\s-]+{_YEAR}",
    )
)
_FIGURES = re.compile(
    rf"(?P<first>\d{{1,2}})([-/.])(?P<then>\d{{1,2}})\2(?P<year>\d{{4}}|\d\d)(?:[t,\s]\s*{_CLOCK}{_ZONE})?",
    re.IGNORECASE,
)
_REGION = re.compile(r"(?P<rest>\d.*?)\s*\[?(?P<region>[A-Za-z]+(?:/[A-Za-z_+-]+)+)\]?")
_AMAZON = re.compile(r"(\d{1,2}) (\d{1,2}), (\d{4})")
_COMPACT = re.compile(
    r"((?:19[7-9]|20\d)\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?:([01]\d|2[0-3])([0-5]\d)([0-5]\d)?)?"
)
_SAYS_YEAR = re.compile("%[YyGcxs]")
_PLAIN_YEAR = re.compile(r"(?:19[7-9]|20\d)\d")


class Undated(RecordError):
    """A number that says nothing of when something happened."""


@dataclass(frozen=True)
class Clock:
    """How the times of one column are read."""

    form: str | None = None
    """As in the table above; None: by size and form."""
    zone: str | None = None
    """Of times that name none; None: UTC."""
    order: str | None = None
    """Of day and month in figures, where all cells together say it."""
    years: bool = True
    """Whether ``2024`` and ``20240501`` are a year and a day; else they are numbers like others."""

    def __post_init__(self) -> None:
        kind, _, unit = (self.form or "").partition(":")
        known = (kind in ("", "unix", "excel", DAY_FIRST, MONTH_FIRST) and not unit) or (
            kind == "offset" and (not unit or unit in UNITS)
        )
        if not known and "%" not in str(self.form):
            forms = f"excel, unix, offset, offset:{'|'.join(UNITS)}, {DAY_FIRST}, {MONTH_FIRST}, or such as %d.%m.%Y"
            raise RecordError("at_format", f"{short(self.form)} is none of {forms}")
        try:
            _ = self._zone
        except (ValueError, OSError, LookupError):
            raise RecordError("zone", f"{short(self.zone)} is no zone that is known, such as Europe/Berlin") from None

    @cached_property
    def _zone(self) -> tzinfo:
        return UTC if self.zone is None else ZoneInfo(self.zone)

    def text(self, text: str) -> datetime:
        """The moment that a text says, its blanks taken off.

        Raises:
            Undated: a bare number.
            ValueError: no time; OverflowError: one beyond all calendars.
        """
        if self.form is not None and "%" in self.form:
            return self._as_said(text)
        if text[0] in "0123456789.+-nNiI" and "_" not in text:
            try:
                count = float(text)
            except ValueError:
                pass
            else:
                whole = text.isdigit() and text.isascii() and len(text) < 20
                return self.count(int(text) if whole else count)
        try:
            return self.local(datetime.fromisoformat(text))
        except ValueError:
            return self._written(text)

    def count(self, count: float) -> datetime:
        """The moment that a number says; raises as :meth:`text` does."""
        if not math.isfinite(count):
            raise ValueError
        whole = int(count) if count == int(count) else None
        kind, _, unit = (self.form or "").partition(":")
        if "%" in kind:
            return self._as_said(str(count if whole is None else whole))
        if kind == "excel":
            return self.local(_EXCEL + timedelta(seconds=round(count * 86_400, 3)))
        if kind == "offset":
            return unix_seconds(count * UNITS[unit or "seconds"])
        if kind == "unix":
            return unix(count)
        if whole is not None and (moment := self._by_form(str(whole))):
            return moment
        if 0 <= count < BARE:
            raise Undated(
                "at",
                f"the number {count:.15g} says no time: a day of Excel, or an offset? "
                f"{option('at_format')} excel, unix or offset",
            )
        return unix(count)

    def _as_said(self, text: str) -> datetime:
        """The moment by the first of the patterns that fits; raises as :meth:`text` does."""
        whole = self.form or ""
        for pattern in (whole, *whole.split("|")) if "|" in text else whole.split("|"):
            dated = _SAYS_YEAR.search(pattern) is not None
            try:  # a day without its year may be one of February that few years have
                moment = datetime.strptime(text if dated else f"{text} 2000", pattern if dated else f"{pattern} %Y")
            except ValueError:
                continue
            if not dated:
                raise Undated("at", f"{short(text)} says no year")
            return self.local(moment)
        raise ValueError

    def _by_form(self, digits: str) -> datetime | None:
        """The date that these digits are: ``2024``, ``20240501``, ``202405011011`` or ``20240501101112``."""
        if len(digits) in (8, 12, 14) and (self.years or len(digits) > 8) and (found := _COMPACT.fullmatch(digits)):
            return self.local(datetime(*(int(part) for part in found.groups("0"))))  # type: ignore[arg-type]
        if self.years and len(digits) == 4 and _PLAIN_YEAR.fullmatch(digits):
            return self.local(datetime(int(digits), 1, 1))
        return None

    def local(self, moment: datetime) -> datetime:
        """A moment in UTC, in the zone of the source where it names none; of two 2:30 of an autumn night the first."""
        zone = moment.tzinfo or self._zone
        if type(moment) is datetime:
            return moment.replace(tzinfo=UTC) if zone is UTC else moment.replace(tzinfo=zone).astimezone(UTC)
        # A pandas Timestamp; its own conversion warns of nanoseconds.
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
        day = (moment.year, moment.month, moment.day)
        plain = datetime(*day, moment.hour, moment.minute, moment.second, moment.microsecond)
        return self.local(plain.replace(tzinfo=None if moment.tzinfo is None else UTC))

    def _written(self, text: str) -> datetime:
        if found := _AMAZON.fullmatch(text):
            return self.local(datetime(int(found[3]), int(found[1]), int(found[2])))
        if found := _FIGURES.fullmatch(text):
            first, then = int(found["first"]), int(found["then"])
            order = self.form if self.form in (DAY_FIRST, MONTH_FIRST) else self.order
            if order is None and first <= 12 and then <= 12 and first != then:
                raise RecordError(
                    "at",
                    f"{short(text)}: is the day first, or the month? "
                    f"{option('at_format')} {DAY_FIRST} or {MONTH_FIRST}",
                )
            day_first = order == DAY_FIRST if order else first > 12
            return self._at(found, then if day_first else first, first if day_first else then)
        for form in _FORMS:
            if found := form.fullmatch(text):
                named = found.groupdict().get("name")
                month = 1 + _MONTHS.index(named.lower()) if named else int(found["month"])
                return self._at(found, month, int(found.groupdict().get("day") or 1))
        if found := _REGION.fullmatch(text):
            return replace(self, zone=found["region"]).text(found["rest"])
        raise ValueError

    def _at(self, found: re.Match[str], month: int, day: int) -> datetime:
        """This day, in the year, at the time of day and in the zone that were found."""
        said = found.groupdict()
        year = int(said["year"])
        year += 0 if year > 99 else 2000 if year < 70 else 1900
        hour, minute, second = (int(said.get(part) or 0) for part in ("hour", "minute", "second"))
        if half := said.get("half"):
            if not 1 <= hour <= 12:
                raise ValueError
            hour = hour % 12 + 12 * (half.lower() == "p")
        micro = int((said.get("fraction") or "").ljust(6, "0")[:6])
        return self.local(datetime(year, month, day, hour, minute, second, micro, _offset(said.get("zone"))))


def form_of(cell: Any, clock: Clock) -> tuple[str, str]:
    """How a time that a clock reads is written, and its zone.

    >>> form_of("2024-05-01T12:00:00Z", Clock()), form_of("1714564800", Clock()), form_of("13/7/20", Clock())
    (('ISO 8601', 'stated'), ('Unix seconds', 'UTC'), ('day first, in figures', 'none stated: UTC'))
    """
    none = "none stated: " + (clock.zone or "UTC")
    kind, _, unit = (clock.form or "").partition(":")
    if "%" in kind:
        return clock.form or "", "stated" if "%z" in kind or "%Z" in kind else none
    text = cell.strip() if isinstance(cell, str) else ""
    try:
        count = float(text) if isinstance(cell, str) else None if isinstance(cell, date) else float(cell)
    except (TypeError, ValueError):
        count = None
    if count is None:
        return _form_of_text(text, clock, none) if text else ("moments", none if _is_plain(cell) else "stated")
    if kind == "excel":
        return "Excel days", none
    if kind == "offset":
        return f"{unit or 'seconds'} since an unknown start", "none"
    digits = str(int(count)) if count == int(count) else ""
    if kind != "unix" and len(digits) in (4, 8, 12, 14) and (clock.years or len(digits) > 8) and _is_date(digits):
        return "YYYYMMDDhhmmss"[: len(digits)], none
    units = ((1e11, "seconds"), (1e14, "milliseconds"), (1e17, "microseconds"))
    return "Unix " + next((own for limit, own in units if count < limit), "nanoseconds"), "UTC"


def _form_of_text(text: str, clock: Clock, none: str) -> tuple[str, str]:
    if found := _FIGURES.fullmatch(text):
        order = clock.form if clock.form in (DAY_FIRST, MONTH_FIRST) else clock.order
        first = order or (DAY_FIRST if int(found["first"]) > 12 else MONTH_FIRST)
        return f"{first.replace('-', ' ')}, in figures", "stated" if found["zone"] else none
    if _AMAZON.fullmatch(text):
        return "MM DD, YYYY", none
    try:
        return "ISO 8601", none if datetime.fromisoformat(text).tzinfo is None else "stated"
    except ValueError:
        found = next((match for form in _FORMS if (match := form.fullmatch(text))), None)
    named = found is not None and "name" in found.groupdict()
    return ("month in words" if named else "year first, in figures"), "stated" if found and found["zone"] else none


def _is_date(digits: str) -> bool:
    return (_PLAIN_YEAR if len(digits) == 4 else _COMPACT).fullmatch(digits) is not None


def _is_plain(moment: Any) -> bool:
    return getattr(moment, "tzinfo", None) is None


PLAIN = Clock()
"""Where nothing is stated, and each cell speaks for itself."""


class Order:
    """Whether the day or the month comes first in a column of figures: what fits all its cells."""

    def __init__(self) -> None:
        self._first = self._then = self._same = 0
        """Cells that only the day first fits, only the month, and those that both fit and that would differ."""
        self.example = ""

    def see(self, cell: Any) -> None:
        """Take note of one cell."""
        if isinstance(cell, str) and (found := _FIGURES.fullmatch(cell.strip())):
            first, then = int(found["first"]), int(found["then"])
            if first > 12 >= then:
                self._first += 1
            elif then > 12 >= first:
                self._then += 1
            elif first != then:
                self._same += 1
                self.example = self.example or cell.strip()

    @property
    def open(self) -> bool:
        """Whether more cells could decide what those that were seen do not."""
        return bool(self._same) and not (self._first or self._then)

    def decided(self, name: str) -> str | None:
        """The order of all cells; None where none is written so.

        Raises:
            RecordError: both fit, or neither.
        """
        if self.open:
            raise RecordError(
                name,
                f"day and month may both come first in {self.example!r} and all others: "
                f"{option('at_format')} says which, {DAY_FIRST} or {MONTH_FIRST}",
            )
        if self._first and self._then:
            raise RecordError(
                name,
                f"the day comes first in {self._first} cells and the month in {self._then}: "
                f"{option('at_format')} says which is right, {DAY_FIRST} or {MONTH_FIRST}; the other "
                "cells are rejected then",
            )
        return DAY_FIRST if self._first else MONTH_FIRST if self._then else None


def years_among(cells: Iterable[Any]) -> bool:
    """Whether numbers such as ``2024`` and ``20240501`` are dates here: most numbers of their size are."""
    dates = others = 0
    for cell in cells:
        text = cell.strip() if isinstance(cell, str) else str(cell) if _is_bare(cell) else ""
        text = text.removesuffix(".0")
        if not text.isdigit() or int(text[:20]) >= BARE:
            continue
        if _PLAIN_YEAR.fullmatch(text) or (len(text) == 8 and _COMPACT.fullmatch(text)):
            dates += 1
        else:
            others += 1
    return dates >= others


def unix(count: float) -> datetime:
    """Seconds since 1970 below 1e11, milliseconds below 1e14, microseconds below 1e17, else nanoseconds."""
    if not 0 <= count < 1e20:
        raise OverflowError
    if count < 1e11:
        return datetime.fromtimestamp(count, UTC)
    if count < 1e14:
        return EARLIEST + timedelta(milliseconds=count)
    return EARLIEST + timedelta(microseconds=count if count < 1e17 else count // 1000)


def unix_seconds(count: float) -> datetime:
    """Seconds since 1970, however many."""
    return EARLIEST + timedelta(seconds=count)


def _is_bare(cell: Any) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool) and 0 <= cell < BARE


def _offset(zone: str | None) -> tzinfo | None:
    if zone is None:
        return None
    if zone[0] not in "+-":
        return timezone(timedelta(hours=_HOURS[zone.upper()]))
    digits = zone[1:].replace(":", "").ljust(4, "0")
    away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-away if zone[0] == "-" else away)
