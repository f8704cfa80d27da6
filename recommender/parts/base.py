"""What a part is: fit on training data, score people, say where a score comes from, save and load.

A part is linear in the person's history once what the history does not decide is held fixed, so that

``score(person)[j] = baseline_j + sum_i values_ij``.

``score`` is a pure function of :class:`~recommender.data.People`: the same call with a person's new weights is the
fold-in of a new event, and serves somebody who was never in training.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp
import torch
from safetensors.numpy import save_file

from gnn import filters
from gnn.filters import GraphFilter
from gnn.sparse import to_torch
from recommender.context import RunContext
from recommender.data import Cells, People, Rows, TrainingData
from recommender.effort import require_memory
from recommender.tensors import read_tensors, sound
from text.windows import unit_rows


@dataclass(frozen=True)
class Contributions:
    """``score = baseline + values.sum(axis=0)``: what each item of a person's history adds to the scores of items."""

    baseline: np.ndarray
    """``(t,)`` float64."""
    values: np.ndarray
    """``(h, t)`` float64; the rows are the cells of :attr:`People.history`, in that order."""


class Part(ABC):
    """One scorer of the hybrid. ``Config`` is its frozen dataclass of hyper-parameters."""

    name: ClassVar[str]
    Config: ClassVar[type[Any]]
    knows_new_items: ClassVar[bool] = False
    """Whether it is to tell items apart that nobody has met, by their texts or by what they share with others; such a
    part is quickly fitted, for it serves in any case."""
    needs_likes: ClassVar[bool] = True
    """Whether there is nothing for it to learn where nobody liked anything."""
    trained_in_steps: ClassVar[bool] = False
    """Whether :attr:`RunContext.time_limit` ends its training early; its ``config`` then says how long it took."""

    def __init__(self, config: Any = None) -> None:
        self.config = self.Config() if config is None else config

    @classmethod
    @abstractmethod
    def grid(cls, data: TrainingData) -> Sequence[Any]:
        """Configurations worth trying on this data, the most promising first; none when the part cannot serve it."""

    @classmethod
    def serves(cls, data: TrainingData, run: RunContext) -> bool:
        """Whether it is of use on this machine; what stands in for another part is not where that one fits."""
        return True

    @classmethod
    def final(cls, config: Any, data: TrainingData) -> Any:
        """The form in which a chosen configuration serves, where that is not worth its time at every trial."""
        return config

    @abstractmethod
    def fit(self, data: TrainingData, run: RunContext) -> Self:
        """Learn from ``data``; returns itself."""

    def carried(self, rows: Rows, data: TrainingData, run: RunContext) -> Self:
        """This part brought up to data that has changed a little; by default fitted anew, which a closed form can bear.

        Args:
            rows: where the people and items of ``data`` stand in this part.
            data: what it is to serve; all of its people and items are known afterwards.
            run: seed, device, threads.
        """
        require_memory(self.name, self.config, data, run)
        return type(self)(self.config).fit(data, run)

    @abstractmethod
    def score(self, people: People) -> np.ndarray:
        """``(B, num_items)`` float32, higher is better; seen items are not masked here."""

    @abstractmethod
    def contributions(self, person: People, items: np.ndarray) -> Contributions:
        """Where one person's (``B = 1``) scores of ``items`` ``(t,)`` come from; they add up within 1e-4 relative."""

    def alike(self, item: int) -> np.ndarray | None:
        """How like this item it finds each one, ``(num_items,)`` float32, not below 0, whoever asks and however popular
        they are; None where it compares no items. What it says of the item and itself counts nowhere."""
        return None

    @abstractmethod
    def state(self) -> dict[str, np.ndarray]:
        """The fitted arrays."""

    @abstractmethod
    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Take the arrays that :meth:`state` gave."""

    def save(self, folder: Path) -> None:
        """Write ``config.json`` and ``tensors.safetensors`` into an existing folder."""
        (folder / "config.json").write_text(json.dumps(asdict(self.config), indent=1))
        save_file(
            {name: np.ascontiguousarray(array) for name, array in self.state().items()}, folder / "tensors.safetensors"
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        with sound(folder):
            part = cls(cls.Config(**json.loads((folder / "config.json").read_text())))
            part.restore(read_tensors(folder / "tensors.safetensors"))
        return part


HALF_LIVES = (365.0, 90.0)
"""Days by which the age of a cell is tried to count, in parts that learn which items go together."""


def aged(configs: Sequence[Any], data: TrainingData) -> list[Any]:
    """These configurations, and after the first the same with each half-life, where ages tell cells apart.

    A config has ``half_life_days``: of a cell's weight in fitting, by its age against the latest of all cells
    (:meth:`recommender.data.Cells.faded`); None takes all alike. A person's own row is served as it is: what somebody
    did long ago says as much of them as it ever did, but what went together long ago says less of what does now.
    """
    first, *others = configs
    return [first, *(replace(first, half_life_days=days) for days in HALF_LIVES if data.cells.timed), *others]


def fading(data: TrainingData, config: Any) -> Cells:
    """The cells as a configuration weighs them by their age; one of :mod:`gnn`, which knows of no ages, as they are."""
    return data.cells.faded(getattr(config, "half_life_days", None))


class BaselinePart(Part):
    """A part whose score does not depend on the person: one number an item."""

    scores: np.ndarray
    """``(num_items,)`` float32."""

    def score(self, people: People) -> np.ndarray:
        return np.tile(self.scores, (len(people), 1))

    def contributions(self, person: People, items: np.ndarray) -> Contributions:
        return Contributions(self.scores[items].astype(np.float64), np.zeros((person.weights.nnz, len(items))))

    def state(self) -> dict[str, np.ndarray]:
        return {"scores": self.scores}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        self.scores = state["scores"]


class FilterPart(Part):
    """A part that is one graph filter ``K``, never formed: ``score = weights @ K``."""

    filter: GraphFilter

    def score(self, people: People) -> np.ndarray:
        scores: np.ndarray = self.filter.apply(people.history).numpy()
        return scores

    def contributions(self, person: People, items: np.ndarray) -> Contributions:
        _, values = filters.contributions(self.filter, person.history, torch.from_numpy(items))
        return Contributions(np.zeros(len(items)), values.double().numpy())

    def alike(self, item: int) -> np.ndarray:
        column = self.filter.columns(torch.tensor([item])).numpy()[:, 0]
        unit = sp.csr_matrix(([np.float32(1.0)], [item], [0, 1]), shape=(1, len(column)))
        return both_ways(self.filter.apply(to_torch(unit)).numpy()[0], column)


class ItemItemPart(Part):
    """A part that is one item-item matrix ``B``: ``score = weights @ B``; an item of the history adds ``w_i B_ij``."""

    matrix: np.ndarray | sp.csr_matrix
    """``(num_items, num_items)`` float32, dense or CSR."""

    def score(self, people: People) -> np.ndarray:
        product = people.weights @ self.matrix
        return np.asarray(product.toarray() if sp.issparse(product) else product, dtype=np.float32)

    def contributions(self, person: People, items: np.ndarray) -> Contributions:
        sources, weights = person.history.col_indices().numpy(), person.history.values().numpy()
        block = self.matrix[sources][:, items]
        block = block.toarray() if sp.issparse(block) else block
        return Contributions(np.zeros(len(items)), block.astype(np.float64) * weights[:, None])

    def alike(self, item: int) -> np.ndarray:
        halves: tuple[Any, Any] = (self.matrix[[item]], self.matrix[:, [item]])
        row, column = (half.toarray() if sp.issparse(half) else half for half in halves)
        return both_ways(row[0], column[:, 0])

    def state(self) -> dict[str, np.ndarray]:
        return csr_state("matrix", self.matrix) if sp.issparse(self.matrix) else {"matrix": self.matrix}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        self.matrix = state["matrix"] if "matrix" in state else csr_restore("matrix", state)


def both_ways(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """``sqrt(B_ij B_ji)`` where both are above 0, else 0: what an item-item matrix says without the scale of its rows
    and columns, which is how popular an item is. Of ridge regression it is the partial correlation, of kNN the cosine.

    >>> both_ways(np.array([0.25, 1.0, -1.0]), np.array([1.0, 0.0, -1.0])).tolist()
    [0.5, 0.0, 0.0]
    """
    found: np.ndarray = np.sqrt(np.maximum(first, 0.0) * np.maximum(second, 0.0))
    return found


def cosines(vectors: np.ndarray, item: int) -> np.ndarray:
    """Of each row of ``(n, d)`` with one of them, ``(n,)`` float32, 0 for what is below; zeros are near nothing.

    >>> cosines(np.array([[2.0, 0.0], [1.0, 1.0], [-1.0, 0.0], [0.0, 0.0]]), 0)
    array([1.        , 0.70710677, 0.        , 0.        ], dtype=float32)
    """
    units = unit_rows(np.asarray(vectors, dtype=np.float32))
    found: np.ndarray = np.maximum(units @ units[item], 0.0)
    return found


def csr_state(name: str, matrix: sp.csr_matrix) -> dict[str, np.ndarray]:
    """The arrays of a CSR matrix under prefixed names."""
    return {
        f"{name}.data": matrix.data,
        f"{name}.indices": matrix.indices.astype(np.int32),
        f"{name}.indptr": matrix.indptr.astype(np.int64),
        f"{name}.shape": np.asarray(matrix.shape, dtype=np.int64),
    }


def csr_restore(name: str, state: dict[str, np.ndarray]) -> sp.csr_matrix:
    """The CSR matrix that :func:`csr_state` took apart; ValueError where these are no matrix."""
    data, indices, indptr = state[f"{name}.data"], state[f"{name}.indices"], state[f"{name}.indptr"]
    matrix = sp.csr_matrix((data, indices, indptr), shape=tuple(int(side) for side in state[f"{name}.shape"]))
    matrix.check_format(full_check=True)  # nobody looks again before memory is read by these numbers
    return matrix
