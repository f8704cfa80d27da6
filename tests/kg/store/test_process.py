"""The embedded engine as a guest in a process: locks, secrets, ports, signals, kills, versions and full disks."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kg.bolt import BoltStore
from kg.engines import folder, open_store
from kg.errors import QueryFailed, StoreError, StoreInUse, StoreUnavailable, StoreVersionError  # noqa: F401
from kg.ingest import ingest
from kg.records import Interaction, Record
from kg.store import Statement
from tests.running import PATIENCE

pytestmark = pytest.mark.embedded
ROOT = Path(__file__).parents[3]
EVENTS = 5_000


def events(first: int = 0, last: int = EVENTS) -> list[Record]:
    start = datetime(2020, 1, 1, tzinfo=UTC)
    return [
        Interaction(
            f"u{n % 50}",
            f"i{n % 70}",
            "RATED",
            f"e{n}",
            start + timedelta(hours=n),
            3.0,
            f"word {n}" if n % 9 == 0 else None,
        )
        for n in range(first, last)
    ]


def run(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Start ``script`` in a process of its own; it says ``ready`` when it is where the test wants it."""
    code = "import sys, time\nfrom tests.kg.store.test_process import *\n" + script
    child = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert child.stdout is not None
    line = child.stdout.readline()
    if line != "ready\n":
        child.kill()
        pytest.fail(f"the process said {line!r}: {child.communicate()[1]}")
    return child


def once_each(store: BoltStore, expected: int) -> None:
    (row,) = store.read(
        "MATCH (u:User)-[r:RATED]->(i:Item) RETURN count(r) AS edges, count(DISTINCT r.event_id) AS ids"
    )
    assert row == {"edges": expected, "ids": expected}
    words = sum(1 for n in range(expected) if n % 9 == 0)
    (row,) = store.read(
        "MATCH (:User)-[:WROTE]->(w:Review)-[:ABOUT]->(:Item) RETURN count(w) AS reviews, count(DISTINCT w.id) AS ids"
    )
    assert row == {"reviews": words, "ids": words}


HOLD = """
store = open_store(sys.argv[1])
store.write(Statement("MERGE (:User {id: 'kept'})", {}))
print("ready", flush=True)
time.sleep(120)
"""


def test_a_folder_has_one_process_and_leaves_no_trace(tmp_path: Path) -> None:
    root = tmp_path / "störe 😀 100%"
    holder = run(HOLD, root)
    with pytest.raises(StoreInUse, match=rf"in use by process {holder.pid} on {socket.gethostname()} since 20"):
        open_store(root)

    secret = root / "bolt.json"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    credentials = json.loads(secret.read_text())
    for path in root.rglob("*"):
        if path.is_file() and path != secret:
            assert credentials["password"].encode() not in path.read_bytes()

    port = int(credentials["url"].rpartition(":")[2])
    assert listening(holder.pid) == {("127.0.0.1", port)}

    with pytest.raises(StoreUnavailable):
        connect_as(credentials["url"], "wrong")

    holder.send_signal(signal.SIGTERM)
    _, error = holder.communicate(timeout=60 * PATIENCE)
    assert holder.returncode == 128 + signal.SIGTERM
    assert error == ""
    assert not secret.exists()
    assert not (ROOT / "log").exists()
    assert [path.name for path in (root / "logs").glob("engine*.log")] != []
    with open_store(root) as store:
        assert store.read("MATCH (u:User) RETURN u.id AS id") == [{"id": "kept"}]
        with pytest.raises(StoreInUse, match=f"this very process \\({os.getpid()}\\)"):
            open_store(root)


def connect_as(url: str, password: str) -> None:
    from kg.engines.neo4j import Neo4jStore

    patched = {"NEO4J_USERNAME": "root", "NEO4J_PASSWORD": password, "NEO4J_DATABASE": "tastegraph"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in patched.items():
            patch.setenv(name, value)
        with Neo4jStore.open(url, work=Path("unused")) as store:
            store.read("RETURN 1 AS one")


def listening(pid: int) -> set[tuple[str, int]]:
    """Addresses on which a process listens, from ``/proc``."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        target = os.readlink(link)
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                address, _, port = fields[1].rpartition(":")
                loopback = address in {
                    "0100007F",
                    "0000000000000000FFFF00000100007F",
                    "00000000000000000000000001000000",
                }
                found.add(("127.0.0.1" if loopback else address, int(port, 16)))
    return found


def test_ctrl_c_closes_the_store(tmp_path: Path) -> None:
    holder = run(HOLD, tmp_path / "store")
    holder.send_signal(signal.SIGINT)
    holder.communicate(timeout=60 * PATIENCE)
    assert not (tmp_path / "store" / "bolt.json").exists()
    assert (tmp_path / "store" / "lock").read_text() == ""


NEW = """
from kg import newgraph
def slow(self, batch, add=newgraph.NewGraph.add):
    add(self, batch)
    if self.accepted >= 3_000:
        print("ready", flush=True)
        time.sleep(120)
newgraph.NewGraph.add = slow
store = open_store(sys.argv[1])
type(store).batch_rows = 1_000
ingest(store, events(), progress=False)
"""
USED = """
from kg.writer import Writer
store = open_store(sys.argv[1])
def slow(self, batch, write=Writer.write):
    outcome = write(self, batch)
    print("ready", flush=True)
    return outcome
Writer.write = slow
type(store).batch_rows = 250
ingest(store, events(), progress=False)
"""


@pytest.mark.parametrize("pause", [0.0, 0.4])
@pytest.mark.faults
def test_killed_while_a_used_graph_is_written(turn: int, tmp_path: Path, pause: float) -> None:
    root = tmp_path / "store"
    with open_store(root) as store:
        ingest(store, events(0, 100), progress=False)
    killed(run(USED, root), pause + 0.04 * turn)
    with open_store(root) as store:
        (row,) = store.read("MATCH ()-[r:RATED]->() RETURN count(r) AS n")
        assert row["n"] >= 250  # what was acknowledged is there
        report = ingest(store, events(), progress=False)
        assert report.accepted + report.duplicates == EVENTS
        assert report.duplicates == row["n"]
        once_each(store, EVENTS)


@pytest.mark.faults
def test_killed_while_a_new_graph_is_filled(turn: int, tmp_path: Path) -> None:
    root = tmp_path / "store"
    killed(run(NEW, root), 0.05 * turn)
    with open_store(root) as store:
        assert store.is_new
        assert list((root / "graph" / "databases").glob(".loading-*")) == []
        assert ingest(store, events(), progress=False).accepted == EVENTS
        once_each(store, EVENTS)


def killed(child: subprocess.Popen[str], pause: float) -> None:
    time.sleep(pause)
    child.kill()
    child.communicate()


def test_two_folders_are_open_at_once(tmp_path: Path, store: BoltStore) -> None:
    with open_store(tmp_path / "other") as other:
        other.write(Statement("CREATE (:User {id: 'there'})", {}))
        assert store.is_new
    assert store.is_new
    with open_store(tmp_path / "other") as other:
        assert other.read("MATCH (u:User) RETURN u.id AS id") == [{"id": "there"}]
        other.close()
        other.close()


def foreign(root: Path) -> None:
    root.mkdir()
    (root / "thesis.tex").write_text("mine")


def of_another_format(root: Path) -> None:
    root.mkdir()
    (root / "store.json").write_text('{"format": 2, "engine": "arcadedb"}')


def damaged(root: Path) -> None:
    root.mkdir()
    (root / "store.json").write_text("{")


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (foreign, StoreError, "holds other files and is no store"),
        (of_another_format, StoreVersionError, "has store format 2; this program speaks format 1"),
        (damaged, StoreError, "store.json is damaged"),
        (lambda root: root.write_text("x"), StoreError, "is a file; a store is a folder"),
    ],
)
def test_a_folder_that_is_no_store_is_left_alone(
    tmp_path: Path, make: Callable[[Path], object], error: type[Exception], message: str
) -> None:
    root = tmp_path / "store"
    make(root)
    with pytest.raises(error, match=message):
        open_store(root)


def test_readers_make_no_folder(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no store at .*; ingest something first"):
        open_store(tmp_path / "typo", create=False)
    assert not (tmp_path / "typo").exists()


def test_a_full_disk_is_said_before_anything_is_written(
    tmp_path: Path, store: BoltStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "MINIMUM_FREE", 1 << 60)
    with pytest.raises(StoreError, match=r"nearly full: .* MiB are free and a store needs"):
        open_store(tmp_path / "store")
    with pytest.raises(StoreError, match="nearly full"):
        ingest(store, events(0, 10), progress=False)
    with pytest.raises(StoreError, match="nearly full"):
        store.write(Statement("CREATE (:User {id: 'u'})", {}))
    monkeypatch.undo()
    assert store.is_new


@pytest.mark.parametrize("url", ["bolt://127.0.0.1:1", "neo4j://127.0.0.1:1"])
def test_a_server_that_is_not_there(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO4J_PASSWORD", "hidden-secret")
    with pytest.raises(StoreUnavailable, match="no graph server answers at") as refusal:
        open_store(url, work=tmp_path)
    assert "hidden-secret" not in str(refusal.value)
    monkeypatch.delenv("NEO4J_PASSWORD")
    with pytest.raises(StoreUnavailable, match="NEO4J_PASSWORD is not set"):
        open_store(url, work=tmp_path)
    with pytest.raises(StoreError, match="http:// is no graph server"):
        open_store("http://127.0.0.1:1")


EXHAUST = """
store = open_store(sys.argv[1])
for text in ("reduce(s = 'x', n IN range(1, 40) | s + s)", "reduce(s = [1], n IN range(1, 40) | s + s)"):
    try:
        store.query(f"RETURN size({text}) AS n", {}, timeout=100)
    except QueryFailed as error:
        assert "more memory than the embedded engine has" in str(error), error
    else:
        raise AssertionError(text)
store.write(Statement("MERGE (:User {id: 'kept'})", {}))
assert store.query("MATCH (u:User) RETURN u.id AS id", {}).rows == [["kept"]]
print("ready", flush=True)
"""


def test_a_heap_that_is_used_up_is_said_and_the_engine_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCADEDB_JVM_ARGS", "-Xmx256m")
    child = run(EXHAUST, tmp_path / "store")
    child.communicate(timeout=60 * PATIENCE)
    assert child.returncode == 0
    with open_store(tmp_path / "store") as store:
        assert store.read("MATCH (u:User) RETURN u.id AS id") == [{"id": "kept"}]
