"""Splits with planted answers: who goes where, and that no part of the future is trained on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.errors import InvalidInput
from recommender.evaluation import splits
from recommender.evaluation.splits import Masks


def assert_partition(masks: Masks) -> None:
    assert (masks.train.astype(int) + masks.valid + masks.test == 1).all()


def test_temporal_cuts_at_two_moments() -> None:
    times = np.array([9.0, 0.0, 8.0, 1.0, 7.0, 2.0, 6.0, 3.0, 5.0, 4.0])
    masks = splits.temporal(times, valid=0.2, test=0.1)
    assert_partition(masks)
    assert times[masks.test].tolist() == [9.0]
    assert sorted(times[masks.valid]) == [7.0, 8.0]
    assert (masks.valid_from, masks.test_from) == (7.0, 9.0)


def test_events_of_one_moment_stay_together() -> None:
    times = np.array([0.0] * 5 + [1.0] * 4 + [2.0] * 1)
    masks = splits.temporal(times, valid=0.3, test=0.1)
    assert masks.valid.tolist() == [False] * 5 + [True] * 4 + [False]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=30, max_size=200, unique=True))
def test_nothing_in_train_is_later_than_the_split(values: list[int]) -> None:
    times = np.array(values, dtype=float)
    masks = splits.temporal(times)
    assert_partition(masks)
    assert times[masks.train].max() < times[masks.valid].min() == masks.valid_from
    assert times[masks.valid].max() < times[masks.test].min() == masks.test_from
    assert masks.test.sum() == pytest.approx(len(times) / 10, abs=1)


def test_rolling_cuts_by_hand() -> None:
    """Of a hundred moments the third cut knows seventy, whose last seven validate; the next ten are tested."""
    times = np.random.default_rng(0).permutation(100).astype(float)
    for number, known in enumerate((50, 60, 70, 80, 90)):
        masks = splits.rolling(times, number)
        assert sorted(times[masks.train]) == list(range(known - known // 10))
        assert sorted(times[masks.valid]) == list(range(known - known // 10, known))
        assert sorted(times[masks.test]) == list(range(known, known + 10))
    back = splits.earlier(splits.rolling(times, 2), times)
    assert sorted(times[back.valid]) == list(range(56, 63))


@pytest.mark.parametrize("times", [[1.0, np.nan, 3.0], [5.0] * 100])
def test_without_usable_times_the_error_says_what_to_do(times: list[float]) -> None:
    with pytest.raises(InvalidInput, match="use the random protocol"):
        splits.temporal(np.array(times))


def test_random_takes_a_share_of_each_person() -> None:
    users = np.repeat([0, 1, 2], [10, 5, 1])
    items = np.arange(16)
    masks = splits.random(users, items, valid=0.1, test=0.2, seed=42)
    assert_partition(masks)
    assert np.bincount(users[masks.test], minlength=3).tolist() == [2, 1, 0]
    assert np.bincount(users[masks.valid], minlength=3).tolist() == [1, 1, 0]
    again = splits.random(users, items, valid=0.1, test=0.2, seed=42)
    other = splits.random(users, items, valid=0.1, test=0.2, seed=43)
    assert (masks.test == again.test).all()
    assert (masks.test != other.test).any()


def test_those_who_validate_are_like_those_who_are_tested() -> None:
    users = np.repeat(np.arange(1000), [3] * 900 + [20] * 100)
    items = np.concatenate([np.tile(np.arange(3), 900), np.tile(np.arange(20), 100)])
    masks = splits.random(users, items, valid=0.1, test=0.1)
    assert_partition(masks)
    assert masks.test.sum() == masks.valid.sum() == 470
    shares = [np.mean(np.unique(users[part]) < 900) for part in (masks.test, masks.valid)]
    assert shares == pytest.approx([0.9, 0.9], abs=0.05)


def test_random_keeps_repeated_events_of_a_pair_together() -> None:
    users = np.zeros(40, dtype=int)
    items = np.tile(np.arange(10), 4)
    masks = splits.random(users, items, seed=1)
    assert not set(items[masks.test]) & set(items[masks.train])
    assert masks.test.sum() == 8


def test_random_is_uniform_over_a_persons_items() -> None:
    users, items = np.repeat(np.arange(4000), 5), np.tile(np.arange(5), 4000)
    tested = np.bincount(items[splits.random(users, items, valid=0.0, test=0.2).test])
    assert tested.sum() == 4000
    assert (abs(tested - 800) < 4 * np.sqrt(4000 * 0.2 * 0.8)).all()


def test_a_holdout_is_a_pair_each_of_many_people() -> None:
    """Of 900 people with 2 pairs, 100 with 40 and one with one pair, a tenth of the 5,801 pairs."""
    users = np.repeat(np.arange(1001), [2] * 900 + [40] * 100 + [1])
    items = np.concatenate([np.tile([0, 1], 900), np.tile(np.arange(40), 100), [0]])
    held = splits.holdout(users, items, 0.1, seed=3)
    given = np.bincount(users[held], minlength=1001)
    assert held.sum() == 580
    assert given[:900].max() == 1
    assert given[1000] == 0, "nobody gives the only pair"
    assert np.count_nonzero(given) == 580, "nobody gives a second pair before everybody has given one"
    assert np.count_nonzero(given[:900]) > 450, "580 of 1,000 people, drawn alike"
    drawn = np.bincount(items[held & (users < 900)])
    assert abs(drawn[0] - drawn[1]) < 4 * np.sqrt(drawn.sum()), "either of a person's pairs is as likely"


def test_a_holdout_of_long_histories_is_a_share_of_each() -> None:
    users, items = np.repeat(np.arange(50), 40), np.tile(np.arange(40), 50)
    given = np.bincount(users[splits.holdout(users, items, 0.1)])
    assert given.tolist() == [4] * 50


def test_leave_last_tests_the_newest_and_validates_the_one_before() -> None:
    users = np.array([0, 0, 0, 0, 0, 1, 1, 1, 2, 2])
    items = np.array([3, 1, 2, 0, 3, 7, 8, 9, 5, 6])
    times = np.array([1.0, 2.0, 3.0, 4.0, 9.0, 30.0, 10.0, 20.0, 1.0, 2.0])
    masks = splits.leave_last(users, items, times)
    assert_partition(masks)
    assert items[masks.test].tolist() == [0, 7], "item 3 came back at 9, but is as old as its first event"
    assert items[masks.valid].tolist() == [2, 9]
    with pytest.raises(InvalidInput, match="use the random protocol"):
        splits.leave_last(users, items, times * np.nan)


def test_k_fold_tests_each_pair_once() -> None:
    users = np.repeat(np.arange(20), 7)
    items = np.tile(np.arange(7), 20)
    folds = list(splits.k_fold(users, items, folds=4, seed=3))
    for masks in folds:
        assert_partition(masks)
        assert set(np.bincount(users[masks.test], minlength=20)) <= {1, 2}
    assert (sum(masks.test.astype(int) for masks in folds) == 1).all()
    assert (sum(masks.valid.astype(int) for masks in folds) == 1).all()
    assert min(masks.test.sum() for masks in folds) > 20, "people with a remainder start at different folds"
    with pytest.raises(InvalidInput, match="at least 3"):
        next(splits.k_fold(users, items, folds=2))


@pytest.mark.parametrize(("valid", "test"), [(0.5, 0.5), (-0.1, 0.2), (0.1, 0.0)])
def test_shares_outside_their_range_are_refused(valid: float, test: float) -> None:
    with pytest.raises(InvalidInput, match="shares"):
        splits.random(np.array([0]), np.array([0]), valid, test)


def test_a_temporal_split_steps_back_in_time() -> None:
    times = np.arange(10.0)[::-1].copy()
    masks = splits.temporal(times, valid=0.2, test=0.2)
    assert sorted(times[masks.valid]) == [6.0, 7.0]
    once = splits.earlier(masks, times)
    assert_partition(once)
    assert sorted(times[once.valid]) == [4.0, 5.0]
    assert sorted(times[once.test]) == [6.0, 7.0, 8.0, 9.0]
    assert (once.valid_from, once.test_from) == (4.0, 6.0)
    twice = splits.earlier(once, times)
    assert (sorted(times[twice.train]), sorted(times[twice.valid])) == ([0.0, 1.0], [2.0, 3.0])
    with pytest.raises(InvalidInput, match="nothing older"):
        splits.earlier(twice, times)


def test_other_pairs_validate_the_same_test() -> None:
    """Twenty people with ten pairs, one of them twice; the holdout of a tenth is a pair each."""
    users, items = np.repeat(np.arange(20), 11), np.tile([*range(10), 9], 20)
    masks = splits.random(users, items, valid=0.1, test=0.2, seed=42)
    found = [splits.redrawn(masks, users, items, seed) for seed in (1, 2)]
    for other in found:
        assert_partition(other)
        assert (other.test == masks.test).all()
        pairs = [{*zip(users[part].tolist(), items[part].tolist(), strict=True)} for part in (other.train, other.valid)]
        assert not pairs[0] & pairs[1], "both events of a pair go together"
        assert len(pairs[1]) == 20
    assert (found[0].valid != found[1].valid).any()
    assert (found[0].valid == splits.redrawn(masks, users, items, 1).valid).all()
