"""Several interest vectors for each person: clusters of the items they liked and of what they wrote about them.

One vector for everything that somebody likes lies between their interests and near none of them; PinnerSage (Pal et al.
2020, "PinnerSage: Multi-Modal User Embedding Framework for Recommendations at Pinterest",
https://arxiv.org/abs/2007.03634) therefore clusters a person's actions by Ward's method and keeps a vector and an
importance for each cluster. Here the number of clusters is chosen by the silhouette instead of a global cut, so that it
does not grow with the length of the history, and the vector is the weighted mean, with the medoid kept beside it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from recommender.profiles.context import ProfileContext
from recommender.profiles.history import Histories, Written
from recommender.profiles.naming import name_groups
from recommender.profiles.tags import TagConfig
from text.windows import unit_rows


@dataclass(frozen=True)
class InterestConfig:
    """How a person's actions become interests."""

    most: int = 5
    """Interests a person may have; at least 1."""
    min_silhouette: float = 0.06
    """Mean silhouette, in [-1, 1], that a split must reach; below it a person has one interest. Directions without any
    structure give .01 to .05 in 384 dimensions; the plots that viewers of MovieLens 100k liked .05 to .2."""
    max_actions: int = 128
    """Actions that are clustered: the weightiest ones. Ward's method takes quadratic time and memory in them."""
    own_words: float = 0.5
    """Share of the person's own review in the vector of an item that they wrote about, in [0, 1]; the rest is the
    item's text."""
    members: int = 10
    """Item ids that are kept with an interest."""


@dataclass(frozen=True)
class Interest:
    """``(:User)-[:HAS_INTEREST]->(:Interest {id, name, weight, vector, items, size})``."""

    id: str
    """A hash of the person, the members and what was written about them: it changes when the interest does. Recency
    moves the vector of an unchanged interest a little; a live update leaves that to the next refresh."""
    name: str
    """In words: what its items share, and the titles of the two nearest ones."""
    weight: float
    """Share of the person's liking, in (0, 1]; adds up to 1 over the person's interests."""
    vector: np.ndarray
    """``(d,)`` float32 of unit length."""
    items: tuple[str, ...]
    """External ids of the members nearest to the vector, the medoid first."""
    size: int
    """How many items it holds."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; the vector is left out, the graph has it."""
        return {"name": self.name, "weight": round(self.weight, 4), "size": self.size, "items": list(self.items)}


@dataclass(frozen=True)
class Cluster:
    """One interest before it has a name."""

    weight: float
    """Share of the person's liking, in (0, 1]; adds up to 1 over the person's interests."""
    vector: np.ndarray
    """``(d,)`` float32 of unit length: the direction of the weighted mean of the members."""
    members: np.ndarray
    """``(m,)`` int64 positions in the actions, the nearest to ``vector`` (the medoid) first."""


def interests_of(
    histories: Histories, rows: range, context: ProfileContext, config: InterestConfig, naming: TagConfig
) -> list[tuple[Interest, ...]]:
    """The interests of consecutive people, the most important first; none where neither items nor reviews have a
    vector.

    An action is a liked item: ``unit((1 - s) * item vector + s * unit(sum of own review vectors))`` with ``s`` the
    share of ``own_words``, or whichever of the two there is.
    """
    found = [_clusters(histories, row, context, config) for row in rows]
    groups = [(items[one.members], weights[one.members]) for items, weights, own in found for one in own]
    names = iter(name_groups(groups, context, naming))
    drawn = []
    for row, (items, _, clusters) in zip(rows, found, strict=True):
        words = histories.words_of(row)
        reviews = Counter(() if words is None else words[0].tolist())
        own = (
            Interest(
                id=_interest_id(histories.user_ids[row], items[cluster.members], reviews, context),
                name=next(names),
                weight=cluster.weight,
                vector=cluster.vector,
                items=tuple(context.items[item] for item in items[cluster.members[: config.members]].tolist()),
                size=len(cluster.members),
            )
            for cluster in clusters
        )
        drawn.append(tuple(own))
    return drawn


def _clusters(
    histories: Histories, row: int, context: ProfileContext, config: InterestConfig
) -> tuple[np.ndarray, np.ndarray, list[Cluster]]:
    """What one person likes, how much, and the clusters of it."""
    own = histories.cells_of(row)
    liked = histories.recent[own] > 0
    items, weights = histories.cells.items[own][liked], histories.recent[own][liked]
    vectors = _action_vectors(items, histories.words_of(row), context.item_vectors, config.own_words)
    return items, weights, [] if vectors is None else cluster_actions(vectors, weights, config)


def _interest_id(user_id: str, members: np.ndarray, reviews: Mapping[int, int], context: ProfileContext) -> str:
    """Of the person, the members, and how many reviews of each there are."""
    parts = (f"\0{context.items[member]}\0{reviews.get(member, 0)}" for member in np.sort(members).tolist())
    return hashlib.blake2b("".join([user_id, *parts]).encode(), digest_size=16).hexdigest()


def _action_vectors(
    items: np.ndarray, words: Written | None, item_vectors: np.ndarray | None, own_words: float
) -> np.ndarray | None:
    """``(len(items), d)`` float32: unit rows, or zero rows where there is no text; None where there is none at all."""
    if words is None or not len(words[0]):
        return None if item_vectors is None else item_vectors[items]
    about, written = words
    # items are sorted; reviews of items outside them (disliked, or weightless) add nothing
    positions = np.searchsorted(items, about)
    member = positions < len(items)
    member[member] = items[positions[member]] == about[member]
    said = np.zeros((len(items), written.shape[1]), dtype=np.float32)
    np.add.at(said, positions[member], written[member])
    said = unit_rows(said)
    if item_vectors is None:
        return said
    met = item_vectors[items]
    alone = ~(met.any(axis=1) & said.any(axis=1))
    mixed = (1 - own_words) * met + own_words * said
    mixed[alone] = met[alone] + said[alone]
    return unit_rows(mixed)


def cluster_actions(vectors: np.ndarray, weights: np.ndarray, config: InterestConfig) -> list[Cluster]:
    """The interests behind a person's actions, the most important first.

    With unit vectors :math:`x_j` and weights :math:`w_j > 0`: Ward's tree of the actions; among its cuts into
    :math:`k = 2..most` clusters the one of the highest weighted mean silhouette, when that reaches ``min_silhouette``,
    else one cluster. A cluster :math:`C` has the vector :math:`\\sum_C w_j x_j` scaled to unit length and the weight
    :math:`\\sum_C w_j / \\sum w_j`.

    Args:
        vectors: ``(n, d)`` float32 unit rows; zero rows (no text) take no part.
        weights: ``(n,)`` liking after recency; actions that are not positive take no part.
        config: bounds.

    The result is deterministic: ties go to the earlier action.
    """
    usable = np.flatnonzero((weights > 0) & vectors.any(axis=1))
    if not len(usable):
        return []
    chosen = usable[np.argsort(-weights[usable], kind="stable")[: config.max_actions]]
    points, mass = vectors[chosen].astype(np.float32), weights[chosen].astype(np.float64)
    labels = _split(points, mass, config)
    total = mass.sum()
    clusters = []
    for label in range(labels.max() + 1):
        rows = np.flatnonzero(labels == label)
        clusters.append(_cluster(points[rows], mass[rows], chosen[rows], total))
    return sorted(clusters, key=lambda cluster: (-cluster.weight, int(cluster.members.min())))


def _cluster(points: np.ndarray, mass: np.ndarray, positions: np.ndarray, total: float) -> Cluster:
    mean = mass @ points
    length = float(np.linalg.norm(mean))
    # Members that cancel out have no mean direction; the weightiest one speaks for them.
    vector = points[0] if length < 1e-6 else mean / length
    vector = vector.astype(np.float32)
    nearest = np.argsort(-(points @ vector), kind="stable")
    return Cluster(weight=float(mass.sum() / total), vector=vector, members=positions[nearest])


def _split(points: np.ndarray, mass: np.ndarray, config: InterestConfig) -> np.ndarray:
    """Cluster label of each point, from 0."""
    one = np.zeros(len(points), dtype=np.int64)
    if len(points) < 3 or config.most < 2:
        return one  # two points are never closer to their own cluster than to the other one
    distances = np.clip(1.0 - points @ points.T, 0.0, None).astype(np.float64)
    np.fill_diagonal(distances, 0.0)
    # Unit vectors: the squared Euclidean distance, which Ward's method needs, is twice the cosine distance.
    tree = linkage(np.sqrt(2.0 * squareform(distances, checks=False)), method="ward")
    best, labels = config.min_silhouette, one
    cuts = list(_cuts(tree, min(config.most, len(points) - 1)))
    for cut, score in zip(cuts, mean_silhouettes(distances, cuts, mass), strict=True):
        if score > best + 1e-9:
            best, labels = score, cut
    return labels


def _cuts(tree: np.ndarray, most: int) -> Iterator[np.ndarray]:
    """The labels of a linkage tree cut into 2 to ``most`` clusters, in a tenth of the time of scipy's ``fcluster``."""
    n = len(tree) + 1
    children = tree[:, :2].astype(np.int64).tolist()
    leaves = [1 << leaf for leaf in range(n)]  # of each node, a bit each
    for left, right in children:
        leaves.append(leaves[left] | leaves[right])
    labels = np.zeros(n, dtype=np.int64)
    for k in range(1, most):
        under = leaves[children[n - 1 - k][1]].to_bytes((n + 7) // 8, "little")  # the last rows are the top
        labels = labels.copy()
        labels[np.unpackbits(np.frombuffer(under, np.uint8), count=n, bitorder="little").view(bool)] = k
        yield labels


def mean_silhouettes(distances: np.ndarray, cuts: Sequence[np.ndarray], weights: np.ndarray) -> list[float]:
    """Weighted mean of ``s = (b - a) / max(a, b)`` over points (Rousseeuw 1987); 0 for a point alone in its cluster.

    ``a`` is a point's mean distance to the others of its cluster, ``b`` the least mean distance to another cluster.

    >>> line = np.array([0.0, 1.0, 4.0, 5.0])
    >>> [round(one, 4) for one in mean_silhouettes(abs(line[:, None] - line), [np.array([0, 0, 1, 1])], np.ones(4))]
    [0.746]

    Args:
        distances: ``(n, n)`` symmetric with a zero diagonal.
        cuts: for each the cluster of each point ``(n,)``, from 0 without a gap; at least two clusters.
        weights: ``(n,)`` positive.
    """
    rows = np.arange(len(weights))
    starts = np.cumsum([0, *(int(labels.max()) + 1 for labels in cuts)])
    own = np.stack(cuts, axis=1) + starts[:-1]  # the clusters of all cuts stand side by side
    members = np.zeros((len(rows), starts[-1]))
    members[rows[:, None], own] = 1.0
    sizes, sums = members.sum(axis=0), distances @ members
    a = sums[rows[:, None], own] / np.maximum(sizes[own] - 1, 1)
    others = sums / sizes
    others[rows[:, None], own] = np.inf
    b = np.minimum.reduceat(others, starts[:-1], axis=1)
    widest = np.maximum(a, b)
    s = np.where((sizes[own] > 1) & (widest > 0), (b - a) / np.where(widest > 0, widest, 1.0), 0.0)
    means: list[float] = (weights @ s / weights.sum()).tolist()
    return means
