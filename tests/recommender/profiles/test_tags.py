"""Tags against hand-computed weights, a slow reference and planted preferences."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.profiles.context import population_shares
from recommender.profiles.profile import ProfileConfig
from recommender.profiles.tags import Tag, TagConfig, tag_people
from tests.recommender.profiles.worlds import World, rated, world


def tags(planted: World, **options: float) -> list[tuple[Tag, ...]]:
    histories = planted.histories()
    config = TagConfig(**options)  # type: ignore[arg-type]
    return tag_people(histories, config)


def test_population_shares_by_hand() -> None:
    signed = sp.csr_matrix(np.array([[1.0, 0.5, 0.0], [0.0, -0.5, 0.0]]))
    attributes = sp.csr_matrix(np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32))
    # attention: 1, 1, 0; the catalogue's shares 2/3 and 1/3 count as 3 more
    shares = population_shares(signed, attributes, prior=3.0)
    np.testing.assert_allclose(shares, [(2 + 3 * 2 / 3) / 5, (0 + 3 / 3) / 5])


def test_weight_sentiment_and_support_by_hand() -> None:
    genres = {"GENRE": {0: ["Comedy"], 1: ["Comedy"], 2: ["Comedy"], 3: ["War"], 4: ["War"], 5: ["War"]}}
    rows = [rated(0, 0, 5), rated(0, 1, 4), rated(0, 2, 2), rated(1, 3, 5), rated(1, 4, 5), rated(1, 5, 5)]
    (first, _) = tags(world(rows, 2, 6, genres))
    # everybody's attention: comedy 1 + .75 + .5, war 3, and the catalogue's halves with strength 10
    p = (2.25 + 10 * 0.5) / (5.25 + 10)
    q = (1.75 + 10 * p) / (1.75 + 10)
    (tag,) = first
    assert (tag.entity_id, tag.name, tag.kind, tag.relation) == ("genre:Comedy", "Comedy", "genre", "GENRE")
    assert tag.weight == pytest.approx(1 - (p / q) ** q)
    assert tag.sentiment == pytest.approx((1 + 0.75 - 0.5) / 3)
    assert (tag.support, tag.source) == (2, "events")


def test_dislikes_are_tags_of_negative_sentiment_after_the_liked_ones() -> None:
    genres = {"GENRE": {item: ["Comedy" if item < 3 else "War" if item < 6 else "Noir"] for item in range(9)}}
    rows = [rated(0, 0, 5), rated(0, 1, 5), rated(0, 3, 1), rated(0, 4, 1), rated(1, 6, 5), rated(1, 7, 5)]
    first, second = tags(world(rows, 2, 9, genres))
    assert [(tag.name, tag.sentiment, tag.support) for tag in first] == [("Comedy", 1.0, 2), ("War", -1.0, 2)]
    assert [tag.name for tag in second] == ["Noir"]


def test_mixed_feelings_hubs_and_entities_of_one_item_are_no_tags() -> None:
    genres = {
        "GENRE": {0: ["Mixed"], 1: ["Mixed"], 2: ["Liked"], 3: ["Liked"]},
        "LANGUAGE": {item: ["English"] for item in (0, 2, 4, 5, 6, 7)},
        "WRITER": {item: [f"writer {item}"] for item in range(8)},
    }
    rows = [rated(0, 0, 5), rated(0, 1, 1), rated(0, 2, 5), *(rated(1, item, 5) for item in (4, 5, 6, 7))]
    first, _ = tags(world(rows, 2, 8, genres))
    assert [tag.name for tag in first] == ["Liked"]


def test_one_witness_is_not_enough_once_a_person_has_many() -> None:
    genres = {"GENRE": {0: ["Rare"], 1: ["Common"], 2: ["Common"], 8: ["Rare"], 9: ["Other"]}}
    few = [rated(0, item, 5) for item in (0, 1, 2)] + [rated(1, 9, 5)]
    many = few + [rated(0, item, 5) for item in (3, 4, 5)]
    assert sorted(tag.name or "" for tag in tags(world(few, 2, 10, genres))[0]) == ["Common", "Rare"]
    assert [tag.name for tag in tags(world(many, 2, 10, genres))[0]] == ["Common"]


def test_old_likings_weigh_less_but_feel_the_same() -> None:
    genres = {"GENRE": {0: ["Old"], 1: ["Old"], 2: ["New"], 3: ["New"]}}
    old_ones, new_ones = [rated(0, item, 5, day=0) for item in (0, 1)], [rated(0, item, 5, day=180) for item in (2, 3)]
    rows = old_ones + new_ones + [rated(1, item, 5) for item in range(4, 24)]
    new, old = tags(world(rows, 2, 24, genres))[0]
    assert (new.name, old.name) == ("New", "Old")
    p = (2 + 10 * 2 / 24) / (24 + 10)
    q = (2 * 0.6 + 10 * p) / (2 * 1.6 + 10)  # after one half-life .6 of an event is left
    assert old.weight == pytest.approx(1 - (p / q) ** q)
    assert new.sentiment == old.sentiment == 1.0


def test_what_has_faded_to_nothing_is_no_tag() -> None:
    """Of liked items so old that nothing is left of their weight, beside those of now."""
    genres = {"GENRE": {0: ["Old"], 1: ["Old"], 2: ["New"], 3: ["New"]}}
    rows = [rated(0, 0, 5, day=0), rated(0, 1, 5, day=0), rated(0, 2, 5, day=4000), rated(0, 3, 5, day=4000)]
    planted = world([*rows, *(rated(1, item, 5) for item in range(4, 24))], 2, 24, genres)
    histories = planted.histories(ProfileConfig(half_life_days=1.0, recency_floor=0.0))
    assert (histories.recent[:2] == 0).all()
    first, _ = tag_people(histories, TagConfig())
    assert [(tag.name, tag.support, tag.sentiment) for tag in first] == [("New", 2, 1.0)]


@pytest.fixture(scope="module")
def crowd() -> tuple[World, np.ndarray]:
    """Sixty people who each prefer one of six genres, among 120 items with three other entities of noise."""
    rng = np.random.default_rng(7)
    items = np.arange(120)
    attributes = {
        "GENRE": {int(item): [f"genre {item % 6}"] for item in items},
        "STARS": {int(item): [f"star {star}" for star in rng.choice(80, 3, replace=False)] for item in items},
    }
    favourite = rng.integers(0, 6, 60)
    rows = []
    for user in range(60):
        odds = np.where(items % 6 == favourite[user], 6.0, 1.0)
        for item in rng.choice(items, 25, replace=False, p=odds / odds.sum()):
            liked = item % 6 == favourite[user]
            rows.append(rated(user, int(item), float(rng.integers(4, 6) if liked else rng.integers(1, 6)), 0.0))
    return world(rows, 60, 120, attributes), favourite


def test_planted_preferences_are_recovered(crowd: tuple[World, np.ndarray]) -> None:
    planted, favourite = crowd
    best = [own[0].name for own in tags(planted)]
    hits = np.mean([name == f"genre {genre}" for name, genre in zip(best, favourite, strict=True)])
    assert hits >= 0.95


def test_agrees_with_a_slow_reference(crowd: tuple[World, np.ndarray]) -> None:
    planted, _ = crowd
    config = TagConfig()
    fast = tags(planted)
    matrix = planted.histories().cells.matrix.toarray().astype(np.float64)
    incidence = planted.context.attributes.toarray()
    for user in (0, 17, 59):
        expected = {}
        for sign, most in ((1, config.most_liked), (-1, config.most_disliked)):
            side = np.maximum(sign * matrix[user], 0)
            found = []
            for entity in range(incidence.shape[1]):
                having = incidence[:, entity] > 0
                p, count, mass = planted.context.shares[entity], side[having].sum(), side.sum()
                q = (count + config.prior * p) / (mass + config.prior)
                weight = 1 - math.exp(-q * math.log(q / p)) if q > p else 0.0
                support = int((side[having] > 0).sum())
                met = having & (matrix[user] != 0)
                feeling = matrix[user][met].mean() if met.any() else 0.0
                needed = config.min_support if (side > 0).sum() > config.few else 1
                telling = p <= 0.5 and having.sum() > 1 and sign * feeling > 0
                if telling and weight >= config.min_weight and support >= needed:
                    found.append((-weight, planted.context.entities.ids[entity], feeling, support))
            expected |= {
                entity: (-weight, feeling, support) for weight, entity, feeling, support in sorted(found)[:most]
            }
        assert {tag.entity_id for tag in fast[user]} == set(expected)
        for tag in fast[user]:
            assert (tag.weight, tag.sentiment, tag.support) == pytest.approx(expected[tag.entity_id], abs=1e-6)
