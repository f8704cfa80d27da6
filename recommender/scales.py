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
INSIDE = 0.25
"""On a scale that holds 0, such as 0 to 100, it must be more than this share of them, ..."""
MANY = 10
"""... and the scale have over so many other steps."""


@dataclass(frozen=True)
class Rating:
    """A scale, and the values that are not on it."""

    minimum: float
    maximum: float
    unrated: tuple[float, ...] = ()
    """Values that stand for none: the event happened, how the person liked it is not known."""
    nothing: tuple[float, ...] = ()
    """Values far off all others, which stand for no event at all."""


def read_rating(values: np.ndarray, *, surely: bool, zero_is_code: bool = True) -> Rating | None:
    """The scale of these values without NaN, and the codes among them; None where they are no ratings.

    Args:
        values: at least two different ones.
        surely: whether the kind's name says that they are ratings; else whole and half steps are, on a usual scale from
            0 up, when their median lies in the upper half of it, as that of ratings does and that of counts does not.
        zero_is_code: whether a 0 may stand for none; not where somebody says that all values are ratings.

    >>> read_rating(np.array([0.0, 0.0, 7.0, 10.0]), surely=True)
    Rating(minimum=1.0, maximum=10.0, unrated=(0.0,), nothing=())
    """
    nothing, rest = _far_off(values)
    unrated: list[float] = []
    for code in _codes_below(rest):
        without = rest[rest != code]
        if _scale(without[without >= 0], surely=surely) is not None:
            rest = without
            near = code == -1 or (-code <= np.ptp(without[without >= 0]) and not _is_nines(code))
            (unrated if near else nothing).append(code)
    without = rest[rest != 0]
    if zero_is_code and _is_zero_code(rest, without, surely) and _scale(without, surely=surely) is not None:
        rest = without
        unrated.append(0.0)
    found = _scale(rest, surely=surely)
    return None if found is None else Rating(*found, unrated=tuple(unrated), nothing=tuple(nothing))


def _far_off(values: np.ndarray) -> tuple[list[float], np.ndarray]:
    """The values at either end that are far from all others, and no mistakes but there again and again; and the others.

    >>> _far_off(np.array([1.0, 2, 3, 5, 99, 99, 999, 999]))[0]
    [999.0, 99.0]
    """
    found: list[float] = []
    while (code := _farthest(values)) is not None:
        found.append(code)
        values = values[values != code]
    return found, values


def _farthest(values: np.ndarray) -> float | None:
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) < 4:
        return None
    for place, rest in ((0, distinct[1:]), (-1, distinct[:-1])):
        code, gap, span = float(distinct[place]), np.abs(rest - distinct[place]).min(), rest[-1] - rest[0]
        if counts[place] <= max(1, _strays(len(values))):
            continue
        if gap / 2 > span and _usual(values, SCALES) is None:
            return code
        if gap > span / 2 and _is_nines(code) and _is_whole(rest) and len(values) >= FEW:
            return code
    return None


def _is_nines(code: float) -> bool:
    """Whether this is such as -9, 99 or 999, which questionnaires write for "no answer"."""
    return code.is_integer() and set(str(abs(int(code)))) == {"9"}


def _is_whole(distinct: np.ndarray) -> bool:
    """Whether these are at least four whole numbers without a gap."""
    return len(distinct) > 3 and bool((np.diff(distinct) == 1).all())


def stands_apart(values: np.ndarray) -> float | None:
    """The highest of whole numbers where it is as far from all others, which have no gap, as these are wide.

    >>> stands_apart(np.array([1.0, 2, 3, 4, 5] * 5 + [10, 10])), stands_apart(np.arange(1.0, 11).repeat(3))
    (10.0, None)
    """
    distinct = np.unique(values)
    apart = len(values) >= FEW and _is_whole(distinct[:-1]) and distinct[-1] - distinct[-2] >= np.ptp(distinct[:-1])
    return float(distinct[-1]) if apart else None


def _codes_below(values: np.ndarray) -> list[float]:
    """What stands alone below 0 beside a usual scale from 0 up, the lowest first: -1, or others again and again."""
    codes, counts = np.unique(values[values < 0], return_counts=True)
    others = values[values >= 0]
    distinct = np.unique(others)
    if not 0 < len(codes) <= 2 or len(distinct) < 2 or (others.max() <= 1 and len(distinct) < 3):  # -1 and 1 are thumbs
        return []
    often = all(code == -1 or count > 1 for code, count in zip(codes, counts, strict=True))
    lopsided = codes[0] == -1 or len(values) >= FEW or -codes[0] > others.max()
    return codes.tolist() if often and lopsided and _usual(others, WIDE_SCALES[1:]) else []


def _is_zero_code(values: np.ndarray, without: np.ndarray, surely: bool) -> bool:
    """Whether 0, too often for a rating, lies below a scale of the others that does not hold it, or is a quarter of
    the values of one with many steps that does."""
    distinct = np.unique(without)
    if not is_spike(0.0, values) or len(distinct) < (1 if surely and (without > 1).all() else 2):
        return False
    many = np.count_nonzero(values == 0) > INSIDE * len(values) and len(distinct) > MANY and surely
    return many or bool(_usual(without, FROM_ONE))


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
    if len(values) < FEW and surely:
        values = _without_stray(values)
    below = np.count_nonzero(values < 0) > _strays(len(values))
    if surely:
        found = _usual(values, WIDE_SCALES if below else WIDE_SCALES[1:])
    elif (values * 2 % 1).any():
        found = None
    else:
        found = _usual(values, SCALES, strays=0)
        if found is not None and np.median(values) < sum(found) / 2:
            return None
    return _around_zero(values) if found is None and below else found


def _without_stray(values: np.ndarray) -> np.ndarray:
    """Few values without a single one that is far off the others, which are on a usual scale: a typing error."""
    for end in (values.min(), values.max()):
        rest: np.ndarray = values[values != end]
        gap = len(np.unique(rest)) > 2 and np.abs(rest - end).min() / 2 > np.ptp(rest)
        if gap and len(rest) == len(values) - 1 and _usual(rest, SCALES):
            return rest
    return values


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
