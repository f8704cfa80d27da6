"""Reading the graph for a refresh, by the difference to the published version where it can be, and planning the fit."""

from __future__ import annotations

import logging
import shutil
from functools import cached_property
from pathlib import Path

from kg import changes
from kg import snapshot as snapshots
from kg.access import make_folder
from kg.errors import NotUpdatable, ReadError
from kg.snapshot import Snapshot
from kg.store import Store
from recommender.errors import ArtefactError
from recommender.model import Model
from recommender.refresh import versions
from recommender.refresh.difference import Difference
from recommender.refresh.plan import PLAN, DriftConfig, Plan, Warm, decide
from recommender.refresh.stages import has_made

log = logging.getLogger(__name__)


class Planner:
    """For one refresh."""

    def __init__(self, store: Store, published: str | None, settings: str, drift: DriftConfig, seed: int) -> None:
        self._store = store
        self._published = published
        self._settings = settings
        self._drift = drift
        self._seed = seed
        self.updated = False
        """Whether the graph was read by the difference, so that what no change tells of may be missing."""

    def read(self, *, whole: bool) -> Snapshot:
        """The graph now; a small one, or one of which no change tells, is read whole."""
        self.updated = False
        if self._store.notes_changes:
            changes.start(self._store)
        if not whole and (before := self._snapshot) is not None and before.events.num_rows >= self._drift.least_events:
            try:
                taken = snapshots.update(self._store, before)
                self.updated = True
                return taken
            except NotUpdatable as error:
                log.info("the whole graph is read: %s", error)
        return snapshots.take(self._store)

    @cached_property
    def _snapshot(self) -> Snapshot | None:
        try:
            if self._published is None:
                return None
            return snapshots.load(versions.folder(self._store, self._published) / "snapshot")
        except (ArtefactError, ReadError):
            return None

    def plan(self, taken: Snapshot, folder: Path, *, full: bool) -> tuple[Plan, Warm | None]:
        """How to fit, and with what to begin; what an interrupted run has planned stands, unless it lost its ground."""
        planned = Plan.load(folder)
        if planned is not None and has_made(folder, self._published) and not (full and planned.fit == "warm"):
            return planned, None
        if planned is not None and planned.fit == "full":
            return planned, None
        plan, warm = (Plan("full", "it was asked for"), None) if full else self._decided(taken)
        stands = planned is not None and (plan.fit, plan.base) == (planned.fit, planned.base)
        if (folder / PLAN).exists() and not stands:
            shutil.rmtree(folder)
            make_folder(folder)
        return plan, warm

    def _decided(self, after: Snapshot) -> tuple[Plan, Warm | None]:
        if after.events.num_rows < self._drift.least_events:
            return Plan("full", f"the graph has less than {self._drift.least_events} events"), None
        if self._published is None:
            return Plan("full", "nothing was published before"), None
        if self._published in versions.made_with_forgotten(self._store):
            return Plan("full", f"{self._published} was made with somebody who is forgotten"), None
        try:
            model = Model.load(versions.folder(self._store, self._published))
        except (ArtefactError, ReadError) as error:
            return Plan("full", f"the published version cannot be gone on with: {error}"), None
        if model.manifest.get("settings") != self._settings:
            return Plan("full", f"{self._published} was made with other settings"), None
        difference = Difference.of(model.snapshot, after)
        plan = decide(model, difference, after, self._drift, self._seed)
        return plan, Warm(model, difference) if plan.fit == "warm" else None
