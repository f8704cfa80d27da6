"""Relations: items that share entities with what the person liked, with a learned weight for each relation.

``score = x · sum_r w_r S_r`` with the relation filter ``S_r = D_i^-1/2 M_r D_e^-damping M_r^T D_i^-1/2`` of the
item-entity incidence ``M_r``. The weights are learned on the training part alone: one of a person's items is hidden,
and the conditional logit and coordinate ascent of :mod:`recommender.fusion` say which relations find it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.sparse as sp

from recommender.context import RunContext
from recommender.data import People, TrainingData
from recommender.fusion import FusionConfig, gather, learn
from recommender.parts.base import Contributions, Part, csr_restore, csr_state


@dataclass(frozen=True)
class RelationsConfig:
    """How entities count."""

    damping: float = 0.5
    """Exponent of an entity's degree: 0 counts a hub in full, 1 as one person spread over all of its items."""
    max_relations: int = 12
    """Only the relations with the most edges are weighed; the rest are too rare to learn from."""
    max_people: int = 1000
    """People whose hidden item teaches the weights."""


class Relations(Part):
    """See the module; ``left`` ``(items, edges of all relations)`` and ``right`` multiply to ``sum_r w_r S_r``."""

    name = "relations"
    knows_new_items = True
    Config = RelationsConfig
    left: sp.csr_matrix
    right: sp.csr_matrix

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[RelationsConfig]:
        return [RelationsConfig(damping) for damping in (0.5, 0.8)] if data.knowledge.item_attributes else []

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        incidence = data.knowledge.item_attributes
        names = sorted(incidence, key=lambda name: -incidence[name].nnz)[: self.config.max_relations]
        filters = [relation_filter(incidence[name], self.config.damping) for name in names]
        weights = self._weights(data, filters, names, run)
        kept = [(np.sqrt(weight), *pair) for weight, pair in zip(weights, filters, strict=True) if weight > 0]
        self.left = sp.hstack([root * left for root, left, _ in kept], format="csr", dtype=np.float32)
        self.right = sp.vstack([root * right for root, _, right in kept], format="csr", dtype=np.float32)
        return self

    def _weights(
        self, data: TrainingData, filters: list[tuple[sp.csr_matrix, sp.csr_matrix]], names: list[str], run: RunContext
    ) -> np.ndarray:
        """One weight a relation, at the scale of raw filter scores; all 1 when nobody has two liked items."""
        rng = np.random.default_rng(run.seed)
        liked = data.cells.positive
        able = np.flatnonzero(np.diff(liked.indptr) >= 2)
        if not len(able):
            return np.ones(len(filters))
        people = rng.permutation(able)[: self.config.max_people]
        history = liked[people]
        hidden = history.indptr[:-1] + rng.integers(0, np.diff(history.indptr))
        targets = sp.csr_matrix(
            (np.ones(len(people), np.float32), (np.arange(len(people)), history.indices[hidden])), shape=history.shape
        )
        history = (history - history.multiply(targets)).tocsr()
        history.eliminate_zeros()
        scores = np.stack([np.asarray((history @ left @ right).todense(), dtype=np.float32) for left, right in filters])
        scale = scores.std(axis=(1, 2))
        scores /= np.maximum(scale, 1e-12)[:, None, None]
        config = FusionConfig(folds=2, sweeps=1)
        choices = gather(scores, history, targets, config, rng)
        weights: np.ndarray = learn(choices, names, config, rng).weights / np.maximum(scale, 1e-12)
        return weights

    def score(self, people: People) -> np.ndarray:
        scores: np.ndarray = (people.weights @ self.left @ self.right).toarray()
        return scores.astype(np.float32, copy=False)

    def contributions(self, person: People, item: int) -> Contributions:
        items, weights = person.weights.indices, person.weights.data
        similarity = (self.left[items] @ self.right[:, item]).toarray().ravel().astype(np.float64)
        return Contributions(0.0, items.astype(np.int64), similarity * weights)

    def state(self) -> dict[str, np.ndarray]:
        return csr_state("left", self.left) | csr_state("right", self.right)

    def restore(self, state: dict[str, np.ndarray]) -> None:
        self.left, self.right = csr_restore("left", state), csr_restore("right", state)


def relation_filter(incidence: sp.csr_matrix, damping: float) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """``left, right`` with ``left @ right = D_i^-1/2 M D_e^-damping M^T D_i^-1/2`` for the incidence ``M``."""
    items = np.diff(incidence.indptr).astype(np.float64)
    entities = np.bincount(incidence.indices, minlength=incidence.shape[1]).astype(np.float64)
    by_item = sp.diags(np.where(items > 0, np.maximum(items, 1.0) ** -0.5, 0.0))
    by_entity = sp.diags(np.where(entities > 0, np.maximum(entities, 1.0) ** -damping, 0.0))
    return (by_item @ incidence @ by_entity).tocsr(), (by_item @ incidence).T.tocsr()
