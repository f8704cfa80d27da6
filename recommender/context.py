"""What belongs to the machine and the run, apart from every component's hyper-parameters."""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from recommender.errors import InvalidInput
from recommender.memory import Memory


def _default_device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _check_device(name: str) -> None:
    import torch

    try:
        device = torch.device(name)
        there = device.type != "cuda" or (device.index or 0) < torch.cuda.device_count()
    except (RuntimeError, TypeError):
        there = False
    if not there:
        raise InvalidInput(f"device is {name!r}, which this machine has not; name cpu, or cuda where there is a GPU")


@dataclass(frozen=True)
class RunContext:
    """Where and how a computation runs: it decides time and memory, not what is computed (save for ``seed``, and what
    ``time_limit`` cuts short and ``memory`` leaves out)."""

    seed: int = 0
    """Seed of everything that draws random numbers."""
    device: str = field(default_factory=_default_device)
    """A torch device, for example ``cpu`` or ``cuda:0``; a GPU is taken where there is one."""
    threads: int = field(default_factory=lambda: os.cpu_count() or 1)
    """Threads of linear algebra on the processor."""
    progress: bool = True
    """Whether progress is shown: bars where stderr is a terminal, else lines in the log (:mod:`kg.progress`)."""
    memory: Memory | str | float = field(default_factory=Memory)
    """What models may take together: bytes such as ``"8GiB"``, or a share of what is free, such as ``0.5`` (see
    :meth:`recommender.memory.Memory.of`); by default a share."""
    time_limit: float = math.inf
    """Seconds after which a model that is trained step by step ends its training."""

    def __post_init__(self) -> None:
        for name, least in (("seed", 0), ("threads", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
                raise InvalidInput(f"{name} is {value!r}; it must be a whole number from {least}")
        if self.device != "cpu":
            _check_device(self.device)
        if not isinstance(self.memory, Memory):
            object.__setattr__(self, "memory", Memory.of(self.memory))

    def memory_left(self) -> float:
        """Bytes that may be taken now; of a GPU, whose memory is its own, as many as it has."""
        assert isinstance(self.memory, Memory)
        return self.memory.left() if self.device == "cpu" else math.inf

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Hold linear algebra inside the block to :attr:`threads`."""
        import torch
        from threadpoolctl import threadpool_limits

        before = torch.get_num_threads()
        with threadpool_limits(self.threads):
            torch.set_num_threads(self.threads)
            try:
                yield
            finally:
                torch.set_num_threads(before)
