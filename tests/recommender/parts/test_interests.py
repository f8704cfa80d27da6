"""Interests against item texts: the formula by hand, and why one mean of everything would not do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.data import People
from recommender.parts.content import Content, ContentConfig
from recommender.parts.interests import Interests, InterestsConfig
from tests.recommender.parts.planted import ITEMS, world
from tests.running import RUN

AXES = np.concatenate([np.eye(6), -np.eye(6), np.zeros((ITEMS - 12, 6))]).astype(np.float32)
"""Item 0 to 5 along the axes, 6 to 11 against them, the rest without text; their mean is zero."""


def liking(weights: dict[int, float]) -> People:
    matrix = sp.csr_matrix((1, ITEMS), dtype=np.float32).tolil()
    for item, weight in weights.items():
        matrix[0, item] = weight
    return People(matrix.tocsr(), np.array([-1]))


def part(vectors: np.ndarray, **config: float) -> Interests:
    return Interests(InterestsConfig(**config)).fit(replace(world(), item_vectors=vectors), RUN)


def test_by_hand() -> None:
    """Two liked items, too few to split: v = (2, 1, 0, ...) / sqrt 5. A disliked one speaks against its own axis, half
    as loudly as 1 of 3."""
    made = part(AXES, sharpness=2.0)
    person = liking({0: 1.0, 1: 0.5, 2: -0.5})
    scores = made.score(person)[0]
    expected = np.zeros(ITEMS)
    expected[[0, 1, 2]] = 4 / 5, 1 / 5, -1 / 3
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    found = made.contributions(person, np.array([0, 1, 2]))
    np.testing.assert_allclose(found.values, [[4 / 5, 0, 0], [0, 1 / 5, 0], [0, 0, -1 / 3]], atol=1e-6)
    assert not found.baseline.any()
    quiet = part(AXES, sharpness=2.0, share=0.0)
    assert quiet.score(person)[0, 2] == pytest.approx(-1.0), "all interests speak alike"


def test_members_share_what_their_interest_says() -> None:
    """An item between the axes of three liked ones: each adds in proportion to its weight times its own cosine."""
    vectors = AXES.copy()
    vectors[12], vectors[13] = [0.6, 0.8, 0, 0, 0, 0], [-0.6, -0.8, 0, 0, 0, 0]
    made = part(vectors, sharpness=2.0)
    person = liking({0: 1.0, 1: 0.5})
    cosine = (2 * 0.6 + 0.8) / np.sqrt(5)
    found = made.contributions(person, np.array([12]))
    np.testing.assert_allclose(found.values[:, 0], cosine**2 * np.array([1.2, 0.8]) / 2.0, rtol=1e-5)


def test_likes_that_cancel_out_are_shared_out_too() -> None:
    made = part(AXES)
    person = liking({0: 1.0, 6: 1.0})
    found = made.contributions(person, np.arange(12))
    np.testing.assert_allclose(found.values.sum(axis=0), made.score(person)[0, :12], atol=1e-6)
    assert np.isfinite(found.values).all()


def test_two_interests_are_met_where_they_are_and_not_between() -> None:
    """Planted: somebody likes ten items around each of two axes. An item on an axis is first; between the axes lies
    one that a mean of all, or a sum over all liked items with a flat kernel, would put first."""
    rng = np.random.default_rng(0)
    vectors = np.zeros((ITEMS, 40), np.float32)
    for item in range(20):
        vectors[item, item // 10] = 1.0
        vectors[item] += 0.05 * rng.normal(size=40)
    vectors[20, 0], vectors[21, 1] = 1.0, 1.0
    vectors[22, :2] = np.sqrt(0.5)
    vectors[23] = -vectors[:23].sum(axis=0)  # the mean is zero, so that centring changes nothing
    data = replace(world(), item_vectors=(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)))
    vectors = data.item_vectors
    assert vectors is not None
    person = liking(dict.fromkeys(range(20), 1.0))
    made = Interests(InterestsConfig()).fit(data, RUN)
    made.vectors = vectors
    scores = made.score(person)[0]
    assert scores[[20, 21]].min() > 1.3 * scores[22]
    flat = Content(ContentConfig(sharpness=1.0)).fit(data, RUN)
    flat.matrix = np.maximum(vectors @ vectors.T, 0.0)
    mean = flat.score(person)[0]
    assert mean[22] > mean[[20, 21]].max()
