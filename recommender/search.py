"""From data to a hybrid: tune every part, learn the fusion's weights, fit the chosen settings again on more data."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from gnn.errors import GnnError
from kg.progress import tqdm
from recommender.context import RunContext
from recommender.data import TrainingData
from recommender.evaluation.protocol import Task
from recommender.hybrid import Hybrid, Judged, fuse
from recommender.parts import HYBRID, PARTS
from recommender.parts.base import Part
from recommender.situations import Fusion
from recommender.tuning import Tuned, fit_part, tune

log = logging.getLogger(__name__)


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

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self) | {"fusion": self.fusion.to_dict()}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Choice:
        """Read what :meth:`to_dict` gave."""
        return cls(**document | {"fusion": Fusion.from_dict(document["fusion"])})


def search(
    task: Task,
    run: RunContext,
    *,
    others: Sequence[Task] = (),
    budget: float | None = None,
    names: Sequence[str] = HYBRID,
) -> tuple[Choice, dict[str, Tuned]]:
    """Tune the named parts and learn the fusion of those that belong to the hybrid, all on validation.

    Args:
        task: fit on train, judged by validation; with nobody to validate on, all weights are equal.
        run: seed, device, threads.
        others: the same with other pairs held out, to choose and to weigh by as well, see
            :meth:`recommender.evaluation.split.Split.others`.
        budget: seconds of tuning; None tries all configurations.
        names: parts to tune; those of :data:`recommender.parts.HYBRID` among them are fused.
    """
    tuned = tune([PARTS[name] for name in names], task, run, others=others, budget=budget)
    able = {name: best for name, best in tuned.items() if best.part is not None}
    start = time.perf_counter()
    parts = [part for name in HYBRID if name in able and (part := able[name].part) is not None]
    fusion = fuse(_judged(parts, task, others, run), seed=run.seed)
    seconds = {name: best.seconds for name, best in tuned.items()}
    choice = Choice(
        params={name: best.params for name, best in able.items()},
        fusion=fusion,
        skipped={name: best.skipped for name, best in tuned.items() if best.skipped},
        seconds=seconds | {"hybrid": sum(seconds[part.name] for part in parts) + time.perf_counter() - start},
    )
    return choice, tuned


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


def fit_hybrid(choice: Choice, data: TrainingData, run: RunContext) -> Hybrid:
    """The hybrid of a choice, fitted on ``data``."""
    return hybrid_of(choice, {name: fit_named(name, choice.params[name], data, run) for name in choice.fusion.used})
