"""The same figures by groups: people by their history and its age, items by how well they are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from recommender.evaluation import metrics
from recommender.evaluation.metrics import Hits

if TYPE_CHECKING:
    from recommender.evaluation.protocol import Task

ACTIVITY = (1, 5, 20, 100)
"""Bounds of groups of people, by liked items in training."""
AGE_DAYS = (30, 180)
"""Bounds of groups of people, by days between the first of their pairs and the last of all in training."""
WARMTH = (1, 10)
"""Bounds of groups of items, by people who like them in training: cold, sparse, warm."""


@dataclass(frozen=True)
class GroupFigure:
    """One metric of one group."""

    grouping: str
    """``history``, ``activity``, ``age`` or ``items``."""
    group: str
    metric: str
    users: np.ndarray
    """``(g,)`` int64 dense ids of those in the group; for items, of those who have one of the group to be found."""
    values: np.ndarray
    """``(g,)`` float64, of each of them; NaN where there is none."""

    @property
    def people(self) -> int:
        """How many they are."""
        return len(self.users)

    @property
    def value(self) -> float:
        """The mean of the group."""
        return metrics.mean(self.values)


def by_group(
    top: np.ndarray, k: int, task: Task, per_person: Mapping[str, np.ndarray], *, thorough: bool
) -> tuple[GroupFigure, ...]:
    """Every metric that has a value for each person, at ``k``, by whether anything is known of them.

    Where it is to be ``thorough``, by all groups of people, and recall by groups of items.
    """
    groupings = [("history", *history(task))]
    if thorough:
        groupings += [("activity", *activity(task)), ("age", *age(task))]
    found = []
    for grouping, labels, names in groupings:
        for number, name in enumerate(names):
            members = labels == number
            if members.any():
                found += [
                    GroupFigure(grouping, name, metric, task.users[members], values[members])
                    for metric, values in per_person.items()
                    if metric.endswith(f"@{k}")
                ]
    return (*found, *_by_item(top, k, task)) if thorough else tuple(found)


def history(task: Task) -> tuple[np.ndarray, list[str]]:
    """1 for each person ``(n,)`` of whom training knows an item, liked or not, else 0; and the groups' names."""
    return (task.people.rows >= 0).astype(np.int64), ["without a history", "with a history"]


def activity(task: Task) -> tuple[np.ndarray, list[str]]:
    """A group number for each person ``(n,)``, by the number of items they like in training, and the groups' names."""
    liked = np.diff(task.people.weights.multiply(task.people.weights > 0).tocsr().indptr)
    return np.searchsorted(ACTIVITY, liked, side="right"), _names(ACTIVITY, "items")


def age(task: Task) -> tuple[np.ndarray, list[str]]:
    """Likewise by the days since the first of their dated pairs in training, those without one apart.

    A pair is as old as its latest event. Without times there are no groups.
    """
    cells = task.data.cells
    first = np.full(cells.num_users, np.nan)
    np.fmin.at(first, cells.users, cells.times)
    if np.isnan(first).all():
        return np.zeros(len(task), dtype=np.int64), []
    days = (np.nanmax(cells.times) - first[task.users]) / 86_400
    numbers = np.where(np.isnan(days), 0, 1 + np.searchsorted(AGE_DAYS, np.nan_to_num(days), side="right"))
    return numbers, ["no dated item", *_names(AGE_DAYS, "days")]


def _by_item(top: np.ndarray, k: int, task: Task) -> list[GroupFigure]:
    """Recall of the relevant items of each group, for those who have one of it to be found."""
    found = []
    for name, recall in recall_by_item(top, k, task).items():
        wanted = ~np.isnan(recall)
        found.append(GroupFigure("items", name, f"recall@{k}", task.users[wanted], recall[wanted]))
    return found


def recall_by_item(top: np.ndarray, k: int, task: Task) -> dict[str, np.ndarray]:
    """Each person's recall of the relevant items of each group, ``(n,)``, NaN for who has none of them to be found.

    Groups of which nobody has one are left out. What is no candidate is cold, and can only be missed.
    """
    popularity = np.bincount(task.data.cells.positive.indices, minlength=task.relevant.shape[1])
    numbers = np.searchsorted(WARMTH, popularity, side="right")
    found = {}
    for number, name in enumerate(_names(WARMTH, "people")):
        relevant = task.relevant.copy()
        relevant.data = (numbers == number)[relevant.indices].astype(relevant.dtype)
        relevant.eliminate_zeros()
        recall = metrics.recall(Hits.of(top, relevant, task.outside if number == 0 else None), k)
        if not np.isnan(recall).all():
            found[name] = recall
    return found


def _names(bounds: tuple[int, ...], unit: str) -> list[str]:
    """What the groups between these bounds are called.

    >>> _names((1, 5, 20), "items")
    ['no items', '1-4 items', '5-19 items', '20+ items']
    """
    first = f"no {unit}" if bounds[0] == 1 else f"under {bounds[0]} {unit}"
    between = [f"{low}-{high - 1} {unit}" for low, high in pairwise(bounds)]
    return [first, *between, f"{bounds[-1]}+ {unit}"]


TEMPERATURES = dict(zip(_names(WARMTH, "people"), ("cold", "sparse", "warm"), strict=True))
"""The groups of items in a word."""
