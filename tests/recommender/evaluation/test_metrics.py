"""Metrics against numbers worked out by hand and a slow reference."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.errors import InvalidInput
from recommender.evaluation import metrics
from recommender.evaluation.metrics import METRICS, Hits


def relevance(*rows: set[int], num_items: int = 10) -> sp.csr_matrix:
    matrix = sp.lil_matrix((len(rows), num_items), dtype=np.float32)
    for row, items in enumerate(rows):
        for item in items:
            matrix[row, item] = 1
    return matrix.tocsr()


@pytest.fixture
def hits() -> Hits:
    """Three people: one likes 3 items, found at ranks 2 and 4; one likes an item, found at rank 1; one likes none."""
    top = np.array([[7, 1, 8, 2, 9], [5, 0, 1, 2, 3], [0, 1, 2, 3, 4]])
    return Hits.of(top, relevance({1, 2, 3}, {5}, set()))


@pytest.mark.parametrize(
    ("metric", "k", "first", "second"),
    [
        ("recall", 4, 2 / 3, 1.0),
        ("recall", 3, 1 / 3, 1.0),
        ("precision", 4, 2 / 4, 1 / 4),
        ("hit", 1, 0.0, 1.0),
        ("hit", 2, 1.0, 1.0),
        ("mrr", 5, 1 / 2, 1.0),
        ("mrr", 1, 0.0, 1.0),
        ("map", 4, (1 / 2 + 2 / 4) / 3, 1.0),
        ("map", 2, (1 / 2) / 2, 1.0),
        ("ndcg", 4, (1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3) + 1 / 2), 1.0),
        ("ndcg", 2, (1 / math.log2(3)) / (1 + 1 / math.log2(3)), 1.0),
    ],
)
def test_metric_by_hand(hits: Hits, metric: str, k: int, first: float, second: float) -> None:
    values = METRICS[metric](hits, k)
    assert values[:2] == pytest.approx([first, second])
    assert np.isnan(values[2]), "a person without a relevant item has no value"
    assert metrics.mean(values) == pytest.approx((first + second) / 2)


def test_items_that_are_no_candidates_stay_in_the_denominator() -> None:
    top = np.array([[1, 2], [1, 2]])
    hits = Hits.of(top, relevance({1}, set()), outside=np.array([3, 1]))
    assert metrics.recall(hits, 2).tolist() == [0.25, 0.0]
    assert metrics.ndcg(hits, 2) == pytest.approx([1 / (1 + 1 / math.log2(3)), 0.0])


def test_a_list_that_ended_has_misses_below() -> None:
    hits = Hits.of(np.array([[3, -1, -1]]), relevance({3, 4}))
    assert metrics.precision(hits, 3).tolist() == [pytest.approx(1 / 3)]
    assert metrics.recall(hits, 3).tolist() == [0.5]


def test_no_list_may_repeat_an_item() -> None:
    with pytest.raises(InvalidInput, match="twice"):
        Hits.of(np.array([[3, 3]]), relevance({3}))


def test_k_beyond_the_lists_is_refused(hits: Hits) -> None:
    with pytest.raises(InvalidInput, match=r"k = 6 is outside \[1, 5\]"):
        metrics.recall(hits, 6)


def test_coverage_and_gini_by_hand() -> None:
    top = np.array([[0, 1, 2], [0, 3, -1]])
    assert metrics.coverage(top, 1, 10) == 0.1
    assert metrics.coverage(top, 3, 10) == 0.4
    # counts 2, 1, 1, 1 and six zeros: sum over the sorted positions 7, 8, 9, 10 of (2 i - 11) x = 3 + 5 + 7 + 18
    assert metrics.gini(top, 3, 10) == pytest.approx(33 / (10 * 5))


def slow(top: list[int], wanted: set[int], k: int) -> dict[str, float]:
    """Every metric of one person, as its docstring says it, item by item."""
    found = [item in wanted for item in top[:k]]
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(wanted)) + 1))
    first = next((rank for rank, hit in enumerate(found, 1) if hit), None)
    precisions = [sum(found[:rank]) / rank for rank, hit in enumerate(found, 1) if hit]
    return {
        "recall": len(set(top[:k]) & wanted) / len(wanted),
        "precision": len(set(top[:k]) & wanted) / k,
        "hit": float(any(found)),
        "mrr": 1 / first if first else 0.0,
        "ndcg": sum(1 / math.log2(rank + 1) for rank, hit in enumerate(found, 1) if hit) / ideal,
        "map": sum(precisions) / min(k, len(wanted)),
    }


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.permutations(range(12)), st.sets(st.integers(0, 11), min_size=1)), min_size=1, max_size=6),
    st.integers(1, 12),
)
def test_vectorised_metrics_equal_the_slow_reference(people: list[tuple[list[int], set[int]]], k: int) -> None:
    hits = Hits.of(np.array([top for top, _ in people]), relevance(*(wanted for _, wanted in people), num_items=12))
    for name, metric in METRICS.items():
        expected = [slow(top, wanted, k)[name] for top, wanted in people]
        assert metric(hits, k) == pytest.approx(expected), name
