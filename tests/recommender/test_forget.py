"""A person forgotten, on both engines: nothing of them is left, nothing brings them back, and a kill is no end."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kg import snapshot as snapshots
from kg.errors import ConstraintViolated, RecordError
from kg.ingest import ingest
from kg.readers import AttributeColumn, UserMapping
from kg.records import Reject
from kg.rejects import FILES
from kg.store import Statement, Store
from recommender import Recommender
from recommender.errors import UnknownUser
from recommender.refresh.config import RefreshConfig
from tests.conftest import emptied
from tests.recommender.test_loop import events, items
from tests.running import RUN, as_everybody
from text.cache import VectorCache

ZOE = "zoe-4711"
SENTENCE = "my aunt Cordelia plays the theremin badly"
OTHERS = "nobody else can hear this recording anyway"

KILLED = """
import os, signal, sys
from pathlib import Path
from kg.bolt import BoltStore
from recommender import Recommender

steps = 0
def gone(store, removing, original=BoltStore._gone):
    global steps
    steps += 1
    if steps > 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(store, removing)

BoltStore._gone = gone
with Recommender.open(sys.argv[1], work=Path(sys.argv[2])) as recommender:
    recommender.forget(sys.argv[3], refresh=False)
"""

STRAY = """
MATCH (i:Item {id: 'i1'})
CREATE (:User {id: $user, stray: true}), (:Review {id: 'stray', stray: true}), (:Interest {id: 'stray', stray: true}),
       (:Stray {stray: true})-[:RECOMMENDED {model: 'stray'}]->(i),
       (:Change {tick: -1, touched: ['User:' + $user], stray: true}),
       (:Change {tick: -2, touched: [], removed: ['User:' + $user], stray: true})
"""


@pytest.fixture(
    params=[pytest.param("embedded", marks=pytest.mark.embedded), pytest.param("server", marks=pytest.mark.neo4j)]
)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty graph is: a folder, or a server."""
    if request.param == "embedded":
        return str(tmp_path / "store")
    return emptied(request.getfixturevalue("server")).address


def opened(place: str, folder: Path) -> Recommender:
    return Recommender.open(place, work=folder / "work", run=RUN)


def fill(recommender: Recommender, folder: Path) -> None:
    """Everybody's ratings, and a person who rates, writes, has an address of her own, and rows that are rejected."""
    own = [
        {
            "user_id": ZOE,
            "item_id": f"i{n}",
            "rating": 5,
            "timestamp": 1_600_000_000 + n,
            "reviewText": f"{SENTENCE} {n}",
        }
        for n in range(3)
    ]
    wrong = [{"user_id": user, "item_id": "i4", "rating": 9, "timestamp": 1} for user in (ZOE, "u1", f"{ZOE}0")]
    recommender.ingest(events(), items=items(), scale=(1, 5))
    report = recommender.ingest([*own, *wrong], scale=(1, 5), rejects=folder / "zoe.rejects.jsonl")
    assert (report.accepted, report.rejected, report.forgotten) == (3, 3, 0)
    (folder / "people.csv").write_text(
        f"user_id,age,address\n{ZOE},44,{ZOE} lane\nu1,45,high street\nu2,46,high street\n"
    )
    mapping = UserMapping("user_id", attributes=(AttributeColumn("address"),), properties=("age",))
    recommender.ingest(users=folder / "people.csv", user_mapping=mapping)
    (folder / "people.csv").unlink()


def graph_holds(store: Store, word: str) -> list[str]:
    """Everything in the graph that holds a word."""
    nodes = store.read("MATCH (n) RETURN labels(n) AS what, properties(n) AS properties")
    edges = store.read("MATCH ()-[r]->() RETURN type(r) AS what, properties(r) AS properties")
    return [str(row["what"]) for row in (*nodes, *edges) if word in str(row["properties"])]


def files_holding(folder: Path, *words: str) -> set[str]:
    """The files below a folder that hold one of these words."""
    found = {path for path in folder.rglob("*") if path.is_file()}
    return {path.name for path in found if any(word.encode() in path.read_bytes() for word in words)}


@pytest.mark.faults
def test_nothing_is_left_after_a_kill_and_a_second_call(place: str, tmp_path: Path) -> None:
    with opened(place, tmp_path) as recommender:
        fill(recommender, tmp_path)
        with pytest.raises(UnknownUser, match="'nobody'"):
            recommender.forget("nobody")
        before = recommender.status()
        assert graph_holds(recommender.store, ZOE)
    killed = subprocess.run([sys.executable, "-c", KILLED, place, str(tmp_path / "work"), ZOE], capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    with opened(place, tmp_path) as recommender:
        assert graph_holds(recommender.store, ZOE), "it was killed half way"
        receipt = recommender.forget(ZOE)
        assert (receipt.removed["events"], receipt.left, receipt.holding) == (3, dict.fromkeys(receipt.left, 0), [])
        assert recommender.cypher(receipt.query, user=ZOE).rows == [[0] * 5]
        recommender.store.write(Statement(STRAY, {"user": ZOE}))
        assert recommender.cypher(receipt.query, user=ZOE).rows == [[1] * 4 + [2]], "it would show what is left"
        recommender.store.write(Statement("MATCH (n) WHERE n.stray DETACH DELETE n", {}))
        assert not graph_holds(recommender.store, ZOE)
        assert not graph_holds(recommender.store, SENTENCE)
        after = recommender.status()
        assert (after["users"], after["reviews"]) == (before["users"] - 1, 0)
        assert after["entities"] == before["entities"] - 1, "her address goes, that of two others stays"
        left = (tmp_path / "zoe.rejects.jsonl").read_text().splitlines()
        assert [re.findall(r"u1|zoe-47110", line)[0] for line in left] == ["u1", f"{ZOE}0"]

        for again in (events().assign(user_id=ZOE), [{"user_id": ZOE, "item_id": "i1", "rating": 99}]):
            report = recommender.ingest(again, scale=(1, 5), rejects=tmp_path / "again.rejects.jsonl")
            assert (report.accepted, report.rejected, report.forgotten) == (0, len(again), len(again))
        assert report.rejects_file is None
        with pytest.raises(RecordError, match="this person was forgotten"):
            recommender.ingest(users=[{"user_id": ZOE, "age": 3}], strict=True)
        with pytest.raises(RecordError, match="this person was forgotten") as refused:
            recommender.feedback(ZOE, "i1", "LIKED")
        assert ZOE not in str(refused.value)
        assert not graph_holds(recommender.store, ZOE)
        assert recommender.store.read("MATCH (f:Forgotten) RETURN count(f) AS n") == [{"n": 1}]
        for label, id in (("User", "u1"), ("Entity", "address:high street")):  # keys are unique as before
            with pytest.raises(ConstraintViolated):
                recommender.store.write(Statement(f"CREATE (:{label} {{id: $id}})", {"id": id}))

        recommender.forget("u1", refresh=False)
        assert (recommender.lift("u1"), recommender.lift("u1")) == (True, False)
        assert recommender.feedback("u1", "i1", "LIKED").new
    (tmp_path / "zoe.rejects.jsonl").unlink()  # it names another whose id begins with hers
    assert files_holding(tmp_path, ZOE, SENTENCE) == set()


@pytest.mark.embedded
@pytest.mark.slow
def test_models_profiles_and_vectors_know_nothing_of_who_and_what_is_gone(tmp_path: Path) -> None:
    """What the source deletes, and whom we forget, is gone with one refresh; versions that were made with them too."""
    config = RefreshConfig(tune_seconds=0, recommend=2)
    with Recommender.open(tmp_path / "store", work=tmp_path / "work", run=RUN, config=config) as recommender:
        fill(recommender, tmp_path)
        recommender.feedback("u1", "i3", "LIKED", text=OTHERS)
        first = recommender.refresh().version
        assert listed(recommender) == [[61 * 2, 0]]
        assert first in versions_holding(tmp_path / "work" / "models", SENTENCE)
        vectors = next((tmp_path / "work" / "vectors").glob("*.sqlite"))
        cached = [f"{SENTENCE} 0", OTHERS]
        assert kept(vectors, cached) == [0, 1]
        top = recommender.recommend("u1", k=1).item_id[0]
        for text in (
            f"MATCH (i:Item {{id: '{top}'}}) DETACH DELETE i",
            "MATCH (:User {id: 'u2'})-[r:RATED]->(:Item) WITH r LIMIT 1 DELETE r",
            "MATCH (w:Review {text: $text}) DETACH DELETE w",
            "MATCH (u:User {id: 'u3'}) DETACH DELETE u",
        ):
            recommender.store.write(Statement(text, {"text": OTHERS} if "$text" in text else {}))

        receipt = recommender.forget(ZOE, refresh=False)
        assert (receipt.version, receipt.holding) == (first, [first])
        assert receipt.searched == {
            "vectors": [str(vectors)],
            "rejects": [str(tmp_path / "zoe.rejects.jsonl")],
            "versions": [str(tmp_path / "work" / "models" / first)],
        }
        assert (receipt.removed["vectors"], receipt.removed["reviews"]) == (3, 3)
        assert len(recommender.recommend("u1", k=3)) == 3, "others are served meanwhile"
        receipt = recommender.forget(ZOE)
        assert receipt.holding == []
        assert receipt.version not in (first, None)
        assert [row["version"] for row in recommender.models.all()] == [receipt.version]
        assert kept(vectors, cached) == []
        assert top not in set(recommender.recommend(None, k=30).item_id)
        met = set(events().query("user_id == 'u2'").item_id)
        assert recommender.profile("u2")["habits"]["events"] == 8 - (top in met)
        assert listed(recommender) == [[59 * 2, 0]], "without her and without u3"
        nobody = "MATCH (i:Interest) WHERE NOT EXISTS { MATCH (:User)-[:HAS_INTEREST]->(i) } RETURN count(i) AS n"
        assert recommender.cypher(nobody).rows == [[0]]
    (tmp_path / "zoe.rejects.jsonl").unlink()
    assert files_holding(tmp_path, ZOE, SENTENCE) == set()


def listed(recommender: Recommender) -> list[list[int]]:
    """How many rows all lists of the published version have, and how many those of others."""
    text = """
    MATCH (m:Model)
    WHERE m.recommended = 2
    RETURN COUNT { MATCH (:User)-[r:RECOMMENDED]->(:Item) WHERE r.model = m.version } AS rows,
           COUNT { MATCH (:User)-[r:RECOMMENDED]->(:Item) WHERE r.model <> m.version } AS others
    """
    return recommender.cypher(text).rows


def versions_holding(folder: Path, word: str) -> set[str]:
    """The versions in whose reviews a word is: their tables are compressed."""
    found = {path.name: snapshots.load(path / "snapshot") for path in folder.iterdir()}
    return {name for name, held in found.items() if word in str(held.reviews["text"].to_pylist())}


def kept(vectors: Path, texts: list[str]) -> list[int]:
    """Which of these texts have a vector in the cache."""
    with VectorCache(vectors.parent, vectors.stem) as cache:
        return cache.get(texts)[0].tolist()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Recommender]:
    """Embedded, with Zoe and others in it."""
    with opened(str(tmp_path / "store"), tmp_path) as recommender:
        fill(recommender, tmp_path)
        yield recommender


@pytest.mark.embedded
def test_what_lies_behind_links_goes_or_is_named(alone: Recommender, tmp_path: Path) -> None:
    """Runs and caches are ours wherever they lie; of a version behind a link it is said where."""
    work, elsewhere = tmp_path / "work", tmp_path / "elsewhere"
    (elsewhere / "runs" / "0123456789abcdef").mkdir(parents=True)
    for name in ("runs/0123456789abcdef/reviews", "runs/others", "model"):
        (elsewhere / name).write_text(ZOE)
    with VectorCache(elsewhere, "moved") as cache:
        cache.put([f"{SENTENCE} 0", OTHERS], np.ones((2, 4), np.float32))
    for folder in ("models", "vectors"):
        (work / folder).mkdir(exist_ok=True)
    version, lost = work / "models" / "20260101T000000-abcdef", work / "vectors" / "lost.sqlite"
    (work / "runs").symlink_to(elsewhere / "runs")
    (work / "vectors" / "linked.sqlite").symlink_to(elsewhere / "moved.sqlite")
    lost.symlink_to(elsewhere / "nowhere" / "x.sqlite")
    version.symlink_to(elsewhere)

    receipt = alone.forget(ZOE, refresh=False)

    assert {path.name for path in (elsewhere / "runs").iterdir()} == {"others"}, "only what a refresh makes"
    assert receipt.removed["vectors"] == 1
    assert kept(elsewhere / "moved.sqlite", [f"{SENTENCE} 0", OTHERS]) == [1]
    assert receipt.failed.keys() == {str(version), str(lost)}
    assert str(elsewhere) in receipt.failed[str(version)]
    assert (elsewhere / "model").exists()


@pytest.mark.embedded
@pytest.mark.parametrize(
    "kinds", [("file", "dangling", "locked"), ("dangling", "locked", "file"), ("locked", "file", "dangling")]
)
def test_a_folder_that_cannot_be_searched_is_named(kinds: tuple[str, ...], alone: Recommender, tmp_path: Path) -> None:
    places = {kind: tmp_path / "work" / name for kind, name in zip(kinds, ("runs", "models", "vectors"), strict=True)}
    places["file"].write_text(ZOE)
    places["dangling"].symlink_to(tmp_path / "unmounted")
    (places["locked"] / "0123456789abcdef").mkdir(parents=True)
    places["locked"].chmod(0)
    with as_everybody():
        receipt = alone.forget(ZOE, refresh=False)
    places["locked"].chmod(0o700)
    assert receipt.failed.keys() == set(map(str, places.values()))
    assert receipt.left == dict.fromkeys(receipt.left, 0)


@pytest.mark.embedded
@pytest.mark.parametrize("model", ["../models", "20260101T000000-abcdef"])
def test_a_version_that_cannot_be_removed_is_named(model: str, alone: Recommender, tmp_path: Path) -> None:
    """Whatever keeps it, and whatever the graph says of it, there is a receipt."""
    version = tmp_path / "work" / "models" / "20260101T000000-abcdef"
    (version / "snapshot").mkdir(parents=True)
    (version / "manifest.json").write_text("{}")
    (version / "snapshot" / "users").write_text(ZOE)
    nodes = """
    UNWIND [[$model, '2026-01-01'], ['20270101T000000-abcdef', '2027-01-01']] AS row
    CREATE (:Model {version: row[0], published_at: datetime(row[1] + 'T00:00Z'), created_at: datetime(), key: 'k'})
    """
    alone.store.write(Statement(nodes, {"model": model}))
    version.chmod(0o500)
    with as_everybody():
        receipt = alone.forget(ZOE, refresh=False)
    version.chmod(0o700)
    assert receipt.left == dict.fromkeys(receipt.left, 0)
    assert [path for path in receipt.failed if path.startswith(str(version.parent))]


@pytest.mark.embedded
def test_a_refresh_that_fails_leaves_a_receipt(alone: Recommender, tmp_path: Path) -> None:
    """Here for want of items: the person is gone, and the version that knows them is named."""
    version = "20260101T000000-abcdef"
    made = "CREATE (:Model {version: $v, published_at: datetime(), created_at: datetime(), key: 'k'})"
    alone.store.write(Statement(made, {"v": version}), Statement("MATCH (i:Item) DETACH DELETE i", {}))
    receipt = alone.forget(ZOE)
    assert (receipt.holding, receipt.left) == ([version], dict.fromkeys(receipt.left, 0))
    assert "holds no items" in receipt.failed[str(tmp_path / "work" / "models" / version)]


@pytest.mark.embedded
@pytest.mark.parametrize("at_once", [0, 64 << 10])
def test_an_ingest_beside_it_writes_no_row_of_theirs(
    at_once: int, alone: Recommender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what is still held back, nor what was cut out of a file that is written on; others' rows arrive."""
    monkeypatch.setattr("kg.rejects.AT_ONCE", at_once)

    def rows() -> Iterator[Reject]:
        for user in ("u1", ZOE, "u2"):
            yield Reject("f.csv", 1, "rating", "9 is above 5", f"{user},i1,9")
        alone.forget(ZOE, refresh=False)
        for user in (ZOE, "u3"):
            yield Reject("f.csv", 2, "rating", "9 is above 5", f"{user},i1,9")

    report = ingest(alone.store, rows(), rejects=tmp_path / "beside.jsonl", progress=False)
    written = (tmp_path / "beside.jsonl").read_text()
    assert re.findall(r"zoe-4711|u\d", written) == ["u1", "u2", "u3"]
    assert (report.rejected, report.forgotten) == (5, 2 if at_once else 1)


BROKEN = f'{{"file":"f.csv","line":3,"field":"","reason":"","raw":"i4,{ZOE},9'
"""Half a line, as a full disk leaves it."""


def test_no_rejects_file_and_no_cache_keeps_a_person(place: str, tmp_path: Path) -> None:
    """Whatever has become of the files: the person goes, and what cannot be searched is named."""
    with opened(place, tmp_path) as recommender:
        fill(recommender, tmp_path)
        work, listed = tmp_path / "work", tmp_path / "work" / FILES
        paths = [tmp_path / name for name in ("half.jsonl", "folder", "link", "gone.jsonl", "zoe.rejects.jsonl")]
        half, folder, link, gone, whole = paths
        half.write_text(f"[1, 2]\n{BROKEN}")
        folder.mkdir()
        link.symlink_to(half)
        listed.write_text("".join(f'"{path}"\n' for path in paths) + '"/half/of')
        (work / "vectors").mkdir()
        damaged = work / "vectors" / f"{'0' * 32}.sqlite"
        damaged.write_bytes(b"no database" * 2_000)

        receipt = recommender.forget(ZOE, refresh=False)

        assert (receipt.removed["events"], receipt.left) == (3, dict.fromkeys(receipt.left, 0))
        assert (receipt.removed["rejected rows"], receipt.removed["unreadable lines"], receipt.unreadable) == (1, 1, 2)
        assert receipt.searched["rejects"] == [str(half), str(whole)]
        assert receipt.not_found == [str(gone)]
        assert receipt.failed.keys() == {str(folder), str(link)}
        assert half.read_text() == "[1, 2]\n"
        assert not damaged.exists(), "nobody can tell whose vectors it holds"
        assert not graph_holds(recommender.store, ZOE)
        assert recommender.forget(ZOE, refresh=False).removed["rejected rows"] == 0, "it can be called again"
