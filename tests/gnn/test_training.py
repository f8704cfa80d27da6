from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

from gnn.adam import Adam
from gnn.errors import ConfigError, Diverged
from gnn.training import TrainingConfig, train


class Point(nn.Module):
    def __init__(self, *start: float) -> None:
        super().__init__()
        self.at = nn.Parameter(torch.tensor(start))

    def losses(self, _: int) -> Iterator[torch.Tensor]:
        yield ((self.at - 3) ** 2).sum()


def test_adam_takes_the_steps_of_the_paper() -> None:
    """Algorithm 1 of the paper, written out for each number; ``torch.optim.Adam`` gives the same."""
    point = Point(0.0, 5.0, -2.0)
    optimiser = Adam(point.parameters())
    at, mean, square = np.array([0.0, 5.0, -2.0]), np.zeros(3), np.zeros(3)
    for step in range(1, 21):
        rate = 0.1 / step
        point.at.grad = (point.at.detach() - 3) ** 3
        optimiser.step(rate)
        gradient = (at - 3) ** 3
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        at -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    np.testing.assert_allclose(point.at.detach().numpy(), at, rtol=1e-5)
    assert point.at.grad is None


def test_it_finds_the_minimum_and_logs_each_epoch() -> None:
    point = Point(0.0)
    log = train(point, point.losses, TrainingConfig(epochs=300, learning_rate=0.1, cool_down=0.5))
    assert point.at.item() == pytest.approx(3.0, abs=1e-3)
    assert (len(log.losses), log.best_epoch, log.stopped) == (300, 300, "epochs")
    assert log.losses[0] == 9.0


def test_the_best_state_is_kept_and_patience_ends_it() -> None:
    """The metric peaks when the point passes 1 on its way to 3."""
    point = Point(0.0)
    seen: list[float] = []

    def metric() -> float:
        seen.append(point.at.item())
        return -abs(point.at.item() - 1)

    log = train(point, point.losses, TrainingConfig(100, 0.1, evaluate_every=2, patience=3), metric)
    best = min(range(len(seen)), key=lambda i: abs(seen[i] - 1))
    assert point.at.item() == seen[best]
    assert log.best_epoch == 2 * (best + 1)
    assert len(seen) == best + 4
    assert log.stopped == "patience"
    assert [epoch for epoch, _ in log.metrics] == [2 * (i + 1) for i in range(len(seen))]


def test_a_time_budget_ends_it_after_the_epoch_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(0.0, 1.0)
    monkeypatch.setattr("gnn.training.time.perf_counter", lambda: next(clock))
    point = Point(0.0)
    log = train(point, point.losses, TrainingConfig(100, 0.1, time_budget=5.0))
    assert (log.stopped, len(log.losses)) == ("time", 5)


def test_what_is_not_finite_is_an_error() -> None:
    point = Point(0.0)

    def losses(epoch: int) -> Iterator[torch.Tensor]:
        yield (point.at * (torch.nan if epoch == 2 else 1.0)).sum()

    with pytest.raises(Diverged, match="nan in epoch 3, step 1"):
        train(point, losses, TrainingConfig(10))
    with pytest.raises(Diverged, match="the metric is inf after epoch 1"):
        train(point, point.losses, TrainingConfig(10, evaluate_every=1), lambda: float("inf"))


def test_rates_rise_hold_and_fall() -> None:
    config = TrainingConfig(epochs=10, learning_rate=1.0, warm_up=1, cool_down=0.3)
    assert [round(config.rate(epoch), 3) for epoch in range(10)] == [0.5] + [1.0] * 6 + [0.854, 0.5, 0.146]
    with pytest.raises(ConfigError, match="learning_rate"):
        TrainingConfig(learning_rate=0)
