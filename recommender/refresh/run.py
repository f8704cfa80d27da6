"""Running the stages in order, going on where a killed refresh stopped; one write swaps the published version."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from kg.connection import unattended
from kg.snapshot import Snapshot
from kg.store import Store
from recommender import artefacts
from recommender.context import RunContext
from recommender.errors import ArtefactError, InvalidInput
from recommender.refresh import versions
from recommender.refresh.config import AFTERWARDS, RefreshConfig
from recommender.refresh.guard import KeptBack, judged
from recommender.refresh.lock import Lock, refresh_lock
from recommender.refresh.plan import Plan
from recommender.refresh.planner import Planner
from recommender.refresh.profiles import write_everyone
from recommender.refresh.removed import drop_interests_of_nobody, forget_removed_texts
from recommender.refresh.stages import PUBLISHED, STAGES, Run, assemble, require
from recommender.refresh.write_back import drop_others, written_as_asked_for, written_back
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
    counts: dict[str, int] = field(default_factory=dict)
    """How much it read or wrote."""


Done = Callable[[StageReport], None]
"""Takes each stage that has ended."""


@dataclass
class RefreshReport:
    """What a refresh did."""

    version: str | None = None
    """The version that is published now; None when ``--only`` stopped before."""
    unchanged: bool = False
    """The graph and the configuration are those of the published version; nothing was done."""
    kept_back: KeptBack | None = None
    """Why the new version was not published, where it was not; what was made is kept, and ``force`` publishes it."""
    fit: str | None = None
    """``full``: everything was fitted anew; ``warm``: the version before was brought up to what has changed."""
    why: str | None = None
    """What asked for a full fit, or how little has changed."""
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
    full: bool = False,
    force: bool = False,
    profiling: threading.Lock | None = None,
    report: Callable[[str], None] = log.info,
    done: Done = lambda stage: None,
) -> RefreshReport:
    """Bring the published version up to date with the graph.

    Args:
        store: the graph; its working directory takes the artefacts.
        texts: to vectors; None leaves texts out.
        config: see :class:`RefreshConfig`.
        context: seed, device, threads.
        only: run this stage alone, again if it was done; those before it must be done.
        full: read the whole graph and fit everything anew, whatever has changed.
        force: publish even what :mod:`recommender.refresh.guard` would keep back.
        profiling: held while a person's profile is compared with the graph and written; whoever else does so shares it.
        report: takes one line for people at each stage.
        done: takes each stage that has ended.

    Raises:
        RefreshRunning: another refresh of this graph is running.
        InvalidInput: ``only`` is no stage, or a stage before it is missing; or the graph has no items.
    """
    config, context, profiling = config or RefreshConfig(), context or RunContext(), profiling or threading.Lock()
    if only is not None and only not in ONLY:
        raise InvalidInput(f"there is no stage {only!r}; there are {', '.join(ONLY)}")
    with unattended(), refresh_lock(store) as lock, context.computing():
        start = time.perf_counter()
        store.catch_up()
        published = versions.current(store)
        settings = _settings(texts, config, context)
        planner = Planner(store, published["version"] if published else None, settings, config.drift, context.seed)
        taken = planner.read(whole=full)
        if not taken.items.num_rows:
            raise InvalidInput(f"{store.address} holds no items; ingest some first: tastegraph ingest --help")
        key = _key(taken.fingerprint, settings)
        unfinished = _left_unfinished(store.work, key)
        folder = _run_folder(store.work, key)
        if only is None and not full and (version := _unchanged(store, key, published, folder)):
            written_as_asked_for(Run(store, folder, taken, config, context, texts, Plan("full", "")), key)
            return RefreshReport(version=version, unchanged=True)
        plan, warm = planner.plan(taken, folder, full=full)
        if plan.fit == "full" and planner.updated:  # by the difference no more is found than was noted
            taken = planner.read(whole=True)
            key = _key(taken.fingerprint, settings)
            folder = _run_folder(store.work, key)
        if unfinished:  # nobody knows any more whose profiles the version that was published then lacks
            plan = replace(plan, people=None)
        plan.save(folder)
        reading = time.perf_counter() - start
        report(f"{plan.fit} fit: {plan.why}")
        run = Run(store, folder, taken, config, context, texts, plan, warm)
        outcome = RefreshReport(fit=plan.fit, why=plan.why)

        def note(stage: StageReport) -> None:
            outcome.stages.append(stage)
            done(stage)

        for name, stage in STAGES.items():
            if only is not None and name != only:
                continue
            if only is not None:
                require(run, name)
            ended = _run_stage(run, name, stage, again=only is not None, report=report)
            note(_with_reading(ended, taken, reading) if name == "snapshot" else ended)
        if only in (None, "publish"):
            require(run, "publish")
            outcome.figures = run.figures
            _publish(run, key, settings, outcome, lock, note, report, again=only is not None, force=force)
        if only in (None, "profiles") and outcome.kept_back is None:
            require(run, "profiles")
            lock.confirm()
            _write_profiles(run, outcome, note, profiling, report)
        return outcome


def _unchanged(store: Store, key: str, published: dict[str, Any] | None, folder: Path) -> str | None:
    """The published version, where there is nothing to do: it is of this very content, or was preferred to one that is.

    What was left of the run is removed then.
    """
    if published is None:
        return None
    version = str(published["version"])
    if published["key"] == key:
        if (folder / PUBLISHED).exists() or not _is_sound(store, version):
            return None
    elif left := _left_behind(store, key, published):
        log.warning(
            "nothing has changed since %s was published, from which was rolled back; to publish it again: "
            "tastegraph models rollback %s",
            left,
            left,
        )
    else:
        return None
    shutil.rmtree(folder)
    return version


def _settings(texts: Texts | None, config: RefreshConfig, context: RunContext) -> str:
    """Names everything but the graph that decides a result, this program among it."""
    decisive = {
        "program": metadata.version("tastegraph"),
        "format": artefacts.FORMAT,
        "encoder": texts.fingerprint if texts else None,
        "config": {name: value for name, value in asdict(config).items() if name not in AFTERWARDS},
        "seed": context.seed,
    }
    return _named(json.dumps(decisive, sort_keys=True, default=str))


def _key(fingerprint: str, settings: str) -> str:
    """Names a run by the graph and the settings."""
    return _named(f"{settings} {fingerprint}")


def _named(text: str) -> str:
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


def _left_unfinished(work: Path, key: str) -> bool:
    """Whether another run was killed after it published and before all profiles were written."""
    return any(mark.parent.name != key for mark in (work / "runs").glob(f"*/{PUBLISHED}"))


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


def _with_reading(stage: StageReport, taken: Snapshot, seconds: float) -> StageReport:
    """The first stage: the graph was read before it, to name the run."""
    counts = {name: getattr(taken, name).num_rows for name in ("users", "items", "entities", "events", "reviews")}
    return replace(stage, seconds=stage.seconds + seconds, counts=counts)


def _publish(
    run: Run,
    key: str,
    settings: str,
    outcome: RefreshReport,
    lock: Lock,
    note: Done,
    report: Callable[[str], None],
    *,
    again: bool,
    force: bool,
) -> None:
    """Assemble the version's folder, then move the pointer; readers see the old version until that one write.

    A version that is worse than the published one is kept back, unless by ``force``.
    """
    start = time.perf_counter()
    mark = run.folder / PUBLISHED
    if mark.exists() and not again:
        outcome.version = mark.read_text()
        note(StageReport("publish", 0.0, resumed=True))
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
        "settings": settings,
        "plan": run.plan.to_dict(),
        "meaning": asdict(run.config.meaning),
        "split": asdict(run.config.split),
        "encoder": run.texts and {"config": asdict(run.texts.config), "fingerprint": run.texts.fingerprint},
        "seed": run.context.seed,
        "choice": run.choice.to_dict(),
        "evaluation": run.figures,
        "figures": figures,
    }
    if not force and (kept_back := judged(run, manifest)):
        outcome.version, outcome.kept_back = kept_back.version, kept_back
        report(str(kept_back))
        return
    assemble(run, versions.folder(run.store, version), manifest)
    written = written_back(run, version)
    forget_removed_texts(run)
    lock.confirm()
    versions.publish(run.store, version, key, {**figures, **written})
    mark.write_text(version)
    versions.prune(run.store, keep=run.config.keep)
    versions.sweep(run.store)
    versions.forget_changes(run.store)
    outcome.version = version
    note(StageReport("publish", time.perf_counter() - start, resumed=False))
    report(f"published {version}")


def _write_profiles(
    run: Run, outcome: RefreshReport, note: Done, profiling: threading.Lock, report: Callable[[str], None]
) -> None:
    """Profiles follow the pointer: killed before it, a refresh has changed none; killed here, the next one goes on."""
    start = time.perf_counter()
    report("profiles ...")
    outcome.version = (run.folder / PUBLISHED).read_text()
    model = run.model(outcome.version)
    config, progress = run.config.profiles, run.context.progress
    write_everyone(run.store, model, config, profiling, only=run.plan.people, progress=progress)
    drop_others(run.store, kept=outcome.version)
    drop_interests_of_nobody(run.store)
    shutil.rmtree(run.folder)
    note(StageReport("profiles", time.perf_counter() - start, False, {"people": model.snapshot.users.num_rows}))
    report(f"profiles: {outcome.stages[-1].seconds:.1f} s")
