"""Times in the forms in which data sets publish them; every right value is worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kg.errors import ReadError, RecordError
from kg.readers import EventMapping, read_events
from kg.readers.cleaning import timestamp
from kg.readers.form import Form
from kg.readers.moments import Clock, Undated
from kg.records import Interaction, Reject, event_hash


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wed Feb 24 01:18:40 -0800 2016", at(2016, 2, 24, 9, 18, 40)),  # Goodreads
        ("11/11/2019 9:05:58 AM", at(2019, 11, 11, 9, 5, 58)),  # MIND
        ("11/13/2019 12:05:58 AM", at(2019, 11, 13, 0, 5, 58)),
        ("13/07/2020 12:30 pm", at(2020, 7, 13, 12, 30)),
        ("13.07.20 8:26", at(2020, 7, 13, 8, 26)),
        ("2019-10-01 00:00:00 UTC", at(2019, 10, 1)),  # REES46
        ("2016/2/4 1:18 PM", at(2016, 2, 4, 13, 18)),
        ("Feb 24, 2016", at(2016, 2, 24)),
        ("24-Feb-2016 13:05", at(2016, 2, 24, 13, 5)),
        ("Wed, 24 Feb 2016 01:18:40 GMT", at(2016, 2, 24, 1, 18, 40)),
        ("09 13, 2009", at(2009, 9, 13)),  # Amazon
        ("202405011011", at(2024, 5, 1, 10, 11)),
        ("20240501101112", at(2024, 5, 1, 10, 11, 12)),
        ("2024", at(2024, 1, 1)),
        (20240501, at(2024, 5, 1)),
        ("1714559472", at(2024, 5, 1, 10, 31, 12)),
        ("1714559472000000000", at(2024, 5, 1, 10, 31, 12)),
        ("2024-10-27T02:30:00+02:00", at(2024, 10, 27, 0, 30)),
        ("2024-10-27T02:30:00+01:00", at(2024, 10, 27, 1, 30)),
    ],
)
def test_forms(text: Any, expected: datetime) -> None:
    assert timestamp(text, "at") == expected


@pytest.mark.parametrize("cell", ["43831", 43831.5, "0", 7, "99999999"])
def test_a_bare_number_says_no_time(cell: Any) -> None:
    with pytest.raises(Undated, match="excel, unix or offset"):
        timestamp(cell, "at")


@pytest.mark.parametrize("text", ["Feb 30, 2016", "13:05", "13/13/2020", "2020-02-30", "25/07/2020 13:05 PM", "abc"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(RecordError, match="not a time"):
        timestamp(text, "at")


@pytest.mark.parametrize(
    ("form", "cell", "expected"),
    [
        ("excel", "43831.5", at(2020, 1, 1, 12)),
        ("excel", 43831, at(2020, 1, 1)),
        ("unix", "86400", at(1970, 1, 2)),
        ("offset", 90, at(1970, 1, 1, 0, 1, 30)),
        ("offset:days", "2", at(1970, 1, 3)),
        ("day-first", "01/02/2020", at(2020, 2, 1)),
        ("month-first", "01/02/2020", at(2020, 1, 2)),
        ("%d|%m|%y", "03|04|21", at(2021, 4, 3)),
        ("%Y%j", 2020032, at(2020, 2, 1)),
    ],
)
def test_stated_forms(form: str, cell: Any, expected: datetime) -> None:
    assert timestamp(cell, "at", Clock(form)) == expected


def test_zones() -> None:
    berlin = Clock(zone="Europe/Berlin")
    assert timestamp("2024-07-01 12:00", "at", berlin) == at(2024, 7, 1, 10)
    assert timestamp("2024-01-01 12:00", "at", berlin) == at(2024, 1, 1, 11)
    assert timestamp("2024-07-01 12:00Z", "at", berlin) == at(2024, 7, 1, 12)
    assert timestamp("1719828000", "at", berlin) == at(2024, 7, 1, 10)  # counts have no zone
    assert timestamp(pd.Timestamp("2024-07-01 12:00"), "at", berlin) == at(2024, 7, 1, 10)


@pytest.mark.parametrize(("given", "field"), [({"at_format": "dayfirst"}, "at_format"), ({"zone": "Mars"}, "zone")])
def test_forms_that_are_none(given: dict[str, str], field: str) -> None:
    with pytest.raises(RecordError) as error:
        Form(**given)  # type: ignore[arg-type]
    assert error.value.field == field


def events(cells: list[Any], door: str, tmp_path: Path, form: Form | None = None) -> list[Interaction]:
    """The events of these times, by a door."""
    frame = pd.DataFrame({"user": ["u"] * len(cells), "item": [f"i{n}" for n in range(len(cells))], "at": cells})
    source: Any = frame
    if door == "dicts":
        source = frame.to_dict("records")
    elif door == "csv":
        source = tmp_path / "e.csv"
        frame.to_csv(source, index=False)
    elif door == "json":
        source = tmp_path / "e.jsonl"
        frame.to_json(source, orient="records", lines=True)
    read = list(read_events(source, form=form))
    assert not [row for row in read if isinstance(row, Reject)]
    return [row for row in read if isinstance(row, Interaction)]


DOORS = pytest.mark.parametrize("door", ["frame", "dicts", "csv", "json"])


@DOORS
def test_one_order_for_the_whole_file(door: str, tmp_path: Path) -> None:
    read = events(["01/02/2020"] * 3000 + ["13/02/2020"], door, tmp_path)
    assert {event.at for event in read} == {at(2020, 2, 1), at(2020, 2, 13)}


@DOORS
def test_an_order_that_nobody_can_know_is_an_error(door: str, tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"at_format=.*day-first or month-first"):
        events(["01/02/2020", "03/04/2020"], door, tmp_path)
    read = events(["01/02/2020", "03/04/2020"], door, tmp_path, Form(at_format="day-first"))
    assert [event.at for event in read] == [at(2020, 2, 1), at(2020, 4, 3)]
    assert [event.at for event in events(["05/05/2020"], door, tmp_path)] == [at(2020, 5, 5)]  # either way


def test_two_orders_in_a_column_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="1 cells and the month in 1"):
        events(["13/02/2020", "02/13/2020"], "csv", tmp_path)


@DOORS
def test_bare_numbers_leave_events_undated(door: str, tmp_path: Path) -> None:
    read = events([43831, 43832], door, tmp_path)
    assert [(event.at, event.notes[0].kind) for event in read] == [(None, "undated")] * 2
    assert read[0].event_id == event_hash("u", "i0", "INTERACTED", None, None, None)
    read = events([43831, 43832], door, tmp_path, Form(at_format="excel"))
    assert [event.at for event in read] == [at(2020, 1, 1), at(2020, 1, 2)]


@DOORS
def test_years_among_offsets_are_none(door: str, tmp_path: Path) -> None:
    assert [event.at for event in events([0, 7, 2024], door, tmp_path)] == [None] * 3
    assert [event.at for event in events([2023, 2024], door, tmp_path)] == [at(2023, 1, 1), at(2024, 1, 1)]


@pytest.mark.parametrize("column", ["date_added", "t_dat", "eventdate", "event_date", "Timestamp"])
def test_columns_of_times(column: str) -> None:
    (event,) = read_events([{"user": "u", "item": "i", column: "2020-01-02"}])
    assert isinstance(event, Interaction)
    assert event.at == at(2020, 1, 2)


def test_a_date_and_a_time_of_two_columns(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text("user,item,date,time\nu,i,13/07/2020,9:05 PM\n")
    (event,) = read_events(path, EventMapping(at="date+time"), form=Form(zone="Europe/Berlin"))
    assert isinstance(event, Interaction)
    assert event.at == at(2020, 7, 13, 19, 5)


def test_several_patterns_and_one_without_a_year(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        'user,item,at\na,1,"Posted November 5, 2011."\na,2,Posted February 29.\na,3,yesterday\n'
    )
    form = Form(at_format="Posted %B %d, %Y.|Posted %B %d.")
    dated, undated, refused = read_events(tmp_path / "a.csv", form=form)
    assert isinstance(dated, Interaction) and dated.at == datetime(2011, 11, 5, tzinfo=UTC)  # noqa: PT018
    assert isinstance(undated, Interaction) and undated.at is None  # noqa: PT018
    assert [(note.field, note.kind) for note in undated.notes] == [("at", "undated")]
    assert isinstance(refused, Reject) and refused.field == "at"  # noqa: PT018
