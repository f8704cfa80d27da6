"""Rows known by their numbers, and lists without their first members."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.errors import ReadError
from kg.readers import EventMapping, read_events, read_items
from kg.readers.form import Form
from kg.readers.mapping import ItemMapping
from tests.recommender.sources.facts import facts


def test_a_row_is_known_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("item,stars\na,5\n\nb,4\n")
    assert facts(read_events(tmp_path / "a.csv", EventMapping(user="#"))) == [
        ("event", "2", "a", "RATED", 5.0),
        ("event", "4", "b", "RATED", 4.0),
    ]
    assert facts(read_items(tmp_path / "a.csv", ItemMapping("#0", title="item"))) == [
        ("item", "1", "a"),
        ("item", "3", "b"),
    ]


def test_a_column_that_is_called_so_is_itself(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("#,item\nann,a\n")
    assert facts(read_events(tmp_path / "a.csv", EventMapping(user="#"))) == [("event", "ann", "a", "INTERACTED")]


def test_rows_of_several_files_have_no_numbers(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("item,stars\na,5\n")
    with pytest.raises(ReadError, match=r"rows are numbered \(#\) in one file only"):
        list(read_events([tmp_path / "a.csv", tmp_path / "b.csv"], EventMapping(user="#")))


def test_lists_without_their_first_members(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"user": 1, "seen": [2, 7, 8]}\n{"user": 2, "seen": [0]}\n')
    form = Form(each="seen[1:]")
    assert facts(read_events(tmp_path / "a.jsonl", EventMapping(user="user", item="seen"), form=form)) == [
        ("event", "1", "7", "INTERACTED"),
        ("event", "1", "8", "INTERACTED"),
    ]


def test_names_that_are_given_are_no_data(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("22605 42915 1\n22605 5052 1\n")
    from kg.readers import read_social

    found = read_social(tmp_path / "a.txt", form=Form(columns=("from", "to", "trust")))
    assert facts(found) == [("tie", "22605", "FRIEND", "42915", 1.0), ("tie", "22605", "FRIEND", "5052", 1.0)]
