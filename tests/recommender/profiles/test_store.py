"""Profiles in a real store: what is written is what Cypher and ``read_profile`` find, and the live path agrees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from kg.engines import open_store
from kg.records import UserRecord
from kg.store import Store
from recommender.errors import UnknownUser
from recommender.profiles import live
from recommender.profiles.habits import NO_HABITS
from recommender.profiles.live import update_profile
from recommender.profiles.profile import Profile, ProfileConfig, build_profiles
from recommender.profiles.read import read_profile
from recommender.profiles.segments import Segments, find_segments
from recommender.profiles.write import drop_segments, write_profiles, write_segments
from tests.recommender.profiles.stored import fill, records_of
from tests.recommender.profiles.test_segments import crowd
from tests.recommender.profiles.worlds import World

pytestmark = pytest.mark.embedded

COUNTS = """
MATCH (u:User {id: $user})
RETURN COUNT { (u)-[:HAS_INTEREST]->() } AS interests, COUNT { (u)-[:INTERESTED_IN]->() } AS tags,
       COUNT { (u)-[:IN_SEGMENT]->() } AS segments
"""


@pytest.fixture(scope="module")
def planted() -> World:
    return crowd(people=45)[0]


@pytest.fixture(scope="module")
def store(planted: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(tmp_path_factory.mktemp("profiles") / "store") as opened:
        fill(opened, records_of(planted))
        yield opened


@pytest.fixture(scope="module")
def segments(planted: World) -> Segments:
    found = find_segments(planted.histories().faded, planted.context, ProfileConfig().segments)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def profiles(planted: World, segments: Segments, store: Store) -> list[Profile]:
    drawn = list(build_profiles(planted.histories(), segments=segments))
    write_segments(store, segments)
    assert write_profiles(store, drawn) == 45
    return drawn


def same(stored: Profile, drawn: Profile) -> None:
    """Equal in every part, but for the order of what weighs the same."""
    assert stored.habits == drawn.habits
    assert set(stored.tags) == set(drawn.tags)
    assert [tag.weight for tag in stored.tags] == [tag.weight for tag in drawn.tags]
    assert stored.segments == drawn.segments
    own = {interest.id: interest for interest in drawn.interests}
    assert own.keys() == {interest.id for interest in stored.interests}
    for interest in stored.interests:
        np.testing.assert_array_equal(interest.vector, own[interest.id].vector)
        assert replace(interest, vector=own[interest.id].vector) == own[interest.id]


def test_what_is_written_is_read(store: Store, profiles: list[Profile]) -> None:
    for drawn in profiles[::9]:
        stored = read_profile(store, drawn.user_id)
        same(stored, drawn)
        assert stored.features == {"age": 20 + int(drawn.user_id[1:])}


def test_writing_again_changes_nothing(store: Store, profiles: list[Profile]) -> None:
    before = [store.read(COUNTS, user=profile.user_id) for profile in profiles]
    write_profiles(store, profiles)
    assert [store.read(COUNTS, user=profile.user_id) for profile in profiles] == before
    (row,) = store.read("MATCH (i:Interest) RETURN count(i) AS interests")
    assert row["interests"] == sum(len(profile.interests) for profile in profiles)


def test_plain_cypher_finds_people_by_their_tags(store: Store, profiles: list[Profile]) -> None:
    rows = store.read(
        "MATCH (u:User)-[r:INTERESTED_IN]->(e:Entity {name: 'Comedy'}) WHERE r.sentiment > 0 RETURN u.id AS id"
    )
    assert {row["id"] for row in rows} == {f"u{number}" for number in range(0, 45, 3)}


def test_a_live_profile_equals_the_refreshed_one(
    store: Store, planted: World, segments: Segments, profiles: list[Profile]
) -> None:
    for drawn in profiles[::9]:
        alone = update_profile(store, drawn.user_id, planted.context, segments=segments)
        assert alone is not None
        same(alone, drawn)


def test_an_update_replaces_the_old_profile_and_keeps_the_interests_that_stay(
    store: Store, planted: World, segments: Segments, profiles: list[Profile]
) -> None:
    user = profiles[7].user_id
    write_profiles(store, [replace(profiles[7], tags=profiles[8].tags, segments=())])
    drawn = update_profile(store, user, planted.context, segments=segments)
    assert drawn is not None
    same(read_profile(store, user), profiles[7])


def test_an_interest_that_is_gone_is_dropped(store: Store, planted: World, profiles: list[Profile]) -> None:
    user = profiles[11].user_id
    gone = replace(profiles[11].interests[0], id="gone")
    write_profiles(store, [replace(profiles[11], interests=(gone,))])
    update_profile(store, user, planted.context)
    assert {interest.id for interest in read_profile(store, user).interests} == {
        interest.id for interest in profiles[11].interests
    }


def test_segments_that_are_no_more_are_dropped(store: Store, segments: Segments, profiles: list[Profile]) -> None:
    drop_segments(store, kept=replace(segments, segments=segments.segments[:1]))
    assert [row["id"] for row in store.read("MATCH (s:Segment) RETURN s.id AS id")] == [segments.segments[0].id]
    write_segments(store, segments)
    write_profiles(store, profiles)
    assert len(store.read("MATCH (s:Segment) RETURN s.id AS id")) == len(segments.segments)


def test_too_many_events_are_left_to_the_refresh(
    store: Store, planted: World, profiles: list[Profile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MAX_LIVE_EVENTS", 5)
    assert update_profile(store, profiles[0].user_id, planted.context) is None
    same(read_profile(store, profiles[0].user_id), profiles[0])


def test_nobody_and_somebody_without_a_profile(store: Store, planted: World) -> None:
    with pytest.raises(UnknownUser, match="nobody"):
        read_profile(store, "nobody")
    with pytest.raises(UnknownUser, match="nobody"):
        update_profile(store, "nobody", planted.context)
    fill(store, [UserRecord("new", properties={"age": 5})])
    bare = read_profile(store, "new")
    assert (bare.habits, bare.interests, bare.tags, bare.segments) == (NO_HABITS, (), (), ())
    assert bare.features == {"age": 5}
