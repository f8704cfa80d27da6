"""RDF, RecBole and CSV from the command line: in, out, in again, and validated."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from recommender.cli.app import app
from tests.kg.rdf.test_shapes import BOOKS, SHAPES

pytestmark = pytest.mark.embedded


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Call the command and give its one document."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, store: str = "store", fails: int = 0) -> Any:
        result = CliRunner().invoke(app, ["--store", store, "--quiet", *arguments, "--json"])
        assert result.exit_code == fails, result.stderr
        return json.loads(result.stdout)

    return call


def test_from_rdf_to_every_format_and_back(tmp_path: Path, run: Callable[..., Any]) -> None:
    (tmp_path / "books.ttl").write_text(BOOKS.replace("s:price 2.5", "s:author e:ann"))
    (tmp_path / "shapes.ttl").write_text(SHAPES.replace("s:Book", "<urn:tastegraph:Item>"))
    (tmp_path / "links.csv").write_text("item,iri\n7,http://e/ann\n")
    (tmp_path / "map.toml").write_text('[items]\nclass = "schema:Book"\n[relations]\n"schema:author" = "BY"\n')
    report = run("ingest", "triples", "books.ttl", "--link", "links.csv", "--map", "map.toml")
    assert report["by_kind"] == {"items": 4, "links": 5, "triples": 1}
    assert (report["accepted"], report["rejected"]) == (10, 0)

    written = run("export", "rdf", "graph.ttl.gz")
    assert written["statements"] == 12
    assert run("ingest", "triples", "graph.ttl.gz")["accepted"] == 0
    part = run("export", "rdf", "part.nt", "--items", "http://e/good", "--map", "map.toml")
    assert part["statements"] == 3

    assert run("export", "triples", "kg.csv", "--link", "kg.link.csv")["triples"] == 1
    assert (tmp_path / "kg.csv").read_text() == "head,relation,tail\nhttp://e/good,BY,http://e/ann\n"
    assert run("ingest", "triples", "kg.csv", "--link", "kg.link.csv")["accepted"] == 0
    assert run("export", "recbole", "data")[".item"] == 5
    assert run("ingest", "recbole", "data")["accepted"] == 0

    found = run("kg", "validate", "--shapes", "shapes.ttl", fails=1)
    assert found["conforms"] is False
    assert {(own["node"], own["constraint"]) for own in found["failures"]} >= {("http://e/nameless", "MinCount")}
    assert run("kg", "validate", "--shapes", "shapes.ttl", "part.nt") == {"conforms": True, "failures": []}


def test_people_go_out_and_come_back_where_they_are_asked_for(tmp_path: Path, run: Callable[..., Any]) -> None:
    (tmp_path / "ratings.csv").write_text("user,item,rating,at\nann,m1,4,2024-05-01\nbob,m1,2,\n")
    (tmp_path / "people.csv").write_text("id,age,job\nann,33,writer\n")
    run("ingest", "events", "ratings.csv", "--map", "value=rating", "--kind", "RATED", "--scale", "1:5")
    run("ingest", "users", "people.csv", "--id", "id", "--property", "age", "--attribute", "job:WORKS_AS")
    assert run("export", "rdf", "things.nt")["left_out"] == "people, their events and reviews"
    assert "ann" not in (tmp_path / "things.nt").read_text()
    written = run("export", "rdf", "all.nt.gz", "--people")
    assert written["left_out"] == "what a refresh derives"
    report = run("ingest", "triples", "all.nt.gz", store="other")
    assert report["by_kind"] == {"RATED": 2, "entities": 1, "items": 1, "kinds": 1, "triples": 1, "users": 2}
    assert run("export", "rdf", "again.nt", "--people", store="other")["statements"] == written["statements"]
    refused = CliRunner().invoke(app, ["--store", "store", "export", "rdf", "x.nt", "--people", "--items", "m1"])
    assert refused.exit_code == 2
    assert "writes everybody; leave --items out" in refused.stderr
