"""A refresh in proportion to change, on the planted halves of the loop, in a real embedded store."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kg import changes, snapshot
from kg.changes import noted
from kg.connection import RetryPolicy
from kg.ingest import write_event
from kg.records import Interaction
from kg.store import Statement
from recommender import Recommender
from recommender.refresh import profiles, versions
from recommender.refresh.config import RefreshConfig
from recommender.refresh.plan import DriftConfig, Plan
from recommender.refresh.planner import Planner
from recommender.refresh.report import RefreshReport
from tests.recommender.test_loop import ITEMS, PEOPLE, events, half, items
from tests.running import RUN
from text.encoder import TextEncoder

pytestmark = pytest.mark.embedded

TOLERANT = DriftConfig(least_events=0, changed=0.5, new_items=0.5)
STORED = "MATCH (u:User) RETURN u.id AS id, u.habit_events AS events ORDER BY id"
MARK = Statement("MATCH (u:User) SET u.habit_events = -1", {})


@pytest.fixture(scope="module")
def recommender(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recommender]:
    """Refreshed once, then marked: a profile that is drawn again loses the mark."""
    config = RefreshConfig(tune_seconds=0, drift=TOLERANT)
    with Recommender.open(tmp_path_factory.mktemp("warm") / "store", run=RUN, config=config) as opened:
        opened.ingest(events(), items=items(), scale=(1, 5))
        report = opened.refresh()
        assert (report.fit, report.why) == ("full", "nothing was published before")
        yield opened


@pytest.fixture(scope="module")
def warm(recommender: Recommender) -> tuple[RefreshReport, list[str], set[str]]:
    """What a small change leads to: the report, the texts that were embedded, and whose profiles were drawn again.

    Somebody new and three known people of the second half like a new item of its topic.
    """
    fans = ["new", "u40", "u41", "u42"]
    rows = [(user, "i99", 5.0, 1_700_000_000 + n) for n, user in enumerate(fans)]
    rows += [("new", f"i{item}", 5.0, 1_700_000_100 + item) for item in (20, 21, 22)]
    recommender.ingest(
        events().head(0).from_records(rows, columns=events().columns),
        items=[{"item_id": "i99", "title": "Item 99", "description": "tyres on a wet racing track", "genre": "racing"}],
    )
    recommender.store.write(MARK)
    embedded: list[str] = []
    stream = TextEncoder.stream

    def spy(self: TextEncoder, texts: Sequence[str], **options: Any) -> Any:
        embedded.extend(texts)
        return stream(self, texts, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TextEncoder, "stream", spy)
        report = recommender.refresh()
    drawn = {row[0] for row in recommender.cypher(STORED).rows if row[1] != -1}
    return report, embedded, drawn


def test_little_change_needs_no_full_fit(warm: tuple[RefreshReport, list[str], set[str]]) -> None:
    report, embedded, drawn = warm
    assert report.fit == "warm"
    assert report.why is not None
    assert report.why.startswith("1.3% of events changed since ")  # 7 of 547
    assert embedded == ["Item 99. tyres on a wet racing track"]
    assert drawn == {"new", "u40", "u41", "u42"}


def test_the_new_version_holds_the_graph(recommender: Recommender, warm: Any) -> None:
    folder = recommender.models.published().folder
    assert snapshot.load(folder / "snapshot").fingerprint == snapshot.take(recommender.store).fingerprint
    plan = json.loads((folder / "manifest.json").read_text())["plan"]
    full = recommender.models.all()[-1]["version"]
    assert (plan["fit"], plan["base"], plan["full"], plan["changed"]) == ("warm", full, full, 7)


def test_everyone_and_everything_new_is_served(recommender: Recommender, warm: Any) -> None:
    lists = recommender.recommend(None, k=ITEMS + 1)
    new = lists[lists.user_id == "new"].item_id.tolist()
    assert len(new) > ITEMS // 2
    assert all(half(int(item[1:])) == 1 for item in new[:5])
    scores = lists[lists.item_id == "i99"].set_index("user_id")["score"]
    of_half = [[scores[f"u{n}"] for n in own if f"u{n}" in scores] for own in (range(30), range(30, PEOPLE))]
    assert min(of_half[1]) > max(of_half[0]), "the new item is for those who like racing"
    assert recommender.explain("u45", "i99")["parts"]


def test_changes_that_all_versions_know_are_forgotten(recommender: Recommender, warm: Any) -> None:
    first = snapshot.moment_of(
        recommender.models.published().folder.parent / recommender.models.all()[-1]["version"] / "snapshot"
    )
    assert first is not None
    ticks = [row[0] for row in recommender.cypher("MATCH (c:Change) RETURN c.tick AS tick ORDER BY tick").rows]
    assert ticks
    assert ticks[0] == first.tick + 1, "the first version is kept, so what came after it is"


def test_a_changed_item_touches_those_who_met_it(recommender: Recommender, warm: Any) -> None:
    store = recommender.store
    met = {row[0] for row in recommender.cypher("MATCH (u:User)-[:RATED]->(:Item {id: 'i3'}) RETURN u.id AS id").rows}
    rename = Statement("MATCH (i:Item {id: 'i3'}) SET i.title = 'Item three'", {})
    store.write(MARK, rename, noted(["Item:i3"]))
    assert recommender.refresh().fit == "warm"
    assert {row[0] for row in recommender.cypher(STORED).rows if row[1] != -1} == met


def test_what_nobody_announced_is_read_all_the_same(recommender: Recommender, warm: Any) -> None:
    recommender.store.write(
        Statement(
            "MATCH (u:User {id: 'u1'}), (i:Item {id: 'i5'}) CREATE (u)-[:RATED {event_id: 'own', value: 5}]->(i)", {}
        )
    )
    report = recommender.refresh()
    assert report.fit == "warm"
    taken = recommender.models.published().snapshot
    assert "own" in taken.events["event_id"].to_pylist()


def meet(recommender: Recommender, user: str) -> None:
    """Something new of a person, so that a warm refresh draws their profile."""
    write_event(recommender.store, Interaction(user, "i3", "RATED", f"again {user}", None, 3.0))


def drawn(recommender: Recommender) -> set[str]:
    """Whose profiles were drawn since all got the mark."""
    return {row[0] for row in recommender.cypher(STORED).rows if row[1] != -1}


@contextmanager
def killed(room: Any, name: str, *, done: bool = False) -> Iterator[list[float]]:
    """What runs in this block ends where this is called, or has just been done; gives how long reads in it wait."""
    real, waits = getattr(room, name), list[float]()

    def stopped(*given: Any, **named: Any) -> None:
        waits.append(RetryPolicy().seconds(writes=False))
        if done:
            real(*given, **named)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, name, stopped)
        with pytest.raises(KeyboardInterrupt):
            yield waits


@pytest.mark.parametrize(
    ("user", "room", "name", "done"), [("u40", profiles, "write_everyone", False), ("u43", versions, "publish", True)]
)
def test_killed_once_it_is_published_it_goes_on_with_its_profiles(
    recommender: Recommender, warm: Any, user: str, room: Any, name: str, done: bool
) -> None:
    recommender.refresh()
    recommender.store.write(MARK)
    meet(recommender, user)
    with killed(room, name, done=done):
        recommender.refresh()
    report = recommender.refresh()
    assert (report.fit, [stage.stage for stage in report.stages if not stage.resumed]) == ("warm", ["profiles"])
    assert drawn(recommender) == {user}
    assert recommender.refresh().unchanged


def test_killed_just_before_it_is_published_it_publishes(recommender: Recommender, warm: Any) -> None:
    before = recommender.refresh().version
    recommender.store.write(MARK)
    meet(recommender, "u44")
    with killed(versions, "publish"):
        recommender.refresh()
    assert recommender.status()["model"]["version"] == before
    assert recommender.refresh().version == recommender.status()["model"]["version"] != before
    assert drawn(recommender) == {"u44"}


def test_whom_a_killed_refresh_has_left_the_next_draws(recommender: Recommender, warm: Any) -> None:
    """However often it is killed: nobody knows any more whose profiles the first has left, so all are drawn."""
    recommender.refresh()
    recommender.store.write(MARK)
    meet(recommender, "u41")
    with killed(profiles, "write_everyone"):
        recommender.refresh()
    meet(recommender, "u42")
    with killed(Planner, "plan"):
        recommender.refresh()
    assert recommender.refresh().fit == "warm"
    assert drawn(recommender) == {row[0] for row in recommender.cypher(STORED).rows}


def test_a_full_fit_can_be_asked_for(recommender: Recommender, warm: Any) -> None:
    before = recommender.refresh()
    assert before.unchanged
    report = recommender.refresh(full=True)
    assert (report.fit, report.why, report.unchanged) == ("full", "it was asked for", False)


@pytest.mark.parametrize(
    ("drift", "why"),
    [
        (replace(TOLERANT, changed=0.001), "made with other settings"),
        (replace(TOLERANT, least_events=1000), "less than 1000 events"),
    ],
)
def test_reasons_for_a_full_fit(recommender: Recommender, warm: Any, drift: DriftConfig, why: str) -> None:
    store = recommender.store
    published = recommender.models.all()[0]["version"]
    planner = Planner(store, published, "other", drift, seed=0)
    plan, begun = planner.plan(planner.read(whole=False), Path("nowhere"), full=False)
    assert plan.fit == "full"
    assert why in plan.why
    assert begun is None
    assert changes.now(store) is not None


@pytest.mark.parametrize(
    "damage", [b"", b'{"fit": "full", "why":', b"[]", b'{"people": null}', b"\xff", b"[" * 100_000]
)
def test_a_plan_that_is_damaged_is_made_anew(
    recommender: Recommender, warm: Any, damage: bytes, tmp_path: Path
) -> None:
    (tmp_path / "plan.json").write_bytes(damage)
    (tmp_path / "tune").mkdir()
    store = recommender.store
    planner = Planner(store, None, "other", replace(TOLERANT, least_events=1000), seed=0)
    plan, _ = planner.plan(planner.read(whole=True), tmp_path, full=False)
    assert plan.fit == "full"
    assert not list(tmp_path.iterdir()), "what belonged to it is gone"
    plan.save(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["plan.json"]
    assert Plan.load(tmp_path) == plan


def test_a_roll_back_that_is_killed_is_ended_by_the_next_refresh(recommender: Recommender, warm: Any) -> None:
    recommender.refresh()
    recommender.store.write(MARK)
    with killed(profiles, "write_everyone") as waits:
        recommender.models.rollback()
    assert waits == [RetryPolicy().write_seconds]
    first = recommender.status()["model"]["version"]
    report = recommender.refresh()
    assert (report.unchanged, report.version) == (True, first), "the roll-back stands"
    assert drawn(recommender) == {row[0] for row in recommender.cypher(STORED).rows}
    recommender.store.write(MARK)
    assert recommender.refresh().unchanged
    assert drawn(recommender) == set(), "once"
