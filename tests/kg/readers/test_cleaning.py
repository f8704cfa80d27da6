"""Every rule of cleaning against values worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import RecordError
from kg.readers.cells import scalar
from kg.readers.cleaning import identifier, number, price, timestamp

THE_DAY = datetime(2009, 9, 13, tzinfo=UTC)  # Unix second 1252800000


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("B00005N7P0", "B00005N7P0"),
        ("  a b \n", "a b"),
        ('quote " brace { \n newline', 'quote " brace { \n newline'),
        ("Zoë 🎬", "Zoë 🎬"),
        ("e\u0301", "e\u0301"),  # an id is the caller's own: its Unicode form stays
        ("007", "007"),
        (7, "7"),
        (7.0, "7"),
        (-0.0, "0"),
        (np.int64(7), "7"),
        (np.float32(7), "7"),
        (2**60 + 1, "1152921504606846977"),
        (b"abc", "abc"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ("x" * 1024, "x" * 1024),
        ("é" * 512, "é" * 512),
    ],
)
def test_identifiers(cell: Any, expected: str) -> None:
    assert identifier(cell, "user") == expected


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (None, "missing"),
        ("", "empty"),
        (" \t\n", "empty"),
        (float("nan"), "missing"),
        (float("inf"), "too large"),
        (1.5, "not whole"),
        (1e30, "too large"),
        ("a\0b", "NUL"),
        ("x" * 1025, "1025 bytes"),
        ("é" * 513, "1026 bytes"),
        ("a\ud800", "surrogate"),
        (b"\xff", "UTF-8"),
        (True, "no id"),
        ([1], "no id"),
        ({"a": 1}, "no id"),
        (np.timedelta64(5, "s"), "no id"),  # NumPy registers it as a whole number
        (pd.NA, "missing"),
        (Decimal("sNaN"), "missing"),
        (Fraction(10**400, 3), "too large"),
        pytest.param(10**5000, "over 1024 bytes", id="5001 digits"),
    ],
)
def test_what_is_no_identifier(cell: Any, reason: str) -> None:
    with pytest.raises(RecordError, match=reason) as caught:
        identifier(cell, "reviewerID")
    assert caught.value.field == "reviewerID"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("4.0", 4.0),
        (" 4 ", 4.0),
        ("-1e3", -1000.0),
        (5, 5.0),
        (True, 1.0),
        (Decimal("2.5"), 2.5),
        ("", None),
        (" ", None),
        (None, None),
        (np.float32(0.5), 0.5),
    ],
)
def test_numbers(cell: Any, expected: float | None) -> None:
    assert number(cell, "rating") == expected


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("nan", "finite"),
        ("-inf", "finite"),
        (float("inf"), "finite"),
        (float("nan"), "finite"),
        ("1e999", "finite"),
        ("five", "not a number"),
        ("1_000", "not a number"),
        ("4,5", "'4,5' is not a number; decimals are written with a point"),
        ("1.234,5", "with a point"),
        ("1,234.5", "without a comma"),
        ("4,five", "not a number$"),
        ([4], "not a number"),
        (b"4", "not a number"),
        (np.timedelta64(5, "s"), "not a number"),
        (Decimal("sNaN"), "not a number"),
        pytest.param(10**5000, "not a number", id="5001 digits"),
    ],
)
def test_what_is_no_number(cell: Any, reason: str) -> None:
    with pytest.raises(RecordError, match=reason):
        number(cell, "rating")


@pytest.mark.parametrize(
    "cell",
    [
        1252800000,
        1252800000.0,
        "1252800000",
        "1.2528e9",
        1252800000_000,
        "1252800000000",
        1252800000_000_000,
        1252800000_000_000_000,
        "1252800000000000000",
        "20090913",
        20090913,
        "2009-09-13",
        "2009-09-13T00:00:00Z",
        "2009-09-13 02:00:00+02:00",
        "2009-09-12T19:00:00-05:00",
        "2009-09-13 00:00:00",
        "09 13, 2009",
        "9 13, 2009",
        " 09 13, 2009 ",
        THE_DAY,
        THE_DAY.replace(tzinfo=None),
        THE_DAY.astimezone(timezone(timedelta(hours=9))),
        date(2009, 9, 13),
        np.int64(1252800000),
        Decimal(1252800000),
    ],
)
def test_one_day_in_all_its_forms(cell: Any) -> None:
    moment = timestamp(cell, "at")
    assert moment == THE_DAY
    assert moment is not None
    assert moment.tzinfo is UTC


def test_fractions_of_a_second() -> None:
    assert timestamp("1252800000.25", "at") == THE_DAY + timedelta(milliseconds=250)
    assert timestamp(1252800000_250, "at") == THE_DAY + timedelta(milliseconds=250)
    assert timestamp("1252800000123456789", "at") == THE_DAY + timedelta(microseconds=123456)
    assert timestamp("2019-11-24 00:03:13.442536+00:00", "at") == datetime(2019, 11, 24, 0, 3, 13, 442536, UTC)


@pytest.mark.parametrize("cell", [None, "", "  "])
def test_no_time_is_no_error(cell: Any) -> None:
    assert timestamp(cell, "at") is None


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (-1, "possible"),
        ("-86400", "possible"),
        ("1969-12-31T23:59:59Z", "possible"),
        ("1970-01-01T00:00:00+01:00", "possible"),
        ("2100-01-01", "possible"),
        (4102444800, "possible"),  # 2100-01-01 in seconds, and not yet a number of milliseconds
        (1e25, "possible"),
        ("9" * 400, "is not a time"),  # infinite as a number
        ("0001-01-01T00:00:00+14:00", "possible"),
        (float("nan"), "not a time"),
        (float("inf"), "not a time"),
        ("nan", "not a time"),
        ("yesterday", "not a time"),
        ("2009-02-30", "not a time"),
        ("02 30, 2009", "not a time"),
        ("13 13, 2009", "not a time"),
        (True, "not a time"),
        ([], "not a time"),
    ],
)
def test_impossible_times(cell: Any, reason: str) -> None:
    with pytest.raises(RecordError, match=reason):
        timestamp(cell, "unixReviewTime")


@given(st.datetimes(datetime(1973, 3, 4), datetime(2099, 12, 31)))
def test_every_unit_of_unix_time_is_told_apart(moment: datetime) -> None:
    second = moment.replace(microsecond=0, tzinfo=UTC)
    count = int(second.timestamp())
    for unit in (1, 10**3, 10**6, 10**9):
        assert timestamp(count * unit, "at") == second
        assert timestamp(str(count * unit), "at") == second


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("$1,234.56", 1234.56),
        ("$12", 12.0),
        (" $ 0.99 ", 0.99),
        ("12.5", 12.5),
        ("1,234,567", 1234567.0),
        ("1.234,56 €", 1234.56),
        ("12,50", 12.5),
        ("USD 15.00", 15.0),
        ("$5.99 - $12.99", 5.99),
        (7, 7.0),
        (7.5, 7.5),
        (-3, None),
        (float("nan"), None),
        ("", None),
        ("free", None),
        (".a-box-inner{background-color:#fff}", None),
        ("1.2.3", None),
        (None, None),
        (True, None),
    ],
)
def test_prices(cell: Any, expected: float | None) -> None:
    assert price(cell) == expected


@pytest.mark.parametrize("unit", ["D", "h", "s", "ms", "us", "ns"])
def test_moments_of_numpy_are_no_numbers(unit: str) -> None:
    """One in nanoseconds came to be the number of them."""
    moment = np.datetime64("2009-09-13", unit)
    assert timestamp(moment, "at") == datetime(2009, 9, 13, tzinfo=UTC)
    assert scalar(moment, "released") == "2009-09-13T00:00:00+00:00"
    assert timestamp(np.datetime64("NaT", unit), "at") is None
    assert scalar(np.datetime64("NaT", unit), "released") is None
    with pytest.raises(RecordError, match="not a number"):
        scalar(np.timedelta64(5, unit), "lasts")


@pytest.mark.parametrize("moment", [date(1950, 1, 2), datetime(1950, 1, 2), pd.Timestamp(1950, 1, 2)])
def test_an_item_may_be_older_than_any_event(moment: Any) -> None:
    assert scalar(moment, "released") == "1950-01-02T00:00:00+00:00"
    with pytest.raises(RecordError, match="before 1970"):
        timestamp(moment, "at")


@pytest.mark.parametrize(
    "moment", [np.datetime64(5 * 10**17, "s"), datetime.min.replace(tzinfo=timezone(timedelta(hours=5)))]
)
def test_a_moment_beyond_all_years(moment: Any) -> None:
    for read in (timestamp, scalar):
        with pytest.raises(RecordError, match="no possible time"):
            read(moment, "at")
