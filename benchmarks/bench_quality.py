"""Quality on public splits: the hybrid beside its parts and tuned popularity, item-kNN, iALS and EASE, full ranking.

    python -m benchmarks.bench_quality [--budget SECONDS] [--seeds 0,1,2] [--models NAME,...]
        [ml-100k] [ml-100k-temporal] [lastfm-kg] [book-crossing-kg]

``ml-100k``: 20 % of each person's ratings held out at random (seed 42, or each of ``--seeds``, and then each person by
the mean of their splits), every rating a positive; a tenth of the rest validates at most. ``ml-100k-temporal``: the
last tenth of all ratings is tested, the tenth before validates. ``lastfm-kg`` and ``book-crossing-kg``: fitted on
``train`` alone with at most a tenth of it to validate, measured on their ``valid`` part, which neither tuning nor
fitting sees. The latter two need the data folder beside the project. One table of all, in Markdown, ends it.
"""

from __future__ import annotations

import argparse
import csv
import math
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from rich.console import Console

from kg.readers import read_recbole
from kg.records import Interaction
from recommender.context import RunContext
from recommender.evaluation.folds import pooled
from recommender.evaluation.reading import Files
from recommender.evaluation.report import Report
from recommender.evaluation.run import evaluate_files
from recommender.parts import BASELINES, HYBRID
from scripts.demo import CACHE, FOLDER, fetch

SHARED = Path(__file__).parents[2] / "shared" / "data"
COLUMNS = ("recall@10", "ndcg@10", "mrr@10")
"""What the table has of each model."""
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


@dataclass(frozen=True)
class Measured:
    """One split, or several random ones of the same ratings."""

    name: str
    reports: Sequence[Report]
    seconds: float
    """Of wall clock, a split."""
    peak: float
    """Highest resident memory in GiB of the process that measured."""

    @cached_property
    def report(self) -> Report:
        """Of several splits each person counts once, by the mean: every one of them tests everybody, in one order."""
        first = self.reports[0]
        return first if len(self.reports) == 1 else pooled(self.reports, [np.arange(first.people)] * len(self.reports))

    def rows(self) -> Iterator[list[str]]:
        """The cells of the table."""
        compared = {one.than: one for one in self.report.compared}
        said = f"{self.name}; {self.seconds:.0f} s, {self.peak:.1f} GiB"
        for model in self.report.models:
            one = compared.get(model.name)
            yield [
                said,
                model.name,
                *(self._cell(model.name, metric) for metric in COLUMNS),
                _figure(model.train_only.get(self.report.metric, math.nan)),
                f"{one.difference}, p = {one.p:.4f}" if one else "",
                *(f"{seconds / len(self.reports):.1f}" for seconds in (model.tune_s, model.fit_s)),
            ]
            said = ""

    def _cell(self, name: str, metric: str) -> str:
        values = [model.figures.means[metric] for one in self.reports for model in one.models if model.name == name]
        spread = f" ± {_figure(statistics.stdev(values))}" if len(values) > 1 else ""
        return f"{_figure(statistics.fmean(values))}{spread}"


def _figure(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4f}".removeprefix("0")


def measure(name: str, seed: int, budget: float | None, models: Sequence[str] | None) -> Measured:
    """One split, with the time and memory of this process."""
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
    return Measured(name, [report], time.perf_counter() - start, peak)


def measured(name: str, seeds: Sequence[int], options: argparse.Namespace, console: Console) -> Measured:
    """All seeds of a split, each printed by itself."""
    models, found = options.models.split(",") if options.models else None, []
    for seed in seeds:
        console.rule(f"{name}, seed {seed}" if name == "ml-100k" else name)
        # A process of its own, so that its memory is its own.
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            one = pool.apply(measure, (name, seed, options.budget, models))
        found.append(one)
        one.report.print(console)
        for model in one.report.models:
            console.print(model.name, dict(model.params), style="dim", highlight=False)
            if model.train_only:
                said = ", ".join(f"{metric} {model.train_only[metric]:.4f}" for metric in COLUMNS)
                console.print(f"{model.name}, train only: {said}", highlight=False)
    return Measured(
        name,
        [report for one in found for report in one.reports],
        statistics.fmean(one.seconds for one in found),
        max(one.peak for one in found),
    )


def main() -> None:
    """Print a report a split, and one table of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("splits", nargs="*", default=list(SPLITS), help="which (default: all)")
    parser.add_argument("--seeds", default="42", help="of the splits of ml-100k, with commas (default: %(default)s)")
    parser.add_argument("--budget", type=float, default=None, help="seconds of tuning a split (default: whole grids)")
    parser.add_argument(
        "--models", default=None, help="with commas (default: the hybrid, simple baselines and all parts)"
    )
    options = parser.parse_args()
    console, table = Console(width=160), []
    for name in options.splits:
        if not name.startswith("ml-") and not SHARED.is_dir():
            console.print(f"{name}: skipped, its data are not beside the project")
            continue
        seeds = [int(seed) for seed in options.seeds.split(",")] if name == "ml-100k" else [0]
        table += measured(name, seeds, options, console).rows()
    over = "first model over it, NDCG@10"
    heads = ["split", "model", *COLUMNS, "NDCG@10, train only", over, "tuning s", "fit s"]
    for row in (heads, ["---"] * len(heads), *table):
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
