"""The split of a graph's own events, by time or at random."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import pyarrow as pa

from kg.snapshot import Snapshot
from kg.vocabulary import Vocabulary
from recommender.data import Cells, TrainingData
from recommender.errors import InvalidInput
from recommender.evaluation import leakage, splits
from recommender.evaluation.split import Build, Split, met, without
from recommender.evaluation.splits import Masks
from recommender.meaning import Events, MeaningConfig, cells_of, declared_of, meanings_of

FROM_EVENTS = re.compile(
    r"ALSO_.+|SIMILAR(_.+)?|(.+_)?(BOUGHT|BUY|PURCHASED|VIEWED|WATCHED|READ|PLAYED)_(TOGETHER|AFTER_.+)"
    r"|CO_?(BOUGHT|PURCHASED?|VIEWED?|CLICKED|RATED|WATCHED|READ|PLAYED)"
)
"""Relations between items that were drawn from what people did, at no known time: who bought this also bought that."""

Protocol = Literal["temporal", "rolling", "random", "leave-last", "k-fold"]
FOLDED = ("k-fold", "rolling")
"""Protocols of several splits."""


@dataclass(frozen=True)
class SplitConfig:
    """How events are divided."""

    protocol: Protocol = "temporal"
    """``temporal``: two global points in time; ``rolling``: one of :attr:`folds` such splits, whose tests begin at 50
    to 90 % of all events in the order of time (:func:`recommender.evaluation.splits.rolling`); ``random``: shares of
    all pairs, each of as many people as can be; ``leave-last``; ``k-fold``: one of :attr:`folds` random parts that each
    person's pairs are dealt out to."""
    valid: float = 0.1
    """Share that tuning is judged by, in [0, 1), for ``temporal`` and ``random``."""
    test: float = 0.1
    """Share that is tested, in (0, 1), for ``temporal`` and ``random``."""
    seed: int = 42
    """Of ``random`` and ``k-fold``."""
    folds: int = 5
    """Parts of ``k-fold``, cuts of ``rolling``; at least 3."""
    fold: int = 0
    """Which of them is tested; of ``k-fold`` the one after it validates."""

    def __post_init__(self) -> None:
        if self.protocol not in get_args(Protocol):
            raise InvalidInput(f"there is no protocol {self.protocol!r}; there are {', '.join(get_args(Protocol))}")
        if self.folds < 3:
            raise InvalidInput(f"folds = {self.folds}; at least 3 are needed, to train, validate and test")


def masks_of(events: Events, config: SplitConfig) -> Masks:
    """Which events train, validate and test."""
    if config.protocol == "temporal":
        return splits.temporal(events.times, config.valid, config.test)
    if config.protocol == "rolling":
        return splits.rolling(events.times, config.fold, config.folds)
    if config.protocol == "random":
        return splits.random(events.users, events.items, config.valid, config.test, config.seed)
    if config.protocol == "k-fold":
        folds = list(splits.k_fold(events.users, events.items, config.folds, config.seed))
        return folds[config.fold % config.folds]
    return splits.leave_last(events.users, events.items, events.times)


def split_snapshot(
    snapshot: Snapshot, build: Build, config: SplitConfig | None = None, meaning: MeaningConfig | None = None
) -> Split:
    """Divide the events of a graph, and rebuild all that is learned from each part out of that part alone.

    A positive is a cell above 0 made of the part's own events, whose pair no earlier part holds. ``build`` is called
    twice, for train and for train with validation, and sees only the events and reviews of those parts; what values
    mean is inferred on train. A review goes where its event goes; one without an event trains nothing. Relations that
    were drawn from events (:data:`FROM_EVENTS`) cannot be rebuilt, so they are left out.

    Raises:
        InvalidInput: the events cannot be split so, for example because they have no times.
        LeakageError: a part holds what a later one tests.
    """
    config = config or SplitConfig()
    events = Events.of(snapshot.events)
    masks = masks_of(events, config)

    def again(number: int) -> Split:
        return _split(snapshot, build, events, _validated_by_others(masks, events, config, number), config, meaning)

    split = _split(snapshot, build, events, masks, config, meaning)
    return split if config.protocol == "leave-last" else replace(split, again=again)


def _validated_by_others(masks: Masks, events: Events, config: SplitConfig, number: int) -> Masks:
    """A temporal split validates so many steps back in time; else pairs are drawn again."""
    if masks.valid_from is None:
        return splits.redrawn(masks, events.users, events.items, config.seed + 1 + number)
    for _ in range(number):
        masks = splits.earlier(masks, events.times)
    return masks


def _split(
    snapshot: Snapshot,
    build: Build,
    events: Events,
    masks: Masks,
    config: SplitConfig,
    meaning: MeaningConfig | None,
) -> Split:
    leakage.check_masks(masks, snapshot, events.times)
    meanings = meanings_of(events.take(masks.train), declared_of(snapshot), meaning)
    num_users, num_items = snapshot.users.num_rows, snapshot.items.num_rows

    def cells(mask: np.ndarray) -> Cells:
        return cells_of(events.take(mask), meanings, num_users, num_items, meaning)

    known = masks.train | masks.valid
    trained, masked = (met(events.take(mask), num_users, num_items) for mask in (masks.train, known))
    valid, test = _liked(cells(masks.valid)), _liked(cells(masks.test))
    split = Split(
        protocol=config.protocol,
        train=_honest(build(masks.train, reviews_of(snapshot, masks.train))),
        refit=_honest(build(known, reviews_of(snapshot, known))),
        valid=without(valid, trained),
        test=without(test, masked),
        outside=np.zeros(num_users, dtype=np.int64),
        trained=trained.matrix,
        masked=masked.matrix,
        users=Vocabulary.of(snapshot.users["id"]),
        items=Vocabulary.of(snapshot.items["id"]),
    )
    split.counts.update(
        users=num_users,
        items=num_items,
        train_events=int(masks.train.sum()),
        valid_events=int(masks.valid.sum()),
        test_events=int(masks.test.sum()),
        test_pairs=len(split.test),
        test_pairs_already_known=len(test) - len(split.test),
        test_people=len(split.testing),
    )
    leakage.check(split)
    return split


def _honest(data: TrainingData) -> TrainingData:
    """The data without the lists of what goes together: they were drawn up of all events, those of the test too."""
    drawn = list(filter(FROM_EVENTS.fullmatch, data.knowledge.relation_names))
    return replace(data, knowledge=data.knowledge.without(drawn))


def _liked(cells: Cells) -> Cells:
    return cells.take(cells.weights > 0)


def reviews_of(snapshot: Snapshot, events: np.ndarray) -> np.ndarray:
    """Which reviews came with one of the events in this bool mask, ``(num_reviews,)`` bool."""
    chosen = snapshot.events.filter(pa.array(events))
    keys = set(zip(*(chosen[name].to_pylist() for name in ("user", "item", "event_id")), strict=True))
    rows = zip(*(snapshot.reviews[name].to_pylist() for name in ("user", "item", "id")), strict=True)
    return np.fromiter((row in keys for row in rows), dtype=bool, count=snapshot.reviews.num_rows)
