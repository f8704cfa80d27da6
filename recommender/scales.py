"""What the values of one kind of event are: stars on a scale, a count, a flag, and which of them are codes for none.

Published files write "not rated" as a number: 0 beside 1 to 10 (Book-Crossing), -1 beside 1 to 10 (MyAnimeList), 99
beside -10 to 10 (Jester). Such a number is told by its place and by how often it stands there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Form = Literal["rating", "count", "flag", "like", "event"]

FROM_ONE = ((1.0, 5.0), (0.5, 5.0), (1.0, 10.0))
"""Usual scales of ratings that do not hold 0."""
SCALES = (*FROM_ONE[:2], (0.0, 5.0), FROM_ONE[2], (0.0, 10.0))
"""Usual scales of ratings; the first that holds nearly all values is inferred."""
WIDE_SCALES = ((-1.0, 1.0), (0.0, 1.0), *SCALES, (0.0, 100.0))
"""What kinds of ratings may use besides."""
AROUND = (1.0, 2.0, 3.0, 5.0, 10.0, 100.0)
"""Usual scales with a dislike below 0 reach from minus such a number to it."""
MISTAKES = 0.01
"""At most this share of the values may lie outside an inferred scale, and one of at least ..."""
FEW = 20
"""... so many: a typing error must not make it another one."""
SPIKE = 0.05
"""A 0 below a scale that begins above it is "not rated" where it makes up more than this share of the values: no usual
scale of whole numbers has a 0 that is chosen so often."""


@dataclass(frozen=True)
class Rating:
    """A scale, and the values that are not on it."""

    minimum: float
    maximum: float
    unrated: tuple[float, ...] = ()
    """Values that stand for none: the event happened, how the person liked it is not known."""
    nothing: tuple[float, ...] = ()
    """Values far off all others, which stand for no event at all."""


def read_rating(values: np.ndarray, *, surely: bool) -> Rating | None:
    """The scale of these values without NaN, and the codes among them; None where they are no ratings.

    Args:
        values: at least two different ones.
        surely: whether the kind's name says that they are ratings; else whole and half steps are, on a usual scale from
            0 up, when their median lies in the upper half of it, as that of ratings does and that of counts does not.

    >>> read_rating(np.array([0.0, 0.0, 7.0, 10.0]), surely=True)
    Rating(minimum=1.0, maximum=10.0, unrated=(0.0,), nothing=())
    """
    nothing = _far_off(values)
    rest = values[~np.isin(values, nothing)]
    unrated: list[float] = []
    for code in (-1.0, 0.0):
        without = rest[rest != code]
        if _is_code(code, rest, without) and _scale(without, surely=surely) is not None:
            rest = without
            unrated.append(code)
    found = _scale(rest, surely=surely)
    return None if found is None else Rating(*found, unrated=tuple(unrated), nothing=tuple(nothing))


def _far_off(values: np.ndarray) -> list[float]:
    """The lowest and the highest value where it is far from all others, and no mistake but there again and again."""
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) < 4 or _usual(values, SCALES) is not None:
        return []
    ends = ((distinct[0], counts[0], distinct[1:]), (distinct[-1], counts[-1], distinct[:-1]))
    return [
        float(code)
        for code, often, rest in ends
        if often > max(1, _strays(len(values))) and np.abs(rest - code).min() > 2 * (rest[-1] - rest[0])
    ]


def _is_code(code: float, values: np.ndarray, without: np.ndarray) -> bool:
    """Whether this value, often enough, lies below a scale of the others that does not hold it."""
    if np.count_nonzero(values == code) < 2 or len(np.unique(without)) < 2:
        return False
    if code < 0:
        return bool(_usual(without, WIDE_SCALES[2:]) and without.max() > 1)  # -1 and 1 are thumbs
    return is_spike(code, values) and bool(_usual(without, FROM_ONE))


def is_spike(code: float, values: np.ndarray) -> bool:
    """Whether values are this one too often for it to be one of them."""
    return bool(np.count_nonzero(values == code) > max(1, SPIKE * len(values)))


def _strays(number: int) -> float:
    """How many of so many values may be mistakes."""
    return max(MISTAKES * number, float(number >= FEW))


def is_flag(values: np.ndarray) -> bool:
    """Whether values without NaN are 0 and 1, save for mistakes, or 0 alone."""
    others = int(np.count_nonzero((values != 0) & (values != 1)))
    return bool((values == 0).any()) and others <= (_strays(len(values)) if (values == 1).any() else 0)


def _scale(values: np.ndarray, *, surely: bool) -> tuple[float, float] | None:
    if surely:
        found = _usual(values, WIDE_SCALES)
    elif (values * 2 % 1).any():
        found = None
    else:
        found = _usual(values, SCALES, strays=0)
        if found is not None and np.median(values) < sum(found) / 2:
            return None
    return _around_zero(values) if found is None and values.min() < 0 else found


def _usual(
    values: np.ndarray, scales: Sequence[tuple[float, float]], strays: float | None = None
) -> tuple[float, float] | None:
    """The first of these scales that holds all values but ``strays``."""
    allowed = _strays(len(values)) if strays is None else strays
    for low, high in scales:
        if np.count_nonzero((values < low) | (values > high)) <= allowed:
            return low, high
    return None


def _around_zero(values: np.ndarray) -> tuple[float, float]:
    """Of values on both sides of 0 the scale whose middle it is: nobody counts below 0."""
    reach = float(np.abs(values).max())
    reach = next((usual for usual in AROUND if reach <= usual), reach)
    return -reach, reach
