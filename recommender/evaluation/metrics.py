"""Ranking metrics over top-k lists, for all people at once.

Notation: for one person ``R`` is the set of relevant (held-out) items and ``rel_i`` is 1 when the item at rank ``i``
(from 1) is in ``R``, else 0. Relevance is binary. Each function returns one value a person, ``(n,)`` float64, NaN
where ``R`` is empty; :func:`mean` averages over the people whose ``R`` is not. Ranks below the end of a short list are
misses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from recommender.errors import InvalidInput

PerPerson = np.ndarray
"""``(n,)`` float64, NaN for people without a relevant item."""


@dataclass(frozen=True)
class Hits:
    """Which recommended items are relevant, and how many items are.

    Shapes: ``at_rank`` ``(n, K)`` bool, best rank first; ``relevant`` ``(n,)`` int64, the size of each ``R``.
    """

    at_rank: np.ndarray
    relevant: np.ndarray

    @classmethod
    def of(cls, top: np.ndarray, relevant: sp.csr_matrix, outside: np.ndarray | None = None) -> Hits:
        """Compare lists with relevant items.

        Args:
            top: ``(n, K)`` dense item ids, best first, -1 where a list has ended.
            relevant: ``(n, num_items)``; the stored entries of a row are ``R``.
            outside: ``(n,)`` relevant items that are no candidates: they can only be missed, and count in ``|R|``.

        Raises:
            InvalidInput: the number of rows differs, or a list holds an item twice.
        """
        if top.shape[0] != relevant.shape[0]:
            raise InvalidInput(f"{top.shape[0]} lists for {relevant.shape[0]} people")
        people, num_items = relevant.shape
        offsets = np.arange(people, dtype=np.int64)[:, None] * num_items
        rows = np.repeat(offsets[:, 0], np.diff(relevant.indptr))
        keys = np.sort(rows + relevant.indices)
        wanted = np.where(top < 0, -1, offsets + top)
        if _repeats(wanted):
            raise InvalidInput("a list holds the same item twice")
        sizes = np.diff(relevant.indptr).astype(np.int64)
        return cls(_contains(keys, wanted), sizes if outside is None else sizes + outside)

    def top(self, k: int) -> np.ndarray:
        """The first ``k`` ranks, ``(n, k)`` bool.

        Raises:
            InvalidInput: the lists are shorter than ``k``.
        """
        if not 1 <= k <= self.at_rank.shape[1]:
            raise InvalidInput(f"k = {k} is outside [1, {self.at_rank.shape[1]}], the length of the lists")
        return self.at_rank[:, :k]

    def where_any(self, values: np.ndarray) -> PerPerson:
        """``values`` as float64, NaN for people without a relevant item."""
        return np.where(self.relevant > 0, values, np.nan)


def _contains(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    if not len(keys):
        return np.zeros(wanted.shape, dtype=bool)
    positions = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.asarray(keys[positions] == wanted)


def _repeats(wanted: np.ndarray) -> bool:
    ordered = np.sort(wanted, axis=1)
    return bool(((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any())


def recall(hits: Hits, k: int) -> PerPerson:
    """``sum_{i<=k} rel_i / |R|``. The variant divides by all of ``R``, also where ``|R| > k`` puts 1 out of reach.

    >>> recall(Hits(np.array([[True, False, True]]), np.array([4])), k=3).tolist()
    [0.5]
    """
    return hits.where_any(hits.top(k).sum(axis=1) / np.maximum(hits.relevant, 1))


def precision(hits: Hits, k: int) -> PerPerson:
    """``sum_{i<=k} rel_i / k``; always divided by ``k``, also where the list or ``R`` is shorter.

    >>> precision(Hits(np.array([[True, False, True, False]]), np.array([2])), k=4).tolist()
    [0.5]
    """
    return hits.where_any(hits.top(k).sum(axis=1) / k)


def hit_rate(hits: Hits, k: int) -> PerPerson:
    """1 when any of the first ``k`` is relevant, else 0.

    >>> hit_rate(Hits(np.array([[False, True], [False, False]]), np.array([1, 1])), k=2).tolist()
    [1.0, 0.0]
    """
    return hits.where_any(hits.top(k).max(axis=1))


def ndcg(hits: Hits, k: int) -> PerPerson:
    """``DCG / IDCG``, ``DCG = sum_{i<=k} rel_i / log2(i + 1)``, ``IDCG = sum_{i<=min(k, |R|)} 1 / log2(i + 1)``.

    Järvelin and Kekäläinen, TOIS 2002, with binary gains. The ideal is what is achievable, not the hits that were found
    (dividing by those, as some published code does, inflates it).

    >>> ndcg(Hits(np.array([[False, True, False]]), np.array([1])), k=3).round(4).tolist()
    [0.6309]
    """
    discounts = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[np.inf], np.cumsum(discounts)])[np.minimum(hits.relevant, k)]
    return hits.where_any(hits.top(k) @ discounts / ideal)


def mrr(hits: Hits, k: int) -> PerPerson:
    """``1 / rank`` of the first relevant item within ``k``, 0 where there is none.

    >>> mrr(Hits(np.array([[False, True, True], [False, False, False]]), np.array([2, 2])), k=3).tolist()
    [0.5, 0.0]
    """
    found = hits.top(k)
    return hits.where_any(np.where(found.any(axis=1), 1 / (found.argmax(axis=1) + 1), 0.0))


def average_precision(hits: Hits, k: int) -> PerPerson:
    """``sum_{i<=k} rel_i * (sum_{j<=i} rel_j / i) / min(k, |R|)``; its mean over people is MAP@k.

    >>> average_precision(Hits(np.array([[True, False, True]]), np.array([2])), k=3).round(4).tolist()
    [0.8333]
    """
    found = hits.top(k)
    precisions = np.cumsum(found, axis=1) / np.arange(1, k + 1)
    return hits.where_any((found * precisions).sum(axis=1) / np.clip(hits.relevant, 1, k))


METRICS: Mapping[str, Callable[[Hits, int], PerPerson]] = {
    "recall": recall,
    "precision": precision,
    "ndcg": ndcg,
    "mrr": mrr,
    "map": average_precision,
    "hit": hit_rate,
}
"""The metrics of an accuracy table, by the name in ``name@k``."""


def mean(values: PerPerson) -> float:
    """The mean over people with at least one relevant item; NaN when there are none.

    >>> mean(np.array([1.0, np.nan, 0.0]))
    0.5
    """
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def coverage(top: np.ndarray, k: int, num_items: int) -> float:
    """The share of the ``num_items`` candidates that stand in anyone's first ``k``.

    >>> coverage(np.array([[0, 1], [1, 2]]), k=2, num_items=6)
    0.5
    """
    return float((_exposure(top, k, num_items) > 0).mean())


def gini(top: np.ndarray, k: int, num_items: int) -> float:
    """The Gini index of how often each candidate is recommended: 0 when all are equally often, towards 1 when few are.

    ``sum_i (2 i - n - 1) x_i / (n sum_i x_i)`` over the ``n`` candidates' counts ``x`` in rising order, ``i`` from 1.

    >>> gini(np.array([[0], [1]]), k=1, num_items=2), gini(np.array([[0], [0]]), k=1, num_items=2)
    (0.0, 0.5)
    """
    counts = np.sort(_exposure(top, k, num_items)).astype(np.float64)
    ranks = 2 * np.arange(1, num_items + 1) - num_items - 1
    return float(ranks @ counts / (num_items * max(counts.sum(), 1.0)))


def _exposure(top: np.ndarray, k: int, num_items: int) -> np.ndarray:
    shown = top[:, :k].ravel()
    return np.bincount(shown[shown >= 0], minlength=num_items)
