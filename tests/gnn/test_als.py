from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from threadpoolctl import threadpool_limits

from gnn import als
from gnn.als import ALSConfig, Factors
from gnn.errors import ConfigError, ShapeError
from gnn.sparse import rows_of, to_torch


@pytest.fixture
def ratings() -> sp.csr_matrix:
    """Signed weights of 30 rows and 20 columns, row lengths from 0 to all."""
    rng = np.random.default_rng(3)
    density = np.linspace(0, 1, 30)[:, None]
    signs = np.where(rng.random((30, 20)) < 0.2, -1, 1)
    return sp.csr_matrix((rng.random((30, 20)) < density) * signs * rng.uniform(0.2, 1, (30, 20)).astype(np.float32))


def dense_solve(items: np.ndarray, row: np.ndarray, config: ALSConfig) -> np.ndarray:
    """The normal equations of one row, written out over all items."""
    items = items.astype(np.float64)
    ridge = config.regularisation * (np.abs(row).sum() + config.unobserved_weight * len(row)) ** config.exponent
    system = ridge * np.eye(items.shape[1]) + (items.T * (config.unobserved_weight + np.abs(row))) @ items
    return np.linalg.solve(system, items.T @ row)


@pytest.mark.parametrize(("exponent", "dimensions"), [(0.0, 5), (0.5, 5), (1.0, 5), (1.0, 16), (1.0, 1024)])
def test_fold_in_is_the_dense_solution_of_each_row(ratings: sp.csr_matrix, exponent: float, dimensions: int) -> None:
    config = ALSConfig(dimensions, unobserved_weight=0.3, regularisation=0.1, exponent=exponent)
    ratings = ratings[:: 1 if dimensions < 100 else 14]
    items = torch.randn(20, dimensions, generator=torch.Generator().manual_seed(1))
    solved = als.fold_in(items, als.gram(items, config), to_torch(ratings), config).numpy()
    expected = np.stack([dense_solve(items.numpy(), row, config) for row in ratings.toarray()])
    np.testing.assert_allclose(solved, expected, rtol=1e-3, atol=1e-5)
    assert (solved[0] == 0).all()  # the empty row


def test_batches_of_padded_rows_change_nothing(ratings: sp.csr_matrix, monkeypatch: pytest.MonkeyPatch) -> None:
    config, matrix = ALSConfig(dimensions=4), to_torch(ratings)
    items = torch.randn(20, 4, generator=torch.Generator().manual_seed(1))
    whole = als.fold_in(items, als.gram(items, config), matrix, config)
    monkeypatch.setattr(als, "BLOCK_FLOATS", 200)
    torch.testing.assert_close(als.fold_in(items, als.gram(items, config), matrix, config), whole)


def test_every_sweep_lowers_the_objective(ratings: sp.csr_matrix) -> None:
    config = ALSConfig(dimensions=4, iterations=1, unobserved_weight=0.2, regularisation=0.05)
    matrix = to_torch(ratings)
    found = als.fit(matrix, config, seed=1)
    values = [als.objective(matrix, found, config)]
    for _ in range(6):
        found = als.fit(matrix, config, warm_start=found)
        values.append(als.objective(matrix, found, config))
    assert all(later < earlier for earlier, later in pairwise(values))


def test_objective_by_hand() -> None:
    config = ALSConfig(dimensions=1, unobserved_weight=0.5, regularisation=0.1, exponent=1.0)
    matrix = to_torch(sp.csr_matrix(np.array([[1.0, 0.0]])))
    factors = Factors(torch.tensor([[2.0]]), torch.tensor([[0.25], [1.0]]))
    # cell (1 - .5)^2; all pairs .5 (.5^2 + 2^2); user .1 (1 + 1) 4; items .1 (1 + .5) .0625 and .1 (0 + .5) 1
    assert als.objective(matrix, factors, config) == pytest.approx(0.25 + 2.125 + 0.8 + 0.009375 + 0.05)


@pytest.mark.parametrize("exponent", [0.0, 1.0])
def test_as_many_steps_as_dimensions_solve_exactly(ratings: sp.csr_matrix, exponent: float) -> None:
    config = ALSConfig(6, unobserved_weight=0.3, regularisation=0.1, exponent=exponent, cg_steps=6)
    matrix, generator = to_torch(ratings), torch.Generator().manual_seed(1)
    items, start = (torch.randn(size, 6, generator=generator) for size in (20, 30))
    shared = als.gram(items, config)
    exact = als.fold_in(items, shared, matrix, config)
    torch.testing.assert_close(
        als.conjugate_gradients(start, items, shared, matrix, config), exact, rtol=1e-3, atol=1e-4
    )
    # From the solution nothing moves, and nothing is divided by nothing.
    torch.testing.assert_close(
        als.conjugate_gradients(exact, items, shared, matrix, config), exact, rtol=1e-4, atol=1e-5
    )


def test_each_step_of_conjugate_gradients_lowers_every_row(ratings: sp.csr_matrix) -> None:
    config = ALSConfig(8, unobserved_weight=0.3, regularisation=0.1)
    generator = torch.Generator().manual_seed(1)
    items, start = (torch.randn(size, 8, generator=generator) for size in (20, 30))
    dense, shared = ratings.toarray(), als.gram(items, config)

    def losses(users: torch.Tensor) -> np.ndarray:
        """``x A x - 2 b x`` of each row, written out over all items."""
        ridge = config.regularisation * (np.abs(dense).sum(1) + config.unobserved_weight * 20)
        scores = (users @ items.T).double().numpy()
        weighted = ((config.unobserved_weight + np.abs(dense)) * scores**2).sum(1)
        return weighted + ridge * (users.double().numpy() ** 2).sum(1) - 2 * (dense * scores).sum(1)

    found = [losses(start)[1:]]
    for steps in range(1, 6):
        stepped = replace(config, cg_steps=steps)
        found.append(losses(als.conjugate_gradients(start, items, shared, to_torch(ratings), stepped))[1:])
    assert all((later < earlier).all() for earlier, later in pairwise(found))


def test_the_fit_reaches_the_loss_of_exact_solves(ratings: sp.csr_matrix) -> None:
    config, matrix = (
        ALSConfig(dimensions=4, iterations=15, unobserved_weight=0.2, regularisation=0.05),
        to_torch(ratings),
    )
    exact = als.objective(matrix, als.fit(matrix, replace(config, cg_steps=0)), config)
    assert als.objective(matrix, als.fit(matrix, config), config) == pytest.approx(exact, rel=0.002)


def test_fold_in_of_a_training_row_is_its_trained_factor(ratings: sp.csr_matrix) -> None:
    config, matrix = ALSConfig(dimensions=6, iterations=3, cg_steps=0), to_torch(ratings)
    found = als.fit(matrix, config)
    again = als.fold_in(found.items, als.gram(found.items, config), rows_of(matrix, 17, 18), config)
    torch.testing.assert_close(again[0], found.users[17], rtol=1e-4, atol=1e-6)


def test_contributions_add_up_and_a_dislike_pulls_down(ratings: sp.csr_matrix) -> None:
    config, matrix = ALSConfig(dimensions=6, iterations=3, cg_steps=0), to_torch(ratings)
    found = als.fit(matrix, config)
    shared, row = als.gram(found.items, config), rows_of(matrix, 20, 21)
    items, parts = als.contributions(found.items, shared, row, torch.arange(20), config)
    torch.testing.assert_close(parts.sum(0).float(), found.items @ found.users[20], rtol=1e-4, atol=1e-5)
    # an item's own weight times a positive-definite form of its vector: the sign is that of the weight
    own = parts[torch.arange(len(items)), items]
    assert (own.sign() == row.values().sign()).all()
    nobody, nothing = als.contributions(found.items, shared, rows_of(matrix, 0, 1), torch.arange(20), config)
    assert len(nobody) == 0
    assert nothing.shape == (0, 20)


def test_planted_blocks_are_found() -> None:
    """Two groups that like two groups of items; one cell in five is hidden and must outrank the other block."""
    rng = np.random.default_rng(0)
    truth = np.kron(np.eye(2), np.ones((20, 15)))
    shown = truth * (rng.random(truth.shape) < 0.8)
    found = als.fit(to_torch(sp.csr_matrix(shown)), ALSConfig(dimensions=2, iterations=10))
    scores = (found.users @ found.items.T).numpy()
    assert scores[(truth == 1) & (shown == 0)].min() > scores[truth == 0].max() + 0.3


def test_a_warm_start_needs_fewer_sweeps(ratings: sp.csr_matrix) -> None:
    """One sweep from the factors of yesterday's cells is nearer to the optimum than two from nothing."""
    config, matrix = ALSConfig(dimensions=4, iterations=30), to_torch(ratings)
    yesterday = ratings.copy()
    yesterday.data[::17] = 0.0
    earlier = als.fit(to_torch(yesterday), config, seed=1)
    warm = als.fit(matrix, replace(config, iterations=1), warm_start=earlier)
    cold = als.fit(matrix, replace(config, iterations=2), seed=1)
    assert als.objective(matrix, warm, config) < als.objective(matrix, cold, config)


@pytest.mark.filterwarnings("ignore:OpenBLAS is configured")
def test_implicit_gives_the_same_scores() -> None:
    """Its weight ``alpha`` and penalty ``r`` are ours at ``1 / (alpha - 1)`` and ``r / alpha``, but for a factor."""
    implicit = pytest.importorskip("implicit.cpu.als", reason="pip install 'tastegraph[bench]'")
    rng = np.random.default_rng(0)
    liked = sp.csr_matrix((rng.random((60, 40)) < 0.2).astype(np.float32))
    alpha, penalty = 3.0, 6.0
    theirs = implicit.AlternatingLeastSquares(
        8, penalty, alpha, use_cg=False, iterations=200, random_state=0, num_threads=1
    )
    with threadpool_limits(1, "blas"):
        theirs.fit(liked, show_progress=False)
    ours = als.fit(to_torch(liked), ALSConfig(8, 200, 1 / (alpha - 1), penalty / alpha, exponent=0.0))
    scores = (ours.users @ ours.items.T).numpy() * alpha / (alpha - 1)
    np.testing.assert_allclose(scores, theirs.user_factors @ theirs.item_factors.T, atol=2e-3)


def test_the_same_seed_gives_the_same_bytes_and_warm_start_takes_new_rows(ratings: sp.csr_matrix) -> None:
    config, matrix = ALSConfig(dimensions=4, iterations=2), to_torch(ratings)
    first, second = als.fit(matrix, config, seed=5), als.fit(matrix, config, seed=5)
    assert first.users.numpy().tobytes() == second.users.numpy().tobytes()
    assert first.items.numpy().tobytes() == second.items.numpy().tobytes()
    earlier = als.fit(to_torch(ratings[:25]), config)
    frozen = ALSConfig(dimensions=4, iterations=0)
    grown = als.fit(matrix, frozen, warm_start=earlier)
    torch.testing.assert_close(grown.users[:25], earlier.users)
    assert len(grown.users) == 30


def test_bad_input_is_refused() -> None:
    with pytest.raises(ConfigError, match="unobserved_weight = 0 is not above 0"):
        ALSConfig(unobserved_weight=0)
    matrix = to_torch(sp.csr_matrix(np.eye(3)))
    with pytest.raises(ShapeError, match="warm start users"):
        als.fit(matrix, ALSConfig(dimensions=2), warm_start=Factors(torch.zeros(3, 4), torch.zeros(3, 4)))
    with pytest.raises(ShapeError, match="contributions are those of one"):
        als.contributions(torch.zeros(3, 2), torch.eye(2), matrix, torch.tensor([0]), ALSConfig(dimensions=2))
    with pytest.raises(ShapeError, match="CSR"):
        als.fit(torch.eye(3), ALSConfig())


@pytest.mark.parametrize("threads", [1, 3])
def test_rows_that_are_shared_among_threads_are_solved_as_together(
    ratings: sp.csr_matrix, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix, config, before = to_torch(ratings), ALSConfig(8, iterations=3), torch.get_num_threads()
    together = als.fit(matrix, config)
    monkeypatch.setattr(als, "LEAST", 20)
    shares = als._shares(matrix)
    assert len(shares) > 4
    assert [row for share in shares for row in range(share.start, share.stop)] == list(range(30))
    torch.set_num_threads(threads)
    try:
        apart = als.fit(matrix, config)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(apart.users, together.users, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(apart.items, together.items, rtol=1e-4, atol=1e-5)
