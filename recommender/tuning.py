"""Choosing hyper-parameters: every configuration is fitted on train and judged on validation, never on test.

What is tried is planned in one of three ways. Without a budget it is everything, and no clock is read. Under one in
seconds it is what is worth most for its time (:class:`_Clocked`), with time kept for what follows. And trials that were
written down (:class:`recommender.trials.Trials`) are repeated as they are, again without a clock.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from gnn.errors import GnnError
from gnn.memory import memory_errors
from kg.progress import tqdm
from recommender import effort
from recommender.budget import Budget
from recommender.context import RunContext
from recommender.data import TrainingData
from recommender.evaluation.protocol import EvaluationConfig, Task, evaluate
from recommender.fusion import FusionConfig
from recommender.parts.base import Part
from recommender.trials import Trials

log = logging.getLogger(__name__)

LEAST_SECONDS = 0.5
"""A part whose first fit should take no longer on an idle core is always tried, however small the budget, ..."""
LEAST_TRAINING = 4.0
"""... and what is trained in steps then has so many seconds."""
OVERHEAD = 0.2
"""Seconds of a fit on an idle core beside what is counted, at most: a fit of a hundredth of a second that takes a tenth
says nothing of what one of ten seconds takes."""
SLOWEST = 30.0
"""No machine is taken to be slower than so many idle cores of :data:`recommender.effort.RATE`."""
FEWEST = 200
"""People who teach the weights under any budget, where there are as many."""
FUSION = 0.2
"""Share of a budget that learning the weights may take."""
FINALISTS = 3
"""Configurations of a part that go to further validation parts."""
NOTHING_TO_DO = "nothing in this data for it to do"
"""Why a part without a configuration is skipped."""


def fit_part(kind: type[Part], config: Any, data: TrainingData, run: RunContext) -> Part:
    """A part with this configuration, fitted.

    Raises:
        GnnError: it cannot be fitted to this data, for example because memory does not suffice.
    """
    effort.require_memory(kind.name, config, data, run)
    with memory_errors(kind.name):
        return kind(config).fit(data, run)


@dataclass(frozen=True)
class Trial:
    """One configuration and what it reached."""

    config: Any
    """As it was fitted: of a training that a time limit ended, with the epochs that it took."""
    value: float
    """On the first validation part."""
    seconds: float
    others: tuple[float, ...] = ()
    """On the further ones, where it went there."""
    fit_seconds: float = 0.0
    """Those of :attr:`seconds` that the fit on the first part took."""
    final: bool = False
    """Whether it is the final form of the one that was chosen."""

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
    shortened: str | None = None
    """What a budget did not leave time for."""

    @property
    def skipped(self) -> str | None:
        """Why the part cannot serve this data: no configuration could be fitted, or there is none."""
        return self.failed if self.part is None else None

    @property
    def seconds(self) -> float:
        """Time spent on all trials."""
        return sum(trial.seconds for trial in self.trials)

    @property
    def mean(self) -> float:
        """Of the chosen configuration over all validation parts that it went to."""
        own = [trial.mean for trial in self.trials if self.part is not None and trial.config == self.part.config]
        return own[-1] if own else self.value

    @property
    def params(self) -> dict[str, Any]:
        """The chosen configuration."""
        return {} if self.part is None else asdict(self.part.config)

    @property
    def trial(self) -> Trial | None:
        """That of the chosen configuration."""
        return next((one for one in self.trials if self.part is not None and one.config == self.part.config), None)


Weigh = Callable[[Mapping[str, Tuned]], Mapping[str, float]]
"""What each part counts for afterwards, in [0, 1], as it is tuned so far; 0 where it will not be fitted again."""


@dataclass(frozen=True)
class Ahead:
    """What follows the tuning, for which a budget keeps time."""

    fits: float = 0.0
    """Last fits of each part, in fits on train: one on a quarter more data counts 1.25."""
    tests: float = 0.0
    """Times that the validation people are scored by each part afterwards, likewise."""
    seconds: float = 0.0
    """All else, on an idle core."""


def tune(
    kinds: Sequence[type[Part]],
    task: Task,
    run: RunContext,
    *,
    others: Sequence[Task] = (),
    budget: Budget | float | None = None,
    ahead: Ahead | None = None,
    trials: Trials | None = None,
    weigh: Weigh | None = None,
    metric: str = "ndcg@10",
) -> dict[str, Tuned]:
    """Try configurations of all parts and keep the best of each; at the end in its final form (:meth:`Part.final`).

    Args:
        kinds: the parts.
        task: train, with validation as its held-out part.
        run: seed, device, threads.
        others: the same with other pairs held out. The best :data:`FINALISTS` of each grid go there too, and the mean
            decides between them: one small validation part is a noisy judge.
        budget: seconds, of which ``ahead`` is kept; None tries all configurations.
        ahead: what is to be done within the budget afterwards.
        trials: what is tried in place of all that, whatever the budget.
        weigh: says, once a budget is partly spent, what each part counts for: the rest is for those that do.
        metric: what is to be high.
    """
    bench = _Bench(kinds, task, run, Budget.of(budget if trials is None else None), metric)
    planner: _Everything
    if trials is not None:
        planner = _Repeated(bench, trials)
    else:
        planner = _Clocked(bench, ahead or Ahead(), weigh) if bench.budget.limited else _Everything(bench)
    with tqdm(total=planner.size, desc="tuning", unit="trial", disable=not run.progress, leave=False) as bar:
        for kind, params, limit in planner.first():
            bar.set_postfix_str(kind.name)
            bench.attempt(kind, params, limit)
            bar.update()
    for kind in tqdm(kinds, desc="settling", unit="part", disable=not run.progress, leave=False):
        if others:
            bench.decide(kind, others)
    for kind, params, limit in planner.finals():
        bench.attempt(kind, params, limit, final=True)
    for name in trials.tried if trials is not None else ():
        if name in bench.tuned and (why := bench.tuned[name].failed) is not None:
            log.warning("%s: a trial cannot be repeated here, so that lists may differ: %s", name, why)
    return bench.tuned


@dataclass
class _Bench:
    """Where configurations are fitted and judged."""

    kinds: Sequence[type[Part]]
    task: Task
    run: RunContext
    budget: Budget
    metric: str
    tuned: dict[str, Tuned] = field(init=False)
    grids: dict[str, list[Any]] = field(init=False)

    def __post_init__(self) -> None:
        data = self.task.data
        liked = data.cells.positive.nnz > 0
        able = [one for one in self.kinds if (liked or not one.needs_likes) and one.serves(data, self.run)]
        self.grids = {one.name: list(one.grid(data)) if one in able else [] for one in self.kinds}
        self.tuned = {name: Tuned(failed=None if grid else NOTHING_TO_DO) for name, grid in self.grids.items()}

    def judged(self, kind: type[Part], params: Any, by: Task, limit: float = math.inf) -> tuple[Part, float, float]:
        """The part, its figure, and the seconds of the fit alone."""
        watch = self.budget.stopwatch()
        part = fit_part(kind, params, by.data, replace(self.run, time_limit=limit))
        seconds = watch()
        config = EvaluationConfig(ks=(int(self.metric.rpartition("@")[2]),))
        with memory_errors(kind.name):
            return part, evaluate(part, by, config).means[self.metric], seconds

    def attempt(self, kind: type[Part], params: Any, limit: float, *, final: bool = False) -> None:
        """Fit and judge on the first part; keep what is better than before."""
        best, watch = self.tuned[kind.name], self.budget.stopwatch()
        try:
            part, value, fit_seconds = self.judged(kind, params, self.task, limit)
        except GnnError as error:
            best.failed = str(error)
            return
        if best.part is None or value > best.value:
            best.part, best.value = part, value
        best.trials.append(Trial(part.config, value, watch(), fit_seconds=fit_seconds, final=final))

    def decide(self, kind: type[Part], others: Sequence[Task]) -> None:
        """Judge the best ones on further parts, and keep the one with the highest mean."""
        best = self.tuned[kind.name]
        finalists = sorted(best.trials, key=lambda trial: -trial.value)[:FINALISTS]
        if len(finalists) < 2:
            return
        try:
            for place, trial in enumerate(finalists):
                watch = self.budget.stopwatch()
                values = tuple(self.judged(kind, trial.config, other)[1] for other in others)
                finalists[place] = replace(trial, others=values, seconds=trial.seconds + watch())
                best.trials[best.trials.index(trial)] = finalists[place]
            chosen = max(finalists, key=lambda trial: trial.mean)
            if chosen is not finalists[0]:
                best.part, best.value, _ = self.judged(kind, chosen.config, self.task)
        except GnnError as error:
            log.warning("%s: the best on the first validation part is taken: %s", kind.name, error)

    def final(self, kind: type[Part]) -> Any:
        """The final form of what was chosen; None where it is that already."""
        chosen = self.tuned[kind.name].part
        if chosen is None or not len(self.task):
            return None
        final = kind.final(chosen.config, self.task.data)
        return None if final == chosen.config else final


def slowness(tuned: Mapping[str, Tuned], data: TrainingData) -> float:
    """How much longer the fits of trials on ``data`` have taken than counting says; at least 1."""
    fits = [(name, trial) for name, best in tuned.items() for trial in best.trials]
    counted = sum(effort.seconds(name, trial.config, data) + OVERHEAD for name, trial in fits)
    took = sum(trial.fit_seconds for _, trial in fits)
    return min(max(1.0, took / counted), SLOWEST) if fits else 1.0


def teaching(task: Task) -> int:
    """How many people teach the weights where time does not matter."""
    return min(len(task), FusionConfig().max_people)


Step = tuple[type[Part], Any, float]
"""A part, a configuration, and the seconds after which its training ends."""


class _Everything:
    """Whole grids, round by round."""

    size: int | None = None
    """How many configurations are tried, where that is known."""

    def __init__(self, bench: _Bench) -> None:
        self.bench = bench
        self.size = len(list(self._rounds()))

    def _rounds(self) -> Iterable[Step]:
        grids = self.bench.grids
        # With nobody to validate on there is nothing to choose by: the first configuration stands.
        most = max((len(grid) for grid in grids.values()), default=0) if len(self.bench.task) else 1
        for number in range(most):
            for kind in self.bench.kinds:
                if number < len(grids[kind.name]):
                    yield kind, grids[kind.name][number], math.inf

    def first(self) -> Iterable[Step]:
        """What is judged by the first validation part."""
        return self._rounds()

    def finals(self) -> Iterable[Step]:
        """Final forms that are tried."""
        for kind in self.bench.kinds:
            if (final := self.bench.final(kind)) is not None:
                yield kind, final, math.inf


class _Repeated(_Everything):
    """What was tried before."""

    def __init__(self, bench: _Bench, trials: Trials) -> None:
        self.bench, self.trials = bench, trials
        self.size = sum(len(given) for given in trials.tried.values())
        for name, best in bench.tuned.items():
            if name not in trials.tried:
                best.failed = trials.left_out.get(name) or best.failed or "the repeated trials hold none of it"

    def first(self) -> Iterable[Step]:
        for kind in self.bench.kinds:
            for params in self.trials.tried.get(kind.name, ()):
                yield kind, kind.Config(**params), math.inf

    def finals(self) -> Iterable[Step]:
        for kind in self.bench.kinds:
            if (params := self.trials.final.get(kind.name)) is not None:
                yield kind, kind.Config(**params), math.inf


class _Clocked(_Everything):
    """What is worth most for its time comes first, as long as what follows has its time as well.

    A part that was not tried yet is worth most, and each further configuration of one half of that before, less where
    its best lies below the best of all: a model that says less moves the sum less. All is divided by the
    seconds that it should take: by those of earlier trials of the part, else by counting (:mod:`recommender.effort`).
    What would not leave time for the last fits is not begun; a network may be trained for less than its epochs. When
    every part has had its turn they are weighed, and what is left is for those that count.
    """

    UNTRIED = 4.0
    """What the first configuration of a part is worth, ..."""
    FALL = 0.5
    """... and a further one, against the one before; the first further one counts as 1."""
    SHORTEST = 0.25
    """A network that could train for less than this share of its time is left out: it is hardly the same model."""
    BROAD = 0.4
    """Share of a budget after which only parts that count are tried further."""
    FINALS = 1 / 3
    """Share of a budget that final forms may take, ..."""
    SMALL = 0.02
    """... and that of a trial which does not wait for them: it may be worth as much, and takes next to nothing."""
    MORE = 1.5
    """Weighing takes up to so many times as long for each person as it took with few of them."""
    MARGIN = 0.05
    """Share of a budget that is for nothing foreseen."""

    def __init__(self, bench: _Bench, ahead: Ahead, weigh: Weigh | None) -> None:
        self.bench, self.ahead, self.weigh = bench, ahead, weigh
        self.counts: Mapping[str, float] | None = None
        self.weighed = math.inf
        """Seconds of weighing for each person, once it was done with a few."""
        self.left = {kind.name: list(bench.grids[kind.name]) for kind in bench.kinds}
        assert bench.budget.seconds is not None
        self.whole = bench.budget.seconds
        self._said = 0.0

    @property
    def slowness(self) -> float:
        """As :func:`slowness`."""
        return slowness(self.bench.tuned, self.bench.task.data)

    def takes(self, kind: type[Part], params: Any) -> float:
        """Seconds that a trial should take."""
        data, trials = self.bench.task.data, self.bench.tuned[kind.name].trials
        if trials:
            fit = effort.scaled(kind.name, trials[-1].fit_seconds, params, trials[-1].config, data)
            return fit + trials[-1].seconds - trials[-1].fit_seconds
        return effort.seconds(kind.name, params, data) * self.slowness

    def later(self, trial: Trial | None) -> float:
        """Seconds that a part with this configuration takes afterwards."""
        if trial is None:
            return 0.0
        return trial.fit_seconds * self.ahead.fits + (trial.seconds - trial.fit_seconds) * self.ahead.tests

    def spare(self) -> float:
        """Seconds that nothing is kept for."""
        task, slow = self.bench.task, self.slowness
        kept = sum(self.later(best.trial) for name, best in self.bench.tuned.items() if self.counted(name) > 0)
        each = min(effort.fusion(task.data) * slow * len(self.bench.kinds), self.weighed)
        weighing = min(each * teaching(task), FUSION * self.whole)
        if self.weigh is not None and self.counts is None:
            weighing += each * min(len(task), FEWEST)
        return self.bench.budget.left - kept - weighing - self.MARGIN * self.whole - self.ahead.seconds * slow

    def counted(self, name: str) -> float:
        """What a part counts for, as far as is known."""
        return 1.0 if self.counts is None else self.counts.get(name, 1.0)

    def limit(self, kind: type[Part], params: Any, spare: float) -> float | None:
        """Seconds for a fit that leave time for what follows it; None where they are too few to begin."""
        best = self.bench.tuned[kind.name]
        takes = self.takes(kind, params)
        most = (spare + self.later(best.trial)) / (1 + self.ahead.fits)
        if most >= takes:
            return most
        if not best.trials:
            if effort.seconds(kind.name, params, self.bench.task.data) <= LEAST_SECONDS:
                return max(most, LEAST_TRAINING)
            if kind.trained_in_steps and most >= self.SHORTEST * takes:
                return most
        return None

    def first(self) -> Iterator[Step]:
        yield from self._steps(until=math.inf if self.weigh is None else self.BROAD * self.whole)
        if self.weigh is not None and len(self.bench.task) and self.spare() > 0:
            watch = self.bench.budget.stopwatch()
            counts = self.weigh(self.bench.tuned)
            self.weighed = self.MORE * watch() / min(len(self.bench.task), FEWEST)
            self.counts = {name: counts.get(name, 0.0) for name, best in self.bench.tuned.items() if best.trials}
            yield from self._steps()
        for kind in self.bench.kinds:
            self._note(kind)
        if (short := -self.spare() - self.MARGIN * self.whole) > 0:
            log.warning(
                "the budget of %.0f s is less than this takes in any case, about %.0f s", self.whole, self.whole + short
            )

    def _steps(self, until: float = math.inf) -> Iterator[Step]:
        """The next one, and the next; after ``until`` seconds of the budget only of parts that were not tried yet."""
        while (found := self._next(self.bench.budget.gone <= until)) is not None:
            self._say(found[0].name)
            del self.left[found[0].name][0]
            yield found

    def _next(self, further: bool) -> Step | None:
        spare = self.spare()
        settled = spare - sum(cost for _, _, cost in self._affordable(min(self.FINALS * self.whole, spare)))
        best: tuple[float, Step] | None = None
        for kind in self.bench.kinds:
            tried = self.bench.tuned[kind.name]
            if not self.left[kind.name] or not (self.counted(kind.name) if tried.trials else not self._broken(tried)):
                continue
            if tried.trials and not (further and len(self.bench.task)):
                continue
            params = self.left[kind.name][0]
            takes = self.takes(kind, params)
            waits = tried.trials and takes > self.SMALL * self.whole
            limit = self.limit(kind, params, settled if waits else spare)
            worth = self.counted(kind.name) * self._worth(tried) / max(takes, 1e-3)
            if limit is not None and (best is None or worth > best[0]):
                best = worth, (kind, params, limit)
        return None if best is None else best[1]

    def _broken(self, tried: Tuned) -> bool:
        """Whether its first configuration could not be fitted."""
        return tried.failed is not None and not tried.trials and tried.part is None

    def _worth(self, tried: Tuned) -> float:
        highest = max(best.value for best in self.bench.tuned.values())
        if not tried.trials:
            return self.UNTRIED
        return float(self.FALL ** (len(tried.trials) - 1)) * (tried.value / highest if highest > 0 else 1.0)

    def _affordable(self, room: float) -> list[tuple[type[Part], Any, float]]:
        """Final forms that can be tried in so many seconds, and what each costs beyond what is kept for its part."""
        found = []
        for kind in self.bench.kinds:
            best = self.bench.tuned[kind.name]
            if not self.counted(kind.name):
                continue
            if (final := self.bench.final(kind)) is not None and best.trial is not None:
                cost = self.takes(kind, final) * (1 + self.ahead.fits) - self.later(best.trial)
                found.append((best.value / max(cost, 1e-3), kind, final, cost))
        chosen = []
        for _, kind, final, cost in sorted(found, key=lambda one: -one[0]):
            if cost <= room:
                room -= cost
                chosen.append((kind, final, cost))
        return chosen

    def finals(self) -> Iterator[Step]:
        tried = set()
        for kind, final, _ in self._affordable(self.spare()):
            tried.add(kind.name)
            most = (self.spare() + self.later(self.bench.tuned[kind.name].trial)) / (1 + self.ahead.fits)
            yield kind, final, max(most, LEAST_TRAINING)
        for kind in self.bench.kinds:
            if kind.name not in tried and self.counted(kind.name) and self.bench.final(kind) is not None:
                self._shorten(kind, "not in its final form")

    def _note(self, kind: type[Part]) -> None:
        best, left = self.bench.tuned[kind.name], len(self.left[kind.name])
        whole = len(self.bench.grids[kind.name])
        if left == whole > 0 and best.failed is None:
            takes = self.takes(kind, self.left[kind.name][0])
            budget = f"the budget of {round(self.whole, 1):g} s"
            best.failed = f"left out: about {takes:.0f} s a fit, for which {budget} has no time"
        elif best.part is not None and 0 < left < whole and len(self.bench.task) and self.counted(kind.name):
            self._shorten(kind, f"{whole - left} of {whole} configurations")

    def _shorten(self, kind: type[Part], said: str) -> None:
        best = self.bench.tuned[kind.name]
        best.shortened = said if best.shortened is None else f"{best.shortened}, {said}"

    def _say(self, name: str) -> None:
        """A line now and then, for whoever watches no bar."""
        gone = self.bench.budget.gone
        if gone >= self._said:
            self._said = gone + max(5.0, self.whole / 20)
            tried = sum(len(best.trials) for best in self.bench.tuned.values())
            log.info("tuning: %d configurations tried, %s is next; %s", tried, name, self.bench.budget)
