"""What one source alone brought taken out of the graph: what is left is what the others brought, and nothing else."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from kg import changes, marks, snapshot, undo
from kg.bolt import BoltStore
from kg.ingest import ingest, write_event
from kg.ingested import Ingested, ingested
from kg.people import People
from kg.records import (
    Attribute,
    Begins,
    EntityRecord,
    Interaction,
    ItemRecord,
    Link,
    Record,
    Related,
    Tie,
    Triple,
    UserRecord,
)
from kg.store import Statement
from kg.undo import DERIVED_EDGES
from tests.conftest import emptied

Graph = tuple[Counter[str], Counter[str]]


def graph_of(store: BoltStore) -> Graph:
    """All that is data: nodes and edges with everything but marks."""
    nodes = store.read(
        "MATCH (n) WHERE NOT (n:Schema OR n:Ingested OR n:Clock OR n:Change) "
        "RETURN labels(n) AS labels, properties(n) AS properties"
    )
    edges = store.read(
        "MATCH (h)-[r]->(t) RETURN h.id AS head, type(r) AS type, t.id AS tail, properties(r) AS properties"
    )
    for row in (*nodes, *edges):
        kept = {name: str(own) for name, own in row["properties"].items() if not name.startswith(("_brought", "_also"))}
        row["properties"] = sorted(kept.items())
    return Counter(map(str, nodes)), Counter(map(str, edges))


def take(store: BoltStore, name: str, records: Iterable[Record], rejects: Path) -> Any:
    return ingest(store, [Begins("events", name), *records], rejects=rejects, progress=False)


def source(store: BoltStore, name: str) -> Ingested:
    return ingested(store)[f"events:{name}"]


def take_out(store: BoltStore, name: str, **options: bool) -> undo.Undone:
    return undo.undo(store, source(store, name), progress=False, **options)


def event(number: int, kind: str = "RATED", **more: Any) -> Interaction:
    fields: dict[str, Any] = {
        "user_id": f"u{number % 5}",
        "item_id": f"i{number % 7}",
        "kind": kind,
        "event_id": f"e{number}",
        "value": float(number % 5 + 1),
        "text": f"words {number}" if number % 3 == 0 else None,
    }
    return Interaction(**fields | more)


def described(number: int, **more: Any) -> ItemRecord:
    fields: dict[str, Any] = {
        "id": f"i{number}",
        "title": f"title {number}",
        "properties": {"year": 1990 + number},
        "attributes": (Attribute("HAS_BRAND", "brand", f"b{number % 3}"),),
        "related": (Related("ALSO_BOUGHT", f"i{number + 1}"),),
    }
    return ItemRecord(**fields | more)


def world(start: int, end: int) -> list[Record]:
    """A part of a small world with each sort of record; two parts that overlap say the same of what they share."""
    span = range(start, end)
    return [
        *map(described, span),
        *(UserRecord(f"u{n}", {"age": 20 + n}, (Attribute("WORKS_AS", "occupation", f"o{n % 2}"),)) for n in span),
        *(EntityRecord(f"m.{n}", f"name {n}", "film") for n in span),
        *(Triple(f"m.{n}", "PART_OF", f"m.{n + 1}") for n in span),
        *(Link(f"i{n}", f"m.{n}") for n in span),
        *(Tie(f"u{n}", f"u{n + 1}", "FRIEND", 0.5) for n in span),
        *(event(n, context={"device": "phone"}) for n in span),
        *(event(n, "REVIEWED", value=None) for n in span if n % 2 == 0),
        *(event(n, "HEARD", value=None, text=None) for n in span if n > 10),
    ]


def test_of_two_sources_that_overlap_one_is_taken_out_and_the_graph_is_that_of_the_other(
    graph: BoltStore, rejects: Path
) -> None:
    first, second = world(0, 9), world(6, 14)
    alone = []
    for records in (first, second):
        take(emptied(graph), "alone", records, rejects)
        alone.append(graph_of(graph))
        seen = snapshot.take(graph).fingerprint
        assert "_brought" not in str([snapshot.take(graph).items.to_pylist(), snapshot.take(graph).users.to_pylist()])
        assert seen == snapshot.take(graph).fingerprint
    for name, left in (("first", 1), ("second", 0)):
        emptied(graph)
        take(graph, "first", first, rejects)
        take(graph, "second", second, rejects)
        again = take(graph, "second", second, rejects)
        assert again.accepted == 0
        before = graph_of(graph)
        counted = take_out(graph, name, dry_run=True)
        assert graph_of(graph) == before, "a dry run counts and changes nothing"
        undone = take_out(graph, name)
        assert graph_of(graph) == alone[left]
        for what in ("events", "ties", "edges"):
            assert counted.removed[what] == undone.removed[what] > 0
            assert counted.kept[what] == undone.kept[what] > 0
        assert not take_out(graph, name).has_any, "nothing is left of it"
    take_out(graph, "first")
    assert graph_of(graph) == (Counter(), Counter()), "with the last source goes the last node"


def test_a_source_that_is_read_again_writes_nothing(graph: BoltStore, rejects: Path) -> None:
    for name, records in (("a", world(0, 9)), ("b", world(4, 12))):
        take(graph, name, records, rejects)
    changes.start(graph)
    before = graph.read("MATCH (n) RETURN properties(n) AS p"), graph.read("MATCH ()-[r]->() RETURN properties(r) AS p")
    moment = changes.now(graph)
    for name, records in (("a", world(0, 9)), ("b", world(4, 12)), ("a", world(0, 9))):
        assert take(graph, name, records, rejects).accepted == 0
    after = graph.read("MATCH (n) RETURN properties(n) AS p"), graph.read("MATCH ()-[r]->() RETURN properties(r) AS p")
    assert changes.now(graph) == moment
    assert [sorted(map(str, own)) for own in before] != [], "there is a graph"
    assert Counter(map(str, before[1])) == Counter(map(str, after[1]))


def test_feedback_is_no_source_and_what_it_repeats_stays(graph: BoltStore, rejects: Path) -> None:
    take(graph, "a", [event(1, text=None), event(2, text=None), described(2)], rejects)
    assert not write_event(graph, event(1, text=None)), "it is there"
    assert write_event(graph, event(9, text=None, user_id="u1", item_id="i2"))
    undone = take_out(graph, "a")
    assert undone.removed["events"] == 1
    assert undone.kept["events"] == 1
    left = graph.read("MATCH (u:User)-[r:RATED]->(i:Item) RETURN u.id AS u, i.id AS i, keys(r) AS keys ORDER BY i")
    assert [(row["u"], row["i"]) for row in left] == [("u1", "i1"), ("u1", "i2")]
    assert not any("_brought_by" in row["keys"] for row in left), "nobody's now, so that no source can take it out"
    assert graph.read("MATCH (i:Item {id: 'i2'}) RETURN i.title AS title")[0]["title"] is None
    take(graph, "b", [event(1, text=None)], rejects)
    assert not take_out(graph, "b").has_any
    assert len(graph.read("MATCH ()-[r:RATED]->() RETURN r.event_id AS id")) == 2


def test_what_was_there_before_sources_were_told_apart_stays(graph: BoltStore, rejects: Path) -> None:
    ingest(graph, world(0, 8), rejects=rejects, progress=False)
    ingest(graph, [ItemRecord("lonely"), UserRecord("lonely")], rejects=rejects, progress=False)
    graph.write(Statement("MATCH (n:Ingested) DETACH DELETE n", {}))
    assert not graph.read("MATCH (n) WHERE n._brought_by IS NOT NULL RETURN n.id AS id")
    before = graph_of(graph)
    same = take(graph, "a", world(0, 8), rejects)
    assert same.accepted == 0
    assert graph_of(graph) == before
    assert not graph.read("MATCH ()-[r]->() WHERE r._brought_by IS NOT NULL RETURN type(r) AS type"), "no write at all"
    take(graph, "b", [*world(4, 12), ItemRecord("lonely", "Lonely"), event(70, item_id="lonely")], rejects)
    take_out(graph, "b")
    assert graph_of(graph) == before
    assert not take_out(graph, "a").has_any
    assert graph_of(graph) == before


def test_a_value_that_was_overwritten_is_counted(graph: BoltStore, rejects: Path) -> None:
    take(graph, "a", [ItemRecord("i", "Right", None, {"year": 1995})], rejects)
    take(graph, "b", [ItemRecord("i", "Wrong", None, {"year": 1995, "pages": 3})], rejects)
    undone = take_out(graph, "b")
    assert undone.overwritten == 1
    (row,) = graph.read("MATCH (i:Item) RETURN properties(i) AS properties")
    assert {k: v for k, v in row["properties"].items() if k != "_brought_by"} == {"id": "i", "year": 1995}
    take(graph, "a", [ItemRecord("i", "Right", None, {"year": 1995})], rejects)
    take(graph, "b", [ItemRecord("i", "Right", None, {"pages": 3})], rejects)
    take_out(graph, "a")
    (row,) = graph.read("MATCH (i:Item) RETURN properties(i) AS properties")
    assert {k: v for k, v in row["properties"].items() if k != "_brought_by"} == {
        "id": "i", "title": "Right", "pages": 3,
    }  # fmt: skip


def test_who_is_killed_in_the_middle_goes_on(graph: BoltStore, rejects: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take(graph, "b", world(6, 14), rejects)
    wanted = graph_of(graph)
    take(graph, "a", world(0, 9), rejects)
    monkeypatch.setattr(type(graph), "batch_rows", 3)
    monkeypatch.setattr(undo, "AT_ONCE", 4)
    writes, real = 0, type(graph).write
    allowed = 0

    def write(self: BoltStore, *statements: Statement) -> Any:
        nonlocal writes
        writes += 1
        if writes > allowed:
            raise KeyboardInterrupt
        return real(self, *statements)

    stopped = 0
    while True:
        allowed, writes = stopped % 4, 0
        monkeypatch.setattr(type(graph), "write", write)
        try:
            take_out(graph, "a")
        except KeyboardInterrupt:
            stopped += 1
        else:
            break
        finally:
            monkeypatch.setattr(type(graph), "write", real)
    assert stopped > 3
    assert graph_of(graph) == wanted


def test_what_is_taken_out_is_told_to_a_snapshot(graph: BoltStore, rejects: Path) -> None:
    take(graph, "a", world(0, 9), rejects)
    take(graph, "b", world(6, 14), rejects)
    changes.start(graph)
    before = snapshot.take(graph)
    take_out(graph, "a")
    assert snapshot.update(graph, before).fingerprint == snapshot.take(graph).fingerprint != before.fingerprint
    rows = snapshot.take(graph)
    assert rows.events.num_rows == len(graph.read("MATCH (:User)-[r:RATED|REVIEWED|HEARD]->(:Item) RETURN 1 AS one"))


def test_what_a_refresh_derived_keeps_no_node_and_goes_with_it(graph: BoltStore, rejects: Path) -> None:
    take(graph, "a", [event(1, text=None), event(2, text=None)], rejects)
    take(graph, "b", [event(2, text=None)], rejects)
    graph.write(
        Statement(
            "MATCH (u:User {id: 'u1'}), (v:User {id: 'u2'}), (i:Item {id: 'i1'}), (j:Item {id: 'i2'}) "
            "CREATE (u)-[:HAS_INTEREST]->(:Interest {id: 'u1/1'}), (v)-[:HAS_INTEREST]->(:Interest {id: 'u2/1'}), "
            "(u)-[:RECOMMENDED {rank: 1}]->(j), (v)-[:RECOMMENDED {rank: 1}]->(i), "
            "(i)-[:HAS_FACTORS]->(:ItemFactors {id: 'f1'})",
            {},
        )
    )
    assert {"HAS_INTEREST", "RECOMMENDED", "HAS_FACTORS"} <= set(DERIVED_EDGES)
    take_out(graph, "a")
    nodes = graph.read("MATCH (n) WHERE NOT (n:Schema OR n:Ingested OR n:EventKind) RETURN n.id AS id")
    assert sorted(row["id"] for row in nodes) == ["i2", "u2", "u2/1"]


def test_marks_are_no_context_and_a_column_of_their_name_is_refused_or_renamed(graph: BoltStore, rejects: Path) -> None:
    named = event(1, text=None, context={"_brought_by": "me", "source": "web"})
    report = take(graph, "a", [named, ItemRecord("i9", None, None, {"_brought_by": "x"})], rejects)
    assert report.rejected == 1
    (found,) = People(graph).events("RATED")
    assert found.context == {"context__brought_by": "me", "source": "web"}
    assert take_out(graph, "a").removed["events"] == 1


def test_numbers_are_never_given_twice(graph: BoltStore, rejects: Path) -> None:
    take(graph, "a", [event(1)], rejects)
    take(graph, "b", [event(2)], rejects)
    take_out(graph, "b")
    graph.write(Statement("MATCH (i:Ingested {name: 'b'}) SET i.undone = true", {}))
    take(graph, "c", [event(3)], rejects)
    numbers = [own.number for own in ingested(graph).values()]
    assert len(set(numbers)) == 3
    take(graph, "b", [event(2)], rejects)
    assert [own.number for own in ingested(graph).values()] == numbers
    assert not source(graph, "b").undone
    assert source(graph, "b").brought >= 1


class Reference:
    """The same by plain dictionaries: who says each fact."""

    def __init__(self) -> None:
        self.facts: dict[tuple[Any, ...], set[str]] = {}
        self.nodes: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.values: dict[tuple[str, str, str], tuple[Any, set[str]]] = {}

    def fact(self, key: tuple[Any, ...], by: str) -> None:
        who = self.facts.setdefault(key, {by})
        if who != {"feedback"}:
            who.add(by)

    def describe(self, label: str, id: str, values: dict[str, Any], by: str) -> None:
        self.nodes[label, id].add(by)
        for name, value in values.items():
            known, who = self.values.get((label, id, name), (None, set()))
            first = label == "Entity" and who
            self.values[label, id, name] = (known, who | {by}) if first or known == value else (value, {by})

    def undo(self, by: str) -> None:
        self.facts = {key: left for key, who in self.facts.items() if (left := who - {by})}
        self.nodes = defaultdict(set, {key: left for key, who in self.nodes.items() if (left := who - {by})})
        self.values = {key: (value, left) for key, (value, who) in self.values.items() if (left := who - {by})}

    def take(self, record: Record, by: str) -> None:
        if isinstance(record, Interaction):
            self.fact(("event", record.kind, record.event_id, record.user_id, record.item_id), by)
        elif isinstance(record, ItemRecord):
            self.describe("Item", record.id, {"title": record.title, **record.properties}, by)
            for attribute in record.attributes:
                self.fact((attribute.relation, "Item", record.id, "Entity", attribute.entity_id), by)
        elif isinstance(record, EntityRecord):
            self.describe("Entity", record.id, {"name": record.name}, by)
        elif isinstance(record, Triple):
            self.fact((record.relation, "Entity", record.head, "Entity", record.tail), by)
        elif isinstance(record, Tie):
            self.fact((record.relation, "User", record.user_id, "User", record.other_id), by)

    def everything(self) -> set[tuple[Any, ...]]:
        ends = set(self.nodes)
        for key in self.facts:
            pairs = (("User", key[3]), ("Item", key[4])) if key[0] == "event" else (key[1:3], key[3:5])
            ends.update(pairs)
        said = {(*key, value) for key, (value, _) in self.values.items()}
        return {*self.facts, *(("node", *end) for end in ends), *(("value", *own) for own in said)}


def everything_in(store: BoltStore) -> set[tuple[Any, ...]]:
    """What :meth:`Reference.everything` says, of a graph."""
    found: set[tuple[Any, ...]] = set()
    for row in store.read(
        "MATCH (n) WHERE n:User OR n:Item OR n:Entity RETURN labels(n)[0] AS label, properties(n) AS properties"
    ):
        id = row["properties"]["id"]
        found.add(("node", row["label"], id))
        names = ("title", "year", "pages") if row["label"] == "Item" else ("name",) if id.startswith("m.") else ()
        found |= {("value", row["label"], id, k, v) for k, v in row["properties"].items() if k in names}
    for row in store.read(
        "MATCH (h)-[r]->(t) WHERE NOT (h:Review OR t:Review) RETURN labels(h)[0] AS head_label, h.id AS head, "
        "type(r) AS type, labels(t)[0] AS tail_label, t.id AS tail, r.event_id AS event_id"
    ):
        if row["event_id"] is not None:
            found.add(("event", row["type"], row["event_id"], row["head"], row["tail"]))
        else:
            found.add((row["type"], row["head_label"], row["head"], row["tail_label"], row["tail"]))
    return found


def some_record(random: Random) -> Record:
    n = random.randrange(6)
    makers: list[Callable[[], Record]] = [
        lambda: event(random.randrange(15), random.choice(["RATED", "HEARD"])),
        lambda: event(random.randrange(15), random.choice(["RATED", "HEARD"])),
        lambda: ItemRecord(
            f"i{n}",
            random.choice(["one", "two"]),
            None,
            dict(random.sample([("year", 1990 + random.randrange(2)), ("pages", random.randrange(2))], 1)),
            (Attribute("HAS_BRAND", "brand", f"b{random.randrange(3)}"),),
        ),
        lambda: EntityRecord(f"m.{n}", random.choice(["eins", "zwei"]), None),
        lambda: Triple(f"m.{n}", "PART_OF", f"m.{n + 1}"),
        lambda: Tie(f"u{n}", f"u{n + 1}", "FRIEND"),
    ]
    return random.choice(makers)()


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_ingests_and_undos_is_as_by_a_slow_reference(graph: BoltStore, rejects: Path, seed: int) -> None:
    random, reference = Random(seed), Reference()
    known: set[str] = set()
    for _ in range(14):
        name = random.choice("abc")
        if known and random.random() < 0.3:
            name = random.choice(sorted(known))
            take_out(graph, name)
            reference.undo(name)
        elif random.random() < 0.2:
            own = event(random.randrange(15))
            write_event(graph, own)
            reference.take(own, "feedback")
        else:
            records = [some_record(random) for _ in range(random.randrange(1, 14))]
            assert take(graph, name, records, rejects).rejected == 0
            for sort in (ItemRecord, EntityRecord, Triple, Tie, Interaction):  # as a batch is written
                for record in (own for own in records if isinstance(own, sort)):
                    reference.take(record, name)
            known.add(name)
        assert everything_in(graph) == reference.everything()
        events = {key[2] for key in reference.facts if key[0] == "event"}
        worded = {id for id in events if int(id[1:]) % 3 == 0}
        assert {row["id"] for row in graph.read("MATCH (w:Review) RETURN w.id AS id")} == worded
    for name in sorted(known):
        take_out(graph, name)
        reference.undo(name)
    assert everything_in(graph) == reference.everything()


def test_marks_are_read_as_they_are_written() -> None:
    mark = marks.told(marks.alone(3), {"title": "a", "year": 1}, 5, {"title": "b"})
    assert mark is not None
    assert str(marks.Said.of(mark)) == mark
    assert marks.without(mark, 5, ["title", "year"]) == ("\n3\tyear\t\n-3\ttitle\t", {"title"}, {"title"})
    assert marks.told(mark, {"title": "b", "year": 1}, 5, {"title": "b"}) is None


def test_a_source_of_many_rows_is_one_of_a_user_and_an_item_of_others(graph: BoltStore, rejects: Path) -> None:
    """Hubs stay while one edge of somebody else is left."""
    own = [replace(event(n, text=None), user_id=f"p{n}", item_id="hub") for n in range(60)]
    take(graph, "a", own[:59], rejects)
    take(graph, "b", own[58:], rejects)
    undone = take_out(graph, "a")
    assert undone.removed["events"] == 58
    assert undone.removed["users"] == 58
    assert undone.removed["items"] == 0
    assert take_out(graph, "b").removed["items"] == 1
