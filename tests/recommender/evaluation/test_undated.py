"""Events without a time: they are for training, and said."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from recommender.errors import InvalidInput
from recommender.evaluation.splits import earlier, leave_last, rolling, temporal

NAN = float("nan")
TIMES = np.array([NAN, *map(float, range(1, 11)), NAN])


def test_a_temporal_split_trains_on_them(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        masks = temporal(TIMES, valid=0.2, test=0.2)
    assert "2 of 12 events have no time" in caplog.text
    assert TIMES[masks.test].tolist() == [9, 10]  # the last fifth of the ten that are dated: from 8.2 on
    assert TIMES[masks.valid].tolist() == [7, 8]
    assert masks.train.tolist() == [True] * 7 + [False] * 4 + [True]
    older = earlier(masks, TIMES)
    assert older.train[[0, -1]].all()


def test_a_rolling_split_keeps_them_in_each_cut() -> None:
    for cut in range(5):
        masks = rolling(TIMES, cut)
        assert masks.train[[0, -1]].all()
        assert masks.test.any()


def test_leave_last_leaves_their_pairs() -> None:
    users, items = np.array([0] * 4 + [1] * 3), np.array([0, 1, 2, 3, 0, 1, 2])
    times = np.array([1.0, 2, 3, NAN, 1, 2, NAN])
    masks = leave_last(users, items, times)
    assert masks.test.tolist() == [False, False, True, False, False, False, False]
    assert masks.valid.tolist() == [False, True, False, False, False, False, False]


@pytest.mark.parametrize("split", [temporal, lambda times: leave_last(times == 0, times == 0, times)])
def test_none_at_all_ask_for_another_protocol(split: object) -> None:
    with pytest.raises(InvalidInput, match="no event has a time"):
        split(np.array([NAN, NAN]))  # type: ignore[operator]
