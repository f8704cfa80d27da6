"""Work that is shared among threads piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

Share = Callable[[Callable[[Any], Any], Sequence[Any]], list[Any]]
"""Does a job for each of some pieces, in no order, and gives what came of them in theirs."""


@contextmanager
def sharing() -> Iterator[Share]:
    """Share pieces of work among as many threads as torch uses, each of them within one thread alone.

    Threads that share every single operation wait for one another at its end: beside other processes, which hold up now
    one and now the other, that takes twice as long as pieces that whoever is free takes. A single piece is left to
    torch.
    """
    threads = torch.get_num_threads()
    with ThreadPoolExecutor(threads, initializer=partial(torch.set_num_threads, 1)) as pool:

        def share(job: Callable[[Any], Any], pieces: Sequence[Any]) -> list[Any]:
            return list(map(job, pieces) if min(threads, len(pieces)) < 2 else pool.map(job, pieces))

        try:
            yield share
        finally:
            torch.set_num_threads(threads)  # which threads that begin later go by as well
