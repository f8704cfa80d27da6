"""The contract of every engine where something goes wrong: lost answers, deadlocks, many writers, queries given up."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kg import snapshot
from kg.bolt import BoltStore, translated
from kg.connection import RetryPolicy, unattended
from kg.errors import GraphError, QueryFailed, StoreUnavailable
from kg.ingest import write_event
from kg.records import Attribute, Interaction, ItemRecord, Link, Record, Related, Triple, UserRecord
from kg.store import Statement
from kg.writer import Writer
from tests.conftest import emptied
from tests.kg.store import test_contract, test_ingest, test_read_only
from tests.kg.store.limits import LIMITS
from tests.proxy import COMMIT, Proxy
from tests.running import PATIENCE

BEGIN = b"\xb1\x11"

Proxied = tuple[BoltStore, Proxy]


def world() -> list[Record]:
    """A record of each sort; two share an entity, two a person."""
    acme = Attribute("HAS_BRAND", "brand", "Acme")
    at = datetime(2024, 5, 1, tzinfo=UTC)
    return [
        ItemRecord("i1", "First", "text", {"price": 2.5}, (acme,), (Related("ALSO_BOUGHT", "i2"),)),
        ItemRecord("i2", "Second", None, {}, (acme,)),
        UserRecord("u1", {"age": 33}, (Attribute("WORKS_AS", "occupation", "writer"),)),
        Triple("m.1", "FILM_GENRE", "m.2"),
        Link("i1", "m.1"),
        *(Interaction("u1", f"i{n}", "RATED", f"e{n}", at + timedelta(hours=n), 4.0, f"words {n}") for n in (1, 2, 3)),
        Interaction("u2", "i1", "LIKED", "e1", at, None),
    ]


@pytest.mark.faults
def test_eight_writers_of_the_same_records_make_them_once(graph: BoltStore) -> None:
    Writer(graph).write(world())
    once = snapshot.take(graph)
    emptied(graph)
    start = threading.Barrier(8)

    def work(_: int) -> int:
        start.wait()
        return Writer(graph).write(world()).accepted

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    for name in snapshot.SCHEMAS:
        assert getattr(snapshot.take(graph), name).to_pylist() == getattr(once, name).to_pylist(), name
    doubled = graph.read(
        "MATCH (a)-[r]->(b) WITH a, type(r) AS type, b, count(r) AS n WHERE n > 1 RETURN a.id AS a, type, b.id AS b, n"
    )
    assert doubled == []


@pytest.mark.parametrize("lost", range(2))
@pytest.mark.faults
def test_a_commit_whose_answer_is_lost_is_made_once(proxied: Proxied, lost: int) -> None:
    """Where it broke is unknown to the writer: the commit was done, and is tried again."""
    graph, proxy = proxied
    Writer(graph).write(world())
    once = snapshot.take(graph)
    emptied(graph)
    half = len(world()) // 2 * lost  # everything in one transaction, or the second half of it in another
    if half:
        Writer(graph).write(world()[:half])
    before = proxy.sent.count(COMMIT)
    proxy.lose_answer_to(COMMIT)
    Writer(graph).write(world()[half:])
    assert proxy.sent.count(COMMIT) >= before + 1
    for name in snapshot.SCHEMAS:
        assert getattr(snapshot.take(graph), name).to_pylist() == getattr(once, name).to_pylist(), name
    for label, count in (("User", 2), ("Item", 3), ("Review", 3)):
        assert graph.read(f"MATCH (n:{label}) RETURN count(n) AS n") == [{"n": count}], label


@pytest.mark.faults
def test_triples_whose_answer_is_lost_are_stored_once(proxied: Proxied) -> None:
    """No constraint would stop a second edge."""
    graph, proxy = proxied
    triples = [Triple("m.1", "FILM_GENRE", f"m.{n}") for n in range(2, 12)]
    Writer(graph).write(triples[:5])
    proxy.lose_answer_to(COMMIT)
    assert Writer(graph).write(triples).accepted == 5
    assert proxy.has_lost
    assert graph.read("MATCH ()-[r:FILM_GENRE]->() RETURN count(r) AS n") == [{"n": 10}]


@pytest.mark.faults
def test_an_event_whose_answer_is_lost_is_stored_once(proxied: Proxied) -> None:
    graph, proxy = proxied
    Writer(graph).write(world())
    event = Interaction("u1", "i1", "RATED", "late", datetime(2024, 6, 1, tzinfo=UTC), 5.0, "at last")
    proxy.lose_answer_to(COMMIT)
    write_event(graph, event)
    assert not write_event(graph, event)
    assert graph.read("MATCH ()-[r:RATED {event_id: 'late'}]->() RETURN count(r) AS n") == [{"n": 1}]
    assert graph.read("MATCH (w:Review {id: 'late'}) RETURN count(w) AS n") == [{"n": 1}]


@pytest.mark.faults
def test_two_writers_that_wait_for_each_other_both_finish(proxied: Proxied) -> None:
    graph, proxy = proxied
    graph.write(Statement("CREATE (:User {id: 'a', n: 0}), (:User {id: 'b', n: 0})", {}))
    begun = proxy.sent.count(BEGIN)

    def add(first: str, second: str) -> None:
        step = "MATCH (u:User {id: $id}) SET u.n = u.n + 1"
        busy = "UNWIND range(1, 500) AS a UNWIND range(1, 1000) AS b WITH a, b WHERE a * b < 0 RETURN count(*) AS n"
        graph.write(Statement(step, {"id": first}), Statement(busy, {}), Statement(step, {"id": second}))

    with graph.alone() as alone:
        pass
    with ThreadPoolExecutor(2) as pool:
        for turns in range(1, 21):  # on a busy machine one may be done before the other begins
            list(pool.map(add, "ab", "ba"))
            if alone or proxy.sent.count(BEGIN) > begun + 2 * turns:
                break
        else:
            pytest.fail("they never stood in each other's way")
    assert graph.read("MATCH (u:User) RETURN u.n AS n") == [{"n": 2 * turns}, {"n": 2 * turns}]


def test_a_failed_statement_undoes_those_before_it(graph: BoltStore) -> None:
    with pytest.raises(QueryFailed):
        graph.write(Statement("CREATE (:User {id: 'u'})", {}), Statement("CREATE (:Item {id: $absent})", {}))
    assert graph.is_new


@pytest.mark.faults
def test_a_server_that_is_gone_is_waited_for_as_long_as_is_said(
    proxied: Proxied, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph, proxy = proxied
    monkeypatch.setattr(graph, "_config", replace(graph._config, retry=RetryPolicy(write_seconds=1.5)))
    proxy.close()
    started = time.monotonic()
    with pytest.raises(StoreUnavailable, match=r"no graph server answers at .*, tried for 1\.5 s"):
        graph.write(Statement("MERGE (:User {id: 'late'})", {}))
    assert 0.5 < time.monotonic() - started < 6 * PATIENCE, "the pause that would go beyond may be two thirds of it"


def test_reads_wait_as_long_as_writes_where_nobody_looks_on() -> None:
    policy = RetryPolicy(write_seconds=1.5, read_seconds=0.4)
    assert (policy.seconds(writes=True), policy.seconds(writes=False)) == (1.5, 0.4)
    with unattended():
        assert policy.seconds(writes=False) == 1.5
    assert policy.seconds(writes=False) == 0.4


def test_a_stream_holds_no_more_than_was_asked_for(proxied: Proxied) -> None:
    graph, proxy = proxied
    rows = graph.stream("UNWIND range(1, 400000) AS n RETURN n, $line AS line", line="x" * 500)  # 200 MB in all
    seen = [row["n"] for row, _ in zip(rows, range(12_000), strict=False)]
    time.sleep(0.5)
    assert seen == list(range(1, 12_001))
    assert 6e6 < proxy.received < 20e6
    rows.close()  # type: ignore[attr-defined]
    assert graph.read("RETURN 1 AS one") == [{"one": 1}]


# What one of the engines cannot do ------------------------------------------------------------------------------------


def test_a_stream_refuses_to_write(graph: BoltStore) -> None:
    with pytest.raises(GraphError):
        list(graph.stream("CREATE (u:User {id: 'sneaked in'}) RETURN u.id AS id"))


def test_a_query_that_is_given_up_is_stopped(graph: BoltStore) -> None:
    """Leaving it takes less than half as long as it would to run to its end, and then nobody runs it."""
    long = "UNWIND range(1, 2500) AS a UNWIND range(1, 2500) AS b WITH a, b WHERE a % 2 = 0 RETURN "
    started = time.monotonic()
    next(graph.stream(f"{long} count(*) AS n"))
    whole = time.monotonic() - started
    rows = graph.stream(f"{long} a, b")
    next(rows)
    started = time.monotonic()
    rows.close()  # type: ignore[attr-defined]
    assert time.monotonic() - started < whole / 2
    if "://" in graph.address:  # a server lists what it runs
        running = [row["text"] for row in graph.read("SHOW TRANSACTIONS YIELD currentQuery AS text RETURN text")]
        assert not any(long in text for text in running)


def test_relation_types_may_be_parameters(graph: BoltStore) -> None:
    graph.write(Statement("CREATE (:User {id: 'u'})-[:LIKED]->(:Item {id: 'i'})", {}))
    assert graph.read("MATCH ()-[r:$($type)]->() RETURN count(r) AS n", type="LIKED") == [{"n": 1}]


def test_shortest_paths_by_count(graph: BoltStore) -> None:
    graph.write(Statement("CREATE (:User {id: 'u'})-[:LIKED]->(:Item {id: 'i'})", {}))
    text = "MATCH p = SHORTEST 1 (:User)-[:LIKED]-+(:Item) RETURN length(p) AS n"
    assert graph.read(text) == [{"n": 1}]


def test_lists_within_lists_are_stored(graph: BoltStore) -> None:
    graph.write(Statement("CREATE (:Model {version: 'v', rows: $rows})", {"rows": [[1], [2, 3]]}))
    assert graph.read("MATCH (m:Model) RETURN m.rows AS rows") == [{"rows": [[1], [2, 3]]}]


@pytest.mark.parametrize("stopped", [SystemExit(143), KeyboardInterrupt()], ids=["SIGTERM", "Ctrl-C"])
def test_whoever_stops_a_query_hears_of_no_buffer(stopped: BaseException) -> None:
    """The driver reads on to end its session, and what was interrupted holds the buffer that must grow for it."""
    data = bytearray(2)
    held: list[memoryview] = []

    def query() -> None:
        with translated("here"), ExitStack() as session:
            session.callback(data.extend, b"more than it holds")
            held.append(memoryview(data))
            raise stopped

    with pytest.raises(type(stopped)) as raised:
        query()
    assert raised.value is stopped
    with pytest.raises(BufferError), translated("here"):
        raise BufferError("of something else")


def test_the_list_of_limits_names_tests() -> None:
    for limit in LIMITS:
        assert limit.test in globals() or any(
            hasattr(m, limit.test) for m in (test_contract, test_ingest, test_read_only)
        )
