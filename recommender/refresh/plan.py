"""Whether a refresh fits everything anew or brings the published version up to what has changed: the drift test.

A warm refresh keeps the published version's hyper-parameters, weights of the fusion, segments and figures. It fits the
closed forms anew, gives the factors one sweep, folds new items into the networks, and draws the profiles of those whom
a change touches. The drift test asks for a full one where the graph is small, so that it costs little; where the
settings differ; where too much has changed since the last full fit; and where the published version foretells what
people did since worse than it did after the last full fit.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp

from kg.snapshot import Snapshot
from recommender.bridge import Phrases, item_phrases
from recommender.evaluation.protocol import EvaluationConfig, Task, evaluate
from recommender.meaning import Events, cells_of
from recommender.model import Model
from recommender.profiles.segments import Segments
from recommender.refresh.difference import Difference

METRIC = "ndcg@10"
PLAN = "plan.json"
"""A file in the folder of a run: what was planned, for whoever goes on with it."""


@dataclass(frozen=True)
class DriftConfig:
    """When a full fit is due."""

    least_events: int = 10_000
    """Below so many events every fit is a full one."""
    changed: float = 0.1
    """Share of events that came, went or changed since the last full fit, ..."""
    new_items: float = 0.05
    """... share of items that came since then, ..."""
    noise: float = 2.0
    """... or standard errors by which the foretelling of new events is worse than at first: above any, all is fitted
    anew."""
    least_people: int = 100
    """With fewer people to foretell, that is not judged."""
    most_people: int = 1_000
    """So many are drawn of those who could be foretold."""


@dataclass(frozen=True)
class Foretold:
    """How well a version ranks what people liked after it, among what they had not met, by NDCG@10."""

    value: float
    error: float
    """Standard error of the mean."""
    people: int

    def worse_than(self, other: Foretold, errors: float) -> bool:
        """By more than so many standard errors of the difference."""
        return other.value - self.value > errors * math.hypot(self.error, other.error)


@dataclass(frozen=True)
class Plan:
    """How a refresh fits, and why; kept in the manifest of what it publishes."""

    fit: Literal["full", "warm"]
    why: str
    base: str | None = None
    """The version that a warm fit begins with."""
    full: str | None = None
    """The version of the last full fit before; None for a full fit."""
    full_items: int = 0
    """Items at the last full fit."""
    changed: int = 0
    """Events that came, went or changed since then; counted at each refresh."""
    first: Foretold | None = None
    """How well the last full fit foretold the events after it, at the first refresh that found enough people."""
    latest: Foretold | None = None
    """The same of the version before this one."""
    people: tuple[str, ...] | None = field(default=None, repr=False)
    """Whose profiles a warm refresh draws again; None means everyone's."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, without the people."""
        return {name: value for name, value in asdict(self).items() if name != "people"}

    def save(self, folder: Path) -> None:
        """Write :data:`PLAN`, wholly or not at all."""
        unfinished = folder / f"{PLAN}.new"
        unfinished.write_text(json.dumps(asdict(self)), encoding="utf-8")
        unfinished.replace(folder / PLAN)

    @classmethod
    def load(cls, folder: Path) -> Plan | None:
        """What :meth:`save` wrote; None where nothing was planned yet, or the file is damaged."""
        try:
            document = json.loads((folder / PLAN).read_bytes())
            people = document.pop("people")
            return cls.from_dict(document | {"people": people and tuple(people)})
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Plan:
        """Read what :meth:`to_dict` gave."""
        figures = {name: document[name] and Foretold(**document[name]) for name in ("first", "latest")}
        return cls(**document | figures)


@dataclass(frozen=True)
class Warm:
    """What a warm refresh begins with."""

    model: Model
    difference: Difference

    def phrases(self, after: Snapshot) -> Phrases | None:
        """Those of the items that did not change; the others' are told apart among themselves."""
        before, fresh = self.model.phrases, np.flatnonzero(self.difference.items)
        if before is None:
            return item_phrases(after)
        phrases: list[Sequence[str]] = [before[row] if row >= 0 else [] for row in self.difference.rows.items.tolist()]
        found = item_phrases(after, fresh) if len(fresh) else None
        for item, own in zip(fresh.tolist(), found or (), strict=False):
            phrases[item] = own
        return phrases

    def segments(self, item_vectors: np.ndarray | None) -> Segments | None:
        """The same segments; without texts a new item has no features before the next full fit."""
        segments = self.model.segments
        if segments is None:
            return None
        if item_vectors is not None:
            return replace(segments, features=item_vectors)
        rows = self.difference.rows.items
        return replace(segments, features=np.where((rows >= 0)[:, None], segments.features[rows.clip(0)], 0.0))


def decide(model: Model, difference: Difference, after: Snapshot, config: DriftConfig, seed: int) -> Plan:
    """Whether bringing ``model`` up to ``after`` is enough.

    Args:
        model: the published version, made with the settings of today.
        difference: of its snapshot and ``after``.
        after: the graph as it is.
        config: when a full fit is due.
        seed: of the people drawn.
    """
    before = Plan.from_dict(model.manifest["plan"])
    full = before.full or model.version
    full_items = before.full_items or model.snapshot.items.num_rows
    changed = before.changed + difference.events
    latest = foretold(model, difference, after, config, seed)
    first = before.first or latest
    share = changed / max(after.events.num_rows, 1)
    new_items = 1 - full_items / max(after.items.num_rows, 1)
    if share > config.changed:
        return Plan("full", f"{share:.1%} of events changed since {full}, the last full fit")
    if new_items > config.new_items:
        return Plan("full", f"{new_items:.1%} of items came since {full}, the last full fit")
    if first and latest and latest.worse_than(first, config.noise):
        return Plan(
            "full", f"new events are foretold with {METRIC} {latest.value:.3f}, and {first.value:.3f} after {full}"
        )
    people = after.users["id"].to_numpy(zero_copy_only=False)[difference.people]
    why = f"{share:.1%} of events changed since {full}, the last full fit"
    return Plan("warm", why, model.version, full, full_items, changed, first, latest, tuple(people.tolist()))


def foretold(model: Model, difference: Difference, after: Snapshot, config: DriftConfig, seed: int) -> Foretold | None:
    """How well ``model`` ranks what people liked since, by what it knew of them; None where they are too few.

    Counted are people with a history and items that the version knows, and pairs that it had not met.
    """
    events = Events.of(after.events).take(difference.new_events)
    cells = cells_of(events, model.meanings, after.users.num_rows, after.items.num_rows, model.meaning)
    seen = model.data.cells.matrix
    users, items = difference.rows.users[cells.users], difference.rows.items[cells.items]
    able = (cells.weights > 0) & (users >= 0) & (items >= 0) & (np.diff(seen.indptr)[users] > 0)
    liked = sp.csr_matrix((np.ones(np.count_nonzero(able)), (users[able], items[able])), shape=seen.shape)
    unmet = liked - liked.multiply(seen != 0)
    unmet.eliminate_zeros()
    drawn = np.random.default_rng(seed).permutation(np.flatnonzero(np.diff(unmet.indptr)))[: config.most_people]
    if len(drawn) < config.least_people:
        return None
    relevant = sp.diags(np.isin(np.arange(len(model.users)), drawn).astype(np.float32)) @ unmet
    relevant.eliminate_zeros()
    figures = evaluate(model.hybrid, Task.of(model.data, seen, relevant), EvaluationConfig(ks=(10,)))
    values = figures.per_person[METRIC]
    return Foretold(float(values.mean()), float(values.std() / math.sqrt(len(values))), len(values))
