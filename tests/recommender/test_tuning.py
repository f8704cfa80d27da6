"""The search of settings: what is tried, and what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.context import RunContext
from recommender.data import TrainingData
from recommender.evaluation.protocol import Task
from recommender.parts.base import BaselinePart
from recommender.tuning import NOTHING_TO_DO, tune
from tests.recommender.parts.planted import ITEMS, world
from tests.running import RUN


@dataclass(frozen=True)
class Dummy:
    """How often the item that everybody wants is put first, of the ten that all get."""

    hits: int
    settled: bool = False


class Guess(BaselinePart):
    """Everybody wants item 0; it stands at place ``10 - hits``."""

    name = "guess"
    Config = Dummy
    gain = 0

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[Dummy]:
        return [Dummy(3), Dummy(5), Dummy(4)]

    @classmethod
    def final(cls, config: Any, data: TrainingData) -> Any:
        return Dummy(config.hits + cls.gain, settled=True)

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        self.scores = -np.arange(ITEMS, dtype=np.float32)
        self.scores[0] = self.config.hits - 9.5
        return self


def task(people: int = 30) -> Task:
    data = world()
    wanted = np.zeros((data.num_users, ITEMS), dtype=bool)
    wanted[:people, 0] = True
    nothing = sp.csr_matrix(wanted.shape, dtype=np.float32)
    return Task.of(data, nothing, sp.csr_matrix(wanted.astype(np.float32)))


@pytest.mark.parametrize(("gain", "kept"), [(2, Dummy(7, settled=True)), (-1, Dummy(5))])
def test_the_final_form_of_the_best_is_kept_where_it_is_better(
    gain: int, kept: Dummy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Guess, "gain", gain)
    found = tune([Guess], task(), RUN)["guess"]
    assert [trial.params["hits"] for trial in found.trials] == [3, 5, 4, 5 + gain]
    assert found.part is not None
    assert found.part.config == kept


def test_with_nobody_to_validate_on_the_first_configuration_stands() -> None:
    found = tune([Guess], task(people=0), RUN)["guess"]
    assert [trial.params["hits"] for trial in found.trials] == [3]


def test_past_the_budget_only_the_first_and_the_final_form_are_tried() -> None:
    found = tune([Guess], task(), RUN, budget=0.0)["guess"]
    assert [trial.params for trial in found.trials] == [
        {"hits": 3, "settled": False},
        {"hits": 3, "settled": True},
    ]


def test_a_part_that_needs_likes_has_nothing_to_do_without_them() -> None:
    alone = task()
    cells = alone.data.cells.take(np.zeros(len(alone.data.cells), dtype=bool))
    bare = Task(TrainingData(cells, alone.data.knowledge), alone.users, alone.seen, alone.relevant, alone.outside)
    assert tune([Guess], bare, RUN)["guess"].skipped == NOTHING_TO_DO
