"""The one training loop: steps, early stopping on a metric, the best state, a time budget, and no silent NaN."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn
from tqdm import tqdm

from gnn.adam import Adam
from gnn.errors import Diverged, require


@dataclass(frozen=True)
class TrainingConfig:
    """How long, how fast, and when to stop."""

    epochs: int = 100
    """At most so many passes; one pass is one step where the whole graph fits into a step."""
    learning_rate: float = 0.02
    """Of Adam, at its highest; .01 to .02."""
    warm_up: int = 0
    """Epochs over which the rate rises linearly from 0."""
    cool_down: float = 0.0
    """The last fraction of the epochs, in [0, 1], over which the rate falls to 0 along a cosine."""
    evaluate_every: int = 5
    """Epochs between two looks at the metric."""
    patience: int = 4
    """Looks without a better metric before it stops."""
    time_budget: float = math.inf
    """Seconds, after which the epoch that runs is the last."""

    def __post_init__(self) -> None:
        require(self.epochs >= 0, f"epochs = {self.epochs} is negative")
        require(self.learning_rate > 0, f"learning_rate = {self.learning_rate} is not above 0")
        require(self.warm_up >= 0, f"warm_up = {self.warm_up} is negative")
        require(0 <= self.cool_down <= 1, f"cool_down = {self.cool_down} is outside [0, 1]")
        require(self.evaluate_every >= 1, f"evaluate_every = {self.evaluate_every} is below 1")
        require(self.patience >= 1, f"patience = {self.patience} is below 1")
        require(self.time_budget > 0, f"time_budget = {self.time_budget} is not above 0")

    def rate(self, epoch: int) -> float:
        """The learning rate of an epoch, counted from 0."""
        factor = min(1.0, (epoch + 1) / (self.warm_up + 1))
        cooling = int(self.cool_down * self.epochs)
        if cooling and epoch >= self.epochs - cooling:
            factor *= 0.5 * (1 + math.cos(math.pi * (epoch - (self.epochs - cooling) + 1) / (cooling + 1)))
        return self.learning_rate * factor


@dataclass
class TrainingLog:
    """What happened."""

    losses: list[float] = field(default_factory=list)
    """Mean loss of each epoch."""
    metrics: list[tuple[int, float]] = field(default_factory=list)
    """``(epochs done, metric)`` at each look."""
    best_epoch: int = 0
    """Epochs done when the state that was kept was reached."""
    stopped: Literal["epochs", "patience", "time"] = "epochs"
    seconds: float = 0.0


def train(
    module: nn.Module,
    losses: Callable[[int], Iterable[Tensor]],
    config: TrainingConfig,
    metric: Callable[[], float] | None = None,
    bar: type[tqdm] | None = None,
) -> TrainingLog:
    """Minimise with Adam; afterwards ``module`` holds its best state, or its last without a metric.

    Args:
        module: what is trained.
        losses: gives the losses of an epoch one by one; a step is taken after each, so it must be a generator where the
            next loss depends on the step. All randomness is the caller's.
        config: how long and how fast.
        metric: higher is better; looked at every ``evaluate_every`` epochs and after the last, without gradients.
        bar: shows the epochs, in the way of tqdm; None: nothing is shown.

    Raises:
        Diverged: a loss or a metric that is not finite.
    """
    started = time.perf_counter()
    optimiser, log, keeper = Adam(module.parameters()), TrainingLog(), _Best(module)
    with (bar or tqdm)(total=config.epochs, desc="training", unit="epoch", disable=bar is None, leave=False) as shown:
        for epoch in range(config.epochs):
            log.losses.append(_epoch(losses(epoch), optimiser, config.rate(epoch), epoch))
            shown.update()
            shown.set_postfix(loss=f"{log.losses[-1]:.4f}", refresh=False)
            late = math.isfinite(config.time_budget) and time.perf_counter() - started >= config.time_budget
            last = late or epoch + 1 == config.epochs
            if metric is not None and (last or (epoch + 1) % config.evaluate_every == 0):
                keeper.look(_finite(metric, epoch), epoch + 1, log)
            if late or keeper.misses >= config.patience:
                log.stopped = "time" if late else "patience"
                break
    if metric is None:
        log.best_epoch = len(log.losses)
    keeper.restore()
    log.seconds = time.perf_counter() - started
    return log


def _epoch(losses: Iterable[Tensor], optimiser: Adam, rate: float, epoch: int) -> float:
    values = []
    for step, loss in enumerate(losses):
        value = loss.item()
        if not math.isfinite(value):
            raise Diverged(f"the loss is {value} in epoch {epoch + 1}, step {step + 1}; lower the learning rate")
        torch.autograd.backward(loss)
        optimiser.step(rate)
        values.append(value)
    return sum(values) / max(1, len(values))


def _finite(metric: Callable[[], float], epoch: int) -> float:
    with torch.no_grad():
        value = metric()
    if not math.isfinite(value):
        raise Diverged(f"the metric is {value} after epoch {epoch + 1}; lower the learning rate")
    return value


class _Best:
    """Keeps a copy of the best state seen."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.value = -math.inf
        self.misses = 0
        self.state: dict[str, Tensor] | None = None

    def look(self, value: float, epoch: int, log: TrainingLog) -> None:
        log.metrics.append((epoch, value))
        if value > self.value:
            self.value, self.misses, log.best_epoch = value, 0, epoch
            self.state = {name: tensor.detach().clone() for name, tensor in self.module.state_dict().items()}
        else:
            self.misses += 1

    def restore(self) -> None:
        if self.state is not None:
            self.module.load_state_dict(self.state)
