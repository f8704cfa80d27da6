"""What columns hold: times as an ingest reads them, and values that may stand for none."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.readers.form import Form
from recommender import inspect
from recommender.inspection.columns import ColumnTally
from recommender.inspection.ids import of
from recommender.inspection.times import TimesFound


def times(folder: Path, cells: list[str], form: Form | None = None) -> tuple[TimesFound, list[str]]:
    rows = "".join(f"u{number};i;{cell}\n" for number, cell in enumerate(cells))
    (folder / "t.csv").write_text("user;item;at\n" + rows)
    found = inspect(folder / "t.csv", form=form)
    (column,) = (own for own in found.files[0].columns if own.role == "at")
    assert column.times is not None
    return column.times, found.suspicions


@pytest.mark.parametrize(
    ("cells", "form", "said"),
    [
        (["2024-05-01T12:00:00Z"], None, ("ISO 8601", "stated")),
        (["2024-05-01 12:00"], Form(zone="Europe/Berlin"), ("ISO 8601", "none stated: Europe/Berlin")),
        (["1714564800"], None, ("Unix seconds", "UTC")),
        (["1714564800000"], None, ("Unix milliseconds", "UTC")),
        (["20240501"], None, ("YYYYMMDD", "none stated: UTC")),
        (["13/07/2020", "01/02/2020"], None, ("day first, in figures", "none stated: UTC")),
        (["01/02/2020"], Form(at_format="month-first"), ("month first, in figures", "none stated: UTC")),
        (["Wed Feb 24 01:18:40 -0800 2016"], None, ("month in words", "stated")),
        (["43831"], Form(at_format="excel"), ("Excel days", "none stated: UTC")),
        (["01|05|24"], Form(at_format="%d|%m|%y"), ("%d|%m|%y", "none stated: UTC")),
        (["12"], Form(at_format="offset:days"), ("days since an unknown start", "none")),
    ],
)
def test_the_form_and_the_zone_of_times(
    tmp_path: Path, cells: list[str], form: Form | None, said: tuple[str, str]
) -> None:
    found, _ = times(tmp_path, cells, form)
    assert (found.form, found.zone) == said
    assert found.read == len(cells)


def test_times_that_are_none_are_counted_by_what_is_wrong(tmp_path: Path) -> None:
    cells = ["2024-05-01", "43831", "1955-01-01", "2150-01-01", "never", "NA", "", "2098-01-01"]
    found, doubts = times(tmp_path, cells)
    assert (found.read, found.unread, found.future) == (2, 4, 1)
    assert (found.undated, found.before_1970, found.after_2099) == (1, 1, 1)
    assert any("4 times (66.7 %) cannot be read" in doubt for doubt in doubts)


def test_a_day_that_may_be_a_month_is_said_with_the_option_and_hides_nothing_else(tmp_path: Path) -> None:
    found, doubts = times(tmp_path, ["01/02/2020", "03/04/2020"])
    assert (found.read, found.first) == (0, None)
    assert any("at_format=" in doubt and "day-first" in doubt for doubt in doubts)
    (file,) = inspect(tmp_path / "t.csv").files
    assert (file.records, file.kinds[0].kind) == (2, "INTERACTED")


@pytest.mark.parametrize(
    ("cells", "codes"),
    [
        ([*range(1950, 2000), 0, 0], {"0": 2}),
        ([*range(18, 60), -1], {"-1": 1}),
        ([*range(1, 40), 999, 999], {"999": 2}),
        ([1, 2, 3, 4, 5] * 4 + [0, 0, 0], {"0": 3}),
        ([0, 1] * 20, {}),
        ([0, 0, 0, 1, 2, 3, 50], {}),
        ([*range(-10, 11)], {}),
        ([*range(90, 110)], {}),
        ([3, 3, 3], {}),
        ([0, 0], {}),
        (["2024-01-01", "2024-01-02", "9999-12-31"], {"9999-12-31": 1}),
        (["1900-01-01", "1900-01-01", "1950-05-05", "1960-01-01"], {"1900-01-01": 2}),
        (["1900-01-01", "1950-05-05"], {}),
        (["red", "?", "blue", "?"], {"?": 2}),
    ],
)
def test_codes_for_none_stand_apart(cells: list[object], codes: dict[str, int]) -> None:
    tally = ColumnTally("x", "property")
    for cell in cells:
        tally.add(str(cell))
    assert tally.found("").codes == codes


def test_codes_are_said_with_the_option_that_empties_them(tmp_path: Path) -> None:
    rows = "".join(f"i{number},{1950 + number}\n" for number in range(30))
    (tmp_path / "a.csv").write_text("item_id,year\n" + rows + "x,0\ny,0\n")
    (doubt,) = inspect(tmp_path / "a.csv").suspicions
    assert "year is 0 in 2 cells" in doubt
    assert "missing={'year': '0'}" in doubt
    assert inspect(tmp_path / "a.csv", form=Form(missing={"year": ("0",)})).suspicions == []


@pytest.mark.parametrize(
    ("mine", "theirs", "why"),
    [
        ("12", "0012", "leading zeros"),
        ("12.0", "12", "a decimal point"),
        ("b7", "B7", "case"),
        ("\ufeff12", "12", "a byte order mark"),
        ('"12"', "12", "quotes"),
        ("A 7", "A7", "blanks"),
        ("item_12", "12", "a prefix"),
        ("tt0012", "12", "a prefix and leading zeros"),
        ("https://www.imdb.com/title/tt0111161/", "tt0111161", "an address"),
        ("http://x.org/Lamp", "lamp", "an address and case"),
        ("u1", "alice", None),
        ("12", "13", None),
        ("bob-smith", "ann-smith", None),
    ],
)
def test_what_makes_ids_differ_is_named(mine: str, theirs: str, why: str | None) -> None:
    found = of([mine]).among(of([theirs]))
    assert (found.ids, found.others, found.found) == (1, 1, 0)
    assert found.near == ({} if why is None else {why: 1})
    back = of([theirs]).among(of([mine]))
    assert back.near == found.near
