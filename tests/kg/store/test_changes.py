"""Snapshots by difference beside whole ones, after random changes; and what cannot be told from changes."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import changes, snapshot
from kg.bolt import BoltStore
from kg.changes import Moment
from kg.errors import EventConflict, NotUpdatable
from kg.ingest import ingest, write_event
from kg.records import Attribute, Interaction, ItemRecord, Link, Record, Related, Triple, UserRecord
from kg.snapshot import Snapshot
from kg.store import Statement
from kg.writer import Writer
from tests.conftest import emptied

AT = datetime(2024, 5, 5, 5, 5, 5, 123456, tzinfo=UTC)
USERS, ITEMS, NODES = ("ann", "bob", "ÿ"), ("i1", "i2", "i3", "x1"), ("m.1", "m.2", "m.9", "brand:Acme")

Change = Callable[[BoltStore], Any]


def written(*records: Record) -> Change:
    """The way that ingestion takes into a graph in use."""
    return lambda store: Writer(store).write(records)


def announced(text: str, touched: list[str] | None = None, removed: list[str] | None = None, **given: Any) -> Change:
    """Somebody's own Cypher, with a change in the same transaction."""
    return lambda store: store.write(Statement(text, given), changes.noted(touched or [], removed or []))


def removed(label: str, edge: str, id: str) -> Change:
    """A person or an item is deleted with what was written by or about them."""
    reviews = (
        f"MATCH (:{label} {{id: $id}}){edge}(w:Review) WITH collect(w) AS old FOREACH (w IN old | DETACH DELETE w)"
    )
    node = f"MATCH (n:{label} {{id: $id}}) DETACH DELETE n"
    given = {"id": id}
    last = changes.noted([], [changes.key(label, id)])
    return lambda store: store.write(Statement(reviews, given), Statement(node, given), last)


users, items, nodes = st.sampled_from(USERS), st.sampled_from(ITEMS), st.sampled_from(NODES)
numbers = st.integers(0, 5)
events = st.builds(
    lambda user, item, kind, number, text: Interaction(
        user, item, kind, f"{kind}{number}", AT + timedelta(days=number), float(number), text
    ),
    users, items, st.sampled_from(["RATED", "CLICKED", "WANTED"]), numbers, st.sampled_from([None, "so so", "fine"]),
)  # fmt: skip
brands = st.sampled_from([(), (Attribute("HAS_BRAND", "brand", "Acme"),)])
related = st.lists(items, max_size=2).map(lambda ids: tuple(Related("ALSO_BOUGHT", id) for id in ids))
described = st.builds(
    lambda id, title, price, brand, others: ItemRecord(id, title, None, {"price": price}, brand, others),
    items, st.sampled_from([None, "One", "Two"]), numbers, brands, related,
)  # fmt: skip
people = st.builds(lambda id, age, traits: UserRecord(id, {"age": age}, traits), users, numbers, brands)
records = st.one_of(
    events,
    described,
    people,
    st.builds(lambda head, tail: Triple(head, "MADE_BY", tail), nodes, nodes),
    st.builds(Link, items, nodes),
)
own = st.one_of(
    st.builds(
        lambda id, title: announced(
            "MATCH (i:Item {id: $id}) SET i.title = $title", [f"Item:{id}"], id=id, title=title
        ),
        items,
        st.sampled_from([None, "Three"]),
    ),
    st.builds(
        lambda kind, number: announced(
            f"MATCH (:User)-[r:{kind}]->(:Item) WHERE r.event_id = $id DELETE r", [f"{kind}:{kind}{number}"],
            id=f"{kind}{number}",
        ),
        st.sampled_from(["RATED", "CLICKED"]),
        numbers,
    ),
    st.builds(
        lambda number: announced(
            "MATCH (w:Review {id: $id}) DETACH DELETE w", [f"Review:RATED{number}"], id=f"RATED{number}"
        ),
        numbers,
    ),
    st.builds(lambda id: removed("User", "-[:WROTE]->", id), users),
    st.builds(lambda id: removed("Item", "<-[:ABOUT]-", id), items),
    st.builds(lambda id: announced("MATCH (e:Entity {id: $id}) DETACH DELETE e", [], [f"Entity:{id}"], id=id), nodes),
    st.builds(
        lambda id: announced("MATCH (:Item {id: $id})-[r:SAME_AS]->() DELETE r", [f"Item:{id}"], id=id),
        items,
    ),
)  # fmt: skip
steps = st.lists(
    st.one_of(
        st.lists(records, min_size=1, max_size=4).map(lambda several: written(*several)),
        events.map(lambda event: lambda store: _fed_back(store, event)),
        own,
    ),
    max_size=6,
)


def _fed_back(store: BoltStore, event: Interaction) -> None:
    with contextlib.suppress(EventConflict):
        write_event(store, event)


def assert_same(updated: Snapshot, whole: Snapshot) -> None:
    for name in snapshot.SCHEMAS:
        assert getattr(updated, name).to_pylist() == getattr(whole, name).to_pylist(), name
    assert updated.fingerprint == whole.fingerprint
    assert updated.origin is not None
    assert whole.origin is not None
    assert updated.origin.moment == whole.origin.moment
    assert updated.origin.surplus == whole.origin.surplus
    assert updated.origin.entities.to_pylist() == whole.origin.entities.to_pylist()
    order = [(name, "ascending") for name in snapshot.FACTS.names]
    assert updated.origin.facts.sort_by(order).to_pylist() == whole.origin.facts.sort_by(order).to_pylist()


def check_sequence(store: BoltStore, begin: list[Record], sequence: list[Change]) -> None:
    emptied(store)
    changes.start(store)
    kinds = [Interaction("eve", "i1", kind, "first", AT) for kind in ("RATED", "CLICKED")]
    Writer(store).write([*kinds, *begin])
    before = taken = snapshot.take(store)
    for change in sequence:
        change(store)
        taken = snapshot.update(store, taken)
        assert_same(taken, snapshot.take(store))
    if (at_once := _all_at_once(store, before)) is not None:
        assert_same(at_once, taken)


def _all_at_once(store: BoltStore, before: Snapshot) -> Snapshot | None:
    """None where somebody came with an event that is gone again: the count alone notices them."""
    try:
        return snapshot.update(store, before)
    except NotUpdatable as error:
        if not re.search(r"(Item|Entity|User) \+\d", str(error)):
            raise
        return None


QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


@pytest.mark.embedded
@settings(max_examples=12, deadline=None, suppress_health_check=QUIET)
@given(begin=st.lists(records, max_size=12), sequence=steps)
def test_by_difference_is_what_is_there(embedded: BoltStore, begin: list[Record], sequence: list[Change]) -> None:
    check_sequence(embedded, begin, sequence)


@pytest.mark.neo4j
@settings(max_examples=3, deadline=None, suppress_health_check=QUIET)
@given(begin=st.lists(records, min_size=6, max_size=12), sequence=steps)
def test_by_difference_on_a_server(server: BoltStore, begin: list[Record], sequence: list[Change]) -> None:
    check_sequence(server, begin, sequence)


WORLD: list[Record] = [
    ItemRecord("i1", "One", None, {}, (Attribute("HAS_BRAND", "brand", "Acme"),)),
    Interaction("ann", "i1", "RATED", "r1", AT, 4.0, "liked it", "good"),
    Interaction("bob", "i1", "RATED", "r2", AT, 2.0),
    Triple("m.1", "DIRECTED_BY", "m.9"),
]


@pytest.fixture
def taken(graph: BoltStore, rejects: Path) -> Snapshot:
    ingest(graph, WORLD, rejects=rejects, progress=False)
    changes.start(graph)
    return snapshot.take(graph)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("CREATE (:Item {id: 'i9'})", r"Item \+1"),
        ("MATCH ()-[r:RATED]->() WHERE r.event_id = 'r2' DELETE r", "RATED -1"),
        ("MATCH (w:Review) DETACH DELETE w", "Review -1"),
        ("MATCH (i:Item), (e:Entity {id: 'm.9'}) CREATE (i)-[:ABOUT_PERSON]->(e)", r"ABOUT_PERSON \+1"),
        ("MATCH (i:Item), (e:Entity {id: 'm.9'}) CREATE (i)-[:SAME_AS]->(e)", r"SAME_AS \+1"),
        ("MATCH (c:Change) DELETE c", None),
        ("MATCH (c:Clock) SET c.epoch = 'another'", "emptied"),
        ("MATCH (c:Clock) SET c.tick = c.tick + 1", "not noted any more"),
        ("MATCH (c:Clock) SET c.tick = c.tick + 1 CREATE (:Change {tick: c.tick, touched: ['Ithem:i1']})", "Ithem"),
        ("MATCH (c:Clock) SET c.tick = c.tick + 1 CREATE (:Change {tick: c.tick, touched: ['i1']})", "no key"),
    ],
)  # fmt: skip
def test_what_no_change_tells_of_is_noticed(graph: BoltStore, taken: Snapshot, text: str, says: str | None) -> None:
    written(Interaction("bob", "i1", "RATED", "r3", AT, 1.0))(graph)
    graph.write(Statement(text, {}))
    with pytest.raises(NotUpdatable, match=says):
        snapshot.update(graph, taken)
    whole = snapshot.take(graph)
    assert whole.origin is not None
    assert_same(snapshot.update(graph, whole), whole)


def test_nothing_is_counted_before_somebody_asks(graph: BoltStore, rejects: Path) -> None:
    ingest(graph, WORLD, rejects=rejects, progress=False)
    assert changes.now(graph) is None
    assert graph.read("MATCH (c:Change) RETURN count(c) AS n") == [{"n": 0}]
    with pytest.raises(NotUpdatable, match="counted no changes"):
        snapshot.update(graph, snapshot.take(graph))


def test_changes_are_forgotten_up_to_a_moment(graph: BoltStore, taken: Snapshot) -> None:
    assert taken.origin is not None
    start = taken.origin.moment
    for number in range(3):
        written(Interaction("bob", "i1", "CLICKED", f"c{number}", AT))(graph)
    changes.forget(graph, Moment(start.epoch, start.tick + 2))
    assert changes.since(graph, Moment(start.epoch, start.tick + 2)).touched["CLICKED"] == {"c2"}
    with pytest.raises(NotUpdatable, match="not noted any more"):
        changes.since(graph, start)


def test_a_rolled_back_write_leaves_no_change(graph: BoltStore, taken: Snapshot) -> None:
    with pytest.raises(Exception, match=r"."):
        graph.write(
            Statement("CREATE (:Item {id: 'i7'})", {}), changes.noted(["Item:i7"]), Statement("RETURN 1 / 0 AS x", {})
        )
    assert_same(snapshot.update(graph, taken), taken)


def test_writers_beside_each_other_are_all_counted(graph: BoltStore, taken: Snapshot) -> None:
    def write(writer: int) -> None:
        for number in range(8):
            written(Interaction("ann", "i1", "RATED", f"w{writer}-{number}", AT, 3.0))(graph)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    updated = snapshot.update(graph, taken)
    assert updated.events.num_rows == taken.events.num_rows + 64
    assert_same(updated, snapshot.take(graph))


def test_what_is_saved_can_be_updated(graph: BoltStore, taken: Snapshot, tmp_path: Path) -> None:
    snapshot.save(taken, tmp_path / "snapshot")
    written(Interaction("new", "i1", "RATED", "r9", AT, 5.0), Link("i1", "m.1"))(graph)
    assert_same(snapshot.update(graph, snapshot.load(tmp_path / "snapshot")), snapshot.take(graph))


def test_properties_of_any_type_are_read_the_same(graph: BoltStore, taken: Snapshot) -> None:
    odd = (
        "SET i.day = date('2024-02-03'), i.then = datetime('2024-02-03T04:05:06.7Z'), i.all = [1.5, 2.5], i.no = false"
    )
    announced(f"MATCH (i:Item {{id: 'i1'}}) {odd}", ["Item:i1"])(graph)
    assert_same(snapshot.update(graph, taken), snapshot.take(graph))


def test_a_change_is_announced_as_the_docs_say(graph: BoltStore, taken: Snapshot) -> None:
    docs = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
    (text,) = [block.partition("```")[0] for block in docs.split("```cypher\n")[1:] if ":Clock" in block]
    graph.write(Statement(text.replace("'42'", "'i1'").replace("Item:42", "Item:i1"), {}))
    updated = snapshot.update(graph, taken)
    assert updated.items["title"].to_pylist() == ["A better title"]
    assert_same(updated, snapshot.take(graph))
