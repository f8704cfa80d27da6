"""What a list is beside being right: varied, new, unexpected, and in proportion to what the person likes.

Everything that these metrics know of items comes from the training part. Each gives one value a list, ``(n,)`` float64,
NaN where there is nothing to measure: an empty list, or for calibration nobody's history.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from recommender.data import TrainingData
from recommender.evaluation.metrics import Hits, PerPerson
from recommender.facet import facet_of

BANDS = 3
"""Bands of popularity that hold equally many interactions, where no relation tells kinds of item apart."""
SMOOTHING = 0.01
"""``alpha`` of :func:`calibration`: keeps the divergence finite for a group that the list leaves out."""
BLOCK_FLOATS = 1 << 24
"""Numbers held at once (128 MiB), however many people are measured."""


@dataclass(frozen=True)
class Catalogue:
    """The items as training saw them."""

    popularity: np.ndarray
    """``(num_items,)`` float64: people who like each item."""
    likes: sp.csr_matrix
    """``(num_items, num_users)`` float64: who likes each item, rows of length 1 or 0."""
    groups: sp.csr_matrix
    """``(num_items, g)`` float64: each item's share in groups of items; rows add up to 1 or 0."""
    facet: str
    """What the groups are: the relation that tells the catalogue apart best, or bands of popularity."""

    @classmethod
    def of(cls, data: TrainingData) -> Catalogue:
        """Of the part that was trained on."""
        liked = sp.csr_matrix(data.cells.positive.T, dtype=np.float64)
        liked.data[:] = 1.0
        popularity = np.diff(liked.indptr).astype(np.float64)
        facet = facet_of(data.knowledge)
        groups = _bands(popularity) if facet is None else facet.groups.astype(np.float64)
        name = "popularity" if facet is None else facet.relation
        return cls(popularity, _scaled(liked, np.sqrt(popularity)), _scaled(groups, _sums(groups)), name)


def _sums(matrix: sp.csr_matrix) -> np.ndarray:
    return np.asarray(matrix.sum(axis=1)).ravel()


def _scaled(matrix: sp.csr_matrix, by: np.ndarray) -> sp.csr_matrix:
    """Rows divided by these numbers; rows of zeros stay."""
    return sp.csr_matrix(sp.diags(1.0 / np.where(by > 0, by, 1.0)) @ matrix)


def _bands(popularity: np.ndarray) -> sp.csr_matrix:
    """Each item in one band, the most popular in the first; a band ends where its share of interactions is held."""
    order = np.argsort(-popularity, kind="stable")
    before = np.cumsum(popularity[order]) - popularity[order]
    band = np.empty(len(order), dtype=np.int64)
    band[order] = np.minimum(BANDS * before / max(popularity.sum(), 1.0), BANDS - 1).astype(np.int64)
    return sp.csr_matrix((np.ones(len(band)), (np.arange(len(band)), band)), shape=(len(band), BANDS))


def _lists(top: np.ndarray, k: int, num_items: int) -> tuple[sp.csr_matrix, np.ndarray]:
    """``(n, num_items)`` of ones where an item stands in a list, and the lengths of the lists ``(n,)``."""
    shown = top[:, :k]
    rows, places = np.nonzero(shown >= 0)
    ones = np.ones(len(rows))
    return sp.csr_matrix((ones, (rows, shown[rows, places])), shape=(len(top), num_items)), (shown >= 0).sum(axis=1)


def _by_block(measured: Callable[[slice], np.ndarray], people: int, width: int) -> PerPerson:
    """What ``measured`` gives for all people, asked for blocks of them that need ``width`` numbers each."""
    step = max(1, BLOCK_FLOATS // max(1, width))
    return np.concatenate([np.empty(0), *(measured(slice(at, at + step)) for at in range(0, people, step))])


def diversity(top: np.ndarray, k: int, catalogue: Catalogue) -> PerPerson:
    """Intra-list diversity: one minus the mean cosine of two different items of the list, by who likes them.

    ``1 - sum_{i != j} cos(i, j) / (m (m - 1))`` for a list of ``m`` items; NaN below two. Ziegler et al., WWW 2005.
    """
    lists, sizes = _lists(top, k, len(catalogue.popularity))

    def squares(block: slice) -> np.ndarray:
        together = sp.csr_matrix(lists[block] @ catalogue.likes)
        return _sums(together.multiply(together).tocsr())

    own = lists @ (np.diff(catalogue.likes.indptr) > 0).astype(np.float64)
    cosines = _by_block(squares, len(top), catalogue.likes.shape[1]) - own
    return np.where(sizes > 1, 1.0 - cosines / np.maximum(sizes * (sizes - 1), 1), np.nan)


def novelty(top: np.ndarray, k: int, catalogue: Catalogue) -> PerPerson:
    """Mean self-information of what is recommended, in bits: ``-log2((c_i + 1) / (sum_j c_j + num_items))``.

    ``c`` is the popularity; add-one smoothing serves new items. After Zhou et al., PNAS 2010.
    """
    counts = catalogue.popularity
    return _mean(top, k, -np.log2((counts + 1) / (counts.sum() + len(counts))))


def popularity(top: np.ndarray, k: int, catalogue: Catalogue) -> PerPerson:
    """Popularity bias: the mean share of people who like an item of the list (ARP). Yin et al., VLDB 2012."""
    return _mean(top, k, catalogue.popularity / max(catalogue.likes.shape[1], 1))


def _mean(top: np.ndarray, k: int, values: np.ndarray) -> PerPerson:
    lists, sizes = _lists(top, k, len(values))
    return np.where(sizes > 0, lists @ values / np.maximum(sizes, 1), np.nan)


def calibration(top: np.ndarray, k: int, catalogue: Catalogue, history: sp.csr_matrix) -> PerPerson:
    """How far the list is from the person's own proportions, in nats: 0 is perfect. Steck, RecSys 2018.

    ``KL(p || q~) = sum_g p_g log(p_g / q~_g)``, ``q~ = (1 - alpha) q + alpha p``, where ``p`` are the shares of groups
    in the liked part of ``history`` ``(n, num_items)``, weighed as the history is, and ``q`` those in the list. NaN
    where one of them touches no group.
    """
    lists, _ = _lists(top, k, len(catalogue.popularity))
    liked = history.multiply(history > 0).tocsr()

    def divergence(block: slice) -> np.ndarray:
        p, q = (_shares(sp.csr_matrix(rows[block] @ catalogue.groups)) for rows in (liked, lists))
        smoothed = (1 - SMOOTHING) * q + SMOOTHING * p
        terms = np.where(p > 0, p * np.log(np.maximum(p, 1e-300) / np.maximum(smoothed, 1e-300)), 0.0)
        return np.where(p.any(axis=1) & q.any(axis=1), terms.sum(axis=1), np.nan)

    return _by_block(divergence, len(top), catalogue.groups.shape[1])


def _shares(matrix: sp.csr_matrix) -> np.ndarray:
    return np.asarray(_scaled(matrix, _sums(matrix)).toarray())


def obviousness(top: np.ndarray, catalogue: Catalogue, seen: sp.csr_matrix) -> np.ndarray:
    """The place, from 0, of each item of ``top`` ``(n, K)`` among the person's unseen items, the most popular first.

    Equal items stand by dense id; what stands where a list has ended says nothing.
    """
    size = len(catalogue.popularity)
    place = np.empty(size, dtype=np.int64)
    place[np.argsort(-catalogue.popularity, kind="stable")] = np.arange(size)
    rows = np.repeat(np.arange(len(top), dtype=np.int64), np.diff(seen.indptr))
    before = np.sort(rows * size + place[seen.indices])
    starts = seen.indptr[:-1].astype(np.int64)[:, None]
    wanted = np.arange(len(top), dtype=np.int64)[:, None] * size + place[top]
    return np.asarray(place[top] - (np.searchsorted(before, wanted) - starts))


def serendipity(hits: Hits, k: int, obvious: np.ndarray) -> PerPerson:
    """The share of the list that is right and that a list of the ``k`` most popular unseen items does not hold.

    ``sum_{i<=k} rel_i [obvious_i >= k] / k`` with :func:`obviousness`. Ge et al., RecSys 2010, with popularity as the
    primitive recommender.
    """
    return hits.where_any((hits.top(k) & (obvious[:, :k] >= k)).sum(axis=1) / k)


def measure(
    top: np.ndarray, ks: tuple[int, ...], catalogue: Catalogue, hits: Hits, history: sp.csr_matrix, seen: sp.csr_matrix
) -> dict[str, PerPerson]:
    """All of this module at every k, by ``name@k``; ``history`` and ``seen`` are ``(n, num_items)``."""
    obvious = obviousness(top, catalogue, seen)
    found: dict[str, PerPerson] = {}
    for k in ks:
        found |= {f"{metric.__name__}@{k}": metric(top, k, catalogue) for metric in (diversity, novelty, popularity)}
        found[f"calibration@{k}"] = calibration(top, k, catalogue, history)
        found[f"serendipity@{k}"] = serendipity(hits, k, obvious)
    return found
