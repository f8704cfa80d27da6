"""Soft segments of people: spherical k-means over what their liked items say or have, with names in words.

A person is the unit vector of their liking-weighted mean item less the population's mean, because what everybody likes
tells nobody apart. Clusters are those of spherical k-means (Dhillon & Modha 2001, "Concept Decompositions for Large
Sparse Text Data Using Clustering", Machine Learning 42); the strength of a membership is a softmax over cosines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from recommender.profiles.context import ProfileContext
from recommender.profiles.naming import first_names
from recommender.profiles.tags import TagConfig, affinity
from text.windows import unit_rows


@dataclass(frozen=True)
class SegmentConfig:
    """How many segments there are, and who belongs to them."""

    most: int = 8
    """Segments at most."""
    tolerance: float = 0.87
    """The number of segments is the largest whose simplified silhouette is at least this part of the best one: tastes
    are no islands, so the best split alone would nearly always be the one into two halves."""
    min_people: int = 20
    """People a segment needs on average; below twice as many people with a taste there are no segments."""
    sharpness: float = 5.0
    """Factor of the cosine in the softmax: at 5, a cosine that is .1 higher is worth 1.6 times the strength."""
    min_strength: float = 0.2
    """Weaker memberships are left out, in (0, 1)."""
    dimensions: int = 32
    """Directions kept of the items' attributes where items have no text."""
    iterations: int = 50
    """Rounds of k-means at most."""
    seed: int = 0
    """Seed of the first centres."""


@dataclass(frozen=True)
class Segment:
    """``(:Segment {id, name, size})``."""

    id: str
    """Of its content, so that those of two versions never meet under one id."""
    name: str
    size: int
    """People whose strongest segment it is."""


@dataclass(frozen=True, slots=True)
class Membership:
    """``(:User)-[:IN_SEGMENT {strength}]->(:Segment)``."""

    segment_id: str
    name: str
    strength: float
    """In (0, 1]; adds up to at most 1 over a person's segments."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"segment_id": self.segment_id, "name": self.name, "strength": round(self.strength, 4)}


@dataclass(frozen=True)
class Segments:
    """The segments of a population, to which anybody can be assigned: ``S`` segments over ``r`` features."""

    segments: Sequence[Segment]
    centres: np.ndarray
    """``(S, r)`` float32 unit rows."""
    features: np.ndarray
    """``(num_items, r)`` float32: what a person's mean is taken of."""
    mean: np.ndarray
    """``(r,)`` float32: the population's mean person."""
    config: SegmentConfig

    def assign(self, faded: sp.csr_matrix) -> list[tuple[Membership, ...]]:
        """The memberships of ``B`` people from their cells after recency ``(B, num_items)``, the strongest first.

        ``strength_s = exp(k c_s) / sum_t exp(k c_t)`` with the cosine ``c`` and ``k = sharpness``. Somebody who likes
        nothing with features is in no segment.
        """
        people = _tastes(faded, self.features, self.mean)
        odds = np.exp(self.config.sharpness * (people @ self.centres.T - 1))
        strengths = odds / odds.sum(axis=1, keepdims=True)
        strengths[~people.any(axis=1)] = 0.0
        rows, segments = np.nonzero(strengths >= self.config.min_strength)
        order = np.lexsort((segments, -strengths[rows, segments], rows))
        found: list[list[Membership]] = [[] for _ in strengths]
        columns = (column[order].tolist() for column in (rows, segments, strengths[rows, segments]))
        for row, segment, strength in zip(*columns, strict=True):
            found[row].append(Membership(self.segments[segment].id, self.segments[segment].name, strength))
        return [tuple(own) for own in found]


def find_segments(faded: sp.csr_matrix, context: ProfileContext, config: SegmentConfig) -> Segments | None:
    """The segments of everyone; None where people are too few, or nothing is known of the items they like.

    Args:
        faded: ``(num_users, num_items)`` cells after recency.
        context: item vectors, or else attributes, and names.
        config: bounds.
    """
    features = _item_features(context, config)
    if features is None:
        return None
    means, some = _means(faded, features)
    if some.sum() < 2 * config.min_people:
        return None
    mean = means[some].mean(axis=0)
    people = _tastes(faded, features, mean)
    rows = np.flatnonzero(people.any(axis=1))
    if len(rows) < 2 * config.min_people:  # the others are exactly like everybody
        return None
    centres, labels = _choose(people[rows], config)
    sides = faded[rows].maximum(0).tocsr()
    names = _names(sides, labels, len(centres), context)
    sizes = np.bincount(labels, minlength=len(centres))
    order = np.argsort(-sizes, kind="stable")
    segments = [Segment(_id(centres[s], names[s]), names[s], int(sizes[s])) for s in order.tolist()]
    return Segments(segments, centres[order], features, mean, config)


def _id(centre: np.ndarray, name: str) -> str:
    """Says what the segment is, so that two versions that number their segments otherwise cannot be taken for equal."""
    digest = hashlib.blake2b(centre.tobytes() + name.encode(), digest_size=6)
    return f"segment:{digest.hexdigest()}"


def _item_features(context: ProfileContext, config: SegmentConfig) -> np.ndarray | None:
    """Item vectors, or the leading directions of the attributes weighted by ``-log p``; None where there is neither."""
    if context.item_vectors is not None:
        return context.item_vectors
    attributes = context.attributes
    size = min(config.dimensions, min(attributes.shape) - 1)
    if attributes.nnz == 0 or size < 2:
        return None
    rarity = -np.log(np.clip(context.shares, 1e-12, 1.0))
    weighted = (attributes.astype(np.float64) @ sp.diags(rarity)).tocsr()
    return unit_rows(_leading_directions(weighted, size, config.seed))


def _leading_directions(matrix: sp.csr_matrix, size: int, seed: int) -> np.ndarray:
    """``U S`` of the truncated SVD, ``(n, size)`` float32, by a seeded range finder with four power iterations.

    Halko, Martinsson & Tropp 2011, https://arxiv.org/abs/0909.4061; ARPACK's signs and bases differ from call to call.
    """
    probes = np.random.default_rng(seed).standard_normal((matrix.shape[1], min(size + 10, *matrix.shape)))
    basis, _ = np.linalg.qr(matrix @ probes)
    for _ in range(4):
        back, _ = np.linalg.qr(matrix.T @ basis)
        basis, _ = np.linalg.qr(matrix @ back)
    left, values, _ = np.linalg.svd((matrix.T @ basis).T, full_matrices=False)
    directions: np.ndarray = (basis @ left[:, :size] * values[:size]).astype(np.float32)
    return directions


def _means(faded: sp.csr_matrix, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit mean item of each person ``(B, r)`` float32, and who has one."""
    means = unit_rows(np.asarray(faded.maximum(0).astype(np.float32) @ features))
    return means, np.asarray(means.any(axis=1))


def _tastes(faded: sp.csr_matrix, features: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """``(B, r)`` float32 unit rows: how a person's mean departs from everybody's; zero rows for no taste."""
    means, some = _means(faded, features)
    means[some] -= mean
    return unit_rows(means)


def _choose(people: np.ndarray, config: SegmentConfig) -> tuple[np.ndarray, np.ndarray]:
    """Centres and labels of the most clusters whose simplified silhouette (Hruschka et al. 2004) is nearly the best.

    With cosine distances ``a`` to the own and ``b`` to the nearest other centre: the mean of ``(b - a) / max(a, b)``.
    """

    def score(clusters: tuple[np.ndarray, np.ndarray]) -> float:
        distances = np.sort(1.0 - people @ clusters[0].T, axis=1)
        a, b = distances[:, 0], distances[:, 1]
        return float(((b - a) / np.maximum(b, 1e-12)).mean())

    most = max(2, min(config.most, len(people) // config.min_people))
    tried = [spherical_kmeans(people, k, config.iterations, config.seed) for k in range(2, most + 1)]
    scores = np.array([score(clusters) for clusters in tried])
    return tried[int(np.flatnonzero(scores >= config.tolerance * scores.max())[-1])]


def spherical_kmeans(points: np.ndarray, k: int, iterations: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Centres ``(k, r)`` float32 unit rows and labels ``(n,)`` int64 of unit rows ``(n, r)``, ``n >= k``.

    First centres by k-means++ on the cosine distance; an empty cluster takes the point farthest from its centre.
    """
    rng = np.random.default_rng(seed)
    centres = points[rng.integers(len(points))][None]
    while len(centres) < k:
        distance = np.clip(1.0 - (points @ centres.T).max(axis=1), 0.0, None).astype(np.float64) + 1e-12
        centres = np.vstack([centres, points[rng.choice(len(points), p=distance / distance.sum())]])
    labels = np.full(len(points), -1)
    for _ in range(iterations):
        cosines = points @ centres.T
        nearest = cosines.argmax(axis=1)
        if (nearest == labels).all():
            break
        labels = nearest
        sums = sp.csr_matrix((np.ones(len(labels), np.float32), (labels, np.arange(len(labels)))), (k, len(labels)))
        centres = unit_rows(np.asarray(sums @ points))
        for empty in np.flatnonzero(~centres.any(axis=1)):
            centres[empty] = points[cosines.max(axis=1).argmin()]
    return centres, labels


def _names(liked: sp.csr_matrix, labels: np.ndarray, k: int, context: ProfileContext) -> list[str]:
    """What the people of a segment share beyond everyone: two named entities, else three titles."""
    group = sp.csr_matrix((np.ones(len(labels)), (labels, np.arange(len(labels)))), shape=(k, len(labels)))
    attention = np.asarray((group @ liked).todense())
    mass = attention.sum(axis=1)
    prior = TagConfig().prior
    items = attention.sum(axis=0) / max(float(attention.sum()), 1e-12)
    by_item = affinity(attention, mass[:, None], items[None, :], prior)
    if not context.has_entity_names:
        return [", ".join(context.called[i] for i in np.argsort(-row, kind="stable")[:3].tolist()) for row in by_item]
    shares = context.attributes.T @ items
    by_entity = affinity(attention @ context.attributes, mass[:, None], shares[None, :], prior)
    orders = np.argsort(-by_entity, axis=1, kind="stable")
    return [
        ", ".join(first_names(order[scores[order] > 0].tolist(), context, 2)) or context.called[int(titles.argmax())]
        for order, scores, titles in zip(orders, by_entity, by_item, strict=True)
    ]
