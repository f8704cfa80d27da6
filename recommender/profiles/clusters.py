"""Actions of many people, clustered person by person by Ward's method and the silhouette.

All arithmetic but Ward's tree is done for a group of people with about as many actions at once, in arrays
``(g, w, ...)``: ``g`` people, ``w`` actions of whoever has most of them; what fills the rows of others has mass 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from fastcluster import linkage

CELLS = 1 << 18
"""Distances that are held at once, 1 MB of float32: what fits into a cache is clustered fastest."""
CANCELLED = 1e-5
"""A mean that is shorter than this has no direction."""
LEAST = 1e-30
"""An action that has faded to less weighs so much, of which float32 tells that it is not 0."""
EQUAL, DECIMALS = 1e-6, 5
"""Silhouettes that are no further apart are equal, and so are cosines of so many decimals: float32 tells no more."""

Vectors = Callable[[np.ndarray], np.ndarray]
"""The vectors ``(len(places), d)`` float32 of unit length of the actions at these places."""


@dataclass(frozen=True)
class ClusterConfig:
    """How many clusters a person's actions make."""

    most: int = 5
    """Clusters a person may have; at least 1."""
    min_silhouette: float = 0.06
    """Mean silhouette, in [-1, 1], that a split must reach; below it a person has one cluster. Directions without any
    structure give .01 to .05 in 384 dimensions; the plots that viewers of MovieLens 100k liked .05 to .2."""
    max_actions: int = 128
    """Actions that are clustered: the weightiest ones. Ward's method takes quadratic time and memory in them."""


@dataclass(frozen=True)
class Clusters:
    """``c`` clusters of several people: by person, and the most important of a person first."""

    people: np.ndarray
    """``(c,)`` int64: whose they are."""
    weights: np.ndarray
    """``(c,)`` float64: share of the person's liking, in (0, 1]; adds up to 1 over the person's clusters."""
    vectors: np.ndarray
    """``(c, d)`` float32 of unit length: the direction of the weighted mean of the members."""
    starts: np.ndarray
    """``(c + 1,)`` int64: cluster ``i`` has ``members[starts[i]:starts[i + 1]]``."""
    members: np.ndarray
    """``(m,)`` int64 places of actions, the nearest to the vector (the medoid) first."""

    def __len__(self) -> int:
        return len(self.people)

    @property
    def owners(self) -> np.ndarray:
        """``(m,)`` int64: the cluster of each of the members."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    def of(self, cluster: int) -> np.ndarray:
        """The members of one cluster."""
        return self.members[self.starts[cluster] : self.starts[cluster + 1]]

    def sorted(self) -> Clusters:
        """At least one, by person, weight, and the first of the actions that a cluster holds."""
        order = np.lexsort((np.minimum.reduceat(self.members, self.starts[:-1]), -self.weights, self.people))
        places, starts = ranges(self.starts[order], self.starts[order + 1])
        return Clusters(self.people[order], self.weights[order], self.vectors[order], starts, self.members[places])


def ranges(starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All whole numbers of ranges one after the other, and where each begins among them and the last one ends.

    >>> ranges(np.array([5, 0]), np.array([7, 3]))
    (array([5, 6, 0, 1, 2]), array([0, 2, 5]))
    """
    lengths = (ends - starts).astype(np.int64)
    found = np.concatenate([[0], np.cumsum(lengths)])
    return np.arange(found[-1]) + np.repeat(starts - found[:-1], lengths), found


def cluster_actions(people: np.ndarray, weights: np.ndarray, vectors: Vectors, config: ClusterConfig) -> Clusters:
    """The clusters of everyone's actions.

    With a person's unit vectors :math:`x_j` and weights :math:`w_j > 0`: Ward's tree of the actions; among its cuts
    into :math:`k = 2..most` clusters the one of the highest weighted mean silhouette, when that reaches
    ``min_silhouette``, else one cluster. A cluster :math:`C` has the vector :math:`\\sum_C w_j x_j` scaled to unit
    length and the weight :math:`\\sum_C w_j / \\sum w_j`.

    Args:
        people: ``(n,)`` int64, whose action each is.
        weights: ``(n,)`` liking, above 0.
        vectors: of actions; asked for one group of people after the other.
        config: bounds.

    The result is deterministic: ties go to the earlier action.
    """
    order = np.lexsort((-weights, people))
    owners, starts, counts = np.unique(people[order], return_index=True, return_counts=True)
    sizes = np.minimum(counts, config.max_actions)
    found = []
    for group in _groups(sizes):
        width = int(sizes[group].max())
        real = np.arange(width) < sizes[group, None]
        places = order[np.where(real, starts[group, None] + np.arange(width), starts[group, None])]
        found.append(_cluster(owners[group], places, real, weights, vectors, config))
    if not found:
        nobody, nothing = np.empty(0, dtype=np.int64), np.empty((0, 0), dtype=np.float32)
        return Clusters(nobody, np.empty(0), nothing, np.zeros(1, dtype=np.int64), nobody)
    sizes = np.concatenate([np.diff(one.starts) for one in found])
    return Clusters(
        people=np.concatenate([one.people for one in found]),
        weights=np.concatenate([one.weights for one in found]),
        vectors=np.concatenate([one.vectors for one in found]),
        starts=np.concatenate([[0], np.cumsum(sizes)]),
        members=np.concatenate([one.members for one in found]),
    ).sorted()


def _groups(sizes: np.ndarray) -> Iterator[np.ndarray]:
    """People of about as many actions, as many as :data:`CELLS` allows."""
    order = np.argsort(-sizes, kind="stable")
    start = 0
    while start < len(order):
        stop = start + max(1, CELLS // int(sizes[order[start]]) ** 2)
        yield order[start:stop][::-1]
        start = stop


def _cluster(
    owners: np.ndarray,
    places: np.ndarray,
    real: np.ndarray,
    weights: np.ndarray,
    vectors: Vectors,
    config: ClusterConfig,
) -> Clusters:
    """The clusters of a group, in any order; ``places`` ``(g, w)`` of the actions, and which of them are ``real``."""
    points = vectors(places.ravel()).reshape(*places.shape, -1)
    cosines = points @ points.transpose(0, 2, 1)
    mass = np.where(real, np.maximum(weights[places], LEAST), 0.0)
    labels = _split(cosines, mass, config)
    share = np.where(labels[:, :, None] == np.arange(labels.max() + 1), mass[:, :, None], 0.0).astype(np.float32)
    total = share.sum(axis=1, dtype=np.float64)
    means = share.transpose(0, 2, 1) @ points
    lengths = np.sqrt(np.einsum("gcd,gcd->gc", means, means))
    # Members that cancel out have no mean direction; the weightiest one, which is the first, speaks for them.
    person, label = np.nonzero(lengths <= CANCELLED * total)
    first = (share[person, :, label] > 0).argmax(axis=1)
    means[person, label], lengths[person, label] = points[person, first], 1.0
    near = cosines @ share / lengths[:, None, :]
    near[person, :, label] = cosines[person, first]
    near = np.take_along_axis(near, labels[:, :, None], axis=2)[:, :, 0]
    order = np.lexsort((-near[real].round(DECIMALS), (np.arange(len(places))[:, None] * config.most + labels)[real]))
    person, label = np.nonzero(total)
    return Clusters(
        people=owners[person],
        weights=(total / total.sum(axis=1, keepdims=True))[person, label],
        vectors=means[person, label] / lengths[person, label, None],
        starts=np.concatenate([[0], np.cumsum((share > 0).sum(axis=1)[person, label])]),
        members=places[real][order],
    )


def _split(cosines: np.ndarray, mass: np.ndarray, config: ClusterConfig) -> np.ndarray:
    """The cluster ``(g, w)`` of each action of a group, from 0 without a gap, by their cosines ``(g, w, w)``."""
    sizes = np.count_nonzero(mass, axis=1)
    labels = np.zeros(mass.shape, dtype=np.int64)
    most = min(config.most, mass.shape[1] - 1)
    if most < 2:
        return labels  # two points are never closer to their own cluster than to the other one
    distances = 1.0 - cosines
    np.maximum(distances, 0.0, out=distances)
    diagonal = np.arange(mass.shape[1])
    distances[:, diagonal, diagonal] = 0.0
    cuts = _cuts(distances, sizes, most)
    best = np.full(len(mass), config.min_silhouette)
    for place, score in enumerate(mean_silhouettes(distances, cuts, mass).T):
        better = (score > best + EQUAL) & (place + 2 < sizes)
        best[better], labels[better] = score[better], cuts[better, place]
    return labels


def _cuts(distances: np.ndarray, sizes: np.ndarray, most: int) -> np.ndarray:
    """Ward's trees cut into 2 to ``most`` clusters: labels ``(g, most - 1, w)`` int64, from 0.

    A cut undoes one more of the last merges: what lies under its right child gets the next label.

    Args:
        distances: ``(g, w, w)`` cosine distances.
        sizes: ``(g,)``, how many actions each person has, in rising order.
        most: at most ``w - 1``. Who has no more actions than clusters has a cut that means nothing.
    """
    people, width = distances.shape[:2]
    children = _children(distances, sizes)
    labels = np.zeros((people, most - 1, 2 * width), dtype=np.int64)
    own = np.arange(people)
    for merge in range(most - 1):
        left, right = children[:, merge].T
        labels[own, :, left] = labels[own, :, right] = labels[:, :, width + merge]
        labels[own, merge:, right] = merge + 1
    top = np.tile(np.arange(2 * width), (people, 1))
    merges = np.repeat(np.arange(width + most - 1, 2 * width - 1), 2)
    np.put_along_axis(top, children[:, most - 1 :].reshape(people, -1), merges[None, :], axis=1)
    for _ in range(width.bit_length()):  # a leaf is at most so many doublings below the merges that are undone
        top = np.take_along_axis(top, top, axis=1)
    return np.take_along_axis(labels, top[:, None, :width], axis=2)


def _children(distances: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """The two children of each merge of Ward's trees ``(g, w - 1, 2)`` int64, the last merge first.

    Numbers below ``w`` are leaves, ``w + i`` is merge ``i``; merges that a smaller tree lacks have ``2 w - 1`` twice.
    """
    people, width = distances.shape[:2]
    children = np.full((people, width - 1, 2), 2 * width - 1, dtype=np.int64)
    first, second = np.triu_indices(width, 1)
    for size in np.unique(sizes[sizes > 1]):
        # Unit vectors: the squared Euclidean distance, which Ward's method needs, is twice the cosine distance.
        alike = slice(*np.searchsorted(sizes, [size, size + 1]))
        pairs = (first * width + second)[second < size]
        lengths = np.sqrt(2.0 * distances[alike].reshape(-1, width * width).take(pairs, axis=1).astype(np.float64))
        trees = np.stack([linkage(own, "ward", preserve_input=False) for own in lengths])[:, ::-1, :2].astype(np.int64)
        # Merge m of n - 1 is numbered n + m there, and is the (n - 2 - m)th from the end.
        children[alike, : size - 1] = np.where(trees < size, trees, width + 2 * size - 2 - trees)
    return children


def mean_silhouettes(distances: np.ndarray, cuts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted mean of ``s = (b - a) / max(a, b)`` over points (Rousseeuw 1987); 0 for a point alone in its cluster.

    ``a`` is a point's mean distance to the others of its cluster, ``b`` the least mean distance to another cluster.

    >>> line = np.array([0.0, 1.0, 4.0, 5.0])
    >>> cut = np.array([0, 0, 1, 1])
    >>> mean_silhouettes(abs(line[:, None] - line)[None], cut[None, None], np.ones((1, 4))).round(4)
    array([[0.746]])

    Args:
        distances: ``(g, n, n)`` symmetric with a zero diagonal.
        cuts: ``(g, c, n)`` the cluster of each point, cut ``i`` into the clusters 0 to ``i + 1``.
        weights: ``(g, n)``; points of weight 0 are none.

    Returns:
        ``(g, c)`` float64.
    """
    people, number, points = cuts.shape
    sizes_of_cuts = np.arange(2, number + 2)
    starts = np.cumsum(sizes_of_cuts) - sizes_of_cuts
    own = cuts + starts[:, None]  # the clusters of all cuts lie one after the other
    members = np.zeros((people, int(sizes_of_cuts.sum()), points), dtype=distances.dtype)
    np.put_along_axis(members, own, (weights > 0)[:, None, :], axis=1)
    sizes, sums = members.sum(axis=2, keepdims=True), members @ distances
    own_size = np.take_along_axis(np.broadcast_to(sizes, members.shape), own, axis=1)
    a = np.take_along_axis(sums, own, axis=1) / np.maximum(own_size - 1, 1)
    others = np.divide(sums, sizes, out=np.full_like(sums, np.inf), where=sizes > 0)
    np.put_along_axis(others, own, np.inf, axis=1)
    b = np.stack([cut.min(axis=1) for cut in np.split(others, starts[1:], axis=1)], axis=1)
    widest = np.maximum(a, b)
    told = (own_size > 1) & (widest > 0) & (widest < np.inf)
    s = np.divide(b - a, widest, out=np.zeros_like(a), where=told)
    means: np.ndarray = np.einsum("gp,gcp->gc", weights, s) / weights.sum(axis=1, keepdims=True)
    return means
