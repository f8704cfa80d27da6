"""External ids to dense ids and back: the only place that maps one to the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa


class Vocabulary:
    """A frozen, ordered set of external ids; the dense id of an id is its position.

    >>> items = Vocabulary(["b", "a"])
    >>> items.index("a"), items[0], len(items)
    (1, 'b', 2)
    """

    __slots__ = ("_ids", "_index")

    def __init__(self, ids: Iterable[str]) -> None:
        self._ids = list(ids)
        self._index = {external: dense for dense, external in enumerate(self._ids)}
        if len(self._index) != len(self._ids):
            raise ValueError("a vocabulary cannot hold an id twice")

    @classmethod
    def of(cls, column: pa.ChunkedArray | pa.Array) -> Vocabulary:
        """The vocabulary of an Arrow column of unique ids, in its order."""
        return cls(column.to_pylist())

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, external: str) -> bool:
        return external in self._index

    def __getitem__(self, dense: int) -> str:
        return self._ids[dense]

    @property
    def ids(self) -> Sequence[str]:
        """All external ids in dense order."""
        return self._ids

    def index(self, external: str) -> int:
        """The dense id.

        Raises:
            KeyError: the id is not in the vocabulary.
        """
        return self._index[external]

    def indices(self, externals: Iterable[str], missing: int = -1) -> np.ndarray:
        """Dense ids (int64), with ``missing`` for ids that are not in the vocabulary."""
        index = self._index
        return np.fromiter((index.get(external, missing) for external in externals), dtype=np.int64)
