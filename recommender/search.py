"""From data to a hybrid: tune every part, learn the fusion's weights, fit the chosen settings again on more data."""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from gnn.errors import GnnError
from kg.progress import tqdm
from recommender import effort
from recommender.budget import Budget
from recommender.context import RunContext
from recommender.data import TrainingData
from recommender.evaluation.protocol import Task
from recommender.fusion import FusionConfig
from recommender.hybrid import Hybrid, Judged, fuse
from recommender.parts import HYBRID, PARTS
from recommender.parts.base import Part
from recommender.situations import Fusion
from recommender.trials import Trials
from recommender.tuning import FEWEST, FUSION, LEAST_TRAINING, Ahead, Tuned, fit_part, slowness, teaching, tune

log = logging.getLogger(__name__)

ALONE = 0.25
"""What a model that is measured by itself as well counts for at least, beside the part with the largest weight."""


@dataclass(frozen=True)
class Choice:
    """What the search settled on: enough to fit the same hybrid on any data. JSON both ways."""

    params: dict[str, dict[str, Any]]
    """The configuration of each part, by name."""
    fusion: Fusion
    """Weights of those parts that belong to the hybrid."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Parts that cannot serve this data, with the reason."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Time of tuning of each part; under ``hybrid`` that of all its parts and of the fusion."""
    shortened: dict[str, str] = field(default_factory=dict)
    """What a budget did not leave time for, by part."""
    slowness: dict[str, float] = field(default_factory=dict)
    """How much longer the fit of a part has taken than :func:`recommender.effort.seconds` counts."""
    scoring: dict[str, float] = field(default_factory=dict)
    """Seconds of scoring and ranking for one person by each part."""
    trials: Trials | None = None
    """What was tried; None in what was made before that was written down."""

    validation: dict[str, float] = field(default_factory=dict)
    """What each part reached on validation: the mean over the parts that it was judged by."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        own = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        trials = None if self.trials is None else self.trials.to_dict()
        return own | {"fusion": self.fusion.to_dict(), "trials": trials}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Choice:
        """Read what :meth:`to_dict` gave."""
        given = document.get("trials")
        trials = None if given is None else Trials.from_dict(given, "the choice of settings")
        return cls(**document | {"fusion": Fusion.from_dict(document["fusion"]), "trials": trials})

    def last(self, name: str, where: str) -> Any:
        """The configuration of a part for its last fit there, ``test`` or ``all``; it may be shorter than chosen."""
        shorter = self.trials.fits.get(where, {}) if self.trials else {}
        return PARTS[name].Config(**shorter.get(name, self.params[name]))

    def takes(self, name: str, data: TrainingData) -> float:
        """Seconds that its last fit on ``data`` should take."""
        return self.slowness.get(name, 1.0) * effort.seconds(name, PARTS[name].Config(**self.params[name]), data)


def search(
    task: Task,
    run: RunContext,
    *,
    others: Sequence[Task] = (),
    budget: Budget | float | None = None,
    ahead: Ahead | None = None,
    trials: Trials | None = None,
    names: Sequence[str] = HYBRID,
    alone: Collection[str] = (),
) -> tuple[Choice, dict[str, Tuned]]:
    """Tune the named parts and learn the fusion of those that belong to the hybrid, all on validation.

    Args:
        task: fit on train, judged by validation; with nobody to validate on, all weights are equal.
        run: seed, device, threads.
        others: the same with other pairs held out, to choose and to weigh by as well, see
            :meth:`recommender.evaluation.split.Split.others`.
        budget: seconds for this and for what is ``ahead``; None tries all configurations.
        ahead: what follows within the budget.
        trials: those of an earlier search, which are repeated; the budget then counts for nothing.
        names: parts to tune; those of :data:`recommender.parts.HYBRID` among them are fused.
        alone: those of them that are also asked for by themselves.
    """
    budget = Budget.of(budget)
    kinds = [PARTS[name] for name in names]

    def weigh(tuned: Mapping[str, Tuned]) -> Mapping[str, float]:
        return _counts(_able(tuned), task, run, alone)

    tuned = tune(kinds, task, run, others=others, budget=budget, ahead=ahead, trials=trials, weigh=weigh)
    able = {name: best for name, best in tuned.items() if best.part is not None}
    watch = budget.stopwatch()
    parts = _able(tuned)
    people = _teachers(tuned, task, budget, len(parts)) if trials is None else trials.people
    config = FusionConfig() if people is None else FusionConfig(max_people=people)
    if budget.limited:
        log.info("weighing %d parts; %s", len(parts), budget)
    fusion = fuse(_judged(parts, task, others, run), seed=run.seed, config=config)
    seconds = {name: best.seconds for name, best in tuned.items()}
    choice = Choice(
        params={name: best.params for name, best in able.items()},
        fusion=fusion,
        skipped={name: best.skipped for name, best in tuned.items() if best.skipped},
        validation={name: best.mean for name, best in able.items()},
        seconds=seconds | {"hybrid": sum(seconds[part.name] for part in parts) + watch()},
        shortened={name: best.shortened for name, best in tuned.items() if best.shortened},
        slowness={
            name: trial.fit_seconds / effort.seconds(name, trial.config, task.data)
            for name, best in able.items()
            if (trial := best.trial) is not None
        },
        scoring={
            name: (trial.seconds - trial.fit_seconds) / max(len(task), 1)
            for name, best in able.items()
            if (trial := best.trial) is not None
        },
        trials=trials or _written(tuned, len(others), people, run.seed),
    )
    return choice, tuned


def _able(tuned: Mapping[str, Tuned]) -> list[Part]:
    """The parts of the hybrid that could be fitted."""
    return [part for name in HYBRID if name in tuned and (part := tuned[name].part) is not None]


def _counts(parts: Sequence[Part], task: Task, run: RunContext, alone: Collection[str]) -> dict[str, float]:
    """The weight of each part beside the largest, in whatever situation it is highest, as few people teach it."""
    found = dict.fromkeys(alone, ALONE)
    if parts:
        fusion = fuse([_by(task, parts)], seed=run.seed, config=FusionConfig(max_people=FEWEST))
        for situation, weights in fusion.by_name().items():
            largest = max(weights.values())
            if situation != "words" and largest > 0:
                for name, weight in weights.items():
                    found[name] = max(found.get(name, 0.0), weight / largest)
    return found


def _written(tuned: Mapping[str, Tuned], others: int, people: int | None, seed: int) -> Trials:
    """What was tried."""
    return Trials(
        tried={
            name: tuple(asdict(trial.config) for trial in best.trials if not trial.final)
            for name, best in tuned.items()
            if best.part is not None
        },
        final={name: asdict(trial.config) for name, best in tuned.items() for trial in best.trials if trial.final},
        others=others,
        people=people,
        seed=seed,
        left_out={name: best.skipped for name, best in tuned.items() if best.skipped},
    )


def _teachers(tuned: Mapping[str, Tuned], task: Task, budget: Budget, parts: int) -> int | None:
    """How many people may teach the weights within a budget; None: all that would without one."""
    if budget.seconds is None or not parts:
        return None
    each = effort.fusion(task.data) * slowness(tuned, task.data) * parts
    most = max(FEWEST, int(max(FUSION * budget.seconds, 0.0) / each))
    return most if most < teaching(task) else None


def _judged(parts: Sequence[Part], task: Task, others: Sequence[Task], run: RunContext) -> Iterator[Judged]:
    """The parts on the first task, then with the same settings on the others, one task at a time to spare memory."""
    yield _by(task, parts)
    for other in tqdm(others, desc="weighing", unit="split", disable=not run.progress, leave=False):
        try:
            fitted = [fit_part(type(part), part.config, other.data, run) for part in parts]
        except GnnError as error:
            log.warning("a further validation part does not teach the weights: %s", error)
            continue
        yield _by(other, fitted)


def _by(task: Task, parts: Sequence[Part]) -> Judged:
    return Judged(parts, task.people, task.seen, task.relevant, task.users)


def fit_named(name: str, params: dict[str, Any], data: TrainingData, run: RunContext) -> Part:
    """The part of this name with this configuration, fitted; see :func:`recommender.tuning.fit_part`."""
    kind = PARTS[name]
    return fit_part(kind, kind.Config(**params), data, run)


def hybrid_of(choice: Choice, fitted: Mapping[str, Part]) -> Hybrid:
    """The hybrid of a choice from fitted parts; a part that never counts, or that is not there, does not take part."""
    fusion = choice.fusion.only([name for name in choice.fusion.used if name in fitted])
    return Hybrid([fitted[name] for name in fusion.parts], fusion)


@dataclass(frozen=True)
class LastFits:
    """Parts with their chosen settings."""

    parts: dict[str, Part]
    seconds: dict[str, float]
    """Of each fit."""
    failed: dict[str, str]
    """Why a part could not be fitted."""
    shortened: dict[str, dict[str, Any]]
    """Configurations of networks whose training the time did not suffice for, as they were fitted."""


def fit_last(
    choice: Choice,
    names: Sequence[str],
    data: TrainingData,
    run: RunContext,
    where: str,
    *,
    budget: Budget | None = None,
    after: float = 0.0,
) -> LastFits:
    """Fit the chosen settings of these parts on ``data``.

    Args:
        choice: the settings, and how long they took.
        names: of the parts.
        data: what they are to know.
        run: seed, device, threads.
        where: ``test`` or ``all``: under this name what was shorter before is repeated.
        budget: of which ``after`` seconds are kept: what trains in steps shares what the closed forms leave, and may
            train for half of the time that it took to choose it in any case.
        after: seconds of what comes then.
    """
    budget = budget or Budget()
    found = LastFits({}, {}, {}, {})
    takes = {name: choice.takes(name, data) for name in names} if budget.limited else dict.fromkeys(names, 0.0)
    order = sorted(names, key=lambda name: (PARTS[name].trained_in_steps, takes[name])) if budget.limited else names
    for place, name in enumerate(tqdm(order, desc="fitting", unit="model", disable=not run.progress, leave=False)):
        config, limit = choice.last(name, where), math.inf
        if budget.limited:
            log.info("fitting %s, about %.0f s; %s", name, takes[name], budget)
            share = takes[name] / sum(takes[other] for other in order[place:])
            limit = max((budget.left - after) * share, takes[name] / 2, LEAST_TRAINING)
        watch = budget.stopwatch()
        try:
            found.parts[name] = part = fit_part(PARTS[name], config, data, replace(run, time_limit=limit))
        except GnnError as error:
            found.failed[name] = str(error)
        else:
            if part.config != config:
                found.shortened[name] = asdict(part.config)
        found.seconds[name] = watch()
    return found
