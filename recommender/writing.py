"""Vectors as text, the form in which they are written into the graph."""

from __future__ import annotations

import numpy as np
import orjson


def as_text(vector: np.ndarray) -> str:
    """The shortest decimals that read back as the same float32 numbers, parted by commas.

    The embedded engine reads them five times as fast as a list of numbers.
    """
    return orjson.dumps(np.ascontiguousarray(vector), option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].decode()
