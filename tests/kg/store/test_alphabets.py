"""Names of kinds, relations and columns in other alphabets: through every door and back, in both engines."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import queries, snapshot
from kg.alphabets import is_type, upper, worded
from kg.bolt import BoltStore
from kg.flat import export_recbole, export_triples
from kg.ingest import ingest
from kg.knowledge import WholeGraph
from kg.neo4j_import import write_import
from kg.people import People
from kg.rdf.read import read_rdf
from kg.rdf.write import export_rdf
from kg.readers import EventMapping, UserMapping, read_events, read_recbole, read_users
from kg.readers.columns import holds_codes
from kg.readers.form import NOTHING
from kg.readers.knowledge import read_knowledge
from kg.records import Attribute, Interaction, ItemRecord, Record, Triple, UserRecord, clean_kind, clean_relation
from kg.store import Statement
from kg.transfer import Archive, StoreSource, backup, fill
from tests.conftest import emptied

NAMES = ("导演", "主演", "की", "का", "திரை", "தரை", "GRößE", "GRÖßE", "ГЕРОЙ1", "герой1", "مؤلف", "ประเภท", "导" * 22)
"""Each pair is one name where marks, or letters beyond ASCII, count for nothing or are put into upper case."""
letters = st.text(
    st.characters(categories=["Lu", "Ll", "Lo", "Lm", "Mn", "Mc", "Nd"], include_characters="_"), min_size=1, max_size=7
)
names = letters.map(lambda text: upper(worded(text))).filter(
    lambda name: is_type(name) and name not in NOTHING and not holds_codes(name)  # digits of a code are a text
)


def world(names: tuple[str, ...]) -> list[Record]:
    """A person and an item, with everything that has a name called by each."""
    records: list[Record] = []
    for number, name in enumerate(names):
        records += [
            Interaction("u", "i", name, f"e{number}", None, float(number), context={name: number}),
            Triple("a", name, f"b{number}"),
            ItemRecord(f"i{number}", properties={name: number}, attributes=(Attribute(name, name, "x"),)),
            UserRecord(f"u{number}", {name: number}, (Attribute(name, name, "x"),)),
        ]
    return records


def filled(store: BoltStore, records: list[Record]) -> str:
    ingest(emptied(store), records, strict=True, progress=False)
    return snapshot.take(store).fingerprint


def asked(store: BoltStore) -> tuple[set[str], set[str]]:
    """The kinds and the relations that named queries see."""
    kinds = queries.run(store, "events_by_kind", {}).rows
    relations = queries.run(store, "relations", {}).rows
    return {str(row[0]) for row in kinds if row[1]}, {str(row[0]) for row in relations}


def test_every_way_out_and_in_keeps_them(graph: BoltStore, tmp_path: Path) -> None:
    before = filled(graph, world(NAMES))
    taken = snapshot.take(graph)
    assert set(taken.events["kind"].to_pylist()) == set(NAMES)
    assert set(taken.triples["relation"].to_pylist()) == set(NAMES)
    assert asked(graph) == (set(NAMES), set(NAMES))
    for number, name in enumerate(NAMES):
        text = f"MATCH (:User)-[r:`{name}`]->(:Item) RETURN r.`{name}` AS own, r.event_id AS id"
        assert graph.query(text, {}).rows == [[number, f"e{number}"]]
        assert graph.query(text.replace("`", ""), {}).rows == [[number, f"e{number}"]], "no quotation is needed"

    export_rdf(graph, WholeGraph(graph), tmp_path / "all.nt", people=People(graph))
    export_triples(graph, tmp_path / "kg.csv", tmp_path / "links.csv")
    export_recbole(graph, tmp_path / "data")
    written = write_import(StoreSource(graph), tmp_path / "files", progress=False)
    assert written["edges"] == 4 * len(NAMES)
    backup(graph, tmp_path / "saved", progress=False)

    fill(emptied(graph), Archive(tmp_path / "saved"), progress=False)
    assert snapshot.take(graph).fingerprint == before
    again = Interaction("u9", "i9", NAMES[0], "e0")
    assert ingest(graph, [again], progress=False, rejects=tmp_path / "r").rejected == 1, "ids are still unique"
    assert filled(graph, list(read_rdf(tmp_path / "all.nt"))) == before  # type: ignore[arg-type]
    ingest(emptied(graph), read_recbole(tmp_path / "data"), strict=True, progress=False)
    assert asked(graph) == (set(NAMES), {*NAMES, "SAME_AS"})  # of items that have no entity of their own
    ingest(emptied(graph), read_knowledge(tmp_path / "kg.csv"), strict=True, progress=False)
    assert asked(graph)[1] == set(NAMES)


def test_an_update_and_a_graph_in_use_know_them(graph: BoltStore) -> None:
    filled(graph, [UserRecord("somebody")])
    first = snapshot.take(graph)
    ingest(graph, world(NAMES), strict=True, progress=False)
    assert snapshot.take(graph).fingerprint == filled(graph, [UserRecord("somebody"), *world(NAMES)])
    assert len(first.events) == 0
    assert ingest(graph, world(NAMES), progress=False).accepted == 0


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(names, min_size=1, max_size=5, unique=True))
def test_tables_of_any_alphabet(graph: BoltStore, given: list[str]) -> None:
    """What differs stays two: no name of a table is made another one's, and none is lost."""
    emptied(graph)
    row: dict[str, object] = {"user_id": "u"} | dict.fromkeys(given, 7)
    people = UserMapping("user_id", properties=tuple(given))
    ingest(graph, read_users([row], people), strict=True, progress=False)
    (stored,) = graph.read("MATCH (u:User {id: 'u'}) RETURN properties(u) AS p")
    assert stored["p"] == {"id": "u"} | dict.fromkeys(given, 7)
    events = [{"user": "u", "item": "i", "kind": name, "at": 1e9, name: "c"} for name in given]
    for name, event in zip(given, events, strict=True):
        roles = EventMapping("user", "item", "at", "", "kind", "", "", "", context=(name,))
        ingest(graph, read_events([event], roles), strict=True, progress=False)
    ingest(
        graph, read_knowledge([{"head": "a", "relation": r, "tail": "b"} for r in given]), strict=True, progress=False
    )
    rows = graph.read("MATCH (:User)-[r]->(:Item) RETURN type(r) AS kind, keys(r) AS names")
    assert {row["kind"]: set(row["names"]) for row in rows} == {n: {"event_id", "at", n} for n in given}
    rows = graph.read("MATCH (:Entity)-[r]->(:Entity) RETURN type(r) AS relation")
    assert sorted(row["relation"] for row in rows) == sorted(given)


@given(letters)
def test_a_name_stays_what_it_is(text: str) -> None:
    if worded(text)[:1].isalpha():
        assert clean_relation(clean_relation(text)) == clean_relation(text)
    if is_type(upper(text)):
        assert clean_kind(text) == upper(text)


@pytest.mark.embedded
@pytest.mark.parametrize("locale", [{"LANG": "C"}, {"LC_ALL": "POSIX"}, {"LC_ALL": "C"}])
def test_a_store_is_opened_where_the_locale_knows_ascii_only(tmp_path: Path, locale: dict[str, str]) -> None:
    """The embedded engine makes files of names of types."""
    table = tmp_path / "events.csv"
    table.write_text("user,item,kind\nu,i,看过\nu,i,Größe\n", encoding="utf-8")
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    for expected in ("2 stored", "2 known before"):
        command = [sys.executable, "-m", "recommender", "--store", str(tmp_path / "s"), "ingest", "events", str(table)]
        done = subprocess.run(command, env=kept | locale, capture_output=True, text=True, encoding="utf-8", check=True)
        assert expected in done.stdout


@pytest.mark.embedded
def test_what_no_graph_can_hold_is_refused_aloud(store: BoltStore, tmp_path: Path) -> None:
    table = [{"user": "u", "item": "i", "kind": name} for name in ("导" * 23, "😀", "a*b", "二2")]
    report = ingest(store, read_events(table), rejects=tmp_path / "rejects", progress=False)
    assert (report.accepted, report.rejected) == (1, 3)
    assert "too long" in (tmp_path / "rejects").read_text(encoding="utf-8")
    store.write(Statement("MATCH (n) RETURN 1 AS one LIMIT 1", {}))
