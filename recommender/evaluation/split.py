"""What an evaluation is made of, wherever it comes from: data to tune on, data for the final fit, and the answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

import numpy as np
import scipy.sparse as sp

from kg.vocabulary import Vocabulary
from recommender.data import Cells, TrainingData
from recommender.errors import InvalidInput
from recommender.evaluation.protocol import Task
from recommender.meaning import Events

FURTHER = 2
"""Validation parts beside the first one, where time does not matter."""


class Build(Protocol):
    """Makes training data of one part of a snapshot, everything derived from events included."""

    def __call__(self, events: np.ndarray, reviews: np.ndarray) -> TrainingData:
        """From the events and reviews in these bool masks over the snapshot's tables, and from nothing else of them."""


@dataclass(frozen=True)
class Split:
    """Tune on :attr:`validation`; fit the choice on the data of :attr:`testing`, and measure there once."""

    protocol: str
    """``temporal``, ``random``, ``leave-last``, ``k-fold`` or ``files``."""
    train: TrainingData
    """What tuning fits on."""
    refit: TrainingData
    """What the final fit sees: train and validation, or train only."""
    valid: Cells
    """Validation positives; none of them is in ``train``."""
    test: Cells
    """Test positives that are candidates; none of them is in ``refit``."""
    outside: np.ndarray
    """``(num_users,)`` int64: each person's test positives that are no candidates."""
    trained: sp.csr_matrix
    """``(num_users, num_items)``: what no list may hold at validation, every pair of train that has an event."""
    masked: sp.csr_matrix
    """``(num_users, num_items)``: what no list may hold at test, likewise of train and validation."""
    users: Vocabulary
    items: Vocabulary
    counts: dict[str, int] = field(default_factory=dict)
    """What was read, kept and dropped, for people."""
    grades: tuple[Cells, Cells] | None = None
    """``train`` and ``refit`` cells weighed by their values, where every row is a positive and the values differ."""
    again: Callable[[int], Split] | None = None
    """The split whose validation part is the one of this number, from 1 on, of further ones that look alike; may raise
    :class:`InvalidInput`. None where that part was given."""

    @cached_property
    def validation(self) -> Task:
        """Fit on train, rank everything but train, find the validation positives."""
        return Task.of(self.train, self.trained, self.valid.matrix)

    def others(self, count: int = FURTHER) -> list[Task]:
        """As :attr:`validation`, on further parts of what is known before the test, ``count`` where as many can be had:
        a choice between settings by one small part follows its noise."""
        found: list[Task] = []
        try:
            for number in range(1, count + 1 if self.again else 1):
                assert self.again is not None
                found.append(self.again(number).validation)
        except InvalidInput:  # the events do not reach back as far
            pass
        return [task for task in found if len(task) and task.data.cells.positive.nnz]

    @cached_property
    def testing(self) -> Task:
        """Fit on ``refit``, rank everything but train and validation, find the test positives."""
        return Task.of(self.refit, self.masked, self.test.matrix, self.outside)

    def graded(self) -> Split:
        """The same split with values as weights; itself where it has none to offer."""
        if self.grades is None:
            return self
        train, refit = self.grades
        return replace(
            self,
            train=replace(self.train, cells=train),
            refit=replace(self.refit, cells=refit),
            grades=None,
            again=each(self.again, Split.graded),
        )


def each(again: Callable[[int], Split] | None, change: Callable[[Split], Split]) -> Callable[[int], Split] | None:
    """:attr:`Split.again` of a split that is changed: its further splits are changed alike."""
    return None if again is None else lambda number: change(again(number))


def pair_keys(users: np.ndarray, items: np.ndarray, num_items: int) -> np.ndarray:
    """One int64 for each (person, item) pair."""
    return np.asarray(users.astype(np.int64) * num_items + items)


def met(events: Events, num_users: int, num_items: int) -> Cells:
    """The distinct pairs with an event of any kind, each weighing 1: what serving leaves out as seen."""
    keys = np.unique(pair_keys(events.users, events.items, num_items))
    ones, never = np.ones(len(keys), dtype=np.float32), np.full(len(keys), np.nan)
    return Cells(keys // num_items, keys % num_items, ones, never, num_users, num_items)


def without(cells: Cells, *others: Cells) -> Cells:
    """``cells`` less the pairs that any of ``others`` holds."""
    known = np.concatenate([pair_keys(other.users, other.items, other.num_items) for other in others])
    return cells.take(~np.isin(pair_keys(cells.users, cells.items, cells.num_items), known))
