"""Folds as one report, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.errors import InvalidInput
from recommender.evaluation.folds import pooled
from recommender.evaluation.groups import GroupFigure
from recommender.evaluation.protocol import Figures
from recommender.evaluation.report import ModelResult, Report
from recommender.evaluation.run import evaluate_store
from tests.running import RUN


def report(
    values: list[float], coverage: float, users: list[int], names: tuple[str, ...] = ("a", "b"), group: str = "no items"
) -> Report:
    figure = GroupFigure("activity", group, "ndcg@10", np.array(users), np.array(values))
    per_person = {f"{name}@10": np.array(values) for name in ("recall", "ndcg", "mrr", "hit")}
    means = {name: float(np.nanmean(own)) for name, own in per_person.items()} | {"coverage@10": coverage}
    figures = Figures(means, per_person, np.zeros((len(values), 10), np.int64), 1.0, (figure,))
    return Report(
        "k-fold",
        [ModelResult(name, figures, 2.0, 3.0, {"x": coverage}, {"ndcg@10": coverage}) for name in names],
        {"test_pairs": 7},
    )


def test_a_person_counts_once_by_the_mean_of_their_folds() -> None:
    folds = [report([1.0, 0.5, np.nan], 0.2, [0, 4, 5]), report([0.0, 0.25], 0.4, [4, 9])]
    found = pooled(folds, [np.array([0, 4, 5]), np.array([4, 9])])
    (first, _) = found.models
    # person 0: 1; person 4: (.5 + 0) / 2; person 5 has no value; person 9: .25
    np.testing.assert_array_equal(first.figures.per_person["ndcg@10"], [1.0, 0.25, np.nan, 0.25])
    assert first.figures.means["ndcg@10"] == pytest.approx(0.5)
    assert first.figures.means["coverage@10"] == pytest.approx(0.3)
    assert (first.tune_s, first.fit_s, first.figures.seconds) == (4.0, 6.0, 2.0)
    assert first.params == {"fold 1": {"x": 0.2}, "fold 2": {"x": 0.4}}
    assert first.train_only == {"ndcg@10": pytest.approx(0.3)}
    (group,) = first.figures.groups
    assert group.users.tolist() == [0, 4, 5, 9], "in a group, too"
    assert (group.people, group.value) == (4, pytest.approx(0.5))
    assert found.counts == {"folds": 2, "test_pairs": 14}
    assert found.compared[0].difference.mean == 0


def test_a_person_may_be_in_one_group_in_one_fold_and_in_another_in_the_next() -> None:
    folds = [report([1.0, 0.5], 0.2, [0, 4]), report([0.0], 0.4, [4], group="1-4 items")]
    few, more = pooled(folds, [np.array([0, 4]), np.array([4])]).models[0].figures.groups
    assert (few.group, few.people, few.value) == ("no items", 2, 0.75)
    assert (more.group, more.people, more.value) == ("1-4 items", 1, 0.0)


def test_a_model_that_a_fold_skipped_has_no_figures() -> None:
    folds = [report([1.0], 0.1, [0]), report([1.0], 0.1, [0], names=("a",))]
    assert [model.name for model in pooled(folds, [np.array([0]), np.array([0])]).models] == ["a"]


def test_learning_curves_need_one_split() -> None:
    with pytest.raises(InvalidInput, match="k-fold"):
        evaluate_store(None, RUN, protocol="k-fold", curve=(0.5,))  # type: ignore[arg-type]
