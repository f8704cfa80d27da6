"""Snapshots beside plain queries, and what is no part of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kg import snapshot
from kg.bolt import BoltStore
from kg.errors import ReadError, StoreError
from kg.ingest import ingest
from kg.records import Attribute, Interaction, ItemRecord, Link, Record, Related, Triple, UserRecord
from kg.snapshot import Snapshot
from kg.store import Statement

AT = datetime(2022, 2, 2, 2, 2, 2, 200000, tzinfo=UTC)

ACME = (Attribute("HAS_BRAND", "brand", "Acme"),)
ELSEWHERE = Related("ALSO_BOUGHT", "x1")
WORLD: list[Record] = [
    UserRecord("bob", {"age": 40, "note": "a \"quoted\" word"}, (Attribute("WORKS_AS", "occupation", "writer"),)),
    ItemRecord("i2", "Two", "about two", {"price": 2.0, "tags": True}, ACME, (Related("ALSO_BOUGHT", "i1"), ELSEWHERE)),
    ItemRecord("i1", None, None, {}, ACME, (ELSEWHERE,)),
    Interaction("bob", "i2", "RATED", "r1", AT, 4.0, "liked it", "good"),
    Interaction("bob", "i1", "RATED", "r2", None, None),
    Interaction("ann", "i1", "VIEWED", "v1", AT),
    Interaction("ann", "i1", "RATED", "r0", AT, 1.0),
    Triple("m.1", "DIRECTED_BY", "m.9"),
    Triple("m.2", "DIRECTED_BY", "m.9"),
    Triple("m.9", "BORN_IN", "m.3"),
    Link("i1", "m.1"),
    Link("i2", "m.2"),
    Link("i3", "m.2"),
]  # fmt: skip


@pytest.fixture
def taken(graph: BoltStore, rejects: Path) -> Snapshot:
    ingest(graph, WORLD, rejects=rejects, progress=False)
    return snapshot.take(graph)


def test_every_table_by_hand(taken: Snapshot) -> None:
    assert taken.users.to_pylist() == [
        {"id": "ann", "properties": "{}"},
        {"id": "bob", "properties": '{"age":40,"note":"a \\"quoted\\" word"}'},
    ]
    assert taken.items.to_pylist() == [
        {"id": "i1", "title": None, "text": None, "properties": "{}"},
        {"id": "i2", "title": "Two", "text": "about two", "properties": '{"price":2.0,"tags":true}'},
        {"id": "i3", "title": None, "text": None, "properties": "{}"},
    ]
    # m.1 and m.2 are the items i1, i2 and i3; what is left, with the nodes 3, 4, 5 and 6:
    assert taken.entities["id"].to_pylist() == ["brand:Acme", "m.3", "m.9", "occupation:writer"]
    assert taken.entities.to_pylist()[0] == {"id": "brand:Acme", "name": "Acme", "kind": "brand"}
    # Nothing is known of x1 but that i1 and i2 point at it: the last node, 7, and no item.
    assert taken.mentions["id"].to_pylist() == ["x1"]
    event = {"at": AT, "value": None}
    assert taken.events.to_pylist() == [
        {"user": 0, "item": 0, "kind": "RATED", **event, "value": 1.0, "event_id": "r0"},
        {"user": 0, "item": 0, "kind": "VIEWED", **event, "event_id": "v1"},
        {"user": 1, "item": 0, "kind": "RATED", **event, "at": None, "event_id": "r2"},
        {"user": 1, "item": 1, "kind": "RATED", **event, "value": 4.0, "event_id": "r1"},
    ]
    assert taken.reviews.to_pylist() == [
        {"id": "r1", "user": 1, "item": 1, "title": "good", "text": "liked it", "at": AT}
    ]
    triples = [tuple(row.values()) for row in taken.triples.to_pylist()]
    assert triples == [
        (0, "ALSO_BOUGHT", 7), (0, "DIRECTED_BY", 5), (0, "HAS_BRAND", 3),
        (1, "ALSO_BOUGHT", 0), (1, "ALSO_BOUGHT", 7), (1, "DIRECTED_BY", 5), (1, "HAS_BRAND", 3),
        (2, "DIRECTED_BY", 5),
        (5, "BORN_IN", 4),
    ]  # fmt: skip
    assert taken.traits.to_pylist() == [{"user": 1, "relation": "WORKS_AS", "entity": 3}]
    assert taken.kinds["kind"].to_pylist() == ["RATED", "VIEWED"]
    assert taken.num_nodes == 8


@pytest.mark.parametrize(
    "more",
    [
        Interaction("ann", "x1", "VIEWED", "v2"),
        ItemRecord("x1", "Ten"),
        ItemRecord("x1", properties={"price": 1.0}),
        ItemRecord("x1", attributes=ACME),
        ItemRecord("x1", related=(Related("ALSO_BOUGHT", "i1"),)),
        Link("x1", "m.7"),
    ],
    ids=["met", "titled", "priced", "branded", "pointing", "linked"],
)
def test_a_mention_of_which_more_is_known_is_an_item(store: BoltStore, rejects: Path, more: Record) -> None:
    ingest(store, [*WORLD, more], rejects=rejects, progress=False)
    taken = snapshot.take(store)
    assert taken.items["id"].to_pylist() == ["i1", "i2", "i3", "x1"]
    assert taken.mentions.num_rows == 0
    bought = [row for row in taken.triples.to_pylist() if row["relation"] == "ALSO_BOUGHT"]
    assert {(row["head"], row["tail"]) for row in bought} >= {(0, 3), (1, 3)}


def test_the_tables_keep_their_schemas(taken: Snapshot) -> None:
    assert {name: getattr(taken, name).schema for name in snapshot.SCHEMAS} == snapshot.SCHEMAS


def test_an_empty_graph_has_empty_tables(graph: BoltStore) -> None:
    empty = snapshot.take(graph)
    for name, schema in snapshot.SCHEMAS.items():
        assert getattr(empty, name).equals(schema.empty_table()), name


def test_events_are_what_a_plain_query_finds(graph: BoltStore, rejects: Path) -> None:
    events = [
        Interaction(f"u{n % 13}", f"i{n * 7 % 17}", ("RATED", "CLICKED")[n % 2], f"e{n}", AT, float(n))
        for n in range(400)
    ]
    ingest(graph, events, rejects=rejects, progress=False)
    taken = snapshot.take(graph)
    users, items = taken.users["id"].to_pylist(), taken.items["id"].to_pylist()
    fast = [
        (users[row["user"]], items[row["item"]], row["kind"], row["event_id"], row["value"])
        for row in taken.events.to_pylist()
    ]
    slow = graph.read(
        "MATCH (u:User)-[r]->(i:Item) RETURN u.id AS u, i.id AS i, type(r) AS k, r.event_id AS e, r.value AS v"
    )
    assert fast == sorted(tuple(row.values()) for row in slow)


def test_what_we_did_and_drew_is_no_input(graph: BoltStore, rejects: Path) -> None:
    ingest(graph, WORLD, rejects=rejects, progress=False)
    before = snapshot.take(graph).fingerprint
    graph.write(
        Statement(
            "MATCH (u:User {id: 'bob'}), (i:Item {id: 'i1'}), (e:Entity {id: 'brand:Acme'}) "
            "CREATE (u)-[:SHOWN {request_id: 'q', event_id: 'q', rank: 1}]->(i), (u)-[:RECOMMENDED {rank: 1}]->(i), "
            "(u)-[:INTERESTED_IN {weight: 1.0}]->(e), (i)-[:MENTIONED_WITH {n: 2}]->(e), "
            "(u)-[:HAS_INTEREST]->(:Interest {id: 'x', vector: [1.0]}), (u)-[:IN_SEGMENT]->(:Segment {id: 's'}), "
            "(:Model {version: 'v1'}) SET u.habit_events = 2",
            {},
        )
    )
    assert snapshot.take(graph).fingerprint == before


CHANGES: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
    ("users", lambda rows: rows["id"].__setitem__(0, "zed")),
    ("events", lambda rows: rows["value"].__setitem__(0, 1.5)),
    ("events", lambda rows: rows["at"].__setitem__(0, None)),
    ("events", lambda rows: rows["kind"].__setitem__(1, "RATED")),
    ("reviews", lambda rows: rows["text"].__setitem__(0, "liked_it")),
    ("triples", lambda rows: rows["tail"].__setitem__(0, 4)),
]


@pytest.mark.parametrize(("table", "change"), CHANGES)
def test_the_fingerprint_sees_every_cell(store: BoltStore, rejects: Path, table: str, change: Any) -> None:
    import pyarrow as pa

    ingest(store, WORLD, rejects=rejects, progress=False)
    taken = snapshot.take(store)
    assert snapshot.take(store).fingerprint == taken.fingerprint
    rows = getattr(taken, table).to_pydict()
    change(rows)
    tables = {name: getattr(taken, name) for name in snapshot.SCHEMAS}
    tables[table] = pa.table(rows, schema=snapshot.SCHEMAS[table])
    assert Snapshot(**tables).fingerprint != taken.fingerprint


@pytest.fixture
def saved(store: BoltStore, rejects: Path, tmp_path: Path) -> tuple[Snapshot, Path]:
    ingest(store, WORLD, rejects=rejects, progress=False)
    taken = snapshot.take(store)
    snapshot.save(taken, tmp_path / "deep" / "snapshot")
    return taken, tmp_path / "deep" / "snapshot"


def test_a_saved_snapshot_comes_back(saved: tuple[Snapshot, Path]) -> None:
    taken, folder = saved
    loaded = snapshot.load(folder)
    for name in snapshot.SCHEMAS:
        assert getattr(loaded, name).equals(getattr(taken, name)), name
    assert loaded.fingerprint == taken.fingerprint
    assert [path.name for path in folder.parent.iterdir()] == ["snapshot"]
    with pytest.raises(StoreError, match="never overwritten"):
        snapshot.save(taken, folder)


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("CREATE (:Item {id: 5, title: 'by hand'})", "items"),
        ("CREATE (:User {id: true})", "users"),
        (
            "MATCH (u:User {id: 'bob'}), (i:Item {id: 'i1'}) CREATE (u)-[:RATED {event_id: 'x', value: 'five'}]->(i)",
            "events RATED",
        ),
    ],
)
def test_what_somebody_wrote_by_hand_in_another_type_is_named(
    graph: BoltStore, taken: Snapshot, written: str, what: str
) -> None:
    graph.write(Statement(written, {}))
    with pytest.raises(StoreError, match=f"one of its {what} holds a value of another type than we write"):
        snapshot.take(graph)


@pytest.mark.parametrize("name", [*(f"{name}.arrow" for name in snapshot.SCHEMAS)])
def test_a_flipped_byte_is_found(saved: tuple[Snapshot, Path], name: str) -> None:
    _, folder = saved
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(bytes(content))
    with pytest.raises(ReadError, match=f"{name}: is damaged"):
        snapshot.load(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is damaged"),
        ("{}", "is damaged"),
        ('{"format": 99}', "has snapshot format 99, not 1"),
        (None, "no complete"),
    ],
)
def test_a_manifest_that_cannot_be_used(saved: tuple[Snapshot, Path], content: str | None, message: str) -> None:
    _, folder = saved
    (folder / "manifest.json").unlink()
    if content is not None:
        (folder / "manifest.json").write_text(content)
    with pytest.raises(ReadError, match=message):
        snapshot.load(folder)
