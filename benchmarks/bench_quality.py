"""Quality on public splits: the hybrid beside tuned popularity, item-kNN, iALS and EASE, full ranking.

    python -m benchmarks.bench_quality [--budget SECONDS] [--seeds 0,1,2] [ml-100k] [lastfm-kg] [book-crossing-kg]

``ml-100k``: 20 % of each person's ratings held out at random (seed 42, or each of ``--seeds``, and then the means of
all), every rating a positive; a tenth of the rest validates. ``lastfm-kg`` and ``book-crossing-kg``: fitted on
``train`` alone with a tenth of it to validate, measured on their ``valid`` part, which neither tuning nor fitting sees.
The latter two need the data folder beside the project.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console

from kg.readers import read_recbole
from kg.records import Interaction
from recommender.context import RunContext
from recommender.evaluation.reading import Files
from recommender.evaluation.run import evaluate_files
from scripts.demo import CACHE, FOLDER, fetch

SHARED = Path(__file__).parents[2] / "shared" / "data"
SPLITS = ("ml-100k", "lastfm-kg", "book-crossing-kg")


def movielens(folder: Path, seed: int = 42, share: float = 0.2) -> Files:
    """Train and test files of a random split of each person's ratings."""
    rows: dict[str, list[str]] = {}
    for record in read_recbole(fetch(CACHE / "demo") / FOLDER):
        if isinstance(record, Interaction):
            rows.setdefault(record.user_id, []).append(record.item_id)
    rng = np.random.default_rng(seed)
    paths = {name: folder / f"{name}.csv" for name in ("train", "test")}
    with paths["train"].open("w", newline="") as train, paths["test"].open("w", newline="") as test:
        writers = {"train": csv.writer(train), "test": csv.writer(test)}
        for writer in writers.values():
            writer.writerow(["user_id", "item_id"])
        for user in sorted(rows, key=int):
            items = sorted(rows[user], key=int)
            held = set(rng.permutation(len(items))[: round(share * len(items))].tolist())
            for position, item in enumerate(items):
                writers["test" if position in held else "train"].writerow([user, item])
    return Files(train=paths["train"], test=paths["test"])


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


def main() -> None:
    """Print one table a split."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("splits", nargs="*", default=list(SPLITS), help="which (default: all)")
    parser.add_argument("--seeds", default="42", help="of the splits of ml-100k, with commas (default: %(default)s)")
    parser.add_argument("--budget", type=float, default=None, help="seconds of tuning a split (default: whole grids)")
    options = parser.parse_args()
    run, console = RunContext(), Console(width=160)
    for name in options.splits:
        if name != "ml-100k" and not SHARED.is_dir():
            console.print(f"{name}: skipped, its data are not beside the project")
            continue
        frames = []
        for seed in map(int, options.seeds.split(",")) if name == "ml-100k" else (0,):
            console.rule(f"{name}, seed {seed}" if name == "ml-100k" else name)
            with tempfile.TemporaryDirectory(prefix="tastegraph-bench-") as folder:
                files = movielens(Path(folder), seed) if name == "ml-100k" else published(name)
                report = evaluate_files(files, run, budget=options.budget)
            report.print(console)
            for model in report.models:
                console.print(model.name, dict(model.params), style="dim", highlight=False)
            frames.append(report.to_frame().set_index("model"))
        if len(frames) > 1:
            console.rule(f"{name}, mean of {len(frames)} splits")
            console.print((sum(frames) / len(frames))[["recall@10", "ndcg@10", "mrr@10"]].round(4))


if __name__ == "__main__":
    main()
