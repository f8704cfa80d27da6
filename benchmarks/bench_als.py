"""Our iALS beside that of ``implicit``: the same splits, the same pairs to choose on, the same measure.

    python -m benchmarks.bench_als [--seeds 0,1,2,3,4]
    python -m benchmarks.bench_als --speed              # seconds to the same loss, quiet and beside two busy processes

MovieLens 100k, 20 % of each person's ratings held out (as in ``bench_quality``). Each chooses its settings on the same
validation pairs, ours from the grid of the part, implicit's from a wider one, and is fitted again with them.

With weight ``alpha`` and penalty ``r``, implicit minimises what ours does at ``exponent = 0``,
``unobserved_weight = 1 / (alpha - 1)`` and ``regularisation = r / alpha``, but for the scale of the scores.

Speed is that of a whole fit by conjugate gradients: five sweeps of implicit's, and as many of ours as reach its loss.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch
from rich.console import Console
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from benchmarks.bench_quality import movielens
from gnn import als
from gnn.als import ALSConfig, Factors
from gnn.sparse import to_torch
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


def planted(users: int, items: int, cells: int, seed: int = 0) -> sp.csr_matrix:
    """Likes of made-up people: eight tastes, seven of ten likes within one's own, items of unequal fame."""
    rng = np.random.default_rng(seed)
    rows, taste = rng.integers(0, users, cells), rng.integers(0, 8, users)
    fame = 1 / np.arange(1, items // 8 + 1) ** 0.8
    block = np.where(rng.random(cells) < 0.7, taste[rows], rng.integers(0, 8, cells))
    columns = rng.choice(items // 8, cells, p=fame / fame.sum()) * 8 + block
    liked = sp.csr_matrix((np.ones(cells, dtype=np.float32), (rows, columns)), shape=(users, items))
    liked.data[:] = 1.0
    return liked


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Keep as many other processes computing beside the block."""
    with ExitStack() as stack:
        for _ in range(processes):
            stack.callback(subprocess.Popen([sys.executable, "-c", "while True: pass"]).kill)
        yield


def race(liked: sp.csr_matrix, factors: int, run: RunContext, rounds: int = 5) -> dict[str, Any]:
    """Median seconds of both, in turn, over ``rounds``, and the losses that they reach."""
    from implicit.cpu.als import AlternatingLeastSquares

    alpha, penalty, matrix = 11.0, 15.0, to_torch(liked)
    config = ALSConfig(factors, 5, 1 / (alpha - 1), penalty / alpha, exponent=0.0)

    def theirs() -> Factors:
        model = AlternatingLeastSquares(
            factors, penalty, alpha, iterations=5, num_threads=run.threads, random_state=run.seed
        )
        with threadpool_limits(1, "blas"):  # implicit brings threads of its own
            model.fit(liked, show_progress=False)
        scale = (1 + config.unobserved_weight) ** -0.5
        return Factors(*(torch.from_numpy(side * scale) for side in (model.user_factors, model.item_factors)))

    loss = als.objective(matrix, theirs(), config)
    reached = (replace(config, iterations=sweeps) for sweeps in range(1, 50))
    enough = next(one for one in reached if als.objective(matrix, als.fit(matrix, one), config) <= loss)
    times = [(_seconds(theirs), _seconds(lambda: als.fit(matrix, enough))) for _ in range(rounds)]
    implicit, ours = np.median(times, axis=0)
    return {"factors": factors, "loss": loss, "implicit": implicit, "ours": ours, "sweeps": enough.iterations}


def _seconds(fit: Callable[[], Any]) -> float:
    start = time.perf_counter()
    fit()
    return time.perf_counter() - start


def speed(run: RunContext) -> pd.DataFrame:
    """A row for each data set, number of factors and number of busy processes beside."""
    with tempfile.TemporaryDirectory(prefix="tastegraph-bench-") as scratch:
        small = split_files(movielens(Path(scratch), 0), lambda snapshot: Builder(snapshot, None)).refit.cells.positive
    rows = []
    for (name, liked), factors, beside in itertools.product(
        (("ml-100k", small), ("20,000 x 10,000", planted(20_000, 10_000, 1_000_000))), (64, 128, 256), (0, 2)
    ):
        with busy(beside), run.computing():
            raced = race(liked, factors, run)
        rows.append({"data": name, "busy": beside, **raced, "ratio": raced["ours"] / raced["implicit"]})
    return pd.DataFrame(rows)


def main() -> None:
    """Print the figures of each split, and their means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0,1,2,3,4", help="of the splits, with commas (default: %(default)s)")
    parser.add_argument("--speed", action="store_true", help="measure seconds in place of quality")
    options = parser.parse_args()
    seeds, console, run = options.seeds.split(","), Console(width=120), RunContext(progress=False)
    if options.speed:
        console.print(speed(run).round(3).to_string(index=False))
        return
    frame = pd.DataFrame([row for seed in seeds for row in measure(int(seed), run, console)])
    console.print(frame.round(4).to_string(index=False))
    by_model = frame.drop(columns="seed").groupby("model", sort=False)
    console.print(by_model.mean().round(4).to_string())
    console.print(by_model.std().round(4).to_string())


if __name__ == "__main__":
    main()
