"""Our iALS beside that of ``implicit``: the same splits, the same pairs to choose on, the same measure.

    python -m benchmarks.bench_als [--seeds 0,1,2,3,4]

MovieLens 100k, 20 % of each person's ratings held out (as in ``bench_quality``). Each chooses its settings on the same
validation pairs, ours from the grid of the part, implicit's from a wider one, and is fitted again with them.

With weight ``alpha`` and penalty ``r``, implicit minimises what ours does at ``exponent = 0``,
``unobserved_weight = 1 / (alpha - 1)`` and ``regularisation = r / alpha``, but for the scale of the scores.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from benchmarks.bench_quality import movielens
from recommender.bridge import Builder
from recommender.context import RunContext
from recommender.data import People, TrainingData
from recommender.evaluation.files import split_files
from recommender.evaluation.protocol import EvaluationConfig, Figures, evaluate
from recommender.evaluation.split import Split
from recommender.parts.factors import IALS
from recommender.search import fit_named
from recommender.tuning import tune

CONFIG = EvaluationConfig(ks=(10,))
METRICS = ("recall@10", "ndcg@10", "mrr@10")


class Implicit:
    """``implicit``'s alternating least squares as a scorer of people that it was fitted on."""

    def __init__(self, data: TrainingData, factors: int, alpha: float, regularisation: float, run: RunContext) -> None:
        from implicit.cpu.als import AlternatingLeastSquares

        model = AlternatingLeastSquares(
            factors, regularisation, alpha, num_threads=run.threads, random_state=np.random.default_rng(run.seed)
        )
        model.fit(data.cells.positive, show_progress=False)
        self.users, self.items = model.user_factors, model.item_factors

    def score(self, people: People) -> np.ndarray:
        scores: np.ndarray = self.users[people.rows] @ self.items.T
        return scores


def ours(split: Split, run: RunContext) -> tuple[Figures, float, float, dict[str, Any]]:
    """Figures on the test part, seconds of tuning and of the final fit, and the settings."""
    best = tune([IALS], split.validation, run)[IALS.name]
    start = time.perf_counter()
    part = fit_named(IALS.name, best.params, split.refit, run)
    seconds = time.perf_counter() - start
    return evaluate(part, split.testing, CONFIG), best.seconds, seconds, best.params


def theirs(split: Split, run: RunContext) -> tuple[Figures, float, float, dict[str, Any]]:
    """The same of ``implicit``."""
    root = split.train.mean_likes**0.5
    grid = [
        {"factors": 64, "alpha": alpha, "regularisation": factor * root * alpha}
        for alpha, factor in itertools.product((1.0, 2.0, 4.0, 11.0), (0.75, 1.0, 1.5, 2.0))
    ]
    start = time.perf_counter()
    values = [
        evaluate(Implicit(split.train, run=run, **params), split.validation, CONFIG).means["ndcg@10"]
        for params in tqdm(grid, desc="implicit", leave=False)
    ]
    tuned, params = time.perf_counter() - start, grid[int(np.argmax(values))]
    start = time.perf_counter()
    model = Implicit(split.refit, run=run, **params)
    seconds = time.perf_counter() - start
    return evaluate(model, split.testing, CONFIG), tuned, seconds, params


def measure(seed: int, run: RunContext, console: Console) -> Iterator[dict[str, Any]]:
    """A row for each of both."""
    with tempfile.TemporaryDirectory(prefix="tastegraph-bench-") as scratch:
        split = split_files(movielens(Path(scratch), seed), lambda snapshot: Builder(snapshot, None))
    for name, fitted in (("iALS", ours), ("implicit", theirs)):
        with run.computing(), threadpool_limits(1, "blas"):  # implicit brings threads of its own, and so does torch
            figures, tuned, seconds, params = fitted(split, run)
        console.print(seed, name, params, style="dim", highlight=False)
        means = {metric: figures.means[metric] for metric in METRICS}
        console.print(means, highlight=False)
        yield {"model": name, "seed": seed, **means, "tuning": tuned, "fit": seconds}


def main() -> None:
    """Print the figures of each split, and their means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0,1,2,3,4", help="of the splits, with commas (default: %(default)s)")
    seeds = parser.parse_args().seeds.split(",")
    console, run = Console(width=120), RunContext(progress=False)
    frame = pd.DataFrame([row for seed in seeds for row in measure(int(seed), run, console)])
    console.print(frame.round(4).to_string(index=False))
    by_model = frame.drop(columns="seed").groupby("model", sort=False)
    console.print(by_model.mean().round(4).to_string())
    console.print(by_model.std().round(4).to_string())


if __name__ == "__main__":
    main()
