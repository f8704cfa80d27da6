"""What every engine promises through the store port."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pytest

from kg import queries, schema
from kg.bolt import BoltStore
from kg.errors import ConstraintViolated, QueryFailed, RecordError, StoreVersionError
from kg.records import clean_id
from kg.store import Statement
from tests.conftest import ENGINES, emptied

AWKWARD = ["plain", "ünïcödé", "😀👩‍👩‍👧", 'it\'s "quoted"', "a\nb\tc", "{braces: $x} `tick`", "\\u0041", "x" * 1024]


@pytest.fixture(params=[*ENGINES, pytest.param("newer", marks=pytest.mark.neo4j)])
def graph(request: pytest.FixtureRequest) -> BoltStore:
    """An empty graph in each engine, Neo4j in two versions."""
    return emptied(request.getfixturevalue(request.param))


def make(store: BoltStore, text: str, **parameters: object) -> list[dict[str, object]]:
    return store.write(Statement(text, parameters))[0]


def test_schema_can_be_made_twice_and_lists_its_kinds(graph: BoltStore) -> None:
    graph.ensure_schema(["RATED", "LIKED"])
    graph._kinds.clear()
    graph.ensure_schema(["RATED"])
    assert [row["kind"] for row in graph.read("MATCH (k:EventKind) RETURN k.id AS kind ORDER BY kind")] == [
        "LIKED",
        "RATED",
    ]
    assert graph.read("MATCH (s:Schema) RETURN s.version AS version") == [{"version": schema.VERSION}]


def test_reserved_names_are_no_kinds(graph: BoltStore) -> None:
    with pytest.raises(RecordError, match="SHOWN is reserved"):
        graph.ensure_schema(["SHOWN"])


def test_a_store_of_another_version_is_refused(graph: BoltStore) -> None:
    make(graph, "MATCH (s:Schema) SET s.version = 99")
    try:
        with pytest.raises(StoreVersionError, match="schema version 99; this program speaks version 1"):
            graph.check_version()
    finally:
        make(graph, "MATCH (s:Schema) SET s.version = $version", version=schema.VERSION)


@pytest.mark.parametrize("label", ["User", "Item", "Entity", "Review"])
def test_keys_are_unique(graph: BoltStore, label: str) -> None:
    make(graph, f"CREATE (:{label} {{id: 'a'}})")
    with pytest.raises(ConstraintViolated):
        make(graph, f"CREATE (:{label} {{id: 'a'}})")
    assert graph.read(f"MATCH (n:{label}) RETURN count(n) AS n") == [{"n": 1}]


def test_event_ids_are_unique_within_their_kind_only(graph: BoltStore) -> None:
    graph.ensure_schema(["RATED", "LIKED"])
    make(
        graph,
        "CREATE (u:User {id: 'u'})-[:RATED {event_id: 'e'}]->(i:Item {id: 'i'}), (u)-[:LIKED {event_id: 'e'}]->(i)",
    )
    with pytest.raises(ConstraintViolated):
        make(graph, "MATCH (u:User), (i:Item) CREATE (u)-[:RATED {event_id: 'e'}]->(i)")
    assert graph.read("MATCH ()-[r]->() RETURN count(r) AS n") == [{"n": 2}]


def test_a_transaction_is_written_whole_or_not_at_all(graph: BoltStore) -> None:
    make(graph, "CREATE (:User {id: 'taken'})")
    with pytest.raises(ConstraintViolated):
        graph.write(Statement("CREATE (:Item {id: 'new'})", {}), Statement("CREATE (:User {id: 'taken'})", {}))
    assert graph.read("MATCH (i:Item) RETURN i.id AS id") == []


@pytest.mark.faults
def test_eight_threads_on_hot_keys_leave_no_duplicates(graph: BoltStore) -> None:
    graph.ensure_schema(["LIKED"])
    start = threading.Barrier(8)

    def work(thread: int) -> None:
        start.wait()
        for turn in range(6):
            graph.write(
                Statement("MERGE (:User {id: $id})", {"id": f"u{turn % 2}"}),
                Statement("MERGE (:Item {id: $id})", {"id": "hot"}),
                Statement(
                    "MATCH (u:User {id: $id}), (i:Item {id: 'hot'}) CREATE (u)-[:LIKED {event_id: $event}]->(i)",
                    {"id": f"u{turn % 2}", "event": f"{thread}-{turn}"},
                ),
            )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert graph.read("MATCH (u:User) RETURN count(u) AS n") == [{"n": 2}]
    assert graph.read("MATCH (i:Item) RETURN count(i) AS n") == [{"n": 1}]
    assert graph.read("MATCH ()-[r:LIKED]->() RETURN count(DISTINCT r.event_id) AS n, count(r) AS all") == [
        {"n": 48, "all": 48}
    ]


@pytest.mark.parametrize("text", AWKWARD, ids=range(len(AWKWARD)))
def test_awkward_text_comes_back_as_it_was(graph: BoltStore, text: str) -> None:
    make(graph, "CREATE (:User {id: $id, note: $id})", id=text)
    assert graph.read("MATCH (u:User {id: $id}) RETURN u.note AS note", id=text) == [{"note": text}]
    assert graph.export("MATCH (u:User) RETURN u.id AS id", pa.schema([("id", pa.string())]))["id"].to_pylist() == [
        text
    ]


@pytest.mark.parametrize("text", ["x" * 4096, "ü" * 513, "a\0b", "", "   "])
def test_ids_that_no_engine_can_index_never_get_that_far(text: str) -> None:
    with pytest.raises(RecordError):
        clean_id(text, "user")


def test_lists_and_vectors_keep_their_numbers(graph: BoltStore) -> None:
    vector = [float(n) / 7 for n in range(384)]
    make(
        graph,
        "CREATE (:Interest {id: 'i', vector: $vector, items: $items})",
        vector=vector,
        items=[str(n) for n in range(5000)],
    )
    ((row),) = graph.read("MATCH (i:Interest) RETURN i.vector AS vector, i.items AS items")
    assert row == {"vector": vector, "items": [str(n) for n in range(5000)]}


def test_moments_come_back_in_utc_to_the_microsecond(graph: BoltStore) -> None:
    moment = datetime(2020, 1, 2, 3, 4, 5, 678901, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    make(graph, "CREATE (:Model {version: 'v', at: $at})", at=moment)
    ((row),) = graph.read("MATCH (m:Model) RETURN m.at AS at")
    assert row["at"] == moment
    assert row["at"].tzinfo is UTC
    table = graph.export("MATCH (m:Model) RETURN m.at AS at", pa.schema([("at", pa.timestamp("us", "UTC"))]))
    assert table["at"].to_pylist() == [moment]


@pytest.mark.parametrize("second", [0, 7])
def test_exports_read_whole_minutes_and_seconds(graph: BoltStore, second: int) -> None:
    moment = datetime(1999, 12, 31, 23, 59, second, tzinfo=UTC)
    make(graph, "CREATE (:Model {version: 'v', at: $at})", at=moment)
    table = graph.export("MATCH (m:Model) RETURN m.at AS at", pa.schema([("at", pa.timestamp("us", "UTC"))]))
    assert table["at"].to_pylist() == [moment]


def test_nodes_and_paths_are_plain_values(graph: BoltStore) -> None:
    graph.ensure_schema(["RATED"])
    make(graph, "CREATE (:User {id: 'u'})-[:RATED {event_id: 'e', value: 4.0}]->(:Item {id: 'i'})")
    text = "MATCH p = (u:User)-[r:RATED]->(i) RETURN u, r, p, [u, 1] AS list"
    edge = {"event_id": "e", "value": 4.0}
    row = [{"id": "u"}, edge, [{"id": "u"}, {"type": "RATED", **edge}, {"id": "i"}], [{"id": "u"}, 1]]
    assert list(graph.read(text)[0].values()) == row
    assert graph.query(text, {}).rows == [row]


def test_an_export_holds_the_rows_of_the_query(graph: BoltStore) -> None:
    make(
        graph,
        "UNWIND range(1, 3000) AS n CREATE (:Item {id: toString(n), n: n, half: CASE n % 2 WHEN 0 THEN n / 2.0 END})",
    )
    fields = pa.schema([("id", pa.string()), ("n", pa.int64()), ("half", pa.float64()), ("absent", pa.string())])
    text = "MATCH (i:Item) RETURN i.id AS id, i.n AS n, i.half AS half, null AS absent"
    table = graph.export(text, fields)
    assert table.schema == fields
    assert sorted(table.to_pylist(), key=lambda row: row["n"]) == sorted(graph.read(text), key=lambda row: row["n"])
    assert graph.export(text.replace("i:Item", "i:Nothing"), fields).equals(fields.empty_table())


def test_maps_are_exported_as_json(graph: BoltStore) -> None:
    make(graph, "CREATE (:User {id: 'a', age: 7, name: 'é'}), (:User {id: 'b'})")
    fields = pa.schema([("id", pa.string()), ("properties", pa.string())])
    table = graph.export("MATCH (u:User) RETURN u.id AS id, properties(u) AS properties", fields, maps=True)
    assert sorted(table["properties"].to_pylist()) == ['{"age":7,"id":"a","name":"é"}', '{"id":"b"}']


def test_a_stream_is_the_read(graph: BoltStore) -> None:
    text = "UNWIND range(1, 12000) AS n RETURN n"
    assert [row["n"] for row in graph.stream(text)] == list(range(1, 12001))


def test_new_means_nothing_to_recommend(graph: BoltStore) -> None:
    assert graph.is_new
    make(graph, "CREATE (:Entity {id: 'e'})")
    assert not graph.is_new


def test_a_broken_statement_says_what_is_wrong(graph: BoltStore) -> None:
    with pytest.raises(QueryFailed, match=r"(?i)garbage"):
        graph.read("garbage")


def test_no_secret_is_shown(graph: BoltStore) -> None:
    secret = graph._connection.password
    assert secret not in repr(graph) + graph.address + repr(graph._connection)


def test_every_statement_of_the_package_compiles(graph: BoltStore) -> None:
    """Each text is run on the empty graph with nothing to do; a syntax error, or a name unbound, would show."""
    graph.ensure_schema(["RATED"])
    graph.index_vectors("Item", "vector", 1)
    other = "embedded" if "://" in graph.address else "server"
    empty = {"rows": [], "ids": [], "users": [], "versions": [], "kept": [], "figures": {}, "properties": {}}
    empty |= {"sources": {}, "labels": [], "relations": [], "kinds": [], "own": [], "touched": [], "removed": []}
    numbers = {"limit": 5, "most": 5, "minimum": 1.0, "maximum": 5.0, "now": datetime.now(UTC), "k": 1}
    numbers |= {"vector": [1.0], "index": "item_vector"}
    empty |= {"derived": [], "tails": []}
    numbers |= {"config": {"vector.dimensions": 1, "vector.similarity_function": "cosine"}}
    for query in queries._all().values():
        if query.engine == other:
            continue
        parameters = {name: (empty | numbers).get(name, "x") for name in query.parameters}
        text = (
            query.text.replace("<context>", "")
            .replace("<marked>", "")
            .replace("<made>", "")
            .replace("<relation>", "RATED")
        )
        text = text.replace("<relations>", "HAS|IS").replace("<type>", "RATED").replace("<labels>", ":Item")
        text = text.replace("<properties>", "").replace("<property>", "vector").replace("<index>", "item_vector")
        for placeholder in ("head", "tail", "label", "target"):
            text = text.replace(f"<{placeholder}>", "Item")
        graph.write(Statement(text, parameters))


BREAKING_OUT = [
    r"x\u0060: 1}) WITH 1 AS c MATCH (v:Canary) DELETE v //",
    r"x\u005Cu0060: 1}) WITH 1 AS c MATCH (v:Canary) DELETE v //",
    r"x\uu0060: 1}) WITH 1 AS c MATCH (v:Canary) DELETE v //",
    "x`: 1}) WITH 1 AS c MATCH (v:Canary) DELETE v //",
    "x\\`: 1}) WITH 1 AS c MATCH (v:Canary) DELETE v //",
    "``", "\\", "a\\u0041", "two words", "é😀",
]  # fmt: skip


def test_a_quoted_name_is_read_back_as_it_was_given(graph: BoltStore) -> None:
    make(graph, "CREATE (:Canary {id: 1})")
    for name in BREAKING_OUT:
        make(graph, f"CREATE (:Named {{{graph.quoted(name)}: 1}})")
    stored = graph.read("MATCH (n:Named) RETURN keys(n) AS names")
    assert sorted(name for row in stored for name in row["names"]) == sorted(BREAKING_OUT)
    assert graph.read("MATCH (v:Canary) RETURN count(v) AS n") == [{"n": 1}]
