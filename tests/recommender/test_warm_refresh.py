"""A refresh in proportion to change, on the planted halves of the loop, in a real embedded store."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kg import changes, snapshot
from kg.changes import noted
from kg.ingest import write_event
from kg.records import Interaction
from kg.store import Statement
from recommender import Recommender
from recommender.refresh import course
from recommender.refresh.config import RefreshConfig
from recommender.refresh.plan import DriftConfig
from recommender.refresh.report import RefreshReport
from tests.recommender.test_loop import ITEMS, PEOPLE, events, half, items
from tests.running import RUN
from text.encoder import TextEncoder

pytestmark = pytest.mark.embedded

TOLERANT = DriftConfig(least_events=0, changed=0.5, new_items=0.5)
STORED = "MATCH (u:User) RETURN u.id AS id, u.habit_events AS events ORDER BY id"


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
    recommender.store.write(Statement("MATCH (u:User) SET u.habit_events = -1", {}))
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
    mark = Statement("MATCH (u:User) SET u.habit_events = -1", {})
    rename = Statement("MATCH (i:Item {id: 'i3'}) SET i.title = 'Item three'", {})
    store.write(mark, rename, noted(["Item:i3"]))
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


def test_killed_before_its_profiles_it_goes_on_with_them(recommender: Recommender, warm: Any) -> None:
    mark = Statement("MATCH (u:User) SET u.habit_events = -1", {})
    recommender.refresh()

    def drawn_after(*, killed_for: str, then: str | None) -> set[str]:
        recommender.store.write(mark)
        write_event(recommender.store, Interaction(killed_for, "i3", "RATED", f"of {killed_for}", None, 3.0))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(course, "write_everyone", _stopped)
            with pytest.raises(KeyboardInterrupt):
                recommender.refresh()
        if then:
            write_event(recommender.store, Interaction(then, "i3", "RATED", f"of {then}", None, 3.0))
        report = recommender.refresh()
        assert (report.fit, all(stage.resumed for stage in report.stages[:-1])) == ("warm", then is None)
        return {row[0] for row in recommender.cypher(STORED).rows if row[1] != -1}

    assert drawn_after(killed_for="u40", then=None) == {"u40"}
    everyone = {row[0] for row in recommender.cypher(STORED).rows}
    assert drawn_after(killed_for="u41", then="u42") == everyone, "nobody knows any more whom the killed one left"


def _stopped(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


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
    from recommender.refresh.planner import Planner

    store = recommender.store
    published = recommender.models.all()[0]["version"]
    planner = Planner(store, published, "other", drift, seed=0)
    plan, begun = planner.plan(planner.read(whole=False), Path("nowhere"), full=False)
    assert plan.fit == "full"
    assert why in plan.why
    assert begun is None
    assert changes.now(store) is not None
