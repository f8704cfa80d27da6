"""Random batches for training: positives in a new order each epoch, and negatives with their expected counts."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from gnn.errors import ShapeError, require
from gnn.sparse import check_csr, row_ids


class Edges:
    """The cells of a CSR matrix as training examples.

    Args:
        matrix: CSR ``(U, I)``, weights above 0, indices sorted in each row.
    """

    def __init__(self, matrix: Tensor) -> None:
        check_csr(matrix, "matrix")
        if not len(matrix.values()):
            raise ShapeError("matrix has no cell to learn from")
        self.rows = row_ids(matrix)
        self.columns = matrix.col_indices()
        self.weights = matrix.values()
        self.size = matrix.shape[1]
        self.keys = self.rows * self.size + self.columns  # ascending, as rows and indices are

    def __len__(self) -> int:
        return len(self.rows)

    def batches(self, size: int, generator: torch.Generator) -> Iterator[Tensor]:
        """Positions ``(<= size,)`` of cells, each cell once, in random order."""
        order = torch.randperm(len(self), generator=generator).to(self.rows.device)
        for start in range(0, len(order), size):
            yield order[start : start + size]

    def contains(self, rows: Tensor, columns: Tensor) -> Tensor:
        """Whether each ``(row, column)`` is a stored cell; bool of the common shape."""
        keys = rows * self.size + columns
        positions = torch.searchsorted(self.keys, keys).clamp_max(len(self.keys) - 1)
        return self.keys[positions] == keys


class NegativeSampler:
    """Draws columns with replacement, ``q_i`` in proportion to ``count_i ** exponent``; never one without a cell.

    Args:
        edges: the positives.
        exponent: 0 draws uniformly, 1 by popularity; between them lies what works.
    """

    def __init__(self, edges: Edges, exponent: float) -> None:
        require(0 <= exponent <= 1, f"exponent = {exponent} is outside [0, 1]")
        counts = torch.bincount(edges.columns.cpu(), minlength=edges.size).double()
        mass = torch.where(counts > 0, counts**exponent, 0.0)
        self.edges = edges
        self.log_probability = (mass / mass.sum()).log().float().to(edges.rows.device)
        self._cumulative = (mass / mass.sum()).cumsum(0)

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """``(count,)`` int64 columns; the same on every device."""
        points = torch.rand(count, generator=generator, dtype=torch.float64) * self._cumulative[-1]
        found = torch.searchsorted(self._cumulative, points, right=True)
        return found.clamp_max(self.edges.size - 1).to(self.edges.rows.device)

    def draw_against(self, rows: Tensor, generator: torch.Generator, attempts: int = 8) -> Tensor:
        """One column for each row ``(B,)`` that is not among its positives, save after so many unlucky attempts."""
        drawn = self.draw(len(rows), generator)
        for _ in range(attempts):
            wrong = self.edges.contains(rows, drawn).nonzero()[:, 0]
            if not len(wrong):
                break
            drawn[wrong] = self.draw(len(wrong), generator)
        return drawn
