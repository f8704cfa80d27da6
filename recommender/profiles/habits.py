"""Counts and habits: how much, when, how generously and how widely somebody meets items."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from kg.schema import DERIVED_PREFIX
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
    """Hours of the day (UTC) at which the person is active on unusually many days, at most three."""
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
        values = asdict(self)
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


def habits_of(histories: Histories, row: int, context: ProfileContext) -> Habits:
    """The habits of one person."""
    own = histories.events_of(row)
    kinds, times = histories.events.kinds[own], histories.events.times[own]
    cells = histories.cells_of(row)
    items, weights = histories.cells.items[cells], histories.cells.weights[cells]
    counts = np.bincount(kinds, minlength=len(histories.events.kind_names))
    kind_counts = {histories.events.kind_names[code]: int(counts[code]) for code in np.flatnonzero(counts)}
    mean, deviation, spread = _ratings(kinds, histories.events.values[own], histories.events.kind_names, context)
    hours = np.unique(times[~np.isnan(times)] // 3600).astype(np.int64)
    days = np.unique(hours // 24)
    novelty = float(context.surprise[items].mean()) if len(items) else None
    return Habits(
        events=len(kinds),
        kinds=dict(sorted(kind_counts.items())),
        items=len(np.unique(histories.events.items[own])),
        liked=int((weights > 0).sum()),
        disliked=int((weights < 0).sum()),
        rating_mean=mean,
        rating_deviation=deviation,
        rating_spread=spread,
        first_seen=_moment(np.nanmin(times)) if len(days) else None,
        last_seen=_moment(np.nanmax(times)) if len(days) else None,
        active_days=len(days),
        peak_hours=peaks(np.bincount(hours % 24, minlength=24)),
        peak_weekdays=peaks(np.bincount((days + _EPOCH_WEEKDAY) % 7, minlength=7)),
        novelty=novelty,
        novelty_deviation=None if novelty is None else novelty - context.mean_surprise,
        diversity=_diversity(items[weights > 0], context),
        facet=context.facet.relation if context.facet else None,
    )


def peaks(counts: np.ndarray, most: int = 3, least: int = 3) -> tuple[int, ...]:
    """Positions whose count is at least ``least`` and over ``mean + 2 sqrt(mean)``: beyond what an even rhythm gives.

    The counts of an even rhythm are Poisson, with the variance of their mean. One sitting makes no rhythm, so hours
    count the days on which they were active.

    >>> peaks(np.array([0, 9, 1, 1, 0, 0, 1]))
    (1,)
    """
    mean = counts.mean()
    high = np.flatnonzero((counts > mean + 2 * math.sqrt(mean)) & (counts >= least))
    return tuple(sorted(high[np.argsort(-counts[high], kind="stable")[:most]].tolist()))


def _ratings(
    kinds: np.ndarray, values: np.ndarray, names: tuple[str, ...], context: ProfileContext
) -> tuple[float | None, float | None, float | None]:
    """Mean, deviation from the population's mean, and spread, over the rating kind of which the person has most."""
    rated = {code: context.mean_ratings[name] for code, name in enumerate(names) if name in context.mean_ratings}
    given_of = {code: context.meanings[names[code]].possible(values[kinds == code]) for code in rated}
    given_of = {code: own[~np.isnan(own)] for code, own in given_of.items()}
    if not any(len(own) for own in given_of.values()):
        return None, None, None
    code = max(given_of, key=lambda code: len(given_of[code]))
    mean = float(given_of[code].mean())
    return mean, mean - rated[code], float(given_of[code].std())


def _diversity(liked: np.ndarray, context: ProfileContext) -> float | None:
    if context.facet is None or not len(liked):
        return None
    groups = context.facet.groups
    counts = np.bincount(groups[liked].indices, minlength=groups.shape[1])
    if not counts.any():
        return None
    shares = counts[counts > 0] / counts.sum()
    return float(abs(-(shares @ np.log(shares)) / math.log(groups.shape[1])))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(float(seconds), tz=UTC)
