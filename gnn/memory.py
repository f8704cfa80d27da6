"""Memory that runs out, told as one error whichever library notices it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from gnn.errors import OutOfMemory


@contextmanager
def memory_errors(what: str) -> Iterator[None]:
    """Turn the errors of Python, NumPy and torch, on a processor or a GPU, into :class:`OutOfMemory`.

    torch raises a bare ``RuntimeError`` where the processor's memory does not suffice.
    """
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise OutOfMemory(f"{what} does not fit in memory: {error}") from error
    except RuntimeError as error:
        if "alloc" not in str(error):
            raise
        raise OutOfMemory(f"{what} does not fit in memory: {str(error).splitlines()[0]}") from error
