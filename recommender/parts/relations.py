"""Relations: items that share entities with what the person liked, with a learned weight for each relation.

``score = x · sum_r w_r K_r`` with the relation filters ``K_r`` of :mod:`gnn.filters`. The weights are learned on the
training part alone: one of a person's items is hidden, and a conditional logit over candidates
(:func:`recommender.fusion.logit`) says which relations find it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.sparse as sp
import torch

from gnn.filters import RelationFilter, RelationFilterConfig
from gnn.sparse import to_scipy, to_torch
from recommender.context import RunContext
from recommender.data import TrainingData
from recommender.fusion import FusionConfig, concatenate, gather, logit
from recommender.parts.base import FilterPart, csr_restore, csr_state

BLOCK_BYTES = 256 * 2**20
"""Size of the scores of all relations for one block of people."""


@dataclass(frozen=True)
class RelationsConfig:
    """How entities count."""

    damping: float = 0.5
    """Exponent of an entity's degree: 0 counts a hub in full, 1 as one person spread over all of its items."""
    max_relations: int = 12
    """Only the relations with the most edges are weighed; the rest are too rare to learn from."""
    max_people: int = 3000
    """People whose hidden item teaches the weights."""


class Relations(FilterPart):
    """See the module."""

    name = "relations"
    needs_likes = False
    knows_new_items = True
    Config = RelationsConfig
    filter: RelationFilter
    """``sum_r w_r K_r``."""

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[RelationsConfig]:
        return [RelationsConfig(damping) for damping in (0.5, 0.2)] if data.knowledge.item_attributes else []

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        single = list(filters_of(data, self.config).values())
        weights = learned_weights(data, single, run, self.config)
        kept = np.flatnonzero(weights > 0).tolist()
        self.filter = RelationFilter.weighted([single[at] for at in kept], [float(weights[at]) for at in kept])
        return self

    def state(self) -> dict[str, np.ndarray]:
        incidence, spread = (to_scipy(matrix) for matrix in (self.filter.incidence, self.filter.spread))
        diagonal = {"diagonal": self.filter.diagonal.numpy()}
        return csr_state("incidence", incidence) | csr_state("spread", spread) | diagonal

    def restore(self, state: dict[str, np.ndarray]) -> None:
        incidence, spread = (to_torch(csr_restore(name, state)) for name in ("incidence", "spread"))
        self.filter = RelationFilter(incidence, spread, torch.from_numpy(state["diagonal"]))


def filters_of(data: TrainingData, config: RelationsConfig) -> dict[str, RelationFilter]:
    """The filter of each relation that is weighed, by name, the most edges first."""
    incidence = data.knowledge.item_attributes
    names = sorted(incidence, key=lambda name: -incidence[name].nnz)[: config.max_relations]
    shape = RelationFilterConfig(hub_exponent=config.damping)
    return {name: RelationFilter.of(to_torch(incidence[name]), shape) for name in names}


def learned_weights(
    data: TrainingData, single: Sequence[RelationFilter], run: RunContext, config: RelationsConfig
) -> np.ndarray:
    """One weight a relation, at the scale of raw filter scores; all 1 where nothing can be learned.

    A relation that says nothing of the people who teach gets 0.
    """
    rng = np.random.default_rng(run.seed)
    liked = data.cells.positive
    able = np.flatnonzero(np.diff(liked.indptr) >= 2)
    if not len(able):
        return np.ones(len(single))
    people = rng.permutation(able)[: config.max_people]
    history = liked[people]
    hidden = history.indptr[:-1] + rng.integers(0, np.diff(history.indptr))
    targets = sp.csr_matrix(
        (np.ones(len(people), np.float32), (np.arange(len(people)), history.indices[hidden])), shape=history.shape
    )
    history = (history - history.multiply(targets)).tocsr()
    history.eliminate_zeros()
    fusion = FusionConfig()
    size = max(1, BLOCK_BYTES // (4 * history.shape[1] * len(single)))
    scale, blocks = np.ones(len(single)), []
    for start in range(0, len(people), size):
        own = slice(start, start + size)
        scores = np.stack([one.apply(to_torch(history[own])).numpy() for one in single])
        if start == 0:  # one scale for all, or they could not be told by one weight
            spread = scores.std(axis=(1, 2))
            scale = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 0)
        blocks.append(gather(scores * scale[:, None, None], history[own], targets[own], people[own], fusion))
    choices = concatenate(blocks)
    weights: np.ndarray = logit(choices, np.arange(len(people)), fusion) * scale
    return weights if weights.any() else np.ones(len(single))
