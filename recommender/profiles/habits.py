"""Counts and habits: how much, when, how generously and how widely somebody meets items."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sp

from kg.schema import DERIVED_PREFIX
from recommender.data import Cells
from recommender.meaning import Events
from recommender.profiles.context import ProfileContext
from recommender.profiles.history import Histories

PREFIX = DERIVED_PREFIX
"""Habits are properties of ``:User`` with this prefix, which keeps them apart from the static features."""
_EPOCH_WEEKDAY = 3  # 1 January 1970 was a Thursday; Monday is 0


@dataclass(frozen=True)
class Habits:
    """One person's habits. None where there is nothing to tell them from."""

    events: int
    kinds: Mapping[str, int]
    """Events of each kind."""
    items: int
    """Different items."""
    liked: int
    disliked: int
    rating_mean: float | None
    """Mean rating, on the scale of the kind that the person rates most with."""
    rating_deviation: float | None
    """``rating_mean`` less the population's mean for the same kind: how generous the person is."""
    rating_spread: float | None
    """Standard deviation (of the population form) of those ratings."""
    first_seen: datetime | None
    last_seen: datetime | None
    active_days: int
    """Different days (UTC) with an event."""
    peak_hours: tuple[int, ...]
    """Hours of the day (UTC) at which the person is active on unusually many days, at most three. None
    where all events are at midnight to the second: those are dates."""
    peak_weekdays: tuple[int, ...]
    """Weekdays (UTC, Monday is 0) on which the person is active unusually often, at most three."""
    novelty: float | None
    """Mean self-information of the items met, ``-log2(share of people who met the item)``, in bits (Zhou et al. 2010,
    https://doi.org/10.1073/pnas.1000488107)."""
    novelty_deviation: float | None
    """``novelty`` less the population's: above 0 for somebody who seeks the unusual."""
    diversity: float | None
    """Entropy of the liked items over the groups of ``facet``, over its maximum, in [0, 1]."""
    facet: str | None
    """The relation that diversity is measured over."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        values = asdict(self) | {"kinds": dict(self.kinds)}
        for name in ("first_seen", "last_seen"):
            values[name] = values[name] and values[name].isoformat()
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    def to_properties(self) -> dict[str, Any]:
        """Properties of ``:User``: scalars and flat lists, which any property graph stores; None removes one."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        values["kinds"], values["kind_counts"] = list(self.kinds), list(self.kinds.values())
        return {PREFIX + name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}

    @classmethod
    def from_properties(cls, properties: Mapping[str, Any]) -> Habits | None:
        """What :meth:`to_properties` made; None where a person has no profile yet."""
        values = {name.removeprefix(PREFIX): value for name, value in properties.items() if name.startswith(PREFIX)}
        if "events" not in values:
            return None
        values["kinds"] = dict(zip(values["kinds"], values.pop("kind_counts"), strict=True))
        for name in ("peak_hours", "peak_weekdays"):
            values[name] = tuple(values.get(name) or ())
        fields: dict[str, Any] = {name: values.get(name) for name in cls.__dataclass_fields__}
        return cls(**fields)


NO_HABITS = Habits(
    events=0,
    kinds={},
    items=0,
    liked=0,
    disliked=0,
    rating_mean=None,
    rating_deviation=None,
    rating_spread=None,
    first_seen=None,
    last_seen=None,
    active_days=0,
    peak_hours=(),
    peak_weekdays=(),
    novelty=None,
    novelty_deviation=None,
    diversity=None,
    facet=None,
)
"""Of somebody who has done nothing yet, or whose profile has not been drawn."""


def habits_of(histories: Histories) -> list[Habits]:
    """The habits of these people, each figure for all of them at once."""
    done, cells, size, context = histories.events, histories.cells, len(histories), histories.context
    met = np.bincount(cells.users, minlength=size)
    surprise = np.bincount(cells.users, weights=context.surprise[cells.items], minlength=size)
    liked, disliked = (np.bincount(cells.users[side], minlength=size) for side in _sides(cells.weights))
    columns = zip(
        _kinds(done, size),
        _pairs(done.users, done.items, size).tolist(),
        liked.tolist(),
        disliked.tolist(),
        _ratings(done, size, context),
        _rhythms(done, size),
        (surprise / np.maximum(met, 1)).tolist(),
        met.tolist(),
        _diversities(cells, context),
        strict=True,
    )
    return [
        Habits(
            events=sum(kinds.values()),
            kinds=kinds,
            items=items,
            liked=likes,
            disliked=dislikes,
            rating_mean=mean,
            rating_deviation=deviation,
            rating_spread=spread,
            first_seen=rhythm.first,
            last_seen=rhythm.last,
            active_days=rhythm.days,
            peak_hours=rhythm.hours,
            peak_weekdays=rhythm.weekdays,
            novelty=novelty if known else None,
            novelty_deviation=novelty - context.mean_surprise if known else None,
            diversity=diversity,
            facet=context.facet.relation if context.facet else None,
        )
        for kinds, items, likes, dislikes, (mean, deviation, spread), rhythm, novelty, known, diversity in columns
    ]


def _sides(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return weights > 0, weights < 0


def _kinds(events: Events, size: int) -> list[dict[str, int]]:
    """Each person's events of each kind, by its name."""
    names = events.kind_names
    counts = np.bincount(events.users * len(names) + events.kinds, minlength=size * len(names)).reshape(size, -1)
    order = sorted(range(len(names)), key=names.__getitem__)
    return [{names[code]: own[code] for code in order if own[code]} for own in counts.tolist()]


def _pairs(users: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """How many different values each person has, ``(size,)``."""
    return np.bincount(_distinct(users, values)[0], minlength=size)


def _distinct(users: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different (person, whole number) pairs, sorted."""
    if not len(users):
        return users, values
    least = values.min()
    span = values.max() - least + 1
    pairs = np.sort(users * span + (values - least))
    pairs = pairs[np.concatenate([[True], pairs[1:] != pairs[:-1]])]
    return pairs // span, pairs % span + least


@dataclass(frozen=True, slots=True)
class _Rhythm:
    """When a person is active; fields as in :class:`Habits`."""

    first: datetime | None
    last: datetime | None
    days: int
    hours: tuple[int, ...]
    weekdays: tuple[int, ...]


def _rhythms(events: Events, size: int) -> list[_Rhythm]:
    dated = ~np.isnan(events.times)
    users, times = events.users[dated], events.times[dated]
    first, last = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(first, users, times)
    np.maximum.at(last, users, times)
    active, hours = _distinct(users, (times // 3600).astype(np.int64))
    by_hour = np.bincount(active * 24 + hours % 24, minlength=size * 24).reshape(size, 24)
    by_hour[np.bincount(users[times % 86_400 != 0], minlength=size) == 0] = 0  # dates without a time of day
    active, days = _distinct(active, hours // 24)
    by_weekday = np.bincount(active * 7 + (days + _EPOCH_WEEKDAY) % 7, minlength=size * 7).reshape(size, 7)
    count = np.bincount(active, minlength=size).tolist()
    ends = zip(first.tolist(), last.tolist(), strict=True)
    return [
        _Rhythm(_moment(begin), _moment(end), own, at, on) if own else _Rhythm(None, None, 0, (), ())
        for (begin, end), own, at, on in zip(ends, count, peaks(by_hour), peaks(by_weekday), strict=True)
    ]


def peaks(counts: np.ndarray, most: int = 3, least: int = 3) -> list[tuple[int, ...]]:
    """Positions of each row whose count is at least ``least`` and over ``mean + 2 sqrt(mean)``: no even rhythm's.

    The counts of an even rhythm are Poisson, with the variance of their mean. One sitting makes no rhythm, so hours
    count the days on which they were active. Of more than ``most`` the highest ones are kept, of equal ones the first.

    >>> peaks(np.array([[0, 9, 1, 1, 0, 0, 1]]))
    [(1,)]
    """
    mean = counts.mean(axis=1, keepdims=True)
    high = (counts > mean + 2 * np.sqrt(mean)) & (counts >= least)
    highest = np.argsort(np.where(high, -counts, 1), axis=1, kind="stable")[:, :most]
    chosen = np.zeros_like(high)
    np.put_along_axis(chosen, highest, np.take_along_axis(high, highest, axis=1), axis=1)
    rows, places = np.nonzero(chosen)
    ends = np.searchsorted(rows, np.arange(len(counts) + 1)).tolist()
    found = places.tolist()
    return [tuple(found[start:stop]) for start, stop in pairwise(ends)]


def _ratings(
    events: Events, size: int, context: ProfileContext
) -> list[tuple[float | None, float | None, float | None]]:
    """Mean, deviation from the population's mean, and spread, over the rating kind of which each person has most."""
    best, figures = np.zeros(size), np.full((3, size), np.nan)
    for code, name in enumerate(events.kind_names):
        if name not in context.mean_ratings:
            continue
        own = np.flatnonzero(events.kinds == code)
        values = context.meanings[name].possible(events.values[own])
        given = ~np.isnan(values)
        users, values = events.users[own][given], values[given]
        count = np.bincount(users, minlength=size)
        mean = np.bincount(users, weights=values, minlength=size) / np.maximum(count, 1)
        squares = np.bincount(users, weights=(values - mean[users]) ** 2, minlength=size)
        spread = np.sqrt(squares / np.maximum(count, 1))
        figures = np.where(count > best, np.stack([mean, mean - context.mean_ratings[name], spread]), figures)
        best = np.maximum(best, count)
    rows = zip(figures.T.tolist(), best.tolist(), strict=True)
    return [tuple(own) if count else (None, None, None) for own, count in rows]


def _diversities(cells: Cells, context: ProfileContext) -> list[float | None]:
    """The entropy of each person's liked items over groups, over its maximum."""
    if context.facet is None:
        return [None] * cells.num_users
    liked, groups = cells.weights > 0, context.facet.groups
    starts = np.searchsorted(cells.users[liked], np.arange(cells.num_users + 1))
    shape = (cells.num_users, cells.num_items)
    met = sp.csr_matrix((np.ones(starts[-1]), cells.items[liked], starts), shape=shape)
    counts = (met @ sp.csr_matrix((np.ones(groups.nnz), groups.indices, groups.indptr), shape=groups.shape)).tocoo()
    total = np.bincount(counts.row, weights=counts.data, minlength=cells.num_users)
    shares = counts.data / total[counts.row]
    entropy = np.bincount(counts.row, weights=-shares * np.log(shares), minlength=cells.num_users)
    diversity = abs(entropy / math.log(groups.shape[1])) if total.any() else entropy
    return [own if some else None for own, some in zip(diversity.tolist(), total.tolist(), strict=True)]


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(float(seconds), tz=UTC)
