"""What the parts of the hybrid learn from: cells, the knowledge graph and text vectors, all over dense ids."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from torch import Tensor

from gnn.sparse import to_torch
from text.windows import has_vector, unit_rows

DAY = 86_400.0
"""Seconds."""
DATES = 10
"""Different days from which on the age of a cell says something."""
FAINTEST = 1e-3
"""No cell fades to less than this share of its weight: a cell of weight 0 is none."""


@dataclass(frozen=True)
class Cells:
    """What is known of (user, item) pairs, at most one row a pair; :mod:`recommender.meaning` makes them of events.

    Shapes: all arrays ``(n,)``; ``users`` and ``items`` int64 dense ids, ``weights`` float32 in [-1, 1] and never 0
    (negative: disliked), ``times`` float64 Unix seconds of the latest event, NaN where unknown.
    """

    users: np.ndarray
    items: np.ndarray
    weights: np.ndarray
    times: np.ndarray
    num_users: int
    num_items: int

    def __len__(self) -> int:
        return len(self.users)

    def take(self, rows: np.ndarray) -> Cells:
        """The cells in ``rows`` (a mask or positions), over the same people and items."""
        return replace(
            self, users=self.users[rows], items=self.items[rows], weights=self.weights[rows], times=self.times[rows]
        )

    @cached_property
    def matrix(self) -> sp.csr_matrix:
        """Signed weights, ``(num_users, num_items)`` float32, sorted indices."""
        matrix = sp.csr_matrix((self.weights, (self.users, self.items)), shape=(self.num_users, self.num_items))
        matrix.sort_indices()
        return matrix

    @cached_property
    def positive(self) -> sp.csr_matrix:
        """Only the liked cells of :attr:`matrix`."""
        return self.take(self.weights > 0).matrix

    @cached_property
    def timed(self) -> bool:
        """Whether ages tell cells apart: most of them are dated, on :data:`DATES` different days at least."""
        dated = self.times[~np.isnan(self.times)]
        return 2 * len(dated) > len(self) and len(np.unique(dated // DAY)) >= DATES

    @cached_property
    def days(self) -> np.ndarray:
        """``(n,)`` float64: days from a cell to the latest of all; 0 for one without a date."""
        days: np.ndarray = np.nan_to_num((np.nanmax(self.times, initial=-np.inf) - self.times) / DAY)
        return days

    def faded(self, half_life_days: float | None) -> Cells:
        """These cells with weights ``w 2^(-days / half_life)``, by age in the catalogue, whoever's they are.

        None leaves them as they are; so does a cell without a date.
        """
        if half_life_days is None:
            return self
        fading = np.maximum(np.exp2(-self.days / half_life_days), FAINTEST)
        return replace(self, weights=(self.weights * fading).astype(np.float32))


@dataclass(frozen=True)
class KnowledgeGraph:
    """Typed edges between nodes: first items, then entities, then mentions (see :mod:`kg.snapshot`).

    Shapes: ``heads``, ``relations``, ``tails`` ``(m,)`` int64; ``relation_names[relations[e]]`` names an edge.
    """

    heads: np.ndarray
    relations: np.ndarray
    tails: np.ndarray
    relation_names: tuple[str, ...]
    num_items: int
    num_entities: int
    num_nodes: int
    """Items, entities and mentions."""

    def __len__(self) -> int:
        return len(self.heads)

    def without(self, relations: Collection[str]) -> KnowledgeGraph:
        """The same nodes without the edges of these relations."""
        left_out = np.array([name in relations for name in self.relation_names], dtype=bool)
        kept = ~left_out[self.relations]
        return replace(self, heads=self.heads[kept], relations=self.relations[kept], tails=self.tails[kept])

    @cached_property
    def item_attributes(self) -> dict[str, sp.csr_matrix]:
        """For each relation that touches items: the incidence ``(num_items, num_nodes)`` float32, both directions.

        An edge between two items appears in the rows of both, and each of them then has itself as well: two items are
        alike by what they share, and an edge between them ties them together too. The name of a reversed relation is
        the same.
        """
        matrices = {}
        for relation, name in enumerate(self.relation_names):
            chosen = self.relations == relation
            heads, tails = self.heads[chosen], self.tails[chosen]
            joined = np.unique(np.stack([heads, tails])[:, (heads < self.num_items) & (tails < self.num_items)])
            rows = np.concatenate([heads, tails, joined])
            columns = np.concatenate([tails, heads, joined])
            keep = rows < self.num_items
            if keep.any():
                ones = np.ones(int(keep.sum()), dtype=np.float32)
                matrix = sp.csr_matrix((ones, (rows[keep], columns[keep])), shape=(self.num_items, self.num_nodes))
                matrix.data[:] = 1.0
                matrices[name] = matrix
        return matrices

    @cached_property
    def two_hops(self) -> sp.csr_matrix:
        """The entities of an item's entities: incidence ``(num_items, num_nodes)`` float32, by edges of any relation.

        What an item has itself is left out, and an item is no entity of another one.
        """
        entities = np.arange(self.num_nodes) >= self.num_items
        chosen = entities[self.heads] & entities[self.tails]
        rows, columns = self.heads[chosen], self.tails[chosen]
        shape = (self.num_nodes, self.num_nodes)
        between = sp.csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=shape)
        near = sum(self.item_attributes.values(), sp.csr_matrix((self.num_items, self.num_nodes), dtype=np.float32))
        found = near @ (between + between.T)
        found = found - found.multiply(near > 0)
        found.eliminate_zeros()
        found.data[:] = 1.0
        return found.tocsr()


@dataclass(frozen=True)
class People:
    """What is known of ``B`` people at the moment of scoring: the one input through which every part serves everyone.

    Somebody who was in training, somebody who came since, a bare list of items and a bare text are all rows here.
    """

    weights: sp.csr_matrix
    """Signed weights ``(B, num_items)`` float32: the person's cells as they are now."""
    rows: np.ndarray
    """``(B,)`` int64: the person's row in the training data, -1 for somebody who was not there."""
    words: np.ndarray | None = None
    """``(B, d)`` float32: the mean vector of the person's own words, a zero row where there are none."""

    @cached_property
    def history(self) -> Tensor:
        """:attr:`weights` as a CSR tensor, items of a row in ascending order."""
        return to_torch(self.weights)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, block: slice | np.ndarray) -> People:
        words = None if self.words is None else self.words[block]
        return People(weights=self.weights[block], rows=self.rows[block], words=words)


@dataclass(frozen=True)
class Rows:
    """Where the people and items of a training set stood in an earlier one, -1 for those who came since."""

    users: np.ndarray
    """``(num_users,)`` int64."""
    items: np.ndarray
    """``(num_items,)`` int64."""


NEIGHBOURS = 100
"""Nearest texts kept for each item."""
BLOCK_FLOATS = 1 << 24
"""Cosines held at once (64 MiB)."""


@dataclass(frozen=True)
class CentredTexts:
    """Unit vectors of item texts about their mean: texts of one catalogue share a direction that says nothing."""

    centre: np.ndarray
    """``(d,)`` float32."""
    vectors: np.ndarray
    """``(num_items, d)`` float32 unit rows; a zero row for an item without text."""

    @classmethod
    def of(cls, vectors: np.ndarray) -> CentredTexts:
        """Of ``(num_items, d)`` unit rows, zero rows for no text."""
        written = has_vector(vectors)
        centre = vectors[written].mean(axis=0) if written.any() else np.zeros(vectors.shape[1], dtype=vectors.dtype)
        return cls(centre, unit_rows(np.where(written[:, None], vectors - centre, 0.0)))

    @cached_property
    def nearest(self) -> sp.csr_matrix:
        """Cosines ``(num_items, num_items)`` float32: column ``j`` holds the nearest others of ``j``."""
        size = len(self.vectors)
        keep = min(NEIGHBOURS, size - 1)
        step = max(1, BLOCK_FLOATS // size)
        columns, rows, values = [], [], []
        for start in range(0, size if keep > 0 else 0, step):
            block = np.arange(start, min(start + step, size))
            cosines = self.vectors[block] @ self.vectors.T
            cosines[np.arange(len(block)), block] = -1.0
            found = np.argpartition(-cosines, keep - 1, axis=1)[:, :keep]
            rows.append(found.ravel())
            columns.append(np.repeat(block, keep))
            values.append(np.take_along_axis(cosines, found, axis=1).ravel())
        if not rows:
            return sp.csr_matrix((size, size), dtype=np.float32)
        entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
        return sp.csr_matrix(entries, shape=(size, size))


@dataclass(frozen=True)
class TrainingData:
    """Everything that a part may learn from. Nothing in it comes from held-out events."""

    cells: Cells
    knowledge: KnowledgeGraph
    item_vectors: np.ndarray | None = None
    """``(num_items, d)`` float32 unit rows from item text and *training* reviews; zero rows where there is no text."""
    user_words: np.ndarray | None = None
    """``(num_users, d)`` float32: mean vector of each person's training reviews; a zero row where there are none."""

    @cached_property
    def centred_texts(self) -> CentredTexts:
        """Of :attr:`item_vectors`, which are there; found once for all configurations."""
        assert self.item_vectors is not None
        return CentredTexts.of(self.item_vectors)

    @cached_property
    def mean_likes(self) -> float:
        """Mean number of liked cells of an item that has any: the unit in which regularisation is sensible."""
        counts = self.cells.positive.getnnz(axis=0)
        return float(counts[counts > 0].mean()) if counts.any() else 1.0

    @property
    def num_users(self) -> int:
        return self.cells.num_users

    @property
    def num_items(self) -> int:
        return self.cells.num_items

    def people(self, users: np.ndarray | None = None) -> People:
        """These training users (all, when None) as scoring input."""
        users = np.arange(self.num_users) if users is None else users
        words = None if self.user_words is None else self.user_words[users]
        return People(weights=self.cells.matrix[users], rows=users.astype(np.int64), words=words)
