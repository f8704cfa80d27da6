"""Cells to clean values: ids, numbers, times and prices. Text is :mod:`kg.readers.markup`'s.

Each function takes whatever a cell may hold and the name of its column, returns None for an empty cell where that is
allowed, and raises :class:`kg.errors.RecordError` with the reason for what cannot be right.
"""

from __future__ import annotations

import math
import numbers
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from kg.errors import RecordError, short
from kg.records import MAX_ID_BYTES, clean_id

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""Times outside are impossible for an event."""

MAX_NUMBER_CHARS = 1_000
"""A longer text is no number and no time."""
_PRICE_CHARS = 100  # that are looked at
_EXACT = 2**53  # up to here a float holds every whole number
_AMAZON = re.compile(r"(\d{1,2}) (\d{1,2}), (\d{4})")
_COMPACT = re.compile(r"(19[7-9]\d|20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
_PRICE = re.compile(r"(?:[A-Z]{2,3}\s?)?[$€£¥₹]?\s?(?P<whole>\d{1,3}(?:[,\s]\d{3})+|\d+)(?P<cents>\.\d+)?(?![\d.,]*\d)")
_WITH_COMMA = re.compile(r"[+-]?\d*(?:[.,]\d+)*,\d+(?:\.\d+)?")
_SEPARATORS = re.compile(r"[.,\s]")
_PRICE_COMMA = re.compile(
    r"(?:[A-Z]{2,3}\s?)?[$€£¥₹]?\s?(?P<whole>\d{1,3}(?:[.\s]\d{3})+|\d+),(?P<cents>\d\d)(?![\d.,]*\d)"
)


def identifier(value: Any, name: str) -> str:
    """An id as text: whole numbers without a point, text without the white space around it, otherwise unchanged.

    >>> identifier(" B00005N7P0 ", "asin"), identifier(42, "user"), identifier(42.0, "user")
    ('B00005N7P0', '42', '42')

    Raises:
        RecordError: missing, empty, with a NUL or a lone surrogate, over 1,024 bytes, or no id at all (a list, 1.5).
    """
    if type(value) is str:
        text = value.strip()
        if text.isascii() and 0 < len(text) <= MAX_ID_BYTES and "\0" not in text:
            return text
        return clean_id(value, name)
    if absent(value):
        raise RecordError(name, "is missing")
    if isinstance(value, bytes):
        try:
            return clean_id(value.decode(), name)
        except UnicodeDecodeError:
            raise RecordError(name, "is not valid UTF-8") from None
    if isinstance(value, str | UUID):
        return clean_id(str(value), name)
    if _is_real(value):
        return _whole_number(value, name)
    raise RecordError(name, f"{short(value)} is no id: text or a whole number is needed")


def _is_real(value: Any) -> bool:
    """A number of any library, but not a truth value, nor a duration, which NumPy takes for a whole number."""
    return not isinstance(value, bool) and isinstance(value, numbers.Real | Decimal) and kind_of_numpy(value) != "m"


def _float(number: Any) -> float:
    """The nearest one; infinite beyond all of them, NaN for one that may not be touched (``Decimal("sNaN")``)."""
    try:
        return float(number)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan


def absent(value: Any) -> bool:
    """Whether a cell holds nothing: None, NaN of any library, NaT, or what pandas calls NA.

    >>> [absent(value) for value in (None, math.nan, Decimal("sNaN"), "", 0)]
    [True, True, True, False, False]
    """
    if value is None:
        return True
    try:
        return bool(value != value)
    except (TypeError, ArithmeticError):  # NA, and a signalling NaN
        return True
    except ValueError:  # an array
        return False


def _whole_number(number: Any, name: str) -> str:
    if isinstance(number, numbers.Integral):
        whole = int(number)
        if whole.bit_length() > 8 * MAX_ID_BYTES:
            raise RecordError(name, f"is a number of over {MAX_ID_BYTES} bytes")
        return str(whole)
    value = _float(number)
    if math.isnan(value):
        raise RecordError(name, "is missing (NaN)")
    if value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    reason = "too large to be exact" if abs(value) >= _EXACT else "not whole"
    raise RecordError(name, f"the number {value!r} is {reason}: write ids as text")


def number(value: Any, name: str) -> float | None:
    """A finite number; True is 1. Empty cells give None.

    >>> number("4.0", "overall"), number(True, "clicked"), number(" ", "rating")
    (4.0, 1.0, None)

    Raises:
        RecordError: NaN, infinite, or not a number.
    """
    if value is None or (isinstance(value, str) and (not value or value.isspace())):
        return None
    try:
        if isinstance(value, str) and len(value) > MAX_NUMBER_CHARS:
            raise RecordError(name, f"{short(value)} has over {MAX_NUMBER_CHARS} characters and is no number")
        if (isinstance(value, str) and "_" in value) or not (isinstance(value, str | bool) or _is_real(value)):
            raise ValueError  # Python's own "1_000" is no number in a file
        result = float(value)
    except (ValueError, OverflowError):
        comma = isinstance(value, str) and _WITH_COMMA.fullmatch(value.strip())
        hint = "; decimals are written with a point, as in 4.5, and thousands without a comma" if comma else ""
        raise RecordError(name, f"{short(value)} is not a number{hint}") from None
    if not math.isfinite(result):
        raise RecordError(name, f"is {result}, and a finite number is needed")
    return result


def timestamp(value: Any, name: str) -> datetime | None:
    """A moment in UTC, to the microsecond. Empty cells give None; a time without a zone is taken as UTC.

    Numbers, also as text, count from 1970: in seconds below 1e11, milliseconds below 1e14, microseconds below 1e17,
    else nanoseconds. Eight digits that are a calendar date (``20090913``) are that date. Text is ISO 8601 or Amazon's
    ``09 13, 2009``.

    >>> print(timestamp("09 13, 2009", "reviewTime"), timestamp(1252800000000, "at"))
    2009-09-13 00:00:00+00:00 2009-09-13 00:00:00+00:00

    Raises:
        RecordError: not a time, NaN, infinite, before 1970 or after 2099.
    """
    if value is None or (kind_of_numpy(value) == "M" and absent(value)):
        return None
    try:
        moment = _moment(value)
        if moment is None:
            return None
        if not EARLIEST <= moment < LATEST:
            raise OverflowError
    except OverflowError:
        raise RecordError(name, f"{short(value)} is no possible time: before 1970 or after 2099") from None
    except (ValueError, OSError, TypeError):
        raise RecordError(
            name, f"{short(value)} is not a time (Unix seconds or ms, ISO 8601, or MM DD, YYYY)"
        ) from None
    return moment


def isoformat(value: Any, name: str) -> str:
    """A moment of any library, or a day, in UTC as text; unlike an event, an item may be of any year.

    Raises:
        RecordError: it is beyond the years 1 to 9999.
    """
    try:
        moment = _moment(value)
    except (ValueError, OverflowError, TypeError):
        raise RecordError(name, f"{short(value)} is no possible time") from None
    return moment.isoformat() if moment else ""


def kind_of_numpy(value: Any) -> str | None:
    """NumPy's letter for what a value of its own is (``M`` a moment, ``m`` a duration); None for others."""
    kind: str | None = getattr(getattr(value, "dtype", None), "kind", None)
    return kind


def price(value: Any) -> float | None:
    """A price in whatever currency it is in; the lower end of a range; None for what is no price.

    >>> price("$1,234.56"), price("1.234,56 €"), price("$5.99 - $12.99"), price(".a-box{color:gray}")
    (1234.56, 1234.56, 5.99, None)
    """
    if _is_real(value):
        amount = _float(value)
        return amount if math.isfinite(amount) and amount >= 0 else None
    if not isinstance(value, str):
        return None
    text = value.strip()[:_PRICE_CHARS]
    if found := _PRICE_COMMA.match(text):
        return float(_SEPARATORS.sub("", found["whole"]) + "." + found["cents"])
    if found := _PRICE.match(text):
        return float(_SEPARATORS.sub("", found["whole"]) + (found["cents"] or ""))
    return None


def _moment(value: Any) -> datetime | None:
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        if len(text) > MAX_NUMBER_CHARS:
            raise ValueError
        return _unix_text(text) if text[0] in "0123456789.+-nNiI" and _is_number(text) else _calendar(text)
    if isinstance(value, datetime):
        return _in_utc(value)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if kind_of_numpy(value) == "M":
        moment = value.astype("datetime64[us]").item()
        if not isinstance(moment, datetime):
            raise OverflowError
        return _in_utc(moment)
    if not _is_real(value):
        raise TypeError
    if not isinstance(value, numbers.Integral):
        return _unix(float(value))
    count = int(value)
    return _unix_text(str(count)) if 19700101 <= count <= 20991231 else _unix(count)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _unix_text(text: str) -> datetime:
    if text.isdigit() and text.isascii():
        if len(text) == 8 and (found := _COMPACT.fullmatch(text)):
            return datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=UTC)
        if len(text) < 20:
            return _unix(int(text))
    return _unix(float(text))


def _unix(count: float) -> datetime:
    if not math.isfinite(count):
        raise ValueError
    if not 0 <= count < 1e20:
        raise OverflowError
    if count < 1e11:
        return datetime.fromtimestamp(count, UTC)
    if count < 1e14:
        return EARLIEST + timedelta(milliseconds=count)
    return EARLIEST + timedelta(microseconds=count if count < 1e17 else count // 1000)


def _calendar(text: str) -> datetime:
    if found := _AMAZON.fullmatch(text):
        return datetime(int(found[3]), int(found[1]), int(found[2]), tzinfo=UTC)
    return _in_utc(datetime.fromisoformat(text))


def _in_utc(moment: datetime) -> datetime:
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if type(moment) is datetime:
        return moment
    # A pandas Timestamp; its own conversion warns of nanoseconds.
    day = (moment.year, moment.month, moment.day)
    return datetime(*day, moment.hour, moment.minute, moment.second, moment.microsecond, UTC)
