"""Files for ``neo4j-admin database import``, read by that program itself."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from kg import snapshot
from kg.bolt import BoltStore
from kg.engines import open_store
from kg.errors import StoreError
from kg.neo4j_import import write_import
from kg.store import Statement
from kg.transfer import StoreSource
from kg.transfer.stream import Edge, Node
from scripts.neo4j_local import Server
from tests.kg.store.test_transfer import AGAIN, ODD, POINTS, ZONED, Made, content, fill_with_ours


@pytest.mark.neo4j
def test_neo4j_reads_its_files_and_holds_the_same_graph(
    store: BoltStore, neo4j_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_with_ours(store)
    store.write(
        Statement("MATCH (u:User {id: 'u1'}) SET u.score = 5", {}),  # of another type there than here
        Statement("MATCH (u:User {id: 'u2'}) SET u.score = $score", {"score": 'high, "very"\n'}),
    )
    expected = snapshot.take(store).fingerprint
    ours = [Node(node.labels, node.properties) for node in StoreSource(store).nodes()]
    source = StoreSource(store)
    list(source.nodes())
    edges = list(source.edges())
    kept = {name: value for name, value in ODD.items() if value != []}
    odd = Node(("Odd", "thing: 2"), kept | ZONED | POINTS)
    made = Made([*ours, odd], [*edges, Edge(len(ours), "odd type", len(ours), dict(kept))], tmp_path)

    written = write_import(made, tmp_path / "files", progress=False)

    assert (written["nodes"], written["edges"]) == (len(ours) + 2, len(edges) + 1)
    server = Server(tmp_path / "server")
    server.load(tmp_path / "files")
    server.start()
    try:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        with open_store(server.url, work=tmp_path / "work") as loaded:
            for text in (tmp_path / "files" / "constraints.cypher").read_text().split(";\n")[:-1]:
                loaded.write(Statement(text, {}))
            assert snapshot.take(loaded).fingerprint == expected
            assert content(StoreSource(loaded)) == content(made)
            with pytest.raises(StoreError, match="a key is already taken"):
                loaded.write(Statement(AGAIN, {}))
    finally:
        server.stop()


def test_a_list_that_cannot_be_parted_is_refused(tmp_path: Path) -> None:
    empty = Made([Node(("A",), {"names": []})], [], tmp_path)
    assert write_import(empty, tmp_path / "empty", progress=False)["lists_left_out"] == 1
    made = Made([Node(("A",), {"names": ["a\x1fb"]})], [], tmp_path)
    with pytest.raises(StoreError, match=r"holds U\+001F, which parts entries"):
        write_import(made, tmp_path / "files", progress=False)
    assert not (tmp_path / "files").exists()


def test_more_groups_than_a_process_may_have_files_open(tmp_path: Path) -> None:
    nodes = [Node((f"L{n % 400}",), {"id": n}) for n in range(800)]
    edges = [Edge(n, f"R{n % 400}", n, {}) for n in range(800)]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = len(os.listdir("/proc/self/fd"))  # other tests of this process hold some
    resource.setrlimit(resource.RLIMIT_NOFILE, (opened + 128, hard))
    try:
        written = write_import(Made(nodes, edges, tmp_path), tmp_path / "files", progress=False)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (written["nodes"], written["edges"], written["files"]) == (801, 800, 801)
    assert (tmp_path / "files" / "nodes-7.csv").read_text() == '"6","L6","6"\n"406","L6","406"\n'
    assert (tmp_path / "files" / "edges-408.csv").read_text() == '"6","6","R6"\n"406","406","R6"\n'
