"""The stages of a refresh. Each leaves one sealed folder, and is not run again while that folder stands.

========  ===========================================================================
stage     what it does
========  ===========================================================================
snapshot  the whole graph as Arrow tables; its fingerprint names the run
embed     vectors of all texts, each different text once
tune      split, hyper-parameters of every part, weights of the fusion: on validation
evaluate  the chosen settings and the simple baselines, measured once on the test part
fit       the chosen settings on everything
segments  groups of people by taste, and what items are called
publish   one version folder, then one pointer
profiles  every person's profile by that version, written to the graph
========  ===========================================================================
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gnn.errors import GnnError
from kg import snapshot as snapshots
from kg.advice import advice
from kg.snapshot import Snapshot
from kg.store import Store
from recommender import artefacts
from recommender.bridge import Builder, Encode, TextVectors, embed, item_phrases
from recommender.budget import Budget
from recommender.context import RunContext
from recommender.errors import InvalidInput
from recommender.evaluation.run import further, measure
from recommender.evaluation.split import Split
from recommender.evaluation.stores import split_snapshot
from recommender.meaning import Events, Meaning, declared_of, meanings_of
from recommender.model import PHRASES, Model, load_vectors, save_segments, save_vectors
from recommender.parts import BASELINES, HYBRID
from recommender.profiles.context import ProfileContext
from recommender.profiles.profile import histories_of
from recommender.profiles.segments import find_segments
from recommender.refresh import versions
from recommender.refresh.config import RefreshConfig
from recommender.refresh.plan import Plan, Warm
from recommender.search import Choice, fit_last, hybrid_of, search
from recommender.texts import Texts
from recommender.trials import Trials
from recommender.tuning import Ahead

log = logging.getLogger(__name__)

FITS = "fits.json"
"""A file that the last fit leaves: networks that a budget made shorter than was chosen."""
PERSON, EVENT = 5e-3, 30e-6
"""Seconds on an idle core of the stages after the last fit, for each person and each event."""
MIN_VALIDATION = 20
"""With fewer people to validate on, or to test on, settings are not tuned and no figures are given."""


@dataclass
class Run:
    """One refresh: a folder named after the graph's content and the configuration, filled stage by stage."""

    store: Store
    folder: Path
    snapshot: Snapshot
    config: RefreshConfig
    context: RunContext
    texts: Texts | None
    plan: Plan
    warm: Warm | None = None
    """What a warm fit begins with; None where everything is fitted anew, or fitted already."""
    budget: Budget = field(default_factory=Budget)
    """Of a full fit: what is left of it when a stage begins bounds that stage."""
    repeated: Trials | None = None
    """What is tried in place of what the budget would allow."""

    @property
    def published(self) -> str | None:
        """The version that it has made, once the pointer names it."""
        current = versions.current(self.store)
        return current["version"] if current and has_made(self.folder, current["version"]) else None

    @property
    def encode(self) -> Encode | None:
        """Texts to vectors; None leaves texts out."""
        return self.texts.encode if self.texts else None

    def model(self, version: str) -> Model:
        """A version that this run has assembled, or that is of the same content."""
        return Model.load(versions.folder(self.store, version), lambda manifest: self.encode)

    @cached_property
    def vectors(self) -> TextVectors | None:
        """What ``embed`` left."""
        return load_vectors(self.folder / "embed")

    @cached_property
    def builder(self) -> Builder:
        """Training data of any part of the snapshot."""
        return Builder(self.snapshot, self.vectors, self.config.meaning)

    @cached_property
    def split(self) -> Split | None:
        """The events divided for tuning and for measuring; None when there are too few to divide."""
        if self.snapshot.events.num_rows < MIN_VALIDATION:
            return None
        wanted = self.config.split
        try:
            split = split_snapshot(self.snapshot, self.builder, wanted, self.config.meaning)
        except InvalidInput as error:
            if wanted.protocol == "random":
                raise
            log.warning("split at random: %s", error)
            split = split_snapshot(self.snapshot, self.builder, replace(wanted, protocol="random"), self.config.meaning)
        return split if len(split.validation) >= MIN_VALIDATION else None

    @cached_property
    def choice(self) -> Choice:
        """What ``tune`` settled on."""
        return Choice.from_dict(json.loads((self.folder / "tune" / "choice.json").read_text()))

    @cached_property
    def tail(self) -> float:
        """Seconds of the stages after the last fit, on an idle core."""
        return float(1.0 + PERSON * self.snapshot.users.num_rows + EVENT * self.snapshot.events.num_rows)

    @cached_property
    def trials(self) -> list[dict[str, Any]]:
        """What was tried and how all was fitted in the end; in a warm refresh that of the last full one."""
        if self.warm is not None:
            return list(self.warm.model.manifest.get("trials", ()))
        made = self.choice.trials
        if made is None:
            return []
        for measured in self.figures.get("trials", ()):
            made = Trials.from_dict(measured, "the figures of this refresh")
        fits = self.folder / "fit" / FITS
        return [made.shortened("all", json.loads(fits.read_text()) if fits.is_file() else {}).to_dict()]

    @cached_property
    def figures(self) -> dict[str, Any]:
        """What ``evaluate`` measured."""
        document: dict[str, Any] = json.loads((self.folder / "evaluate" / "figures.json").read_text())
        return document


def take_snapshot(run: Run, folder: Path) -> None:
    """Write the tables that were read to name the run."""
    snapshots.save(run.snapshot, folder / "snapshot")


def embed_texts(run: Run, folder: Path) -> None:
    """Embed what is not in the cache yet; a graph without texts leaves an empty folder."""
    if run.encode is not None:
        save_vectors(embed(run.snapshot, run.encode), folder)


def tune_parts(run: Run, folder: Path) -> None:
    """Choose configurations and weights on validation; the first ones and equal weights where there is none."""
    if run.warm is not None:
        (folder / "choice.json").write_text(json.dumps(run.warm.model.manifest["choice"], indent=1))
        return
    task = run.split.validation if run.split else _nobody(run)
    # The baselines too, so that the figures have the hybrid beside all of them, tuned under the same budget.
    names = tuple(dict.fromkeys((*HYBRID, *BASELINES)))
    choice, _ = search(
        task,
        run.context,
        others=further(run.split, run.budget, run.repeated) if run.split else (),
        budget=run.budget,
        ahead=_ahead(run, len(task.data.cells)),
        trials=run.repeated,
        names=names,
        alone=BASELINES,
    )
    (folder / "choice.json").write_text(json.dumps(choice.to_dict(), indent=1))


def _ahead(run: Run, train: int) -> Ahead:
    """The last fits, on what the test may know and on everything, the measuring, and the stages after them."""
    whole = len(run.builder().cells) / max(train, 1)
    if run.split is None:
        return Ahead(fits=whole, seconds=run.tail)
    tested = len(run.split.testing) / max(len(run.split.validation), 1)
    return Ahead(fits=whole + len(run.split.refit.cells) / max(train, 1), tests=2 * tested, seconds=run.tail)


def _nobody(run: Run) -> Any:
    from recommender.evaluation.protocol import Task

    data = run.builder()
    empty = data.cells.take(np.zeros(len(data.cells), dtype=bool)).matrix
    return Task.of(data, empty, empty)


def evaluate_parts(run: Run, folder: Path) -> None:
    """Measure on the test part what was chosen on validation; nothing when there is nobody to test.

    A warm fit has the figures of the last full one: what it began with has seen the test part.
    """
    document: dict[str, Any] = {}
    if run.warm is not None:
        document = run.warm.model.manifest["evaluation"]
    elif run.split and len(run.split.testing) >= MIN_VALIDATION:
        everything = run.builder()
        after = sum(run.choice.takes(name, everything) for name in run.choice.fusion.used) + run.tail
        report = measure(run.split, run.context, choice=run.choice, thorough=False, budget=run.budget, after=after)
        document = report.document()
    else:
        log.warning("too few people have something to be tested on, so this version has no figures")
    (folder / "figures.json").write_text(json.dumps(document, indent=1))


def fit_everything(run: Run, folder: Path) -> None:
    """The chosen settings on all events."""
    (folder / "hybrid").mkdir()
    if run.warm is not None:
        hybrid = run.warm.model.hybrid.carried(run.warm.difference.rows, run.builder(), run.context)
    else:
        used = run.choice.fusion.used
        fits = fit_last(run.choice, used, run.builder(), run.context, "all", budget=run.budget, after=run.tail)
        for name, why in fits.failed.items():
            raise GnnError(f"{name}: {why}")
        hybrid = hybrid_of(run.choice, fits.parts)
        (folder / FITS).write_text(json.dumps(fits.shortened, indent=1))
    hybrid.save(folder / "hybrid")


def segment_people(run: Run, folder: Path) -> None:
    """The segments of people, and the keyphrases that name items."""
    data, events = run.builder(), Events.of(run.snapshot.events)
    meanings = meanings_of(events, declared_of(run.snapshot), run.config.meaning)
    _warn(events, meanings, adopted=not run.store.notes_changes)
    phrases = run.warm.phrases(run.snapshot) if run.warm else item_phrases(run.snapshot)
    (folder / PHRASES).write_text(json.dumps(phrases), encoding="utf-8")
    if run.warm is not None:
        save_segments(run.warm.segments(data.item_vectors), folder)
        return
    context = ProfileContext.from_snapshot(
        run.snapshot,
        data.cells,
        data.knowledge,
        meanings,
        meaning_config=run.config.meaning,
        item_vectors=data.item_vectors,
        phrases=phrases,
    )
    histories = histories_of(run.snapshot.users["id"].to_pylist(), events, context, run.config.profiles)
    save_segments(find_segments(histories.faded, context, run.config.profiles.segments), folder)


def _warn(events: Events, meanings: Mapping[str, Meaning], *, adopted: bool) -> None:
    """Say which values cannot be ratings on the scale that was inferred."""
    how = (
        "to name the scale, write scale = [MIN, MAX] in [[event]] of the map, and adopt it again"
        if adopted
        else "to have such rows rejected, declare the scale when they are ingested: " + _scale()
    )
    for code, kind in enumerate(events.kind_names):
        values = events.values[events.kinds == code]
        wrong = np.count_nonzero(np.isnan(meanings[kind].possible(values)) & ~np.isnan(values))
        if wrong:
            log.warning(
                "%d of %d values of %s lie far outside its scale and count as none (%s); %s",
                wrong,
                len(values),
                kind,
                meanings[kind],
                how,
            )


STAGES: dict[str, Callable[[Run, Path], None]] = {
    "snapshot": take_snapshot,
    "embed": embed_texts,
    "tune": tune_parts,
    "evaluate": evaluate_parts,
    "fit": fit_everything,
    "segments": segment_people,
}
"""The stages before ``publish`` and ``profiles``, in their order."""
MADE = "made"
"""A file in the folder of a run, written before the pointer moves: the name of the version that it makes."""


def has_made(folder: Path, version: str | None) -> bool:
    """Whether the run of this folder made ``version``; it has published it where that is what the pointer names."""
    mark = folder / MADE
    return version is not None and mark.is_file() and mark.read_text() == version


def require(run: Run, stage: str) -> None:
    """Check that every stage before ``stage`` is done.

    Raises:
        InvalidInput: names the first that is missing.
    """
    for name in STAGES:
        if name == stage:
            return
        if not artefacts.exists(run.folder / name):
            raise InvalidInput(f"stage {stage!r} needs {name!r} first: run {_only(name)}")
    if stage == "profiles" and run.published is None:
        raise InvalidInput(f"stage 'profiles' needs 'publish' first: run {_only('publish')}")


def _scale() -> str:
    return advice("--scale MIN:MAX", "scale=(MIN, MAX)")


def _only(stage: str) -> str:
    return advice(f"'tastegraph refresh --only {stage}'", f"refresh(only={stage!r})")


def assemble(run: Run, version_folder: Path, manifest: dict[str, Any]) -> None:
    """The version folder: what serving needs of the stages, linked rather than copied where the disk allows it."""
    with artefacts.writing(version_folder, manifest) as (folder, _):
        _link(run.folder / "snapshot" / "snapshot", folder / "snapshot")
        _link(run.folder / "fit" / "hybrid", folder / "hybrid")
        for stage, name in (
            ("embed", "vectors.safetensors"),
            ("segments", PHRASES),
            ("segments", "segments.json"),
            ("segments", "segments.safetensors"),
        ):
            if (run.folder / stage / name).is_file():
                _hard_link(str(run.folder / stage / name), str(folder / name))


def _link(source: Path, target: Path) -> None:
    shutil.copytree(source, target, copy_function=_hard_link)


def _hard_link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
