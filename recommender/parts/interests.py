"""Interests: items whose texts are near one of the interests of the person.

A person's interests are the clusters of what they liked, found as for their profile
(:mod:`recommender.profiles.clusters`), but without recency and their own reviews: one mean of all would lie between
them and near none. With unit text vectors ``v`` about their mean, the weights ``x_i >
0`` of the liked items and the kernel ``k(c) = max(c, 0)^sharpness``,

``score_j = sum over interests C of m_C k(v_C · v_j)``, ``v_C = unit(sum_{i in C} x_i v_i)``,

where ``m_C`` is the share of ``C`` in the person's liking, to the power of ``share``. What they dislike is an interest
of its own with a negative ``m_C``. With the clusters held fixed an item ``i`` of ``C`` adds its share in
``v_C · v_j = sum_i x_i v_i · v_j / |sum_i x_i v_i|``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np

from recommender.context import RunContext
from recommender.data import People, TrainingData
from recommender.parts.base import Contributions, Part, cosines
from recommender.profiles.clusters import ClusterConfig, cluster_actions
from text.windows import has_vector

ACTIONS = ClusterConfig(max_actions=512)
"""So many liked items are clustered: beyond, Ward's method takes longer than a list may take."""


@dataclass(frozen=True)
class InterestsConfig:
    """How interests speak."""

    sharpness: float = 4.0
    """Exponent of the cosine: the higher, the more the very nearest decide."""
    share: float = 1.0
    """Exponent of an interest's share in what the person likes; at 0 all interests speak alike."""


@dataclass(frozen=True)
class _Said:
    """Interests of several people, by person, and before what somebody dislikes what they like."""

    people: np.ndarray
    """``(c,)``: whose."""
    vectors: np.ndarray
    """``(c, d)`` float32."""
    shares: np.ndarray
    """``(c,)``: how much each counts; negative for what is disliked."""
    members: Sequence[np.ndarray]
    """Places in the weights of these people."""


class Interests(Part):
    """See the module."""

    name = "interests"
    Config = InterestsConfig
    vectors: np.ndarray
    """``(num_items, d)`` float32, centred unit rows; a zero row for an item without text."""

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[InterestsConfig]:
        if data.item_vectors is None or not data.item_vectors.any():
            return []
        return [InterestsConfig(sharpness, share) for sharpness in (4.0, 2.0) for share in (1.0, 0.5)]

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        assert data.item_vectors is not None, "grid() offers no configuration for data without text"
        self.vectors = data.centred_texts.vectors
        return self

    def score(self, people: People) -> np.ndarray:
        scores = np.zeros(people.weights.shape, dtype=np.float32)
        said = self._interests(people)
        ends = np.searchsorted(said.people, np.arange(len(people) + 1))
        for person, (start, stop) in enumerate(pairwise(ends.tolist())):
            near = self._kernel(said.vectors[start:stop] @ self.vectors.T)
            scores[person] = said.shares[start:stop].astype(np.float32) @ near
        return scores

    def contributions(self, person: People, items: np.ndarray) -> Contributions:
        history, weights = person.weights.indices, person.weights.data
        order = np.argsort(history)
        values = np.zeros((len(history), len(items)))
        said = self._interests(person)
        for members, vector, share in zip(said.members, said.vectors, said.shares.tolist(), strict=True):
            near = (self.vectors[items] @ vector).astype(np.float64)
            own = weights[members, None] * (self.vectors[history[members]] @ self.vectors[items].T).astype(np.float64)
            total = own.sum(axis=0)
            alone = np.zeros_like(own)  # of members that cancel out the first one speaks
            alone[0] = 1.0
            shares = np.divide(own, total, out=alone, where=np.abs(total) > 1e-6 * np.abs(own).sum(axis=0))
            values[members] += share * self._kernel(near) * shares
        return Contributions(np.zeros(len(items)), values[order])

    def _interests(self, people: People) -> _Said:
        """What each person likes in clusters, and what they dislike one by one."""
        items, weights = people.weights.indices, people.weights.data
        owners = np.repeat(np.arange(len(people)), np.diff(people.weights.indptr))
        met, place = np.unique(items, return_inverse=True)
        told = has_vector(self.vectors[met])[place]
        liked, disliked = np.flatnonzero((weights > 0) & told), np.flatnonzero((weights < 0) & told)
        clusters = cluster_actions(
            owners[liked], weights[liked], lambda places: self.vectors[items[liked[places]]], ACTIONS
        )
        whole, against = (np.bincount(owners, np.maximum(side * weights, 0.0), len(people)) for side in (1, -1))
        missed = np.minimum(-weights[disliked] / np.where(whole > 0, whole, against)[owners[disliked]], 1.0)
        said = np.concatenate([clusters.people, owners[disliked]])
        order = np.argsort(said, kind="stable")
        members = [liked[clusters.of(cluster)] for cluster in range(len(clusters))] + list(disliked[:, None])
        return _Said(
            people=said[order],
            vectors=np.concatenate(
                [clusters.vectors.reshape(-1, self.vectors.shape[1]), self.vectors[items[disliked]]]
            )[order],
            shares=np.concatenate([clusters.weights**self.config.share, -(missed**self.config.share)])[order],
            members=[members[place] for place in order.tolist()],
        )

    def _kernel(self, cosines: np.ndarray) -> np.ndarray:
        return np.asarray(np.maximum(cosines, 0.0) ** self.config.sharpness)

    def alike(self, item: int) -> np.ndarray:
        return self._kernel(cosines(self.vectors, item))

    def state(self) -> dict[str, np.ndarray]:
        return {"vectors": self.vectors}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        self.vectors = state["vectors"]
