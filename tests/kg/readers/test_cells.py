"""What cells stand for: none, ids, entities, numbers, lists; by every door and with values worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kg.names import name_key
from kg.readers import (
    AttributeColumn,
    EventMapping,
    ItemMapping,
    UserMapping,
    read_events,
    read_items,
    read_links,
    read_lists,
    read_social,
    read_triples,
    read_users,
)
from kg.readers.cells import list_in, split
from kg.readers.columns import Column, holds_codes, holds_prices
from kg.readers.form import Form
from kg.readers.markup import clean_text
from kg.records import Interaction, ItemRecord, Reject, Tie, UserRecord


def through(rows: list[dict[str, Any]], door: str, tmp_path: Path) -> Any:
    """Rows as a source of this form."""
    frame = pd.DataFrame(rows)
    if door == "frame":
        return frame
    if door == "csv":
        frame.to_csv(tmp_path / "rows.csv", index=False)
        return tmp_path / "rows.csv"
    if door == "json":
        frame.to_json(tmp_path / "rows.jsonl", orient="records", lines=True)
        return tmp_path / "rows.jsonl"
    return rows


DOORS = pytest.mark.parametrize("door", ["frame", "dicts", "csv", "json"])


def items(source: Any, mapping: ItemMapping | None = None, form: Form | None = None) -> dict[str, ItemRecord]:
    read = list(read_items(source, mapping, form=form))
    assert not [one for one in read if isinstance(one, Reject)]
    return {one.id: one for one in read if isinstance(one, ItemRecord)}


@DOORS
@pytest.mark.parametrize("code", ["NA", "N/A", "NULL", "None", "nan", "Unknown", "\\N", "-"])
def test_codes_for_none(code: str, door: str, tmp_path: Path) -> None:
    rows = [{"user": "u", "item": "i"}, {"user": code, "item": "i"}, {"user": "u", "item": code}]
    first, *others = read_events(through(rows, door, tmp_path))
    assert isinstance(first, Interaction)
    assert [(one.field, one.reason.split(" (")[0]) for one in others if isinstance(one, Reject)] == [
        ("user", "is missing"),
        ("item", "is missing"),
    ]
    rows = [
        {"item_id": "a", "title": code, "brand": "B", "pages": "3", "surname": "Kim"},
        {"item_id": "b", "title": "t", "brand": code, "pages": code, "surname": code},
    ]
    read = items(through(rows, door, tmp_path))
    assert read["a"].title == code
    assert (read["a"].properties, read["b"].properties) == ({"pages": 3, "surname": "Kim"}, {"surname": code})
    assert (len(read["a"].attributes), read["b"].attributes) == (1, ())
    assert sorted((note.field, note.kind) for note in read["b"].notes) == [("brand", "missing"), ("pages", "missing")]


def test_where_the_source_says_that_it_is_a_value() -> None:
    form = Form(missing={"user": (), "brand": ("x",)})
    (event,) = read_events([{"user": "NA", "item": "i"}], form=form)
    assert isinstance(event, Interaction)
    assert event.user_id == "NA"
    read = items([{"id": "a", "brand": "NA"}, {"id": "b", "brand": "x"}], form=form)
    assert [len(read[id].attributes) for id in "ab"] == [1, 0]


@pytest.mark.parametrize("code", ["NA", "\\N"])
def test_events_without_a_value_or_a_time(code: str) -> None:
    (event,) = read_events([{"user": "u", "item": "i", "rating": code, "timestamp": code}])
    assert isinstance(event, Interaction)
    assert (event.kind, event.value, event.at) == ("INTERACTED", None, None)
    assert [(note.field, note.kind) for note in event.notes] == [("timestamp", "missing"), ("rating", "missing")]


def test_semicolons_of_entities_separate_nothing(tmp_path: Path) -> None:
    assert split("Simon &amp; Schuster; Levi&#39;s", "brand") == ["Simon &amp; Schuster", " Levi&#39;s"]
    assert split("AT&T;Verizon", "brand") == ["AT&T", "Verizon"]
    assert split("R&amp;B|Soul", "genres") == ["R&amp;B", "Soul"]
    for door in ("frame", "dicts", "csv", "json"):
        read = items(through([{"item_id": "a", "brand": "Simon &amp; Schuster"}], door, tmp_path))
        assert [own.value for own in read["a"].attributes] == ["Simon & Schuster"]


@pytest.mark.parametrize(
    "text",
    ["if a<b and b>a then", "p<q and r>s", "loud <i do not like it> at all", "x<5 and y>3", "a<b, c = d and e>f"],
)
def test_comparisons_are_no_tags(text: str) -> None:
    assert clean_text(text, "t") == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<a href="x" target=_blank>y</a>', "y"),
        ("<input disabled>z", "z"),
        ("<br clear=all />z", "z"),
        ("<td nowrap>z</td>", "z"),
        ("<!DOCTYPE html>z", "z"),
        ("<font color='red'size=2>z</font>", "z"),
    ],
)
def test_tags_are_tags(text: str, expected: str) -> None:
    assert clean_text(text, "t") == expected


def test_words_of_names() -> None:
    assert [holds_codes(name) for name in ("zip", "ISBN13", "userId", "imdbid", "ean", "countryCode")] == [True] * 6
    assert [holds_codes(name) for name in ("mean_rating", "upcoming", "paid", "kids", "decoded", "skull")] == [
        False
    ] * 6
    assert [holds_prices(name) for name in ("price", "unitPrice", "list_price_usd", "cost", "saleprice")] == [True] * 5
    names = ("price_currency", "price_range", "costume_designer", "cost_center", "appraisal", "ecosystem")
    assert [holds_prices(name) for name in names] == [False] * 6


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("price", ["$12.50", "Free", "1.234,56 €"], [12.5, "Free", 1234.56]),
        ("price_currency", ["USD", "EUR"], ["USD", "EUR"]),
        ("price_range", ["$$", "cheap"], ["$$", "cheap"]),
        ("mean_rating", ["4.2", "3"], [4.2, 3.0]),
        ("plot", ["01234", "85711"], ["01234", "85711"]),
        ("zip", ["85711", "85712"], ["85711", "85712"]),
        ("pages", ["300", "12"], [300, 12]),
        ("pages", ["300", "many"], ["300", "many"]),
        ("mixed", [3, "x", True], [3, "x", True]),
    ],
)
def test_the_type_of_a_column(name: str, cells: list[Any], expected: list[Any]) -> None:
    column = Column.of(name, cells)
    assert [column.read(cell) for cell in cells] == expected


@pytest.mark.parametrize("ids", [["1.0", "2.0"], [1.0, 2.0], [1, 2], ["1", "2"]])
def test_ids_of_floats(ids: list[Any], tmp_path: Path) -> None:
    for door in ("dicts", "frame", "csv", "json"):
        rows = [{"user_id": id, "item_id": "007"} for id in ids]
        read = list(read_events(through(rows, door, tmp_path), EventMapping(user="user_id", item="item_id")))
        assert [event.user_id for event in read if isinstance(event, Interaction)] == ["1", "2"]


def test_ids_that_are_no_floats_stay() -> None:
    read = [*read_events([{"user": id, "item": "007.0"} for id in ("1.0", "b", "1.10")])]
    assert [(e.user_id, e.item_id) for e in read if isinstance(e, Interaction)] == [
        ("1.0", "007"),
        ("b", "007"),
        ("1.10", "007"),
    ]


@pytest.mark.parametrize(
    "cell",
    [
        ["A", "B"],
        ("A", "B"),
        np.array(["A", "B"]),
        {"A", "B"},
        "['A', 'B']",
        '["A", "B"]',
        "('A', 'B')",
        "{'A', 'B'}",
        "['A' 'B']",
        np.array(["A", "B"], dtype=object),
    ],
    ids=range(10),
)
def test_lists_in_cells(cell: Any) -> None:
    rows = [{"id": "a", "genres": cell, "description": cell if not isinstance(cell, str) else "A B"}]
    for source in (rows, pd.DataFrame(rows)):
        read = items(source)
        assert [own.value for own in read["a"].attributes] == ["A", "B"]
        assert read["a"].text == "A B"


def test_arrays_are_the_data_of_json_lines(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "item_id": ["n1", "n2"],
            "sizes": [[1, 2], [3]],
            "description": [["p one", "p two"], ["q"]],
            "genres": [["A", "B"], ["C"]],
            "facts": [[{"a": 1}], [{"a": 2}]],
        }
    )
    frame.to_parquet(tmp_path / "p.parquet")
    frame.to_json(tmp_path / "p.jsonl", orient="records", lines=True)
    wanted = items(tmp_path / "p.jsonl")
    assert wanted["n1"].properties == {"sizes": "[1, 2]", "facts": '[{"a": 1}]'}
    for source in (frame, pd.read_parquet(tmp_path / "p.parquet"), tmp_path / "p.parquet"):
        assert items(source) == wanted


def test_a_text_that_is_a_list_is_no_id() -> None:
    (reject,) = read_events([{"user": "['a', 'b']", "item": "i"}])
    assert isinstance(reject, Reject)
    assert "is a list" in reject.reason
    assert list_in("[sic]") is None
    assert list_in("(live)") is None
    assert list_in("[1 2 -3]") == [1, 2, -3]


def test_a_bad_cell_costs_the_cell(tmp_path: Path) -> None:
    rows = [{"id": f"b{n}", "title": "t", "authors": [{"author_id": n}], "series": []} for n in range(80)]
    mapping = ItemMapping("id", "title", attributes=(AttributeColumn("authors"),))
    for door in ("frame", "dicts", "json"):
        read = items(through(rows, door, tmp_path), mapping)
        assert len(read) == 80
        assert {(note.field, note.kind) for one in read.values() for note in one.notes} == {("authors", "left out")}


@pytest.mark.parametrize("born", [pd.Timestamp("1939-08-15"), pd.Timestamp("2150-01-01")])
def test_dates_of_people_and_items_may_be_of_any_year(born: pd.Timestamp) -> None:
    (user,) = read_users(pd.DataFrame({"user_id": ["u"], "born": [born]}))
    assert isinstance(user, UserRecord)
    assert str(user.properties["born"]).startswith(str(born.date()))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["Recommended", "Not Recommended"], [1.0, -1.0]),
        (["4 out of 5", "5 out of 5"], [4.0, 5.0]),
        (["13/20", "7.5/20"], [13.0, 7.5]),
        (["3/5", "13/20"], [12.0, 13.0]),
    ],
)
def test_values_in_words(cells: list[str], expected: list[float]) -> None:
    read = read_events([{"user": "u", "item": str(n), "rating": cell} for n, cell in enumerate(cells)])
    assert [event.value for event in read if isinstance(event, Interaction)] == expected


def test_vowel_signs_tell_names_apart() -> None:
    assert len({name_key(name) for name in ("दिन", "दीन", "दान", "दून")}) == 4
    assert len({name_key(name) for name in ("கமல்", "கமலா", "ปี", "ปู", "নদী", "নদ")}) == 6
    assert name_key("Boss.") == name_key("boss")
    assert name_key("कमल!") == name_key("कमल")


ESCAPED = {
    "Simon &amp;amp; Schuster": ["Simon & Schuster"],
    "Simon &#38;amp; Schuster; Penguin": ["Simon & Schuster", "Penguin"],
    "x &amp;#39;s;y": ["x 's", "y"],
    "AT&amp;T;Verizon": ["AT&T", "Verizon"],
    "R&D;Sales": ["R&D", "Sales"],
    "a&#59;b|c": ["a;b", "c"],
    "a &semi; b": ["a ; b"],
}


@pytest.mark.parametrize(("cell", "names"), ESCAPED.items())
def test_no_entity_of_html_ends_a_name_however_often_it_is_escaped(cell: str, names: list[str]) -> None:
    (item,) = read_items([{"id": 1, "brand": cell}], ItemMapping("id", attributes=("brand",)))
    assert isinstance(item, ItemRecord)
    assert [attribute.value for attribute in item.attributes] == names


POINTED = {
    "social": (read_social, "from,to\n1.0,2.0\n2.0,3.0\n", [("1", "2"), ("2", "3")]),
    "triples": (read_triples, "head,relation,tail\n1.0,r,2.0\n2.0,r,3.0\n", [("1", "2"), ("2", "3")]),
    "links": (read_links, "item,entity\n1.0,m.1\n2.0,m.2\n", [("1", "m.1"), ("2", "m.2")]),
    "lists": (read_lists, "1.0 2.0 3.0\n2.0 3.0\n", [("1", "2"), ("1", "3"), ("2", "3")]),
    "zeros": (read_social, "from,to\n01,02.0\n1.0,x\n", [("01", "02.0"), ("1.0", "x")]),
}


def ends(record: Any) -> tuple[str, str]:
    """The two ids of a record; of a rejected row its field and reason."""
    names = ("user_id", "other_id"), ("head", "tail"), ("item_id", "entity_id"), ("user_id", "item_id")
    return next(
        ((getattr(record, a), getattr(record, b)) for a, b in names if hasattr(record, a) and hasattr(record, b)),
        (record.field, record.reason) if isinstance(record, Reject) else ("", ""),
    )


@pytest.mark.parametrize(("read", "content", "pairs"), POINTED.values(), ids=POINTED)
def test_ids_that_were_floats_are_whole_in_every_table(
    read: Any, content: str, pairs: list[tuple[str, str]], tmp_path: Path
) -> None:
    (tmp_path / "table").write_text(content)
    assert [ends(record) for record in read(tmp_path / "table")] == pairs


@pytest.mark.parametrize(
    ("read", "content"),
    [
        (read_social, "from,to\nNA,b\na,b\n"),
        (read_triples, "head,relation,tail\nNA,r,b\na,r,b\n"),
        (read_links, "item,entity\nNA,b\na,b\n"),
        (read_lists, "NA b\na b\n"),
    ],
)
def test_a_code_for_none_is_no_id_in_any_table(read: Any, content: str, tmp_path: Path) -> None:
    (tmp_path / "table").write_text(content)
    reject, kept = read(tmp_path / "table")
    assert reject.reason == "is missing ('NA')"
    assert ends(kept) == ("a", "b")


def test_a_tie_loses_a_bad_cell_and_not_itself(tmp_path: Path) -> None:
    (tmp_path / "ties.csv").write_text("from,to,weight,at\na,b,x,13/07/2020\na,c,NA,07/08/2020\na,d,.5,never\n")
    ties = [tie for tie in read_social(tmp_path / "ties.csv") if isinstance(tie, Tie)]
    assert [(tie.weight, tie.at and tie.at.date().isoformat()) for tie in ties] == [
        (None, "2020-07-13"),
        (None, "2020-08-07"),  # the column's first cell says that the day comes first
        (0.5, None),
    ]
    assert [[note.kind for note in tie.notes] for tie in ties] == [["left out"], ["missing"], ["left out"]]


def test_times_of_ties_are_read_as_the_form_says() -> None:
    (tie,) = read_social([{"from": "a", "to": "b", "at": "2020-07-01 12:00"}], form=Form(zone="Europe/Berlin"))
    assert isinstance(tie, Tie)
    assert str(tie.at) == "2020-07-01 10:00:00+00:00"


def test_people_in_cells_are_read_as_ids_are() -> None:
    rows = [{"id": f"u{number}", "friends": cell} for number, cell in enumerate(["1.0, 2.0", "5.0"])]
    records = list(read_users(rows, UserMapping("id", friends=("friends",))))
    assert [record.other_id for record in records if isinstance(record, Tie)] == ["1", "2", "5"]
    rows = [{"id": "a", "friends": "x&amp;y,z"}]
    records = list(read_users(rows, UserMapping("id", friends=("friends",))))
    assert [record.other_id for record in records if isinstance(record, Tie)] == ["x&amp;y", "z"]


@pytest.mark.parametrize("cell", [[{"id": "b"}], {"b": 1}, "{'b': 1}", "{}", [1.5], ["x" * 2000]])
def test_a_bad_cell_of_friends_costs_the_cell(cell: Any) -> None:
    (person,) = read_users([{"id": "a", "friends": cell, "age": 3}], UserMapping("id", (), ("age",), ("friends",)))
    assert isinstance(person, UserRecord)
    assert person.properties == {"age": 3}
    assert [(note.field, note.kind) for note in person.notes] == [("friends", "left out")]


@pytest.mark.parametrize("cell", ["2,3", "2|3", "2; 3", "2 3", "['2', '3']", [2, "3"], "2.0,3.0", np.array([2.0, 3.0])])
def test_related_items_in_each_form(cell: Any) -> None:
    (item,) = read_items([{"id": 1, "also_buy": cell}])
    assert isinstance(item, ItemRecord)
    assert [related.item_id for related in item.related] == ["2", "3"]


def test_related_items_are_called_as_items_are() -> None:
    one, two = read_items([{"id": "A&amp;B", "similar": "None"}, {"id": "C", "similar": "A&amp;B"}])
    assert isinstance(one, ItemRecord)
    assert isinstance(two, ItemRecord)
    assert (one.related, [note.kind for note in one.notes]) == ((), ["missing"])
    assert [related.item_id for related in two.related] == [one.id]


@pytest.mark.parametrize("cell", ["['a', 'b']", "('a', 'b')", "{'a', 'b'}", "{'a': 1}", '{"a": 1}', "[]"])
def test_an_id_is_no_list_and_no_object(cell: str) -> None:
    (reject,) = read_events([{"user": cell, "item": "i"}])
    assert isinstance(reject, Reject)
    assert "one id is needed" in reject.reason
    (event,) = read_events([{"user": "u", "item": "(500) Days of Summer"}])
    assert isinstance(event, Interaction)


def test_codes_are_texts_from_a_frame_as_from_its_file() -> None:
    rows = [{"id": 1, "zip": 1234.0}, {"id": 2, "zip": 85711}, {"id": 3, "zip": None}]
    items = [item for item in read_items(rows, ItemMapping("id", properties=("zip",))) if isinstance(item, ItemRecord)]
    assert [item.properties.get("zip") for item in items] == ["1234", "85711", None]


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("1'234.50", 1234.5),
        ("CHF 1’234,50", 1234.5),
        ("R$ 5,00", 5.0),
        ("Rs. 500", 500.0),
        ("kr 50", 50.0),
        ("$1.2M", "$1.2M"),
        ("5k", "5k"),
        ("2020-01-01", "2020-01-01"),
    ],
)
def test_prices_as_they_are_written(cell: str, amount: Any) -> None:
    column = Column.of("price", ["1", "2", "3", cell])
    assert column.read(cell) == amount


def test_what_is_no_number_within_a_list_is_null() -> None:
    column = Column.of("info", [])
    assert column.read([1.5, float("nan"), float("inf")]) == "[1.5, null, null]"
    assert column.read({"a": [float("-inf")]}) == '{"a": [null]}'
