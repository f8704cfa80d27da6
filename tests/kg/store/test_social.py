"""Whom people know: through every door and back, in both engines."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from kg import changes, queries, snapshot
from kg.bolt import BoltStore
from kg.flat import export_recbole, export_social
from kg.ingest import ingest
from kg.knowledge import WholeGraph
from kg.neo4j_import import write_import
from kg.people import People
from kg.rdf.read import read_rdf
from kg.rdf.write import export_rdf
from kg.readers import AttributeColumn, SocialMapping, UserMapping, read_recbole, read_social, read_users
from kg.records import Interaction, ItemRecord, Record, Reject, Tie, Triple, UserRecord
from kg.report import take_report
from kg.transfer import Archive, StoreSource, backup, fill
from recommender.forget import forget
from tests.conftest import emptied

AT = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
TIES = [
    Tie("ann", "bob", "FRIEND", 0.5, AT),
    Tie("cat", "ann", "FRIEND"),
    Tie("ann", "dan", "FOLLOWS", None, AT),
    Tie("eve", "ann", "FOLLOWS", 2.0),
]
WORLD: list[Record] = [
    UserRecord("ann", {"age": 3}),
    *TIES,
    Interaction("ann", "i", "LIKED", "e1"),
    Interaction("zed", "i", "LIKED", "e2"),
    Triple("a", "FOLLOWS", "b"),
    ItemRecord("i", "One"),
]


def filled(store: BoltStore, records: list[Record]) -> str:
    ingest(emptied(store), records, strict=True, progress=False)
    return snapshot.take(store).fingerprint


def stored(taken: snapshot.Snapshot) -> set[tuple[str, str, str, float | None, datetime | None]]:
    people = taken.users["id"].to_pylist()
    rows = taken.ties.to_pylist()
    return {(people[r["head"]], people[r["tail"]], r["relation"], r["weight"], r["at"]) for r in rows}


TOLD = {(tie.user_id, tie.other_id, tie.relation, tie.weight, tie.at) for tie in TIES}


@pytest.mark.embedded
def test_a_new_graph_and_one_in_use_hold_the_same(graph: BoltStore, location: str, tmp_path: Path) -> None:
    from kg.engines import open_store

    before = filled(graph, WORLD)
    assert stored(snapshot.take(graph)) == TOLD
    assert ingest(graph, WORLD, progress=False).accepted == 0
    if location.startswith("bolt"):
        return
    with open_store(location, work=tmp_path / "work") as new:
        assert new.is_new
        ingest(new, WORLD, strict=True, progress=False)
        assert snapshot.take(new).fingerprint == before
        assert stored(snapshot.take(new)) == TOLD


def test_what_is_known_stays_and_is_filled_in(graph: BoltStore) -> None:
    filled(graph, [Tie("ann", "bob")])
    again = [Tie("ann", "bob", weight=0.5), Tie("ann", "bob", weight=0.9), Tie("ann", "bob", at=AT)]
    report = ingest(graph, again, progress=False)
    assert (report.accepted, report.duplicates) == (2, 1)
    assert stored(snapshot.take(graph)) == {("ann", "bob", "FRIEND", 0.5, AT)}


def test_a_named_query_tells_whom_somebody_knows(graph: BoltStore) -> None:
    filled(graph, WORLD)
    rows = queries.run(graph, "people_known", {"user": "ann"}).rows
    assert [row[:3] for row in rows] == [["FOLLOWS", "dan", None], ["FRIEND", "bob", 0.5], ["FRIEND", "cat", None]]
    assert [row[1] for row in queries.run(graph, "people_known", {"user": "dan"}).rows] == []
    assert [row[1] for row in queries.run(graph, "people_known", {"user": "bob"}).rows] == ["ann"]


def test_an_update_reads_what_has_changed(graph: BoltStore, tmp_path: Path) -> None:
    filled(graph, WORLD)
    changes.start(graph)
    first = snapshot.take(graph)
    ingest(graph, [Tie("new", "ann"), Tie("ann", "bob", "TRUSTS", 1.0), Tie("cat", "ann", weight=3.0)], progress=False)
    updated = snapshot.update(graph, first)
    assert updated.fingerprint == snapshot.take(graph).fingerprint != first.fingerprint
    assert {("new", "ann", "FRIEND", None, None), ("cat", "ann", "FRIEND", 3.0, None)} <= stored(updated)
    assert snapshot.update_people(graph, first).ties.equals(updated.ties)
    snapshot.save(updated, tmp_path / "kept")
    assert snapshot.load(tmp_path / "kept").fingerprint == updated.fingerprint
    changes.stop(graph)


@pytest.mark.embedded
def test_a_snapshot_of_before_is_loaded(store: BoltStore, tmp_path: Path) -> None:
    filled(store, WORLD)
    taken = replace(snapshot.take(store), ties=snapshot.TIES.empty_table())
    snapshot.save(taken, tmp_path / "kept")
    manifest = json.loads((tmp_path / "kept" / "manifest.json").read_text())
    del manifest["tables"]["ties"]
    (tmp_path / "kept" / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "kept" / "ties.arrow").unlink()
    loaded = snapshot.load(tmp_path / "kept")
    assert loaded.ties.num_rows == 0
    assert loaded.fingerprint == taken.fingerprint


def test_every_way_out_brings_them_back(graph: BoltStore, tmp_path: Path) -> None:
    before = filled(graph, WORLD)
    export_rdf(graph, WholeGraph(graph), tmp_path / "all.ttl", people=People(graph))
    assert export_social(graph, tmp_path / "social.csv") == {"ties": 4}
    assert write_import(StoreSource(graph), tmp_path / "files", progress=False)["edges"] == 7
    backup(graph, tmp_path / "saved", progress=False)
    fill(emptied(graph), Archive(tmp_path / "saved"), progress=False)
    assert snapshot.take(graph).fingerprint == before
    assert filled(graph, list(read_rdf(tmp_path / "all.ttl"))) == before  # type: ignore[arg-type]
    assert export_recbole(graph, tmp_path / "data")[".net"] == 4
    filled(graph, list(read_recbole(tmp_path / "data")))  # type: ignore[arg-type]
    assert stored(snapshot.take(graph)) == TOLD
    filled(graph, list(read_social(tmp_path / "social.csv")))  # type: ignore[arg-type]
    assert stored(snapshot.take(graph)) == TOLD


def test_the_report_knows_them(graph: BoltStore) -> None:
    filled(graph, WORLD)
    report = take_report(graph)
    assert report.counts["ties"] == 4
    assert report.finding("unexpected_edges").count == 0


def test_a_forgotten_person_is_no_ones_friend(graph: BoltStore) -> None:
    filled(graph, WORLD)
    receipt = forget(graph, "ann")
    assert not any(receipt.left.values())
    assert stored(snapshot.take(graph)) == set()
    report = ingest(graph, [*TIES, Tie("bob", "dan")], progress=False)
    assert (report.accepted, report.forgotten) == (1, 4)
    assert stored(snapshot.take(graph)) == {("bob", "dan", "FRIEND", None, None)}


# --- Readers


def test_columns_of_ties(tmp_path: Path) -> None:
    path = tmp_path / "user_friends.dat"
    path.write_text("userID\tfriendID\n2\t275\n275\t2\n")
    assert list(read_social(path)) == [Tie("2", "275"), Tie("275", "2")]
    path.write_text("2 275\n3 7\n")
    assert list(read_social(path, type="trusts")) == [Tie("2", "275", "TRUSTS"), Tie("3", "7", "TRUSTS")]
    path.write_text("who,whom,how much,when\na,b,0.5,2020-01-02\n,b,1,\n")
    mapping = SocialMapping.parse("from=who, to=whom, weight=how much, at=when")
    tie, reject = read_social(path, mapping, type="FOLLOWS")
    assert tie == Tie("a", "b", "FOLLOWS", 0.5, datetime(2020, 1, 2, tzinfo=UTC))
    assert isinstance(reject, Reject)
    assert (reject.line, reject.field) == (3, "who")


def test_a_column_that_holds_people() -> None:
    rows = [
        {"user_id": "ann", "friends": "bob, cat, ann, bob", "age": 3},
        {"user_id": "bob", "friends": "None", "age": 4},
        {"user_id": "cat", "friends": ["ann"], "age": 5},
    ]
    told = [
        UserRecord("ann", {"age": 3}), Tie("ann", "bob"), Tie("ann", "cat"), UserRecord("bob", {"age": 4}),
        UserRecord("cat", {"age": 5}), Tie("cat", "ann"),
    ]  # fmt: skip
    assert list(read_users(rows)) == told
    named = UserMapping("user_id", (), ("age",), (AttributeColumn("friends", "FOLLOWS"),))
    assert list(read_users(rows, named))[1] == Tie("ann", "bob", "FOLLOWS")
    frame = pa.table({"user_id": ["ann"], "friends": [["bob", "cat"]]})
    assert list(read_users(frame)) == [UserRecord("ann"), Tie("ann", "bob"), Tie("ann", "cat")]


def test_how_many_friends_somebody_has_is_no_person() -> None:
    assert list(read_users([{"user_id": "ann", "friends": 12}])) == [UserRecord("ann", {"friends": 12})]
    named = UserMapping("user_id", friends=(AttributeColumn("friends", "FRIEND"),))
    assert list(read_users([{"user_id": "ann", "friends": 12}], named)) == [UserRecord("ann"), Tie("ann", "12")]


@pytest.mark.embedded
def test_nobody_is_tied_to_themselves(store: BoltStore, tmp_path: Path) -> None:
    report = ingest(emptied(store), [Tie("a", "a"), Tie("a", "b", "WROTE")], rejects=tmp_path / "r", progress=False)
    assert (report.accepted, report.rejected) == (0, 2)
