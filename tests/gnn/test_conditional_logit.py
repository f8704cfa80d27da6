"""The conditional logit's own arithmetic; what it learns is tested with the fusion."""

from __future__ import annotations

import numpy as np

from gnn.conditional_logit import utilities


def test_memory_beside_the_features_never_warns() -> None:
    """Products of five features, where memory given back just before held what is no number, warn of nothing."""
    rng = np.random.default_rng(0)
    signalling = np.array([0x7F800001, 0xFF800000], dtype=np.uint32)
    for _ in range(1500):
        rows, size = int(rng.integers(1, 40)), int(rng.integers(400, 700))
        with np.errstate(all="ignore"):
            bad = np.resize(signalling, (int(rng.integers(1, 40)), int(rng.integers(1, 40)))).view(np.float32)
            _ = bad @ bad.T, bad @ bad[0], bad.T @ bad[:, 0], bad.astype(np.float64) @ bad[0]
            del bad, _
        features = rng.normal(size=(rows, size, 5)).astype(np.float32)
        weights = rng.random(5)
        expected = (features.astype(np.float64) * weights).sum(axis=2)
        np.testing.assert_allclose(utilities(features, weights), expected, rtol=0, atol=1e-5)
