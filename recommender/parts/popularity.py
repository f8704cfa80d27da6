"""Popularity: what most people like, overall or of late. The baseline that everything else must beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from recommender.context import RunContext
from recommender.data import Cells, TrainingData
from recommender.parts.base import BaselinePart

HALF_LIVES = (30.0, None, 7.0, 90.0, 14.0, 3.0, 365.0, 1.0, 180.0, 60.0)
"""Days worth trying, the most promising first: what is read today is forgotten in days, films are not in months."""


@dataclass(frozen=True)
class PopularityConfig:
    """How people are counted."""

    half_life_days: float | None = None
    """Of recent popularity: an event of this age, measured from the latest of all, counts half; None leaves it out."""
    recent: float = 1.0
    """Share of recent popularity in the score, in [0, 1]; the rest is popularity overall."""


def counts(cells: Cells, half_life_days: float | None) -> np.ndarray:
    """``c_j = sum_u [u likes j] 2^(-age_uj / half_life)``, ``(num_items,)`` float64; an undated cell counts in full."""
    liked = cells.take(cells.weights > 0)
    weights = None if half_life_days is None else np.exp2(-liked.days / half_life_days)
    return np.bincount(liked.items, weights=weights, minlength=cells.num_items)


class Popularity(BaselinePart):
    """``score_j = (1 - r) log(1 + overall_j) + r log(1 + recent_j)`` with :func:`counts` and the share ``r``."""

    name = "popularity"
    needs_likes = False
    Config = PopularityConfig

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[PopularityConfig]:
        half_lives = HALF_LIVES if data.cells.timed else (None,)
        return [PopularityConfig(days) for days in half_lives]

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        share = 0.0 if self.config.half_life_days is None else self.config.recent
        overall, recent = (np.log1p(counts(data.cells, days)) for days in (None, self.config.half_life_days))
        self.scores = ((1 - share) * overall + share * recent).astype(np.float32)
        return self


@dataclass(frozen=True)
class AttributePopularityConfig:
    """How the popularity of an item's entities is counted."""

    min_edges: int = 20
    """Relations with fewer item-entity edges are left out."""


class AttributePopularity(BaselinePart):
    """Popularity of what an item has: a new book by an author whom many read.

    ``score_j = mean over relations r of log(1 + mean over entities e of r(j) of sum of c_i over other items i with e)``
    with ``c`` the liked cells of an item; a relation that an item lacks adds 0.
    """

    name = "attribute_popularity"
    needs_likes = False
    knows_new_items = True
    Config = AttributePopularityConfig

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[AttributePopularityConfig]:
        return [AttributePopularityConfig()] if len(data.knowledge) else []

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        liked = counts(data.cells, None)
        total, relations = np.zeros(data.num_items), 0
        for incidence in data.knowledge.item_attributes.values():
            if incidence.nnz < self.config.min_edges:
                continue
            relations += 1
            degree = np.maximum(np.diff(incidence.indptr), 1)
            of_entities = incidence.T @ liked
            others = incidence @ of_entities / degree - liked * (np.diff(incidence.indptr) > 0)
            total += np.log1p(np.maximum(others, 0.0))
        self.scores = (total / max(relations, 1)).astype(np.float32)
        return self
