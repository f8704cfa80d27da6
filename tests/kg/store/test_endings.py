"""How a process ends that has a graph open: what a fork of it may do, and that it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kg.store.test_process import run
from tests.running import PATIENCE

pytestmark = pytest.mark.embedded

FORKED = """
import multiprocessing, os

def use():
    for name, work in (
        ("read", lambda: store.read("RETURN 1 AS one")),
        ("query", lambda: store.query("RETURN 1 AS one", {})),
        ("write", lambda: store.write(Statement("MERGE (:User {id: 'fork'})", {}))),
        ("new", lambda: open_store(sys.argv[1] + "-other")),
    ):
        try:
            work()
        except StoreError as error:
            assert "fork" in str(error), error
        else:
            raise AssertionError(name)
    store.close()

def ends(child):
    until = time.monotonic() + 60 * PATIENCE
    while time.monotonic() < until:
        if (found := os.waitpid(child, os.WNOHANG))[0]:
            return os.waitstatus_to_exitcode(found[1])
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    raise AssertionError("the fork does not end")

def forked(end):
    if child := os.fork():
        return child
    use()
    end()

store = open_store(sys.argv[1])
answer = store._engine.database.query("opencypher", "UNWIND range(1, 1000) AS n RETURN n")
store.write(Statement("MERGE (:User {id: 'kept'})", {}))
assert ends(forked(lambda: os._exit(3))) == 3
assert ends(forked(lambda: sys.exit(4))) == 4

worker = multiprocessing.get_context("fork").Process(target=use)
worker.start()
worker.join(60 * PATIENCE)
assert worker.exitcode == 0, worker.exitcode

# A fork that lives on holds no folder of its parent.
lives = forked(lambda: time.sleep(60))
assert store.read("MATCH (u:User) RETURN u.id AS id") == [{"id": "kept"}]
store.close()
with open_store(sys.argv[1]) as store:
    assert store.read("MATCH (u:User) RETURN u.id AS id") == [{"id": "kept"}]
os.kill(lives, signal.SIGKILL)
os.waitpid(lives, 0)
print("ready", flush=True)
"""


def test_a_fork_says_what_it_is_and_ends(tmp_path: Path) -> None:
    child = run(FORKED, tmp_path / "store")
    _, said = child.communicate(timeout=60 * PATIENCE)
    assert child.returncode == 0
    assert "Traceback" not in said
    assert not (tmp_path / "store-other" / "bolt.json").exists()


LEFT = """
from kg.engines import arcadedb

arcadedb.CLOSES_WITHIN = float(sys.argv[2])
no_threads = sys.argv[4] == "True"
store = open_store(sys.argv[1])
try:
    store.query(sys.argv[3], {}, timeout=0.2)
except QueryFailed as error:
    assert "given up" in str(error), error

def refuse(thread):
    raise RuntimeError("can't create new thread at interpreter shutdown")

if no_threads:  # as in later versions of Python
    import atexit, threading
    atexit.register(setattr, threading.Thread, "start", refuse)
print("ready", flush=True)
"""
ONE = "RETURN reduce(n = 0, x IN range(1, 20000000) | n + x % 7) AS n"
HOURS = f"UNWIND range(1, 100000) AS k {ONE}"


@pytest.mark.parametrize(
    ("query", "waits", "no_threads"),
    [(ONE, 100.0, False), (HOURS, 0.5, False), (ONE, 100.0, True)],
    ids=["it ends", "it does not end", "no thread can stop the engine"],
)
def test_a_process_that_leaves_a_query_behind_ends_in_order(
    query: str, waits: float, no_threads: bool, tmp_path: Path
) -> None:
    child = run(LEFT, tmp_path / "store", waits, query, no_threads)
    _, said = child.communicate(timeout=120 * PATIENCE)
    assert (child.returncode, "not rethrown" in said) == (0, False), said


FORGOTTEN = """
import gc

def forgets():
    store = open_store(sys.argv[1])
    store.itself = store  # what only a collection finds
    store.write(Statement("MERGE (:User {id: 'kept'})", {}))

forgets()
gc.collect()
with open_store(sys.argv[1]) as again:
    assert again.read("MATCH (u:User) RETURN u.id AS id") == [{"id": "kept"}]
forgets()
gc.collect()
print("ready", flush=True)
"""


def test_a_store_that_nobody_closes_ends_with_its_last_reference(tmp_path: Path) -> None:
    child = run(FORGOTTEN, tmp_path / "store")
    child.communicate(timeout=60 * PATIENCE)
    assert child.returncode == 0
