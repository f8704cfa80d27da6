"""Habits by hand."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.schema import DERIVED
from recommender.profiles.habits import NO_HABITS, PREFIX, Habits, habits_of, peaks
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
    return habits_of(planted.histories())[user]


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


def test_dates_without_a_time_of_day_give_no_hours() -> None:
    rows = [rated(0, item, 5, day=item) for item in range(4)] + [rated(1, item, 5, day=item + 0.5) for item in range(4)]
    dates, moments = habits_of(world(rows, 2, 4).histories())
    assert (dates.active_days, dates.peak_hours, moments.peak_hours) == (4, (), (12,))


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


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_many_people_at_once_agree_with_a_slow_reference(seed: int) -> None:
    planted = random_world(seed)
    drawn = habits_of(planted.histories())
    for user, own in enumerate(drawn):
        expected = slow_habits(planted, user)
        for name, figure in expected.items():
            assert getattr(own, name) == (pytest.approx(figure) if isinstance(figure, float) else figure), (user, name)


def random_world(seed: int) -> World:
    """Some people of whom nothing is known; several kinds; half of the events within ten days and early hours."""
    rng = np.random.default_rng(seed)
    people, items = int(rng.integers(1, 9)), int(rng.integers(2, 12))
    rows = []
    for _ in range(int(rng.integers(0, 120))):
        kind = str(rng.choice(["RATED", "VIEWED", "PLAYED", "GRADED"]))
        day = rng.integers(-30, 10) + rng.choice([rng.uniform(0, 0.2), rng.uniform(0, 1)])
        value = float(rng.integers(1, 6)) if kind in ("RATED", "GRADED") and rng.random() < 0.9 else None
        when = None if rng.random() < 0.1 else float(day) * DAY
        rows.append((int(rng.integers(people)), int(rng.integers(items)), kind, when, value))
    genres = {item: [f"g{n}" for n in rng.permutation(4)[: rng.integers(0, 3)]] for item in range(items)}
    return world(rows, people, items, {"GENRE": genres})


def slow_habits(planted: World, user: int) -> dict[str, Any]:
    """The same figures of one person, event by event."""
    histories, context = planted.histories(), planted.context
    names, events = planted.events.kind_names, planted.events.take(planted.events.users == user)
    own = histories.cells.users == user
    items, weights = histories.cells.items[own], histories.cells.weights[own]
    counts = Counter(names[kind] for kind in events.kinds)
    given = {
        name: [v for k, v in zip(events.kinds, events.values, strict=True) if names[k] == name and not np.isnan(v)]
        for name in names
        if name in context.mean_ratings
    }
    most = max(given, key=lambda name: len(given[name]), default=None)
    rated = given[most] if most and given[most] else None
    times = [float(at) for at in events.times if not np.isnan(at)]
    hours = {at // 3600 for at in times}
    days = {hour // 24 for hour in hours}
    groups = (
        Counter(g for item in items[weights > 0] for g in context.facet.groups[item].indices) if context.facet else {}
    )
    shares = np.array(list(groups.values())) / max(sum(groups.values()), 1)
    return {
        "events": len(events),
        "kinds": dict(counts),
        "items": len(set(events.items)),
        "liked": int((weights > 0).sum()),
        "disliked": int((weights < 0).sum()),
        "rating_mean": float(np.mean(rated)) if rated else None,
        "rating_deviation": float(np.mean(rated)) - context.mean_ratings[str(most)] if rated else None,
        "rating_spread": float(np.std(rated)) if rated else None,
        "first_seen": datetime.fromtimestamp(min(times), tz=UTC) if times else None,
        "last_seen": datetime.fromtimestamp(max(times), tz=UTC) if times else None,
        "active_days": len(days),
        "peak_hours": peaks(np.bincount([int(hour % 24) for hour in hours], minlength=24)[None])[0],
        "peak_weekdays": peaks(np.bincount([int((day + 3) % 7) for day in days], minlength=7)[None])[0],
        "novelty": float(context.surprise[items].mean()) if len(items) else None,
        "diversity": float(-(shares @ np.log(shares)) / np.log(context.facet.groups.shape[1]))
        if context.facet and len(shares)
        else None,
    }


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
    assert peaks(np.array([[0] * len(counts), counts])) == [(), expected]


def test_the_graph_knows_the_names_of_all_habits() -> None:
    assert {name.removeprefix(PREFIX) for name in NO_HABITS.to_properties()} == set(DERIVED)
