"""Who is in which group, and what a group's figures are."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.data import Cells, KnowledgeGraph, People, TrainingData
from recommender.evaluation.protocol import EvaluationConfig, Task, evaluate

DAY = 86_400.0


class Fixed:
    """The same scores for everyone."""

    def __init__(self, *scores: float) -> None:
        self.scores = np.array(scores, dtype=np.float32)

    def score(self, people: People) -> np.ndarray:
        return np.tile(self.scores, (len(people), 1))


def task(times: float = 1.0) -> Task:
    """Person 0 likes items 0 to 4 since a year, 1 likes item 0 since yesterday, 2 nothing; 12 more like item 0.

    To be found: item 5, which nobody likes, for everyone; item 1, which one person likes, for persons 1 and 2.
    """
    users = np.array([0, 0, 0, 0, 0, 1, *range(3, 15)])
    items = np.array([0, 1, 2, 3, 4, 0, *[0] * 12])
    days = np.array([0, 365, 365, 365, 365, 364, *[100] * 12]) * DAY * times
    empty = np.empty(0, np.int64)
    cells = Cells(users, items, np.ones(len(users), np.float32), days, 15, 6)
    relevant = sp.csr_matrix(np.array([[0, 0, 0, 0, 0, 1], [0, 1, 0, 0, 0, 1], [0, 1, 0, 0, 0, 1]] + [[0] * 6] * 12))
    outside = np.array([1, *[0] * 14])
    return Task.of(
        TrainingData(cells, KnowledgeGraph(empty, empty, empty, (), 6, 0, 6)), cells.matrix, relevant, outside
    )


def groups(task: Task, *scores: float) -> dict[tuple[str, str, str], tuple[int, float]]:
    found = evaluate(Fixed(*scores), task, EvaluationConfig(ks=(1, 2), thorough=True)).groups
    return {(one.grouping, one.group, one.metric): (one.people, one.value) for one in found}


def test_groups_of_people_by_hand() -> None:
    """Item 5 comes first for person 0, item 1 for the others, whose recall is then 1/2."""
    found = groups(task(), 0, 3, 0, 0, 0, 2)
    assert {key[1] for key in found if key[0] == "activity"} == {"no items", "1-4 items", "5-19 items"}
    assert found["activity", "5-19 items", "recall@1"] == (1, 0.5), "what is no candidate can only be missed"
    assert found["activity", "1-4 items", "recall@1"] == (1, 0.5)
    assert found["activity", "no items", "hit@1"] == (1, 1.0)
    assert found["age", "180+ days", "recall@1"] == (1, 0.5)
    assert found["age", "under 30 days", "recall@1"] == (1, 0.5)
    assert found["age", "no dated item", "recall@1"] == (1, 0.5)
    assert not any(metric.endswith("@2") for _, _, metric in found), "groups are at the first k"


def test_people_with_and_without_a_history_stand_apart_in_any_case() -> None:
    """Person 2 has none; item 5 comes first for person 0, who has one outside too, and item 1 for the others."""
    scorer, config = Fixed(0, 3, 0, 0, 0, 2), EvaluationConfig(ks=(1, 2))
    found = {(one.group, one.metric): one for one in evaluate(scorer, task(), config).groups}
    assert {one.grouping for one in found.values()} == {"history"}
    known, unknown = (found[f"{name} a history", "recall@1"] for name in ("with", "without"))
    assert (known.users.tolist(), known.value) == ([0, 1], 0.5)
    assert (unknown.users.tolist(), unknown.values.tolist()) == ([2], [0.5])


def test_groups_of_items_by_hand() -> None:
    """Person 0 finds the cold item 5 but not the one outside; the other two find item 1 and not item 5."""
    found = groups(task(), 0, 3, 0, 0, 0, 2)
    assert found["items", "no people", "recall@1"] == (3, pytest.approx((1 / 2 + 0 + 0) / 3))
    assert found["items", "1-9 people", "recall@1"] == (2, 1.0)
    assert ("items", "10+ people", "recall@1") not in found


def test_without_times_there_are_no_groups_by_age() -> None:
    assert not any(grouping == "age" for grouping, _, _ in groups(task(times=np.nan), 0, 3, 0, 0, 0, 2))


def test_figures_of_all_are_the_mean_of_the_groups() -> None:
    world = task()
    found = evaluate(Fixed(0, 3, 0, 0, 0, 2), world, EvaluationConfig(ks=(2,), thorough=True))
    own = [one for one in found.groups if (one.grouping, one.metric) == ("activity", "ndcg@2")]
    assert sum(one.people for one in own) == len(world)
    assert sum(one.people * one.value for one in own) / len(world) == pytest.approx(found.means["ndcg@2"])
