"""Quality on public splits: the hybrid beside its parts and tuned popularity, item-kNN, iALS and EASE, full ranking.

    python -m benchmarks.bench_quality [--budget SECONDS] [--seeds 0,1,2] [--models NAME,...]
        [ml-100k] [ml-100k-temporal] [lastfm-kg] [book-crossing-kg]

``ml-100k``: 20 % of each person's ratings held out at random (seed 42, or each of ``--seeds``, and then the means of
all), every rating a positive; a tenth of the rest validates at most. ``ml-100k-temporal``: the last tenth of all
ratings is tested, the tenth before validates. ``lastfm-kg`` and ``book-crossing-kg``: fitted on ``train`` alone with at
most a tenth of it to validate, measured on their ``valid`` part, which neither tuning nor fitting sees. The latter two
need the data folder beside the project.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console

from kg.readers import read_recbole
from kg.records import Interaction
from recommender.context import RunContext
from recommender.evaluation.reading import Files
from recommender.evaluation.report import Report
from recommender.evaluation.run import evaluate_files
from recommender.parts import BASELINES, HYBRID
from scripts.demo import CACHE, FOLDER, fetch

SHARED = Path(__file__).parents[2] / "shared" / "data"
COLUMNS = ("recall@10", "ndcg@10", "mrr@10")
"""What is printed of the models as tuning fitted them, and averaged over seeds."""
SPLITS = ("ml-100k", "ml-100k-temporal", "lastfm-kg", "book-crossing-kg")


def ratings() -> list[Interaction]:
    """MovieLens 100k, from the package that the demo takes it from."""
    return [record for record in read_recbole(fetch(CACHE / "demo") / FOLDER) if isinstance(record, Interaction)]


def movielens(folder: Path, seed: int = 42, share: float = 0.2) -> Files:
    """Train and test files of a random split of each person's ratings."""
    rows: dict[str, list[Interaction]] = {}
    for record in ratings():
        rows.setdefault(record.user_id, []).append(record)
    rng = np.random.default_rng(seed)
    parts: dict[str, list[Interaction]] = {"train": [], "test": []}
    for user in sorted(rows, key=int):
        own = sorted(rows[user], key=lambda record: int(record.item_id))
        held = set(rng.permutation(len(own))[: round(share * len(own))].tolist())
        for position, record in enumerate(own):
            parts["test" if position in held else "train"].append(record)
    train, test = (write(folder / f"{name}.csv", records, dated=False) for name, records in parts.items())
    return Files(train=train, test=test)


def movielens_temporal(folder: Path) -> Files:
    """Train, valid and test files of 80, 10 and 10 % of all ratings, in the order of time."""
    rows = sorted(ratings(), key=lambda record: (record.at, int(record.user_id), int(record.item_id)))
    first, second = (round(share * len(rows)) for share in (0.8, 0.9))
    parts = {"train": rows[:first], "valid": rows[first:second], "test": rows[second:]}
    train, valid, test = (write(folder / f"{name}.csv", records, dated=True) for name, records in parts.items())
    return Files(train=train, valid=valid, test=test)


def write(path: Path, records: Sequence[Interaction], *, dated: bool) -> Path:
    """Pairs as CSV."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["user_id", "item_id", "timestamp"][: 2 + dated])
        for record in records:
            writer.writerow([record.user_id, record.item_id, record.at][: 2 + dated])
    return path


def published(name: str) -> Files:
    """The train part to fit on, the validation part to measure on."""
    folder = SHARED / name
    stem = name.removesuffix("-kg")
    graph = next(folder.glob(f"{stem}.kg*"))
    return Files(
        train=folder / f"{stem}.train.inter",
        test=folder / f"{stem}.valid.inter",
        kg=graph,
        link=folder / f"{stem}.link",
    )


def measure(name: str, seed: int, budget: float | None, models: Sequence[str] | None) -> tuple[Report, float, float]:
    """The report, wall seconds, and the highest resident memory of this process in GiB."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="tastegraph-bench-") as scratch:
        folder = Path(scratch)
        if name == "ml-100k":
            files = movielens(folder, seed)
        elif name == "ml-100k-temporal":
            files = movielens_temporal(folder)
        else:
            files = published(name)
        report = evaluate_files(files, RunContext(), budget=budget, names=models or ["hybrid", *BASELINES, *HYBRID])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return report, time.perf_counter() - start, peak


def main() -> None:
    """Print one table a split."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("splits", nargs="*", default=list(SPLITS), help="which (default: all)")
    parser.add_argument("--seeds", default="42", help="of the splits of ml-100k, with commas (default: %(default)s)")
    parser.add_argument("--budget", type=float, default=None, help="seconds of tuning a split (default: whole grids)")
    parser.add_argument(
        "--models", default=None, help="with commas (default: the hybrid, simple baselines and all parts)"
    )
    options = parser.parse_args()
    console, models = Console(width=160), options.models.split(",") if options.models else None
    for name in options.splits:
        if not name.startswith("ml-") and not SHARED.is_dir():
            console.print(f"{name}: skipped, its data are not beside the project")
            continue
        frames = []
        for seed in map(int, options.seeds.split(",")) if name == "ml-100k" else (0,):
            console.rule(f"{name}, seed {seed}" if name == "ml-100k" else name)
            # A process of its own, so that its memory is its own.
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                report, seconds, peak = pool.apply(measure, (name, seed, options.budget, models))
            report.print(console)
            for model in report.models:
                console.print(model.name, dict(model.params), style="dim", highlight=False)
            console.print(f"{seconds:.0f} s in all, {peak:.1f} GiB at most")
            frame = report.to_frame().set_index("model")
            for metric in COLUMNS:
                frame[f"{metric}, train only"] = [model.train_only.get(metric) for model in report.models]
            console.print(frame[[name for name in frame if "train only" in name]].round(4).to_string())
            frames.append(frame)
        if len(frames) > 1:
            console.rule(f"{name}, mean of {len(frames)} splits and standard deviation between them")
            columns = [*COLUMNS, *(f"{metric}, train only" for metric in COLUMNS)]
            by_model = pd.concat(frames).groupby("model", sort=False)[columns]
            means, deviations = by_model.mean(), by_model.std()
            for model in means.index:
                said = [f"{name} {means.at[model, name]:.4f} ± {deviations.at[model, name]:.4f}" for name in columns]
                console.print(model, ", ".join(said))


if __name__ == "__main__":
    main()
