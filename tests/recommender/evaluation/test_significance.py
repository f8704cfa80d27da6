"""Intervals and tests say what theory says, and a difference is seen where there is one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from recommender.errors import InvalidInput
from recommender.evaluation.significance import compare, holm, interval, p_value


def test_the_interval_of_a_mean_is_that_of_normal_theory() -> None:
    values = np.random.default_rng(1).normal(0.3, 0.2, size=4000)
    estimate = interval(values, draws=4000)
    margin = 1.96 * values.std() / math.sqrt(len(values))
    assert estimate.mean == pytest.approx(values.mean())
    assert (estimate.low, estimate.high) == pytest.approx(
        (values.mean() - margin, values.mean() + margin), abs=margin / 10
    )
    assert interval(values, seed=1) == interval(values, seed=1)


def test_the_p_of_a_randomisation_is_that_of_the_paired_t_test() -> None:
    generator = np.random.default_rng(3)
    for shift in (0.0, 0.01, 0.03):
        differences = generator.normal(shift, 0.2, size=600)
        expected = stats.ttest_1samp(differences, 0.0).pvalue
        assert p_value(differences, draws=20_000) == pytest.approx(expected, abs=0.02)


def test_the_exact_p_of_four_people() -> None:
    """Of the 16 signs, 2 make a mean as large as that of four equal differences; NaN is nobody."""
    assert p_value(np.array([1.0, 1.0, 1.0, 1.0, np.nan]), draws=40_000) == pytest.approx(2 / 16, abs=0.01)
    assert p_value(np.array([np.nan])) == 1.0
    assert p_value(np.ones(500), draws=99) == 1 / 100, "what was seen is one of the draws: never 0"


def test_a_paired_difference_is_seen_where_the_means_overlap() -> None:
    generator = np.random.default_rng(2)
    people = generator.random(500)
    better, worse = people + 0.01 + generator.normal(0, 0.02, 500), people
    assert interval(better).low < interval(worse).high
    up, same = compare(("a", better), [("b", worse), ("c", better)])
    assert (up.model, up.than) == ("a", "b")
    assert up.difference.low > 0
    assert up.p < 0.001
    assert (same.difference.mean, same.p) == (0.0, 1.0)
    (down,) = compare(("b", worse), [("a", better)])
    assert down.difference.high < 0


def test_many_comparisons_raise_each_p() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(InvalidInput, match="3 and 4 people"):
        compare(("a", np.ones(3)), [("b", np.ones(4))])
