"""The graph filter (:mod:`gnn.filters`): a history smoothed over the interaction graph, without training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import torch

from gnn import filters
from gnn.filters import InteractionFilter, InteractionFilterConfig
from gnn.sparse import to_torch
from recommender.context import RunContext
from recommender.data import People, TrainingData
from recommender.parts.base import Contributions, Part, csr_restore, csr_state


class GraphFilter(Part):
    """``score = x (R^T R + alpha D^-1/2 V V^T D^1/2)``: a linear and an ideal low-pass filter (GF-CF)."""

    name = "graph_filter"
    Config = InteractionFilterConfig
    filter: InteractionFilter

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[InteractionFilterConfig]:
        if not data.cells.positive.nnz:
            return []
        return [InteractionFilterConfig(weight, rank) for weight, rank in ((0.3, 64), (0.0, 64), (0.3, 256), (1.0, 64))]

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        self._matrix = data.cells.positive
        self.filter = InteractionFilter(to_torch(self._matrix), self.config, run.seed)
        return self

    def score(self, people: People) -> np.ndarray:
        scores: np.ndarray = self.filter.apply(people.history).numpy()
        return scores

    def contributions(self, person: People, items: np.ndarray) -> Contributions:
        _, values = filters.contributions(self.filter, person.history, torch.from_numpy(items))
        return Contributions(np.zeros(len(items)), values.double().numpy())

    def state(self) -> dict[str, np.ndarray]:
        directions = {} if self.filter.directions is None else {"directions": self.filter.directions.numpy()}
        return csr_state("matrix", self._matrix) | directions

    def restore(self, state: dict[str, np.ndarray]) -> None:
        self._matrix = csr_restore("matrix", state)
        directions = torch.from_numpy(state["directions"]) if "directions" in state else None
        self.filter = InteractionFilter(to_torch(self._matrix), self.config, directions=directions)
