"""Filters of the interaction graph (:mod:`gnn.filters`): closed forms that never hold items x items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import scipy.sparse as sp
import torch

from gnn.filters import InteractionFilter, InteractionFilterConfig, LowRankConfig, LowRankEASE
from gnn.item_item import EASEConfig
from gnn.sparse import to_torch
from recommender.context import RunContext
from recommender.data import TrainingData
from recommender.parts.base import FilterPart, csr_restore, csr_state
from recommender.parts.item_item import EASE


class GraphFilter(FilterPart):
    """``score = x (R^T R + alpha D^-1/2 V V^T D^1/2)``: a linear and an ideal low-pass filter (GF-CF)."""

    name = "graph_filter"
    Config = InteractionFilterConfig
    filter: InteractionFilter
    matrix: sp.csr_matrix
    """``(num_users, num_items)``: the graph."""

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[InteractionFilterConfig]:
        return [InteractionFilterConfig(weight, rank) for weight, rank in ((0.3, 64), (0.0, 64), (0.3, 256), (1.0, 64))]

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        self.matrix = data.cells.positive
        self.filter = InteractionFilter(to_torch(self.matrix), self.config, run.seed)
        return self

    def state(self) -> dict[str, np.ndarray]:
        directions = {} if self.filter.directions is None else {"directions": self.filter.directions.numpy()}
        return csr_state("matrix", self.matrix) | directions

    def restore(self, state: dict[str, np.ndarray]) -> None:
        self.matrix = csr_restore("matrix", state)
        directions = torch.from_numpy(state["directions"]) if "directions" in state else None
        self.filter = InteractionFilter(to_torch(self.matrix), self.config, directions=directions)


class LowRank(FilterPart):
    """EASE by its largest directions, for a catalogue for which EASE itself does not fit into memory."""

    name = "ease_low_rank"
    Config = LowRankConfig
    filter: LowRankEASE

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[LowRankConfig]:
        fits = EASEConfig.needed(data.num_items) <= EASEConfig.memory_budget
        return [] if fits else [LowRankConfig(config.regularisation) for config in EASE.grid(data)]

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        found = LowRankEASE.of(to_torch(data.cells.positive, run.device), self.config, run.seed)
        self.filter = LowRankEASE(found.directions.cpu(), found.shrink.cpu(), self.config.regularisation)
        return self

    def state(self) -> dict[str, np.ndarray]:
        return {"directions": self.filter.directions.numpy(), "shrink": self.filter.shrink.numpy()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        directions, shrink = (torch.from_numpy(state[name]) for name in ("directions", "shrink"))
        self.filter = LowRankEASE(directions, shrink, self.config.regularisation)
