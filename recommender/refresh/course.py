"""A refresh on its way: the stages in order, the one write that publishes, and the profiles that follow it."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from recommender import artefacts
from recommender.errors import ArtefactError
from recommender.refresh import versions
from recommender.refresh.guard import judged
from recommender.refresh.lock import Lock
from recommender.refresh.profiles import follow
from recommender.refresh.removed import forget_removed_texts
from recommender.refresh.report import Done, RefreshReport, StageReport
from recommender.refresh.stages import MADE, STAGES, Run, assemble, require
from recommender.refresh.write_back import written_back
from recommender.texts import trust
from recommender.tuning import NOTHING_TO_DO

log = logging.getLogger(__name__)

ONLY = (*STAGES, "publish", "profiles")
"""All that is done, in order: what ``--only`` takes."""


@dataclass
class Course:
    """Goes through a run; what was done before it was interrupted is not done again."""

    run: Run
    key: str
    """Names the content of the graph and the settings."""
    settings: str
    """Names the settings alone."""
    lock: Lock
    """Confirmed before what others see is changed."""
    profiling: threading.Lock
    """Held while a person's profile is compared with the graph and written."""
    report: Callable[[str], None]
    """Takes one line for people at each stage."""
    done: Done
    only: str | None = None
    """The one of :data:`ONLY` that is done alone, again if it was done; None: all that is not done."""
    force: bool = False
    """Publish even what is worse than the published version."""
    reading: float = 0.0
    """Seconds that it took to read the graph, which was done to name the run."""
    outcome: RefreshReport = field(default_factory=RefreshReport)

    def go(self) -> None:
        """Do it.

        Raises:
            InvalidInput: something before the only one is missing.
            RefreshRunning: the lock was lost to another refresh.
        """
        for name in ONLY if self.only is None else [self.only]:
            if self.outcome.kept_back is not None:
                return
            require(self.run, name)
            if name in STAGES:
                self._stage(name)
            elif name == "publish":
                self._publish()
            else:
                self._write_profiles()

    def _stage(self, name: str) -> None:
        taken = self.run.snapshot
        tables = ("users", "items", "entities", "events", "reviews") if name == "snapshot" else ()
        counts = {table: getattr(taken, table).num_rows for table in tables}
        before = self.reading if name == "snapshot" else 0.0
        if self._stands(name):
            self._ended(StageReport(name, before, resumed=True, counts=counts))
            self.report(f"{name}: done before")
            return
        start = time.perf_counter()
        self._say(name)
        with artefacts.writing(self.run.folder / name, {"stage": name}) as (partial, _):
            STAGES[name](self.run, partial)
        seconds = time.perf_counter() - start
        self._ended(StageReport(name, before + seconds, resumed=False, counts=counts))
        self.report(f"{name}: {seconds:.1f} s")

    def _stands(self, name: str) -> bool:
        """Whether a stage was done before, and what it left is sound."""
        folder = self.run.folder / name
        if self.only is not None or not artefacts.exists(folder):
            return False
        try:
            artefacts.read_manifest(folder)
        except ArtefactError as error:
            log.warning("stage %s is run again: %s", name, error)
            return False
        return True

    def _publish(self) -> None:
        """Assemble the version's folder, then move the pointer; readers see the old version until that one write.

        A version that is worse than the published one is kept back, unless by :attr:`force`.
        """
        run, outcome, start = self.run, self.outcome, time.perf_counter()
        outcome.figures, outcome.budget = run.figures, self._spent()
        if self.only is None and (done := run.published):
            outcome.version = done
            self._ended(StageReport("publish", 0.0, resumed=True))
            self.report("publish: done before")
            return
        self._say("publish")
        manifest = self._manifest()
        version, figures = manifest["version"], manifest["figures"]
        if not self.force and (kept_back := judged(run, manifest)):
            outcome.version, outcome.kept_back = kept_back.version, kept_back
            self.report(str(kept_back))
            return
        assemble(run, versions.folder(run.store, version), manifest)
        trust(run.store.work, run.texts.config.model if run.texts else None)
        written = written_back(run, version)
        forget_removed_texts(run)
        self.lock.confirm()
        (run.folder / MADE).write_text(version)  # first: who is killed between the two has published nothing
        versions.publish(run.store, version, self.key, {**figures, **written}, undrawn=self.key)
        versions.prune(run.store, keep=run.config.keep)
        versions.sweep(run.store)
        versions.forget_changes(run.store)
        outcome.version = version
        self._ended(StageReport("publish", time.perf_counter() - start, resumed=False))
        self.report(f"published {version}")

    def _manifest(self) -> dict[str, Any]:
        """Of the new version."""
        run, now = self.run, datetime.now(UTC)
        return {
            "version": f"{now:%Y%m%dT%H%M%S}-{self.key[:6]}",
            "key": self.key,
            "created_at": now.isoformat(),
            "snapshot": run.snapshot.fingerprint,
            "settings": self.settings,
            "plan": run.plan.to_dict(),
            "meaning": asdict(run.config.meaning),
            "split": asdict(run.config.split),
            "encoder": run.texts and {"config": asdict(run.texts.config), "fingerprint": run.texts.fingerprint},
            "vectors": run.vectors and run.vectors.space,
            "seed": run.context.seed,
            "choice": run.choice.to_dict(),
            "trials": run.trials,
            "evaluation": run.figures,
            "figures": versions.summary(run.figures),
        }

    def _write_profiles(self) -> None:
        """Profiles follow the pointer: killed before it, a refresh has changed none; killed here, the next goes on."""
        self.lock.confirm()
        run, start = self.run, time.perf_counter()
        self._say("profiles")
        version = self.outcome.version = run.published
        assert version is not None, "it is required before this"
        model = run.model(version)
        config, progress = run.config.profiles, run.context.progress
        follow(run.store, model, config, self.profiling, only=run.plan.people, progress=progress)
        shutil.rmtree(run.folder)
        seconds = time.perf_counter() - start
        if self.outcome.budget is not None:
            self.outcome.budget["took"] = run.budget.gone
        self._ended(StageReport("profiles", seconds, False, {"people": model.snapshot.users.num_rows}))
        self.report(f"profiles: {seconds:.1f} s")

    def _say(self, name: str) -> None:
        """That this begins, how far all is, and how much of a budget is gone."""
        self.report(f"{name} ...")
        if self.run.budget.limited:
            self.report(f"stage {ONLY.index(name) + 1} of {len(ONLY)}, {self.run.budget}")

    def _spent(self) -> dict[str, Any] | None:
        """What became of the budget of a full fit."""
        run = self.run
        if not run.budget.limited or run.plan.fit != "full":
            return None
        measured = run.figures.get("budget") or {}
        return {
            "seconds": run.budget.seconds,
            "took": run.budget.gone,
            "left_out": {name: why for name, why in run.choice.skipped.items() if why != NOTHING_TO_DO},
            "shortened": measured.get("shortened", run.choice.shortened),
        }

    def _ended(self, stage: StageReport) -> None:
        self.outcome.stages.append(stage)
        self.done(stage)
