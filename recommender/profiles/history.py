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


@dataclass(frozen=True)
class Histories:
    """The events, cells and words of ``B`` people. A person is a row: 0 to ``B - 1``."""

    user_ids: Sequence[str]
    events: Events
    """Sorted by user; an item that the context does not know (it came after the refresh) is a negative number."""
    cells: Cells
    """Without recency, sorted by user."""
    recent: np.ndarray
    """``(len(cells),)`` float64: the weights of the cells after recency."""
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
        """Cells and recency of these people's events.

        Recency is that of :func:`recommender.meaning.recency`, over a cell's latest event:
        ``floor + (1 - floor) * 2 ** (-age / half_life)``, the age counted from the person's latest cell.
        """
        events = events.take(np.argsort(events.users, kind="stable"))
        known = events.take(events.items >= 0)
        cells = cells_of(known, context.meanings, len(user_ids), len(context.items), context.meaning_config)
        fade = recency(cells.users, cells.times, half_life_days, recency_floor)
        return cls(user_ids, events, cells, cells.weights * fade, words)

    def __len__(self) -> int:
        return len(self.user_ids)

    def block(self, rows: range) -> tuple[Cells, np.ndarray]:
        """The cells of consecutive people, counted from 0, and their weights after recency."""
        own = slice(int(self._cell_starts[rows.start]), int(self._cell_starts[rows.stop]))
        cells = self.cells.take(np.arange(own.start, own.stop))
        return replace(cells, users=cells.users - rows.start, num_users=len(rows)), self.recent[own]

    @cached_property
    def faded(self) -> sp.csr_matrix:
        """``(B, num_items)`` cells after recency."""
        shape = (len(self), self.cells.num_items)
        return sp.csr_matrix((self.recent, (self.cells.users, self.cells.items)), shape=shape)

    @cached_property
    def _cell_starts(self) -> np.ndarray:
        return np.searchsorted(self.cells.users, np.arange(len(self) + 1))

    @cached_property
    def _event_starts(self) -> np.ndarray:
        return np.searchsorted(self.events.users, np.arange(len(self) + 1))

    def events_of(self, rows: range) -> Events:
        """The events of consecutive people, counted from 0."""
        own = self.events.take(slice(int(self._event_starts[rows.start]), int(self._event_starts[rows.stop])))
        return replace(own, users=own.users - rows.start)

    def words_of(self, rows: range) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """What consecutive people wrote: who (from 0), about which item, and the vectors, None where nobody did."""
        if self.words is None:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), None
        own = slice(*np.searchsorted(self.words.users, [rows.start, rows.stop]))
        return self.words.users[own] - rows.start, self.words.items[own], self.words.vectors[own]
