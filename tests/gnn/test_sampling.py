from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from gnn.errors import ConfigError, ShapeError
from gnn.sampling import Edges, NegativeSampler
from gnn.sparse import to_torch

CELLS = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 0, 1], [1, 1, 0, 0]], dtype=np.float32)


def test_every_cell_comes_once_an_epoch_in_another_order() -> None:
    edges, generator = Edges(to_torch(sp.csr_matrix(CELLS))), torch.Generator().manual_seed(1)
    first, second = (torch.cat(list(edges.batches(3, generator))).tolist() for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(8))
    assert first != second


def test_membership_is_that_of_the_matrix() -> None:
    edges = Edges(to_torch(sp.csr_matrix(CELLS)))
    rows, columns = torch.meshgrid(torch.arange(4), torch.arange(4), indexing="ij")
    np.testing.assert_array_equal(edges.contains(rows, columns).numpy(), CELLS > 0)


def test_draws_follow_the_counts() -> None:
    """Counts are 4, 3, 0, 1; to the power 1/2 the odds are 2 : 1.73 : 0 : 1."""
    sampler = NegativeSampler(Edges(to_torch(sp.csr_matrix(CELLS))), 0.5)
    drawn = sampler.draw(100_000, torch.Generator().manual_seed(0))
    share = torch.bincount(drawn, minlength=4) / len(drawn)
    odds = torch.tensor([2.0, 3**0.5, 0.0, 1.0])
    torch.testing.assert_close(share, odds / odds.sum(), atol=0.01, rtol=0)
    torch.testing.assert_close(sampler.log_probability.exp(), odds / odds.sum())
    uniform = NegativeSampler(Edges(to_torch(sp.csr_matrix(CELLS))), 0.0)
    assert uniform.log_probability.exp().tolist() == pytest.approx([1 / 3, 1 / 3, 0, 1 / 3])


def test_negatives_are_no_positives() -> None:
    edges = Edges(to_torch(sp.csr_matrix(CELLS)))
    sampler, generator = NegativeSampler(edges, 1.0), torch.Generator().manual_seed(0)
    rows = torch.tensor([0, 1, 3]).repeat(200)
    drawn = sampler.draw_against(rows, generator, attempts=100)
    assert not edges.contains(rows, drawn).any()


def test_bad_input_is_refused() -> None:
    with pytest.raises(ShapeError, match="no cell"):
        Edges(to_torch(sp.csr_matrix((2, 3), dtype=np.float32)))
    with pytest.raises(ConfigError, match="exponent"):
        NegativeSampler(Edges(to_torch(sp.csr_matrix(CELLS))), -1.0)
