"""One refresh: read the graph, name the run by it, plan, and go on where a killed refresh of the same stopped."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from kg.access import make_folder
from kg.advice import advice, option
from kg.connection import unattended
from kg.folders import remove_all
from kg.store import Store
from recommender import artefacts
from recommender.budget import Budget
from recommender.context import RunContext
from recommender.errors import ArtefactError, InvalidInput
from recommender.inspection.kinds import summaries
from recommender.meaning import Events, declared_of
from recommender.memory import Memory
from recommender.refresh import versions
from recommender.refresh.config import AFTERWARDS, RefreshConfig
from recommender.refresh.course import ONLY, Course
from recommender.refresh.lock import refresh_lock
from recommender.refresh.plan import Plan
from recommender.refresh.planner import Planner
from recommender.refresh.profiles import follow
from recommender.refresh.report import Done, RefreshReport
from recommender.refresh.stages import Run, has_made
from recommender.refresh.write_back import written_as_asked_for
from recommender.texts import Texts
from recommender.trials import Trials, read_trials
from recommender.trials import only as of_fold

log = logging.getLogger(__name__)


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
    budget: Budget | None = None,
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
        budget: where somebody has been waiting already, the one that ``config.tune_seconds`` would begin now.
        report: takes one line for people at each stage.
        done: takes each stage that has ended.

    Raises:
        RefreshRunning: another refresh of this graph is running.
        InvalidInput: ``only`` is no stage, or a stage before it is missing; or the graph has no items.
    """
    config, context, profiling = config or RefreshConfig(), context or RunContext(), profiling or threading.Lock()
    if only is not None and only not in ONLY:
        raise InvalidInput(f"there is no stage {only!r}; there are {', '.join(ONLY)}")
    trials = None if config.trials is None else of_fold(read_trials(config.trials), 0, 1)
    if trials is not None:  # no clock decides then
        config, context, budget = replace(config, tune_seconds=None), replace(context, seed=trials.seed), Budget()
    budget = budget or Budget(config.tune_seconds)
    with unattended(), refresh_lock(store) as lock, context.computing():
        start = time.perf_counter()
        warnings = store.catch_up().get("warnings", [])
        published = versions.current(store)
        settings = _settings(texts, config, context, trials)
        planner = Planner(store, published["version"] if published else None, settings, config.drift, context.seed)
        taken = planner.read(whole=full)
        if not taken.items.num_rows:
            raise InvalidInput(
                f"{store.address} holds no items; ingest some first: " + advice("tastegraph ingest --help", "ingest()")
            )
        key = _key(taken.fingerprint, settings)
        folder = _run_folder(store, key)
        undrawn = published["undrawn"] if published else None
        if only is None and not full and (version := _unchanged(store, key, published, folder)):
            run = Run(store, folder, taken, config, context, texts, Plan("full", ""))
            if undrawn is not None:
                report("profiles ...")
                follow(store, run.model(version), config.profiles, profiling, progress=context.progress)
            written_as_asked_for(run, key)
            return RefreshReport(version=version, unchanged=True, warnings=warnings)
        plan, warm = planner.plan(taken, folder, full=full)
        if plan.fit == "full" and planner.updated:  # by the difference no more is found than was noted
            taken = planner.read(whole=True)
            key = _key(taken.fingerprint, settings)
            folder = _run_folder(store, key)
        if undrawn not in (None, key):  # nobody knows any more whose profiles the published version has not drawn
            plan = replace(plan, people=None)
        plan.save(folder)
        kinds = summaries(Events.of(taken.events), declared_of(taken), config.meaning)
        report(f"{plan.fit} fit: {plan.why}")
        if budget.limited and plan.fit == "full":
            report(
                f"a budget of {budget.seconds:g} s: what it gives depends on the machine, and "
                f"only {option('trials')} repeats it"
            )
        course = Course(
            Run(store, folder, taken, config, context, texts, plan, warm, budget, trials),
            key,
            settings,
            lock,
            profiling,
            report,
            done,
            only=only,
            force=force,
            reading=time.perf_counter() - start,
            outcome=RefreshReport(fit=plan.fit, why=plan.why, kinds=kinds, warnings=warnings),
        )
        course.go()
        return course.outcome


def _unchanged(store: Store, key: str, published: dict[str, Any] | None, folder: Path) -> str | None:
    """The published version, where there is nothing to do: it is of this very content, or was preferred to one that is.

    What was left of the run is removed then.
    """
    if published is None:
        return None
    version = str(published["version"])
    if published["key"] == key:
        if (published["undrawn"] == key and has_made(folder, version)) or not _is_sound(store, version):
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


def _settings(texts: Texts | None, config: RefreshConfig, context: RunContext, trials: Trials | None) -> str:
    """Names everything but the graph that decides a result, this program among it."""
    repeated: dict[str, Any] = {} if trials is None else {"trials": trials.to_dict()}
    if isinstance(context.memory, Memory) and context.memory.said:
        repeated["memory"] = context.memory.said  # by which parts are left out, or stand in for others
    decisive = {
        "program": metadata.version("tastegraph"),
        "format": artefacts.FORMAT,
        "encoder": texts.fingerprint if texts else None,
        "config": {name: value for name, value in asdict(config).items() if name not in (*AFTERWARDS, "trials")},
        "seed": context.seed,
        **repeated,
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


def _run_folder(store: Store, key: str) -> Path:
    """The folder of this run. Runs of a graph that has changed since are of no more use and are removed."""
    folder: Path = store.work / "runs" / key
    make_folder(folder.parent)
    others, _ = versions.runs(store)
    for other in others:
        for place, why in (remove_all(other) if other.name != key else {}).items():
            log.warning("%s, which an earlier refresh has left, cannot be removed: %s", place, why)
    make_folder(folder)
    return folder
