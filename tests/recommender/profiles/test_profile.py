"""The whole profile: one person is a batch of one, and blocks change nothing."""

from __future__ import annotations

import gc
from dataclasses import replace

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.profiles.history import Words
from recommender.profiles.profile import Profile, ProfileConfig, build_profiles, histories_of
from recommender.profiles.segments import find_segments
from tests.recommender.profiles.test_segments import crowd
from tests.recommender.profiles.worlds import rated, world
from text.windows import unit_rows


def same(first: Profile, second: Profile) -> None:
    drawn, expected = first.to_dict(), second.to_dict()
    for name, figure in expected.pop("habits").items():
        assert drawn["habits"][name] == (pytest.approx(figure) if isinstance(figure, float) else figure), name
    assert {name: value for name, value in drawn.items() if name != "habits"} == expected
    assert len(first.interests) == len(second.interests)
    for one, other in zip(first.interests, second.interests, strict=True):
        assert one.id == other.id
        np.testing.assert_allclose(one.vector, other.vector, atol=1e-6)


def test_one_person_is_a_batch_of_one() -> None:
    planted, _ = crowd()
    histories = planted.histories()
    segments = find_segments(histories.faded, planted.context, ProfileConfig().segments)
    everyone = list(build_profiles(histories, segments=segments))
    assert [profile.user_id for profile in everyone] == planted.user_ids
    events = planted.events.take(planted.events.users == 41)
    alone = histories_of(["u41"], replace(events, users=events.users * 0), planted.context, ProfileConfig())
    (live,) = build_profiles(alone, segments=segments)
    same(live, everyone[41])
    assert live.interests
    assert live.tags
    assert live.segments


@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_and_threads_change_nothing(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    planted, _ = crowd()
    whole = list(build_profiles(planted.histories()))
    monkeypatch.setattr("torch.get_num_threads", lambda: threads)
    blocks = list(build_profiles(planted.histories(), ProfileConfig(block=7)))
    for first, second in zip(whole, blocks, strict=True):
        same(first, second)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_people_who_are_drawn_together_are_as_each_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    people, items = int(rng.integers(2, 12)), 25
    cells = rng.random((people, items)) < rng.uniform(0, 1, (people, 1))
    rows = [
        rated(u, i, float(rng.integers(1, 6)), day=float(rng.uniform(0, 99))) for u, i in np.argwhere(cells).tolist()
    ]
    vectors = rng.standard_normal((items, 6)).astype(np.float32) + 3 * np.eye(6, dtype=np.float32)[np.arange(items) % 3]
    vectors[rng.random(items) < 0.2] = 0
    genres = {"GENRE": {item: [f"g{item % 3}", f"h{item % 5}"] for item in range(items)}}
    planted = world(rows, people, items, genres, unit_rows(vectors))
    said = min(len(rows), 5)
    words = Words.of(
        *(np.array([row[at] for row in rows[:said]], dtype=np.int64) for at in (0, 1)),
        np.eye(6, dtype=np.float32)[:said],
    )
    histories = planted.histories(words=words)
    together = build_profiles(histories)
    alone = build_profiles(histories, ProfileConfig(block=1))
    for first, second in zip(together, alone, strict=True):
        same(first, second)


def test_the_dictionary_is_json() -> None:
    planted, _ = crowd(people=3)
    for profile in build_profiles(planted.histories()):
        document = orjson.loads(orjson.dumps(profile.to_dict()))
        assert document["user_id"] == profile.user_id
        assert document["interests"][0]["name"] == profile.interests[0].name
        assert document["tags"][0]["sentiment"] == 1.0
        assert document["habits"]["kinds"] == {"RATED": 6}


def test_without_text_there_are_tags_but_no_interests() -> None:
    planted, _ = crowd(people=3, text=False)
    for profile in build_profiles(planted.histories()):
        assert profile.interests == ()
        assert profile.tags


def test_an_item_that_came_after_the_refresh_counts_in_habits_only() -> None:
    planted, _ = crowd(people=3)
    events = planted.events.take(planted.events.users == 0)
    items = events.items.copy()
    items[:2] = [-1, -2]
    histories = histories_of(["u0"], replace(events, items=items), planted.context, ProfileConfig())
    (profile,) = build_profiles(histories)
    assert (profile.habits.events, profile.habits.items, profile.habits.liked) == (6, 6, 4)
    assert sum(interest.size for interest in profile.interests) == 4


@pytest.mark.parametrize("enabled", [True, False])
def test_the_search_for_cycles_is_left_as_it_was(enabled: bool) -> None:
    planted, _ = crowd()
    broken = replace(planted.histories(), context=replace(planted.context, entities=None))  # type: ignore[arg-type]
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        assert len(list(build_profiles(planted.histories()))) > 1
        assert gc.isenabled() == enabled
        with pytest.raises(AttributeError):
            list(build_profiles(broken))
        assert gc.isenabled() == enabled
        gc.freeze()
        list(build_profiles(planted.histories()))
        assert gc.get_freeze_count()
    finally:
        gc.unfreeze()
        (gc.enable if before else gc.disable)()
