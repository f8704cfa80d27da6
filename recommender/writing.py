"""What is written into the graph: some rows in each transaction, and vectors as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

import numpy as np
import orjson

T = TypeVar("T")


def batched(rows: Iterable[T], most: int) -> Iterator[list[T]]:
    """The rows in lists of ``most``, the last one shorter, read as they are asked for.

    >>> list(batched("abcde", 2))
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    rest = iter(rows)
    while batch := list(islice(rest, most)):
        yield batch


def as_text(vector: np.ndarray) -> str:
    """The shortest decimals that read back as the same float32 numbers, parted by commas.

    The embedded engine reads them five times as fast as a list of numbers.
    """
    return orjson.dumps(np.ascontiguousarray(vector), option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].decode()
