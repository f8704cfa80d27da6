"""Models side by side: tune on validation, fit the chosen settings for the test, measure once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from gnn.errors import GnnError
from kg import snapshot as snapshots
from kg.progress import tqdm
from kg.snapshot import Snapshot
from kg.store import Store
from recommender.bridge import Builder, Encode, embed
from recommender.context import RunContext
from recommender.data import TrainingData
from recommender.errors import InvalidInput
from recommender.evaluation.files import FilesConfig, split_files
from recommender.evaluation.folds import pooled
from recommender.evaluation.protocol import EvaluationConfig, Scorer, evaluate
from recommender.evaluation.reading import Files
from recommender.evaluation.report import CurvePoint, ModelResult, Report, Skipped
from recommender.evaluation.split import Split
from recommender.evaluation.stores import SplitConfig, split_snapshot
from recommender.fusion import leads
from recommender.meaning import MeaningConfig
from recommender.parts import BASELINES, HYBRID, PARTS
from recommender.parts.base import Part
from recommender.parts.item_item import ItemKNN
from recommender.search import Choice, fit_named, hybrid_of, search
from recommender.tuning import NOTHING_TO_DO, Tuned, check_budget


def models_of(names: Sequence[str] | None) -> list[str]:
    """The names of models to measure; by default the hybrid and the simple baselines.

    Raises:
        InvalidInput: an unknown name; holds the known ones.
    """
    known = ["hybrid", *PARTS]
    chosen = list(names) if names else ["hybrid", *BASELINES]
    for name in chosen:
        if name not in known:
            raise InvalidInput(f"there is no model {name!r}; there are {', '.join(known)}")
    return list(dict.fromkeys(chosen))


def check_asked(names: Sequence[str] | None, ks: Sequence[int], budget: float | None) -> None:
    """What can be seen to be wrong before anything is read.

    Raises:
        InvalidInput: an unknown model, no length of lists or one below 1, or no seconds.
    """
    models_of(names)
    EvaluationConfig(ks=tuple(ks))
    check_budget(budget)


def measure(
    split: Split,
    run: RunContext,
    *,
    names: Sequence[str] | None = None,
    ks: Sequence[int] = (10, 20),
    budget: float | None = None,
    choice: Choice | None = None,
    curve: Sequence[float] = (),
    thorough: bool = True,
) -> Report:
    """Tune, fit and test models on one split.

    Args:
        split: what to tune on, fit on and be judged by.
        run: seed, device, threads.
        names: of the models, see :func:`models_of`.
        ks: lengths of lists.
        budget: seconds of tuning for all models together; None tries every configuration, and judges the best ones on
            further validation parts too (:meth:`recommender.evaluation.split.Split.others`).
        choice: the outcome of an earlier search on this split's validation part, which is then not repeated.
        curve: shares of the training pairs, in (0, 1), to fit on as well, with the settings chosen on all of them.
        thorough: whether lists are measured beyond accuracy and by groups, see :class:`EvaluationConfig`.
    """
    if bad := [share for share in curve if not 0 < share < 1]:
        raise InvalidInput(f"a learning curve has shares between 0 and 1, not {bad[0]:g}")
    wanted = models_of(names)
    if not len(split.testing):
        found = ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in split.counts.items())
        raise InvalidInput(f"nobody has an item to be found in the test part that is not known before ({found})")
    split = _weighed(split, run) if choice is None else split
    parts = [name for name in PARTS if name in wanted or ("hybrid" in wanted and name in HYBRID)]
    alone: dict[str, dict[str, float]] = {}
    if choice is None:
        others = split.others() if budget is None else []
        choice, tuned = search(split.validation, run, others=others, budget=budget, names=parts)
        alone = _train_only(split, choice, tuned, wanted, EvaluationConfig(ks=tuple(ks)))
        del tuned  # parts fitted on train, which are not needed beside those of the final fit
    scorers, seconds, failed = _fitted(choice, split.refit, wanted, run)
    skipped = choice.skipped | failed
    points, failed = _curve(split, choice, wanted, curve, EvaluationConfig(ks=tuple(ks)), run)
    skipped |= {name: reason for name, reason in failed.items() if name not in skipped}
    config = EvaluationConfig(ks=tuple(ks), thorough=thorough)
    results = [
        ModelResult(
            name=name,
            figures=evaluate(scorers[name], split.testing, config, progress=run.progress),
            tune_s=choice.seconds[name],
            fit_s=seconds[name],
            params=choice.fusion.by_name() if name == "hybrid" else choice.params[name],
            train_only=alone.get(name, {}),
        )
        for name in wanted
        if name in scorers
    ]
    return Report(
        protocol=split.protocol,
        models=results,
        counts=split.counts,
        # A part of the hybrid that could not be fitted is missed there, whether or not it was to be shown as well.
        skipped=[Skipped(name, why) for name, why in skipped.items() if name in wanted or why != NOTHING_TO_DO],
        metric=f"ndcg@{ks[0]}",
        curve=[
            *points,
            *(CurvePoint(one.name, 1.0, len(split.refit.cells), one.figures.means) for one in results if curve),
        ],
        facet=split.testing.catalogue.facet if thorough else None,
    )


def _train_only(
    split: Split, choice: Choice, tuned: Mapping[str, Tuned], wanted: Sequence[str], config: EvaluationConfig
) -> dict[str, dict[str, float]]:
    """The means at test of the wanted models as tuning fitted them; none where the final fit sees no more than that."""
    if len(split.refit.cells) == len(split.train.cells):
        return {}
    fitted = {name: part for name in choice.params if (part := tuned[name].part) is not None}
    scorers: dict[str, Scorer] = dict(fitted)
    if "hybrid" in wanted:
        scorers["hybrid"] = hybrid_of(choice, fitted)
    task = replace(split.testing, data=split.train)
    return {name: evaluate(scorers[name], task, config).means for name in wanted if name in scorers}


def _fitted(
    choice: Choice, data: TrainingData, wanted: Sequence[str], run: RunContext
) -> tuple[dict[str, Scorer], dict[str, float], dict[str, str]]:
    """The wanted models fitted with the chosen settings, the seconds that each took, and why some could not be."""
    fitted: dict[str, Part] = {}
    seconds: dict[str, float] = {}
    failed: dict[str, str] = {}
    for name in tqdm(choice.params, desc="fitting", unit="model", disable=not run.progress, leave=False):
        start = time.perf_counter()
        try:
            fitted[name] = fit_named(name, choice.params[name], data, run)
        except GnnError as error:
            failed[name] = str(error)
        seconds[name] = time.perf_counter() - start
    scorers: dict[str, Scorer] = dict(fitted)
    if "hybrid" in wanted:
        hybrid = hybrid_of(choice, fitted)
        scorers["hybrid"] = hybrid
        seconds["hybrid"] = sum(seconds[part.name] for part in hybrid.parts)
    return scorers, seconds, failed


def _curve(
    split: Split,
    choice: Choice,
    wanted: Sequence[str],
    shares: Sequence[float],
    config: EvaluationConfig,
    run: RunContext,
) -> tuple[list[CurvePoint], dict[str, str]]:
    """Each model fitted on a random part of the training pairs, and why some could not be at some share.

    A larger part holds the smaller ones. Vectors of texts are those of all training reviews at every share.
    """
    cells = split.refit.cells
    order = np.random.default_rng(run.seed).permutation(len(cells))
    points: list[CurvePoint] = []
    reasons: dict[str, str] = {}
    for share in sorted(set(shares)):
        part = cells.take(np.sort(order[: max(1, round(share * len(cells)))]))
        data = replace(split.refit, cells=part)
        scorers, _, failed = _fitted(choice, data, wanted, run)
        reasons |= {name: f"on {share:g} of the training pairs: {reason}" for name, reason in failed.items()}
        task = replace(split.testing, data=data)
        points += [
            CurvePoint(name, share, len(part), evaluate(scorers[name], task, config).means)
            for name in wanted
            if name in scorers
        ]
    return points, reasons


def _weighed(split: Split, run: RunContext) -> Split:
    """The split with values as weights where they help a plain item-kNN beyond noise, else every row alike."""
    graded = split.graded()
    if graded is split or not len(split.validation):
        return split
    name = ItemKNN.name
    config = EvaluationConfig(ks=(10,))
    plain, weighed = (
        evaluate(fit_named(name, {}, version.train, run), version.validation, config).per_person["ndcg@10"]
        for version in (split, graded)
    )
    return graded if leads(weighed, plain) else split


def evaluate_store(
    store: Store,
    run: RunContext,
    *,
    encode: Encode | None = None,
    protocol: str = "temporal",
    names: Sequence[str] | None = None,
    ks: Sequence[int] = (10, 20),
    budget: float | None = None,
    meaning: MeaningConfig | None = None,
    curve: Sequence[float] = (),
    folds: int = 5,
) -> Report:
    """:func:`measure` on the events of a graph, split by ``protocol``; all ``folds`` of ``k-fold`` make one report."""
    if protocol == "k-fold" and curve:
        raise InvalidInput("learning curves go with one split, not with the k-fold protocol")
    check_asked(names, ks, budget)
    config = SplitConfig(protocol=protocol, folds=folds)  # type: ignore[arg-type]  # SplitConfig says which there are
    snapshot = snapshots.take(store)
    builder = Builder(snapshot, embed(snapshot, encode) if encode else None, meaning)
    reports, users = [], []
    with run.computing():
        for fold in range(folds if protocol == "k-fold" else 1):
            split = split_snapshot(snapshot, builder, replace(config, fold=fold), meaning)
            reports.append(measure(split, run, names=names, ks=ks, budget=budget, curve=curve))
            users.append(split.testing.users)
    return reports[0] if len(reports) == 1 else pooled(reports, users)


def evaluate_files(
    files: Files,
    run: RunContext,
    *,
    encode: Encode | None = None,
    names: Sequence[str] | None = None,
    ks: Sequence[int] = (10, 20),
    budget: float | None = None,
    config: FilesConfig | None = None,
    curve: Sequence[float] = (),
) -> Report:
    """:func:`measure` on given files; texts of an items file are embedded by ``encode`` where it is given."""
    check_asked(names, ks, budget)

    def build(snapshot: Snapshot) -> Builder:
        return Builder(snapshot, embed(snapshot, encode) if encode else None)

    split = split_files(files, build, config, progress=run.progress)
    with run.computing():
        return measure(split, run, names=names, ks=ks, budget=budget, curve=curve)
