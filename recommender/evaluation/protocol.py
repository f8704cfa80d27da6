"""Full ranking of held-out items: every candidate is scored for every person, seen items masked, nothing sampled."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import scipy.sparse as sp

from kg.progress import tqdm
from recommender.data import People, TrainingData
from recommender.errors import InvalidInput
from recommender.evaluation import beyond, metrics
from recommender.evaluation.beyond import Catalogue
from recommender.evaluation.groups import GroupFigure, by_group
from recommender.evaluation.metrics import Hits
from recommender.ranking import top_k


class Scorer(Protocol):
    """Whatever is evaluated: a part, a baseline, the hybrid."""

    def score(self, people: People) -> np.ndarray:
        """``(B, num_items)``, higher is better, -inf for what cannot be recommended; seen items are not masked."""


@dataclass(frozen=True)
class EvaluationConfig:
    """How lists are made and measured."""

    ks: tuple[int, ...] = (10, 20)
    """Lengths of lists, each at least 1."""
    thorough: bool = False
    """Whether lists are also measured beyond being right (:mod:`recommender.evaluation.beyond`) and by all groups of
    people and items (:mod:`recommender.evaluation.groups`), not only by whether people have a history."""
    block_bytes: int = 128 * 2**20
    """Size of one block of scores; the peak is a few times this, whatever the number of people."""

    def __post_init__(self) -> None:
        if not self.ks or min(self.ks) < 1:
            raise InvalidInput(f"ks = {self.ks}; at least one k is needed, and each is at least 1")


@dataclass(frozen=True)
class Task:
    """One question with its answers: fit on ``data``, rank for ``users``, and be judged by ``relevant``.

    ``users`` ``(n,)`` int64 are the people with at least one held-out positive. ``seen`` and ``relevant`` are ``(n,
    num_items)`` CSR whose stored entries matter and whose values do not; ``outside`` ``(n,)`` int64 counts the held-out
    positives that are no candidates and can only be missed.
    """

    data: TrainingData
    users: np.ndarray
    seen: sp.csr_matrix
    relevant: sp.csr_matrix
    outside: np.ndarray

    @classmethod
    def of(
        cls,
        data: TrainingData,
        seen: sp.csr_matrix,
        relevant: sp.csr_matrix,
        outside: np.ndarray | None = None,
    ) -> Task:
        """The task over all people (``(num_users, num_items)`` matrices), kept to those with something to find."""
        outside = np.zeros(relevant.shape[0], dtype=np.int64) if outside is None else outside
        users = np.flatnonzero((np.diff(relevant.indptr) > 0) | (outside > 0))
        return cls(data, users, seen[users], relevant[users], outside[users])

    def __len__(self) -> int:
        return len(self.users)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The items as training saw them."""
        return Catalogue.of(self.data)

    @cached_property
    def people(self) -> People:
        """The people as a scorer sees them: with the events of ``data``, and row -1 for those who have none there."""
        people = self.data.people(self.users)
        known = np.diff(people.weights.indptr) > 0
        return People(people.weights, np.where(known, people.rows, -1), people.words)


@dataclass(frozen=True)
class Figures:
    """What one scorer reached on one task."""

    means: dict[str, float]
    """``recall@10`` and so on: means over people; ``coverage@k`` and ``gini@k`` of all lists together."""
    per_person: dict[str, np.ndarray]
    """What has a value for each person, by name, ``(n,)`` float64 in the order of the task's ``users``."""
    top: np.ndarray
    """The lists: ``(n, max(ks))`` int64 dense ids, -1 where a list has ended."""
    seconds: float
    """Wall time of scoring, ranking and measuring."""
    groups: tuple[GroupFigure, ...] = ()
    """The means of the first k: of people with a history and without; where they were asked for, by all groups."""


def rank(
    scorer: Scorer,
    people: People,
    seen: sp.csr_matrix,
    k: int,
    config: EvaluationConfig | None = None,
    *,
    progress: bool = False,
) -> np.ndarray:
    """The best ``k`` unseen items of each person, best first, ``(n, k)`` int64; -1 where fewer can be recommended.

    Scores are made in blocks of people, so memory does not grow with their number. Equal scores are ordered by
    dense id.

    Raises:
        InvalidInput: the scorer returns NaN, or scores of another shape.
    """
    config = config or EvaluationConfig()
    num_items = people.weights.shape[1]
    rows = max(1, config.block_bytes // (4 * max(num_items, 1)))
    blocks = [slice(start, min(start + rows, len(people))) for start in range(0, len(people), rows)]
    top = np.full((len(people), k), -1, dtype=np.int64)
    for block in tqdm(blocks, desc="ranking", unit="block", disable=not progress or len(blocks) < 2, leave=False):
        scores = scorer.score(people[block])
        _check_scores(scorer, scores, (block.stop - block.start, num_items))
        top[block], _ = top_k(scores, k, seen[block])
    return top


def _check_scores(scorer: Scorer, scores: np.ndarray, shape: tuple[int, int]) -> None:
    name = getattr(scorer, "name", type(scorer).__name__)
    if scores.shape != shape:
        raise InvalidInput(f"{name} returned scores of shape {scores.shape}, not {shape}")
    if np.isnan(scores).any():
        raise InvalidInput(f"{name} returned NaN for {int(np.isnan(scores).any(axis=1).sum())} of {shape[0]} people")


def evaluate(scorer: Scorer, task: Task, config: EvaluationConfig | None = None, *, progress: bool = False) -> Figures:
    """Rank for everyone in ``task`` and measure: all of :data:`metrics.METRICS` at every k, and those beyond."""
    config = config or EvaluationConfig()
    start = time.perf_counter()
    top = rank(scorer, task.people, task.seen, max(config.ks), config, progress=progress)
    hits = Hits.of(top, task.relevant, task.outside)
    per_person = {f"{name}@{k}": metric(hits, k) for k in config.ks for name, metric in metrics.METRICS.items()}
    if config.thorough:
        per_person |= beyond.measure(top, config.ks, task.catalogue, hits, task.people.weights, task.seen)
    means = {name: metrics.mean(values) for name, values in per_person.items()}
    num_items = task.relevant.shape[1]
    for k in config.ks:
        means[f"coverage@{k}"] = metrics.coverage(top, k, num_items)
        means[f"gini@{k}"] = metrics.gini(top, k, num_items)
    groups = by_group(top, config.ks[0], task, per_person, thorough=config.thorough)
    return Figures(means, per_person, top, time.perf_counter() - start, groups)
