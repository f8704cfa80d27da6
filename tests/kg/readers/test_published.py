"""Files in the forms in which data sets are published: what is stored of them, by the verbs."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from recommender import Recommender
from recommender.cli.app import app


def run(*command: str) -> str:
    result = CliRunner().invoke(app, ["--store", "store", "--quiet", "ingest", *command])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.embedded
def test_book_crossing_netflix_and_numbers_between_blanks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("books.csv").write_bytes(
        '"ISBN";"Book-Title";"Year"\r\n"06";"GONE : \\"Smoke\\" (Müller)";"1998"\r\n"04";"Lightning";"1996"\r\n'.encode(
            "latin-1"
        )
    )
    Path("ratings.txt").write_text("1:\n148,3,2005-09-06\n822,5,2005-05-13\n2:\n205,4,2005-09-05\n")
    Path("titles.csv").write_text("1,2003,Dinosaur Planet\n2,NULL,Isle of Man TT\n3,2002,Vol. 1, Disc 2\n")
    Path("trust.txt").write_text(" 22605 42915 1 \n 22605 5052 1 \n")
    assert run("items", "books.csv", "--id", "ISBN", "--title", "Book-Title").startswith("2 stored")
    assert run("events", "ratings.txt", "--blocks", "item", "--columns", "user,rating,date").startswith("3 stored")
    assert run("items", "titles.csv", "--columns", "id,year,title", "--id", "id", "--title", "title").startswith("3 st")
    assert run("events", "trust.txt", "--map", "user=1,item=2,value=3").startswith("2 stored")
    with Recommender.open("store") as recommender:
        titles = recommender.store.read("MATCH (i:Item) WHERE i.title IS NOT NULL RETURN i.id AS id, i.title AS title")
        assert {row["id"]: row["title"] for row in titles} == {
            "06": 'GONE : "Smoke" (Müller)',
            "04": "Lightning",
            "1": "Dinosaur Planet",
            "2": "Isle of Man TT",
            "3": "Vol. 1, Disc 2",
        }
        events = recommender.store.read(
            "MATCH (u:User)-[r:RATED]->(i:Item) RETURN u.id AS user, i.id AS item, r.value AS value"
        )
        assert sorted((row["user"], row["item"], row["value"]) for row in events) == [
            ("148", "1", 3.0),
            ("205", "2", 4.0),
            ("22605", "42915", 1.0),
            ("22605", "5052", 1.0),
            ("822", "1", 5.0),
        ]
