"""A refresh killed in any stage goes on where it stopped; readers keep the published version until the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kg import queries
from kg.connection import is_url
from kg.store import Statement
from recommender import Recommender
from recommender.errors import ArtefactError, InvalidInput, RefreshRunning
from recommender.refresh.config import RefreshConfig
from recommender.refresh.course import ONLY
from recommender.refresh.lock import refresh_lock
from recommender.refresh.run import refresh
from recommender.refresh.stages import STAGES
from recommender.texts import open_texts
from tests.recommender.test_loop import events, items
from tests.running import PATIENCE, RUN

pytestmark = pytest.mark.slow

NOW = datetime(2024, 1, 1, tzinfo=UTC)

REFRESH = """
import sys
from recommender import Recommender
from recommender.context import RunContext
from recommender.refresh.config import RefreshConfig
from recommender.refresh.run import refresh
from recommender.texts import open_texts
from tests.running import RUN

run = RunContext(device="cpu", threads=1, progress=False)
with Recommender.open(sys.argv[1], run=run) as recommender:
    config = RefreshConfig(tune_seconds=0)
    refresh(
        recommender.store, texts=open_texts(recommender.store.work, run, config.encoder), config=config,
        context=run, report=lambda line: print(line, flush=True),
    )
"""


def killed_refresh(location: str, at: str, after: float = 0.0) -> list[str]:
    """Start a refresh in another process, kill it (-9) after it says ``at``, and return what it had said."""
    command = [sys.executable, "-c", REFRESH, location]
    said = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line.strip())
            if line.startswith(at):
                time.sleep(after)
                process.kill()
                break
        assert process.wait(60 * PATIENCE) == -signal.SIGKILL, f"the refresh never said {at!r}: {said}"
    return said


@pytest.mark.timeout(450)  # a dozen processes, one after the other
@pytest.mark.faults
def test_killed_in_every_stage_it_goes_on(
    turn: int, location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a server, whose own part in a refresh is small, in three stages only."""
    monkeypatch.setenv("TASTEGRAPH_WORK", str(tmp_path / "work"))
    with Recommender.open(location, run=RUN) as recommender:
        recommender.ingest(events(), items=items(), scale=(1, 5))
        first = recommender.refresh(budget=0).version
        recommender.feedback("u0", "i14", "LIKED")
        profile = recommender.profile("u1")
    every, before = list(ONLY), "snapshot"
    for stage in ("tune", "publish", "profiles") if is_url(location) else every:
        said = killed_refresh(location, f"{stage} ...", after=0.01 * turn)
        # The stage that was killed the time before is done now; those before it were done already.
        done = [line.removesuffix(": done before") for line in said if line.endswith(": done before")]
        assert set(every[: every.index(before)]) <= set(done)
        before = stage
        if stage not in ("tune", "segments", "profiles"):  # opening a store takes seconds
            continue
        with Recommender.open(location, run=RUN) as recommender:
            assert (recommender.status()["model"]["version"] == first) == (stage != "profiles")
            assert len(recommender.recommend("u0", k=3)) == 3
            assert stage == "profiles" or recommender.profile("u1") == profile
    with Recommender.open(location, run=RUN) as recommender:
        report = recommender.refresh(budget=0)
        assert [stage.stage for stage in report.stages if stage.resumed] == every[:-1]
        assert recommender.status()["model"]["version"] == report.version != first
        assert recommender.refresh(budget=0).unchanged
        versions = {version["version"] for version in recommender.models.all()}
        work = recommender.store.work
        assert {path.name for path in (work / "models").iterdir()} == versions
        assert not list(work.rglob("*.partial"))
        assert not list((work / "runs").iterdir())


def test_what_happens_meanwhile_stays_in_the_profiles(
    location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Feedback after the snapshot is not undone by the profiles that are drawn from the snapshot."""
    monkeypatch.setenv("TASTEGRAPH_WORK", str(tmp_path / "work"))
    with Recommender.open(location, run=RUN) as recommender:
        recommender.ingest(events(), items=items(), scale=(1, 5))
        recommender.refresh(budget=0)

        def meanwhile(line: str) -> None:
            if line == "tune ...":
                recommender.feedback("u0", "i14", "LIKED")
                recommender.feedback("new", "i14", "LIKED")

        config = RefreshConfig(tune_seconds=1)
        texts = open_texts(recommender.store.work, RUN, config.encoder)
        refresh(recommender.store, texts=texts, config=config, context=RUN, report=meanwhile)
        ids = recommender.cypher("MATCH (s:Segment) RETURN s.id AS id").rows
        for user, count in (("u0", 10), ("new", 1), ("u1", 9)):
            profile = recommender.profile(user)
            assert profile["habits"]["events"] == count
            assert {own["segment_id"] for own in profile["segments"]} <= {row[0] for row in ids}
            assert profile["segments"], user


@pytest.mark.embedded
def test_rolling_back_brings_the_profiles_of_that_version(tmp_path: Path) -> None:
    with Recommender.open(tmp_path / "store", run=RUN) as recommender:
        recommender.ingest(events(), items=items(), scale=(1, 5))
        recommender.refresh(budget=0)
        before = recommender.profile("u0")["segments"]
        # Everybody turns round, so that other people are alike.
        for person in range(0, 60, 2):
            for item in (20, 21, 22, 23):
                recommender.feedback(f"u{person}", f"i{item}", "LIKED", event_id=f"{person}-{item}")
        recommender.refresh(budget=0)
        assert recommender.profile("u0")["segments"] != before
        first = recommender.models.rollback()
        again = recommender.refresh(budget=0)
        assert (again.unchanged, again.version) == (True, first), "nothing changed, so the roll-back stands"
        recommender.feedback("u1", "i14", "LIKED")
        held = {row[0] for row in recommender.cypher("MATCH (s:Segment) RETURN s.id AS id").rows}
        assert {own["segment_id"] for own in before} <= held
        for user in ("u0", "u1"):
            assert {own["segment_id"] for own in recommender.profile(user)["segments"]} <= held
            assert recommender.profile(user)["segments"], user


@pytest.mark.embedded
def test_times_too_coarse_to_split_by_are_split_at_random(tmp_path: Path) -> None:
    one_moment = events().assign(timestamp=1_700_000_000)
    with Recommender.open(tmp_path / "store", run=RUN) as recommender:
        recommender.ingest(one_moment, items=items(), scale=(1, 5))
        assert recommender.refresh(budget=0).figures["protocol"] == "random"


@pytest.mark.embedded
def test_a_version_that_names_another_folder_is_refused(tmp_path: Path) -> None:
    with Recommender.open(tmp_path / "store", run=RUN) as recommender:
        recommender.store.write(
            Statement(queries.text("model_publish"), {"version": "../..", "key": "", "now": NOW, "figures": {}})
        )
        with pytest.raises(ArtefactError, match=r"impossible version '\.\./\.\.'"):
            recommender.recommend("u0")


@pytest.mark.embedded
def test_the_second_of_two_refreshes_says_so_and_stops(tmp_path: Path) -> None:
    with Recommender.open(tmp_path / "store", run=RUN) as recommender:
        recommender.ingest(items=items())
        running = rf"another refresh is running \(process {os.getpid()} on .* since 20.* UTC\)"
        with refresh_lock(recommender.store), pytest.raises(RefreshRunning, match=running):
            recommender.refresh()


@pytest.mark.embedded
def test_stages_alone_need_those_before_them(tmp_path: Path) -> None:
    with Recommender.open(tmp_path / "store", run=RUN) as recommender:
        with pytest.raises(InvalidInput, match="holds no items"):
            recommender.refresh()
        recommender.ingest(events(), items=items(), scale=(1, 5))
        with pytest.raises(InvalidInput, match="needs 'snapshot' first"):
            recommender.refresh(only="fit")
        with pytest.raises(InvalidInput, match="no stage 'fits'"):
            recommender.refresh(only="fits")
        for stage in STAGES:
            report = recommender.refresh(budget=0, only=stage)
            assert [done.stage for done in report.stages] == [stage]
            assert report.version is None
        with pytest.raises(InvalidInput, match="needs 'publish' first"):
            recommender.refresh(budget=0, only="profiles")
        assert recommender.refresh(budget=0, only="publish").version
        assert recommender.refresh(budget=0, only="profiles").version


@pytest.mark.embedded
@pytest.mark.parametrize(
    ("has_events", "has_text", "has_graph"),
    [(False, True, True), (True, False, False), (True, False, True), (True, True, False), (False, False, True)],
)
def test_graphs_without_events_without_text_without_knowledge(
    tmp_path: Path, has_events: bool, has_text: bool, has_graph: bool
) -> None:
    """Whatever is missing, a refresh publishes and somebody given as a list of items gets recommendations."""
    rows = [
        {"item_id": row["item_id"]}
        | ({"title": row["title"], "description": row["description"]} if has_text else {})
        | ({"genre": row["genre"]} if has_graph else {})
        for row in items()
    ]
    with Recommender.open(tmp_path / "store", run=RUN) as recommender:
        undated = events().drop(columns="timestamp")
        recommender.ingest(undated if has_events else None, items=rows, scale=(1, 5))
        recommender.refresh(budget=0)
        near = recommender.recommend_for(history=["i20", "i21"], k=5).item_id
        assert sum(int(item[1:]) >= 15 for item in near) >= 4
        if has_events:
            assert len(recommender.recommend("u0", k=3)) == 3
        if not has_text:
            with pytest.raises(InvalidInput, match="no item of this graph has a text"):
                recommender.recommend_for(text="quiet guitar")
