"""Full ranking: masks, blocks, ties, what counts as a miss, and paired comparison."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.data import Cells, KnowledgeGraph, People, TrainingData
from recommender.errors import InvalidInput
from recommender.evaluation.protocol import EvaluationConfig, Task, evaluate, rank

NOTHING = np.empty(0, dtype=np.int64)


def data_of(pairs: list[tuple[int, int]], num_users: int, num_items: int) -> TrainingData:
    users, items = (np.array([pair[end] for pair in pairs], dtype=np.int64) for end in (0, 1))
    weights = np.ones(len(pairs), dtype=np.float32)
    cells = Cells(users, items, weights, np.full(len(pairs), np.nan), num_users, num_items)
    return TrainingData(cells, KnowledgeGraph(NOTHING, NOTHING, NOTHING, (), num_items, 0, num_items))


def matrix(pairs: list[tuple[int, int]], num_users: int, num_items: int) -> sp.csr_matrix:
    return data_of(pairs, num_users, num_items).cells.matrix


class Fixed:
    """Gives everyone the same scores."""

    def __init__(self, *scores: float) -> None:
        self.scores = np.array(scores, dtype=np.float32)

    def score(self, people: People) -> np.ndarray:
        return np.tile(self.scores, (len(people), 1))


class Table:
    """Gives each training row its own scores."""

    def __init__(self, scores: np.ndarray) -> None:
        self.scores = scores

    def score(self, people: People) -> np.ndarray:
        return self.scores[people.rows]


def test_seen_items_are_masked_and_the_rest_keeps_its_order() -> None:
    train = [(0, 3), (1, 0), (1, 1)]
    task = Task.of(data_of(train, 2, 4), matrix(train, 2, 4), matrix([(0, 1), (1, 3)], 2, 4))
    figures = evaluate(Fixed(1, 2, 3, 4), task, EvaluationConfig(ks=(1, 2)))
    assert figures.top.tolist() == [[2, 1], [3, 2]]
    assert figures.per_person["mrr@2"].tolist() == [0.5, 1.0]
    assert figures.means["recall@1"] == 0.5
    assert figures.means["ndcg@2"] == pytest.approx((1 / math.log2(3) + 1) / 2)
    assert figures.means["coverage@2"] == 0.75


def test_only_people_with_something_to_find_are_ranked() -> None:
    task = Task.of(
        data_of([(0, 0), (1, 0)], 4, 3),
        matrix([(0, 0), (1, 0)], 4, 3),
        matrix([(0, 1)], 4, 3),
        outside=np.array([0, 0, 2, 0]),
    )
    assert task.users.tolist() == [0, 2]
    assert task.people.rows.tolist() == [0, -1], "who has no event in the data was not there"
    figures = evaluate(Fixed(0, 5, 1), task, EvaluationConfig(ks=(2,)))
    assert figures.means["recall@2"] == 0.5, "two items outside the candidates are found by nobody"


def test_items_that_cannot_be_recommended_end_the_list() -> None:
    task = Task.of(data_of([(0, 0)], 1, 4), matrix([(0, 0)], 1, 4), matrix([(0, 3)], 1, 4))
    figures = evaluate(Fixed(9, -math.inf, 2, 1), task, EvaluationConfig(ks=(3,)))
    assert figures.top.tolist() == [[2, 3, -1]]
    assert evaluate(Fixed(9, 8, 2, 1), task, EvaluationConfig(ks=(10,))).top.tolist() == [[1, 2, 3] + [-1] * 7]


def test_equal_scores_are_ordered_by_dense_id() -> None:
    people = data_of([], 1, 50).people()
    scores = np.zeros(50)
    scores[[40, 7]] = 1
    assert rank(Fixed(*scores), people, people.weights, 5).tolist() == [[7, 40, 0, 1, 2]]


def test_blocks_change_nothing() -> None:
    generator = np.random.default_rng(0)
    scores = generator.normal(size=(37, 60)).astype(np.float32)
    train = [(user, int(item)) for user in range(37) for item in generator.choice(60, 5, replace=False)]
    held_out = sp.csr_matrix(generator.random((37, 60)) < 0.1).astype(np.float32)
    task = Task.of(data_of(train, 37, 60), matrix(train, 37, 60), held_out)
    whole = evaluate(Table(scores), task)
    blocks = evaluate(Table(scores), task, EvaluationConfig(block_bytes=4 * 60 * 5))
    assert (whole.top == blocks.top).all()
    assert whole.means == blocks.means

    expected = []
    for user in task.users:
        allowed = [item for item in np.argsort(-scores[user]) if (user, item) not in set(train)]
        wanted = set(held_out[user].indices)
        expected.append(len(wanted & set(allowed[:10])) / len(wanted))
    assert whole.per_person["recall@10"] == pytest.approx(expected)


@pytest.mark.parametrize(("scores", "said"), [((1, math.nan), "NaN"), ((1, 2, 3), r"shape \(1, 3\)")])
def test_a_scorer_that_returns_nonsense_is_named(scores: tuple[float, ...], said: str) -> None:
    people = data_of([], 1, 2).people()
    with pytest.raises(InvalidInput, match=f"Fixed returned .*{said}"):
        rank(Fixed(*scores), people, people.weights, 1)


def test_no_k_is_refused() -> None:
    with pytest.raises(InvalidInput, match="at least one k"):
        EvaluationConfig(ks=())
