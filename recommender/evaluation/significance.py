"""How sure a difference is: bootstrap intervals, paired tests, and their correction where many are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recommender.errors import InvalidInput


@dataclass(frozen=True)
class Interval:
    """A mean over people and its bootstrap interval."""

    mean: float
    low: float
    high: float
    level: float

    def __str__(self) -> str:
        return f"{self.mean:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


def interval(values: np.ndarray, *, level: float = 0.95, draws: int = 2000, seed: int = 0) -> Interval:
    """The percentile bootstrap interval of a mean over people (Efron, 1979); NaN values are left out.

    >>> str(interval(np.full(20, 0.25)))
    '+0.2500 [+0.2500, +0.2500]'
    """
    values = values[~np.isnan(values)]
    if not len(values):
        return Interval(float("nan"), float("nan"), float("nan"), level)
    generator = np.random.default_rng(seed)
    at_once = max(1, 2**22 // len(values))
    sizes = [min(at_once, draws - done) for done in range(0, draws, at_once)]
    means = np.concatenate([values[generator.integers(len(values), size=(n, len(values)))].mean(axis=1) for n in sizes])
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(values.mean()), float(low), float(high), level)


@dataclass(frozen=True)
class Comparison:
    """One model against another, person by person."""

    model: str
    than: str
    difference: Interval
    """Of the mean of ``model - than``; all above 0: ``model`` is better, whoever is drawn."""
    p: float
    """How often chance alone makes a difference as large, corrected for the number of comparisons."""

    def __str__(self) -> str:
        return f"{self.difference} ({self.difference.level:.0%} of resamples), p = {self.p:.4f}"


def compare(
    model: tuple[str, np.ndarray], others: Sequence[tuple[str, np.ndarray]], *, seed: int = 0
) -> list[Comparison]:
    """One model against each of the others on the same people: paired intervals, p-values after Holm (1979).

    Raises:
        InvalidInput: one was not measured on the same people.
    """
    name, values = model
    for other, own in others:
        if len(own) != len(values):
            raise InvalidInput(f"{name} and {other} have {len(values)} and {len(own)} people: they cannot be compared")
    ps = holm([p_value(values - own, seed=seed) for _, own in others])
    return [
        Comparison(name, other, interval(values - own, seed=seed), p)
        for (other, own), p in zip(others, ps, strict=True)
    ]


def p_value(differences: np.ndarray, *, draws: int = 5000, seed: int = 0) -> float:
    """Two-sided p of a mean paired difference of 0: Fisher's randomisation test; NaN values are left out.

    ``(1 + #{|mean of s d| >= |mean of d|}) / (1 + draws)`` over random signs ``s``: were both models alike, each
    person's difference could as well have the other sign. Smucker et al., CIKM 2007, recommend it for rankings.

    >>> p_value(np.zeros(50)), p_value(np.full(50, 0.1)) < 0.001
    (1.0, True)
    """
    values = differences[~np.isnan(differences)]
    if not len(values):
        return 1.0
    generator = np.random.default_rng(seed)
    at_once = max(1, 2**22 // len(values))
    seen = abs(values.sum()) * (1 - 1e-12)
    extreme = 0
    for done in range(0, draws, at_once):
        shape = (min(at_once, draws - done), len(values))
        signs = generator.integers(0, 2, size=shape, dtype=np.int8)
        extreme += int((np.abs(2.0 * (signs @ values) - values.sum()) >= seen).sum())
    return (1 + extreme) / (1 + draws)


def holm(ps: Sequence[float]) -> list[float]:
    """p-values corrected for their number: ``max_{j <= i} min(1, (m - j + 1) p_(j))`` in rising order. Holm, 1979.

    >>> holm([0.04, 0.01, 0.03])
    [0.06, 0.03, 0.06]
    """
    order = np.argsort(ps, kind="stable")
    corrected, highest = [0.0] * len(ps), 0.0
    for place, row in enumerate(order.tolist()):
        highest = max(highest, min(1.0, (len(ps) - place) * ps[row]))
        corrected[row] = highest
    return corrected
