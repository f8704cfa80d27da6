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


@pytest.mark.parametrize(("gain", "kept"), [(2, Dummy(7, settled=True)), (0, Dummy(5)), (-1, Dummy(5))])
def test_the_final_form_of_the_best_is_kept_where_it_is_better(
    gain: int, kept: Dummy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Guess, "gain", gain)
    found = tune([Guess], task(), RUN)["guess"]
    assert [trial.config.hits for trial in found.trials] == [3, 5, 4, 5 + gain]
    assert found.part is not None
    assert found.part.config == kept


def test_with_nobody_to_validate_on_the_first_configuration_stands() -> None:
    found = tune([Guess], task(people=0), RUN)["guess"]
    assert [trial.config.hits for trial in found.trials] == [3]


def test_past_the_budget_only_the_first_is_tried_and_it_is_said() -> None:
    found = tune([Guess], task(), RUN, budget=0.0)["guess"]
    assert [trial.config for trial in found.trials] == [Dummy(3)]
    assert found.shortened == "1 of 3 configurations, not in its final form"


def test_a_part_that_needs_likes_has_nothing_to_do_without_them() -> None:
    alone = task()
    cells = alone.data.cells.take(np.zeros(len(alone.data.cells), dtype=bool))
    bare = Task(TrainingData(cells, alone.data.knowledge), alone.users, alone.seen, alone.relevant, alone.outside)
    assert tune([Guess], bare, RUN)["guess"].skipped == NOTHING_TO_DO


def test_of_the_best_configurations_the_mean_over_all_parts_decides() -> None:
    """On two further parts everybody wants item 1, which stands higher the lower item 0 stands."""
    first, size = task(), world().num_users
    wanted = np.zeros((size, ITEMS), dtype=bool)
    wanted[:30, 1] = True
    other = Task.of(first.data, sp.csr_matrix(wanted.shape, dtype=np.float32), sp.csr_matrix(wanted.astype(np.float32)))
    found = tune([Climb], first, RUN, others=[other, other])["climb"]
    assert found.part is not None
    assert [trial.config.hits for trial in found.trials] == [9, 10, 2, 1]
    assert [len(trial.others) for trial in found.trials] == [2, 2, 2, 0], "the fourth is no finalist"
    by_hand = {hits: (1 / np.log2(12 - hits), 1.0 if hits < 10 else 1 / np.log2(3)) for hits in (9, 10, 2)}
    for trial in found.trials[:3]:
        assert (trial.value, trial.others[0]) == pytest.approx(by_hand[trial.config.hits])
    assert found.part.config.hits == 9, "the best of the first part, 10, puts item 1 second on the others"
    assert found.value == pytest.approx(by_hand[9][0])
    assert tune([Climb], first, RUN)["climb"].part.config.hits == 10  # type: ignore[union-attr]


class Climb(Guess):
    """Item 0 stands at place ``11 - hits``, item 1 at the first place that is left."""

    name = "climb"

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[Dummy]:
        return [Dummy(9), Dummy(10), Dummy(2), Dummy(1)]

    @classmethod
    def final(cls, config: Any, data: TrainingData) -> Any:
        return config

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        super().fit(data, run)
        self.scores[0] = self.config.hits - 10.5
        return self
