"""A user's query reads, whatever it is written as: the engine decides, not words in the text; and it has limits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from kg import limits, queries
from kg.bolt import BoltStore
from kg.engines import fitting
from kg.engines.arcadedb import ArcadeStore
from kg.engines.neo4j import Neo4jStore, check_plan
from kg.errors import QueryFailed, QueryRefused
from kg.store import Statement
from tests.running import PATIENCE

WRITES = [
    "CREATE (n:User {id: 'new'})",
    "CREATE (n:User {id: 'new'}) RETURN n",
    "MERGE (n:User {id: 'new'})",
    "MATCH (n:User) SET n.age = 1",
    "MATCH (n:User) SET n += {age: 1} RETURN n.age AS age",
    "MATCH (n:User) SET n:Marked",
    "MATCH (n:User) REMOVE n.name",
    "MATCH (n:User) DELETE n",
    "MATCH (n:User) DETACH DELETE n RETURN 1 AS one",
    "MATCH (n:User) FOREACH (x IN [1] | SET n.age = x)",
    "MATCH (n:User) CALL { WITH n SET n.age = 1 } RETURN n",
    "MATCH (n:User) CALL { WITH n SET n.age = 1 } IN TRANSACTIONS",
    "UNWIND [1] AS x CALL { CREATE (n:User {id: 'new'}) RETURN n } RETURN n",
    "MATCH (n:User) RETURN n UNION CREATE (n:User {id: 'new'}) RETURN n",
    "/* MATCH (n) RETURN n */ CREATE (n:User {id: 'new'}) // RETURN",
    "PROFILE CREATE (n:User {id: 'new'})",
]
COMMANDS = [
    "CREATE INDEX late FOR (n:User) ON (n.name)",
    "CREATE CONSTRAINT late FOR (n:User) REQUIRE n.name IS UNIQUE",
    "DROP CONSTRAINT user_key",
    "CREATE USER eve SET PASSWORD 'abcdefgh'",
    "ALTER CURRENT USER SET PASSWORD FROM 'a' TO 'abcdefgh'",
    "DROP DATABASE neo4j",
    "SHOW USERS",
    "TERMINATE TRANSACTION '1'",
    "TERMINATE TRANSACTIONS 'neo4j-transaction-1'",
    "MATCH (n:User) RETURN n; CREATE (n:User {id: 'new'})",
    "CALL db.createLabel('Late')",
    "CALL apoc.create.node(['User'], {id: 'new'})",
    "CALL apoc.cypher.doIt('CREATE (n:User)', {})",
    "CALL dbms.setConfigValue('a', 'b')",
    "CALL db.stats.status()",
    "CALL db.stats.collect('QUERIES')",
    "CALL `db`.`stats`./**/`clear` ('QUERIES')",
    "CALL db.prepareForReplanning()",
    "CALL db.resampleIndex('user_key')",
    "CALL { CALL dbms.listConfig() YIELD name RETURN name } RETURN name",
    "CALL tx.setMetaData({tastegraph: 'other'})",
    "SHOW SETTINGS",
    "SHOW TRANSACTIONS YIELD metaData RETURN metaData",
    "SHOW CURRENT USER",
    "USE system MATCH (n) RETURN n",
    "RETURN apoc.util.sleep(3)",
    "RETURN Apoc . /* ( */ util.`sleep` (3) AS x",
    "EXPLAIN RETURN util.sleep(3)",
    "MATCH (n:User {id: apoc.util.sleep(3)}) RETURN n",
    "RETURN '\\u0027 + util.sleep(3) + \\u0027' AS x",
    "RETURN \\u0061bs(-1) AS x",
    "MATCH (n:`U\\u0060) DETACH DELETE n //`) RETURN n",
]
FILES = [
    "LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line",
    "LOAD CSV FROM 'http://127.0.0.1:1/a.csv' AS line RETURN line",
    "MATCH (n:User) CALL { LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line } RETURN line",
]
READS = {
    "RETURN 'MATCH (n) DETACH DELETE n' AS text": [["MATCH (n) DETACH DELETE n"]],
    "MATCH (n:User) WHERE n.name <> 'CREATE' RETURN n.name AS `SET`": [["Ann"]],
    "MATCH (n:User) // DELETE n\nRETURN n.id AS id": [["a"]],
    "OPTIONAL MATCH (n:Item) RETURN n": [[None]],
    "UNWIND [3, 1, 2] AS n WITH n ORDER BY n RETURN collect(n) AS all": [[[1, 2, 3]]],
    "CALL { MATCH (n:User) RETURN n.id AS id } RETURN id": [["a"]],
    "MATCH (n:User) RETURN COUNT { MATCH (n)-->() } AS degree": [[0]],
}


@pytest.fixture
def planted(graph: BoltStore) -> BoltStore:
    graph.write(Statement("CREATE (:User {id: 'a', name: 'Ann'})", {}))
    return graph


def content(store: BoltStore) -> list[object]:
    nodes = store.read("MATCH (n) RETURN labels(n) AS labels, properties(n) AS properties")
    constraints = store.read("SHOW CONSTRAINTS YIELD name RETURN name")
    return [sorted(map(repr, nodes)), sorted(row["name"] for row in constraints)]


@pytest.mark.parametrize("text", WRITES + COMMANDS + FILES)
def test_what_would_change_anything_is_refused(planted: BoltStore, text: str) -> None:
    before = content(planted)
    with pytest.raises((QueryRefused, QueryFailed)) as refusal:
        planted.query(text, {})
    assert "root:" not in str(refusal.value)  # nothing of a file is told either
    assert content(planted) == before


@pytest.mark.parametrize("text", WRITES[:10])
def test_a_plain_write_is_called_one(planted: BoltStore, text: str) -> None:
    with pytest.raises(QueryRefused, match="only queries that read are allowed"):
        planted.query(text, {})


@pytest.mark.parametrize("text", READS)
def test_words_in_literals_names_and_comments_are_no_writes(planted: BoltStore, text: str) -> None:
    assert planted.query(text, {}).rows == READS[text]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("MATCH (n:Item) RETURN n.id AS id, n.age", ["id", "n.age"]),
        ("MATCH (n:Item) RETURN DISTINCT count(n) + 1 AS more, n.id AS id ORDER BY id LIMIT 3", ["more", "id"]),
        ("MATCH (n:Item) RETURN n.id AS id UNION MATCH (m:Entity) RETURN m.id AS id", ["id"]),
    ],
)
def test_an_answer_without_rows_has_columns(planted: BoltStore, text: str, columns: list[str]) -> None:
    answer = planted.query(text, {})
    assert (answer.columns, answer.rows) == (columns, [])


def test_a_plan_is_text(planted: BoltStore) -> None:
    before = content(planted)
    for row in planted.query("EXPLAIN MATCH (n:User) RETURN n", {}).rows:  # Neo4j has it beside the rows
        assert "User" in row[0]
    assert content(planted) == before


def test_parameters_are_values_and_never_text(planted: BoltStore) -> None:
    answer = planted.query("RETURN $x AS x, $y AS y", {"x": "'}) DETACH DELETE n //", "y": {"k": [1, None, "ü"]}})
    assert answer.columns == ["x", "y"]
    assert answer.rows == [["'}) DETACH DELETE n //", {"k": [1, None, "ü"]}]]


def test_a_missing_parameter_is_named(planted: BoltStore) -> None:
    with pytest.raises(QueryFailed, match="absent"):
        planted.query("RETURN $absent AS x", {})


@pytest.mark.parametrize("value", [1 << 70, "lone \ud800", object()])
def test_a_parameter_that_is_no_value_is_named(planted: BoltStore, value: object) -> None:
    with pytest.raises(QueryFailed, match=r"the parameter|Unicode"):
        planted.query("RETURN $x AS x", {"x": value})


def test_a_syntax_error_says_where(planted: BoltStore) -> None:
    with pytest.raises(QueryFailed, match=r"(?i)garbage"):
        planted.query("garbage in", {})


def test_rows_are_limited(planted: BoltStore) -> None:
    assert len(planted.query("UNWIND range(1, 10) AS n RETURN n", {}, max_rows=10).rows) == 10
    with pytest.raises(QueryFailed, match="more than 9 rows"):
        planted.query("UNWIND range(1, 10) AS n RETURN n", {}, max_rows=9)


@pytest.fixture
def quiet(graph: BoltStore) -> Iterator[BoltStore]:
    """The graph while no query of an earlier test runs on, and none at the end."""
    wait_until_none_runs_on(graph)
    yield graph
    wait_until_none_runs_on(graph)


def wait_until_none_runs_on(store: BoltStore) -> None:
    deadline = time.monotonic() + 120 * PATIENCE
    while limits.running_on() or (isinstance(store, Neo4jStore) and store._running_on(limits.Limits())):
        assert time.monotonic() < deadline, "a query that was given up has not ended"
        time.sleep(0.2)


@pytest.mark.parametrize("answer", ["sum(a * b) AS total", "a, b"])
def test_time_is_limited(quiet: BoltStore, answer: str) -> None:
    text = f"UNWIND range(1, 20000) AS a UNWIND range(1, 20000) AS b WITH a, b WHERE a * b > 0 RETURN {answer}"
    started = time.monotonic()
    with pytest.raises(QueryFailed, match=r"^the query ran over 0.5 s, its limit, and was (stopped|given up); have it"):
        quiet.query(text, {}, max_rows=1_000_000_000, max_bytes=1 << 40, timeout=0.5)
    assert time.monotonic() - started < 1.5 * PATIENCE
    assert quiet.query("RETURN 1 AS one", {}).rows == [[1]]


ENDLESS = "RETURN reduce(n = 0, x IN range(1, {numbers}) | n + x % 7) AS n"
"""One expression, which no setting of either engine ends; of the embedded one a range has a largest size."""
NUMBERS = {"embedded": 20_000_000, "server": 150_000_000}


def test_who_asked_is_answered_and_further_queries_are_refused(
    quiet: BoltStore, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = ENDLESS.format(numbers=NUMBERS[request.node.callspec.params["graph"]])
    for number in (1, 2):
        started = time.monotonic()
        with pytest.raises(QueryFailed, match=r"ran over 0.2 s, its limit, and was given up"):
            quiet.query(text, {}, timeout=0.2)
        assert time.monotonic() - started < 1.2 + 5 * PATIENCE
        assert f"of this process {number} do" in caplog.text
    assert limits.running_on() == 2
    with pytest.raises(QueryRefused, match="2 queries that were given up after their limit of time still run"):
        quiet.query("RETURN 1 AS one", {})
    with pytest.raises(QueryRefused, match="2 queries"):
        queries.run(quiet, "graph_counts", {})
    assert quiet.read("RETURN 1 AS one") == [{"one": 1}]  # what is the program's own goes on
    quiet.write(Statement("CREATE (:User {id: 'late'})", {}))
    if isinstance(quiet, Neo4jStore):  # another process, which has given up nothing itself
        while quiet._running_on(limits.Limits()) < 2:  # it counts what is a second past its limit
            assert limits.running_on() == 2
            time.sleep(0.1)
        monkeypatch.setattr(limits, "_running_on", set())
        with pytest.raises(QueryRefused, match="2 queries"):
            quiet.query("RETURN 1 AS one", {})
        monkeypatch.undo()
    wait_until_none_runs_on(quiet)
    assert quiet.query("RETURN 1 AS one", {}).rows == [[1]]


def test_of_many_who_ask_at_once_no_more_run_on_than_have_a_place(
    quiet: BoltStore, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_places", threading.BoundedSemaphore(3))
    text = ENDLESS.format(numbers=NUMBERS[request.node.callspec.params["graph"]])

    def ask(_: int) -> str:
        try:
            quiet.query(text, {}, timeout=0.5)
        except (QueryFailed, QueryRefused) as refusal:
            return str(refusal)
        return "answered"  # where a busy machine lets a thread look at the clock only when all is done

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, range(12)))
    assert limits.running_on() <= 3
    assert sum("given up; have it" in answer for answer in answers) <= 3, answers
    waited = ("queries have run for 0.5 s", "answered")
    assert sum(any(one in answer for one in waited) for answer in answers) >= 9 - 3, answers
    wait_until_none_runs_on(quiet)
    assert quiet.query("RETURN 1 AS one", {}).rows == [[1]]


def test_an_answer_is_limited_in_bytes(planted: BoltStore) -> None:
    one_text = "RETURN reduce(s = 'x', n IN range(1, 20) | s + s) AS text"
    for text in (
        one_text,
        "RETURN range(1, 50000) AS all",
        "UNWIND range(1, 20) AS n RETURN {all: range(1, 5000)} AS m",
    ):
        with pytest.raises(QueryFailed, match=r"^the answer takes more than 976 KiB; add LIMIT, or return less"):
            planted.query(text, {}, max_bytes=1_000_000)
    assert len(planted.query(one_text, {}, max_bytes=2_000_000).rows[0][0]) == 1 << 20


@pytest.mark.parametrize(
    "limit",
    [
        {"timeout": 0},
        {"timeout": float("inf")},
        {"max_rows": -1},
        {"max_rows": 1.5},  # no count of rows is ever equal to it
        {"max_bytes": 100.5},
        {"max_bytes": None},
    ],
)
def test_a_limit_is_a_number_above_zero(planted: BoltStore, limit: dict[str, Any]) -> None:
    with pytest.raises(QueryFailed, match=r"it must be a (whole )?number above 0"):
        planted.query("RETURN 1 AS one", {}, **limit)


def test_an_answer_that_nests_too_deep_is_said(planted: BoltStore) -> None:
    nested = "RETURN reduce(inner = [], n IN range(1, {depth}) | [inner]) AS nested"
    assert planted.query(nested.format(depth=150), {}).columns == ["nested"]
    with pytest.raises(QueryFailed, match="within more than 200 others"):
        planted.query(nested.format(depth=250), {})


def test_threads_of_queries_are_forgotten(store: BoltStore) -> None:
    import jpype

    threads = jpype.JClass("java.lang.management.ManagementFactory").getThreadMXBean()
    before = int(threads.getThreadCount())
    for _ in range(50):
        store.query("RETURN 1 AS one", {})
    assert int(threads.getThreadCount()) < before + 25


@pytest.mark.neo4j
@pytest.mark.parametrize("text", ["CALL db.stats.status()", "SHOW SETTINGS", "SHOW TRANSACTIONS", "SHOW PROCEDURES"])
def test_the_plan_of_a_server_is_a_second_line(server: BoltStore, text: str) -> None:
    plan = server.explain(text, {}, limits.Limits())
    with pytest.raises(QueryRefused, match=r"on no list|this one uses Show"):
        check_plan(plan)


@pytest.mark.neo4j
def test_the_plan_of_a_map_calls_no_procedure(server: Neo4jStore) -> None:
    with pytest.raises(ValueError, match="it does more than read: ProcedureCall"):
        fitting._plan(server, "CALL db.labels() YIELD label RETURN label")


def test_the_embedded_engine_would_refuse_a_write_that_analysis_missed(embedded: ArcadeStore) -> None:
    from arcadedb_embedded import ArcadeDBError

    with pytest.raises(ArcadeDBError, match="not idempotent"):
        embedded._engine.database.query("opencypher", "CREATE (n:User {id: 'late'})")
