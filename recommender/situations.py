"""What is known of somebody when they are served decides by which weights the parts are fused.

============  =========================================  ==============================================================
situation     known of the person                        weights
============  =========================================  ==============================================================
``history``   items that they liked or disliked          learned on validation people who have a history
``few``       so few items that other weights serve      likewise, on those who have as few; only where validation says
              better                                     that telling both apart is better beyond noise
``nothing``   nothing                                    learned on validation people without one; where there are too
                                                         few, on others as if they had none
``words``     words, their own or those they ask with    nearness of texts first, for words are an order and no
                                                         evidence; then, at ``words_prior``, the weights of ``nothing``
============  =========================================  ==============================================================

Somebody new with words beside a history gets the mean of both. Parts that tell items apart which nobody has met
(:attr:`recommender.parts.base.Part.knows_new_items`) keep at least ``floor`` of the largest weight: validation cannot
speak for such items, and without a voice for them they would stand in the order of their ids.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from recommender.data import People
from recommender.fusion import Learned

WORDS = "content"
"""The part that reads words."""


@dataclass(frozen=True)
class SituationConfig:
    """What is set and not learned."""

    floor: float = 0.02
    """Least weight, as a share of the largest, of a part that knows items which nobody has met."""
    words_prior: float = 0.1
    """Weight, beside 1 for the nearness of texts, of all that serves somebody unknown."""
    least: int = 20
    """Validation people without history from which on they teach the weights of ``nothing`` alone."""
    least_apart: int = 100
    """Validation people with few items, and with many, from which on both may have weights of their own."""


@dataclass(frozen=True)
class Fusion:
    """The weights of each situation over the same parts."""

    parts: tuple[str, ...]
    history: Learned
    nothing: Learned
    words: np.ndarray
    """``(P,)`` float64."""
    few: Learned | None = None
    """The weights of ``few``, where they are better."""
    few_items: int = 0
    """Who has met fewer items than this gets them."""

    @classmethod
    def of(
        cls,
        parts: tuple[str, ...],
        history: Learned,
        nothing: Learned,
        knows_new_items: np.ndarray,
        config: SituationConfig | None = None,
        *,
        few: Learned | None = None,
        few_items: int = 0,
    ) -> Fusion:
        """Weights as they were learned, with their floor, and those for words; ``knows_new_items`` ``(P,)`` bool."""
        config = config or SituationConfig()
        history, nothing = (_floored(learned, knows_new_items, config.floor) for learned in (history, nothing))
        few = few and _floored(few, knows_new_items, config.floor)
        general = nothing.weights
        if WORDS in parts:
            asked = np.array([name == WORDS for name in parts], dtype=np.float64)
            words = asked + config.words_prior * general / max(float(general.sum()), 1e-12)
        else:
            words = general
        return cls(parts, history, nothing, words, few, few_items)

    def weights(self, people: People) -> np.ndarray:
        """``(B, P)`` float32: each person's weights by what is known of them."""
        sizes = np.diff(people.weights.indptr)
        met = sizes > 0
        said = np.zeros(len(people), dtype=bool) if people.words is None else people.words.any(axis=1)
        rows = np.where(met[:, None], self.history.weights, self.nothing.weights)
        if self.few is not None:
            rows[met & (sizes < self.few_items)] = self.few.weights
        rows[said & ~met] = self.words
        both = said & met & (people.rows < 0)
        rows[both] = (rows[both] + self.words) / 2
        return rows.astype(np.float32)

    @property
    def _learned(self) -> dict[str, Learned]:
        every = {"history": self.history, "few": self.few, "nothing": self.nothing}
        return {name: learned for name, learned in every.items() if learned is not None}

    @property
    def used(self) -> list[str]:
        """Names of the parts that count in any situation."""
        most = np.max([self.words, *(learned.weights for learned in self._learned.values())], axis=0)
        return [name for name, weight in zip(self.parts, most, strict=True) if weight > 0]

    def only(self, names: Collection[str]) -> Fusion:
        """The same weights for these parts alone, in the order in which they stand."""
        kept = [position for position, name in enumerate(self.parts) if name in names]
        parts = tuple(self.parts[position] for position in kept)
        history, nothing = (replace(one, weights=one.weights[kept]) for one in (self.history, self.nothing))
        few = self.few and replace(self.few, weights=self.few.weights[kept])
        return Fusion(parts, history, nothing, self.words[kept], few, self.few_items)

    def by_name(self) -> dict[str, dict[str, float]]:
        """The weight of each part in each situation."""
        rows = {name: learned.weights for name, learned in self._learned.items()} | {"words": self.words}
        return {name: dict(zip(self.parts, row.tolist(), strict=True)) for name, row in rows.items()}

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        learned = {name: one.to_dict() for name, one in self._learned.items()}
        return {"parts": list(self.parts), "words": self.words.tolist(), "few_items": self.few_items, **learned}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Fusion:
        """Read what :meth:`to_dict` gave."""
        names = ("history", "nothing", "few")
        learned = {name: Learned.from_dict(document[name]) for name in names if name in document}
        words = np.asarray(document["words"], dtype=np.float64)
        return cls(parts=tuple(document["parts"]), words=words, few_items=document.get("few_items", 0), **learned)


def _floored(learned: Learned, raised: np.ndarray, floor: float) -> Learned:
    least = np.where(raised, floor * learned.weights.max(initial=0.0), 0.0)
    return replace(learned, weights=np.maximum(learned.weights, least))
