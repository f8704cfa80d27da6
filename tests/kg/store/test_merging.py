"""Near-duplicate names become one entity, nested categories are joined, and both engines agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from kg.bolt import BoltStore
from kg.ingest import ingest
from kg.merging import Merge, NameMerge, merge_of, write_merges
from kg.readers import ItemMapping, read_items
from kg.readers.mapping import AttributeColumn
from kg.records import Attribute, ItemRecord, Record, Reject
from recommender import Recommender
from tests.running import RUN

ROWS = [
    {"id": "1", "brand": "Boss", "category": "Music > Pedals"},
    {"id": "2", "brand": "BOSS", "category": "Music > Pedals > Delay"},
    {"id": "3", "brand": "Boss ", "category": "MUSIC > Cables | Gifts"},
    {"id": "4", "brand": "Acme, Inc.", "category": None},
    {"id": "5", "brand": "Acme Inc", "category": "Music"},
]
MAPPING = ItemMapping("id", attributes=(AttributeColumn("brand"), AttributeColumn("category")))


def rows() -> Iterator[ItemRecord | Reject]:
    return read_items(ROWS, MAPPING)


def stored(graph: BoltStore) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Items with their entities, and entities with what they are within."""
    items = graph.read("MATCH (i:Item)-->(e:Entity) RETURN i.id AS i, e.id AS e")
    nested = graph.read("MATCH (e:Entity)-[:WITHIN]->(f:Entity) RETURN e.name AS e, f.name AS f")
    return {(row["i"], row["e"]) for row in items}, {(row["e"], row["f"]) for row in nested}


def put(graph: BoltStore, rejects: Path, names: NameMerge) -> None:
    ingest(graph, names.take(rows()), rejects=rejects, progress=False)


def test_the_most_frequent_spelling_is_the_name(graph: BoltStore, rejects: Path) -> None:
    names = merge_of(graph, rows())
    put(graph, rejects, names)
    assert names.merges() == [
        Merge("category", "Music", 3, {"MUSIC": 1}),
        # "Boss " was read as "Boss": cells are stripped. Two against one.
        Merge("brand", "Boss", 2, {"BOSS": 1}),
        Merge("brand", "Acme Inc", 1, {"Acme, Inc.": 1}),
    ]
    items, nested = stored(graph)
    assert {e for _, e in items if e.startswith("brand")} == {"brand:Boss", "brand:Acme Inc"}
    assert items >= {
        ("2", "category:Music"),
        ("2", "category:Pedals"),
        ("2", "category:Delay"),
        ("3", "category:Gifts"),
    }
    assert nested == {("Pedals", "Music"), ("Delay", "Pedals"), ("Cables", "Music")}


def test_what_the_graph_holds_keeps_its_spelling(graph: BoltStore, rejects: Path) -> None:
    first: list[Record] = [ItemRecord("0", attributes=(Attribute("BRAND", "brand", "BOSS"),))]
    ingest(graph, first, rejects=rejects, progress=False)
    names = merge_of(graph, rows())
    put(graph, rejects, names)
    before = stored(graph)
    assert ("1", "brand:BOSS") in before[0]
    assert Merge("brand", "BOSS", 1, {"Boss": 2}) in names.merges()
    put(graph, rejects, merge_of(graph, rows()))
    assert stored(graph) == before, "again changes nothing"


def test_without_merging_names_stay(graph: BoltStore, rejects: Path) -> None:
    ingest(graph, rows(), rejects=rejects, progress=False)
    items, nested = stored(graph)
    assert {e for _, e in items if e.startswith("brand")} == {
        "brand:Boss", "brand:BOSS", "brand:Acme, Inc.", "brand:Acme Inc"
    }  # fmt: skip
    assert ("Cables", "MUSIC") in nested


def test_a_new_graph_puts_off_no_item_for_a_category_that_another_has(store: BoltStore, rejects: Path) -> None:
    report = ingest(store, rows(), rejects=rejects, progress=False)
    assert (report.accepted, report.duplicates) == (5, 0)
    again = ingest(store, rows(), rejects=rejects, progress=False)
    assert (again.accepted, again.duplicates) == (0, 5)


def test_a_table_is_merged_unless_it_can_be_read_once_only(
    store: BoltStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    recommender = Recommender(store, RUN)
    once = recommender.ingest(items=iter(ROWS), item_mapping=MAPPING, dry_run=True)
    assert (once.merged, once.merges_file) == ([], None)
    report = recommender.ingest(items=ROWS, item_mapping=MAPPING)
    assert [merge.name for merge in report.merged] == ["Music", "Boss", "Acme Inc"]
    assert report.merges_file == str(store.work / "tastegraph.merges.json")
    assert len(orjson.loads((store.work / "tastegraph.merges.json").read_bytes())) == 3
    assert not list(tmp_path.glob("tastegraph.*"))


def test_the_report_is_kept_and_never_over_another(tmp_path: Path) -> None:
    merges = [Merge("brand", "Boss", 2, {"BOSS": 1})]
    first, second = (write_merges(merges, tmp_path / "my.merges.json") for _ in range(2))
    assert (first.name, second.name) == ("my.merges.json", "my.1.merges.json")
    assert orjson.loads(second.read_bytes()) == [{"kind": "brand", "name": "Boss", "count": 2, "merged": {"BOSS": 1}}]


@pytest.mark.parametrize(
    ("spellings", "name"),
    [(["a b", "A B", "A B"], "A B"), (["b-c", "B C"], "B C"), (["Ｘ", "x", "x"], "x")],
)
def test_of_equal_counts_the_first_in_order_of_characters(spellings: list[str], name: str) -> None:
    records = [ItemRecord(str(n), attributes=(Attribute("R", "k", own),)) for n, own in enumerate(spellings)]
    names = NameMerge()
    names.count(records)
    assert {own.value for record in names.take(records) for own in record.attributes} == {name}  # type: ignore[union-attr]
