"""The table of the rolling cuts by hand: who is compared with what, and a person of two cuts counts once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.bench_rolling import Cell, _alone, cells_of, compared


def cell(people: dict[str, list[int]], **models: tuple[float | None, list[float]]) -> dict[str, Any]:
    return {
        "groups": people,
        "models": {name: {"validation": value, "ndcg@10": own} for name, (value, own) in models.items()},
    }


def test_the_best_on_validation_is_compared_with_and_a_person_counts_once() -> None:
    """Person 1 gains .2 and 0 in the two cuts, person 2 nothing, person 5 loses .1, all beside .3, .2 and .4."""
    first = cell(
        {"without a history": [2], "with a history": [1]},
        hybrid=(None, [0.6, 0.2]),
        ease=(0.3, [0.4, 0.2]),
        popularity=(0.2, [0.9, 0.9]),
    )
    second = cell(
        {"with a history": [1, 5]},
        hybrid=(None, [0.2, 0.3]),
        ease=(0.1, [0.9, 0.9]),
        popularity=(0.2, [0.2, 0.4]),
    )
    mean, low, high = compared([first, second], ("ease", "popularity", "ials"), "ndcg@10")
    differences, unit = np.array([0.1, 0.0, -0.1]), np.mean([0.3, 0.2, 0.4])
    assert mean == pytest.approx(differences.mean() / unit, abs=1e-12)
    assert low == pytest.approx(-0.1 / unit) == -high


def test_one_part_alone_but_for_the_floor() -> None:
    assert _alone({"ease": 2.0, "content": 0.04, "network": 0.0})
    assert not _alone({"ease": 2.0, "content": 0.05, "network": 0.0})


def test_each_split_of_each_budget_is_kept_apart() -> None:
    cells = cells_of(["ml-100k", "lastfm-kg"], [30.0, None])
    assert len(cells) == 2 * (5 + 1) == len({one.path for one in cells})
    assert Cell("ml-100k", 4, None).path.name == "ml-100k.4.none.json"
