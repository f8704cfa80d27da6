"""What an event means: its kind and value become a weight, and the events of a (person, item) pair become one cell.

**A weight for each event.** What a value means belongs to its kind, as a :class:`Meaning` of one of four forms:

========  =============================================  ==========================================================
form      a kind whose values are                        weight of an event
========  =============================================  ==========================================================
rating    on a scale, declared or inferred               with ``r = (value - minimum) / (maximum - minimum)``:
                                                         ``r / neutral - 1`` below ``neutral``, and from there
                                                         ``lowest_like`` rising linearly to 1. On 1 to 5, the
                                                         default gives -1, -.5, .5, .75, 1
count     plays, seconds, quantities                     as many events as ``n = log2(1 + value / unit)``, that is
                                                         ``1 - (1 - strength) ** n``; ``unit`` is the median
flag      0 or 1                                         ``strength``, and nothing for a 0
event     absent, or always the same                     ``strength``
========  =============================================  ==========================================================

An event of the first two forms that came without a value weighs ``strength``. Ratings, likes and dislikes are
*explicit*: they carry a sign. All else is *implicit* and at least 0. Only ratings low on their scale and dislikes are
negative; a skip weighs nothing, because what was shown and not taken is no dislike.

**A cell for each pair.** The latest explicit event decides the sign (an undated one is older than any dated one; at the
same moment the lower weight wins). A dislike is the cell. Otherwise implicit weights add up to it and saturate::

    cell = 1 - (1 - explicit) * prod(1 - implicit)

with ``explicit = 0`` where there is none. A pair whose events weigh nothing makes no cell.

The same functions serve the training matrix (all events), profiles (with recency) and one person's live events: pass
the meanings that were inferred at refresh.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from kg.snapshot import Snapshot, codes_of
from kg.values import seconds
from kg.vocabulary import Vocabulary
from recommender.data import Cells
from recommender.errors import InvalidInput

Form = Literal["rating", "count", "flag", "event"]

STRENGTHS: Mapping[str, float] = {
    "VIEWED": 0.2,
    "CLICKED": 0.3,
    "RATED": 0.7,
    "REVIEWED": 0.7,
    "PURCHASED": 1.0,
    "LIKED": 1.0,
    "DISLIKED": -1.0,
    "SKIPPED": 0.0,
}
"""Weight of one event by kind, when its value does not say more."""

RATING_KINDS = frozenset({"RATED", "REVIEWED"})
"""Kinds whose differing values are taken for ratings even where they could be counts."""
EXPLICIT_KINDS = frozenset({"LIKED", "DISLIKED"})
"""Kinds that carry a sign without being ratings; their value, if any, is a flag."""
SCALES = ((1.0, 5.0), (0.5, 5.0), (0.0, 5.0), (1.0, 10.0), (0.0, 10.0))
"""Usual scales of ratings; the first that holds nearly all values is inferred."""
WIDE_SCALES = ((-1.0, 1.0), (0.0, 1.0), *SCALES, (0.0, 100.0))
"""What :data:`RATING_KINDS` may use besides."""
MISTAKES = 0.01
"""At most this share of the values may lie outside an inferred scale: a typing error must not make it another one."""


@dataclass(frozen=True)
class MeaningConfig:
    """How events become weights."""

    strengths: Mapping[str, float] = field(default_factory=dict)
    """Weight of one event by kind (upper case), over :data:`STRENGTHS`; in [-1, 1]. A negative one makes a dislike."""
    other_strength: float = 0.5
    """Weight of an event of any other kind, in (0, 1]: more than a click, less than a purchase."""
    neutral: float = 0.5
    """Ratings below this fraction of their scale are dislikes, in [0, 1): on 1 to 5, 1 and 2. At 0, none is."""
    lowest_like: float = 0.5
    """Weight of a rating at ``neutral``, in (0, 1]: whoever rates an item 3 of 5 chose it, yet does not love it."""
    half_life_days: float | None = None
    """Age, counted from the person's latest event, at which an event has lost half of what it can lose. None: off."""
    recency_floor: float = 0.1
    """What an old event keeps of its weight, in [0, 1]."""

    def __post_init__(self) -> None:
        for kind, strength in self.strengths.items():
            _check(-1 <= strength <= 1, f"strengths[{kind!r}] = {strength} is outside [-1, 1]")
        _check(0 < self.other_strength <= 1, f"other_strength = {self.other_strength} is outside (0, 1]")
        _check(0 <= self.neutral < 1, f"neutral = {self.neutral} is outside [0, 1)")
        _check(0 < self.lowest_like <= 1, f"lowest_like = {self.lowest_like} is outside (0, 1]")
        _check(0 <= self.recency_floor <= 1, f"recency_floor = {self.recency_floor} is outside [0, 1]")
        _check(self.half_life_days is None or self.half_life_days > 0, "half_life_days must be above 0, or None")

    def strength(self, kind: str) -> float:
        """Weight of one event of this kind, when its value does not say more."""
        return float(self.strengths.get(kind, STRENGTHS.get(kind, self.other_strength)))


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise InvalidInput(message)


def _number(row: Sequence[Any], place: int, what: str, read: Callable[[Any], float]) -> float:
    """What stands at this place of an event's row; NaN for null."""
    given = row[place]
    try:
        return math.nan if given is None else read(given)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(
            f"an event {row[0]} of {row[1]!r} has the {what} {given!r}, which is none; put it right with Cypher"
        ) from error


@dataclass(frozen=True)
class Events:
    """Events as arrays, in any order.

    Shapes: all ``(n,)``; ``users`` and ``items`` int64 dense ids, ``kinds`` int64 positions in ``kind_names``,
    ``values`` float64 (NaN: none), ``times`` float64 Unix seconds (NaN: unknown).
    """

    users: np.ndarray
    items: np.ndarray
    kinds: np.ndarray
    values: np.ndarray
    times: np.ndarray
    kind_names: tuple[str, ...]

    @classmethod
    def of(cls, table: pa.Table) -> Events:
        """The events of a table that follows :data:`kg.snapshot.EVENTS`."""
        kinds, kind_names = codes_of(table["kind"])
        return cls(
            users=table["user"].to_numpy().astype(np.int64),
            items=table["item"].to_numpy().astype(np.int64),
            kinds=kinds,
            values=table["value"].to_numpy().astype(np.float64),
            times=table["at"].cast(pa.int64()).to_numpy().astype(np.float64) / 1e6,
            kind_names=kind_names,
        )

    @classmethod
    def of_person(cls, rows: Sequence[Sequence[Any]], items: Vocabulary) -> Events:
        """One person's events from rows of kind, item id, moment as text and value, as queries answer them.

        An item that the vocabulary does not hold (it came after the refresh) gets a negative number of its own.

        Raises:
            InvalidInput: a value or a moment of another type than we write; names the event.
        """
        kinds = {kind: code for code, kind in enumerate(dict.fromkeys(row[0] for row in rows))}
        strangers: dict[str, int] = {}
        found = items.indices(row[1] for row in rows)
        for position in np.flatnonzero(found < 0).tolist():
            found[position] = strangers.setdefault(rows[position][1], -1 - len(strangers))
        return cls(
            users=np.zeros(len(rows), dtype=np.int64),
            items=found,
            kinds=np.array([kinds[row[0]] for row in rows], dtype=np.int64),
            values=np.array([_number(row, 3, "value", float) for row in rows], dtype=np.float64),
            times=np.array([_number(row, 2, "moment", seconds) for row in rows], dtype=np.float64),
            kind_names=tuple(kinds),
        )

    def __len__(self) -> int:
        return len(self.users)

    def take(self, rows: np.ndarray | slice) -> Events:
        """The events in ``rows`` (a mask, positions or a slice)."""
        return replace(
            self,
            users=self.users[rows],
            items=self.items[rows],
            kinds=self.kinds[rows],
            values=self.values[rows],
            times=self.times[rows],
        )


@dataclass(frozen=True)
class Meaning:
    """What the values of one kind of event mean; see the module for the formulas."""

    kind: str
    form: Form
    strength: float
    """Weight of an event without a value, or of one that is ``unit``; in [-1, 1]."""
    minimum: float = 0.0
    """Lower end of a rating's scale."""
    maximum: float = 0.0
    """Upper end of a rating's scale."""
    unit: float = 1.0
    """Median of a count: what one event of the kind amounts to."""
    declared: bool = False
    """Whether the scale was declared, or inferred from the values."""

    def possible(self, values: np.ndarray) -> np.ndarray:
        """``values`` with NaN for those that cannot be ratings: farther outside the scale than it is wide by half."""
        if self.form != "rating":
            return values
        beyond = np.maximum(self.minimum - values, values - self.maximum)
        return np.where(beyond > (self.maximum - self.minimum) / 2, np.nan, values)

    def weigh(self, values: np.ndarray, config: MeaningConfig) -> tuple[np.ndarray, np.ndarray]:
        """Weights ``(n,)`` float64 in [-1, 1] of events with these values (NaN: none), and which are explicit."""
        values = self.possible(values)
        absent = np.isnan(values)
        explicit = np.full(len(values), self.kind in EXPLICIT_KINDS or self.strength < 0)
        if self.form == "rating":
            weights = _rating_weights((values - self.minimum) / (self.maximum - self.minimum), config)
            explicit |= ~absent
        elif self.form == "count":
            with np.errstate(invalid="ignore", over="ignore"):
                events = np.log2(1 + np.maximum(values, 0) / self.unit)
            weights = 1 - (1 - self.strength) ** events
        elif self.form == "flag":
            weights = np.where(values <= 0, 0.0, self.strength)
        else:
            weights = np.full(len(values), self.strength)
        return np.where(absent, self.strength, weights), explicit

    def __str__(self) -> str:
        """One line for people."""
        if self.form == "rating":
            how = "declared" if self.declared else "inferred"
            return f"{self.kind}: a rating on {self.minimum:g} to {self.maximum:g} ({how})"
        if self.form == "count":
            return f"{self.kind}: a count, taken by its logarithm; {self.unit:g} weighs {self.strength:g}"
        if self.form == "flag":
            return f"{self.kind}: a flag; 1 weighs {self.strength:g}, 0 nothing"
        return f"{self.kind}: an event that weighs {self.strength:g}, whatever its value"


def _rating_weights(position: np.ndarray, config: MeaningConfig) -> np.ndarray:
    position = np.clip(position, 0.0, 1.0)
    liked = config.lowest_like + (1 - config.lowest_like) * (position - config.neutral) / (1 - config.neutral)
    if config.neutral == 0:
        return np.asarray(liked)
    return np.where(position < config.neutral, position / config.neutral - 1, liked)


def infer_meaning(
    kind: str,
    values: np.ndarray,
    scale: tuple[float, float] | None = None,
    config: MeaningConfig | None = None,
) -> Meaning:
    """The meaning of a kind from all of its values (NaN: none) and its declared scale, if any.

    In this order: a declared scale makes a rating. Likes and dislikes are flags. No value, or always the same, is a
    bare event; 0 and 1 are a flag. Values of :data:`RATING_KINDS` inside a usual scale, save for at most
    :data:`MISTAKES` of them, are ratings; one far outside then says nothing. In other kinds
    whole and half steps inside a usual scale are ratings when their median lies in the upper half of it, as that of
    ratings does and that of counts does not; ``VIEWED`` and the other known implicit kinds never are. Everything else
    is a count.

    >>> print(infer_meaning("RATED", np.array([1.0, 3.0, 4.0, 5.0])))
    RATED: a rating on 1 to 5 (inferred)
    >>> print(infer_meaning("PLAYED", np.array([1.0, 2.0, 3.0, 250.0])))
    PLAYED: a count, taken by its logarithm; 2.5 weighs 0.5
    """
    strength = (config or MeaningConfig()).strength(kind)
    if scale is not None:
        return Meaning(kind, "rating", strength, *scale, declared=True)
    values = values[~np.isnan(values)]
    distinct = np.unique(values)
    if kind in EXPLICIT_KINDS or (len(distinct) == 2 and set(distinct) == {0.0, 1.0}):
        return Meaning(kind, "flag", strength)
    if len(distinct) < 2 or strength <= 0:
        return Meaning(kind, "event", strength)
    usual = _usual_scale(kind, distinct, values)
    if usual is not None:
        return Meaning(kind, "rating", strength, *usual)
    positive = values[values > 0]
    return Meaning(kind, "count", strength, unit=float(np.median(positive)) if len(positive) else 1.0)


def _usual_scale(kind: str, distinct: np.ndarray, values: np.ndarray) -> tuple[float, float] | None:
    rating_kind = kind in RATING_KINDS
    if kind in STRENGTHS and not rating_kind:
        return None
    if not rating_kind and (distinct * 2 % 1).any():
        return None
    for low, high in WIDE_SCALES if rating_kind else SCALES:
        outside = np.count_nonzero((values < low) | (values > high))
        if outside <= (MISTAKES * len(values) if rating_kind else 0):
            return (low, high) if rating_kind or np.median(values) >= (low + high) / 2 else None
    return None


def scales_of(snapshot: Snapshot) -> dict[str, tuple[float, float]]:
    """The declared scales of a graph, by kind."""
    return {
        row["kind"]: (row["minimum"], row["maximum"])
        for row in snapshot.kinds.to_pylist()
        if row["minimum"] is not None and row["maximum"] is not None
    }


def meanings_of(
    events: Events, scales: Mapping[str, tuple[float, float]] | None = None, config: MeaningConfig | None = None
) -> dict[str, Meaning]:
    """:func:`infer_meaning` for each kind that occurs in ``events`` or has a declared scale."""
    scales = scales or {}
    meanings = {
        kind: infer_meaning(kind, events.values[events.kinds == code], scales.get(kind), config)
        for code, kind in enumerate(events.kind_names)
    }
    nothing = np.empty(0)
    return meanings | {kind: infer_meaning(kind, nothing, scales[kind], config) for kind in scales.keys() - meanings}


def event_weights(
    events: Events, meanings: Mapping[str, Meaning], config: MeaningConfig | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The weight of each event, recency included, ``(n,)`` float64 in [-1, 1], and which events are explicit, bool.

    A kind that ``meanings`` does not hold (it came after the refresh) is a bare event of its usual strength.
    """
    config = config or MeaningConfig()
    weights = np.zeros(len(events))
    explicit = np.zeros(len(events), dtype=bool)
    for code, kind in enumerate(events.kind_names):
        meaning = meanings.get(kind) or infer_meaning(kind, np.empty(0), None, config)
        rows = slice(None) if len(events.kind_names) == 1 else np.flatnonzero(events.kinds == code)
        weights[rows], explicit[rows] = meaning.weigh(events.values[rows], config)
    if config.half_life_days is not None:
        weights *= recency(events.users, events.times, config.half_life_days, config.recency_floor)
    return weights, explicit


def recency(users: np.ndarray, times: np.ndarray, half_life_days: float, floor: float) -> np.ndarray:
    """``floor + (1 - floor) * 2 ** (-age / half_life)``, ``(n,)`` float64.

    The age is counted from the latest of the person's own ``times`` (Unix seconds).

    An event without a time keeps its full weight: not to know its age is no evidence of age.

    >>> day = 86400.0
    >>> recency(np.array([0, 0, 1]), np.array([0.0, 30 * day, 5 * day]), half_life_days=30, floor=0.2).round(3).tolist()
    [0.6, 1.0, 1.0]
    """
    if not len(users):
        return np.ones(0)
    latest = np.full(int(users.max()) + 1, -np.inf)
    dated = ~np.isnan(times)
    np.maximum.at(latest, users[dated], times[dated])
    age = np.zeros(len(times))
    age[dated] = (latest[users[dated]] - times[dated]) / 86400.0
    return floor + (1 - floor) * np.exp2(-age / half_life_days)


def cells_of(
    events: Events,
    meanings: Mapping[str, Meaning],
    num_users: int,
    num_items: int,
    config: MeaningConfig | None = None,
) -> Cells:
    """One cell for each (person, item) pair whose events weigh anything, sorted by (person, item); see the module."""
    weights, explicit = event_weights(events, meanings, config)
    if not len(events):
        return _cells(np.empty(0, np.int64), weights, weights, num_users, num_items)
    pairs = events.users * num_items + events.items
    dates = np.where(np.isnan(events.times), -np.inf, events.times)
    if (pairs[1:] < pairs[:-1]).any():
        order = np.argsort(pairs)  # within a pair any order will do
        pairs, weights, explicit, dates = pairs[order], weights[order], explicit[order], dates[order]
    first = np.r_[True, pairs[1:] != pairs[:-1]]
    starts = np.flatnonzero(first)

    stated = _latest_explicit(weights, explicit, dates, starts, np.cumsum(first) - 1)
    unmoved = np.multiply.reduceat(np.where(explicit, 1.0, 1 - weights), starts)
    combined = np.where(stated < 0, stated, 1 - (1 - stated) * unmoved)
    return _cells(pairs[starts], combined, np.maximum.reduceat(dates, starts), num_users, num_items)


def _latest_explicit(
    weights: np.ndarray, explicit: np.ndarray, dates: np.ndarray, starts: np.ndarray, group: np.ndarray
) -> np.ndarray:
    """The weight of each group's latest explicit event, the lowest of several; 0 where there is none."""
    latest = np.maximum.reduceat(np.where(explicit, dates, -np.inf), starts)
    deciding = explicit & (dates == latest[group])
    stated = np.minimum.reduceat(np.where(deciding, weights, np.inf), starts)
    return np.where(np.isposinf(stated), 0.0, stated)


def _cells(pairs: np.ndarray, weights: np.ndarray, dates: np.ndarray, num_users: int, num_items: int) -> Cells:
    weights = weights.astype(np.float32)
    keep = weights != 0
    pairs, dates = pairs[keep], dates[keep]
    return Cells(
        users=pairs // max(num_items, 1),
        items=pairs % max(num_items, 1),
        weights=weights[keep],
        times=np.where(np.isneginf(dates), np.nan, dates),
        num_users=num_users,
        num_items=num_items,
    )
