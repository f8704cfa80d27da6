"""Records into the graph: what is accepted, what is a duplicate, what is refused, on both ways in."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from kg import batch, ingest, newgraph, snapshot, writer
from kg.bolt import BoltStore
from kg.errors import EventConflict, ReadError, RecordError, StoreError
from kg.people import People
from kg.readers import EventMapping, read_events, read_users
from kg.readers.form import Form
from kg.records import (
    Attribute,
    EntityRecord,
    Interaction,
    ItemRecord,
    KindRecord,
    Link,
    Record,
    Reject,
    Related,
    Scalar,
    Scale,
    Triple,
    UserRecord,
)
from kg.store import Statement
from tests.running import PATIENCE

START = datetime(2021, 5, 1, 12, 30, 15, 250001, tzinfo=UTC)


def event(number: int, **changes: object) -> Interaction:
    fields: dict[str, object] = {
        "user_id": f"u{number % 7}",
        "item_id": f"i{number % 11}",
        "kind": "RATED",
        "event_id": f"e{number}",
        "at": START + timedelta(minutes=number),
        "value": float(number % 5 + 1),
    }
    return Interaction(**(fields | changes))  # type: ignore[arg-type]


def everything() -> list[Record]:
    """A small world with each sort of record, in an order that meets ids before they are described."""
    return [
        *(event(n) for n in range(40)),
        *(event(n, kind="REVIEWED", text=f"words {n} 😀", title=f"title {n}", value=None) for n in range(10)),
        event(90, kind="VIEWED", at=None, value=None, context={"device": "phone", "at": "noon", "page`s": 3}),
        ItemRecord(
            "i1",
            "First",
            "text",
            {"price": 2.5},
            (Attribute("HAS_BRAND", "brand", "Acme"),),
            (Related("ALSO_BOUGHT", "i2"),),
        ),
        ItemRecord("alone", "Alone", None, {}, (Attribute("HAS_BRAND", "brand", "Acme"),)),
        UserRecord("u1", {"age": 33, "active": True}, (Attribute("WORKS_AS", "occupation", "writer"),)),
        Triple("m.1", "FILM_GENRE", "m.2"),
        Triple("m.2", "PART_OF", "m.3"),
        Link("i1", "m.1"),
    ]


def take(store: BoltStore, records: list[Record], rejects: Path, **options: object) -> ingest.IngestReport:
    return ingest.ingest(store, records, rejects=rejects, progress=False, **options)  # type: ignore[arg-type]


def test_a_second_time_everything_is_a_duplicate(graph: BoltStore, rejects: Path) -> None:
    world = everything()
    first = take(graph, world, rejects)
    assert (first.accepted, first.duplicates, first.rejected, first.rejects_file) == (len(world), 0, 0, None)
    assert first.by_kind == {"RATED": 40, "REVIEWED": 10, "VIEWED": 1, "items": 2, "links": 1, "triples": 2, "users": 1}
    before = snapshot.take(graph).fingerprint
    again = take(graph, world, rejects)
    assert (again.accepted, again.duplicates, again.rejected) == (0, len(world), 0)
    assert snapshot.take(graph).fingerprint == before
    assert not rejects.exists()


def test_both_ways_in_make_the_same_graph(store: BoltStore, rejects: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bulk path beside the slow reference: transactions of three records, from an empty graph on."""
    world = everything()
    Random(3).shuffle(world)
    take(store, world + world[:5], rejects)
    fast = snapshot.take(store)
    properties = store.read("MATCH ()-[r:VIEWED]->() RETURN properties(r) AS properties")
    from tests.conftest import emptied

    emptied(store)
    monkeypatch.setattr(type(store), "bulk_load", lambda self: None)
    monkeypatch.setattr(type(store), "batch_rows", 3)
    report = take(store, world + world[:5], rejects)
    assert (report.accepted, report.duplicates) == (len(world), 5)
    slow = snapshot.take(store)
    for name in snapshot.SCHEMAS:
        assert getattr(fast, name).to_pylist() == getattr(slow, name).to_pylist(), name
    assert store.read("MATCH ()-[r:VIEWED]->() RETURN properties(r) AS properties") == properties


def test_the_bulk_path_gives_up_on_repeats_and_loses_none(
    store: BoltStore, rejects: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newgraph, "MAX_PUT_OFF", 10)
    monkeypatch.setattr(newgraph, "MARKS", 64)  # so few that most new ids look like repeats
    monkeypatch.setattr(type(store), "batch_rows", 25)
    report = take(store, [event(n % 150) for n in range(300)], rejects)
    assert (report.accepted, report.duplicates) == (150, 150)
    assert store.read("MATCH ()-[r:RATED]->() RETURN count(r) AS n, count(DISTINCT r.event_id) AS ids") == [
        {"n": 150, "ids": 150}
    ]


def test_parts_that_overlap_add_up(graph: BoltStore, rejects: Path) -> None:
    parts = [[event(n) for n in range(30)], [event(n) for n in range(20, 50)], [event(n) for n in range(50)]]
    reports = [take(graph, list(part), rejects) for part in parts]
    assert [(r.accepted, r.duplicates) for r in reports] == [(30, 0), (20, 10), (0, 50)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"value": 1.5}, "value"),
        ({"user_id": "zoe"}, "user"),
        ({"item_id": "other"}, "item"),
        ({"text": "new words"}, "text"),
        ({"at": START}, "at"),
        ({"at": None}, "at"),
    ],
)
@pytest.mark.parametrize("used", [False, True])
def test_other_content_under_an_id_is_a_conflict(
    graph: BoltStore, rejects: Path, change: dict[str, object], field: str, used: bool
) -> None:
    first, other = event(3), event(3, **change)
    if used:
        take(graph, [first], rejects)
        report = take(graph, [other], rejects)
    else:
        report = take(graph, [first, other], rejects)
    assert (report.rejected, report.rejects_file) == (1, str(rejects))
    row = json.loads(rejects.read_text())
    assert row["field"] == "event_id"
    assert row["reason"].endswith(f"differs in {field}")
    assert json.loads(row["raw"])["event_id"] == "e3"
    stored = graph.read("MATCH (u)-[r:RATED]->(i) RETURN u.id AS user, i.id AS item, r.value AS value")
    assert stored == [{"user": "u3", "item": "i3", "value": 4.0}]


@pytest.mark.parametrize("used", [False, True])
def test_what_the_graph_refuses_is_kept_with_its_place_in_the_file(
    graph: BoltStore, rejects: Path, tmp_path: Path, used: bool
) -> None:
    """Neither fault can be seen by a reader: another event has the id, and the scale was declared before."""
    file = tmp_path / "ratings.csv"
    file.write_text("user,item,rating,event_id\nu1,i1,4,e1\nu2, i2 ,3,e1\nu3,i3,9,e3\n")
    if used:
        take(graph, [event(50)], rejects)
    report = ingest.ingest(graph, read_events(file), scale=Scale(1, 5), rejects=rejects, progress=False)
    assert (report.accepted, report.rejected) == (1, 2)
    rows = sorted((json.loads(line) for line in rejects.read_text().splitlines()), key=lambda row: row["line"])
    assert [(row["file"], row["line"], row["field"]) for row in rows] == [
        (str(file), 3, "event_id"),
        (str(file), 4, "value"),
    ]
    assert [row["raw"] for row in rows] == ["u2, i2 ,3,e1", "u3,i3,9,e3"]
    with pytest.raises(RecordError, match=r"ratings\.csv:[34]; strict= stops"):
        ingest.ingest(graph, read_events(file), scale=Scale(1, 5), rejects=rejects, strict=True, progress=False)


def test_the_same_id_in_two_kinds_is_two_events_but_one_review(graph: BoltStore, rejects: Path) -> None:
    same = [event(1, text="fine"), event(1, kind="LIKED", text="fine")]
    other = event(1, kind="PURCHASED", text="not what I wrote")
    report = take(graph, [*same, other], rejects)
    assert (report.accepted, report.rejected) == (2, 1)
    assert "another review is stored under this id; differs in text" in rejects.read_text()
    assert graph.read("MATCH (w:Review) RETURN w.id AS id, w.text AS text") == [{"id": "e1", "text": "fine"}]


def test_a_review_lies_beside_its_event(graph: BoltStore, rejects: Path) -> None:
    take(graph, [event(1, text="loud and clear", title="good")], rejects)
    text = (
        "MATCH (u:User)-[r:RATED]->(i:Item), (u)-[:WROTE]->(w:Review)-[:ABOUT]->(i) "
        "RETURN w.id = r.event_id AS same, w.text AS text, w.title AS title, w.at = r.at AS moment"
    )
    assert graph.read(text) == [{"same": True, "text": "loud and clear", "title": "good", "moment": True}]


def test_context_never_overwrites_the_event(graph: BoltStore, rejects: Path) -> None:
    report = take(
        graph,
        [event(1), event(2, context={"value": 9, "event_id": "x", "at": "noon", "n`1": True, "ok": 1.5})],
        rejects,
    )
    assert report.accepted == 2
    (row,) = graph.read("MATCH ()-[r:RATED {event_id: 'e2'}]->() RETURN properties(r) AS p")
    assert row["p"] == {
        "event_id": "e2", "at": START + timedelta(minutes=2), "value": 3.0,
        "context_value": 9, "context_event_id": "x", "context_at": "noon", "n`1": True, "ok": 1.5,
    }  # fmt: skip


def test_a_second_word_on_an_item_fills_in_and_overwrites(graph: BoltStore, rejects: Path) -> None:
    acme, zeta = Attribute("HAS_BRAND", "brand", "Acme"), Attribute("HAS_BRAND", "brand", "Zeta")
    records: list[Record] = [
        ItemRecord("i", "Old", None, {"price": 1.0, "id": "not me"}, (acme,)),
        ItemRecord("i", "New", "text", {"stock": 3}, (acme, zeta)),
        ItemRecord("i", None, None, {"price": 1.0}, (acme,)),
    ]
    report = take(graph, records, rejects)
    assert (report.accepted, report.duplicates) == (2, 1)
    (row,) = graph.read("MATCH (i:Item) RETURN properties(i) AS p")
    assert row["p"] == {"id": "i", "title": "New", "text": "text", "price": 1.0, "stock": 3}
    edges = graph.read(
        "MATCH (:Item)-[:HAS_BRAND]->(e:Entity) RETURN e.id AS id, e.name AS name, e.kind AS kind ORDER BY id"
    )
    assert edges == [{"id": f"brand:{n}", "name": n, "kind": "brand"} for n in ("Acme", "Zeta")]


def test_an_entity_met_in_a_triple_gets_its_name_later(graph: BoltStore, rejects: Path) -> None:
    take(graph, [Triple("brand:Acme", "OWNED_BY", "m.9")], rejects)
    take(graph, [ItemRecord("i", attributes=(Attribute("HAS_BRAND", "brand", "Acme"),))], rejects)
    assert graph.read("MATCH (e:Entity {id: 'brand:Acme'}) RETURN e.name AS name") == [{"name": "Acme"}]


def test_a_scale_is_declared_once_and_holds(graph: BoltStore, rejects: Path) -> None:
    report = take(graph, [event(1), event(2, value=9.0), event(3, value=None)], rejects, scale=Scale(1, 5))
    assert (report.accepted, report.rejected) == (2, 1)
    assert "9 is outside the scale 1 to 5" in rejects.read_text()
    later = take(graph, [event(4, value=0.5)], rejects)
    assert later.rejected == 1
    with pytest.raises(RecordError, match="RATED events of this graph have the scale 1:5, not 0:10"):
        take(graph, [event(5)], rejects, scale=Scale(0, 10))
    (declared,) = snapshot.take(graph).kinds.to_pylist()
    assert (declared["kind"], declared["minimum"], declared["maximum"]) == ("RATED", 1.0, 5.0)


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_scale_that_stored_events_contradict_is_an_error_and_loses_nothing(
    graph: BoltStore, rejects: Path, dry_run: bool
) -> None:
    stored = [event(n, value=float(n)) for n in range(1, 6)]
    take(graph, [*stored, event(6, value=None)], rejects)
    given = [event(7, value=9.0), event(8, value=2.0)]
    outside = r"2 RATED events of this graph have values from 4 to 5, outside 1:3; give a scale that holds them"
    with pytest.raises(RecordError, match=outside):
        take(graph, given, rejects, scale=Scale(1, 3), dry_run=dry_run)
    with pytest.raises(RecordError, match=outside):
        take(graph, [KindRecord("RATED", Scale(1, 3)), *given], rejects, dry_run=dry_run)
    assert not rejects.exists()
    taken = snapshot.take(graph)
    assert (taken.events.num_rows, taken.kinds["minimum"].to_pylist()) == (6, [None])
    report = take(graph, given, rejects, scale=Scale(1, 5))
    assert (report.accepted, report.rejected) == (1, 1)
    (declared,) = snapshot.take(graph).kinds.to_pylist()
    assert (declared["kind"], declared["minimum"], declared["maximum"]) == ("RATED", 1.0, 5.0)


def test_reserved_names_are_rejected_row_by_row(graph: BoltStore, rejects: Path) -> None:
    records: list[Record] = [event(1, kind="SHOWN"), Triple("a", "SAME_AS", "b"), event(2)]
    report = take(graph, records, rejects)
    assert (report.accepted, report.rejected) == (1, 2)
    assert [json.loads(line)["field"] for line in rejects.read_text().splitlines()] == ["kind", "relation"]


def test_names_of_profiles_are_no_properties_of_people(graph: BoltStore, rejects: Path, tmp_path: Path) -> None:
    report = take(graph, [UserRecord("u1", {"habit_events": 3}), UserRecord("u2", {"age": 3})], rejects)
    assert (report.accepted, report.rejected) == (1, 1)
    assert "those of profiles" in json.loads(rejects.read_text())["reason"]
    file = tmp_path / "people.csv"
    file.write_text("user_id,habit_events\nu1,3\n")
    with pytest.raises(ReadError, match="rename the column"):
        take(graph, read_users(file), rejects)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1 << 63, -(1 << 63) - 1, "lone \ud800"])
def test_values_that_not_every_engine_stores_are_rejected(graph: BoltStore, rejects: Path, value: Scalar) -> None:
    records: list[Record] = [ItemRecord("i", properties={"n": value}), event(1, context={"n": value}), event(2)]
    report = take(graph, records, rejects)
    assert (report.accepted, report.rejected) == (1, 2)
    assert [json.loads(line)["field"] for line in rejects.read_text().splitlines()] == ["n", "n"]


def test_rejects_of_another_run_are_kept(store: BoltStore, rejects: Path) -> None:
    bad = Reject("ratings.csv", 7, "value", "is no number", "a,b,c")
    reports = [take(store, [bad], rejects) for _ in range(3)]  # type: ignore[list-item]
    names = [Path(str(report.rejects_file)).name for report in reports]
    assert names == ["test.rejects.jsonl", "test.1.rejects.jsonl", "test.2.rejects.jsonl"]
    assert json.loads(rejects.read_text()) == {
        "file": "ratings.csv", "line": 7, "field": "value", "reason": "is no number", "raw": "a,b,c"
    }  # fmt: skip


def test_strict_stops_at_the_first_reject_and_a_new_graph_stays_new(store: BoltStore, rejects: Path) -> None:
    bad = Reject("ratings.csv", 7, "value", "is no number", "a,b,c")
    with pytest.raises(RecordError, match=r"value: is no number \(ratings.csv:7; strict="):
        take(store, [event(1), bad, event(2)], rejects, strict=True)  # type: ignore[list-item]
    assert store.is_new
    assert not rejects.exists()


def test_a_dry_run_counts_and_writes_nothing(graph: BoltStore, rejects: Path) -> None:
    take(graph, [event(1)], rejects)
    report = take(graph, [event(1), event(2), event(3, kind="SHOWN"), *everything()[-3:]], rejects, dry_run=True)
    assert (report.accepted, report.duplicates, report.rejected) == (4, 1, 1)
    assert graph.read("MATCH (n) WHERE NOT n:Schema RETURN count(n) AS n") == [{"n": 3}]


@pytest.mark.parametrize("used", [False, True])
def test_what_was_read_before_a_file_broke_is_written(graph: BoltStore, rejects: Path, used: bool) -> None:
    def broken() -> Iterator[Record]:
        yield from (event(n) for n in range(10))
        raise ReadError("ratings.csv.gz", "is truncated", 11)

    if used:
        take(graph, [event(0)], rejects)
    stored = "9 records before that are stored, 1 were known before" if used else "10 records before that are stored;"
    with pytest.raises(ReadError, match=f"^ratings.csv.gz, line 11: is truncated; {stored}"):
        ingest.ingest(graph, broken(), rejects=rejects, progress=False)
    assert graph.read("MATCH ()-[r:RATED]->() RETURN count(r) AS n") == [{"n": 10}]


def test_one_event_is_new_once(graph: BoltStore) -> None:
    assert ingest.write_event(graph, event(1, text="ok"))
    assert not ingest.write_event(graph, event(1, text="ok"))
    with pytest.raises(EventConflict, match="differs in value"):
        ingest.write_event(graph, event(1, text="ok", value=1.0))
    with pytest.raises(RecordError, match="reserved"):
        ingest.write_event(graph, event(2, kind="RECOMMENDED"))


def test_batches_are_bounded_in_records_and_bytes() -> None:
    small = [len(part) for part in batch.in_batches((event(n) for n in range(12_000)), 5_000)]
    assert small == [5_000, 5_000, 2_000]
    large = [len(part) for part in batch.in_batches((event(n, text="x" * (1 << 20)) for n in range(9)), 5_000)]
    assert large == [4, 4, 1]
    titles = (ItemRecord(f"i{n}", title="é" * (1 << 20)) for n in range(5))
    titled = [len(part) for part in batch.in_batches(titles, 5_000)]
    assert titled == [2, 2, 1], "bytes count, and those of titles too"


def test_an_entity_keeps_its_first_name(graph: BoltStore, rejects: Path) -> None:
    named: list[Record] = [EntityRecord("e", "first"), EntityRecord("e", "second", "kind"), EntityRecord("e", "third")]
    report = ingest.ingest(graph, [*named, Triple("e", "KNOWS", "f")], rejects=rejects, progress=False)
    assert (report.accepted, report.duplicates, report.by_kind) == (3, 1, {"entities": 3, "triples": 1})
    assert graph.read("MATCH (e:Entity {id: 'e'}) RETURN e.name AS name, e.kind AS kind") == [
        {"name": "first", "kind": "kind"}
    ]
    assert ingest.ingest(graph, [*named, EntityRecord("f")], rejects=rejects, progress=False).accepted == 0


@pytest.mark.parametrize("bulk", [True, False], ids=["bulk", "transactions"])
def test_an_entity_is_called_what_a_table_says_before_attributes_name_it(
    store: BoltStore, rejects: Path, monkeypatch: pytest.MonkeyPatch, bulk: bool
) -> None:
    if not bulk:
        monkeypatch.setattr(type(store), "bulk_load", lambda self: None)
    item = ItemRecord("b", attributes=(Attribute("WRITTEN_BY", "author", "7"),))
    tree = Triple("author:7", "WITHIN", "author:8")
    records: list[Record] = [EntityRecord("author:7", "Zoë", "author"), tree, item]
    assert take(store, records, rejects).accepted == 3
    assert take(store, records, rejects).duplicates == 3
    assert store.read(
        "MATCH (:Item {id: 'b'})-[:WRITTEN_BY]->(e:Entity)-[:WITHIN]->(above) "
        "RETURN e.id AS id, e.name AS name, e.kind AS kind, above.id AS above"
    ) == [{"id": "author:7", "name": "Zoë", "kind": "author", "above": "author:8"}]


def test_no_relation_leads_from_an_entity_to_an_item(graph: BoltStore, rejects: Path) -> None:
    report = ingest.ingest(graph, [Triple("e", "MADE", "i", tail_label="Item")], rejects=rejects, progress=False)
    assert (report.accepted, report.rejected) == (0, 1)
    assert "no relation leads from Entity to Item" in rejects.read_text()


def test_repeats_within_a_first_load_are_found_in_later_batches(
    graph: BoltStore, rejects: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is looked up for a kind that is new, until a constraint stops a batch."""
    graph.write(Statement("CREATE (:User {id: 'somebody'})", {}))  # so that no engine takes its bulk path
    monkeypatch.setattr(type(graph), "batch_rows", 600)
    looked_up: list[str] = []
    monkeypatch.setattr(
        "kg.writer._Plan._stored_events",
        lambda self, kind, events, real=writer._Plan._stored_events: looked_up.append(kind) or real(self, kind, events),
    )
    assert take(graph, [event(n) for n in range(1_200)], rejects).accepted == 1_200
    assert looked_up == []
    records = [event(n, kind="LIKED") for n in [*range(900), *range(500)]] + [event(899, kind="LIKED", value=2.0)]
    report = take(graph, records, rejects)
    assert (report.accepted, report.duplicates, report.rejected) == (900, 500, 1)
    assert looked_up != []


def test_what_was_being_written_when_reading_fails_is_told(
    graph: BoltStore, rejects: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch in flight: its conflicts are kept, and where it could not be written that is the error."""
    graph.write(Statement("CREATE (:User {id: 'somebody'})", {}))
    take(graph, [event(1)], rejects)
    monkeypatch.setattr(type(graph), "batch_rows", 2)

    def cut_off() -> Iterator[Record]:
        yield from (event(1, value=5.0), event(2))
        raise ReadError("events.csv", "the file ends in the middle")

    with pytest.raises(ReadError, match="in the middle"):
        ingest.ingest(graph, cut_off(), rejects=rejects, progress=False)
    assert "another RATED event is stored" in rejects.read_text()

    def fails(self: writer.Writer, records: object) -> object:
        raise StoreError("the disk is full")

    monkeypatch.setattr(writer.Writer, "write", fails)
    with pytest.raises(StoreError, match="the disk is full"):
        ingest.ingest(graph, cut_off(), rejects=rejects, progress=False)


def test_who_stops_an_ingest_does_not_wait_for_a_server_that_is_away(
    graph: BoltStore, rejects: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph.write(Statement("CREATE (:User {id: 'somebody'})", {}))
    monkeypatch.setattr(type(graph), "batch_rows", 1)
    monkeypatch.setattr(ingest, "LAST_WRITE_SECONDS", 0.1)
    comes_back = threading.Event()
    monkeypatch.setattr(
        writer.Writer, "write", lambda self, records: comes_back.wait(100 * PATIENCE) and batch.Outcome()
    )

    def stopped() -> Iterator[Record]:
        yield event(1)
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        ingest.ingest(graph, stopped(), rejects=rejects, progress=False)
    assert time.monotonic() - started < 10 * PATIENCE
    comes_back.set()


def test_what_others_write_while_a_first_load_begins_stays(store: BoltStore, rejects: Path) -> None:
    """An event that was acknowledged between the question whether the graph is new and the load."""
    load = store.bulk_load()
    assert load is not None
    assert ingest.write_event(store, event(1))
    with pytest.raises(StoreError, match="somebody else has written to it"), load:
        pass
    assert store.read("MATCH ()-[r:RATED]->() RETURN r.event_id AS id") == [{"id": "e1"}]
    assert take(store, [event(1), event(2)], rejects).accepted == 1


def test_what_is_declared_of_a_kind_is_kept_and_its_codes_are_stored_outside_the_scale(
    graph: BoltStore, tmp_path: Path, rejects: Path
) -> None:
    """MyAnimeList: -1 is "watched, not rated", beside 1 to 10; the graph keeps it, so that its hash stays."""
    file = tmp_path / "ratings.csv"
    file.write_text("user_id,anime_id,rating\nu,1,-1\nu,2,10\nv,1,11\nv,2,-1\n")
    mapping, form = EventMapping(item="anime_id"), Form(missing={"rating": ("-1",)})
    declared = [KindRecord("RATED", meaning="rating"), KindRecord("RATED", weight=0.25)]
    for new in (3, 0):
        records = read_events(file, mapping, scale=Scale(1, 10), form=form)
        report = ingest.ingest(graph, [*declared, *records], scale=Scale(1, 10), rejects=rejects, progress=False)
        assert (report.rejected, report.by_kind["RATED"], report.duplicates) == (1, 3, 3 - new)
    taken = snapshot.take(graph)
    assert taken.kinds.to_pylist() == [
        {"kind": "RATED", "minimum": 1.0, "maximum": 10.0, "meaning": "rating", "weight": 0.25, "unrated": "-1"}
    ]
    assert sorted(taken.events["value"].to_pylist()) == [-1, -1, 10]
    assert [own.unrated for own in People(graph).kinds()] == [(-1.0,)]


def test_what_a_kind_cannot_be_is_refused() -> None:
    for wrong in ({"meaning": "stars"}, {"weight": 1.5}):
        with pytest.raises(RecordError, match=next(iter(wrong))):
            KindRecord("RATED", **wrong)  # type: ignore[arg-type]
