from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gnn.errors import ShapeError
from gnn.sparse import to_torch
from gnn.topk import top_k

VALUES = st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 0.5, 2.0, np.nan])  # few values: many ties


def slow_top_k(scores: np.ndarray, k: int, seen: np.ndarray, allowed: np.ndarray) -> list[list[int]]:
    lists = []
    for row, hidden in zip(scores, seen, strict=True):
        candidates = [
            i for i in range(len(row)) if allowed[i] and not hidden[i] and not np.isnan(row[i]) and row[i] > -np.inf
        ]
        best = sorted(candidates, key=lambda i: (-row[i], i))[:k]
        lists.append(best + [-1] * (k - len(best)))
    return lists


@given(st.data(), st.integers(1, 4), st.integers(1, 9), st.integers(1, 11))
def test_agrees_with_sorting_each_row(data: st.DataObject, rows: int, columns: int, k: int) -> None:
    scores = data.draw(arrays(np.float32, (rows, columns), elements=VALUES))
    seen = data.draw(arrays(np.bool_, (rows, columns)))
    allowed = data.draw(arrays(np.bool_, columns))
    before = scores.copy()
    mask = to_torch(sp.csr_matrix(seen.astype(np.float32)))
    expected = slow_top_k(scores, k, seen, allowed)
    ids, best = top_k(torch.from_numpy(scores), k, mask, torch.from_numpy(allowed))
    assert ids.tolist() == expected
    by_id, _ = top_k(torch.from_numpy(scores), k, mask, torch.from_numpy(np.flatnonzero(allowed)))
    assert by_id.tolist() == expected
    for row, (chosen, values) in enumerate(zip(ids.tolist(), best.tolist(), strict=True)):
        assert values == [scores[row, i] if i >= 0 else -np.inf for i in chosen]
    np.testing.assert_array_equal(scores, before)


def test_what_does_not_fit_is_refused() -> None:
    scores = torch.zeros(2, 3)
    with pytest.raises(ShapeError, match="k at least 1"):
        top_k(scores, 0)
    with pytest.raises(ShapeError, match="mask has 1 rows"):
        top_k(scores, 1, to_torch(sp.csr_matrix((1, 3), dtype=np.float32)))
    with pytest.raises(ShapeError, match="outside 0 to 2"):
        top_k(scores, 1, allowed=torch.tensor([3]))
    with pytest.raises(ShapeError, match="allowed has shape"):
        top_k(scores, 1, allowed=torch.tensor([True]))
