"""Cells to clean values: ids, numbers, times and prices. Text is :mod:`kg.readers.markup`'s.

Each function takes whatever a cell may hold and the name of its column, returns None for an empty cell where that is
allowed, and raises :class:`kg.errors.RecordError` with the reason for what cannot be right.
"""

from __future__ import annotations

import math
import numbers
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from kg.errors import RecordError, short
from kg.readers.moments import BARE, PLAIN, Clock, Undated, unix
from kg.readers.moments import EARLIEST as EARLIEST
from kg.readers.moments import LATEST as LATEST
from kg.records import MAX_ID_BYTES, clean_id

MAX_NUMBER_CHARS = 1_000
"""A longer text is no number and no time."""
_BARE = f"{BARE:010}"
_PRICE_CHARS = 100  # that are looked at
_EXACT = 2**53  # up to here a float holds every whole number
_CURRENCY = r"(?:(?:[A-Z]{2,3}|Rs\.?|kr\.?|Kč|zł|[RAC](?=\$))\s?)?[$€£¥₹₩₽₺₫]?\s?"
_ALONE = r"(?![\d.,'’]*\d|\s?[kKmM](?:\b|ln|io|illion)|[-/]\d+[-/]\d)"
"""No further digits, no thousands or millions, no date."""
_PRICE = re.compile(rf"{_CURRENCY}(?P<whole>\d{{1,3}}(?:[,\s'’]\d{{3}})+|\d+)(?P<cents>\.\d+)?{_ALONE}")
_WITH_COMMA = re.compile(r"[+-]?\d*(?:[.,]\d+)*,\d+(?:\.\d+)?")
_SEPARATORS = re.compile(r"[.,\s'’]")
_PRICE_COMMA = re.compile(rf"{_CURRENCY}(?P<whole>\d{{1,3}}(?:[.\s'’]\d{{3}})+|\d+),(?P<cents>\d\d){_ALONE}")
_ROUNDED = re.compile(r"[+-]?\d(?:[.,](\d*))?[eE]\+(\d{2,3})")


class Missing(RecordError):
    """A cell that stands for none, such as ``NA``."""

    def __init__(self, field: str, code: str) -> None:
        super().__init__(field, f"is missing ({short(code)})")


def identifier(value: Any, name: str) -> str:
    """An id as text: whole numbers without a point, text without the white space around it, otherwise unchanged.

    >>> identifier(" B00005N7P0 ", "asin"), identifier(42, "user"), identifier(42.0, "user")
    ('B00005N7P0', '42', '42')

    Raises:
        RecordError: missing, empty, with a NUL or a lone surrogate, over 1,024 bytes, no id at all (a list, 1.5), or a
            number that lost digits (:func:`is_rounded`).
    """
    if type(value) is str:
        text = value.strip()
        if text.isascii() and 0 < len(text) <= MAX_ID_BYTES and "\0" not in text and "+" not in text:
            return text
        return _whole(clean_id(value, name), name)
    if absent(value):
        raise RecordError(name, "is missing")
    if isinstance(value, bytes):
        try:
            return _whole(clean_id(value.decode(), name), name)
        except UnicodeDecodeError:
            raise RecordError(name, "is not valid UTF-8") from None
    if isinstance(value, str | UUID):
        return _whole(clean_id(str(value), name), name)
    if _is_real(value):
        return _whole_number(value, name)
    raise RecordError(name, f"{short(value)} is no id: text or a whole number is needed")


def is_rounded(id: str) -> bool:
    """Whether an id is what spreadsheets and data frames make of a long number, whose last digits are lost: one digit,
    decimals, and an exponent beyond them with a sign and two figures. ``1E5`` is an id like others.

    >>> [is_rounded(id) for id in ("1.23E+12", "9,78014E+12", "1e+16", "1E5", "1.5E+01", "4.2E-07", "A1.5E+12")]
    [True, True, True, False, False, False, False]
    """
    found = _ROUNDED.fullmatch(id)
    return found is not None and len(found[1] or "") < int(found[2])


def _whole(id: str, name: str) -> str:
    if is_rounded(id):
        raise RecordError(
            name, f"{id} is a long number that a spreadsheet has rounded, and many ids are one so: export it as text"
        )
    return id


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


def timestamp(value: Any, name: str, clock: Clock = PLAIN) -> datetime | None:
    """A moment in UTC, to the microsecond. Empty cells give None; a time without a zone is taken as UTC.

    Numbers, also as text, count from 1970: in seconds below 1e11, milliseconds below 1e14, microseconds below 1e17,
    else nanoseconds; what is below 1e8 says no time. Digits that are a calendar date (``2009``, ``20090913``,
    ``200909131405``) are that date. Text is ISO 8601, or a date in words or figures: see :mod:`kg.readers.moments`.

    >>> print(timestamp("Wed Feb 24 01:18:40 -0800 2016", "date_added"), timestamp(1252800000000, "at"))
    2016-02-24 09:18:40+00:00 2009-09-13 00:00:00+00:00

    Raises:
        Undated: a number that says no time.
        RecordError: not a time, NaN, infinite, before 1970 or after 2099.
    """
    if type(value) is str and len(value) == 10 and value.isdigit() and value.isascii() and clock.form is None:
        moment: datetime | None = unix(int(value))  # the usual case, fast; no date is written in ten digits
        if value < _BARE:
            moment = calendar(value, name, clock)
    else:
        moment = calendar(value, name, clock)
    if moment is not None and not EARLIEST <= moment < LATEST:
        raise _impossible(value, name)
    return moment


def calendar(value: Any, name: str, clock: Clock = PLAIN) -> datetime | None:
    """The same of any year that a calendar has."""
    if value is None or (kind_of_numpy(value) == "M" and absent(value)):
        return None
    try:
        return _moment(value, clock)
    except Undated as error:
        raise Undated(name, error.reason) from None
    except RecordError as error:
        raise RecordError(name, error.reason) from None
    except OverflowError:
        raise _impossible(value, name) from None
    except (ValueError, OSError, TypeError):
        if clock.form is not None:
            raise RecordError(name, f"{short(value)} is no time as at_format says: {clock.form}") from None
        raise RecordError(
            name,
            f"{short(value)} is not a time (Unix seconds or ms, ISO 8601, a date in words or figures); at_format says "
            "others",
        ) from None


def _impossible(value: Any, name: str) -> RecordError:
    return RecordError(name, f"{short(value)} is no possible time: before 1970 or after 2099")


def isoformat(value: Any, name: str) -> str:
    """A moment of any library, or a day, in UTC as text; unlike an event, an item may be of any year.

    Raises:
        RecordError: it is beyond the years 1 to 9999.
    """
    try:
        moment = _moment(value, PLAIN)
    except (ValueError, OverflowError, TypeError, RecordError):
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


def _moment(value: Any, clock: Clock) -> datetime | None:
    if isinstance(value, str):
        text = value.strip()
        if len(text) > MAX_NUMBER_CHARS:
            raise ValueError
        return clock.text(text) if text else None
    if isinstance(value, datetime):
        return clock.local(value)
    if isinstance(value, date):
        return clock.local(datetime(value.year, value.month, value.day))
    if kind_of_numpy(value) == "M":
        moment = value.astype("datetime64[us]").item()
        if not isinstance(moment, datetime):
            raise OverflowError
        return clock.local(moment)
    if not _is_real(value):
        raise TypeError
    return clock.count(int(value) if isinstance(value, numbers.Integral) else float(value))
