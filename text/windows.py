"""Long texts as overlapping windows of tokens, and one vector of the windows' vectors. Nothing is cut in silence."""

from __future__ import annotations

import numpy as np

from text.errors import InvalidSetting


def split(tokens: int, length: int, overlap: int) -> list[tuple[int, int]]:
    """The windows of a text of ``tokens`` tokens, as (start, end) pairs: the fewest that cover it, as short as may be.

    All windows of a text have the same number of tokens, and their starts are spread evenly, so that neighbours share
    at least ``overlap`` tokens, and hardly more. There is then no short last window whose few tokens would count as
    much as a full one, no window needs padding, and little is computed twice.

    ``k = ceil((tokens - overlap) / (length - overlap))`` windows of ``overlap + ceil((tokens - overlap) / k)`` tokens,
    at most ``length``, starting at ``floor(i (tokens - size) / (k - 1))``.

    >>> split(5, length=10, overlap=2), split(11, length=10, overlap=2), split(30, length=10, overlap=2)
    ([(0, 5)], [(0, 7), (4, 11)], [(0, 9), (7, 16), (14, 23), (21, 30)])
    >>> split(0, length=10, overlap=2)
    []

    Raises:
        InvalidSetting: ``length`` is below 1, or ``overlap`` outside [0, length).
    """
    if length < 1 or not 0 <= overlap < length:
        raise InvalidSetting(f"windows of {length} tokens that overlap by {overlap}: need 0 <= overlap < length")
    if tokens <= length:
        return [(0, tokens)] if tokens else []
    count = -(-(tokens - overlap) // (length - overlap))
    size = overlap - (overlap - tokens) // count
    return [(start := i * (tokens - size) // (count - 1), start + size) for i in range(count)]


def pool(vectors: np.ndarray, owners: np.ndarray, weights: np.ndarray, num_texts: int) -> np.ndarray:
    """One vector a text: the mean of its windows' vectors, weighted by their tokens, ``sum_w n_w v_w / sum_w n_w``.

    Args:
        vectors: ``(m, d)`` float32, one row a window.
        owners: ``(m,)`` int, the text that each window is of, ascending.
        weights: ``(m,)`` tokens of each window, positive.
        num_texts: how many texts there are.

    Returns:
        ``(num_texts, d)`` float32; a text without a window has a row of zeros.
    """
    pooled = np.zeros((num_texts, vectors.shape[1]), dtype=np.float32)
    if not len(owners):
        return pooled
    starts = np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]])
    share = weights / np.repeat(np.add.reduceat(weights, starts), np.diff(np.r_[starts, len(owners)]))
    pooled[owners[starts]] = np.add.reduceat(vectors * share[:, None].astype(np.float32), starts, axis=0)
    return pooled


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Rows divided by their Euclidean length; rows of zeros stay."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: np.ndarray = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return unit


def has_vector(vectors: np.ndarray) -> np.ndarray:
    """``(n,)`` bool: which rows are vectors. A text that holds no token (empty, white space) has a row of zeros.

    >>> has_vector(np.array([[0.6, 0.8], [0.0, 0.0]]))
    array([ True, False])
    """
    return np.asarray(vectors.any(axis=1))
