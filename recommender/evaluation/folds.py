"""The reports of several folds as one: each person counts once, by the mean over the folds that test them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recommender.evaluation import metrics
from recommender.evaluation.groups import GroupFigure
from recommender.evaluation.protocol import Figures
from recommender.evaluation.report import ModelResult, Report


def pooled(reports: Sequence[Report], users: Sequence[np.ndarray]) -> Report:
    """One report of the same models on several folds; seconds add up, and every fold keeps its settings.

    Args:
        reports: of one split each.
        users: of each, the dense ids of the people tested, in the order of its figures.
    """
    by_name = [{model.name: model for model in report.models} for report in reports]
    people = np.unique(np.concatenate(users))
    models = []
    for name in by_name[0]:
        own = [found[name] for found in by_name if name in found]
        if len(own) < len(reports):
            continue
        figures = [model.figures for model in own]
        per_person = {
            metric: _mean([one.per_person[metric] for one in figures], users, people)
            for metric in figures[0].per_person
        }
        means = {
            metric: metrics.mean(per_person[metric])
            if metric in per_person
            else float(np.mean([one.means[metric] for one in figures]))
            for metric in figures[0].means
        }
        models.append(
            ModelResult(
                name=name,
                figures=Figures(
                    means=means,
                    per_person=per_person,
                    top=np.concatenate([one.top for one in figures]),
                    seconds=sum(one.seconds for one in figures),
                    groups=_groups([one.groups for one in figures]),
                ),
                tune_s=sum(model.tune_s for model in own),
                fit_s=sum(model.fit_s for model in own),
                params={f"fold {number}": dict(model.params) for number, model in enumerate(own, start=1)},
                train_only={
                    metric: float(np.mean([model.train_only.get(metric, np.nan) for model in own]))
                    for metric in own[0].train_only
                },
            )
        )
    counted = {"folds": len(reports), "test_pairs": sum(report.counts.get("test_pairs", 0) for report in reports)}
    skipped = {one.name: one for report in reports for one in report.skipped}
    return replace(
        reports[0],
        models=models,
        counts=counted,
        skipped=list(skipped.values()),
        curve=(),
        trials=tuple(trials for report in reports for trials in report.trials),
    )


def _mean(values: Sequence[np.ndarray], users: Sequence[np.ndarray], people: np.ndarray) -> np.ndarray:
    """The mean over folds of each of ``people``, NaN where no fold has a value."""
    rows = np.searchsorted(people, np.concatenate(users))
    joined = np.concatenate(values)
    known = ~np.isnan(joined)
    counts = np.bincount(rows[known], minlength=len(people))
    total = np.bincount(rows[known], joined[known], len(people))
    found: np.ndarray = np.divide(total, counts, out=np.full(len(people), np.nan), where=counts > 0)
    return found


def _groups(folds: Sequence[Sequence[GroupFigure]]) -> tuple[GroupFigure, ...]:
    """Each group of all folds: a person counts once in every group that they are in, by the mean of those folds."""
    found: dict[tuple[str, str, str], list[GroupFigure]] = {}
    for figure in (one for fold in folds for one in fold):
        found.setdefault((figure.grouping, figure.group, figure.metric), []).append(figure)
    pooled = []
    for own in found.values():
        users = [one.users for one in own]
        people = np.unique(np.concatenate(users))
        pooled.append(replace(own[0], users=people, values=_mean([one.values for one in own], users, people)))
    return tuple(pooled)
