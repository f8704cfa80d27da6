"""A graph that moves between engines, through a backup or not, arrives whole, or is refused."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kg import queries, schema, snapshot
from kg.bolt import BoltStore
from kg.engines import open_store
from kg.errors import ReadError, StoreError, StoreVersionError
from kg.exact import decode, encode, in_utc
from kg.ingest import ingest
from kg.migrate import Step, migrate, plan
from kg.records import Attribute, Interaction, ItemRecord, Scale, Triple
from kg.store import Statement
from kg.transfer import Archive, StoreSource, backup, fill
from kg.transfer.stream import Edge, Node
from tests.conftest import emptied

ROOT = Path(__file__).parents[3]
START = datetime(2020, 1, 1, tzinfo=UTC)
AGAIN = "MATCH (u:User {id: 'u1'}), (i:Item {id: 'i1'}) CREATE (u)-[:RATED {event_id: 'e0'}]->(i)"
"""A second event under an id that is taken."""
ODD = {
    "when": {"datetime": "2020-10-25T02:30:00.000000000+02:00[Europe/Berlin]"},
    "exact": {"datetime": "2020-01-02T03:04:05.123456789+00:00"},
    "day": {"date": "1969-07-20"},
    "clock": {"time": "01:02:03.000000004"},
    "span": {"duration": "P1M2DT3.000000004S"},
    "nothing": {"float": "nan"},
    "without end": {"float": "-inf"},
    "raw": {"bytes": "AAH/"},
    "vector": [0.25, -1.5, 1e300],
    "names": ["", "ü`\"'\n", "😀"],
    "flags": [True, False],
    "empty": [],
    "count": 2**62,
    "whole": 5.0,
}
"""Values whose form, once lost, nothing would tell."""
ZONED = {
    "local": {"localdatetime": "2020-01-02T03:04:05.000000000"},
    "at": {"datetime": "2020-01-02T00:00:00.500000000-03:30"},
}
POINTS = {"place": {"point": [4326, 2.0, 1.0]}, "corner": {"point": [9157, 1.0, 2.0, 3.0]}}


class Made:
    """A source that a test makes up."""

    def __init__(self, nodes: list[Node], edges: list[Edge], work: Path, version: int = schema.VERSION) -> None:
        self._nodes, self._edges, self.work = nodes, edges, work
        self.schema = {"id": "tastegraph", "version": version}

    def sizes(self) -> tuple[int, int]:
        return len(self._nodes), len(self._edges)

    def nodes(self) -> Iterator[Node]:
        return (Node(node.labels, dict(node.properties)) for node in self._nodes)

    def edges(self) -> Iterator[Edge]:
        return (Edge(e.head, e.relation, e.tail, dict(e.properties)) for e in self._edges)


def content(source: Any) -> tuple[list[Any], list[Any]]:
    """All that a source holds, in an order of its own."""
    nodes = list(source.nodes())
    edges = [(nodes[e.head], e.relation, nodes[e.tail], e.properties) for e in source.edges()]
    return sorted(nodes, key=repr), sorted(edges, key=repr)


@pytest.fixture(autouse=True)
def _no_files_in_work(embedded: BoltStore, server: BoltStore) -> None:
    for path in (*embedded.work.iterdir(), *server.work.iterdir()):  # what tests before have left there
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def test_no_form_of_a_value_is_lost() -> None:
    values = ODD | ZONED | POINTS
    assert encode(decode(values)) == values
    assert in_utc([ZONED["local"], ZONED["at"], ODD["when"], 3]) == [
        {"datetime": "2020-01-02T03:04:05.000000000+00:00"},
        {"datetime": "2020-01-02T03:30:00.500000000+00:00"},
        ODD["when"],
        3,
    ]
    with pytest.raises(StoreError, match="which no other graph takes"):
        encode({"map": {"a": 1}})


def test_what_the_owner_added_arrives_in_every_form(graph: BoltStore, tmp_path: Path) -> None:
    zoned = graph.keeps_zones
    nodes = [
        Node(("Item", "Rare thing"), {"id": "i"} | ODD),
        Node((), {"bare": True}),
        Node(("User",), {"id": "u", "`odd`": 1} | ZONED | POINTS),
    ]
    edges = [Edge(0, "odd type", 1, {"weight": 0.5}), Edge(2, "SELF", 2, {}), Edge(2, "SELF", 2, {})]
    made = Made(nodes, edges, tmp_path)

    filled = fill(graph, made, progress=False)

    assert filled.nodes == {"Item:Rare thing": 1, "": 1, "User": 1}
    assert filled.edges == {"odd type": 1, "SELF": 2}
    assert filled.in_utc == ({} if zoned else {"User.local": 1, "User.at": 1})
    expected = content(made)
    if not zoned:
        expected = json.loads(json.dumps(expected), object_hook=in_utc)
    assert json.loads(json.dumps(content(StoreSource(graph)))) == json.loads(json.dumps(expected))


scalars = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), st.booleans(),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
    st.dates().map(lambda day: {"date": day.isoformat()}),
    st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(
        lambda at: {"datetime": f"{at.isoformat(timespec='microseconds')}000+00:00"}
    ),
    st.lists(st.floats(-1e6, 1e6), max_size=5), st.lists(st.text("aé😀", max_size=3), min_size=1, max_size=3),
)  # fmt: skip
names = st.sampled_from(["a", "b", "Größe", "two words"])
properties = st.dictionaries(names, scalars, max_size=3).map(lambda own: dict(sorted(own.items())))


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Node], list[Edge]]:
    labels = st.lists(st.sampled_from(["A", "B", "Odd label"]), max_size=2, unique=True).map(sorted).map(tuple)
    nodes = draw(st.lists(st.builds(Node, labels, properties), min_size=1, max_size=6))
    place = st.integers(0, len(nodes) - 1)
    edges = draw(st.lists(st.builds(Edge, place, st.sampled_from(["T", "an edge"]), place, properties), max_size=8))
    return nodes, edges


@pytest.mark.neo4j
@settings(
    max_examples=6,
    phases=(Phase.explicit, Phase.generate),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(made=graphs())
def test_any_graph_goes_from_either_engine_to_the_other_and_back(
    made: tuple[list[Node], list[Edge]], embedded: BoltStore, server: BoltStore, tmp_path: Path
) -> None:
    source = Made(*made, work=tmp_path)
    fill(emptied(embedded), source, progress=False)
    there = fill(emptied(server), StoreSource(embedded), progress=False)
    back = fill(emptied(embedded), StoreSource(server), progress=False)
    assert there.digest == back.digest
    assert content(StoreSource(embedded)) == content(StoreSource(server)) == content(source)


def fill_with_ours(store: BoltStore) -> None:
    ingest(
        store,
        [
            *(Interaction(f"u{n % 3}", f"i{n % 5}", "RATED", f"e{n}", START, n % 5 + 1.0) for n in range(30)),
            Interaction("u1", "i1", "LIKED", "words", None, None, "well made", context={"device": "phone"}),
            ItemRecord("i1", "One", "about", {"year": 1999}, (Attribute("HAS_GENRE", "genre", "Drama"),)),
            Triple("genre:Drama", "PART_OF", "art"),
        ],
        scale=Scale(1, 5),
        progress=False,
    )
    store.write(
        Statement("MATCH (u:User {id: 'u1'}) CREATE (u)-[:HAS_INTEREST]->(:Interest {id: 'x', vector: [0.5, 1.0]})", {})
    )


def test_a_backup_brings_everything_back_in_each_engine(graph: BoltStore, tmp_path: Path) -> None:
    fill_with_ours(graph)
    artefact = graph.work / "models" / "20200101T000000-abcdef" / "factors.safetensors"
    artefact.parent.mkdir(parents=True)
    artefact.write_bytes(b"\0\1\2")
    (graph.work / "refresh.lock").touch()
    try:
        manifest = backup(graph, tmp_path / "saved", progress=False)
    finally:
        artefact.unlink()
        (graph.work / "refresh.lock").unlink()
    before, graph_before = snapshot.take(graph).fingerprint, content(StoreSource(graph))
    with pytest.raises(StoreError, match="holds a graph of 14 nodes; a copy goes into an empty store only"):
        fill(graph, Archive(tmp_path / "saved"), progress=False)
    filled = fill(emptied(graph), Archive(tmp_path / "saved"), progress=False)
    assert artefact.read_bytes() == b"\0\1\2"
    artefact.unlink()
    assert filled.digest == manifest["digest"]
    assert filled.files == 1
    assert snapshot.take(graph).fingerprint == before
    assert content(StoreSource(graph)) == graph_before
    assert [p.name for p in tmp_path.iterdir()] == ["saved"]
    again = Interaction("u9", "i1", "RATED", "e0", START, 5.0)
    assert ingest(graph, [again], progress=False, rejects=tmp_path / "r").rejected == 1  # ids are still unique
    with pytest.raises(StoreError, match="a key is already taken"):
        graph.write(Statement(AGAIN, {}))


@pytest.mark.embedded
def test_a_damaged_backup_is_refused_before_anything_is_written(store: BoltStore, tmp_path: Path) -> None:
    fill_with_ours(store)
    backup(store, tmp_path / "saved", progress=False)
    with pytest.raises(StoreError, match="is there already"):
        backup(store, tmp_path / "saved", progress=False)
    edges = tmp_path / "saved" / "edges.jsonl.zst"
    edges.write_bytes(edges.read_bytes()[:-1] + b"?")
    with pytest.raises(ReadError, match=r"edges\.jsonl\.zst: is damaged"):
        Archive(tmp_path / "saved")
    edges.unlink()
    with pytest.raises(ReadError, match=r"edges\.jsonl\.zst: is missing"):
        Archive(tmp_path / "saved")
    with pytest.raises(ReadError, match="is no complete backup"):
        Archive(tmp_path)


KILLED = """
import os, signal, sys
from pathlib import Path
from kg.engines import open_store
from kg.transfer import Archive, fill, load
load.MAX_ROWS = 10
put = load._Load._add_edges
def some(self, edges):
    put(self, (edge for number, edge in enumerate(edges) if number < 20))
    os.kill(os.getpid(), signal.SIGKILL)
load._Load._add_edges = some
fill(open_store(sys.argv[1], work=sys.argv[3]), Archive(Path(sys.argv[2])), progress=False)
"""


@pytest.mark.faults
def test_a_killed_restore_leaves_nothing_that_opens(graph: BoltStore, tmp_path: Path) -> None:
    fill_with_ours(graph)
    backup(graph, tmp_path / "saved", progress=False)
    emptied(graph)
    target = graph.address if "://" in graph.address else str(tmp_path / "target")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    child = subprocess.run(
        [sys.executable, "-c", KILLED, target, str(tmp_path / "saved"), str(tmp_path / "work")],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert child.returncode == -signal.SIGKILL, child.stderr
    try:
        with pytest.raises(StoreVersionError, match="holds half of a graph"):
            open_store(target)
    finally:
        if target == graph.address:
            graph.write(queries.statement("schema_set", properties={"version": schema.VERSION}))


def test_steps_lead_to_a_later_version_and_go_on_where_they_were_stopped(graph: BoltStore, tmp_path: Path) -> None:
    fill_with_ours(graph)
    graph.write(queries.statement("schema_set", properties={"version": 1}))
    ran: list[str] = []

    def rename(store: BoltStore) -> None:
        ran.append("rename")
        store.write(Statement("MATCH (i:Item) WHERE i.year IS NOT NULL SET i.made = i.year REMOVE i.year", {}))

    def stopped(store: BoltStore) -> None:
        ran.append("stopped")
        if ran.count("stopped") == 1:
            raise StoreError("the power went")

    steps = {1: Step("years are called made", rename), 2: Step("nothing", stopped)}
    try:
        with pytest.raises(StoreError, match="the power went"):
            migrate(graph, steps, to=3)
        assert [version for version, _ in plan(graph, steps, to=3)] == [2]
        assert migrate(graph, steps, to=3) == ["nothing"]
        assert migrate(graph, steps, to=3) == []
        assert ran == ["rename", "stopped", "stopped"]
        assert graph.read("MATCH (i:Item {id: 'i1'}) RETURN i.made AS made, i.year AS year") == [
            {"made": 1999, "year": None}
        ]
        with pytest.raises(StoreVersionError, match="schema version 3; this program speaks version 2"):
            migrate(graph, steps, to=2)
        with pytest.raises(StoreVersionError, match="nothing leads from 3 to 4"):
            migrate(graph, steps, to=4)
    finally:
        graph.write(queries.statement("schema_set", properties={"version": schema.VERSION}))
    later = Made([], [], tmp_path, version=schema.VERSION + 1)
    with pytest.raises(StoreVersionError, match="the source has schema version"):
        fill(emptied(graph), later, progress=False)
