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
                                                         ``1 - (1 - strength) ** n``; ``unit`` is the median. What is
                                                         below 0 takes back as much of the pair's others
flag      0 or 1                                         ``strength``, and nothing for a 0
like      0 or 1                                         1, and -1 for a 0
event     absent, or always the same                     ``strength``, and nothing at or below 0
========  =============================================  ==========================================================

An event of the first two forms that came without a value weighs ``strength``; one whose value is a code for "not
rated" weighs what an interaction does, and one that is far off all others nothing (:mod:`recommender.scales`). Ratings,
likes and dislikes are *explicit*: they carry a sign. All else is *implicit* and at least 0. Only ratings low on their
scale and dislikes are negative; a skip weighs nothing, because what was shown and not taken is no dislike.

**A cell for each pair.** The latest explicit event decides the sign (an undated one is older than any dated one; at the
same moment the lower weight wins). A dislike is the cell. Otherwise implicit weights add up to it and saturate::

    cell = 1 - (1 - explicit) * prod(1 - implicit)

with ``explicit = 0`` where there is none. A pair whose events weigh nothing makes no cell.

The same functions serve the training matrix (all events), profiles (with recency) and one person's live events: pass
the meanings that were inferred at refresh.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pyarrow as pa

from kg.records import codes_of as numbers_of
from kg.snapshot import Snapshot, codes_of
from kg.usual import usual
from kg.values import seconds
from kg.vocabulary import Vocabulary
from recommender.errors import InvalidInput
from recommender.scales import Form, Rating, is_flag, is_spike, read_rating
from recommender.strengths import EXPLICIT, IMPLICIT, QUANTITIES, RATINGS, STRENGTHS, says_thumbs

if TYPE_CHECKING:
    from recommender.data import Cells


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

    def strength(self, kind: str, declared: float | None = None) -> float:
        """Weight of one event of this kind, when its value does not say more; ``declared``: what the graph says."""
        usually = STRENGTHS.get(usual(kind) or kind, self.other_strength)
        return float(self.strengths.get(kind, usually if declared is None else declared))


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
    unrated: tuple[float, ...] = ()
    """Values that are codes for none: the event happened, what the person thought is not known."""
    nothing: tuple[float, ...] = ()
    """Values that are codes for no event."""

    def possible(self, values: np.ndarray) -> np.ndarray:
        """``values`` with NaN for codes and what cannot be a rating: farther outside the scale than half its width."""
        values = np.where(np.isin(values, (*self.unrated, *self.nothing)), np.nan, values)
        if self.form != "rating":
            return values
        beyond = np.maximum(self.minimum - values, values - self.maximum)
        return np.where(beyond > (self.maximum - self.minimum) / 2, np.nan, values)

    def weigh(self, values: np.ndarray, config: MeaningConfig) -> tuple[np.ndarray, np.ndarray]:
        """Weights ``(n,)`` float64 in [-1, 1] of events with these values (NaN: none), and which are explicit."""
        given, values = values, self.possible(values)
        absent = np.isnan(values)
        explicit = np.full(len(values), usual(self.kind) in EXPLICIT or self.form == "like" or self.strength < 0)
        if self.form == "rating":
            weights = _rating_weights((values - self.minimum) / (self.maximum - self.minimum), config)
            explicit |= ~absent
        elif self.form == "count":
            with np.errstate(invalid="ignore", over="ignore"):
                events = np.log2(1 + np.maximum(values, 0) / self.unit)
            weights = 1 - (1 - self.strength) ** events
        elif self.form == "like":
            weights = np.where(values <= 0, -1.0, 1.0)
        else:
            weights = np.where(values <= 0, 0.0, self.strength)
        weights = np.where(absent, self.strength, weights)
        weights[np.isin(given, self.unrated)] = (
            config.strength("INTERACTED") if self.form == "rating" else self.strength
        )
        weights[np.isin(given, self.nothing)] = 0.0
        return weights, explicit & ~np.isin(given, self.nothing)

    def __str__(self) -> str:
        """One line for people."""
        none = "not rated" if self.form == "rating" else "not known"
        codes = [f"{value:g} is taken for {none}" for value in self.unrated]
        codes += [f"{value:g}, far off all others, for nothing" for value in self.nothing]
        return "; ".join([f"{self.kind}: {self._form()}", *codes])

    def _form(self) -> str:
        if self.form == "rating":
            how = "declared" if self.declared else "inferred"
            return f"a rating on {self.minimum:g} to {self.maximum:g} ({how})"
        if self.form == "count":
            return f"a count, taken by its logarithm; {self.unit:g} weighs {self.strength:g}"
        if self.form == "flag":
            return f"a flag; 1 weighs {self.strength:g}, 0 nothing"
        if self.form == "like":
            return "a like; 1 weighs 1, 0 is a dislike"
        return f"an event that weighs {self.strength:g}, whatever its value above 0"


def _rating_weights(position: np.ndarray, config: MeaningConfig) -> np.ndarray:
    position = np.clip(position, 0.0, 1.0)
    liked = config.lowest_like + (1 - config.lowest_like) * (position - config.neutral) / (1 - config.neutral)
    if config.neutral == 0:
        return np.asarray(liked)
    return np.where(position < config.neutral, position / config.neutral - 1, liked)


@dataclass(frozen=True)
class Declared:
    """What is said of a kind where its events are ingested; the rest is inferred from its values."""

    scale: tuple[float, float] | None = None
    form: Form | None = None
    weight: float | None = None
    """Of one event, when its value does not say more; a refresh configuration's own wins."""
    unrated: tuple[float, ...] = ()
    """Values that stand for none."""


NOTHING = Declared()


def infer_meaning(
    kind: str, values: np.ndarray, declared: Declared = NOTHING, config: MeaningConfig | None = None
) -> Meaning:
    """The meaning of a kind from all of its values (NaN: none), and what is declared of it.

    In this order: a declared scale makes a rating, and a declared form wins.
    Likes and dislikes are flags, and so are 0 and 1. No value, or
    always the same, is a bare event. Ratings are told as :func:`recommender.scales.read_rating` says, which also finds
    the codes for "not rated" among them; ``VIEWED`` and the other known implicit kinds never are. Everything else is a
    count.

    >>> print(infer_meaning("RATED", np.array([1.0, 3.0, 4.0, 5.0])))
    RATED: a rating on 1 to 5 (inferred)
    >>> print(infer_meaning("PLAYED", np.array([1.0, 2.0, 3.0, 250.0])))
    PLAYED: a count, taken by its logarithm; 2.5 weighs 0.5
    """
    strength = (config or MeaningConfig()).strength(kind, declared.weight)
    values = values[~np.isnan(values) & ~np.isin(values, declared.unrated)]
    if declared.scale is not None:
        meaning = Meaning(kind, "rating", strength, *declared.scale, declared=True)
    elif declared.form is not None:
        meaning = _of_form(declared.form, kind, values, strength, zero_is_code=False)
    else:
        meaning = _inferred(kind, values, strength)
    far = {code for code in declared.unrated if meaning.form == "rating" and is_far(code, meaning)}
    return replace(
        meaning,
        unrated=tuple(sorted({*meaning.unrated, *declared.unrated} - far)),
        nothing=(*meaning.nothing, *sorted(far - {*meaning.nothing})),
    )


def is_far(code: float, meaning: Meaning) -> bool:
    """Whether a code lies so far off a scale that it is a place left open, as 99 beside -10 to 10, and no event."""
    beyond = max(meaning.minimum - code, code - meaning.maximum)
    return beyond > 2 * (meaning.maximum - meaning.minimum)


def _inferred(kind: str, values: np.ndarray, strength: float) -> Meaning:
    known = usual(kind)
    if known in EXPLICIT and strength > 0 and np.count_nonzero(values < 0) > 1 and values.max() > 0:
        return _of_form("rating", kind, values, strength)  # both sides of 0: up and down
    if known in EXPLICIT or is_flag(values):
        thumbs = says_thumbs(kind) and np.count_nonzero(values == 0) * 2 < len(values)
        return Meaning(kind, "like" if thumbs else "flag", strength)
    if len(np.unique(values)) < 2 or strength <= 0:
        return Meaning(kind, "event", strength)
    if known not in IMPLICIT and (found := read_rating(values, surely=known in RATINGS)) is not None:
        return _rating(kind, strength, found)
    return _of_form("count", kind, values, strength)


def _of_form(form: Form, kind: str, values: np.ndarray, strength: float, *, zero_is_code: bool = True) -> Meaning:
    """``zero_is_code``: not where the form is stated, and 0 with it."""
    if form == "rating":
        several = len(np.unique(values)) > 1
        found = read_rating(values, surely=True, zero_is_code=zero_is_code) if several else None
        span = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
        return _rating(kind, strength, found or Rating(*(span if span[0] < span[1] else (0.0, max(1.0, span[1])))))
    if form != "count":
        return Meaning(kind, form, strength)
    positive = values[values > 0]
    unit = float(np.median(positive)) if len(positive) else 1.0
    unknown = (0.0,) if zero_is_code and usual(kind) in QUANTITIES and is_spike(0.0, values) else ()
    return Meaning(kind, "count", strength, unit=unit, unrated=unknown)


def _rating(kind: str, strength: float, found: Rating) -> Meaning:
    return Meaning(kind, "rating", strength, found.minimum, found.maximum, unrated=found.unrated, nothing=found.nothing)


def declared_of(snapshot: Snapshot) -> dict[str, Declared]:
    """What a graph declares of its kinds, of those of which it does."""
    return declarations(snapshot.kinds.to_pylist())


def declarations(rows: Iterable[Mapping[str, Any]]) -> dict[str, Declared]:
    """The same of the rows of :data:`kg.snapshot.KINDS`."""
    found = {}
    for row in rows:
        scale = None if None in (row["minimum"], row["maximum"]) else (row["minimum"], row["maximum"])
        form = row["meaning"] if row["meaning"] in get_args(Form) else None
        said = Declared(scale, form, row["weight"], numbers_of(row["unrated"]))
        if said != NOTHING:
            found[row["kind"]] = said
    return found


def meanings_of(
    events: Events, declared: Mapping[str, Declared] | None = None, config: MeaningConfig | None = None
) -> dict[str, Meaning]:
    """:func:`infer_meaning` for each kind that occurs in ``events`` or of which something is declared."""
    declared = declared or {}
    meanings = {
        kind: infer_meaning(kind, events.values[events.kinds == code], declared.get(kind, NOTHING), config)
        for code, kind in enumerate(events.kind_names)
    }
    nothing = np.empty(0)
    return meanings | {
        kind: infer_meaning(kind, nothing, declared[kind], config) for kind in declared.keys() - meanings
    }


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
        meaning = meanings.get(kind) or infer_meaning(kind, np.empty(0), NOTHING, config)
        rows = slice(None) if len(events.kind_names) == 1 else np.flatnonzero(events.kinds == code)
        values = events.values[rows]
        if meaning.form in ("count", "event") and (values < 0).any():
            values = _without_returns(events.users[rows], events.items[rows], values, meaning.unit)
        weights[rows], explicit[rows] = meaning.weigh(values, config)
    if config.half_life_days is not None:
        weights *= recency(events.users, events.times, config.half_life_days, config.recency_floor)
    return weights, explicit


def _without_returns(users: np.ndarray, items: np.ndarray, values: np.ndarray, unit: float) -> np.ndarray:
    """Values of a count, those of each (person, item) pair reduced by what is below 0, down to 0.

    All events of the pair lose the same share; one without a value counts as one ``unit``.

    >>> _without_returns(np.zeros(4), np.array([0, 0, 0, 1]), np.array([2.0, 2.0, -1.0, -5.0]), 1.0).tolist()
    [1.5, 1.5, 0.0, 0.0]
    """
    pairs = np.unique(users + 1j * items, return_inverse=True)[1]
    values = np.where(np.isnan(values), unit, values)
    taken = np.maximum(values, 0.0)
    bought, returned = np.bincount(pairs, taken), np.bincount(pairs, taken - values)
    kept: np.ndarray = taken * np.maximum(0.0, 1 - returned / np.maximum(bought, returned + (bought == 0)))[pairs]
    return kept


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
    from recommender.data import Cells  # takes torch, which telling what values mean does not

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
