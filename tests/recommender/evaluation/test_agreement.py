"""Our figures are those of ranx (Bassani, ECIR 2022), a public implementation, on random lists."""

from __future__ import annotations

import os

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.evaluation.metrics import METRICS, Hits, mean

os.environ["NUMBA_DISABLE_JIT"] = "1"  # to compile its functions takes a minute, to run them a moment
ranx = pytest.importorskip("ranx")

NAMES = {"recall": "recall", "precision": "precision", "ndcg": "ndcg", "mrr": "mrr", "map": "map", "hit": "hit_rate"}
"""Our names and theirs."""


@pytest.mark.parametrize("k", [1, 5, 10])
@pytest.mark.parametrize("seed", range(3))
def test_every_metric_is_that_of_ranx(k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    people, items, length = 60, 40, 10
    lists = np.stack([rng.permutation(items)[:length] for _ in range(people)])
    relevant = rng.random((people, items)) < rng.random((people, 1)) * 0.4
    relevant[np.arange(people), rng.integers(items, size=people)] = True
    hits = Hits.of(lists, sp.csr_matrix(relevant))
    names = [f"p{person:02d}" for person in range(people)]
    truth = {name: {str(item): 1 for item in np.flatnonzero(row)} for name, row in zip(names, relevant, strict=True)}
    run = {
        name: {str(item): float(length - place) for place, item in enumerate(row)}
        for name, row in zip(names, lists, strict=True)
    }
    theirs = ranx.evaluate(ranx.Qrels(truth), ranx.Run(run), [f"{name}@{k}" for name in NAMES.values()])
    for own, name in NAMES.items():
        values = METRICS[own](hits, k)
        if own == "map":  # theirs divides by all of R, so that 1 is out of reach where R is longer than the list
            values = values * np.minimum(hits.relevant, k) / hits.relevant
        assert mean(values) == pytest.approx(theirs[f"{name}@{k}"]), own
