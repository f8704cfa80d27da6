"""Habits by hand."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pytest

from recommender.profiles.habits import Habits, habits_of, peaks
from tests.recommender.profiles.worlds import DAY, World, rated, world


@pytest.fixture(scope="module")
def planted() -> World:
    genres = {"GENRE": {0: ["Comedy"], 1: ["Comedy"], 2: ["War"], 3: ["War", "Comedy"]}, "LANGUAGE": {0: ["English"]}}
    rows = [
        rated(0, 0, 5, day=4),  # 5 January 1970, a Monday
        rated(0, 1, 4, day=4.5),
        rated(0, 2, 1, day=11),
        (0, 2, "VIEWED", 18 * DAY, None),
        rated(1, 0, 2, day=None),
        rated(2, 0, 3, day=1),
    ]
    return world(rows, 4, 4, genres)


def habits(planted: World, user: int) -> Habits:
    return habits_of(planted.histories(), user, planted.context)


def test_counts_and_ratings(planted: World) -> None:
    own = habits(planted, 0)
    assert (own.events, own.kinds, own.items, own.liked, own.disliked) == (4, {"RATED": 3, "VIEWED": 1}, 3, 2, 1)
    assert own.rating_mean == pytest.approx(10 / 3)
    assert own.rating_deviation == pytest.approx(10 / 3 - 3.0)  # everybody: 5, 4, 1, 2, 3
    assert own.rating_spread == pytest.approx(np.std([5, 4, 1]))


def test_rhythm(planted: World) -> None:
    own = habits(planted, 0)
    assert (own.first_seen, own.last_seen) == (datetime(1970, 1, 5, tzinfo=UTC), datetime(1970, 1, 19, tzinfo=UTC))
    assert (own.active_days, own.peak_weekdays, own.peak_hours) == (3, (0,), (0,))


def test_unknown_times_leave_the_rhythm_open(planted: World) -> None:
    own = habits(planted, 1)
    assert (own.first_seen, own.last_seen, own.active_days, own.peak_hours) == (None, None, 0, ())
    assert own.rating_mean == 2.0


def test_novelty_is_self_information(planted: World) -> None:
    # met by 3, 1 and 1 of 4 people, each count and the population raised by one
    bits = [math.log2(5 / 4), math.log2(5 / 2), math.log2(5 / 2)]
    assert habits(planted, 0).novelty == pytest.approx(np.mean(bits))
    everyone = (3 * bits[0] + 2 * bits[1]) / 5
    assert habits(planted, 0).novelty_deviation == pytest.approx(np.mean(bits) - everyone)


def test_diversity_is_entropy_over_the_facet(planted: World) -> None:
    own = habits(planted, 0)
    assert (own.facet, own.diversity) == ("GENRE", 0.0)  # both liked items are comedies
    both = world(
        [rated(0, 0, 5), rated(0, 2, 5), rated(0, 3, 5)], 1, 4, {"GENRE": {0: ["A"], 1: ["B"], 2: ["B"], 3: ["A"]}}
    )
    shares = np.array([2 / 3, 1 / 3])
    assert habits(both, 0).diversity == pytest.approx(-(shares @ np.log2(shares)))


def test_somebody_without_events_has_empty_habits(planted: World) -> None:
    own = habits(planted, 3)
    assert (own.events, own.kinds, own.liked, own.rating_mean, own.novelty, own.diversity) == (
        0,
        {},
        0,
        None,
        None,
        None,
    )


def test_properties_are_flat_and_come_back(planted: World) -> None:
    for user in range(4):
        own = habits(planted, user)
        properties = own.to_properties()
        assert all(name.startswith("habit_") for name in properties)
        flat = (int, float, str, datetime, type(None))
        for value in properties.values():
            assert isinstance(value, flat) or all(isinstance(entry, flat) for entry in value)
        stored = {name: value for name, value in properties.items() if value is not None}
        assert Habits.from_properties(stored | {"age": 30}) == own
    assert Habits.from_properties({"age": 30}) is None


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([1, 1, 1, 1], ()),
        ([0, 9, 1, 1, 0, 0, 1], (1,)),
        ([2, 0, 0, 0, 0, 0, 0], ()),
        ([0] * 20 + [3, 9, 8, 7], (21, 22, 23)),
    ],
)
def test_peaks(counts: list[int], expected: tuple[int, ...]) -> None:
    assert peaks(np.array(counts)) == expected
