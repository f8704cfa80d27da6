"""The best ``k`` of each row of scores, seen columns masked.

Ties go to the lower id, so that the same scores always give the same list, on any device.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gnn.errors import ShapeError
from gnn.sparse import check_csr, row_ids

NOBODY = -1
"""The id that fills a row with fewer than ``k`` allowed columns; its score is ``-inf``."""


def top_k(scores: Tensor, k: int, mask: Tensor | None = None, allowed: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The ids and scores of the ``k`` highest scores of each row, best first.

    Args:
        scores: ``(B, n)`` float, not changed; ``-inf`` (and NaN) is never chosen.
        k: how many, at least 1; more than ``n`` is padded.
        mask: CSR ``(B, n)``: the stored cells (whatever their value) are left out.
        allowed: ``(n,)`` bool, or ``(m,)`` int64 ids: the only columns considered. None: all.

    Returns:
        ids ``(B, k)`` int64 and scores ``(B, k)``; a row with fewer allowed columns ends in ``-1`` and ``-inf``.

    Raises:
        ShapeError: shapes that do not match, or ``k`` below 1.

    >>> ids, _ = top_k(torch.tensor([[0.5, 2.0, 2.0]]), k=2)
    >>> ids.tolist()
    [[1, 2]]
    """
    if scores.dim() != 2 or k < 1:
        raise ShapeError(f"scores must be two-dimensional and k at least 1, not {tuple(scores.shape)} and {k}")
    size = scores.shape[1]
    scores = torch.where(torch.isnan(scores), -torch.inf, scores)  # a copy, to be written to
    if allowed is not None:
        scores.masked_fill_(~_as_bool(allowed, size), -torch.inf)
    if mask is not None:
        check_csr(mask, "mask", size)
        if mask.shape[0] != scores.shape[0]:
            raise ShapeError(f"mask has {mask.shape[0]} rows, scores have {scores.shape[0]}")
        scores[row_ids(mask), mask.col_indices()] = -torch.inf
    ids, best = _stable(scores, min(k, size))
    ids = ids.masked_fill(torch.isneginf(best), NOBODY)
    if k > size:
        missing = (len(scores), k - size)
        ids = torch.cat([ids, ids.new_full(missing, NOBODY)], dim=1)
        best = torch.cat([best, best.new_full(missing, -torch.inf)], dim=1)
    return ids, best


def _as_bool(allowed: Tensor, size: int) -> Tensor:
    if allowed.dtype is torch.bool:
        if allowed.shape != (size,):
            raise ShapeError(f"allowed has shape {tuple(allowed.shape)}; ({size},) is expected")
        return allowed
    chosen = torch.zeros(size, dtype=torch.bool, device=allowed.device)
    if len(allowed) and (int(allowed.min()) < 0 or int(allowed.max()) >= size):
        raise ShapeError(f"allowed holds an id outside 0 to {size - 1}")
    chosen[allowed] = True
    return chosen


def _stable(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """``torch.topk`` picks among equals as it likes, so rows where that could show are sorted in full."""
    size = scores.shape[1]
    best, ids = torch.topk(scores, min(k + 1, size), dim=1)
    tied = (best.diff(dim=1) == 0).logical_and(~torch.isneginf(best[:, 1:])).any(dim=1).nonzero()[:, 0]
    best, ids = best[:, :k].clone(), ids[:, :k].clone()
    if len(tied):
        ordered = torch.sort(scores[tied], dim=1, descending=True, stable=True)
        best[tied], ids[tied] = ordered.values[:, :k], ordered.indices[:, :k]
    return ids, best
