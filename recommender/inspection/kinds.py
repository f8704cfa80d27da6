"""What the kinds of events are taken for, in a line each, and what of that is worth a doubt."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from kg.advice import advice, option
from kg.readers.repeats import AGAIN
from kg.records import Begins, Interaction, KindRecord, Record, Reject
from kg.usual import USUAL, usual
from recommender.meaning import NOTHING, Declared, Events, Meaning, MeaningConfig, infer_meaning, is_far
from recommender.scales import MISTAKES, stands_apart
from recommender.strengths import IMPLICIT

MOST_BARS = 12
"""Of a histogram of values."""
TAIL = 20
"""Where the highest value is so many times as far off as the one in the middle, ranges of one width say nothing."""
HELD = 1 << 17
"""Values of a kind that are kept to tell its meaning, spread evenly over all of them."""


@dataclass(frozen=True)
class KindSummary:
    """What the events of one kind are taken for, and what they weigh so."""

    kind: str
    events: int
    meaning: str
    """In words, see :class:`recommender.meaning.Meaning`."""
    unrated: int
    """Events whose value is a code for none."""
    likes: int
    dislikes: int
    weightless: int
    """Events that weigh nothing."""
    suspicions: tuple[str, ...] = ()
    """What may have been meant otherwise, and the option that says so."""
    estimated: bool = False
    """Whether likes, dislikes and what is not rated or weightless are estimates: there are over :data:`HELD` events."""

    def __str__(self) -> str:
        """One line for people."""
        counted = f"{self.likes:,} likes, {self.dislikes:,} dislikes, {self.weightless:,} without weight"
        about = "about " if self.estimated else ""
        return f"{self.meaning}: {about}{counted}" + (f", {self.unrated:,} not rated" if self.unrated else "")

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def summary(kind: str, values: np.ndarray, events: int, declared: Declared, config: MeaningConfig) -> KindSummary:
    """Of a kind, by all of its values or some (NaN: none), and how many events it has."""
    meaning = infer_meaning(kind, values, declared, config)
    weights = meaning.weigh(values, config)[0]
    unrated = np.isin(values, meaning.unrated)
    sides = (unrated, (weights > 0) & ~unrated, weights < 0)
    none, likes, dislikes = (round(events * float(np.mean(side))) if len(values) else 0 for side in sides)
    return KindSummary(
        kind,
        events,
        str(meaning),
        unrated=none,
        likes=likes,
        dislikes=dislikes,
        weightless=events - none - likes - dislikes,
        suspicions=tuple(_suspicions(meaning, values, declared)),
        estimated=len(values) < events,
    )


def summaries(events: Events, declared: Mapping[str, Declared], config: MeaningConfig) -> list[KindSummary]:
    """Of all kinds that occur, by name."""
    found = []
    for code, kind in sorted(enumerate(events.kind_names), key=lambda pair: pair[1]):
        values = events.values[events.kinds == code]
        found.append(summary(kind, values, len(values), declared.get(kind, NOTHING), config))
    return found


def _suspicions(meaning: Meaning, values: np.ndarray, declared: Declared) -> Iterator[str]:
    kind = meaning.kind
    given = values[~np.isnan(values)]
    for code in sorted(set(meaning.unrated) - set(declared.unrated)):
        yield f"{kind}: {code:g} in {_share(given, code)} of the values is taken for {_none(meaning, code)}"
    for code in set(meaning.nothing) - set(declared.unrated):
        said = "says so" if is_far(code, meaning) else "makes it an event that is not rated"
        yield (
            f"{kind}: {code:g} in {_share(given, code)} of the values is far off all others and taken for nothing; "
            f"{_missing(code)} {said}"
        )
    if meaning.form == "rating" and not declared.scale:
        yield from _doubts(meaning, given)
    if meaning.form == "flag" and declared.form is None and (given == 0).any():
        like = meaning.strength > 0 and usual(kind) not in IMPLICIT
        makes = f"; {_meaning(kind, 'like')} makes it a dislike" if like else ""
        yield f"{kind}: 0 in {_share(given, 0)} of the values weighs nothing{makes}"
    if meaning.form == "event" and declared.form is None and len(given) > 1 and (given <= 0).all():
        yield f"{kind}: all values are {given[0]:g}, which weighs nothing"
    if usual(kind) is None and declared == NOTHING and meaning.form in ("count", "event"):
        yield f"{unusual(kind)}: an event of it weighs {meaning.strength:g}; {_weight(kind)} changes it"


def _meaning(kind: str, meaning: str) -> str:
    return advice(f"--meaning {kind}={meaning}", f"meanings={{{kind!r}: {meaning!r}}}")


def _weight(kind: str) -> str:
    return advice(f"--weight {kind}=X", f"weights={{{kind!r}: X}}")


def _none(meaning: Meaning, code: float) -> str:
    """What a code is taken for, and what changes that."""
    if meaning.form != "rating":
        return f"a quantity that is not known; {_meaning(meaning.kind, 'count')} makes it nothing"
    if code == 0:
        return f"not rated; {_missing(0)} says so, {_meaning(meaning.kind, 'rating')} makes it the lowest rating"
    return f"not rated; {_missing(code)} says so, {_scale(code, meaning.maximum)} makes it a rating"


def _missing(code: float) -> str:
    return advice(f"--missing COL={code:g}", f"missing={{COL: {code:g}}}", f"missing = {{ COL = [{code:g}] }}")


def _scale(low: float, high: float) -> str:
    return advice(f"--scale {low:g}:{high:g}", f"scale=({low:g}, {high:g})", f"scale = [{low:g}, {high:g}]")


def _doubts(meaning: Meaning, given: np.ndarray) -> Iterator[str]:
    """Of a scale that is inferred: values on it that may be codes for none."""
    kind, zeros = meaning.kind, np.count_nonzero(given == 0)
    if meaning.minimum == 0 and meaning.maximum in (5, 10) and zeros > 1 and zeros > MISTAKES * len(given):
        yield (
            f"{kind}: 0 in {_share(given, 0)} of the values is taken for the lowest rating; {_missing(0)} makes it "
            f"an event that is not rated, {_scale(0, meaning.maximum)} says so"
        )
    if (code := stands_apart(_on_scale(meaning, given))) is not None:
        yield (
            f"{kind}: {code:g} in {_share(given, code)} of the values stands apart from all others; "
            f"{_missing(code)} makes it an event that is not rated, {option('scale')} says that it is one"
        )


def _on_scale(meaning: Meaning, given: np.ndarray) -> np.ndarray:
    possible: np.ndarray = meaning.possible(given)
    rated: np.ndarray = possible[~np.isnan(possible)]
    return rated


def unusual(kind: str) -> str:
    """That a kind is none of the usual ones, with the one that it may be meant for.

    >>> unusual("LIKD"), unusual("SUBSCRIBED")
    ('LIKD is no usual kind (is it LIKED?)', 'SUBSCRIBED is no usual kind')
    """
    near = difflib.get_close_matches(kind.lower(), USUAL, n=1, cutoff=0.8)
    return f"{kind} is no usual kind" + (f" (is it {USUAL[near[0]]}?)" if near else "")


def _share(values: np.ndarray, code: float) -> str:
    return f"{100 * float(np.mean(values == code)):.0f} %"


def histogram(values: np.ndarray, events: int) -> list[tuple[str, int]]:
    """Values (NaN: none) and how many of the events have them; ranges of them where they are many.

    >>> histogram(np.array([1.0, 5.0, 5.0, np.nan]), 8)
    [('1', 2), ('5', 4), ('none', 2)]
    """
    given = values[~np.isnan(values)]
    distinct, counts = np.unique(given, return_counts=True)
    labels = [f"{value:g}" for value in distinct]
    if len(distinct) > MOST_BARS:
        counts, edges = np.histogram(given, bins=_edges(given))
        labels = [f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges)]
    bars = [*zip(labels, counts.tolist(), strict=True), ("none", len(values) - len(given))]
    return [(label, round(events * count / len(values))) for label, count in bars if count]


def _edges(values: np.ndarray) -> np.ndarray:
    """Ends of ranges: of one width, or where most would fall into the first, each twice or ten times as far."""
    low, high = float(values.min()), float(values.max())
    middle = float(np.median(values))
    if low < 0 or high - low < TAIL * (middle - low):
        return np.linspace(low, high, MOST_BARS + 1)
    first = max(low, 1.0) if low >= 1 else float(values[values > 0].min())
    inner = np.geomspace(first, high, MOST_BARS + (low == first))
    return inner if low == first else np.r_[low, inner]


@dataclass
class _Values:
    """Every so manieth value of a kind: all, until there are too many."""

    seen: int = 0
    step: int = 1
    kept: list[float] = field(default_factory=list)

    def add(self, value: float | None) -> None:
        if self.seen % self.step == 0:
            self.kept.append(np.nan if value is None else value)
            if len(self.kept) == HELD:
                del self.kept[1::2]
                self.step *= 2
        self.seen += 1


class Tally:
    """Watches records on their way into the graph, in bounded memory."""

    def __init__(self) -> None:
        self._values: dict[str, _Values] = {}
        self._declared: dict[str, Declared] = {}

    def watch(self, records: Iterable[Record | Reject | Begins]) -> Iterator[Record | Reject | Begins]:
        """The same records."""
        values = self._values
        for record in records:
            if isinstance(record, Interaction) and AGAIN not in record.notes:
                held = values.get(record.kind)
                if held is None:
                    held = values[record.kind] = _Values()
                held.add(record.value)
            elif isinstance(record, KindRecord):
                self._declare(record)
            yield record

    def summaries(self, declared: Mapping[str, Declared], config: MeaningConfig) -> list[KindSummary]:
        """What was seen of each kind, by name; ``declared``: what the graph says of it."""
        return [
            summary(
                kind,
                np.array(held.kept, dtype=np.float64),
                held.seen,
                declared.get(kind) or self._declared.get(kind, NOTHING),
                config,
            )
            for kind, held in sorted(self._values.items())
        ]

    def histograms(self) -> dict[str, list[tuple[str, int]]]:
        """Of each kind the values and how many events have them, see :func:`histogram`."""
        return {
            kind: histogram(np.array(held.kept, dtype=np.float64), held.seen)
            for kind, held in sorted(self._values.items())
        }

    def _declare(self, record: KindRecord) -> None:
        before = self._declared.get(record.kind, NOTHING)
        self._declared[record.kind] = Declared(
            before.scale if record.scale is None else (record.scale.minimum, record.scale.maximum),
            record.meaning or before.form,  # type: ignore[arg-type]
            before.weight if record.weight is None else record.weight,
            tuple({*before.unrated, *record.unrated}),
        )
