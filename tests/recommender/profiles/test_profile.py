"""The whole profile: one person is a batch of one, and blocks change nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import orjson

from recommender.profiles.profile import Profile, ProfileConfig, build_profiles, histories_of
from recommender.profiles.segments import find_segments
from tests.recommender.profiles.test_segments import crowd


def same(first: Profile, second: Profile) -> None:
    assert first.to_dict() == second.to_dict()
    assert len(first.interests) == len(second.interests)
    for one, other in zip(first.interests, second.interests, strict=True):
        assert one.id == other.id
        np.testing.assert_allclose(one.vector, other.vector, atol=1e-6)


def test_one_person_is_a_batch_of_one() -> None:
    planted, _ = crowd()
    histories = planted.histories()
    segments = find_segments(histories.faded, planted.context, ProfileConfig().segments)
    everyone = list(build_profiles(histories, planted.context, segments=segments))
    assert [profile.user_id for profile in everyone] == planted.user_ids
    events = planted.events.take(planted.events.users == 41)
    alone = histories_of(["u41"], replace(events, users=events.users * 0), planted.context, ProfileConfig())
    (live,) = build_profiles(alone, planted.context, segments=segments)
    same(live, everyone[41])
    assert live.interests
    assert live.tags
    assert live.segments


def test_blocks_change_nothing() -> None:
    planted, _ = crowd()
    whole = list(build_profiles(planted.histories(), planted.context))
    blocks = list(build_profiles(planted.histories(), planted.context, ProfileConfig(block=7)))
    for first, second in zip(whole, blocks, strict=True):
        same(first, second)


def test_the_dictionary_is_json() -> None:
    planted, _ = crowd(people=3)
    for profile in build_profiles(planted.histories(), planted.context):
        document = orjson.loads(orjson.dumps(profile.to_dict()))
        assert document["user_id"] == profile.user_id
        assert document["interests"][0]["name"] == profile.interests[0].name
        assert document["tags"][0]["sentiment"] == 1.0
        assert document["habits"]["kinds"] == {"RATED": 6}


def test_without_text_there_are_tags_but_no_interests() -> None:
    planted, _ = crowd(people=3, text=False)
    for profile in build_profiles(planted.histories(), planted.context):
        assert profile.interests == ()
        assert profile.tags


def test_an_item_that_came_after_the_refresh_counts_in_habits_only() -> None:
    planted, _ = crowd(people=3)
    events = planted.events.take(planted.events.users == 0)
    items = events.items.copy()
    items[:2] = [-1, -2]
    histories = histories_of(["u0"], replace(events, items=items), planted.context, ProfileConfig())
    (profile,) = build_profiles(histories, planted.context)
    assert (profile.habits.events, profile.habits.items, profile.habits.liked) == (6, 6, 4)
    assert sum(interest.size for interest in profile.interests) == 4
