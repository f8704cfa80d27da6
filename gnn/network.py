"""A light linear graph network over users, items and entities, scored by the cosine over a temperature.

With free embeddings ``E`` of all nodes, features ``F`` of items and the propagation ``A(s)`` of :mod:`gnn.graph`::

    X_0 = E + F W (items)      X_{l+1} = A(s_l) X_l      Z = (X_0 + ... + X_L) / (L + 1)
    score(u, i) = cos(z_u, z_i) / tau + b_i

The propagation is that of He et al., "LightGCN", SIGIR 2020, carried to typed edges with a learned weight for each
relation and layer; cosine and temperature follow Wu et al., "BSL", ICDE 2024; the bias ``b`` carries popularity.

**A person's history, folded in.** Row ``u`` of ``X_{l+1}`` is ``sum_i a_ui X_l[i]`` with
``a_ui = w_ui / sqrt(d_u d_i)``, ``d_u = sum_i |w_ui|``. So with the item side held fixed ::

    z_u = e_u + d_u^-1/2 sum_i w_ui m_i
    e_u = X_0[u] / (L + 1)      m_i = d_i^-1/2 (X_0 + ... + X_{L-1})[i] / (L + 1)

exactly; for somebody who was not in training ``e_u = 0``. A disliked item (``w < 0``) subtracts its message, and its
``|w|`` counts in ``d_u``, which only scales the history against ``e_u``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, pad
from tqdm import tqdm

from gnn.errors import ShapeError, require
from gnn.graph import Graph, Propagation
from gnn.objectives import ObjectiveConfig, losses
from gnn.sparse import check_csr, degrees, inverse_power, keep, transpose
from gnn.training import TrainingConfig, TrainingLog, train


@dataclass(frozen=True)
class NetworkConfig:
    """Hyper-parameters of the model itself."""

    dimensions: int = 64
    """Length of an embedding, 64 to 256."""
    layers: int = 2
    """``L``: how many steps away a node is heard; 0 is plain matrix factorisation."""
    temperature: float = 0.2
    """``tau > 0``, .2 to .25: lower sharpens the softmax over items."""
    init_std: float = 0.1
    """Embeddings start normal with this standard deviation; against the learning rate it sets how far they turn."""
    user_embeddings: bool = True
    """Whether each person has a vector of their own beside their history. Without, a newcomer with the same history
    gets the same scores, which suits people with few cells."""
    relation_weight: float = 0.3
    """Each ``s_lr > 0`` starts here, where an interaction weighs 1; it is learned on a logarithmic scale."""

    def __post_init__(self) -> None:
        require(self.dimensions >= 1, f"dimensions = {self.dimensions} is below 1")
        require(self.layers >= 0, f"layers = {self.layers} is negative")
        require(self.temperature > 0, f"temperature = {self.temperature} is not above 0")
        require(self.init_std > 0, f"init_std = {self.init_std} is not above 0")
        require(self.relation_weight > 0, f"relation_weight = {self.relation_weight} is not above 0")


class LinearNetwork(nn.Module):
    """The trainable form. Nodes without an interaction start at 0: all that is known of them is what reaches them.

    Args:
        graph: what to propagate over; the parameters live on its device.
        config: hyper-parameters.
        seed: of the starting embeddings, which do not depend on the device.
    """

    def __init__(self, graph: Graph, config: NetworkConfig, seed: int = 0) -> None:
        super().__init__()
        self.graph, self.config = graph, config
        self.propagation = Propagation(graph)
        device = graph.interactions.device
        by_user, by_item = degrees(graph.interactions)
        self.seen = by_item > 0
        generator = torch.Generator().manual_seed(seed)
        start = torch.randn(graph.users + graph.nodes, config.dimensions, generator=generator).to(device)
        start[: graph.users + graph.items] *= torch.cat([by_user > 0, self.seen])[:, None]
        self.embedding = nn.Parameter(start[0 if config.user_embeddings else graph.users :] * config.init_std)
        self.liked = (graph.interactions.values() > 0).nonzero()[:, 0]
        self.bias = nn.Parameter(torch.zeros(graph.items, device=device))
        relations = graph.num_relations if graph.typed else 0
        self.log_weights = nn.Parameter(torch.zeros(config.layers, relations, device=device)) if relations else None
        width = 0 if graph.features is None else graph.features.shape[1]
        self.projection = nn.Parameter(torch.zeros(width, config.dimensions, device=device)) if width else None

    def relation_weights(self) -> Tensor | None:
        """``s`` ``(layers, R)``; None without a knowledge graph."""
        return None if self.log_weights is None else self.config.relation_weight * self.log_weights.exp()

    def layers(self, hidden: Tensor | None = None) -> list[Tensor]:
        """``X_0 ... X_L``, each ``(U + nodes, d)``; ``hidden`` as in :meth:`forward`."""
        found, weights, visible = [self._first_layer()], self.relation_weights(), self._visible(hidden)
        for layer in range(self.config.layers):
            scale = None if weights is None else weights[layer]
            matrix = self.propagation.matrix(None if scale is None else scale.detach(), visible)
            found.append(self.propagation(matrix, found[-1], scale))
        return found

    def _first_layer(self) -> Tensor:
        before, after = self.graph.users, self.graph.nodes - self.graph.items
        x = self.embedding if self.config.user_embeddings else pad(self.embedding, (0, 0, before, 0))
        if self.projection is None or self.graph.features is None:
            return x
        return x + pad(self.graph.features @ self.projection, (0, 0, before, after))

    def _visible(self, hidden: Tensor | None) -> Tensor | None:
        if hidden is None:
            return None
        visible = torch.ones_like(self.graph.interactions.values())
        visible[self.liked[hidden]] = 0.0
        return visible * (len(visible) / visible.sum().clamp_min(1.0))

    def forward(self, hidden: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Unit vectors of users ``(U, d)`` and items ``(I, d)``, and the bias ``(I,)``, ``-inf`` for unseen items.

        Args:
            hidden: ``(h,)`` int64 positions among the liked cells of the graph that propagation does not see; the
                others are scaled up for them.
        """
        layers = self.layers(hidden)
        mean = torch.stack(layers).mean(0) if len(layers) > 1 else layers[0]
        unit = normalize(mean[: self.graph.users + self.graph.items], dim=1)
        return unit[: self.graph.users], unit[self.graph.users :], self.bias.masked_fill(~self.seen, -torch.inf)

    @torch.no_grad()
    def propagated(self) -> Propagated:
        """The form that serves: an unseen item is taken for as popular as the rarest seen ones."""
        layers, (_, items, _) = self.layers(), self.forward()
        count = len(layers)
        by_item = degrees(self.graph.interactions)[1]
        here = slice(self.graph.users, self.graph.users + self.graph.items)
        scale = inverse_power(by_item, 0.5)[:, None] / count
        messages = torch.stack([x[here] for x in layers[:-1]]).sum(0) * scale if count > 1 else torch.zeros_like(items)
        bias = self.bias.detach().clone()
        if self.seen.any() and not self.seen.all():
            rarest = by_item[self.seen].min()
            bias[~self.seen] = bias[self.seen & (by_item <= rarest)].mean()
        base = layers[0][: self.graph.users] / count
        return Propagated(base.clone(), items, bias, messages, self.config.temperature)


@dataclass(frozen=True)
class Propagated:
    """What is left to serve: closed forms only, see the module."""

    base: Tensor
    """``(U, d)`` ``e_u``: what of a training user's vector the history does not decide."""
    items: Tensor
    """``(I, d)`` unit vectors ``z_i / |z_i|``."""
    bias: Tensor
    """``(I,)``."""
    messages: Tensor
    """``(I, d)`` ``m_i``: what an item of a history says of whoever has it."""
    temperature: float

    def extended(self, users: Tensor, items: Tensor, liked: Tensor) -> Propagated:
        """The same tables for more people and items, without training.

        A new item gets the direction of the people who like it, ``sum_u z_u / |z_u|`` of unit length; zero where nobody
        does. Its bias is that of known items which as many people like, and the message ``m_i`` has that direction and
        the root mean square of ``d_j |m_j|^2`` over known items, divided by ``d_i``, as its squared length.

        Args:
            users: ``(U',)`` int64 row of each person here, -1 for somebody new.
            items: ``(I',)`` int64 row of each item here, -1 for a new one.
            liked: CSR ``(U', I')`` liked cells as they are now.

        Raises:
            ShapeError: shapes that do not match.
        """
        check_csr(liked, "liked", len(items))
        known, new = items >= 0, items < 0
        base, vectors, messages, bias = (
            _rows(table, rows)
            for table, rows in ((self.base, users), (self.items, items), (self.messages, items), (self.bias, items))
        )
        if new.any() and known.any():
            people = Propagated(base, vectors, bias, messages, self.temperature).user_vectors(base, liked)
            degree = degrees(liked)[1]
            vectors[new] = normalize(transpose(liked) @ normalize(people, dim=1), dim=1)[new]
            length = (degree[known] * messages[known].square().sum(1)).mean().sqrt()
            messages[new] = vectors[new] * (length * inverse_power(degree, 0.5))[new, None]
            bias[new] = _bias_of(degree[new], degree[known], bias[known])
        return Propagated(base, vectors, bias, messages, self.temperature)

    def user_vectors(self, base: Tensor, history: Tensor) -> Tensor:
        """``z_u = e_u + d_u^-1/2 sum_i w_ui m_i``, ``(B, d)``.

        Args:
            base: ``(B, d)``: rows of :attr:`base`, or zeros for newcomers.
            history: CSR ``(B, I)`` signed weights as they are now.

        Raises:
            ShapeError: shapes that do not match.
        """
        check_csr(history, "history", len(self.items))
        if base.shape != (history.shape[0], self.items.shape[1]):
            raise ShapeError(
                f"base has shape {tuple(base.shape)}; {(history.shape[0], self.items.shape[1])} is expected"
            )
        degree = degrees(history)[0]
        return base + inverse_power(degree, 0.5)[:, None] * (history @ self.messages)

    def score(self, vectors: Tensor) -> Tensor:
        """``z_u·z_i / (|z_u| |z_i| tau) + b_i``, ``(B, I)``; the bias alone for a zero vector."""
        return torch.addmm(self.bias, normalize(vectors, dim=1), self.items.T, alpha=1 / self.temperature)

    def contributions(self, base: Tensor, history: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Where the scores of ``targets`` ``(t,)`` come from for one person, ``|z_u|`` and ``d_u`` held fixed.

        Args:
            base: ``(1, d)``.
            history: CSR ``(1, I)`` signed weights.
            targets: ``(t,)`` int64.

        Returns:
            the baseline ``(t,)``, ``b_j + e_u·z_j / (|z_u| |z_j| tau)``; the items ``(h,)``; and what each adds,
            ``d_u^-1/2 w_ui m_i·z_j / (|z_u| |z_j| tau)`` ``(h, t)``, in float64. Baseline plus column sums are the
            scores.
        """
        if history.shape[0] != 1:
            raise ShapeError(f"history has {history.shape[0]} rows; contributions are those of one")
        items, weights = history.col_indices(), history.values().double()
        amount = weights * inverse_power(weights.abs().sum(), 0.5)
        # Where all items score nearly alike their small spread divides the sum: what float32 rounds would be large.
        base, said = base.double(), amount[:, None] * self.messages[items].double()
        length = (base + said.sum(0)).norm().clamp_min(1e-12)
        scaled = self.items[targets].double().T / (length * self.temperature)
        return self.bias[targets].double() + (base @ scaled)[0], items, said @ scaled


def _rows(table: Tensor, rows: Tensor) -> Tensor:
    """Those rows of a table, zeros where a row is -1."""
    found = table[rows.clamp_min(0)].clone()
    found[rows < 0] = 0.0
    return found


def _bias_of(degree: Tensor, known: Tensor, bias: Tensor) -> Tensor:
    """For each degree the mean bias of items of the nearest known degree that is not above it, else of the lowest."""
    levels, place, sizes = torch.unique(known, return_inverse=True, return_counts=True)
    means: Tensor = torch.zeros(len(levels)).to(bias).index_add_(0, place, bias) / sizes
    return means[(torch.searchsorted(levels, degree.contiguous(), right=True) - 1).clamp_min(0)]


def fit(
    graph: Graph,
    config: NetworkConfig,
    objective: ObjectiveConfig,
    training: TrainingConfig,
    seed: int = 0,
    metric: Callable[[Propagated], float] | None = None,
    bar: type[tqdm] | None = None,
) -> tuple[LinearNetwork, TrainingLog]:
    """Train on the liked cells of the graph; the network holds the state that ``metric`` (higher is better) liked best.

    ``bar`` shows the epochs, in the way of tqdm.

    Raises:
        Diverged: a loss that is not finite.
        ShapeError: a graph without a liked cell.
    """
    network = LinearNetwork(graph, config, seed)
    steps = losses(
        network, keep(graph.interactions, graph.interactions.values() > 0), config.temperature, objective, seed
    )
    look = None if metric is None else lambda: metric(network.propagated())
    return network, train(network, steps, training, look, bar)
