"""What two snapshots differ in, beside a slow reference; and when a full fit is due."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import snapshot
from kg.snapshot import Snapshot
from kg.source import EVENTS, REVIEWS, Source
from recommender.refresh import plan as plans
from recommender.refresh.difference import Difference
from recommender.refresh.plan import DriftConfig, Foretold, Plan, decide

Event = tuple[str, str, str, float]
names = st.sampled_from(["a", "b", "c", "d"])
events_of = st.dictionaries(st.integers(0, 8), st.tuples(names, names, st.sampled_from(["R", "V"]), st.floats(0, 2)))
worlds = st.tuples(events_of, st.dictionaries(names, st.sampled_from(["x", "y"])), st.sets(st.tuples(names, names)))


def world(events: dict[int, Event], titles: dict[str, str], genres: set[tuple[str, str]]) -> Snapshot:
    """People and items by name, items with titles and genres."""
    users = sorted({event[0] for event in events.values()})
    items = sorted({event[1] for event in events.values()} | titles.keys() | {item for item, _ in genres})
    rows = [
        {"user": user, "item": item, "kind": kind, "at": None, "value": value, "event_id": str(number)}
        for number, (user, item, kind, value) in events.items()
    ]
    facts = [
        {"head_label": "Item", "head": item, "relation": "HAS_GENRE", "tail_label": "Entity", "tail": f"genre:{genre}"}
        for item, genre in sorted(genres)
    ]
    entities = sorted({row["tail"] for row in facts})
    source = Source(
        users=pa.table({"id": users, "properties": ["{}"] * len(users)}, schema=snapshot.USERS),
        items=pa.Table.from_pylist(
            [{"id": item, "title": titles.get(item), "text": None, "properties": "{}"} for item in items],
            schema=snapshot.ITEMS,
        ),
        entities=pa.Table.from_pylist(
            [{"id": id, "name": id, "kind": "genre"} for id in entities], schema=snapshot.ENTITIES
        ),
        events=pa.Table.from_pylist(rows, schema=EVENTS),
        reviews=REVIEWS.empty_table(),
        facts=pa.Table.from_pylist(facts, schema=snapshot.FACTS),
        kinds=pa.Table.from_pylist([{"kind": kind} for kind in ("R", "V")], schema=snapshot.KINDS),
    )
    return Snapshot(**source.dense())


@settings(max_examples=60, deadline=None)
@given(worlds, worlds)
def test_the_difference_beside_sets(before: Any, after: Any) -> None:
    old, new = world(*before), world(*after)
    found = Difference.of(old, new)
    was, now = ({(str(number), *event) for number, event in one[0].items()} for one in (before, after))
    assert found.events == len(was ^ now)
    users, items = new.users["id"].to_pylist(), new.items["id"].to_pylist()
    ids = new.events["event_id"].to_pylist()
    came = {event[0] for event in now - was}
    assert {ids[row] for row in np.flatnonzero(found.new_events)} == came
    old_items = set(old.items["id"].to_pylist())
    changed = {item for item in items if item not in old_items or before[1].get(item) != after[1].get(item)}
    changed |= {item for item, _ in before[2] ^ after[2]} & set(items)
    assert {items[row] for row in np.flatnonzero(found.items)} == changed
    touched = {event[1] for event in was ^ now} | (set(users) - set(old.users["id"].to_pylist()))
    touched |= {event[1] for event in now if event[2] in changed & old_items}
    assert {users[row] for row in np.flatnonzero(found.people)} == touched & set(users)
    for row, item in enumerate(items):
        at = found.rows.items[row]
        assert (at < 0) == (item not in old_items)
        assert at < 0 or old.items["id"][int(at)].as_py() == item


def test_worse_beyond_noise() -> None:
    first = Foretold(0.30, 0.03, 500)
    assert Foretold(0.19, 0.04, 500).worse_than(first, 2.0)  # .11 against 2 sqrt(.03^2 + .04^2) = .10
    assert not Foretold(0.21, 0.04, 500).worse_than(first, 2.0)
    assert not Foretold(0.90, 0.04, 500).worse_than(first, 2.0)


BEFORE = {number: ("abcd"[number % 4], "abcd"[number // 4 % 4], "R", 1.0) for number in range(16)}
FULL = Plan("full", "asked")
GOOD, BAD = Foretold(0.3, 0.01, 200), Foretold(0.2, 0.01, 200)


@pytest.mark.parametrize(
    ("more", "previous", "latest", "config", "says"),
    [
        (1, FULL, None, DriftConfig(), None),
        (2, FULL, None, DriftConfig(), "11.1% of events changed since v1"),  # 2 of 18
        (
            1,
            Plan("warm", "", "v0", "v0", 4, changed=1),
            None,
            DriftConfig(),
            "11.8% of events changed since v0",
        ),  # 2/17
        (1, Plan("warm", "", "v0", "v0", 3, first=GOOD), GOOD, DriftConfig(), "25.0% of items came since v0"),  # 1 of 4
        (1, Plan("warm", "", "v0", "v0", 4, first=GOOD), BAD, DriftConfig(), "ndcg@10 0.200, and 0.300 after v0"),
        (1, FULL, BAD, DriftConfig(), None),
    ],
)
def test_when_a_full_fit_is_due(
    monkeypatch: pytest.MonkeyPatch,
    more: int,
    previous: Plan,
    latest: Foretold | None,
    config: DriftConfig,
    says: str | None,
) -> None:
    old = world(BEFORE, {}, set())
    new = world(BEFORE | {99 + number: ("a", "b", "V", 1.0) for number in range(more)}, {}, set())
    monkeypatch.setattr(plans, "foretold", lambda *_: latest)
    model = cast(Any, SimpleNamespace(version="v1", snapshot=old, manifest={"plan": previous.to_dict()}))
    plan = decide(model, Difference.of(old, new), new, config, seed=0)
    if says is None:
        assert plan.fit == "warm"
        assert (plan.base, plan.full, plan.people, plan.first) == ("v1", "v1", ("a",), latest)
    else:
        assert plan.fit == "full"
        assert says in plan.why


class Knowing:
    """Scores items by a table."""

    def __init__(self, scores: np.ndarray) -> None:
        self.scores = scores

    def score(self, people: Any) -> np.ndarray:
        return np.broadcast_to(self.scores, (len(people), len(self.scores))).astype(np.float32)


def test_foretelling_by_hand() -> None:
    """Ranked d, c, b for everybody; a is met by all. In c's second place a like is worth 1 / log2(3) of the ideal."""
    from recommender.bridge import Builder
    from recommender.meaning import Events as Known
    from recommender.meaning import MeaningConfig, declared_of, meanings_of

    titles = dict.fromkeys("abcd", "x")
    known = {number: (name, "a", "LIKED", 1.0) for number, name in enumerate("abcd")}
    since = {
        10: ("a", "d", "LIKED", 1.0),
        11: ("b", "c", "LIKED", 1.0),
        12: ("c", "a", "LIKED", 1.0),
        13: ("e", "d", "LIKED", 1.0),
    }
    old, new = world(known, titles, set()), world(known | since, titles, set())
    meanings = meanings_of(Known.of(old.events), declared_of(old), MeaningConfig())
    model = SimpleNamespace(
        data=Builder(old)(),
        meanings=meanings,
        meaning=MeaningConfig(),
        users=old.users["id"].to_pylist(),
        hybrid=Knowing(np.array([0.0, 1.0, 2.0, 3.0])),
    )
    config = DriftConfig(least_people=2)
    found = plans.foretold(cast(Any, model), Difference.of(old, new), new, config, seed=0)
    # c has met a before, and e is not known: a and b are left.
    values = np.array([1.0, 1 / np.log2(3)])
    assert found is not None
    assert found.people == 2
    assert found.value == pytest.approx(values.mean())
    assert found.error == pytest.approx(values.std() / np.sqrt(2))
    assert plans.foretold(cast(Any, model), Difference.of(old, new), new, DriftConfig(), seed=0) is None
