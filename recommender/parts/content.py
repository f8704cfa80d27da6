"""Content: items whose texts are near those that the person liked, or near what the person wrote.

``score_j = sum_i x_i k(v_i · v_j) + words · r · k(t · v_j)`` with unit text vectors ``v``, the person's own words
``t``, the ratio ``r`` of the spreads of both terms over the catalogue (a short request is near to nothing, yet is
meant), and the kernel ``k(c) = max(c, 0)^sharpness`` kept for each item's nearest neighbours only. Vectors are
centred first: texts of one catalogue share a direction that says nothing about taste.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from recommender.context import RunContext
from recommender.data import People, TrainingData
from recommender.parts.base import Contributions, ItemItemPart, cosines
from text.windows import unit_rows


@dataclass(frozen=True)
class ContentConfig:
    """How nearness counts."""

    sharpness: float = 4.0
    """Exponent of the cosine: the higher, the more the very nearest decide."""
    words: float = 1.0
    """Weight of the words of somebody in training, such as their reviews, beside what they liked: both at the same
    spread over the catalogue. Somebody new who says something asks for it: their words weigh 1."""


class Content(ItemItemPart):
    """See the module."""

    name = "content"
    needs_likes = False
    knows_new_items = True
    Config = ContentConfig
    vectors: np.ndarray
    """``(num_items, d)`` float32, centred unit rows; a zero row for an item without text."""
    centre: np.ndarray
    """``(d,)`` float32."""

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[ContentConfig]:
        if data.item_vectors is None or not data.item_vectors.any():
            return []
        return [ContentConfig(sharpness, words=words) for sharpness in (4.0, 2.0, 8.0) for words in (1.0, 0.3)]

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        assert data.item_vectors is not None, "grid() offers no configuration for data without text"
        centred = data.centred_texts
        self.centre, self.vectors = centred.centre, centred.vectors
        # ``B_ij = k(v_i · v_j)`` where ``i`` is among the nearest of ``j``.
        self.matrix = centred.nearest.copy()
        self.matrix.data = self._kernel(self.matrix.data)
        self.matrix.eliminate_zeros()
        return self

    def _kernel(self, cosines: np.ndarray) -> np.ndarray:
        return np.asarray(np.maximum(cosines, 0.0) ** np.float32(self.config.sharpness), dtype=np.float32)

    def _from_words(self, people: People, words: np.ndarray, history: np.ndarray) -> np.ndarray:
        """``words · r · k(t · v_j)``, ``(B, num_items)``, beside the scores of the history, which have that shape."""
        spoken = words.any(axis=1, keepdims=True)
        asked = unit_rows(np.where(spoken, unit_rows(words) - self.centre, 0.0))
        near = self._kernel(asked @ self.vectors.T)
        spread, own = near.std(axis=1, keepdims=True), history.std(axis=1, keepdims=True)
        ratio = np.where((spread > 0) & (own > 0), own / np.maximum(spread, 1e-12), 1.0)
        weight = np.where(people.rows < 0, 1.0, self.config.words)[:, None]
        return np.asarray(weight * ratio * near, dtype=np.float32)

    def score(self, people: People) -> np.ndarray:
        scores: np.ndarray = super().score(people)
        if people.words is None or not people.words.any():
            return scores
        return np.asarray(scores + self._from_words(people, people.words, scores))

    def contributions(self, person: People, items: np.ndarray) -> Contributions:
        found = super().contributions(person, items)
        if person.words is None or not person.words.any():
            return found
        words = self._from_words(person, person.words, super().score(person))
        return replace(found, baseline=words[0, items].astype(np.float64))

    def alike(self, item: int) -> np.ndarray:
        return self._kernel(cosines(self.vectors, item))

    def state(self) -> dict[str, np.ndarray]:
        return super().state() | {"vectors": self.vectors, "centre": self.centre}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        super().restore(state)
        self.vectors, self.centre = state["vectors"], state["centre"]
