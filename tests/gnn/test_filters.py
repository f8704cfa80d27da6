from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from gnn import filters
from gnn.filters import (
    InteractionFilter,
    InteractionFilterConfig,
    LowRankConfig,
    LowRankEASE,
    RelationFilter,
    RelationFilterConfig,
)
from gnn.item_item import EASEConfig, ease
from gnn.sparse import rows_of, to_torch


@pytest.fixture
def liked() -> np.ndarray:
    cells = (np.random.default_rng(0).random((30, 12)) < 0.3).astype(np.float32)
    cells[:, 5] = 0  # an item that nobody touched
    return cells


def symmetric(cells: np.ndarray) -> np.ndarray:
    rows, columns = np.maximum(cells.sum(1), 1), np.maximum(cells.sum(0), 1)
    return cells / np.sqrt(np.outer(rows, columns))


def test_interaction_filter_is_the_paper_s_formula(liked: np.ndarray) -> None:
    config = InteractionFilterConfig(ideal_weight=0.4, rank=3, power_iterations=30)
    found = InteractionFilter(to_torch(sp.csr_matrix(liked)), config)
    normalised = symmetric(liked).astype(np.float64)
    right = np.linalg.svd(normalised)[2][:3].T
    scale = np.sqrt(np.maximum(liked.sum(0), 1))
    kernel = normalised.T @ normalised + 0.4 * (right @ right.T) * scale / scale[:, None]
    history = to_torch(sp.csr_matrix(liked[:4]))
    np.testing.assert_allclose(found.apply(history).numpy(), liked[:4] @ kernel, atol=1e-4)
    some = torch.tensor([7, 2])
    np.testing.assert_allclose(found.columns(some).numpy(), kernel[:, [7, 2]], atol=1e-4)
    linear = InteractionFilter(to_torch(sp.csr_matrix(liked)), InteractionFilterConfig(ideal_weight=0))
    np.testing.assert_allclose(linear.columns(some).numpy(), (normalised.T @ normalised)[:, [7, 2]], atol=1e-5)


@pytest.mark.parametrize(("hubs", "items"), [(0.5, 0.5), (1.0, 0.0), (0.0, 1.0)])
def test_relation_filter_is_the_dense_formula(liked: np.ndarray, hubs: float, items: float) -> None:
    incidence = (np.random.default_rng(1).random((12, 6)) < 0.4).astype(np.float32)
    incidence[:, 4] = 0
    incidence[2, 4] = 1  # a node of one item says nothing
    found = RelationFilter.of(to_torch(sp.csr_matrix(incidence)), RelationFilterConfig(hubs, items))
    kept = incidence[:, incidence.sum(0) > 1]
    left = kept * np.maximum(kept.sum(1, keepdims=True), 1) ** -items
    kernel = left @ np.diag(kept.sum(0) ** -hubs) @ left.T
    np.fill_diagonal(kernel, 0)
    history = to_torch(sp.csr_matrix(liked - 0.5 * liked[::-1]))
    np.testing.assert_allclose(found.apply(history).numpy(), (liked - 0.5 * liked[::-1]) @ kernel, atol=1e-5)
    np.testing.assert_allclose(found.columns(torch.tensor([3, 1])).numpy(), kernel[:, [3, 1]], atol=1e-6)


def test_a_rare_shared_node_outweighs_a_hub_and_hubs_can_be_left_out() -> None:
    """Items 0 and 1 share a node of their own; all six share a hub."""
    incidence = np.zeros((6, 2), dtype=np.float32)
    incidence[:2, 0] = 1
    incidence[:, 1] = 1
    one = to_torch(sp.csr_matrix(np.eye(1, 6)))
    scores = RelationFilter.of(to_torch(sp.csr_matrix(incidence)), RelationFilterConfig()).apply(one)[0]
    assert scores[1] > 1.5 * scores[2] > 0
    assert scores[0] == 0
    without = RelationFilter.of(to_torch(sp.csr_matrix(incidence)), RelationFilterConfig(max_degree=5)).apply(one)[0]
    assert without[1] > 0
    assert (without[2:] == 0).all()


def test_ease_of_full_rank_is_ease(liked: np.ndarray) -> None:
    matrix = to_torch(sp.csr_matrix(liked))
    exact = ease(matrix, EASEConfig(regularisation=3.0)).score(matrix)
    found = LowRankEASE.of(matrix, LowRankConfig(regularisation=3.0)).apply(matrix)
    torch.testing.assert_close(found, exact, rtol=1e-4, atol=1e-5)


def test_an_item_that_nobody_touched_says_nothing(liked: np.ndarray) -> None:
    """No rounding either: where it is all that a person met, that would be their list."""
    found = LowRankEASE.of(to_torch(sp.csr_matrix(liked)), LowRankConfig(regularisation=3.0))
    only = to_torch(sp.csr_matrix(0.2 * np.eye(1, 12, 5)))
    assert found.apply(only).abs().max() < 1e-12


def test_ease_of_low_rank_keeps_the_strongest_ties_and_no_item_vouches_for_itself() -> None:
    """Two groups of items that are liked together: two directions tell them apart."""
    rng = np.random.default_rng(2)
    liked = np.kron(np.eye(2), np.ones((40, 10))) * (rng.random((80, 20)) < 0.5)
    matrix = to_torch(sp.csr_matrix(liked.astype(np.float32)))
    low = LowRankEASE.of(matrix, LowRankConfig(regularisation=3.0, rank=2))
    whole = low.columns(torch.arange(20)).numpy()
    np.testing.assert_allclose(whole.diagonal(), 0.0, atol=1e-6)
    assert whole[:10, :10].sum() > 20 * abs(whole[:10, 10:].sum())
    np.testing.assert_allclose(low.apply(matrix).numpy(), liked.astype(np.float32) @ whole, atol=1e-5)


@pytest.mark.parametrize("kind", ["interactions", "relation"])
def test_contributions_add_up_to_the_score(liked: np.ndarray, kind: str) -> None:
    matrix = to_torch(sp.csr_matrix(liked))
    incidence = to_torch(sp.csr_matrix(liked[:8].T.copy()))
    chosen = (
        InteractionFilter(matrix, InteractionFilterConfig(rank=4))
        if kind == "interactions"
        else RelationFilter.of(incidence, RelationFilterConfig())
    )
    row = rows_of(matrix, 2, 3)
    targets = torch.tensor([9, 0, 5])
    items, parts = filters.contributions(chosen, row, targets)
    assert items.tolist() == np.flatnonzero(liked[2]).tolist()
    torch.testing.assert_close(parts.sum(0), chosen.apply(row)[0, targets], rtol=1e-4, atol=1e-6)


def test_the_same_seed_gives_the_same_bytes(liked: np.ndarray) -> None:
    matrix = to_torch(sp.csr_matrix(liked))
    first, second = (InteractionFilter(matrix, InteractionFilterConfig(rank=4), seed=3).apply(matrix) for _ in range(2))
    assert first.numpy().tobytes() == second.numpy().tobytes()


def test_weighted_relations_are_the_sum_of_their_filters(liked: np.ndarray) -> None:
    rng = np.random.default_rng(4)
    single = [
        RelationFilter.of(to_torch(sp.csr_matrix((rng.random((12, nodes)) < 0.4).astype(np.float32))), config)
        for nodes, config in ((5, RelationFilterConfig()), (9, RelationFilterConfig(hub_exponent=0.8)))
    ]
    history = to_torch(sp.csr_matrix(liked[:6]))
    expected = 0.3 * single[0].apply(history) + 2.0 * single[1].apply(history)
    both = RelationFilter.weighted(single, [0.3, 2.0])
    torch.testing.assert_close(both.apply(history), expected, rtol=1e-5, atol=1e-6)
    four = torch.tensor([4])
    torch.testing.assert_close(both.columns(four), 0.3 * single[0].columns(four) + 2.0 * single[1].columns(four))
