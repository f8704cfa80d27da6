"""Filters of the interaction graph (:mod:`gnn.filters`): closed forms that never hold items x items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.sparse as sp
import torch

from gnn import filters
from gnn.filters import InteractionFilter, InteractionFilterConfig, LowRankEASE
from gnn.item_item import EASEConfig
from gnn.sparse import to_torch
from recommender.context import RunContext
from recommender.data import TrainingData
from recommender.parts.base import FilterPart, csr_restore, csr_state, fading
from recommender.parts.item_item import EASE


@dataclass(frozen=True)
class GraphFilterConfig(InteractionFilterConfig):
    """The filters, and the graph that they smooth over."""

    entities: float = 0.0
    """Weight of an edge of an item and an entity beside one of a person and an item; 0 leaves entities out."""


class GraphFilter(FilterPart):
    """``score = x (R^T R + alpha D^-1/2 V V^T D^1/2)``: a linear and an ideal low-pass filter (GF-CF).

    Over the graph of people and items, or of people, items and entities: with one row of ``R`` for each person and for
    each pair of an entity and a relation, ``[[0, R], [R^T, 0]]`` is the symmetric normalised adjacency ``A`` of them
    all. ``R^T R`` is what ``A^2`` says of items, and ``V`` what its eigenvectors of the largest eigenvalues do.
    """

    name = "graph_filter"
    Config = GraphFilterConfig
    filter: InteractionFilter
    matrix: sp.csr_matrix
    """``(rows, num_items)``: the graph, people and pairs of an entity and a relation as rows."""

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[GraphFilterConfig]:
        shapes = [(0.3, 64, 0.0), (0.0, 64, 0.0), (0.3, 256, 0.0), (1.0, 64, 0.0)]
        if data.knowledge.item_attributes:
            shapes += [(0.3, 64, 0.3), (0.0, 64, 0.3), (0.3, 256, 0.3)]
        return [GraphFilterConfig(weight, rank, entities=entities) for weight, rank, entities in shapes]

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        self.matrix = data.cells.positive
        if self.config.entities > 0:
            shared = [self.config.entities * part.T for part in data.knowledge.item_attributes.values()]
            joint = sp.vstack([self.matrix, *shared], format="csr", dtype=np.float32)
            self.matrix = joint[joint.getnnz(axis=1) > 0]
        self.filter = InteractionFilter(to_torch(self.matrix), self.config, run.seed)
        return self

    def state(self) -> dict[str, np.ndarray]:
        directions = {} if self.filter.directions is None else {"directions": self.filter.directions.numpy()}
        return csr_state("matrix", self.matrix) | directions

    def restore(self, state: dict[str, np.ndarray]) -> None:
        self.matrix = csr_restore("matrix", state)
        directions = torch.from_numpy(state["directions"]) if "directions" in state else None
        self.filter = InteractionFilter(to_torch(self.matrix), self.config, directions=directions)


@dataclass(frozen=True)
class LowRankConfig(filters.LowRankConfig):
    """The directions, and how old cells count in them."""

    half_life_days: float | None = None
    """See :func:`recommender.parts.base.aged`."""


class LowRank(FilterPart):
    """EASE by its largest directions, for a catalogue for which EASE itself does not fit into memory."""

    name = "ease_low_rank"
    Config = LowRankConfig
    filter: LowRankEASE

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[LowRankConfig]:
        return [LowRankConfig(full.regularisation, half_life_days=full.half_life_days) for full in EASE.grid(data)]

    @classmethod
    def serves(cls, data: TrainingData, run: RunContext) -> bool:
        """Where the dense form does not fit."""
        return EASEConfig.needed(data.num_items) > run.memory_left()

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        liked = fading(data, self.config).positive
        found = LowRankEASE.of(to_torch(liked, run.device), self.config, run.seed)
        self.filter = LowRankEASE(found.directions.cpu(), found.shrink.cpu(), self.config.regularisation)
        return self

    def state(self) -> dict[str, np.ndarray]:
        return {"directions": self.filter.directions.numpy(), "shrink": self.filter.shrink.numpy()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        directions, shrink = (torch.from_numpy(state[name]) for name in ("directions", "shrink"))
        self.filter = LowRankEASE(directions, shrink, self.config.regularisation)
