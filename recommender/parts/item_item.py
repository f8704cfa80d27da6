"""Item-item models (:mod:`gnn.item_item`): EASE and its collective form with graph and text, item-kNN, RP3beta."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import scipy.sparse as sp

from gnn import item_item
from gnn.item_item import ease, item_knn, rp3beta
from gnn.sparse import to_scipy, to_torch
from recommender.context import RunContext
from recommender.data import TrainingData
from recommender.parts.base import ItemItemPart, aged, fading
from recommender.parts.relations import RelationsConfig, filters_of, learned_weights


@dataclass(frozen=True)
class EASEConfig(item_item.EASEConfig):
    """The regression, and how old cells count in it."""

    half_life_days: float | None = None
    """See :func:`recommender.parts.base.aged`."""
    memory_budget: int | None = None
    """Stands in what was written before; what may be taken is now :attr:`recommender.context.RunContext.memory`."""


class EASE(ItemItemPart):
    """Closed-form ridge regression of every item on all others (Steck 2019)."""

    name = "ease"
    Config = EASEConfig

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[EASEConfig]:
        return aged([EASEConfig(regularisation=factor * data.mean_likes) for factor in (5.0, 2.0, 10.0, 20.0)], data)

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        liked = fading(data, self.config).positive
        self.matrix = ease(to_torch(liked, run.device), self.config).matrix.cpu().numpy()
        return self


@dataclass(frozen=True)
class CollectiveConfig:
    """EASE whose rows are people and, beside them, what is known of items."""

    regularisation: float = 200.0
    """As in EASE."""
    dropout: float = 0.0
    """As in EASE; above 0 it is the denoising form."""
    attributes: float = 0.0
    """Weight of a knowledge graph entity beside a person; a hub counts less, by the root of its degree."""
    content: float = 0.0
    """Weight of a dimension of the text vectors beside a person."""
    two_hops: float = 0.0
    """Weight of an entity of an item's entities beside the item's own."""
    neighbours: float = 0.0
    """Weight of an item's text beside a person, as if it liked the items with the nearest texts by their cosine."""
    learned: bool = False
    """Whether each relation has a weight of its own, found as the part ``relations`` finds it; their mean over edges
    stays 1."""
    half_life_days: float | None = None
    """Of people's cells; see :func:`recommender.parts.base.aged`. What is known of items does not age."""


class Collective(ItemItemPart):
    """The collective form of EASE: entities and dimensions of text are people who like the items that have them."""

    name = "collective"
    Config = CollectiveConfig

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[CollectiveConfig]:
        scale = data.mean_likes
        base = CollectiveConfig(regularisation=5.0 * scale)
        configs = [base, replace(base, dropout=0.3, regularisation=2.0 * scale)]
        if data.knowledge.item_attributes:
            configs += [replace(config, attributes=weight) for config in configs[:2] for weight in (1.0, 5.0)]
        if data.item_vectors is not None:
            configs += [replace(base, content=0.2 * scale), replace(configs[-1], content=0.2 * scale)]
        return aged(configs, data)

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        rows = [(self.config.attributes, self._attributes(data, run))] if self.config.attributes > 0 else []
        if self.config.content > 0 and data.item_vectors is not None:
            rows.append((self.config.content, sp.csr_matrix(data.item_vectors)))
        if self.config.neighbours > 0 and data.item_vectors is not None:
            rows.append((self.config.neighbours, _damped(data.centred_texts.nearest.maximum(0.0))))
        extra = [(weight, to_torch(matrix, run.device)) for weight, matrix in rows]
        config = EASEConfig(regularisation=self.config.regularisation, dropout=self.config.dropout)
        liked = fading(data, self.config).positive
        self.matrix = ease(to_torch(liked, run.device), config, extra).matrix.cpu().numpy()
        return self

    def _attributes(self, data: TrainingData, run: RunContext) -> sp.csr_matrix:
        """The incidence of all relations, and of entities of entities, side by side; a weight enters by its root."""
        incidence = data.knowledge.item_attributes
        weights = _relation_weights(data, run) if self.config.learned else dict.fromkeys(incidence, 1.0)
        sides = [weight**0.5 * _damped(incidence[name]) for name, weight in weights.items() if weight > 0]
        if self.config.two_hops > 0:
            sides.append(self.config.two_hops**0.5 * _damped(data.knowledge.two_hops))
        return sp.hstack(sides, format="csr", dtype=np.float32)


def _relation_weights(data: TrainingData, run: RunContext) -> dict[str, float]:
    """The learned weight of each relation, scaled so that their mean over edges is 1."""
    config, incidence = RelationsConfig(), data.knowledge.item_attributes
    single = filters_of(data, config)
    weights = learned_weights(data, list(single.values()), run, config)
    mean = np.average(weights, weights=[incidence[name].nnz for name in single])
    return dict(zip(single, (weights / mean).tolist(), strict=True))


def _damped(incidence: sp.csr_matrix) -> sp.csr_matrix:
    """Incidence whose columns have length 1, so that an entity of many items ties each pair of them less."""
    degrees = incidence.getnnz(axis=0)
    return (incidence @ sp.diags(1.0 / degrees.clip(min=1) ** 0.5)).tocsr()


@dataclass(frozen=True)
class RP3BetaConfig(item_item.RP3BetaConfig):
    """The walk, and how old cells count in it."""

    half_life_days: float | None = None
    """See :func:`recommender.parts.base.aged`."""


class RP3Beta(ItemItemPart):
    """Random walks person - item - person - item, popular ends damped."""

    name = "rp3beta"
    Config = RP3BetaConfig

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[RP3BetaConfig]:
        shapes = ((0.7, 0.6), (0.7, 0.3), (0.5, 0.3), (1.0, 0.6), (1.0, 0.3))
        return aged([RP3BetaConfig(alpha, beta) for alpha, beta in shapes], data)

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        liked = fading(data, self.config).positive
        self.matrix = to_scipy(rp3beta(to_torch(liked, run.device), self.config).matrix.cpu())
        return self


@dataclass(frozen=True)
class ItemKNNConfig(item_item.ItemKNNConfig):
    """The neighbours, and how old cells count in them."""

    half_life_days: float | None = None
    """See :func:`recommender.parts.base.aged`."""


class ItemKNN(ItemItemPart):
    """Cosine neighbours of each item."""

    name = "item_knn"
    Config = ItemKNNConfig

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[ItemKNNConfig]:
        configs = [
            ItemKNNConfig(neighbours, shrinkage, asymmetry, exponent)
            for neighbours, shrinkage, asymmetry, exponent in (
                (100, 10.0, 0.5, 0.0),
                (300, 1.0, 0.5, 0.3),  # rows divided by their sums want less shrinkage
                (50, 10.0, 0.5, 0.0),
                (300, 10.0, 0.5, 0.0),
                (100, 50.0, 0.5, 0.0),
                (100, 0.0, 0.5, 0.0),
                (100, 10.0, 0.4, 0.0),
                (100, 1.0, 0.5, 0.3),
                (300, 0.1, 0.5, 0.5),
            )
        ]
        return aged(configs, data)

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        liked = fading(data, self.config).positive
        self.matrix = to_scipy(item_knn(to_torch(liked, run.device), self.config).matrix.cpu())
        return self
