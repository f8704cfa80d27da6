"""Conditional (multinomial) logit: weights of a few features, learned from choices among candidates.

McFadden, "Conditional logit analysis of qualitative choice behavior", 1974. With sampled candidates each one's utility
is corrected by the logarithm of how many items it stands for (McFadden 1978; "logQ correction" in recommenders).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LogitConfig:
    """How the weights are fitted."""

    l2: float = 1e-2
    """Penalty ``l2 / 2 * |w|^2`` beside the mean log likelihood; features are expected at unit scale."""
    nonnegative: bool = True
    """Whether weights below zero are ruled out: a scorer should add, never be turned upside down."""
    iterations: int = 100
    """At most so many L-BFGS steps; a handful of weights needs about 20."""


def utilities(features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """``x_c·w`` of each candidate: ``(N, C)`` float32 of features ``(N, C, P)`` float32 and weights ``(P,)``.

    Not by ``@``: the product with five weights in OpenBLAS (0.3.31, AVX-512) looks at memory beside the arrays, and the
    result is right, but "invalid value encountered in matmul" is warned of now and then.
    """
    found: np.ndarray = np.einsum("ncp,p->nc", features, weights.astype(np.float32))
    return found


def fit(
    features: np.ndarray, chosen: np.ndarray, log_counts: np.ndarray, weights: np.ndarray, config: LogitConfig
) -> np.ndarray:
    """The ``w`` that minimises ``-sum_n weights_n log P(chosen_n) / sum_n weights_n + l2 / 2 |w|^2`` where
    ``P(c) = exp(x_c·w + log_counts_c) / sum_c' exp(x_c'·w + log_counts_c')``.

    Args:
        features: ``(N, C, P)`` float32, the features of ``C`` candidates in each of ``N`` choices.
        chosen: ``(N,)`` int64, the position of the candidate that was chosen.
        log_counts: ``(N, C)`` float32, the logarithm of how many items a candidate stands for: 0 for itself alone,
            ``-inf`` for padding.
        weights: ``(N,)`` float32, how much each choice counts.
        config: penalty and bounds.

    Returns:
        ``(P,)`` float64.
    """
    rows = np.arange(len(chosen))
    share = (weights / weights.sum()).astype(np.float64)
    picked = features[rows, chosen].astype(np.float64)

    def objective(w: np.ndarray) -> tuple[float, np.ndarray]:
        utility = utilities(features, w) + log_counts
        utility -= utility.max(axis=1, keepdims=True)
        probability = np.exp(utility)
        total = probability.sum(axis=1, keepdims=True)
        probability /= total
        log_chosen = utility[rows, chosen] - np.log(total[:, 0])
        expected = np.matmul(probability[:, None, :], features)[:, 0, :]
        loss = -float(share @ log_chosen) + 0.5 * config.l2 * float(w @ w)
        return loss, -(share @ (picked - expected)) + config.l2 * w

    size = features.shape[2]
    bounds = [(0.0, None)] * size if config.nonnegative else None
    start = np.full(size, 1.0 / max(size, 1))
    from scipy.optimize import minimize  # half a second of import, which serving need not spend

    found = minimize(
        objective, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": config.iterations}
    )
    return np.asarray(found.x, dtype=np.float64)
