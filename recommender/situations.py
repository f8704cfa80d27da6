"""What is known of somebody when they are served decides by which weights the parts are fused.

============  =========================================  ==============================================================
situation     known of the person                        weights
============  =========================================  ==============================================================
``history``   items that they liked or disliked          learned on validation people who have a history
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
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Fusion:
    """The weights of each situation over the same parts."""

    parts: tuple[str, ...]
    history: Learned
    nothing: Learned
    words: np.ndarray
    """``(P,)`` float64."""

    @classmethod
    def of(
        cls,
        parts: tuple[str, ...],
        history: Learned,
        nothing: Learned,
        knows_new_items: np.ndarray,
        config: SituationConfig | None = None,
    ) -> Fusion:
        """Weights as they were learned, with their floor, and those for words; ``knows_new_items`` ``(P,)`` bool."""
        config = config or SituationConfig()
        history, nothing = (_floored(learned, knows_new_items, config.floor) for learned in (history, nothing))
        general = nothing.weights
        if WORDS in parts:
            asked = np.array([name == WORDS for name in parts], dtype=np.float64)
            words = asked + config.words_prior * general / max(float(general.sum()), 1e-12)
        else:
            words = general
        return cls(parts, history, nothing, words)

    def weights(self, people: People) -> np.ndarray:
        """``(B, P)`` float32: each person's weights by what is known of them."""
        met = np.diff(people.weights.indptr) > 0
        said = np.zeros(len(people), dtype=bool) if people.words is None else people.words.any(axis=1)
        rows = np.where(met[:, None], self.history.weights, self.nothing.weights)
        rows[said & ~met] = self.words
        rows[said & met & (people.rows < 0)] = (self.history.weights + self.words) / 2
        return rows.astype(np.float32)

    @property
    def used(self) -> list[str]:
        """Names of the parts that count in any situation."""
        most = np.max([self.history.weights, self.nothing.weights, self.words], axis=0)
        return [name for name, weight in zip(self.parts, most, strict=True) if weight > 0]

    def only(self, names: Collection[str]) -> Fusion:
        """The same weights for these parts alone, in the order in which they stand."""
        kept = [position for position, name in enumerate(self.parts) if name in names]
        history, nothing = (
            Learned(learned.weights[kept], learned.chosen, learned.validation, learned.without)
            for learned in (self.history, self.nothing)
        )
        return Fusion(tuple(self.parts[position] for position in kept), history, nothing, self.words[kept])

    def by_name(self) -> dict[str, dict[str, float]]:
        """The weight of each part in each situation."""
        rows = {"history": self.history.weights, "words": self.words, "nothing": self.nothing.weights}
        return {name: dict(zip(self.parts, row.tolist(), strict=True)) for name, row in rows.items()}

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "parts": list(self.parts),
            "history": self.history.to_dict(),
            "nothing": self.nothing.to_dict(),
            "words": self.words.tolist(),
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Fusion:
        """Read what :meth:`to_dict` gave."""
        history, nothing = (Learned.from_dict(document[name]) for name in ("history", "nothing"))
        return cls(tuple(document["parts"]), history, nothing, np.asarray(document["words"], dtype=np.float64))


def _floored(learned: Learned, raised: np.ndarray, floor: float) -> Learned:
    least = np.where(raised, floor * learned.weights.max(initial=0.0), 0.0)
    return Learned(np.maximum(learned.weights, least), learned.chosen, learned.validation, learned.without)
