"""The batch job on a real server: what it says, how it ends, and what it leaves for readers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kg import queries
from kg.bolt import BoltStore
from recommender import Recommender
from recommender.refresh.batch import run
from tests.conftest import emptied
from tests.recommender.test_forget import files_holding, graph_holds
from tests.recommender.test_loop import events, items
from tests.running import RUN

pytestmark = [pytest.mark.neo4j, pytest.mark.slow]

SCRIPT = Path(__file__).parents[3] / "scripts" / "refresh_graph.py"
STAGES = ["snapshot", "embed", "tune", "evaluate", "fit", "segments", "publish", "profiles"]
CONFIG = """
store = "{store}"
work = "{work}"
device = "cpu"
threads = 1
[ingest]
events = "{folder}/events.csv"
items = "{folder}/items.jsonl"
scale = [1, 5]
[refresh]
tune_seconds = 0
recommend = 3
[refresh.split]
protocol = "random"
"""


@pytest.fixture(scope="module")
def job(server: BoltStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration with files of its own; the graph is empty."""
    emptied(server)
    folder = tmp_path_factory.mktemp("batch")
    events().to_csv(folder / "events.csv", index=False)
    (folder / "items.jsonl").write_text("\n".join(map(json.dumps, items())))
    path = folder / "refresh.toml"
    path.write_text(CONFIG.format(store=server.address, work=folder / "work", folder=folder))
    return path


def lines_of(job: Path, *, force: bool = False) -> tuple[int, list[Any]]:
    said: list[Any] = []
    return run(job, said.append, force=force), json.loads(json.dumps(said, default=str))


def listed(job: Path, server: BoltStore) -> None:
    """The stored lists are what the published version recommends."""
    with Recommender.open(server.address, work=job.parent / "work", run=RUN) as recommender:
        top = recommender.recommend(["u0", "u45"], k=3)
        for user, own in top.groupby("user_id"):
            stored = recommender.query("recommended", user=user).rows
            assert [(row[0], row[1]) for row in stored] == list(zip(own["rank"], own.item_id, strict=True))
            assert [row[3] for row in stored] == pytest.approx(own.score.tolist())
            assert {row[4] for row in stored} == {recommender.status()["model"]["version"]}
        (models,) = recommender.cypher("MATCH ()-[r:RECOMMENDED]->() RETURN count(DISTINCT r.model) AS n").rows
        assert models == [1]


def test_published_unchanged_kept_back_and_forced(job: Path, server: BoltStore) -> None:
    script = [sys.executable, str(SCRIPT), "--config", str(job)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line.get("stage") for line in said] == ["ingest", *STAGES, None]
    assert (said[0]["accepted"], said[0]["rejected"]) == (570, 0)
    assert (said[1]["users"], said[1]["items"], said[1]["events"]) == (60, 30, 540)
    assert all(line["seconds"] >= 0 for line in said[:-1])
    assert said[-1]["outcome"] == "published"
    version = said[-1]["version"]
    listed(job, server)

    saved = ["--store", server.address, "--work", str(job.parent / "work"), "backup", str(job.parent / "saved")]
    kept = subprocess.run([sys.executable, "-m", "recommender", *saved], capture_output=True, text=True, check=True)
    assert "nodes" in kept.stdout
    password = os.environ["NEO4J_PASSWORD"]
    assert not [out for out in (done.stdout, done.stderr, kept.stdout, kept.stderr) if password in out]
    assert files_holding(job.parent, server.address) >= {"refresh.toml"}, "what is there is found"
    assert files_holding(job.parent, password) == set()
    assert graph_holds(server, password) == []

    code, said = lines_of(job)
    assert (code, said[-1]["outcome"], said[-1]["version"], len(said)) == (0, "unchanged", version, 2)

    # The published version is made out to be better than any can be, so that the next one is worse.
    manifest = job.parent / "work" / "models" / version / "manifest.json"
    held = json.loads(manifest.read_text())
    assert held["vectors"] == {"dimension": 384, "similarity": "cosine"}
    hybrid = next(model for model in held["evaluation"]["models"] if model["name"] == "hybrid")
    hybrid["interval"] |= {"mean": 9.0, "low": 8.99, "high": 9.01}
    manifest.write_text(json.dumps(held))
    with Recommender.open(server.address, work=job.parent / "work", run=RUN) as recommender:
        recommender.feedback("u0", "i14", "LIKED")
        assert recommender.graph.write_item_vectors() == 30
        (index,) = server.read(queries.text("vector_indexes"), name="itemvector_vector")
        assert (index["config"]["vector.dimensions"], index["config"]["vector.similarity_function"]) == (384, "COSINE")
    for resumed in (False, True):
        code, said = lines_of(job)
        assert (code, said[-1]["outcome"], said[-1]["version"]) == (4, "kept back", version)
        assert (said[-1]["kept_back"]["published"], said[-1]["kept_back"]["tolerance"]) == (9.0, 0.05)
        assert [(line["stage"], line["resumed"]) for line in said[1:-1]] == [(name, resumed) for name in STAGES[:-2]]
    code, said = lines_of(job, force=True)
    assert (code, said[-1]["outcome"]) == (0, "published")
    assert said[-1]["version"] != version
    listed(job, server)

    with Recommender.open(server.address, work=job.parent / "work", run=RUN) as recommender:
        assert recommender.models.rollback() == version
    listed(job, server)


def test_what_fails_is_a_line_too(job: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(job.read_text().replace("recommend =", "recomend ="))
    code, (line,) = lines_of(wrong)
    assert (code, line["outcome"], line["error"]) == (1, "failed", "InvalidInput")
    assert "wrong.toml, line 12: refresh: there is no key 'recomend'" in line["message"]
    monkeypatch.setenv("NEO4J_PASSWORD", "not this one")
    code, (line,) = lines_of(job)
    assert (code, line["error"]) == (1, "StoreUnavailable")
    assert "not this one" not in line["message"]
