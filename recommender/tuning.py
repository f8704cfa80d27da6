"""Choosing hyper-parameters: every configuration is fitted on train and judged on validation, never on test."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tqdm import tqdm

from gnn.errors import GnnError
from gnn.memory import memory_errors
from recommender.context import RunContext
from recommender.data import TrainingData
from recommender.evaluation.protocol import EvaluationConfig, Task, evaluate
from recommender.parts.base import Part

LEAST_SECONDS = 10.0
"""For so long a part may train in any case: with less it is hardly the same model."""
NOTHING_TO_DO = "nothing in this data for it to do"
"""Why a part without a configuration is skipped."""


def fit_part(kind: type[Part], config: Any, data: TrainingData, run: RunContext) -> Part:
    """A part with this configuration, fitted.

    Raises:
        GnnError: it cannot be fitted to this data, for example because memory does not suffice.
    """
    with memory_errors(kind.name):
        return kind(config).fit(data, run)


@dataclass(frozen=True)
class Trial:
    """One configuration and what it reached."""

    params: dict[str, Any]
    value: float
    seconds: float


@dataclass
class Tuned:
    """The best configuration of one part so far, fitted on train."""

    part: Part | None = None
    trials: list[Trial] = field(default_factory=list)
    failed: str | None = None
    """Why a configuration could not be fitted, for example that a matrix would not fit in memory."""

    @property
    def skipped(self) -> str | None:
        """Why the part cannot serve this data: no configuration could be fitted, or there is none."""
        return self.failed if self.part is None else None

    @property
    def value(self) -> float:
        """The best validation figure."""
        return max((trial.value for trial in self.trials), default=float("-inf"))

    @property
    def seconds(self) -> float:
        """Time spent on all trials."""
        return sum(trial.seconds for trial in self.trials)

    @property
    def params(self) -> dict[str, Any]:
        """The chosen configuration."""
        return {} if self.part is None else asdict(self.part.config)


def tune(
    kinds: Sequence[type[Part]],
    task: Task,
    run: RunContext,
    *,
    budget: float | None = None,
    metric: str = "ndcg@10",
) -> dict[str, Tuned]:
    """Try the grids of all parts round by round: under a ``budget`` (seconds) all get an equal number of trials.

    The first configuration of every part is always tried, and at the end the chosen one in its final form
    (:meth:`Part.final`), for :data:`LEAST_SECONDS` or the share of the budget if training takes longer. ``task`` is
    train with validation as its held-out part.
    """
    deadline = float("inf") if budget is None else time.monotonic() + budget
    liked = task.data.cells.positive.nnz > 0
    grids = {kind.name: list(kind.grid(task.data)) if liked or not kind.needs_likes else [] for kind in kinds}
    tuned = {kind.name: Tuned(failed=None if grids[kind.name] else NOTHING_TO_DO) for kind in kinds}
    config = EvaluationConfig(ks=(int(metric.rpartition("@")[2]),))
    share = 0.0 if budget is None else budget / len(kinds)

    def attempt(kind: type[Part], params: Any) -> None:
        best, start = tuned[kind.name], time.perf_counter()
        limited = replace(run, time_limit=max(deadline - time.monotonic(), share, LEAST_SECONDS))
        try:
            part = fit_part(kind, params, task.data, limited)
            with memory_errors(kind.name):
                value = evaluate(part, task, config).means[metric]
        except GnnError as error:
            best.failed = str(error)
            return
        if best.part is None or value > best.value:
            best.part = part
        best.trials.append(Trial(asdict(part.config), value, time.perf_counter() - start))

    bar = tqdm(list(_rounds(kinds, grids)), desc="tuning", unit="trial", disable=not run.progress, leave=False)
    for round_number, kind, params in bar:
        # With nobody to validate on there is nothing to choose by: the first configuration stands.
        if round_number == 0 or (len(task) and time.monotonic() <= deadline):
            bar.set_postfix_str(kind.name)
            attempt(kind, params)
    for kind in tqdm(kinds, desc="settling", unit="part", disable=not run.progress, leave=False):
        chosen = tuned[kind.name].part
        if chosen is not None and len(task) and (final := kind.final(chosen.config, task.data)) != chosen.config:
            attempt(kind, final)
    return tuned


def _rounds(kinds: Sequence[type[Part]], grids: dict[str, list[Any]]) -> Iterable[tuple[int, type[Part], Any]]:
    for number in range(max((len(grid) for grid in grids.values()), default=0)):
        for kind in kinds:
            if number < len(grids[kind.name]):
                yield number, kind, grids[kind.name][number]
