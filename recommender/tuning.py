"""Choosing hyper-parameters: every configuration is fitted on train and judged on validation, never on test."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from numbers import Real
from typing import Any

from gnn.errors import GnnError
from gnn.memory import memory_errors
from kg.progress import tqdm
from recommender.context import RunContext
from recommender.data import TrainingData
from recommender.errors import InvalidInput
from recommender.evaluation.protocol import EvaluationConfig, Task, evaluate
from recommender.parts.base import Part

log = logging.getLogger(__name__)

LEAST_SECONDS = 10.0
"""For so long a part may train in any case: with less it is hardly the same model."""
FINALISTS = 3
"""Configurations of a part that go to further validation parts."""
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

    config: Any
    value: float
    """On the first validation part."""
    seconds: float
    others: tuple[float, ...] = ()
    """On the further ones, where it went there."""

    @property
    def mean(self) -> float:
        """Over all validation parts."""
        return (self.value + sum(self.others)) / (1 + len(self.others))


@dataclass
class Tuned:
    """The best configuration of one part so far, fitted on train."""

    part: Part | None = None
    value: float = float("-inf")
    """Its figure on the first validation part."""
    trials: list[Trial] = field(default_factory=list)
    failed: str | None = None
    """Why a configuration could not be fitted, for example that a matrix would not fit in memory."""

    @property
    def skipped(self) -> str | None:
        """Why the part cannot serve this data: no configuration could be fitted, or there is none."""
        return self.failed if self.part is None else None

    @property
    def seconds(self) -> float:
        """Time spent on all trials."""
        return sum(trial.seconds for trial in self.trials)

    @property
    def params(self) -> dict[str, Any]:
        """The chosen configuration."""
        return {} if self.part is None else asdict(self.part.config)


def check_budget(budget: Any, name: str = "budget") -> None:
    """Seconds of tuning: None, or a number of at least 0.

    Raises:
        InvalidInput: it is something else; names it.
    """
    if budget is not None and (isinstance(budget, bool) or not isinstance(budget, Real) or not float(budget) >= 0):
        raise InvalidInput(f"{name} = {budget!r}; seconds of tuning are a number of at least 0, or None: no limit")


def tune(
    kinds: Sequence[type[Part]],
    task: Task,
    run: RunContext,
    *,
    others: Sequence[Task] = (),
    budget: float | None = None,
    metric: str = "ndcg@10",
) -> dict[str, Tuned]:
    """Try the grids of all parts round by round: under a ``budget`` (seconds) all get an equal number of trials.

    The first configuration of every part is always tried, and at the end the chosen one in its final form
    (:meth:`Part.final`), for :data:`LEAST_SECONDS` or the share of the budget if training takes longer.

    Args:
        kinds: the parts.
        task: train, with validation as its held-out part.
        run: seed, device, threads.
        others: the same with other pairs held out. The best :data:`FINALISTS` of each grid go there too, and the mean
            decides between them: one small validation part is a noisy judge.
        budget: seconds; None tries all configurations.
        metric: what is to be high.
    """
    deadline = float("inf") if budget is None else time.monotonic() + budget
    liked = task.data.cells.positive.nnz > 0
    grids = {kind.name: list(kind.grid(task.data)) if liked or not kind.needs_likes else [] for kind in kinds}
    tuned = {kind.name: Tuned(failed=None if grids[kind.name] else NOTHING_TO_DO) for kind in kinds}
    config = EvaluationConfig(ks=(int(metric.rpartition("@")[2]),))
    share = 0.0 if budget is None else budget / len(kinds)

    def judged(kind: type[Part], params: Any, by: Task) -> tuple[Part, float]:
        limited = replace(run, time_limit=max(deadline - time.monotonic(), share, LEAST_SECONDS))
        part = fit_part(kind, params, by.data, limited)
        with memory_errors(kind.name):
            return part, evaluate(part, by, config).means[metric]

    def attempt(kind: type[Part], params: Any) -> None:
        best, start = tuned[kind.name], time.perf_counter()
        try:
            part, value = judged(kind, params, task)
        except GnnError as error:
            best.failed = str(error)
            return
        if best.part is None or value > best.value:
            best.part, best.value = part, value
        best.trials.append(Trial(part.config, value, time.perf_counter() - start))

    def decide(kind: type[Part]) -> None:
        best = tuned[kind.name]
        finalists = sorted(best.trials, key=lambda trial: -trial.value)[:FINALISTS]
        if len(finalists) < 2:
            return
        try:
            for place, trial in enumerate(finalists):
                start = time.perf_counter()
                values = tuple(judged(kind, trial.config, other)[1] for other in others)
                finalists[place] = replace(trial, others=values, seconds=trial.seconds + time.perf_counter() - start)
                best.trials[best.trials.index(trial)] = finalists[place]
            chosen = max(finalists, key=lambda trial: trial.mean)
            if chosen is not finalists[0]:
                best.part, best.value = judged(kind, chosen.config, task)
        except GnnError as error:
            log.warning("%s: the best on the first validation part is taken: %s", kind.name, error)

    bar = tqdm(list(_rounds(kinds, grids)), desc="tuning", unit="trial", disable=not run.progress, leave=False)
    for round_number, kind, params in bar:
        # With nobody to validate on there is nothing to choose by: the first configuration stands.
        if round_number == 0 or (len(task) and time.monotonic() <= deadline):
            bar.set_postfix_str(kind.name)
            attempt(kind, params)
    for kind in tqdm(kinds, desc="settling", unit="part", disable=not run.progress, leave=False):
        if others:
            decide(kind)
        chosen = tuned[kind.name].part
        if chosen is not None and len(task) and (final := kind.final(chosen.config, task.data)) != chosen.config:
            attempt(kind, final)
    return tuned


def _rounds(kinds: Sequence[type[Part]], grids: dict[str, list[Any]]) -> Iterable[tuple[int, type[Part], Any]]:
    for number in range(max((len(grid) for grid in grids.values()), default=0)):
        for kind in kinds:
            if number < len(grids[kind.name]):
                yield number, kind, grids[kind.name][number]
