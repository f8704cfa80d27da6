"""Segments against planted groups of people."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.profiles.segments import SegmentConfig, Segments, find_segments, spherical_kmeans
from tests.recommender.profiles.worlds import World, axes, rated, world

GENRES = ("Comedy", "War", "Noir")


def crowd(people: int = 90, text: bool = True) -> tuple[World, np.ndarray]:
    """People who like items of one of three genres; items of a genre also speak alike."""
    rng = np.random.default_rng(1)
    genre = np.arange(60) % 3
    attributes = {
        "GENRE": {item: [GENRES[genre[item]]] for item in range(60)},
        "STARS": {item: [f"star {rng.integers(40)}"] for item in range(60)},
    }
    taste = np.arange(people) % 3
    rows = [
        rated(user, int(item), 5.0)
        for user in range(people)
        for item in rng.choice(np.flatnonzero(genre == taste[user]), 6, replace=False)
    ]
    vectors = axes(genre.tolist(), 8) + 0.1 * rng.standard_normal((60, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return world(rows, people, 60, attributes, vectors if text else None), taste


def found(planted: World, config: SegmentConfig | None = None) -> Segments:
    segments = find_segments(planted.histories().faded, planted.context, config or SegmentConfig())
    assert segments is not None
    return segments


@pytest.mark.parametrize("text", [True, False])
def test_planted_groups_become_named_segments(text: bool) -> None:
    planted, taste = crowd(text=text)
    segments = found(planted)
    assert [segment.size for segment in segments.segments] == [30, 30, 30]
    memberships = segments.assign(planted.histories().faded)
    for user, own in enumerate(memberships):
        assert GENRES[taste[user]] in own[0].name
        assert own[0].strength > 0.9
    assert len({own[0].segment_id for own in memberships}) == 3


def test_strength_is_a_softmax_over_cosines() -> None:
    planted, _ = crowd()
    segments = found(planted)
    (own,) = segments.assign(planted.histories().faded[:1])
    person = segments.features[planted.histories().block(range(1)).cells.items].sum(axis=0)
    person = person / np.linalg.norm(person) - segments.mean
    cosines = segments.centres @ person / np.linalg.norm(person)
    odds = np.exp(5 * cosines)
    assert own[0].strength == pytest.approx((odds / odds.sum()).max(), abs=1e-5)


def test_somebody_between_two_tastes_is_in_both() -> None:
    planted, _ = crowd()
    segments = found(planted)
    between = planted.histories().faded[:1] + planted.histories().faded[1:2]
    (own,) = segments.assign(between)
    assert len(own) == 2
    assert own[0].strength == pytest.approx(0.5, abs=0.2)


def test_nobody_is_put_in_a_segment_without_a_taste() -> None:
    planted, _ = crowd()
    empty = planted.histories().faded[:1] * 0
    assert found(planted).assign(empty) == [()]


def test_too_few_people_or_nothing_known_of_items_makes_no_segments() -> None:
    few, _ = crowd(people=30)
    assert find_segments(few.histories().faded, few.context, SegmentConfig()) is None
    bare = world([rated(user, user % 5, 5.0) for user in range(60)], 60, 5)
    assert find_segments(bare.histories().faded, bare.context, SegmentConfig()) is None


def test_the_same_people_make_the_same_segments() -> None:
    planted, _ = crowd(text=False)
    first, second = found(planted), found(planted)
    assert first.segments == second.segments
    np.testing.assert_array_equal(first.centres, second.centres)


def test_kmeans_refills_an_empty_cluster() -> None:
    points = axes([0] * 5 + [1])
    centres, labels = spherical_kmeans(points, 3, iterations=10, seed=0)
    assert set(labels[:5]) != set(labels[5:])
    assert np.isfinite(centres).all()
