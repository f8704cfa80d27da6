"""How computations run in tests: on the processor, silent, with one thread, as one test runs on each core."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

from recommender.context import RunContext

RUN = RunContext(device="cpu", threads=1, progress=False)

PATIENCE = float(os.environ.get("TASTEGRAPH_TEST_PATIENCE", "4"))
"""By what bounds of time in tests are multiplied, on a machine that does much else."""

_PAST_MODES = 0b110
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: what lets root past the modes of files (linux/capability.h)."""


@contextmanager
def as_everybody() -> Iterator[None]:
    """Let the modes of files hold for this thread, which root passes by otherwise."""
    libc = ctypes.CDLL(None)
    header, held = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, held) == 0
    less = type(held)(*held)
    less[0] &= ~_PAST_MODES
    assert libc.capset(header, less) == 0
    try:
        yield
    finally:
        assert libc.capset(header, held) == 0
