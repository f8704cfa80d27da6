"""Item-item models: a matrix ``B`` found without iteration; the score of a row ``x`` is ``x B``.

:func:`ease` is a dense closed form, :func:`item_knn` and :func:`rp3beta` keep a few neighbours of each item. All take
the liked cells only (weights above 0); a negative weight in ``x`` subtracts what a positive one would add.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm import tqdm

from gnn.errors import Diverged, ShapeError, require
from gnn.sparse import (
    blocks,
    check_csr,
    coo,
    degrees,
    densify,
    inverse_power,
    normalise,
    product,
    take_rows,
    transpose,
    with_values,
)

BLOCK_FLOATS = 1 << 24
"""Dense similarities held at once (64 MiB)."""


@dataclass(frozen=True)
class ItemItem:
    """``B`` ``(n, n)`` float32, dense or CSR; ``B[i, j]`` is what item ``i`` of a history adds to item ``j``."""

    matrix: Tensor

    def score(self, history: Tensor) -> Tensor:
        """``x B``, dense ``(B, n)``, for CSR rows ``x`` of signed weights.

        Raises:
            ShapeError: another number of items.
        """
        check_csr(history, "history", self.matrix.shape[0])
        if self.matrix.layout is torch.sparse_csr:
            return densify(product(history, self.matrix))
        return history @ self.matrix

    def contributions(self, history: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Where the scores of ``targets`` ``(t,)`` come from, for one CSR history ``(1, n)``.

        Returns:
            the items ``(h,)`` int64 and ``x_i B_ij`` ``(h, t)`` float32; columns add up to the scores.
        """
        check_csr(history, "history", self.matrix.shape[0])
        items = history.col_indices()
        sparse = self.matrix.layout is torch.sparse_csr
        rows = densify(take_rows(self.matrix, items)) if sparse else self.matrix[items]
        return items, history.values()[:, None] * rows[:, targets]


@dataclass(frozen=True)
class EASEConfig:
    """Hyper-parameters of :func:`ease`."""

    regularisation: float = 200.0
    """``lambda > 0``, added to the Gram diagonal: in units of co-occurrences, 10 (sparse) to 1,000 (dense)."""
    dropout: float = 0.0
    """``p`` in [0, 1) of the denoising form: adds ``p / (1 - p)`` of each item's own count to its diagonal."""

    def __post_init__(self) -> None:
        require(self.regularisation > 0, f"regularisation = {self.regularisation} is not above 0")
        require(0 <= self.dropout < 1, f"dropout = {self.dropout} is outside [0, 1)")

    @staticmethod
    def needed(items: int) -> int:
        """Bytes of the dense solve: one float32 matrix of items x items, and the blocks beside it."""
        return 4 * items * items + 4 * 4 * min(BLOCK_FLOATS, items * items)


def ease(matrix: Tensor, config: EASEConfig, extra: Sequence[tuple[float, Tensor]] = ()) -> ItemItem:
    """The best zero-diagonal ``B`` for ``X ~ X B`` in the sense of ridge regression.

    ``B = I - P diag(1 / diag P)``, ``P = (G + Lambda)^-1``, ``G = X^T X + sum_r w_r F_r F_r^T`` and
    ``Lambda = lambda I + p / (1 - p) diag(G)``. Steck, "Embarrassingly shallow autoencoders for sparse data", WWW
    2019; with ``p > 0`` the full-rank denoising form of Steck, "Autoencoders that don't overfit towards the identity",
    NeurIPS 2020. Each ``F_r`` adds what is known of items as further rows of ``X``, as if a node were a person who
    likes its items: KG incidence, attributes, text neighbours (the collective form of Jeunen et al., RecSys 2020).

    Args:
        matrix: CSR ``(U, n)`` weights above 0.
        config: hyper-parameters.
        extra: pairs of a weight ``w_r >= 0`` and CSR ``F_r`` ``(n, nodes)``.

    Raises:
        ShapeError: an ``F_r`` with another number of rows.
    """
    check_csr(matrix, "matrix")
    size = matrix.shape[1]
    for _, features in extra:
        check_csr(features, "extra")
        if features.shape[0] != size:
            raise ShapeError(f"extra has {features.shape[0]} rows; one for each of {size} items is expected")
    total = gram(matrix)
    for weight, features in extra:
        if weight > 0:
            add_gram(total, transpose(features), weight)
    return ItemItem(_zero_diagonal_regression(total, config))


def gram(matrix: Tensor) -> Tensor:
    """``X^T X``, dense ``(n, n)`` float32, of a CSR ``(m, n)`` matrix."""
    result = matrix.values().new_zeros(matrix.shape[1], matrix.shape[1])
    add_gram(result, matrix)
    return result


def add_gram(total: Tensor, matrix: Tensor, weight: float = 1.0) -> None:
    """Adds ``weight X^T X`` of a CSR ``(m, n)`` matrix to ``total`` ``(n, n)``, a block of rows at a time."""
    other = transpose(matrix)
    for rows, block in blocks(other, max(1, BLOCK_FLOATS // max(1, other.shape[0]))):
        total[rows] += densify(product(block, matrix)).mul_(weight)


def _zero_diagonal_regression(total: Tensor, config: EASEConfig) -> Tensor:
    """Overwrites ``G`` with ``B``."""
    diagonal = total.diagonal()
    diagonal += config.regularisation + config.dropout / (1 - config.dropout) * diagonal
    invert(total)
    total /= -total.diagonal().clone()
    total.fill_diagonal_(0.0)
    return total


def invert(matrix: Tensor) -> None:
    """Overwrites a symmetric positive definite matrix ``(n, n)`` float32 with its inverse, by Cholesky.

    On a processor nothing of that size is allocated beside it: LAPACK works in place on one triangle of the transpose,
    which is the same matrix in the order of columns, and the other triangle is then copied from it.

    Raises:
        Diverged: it is not positive definite.
    """
    if matrix.device.type != "cpu":
        matrix.copy_(torch.cholesky_inverse(torch.linalg.cholesky(matrix)))
        return
    if not matrix.numel():
        return
    from scipy.linalg import lapack  # a third of a second of import, which serving need not spend

    columns = matrix.numpy().T
    _, failed = lapack.spotrf(columns, lower=1, clean=0, overwrite_a=1)
    if not failed:
        _, failed = lapack.spotri(columns, lower=1, overwrite_c=1)
    if failed:
        raise Diverged(f"the matrix of items x items is not positive definite (LAPACK says {failed}); regularise more")
    # The lower triangle of the transpose is the upper one here.
    step = max(1, BLOCK_FLOATS // len(matrix))
    for start in range(0, len(matrix), step):
        end = start + step
        matrix[end:, start:end] = matrix[start:end, end:].T
        corner = matrix[start:end, start:end]
        corner.copy_(corner.triu() + corner.triu(1).T)


@dataclass(frozen=True)
class ItemKNNConfig:
    """Hyper-parameters of :func:`item_knn`."""

    neighbours: int = 100
    """How many neighbours of each recommended item count, 20 to 500."""
    shrinkage: float = 10.0
    """Added to the denominator: similarities that rest on few people shrink towards 0."""
    asymmetry: float = 0.5
    """``alpha`` in [0, 1]: 1/2 is the cosine; above, long histories' popular items count for less."""
    user_exponent: float = 0.0
    """Each row is first divided by (its sum) ** this, in [0, 1]: people who like everything say less."""

    def __post_init__(self) -> None:
        require(self.neighbours >= 1, f"neighbours = {self.neighbours} is below 1")
        require(self.shrinkage >= 0, f"shrinkage = {self.shrinkage} is negative")
        require(0 <= self.asymmetry <= 1, f"asymmetry = {self.asymmetry} is outside [0, 1]")
        require(0 <= self.user_exponent <= 1, f"user_exponent = {self.user_exponent} is outside [0, 1]")


def item_knn(matrix: Tensor, config: ItemKNNConfig, progress: bool = False) -> ItemItem:
    """Sparse ``B`` with, for each target ``j``, its ``neighbours`` most similar items ``i != j``:

    ``B_ij = x_i·x_j / (|x_i|^(2 alpha) |x_j|^(2 (1 - alpha)) + shrinkage)`` over the columns ``x`` of the matrix.

    Sarwar et al., WWW 2001; the asymmetric cosine is that of Aiolli, RecSys 2013; shrinkage and protocol as in Ferrari
    Dacrema et al., RecSys 2019.

    Args:
        matrix: CSR ``(U, n)`` weights above 0.
        config: hyper-parameters.
        progress: whether to show a bar on stderr.
    """
    check_csr(matrix, "matrix")
    matrix = normalise(matrix, config.user_exponent, 0.0)
    other = transpose(matrix)
    squares = degrees(with_values(matrix, matrix.values() ** 2))[1]
    own, target = squares**config.asymmetry, squares ** (1 - config.asymmetry)

    def similarity(targets: slice, dots: Tensor) -> Tensor:
        return dots / (own * target[targets, None] + config.shrinkage).clamp_min(1e-12)

    return ItemItem(transpose(_nearest(other, matrix, similarity, config.neighbours, progress)))


@dataclass(frozen=True)
class RP3BetaConfig:
    """Hyper-parameters of :func:`rp3beta`."""

    alpha: float = 1.0
    """Each transition probability is raised to this power, 0 to 2."""
    beta: float = 0.6
    """Popularity of the target is divided out to this power, 0 to 1."""
    neighbours: int = 200
    """How many neighbours of each recommended item count."""

    def __post_init__(self) -> None:
        require(self.neighbours >= 1, f"neighbours = {self.neighbours} is below 1")
        require(self.alpha >= 0 and self.beta >= 0, f"alpha = {self.alpha} and beta = {self.beta} must not be negative")


def rp3beta(matrix: Tensor, config: RP3BetaConfig, progress: bool = False) -> ItemItem:
    """Three-step random walks user - item - user - item with popular targets damped.

    ``B_ij = sum_u p(u | i)^alpha p(j | u)^alpha / degree_j^beta`` for each target's largest entries, ``i != j``.
    Paudel, Christoffel, Newell, Bernstein, "Updatable, accurate, diverse, and scalable recommendations for interactive
    applications", TiiS 2017. ``p(u | i)`` is the weight of the cell among those of the item, ``p(j | u)`` among those
    of the person; the first step is the history that :meth:`ItemItem.score` is given.

    Args:
        matrix: CSR ``(U, n)`` weights above 0.
        config: hyper-parameters.
        progress: whether to show a bar on stderr.
    """
    check_csr(matrix, "matrix")
    to_item = normalise(matrix, 1.0, 0.0)
    to_user = normalise(matrix, 0.0, 1.0)
    to_item = with_values(to_item, to_item.values() ** config.alpha)
    to_user = with_values(to_user, to_user.values() ** config.alpha)
    damping = inverse_power(degrees(matrix)[1], config.beta)

    def walk(targets: slice, steps: Tensor) -> Tensor:
        return steps * damping[targets, None]

    return ItemItem(transpose(_nearest(transpose(to_item), to_user, walk, config.neighbours, progress)))


def _nearest(
    left: Tensor, right: Tensor, weigh: Callable[[slice, Tensor], Tensor], neighbours: int, progress: bool
) -> Tensor:
    """CSR ``(n, n)``: in each row of ``weigh(left right)``, the diagonal left out, the largest entries above 0."""
    size = right.shape[1]
    rows, columns, values = [], [], []
    step = max(1, BLOCK_FLOATS // max(1, size))
    bar = tqdm(total=size, desc="neighbours", disable=not progress, leave=False)
    with bar:
        for here, block in blocks(left, step):
            found = weigh(here, densify(product(block, right)))
            own = torch.arange(here.start, here.stop, device=found.device)
            found[own - here.start, own] = 0.0
            best, ids = torch.topk(found, min(neighbours, size), dim=1)
            kept = best > 0
            rows.append(own[:, None].expand_as(ids)[kept])
            columns.append(ids[kept])
            values.append(best[kept])
            bar.update(len(own))
    return coo(torch.cat(rows), torch.cat(columns), torch.cat(values), (size, size))
