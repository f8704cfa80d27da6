"""People and what they did as RDF: in and out again, nothing of it lost, and nothing of it made up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rdflib.compare import isomorphic

from kg import forgotten, snapshot
from kg.batch import Edge
from kg.bolt import BoltStore
from kg.checks import ScaleConflict
from kg.engines import open_store
from kg.ingest import ingest
from kg.knowledge import WholeGraph
from kg.people import People
from kg.rdf.mapping import RdfMapping
from kg.rdf.mapping_file import read_mapping
from kg.rdf.read import read_rdf
from kg.rdf.terms import OWN, RDF, SCHEMA, STRING, XSD, Fact
from kg.rdf.write import export_rdf, facts_of
from kg.records import (
    Attribute,
    EntityRecord,
    Interaction,
    ItemRecord,
    KindRecord,
    Link,
    Record,
    Reject,
    Scale,
    Tie,
    Triple,
    UserRecord,
)
from tests.conftest import ENGINES, emptied
from tests.kg.rdf.test_write import FORMATS, IDS, NOT_XML, UNICODE, VALUES, WORLD, NoSpellings, Rows

AT = datetime(2024, 5, 1, 10, 11, 12, 123456, tzinfo=UTC)
PEOPLE: list[Record] = [
    KindRecord("RATED", Scale(1, 5)),
    KindRecord("NEVER_DONE", Scale(-1, 1)),
    KindRecord("UNSCALED"),
    UserRecord("bob <b>", {"age": 40, "name": "Bob", "staff": True, "note": "a\n\\b", "price": "low"}),
    UserRecord("ann", {}, (Attribute("WORKS_AS", "occupation", "writer"),)),
    UserRecord("alone", {"name": 7, "description": "of few words"}),
    Triple("ann", "KNOWS", "m.9", head_label="User", name="http://xmlns.com/foaf/0.1/knows"),
    Triple("ann", "GENRE", "http://shop/3", head_label="User"),
    Interaction("bob <b>", "i1", "RATED", "e:1", AT, 4.0, "own\n\"words\"", "Title", {"page": 3, "price": 2.5}),
    Interaction("bob <b>", "i1", "LIKED", "e:1", AT, None, "own\n\"words\""),
    Interaction("bob <b>", "http://shop/3", "RATED", "e/2", None, 1.5, None, "no text"),
    Interaction("ann", "i/2", "LISTENED_TO", "e 3", AT, 17.0, context={"value": 1, "start_time": "now", "ok": False}),
    Interaction("ann", "never described", "VIEWED", "e 3"),
]  # fmt: skip
EVENTS = "MATCH (u:User)-[r]->(i:Item) RETURN u.id AS user, type(r) AS kind, i.id AS item, properties(r) AS properties"


@pytest.fixture(params=ENGINES)
def graph(request: pytest.FixtureRequest) -> BoltStore:
    """Each engine."""
    return emptied(request.getfixturevalue(request.param))


def everything(store: BoltStore, mapping: RdfMapping | None = None) -> set[Fact]:
    """All statements of a graph."""
    return set(facts_of(store, WholeGraph(store), mapping, People(store)))


def events(store: BoltStore) -> list[str]:
    """All events with all that they hold."""
    return sorted(repr({**row, "properties": sorted(row["properties"].items())}) for row in store.read(EVENTS))


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # what rdflib reads JSON-LD with
@pytest.mark.parametrize("suffix", FORMATS)
def test_the_whole_graph_comes_back(graph: BoltStore, tmp_path: Path, suffix: str) -> None:
    """Graph to file to graph to file: the same graph, and isomorphic files."""
    ingest(graph, [*WORLD, *PEOPLE], strict=True, progress=False)
    before, done = snapshot.take(graph), events(graph)
    assert len(done) == 5
    first, second = tmp_path / f"first{suffix}", tmp_path / f"second{suffix}"
    count = export_rdf(graph, WholeGraph(graph), first, people=People(graph))
    assert ingest(graph, read_rdf(first), strict=True, progress=False).accepted == 0
    ingest(emptied(graph), read_rdf(first), strict=True, progress=False)
    assert snapshot.take(graph).fingerprint == before.fingerprint
    assert events(graph) == done
    assert export_rdf(graph, WholeGraph(graph), second, people=People(graph)) == count
    graphs = [rdflib.Graph().parse(path, format=FORMATS[suffix]) for path in (first, second)]
    assert len(graphs[0]) == count
    assert isomorphic(*graphs)


@pytest.mark.embedded
def test_a_new_store_is_filled_with_the_same(store: BoltStore, tmp_path: Path) -> None:
    """By the bulk path, which only new stores have."""
    ingest(store, [*WORLD, *PEOPLE], strict=True, progress=False)
    path = tmp_path / "graph.nt"
    export_rdf(store, WholeGraph(store), path, people=People(store))
    with open_store(tmp_path / "new") as new:
        ingest(new, read_rdf(path), strict=True, progress=False)
        assert snapshot.take(new).fingerprint == snapshot.take(store).fingerprint
        assert events(new) == events(store)


def test_terms(store: BoltStore) -> None:
    ingest(store, [*WORLD, *PEOPLE], strict=True, progress=False)
    bob, item, rated = f"{OWN}user:bob%20%3Cb%3E", f"{OWN}item:i1", f"{OWN}event:RATED:e%3A1"
    listened = f"{OWN}event:LISTENED_TO:e%203"
    type_, integer, double = f"{RDF}type", f"{XSD}integer", f"{XSD}double"
    assert {
        Fact(bob, type_, f"{SCHEMA}Person"),
        Fact(bob, f"{SCHEMA}name", "Bob", STRING),
        Fact(bob, f"{OWN}property:age", "40", integer),
        Fact(f"{OWN}user:ann", f"{OWN}relation:WORKS_AS", f"{OWN}entity:occupation%3Awriter"),
        Fact(f"{OWN}user:ann", "http://xmlns.com/foaf/0.1/knows", f"{OWN}entity:m.9"),
        Fact(f"{OWN}kind:RATED", type_, f"{OWN}EventKind"),
        Fact(f"{OWN}kind:RATED", f"{SCHEMA}worstRating", "1.0", double),
        Fact(f"{OWN}kind:RATED", f"{SCHEMA}bestRating", "5.0", double),
        Fact(rated, type_, f"{SCHEMA}AssessAction"),
        Fact(rated, type_, f"{SCHEMA}Rating"),
        Fact(rated, type_, f"{SCHEMA}Review"),
        Fact(rated, f"{SCHEMA}agent", bob),
        Fact(rated, f"{SCHEMA}author", bob),
        Fact(rated, f"{SCHEMA}object", item),
        Fact(rated, f"{SCHEMA}itemReviewed", item),
        Fact(rated, f"{SCHEMA}startTime", "2024-05-01T10:11:12.123456+00:00", f"{XSD}dateTime"),
        Fact(rated, f"{SCHEMA}ratingValue", "4.0", double),
        Fact(rated, f"{SCHEMA}name", "Title", STRING),
        Fact(rated, f"{SCHEMA}reviewBody", 'own\n"words"', STRING),
        Fact(rated, f"{OWN}property:page", "3", integer),
        Fact(f"{OWN}event:LIKED:e%3A1", type_, f"{SCHEMA}LikeAction"),
        Fact(f"{OWN}event:RATED:e%2F2", f"{SCHEMA}object", "http://shop/3"),
        Fact(listened, type_, f"{SCHEMA}Action"),
        Fact(listened, f"{OWN}kind", "LISTENED_TO", STRING),
        Fact(listened, f"{OWN}value", "17.0", double),
        Fact(listened, f"{OWN}property:context_value", "1", integer),
    } <= everything(store)


MAP = """
[people]
iri = "http://shop/customer/{id}"
[items]
iri = "http://shop/item/{id}"
[title]
predicates = ["foaf:name"]
[relations]
"http://e/fans" = { name = "FAN_OF", inverse = true }
[properties]
"schema:ratingValue" = "stars"
"""


def test_a_mapping_says_which_iris_are_people(store: BoltStore, tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(MAP)
    mapping = read_mapping(tmp_path / "map.toml")
    records: list[Record] = [
        *PEOPLE,
        Triple("ann", "FAN_OF", "m.1", head_label="User"),
        Interaction("ann", "i1", "SEEN", "x", context={"stars": 3}),
    ]
    ingest(store, records, strict=True, progress=False)
    before, facts = snapshot.take(store), everything(store, mapping)
    ann = "http://shop/customer/ann"
    assert {
        Fact(f"{OWN}entity:m.1", "http://e/fans", ann),
        Fact(f"{OWN}event:SEEN:x", f"{SCHEMA}object", "http://shop/item/i1"),
        Fact(f"{OWN}event:SEEN:x", f"{OWN}property:stars", "3", f"{XSD}integer"),
    } <= facts
    path = tmp_path / "graph.nt"
    export_rdf(store, WholeGraph(store), path, mapping, people=People(store))
    ingest(emptied(store), read_rdf(path, mapping), strict=True, progress=False)
    assert snapshot.take(store).fingerprint == before.fingerprint
    assert everything(store, mapping) == facts


def test_an_entity_that_is_called_as_an_event_is(store: BoltStore, tmp_path: Path) -> None:
    names = [f"{OWN}event:RATED:1", f"{OWN}kind:RATED", f"{OWN}user:1"]
    ingest(store, [EntityRecord(name, name) for name in names], strict=True, progress=False)
    path = tmp_path / "graph.nt"
    export_rdf(store, WholeGraph(store), path, people=People(store))
    assert set(read_rdf(path)) == {EntityRecord(name, name) for name in names}


def statements(*lines: str) -> str:
    """N-Triples with short names."""
    text = "\n".join(f"{line} ." for line in lines)
    for name, iri in (("u:", f"{OWN}user:"), ("i:", f"{OWN}item:"), ("e:", f"{OWN}event:"), ("s:", SCHEMA)):
        text = text.replace(f"<{name}", f"<{iri}")
    return text


WHOLE = ("<e:RATED:1> <s:agent> <u:ann>", "<e:RATED:1> <s:object> <i:x>")


@pytest.mark.parametrize(
    ("lines", "field", "reason"),
    [
        (WHOLE[:1], "item", "is missing, or is no resource"),
        (WHOLE[1:], "user", "is missing, or is no resource"),
        ((WHOLE[0], '<e:RATED:1> <s:object> "x"'), "item", "is missing, or is no resource"),
        ((*WHOLE, "<e:RATED:1> <s:author> <u:bob>"), "user", "an event has one, and 2 are given"),
        ((WHOLE[0], "<e:RATED:1> <s:object> <http://e/x>"), "item", "<http://e/x> is no item"),
        ((WHOLE[1], "<e:RATED:1> <s:agent> <i:x>"), "user", f"<{OWN}item:x> is no person's IRI"),
        ((*WHOLE, '<e:RATED:1> <s:ratingValue> "good"'), "value", "'good' is not a number"),
        ((*WHOLE, '<e:RATED:1> <s:startTime> "soon"'), "at", "'soon' is not a time"),
        (("<e:RATED> <s:agent> <u:ann>", "<e:RATED> <s:object> <i:x>"), "event_id", "is empty"),
        (("<e:4:1> <s:agent> <u:ann>", "<e:4:1> <s:object> <i:x>"), "kind", "'4' must be a letter"),
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused(tmp_path: Path, lines: tuple[str, ...], field: str, reason: str) -> None:
    (tmp_path / "file.nt").write_text(statements(*lines))
    refused = list(read_rdf(tmp_path / "file.nt"))
    assert len(refused) == len(lines)
    for reject in refused:
        assert isinstance(reject, Reject)
        assert (reject.field, reject.reason[: len(reason)]) == (field, reason)


def test_what_nobody_keeps_of_an_event_is_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file.nt").write_text(statements(*WHOLE, "<e:RATED:1> <s:location> <http://e/here>"))
    with caplog.at_level("INFO"):
        assert list(read_rdf(tmp_path / "file.nt")) == [Interaction("ann", "x", "RATED", "1")]
    assert f"1 statements left out: {SCHEMA}location (1)" in caplog.text


def test_another_scale_is_an_error(store: BoltStore, tmp_path: Path) -> None:
    ingest(store, [KindRecord("RATED", Scale(1, 5))], strict=True, progress=False)
    assert store.read("MATCH (k:EventKind) RETURN k.id AS id, k.maximum AS top") == [{"id": "RATED", "top": 5.0}]
    ingest(store, [KindRecord("RATED"), KindRecord("RATED", Scale(1.0, 5.0))], strict=True, progress=False)
    with pytest.raises(ScaleConflict, match="RATED events of this graph have the scale 1:5, not 1:10"):
        ingest(store, [KindRecord("RATED", Scale(1, 10))], progress=False)


def test_who_was_forgotten_does_not_come_back(store: BoltStore, tmp_path: Path) -> None:
    person: list[Record] = [
        UserRecord("ann b", {"age": 1}),
        Triple("ann b", "KNOWS", "m.9", head_label="User"),
        Interaction("ann b", "x", "LIKED", "1"),
    ]
    ingest(store, person, strict=True, progress=False)
    path = tmp_path / "graph.nt"
    export_rdf(store, WholeGraph(store), path, people=People(store))
    with path.open("a") as file:
        file.write(statements("<e:LIKED:2> <s:agent> <u:ann%20b>") + "\n")  # no item: refused as it stands
    forgotten.remember(emptied(store), "ann b", None)
    report = ingest(store, read_rdf(path), rejects=tmp_path / "rejects.jsonl", progress=False)
    assert (report.forgotten, report.rejected, report.rejects_file) == (4, 4, None)
    assert store.read("MATCH (u:User) RETURN u.id AS id") == []


# --- Without an engine: whatever people hold


class Crowd:
    """People and events that no store holds."""

    def __init__(self, users: list[UserRecord], traits: list[Edge], events: list[Interaction]) -> None:
        self._users, self._traits, self._events = users, traits, events

    def users(self) -> Iterator[UserRecord]:
        return iter(self._users)

    def ties(self) -> Iterator[Tie]:
        return iter(())

    def traits(self) -> Iterator[Edge]:
        return iter(self._traits)

    def kinds(self) -> list[KindRecord]:
        return [KindRecord("RATED", Scale(-1e9, 1e9)), KindRecord("PLAYED")]

    def events(self, kind: str) -> Iterator[Interaction]:
        return (event for event in self._events if event.kind == kind)


HELD = st.dictionaries(st.sampled_from(["name", "price", "text", "title", "a_b", "zip:code"]), VALUES, max_size=3)
USERS = st.builds(UserRecord, IDS, HELD)
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))
DONE = st.builds(
    Interaction,
    IDS,
    IDS,
    st.sampled_from(["RATED", "PLAYED"]),
    IDS,
    st.none() | TIMES,
    st.none() | st.floats(-1e9, 1e9),
    st.none() | UNICODE,
    st.none() | UNICODE,
    HELD,
)


@pytest.mark.parametrize("suffix", FORMATS)
@given(
    users=st.lists(USERS, max_size=3, unique_by=lambda user: user.id),
    done=st.lists(DONE, min_size=1, max_size=4, unique_by=lambda event: (event.kind, event.event_id)),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_people_hold_comes_back(
    tmp_path: Path, suffix: str, users: list[UserRecord], done: list[Interaction]
) -> None:
    held: list[Any] = [value for record in users for value in record.properties.values()]
    held += [value for event in done for value in (event.text, event.title, *event.context.values())]
    if suffix == ".rdf" and any(NOT_XML.search(str(value)) for value in held):
        return
    path = tmp_path / f"graph{suffix}"
    traits = [Edge("User", user.id, "KNOWS", "Entity", event.item_id) for user in users for event in done[:1]]
    export_rdf(NoSpellings(), Rows([]), path, people=Crowd(users, traits, done))  # type: ignore[arg-type]
    found = list(read_rdf(path))
    assert {own.id: own for own in found if isinstance(own, UserRecord)} == {own.id: own for own in users}
    assert {(own.kind, own.event_id): own for own in found if isinstance(own, Interaction)} == {
        (own.kind, own.event_id): own for own in done
    }
    assert [(own.head, own.tail) for own in found if isinstance(own, Triple)] == [(e.head, e.tail) for e in traits]
    assert not any(isinstance(own, Reject | Link | ItemRecord) for own in found)
