"""The graph that a network propagates over: rows, columns and entities as nodes, typed edges, one symmetric CSR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gnn.errors import ShapeError
from gnn.sparse import check_csr, csr, degrees, indptr_of, inverse_power, row_ids

GATHERED_FLOATS = 1 << 22
"""Floats gathered at once for the gradient of relation weights (16 MiB)."""


@dataclass(frozen=True)
class Graph:
    """What is known: interactions, and optionally typed edges among items and entities, and features of items.

    Raises:
        ShapeError: a node or relation out of range, or arrays that do not match.
    """

    interactions: Tensor
    """CSR ``(U, I)`` signed weights: a dislike subtracts in propagation what a like adds; degrees count ``|w|``."""
    edges: tuple[Tensor, Tensor, Tensor] | None = None
    """Heads, relations and tails, each ``(m,)`` int64: a node below ``I`` is an item, from there an entity; relations
    are in ``[0, num_relations)``. None: no knowledge graph."""
    num_relations: int = 0
    num_nodes: int | None = None
    """Items and entities. None: items only."""
    features: Tensor | None = None
    """``(I, k)`` float32, for example text vectors; a zero row where an item has none."""

    def __post_init__(self) -> None:
        check_csr(self.interactions, "interactions")
        items = self.interactions.shape[1]
        if self.features is not None and (self.features.dim() != 2 or len(self.features) != items):
            raise ShapeError(f"features {tuple(self.features.shape)} have no row for each of {items} items")
        if self.num_nodes is not None and self.num_nodes < items:
            raise ShapeError(f"num_nodes = {self.num_nodes} is below the number of items, {items}")
        if self.edges is not None:
            for name, edge, limit in zip(
                ("heads", "relations", "tails"), self.edges, (self.nodes, self.num_relations, self.nodes), strict=True
            ):
                if len(edge) != len(self.edges[0]):
                    raise ShapeError("the arrays of edges must be of one length")
                if len(edge) and (int(edge.min()) < 0 or int(edge.max()) >= limit):
                    raise ShapeError(f"{name} of edges must be in 0 to {limit - 1}")

    @property
    def users(self) -> int:
        return int(self.interactions.shape[0])

    @property
    def items(self) -> int:
        return int(self.interactions.shape[1])

    @property
    def nodes(self) -> int:
        """Items and entities."""
        return self.items if self.num_nodes is None else self.num_nodes

    @property
    def typed(self) -> bool:
        """Whether there is a knowledge graph."""
        return self.edges is not None and len(self.edges[0]) > 0


class Propagation:
    """``A(s) = A_0 + sum_r s_r A_r`` over ``U + nodes`` nodes, users first; ``A_r = D_r^-1/2 W_r D_r^-1/2``, symmetric.

    ``A_0`` holds the interactions, ``A_r`` the edges of relation ``r`` in both directions, weight 1 each; ``D_r`` are
    the degrees in that relation alone, so that a hub of one relation is damped there and nowhere else.
    """

    def __init__(self, graph: Graph) -> None:
        rows, columns, values, slots = _interaction_cells(graph)
        self.interactions = len(graph.interactions.values())
        self.relations = graph.num_relations
        if graph.edges is not None:
            typed = _typed_cells(graph, *graph.edges)
            rows, columns, values, slots = (
                torch.cat(pair) for pair in zip((rows, columns, values, slots), typed, strict=True)
            )
        self.size = graph.users + graph.nodes
        order = torch.argsort(rows * self.size + columns, stable=True)
        self.columns, self.values, self.slots = columns[order], values[order], slots[order]
        self.pointers = indptr_of(rows, self.size)
        self.constant = csr(self.pointers, self.columns, self.values, (self.size, self.size))
        # each undirected edge once, for the gradient of the weights
        upper = ((slots >= self.interactions) & (rows < columns)).nonzero()[:, 0]
        self.edges = (rows[upper], columns[upper], slots[upper] - self.interactions, values[upper])

    def matrix(self, weights: Tensor | None = None, visible: Tensor | None = None) -> Tensor:
        """``A(s)`` as CSR.

        Args:
            weights: ``s`` ``(R,)``; None: all 1.
            visible: ``(nnz,)``, a factor for each stored cell of the interactions, 0 hides it; None: all 1.
        """
        if weights is None and visible is None:
            return self.constant
        factors = torch.cat(
            [
                self.values.new_ones(self.interactions) if visible is None else visible,
                self.values.new_ones(self.relations) if weights is None else weights,
            ]
        )
        return csr(self.pointers, self.columns, self.values * factors[self.slots], (self.size, self.size))

    def __call__(self, matrix: Tensor, x: Tensor, weights: Tensor | None) -> Tensor:
        """``A(s) x``, ``(U + nodes, d)``, differentiable in ``x`` and in ``s`` ``(R,)``.

        The gradient in ``x`` is the same symmetric product; that in ``s_r`` is ``sum_(h,t) a_ht (g_h·x_t + g_t·x_h)``
        over the edges of the relation.

        Args:
            matrix: what :meth:`matrix` gave for these weights.
            x: ``(U + nodes, d)``.
            weights: ``s``; None where they are constant.
        """
        out: Tensor = _Propagate.apply(self, matrix, x, weights)
        return out

    def weight_gradient(self, x: Tensor, gradient: Tensor) -> Tensor:
        """``d/ds`` of ``<gradient, A(s) x>``, ``(R,)``."""
        heads, tails, relations, values = self.edges
        total = x.new_zeros(self.relations)
        step = max(1, GATHERED_FLOATS // (4 * x.shape[1]))
        for start in range(0, len(heads), step):
            h, t = heads[start : start + step], tails[start : start + step]
            both = (gradient[h] * x[t]).sum(1) + (gradient[t] * x[h]).sum(1)
            total.index_add_(0, relations[start : start + step], both * values[start : start + step])
        return total


class _Propagate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, propagation: Propagation, matrix: Tensor, x: Tensor, weights: Tensor | None) -> Tensor:
        ctx.propagation, ctx.matrix = propagation, matrix
        ctx.save_for_backward(x)
        out: Tensor = matrix @ x
        return out

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[None, None, Tensor, Tensor | None]:
        gradient = upstream[0].contiguous()
        (x,) = ctx.saved_tensors
        weights = ctx.propagation.weight_gradient(x, gradient) if ctx.needs_input_grad[3] else None
        return None, None, ctx.matrix @ gradient, weights


Cells = tuple[Tensor, Tensor, Tensor, Tensor]
"""Rows, columns, normalised values, and which factor scales each: that of its interaction, or ``nnz + relation``."""


def _interaction_cells(graph: Graph) -> Cells:
    matrix = graph.interactions
    by_user, by_item = degrees(matrix)
    users, items = row_ids(matrix), matrix.col_indices()
    values = matrix.values() * inverse_power(by_user, 0.5)[users] * inverse_power(by_item, 0.5)[items]
    rows, columns = torch.cat([users, items + graph.users]), torch.cat([items + graph.users, users])
    return rows, columns, torch.cat([values, values]), torch.arange(len(users), device=users.device).repeat(2)


def _typed_cells(graph: Graph, heads: Tensor, relations: Tensor, tails: Tensor) -> Cells:
    """Both directions of each distinct undirected edge; loops are dropped."""
    low, high = torch.minimum(heads, tails), torch.maximum(heads, tails)
    keys = torch.unique((relations * graph.nodes + low)[low < high] * graph.nodes + high[low < high])
    high, low, relations = keys % graph.nodes, keys // graph.nodes % graph.nodes, keys // graph.nodes**2
    rows, columns, kinds = torch.cat([low, high]), torch.cat([high, low]), torch.cat([relations, relations])
    place = kinds * graph.nodes + rows
    degree = torch.bincount(place, minlength=graph.num_relations * graph.nodes).float()
    scale = inverse_power(degree, 0.5)
    values = scale[place] * scale[kinds * graph.nodes + columns]
    return rows + graph.users, columns + graph.users, values, kinds + len(graph.interactions.values())
