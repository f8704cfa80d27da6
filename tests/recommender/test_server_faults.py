"""Neo4j killed (-9) and started again, or paused, while data is ingested, learned from, published and fed back."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kg.bolt import BoltStore
from kg.connection import ConnectionConfig, RetryPolicy
from kg.engines import open_store
from kg.errors import StoreUnavailable
from kg.records import Record
from kg.writer import Writer
from recommender import Recommender
from recommender.refresh.config import RefreshConfig
from recommender.refresh.run import refresh
from recommender.texts import open_texts
from scripts.neo4j_local import Server
from tests.conftest import emptied, small_server
from tests.recommender.test_loop import ITEMS, PEOPLE, events, items
from tests.running import PATIENCE, RUN

pytestmark = [pytest.mark.neo4j, pytest.mark.slow, pytest.mark.faults]

WAIT = ConnectionConfig(retry=RetryPolicy(write_seconds=180.0, read_seconds=1.0))
"""Starting takes a server longer where other tests run beside it."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One to be killed, for all tests of this file; its credentials are in the environment."""
    server = small_server(tmp_path_factory.mktemp("doomed"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment().items():
            if name.startswith("NEO4J_"):
                patch.setenv(name, value)
        yield server
    server.kill()  # nothing of it is needed any more


@pytest.fixture
def graph(server: Server, tmp_path: Path) -> Iterator[BoltStore]:
    """An empty graph on it, reached as most people reach theirs: by way of the routing table, which is lost too."""
    with open_store(server.url.replace("bolt://", "neo4j://"), work=tmp_path / "work", connection=WAIT) as store:
        yield emptied(store)


@pytest.fixture
def crashes(server: Server) -> Iterator[Crashes]:
    """Kills the server and starts it again; whatever goes wrong with that fails the test."""
    with Crashes(server) as crashes:
        yield crashes


class Crashes:
    """A server that is killed and started again beside the test."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._pool = ThreadPoolExecutor(1)
        self._ends: list[Future[None]] = []
        self.killed = threading.Event()

    def __enter__(self) -> Crashes:
        return self

    def __exit__(self, *_: object) -> None:
        self.over()
        self._pool.shutdown()

    def over(self) -> None:
        """Wait until the server is up again after each."""
        for end in self._ends:
            end.result()

    def happen(self, after: float, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Kill it in so many seconds, do something, and start it again, on the same port."""
        self._ends.append(self._pool.submit(self._crash, after, meanwhile))

    def _crash(self, after: float, meanwhile: Callable[[], None]) -> None:
        time.sleep(after)
        self._server.kill()
        self.killed.set()
        meanwhile()
        self._server.start()


def test_killed_while_data_and_feedback_come_in(
    turn: int, server: Server, graph: BoltStore, crashes: Crashes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both go on by themselves; what was acknowledged is there once, and nothing else."""
    monkeypatch.setattr(type(graph), "batch_rows", 40)
    recommender = Recommender(graph, RUN)
    recommender.ingest(items=items())
    batches: list[int] = []

    def told_soon() -> None:
        """Whoever looks at a screen does not wait as long."""
        started = time.monotonic()
        with pytest.raises(StoreUnavailable, match=r"no graph server answers at .*, tried for 1 s; is it running\?"):
            graph.read("RETURN 1 AS one")
        assert time.monotonic() - started < 10 * PATIENCE

    def counted(self: Writer, records: Sequence[Record], write: Any = Writer.write) -> object:
        outcome = write(self, records)
        if len(records) > 1:  # feedback writes one at a time
            batches.append(len(records))
            if len(batches) == 3:
                crashes.happen(after=0.01 + 0.03 * turn, meanwhile=told_soon)
            if len(batches) == 8:  # a busy machine may be slower to kill than to write
                assert crashes.killed.wait(60)
        return outcome

    acknowledged: list[str] = []
    done = threading.Event()

    def send() -> None:
        while not done.is_set() or len(acknowledged) < 20:
            number = len(acknowledged)
            receipt = recommender.feedback(
                f"live{number % 3}", f"i{number % ITEMS}", "LIKED", event_id=f"live-{number}"
            )
            acknowledged.append(receipt.event_id)

    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send)
        with monkeypatch.context() as patch:
            patch.setattr(Writer, "write", counted)
            report = recommender.ingest(events(), scale=(1, 5))
        done.set()
        sending.result(timeout=300)
    crashes.over()
    assert report.accepted + report.duplicates == PEOPLE * 9
    assert report.duplicates <= 40, "those of the batch whose answer was lost, if it was"
    for kind, count in (("RATED", PEOPLE * 9), ("LIKED", len(acknowledged))):
        rows = graph.read(f"MATCH (:User)-[r:{kind}]->(:Item) RETURN count(r) AS n, count(DISTINCT r.event_id) AS ids")
        assert rows == [{"n": count, "ids": count}], kind
    assert recommender.ingest(events(), scale=(1, 5)).accepted == 0


def test_killed_while_it_is_learned_from_and_published(
    turn: int, graph: BoltStore, crashes: Crashes, tmp_path: Path
) -> None:
    """The refresh goes on by itself: one version is published, and everyone has their profile by it, once."""
    recommender = Recommender(graph, RUN)
    recommender.ingest(events(), items=items(), scale=(1, 5))
    before = graph.read("MATCH ()-[r:RATED]->() RETURN count(r) AS n")

    def crash(line: str) -> None:
        if line == "publish ...":  # in later turns while the profiles are written
            crashes.happen(after=0.1 * turn)

    config = RefreshConfig(tune_seconds=0)
    texts = open_texts(graph.work, RUN, config.encoder)
    crashes.happen(after=0.02 * turn)  # while the snapshot is read
    report = refresh(graph, texts=texts, config=config, context=RUN, report=crash)
    crashes.over()
    assert [row["version"] for row in recommender.models.all() if row["current"]] == [report.version]
    assert graph.read("MATCH ()-[r:RATED]->() RETURN count(r) AS n") == before
    people = graph.read(
        "MATCH (u:User) RETURN u.habit_events AS events, COUNT { (u)-[:HAS_INTEREST]->() } AS interests, "
        "COUNT { (u)-[:INTERESTED_IN]->() } AS tags"
    )
    assert len(people) == PEOPLE
    assert all(row["events"] == 9 and row["interests"] and row["tags"] == 2 for row in people)
    assert len(recommender.recommend("u0", k=3)) == 3
    assert recommender.refresh(budget=0).unchanged


def test_paused_for_five_seconds_nothing_is_lost(server: Server, graph: BoltStore) -> None:
    recommender = Recommender(graph, RUN)
    recommender.ingest(items=items())
    with paused(server):
        receipts = [recommender.feedback("ann", f"i{number}", "LIKED") for number in range(3)]
    assert all(receipt.new for receipt in receipts)
    with paused(server):
        assert recommender.ingest(events(), scale=(1, 5)).accepted == PEOPLE * 9
    with paused(server):
        report = recommender.refresh(budget=0)
    assert [row["version"] for row in recommender.models.all() if row["current"]] == [report.version]
    for kind, count in (("LIKED", 3), ("RATED", PEOPLE * 9)):
        assert graph.read(f"MATCH (:User)-[r:{kind}]->(:Item) RETURN count(r) AS n") == [{"n": count}], kind


@contextmanager
def paused(server: Server) -> Iterator[None]:
    """The server stands still at the beginning, for five seconds; what is done within waits for it."""
    pid, started = server.pid(), time.monotonic()
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    threading.Timer(5, os.kill, (pid, signal.SIGCONT)).start()
    yield
    assert time.monotonic() - started >= 5
