"""The best items of each row of scores, from NumPy and SciPy to :mod:`gnn.topk` and back."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch

from gnn import topk
from gnn.sparse import to_torch


def top_k(
    scores: np.ndarray, k: int, seen: sp.csr_matrix | None = None, allowed: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Ids ``(B, k)`` int64 and scores ``(B, k)`` float32 of the highest of each row, as :func:`gnn.topk.top_k`.

    Args:
        scores: ``(B, n)`` float32.
        k: how many.
        seen: ``(B, n)`` CSR whose stored entries are left out.
        allowed: ``(n,)`` bool, the only columns considered.
    """
    ids, best = topk.top_k(
        torch.from_numpy(np.ascontiguousarray(scores)),
        k,
        mask=None if seen is None else to_torch(seen),
        allowed=None if allowed is None else torch.from_numpy(allowed),
    )
    return ids.numpy(), best.numpy()
