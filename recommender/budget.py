"""The seconds that somebody waits for a command. Without any, no clock decides anything."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from recommender.errors import InvalidInput


@dataclass(frozen=True)
class Budget:
    """Counts from the moment it is made."""

    seconds: float | None = None
    """None: no limit, and :attr:`clock` is never read."""
    clock: Callable[[], float] = field(default=lambda: time.monotonic(), repr=False)
    """Seconds since any fixed moment."""
    began: float | None = field(default=None, repr=False)
    """Reading of the clock at which the waiting began; None: now."""

    def __post_init__(self) -> None:
        if self.limited and self.began is None:
            object.__setattr__(self, "began", self.clock())

    @classmethod
    def of(cls, given: Budget | float | None) -> Budget:
        """One of so many seconds from now on, or the one that is given."""
        return given if isinstance(given, Budget) else cls(given)

    @property
    def limited(self) -> bool:
        """Whether time matters."""
        return self.seconds is not None

    @property
    def gone(self) -> float:
        """Seconds that somebody has waited; 0 without a limit."""
        return 0.0 if self.began is None or self.seconds is None else self.clock() - self.began

    @property
    def left(self) -> float:
        """Seconds, below 0 when it is overdrawn; infinite without a limit."""
        return float("inf") if self.seconds is None else self.seconds - self.gone

    def share(self, among: int) -> Budget:
        """An equal share of what is left, from now on."""
        return self if self.seconds is None else Budget(max(self.left, 0.0) / among, self.clock)

    def stopwatch(self) -> Callable[[], float]:
        """Gives the seconds since this call: by :attr:`clock`, or, without a limit, for reports alone."""
        clock = self.clock if self.limited else time.perf_counter
        start = clock()
        return lambda: clock() - start

    def __str__(self) -> str:
        """How far it is, for people."""
        return "no budget" if self.seconds is None else f"{self.gone:.0f} of {round(self.seconds, 1):g} s"


def check_budget(budget: Any, name: str = "budget") -> None:
    """Seconds: None, or a number of at least 0.

    Raises:
        InvalidInput: it is something else; names it.
    """
    given = budget.seconds if isinstance(budget, Budget) else budget
    if given is not None and (isinstance(given, bool) or not isinstance(given, Real) or not float(given) >= 0):
        raise InvalidInput(f"{name} = {given!r}; seconds of tuning are a number of at least 0, or None: no limit")
