"""Columns that only some rows have: keys far down, and those that are marked as optional."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kg.errors import ReadError
from kg.readers import EventMapping, ItemMapping, UserMapping, read_events, read_items, read_users
from kg.records import Interaction, ItemRecord, UserRecord

ROWS: list[dict[str, Any]] = [{"id": f"i{row}", "name": "n"} for row in range(1_500)]
ROWS[1_400] |= {"score": 87, "maker": {"name": "Möller"}}


def lines(path: Path) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def literals(path: Path) -> Path:
    path.write_text("".join(f"{row}\n" for row in ROWS))
    return path


def document(path: Path) -> Path:
    path.write_text(json.dumps({"films": ROWS}, indent=1))
    return path


def keyed(path: Path) -> Path:
    path.write_text("\n".join("".join(f"{key}: {value}\n" for key, value in row.items()) for row in ROWS))
    return path


def parts(path: Path) -> Any:
    several = [path.with_suffix(".1"), path.with_suffix(".2")]
    for part, rows in zip(several, (ROWS[:700], ROWS[700:]), strict=True):
        part.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return several


def in_memory(path: Path) -> Any:
    return ROWS


MAPPING = ItemMapping("id", attributes=("maker.name?:MADE_BY=maker", "nobody?"), properties=("score", "sequel?"))


@pytest.mark.parametrize("written", [lines, literals, document, parts, in_memory])
def test_a_key_far_down_is_found(written: Callable[[Path], Any], tmp_path: Path) -> None:
    found = [own for own in read_items(written(tmp_path / "films"), MAPPING) if isinstance(own, ItemRecord)]
    assert len(found) == len(ROWS)
    assert {own.id: own.properties for own in found if own.properties} == {"i1400": {"score": 87}}
    named = {own.id: [(one.relation, one.value) for one in own.attributes] for own in found if own.attributes}
    assert named == {"i1400": [("MADE_BY", "Möller")]}


def test_a_key_far_down_in_records_of_lines_is_found(tmp_path: Path) -> None:
    found = list(read_items(keyed(tmp_path / "films"), ItemMapping("id", properties=("score", "sequel?"))))
    assert [own.properties for own in found if isinstance(own, ItemRecord) and own.properties] == [{"score": 87}]


def test_a_key_that_no_row_has_is_an_error(tmp_path: Path) -> None:
    for written in (lines, document, keyed, parts, in_memory):
        with pytest.raises(ReadError, match="there is no column 'scores'; the columns are: id, name"):
            list(read_items(written(tmp_path / "films"), ItemMapping("id", properties=("scores",))))


def test_optional_columns_stand_wherever_a_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,film,stars\nann,a,5\n")
    mapping = EventMapping(user="uid?|name", item="film", value="stars?", at="when?", context=("device?",))
    (event,) = [own for own in read_events(tmp_path / "a.csv", mapping) if isinstance(own, Interaction)]
    assert (event.user_id, event.value, event.at, dict(event.context)) == ("ann", 5.0, None, {})
    people = UserMapping("name", attributes=("job?",), properties=("age?", "stars?"), friends=("circle?",))
    (person,) = [own for own in read_users(tmp_path / "a.csv", people) if isinstance(own, UserRecord)]
    assert (person.id, person.properties, person.attributes) == ("ann", {"stars": 5}, ())


def test_a_column_whose_name_ends_so_is_itself(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,Seen?\na,yes\n")
    (item,) = read_items(tmp_path / "a.csv", ItemMapping("id", properties=("Seen?",)))
    assert isinstance(item, ItemRecord)
    assert list(item.properties.values()) == ["yes"]


def test_what_is_needed_cannot_be_missing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,film\nann,a\n")
    with pytest.raises(ReadError, match="no column is known as the user"):
        list(read_events(tmp_path / "a.csv", EventMapping(user="uid?", item="film")))
    with pytest.raises(ReadError, match="there is no column 'uid"):
        list(read_items(tmp_path / "a.csv", ItemMapping("uid?")))
