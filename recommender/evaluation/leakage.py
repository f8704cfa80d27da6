"""Checks that no evaluation trains on what it tests; run on every split, and the first leak found is named."""

from __future__ import annotations

import numpy as np

from kg.snapshot import Snapshot
from recommender.data import Cells
from recommender.errors import LeakageError
from recommender.evaluation.split import Split, pair_keys
from recommender.evaluation.splits import Masks


def check_masks(masks: Masks, snapshot: Snapshot, times: np.ndarray) -> None:
    """No event is in two parts, and in a temporal split none is later than the point at which the next part begins.

    ``times`` ``(n,)`` are the events' Unix seconds.

    Raises:
        LeakageError: names the event.
    """
    parts = {"train": masks.train, "validation": masks.valid, "test": masks.test}
    for earlier, later in (("train", "validation"), ("train", "test"), ("validation", "test")):
        both = np.flatnonzero(parts[earlier] & parts[later])
        if len(both):
            raise LeakageError(f"{_event(snapshot, both[0])} is in {earlier} and in {later}")
    for part, begins in (("train", masks.valid_from), ("train", masks.test_from), ("validation", masks.test_from)):
        if begins is None:
            continue
        late = np.flatnonzero(parts[part] & (times >= begins))
        if len(late):
            raise LeakageError(f"{_event(snapshot, late[0])} is in {part}, but not before the split point")


def check(split: Split) -> None:
    """No (person, item) pair that is tested was trained on, and none that validates was tuned on.

    The answers of a split are chosen from its masks, its training data is what ``build`` made of them; a ``build`` that
    looks beyond its masks is caught here.

    Raises:
        LeakageError: names the pair.
    """
    _disjoint(split, split.valid, split.train.cells, "validation", "training")
    _disjoint(split, split.test, split.refit.cells, "test", "training")


def _disjoint(split: Split, held_out: Cells, trained: Cells, name: str, other: str) -> None:
    width = held_out.num_items
    inside = np.isin(pair_keys(held_out.users, held_out.items, width), pair_keys(trained.users, trained.items, width))
    if inside.any():
        first = int(inside.argmax())
        user, item = split.users[int(held_out.users[first])], split.items[int(held_out.items[first])]
        raise LeakageError(f"person {user!r} with item {item!r} is in the {name} part and in the {other} part")


def _event(snapshot: Snapshot, row: int) -> str:
    event = snapshot.events.slice(int(row), 1).to_pylist()[0]
    user, item = (
        table["id"][position].as_py()
        for table, position in ((snapshot.users, event["user"]), (snapshot.items, event["item"]))
    )
    return f"event {event['event_id']!r} of person {user!r} with item {item!r}"
