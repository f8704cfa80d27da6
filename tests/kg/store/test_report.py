"""The report on a graph with planted faults, each counted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from kg.agreement import agreements
from kg.bolt import BoltStore
from kg.findings import ReportConfig
from kg.ingest import ingest
from kg.records import Attribute, Interaction, ItemRecord, Link, Record, Related, Scale, Triple, UserRecord
from kg.report import GraphReport, report_of, take_report
from kg.snapshot import ENTITIES, EVENTS, ITEMS, KINDS, TRIPLES, USERS, Snapshot
from kg.store import Statement
from kg.triples import Triples
from recommender.graph_page import coverage_facts, page

CONFIG = ReportConfig(limit=10, hubs=2, functional_share=0.7, functional_heads=4)


def brand(name: str) -> Attribute:
    return Attribute("BRAND", "brand", name)


WORLD: list[Record] = [
    ItemRecord("i1", "One", attributes=(brand("Boss"),)),
    ItemRecord("i2", "Two", attributes=(brand("BOSS"),), related=(Related("ALSO_BOUGHT", "x1"),)),
    ItemRecord("i3", "Three", attributes=(brand("Acme"), brand("Boss"))),  # two brands, where all others have one
    ItemRecord("i4", attributes=(brand("Acme"),)),  # no title
    ItemRecord("i5", "Five"),  # no edge
    ItemRecord("i6", "Six", related=(Related("ALSO_BOUGHT", "x1"), Related("ALSO_BOUGHT", "x2"))),  # no entity
    UserRecord("ann", attributes=(Attribute("WORKS_AS", "occupation", "writer"),)),
    Interaction("ann", "i1", "RATED", "e1", None, 5.0, "good"),
    Interaction("ann", "i6", "RATED", "e2", None, 1.0),
    Triple("m.1", "MADE_BY", "m.9"),
    Link("i1", "m.1"),
    Link("i5", "m.5"),  # of which no triple speaks
]
FAULTS = (
    "CREATE (:Entity {id: 'stray', name: 'Acme', kind: 'brand'})",  # the name of brand:Acme under another id, no edge
    "MATCH (i:Item {id: 'i1'}), (s:Entity {id: 'stray'}) CREATE (s)-[:ABOUT]->(i)",
    "MATCH (u:User {id: 'ann'}), (i:Item {id: 'i2'}) CREATE (u)-[:TOUCHED]->(i)",  # no kind of event
)


@pytest.fixture
def report(graph: BoltStore, rejects: Path) -> GraphReport:
    ingest(graph, WORLD, scale=Scale(1, 5), rejects=rejects, progress=False)
    for fault in FAULTS:
        graph.write(Statement(fault, {}))
    return take_report(graph, CONFIG)


def test_coverage_and_relations_by_hand(report: GraphReport) -> None:
    assert report.counts == {
        "users": 1, "items": 6, "entities": 6, "unknown_items": 2, "relations": 3, "edges": 9
    }  # fmt: skip
    coverage = report.coverage
    assert (coverage.items, coverage.linked, coverage.met, coverage.met_linked) == (6, 4, 2, 1)
    assert (coverage.events, coverage.events_linked) == (2, 1)
    # i1 has Boss and m.9, i2 BOSS, i3 Acme and Boss, i4 Acme; i5 and i6 none.
    assert coverage.entities_per_item["mean"] == 1.0
    assert [coverage.entities_per_item[share] for share in ("0%", "50%", "100%")] == [0.0, 1.0, 2.0]
    brand_row, bought, made = report.relations
    assert (brand_row.relation, brand_row.edges, brand_row.heads, brand_row.tails) == ("BRAND", 5, 4, 3)
    assert (brand_row.domain, brand_row.range) == ({"Item": 5}, {"brand": 5})
    assert (brand_row.linked, brand_row.share) == (4, pytest.approx(4 / 6))
    assert (bought.relation, bought.edges, bought.range, bought.linked) == ("ALSO_BOUGHT", 3, {"Unknown item": 3}, 0)
    # m.1 is i1, so its triple is an edge of that item; m.9 has no kind.
    assert (made.relation, made.domain, made.range, made.linked) == ("MADE_BY", {"Item": 1}, {"Entity": 1}, 1)
    # i1: Boss, m.9; i2: BOSS, x1; i3: Acme, Boss; i6: x1, x2; Acme and Boss: two items each. Of equal hubs the first.
    assert [(hub.id, hub.name, hub.kind, hub.degree) for hub in report.hubs] == [
        ("i1", "One", "Item", 2),
        ("i2", "Two", "Item", 2),
    ]
    assert report.hubs[0].share == pytest.approx(2 / 9)


EXPECTED: list[tuple[str, int, list[dict[str, object]]]] = [
    ("isolated_items", 1, [{"id": "i5"}]),
    ("unknown_items", 2, [{"id": "x1"}, {"id": "x2"}]),  # two point at x1, one at x2
    ("links_without_triples", 1, [{"item": "i5", "entity": "m.5"}]),
    ("isolated_entities", 1, [{"id": "stray"}]),  # the writer is somebody's trait
    ("unnamed_entities", 1, [{"id": "m.9", "kind": None}]),
    ("same_names", 1, [{"kind": "brand", "name": "Acme", "ids": ["brand:Acme", "stray"]}]),
    ("near_names", 1, [{"kind": "brand", "names": ["BOSS", "Boss"]}]),
    ("two_values", 1, [{"relation": "BRAND", "head": "i3", "values": ["brand:Acme", "brand:Boss"]}]),
    ("items_without_title", 1, [{"id": "i4"}]),
    ("outside_scale", 0, []),
    ("lost_reviews", 0, []),
]


def test_every_fault_is_found_and_named(report: GraphReport) -> None:
    for name, count, examples in EXPECTED:
        found = report.finding(name)
        assert (found.count, list(found.examples)) == (count, examples), name
    unexpected = report.finding("unexpected_edges")
    assert unexpected.count == 2
    assert [(row["head"], row["relation"], row["tail"], row["examples"]) for row in unexpected.examples] == [
        ("Entity", "ABOUT", "Item", ["stray -> i1"]),
        ("User", "TOUCHED", "Item", ["ann -> i2"]),
    ]


def test_the_page_names_the_faults(report: GraphReport) -> None:
    html = page(report)
    assert "stray" in html
    assert "4 of 6 (66.7 %)" in html
    assert "entities without a name" in html


def empty() -> Snapshot:
    from kg import snapshot

    return Snapshot(**{name: schema.empty_table() for name, schema in snapshot.SCHEMAS.items()})


def test_an_empty_graph_has_a_report() -> None:
    report = report_of(empty())
    assert report.counts["edges"] == 0
    assert {found.count for found in report.findings} == {0}
    assert coverage_facts(report)["entities per item"] == "no items"
    assert " nan" not in page(report)


@pytest.mark.parametrize(("values", "expected"), [([5.0, 0.5, None], ["e1"]), ([1.0, 5.0, 7.0], ["e2"])])
def test_events_outside_their_scale(values: Sequence[float | None], expected: list[str]) -> None:
    rows = [
        {"user": 0, "item": 0, "kind": "RATED", "value": value, "event_id": f"e{position}"}
        for position, value in enumerate(values)
    ] + [{"user": 0, "item": 0, "kind": "PLAYED", "value": 900.0, "event_id": "e9"}]
    events = pa.table({name: [row.get(name) for row in rows] for name in EVENTS.names}).cast(EVENTS)
    kinds = pa.Table.from_pylist([{"kind": "PLAYED"}, {"kind": "RATED", "minimum": 1.0, "maximum": 5.0}], schema=KINDS)
    items = pa.table({"id": ["i"], "title": ["I"], "text": [None], "properties": ["{}"]}).cast(empty().items.schema)
    users = pa.Table.from_pylist([{"id": "u", "properties": "{}"}], schema=USERS)
    found = report_of(replace(empty(), users=users, events=events, kinds=kinds, items=items)).finding("outside_scale")
    assert [row["event_id"] for row in found.examples] == expected


def test_a_relation_and_its_inverse_are_twins() -> None:
    """24 of 25 pairs have their inverse too; the third relation joins others."""
    edges = [
        *((n, "BY", 25 + n) for n in range(25)),
        *((25 + n, "WROTE_IT", n) for n in range(24)),
        *((n, "NEXT", 49 - n) for n in range(24)),
    ]
    triples = pa.table([list(column) for column in zip(*edges, strict=True)], names=TRIPLES.names).cast(TRIPLES)
    entities = pa.Table.from_pylist([{"id": f"e{n:02}"} for n in range(50)], schema=ENTITIES)
    (found,) = report_of(replace(empty(), triples=triples, entities=entities)).finding("twin_relations").examples
    assert found == {"relations": ["BY", "WROTE_IT"], "pairs": 24, "share": 24 / 25}


def test_links_by_other_ids_are_told_from_true_ones() -> None:
    """Of 40 series of 6 parts a person reads some, whole: true links tie items of the same people, others do not."""
    wild = np.random.default_rng(1)
    series = np.repeat(np.arange(40), 6)
    events = [
        {"user": person, "item": item, "kind": "READ", "event_id": f"{person}-{item}"}
        for person in range(30)
        for item in np.flatnonzero(np.isin(series, wild.choice(40, 8, replace=False))).tolist()
    ]
    dealt = wild.permutation(240)
    edges = [
        *((item, "PART_OF", 240 + int(series[item])) for item in range(240)),
        *((item, "CLAIMED", 280 + int(series[dealt[item]])) for item in range(240)),
        *((item, "RARE", 320) for item in dealt[:199].tolist()),  # too few to say anything
    ]
    world = replace(
        empty(),
        users=pa.Table.from_pylist([{"id": f"u{n}", "properties": "{}"} for n in range(30)], schema=USERS),
        items=pa.Table.from_pylist([{"id": f"i{n:03}", "properties": "{}"} for n in range(240)], schema=ITEMS),
        entities=pa.Table.from_pylist([{"id": f"e{n:02}", "name": f"E{n}"} for n in range(81)], schema=ENTITIES),
        events=pa.table({name: [row.get(name) for row in events] for name in EVENTS.names}).cast(EVENTS),
        triples=pa.table([list(column) for column in zip(*edges, strict=True)], names=TRIPLES.names).cast(TRIPLES),
    )
    true, claimed = agreements(world, Triples.of(world), least=200, pairs=500, deals=19)
    assert (true.relation, true.cosine, true.at_random) == ("PART_OF", pytest.approx(1.0), False)
    assert claimed.at_random
    assert 0.1 < claimed.cosine < 0.4, "two of 40 series, a fifth of which somebody reads"
    (found,) = report_of(world).finding("random_relations").examples
    assert found == {"relation": "CLAIMED", "cosine": pytest.approx(0.2, abs=0.1), "dealt": pytest.approx(0.2, abs=0.1)}
