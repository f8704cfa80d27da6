"""What people did and wrote, ready for profiling: many people in the refresh, one live, in the same arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from recommender.data import Cells
from recommender.meaning import Events, cells_of, recency
from recommender.profiles.context import ProfileContext
from text.windows import has_vector


@dataclass(frozen=True)
class Words:
    """Vectors of what people wrote about items.

    Shapes: ``users`` (rows of the histories, sorted) and ``items`` ``(r,)`` int64; ``vectors`` ``(r, d)`` float32 unit
    rows.
    """

    users: np.ndarray
    items: np.ndarray
    vectors: np.ndarray

    @classmethod
    def of(cls, users: np.ndarray, items: np.ndarray, vectors: np.ndarray) -> Words:
        """Words in any order; those of unknown items (negative) and without a vector (zero rows) are left out."""
        spoken = np.flatnonzero((items >= 0) & has_vector(vectors))
        spoken = spoken[np.lexsort((items[spoken], users[spoken]))]
        return cls(users[spoken], items[spoken], vectors[spoken])

    def take(self, rows: slice) -> Words:
        """The words in ``rows``."""
        return Words(self.users[rows], self.items[rows], self.vectors[rows])


@dataclass(frozen=True)
class Histories:
    """The events and words of ``B`` people, and the cells that they make. A person is a row: 0 to ``B - 1``."""

    user_ids: Sequence[str]
    events: Events
    """Sorted by user; an item that the context does not know (it came after the refresh) is a negative number."""
    context: ProfileContext
    half_life_days: float
    recency_floor: float
    words: Words | None = None

    @classmethod
    def of(
        cls,
        user_ids: Sequence[str],
        events: Events,
        context: ProfileContext,
        *,
        half_life_days: float,
        recency_floor: float,
        words: Words | None = None,
    ) -> Histories:
        """The histories of these people, whose events are in any order."""
        events = events.take(np.argsort(events.users, kind="stable"))
        return cls(user_ids, events, context, half_life_days, recency_floor, words)

    def __len__(self) -> int:
        return len(self.user_ids)

    def block(self, rows: range) -> Histories:
        """The histories of consecutive people, who are counted from 0 there."""
        ends = [rows.start, rows.stop]
        events = self.events.take(slice(*np.searchsorted(self.events.users, ends)))
        events = replace(events, users=events.users - rows.start)
        words = self.words and self.words.take(slice(*np.searchsorted(self.words.users, ends)))
        words = words and replace(words, users=words.users - rows.start)
        return replace(self, user_ids=self.user_ids[rows.start : rows.stop], events=events, words=words)

    @cached_property
    def cells(self) -> Cells:
        """Without recency, sorted by user and item."""
        events, context = self.events, self.context
        known = events.take(events.items >= 0) if (events.items < 0).any() else events
        return cells_of(known, context.meanings, len(self), len(context.items), context.meaning_config)

    @cached_property
    def recent(self) -> np.ndarray:
        """``(len(cells),)`` float64: the weights of the cells after recency.

        Recency is that of :func:`recommender.meaning.recency`, over a cell's latest event:
        ``floor + (1 - floor) * 2 ** (-age / half_life)``, the age counted from the person's latest cell.
        """
        cells = self.cells
        faded: np.ndarray = cells.weights * recency(cells.users, cells.times, self.half_life_days, self.recency_floor)
        return faded

    @cached_property
    def faded(self) -> sp.csr_matrix:
        """``(B, num_items)`` cells after recency."""
        return self.matrix(self.recent)

    def matrix(self, values: np.ndarray) -> sp.csr_matrix:
        """``(B, num_items)`` with these values of the cells."""
        return sp.csr_matrix((values, self.cells.items, self._cell_starts), shape=(len(self), self.cells.num_items))

    @cached_property
    def _cell_starts(self) -> np.ndarray:
        return np.searchsorted(self.cells.users, np.arange(len(self) + 1))
