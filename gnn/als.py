"""Implicit alternating least squares: factors by closed-form solves, so that a new row needs one small solve.

Hu, Koren, Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008, with the frequency-scaled
regularisation of Rendle, Krichene, Zhang, Koren, "Revisiting the performance of iALS on item recommendation
benchmarks", RecSys 2022. For cells with weights ``w_ui`` (``c = |w|`` is how much a cell counts, ``p = sign(w)`` what
it says: +1 liked, -1 disliked) and ``a0`` the weight of every pair, observed or not::

    L(U, V) = sum_ui c_ui (p_ui - u·v)^2 + a0 sum_{all u,i} (u·v)^2 + sum_u reg(u) |u|^2 + sum_i reg(i) |v|^2
    reg(u)  = lambda (sum_i c_ui + a0 n_items) ^ nu

Each half-step is a least-squares problem a row, ``A_u u = b_u``, with
``A_u = a0 V^T V + sum_i c_ui v_i v_i^T + reg(u) I`` and ``b_u = sum_i c_ui p_ui v_i``.

:func:`fold_in` solves it exactly. On a processor :func:`fit` takes a few steps of conjugate gradients instead, from the
factors of the sweep before (Takács, Pilászy, Tikk, "Applications of the conjugate gradient method for implicit feedback
collaborative filtering", RecSys 2011): a dense and two sparse products multiply all rows by their systems at once and
never form them, which costs ``d`` a cell in place of ``d^2``, and ``d^2`` a row in place of ``d^3``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from tqdm import tqdm

from gnn.errors import ShapeError, require
from gnn.sparse import check_csr, counts, row_ids, rows_of, transpose, with_values
from gnn.threads import Share, sharing

BLOCK_FLOATS = 1 << 22
"""Gathered factors held at once (16 MiB): large enough for the products, small enough to stay near the cache."""

SHARES, LEAST = 16, 1 << 17
"""The rows are solved in so many shares, or in fewer of at least so many cells."""

TINY = torch.finfo(torch.float32).tiny
"""In place of 0 where nothing is divided by nothing."""


@dataclass(frozen=True)
class ALSConfig:
    """Hyper-parameters; the defaults suit 10^5 cells over some thousands of rows and columns."""

    dimensions: int = 64
    """Length of a factor, 1 to 1024 and more; cost grows with its square (cells) and cube (rows)."""
    iterations: int = 15
    """Sweeps over both sides; 10 to 20 converge."""
    unobserved_weight: float = 0.2
    """``a0 > 0``: weight of every pair beside the observed ones, which weigh 1 on top; .01 to 1 is worth a search."""
    regularisation: float = 0.02
    """``lambda > 0``; .001 to .1 with ``exponent`` 1."""
    exponent: float = 1.0
    """``nu`` in [0, 1]: 0 is plain ridge, 1 scales it by how much is known of a row."""
    cg_steps: int = 3
    """Steps of conjugate gradients a half-step on a processor, 0 to 10; 0 solves exactly, as a GPU always does."""
    init_std: float = 0.1
    """The factors start normal with standard deviation ``init_std / sqrt(dimensions)``."""

    def __post_init__(self) -> None:
        require(self.dimensions >= 1, f"dimensions = {self.dimensions} is below 1")
        require(self.iterations >= 0, f"iterations = {self.iterations} is negative")
        require(self.unobserved_weight > 0, f"unobserved_weight = {self.unobserved_weight} is not above 0")
        require(self.regularisation > 0, f"regularisation = {self.regularisation} is not above 0")
        require(0 <= self.exponent <= 1, f"exponent = {self.exponent} is outside [0, 1]")
        require(self.cg_steps >= 0, f"cg_steps = {self.cg_steps} is negative")
        require(self.init_std > 0, f"init_std = {self.init_std} is not above 0")


@dataclass(frozen=True)
class Factors:
    """``users`` ``(U, d)`` and ``items`` ``(I, d)``, float32; a score is ``u·v``."""

    users: Tensor
    items: Tensor


def fit(
    matrix: Tensor,
    config: ALSConfig,
    seed: int = 0,
    warm_start: Factors | None = None,
    progress: bool = False,
) -> Factors:
    """Alternate item and user half-steps, users last.

    Each row of ``users`` solves its system given ``items``: exactly where ``cg_steps`` is 0 and on a GPU, else nearly.

    Args:
        matrix: CSR ``(U, I)``, signed weights; a disliked cell pulls the score to -1.
        config: hyper-parameters.
        seed: of the starting factors, which do not depend on the device.
        warm_start: factors to go on from; may have fewer rows than ``matrix`` (new rows start at random).
        progress: whether to show a bar on stderr.

    Raises:
        ShapeError: ``matrix`` is not CSR, or ``warm_start`` has other dimensions or more rows.
    """
    check_csr(matrix, "matrix")
    users, items = _start(matrix, config, seed, warm_start)
    by_item = transpose(matrix)
    with sharing() as share:
        for _ in tqdm(range(config.iterations), desc="ALS", disable=not progress, leave=False):
            items = _half_step(items, users, by_item, config, share)
            users = _half_step(users, items, matrix, config, share)
    return Factors(users, items)


def _start(matrix: Tensor, config: ALSConfig, seed: int, warm: Factors | None) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    std = config.init_std / config.dimensions**0.5
    users, items = (
        (torch.randn(size, config.dimensions, generator=generator) * std).to(matrix.device) for size in matrix.shape
    )
    if warm is not None:
        for target, source, name in ((users, warm.users, "users"), (items, warm.items, "items")):
            if source.shape[1] != config.dimensions or len(source) > len(target):
                raise ShapeError(f"warm start {name} {tuple(source.shape)} do not fit into {tuple(target.shape)}")
            target[: len(source)] = source.to(target)
    return users, items


def gram(factors: Tensor, config: ALSConfig) -> Tensor:
    """``a0 V^T V``, ``(d, d)``: what all pairs, observed or not, add to every row's system."""
    return config.unobserved_weight * (factors.T @ factors)


def _half_step(start: Tensor, factors: Tensor, history: Tensor, config: ALSConfig, share: Share) -> Tensor:
    """New factors of the rows of ``history`` given ``factors`` of the other side and what the rows have now."""
    shared = gram(factors, config)
    if not config.cg_steps or history.device.type != "cpu":
        return fold_in(factors, shared, history, config)
    solution = torch.empty_like(start)

    def solve(rows: slice) -> None:
        own = rows_of(history, rows.start, rows.stop)
        solution[rows] = conjugate_gradients(start[rows], factors, shared, own, config)

    share(solve, _shares(history))
    return solution


def _shares(history: Tensor) -> list[slice]:
    """Consecutive rows of about as many cells each; the same however many threads there are."""
    cells = history.crow_indices()
    number = min(SHARES, int(cells[-1]) // LEAST + 1)
    ends = torch.searchsorted(cells, torch.arange(1, number) * (cells[-1] // number))
    bounds = [0, *torch.unique(ends).tolist(), history.shape[0]]
    return [slice(start, stop) for start, stop in pairwise(bounds) if start < stop]


def conjugate_gradients(start: Tensor, factors: Tensor, gram: Tensor, history: Tensor, config: ALSConfig) -> Tensor:
    """:func:`fold_in` by ``config.cg_steps`` steps of conjugate gradients for all rows at once.

    No step raises a row's loss, and ``d`` of them reach its exact solution but for rounding.

    Args:
        start: ``(B, d)``, where each row begins.
        factors: ``(n, d)``, the other side.
        gram: ``(d, d)``, :func:`gram` of ``factors``.
        history: CSR ``(B, n)``, signed weights; an empty row gives the zero vector.
        config: as in the fit.

    Returns:
        ``(B, d)`` float32.
    """
    check_csr(history, "history", len(factors))
    ridge = _ridge(history, len(factors), config)[:, None]
    confidence, columns = with_values(history, history.values().abs()), factors.T

    def scores(vectors: Tensor) -> Tensor:
        """``c_ui x_u·v_i`` of every cell."""
        products: Tensor = torch.sparse.sampled_addmm(confidence, vectors, columns, beta=0.0)
        return products.values().mul_(confidence.values())

    def rest(vectors: Tensor) -> Tensor:
        """``(a0 V^T V + reg(u) I) x_u`` of every row."""
        return torch.addmm(ridge * vectors, vectors, gram)

    solution = torch.where(counts(history)[:, None] > 0, start, 0.0)
    residual = with_values(history, history.values() - scores(solution)) @ factors - rest(solution)
    direction, squared = residual.clone(), residual.square().sum(1, keepdim=True)
    for step in range(config.cg_steps):
        change = rest(direction).add_(with_values(history, scores(direction)) @ factors)
        # A row that is solved has no residual and no direction: it stays where it is.
        length = squared / torch.linalg.vecdot(direction, change)[:, None].clamp_min_(TINY)
        solution.addcmul_(length, direction)
        if step + 1 < config.cg_steps:
            residual.addcmul_(length, change, value=-1.0)
            before, squared = squared, residual.square().sum(1, keepdim=True)
            direction.mul_(squared / before.clamp_min_(TINY)).add_(residual)
    return solution


def fold_in(factors: Tensor, gram: Tensor, history: Tensor, config: ALSConfig) -> Tensor:
    """The least-squares factor of each row of ``history`` given the other side: ``A_u^-1 b_u`` of the module.

    Args:
        factors: ``(n, d)``, the other side.
        gram: ``(d, d)``, :func:`gram` of ``factors``.
        history: CSR ``(B, n)``, signed weights; an empty row gives the zero vector.
        config: as in the fit.

    Returns:
        ``(B, d)`` float32.
    """
    check_csr(history, "history", len(factors))
    solution = factors.new_zeros(history.shape[0], factors.shape[1])
    for rows, system, target in _systems(factors, gram, history, config):
        triangle = torch.linalg.cholesky(system)
        solution[rows] = torch.cholesky_solve(target[:, :, None], triangle)[:, :, 0]
    return solution


def contributions(
    factors: Tensor, gram: Tensor, history: Tensor, targets: Tensor, config: ALSConfig
) -> tuple[Tensor, Tensor]:
    """What each item of one row's history adds to the scores of ``targets``, its system ``A_u`` held fixed.

    As ``u = A_u^-1 sum_i c_i p_i v_i``, the score ``u·v_j`` is the sum over ``i`` of ``w_i v_i^T A_u^-1 v_j``.

    Args:
        factors: ``(n, d)``, the other side.
        gram: ``(d, d)``, :func:`gram` of ``factors``.
        history: CSR ``(1, n)``, signed weights.
        targets: ``(t,)`` int64.
        config: as in the fit.

    Returns:
        the items ``(h,)`` int64 and contributions ``(h, t)`` float64; columns add up to the scores.
    """
    check_csr(history, "history", len(factors))
    if history.shape[0] != 1:
        raise ShapeError(f"history has {history.shape[0]} rows; contributions are those of one")
    items = history.col_indices()
    weights, vectors = history.values().double(), factors[items].double()
    # Where all items score nearly alike their small spread divides the sum: what float32 rounds would be large.
    system = gram.double() + (vectors.T * weights.abs()) @ vectors
    system.diagonal().add_(_ridge(history, len(factors), config).double())
    solved = torch.cholesky_solve(factors[targets].double().T, torch.linalg.cholesky(system))
    return items, weights[:, None] * (vectors @ solved)


def objective(matrix: Tensor, factors: Factors, config: ALSConfig) -> float:
    """``L`` of the module, in float64: what every half-step lowers."""
    users, items = factors.users.double(), factors.items.double()
    weights = matrix.values().double()
    scores = (users[row_ids(matrix)] * items[matrix.col_indices()]).sum(1)
    loss = (weights.abs() * (weights.sign() - scores) ** 2).sum()
    loss += config.unobserved_weight * ((users.T @ users) * (items.T @ items)).sum()
    for side, cells, other in ((users, matrix, len(items)), (items, transpose(matrix), len(users))):
        loss += (_ridge(cells, other, config).double() * (side * side).sum(1)).sum()
    return float(loss)


def _ridge(history: Tensor, others: int, config: ALSConfig) -> Tensor:
    """``reg(u)`` of each row, ``(B,)``."""
    known = history.values().new_zeros(history.shape[0]).index_add_(0, row_ids(history), history.values().abs())
    return config.regularisation * (known + config.unobserved_weight * others) ** config.exponent


def _systems(
    factors: Tensor, gram: Tensor, history: Tensor, config: ALSConfig
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """``rows (b,)``, ``A (b, d, d)`` and ``b (b, d)`` for all rows that are not empty.

    Rows of similar length are padded to the same one, so that a batch is one gather and one batched product.
    """
    size = factors.shape[1]
    lengths = counts(history)
    order = torch.argsort(lengths, stable=True)
    order = order[lengths[order] > 0]
    ridge = _ridge(history, len(factors), config)
    for rows in _batches(order, lengths, size):
        items, weights = _pad(history, rows, lengths[rows])
        roots = weights.abs().sqrt()
        vectors = factors[items].mul_(roots[:, :, None])
        system = torch.baddbmm(gram, vectors.mT, vectors)
        system.diagonal(dim1=1, dim2=2).add_(ridge[rows, None])
        yield rows, system, ((weights.sign() * roots)[:, None, :] @ vectors)[:, 0]


def _batches(order: Tensor, lengths: Tensor, size: int) -> Iterator[Tensor]:
    """Runs of rows sorted by length whose padded factors and systems stay within the block."""
    sorted_lengths = lengths[order].tolist()
    start = 0
    for position, length in enumerate(sorted_lengths):
        if position > start and (position - start + 1) * max(length, size) * size > BLOCK_FLOATS:
            yield order[start:position]
            start = position
    if start < len(order):
        yield order[start:]


def _pad(history: Tensor, rows: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Columns and weights of these rows, ``(b, longest)``; padding is column 0 with weight 0."""
    if len(rows) == 1:
        row = rows_of(history, int(rows[0]), int(rows[0]) + 1)
        return row.col_indices()[None], row.values()[None]
    steps = torch.arange(int(lengths.max()), device=rows.device)
    inside = steps < lengths[:, None]
    cells = torch.where(inside, history.crow_indices()[rows][:, None] + steps, 0)
    return history.col_indices()[cells] * inside, history.values()[cells] * inside
