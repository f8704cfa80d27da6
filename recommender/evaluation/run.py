"""Models side by side: tune on validation, fit the chosen settings for the test, measure once."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from kg import snapshot as snapshots
from kg.snapshot import Snapshot
from kg.store import Store
from recommender.bridge import Builder, Encode, embed
from recommender.budget import Budget, check_budget
from recommender.context import RunContext
from recommender.data import TrainingData
from recommender.errors import InvalidInput
from recommender.evaluation.files import FilesConfig, split_files
from recommender.evaluation.folds import pooled
from recommender.evaluation.protocol import EvaluationConfig, Scorer, Task, evaluate
from recommender.evaluation.reading import Files
from recommender.evaluation.report import CurvePoint, ModelResult, Report, Skipped, Spent
from recommender.evaluation.split import Split
from recommender.evaluation.stores import FOLDED, SplitConfig, split_snapshot
from recommender.fusion import leads
from recommender.meaning import MeaningConfig
from recommender.parts import BASELINES, HYBRID, PARTS
from recommender.parts.item_item import ItemKNN
from recommender.search import Choice, LastFits, fit_last, fit_named, hybrid_of, search
from recommender.trials import Trials, only, read_trials
from recommender.tuning import NOTHING_TO_DO, Ahead, Tuned

log = logging.getLogger(__name__)

THOROUGH = 0.2e-3
"""Seconds of measuring a list beyond being right, for each person and model, on an idle core."""


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


def check_asked(names: Sequence[str] | None, ks: Sequence[int], budget: Budget | float | None) -> None:
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
    budget: Budget | float | None = None,
    choice: Choice | None = None,
    trials: Trials | None = None,
    curve: Sequence[float] = (),
    thorough: bool = True,
    after: float = 0.0,
) -> Report:
    """Tune, fit and test models on one split.

    Args:
        split: what to tune on, fit on and be judged by.
        run: seed, device, threads.
        names: of the models, see :func:`models_of`.
        ks: lengths of lists.
        budget: seconds for all of it; None tries every configuration, and judges the best ones on further validation
            parts too (:meth:`recommender.evaluation.split.Split.others`).
        choice: the outcome of an earlier search on this split's validation part, which is then not repeated.
        trials: what is tried in place of what the budget would allow; likewise.
        curve: shares of the training pairs, in (0, 1), to fit on as well, with the settings chosen on all of them.
        thorough: whether lists are measured beyond accuracy and by groups, see :class:`EvaluationConfig`.
        after: seconds of the budget for what comes afterwards.
    """
    if bad := [share for share in curve if not 0 < share < 1]:
        raise InvalidInput(f"a learning curve has shares between 0 and 1, not {bad[0]:g}")
    budget = Budget.of(budget)
    run = run if trials is None else replace(run, seed=trials.seed)
    wanted = models_of(names)
    if not len(split.testing):
        found = ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in split.counts.items())
        raise InvalidInput(f"nobody has an item to be found in the test part that is not known before ({found})")
    split = _weighed(split, run) if choice is None else split
    parts = [name for name in PARTS if name in wanted or ("hybrid" in wanted and name in HYBRID)]
    alone: dict[str, dict[str, float]] = {}
    same = len(split.refit.cells) == len(split.train.cells)
    tuned: dict[str, Tuned] = {}
    if choice is None:
        ahead = _ahead(split, len(wanted), curve, thorough)
        choice, tuned = search(
            split.validation,
            run,
            others=further(split, budget, trials),
            budget=budget,
            ahead=replace(ahead, seconds=ahead.seconds + after),
            trials=trials,
            names=parts,
            alone=[name for name in wanted if name != "hybrid"],
        )
        fitting = sum(choice.takes(name, split.refit) for name in _needed(choice, wanted)) if budget.limited else 0.0
        if not same and budget.left - fitting - after > 2 * _testing(choice, wanted, split):
            alone = _train_only(split, choice, tuned, wanted, EvaluationConfig(ks=tuple(ks)))
    tests = _testing(choice, wanted, split, thorough=thorough)
    scorers, fits = _fitted(choice, split.refit, wanted, run, "test", budget, after + tests, tuned if same else {})
    del tuned  # parts fitted on train, which are not needed beside those of the final fit
    skipped = choice.skipped | fits.failed
    points, failed = _curve(split, choice, wanted, curve, EvaluationConfig(ks=tuple(ks)), run)
    skipped |= {name: reason for name, reason in failed.items() if name not in skipped}
    config = EvaluationConfig(ks=tuple(ks), thorough=thorough)
    if budget.limited:
        log.info("testing %d models; %s", len(scorers), budget)
    results = [
        ModelResult(
            name=name,
            figures=evaluate(scorers[name], split.testing, config, progress=run.progress),
            tune_s=choice.seconds[name],
            fit_s=fits.seconds[name],
            params=choice.fusion.by_name() if name == "hybrid" else choice.params[name],
            validation=choice.validation.get(name),
            train_only=alone.get(name, {}),
        )
        for name in wanted
        if name in scorers
    ]
    written = choice.trials and choice.trials.shortened("test", fits.shortened)
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
        trials=(written,) if written else (),
        spent=_spent(budget, choice, fits),
    )


def further(split: Split, budget: Budget, trials: Trials | None) -> list[Task]:
    """The further validation parts: without a budget as many as there are, under one none, else those of the trials."""
    if trials is not None:
        return split.others(trials.others)
    return [] if budget.limited else split.others()


def _ahead(split: Split, models: int, curve: Sequence[float], thorough: bool) -> Ahead:
    """What follows the tuning: the last fits, and every model on the test part, parts of the hybrid twice."""
    train, refit = len(split.train.cells), len(split.refit.cells)
    people = len(split.testing) / max(len(split.validation), 1)
    grown = refit / max(train, 1)
    return Ahead(
        fits=(0.0 if refit == train else grown) + sum(curve) * grown,
        tests=2 * people * (1 + len(curve)),
        seconds=THOROUGH * len(split.testing) * models if thorough else 0.0,
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


def _needed(choice: Choice, wanted: Sequence[str]) -> list[str]:
    """The parts to be fitted: what is measured alone, and what counts in the hybrid."""
    used = choice.fusion.used if "hybrid" in wanted else []
    return [name for name in choice.params if name in wanted or name in used]


def _spent(budget: Budget, choice: Choice, fits: LastFits) -> Spent | None:
    """What the budget had no time for; None where there was none."""
    if budget.seconds is None:
        return None
    cut = {name: f"its last fit ends after {params['epochs']} epochs" for name, params in fits.shortened.items()}
    said = {
        name: "; ".join(one[name] for one in (choice.shortened, cut) if name in one)
        for name in {**choice.shortened, **cut}
    }
    return Spent(budget.seconds, budget.gone, said)


def _testing(choice: Choice, wanted: Sequence[str], split: Split, *, thorough: bool = False) -> float:
    """Seconds that measuring should take."""
    single = [name for name in choice.params if name in wanted]
    scored = [*single, *(choice.fusion.used if "hybrid" in wanted else ())]
    slow = max(choice.slowness.values(), default=1.0)
    each = sum(choice.scoring.get(name, 0.0) for name in scored) + THOROUGH * slow * len(wanted) * thorough
    return each * len(split.testing)


def _fitted(
    choice: Choice,
    data: TrainingData,
    wanted: Sequence[str],
    run: RunContext,
    where: str,
    budget: Budget | None = None,
    after: float = 0.0,
    tuned: Mapping[str, Tuned] | None = None,
) -> tuple[dict[str, Scorer], LastFits]:
    """The wanted models with the chosen settings, fitted on ``data``, unless ``tuned`` on just that."""
    there = {name: part for name, best in (tuned or {}).items() if (part := best.part) is not None}
    needed = [name for name in _needed(choice, wanted) if name not in there]
    fits = fit_last(choice, needed, data, run, where, budget=budget, after=after)
    fitted = {**there, **fits.parts}
    before = {name: trial.fit_seconds for name in there if (trial := (tuned or {})[name].trial) is not None}
    seconds = {**dict.fromkeys(there, 0.0), **before, **fits.seconds}
    scorers: dict[str, Scorer] = dict(fitted)
    if "hybrid" in wanted:
        hybrid = hybrid_of(choice, fitted)
        scorers["hybrid"] = hybrid
        seconds["hybrid"] = sum(seconds[part.name] for part in hybrid.parts)
    return scorers, replace(fits, seconds=seconds)


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
        scorers, fits = _fitted(choice, data, wanted, run, "curve")
        reasons |= {name: f"on {share:g} of the training pairs: {reason}" for name, reason in fits.failed.items()}
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
    budget: Budget | float | None = None,
    trials: Path | None = None,
    meaning: MeaningConfig | None = None,
    curve: Sequence[float] = (),
    folds: int = 5,
) -> Report:
    """:func:`measure` on the events of a graph, split by ``protocol``; all ``folds`` of ``k-fold``, or cuts of
    ``rolling``, make one report.

    ``budget`` is for all of it, from now on; ``trials`` names a file as :func:`recommender.trials.read_trials` has it.
    """
    if protocol in FOLDED and curve:
        raise InvalidInput(f"learning curves go with one split, not with the {protocol} protocol")
    check_asked(names, ks, budget)
    config = SplitConfig(protocol=protocol, folds=folds)  # type: ignore[arg-type]  # SplitConfig says which there are
    parts = folds if protocol in FOLDED else 1
    repeated = None if trials is None else read_trials(trials)
    for fold in range(parts):
        only(repeated, fold, parts)
    budget = Budget.of(budget)
    snapshot = snapshots.take(store)
    builder = Builder(snapshot, embed(snapshot, encode) if encode else None, meaning)
    reports, users = [], []
    with run.computing():
        for fold in range(parts):
            split = split_snapshot(snapshot, builder, replace(config, fold=fold), meaning)
            own, tried = budget.share(parts - fold), only(repeated, fold, parts)
            reports.append(measure(split, run, names=names, ks=ks, budget=own, trials=tried, curve=curve))
            users.append(split.testing.users)
    report = reports[0] if len(reports) == 1 else pooled(reports, users)
    return replace(report, spent=report.spent and report.spent.of_all(budget))


def evaluate_files(
    files: Files,
    run: RunContext,
    *,
    encode: Encode | None = None,
    names: Sequence[str] | None = None,
    ks: Sequence[int] = (10, 20),
    budget: Budget | float | None = None,
    trials: Path | None = None,
    config: FilesConfig | None = None,
    curve: Sequence[float] = (),
) -> Report:
    """:func:`measure` on given files; texts of an items file are embedded by ``encode`` where it is given."""
    check_asked(names, ks, budget)
    repeated = only(None if trials is None else read_trials(trials), 0, 1)
    budget = Budget.of(budget)

    def build(snapshot: Snapshot) -> Builder:
        return Builder(snapshot, embed(snapshot, encode) if encode else None)

    split = split_files(files, build, config, progress=run.progress)
    with run.computing():
        report = measure(split, run, names=names, ks=ks, budget=budget, trials=repeated, curve=curve)
    return replace(report, spent=report.spent and report.spent.of_all(budget))
