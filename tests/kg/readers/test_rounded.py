"""Long numbers that a spreadsheet has rounded are no ids, by every door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kg.errors import RecordError
from kg.readers import (
    AttributeColumn,
    ItemMapping,
    read_events,
    read_items,
    read_links,
    read_social,
    read_triples,
    read_users,
)
from kg.readers.cleaning import identifier, is_rounded
from kg.records import Interaction, ItemRecord, Reject


@pytest.mark.parametrize("id", ["1.23E+12", "9,78014E+12", "1E+12", "1e+16", "-1.5E+11", "9.99999e+308", " 1.2E+08 "])
def test_a_number_whose_digits_are_lost_is_no_id(id: str) -> None:
    with pytest.raises(RecordError, match="a spreadsheet has rounded"):
        identifier(id, "user")


@pytest.mark.parametrize(
    "id", ["1E5", "1E12", "12E+3", "1.5E+01", "1.25E+02", "4.2E-07", "a+b", "+49 30", "C++", "E+12"]
)
def test_other_ids_with_the_same_marks_stay(id: str) -> None:
    assert identifier(id, "user") == id
    assert not is_rounded(id)


ROWS = [{"user": "a", "item": "1.23E+12"}, {"user": "1.23E+12", "item": "b"}, {"user": "a", "item": "b"}]


def doors(folder: Path) -> dict[str, Any]:
    (folder / "e.csv").write_text("user,item\n" + "".join(f"{row['user']},{row['item']}\n" for row in ROWS))
    typed = [Interaction(row["user"], row["item"], "LIKED", "") for row in ROWS]
    return {"file": folder / "e.csv", "rows": ROWS, "frame": pd.DataFrame(ROWS), "records": typed}


@pytest.mark.parametrize("door", ["file", "rows", "frame", "records"])
def test_events_are_rejected_with_the_reason(door: str, tmp_path: Path) -> None:
    found = list(read_events(doors(tmp_path)[door]))
    assert [own.reason for own in found if isinstance(own, Reject)] == [
        "1.23E+12 is a long number that a spreadsheet has rounded, and many ids are one so: export it as text"
    ] * 2
    assert sum(isinstance(own, Interaction) for own in found) == 1


def test_every_other_verb_refuses_them_too() -> None:
    rounded = "4.5E+11"
    readers: list[tuple[Any, dict[str, str]]] = [
        (read_items, {"item": rounded, "title": "x"}),
        (read_users, {"user": rounded, "age": "3"}),
        (read_social, {"user": "a", "friend": rounded}),
        (read_links, {"item": rounded, "entity": "e"}),
        (read_triples, {"head": rounded, "relation": "r", "tail": "t"}),
    ]
    for read, row in readers:
        assert [type(own) for own in read([row])] == [Reject], read


def test_in_a_list_of_other_items_it_costs_the_cell() -> None:
    mapping = ItemMapping("item", related=(AttributeColumn("similar", "SIMILAR"),))
    (item,) = read_items([{"item": "a", "similar": "b|1.23E+12|c"}], mapping)
    assert isinstance(item, ItemRecord)
    assert [own.item_id for own in item.related] == ["b", "c"]
    assert [note.kind for note in item.notes] == ["left out"]
