"""The lock of the refresh: one owner at a time, whatever process or machine, and an end when its owner is gone."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from kg import queries
from kg.bolt import BoltStore
from kg.engines import open_store
from kg.store import Statement
from recommender.errors import RefreshRunning
from recommender.refresh.lock import refresh_lock
from tests.running import PATIENCE

SHARE = """
import sys, time
from pathlib import Path
from kg.engines import open_store
from recommender.errors import RefreshRunning
from recommender.refresh.lock import refresh_lock

url, work, log, turns = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
with open_store(url, work=work) as store:
    log.with_suffix(f".{Path(work).name}").touch()
    while len(list(log.parent.glob("log.*"))) < 2:  # they begin together, or they might never meet
        time.sleep(0.001)
    while turns:
        try:
            with refresh_lock(store), log.open("a") as file:
                print("in", work, file=file, flush=True)
                time.sleep(0.01)
                print("out", work, file=file, flush=True)
            turns -= 1
        except RefreshRunning:
            pass
        time.sleep(0.002)
"""
HOLD = """
import sys, time
from kg.engines import open_store
from recommender.refresh.lock import refresh_lock

with open_store(sys.argv[1], work=sys.argv[2]) as store, refresh_lock(store):
    print("held", flush=True)
    time.sleep(60)
"""


TOKEN = "MATCH (s:Schema) RETURN s.lock_token AS token"


def taken(graph: BoltStore, token: str) -> bool:
    """Whether somebody in another place could take the lock."""
    owner = {"host": "another", "pid": 1, "place": f"that of {token}"}
    return bool(graph.write(queries.statement("lock_take", names=None, token=token, lease=3_600_000, **owner))[0])


def time_passes(graph: BoltStore) -> None:
    """Until the lock's end has come, by the clock of the server."""
    graph.write(Statement("MATCH (s:Schema) SET s.lock_until = timestamp()", {}))


def test_one_owner_until_it_is_given_back_or_ends(graph: BoltStore) -> None:
    with refresh_lock(graph):
        assert not taken(graph, "a")
        who = rf"another refresh is running \(process {os.getpid()} on .*; its lock ends [56]\d s from now"
        with pytest.raises(RefreshRunning, match=who), refresh_lock(graph):
            pass
    assert taken(graph, "a")
    assert taken(graph, "a"), "a commit whose answer was lost is asked for again"
    assert not taken(graph, "b")
    with pytest.raises(RefreshRunning, match="process 1 on another"), refresh_lock(graph):
        pass
    time_passes(graph)
    with refresh_lock(graph):
        assert not taken(graph, "b")


def test_the_lock_is_renewed_and_who_lost_it_stops(graph: BoltStore) -> None:
    paused: queue.Queue[float] = queue.Queue()
    goes_on: queue.Queue[bool] = queue.Queue()

    def pause(ended: threading.Event, seconds: float) -> bool:
        paused.put(seconds)
        return goes_on.get()

    with refresh_lock(graph, lease=3600, pause=pause) as lock:
        try:
            assert paused.get() == 1200, "a third of the lease"
            time_passes(graph)
            goes_on.put(False)
            assert paused.get() == 1200
            assert not taken(graph, "a"), "it had ended without renewing"
            time_passes(graph)
            assert taken(graph, "a")
            with pytest.raises(RefreshRunning, match=r"lost its lock, so it stops: .*process 1 on another"):
                lock.confirm()
        finally:
            goes_on.put(True)
    assert not taken(graph, "b"), "giving back takes nothing from the next owner"
    assert taken(graph, "a")
    graph.write(queries.statement("lock_release", token="a"))


@pytest.mark.faults
def test_of_many_threads_one_has_it(graph: BoltStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        for turn in range(3):
            assert sum(pool.map(lambda n, turn=turn: taken(graph, f"{turn}-{n}"), range(8))) == 1
            graph.write(queries.statement("lock_release", token=graph.read(TOKEN)[0]["token"]))


@pytest.mark.neo4j
@pytest.mark.faults
def test_two_processes_never_hold_it_both(server: BoltStore, tmp_path: Path) -> None:
    log, turns = tmp_path / "log", 15
    works = [str(tmp_path / name) for name in ("one", "two")]
    started = [
        subprocess.Popen([sys.executable, "-c", SHARE, server.address, work, str(log), str(turns)]) for work in works
    ]
    assert [process.wait(60 * PATIENCE) for process in started] == [0, 0]
    lines = [line.split() for line in log.read_text().splitlines()]
    assert len(lines) == 4 * turns
    for entered, left in zip(lines[::2], lines[1::2], strict=True):
        assert (entered[0], left[0], entered[1]) == ("in", "out", left[1])
    owners = [owner for _, owner in lines[::2]]
    assert sum(first != second for first, second in pairwise(owners)) > 1, "they met"


@pytest.mark.neo4j
@pytest.mark.faults
def test_the_lock_of_a_killed_owner_ends(server: BoltStore, tmp_path: Path) -> None:
    def killed(work: str) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", HOLD, server.address, str(tmp_path / work)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            process.kill()
            assert process.wait(10 * PATIENCE) == -signal.SIGKILL

    killed("theirs")
    with pytest.raises(RefreshRunning), refresh_lock(server):
        pass
    time_passes(server)
    with refresh_lock(server):
        pass
    killed("ours")
    with open_store(server.address, work=tmp_path / "ours") as same, refresh_lock(same):
        pass  # at once: who has the file of that directory knows that its owner is gone
