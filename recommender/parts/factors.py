"""Matrix factorisation: implicit ALS (:mod:`gnn.als`), a person folded in by one small solve at each scoring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch

from gnn import als
from gnn.als import Factors
from gnn.sparse import to_torch
from recommender.context import RunContext
from recommender.data import People, Rows, TrainingData
from recommender.parts.base import Contributions, Part, aged, cosines, fading


@dataclass(frozen=True)
class ALSConfig(als.ALSConfig):
    """The factors, and how old cells count in them."""

    half_life_days: float | None = None
    """See :func:`recommender.parts.base.aged`."""


class IALS(Part):
    """``score_j = u·v_j`` with ``u = A^-1 sum_i w_i v_i``; ``A`` is held fixed in contributions."""

    name = "ials"
    Config = ALSConfig
    factors: torch.Tensor
    """``(num_items, d)`` float32."""
    gram: torch.Tensor

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[ALSConfig]:
        # A plain ridge cuts off singular values below it, and those of noise grow with the root of the counts.
        ridge = 1.5 * data.mean_likes**0.5
        shapes = (
            (64, 1.0, ridge, 0.0),
            (64, 0.1, ridge, 0.0),
            (64, 0.03, 0.02, 1.0),
            (64, 0.3, ridge, 0.0),
            (64, 0.1, 0.02, 1.0),
            (128, 0.03, 0.02, 1.0),
        )
        configs = [
            ALSConfig(dimensions, unobserved_weight=weight, regularisation=regularisation, exponent=exponent)
            for dimensions, weight, regularisation, exponent in shapes
        ]
        return aged(configs, data)

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        cells = fading(data, self.config)
        fitted = als.fit(to_torch(cells.matrix, run.device), self.config, seed=run.seed)
        self.factors = fitted.items.cpu()
        self.gram = als.gram(self.factors, self.config)
        return self

    def carried(self, rows: Rows, data: TrainingData, run: RunContext) -> Self:
        """One sweep from the factors that are there: people by them, then all items by these people."""
        known = torch.from_numpy(rows.items)
        items = (self.factors[known.clamp_min(0)] * (known >= 0)[:, None]).to(run.device)
        matrix = to_torch(fading(data, self.config).matrix, run.device)
        users = als.fold_in(items, als.gram(items, self.config), matrix, self.config)
        found = type(self)(self.config)
        once = replace(self.config, iterations=1)
        found.factors = als.fit(matrix, once, warm_start=Factors(users, items)).items.cpu()
        found.gram = als.gram(found.factors, self.config)
        return found

    def score(self, people: People) -> np.ndarray:
        return (self.factors_of(people) @ self.factors.T).numpy()

    def factors_of(self, people: People) -> torch.Tensor:
        """``(B, d)`` float32: those of people, whom no fit needs to have met."""
        return als.fold_in(self.factors, self.gram, people.history, self.config)

    def contributions(self, person: People, items: np.ndarray) -> Contributions:
        targets = torch.from_numpy(items)
        _, values = als.contributions(self.factors, self.gram, person.history, targets, self.config)
        return Contributions(np.zeros(len(items)), values.numpy())

    def alike(self, item: int) -> np.ndarray:
        return cosines(self.factors.numpy(), item)

    def state(self) -> dict[str, np.ndarray]:
        return {"factors": self.factors.numpy()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        if state["factors"].ndim != 2:
            raise ValueError("factors are no table")
        self.factors = torch.from_numpy(state["factors"])
        self.gram = als.gram(self.factors, self.config)
