"""A wrong reading undone and read again, from the command line and from Python."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from kg.errors import RecordError
from kg.store import Statement
from kg.transfer import Archive, backup, fill
from recommender import Recommender
from recommender.cli.app import app
from recommender.errors import InvalidInput
from tests.kg.store.test_undo import graph_of

HEAD = "who,what,stars,day"
MORNING = [f"u{n % 9},i{n % 7},{n % 5 + 1},0{n % 9 + 1}/02/2021" for n in range(40)]
EVENING = [f"u{n % 9},i{n % 7},{n % 5 + 1},0{n % 9 + 1}/02/2021" for n in range(30, 60)]
RIGHT = ["--map", "user=who,item=what,value=stars,at=day", "--at-format", "day-first"]
WRONG = ["--map", "user=what,item=who,value=stars,at=day", "--at-format", "month-first"]


@pytest.fixture(autouse=True)
def _work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a server, which has none of its own."""
    monkeypatch.setenv("TASTEGRAPH_WORK", str(tmp_path / "work"))


def written(path: Path, rows: Iterable[str], head: str = HEAD) -> Path:
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def run(location: str, *arguments: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["-q", "--store", location, *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


def graph_at(location: str) -> Any:
    with Recommender.open(location) as r:
        return graph_of(r.store)


def test_replace_reads_again_what_was_read_wrong(location: str, tmp_path: Path) -> None:
    shop = written(tmp_path / "shop.csv", MORNING)
    other = written(tmp_path / "other.csv", EVENING)
    run(location, "ingest", "events", other, *RIGHT)
    run(location, "ingest", "events", shop, *RIGHT)
    wanted = graph_at(location)
    listed = json.loads(run(location, "status", "--json"))["sources"]
    assert {(own["name"], own["verb"]) for own in listed} == {("shop.csv", "events"), ("other.csv", "events")}
    assert sum(own["brought"] for own in listed) == 60
    run(location, "ingest", "undo", "shop.csv")
    run(location, "ingest", "events", shop, *WRONG)
    wrong = graph_at(location)
    assert wrong != wanted
    run(location, "ingest", "events", shop, "--replace", "--map", "user=nobody,item=what,at=day", code=1)
    (tmp_path / "bad").mkdir()
    bad = written(tmp_path / "bad" / "shop.csv", [",,,"])
    run(location, "ingest", "events", bad, "--replace", *RIGHT, code=1)
    run(location, "ingest", "events", shop, "--replace", "--strict", "--scale", "1:3", *RIGHT, code=1)
    assert graph_at(location) == wrong, "nothing was taken out for a reading that fails"
    run(location, "ingest", "events", shop, "--replace", *RIGHT)
    assert graph_at(location) == wanted
    counted = json.loads(run(location, "ingest", "undo", "other.csv", "--dry-run", "--json"))
    assert counted["removed"]["events"] == 20
    assert counted["kept"]["events"] == 10
    assert "20 events" in run(location, "ingest", "undo", "events:other.csv")
    assert [own["name"] for own in json.loads(run(location, "status", "--json"))["sources"]] == ["shop.csv"]
    assert "no source is called 'other.csv'" in run(location, "ingest", "undo", "other.csv", code=1)


@pytest.mark.embedded
def test_how_a_source_was_read_is_forgotten_with_it(tmp_path: Path) -> None:
    location, shop = str(tmp_path / "store"), written(tmp_path / "shop.csv", MORNING)
    run(location, "ingest", "events", shop, *WRONG)
    run(location, "ingest", "undo", "shop.csv")
    run(location, "ingest", "events", shop, "--map", "user=who,item=what,value=stars", "--at-format", "day-first")
    with Recommender.open(location) as r:
        assert r.query("events_by_kind").rows
        assert {row["id"] for row in r.store.read("MATCH (u:User) RETURN u.id AS id")} == {f"u{n}" for n in range(9)}


@pytest.mark.embedded
def test_a_source_of_before_is_not_taken_out(tmp_path: Path) -> None:
    location, shop = str(tmp_path / "store"), written(tmp_path / "shop.csv", MORNING)
    run(location, "ingest", "events", shop, *RIGHT)
    with Recommender.open(location) as r:  # as an earlier release has left it
        r.store.write(Statement("MATCH (i:Ingested) DELETE i", {}))
        r.store.write(Statement("MATCH ()-[r]->() SET r._brought_by = null", {}))
        r.store.write(Statement("MATCH (n) SET n._brought_by = null", {}))
        before = graph_of(r.store)
        assert r.status()["sources"][0]["brought"] is None
        with pytest.raises(InvalidInput, match="was ingested before this release"):
            r.undo("shop.csv")
        with pytest.raises(InvalidInput, match="was ingested before this release"):
            r.ingest(shop, mapping={"user": "who", "item": "what"}, replace=True)
        assert graph_of(r.store) == before
    run(location, "ingest", "events", shop, *RIGHT)
    assert graph_at(location) == before
    assert "nothing of it could be told" in run(location, "ingest", "undo", "shop.csv")
    assert graph_at(location) == before


@pytest.mark.embedded
def test_python_names_its_frames_and_each_table_is_a_source(tmp_path: Path) -> None:
    events = pd.DataFrame({"user": ["a", "b"], "item": ["x", "y"], "value": [1.0, 2.0]})
    items = pd.DataFrame({"id": ["x", "y"], "title": ["X", "Y"]})
    people = pd.DataFrame({"user": ["a"], "friend": ["b"]})
    with Recommender.open(tmp_path / "store") as r:
        r.ingest(events, items=items, social=people, name="jan")
        r.ingest(events.assign(item=["x", "z"]), name="feb")
        names = {(own["verb"], own["name"]): own["brought"] for own in r.status()["sources"]}
        assert names == {("events", "jan"): 2, ("items", "jan"): 2, ("social", "jan"): 1, ("events", "feb"): 1}
        with pytest.raises(InvalidInput, match="several sources are called jan"):
            r.undo("jan")
        assert r.undo("events:jan").removed["events"] == 1
        gone = r.undo("items:jan").removed
        assert (gone["items"], gone["properties"]) == (1, 2), "x is an end of an event of feb, and has no title now"
        assert r.undo("social:jan").removed["ties"] == 1
        left = r.store.read("MATCH (u)-[r]->(i) RETURN u.id AS u, i.id AS i ORDER BY u")
        assert left == [{"u": "a", "i": "x"}, {"u": "b", "i": "z"}]
        r.ingest(events, name="feb", replace=True)
        left = r.store.read("MATCH (u)-[r]->(i) RETURN u.id AS u, i.id AS i ORDER BY u")
        assert left == [{"u": "a", "i": "x"}, {"u": "b", "i": "y"}]
        with pytest.raises(InvalidInput, match="read once only"):
            r.ingest(iter([{"user": "a", "item": "x"}]), replace=True)
        with pytest.raises(RecordError, match="nothing was taken out"):
            r.ingest(events.assign(user=[None, "b"]), name="feb", replace=True, strict=True)
        assert r.undo("feb", dry_run=True).removed["events"] == 2


@pytest.mark.embedded
def test_forgotten_people_and_copies_keep_what_came_from_where(tmp_path: Path) -> None:
    location, shop = str(tmp_path / "store"), written(tmp_path / "shop.csv", MORNING)
    other = written(tmp_path / "other.csv", EVENING)
    for file in (shop, other):
        run(location, "ingest", "events", file, *RIGHT)
    with Recommender.open(location) as r:
        r.forget("u1", refresh=False)
        backup(r.store, tmp_path / "backup", progress=False)
        r.undo("shop.csv")
        left = graph_of(r.store)
        assert not r.store.read("MATCH (u:User {id: 'u1'}) RETURN u.id AS id")
    with Recommender.open(tmp_path / "copy") as r:
        fill(r.store, Archive(tmp_path / "backup"), progress=False)
        r.undo("shop.csv")
        assert graph_of(r.store) == left
        r.ingest(shop, mapping={"user": "who", "item": "what", "value": "stars"})
        assert not r.store.read("MATCH (u:User {id: 'u1'}) RETURN u.id AS id")


@pytest.mark.embedded
def test_a_version_of_before_serves_and_the_next_one_is_without_it(tmp_path: Path) -> None:
    fans = [{"user": f"u{n}", "item": f"{'ab'[n % 2]}{(n + m) % 8}"} for n in range(24) for m in range(5)]
    wrong = [{"user": f"u{n}", "item": f"wrong{m}"} for n in range(6) for m in range(4)]
    with Recommender.open(tmp_path / "store") as r:
        r.ingest(fans, name="fans")
        r.ingest([*wrong, {"user": "ghost", "item": "a1"}], name="wrong")
        r.refresh(budget=3)
        first = r.status()["model"]["version"]
        r.undo("wrong")
        assert len(r.recommend("u8", k=3)) == 3
        assert len(r.recommend("ghost", k=3)) == 3
        r.refresh(budget=3, force=True)
        assert r.status()["model"]["version"] != first
        assert not {item for item in r.recommend(k=20).item_id if item.startswith("wrong")}
        assert r.status()["users"] == 24
