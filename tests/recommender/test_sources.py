"""How a file was read is kept with the graph, and the next one of the same columns is read the same way."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.readers import EventMapping, ItemMapping
from kg.readers.form import Form
from recommender import Recommender
from recommender.context import RunContext

pytestmark = pytest.mark.embedded

HEAD = "wer;was;wie\n"
MAPPING = EventMapping(user="wer", item="was", value="wie")


@pytest.fixture
def store(tmp_path: Path) -> Recommender:
    return Recommender.open(tmp_path / "store", run=RunContext(device="cpu", progress=False))


def values(store: Recommender) -> list[tuple[object, ...]]:
    rows = store.store.read("MATCH (u:User)-[r]->(i:Item) RETURN u.id AS u, type(r) AS k, i.id AS i, r.value AS v")
    return sorted((row["u"], row["k"], row["i"], row["v"]) for row in rows)


def test_a_file_of_the_same_columns_is_read_the_same_way(
    store: Recommender, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "may.csv").write_text(HEAD + "ann;lamp;4,5\nbob;lamp;geheim\nann;desk;-\n")
    (tmp_path / "june.csv").write_text(HEAD + "cid;lamp;3,5\nbob;desk;geheim\ncid;desk;-\n")
    (tmp_path / "goods.csv").write_text("nr;name\nlamp;Lamp\n")
    form = Form(decimal=",", missing={"wie": ("-",)}, drop={"wie": ("geheim",), "wer": ("zoe",)})
    with store:
        store.ingest(
            tmp_path / "may.csv",
            mapping=MAPPING,
            form=form,
            kind="BOUGHT",
            items=tmp_path / "goods.csv",
            item_mapping=ItemMapping("nr", "name"),
        )
        with caplog.at_level("INFO"):
            store.ingest(tmp_path / "june.csv")
        assert "june.csv: read as may.csv was, which has the same columns" in caplog.text
        bought = [("ann", "desk", None), ("ann", "lamp", 4.5), ("cid", "desk", None), ("cid", "lamp", 3.5)]
        assert values(store) == [(u, "BOUGHT", i, v) for u, i, v in bought]

        store.ingest(tmp_path / "june.csv", kind="VIEWED")
        assert {row[1] for row in values(store)} == {"BOUGHT", "VIEWED"}, "what is said now wins"

        sources = store.status()["sources"]
        assert [(own["name"], own["verb"], own["columns"]) for own in sources] == [
            ("goods.csv", "items", ["name", "nr"]),
            ("june.csv", "events", ["was", "wer", "wie"]),
            ("may.csv", "events", []),
        ]
        kept = repr(store.store.read("MATCH (s:Schema) RETURN properties(s) AS all"))
        assert not any(cell in kept for cell in ("ann", "cid", "lamp", "zoe"))


def test_a_file_without_a_header_leaves_no_cell_of_it_behind(store: Recommender, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("ann@example.org,17,4\nbob@example.org,18,5\n")
    with store:
        store.ingest(tmp_path / "a.csv", form=Form(columns=("user", "item", "rating")))
        (source,) = store.status()["sources"]
        assert (source["columns"], source["read"]["columns"]) == (["1", "2", "3"], ["user", "item", "rating"])
        assert "example.org" not in repr(store.store.read("MATCH (s:Schema) RETURN properties(s) AS all"))
        assert store.ingest(tmp_path / "a.csv").duplicates == 2


def test_what_is_not_stored_is_not_remembered(store: Recommender, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("user,item,rating\nann,17,four\n")
    with store:
        assert store.ingest(tmp_path / "a.csv", rejects=tmp_path / "kept").is_nothing
        store.ingest([{"user": "ann", "item": 17}])
        store.ingest(iter([{"user": "ann", "item": 17}]), dry_run=True)
        assert [own["columns"] for own in store.status()["sources"]] == [["item", "user"]]
