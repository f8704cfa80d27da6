"""Graph filters: fixed linear smoothing of a history over the interaction graph, or over the nodes that items share.

Every filter is an operator ``K`` ``(n, n)`` applied to rows, ``x K``, and never formed: its cost is that of a few
sparse products. ``apply`` gives ``x K``; ``column`` gives ``K[:, j]``, from which contributions follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import scipy.sparse as sp
import torch
from torch import Tensor

from gnn.errors import require
from gnn.sparse import (
    beside,
    check_csr,
    csr,
    degrees,
    densify,
    inverse_power,
    keep,
    normalise,
    product,
    row_ids,
    to_scipy,
    transpose,
    with_values,
)


class GraphFilter(Protocol):
    """A linear operator on rows over items."""

    def apply(self, history: Tensor) -> Tensor:
        """``x K``, dense ``(B, n)``, for CSR rows ``x`` ``(B, n)`` of signed weights."""
        ...

    def columns(self, items: Tensor) -> Tensor:
        """``K[:, items]`` ``(n, t)`` for ``items`` ``(t,)`` int64: what a unit of each item adds to these."""
        ...


def contributions(chosen: GraphFilter, history: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The items ``(h,)`` of a CSR history ``(1, n)`` and what each adds to the scores of ``targets`` ``(t,)``.

    ``x_i K_ij``, ``(h, t)``: columns add up to the scores.
    """
    items = history.col_indices()
    return items, history.values()[:, None] * chosen.columns(targets)[items]


@dataclass(frozen=True)
class InteractionFilterConfig:
    """Hyper-parameters of :class:`InteractionFilter`."""

    ideal_weight: float = 0.3
    """``alpha >= 0`` of the ideal low-pass filter beside the linear one; 0 leaves it out."""
    rank: int = 64
    """How many of the smoothest directions the ideal filter keeps, 16 to 256."""
    oversampling: int = 16
    """Further directions that the randomised decomposition carries for accuracy."""
    power_iterations: int = 8
    """Passes of the randomised decomposition."""

    def __post_init__(self) -> None:
        require(self.ideal_weight >= 0, f"ideal_weight = {self.ideal_weight} is negative")
        require(self.rank >= 1, f"rank = {self.rank} is below 1")


class InteractionFilter:
    """``K = R^T R + alpha D_I^-1/2 V V^T D_I^1/2``, ``R = D_U^-1/2 W D_I^-1/2``, ``V`` its top right singular vectors.

    Shen et al., "How powerful is graph convolution for recommendation?" (GF-CF), CIKM 2021: a linear low-pass filter on
    the item-item graph plus an ideal one that keeps its smoothest directions and nothing else.

    Args:
        matrix: CSR ``(U, n)`` weights above 0.
        config: hyper-parameters.
        seed: of the randomised decomposition.
        directions: ``V`` ``(n, rank)`` where it was found before; None finds it.
    """

    def __init__(
        self, matrix: Tensor, config: InteractionFilterConfig, seed: int = 0, directions: Tensor | None = None
    ) -> None:
        check_csr(matrix, "matrix")
        self.config = config
        self.forward = normalise(matrix)
        self.backward = transpose(self.forward)
        degree = degrees(matrix)[1]
        self.into, self.out_of = inverse_power(degree, 0.5), inverse_power(degree, -0.5)
        if directions is None and config.ideal_weight:
            directions = right_singular_vectors(self.forward, self.backward, config, seed)
        self.directions = directions

    def apply(self, history: Tensor) -> Tensor:
        """``x K``, see :class:`GraphFilter`."""
        check_csr(history, "history", self.forward.shape[1])
        x = densify(history)
        return self._smooth(x) + self._ideal(x, self.into, self.out_of)

    def columns(self, items: Tensor) -> Tensor:
        """``K[:, items]``, see :class:`GraphFilter`."""
        units = self.into.new_zeros(len(items), len(self.into))
        units[torch.arange(len(items)), items] = 1.0
        return (self._smooth(units) + self._ideal(units, self.out_of, self.into)).T

    def _smooth(self, x: Tensor) -> Tensor:
        return (self.backward @ (self.forward @ x.T)).T

    def _ideal(self, x: Tensor, into: Tensor, out_of: Tensor) -> Tensor:
        if self.directions is None:
            return torch.zeros_like(x)
        return self.config.ideal_weight * (((x * into) @ self.directions) @ self.directions.T) * out_of


@dataclass(frozen=True)
class LowRankConfig:
    """Hyper-parameters of :class:`LowRankEASE`."""

    regularisation: float = 200.0
    """``lambda > 0`` as in :class:`gnn.item_item.EASEConfig`."""
    rank: int = 512
    """How many of the largest directions are told apart; all others count as if nobody had touched them."""
    oversampling: int = 16
    """As in :class:`InteractionFilterConfig`."""
    power_iterations: int = 8
    """Likewise."""

    def __post_init__(self) -> None:
        require(self.regularisation > 0, f"regularisation = {self.regularisation} is not above 0")
        require(self.rank >= 1, f"rank = {self.rank} is below 1")


class LowRankEASE:
    """EASE (:func:`gnn.item_item.ease`) of a catalogue whose items x items do not fit, ``O(n rank)`` in memory.

    With the top right singular vectors ``V`` ``(n, r)`` of ``X`` and singular values ``s``::

        P ~ V diag(1 / (s^2 + lambda) - 1 / lambda) V^T + I / lambda      B = I - P diag(1 / diag P)

    which is exact where ``r`` is the rank of ``X``, and never formed; the diagonal of ``B`` is 0 at any rank. With
    ``H = I - lambda P = V diag(s^2 / (s^2 + lambda)) V^T``, ``B = (H - diag H) diag(1 / (1 - diag H))`` is the same
    without a difference of numbers near 1, whose rounding would be all that is said of an item that nobody touched.

    Args:
        directions: ``V``.
        shrink: ``(r,)`` ``1 / (s^2 + lambda) - 1 / lambda``.
        regularisation: ``lambda``.
    """

    def __init__(self, directions: Tensor, shrink: Tensor, regularisation: float) -> None:
        self.directions, self.shrink, self.regularisation = directions, shrink, regularisation
        self.gain = -regularisation * shrink
        self.own = directions**2 @ self.gain

    @classmethod
    def of(cls, matrix: Tensor, config: LowRankConfig, seed: int = 0) -> LowRankEASE:
        """The filter of CSR ``(U, n)`` weights above 0; ``seed`` is that of the randomised decomposition."""
        check_csr(matrix, "matrix")
        directions = right_singular_vectors(matrix, transpose(matrix), config, seed)
        squares = ((matrix @ directions) ** 2).sum(0)
        shrink = 1 / (squares + config.regularisation) - 1 / config.regularisation
        return cls(directions, shrink, config.regularisation)

    def apply(self, history: Tensor) -> Tensor:
        """``x B``, see :class:`GraphFilter`."""
        check_csr(history, "history", len(self.own))
        smooth = ((history @ self.directions) * self.gain) @ self.directions.T
        return (smooth - densify(history) * self.own) / (1 - self.own)

    def columns(self, items: Tensor) -> Tensor:
        """``B[:, items]``, see :class:`GraphFilter`."""
        found = (self.directions * self.gain) @ self.directions[items].T
        found[items, torch.arange(len(items))] -= self.own[items]
        return found / (1 - self.own[items])


def right_singular_vectors(
    matrix: Tensor, transposed: Tensor, config: InteractionFilterConfig | LowRankConfig, seed: int
) -> Tensor:
    """``(n, rank)`` orthonormal columns spanning the top right singular space, best first, by subspace iteration.

    The row of a column without a cell is 0, as it is in all of them whose singular value is above 0, without rounding.

    Halko, Martinsson, Tropp, "Finding structure with randomness", SIAM Review 2011, algorithm 4.4.
    """
    size = matrix.shape[1]
    width = min(config.rank + config.oversampling, *matrix.shape)
    generator = torch.Generator().manual_seed(seed)
    basis = torch.randn(size, width, generator=generator).to(matrix.device)
    for _ in range(config.power_iterations):
        basis = torch.linalg.qr(transposed @ (matrix @ basis)).Q
    projected: Tensor = matrix @ basis
    vectors: Tensor = torch.linalg.eigh(projected.T @ projected).eigenvectors
    return basis @ vectors.flip(1)[:, : config.rank] * (degrees(matrix)[1] > 0)[:, None]


@dataclass(frozen=True)
class RelationFilterConfig:
    """Hyper-parameters of :class:`RelationFilter`."""

    hub_exponent: float = 0.5
    """``beta >= 0``: a node passes on ``degree ** -beta``; 0 counts shared nodes, 1 averages over a node's items."""
    item_exponent: float = 0.5
    """``gamma`` in [0, 1]: an item with many nodes says less at each of them."""
    max_degree: int | None = None
    """Nodes with more items say too little to be kept. None: all."""

    def __post_init__(self) -> None:
        require(self.hub_exponent >= 0, f"hub_exponent = {self.hub_exponent} is negative")
        require(0 <= self.item_exponent <= 1, f"item_exponent = {self.item_exponent} is outside [0, 1]")


@dataclass(frozen=True)
class RelationFilter:
    """``K = D_i^-gamma M D_n^-beta M^T D_i^-gamma - diag``: items are alike as far as they share nodes.

    The diagonal is left out, so that an item of the history does not vouch for itself. Nodes of one item fall away.
    """

    incidence: Tensor
    """CSR ``(n, nodes)``: ``D_i^-gamma M``."""
    spread: Tensor
    """CSR ``(nodes, n)``: ``D_n^-beta M^T D_i^-gamma``."""
    diagonal: Tensor
    """``(n,)`` of their product."""

    @classmethod
    def of(cls, incidence: Tensor, config: RelationFilterConfig) -> RelationFilter:
        """The filter of a relation, ``incidence`` being its CSR ``(n, nodes)`` of weights above 0."""
        check_csr(incidence, "incidence")
        sizes = torch.bincount(incidence.col_indices(), minlength=incidence.shape[1])
        shared = sizes > 1 if config.max_degree is None else (sizes > 1) & (sizes <= config.max_degree)
        kept = keep(incidence, shared[incidence.col_indices()])
        damped = normalise(kept, config.item_exponent, config.hub_exponent)
        into = normalise(kept, config.item_exponent, 0.0)
        own = damped.values() * into.values()
        diagonal = own.new_zeros(incidence.shape[0]).index_add_(0, row_ids(kept), own)
        return cls(into, transpose(damped), diagonal)

    @classmethod
    def weighted(cls, filters: Sequence[RelationFilter], weights: Sequence[float]) -> RelationFilter:
        """``sum_r w_r K_r`` as one filter over the nodes of all; at least one, over the same items."""
        pairs = list(zip(filters, weights, strict=True))
        return cls(
            beside([filter.incidence for filter, _ in pairs]),
            transpose(
                beside(
                    [transpose(with_values(filter.spread, weight * filter.spread.values())) for filter, weight in pairs]
                )
            ),
            torch.stack([weight * filter.diagonal for filter, weight in pairs]).sum(0),
        )

    def apply(self, history: Tensor) -> Tensor:
        """``x K``, see :class:`GraphFilter`; sparse throughout: the cost is the number of paths item - node - item."""
        check_csr(history, "history", len(self.diagonal))
        if self._scipy is None:
            found = densify(product(product(history, self.incidence), self.spread))
        else:
            found = torch.from_numpy((to_scipy(history) @ self._scipy[0] @ self._scipy[1]).toarray())
        rows, items = row_ids(history), history.col_indices()
        found[rows, items] -= history.values() * self.diagonal[items]
        return found

    @cached_property
    def _scipy(self) -> tuple[sp.csr_matrix, sp.csr_matrix] | None:
        """Both factors for the processor, made once: for one person that takes longer than the products."""
        on_processor = self.incidence.device.type == "cpu"
        return (to_scipy(self.incidence), to_scipy(self.spread)) if on_processor else None

    def columns(self, items: Tensor) -> Tensor:
        """``K[:, items]``, see :class:`GraphFilter`; ``K`` is symmetric, so they are rows."""
        units = csr(
            torch.arange(len(items) + 1, device=items.device),
            items,
            self.diagonal.new_ones(len(items)),
            (len(items), len(self.diagonal)),
        )
        return self.apply(units).T
