"""Splits of events into training, validation and test parts, as boolean masks over the events."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from recommender.errors import InvalidInput

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Masks:
    """Which events belong to which part; every event belongs to one, save for those after a cut of a rolling split.

    Shapes: all ``(n,)`` bool.
    """

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    valid_from: float | None = None
    """Unix seconds: of a temporal split, everything in ``train`` is earlier."""
    test_from: float | None = None
    """Unix seconds: of a temporal split, everything in ``train`` and ``valid`` is earlier."""

    @classmethod
    def of(cls, part: np.ndarray, valid_from: float | None = None, test_from: float | None = None) -> Masks:
        """Masks of part numbers: 0 train, 1 valid, 2 test."""
        return cls(part == 0, part == 1, part == 2, valid_from, test_from)


ROLLING = (0.5, 0.9)
"""Where the first and the last cut of :func:`rolling` lie."""


def rolling(times: np.ndarray, cut: int, cuts: int = 5) -> Masks:
    """A temporal split at one of ``cuts`` points between half and nine tenths of all events in the order of time: the
    tenth of all after it is tested, the last tenth of what lies before it validates, what is later still is in no part.

    Raises:
        InvalidInput: as :func:`temporal`.
    """
    first, last = ROLLING
    known = first + (last - first) * cut / max(cuts - 1, 1)
    dated = _dated(times, say=False)
    end = min(known + 0.1, 1.0)
    inside = np.ones(len(times), dtype=bool)
    if end < 1.0:
        inside = ~dated | (times < np.quantile(times[dated], end, method="higher"))
    found = temporal(times[inside], valid=0.1 * known / end, test=(end - known) / end)
    part = np.full(len(times), -1)
    part[inside] = np.where(found.test, 2, found.valid)
    return Masks.of(part, found.valid_from, found.test_from)


def temporal(times: np.ndarray, valid: float = 0.1, test: float = 0.1) -> Masks:
    """Two global points in time: the last ``test`` of all events is the test, the ``valid`` before them validation.

    The points are quantiles of ``times``; events at a point go to the later part, so events of one moment stay
    together and the shares are approximate.

    Events without a time are for training, and the log says how many.

    Raises:
        InvalidInput: no event has a time, or the times leave a part empty.
    """
    _check_shares(valid, test)
    dated = _dated(times)
    valid_from, test_from = np.quantile(times[dated], [1 - test - valid, 1 - test], method="higher")
    masks = Masks.of((times >= valid_from).astype(int) + (times >= test_from), float(valid_from), float(test_from))
    if not (masks.train & dated).any() or (valid > 0 and not masks.valid.any()):
        raise InvalidInput(
            f"{len(times)} events at {len(np.unique(times))} different times cannot be split at {_date(test_from)} "
            "without leaving a part empty; use the random protocol"
        )
    return masks


def random(users: np.ndarray, items: np.ndarray, valid: float = 0.1, test: float = 0.2, seed: int = 0) -> Masks:
    """Shares of all (person, item) pairs at random, each drawn as :func:`holdout` does, so that those who validate are
    like those who are tested; all events of a pair go to the same part.
    """
    _check_shares(valid, test)
    tested = holdout(users, items, test, seed)
    part = np.where(tested, 2, 0)
    if valid:
        part[~tested] = holdout(users[~tested], items[~tested], valid / (1 - test), seed + 1)
    return Masks.of(part)


def holdout(users: np.ndarray, items: np.ndarray, share: float = 0.1, seed: int = 0) -> np.ndarray:
    """Events of at most ``share`` of all (person, item) pairs, ``(n,)`` bool, at random but a pair each of many people.

    Everybody who has two pairs gives one, then a second, up to ``max(1, round(share * n))`` of their ``n`` pairs
    (halves up), until the share is reached. Means are over people: where most have a handful of pairs, a share drawn
    alike from all of them would come from those who have most, and say nothing of the others.
    """
    _check_shares(0, share)
    generator = np.random.default_rng(seed)
    pairs, pair_users, inverse = _pairs(users, items)
    rank, count = _ranks(pair_users, generator.random(len(pairs)))
    free = np.flatnonzero((rank > 0) & (rank <= np.maximum(np.floor(share * count + 0.5), 1)))
    order = free[np.lexsort((generator.random(len(free)), rank[free]))]
    chosen = np.zeros(len(pairs), dtype=bool)
    chosen[order[: round(share * len(pairs))]] = True
    return np.asarray(chosen[inverse])


def earlier(masks: Masks, times: np.ndarray) -> Masks:
    """The same test, validated one step back in time: on as many events as before that are just older; these and what
    is older still are all that it knows, and :attr:`Masks.test` holds the rest.

    Raises:
        InvalidInput: ``masks`` are not of a temporal split, or leave nothing to train on.
    """
    if masks.valid_from is None:
        raise InvalidInput("only a temporal split can step back in time")
    known = times < masks.valid_from
    share = masks.valid.sum() / max(known.sum(), 1)
    valid_from = float(np.quantile(times[known], max(1 - share, 0.0), method="higher")) if known.any() else -np.inf
    found = Masks.of(np.where(times >= masks.valid_from, 2, times >= valid_from), valid_from, masks.valid_from)
    if not found.train.any() or not found.valid.any():
        raise InvalidInput("there is nothing older to train on")
    return found


def redrawn(masks: Masks, users: np.ndarray, items: np.ndarray, seed: int) -> Masks:
    """The same test, validated by other pairs of what is known, as many, drawn as :func:`holdout` does."""
    known = masks.train | masks.valid
    pairs, _, inverse = _pairs(users[known], items[known])
    share = len(np.unique(inverse[masks.valid[known]])) / max(len(pairs), 1)
    valid = known.copy()
    valid[known] = holdout(users[known], items[known], share, seed)
    return Masks(known & ~valid, valid, masks.test)


def leave_last(users: np.ndarray, items: np.ndarray, times: np.ndarray) -> Masks:
    """Each person's last pair is tested and the one before validates; a pair is as late as its first event.

    Counting a pair from its first event keeps repeated visits to an old item out of the test. People with fewer than
    three dated pairs stay whole in training, and so do pairs with an event without a time, of which the log says how
    many. At the same moment, the item with the higher id is later.

    Raises:
        InvalidInput: no event has a time.
    """
    _dated(times)
    pairs, pair_users, inverse = _pairs(users, items)
    first = np.full(len(pairs), np.inf)
    np.minimum.at(first, inverse, np.where(np.isnan(times), -np.inf, times))
    rank, count = _ranks(pair_users, first)
    undated = np.isneginf(first)  # the first of each person
    dated = count - np.bincount(pair_users, weights=undated)[pair_users]
    from_last = np.where((dated < 3) | undated, 2, count - 1 - rank)
    return Masks.of((2 - np.minimum(from_last, 2))[inverse])


def k_fold(users: np.ndarray, items: np.ndarray, folds: int = 5, seed: int = 0) -> Iterator[Masks]:
    """``folds`` random splits in which each (person, item) pair is tested exactly once.

    A person's pairs are dealt out evenly, starting at a random fold. The fold after the tested one validates.

    Raises:
        InvalidInput: ``folds`` is below 3: one each to train, validate and test.
    """
    if folds < 3:
        raise InvalidInput(f"folds = {folds}; at least 3 are needed, to train, validate and test")
    random_state = np.random.default_rng(seed)
    pairs, pair_users, inverse = _pairs(users, items)
    rank, _ = _ranks(pair_users, random_state.random(len(pairs)))
    starts = random_state.integers(folds, size=int(users.max()) + 1 if len(users) else 0)
    fold = ((rank + starts[pair_users]) % folds)[inverse]
    for tested in range(folds):
        yield Masks.of(np.where(fold == tested, 2, np.where(fold == (tested + 1) % folds, 1, 0)))


def _pairs(users: np.ndarray, items: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distinct (person, item) pairs as sorted keys, the person of each, and each event's pair."""
    width = int(items.max()) + 1 if len(items) else 1
    pairs, inverse = np.unique(users.astype(np.int64) * width + items, return_inverse=True)
    return pairs, pairs // width, inverse


def _ranks(groups: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each element's rank by ``keys`` within its group (``groups`` ascend; ties by position), and the group's size."""
    _, starts, sizes = np.unique(groups, return_index=True, return_counts=True)
    rank = np.empty(len(groups), dtype=np.int64)
    rank[np.lexsort((keys, groups))] = np.arange(len(groups)) - np.repeat(starts, sizes)
    return rank, np.repeat(sizes, sizes)


def _dated(times: np.ndarray, *, say: bool = True) -> np.ndarray:
    """Which events have a time."""
    if not len(times):
        raise InvalidInput("there are no events to split")
    dated: np.ndarray = ~np.isnan(times)
    if not dated.any():
        raise InvalidInput("no event has a time; use the random protocol")
    if say and (undated := int((~dated).sum())):
        log.warning("%d of %d events have no time: they are for training, and none is tested", undated, len(times))
    return dated


def _check_shares(valid: float, test: float) -> None:
    if not (0 <= valid < 1 and 0 < test < 1 and valid + test < 1):
        raise InvalidInput(f"shares valid = {valid} and test = {test} must be in [0, 1) and sum to less than 1")


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
