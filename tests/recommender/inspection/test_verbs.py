"""Which verb reads a file, told by the names of its columns, or where there are none by what stands in them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from kg.errors import ReadError
from recommender import inspect
from recommender.inspection.answer import FileFound


def looked(folder: Path, text: str, name: str = "a.csv") -> FileFound:
    (folder / name).write_text(text)
    return inspect(folder / name).files[0]


def roles(file: FileFound) -> dict[str, str | None]:
    return {own.name: own.role for own in file.columns}


def test_people_who_come_again_and_again_have_done_something(tmp_path: Path) -> None:
    """Jester calls its items jokes; 12 of 16 rows have a person that was there before."""
    rows = "".join(f"u{user},{joke},{joke}\n" for user in range(4) for joke in range(1, 5))
    file = looked(tmp_path, "user,joke,rating\n" + rows)
    assert (file.verb, roles(file)) == ("events", {"user": "user", "joke": "item", "rating": "value"})
    assert any("12 of 16 rows" in doubt and "mapping={'item': COL}" in doubt for doubt in file.suspicions)


def test_items_that_come_again_and_again_are_no_items(tmp_path: Path) -> None:
    rows = "".join(f"{number % 3},{number},red\n" for number in range(12))
    file = looked(tmp_path, "item_id,position,feature\n" + rows)
    assert file.verb is None
    assert any("9 of 12 rows" in doubt and "mapping={'user': COL}" in doubt for doubt in file.suspicions)


def test_a_table_of_items_with_some_repeated_is_still_one(tmp_path: Path) -> None:
    file = looked(tmp_path, "item_id,title\n1,A\n2,B\n3,C\n3,C\n")
    assert (file.verb, file.repeated, file.equal) == ("items", 1, 1)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("196\t242\t3\t881250949\n186\t302\t3\t891717742\n", "user=1,item=2,value=3,at=4"),
        ("1::1193::5::978300760\n1::661::3::978302109\n", "user=1,item=2,value=3,at=4"),
        ("1 100 5\n1 101 1\n2 100 4\n", "user=1,item=2,value=3"),
        ("a,2024-05-01,x1\na,2024-05-02,x2\n", "user=1,item=3,at=2"),
    ],
)
def test_columns_without_names_are_told_by_what_stands_in_them(tmp_path: Path, text: str, read: str) -> None:
    file = looked(tmp_path, text)
    assert file.verb == "events"
    found = {role: place for place, role in roles(file).items() if role}
    assert found == dict(pair.split("=") for pair in read.split(","))  # type: ignore[comparison-overlap]
    assert any("mapping= or columns= says it" in doubt for doubt in file.suspicions)
    assert any(own.isdecimal() for own in roles(file)), "no cell of anybody's is the name of a column"


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"{n}::F::{n % 7}::10::48067\n" for n in range(1, 30)),  # people of MovieLens
        "".join(f"{n % 40} {n % 90} {n * 7 % 500}\n" for n in range(100)),  # three columns of ids
        "1,2003,Dinosaur Planet\n2,1999,Isle of Man\n",
    ],
)
def test_columns_without_names_are_not_guessed_where_they_may_be_anything(tmp_path: Path, text: str) -> None:
    file = looked(tmp_path, text)
    assert file.verb is None
    assert all(own.isdecimal() for own in roles(file))
    assert any("columns=" in doubt for doubt in file.suspicions)


def test_blocks_are_found(tmp_path: Path) -> None:
    file = looked(tmp_path, "1:\n1488844,3,2005-09-06\n822109,5,2005-05-13\n2:\n2059652,4,2005-09-05\n")
    assert (file.verb, file.records) == ("events", 3)
    assert roles(file) == {"item": "item", "1": "user", "2": "value", "3": "at"}


def test_links_lead_from_items_to_addresses(tmp_path: Path) -> None:
    (tmp_path / "l.tsv").write_text("1\thttp://dbpedia.org/resource/A\n2\thttp://dbpedia.org/resource/B\n")
    found = inspect(tmp_path / "l.tsv")
    assert (found.files[0].verb, found.files[0].records) == ("link", 2)
    assert any("tastegraph ingest links" in doubt for doubt in found.suspicions)


def test_amazon_is_read_as_its_own_verb_reads_it(tmp_path: Path) -> None:
    review = {"reviewerID": "a", "asin": "B1", "overall": 5, "unixReviewTime": 1714564800, "vote": "3"}
    goods = {"asin": "B1", "title": "Lamp", "also_buy": ["B2"], "also_view": [], "main_cat": "Home", "brand": "Acme"}
    (tmp_path / "r.json").write_text(json.dumps(review))
    (tmp_path / "m.json").write_text(json.dumps(goods))
    found = inspect([tmp_path / "r.json", tmp_path / "m.json"])
    assert [own.verb for own in found.files] == ["amazon-reviews", "amazon-items"]
    assert f"--reviews {tmp_path / 'r.json'}" in found.command


def test_a_title_and_ids_that_are_called_otherwise_are_items(tmp_path: Path) -> None:
    file = looked(tmp_path, "movielens_id,title,year\n1,A,1995\n2,B,1995\n")
    assert (file.verb, roles(file)["movielens_id"]) == ("items", "id")
    assert any("ItemMapping(id=) changes it" in doubt for doubt in file.suspicions)


def test_how_many_friends_somebody_has_is_a_property(tmp_path: Path) -> None:
    assert roles(looked(tmp_path, "user_id,friends\na,3\nb,5\n"))["friends"] == "property"
    assert roles(looked(tmp_path, 'user_id,friends\na,"b,c"\nb,a\n'))["friends"] == "friends"


def test_one_file_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("user,item\na,1\n")
    (tmp_path / "empty.csv").write_text("")
    found = inspect([tmp_path / "empty.csv", tmp_path / "a.csv"])
    assert [own.verb for own in found.files] == [None, "events"]
    assert any("empty" in doubt for doubt in found.suspicions)
    with pytest.raises(ReadError, match="empty"):
        inspect(tmp_path / "empty.csv")


def test_objects_in_cells_are_named(tmp_path: Path) -> None:
    file = looked(tmp_path, '{"id": "1", "authors": [{"author_id": "6", "role": ""}]}\n', "b.json")
    (authors,) = (own for own in file.columns if own.name == "authors")
    assert authors.members == ("author_id", "role")
    assert any("authors.author_id" in doubt for doubt in file.suspicions)
    assert "cells left out, and their rows stored without them: 1 of authors" in file.notes


def test_tables_that_are_laid_out_otherwise_are_said_with_the_option(tmp_path: Path) -> None:
    shown = looked(tmp_path, "user\ttime\tshown\nu1\t2024-05-01\ti1-0 i2-1\nu2\t2024-05-02\ti3-0 i2-0\n")
    assert any("impressions='shown'" in doubt for doubt in shown.suspicions)
    wide = looked(tmp_path, "user,a,b,c,d\nu1,1,2,3,4\nu2,5,5,,1\n")
    assert any("wide=True" in doubt for doubt in wide.suspicions)
    long = looked(tmp_path, "item_id,property,value\n1,title,A\n1,price,3\n2,title,B\n")
    assert any("long='item_id,property,value" in doubt for doubt in long.suspicions)
    plain = looked(tmp_path, "user_id,age,city\na,30,2020-1-1\nb,40,x-1\n")
    assert plain.suspicions == ()


def test_a_folder_and_an_archive_of_several_tables_are_looked_into(tmp_path: Path) -> None:
    files = {"e.csv": "user,item\na,1\n", "i.csv": "item,title\n1,Lamp\n", "_SUCCESS": ""}
    (tmp_path / "shop").mkdir()
    with zipfile.ZipFile(tmp_path / "shop.zip", "w") as archive:
        for name, text in files.items():
            (tmp_path / "shop" / name).write_text(text)
            archive.writestr(name, text)
    for source in ("shop", "shop.zip"):
        found = inspect(tmp_path / source)
        assert [(own.name, own.verb) for own in found.files] == [
            (str(tmp_path / source / "e.csv"), "events"),
            (str(tmp_path / source / "i.csv"), "items"),
        ]
        assert 'files = ["i.csv"]' in found.document()
        assert found.folder == str(tmp_path / source)
    (tmp_path / "shop" / "i.csv").write_text(files["e.csv"].replace("a", "b"))
    (whole,) = inspect(tmp_path / "shop").files
    assert (whole.rows, whole.name) == (2, str(tmp_path / "shop")), "parts of one source"
