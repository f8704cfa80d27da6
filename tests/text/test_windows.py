"""Windows cover a text, are full, and overlap; pooling is the weighted mean."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from text.errors import InvalidSetting
from text.windows import has_vector, pool, split, unit_rows


def test_a_text_that_fits_is_one_window_and_an_empty_one_has_none() -> None:
    assert split(10, length=10, overlap=3) == [(0, 10)]
    assert split(0, length=10, overlap=3) == []


def test_one_token_too_many_makes_two_windows_that_share_little() -> None:
    assert split(11, length=10, overlap=3) == [(0, 7), (4, 11)]


def test_starts_are_spread_evenly() -> None:
    # ceil((24 - 2) / 8) = 3 windows of 2 + ceil(22 / 3) tokens; starts floor(i * 14 / 2)
    assert split(24, length=10, overlap=2) == [(0, 10), (7, 17), (14, 24)]
    # ceil((30 - 2) / 8) = 4 windows of 2 + 28 / 4 tokens; starts floor(i * 21 / 3)
    assert split(30, length=10, overlap=2) == [(0, 9), (7, 16), (14, 23), (21, 30)]


@given(st.integers(1, 5_000), st.integers(1, 300), st.data())
def test_windows_cover_overlap_and_are_as_few_as_can_be(tokens: int, length: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, length - 1))
    windows = split(tokens, length, overlap)
    assert windows[0][0] == 0
    assert windows[-1][1] == tokens
    (size,) = {end - start for start, end in windows}
    assert size <= length
    shared = [end - start for (_, end), (start, _) in pairwise(windows)]
    assert all(overlap <= own for own in shared)
    assert sum(shared) - overlap * len(shared) < len(windows)
    assert (len(windows) - 1) * (length - overlap) + overlap < tokens or len(windows) == 1


@pytest.mark.parametrize(("length", "overlap"), [(0, 0), (5, 5), (5, -1)])
def test_windows_that_cannot_advance_are_refused(length: int, overlap: int) -> None:
    with pytest.raises(InvalidSetting, match="overlap"):
        split(100, length, overlap)


def test_pooling_weighs_by_tokens_and_leaves_zeros_for_texts_without_windows() -> None:
    vectors = np.array([[1, 0], [0, 1], [0, 2]], dtype=np.float32)
    pooled = pool(vectors, owners=np.array([0, 0, 2]), weights=np.array([3, 1, 7]), num_texts=4)
    np.testing.assert_allclose(pooled, [[0.75, 0.25], [0, 0], [0, 2], [0, 0]])
    assert has_vector(pooled).tolist() == [True, False, True, False]


def test_pooling_nothing_gives_zeros() -> None:
    none = np.empty(0, dtype=np.int64)
    assert pool(np.empty((0, 3), np.float32), none, none, 2).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_unit_rows_keep_zeros() -> None:
    np.testing.assert_allclose(unit_rows(np.array([[3, 4], [0, 0]], np.float32)), [[0.6, 0.8], [0, 0]])
