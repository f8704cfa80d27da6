"""Sparse matrices as torch CSR tensors (float32 values, int64 indices), and the few products that everything here uses.

Matrices come in from scipy through :func:`to_torch` and leave through :func:`to_scipy`; in between nothing but tensors
is passed, on whatever device they live.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

import scipy.sparse as sp
import torch
from torch import Tensor

from gnn.errors import ShapeError


def to_torch(matrix: sp.csr_matrix, device: str | torch.device = "cpu") -> Tensor:
    """A scipy matrix as a CSR tensor with sorted, distinct column indices, float32 values; the values are copied."""
    matrix = sp.csr_matrix(matrix, copy=True)
    matrix.sum_duplicates()
    indptr = torch.from_numpy(matrix.indptr.astype("int64"))
    indices = torch.from_numpy(matrix.indices.astype("int64"))
    values = torch.from_numpy(matrix.data.astype("float32"))
    return csr(indptr.to(device), indices.to(device), values.to(device), matrix.shape)


def to_scipy(matrix: Tensor) -> sp.csr_matrix:
    """A CSR tensor as a scipy matrix, float32; on the processor the values are shared."""
    parts = (matrix.values(), matrix.col_indices(), matrix.crow_indices())
    return sp.csr_matrix(tuple(part.detach().cpu().numpy() for part in parts), shape=tuple(matrix.shape))


def csr(indptr: Tensor, indices: Tensor, values: Tensor, shape: tuple[int, ...] | torch.Size) -> Tensor:
    """A CSR tensor of its three arrays; indices must be sorted and distinct within a row (not checked)."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(indptr, indices, values, size=tuple(shape), check_invariants=False)


def coo(rows: Tensor, columns: Tensor, values: Tensor, shape: tuple[int, int]) -> Tensor:
    """The CSR tensor of distinct cells in any order: ``rows``, ``columns`` ``(n,)`` int64, ``values`` ``(n,)``."""
    order = torch.argsort(rows * shape[1] + columns)
    return csr(indptr_of(rows, shape[0]), columns[order], values[order], shape)


def indptr_of(rows: Tensor, size: int) -> Tensor:
    """``(size + 1,)`` int64 row pointers of cells with these row numbers."""
    counts = torch.bincount(rows, minlength=size)
    return torch.cat([counts.new_zeros(1), counts.cumsum(0)])


def check_csr(matrix: Tensor, name: str, columns: int | None = None) -> Tensor:
    """The matrix itself.

    Raises:
        ShapeError: not a two-dimensional CSR tensor, or with another number of columns.
    """
    if matrix.layout is not torch.sparse_csr or matrix.dim() != 2:
        raise ShapeError(
            f"{name} must be a two-dimensional CSR tensor (gnn.sparse.to_torch makes one), not {matrix.layout}"
        )
    if columns is not None and matrix.shape[1] != columns:
        raise ShapeError(f"{name} has {matrix.shape[1]} columns; {columns} are expected")
    return matrix


def counts(matrix: Tensor) -> Tensor:
    """``(rows,)`` int64: stored cells a row."""
    return matrix.crow_indices().diff()


def row_ids(matrix: Tensor) -> Tensor:
    """``(nnz,)`` int64: the row of each stored cell."""
    return torch.repeat_interleave(torch.arange(matrix.shape[0], device=matrix.device), counts(matrix))


def with_values(matrix: Tensor, values: Tensor) -> Tensor:
    """The same pattern with other values."""
    return csr(matrix.crow_indices(), matrix.col_indices(), values, matrix.shape)


def degrees(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Sums of ``|w|`` over each row ``(rows,)`` and each column ``(columns,)``, float32."""
    size = matrix.values().abs()
    by_row = size.new_zeros(matrix.shape[0]).index_add_(0, row_ids(matrix), size)
    by_column = size.new_zeros(matrix.shape[1]).index_add_(0, matrix.col_indices(), size)
    return by_row, by_column


def inverse_power(degree: Tensor, exponent: float) -> Tensor:
    """``degree ** -exponent``, and 1 where the degree is 0: a node without edges has nothing to normalise."""
    return torch.where(degree > 0, degree, torch.ones_like(degree)) ** -exponent


def keep(matrix: Tensor, chosen: Tensor) -> Tensor:
    """Only the cells where ``chosen`` ``(nnz,)`` bool holds."""
    before = torch.cat([chosen.new_zeros(1, dtype=torch.int64), chosen.cumsum(0)])
    indices, values = matrix.col_indices()[chosen], matrix.values()[chosen]
    return csr(before[matrix.crow_indices()], indices, values, matrix.shape)


def normalise(matrix: Tensor, row_exponent: float = 0.5, column_exponent: float = 0.5) -> Tensor:
    """``D_r^-a W D_c^-b`` with degrees of ``|w|``; ``a = b = 1/2`` is the symmetric form ``D^-1/2 A D^-1/2``."""
    by_row, by_column = degrees(matrix)
    left = inverse_power(by_row, row_exponent)[row_ids(matrix)]
    right = inverse_power(by_column, column_exponent)[matrix.col_indices()]
    return with_values(matrix, matrix.values() * left * right)


def transpose(matrix: Tensor) -> Tensor:
    """The transpose, again as CSR."""
    rows, columns = row_ids(matrix), matrix.col_indices()
    order = torch.argsort(columns, stable=True)
    pointers = indptr_of(columns, matrix.shape[1])
    return csr(pointers, rows[order], matrix.values()[order], (matrix.shape[1], matrix.shape[0]))


def rows_of(matrix: Tensor, start: int, stop: int) -> Tensor:
    """Rows ``start`` to ``stop`` as CSR; indices and values are views."""
    pointers = matrix.crow_indices()[start : stop + 1]
    cells = slice(int(pointers[0]), int(pointers[-1]))
    shape = (len(pointers) - 1, matrix.shape[1])
    return csr(pointers - pointers[0], matrix.col_indices()[cells], matrix.values()[cells], shape)


def take_rows(matrix: Tensor, rows: Tensor) -> Tensor:
    """These rows ``(h,)`` int64, in this order, as CSR ``(h, columns)``."""
    lengths = counts(matrix)[rows]
    pointers = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])
    shift = torch.repeat_interleave(matrix.crow_indices()[rows] - pointers[:-1], lengths)
    cells = shift + torch.arange(int(pointers[-1]), device=matrix.device)
    return csr(pointers, matrix.col_indices()[cells], matrix.values()[cells], (len(rows), matrix.shape[1]))


def beside(matrices: Sequence[Tensor]) -> Tensor:
    """CSR matrices of as many rows, one beside the other; at least one."""
    joined = sp.hstack([to_scipy(matrix) for matrix in matrices], format="csr")
    return to_torch(joined, matrices[0].device)


def blocks(matrix: Tensor, size: int) -> Iterator[tuple[slice, Tensor]]:
    """Consecutive blocks of at most ``size`` rows, each with where it stands."""
    for start in range(0, matrix.shape[0], size):
        stop = min(start + size, matrix.shape[0])
        yield slice(start, stop), rows_of(matrix, start, stop)


def densify(matrix: Tensor) -> Tensor:
    """The dense ``(rows, columns)`` float32 matrix."""
    dense = matrix.values().new_zeros(matrix.shape[0] * matrix.shape[1])
    dense[row_ids(matrix) * matrix.shape[1] + matrix.col_indices()] = matrix.values()
    return dense.view(*matrix.shape)


def product(left: Tensor, right: Tensor) -> Tensor:
    """Sparse times sparse, as CSR with sorted indices.

    On the processor scipy does it: torch needs MKL for it, which only some builds have.
    """
    if left.device.type == "cpu":
        return to_torch(to_scipy(left) @ to_scipy(right))
    return left @ right
