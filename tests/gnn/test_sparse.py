from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given
from hypothesis import strategies as st

from gnn import sparse
from gnn.errors import ShapeError


def random_csr(seed: int, rows: int, columns: int, density: float = 0.3) -> sp.csr_matrix:
    rng = np.random.default_rng(seed)
    dense = rng.normal(size=(rows, columns)) * (rng.random((rows, columns)) < density)
    return sp.csr_matrix(dense.astype(np.float32))


@given(st.integers(0, 10_000), st.integers(1, 7), st.integers(1, 7))
def test_round_trip_transpose_rows_and_products_agree_with_scipy(seed: int, rows: int, columns: int) -> None:
    matrix = random_csr(seed, rows, columns)
    tensor = sparse.to_torch(matrix)
    dense = matrix.toarray()
    np.testing.assert_array_equal(sparse.to_scipy(tensor).toarray(), dense)
    np.testing.assert_array_equal(sparse.densify(tensor).numpy(), dense)
    np.testing.assert_array_equal(sparse.densify(sparse.transpose(tensor)).numpy(), dense.T)
    for here, block in sparse.blocks(tensor, 2):
        np.testing.assert_array_equal(sparse.densify(block).numpy(), dense[here])
    some = np.random.default_rng(seed).integers(0, rows, 3)
    np.testing.assert_array_equal(sparse.densify(sparse.take_rows(tensor, torch.from_numpy(some))).numpy(), dense[some])
    square = sparse.product(sparse.transpose(tensor), tensor)
    np.testing.assert_allclose(sparse.densify(square).numpy(), dense.T @ dense, atol=1e-5)
    kept = sparse.keep(tensor, tensor.values() > 0)
    np.testing.assert_array_equal(sparse.densify(kept).numpy(), np.maximum(dense, 0))


def test_duplicates_are_summed_and_indices_sorted_on_the_way_in() -> None:
    matrix = sp.csr_matrix((np.array([1.0, 2.0, 4.0]), np.array([2, 0, 2]), np.array([0, 3])), shape=(1, 3))
    tensor = sparse.to_torch(matrix)
    assert tensor.col_indices().tolist() == [0, 2]
    assert tensor.values().tolist() == [2.0, 5.0]
    assert len(matrix.data) == 3  # the caller's matrix is not touched


def test_normalisation_by_hand_counts_a_negative_weight_by_its_size() -> None:
    tensor = sparse.to_torch(sp.csr_matrix(np.array([[1.0, -3.0], [0.0, 1.0]])))
    expected = [[1 / 2, -3 / 4], [0, 1 / 2]]  # degrees: rows 4 and 1, columns 1 and 4
    np.testing.assert_allclose(sparse.densify(sparse.normalise(tensor)).numpy(), expected, atol=1e-7)


def test_coo_sorts_cells() -> None:
    cells = (torch.tensor([1, 0, 1]), torch.tensor([0, 2, 1]), torch.tensor([3.0, 1.0, 2.0]))
    assert sparse.densify(sparse.coo(*cells, (2, 3))).tolist() == [[0, 0, 1], [3, 2, 0]]


def test_anything_but_a_fitting_csr_tensor_is_refused() -> None:
    with pytest.raises(ShapeError, match="history must be a two-dimensional CSR"):
        sparse.check_csr(torch.zeros(2, 2), "history")
    with pytest.raises(ShapeError, match="history has 3 columns; 4 are expected"):
        sparse.check_csr(sparse.to_torch(random_csr(0, 2, 3)), "history", 4)
