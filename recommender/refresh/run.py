"""Running the stages in order, going on where a killed refresh stopped; one write swaps the published version."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from kg import snapshot as snapshots
from kg.connection import unattended
from kg.store import Store
from recommender import artefacts
from recommender.context import RunContext
from recommender.errors import ArtefactError, InvalidInput
from recommender.model import Model
from recommender.refresh import versions
from recommender.refresh.config import RefreshConfig
from recommender.refresh.lock import refresh_lock
from recommender.refresh.profiles import write_everyone
from recommender.refresh.stages import PUBLISHED, STAGES, Run, assemble, require
from recommender.texts import Texts

log = logging.getLogger(__name__)

ONLY = (*STAGES, "publish", "profiles")
"""What ``--only`` takes."""


@dataclass(frozen=True)
class StageReport:
    """One stage of one refresh."""

    stage: str
    seconds: float
    resumed: bool
    """Whether an earlier, interrupted refresh had done it already."""


@dataclass
class RefreshReport:
    """What a refresh did."""

    version: str | None = None
    """The version that is published now; None when ``--only`` stopped before."""
    unchanged: bool = False
    """The graph and the configuration are those of the published version; nothing was done."""
    stages: list[StageReport] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    """The evaluation, as :meth:`recommender.evaluation.report.Report.document` gives it."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def refresh(
    store: Store,
    *,
    texts: Texts | None,
    config: RefreshConfig | None = None,
    context: RunContext | None = None,
    only: str | None = None,
    profiling: threading.Lock | None = None,
    report: Callable[[str], None] = log.info,
) -> RefreshReport:
    """Bring the published version up to date with the graph.

    Args:
        store: the graph; its working directory takes the artefacts.
        texts: to vectors; None leaves texts out.
        config: see :class:`RefreshConfig`.
        context: seed, device, threads.
        only: run this stage alone, again if it was done; those before it must be done.
        profiling: held while a person's profile is compared with the graph and written; whoever else does so shares it.
        report: takes one line for people at each stage.

    Raises:
        RefreshRunning: another refresh works in this directory.
        InvalidInput: ``only`` is no stage, or a stage before it is missing; or the graph has no items.
    """
    config, context, profiling = config or RefreshConfig(), context or RunContext(), profiling or threading.Lock()
    if only is not None and only not in ONLY:
        raise InvalidInput(f"there is no stage {only!r}; there are {', '.join(ONLY)}")
    with refresh_lock(store.work), context.computing(), unattended():
        outcome = RefreshReport()
        start = time.perf_counter()
        taken = snapshots.take(store)
        reading = time.perf_counter() - start
        if not taken.items.num_rows:
            raise InvalidInput(f"{store.address} holds no items; ingest some first: tastegraph ingest --help")
        key = _key(taken.fingerprint, texts, config, context)
        folder = _run_folder(store.work, key)
        published = versions.current(store)
        done = published["version"] if published and published["key"] == key else None
        if only is None and done and not (folder / PUBLISHED).exists() and _is_sound(store, done):
            shutil.rmtree(folder)
            outcome.version, outcome.unchanged = done, True
            return outcome
        if only is None and published and not done and (left := _left_behind(store, key, published)):
            shutil.rmtree(folder)
            log.warning(
                "nothing has changed since %s was published, from which was rolled back; to publish it again: "
                "tastegraph models rollback %s",
                left,
                left,
            )
            outcome.version, outcome.unchanged = published["version"], True
            return outcome
        run = Run(store, folder, taken, config, context, texts)
        for name, stage in STAGES.items():
            if only is not None and name != only:
                continue
            if only is not None:
                require(run, name)
            outcome.stages.append(_run_stage(run, name, stage, again=only is not None, report=report))
        if outcome.stages and outcome.stages[0].stage == "snapshot":
            first = outcome.stages[0]
            outcome.stages[0] = StageReport(first.stage, first.seconds + reading, first.resumed)
        if only in (None, "publish"):
            require(run, "publish")
            _publish(run, key, outcome, report, again=only is not None)
            outcome.figures = run.figures
        if only in (None, "profiles"):
            require(run, "profiles")
            _write_profiles(run, outcome, profiling, report)
        return outcome


def _key(fingerprint: str, texts: Texts | None, config: RefreshConfig, context: RunContext) -> str:
    """Names a run by everything that decides its result, this program among it."""
    decisive = {
        "program": metadata.version("tastegraph"),
        "format": artefacts.FORMAT,
        "snapshot": fingerprint,
        "encoder": texts.fingerprint if texts else None,
        "config": {name: value for name, value in asdict(config).items() if name not in ("encoder", "keep")},
        "seed": context.seed,
    }
    text = json.dumps(decisive, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _is_sound(store: Store, version: str) -> bool:
    """Whether a version can be served; a damaged one is made again."""
    try:
        artefacts.read_manifest(versions.folder(store, version))
    except ArtefactError as error:
        log.warning("the published version %s is made again: %s", version, error)
        return False
    return True


def _left_behind(store: Store, key: str, published: dict[str, Any]) -> str | None:
    """A sound version of the same content that is newer than the published one: somebody rolled back from it."""
    newer = [row for row in versions.listing(store) if row["created_at"] > published["created_at"]]
    found = [row["version"] for row in newer if row["key"] == key and row["complete"]]
    return next((version for version in found if _is_sound(store, version)), None)


def _run_folder(work: Path, key: str) -> Path:
    """The folder of this run. Runs of a graph that has changed since are of no more use and are removed."""
    runs = work / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    for other in runs.iterdir():
        if other.name != key:
            shutil.rmtree(other)
    folder = runs / key
    folder.mkdir(exist_ok=True)
    return folder


def _run_stage(
    run: Run, name: str, stage: Callable[[Run, Path], None], *, again: bool, report: Callable[[str], None]
) -> StageReport:
    folder = run.folder / name
    if artefacts.exists(folder) and not again:
        try:
            artefacts.read_manifest(folder)
        except ArtefactError as error:
            log.warning("stage %s is run again: %s", name, error)
        else:
            report(f"{name}: done before")
            return StageReport(name, 0.0, resumed=True)
    start = time.perf_counter()
    report(f"{name} ...")
    with artefacts.writing(folder, {"stage": name}) as (partial, _):
        stage(run, partial)
    seconds = time.perf_counter() - start
    report(f"{name}: {seconds:.1f} s")
    return StageReport(name, seconds, resumed=False)


def _publish(run: Run, key: str, outcome: RefreshReport, report: Callable[[str], None], *, again: bool) -> None:
    """Assemble the version's folder, then move the pointer; readers see the old version until that one write."""
    start = time.perf_counter()
    mark = run.folder / PUBLISHED
    if mark.exists() and not again:
        outcome.version = mark.read_text()
        outcome.stages.append(StageReport("publish", 0.0, resumed=True))
        report("publish: done before")
        return
    report("publish ...")
    version = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{key[:6]}"
    figures = versions.summary(run.figures)
    manifest = {
        "version": version,
        "key": key,
        "created_at": datetime.now(UTC).isoformat(),
        "snapshot": run.snapshot.fingerprint,
        "meaning": asdict(run.config.meaning),
        "encoder": run.texts and {"config": asdict(run.texts.config), "fingerprint": run.texts.fingerprint},
        "seed": run.context.seed,
        "choice": run.choice.to_dict(),
        "evaluation": run.figures,
        "figures": figures,
    }
    assemble(run, versions.folder(run.store, version), manifest)
    versions.publish(run.store, version, key, figures)
    mark.write_text(version)
    versions.prune(run.store, keep=run.config.keep)
    versions.sweep(run.store)
    outcome.version = version
    outcome.stages.append(StageReport("publish", time.perf_counter() - start, resumed=False))
    report(f"published {version}")


def _write_profiles(run: Run, outcome: RefreshReport, profiling: threading.Lock, report: Callable[[str], None]) -> None:
    """Profiles follow the pointer: killed before it, a refresh has changed none; killed here, the next one goes on."""
    start = time.perf_counter()
    report("profiles ...")
    outcome.version = (run.folder / PUBLISHED).read_text()
    model = Model.load(versions.folder(run.store, outcome.version), lambda manifest: run.encode)
    write_everyone(run.store, model, run.config.profiles, profiling, progress=run.context.progress)
    shutil.rmtree(run.folder)
    outcome.stages.append(StageReport("profiles", time.perf_counter() - start, resumed=False))
    report(f"profiles: {outcome.stages[-1].seconds:.1f} s")
