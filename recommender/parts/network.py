"""The graph network (:mod:`gnn.network`): linear propagation over people, items and, if it helps, entities and text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch

from gnn.graph import Graph
from gnn.network import NetworkConfig, Propagated, fit
from gnn.objectives import ObjectiveConfig
from gnn.sparse import to_torch
from gnn.training import TrainingConfig
from recommender.context import RunContext
from recommender.data import People, TrainingData
from recommender.parts.base import Contributions, Part

ARRAYS = ("base", "items", "bias", "messages")
"""The fields of :class:`Propagated` that are tensors."""

FEW = 4
"""Liked items a person on average below which the knowledge graph is tried first: little else ties items together."""


@dataclass(frozen=True)
class GraphNetworkConfig:
    """The choices that validation makes; the rest stays at the defaults of :mod:`gnn`."""

    dimensions: int = 64
    """Length of an embedding."""
    temperature: float = 0.2
    """Of the softmax over items."""
    epochs: int = 40
    """Passes; the number that validation likes best is the early stopping of the final fit, which has no validation.
    Where a time limit ended training, those that it took: what is chosen then takes as long again."""
    learning_rate: float = 0.02
    """Of Adam."""
    knowledge: bool = False
    """Whether entities are nodes too, with a learned weight for each relation."""
    text: bool = False
    """Whether text vectors are features of items."""


class GraphNetwork(Part):
    """``score_j = cos(z_u, z_j) / tau + b_j``; a person's ``z_u`` follows from the history in closed form."""

    name = "network"
    Config = GraphNetworkConfig
    trained: Propagated

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[GraphNetworkConfig]:
        if not data.cells.positive.nnz:
            return []
        shapes = [(64, 0.25, 80), (64, 0.2, 60), (128, 0.2, 40), (128, 0.25, 80), (128, 0.3, 80), (64, 0.2, 20)]
        configs = [GraphNetworkConfig(*shape) for shape in shapes]
        if data.item_vectors is not None:
            configs.insert(3, GraphNetworkConfig(64, 0.2, 60, text=True))
        if len(data.knowledge):
            cells = data.cells.positive
            sparse = cells.nnz < FEW * np.count_nonzero(np.diff(cells.indptr))
            configs.insert(0 if sparse else 3, GraphNetworkConfig(64, 0.2, 60, knowledge=True))
        return configs

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        config = self.config
        network, log = fit(
            self._graph(data, run.device),
            NetworkConfig(dimensions=config.dimensions, temperature=config.temperature),
            ObjectiveConfig(),
            TrainingConfig(epochs=config.epochs, learning_rate=config.learning_rate, time_budget=run.time_limit),
            seed=run.seed,
        )
        self.config = replace(config, epochs=len(log.losses))
        found = network.propagated()
        self.trained = replace(found, **{name: getattr(found, name).cpu() for name in ARRAYS})
        return self

    def _graph(self, data: TrainingData, device: str) -> Graph:
        interactions = to_torch(data.cells.matrix, device)
        features = None
        if self.config.text and data.item_vectors is not None:
            features = torch.from_numpy(data.item_vectors).to(device)
        if not self.config.knowledge:
            return Graph(interactions, features=features)
        graph = data.knowledge
        heads, relations, tails = (torch.from_numpy(a).to(device) for a in (graph.heads, graph.relations, graph.tails))
        return Graph(interactions, (heads, relations, tails), len(graph.relation_names), graph.num_nodes, features)

    def _base(self, people: People) -> torch.Tensor:
        """``e_u`` of those who were in training, zeros for newcomers."""
        rows = torch.from_numpy(people.rows)
        return self.trained.base[rows.clamp_min(0)] * (rows >= 0)[:, None]

    def score(self, people: People) -> np.ndarray:
        vectors = self.trained.user_vectors(self._base(people), people.history)
        return self.trained.score(vectors).numpy()

    def contributions(self, person: People, items: np.ndarray) -> Contributions:
        targets = torch.from_numpy(items)
        baseline, _, values = self.trained.contributions(self._base(person), person.history, targets)
        return Contributions(baseline.double().numpy(), values.double().numpy())

    def state(self) -> dict[str, np.ndarray]:
        return {name: getattr(self.trained, name).numpy() for name in ARRAYS}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        base, items, bias, messages = (torch.from_numpy(state[name]) for name in ARRAYS)
        self.trained = Propagated(base, items, bias, messages, self.config.temperature)
