"""Columns and rows that are made of others: joins, members of lists, flags, words for codes, rows that are kept."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from kg.errors import ReadError, RecordError
from kg.readers import EventMapping, read_events, read_items
from kg.readers.form import Form, Join, lists_by_name, replacements_of
from kg.readers.mapping import AttributeColumn, ItemMapping
from kg.readers.open import open_table
from kg.readers.shaped import says_yes, written
from kg.records import Reject


def cells(source: Any, form: Form, *columns: str) -> list[list[Any]]:
    """The cells of these columns, row by row; rejected rows as their field."""
    rows = open_table(source, form)
    assert all(map(rows.has, columns))
    return [[row.field] if isinstance(row, Reject) else list(row[1]) for row in rows.select(columns)]


@pytest.fixture
def books(tmp_path: Path) -> Path:
    path = tmp_path / "books.csv"
    path.write_text("number,id,title\n1,b-1,One\n2,b-2,Two\n3,,Three\n")
    return path


EVENTS = "user,book,title\nann,1,mine\nbob,3,his\neve,9,hers\n"


def test_a_join_gives_the_columns_of_another_file(books: Path, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(EVENTS)
    form = Form(join=(Join.parse(f"{books}:book=number"),))
    found = cells(tmp_path / "events.csv", form, "user", "id", "books.title", "title")
    assert found == [["ann", "b-1", "One", "mine"], ["bob", "", "Three", "his"], ["eve", None, None, "hers"]]


def test_a_key_without_an_id_is_rejected_and_no_other_row(books: Path, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(EVENTS)
    form = Form(join=(Join.parse(f"{books}:book=number"),))
    records = list(read_events(tmp_path / "events.csv", EventMapping(user="user", item="books.id"), form=form))
    assert [getattr(record, "item_id", "rejected") for record in records] == ["b-1", "rejected", "rejected"]
    assert [record.line for record in records if isinstance(record, Reject)] == [3, 4]


@pytest.mark.parametrize(
    "others",
    [
        pd.DataFrame({"k": [1.0, 2.0], "name": ["One", "Two"]}),
        pa.table({"k": [1, 2], "name": ["One", "Two"]}),
        [{"k": "1", "name": "One"}, {"k": 2, "name": "Two"}],
    ],
    ids=["frame", "arrow", "dictionaries"],
)
def test_any_source_is_joined_and_joins_any(others: Any) -> None:
    form = Form(join=(Join(others, "book", "k"),))
    for source in (pd.DataFrame({"book": [2, 1]}), [{"book": "2"}, {"book": 1.0}]):
        names = cells(source, form, "name") if not hasattr(others, "__next__") else []
        assert names == [["Two"], ["One"]]


def test_a_join_within_a_list_and_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "authors.csv").write_text("author_id,name,land\n7,Ann,1\n8,Bob,2\n")
    (tmp_path / "lands.csv").write_text("1,Peru\n2,Chile\n")
    rows = [{"id": 1, "authors": [{"author_id": "7"}, {"author_id": "8"}, {"author_id": "9"}]}]
    form = Form(
        join=(
            Join.parse("authors.csv:authors.author_id=author_id", tmp_path),
            Join(tmp_path / "lands.csv", "authors.land", "1"),
        )
    )
    assert cells(rows, form, "authors.name", "lands.2") == [[["Ann", "Bob"], ["Peru", "Chile"]]]


def test_positions_join_a_file_without_a_header(tmp_path: Path) -> None:
    (tmp_path / "names.tsv").write_text("1\tOne\n2\tTwo\n")
    form = Form(join=(Join.parse("names.tsv:book=1", tmp_path),))
    assert cells([{"book": 2}], form, "names.2") == [["Two"]]


def test_a_key_that_says_two_things_is_an_error_that_names_it(books: Path) -> None:
    with books.open("a") as file:
        file.write("1,b-1,One\n")
    form = Form(join=(Join.parse(f"{books}:book=number"),))
    assert cells([{"book": 1}], form, "id") == [["b-1"]]
    with books.open("a") as file:
        file.write("1,b-7,One\n")
    with pytest.raises(ReadError, match=r"number '1' stands there several times with different values"):
        cells([{"book": 1}], form, "id")


@pytest.mark.parametrize(
    ("join", "says"),
    [
        ("books.csv:shelf=number", "there is no column 'shelf' to join by; the columns are: book"),
        ("books.csv:book=nr", "there is no column 'nr' to join by; the columns are: number, id, title"),
        ("none.csv:book=number", "none.csv"),
    ],
)
def test_what_cannot_be_joined_says_why(books: Path, join: str, says: str) -> None:
    with pytest.raises(ReadError, match=says):
        cells([{"book": 1}], Form(join=(Join.parse(join, books.parent),)), "id")


def test_a_large_table_is_joined_in_bounded_memory(tmp_path: Path) -> None:
    with (tmp_path / "large.csv").open("w") as file:
        file.write("k,name\n")
        file.writelines(f"{n},{'x' * 200}{n}\n" for n in range(100_000))
    form = Form(join=(Join.parse("large.csv:k", tmp_path),))
    tracemalloc.start()
    try:
        assert cells([{"k": 99_999}, {"k": 0}], form, "name") == [["x" * 200 + "99999"], ["x" * 200 + "0"]]
        assert tracemalloc.get_traced_memory()[1] < 30 * 2**20
    finally:
        tracemalloc.stop()


def test_each_member_of_a_list_is_a_row() -> None:
    rows = [
        {"user": "ann", "games": [{"id": 7, "hours": 1.5}, {"id": 8, "hours": 2}]},
        {"user": "bob", "games": []},
        {"user": "eve"},
        {"user": "dan", "games": "[{'id': 9, 'hours': None}]"},
    ]
    found = cells(rows, Form(each="games"), "user", "games.id", "games.hours")
    assert found == [["ann", 7, 1.5], ["ann", 8, 2], ["dan", 9, None]]


def test_each_part_of_a_text_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "h.tsv").write_text("user\thistory\nann\tN1 N2\nbob\t\neve\tN3\n")
    form = Form(each="history: ")
    assert cells(tmp_path / "h.tsv", form, "user", "history") == [["ann", "N1"], ["ann", "N2"], ["eve", "N3"]]


def test_lists_of_paths_and_of_joined_tables_are_told(tmp_path: Path) -> None:
    rows = [{"user": "ann", "data": {"items": [{"id": 1}, {"id": 2}]}}]
    (tmp_path / "t.csv").write_text("k,name\n1,One\n2,Two\n")
    form = Form(each="data.items", join=(Join.parse("t.csv:data.items.id=k", tmp_path),))
    assert cells(rows, form, "user", "name") == [["ann", "One"], ["ann", "Two"]]


def test_a_column_of_lists_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ReadError, match="there is no column 'game' of lists; the columns are: user, games"):
        cells([{"user": 1, "games": []}], Form(each="game"), "user")


def test_flags_are_the_names_of_what_says_yes(tmp_path: Path) -> None:
    (tmp_path / "films.csv").write_text("id,Comedy,Drama,Sci-Fi\n1,1,0,1\n2,0,0,0\n3,yes,no,\n")
    form = Form(flags={"genres": ("Comedy", "Drama", "Sci-Fi")})
    assert cells(tmp_path / "films.csv", form, "genres") == [[["Comedy", "Sci-Fi"]], [[]], [["Comedy"]]]
    frame = pd.DataFrame({"id": [1, 2], "Comedy": [True, False], "Drama": [1.0, 0.0], "Sci-Fi": [0, 1]})
    mapping = ItemMapping("id", attributes=(AttributeColumn.parse("genres:GENRE=kind of film"),))
    items = list(read_items(frame, mapping, form=form))
    assert [[(one.relation, one.entity_id) for one in getattr(item, "attributes", ())] for item in items] == [
        [("GENRE", "kind_of_film:Comedy"), ("GENRE", "kind_of_film:Drama")],
        [("GENRE", "kind_of_film:Sci-Fi")],
    ]


@pytest.mark.parametrize(
    "source",
    [
        [{"u": 1, "i": 2, "a": 0}, {"u": 1, "i": 3, "a": 3}, {"u": 1, "i": 4, "a": "x"}],
        pd.DataFrame({"u": [1, 1, 1], "i": [2, 3, 4], "a": ["0", " 3 ", "X"]}),
        pa.table({"u": [1, 1, 1], "i": [2, 3, 4], "a": ["0", "3", "x"]}),
    ],
    ids=["dictionaries", "frame", "arrow"],
)
def test_codes_are_words(source: Any) -> None:
    form = Form(words={"a": {"0": "VIEWED", "3": "BOUGHT", "X": "LEFT"}})
    events = list(read_events(source, EventMapping(user="u", item="i", kind="a"), form=form))
    assert [getattr(event, "kind", event) for event in events] == ["VIEWED", "BOUGHT", "LEFT"]


def test_only_rows_that_are_kept_are_read(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("u,i,state\n1,2,done\n1,3,open\n1,4,Done\n1,5,paid\n1,6,\n")
    rows = open_table(tmp_path / "e.csv", Form(keep={"state": ("done", "paid")}, drop={"i": ("5",)}))
    assert [row[1] for row in rows.select(["i"]) if not isinstance(row, Reject)] == [["2"]]
    assert rows.left_out == 4  # type: ignore[attr-defined]
    with pytest.raises(ReadError, match="there is no column 'status' to leave rows out by"):
        cells(tmp_path / "e.csv", Form(keep={"status": ("done",)}), "i")


def test_a_quote_is_a_character_where_nothing_is_quoted(tmp_path: Path) -> None:
    (tmp_path / "n.tsv").write_text('id\ttitle\n1\t"Yes" she said\n2\t"Never\n3\tA "b" c\n')
    form = Form(quotes=False, delimiter="\t")
    assert cells(tmp_path / "n.tsv", form, "title") == [['"Yes" she said'], ['"Never'], ['A "b" c']]


def test_objects_within_cells() -> None:
    rows = [
        {"a": {"WiFi": "u'free'", "none": "'", "it": "it's"}, "shelves": {"to-read": 3, "fantasy": 1}},
        {"a": "{'WiFi': u'no'}", "shelves": None},
    ]
    found = cells(rows, Form(), "a.WiFi", "shelves.*", "a.none", "a.it")
    assert found == [["free", ["to-read", "fantasy"], "'", "it's"], ["no", None, None, None]]


def test_how_codes_and_flags_are_compared() -> None:
    assert [written(value) for value in (1, 1.0, "1", True, " Ab ")] == ["1", "1", "1", "true", "ab"]
    assert not any(map(says_yes, (0, 0.0, "0", "no", "", None, False, float("nan"), 2)))


@pytest.mark.parametrize("text", ["books.csv", "books.csv:", ":id", "books.csv:a=", "books.csv:=b"])
def test_a_join_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(RecordError, match="is not FILE:COLUMN"):
        Join.parse(text)


def test_options_of_another_form_are_refused() -> None:
    for text in ("a", "a:", "a:b", "a:b=", ":b=c", "a:=c"):
        with pytest.raises(RecordError, match="COL:CODE=WORD"):
            replacements_of([text], "--words")
    for text in ("a", "a=", "=b", "a= , "):
        with pytest.raises(RecordError, match="NAME=COL"):
            lists_by_name([text], "--flags")
