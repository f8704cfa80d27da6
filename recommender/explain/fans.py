"""Who likes two items: people who like both tie them."""

from __future__ import annotations

from functools import cached_property, reduce

import numpy as np

from kg.snapshot import Snapshot
from recommender.data import Cells
from recommender.explain.steps import Names, Path, Step
from recommender.meaning import Events


def is_since(times: np.ndarray, since: float) -> np.ndarray:
    """Which of these moments are not before ``since``; all where that is ``-inf``, and else no unknown one (NaN).

    >>> is_since(np.array([5.0, 1.0, np.nan]), 2.0), is_since(np.array([np.nan]), -np.inf)
    (array([ True, False, False]), array([ True]))
    """
    late: np.ndarray = (times >= since) | (since == -np.inf)
    return late


class Fans:
    """The people of a snapshot by the items that they like."""

    def __init__(self, snapshot: Snapshot, cells: Cells, names: Names) -> None:
        self._snapshot, self._names = snapshot, names
        liked = cells.take(cells.weights > 0)
        order = np.argsort(liked.items, kind="stable")  # cells are sorted by person
        self._fans, self._latest = liked.users[order], liked.times[order]
        self._starts = np.searchsorted(liked.items[order], np.arange(cells.num_items + 1))

    def like(self, *items: int) -> bool:
        """Whether anybody likes all of these items."""
        return bool(len(reduce(np.intersect1d, map(self._fond, items))))

    def paths(self, first: int, second: int, user: str, since: float = -np.inf, most: int = 1) -> list[Path]:
        """``first - somebody else who likes both - second``: those with the fewest items, whose liking says most.

        Of those who met both since then, in Unix seconds.
        """
        both = np.intersect1d(self._fond(first, since), self._fond(second, since))
        both = both[[self._users[person] != user for person in both]] if len(both) else both
        words = f"liked with it by {f'{len(both):,} people' if len(both) > 1 else 'somebody else'}"
        return [
            Path("people", (self._met(person, first, since), self._met(person, second, since)), words, len(both))
            for person in both[np.argsort(self._activity[both], kind="stable")][:most].tolist()
        ]

    @cached_property
    def _users(self) -> list[str]:
        return list(self._snapshot.users["id"].to_pylist())

    @cached_property
    def _events(self) -> Events:
        return Events.of(self._snapshot.events)

    @cached_property
    def _activity(self) -> np.ndarray:
        """How many items each person likes."""
        return np.bincount(self._fans, minlength=len(self._users))

    def _fond(self, item: int, since: float = -np.inf) -> np.ndarray:
        """Who likes an item and met it since then, in ascending order."""
        rows = slice(self._starts[item], self._starts[item + 1])
        fond: np.ndarray = self._fans[rows][is_since(self._latest[rows], since)]
        return fond

    def _met(self, person: int, item: int, since: float) -> Step:
        """The edge of the first event since then of this person with this item; events are sorted by (user, item)."""
        events = self._events
        own = slice(*np.searchsorted(events.users, [person, person + 1]))
        first, last = own.start + np.searchsorted(events.items[own], [item, item + 1])
        row = first + int(np.argmax(is_since(events.times[first:last], since)))
        return event(self._names, self._users[person], events.kind_names[events.kinds[row]], item)


def event(names: Names, user: str, kind: str, item: int) -> Step:
    """The edge of an event of this kind."""
    return Step(user, kind, names.ids[item], is_event=True, target_name=names[item])
