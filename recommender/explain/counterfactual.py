"""The model solved again without items of somebody's history: what a score and a rank would be, exactly.

Contributions hold fixed what is not linear in the history; this does not. It is the model as it serves: what training
learned with an item there stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recommender.hybrid import Anatomy
from recommender.model import Model, Person

LARGEST_CATALOGUE = 50_000
"""Reasons are put in the order of exact changes where there are no more items than this: each is one more scoring."""


@dataclass(frozen=True)
class Change:
    """What is different without one item of the history."""

    item: int
    """Dense id of that item."""
    score: float
    """Change of the score of the item in question; below 0 where the one left out spoke for it."""
    rank: int
    """Change of its rank; above 0 where it falls behind."""


class Counterfactual:
    """One person's scores as they are, and without some items."""

    def __init__(self, model: Model, person: Person, scores: np.ndarray) -> None:
        """``scores`` ``(num_items,)`` are those with all items."""
        self._model, self._person, self._scores = model, person, scores
        self._others = np.ones(len(scores), dtype=bool)
        self._others[person.events.items[person.events.items >= 0]] = False
        self._solved: dict[int, np.ndarray] = {}

    def rank(self, item: int, scores: np.ndarray | None = None) -> int:
        """Place of an item among those that the person has not met, itself included; 1 is best, and of equal scores the
        lower id, as in a list.

        What is left out of the history does not become one of them: that it would itself stand high says nothing.
        """
        found = self._scores if scores is None else scores
        before = found > found[item]
        before[:item] |= found[:item] == found[item]
        return int((before & self._others).sum()) + 1

    def without(self, left_out: Sequence[int]) -> Anatomy:
        """The person's scores without these items, ready to be taken apart."""
        return Anatomy(self._model.hybrid, self._model.people([self._rest(left_out)]))

    def changes(self, item: int, candidates: Sequence[int]) -> list[Change]:
        """What each candidate alone changes for an item: the further its rank, then its score falls, the earlier."""
        self._solve(candidates)
        rank, score = self.rank(item), self._scores[item]
        found = [
            Change(one, float(self._solved[one][item] - score), self.rank(item, self._solved[one]) - rank)
            for one in candidates
        ]
        return sorted(found, key=lambda change: (-change.rank, change.score))

    def _solve(self, candidates: Sequence[int]) -> None:
        """Score without each of these, all at once."""
        new = [one for one in dict.fromkeys(candidates) if one not in self._solved]
        if new:
            scores = self._model.hybrid.score(self._model.people([self._rest([one]) for one in new]))
            self._solved |= dict(zip(new, scores, strict=True))

    def _rest(self, left_out: Sequence[int]) -> Person:
        return self._person.without(left_out)
