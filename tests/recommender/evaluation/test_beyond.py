"""What lists are beside being right, each by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.data import Cells, KnowledgeGraph, TrainingData
from recommender.evaluation import beyond
from recommender.evaluation.beyond import Catalogue
from recommender.evaluation.metrics import Hits

LIKES = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [1, 0, -1, 0]])
"""Four people, four items; the last disliked item 2, and nobody met item 3."""


def data(kinds: list[int] | None = None) -> TrainingData:
    """With ``kinds``, a graph that says of which kind each item is."""
    users, items = np.nonzero(LIKES)
    weights = LIKES[users, items].astype(np.float32)
    cells = Cells(users, items, weights, np.full(len(users), np.nan), 4, 4)
    edges = np.arange(4) if kinds else np.empty(0, np.int64)
    tails = np.array(kinds or [], dtype=np.int64) + 4
    graph = KnowledgeGraph(edges, np.zeros(len(edges), np.int64), tails, ("GENRE",), 4, 2, 6)
    return TrainingData(cells, graph)


def test_diversity_by_hand() -> None:
    catalogue = Catalogue.of(data())
    lists = np.array([[0, 1, 2], [1, 2, -1], [0, 3, -1], [2, -1, -1]])
    first = (2 / math.sqrt(4 * 2) + 1 / math.sqrt(4 * 1) + 0) / 3
    expected = [1 - first, 1 - 0, 1 - 0, np.nan]
    np.testing.assert_allclose(beyond.diversity(lists, 3, catalogue), expected)


def test_popularity_and_novelty_by_hand() -> None:
    catalogue = Catalogue.of(data())
    assert catalogue.popularity.tolist() == [4, 2, 1, 0]
    lists = np.array([[0, 1, -1], [3, -1, -1], [-1, -1, -1]])
    np.testing.assert_allclose(beyond.popularity(lists, 3, catalogue), [(1 + 0.5) / 2, 0, np.nan])
    bits = [(-math.log2(5 / 11) - math.log2(3 / 11)) / 2, -math.log2(1 / 11), np.nan]
    np.testing.assert_allclose(beyond.novelty(lists, 3, catalogue), bits)


def test_calibration_by_hand() -> None:
    """Items 0 and 1 are of one kind, 2 and 3 of another."""
    catalogue = Catalogue.of(data([0, 0, 1, 1]))
    assert catalogue.facet == "GENRE"
    history = sp.csr_matrix(np.array([[1, 1, 1, 0], [1, 0, -1, 0], [0, 0, 0, 0]], dtype=np.float32))
    lists = np.array([[3, 0, 1], [3, 2, -1], [0, 1, 2]])
    # The first list is as the history; the second holds only what the second person does not like: p = (1, 0).
    expected = [0.0, math.log(1 / 0.01), np.nan]
    np.testing.assert_allclose(beyond.calibration(lists, 3, catalogue, history), expected, atol=1e-12)


def test_without_knowledge_kinds_are_bands_of_popularity() -> None:
    """7 likes: item 0 has 4, so the bands begin at 0, 4 and 6 of 7."""
    catalogue = Catalogue.of(data())
    assert catalogue.facet == "popularity"
    assert catalogue.groups.toarray().argmax(axis=1).tolist() == [0, 1, 2, 2]


def test_serendipity_by_hand() -> None:
    hits = Hits(np.array([[True, True, False], [False, False, True], [False, False, False]]), np.array([2, 1, 0]))
    lists = np.array([[0, 3, 1], [1, 2, 3], [0, 1, 2]])
    nothing = sp.csr_matrix((3, 4))
    obvious = beyond.obviousness(lists, Catalogue.of(data()), nothing)
    np.testing.assert_array_equal(obvious, lists, "the items are numbered by popularity")
    # The first person's item 0 stands in the popular list too; their item 3 does not.
    np.testing.assert_allclose(beyond.serendipity(hits, 3, obvious), [1 / 3, 1 / 3, np.nan])
    np.testing.assert_allclose(beyond.serendipity(hits, 2, obvious), [1 / 2, 0, np.nan])


@pytest.mark.parametrize("seed", range(3))
def test_what_is_obvious_agrees_with_a_ranking_by_popularity(seed: int) -> None:
    """The place of each item in the list of all that the person has not seen."""
    rng = np.random.default_rng(seed)
    likes = (rng.random((30, 12)) < rng.random(12)).astype(np.float32)
    users, items = np.nonzero(likes)
    cells = Cells(users, items, np.ones(len(users), np.float32), np.full(len(users), np.nan), 30, 12)
    empty = np.empty(0, np.int64)
    catalogue = Catalogue.of(TrainingData(cells, KnowledgeGraph(empty, empty, empty, (), 12, 0, 12)))
    places = np.full((30, 12), -1)
    for person in range(30):
        unseen = [item for item in np.argsort(-catalogue.popularity, kind="stable") if not likes[person, item]]
        places[person, unseen] = np.arange(len(unseen))
    lists = np.stack([rng.permutation(12) for _ in range(30)])
    found = beyond.obviousness(lists, catalogue, cells.matrix)
    fresh = np.take_along_axis(likes, lists, axis=1) == 0
    np.testing.assert_array_equal(found[fresh], np.take_along_axis(places, lists, axis=1)[fresh])


def test_a_list_of_the_popular_is_popular_and_no_surprise() -> None:
    """All of them together, as the evaluation calls them."""
    catalogue = Catalogue.of(data())
    lists = np.array([[1, 2], [3, 2]])
    hits = Hits(np.array([[True, False], [True, False]]), np.array([1, 1]))
    seen = sp.csr_matrix(np.array([[1, 0, 0, 0]] * 2, dtype=np.float32))
    found = beyond.measure(lists, (1, 2), catalogue, hits, sp.csr_matrix((2, 4), dtype=np.float32), seen)
    assert found["serendipity@1"].tolist() == [0.0, 1.0]
    assert found["popularity@1"].tolist() == [0.5, 0.0]
    assert found["novelty@2"][1] > found["novelty@2"][0]
    assert np.isnan(found["calibration@2"]).all()


@pytest.mark.parametrize("seed", range(3))
def test_diversity_agrees_with_a_slow_reference(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beyond, "BLOCK_FLOATS", 100)  # blocks of three people
    rng = np.random.default_rng(seed)
    likes = (rng.random((30, 12)) < 0.3).astype(np.float32)
    users, items = np.nonzero(likes)
    cells = Cells(users, items, np.ones(len(users), np.float32), np.full(len(users), np.nan), 30, 12)
    empty = np.empty(0, np.int64)
    catalogue = Catalogue.of(TrainingData(cells, KnowledgeGraph(empty, empty, empty, (), 12, 0, 12)))
    lists = np.stack([rng.permutation(12)[:5] for _ in range(8)])
    unit = likes / np.maximum(np.linalg.norm(likes, axis=0), 1e-12)
    cosines = unit.T @ unit
    expected = [1 - np.mean([cosines[a, b] for a in row for b in row if a != b]) for row in lists]
    np.testing.assert_allclose(beyond.diversity(lists, 5, catalogue), expected, atol=1e-6)
