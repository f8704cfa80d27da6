"""A backup that somebody else has made takes nothing and writes nothing but what its manifest says, or is refused."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard

from kg import changes, schema
from kg.access import TRUSTED
from kg.bolt import BoltStore
from kg.engines import open_store
from kg.errors import ReadError, StoreError, TooMuch
from kg.folders import hash_file
from kg.ingest import ingest
from kg.readers import jsonlines
from kg.readers import stream as stream_of_files
from kg.records import Interaction
from kg.rejects import FILES
from kg.store import Statement
from kg.sweep import ELSEWHERE, sweep
from kg.transfer import Archive, StoreSource, backup, bounds, fill, stream
from kg.transfer.files import localised, require_apart
from kg.transfer.stream import Edge, Node, Tally

NODES = [Node(("Item",), {"id": "i1"}), Node(("User",), {"id": "u1"})]
EDGES = [Edge(1, "RATED", 0, {"event_id": "e1"})]
SECRET = b"not for you"


def made(folder: Path, files: dict[str, bytes], nodes: Any = NODES, edges: Any = EDGES, **said: Any) -> Path:
    """A backup of this content, whose manifest is right but for what is ``said``."""
    folder.mkdir()
    for name, rows in (("nodes.jsonl.zst", nodes), ("edges.jsonl.zst", edges)):
        lines = rows if isinstance(rows, bytes) else b"".join(orjson.dumps(row, default=tuple) + b"\n" for row in rows)
        (folder / name).write_bytes(zstandard.compress(lines))
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    tally = Tally()
    list(tally.of_nodes(iter(NODES)))
    list(tally.of_edges(iter(EDGES)))
    names = ["nodes.jsonl.zst", "edges.jsonl.zst", *files]
    manifest = {"format": 1, "schema": {"id": "tastegraph", "version": schema.VERSION}, **tally.to_dict()}
    manifest |= {"files": {name: hash_file(folder / name) for name in names}} | said
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def changed(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(change(manifest) or manifest))


@pytest.fixture
def graph(graph: BoltStore) -> Iterator[BoltStore]:
    """With no files in its working directory once the test has ended."""
    yield graph
    for path in graph.work.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


BAD_NAMES = [
    "../x", "work/../../x", "/etc/passwd", "work/a\\b", "work/a\0b", "work//a", "work/./a", "work/", "work", "other/a",
    "manifest.json", "work/a\nb", "C:/x", "work/x.lock", "work/run.partial/a", "work/\ud800", "work/" + "a" * 5_000,
]  # fmt: skip
HASH = "0" * 32


@pytest.mark.parametrize("name", BAD_NAMES, ids=range(len(BAD_NAMES)))
def test_a_name_that_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    folder = made(tmp_path / "saved", {})
    changed(folder, lambda manifest: manifest["files"].update({name: HASH}))
    with pytest.raises(ReadError, match="is no name that a backup gives to a file"):
        Archive(folder)


WRONG: dict[str, Any] = {
    "no map": [], "nothing": None, "text": "x", "number": 3, "empty": {}, "no schema": {"format": 1},
    "schema": {"schema": []}, "version": {"schema": {"version": "2"}},
    "owner": {"schema": {"version": 2, "adoption": ""}},
    "counts": {"nodes": {"User": -1}}, "no counts": {"nodes": [1]}, "edges": {"edges": {"A": "1"}},
    "files": {"files": []}, "few files": {"files": {}}, "sizes": {"bytes": {"work/a": 1}}, "size": {"bytes": {"a": -1}},
    "hash": {"files": {"nodes.jsonl.zst": "x", "edges.jsonl.zst": HASH}},
    "number as hash": {"files": {"nodes.jsonl.zst": 3, "edges.jsonl.zst": HASH}},
    "case": {"files": {"nodes.jsonl.zst": HASH, "edges.jsonl.zst": HASH, "work/a": HASH, "work/A": HASH}},
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_manifest_that_is_none_is_refused(wrong: Any, tmp_path: Path) -> None:
    folder = made(tmp_path / "saved", {})
    partial = isinstance(wrong, dict) and wrong and "format" not in wrong
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | wrong if partial else wrong))
    with pytest.raises(ReadError, match="is damaged"):
        Archive(folder)


@pytest.mark.parametrize(
    "text",
    [b"[" * 10**6, b'{"format":1,' + b'"a":{' * 10**5, b"\xff", b"", b'{"format":1,"format":1}', b"\0"],
    ids=range(6),
)
def test_a_manifest_that_cannot_be_parsed_is_refused(text: bytes, tmp_path: Path) -> None:
    folder = made(tmp_path / "saved", {})
    (folder / "manifest.json").write_bytes(text)
    with pytest.raises(ReadError, match="is damaged"):
        Archive(folder)


@pytest.mark.parametrize("name", ["manifest.json", "nodes.jsonl.zst", "work/vectors/a"])
@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "way"])
def test_nothing_is_read_through_a_link_or_from_a_pipe(kind: str, name: str, tmp_path: Path) -> None:
    folder = made(tmp_path / "saved", {"work/vectors/a": SECRET})
    path = folder / name
    moved = tmp_path / "moved"
    if kind == "way" and name.startswith("work"):
        (folder / "work").rename(moved)
        (folder / "work").symlink_to(moved)
    else:
        path.rename(moved)
        {"folder": path.mkdir, "pipe": lambda: os.mkfifo(path)}.get(kind, lambda: path.symlink_to(moved))()
    with pytest.raises(ReadError, match=r"is a link|no plain file|cannot be read"):
        Archive(folder)


def test_only_what_the_manifest_names_arrives(graph: BoltStore, tmp_path: Path) -> None:
    folder = made(tmp_path / "saved", {"work/vectors/a": b"vector", f"work/{FILES}": orjson.dumps("/etc/passwd")})
    (folder / "work" / "stray").write_bytes(SECRET)
    (folder / "work" / "link").symlink_to("/etc/passwd")
    (folder / "work" / "vectors" / "a").chmod(0o4755)
    filled = fill(graph, Archive(folder), progress=False)
    found = {path.relative_to(graph.work).as_posix(): path for path in graph.work.rglob("*") if not path.is_dir()}
    assert found.keys() == {"vectors/a", ELSEWHERE, TRUSTED}
    assert filled.files == 2
    assert found["vectors/a"].stat().st_mode & 0o7777 == 0o600
    swept = sweep(graph.work, "root")
    assert (swept.searched, swept.elsewhere) == ([], ["/etc/passwd"]), "named, and never opened"


@pytest.mark.parametrize(
    ("name", "here"),
    [(TRUSTED, None), (TRUSTED.title(), None), (TRUSTED.upper(), None), (FILES.title(), ELSEWHERE),
     (ELSEWHERE.upper(), ELSEWHERE), ("text-model\u017f.jsonl", None), ("Vectors/A", "Vectors/A")],
)  # fmt: skip
def test_a_name_that_differs_in_its_case_is_no_way_around(name: str, here: str | None) -> None:
    assert localised(name) == here


def test_a_file_that_changes_after_it_was_checked_is_refused(graph: BoltStore, tmp_path: Path) -> None:
    folder = made(tmp_path / "saved", {"work/vectors/a": b"vector"})
    opened = Archive(folder)
    (folder / "work" / "vectors" / "a").write_bytes(b"victor")
    with pytest.raises(ReadError, match="a: is damaged"):
        fill(graph, opened, progress=False)


def test_a_file_of_another_size_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path / "saved", {"work/a": b"a"})
    sizes = {name: (folder / name).stat().st_size for name in ("nodes.jsonl.zst", "edges.jsonl.zst", "work/a")}
    changed(folder, lambda manifest: manifest | {"bytes": sizes})
    Archive(folder)
    os.truncate(folder / "work" / "a", 1 << 40)
    with pytest.raises(ReadError, match="a: is damaged"):
        Archive(folder)


BAD_LINES = {
    "no node": ([[1]], EDGES), "labels": ([["User", {}], ["User", {}]], EDGES), "label": ([[[1], {}]] * 2, EDGES),
    "schema": ([[["Schema"], {"id": "x"}]] * 2, EDGES), "properties": ([[["User"], []]] * 2, EDGES),
    "form": ([[["User"], {"id": {"what": 1}}]] * 2, EDGES),
    "forms": ([[["User"], {"id": {"date": 1, "time": 2}}]] * 2, EDGES),
    "date": ([[["User"], {"id": {"date": "x"}}]] * 2, EDGES), "point": ([[["User"], {"id": {"point": []}}]] * 2, EDGES),
    "large": ([[["User"], {"id": 2**64 - 1}]] * 2, EDGES), "no JSON": (b"{\n", EDGES), "deep": (b"[" * 10**6, EDGES),
    "number": (NODES, [[5, "A", 0, {}]]), "below": (NODES, [[-1, "A", 0, {}]]), "text": (NODES, [["0", "A", 0, {}]]),
    "type": (NODES, [[0, "", 0, {}]]), "few": (NODES, [[0, "A"]]),
    "null": ([[["User"], {"id": None}]] * 2, EDGES),
    "map": ([[["User"], {"id": [1, "a", {"b": 1}]}]] * 2, EDGES), "no name": ([[["User"], {"": 1}]] * 2, EDGES),
    "nested": (b'[["User"],{"id":' + b"[" * 100 + b"]" * 100 + b"}]\n", EDGES),
    "dimensions": ([[["User"], {"id": {"point": [4326, *range(5)]}}]] * 2, EDGES),
    "values": (b'[["User"],{"id":[' + b"[]," * 300_000 + b"1]}]\n", EDGES),
    "bytes": (b'[["User"],{"id":"' + b"x" * (17 << 20) + b'"}]\n', EDGES),
    "many labels": ([[[f"L{n}" for n in range(65)], {}]] * 2, EDGES),
    "names": ([[["User"], {f"p{n}": 1 for n in range(10_001)}]] * 2, EDGES),
    "long names": ([[["User" * 2**18, "User"], {}]] * 2, EDGES),
    "names of an edge": (NODES, [[0, "A", 1, {f"p{n}": 1 for n in range(10_001)}]]),
    "different labels": ([[[f"L{n}"], {}] for n in range(101)], EDGES),
    "different types": (NODES, [[0, f"R{n}", 1, {}] for n in range(10_001)]),
    "long types": (NODES, [[0, f"R{n}" * 2**17, 1, {}] for n in range(9)]),
    "fewer": (NODES[:1], EDGES), "more": (NODES * 2, EDGES), "no edge": (NODES, []),
}  # fmt: skip


@pytest.mark.parametrize("lines", BAD_LINES.values(), ids=BAD_LINES)
def test_a_line_that_is_none_is_refused_before_anything_is_stored(lines: tuple[Any, Any], tmp_path: Path) -> None:
    folder = made(tmp_path / "saved", {}, *lines)
    with pytest.raises(ReadError, match="take another backup"):
        Archive(folder)


@pytest.mark.parametrize("values", [b"[]", b'""', b"{}"])
def test_a_manifest_of_many_values_is_refused_unparsed(values: bytes, tmp_path: Path) -> None:
    folder = made(tmp_path / "saved", {})
    text = (folder / "manifest.json").read_bytes()
    (folder / "manifest.json").write_bytes(text[:-1] + b',"more":[' + (values + b",") * 200_000 + values + b"]}")
    with pytest.raises(ReadError, match="it has over 100000 values"):
        Archive(folder)


COST = """
import sys
from pathlib import Path
from kg.errors import ReadError
from kg.transfer import Archive
from tests.bounded import MAX_GROWTH

def peak():
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))

base = peak()
for folder in sys.argv[1:]:
    try:
        Archive(Path(folder))
    except ReadError as error:
        assert "it has over" in str(error), error
    else:
        sys.exit(f"{folder} is read")
assert peak() - base < MAX_GROWTH, peak() - base
"""


def test_a_refused_backup_costs_little(tmp_path: Path) -> None:
    lists = made(tmp_path / "lists", {}, b'[["User"],{"id":[' + b"[]," * 5_000_000 + b"1]}]\n")
    text = made(tmp_path / "text", {}, b'[["User"],{"id":"\xf0\x9f\x98\x80' + b"x" * (60 << 20) + b'"}]\n')
    manifest = made(tmp_path / "manifest", {})
    with (manifest / "manifest.json").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b',"more":[' + b"[]," * 20_000_000 + b"1]}")
    folders = list(map(str, (lists, text, manifest)))
    ended = subprocess.run([sys.executable, "-c", COST, *folders], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr


def test_what_unpacks_beyond_all_measure_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_of_files, "MAX_UNPACKED_BYTES", 1 << 20)
    folder = made(tmp_path / "saved", {}, b'[["User"],{"id":"u"}]\n' * 100_000, [])
    changed(folder, lambda manifest: manifest | {"nodes": {"User": 100_000}, "edges": {}})
    with pytest.raises(TooMuch, match="200 times its own size"):
        Archive(folder)
    assert Archive(folder, trust=True).sizes() == (100_000, 0)


@pytest.mark.embedded
def test_an_honest_backup_of_alike_rows_is_no_bomb(
    store: BoltStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    events = (Interaction("u1", f"i{n}", "RATED", f"e{n}", at, 5.0, text="the same words") for n in range(300))
    ingest(store, events, progress=False)
    backup(store, tmp_path / "saved", progress=False)
    monkeypatch.setattr(stream_of_files, "MAX_UNPACKED_BYTES", 0)
    assert Archive(tmp_path / "saved").sizes()[1] >= 300


@pytest.mark.embedded
def test_what_could_not_be_restored_is_not_saved(
    store: BoltStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(store, [Interaction("u1", "i1", "RATED", "e1", None, 5.0)], progress=False)
    with monkeypatch.context() as few:
        few.setattr(bounds, "MAX_LABELS", 0)
        with pytest.raises(StoreError, match=r"a node .* is more than a backup can hold"):
            backup(store, tmp_path / "saved", progress=False)
    for name in ("MAX_LABEL_SETS", "MAX_TYPES"):
        with monkeypatch.context() as few:
            few.setattr(bounds, name, 0)
            with pytest.raises(StoreError, match=r"more than a backup can hold: there are over 0 different"):
                backup(store, tmp_path / "saved", progress=False)
    (store.work / "some").mkdir()
    for n in range(50):
        (store.work / "some" / str(n)).touch()
    with monkeypatch.context() as few:
        few.setattr(jsonlines, "MAX_VALUES", 100)
        with pytest.raises(StoreError, match=r"holds 5\d files.*prune versions"):
            backup(store, tmp_path / "saved", progress=False)
    assert not (tmp_path / "saved").exists()
    shutil.rmtree(store.work / "some")


def test_a_backup_follows_no_link_and_takes_no_pipe(graph: BoltStore, tmp_path: Path, caplog: Any) -> None:
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "one").write_bytes(SECRET)
    (graph.work / "link").symlink_to(tmp_path / "secret")
    (graph.work / "links").symlink_to(tmp_path / "secrets")
    os.mkfifo(graph.work / "pipe")
    (graph.work / "plain").write_bytes(b"ours")
    backup(graph, tmp_path / "saved", progress=False)
    assert [path.name for path in (tmp_path / "saved" / "work").rglob("*")] == ["plain"]
    assert "these are none: 'link', 'links', 'pipe'" in caplog.text
    assert Archive(tmp_path / "saved").sizes() == (0, 0)


def test_a_backup_goes_nowhere_into_the_store(graph: BoltStore, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(graph.work)
    for place in (graph.work, graph.work / "x", graph.work / "a" / "b", tmp_path / "link" / "x", graph.work.parent):
        with pytest.raises(StoreError, match=r"which is what is to be copied|is there already"):
            backup(graph, place, progress=False)
    assert not any(graph.work.iterdir())
    with pytest.raises(StoreError, match="or around it"):
        require_apart(graph.work.parent, graph.work)


@pytest.mark.embedded
def test_a_copy_goes_nowhere_into_its_source(tmp_path: Path) -> None:
    with open_store(tmp_path / "one") as one:
        ingest(one, [Interaction("u1", "i1", "RATED", "e1", None, 5.0)], progress=False)
        with (
            open_store(tmp_path / "one" / "work" / "two") as two,
            pytest.raises(StoreError, match="which is what is to be copied"),
        ):
            fill(two, StoreSource(one), progress=False)


VERSION = "20260101T000000-abcdef"
PUBLISHED = (
    "MERGE (m:Model {version: $version}) SET m.published_at = datetime($at), m.created_at = datetime($at), m.key = 'k'"
)


def publish(store: BoltStore, version: str, day: int) -> Path:
    """As a refresh does: the folder, then the node."""
    folder = store.work / "models" / version
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text("{}")
    at = datetime(2026, 1, day, tzinfo=UTC).isoformat()
    store.write(Statement(PUBLISHED, {"version": version, "at": at}))
    return folder


def interrupting(monkeypatch: pytest.MonkeyPatch, done: Callable[[], object], times: int) -> list[None]:
    """Have something done between the nodes and the files, so many times."""
    calls: list[None] = []
    edges = stream.StoreSource.edges

    def interrupted(source: StoreSource) -> Iterator[Edge]:
        yield from edges(source)
        calls.append(None)
        if len(calls) <= times:
            done()

    monkeypatch.setattr(stream.StoreSource, "edges", interrupted)
    return calls


@pytest.mark.parametrize("times", [1, 5])
def test_a_backup_holds_the_versions_of_one_moment_or_is_none(
    times: int, graph: BoltStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody rolls back and prunes between the nodes and the files."""
    publish(graph, "20260101T000000-aaaaaa", 1)
    newest = publish(graph, "20260102T000000-bbbbbb", 2)
    days = iter(range(3, 9))

    def roll_back() -> None:
        publish(graph, "20260101T000000-aaaaaa", next(days))
        graph.write(Statement("MATCH (m:Model {version: $version}) DELETE m", {"version": newest.name}))
        shutil.rmtree(newest, ignore_errors=True)

    calls = interrupting(monkeypatch, roll_back, times)
    if times == 1:
        backup(graph, tmp_path / "saved", progress=False)
        nodes = [
            node.properties["version"] for node in Archive(tmp_path / "saved").nodes() if node.labels == ("Model",)
        ]
        folders = [path.name for path in (tmp_path / "saved" / "work" / "models").iterdir()]
        assert nodes == folders == ["20260101T000000-aaaaaa"]
    else:
        with pytest.raises(StoreError, match="pruned each of the 3 times"):
            backup(graph, tmp_path / "saved", progress=False)
        assert not (tmp_path / "saved").exists()
        assert len(calls) == 3


def test_a_backup_says_that_somebody_wrote_meanwhile(
    graph: BoltStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    changes.start(graph)
    ingest(graph, [Interaction("u1", "i1", "RATED", "e1", None, 5.0)], progress=False)
    assert not backup(graph, tmp_path / "still", progress=False)["changed_meanwhile"]
    later = Interaction("u1", "i2", "RATED", "e2", None, 5.0)
    interrupting(monkeypatch, lambda: ingest(graph, [later], progress=False), 1)
    manifest = backup(graph, tmp_path / "saved", progress=False)
    assert manifest["changed_meanwhile"]
    assert "was written to while it was read" in caplog.text


@pytest.mark.neo4j
def test_a_copy_holds_the_versions_of_one_moment_or_is_none(
    embedded: BoltStore, server: BoltStore, monkeypatch: pytest.MonkeyPatch, graph: BoltStore
) -> None:
    other = server if graph is embedded else embedded
    other.write(Statement("MATCH (n) WHERE NOT n:Schema DETACH DELETE n", {}))
    folder = publish(graph, VERSION, 1)
    interrupting(monkeypatch, lambda: shutil.rmtree(folder), 1)
    try:
        with pytest.raises(StoreError, match="rolled back or pruned while it was copied"):
            fill(other, StoreSource(graph), progress=False)
    finally:
        other.write(Statement(f"MATCH (s:Schema) SET s.version = {schema.VERSION}", {}))
        for path in other.work.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def test_a_database_that_is_written_to_is_saved_as_of_one_moment(graph: BoltStore, tmp_path: Path) -> None:
    """Its log holds the last rows: a copy of the file alone would lack them."""
    (graph.work / "vectors").mkdir()
    path = graph.work / "vectors" / "some.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE numbers (n)")
        connection.executemany("INSERT INTO numbers VALUES (?)", [(n,) for n in range(100)])
        (graph.work / "vectors" / "none.sqlite").write_bytes(b"no database")
        backup(graph, tmp_path / "saved", progress=False)
    saved = tmp_path / "saved" / "work" / "vectors"
    assert {path.name for path in saved.iterdir()} == {"some.sqlite", "none.sqlite"}
    assert (saved / "none.sqlite").read_bytes() == b"no database"
    with closing(sqlite3.connect(saved / "some.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM numbers").fetchone() == (100,)
    Archive(tmp_path / "saved")
