"""The hybrid beside the best simple model and beside its own best part, at many points in time and by many budgets.

    python -m benchmarks.bench_rolling [NAME ...] [--budgets 30,60,300,none] [--cuts 0,1] [--table]

``ml-100k``, ``amazon-musical-instruments`` and ``amazon-magazines`` are cut at 50, 60, 70, 80 and 90 % of their events
in the order of time, with all that the graph holds of them (``evaluate --protocol rolling``). ``ml-100k-random``,
``ml-100k-temporal``, ``lastfm-kg`` and ``book-crossing-kg`` are the splits of ``bench_quality``. Budgets are seconds of
tuning; with ``none`` whole grids are tried.

The best simple model (popularity, item-kNN, EASE, iALS) and the best part are those of the highest NDCG@10 on
validation, for every cut anew; nothing is chosen on what is tested. Differences are paired by person, a person of
several cuts counts by the mean of theirs, and the interval is that of the bootstrap over people. Every split of a
budget is kept in ``.cache/rolling``: the command goes on where it was stopped, and ``--table`` prints what is there.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.bench_quality import SHARED, movielens, movielens_temporal, published
from kg import snapshot as snapshots
from kg.readers import read_amazon, read_recbole
from kg.records import Record, Reject, Scale
from kg.snapshot import Snapshot
from recommender import Recommender, artefacts
from recommender.bridge import Builder, embed
from recommender.context import RunContext
from recommender.evaluation.report import Report
from recommender.evaluation.run import evaluate_files, measure
from recommender.evaluation.significance import interval
from recommender.evaluation.stores import SplitConfig, split_snapshot
from recommender.parts import BASELINES, HYBRID
from recommender.situations import SituationConfig
from recommender.texts import open_texts
from scripts.demo import CACHE, FOLDER, fetch
from text.encoder import EncoderConfig

KEPT = CACHE / "rolling"
CUTS = 5
METRICS = ("recall@10", "ndcg@10")
WORSE, FAR_WORSE = -0.01, -0.05
"""Least relative difference, and least lower end of its 95 % interval."""


def _movies() -> Iterator[Record | Reject]:
    return read_recbole(fetch(CACHE / "demo") / FOLDER)


def _instruments() -> Iterator[Record | Reject]:
    return read_amazon(SHARED / "amazon-musical-instruments" / "Musical_Instruments_5.json.gz")


def _magazines() -> Iterator[Record | Reject]:
    folder = SHARED / "amazon-magazines"
    return read_amazon(folder / "Magazine_Subscriptions_5.json.gz", folder / "meta_Magazine_Subscriptions.json.gz")


ROLLING: dict[str, Callable[[], Iterable[Record | Reject]]] = {
    "ml-100k": _movies,
    "amazon-musical-instruments": _instruments,
    "amazon-magazines": _magazines,
}
GIVEN = {"ml-100k-random": 5, "ml-100k-temporal": 1, "lastfm-kg": 1, "book-crossing-kg": 1}
"""The splits of ``bench_quality``, and how many there are of each."""


@dataclass(frozen=True)
class Cell:
    """One split under one budget."""

    data: str
    number: int
    budget: float | None

    @property
    def path(self) -> Path:
        """Where its result is kept."""
        return KEPT / f"{self.data}.{self.number}.{self.said}.json"

    @property
    def said(self) -> str:
        """The budget in a word."""
        return "none" if self.budget is None else f"{self.budget:g}s"


def snapshot_of(name: str) -> Snapshot:
    """The graph of a data set as tables; ingested once."""
    folder = KEPT / name
    if not artefacts.exists(folder):
        with (
            tempfile.TemporaryDirectory(prefix="tastegraph-bench-") as scratch,
            Recommender.open(scratch) as recommender,
        ):
            recommender.ingest_records(ROLLING[name](), scale=Scale(1, 5))
            with artefacts.writing(folder, {}) as (target, _):
                snapshots.save(snapshots.take(recommender.store), target / "snapshot")
    return snapshots.load(folder / "snapshot")


def report_of(cell: Cell, run: RunContext) -> Report:
    """All models on this split: settings and weights are chosen before its test."""
    names = ["hybrid", *dict.fromkeys((*BASELINES, *HYBRID))]
    if cell.data in ROLLING:
        snapshot = snapshot_of(cell.data)
        texts = open_texts(KEPT, run, EncoderConfig())
        builder = Builder(snapshot, embed(snapshot, texts.encode))
        split = split_snapshot(snapshot, builder, SplitConfig("rolling", folds=CUTS, fold=cell.number))
        texts.close()
        with run.computing():
            return measure(split, run, names=names, budget=cell.budget, thorough=False)
    with tempfile.TemporaryDirectory(prefix="tastegraph-bench-") as scratch:
        if cell.data == "ml-100k-random":
            files = movielens(Path(scratch), cell.number)
        elif cell.data == "ml-100k-temporal":
            files = movielens_temporal(Path(scratch))
        else:
            files = published(cell.data)
        return evaluate_files(files, run, names=names, budget=cell.budget)


def measured(cell: Cell) -> None:
    """Measure a cell and keep what the table needs of it."""
    start = time.perf_counter()
    report = report_of(cell, RunContext(progress=False))
    models = {model.name: model for model in report.models}
    groups = {
        one.group: one.users.tolist()
        for one in models["hybrid"].figures.groups
        if (one.grouping, one.metric) == ("history", METRICS[0])
    }
    document = {
        "seconds": time.perf_counter() - start,
        "groups": groups,
        "alone": {name: _alone(weights) for name, weights in models["hybrid"].params.items()},
        "models": {
            name: {
                "validation": model.validation,
                "params": dict(model.params),
                **{metric: model.figures.per_person[metric].tolist() for metric in METRICS},
            }
            for name, model in models.items()
        },
    }
    KEPT.mkdir(parents=True, exist_ok=True)
    partial = cell.path.with_suffix(".part")
    partial.write_text(json.dumps(document))
    partial.rename(cell.path)


def _alone(weights: dict[str, float]) -> bool:
    """Whether one part has all the weight, save for the floor of those that know new items."""
    largest = max(weights.values())
    return sum(weight > 1.01 * SituationConfig().floor * largest for weight in weights.values()) == 1


def compared(cells: Sequence[dict[str, Any]], among: Sequence[str], metric: str) -> tuple[float, float, float]:
    """The hybrid less the one of these models that is best on validation, relative to that: mean, low and high."""
    differences: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for cell in cells:
        models = cell["models"]
        best = max((name for name in among if name in models), key=lambda name: models[name]["validation"])
        pairs = zip(models["hybrid"][metric], models[best][metric], strict=True)
        for person, (ours, theirs) in zip(_people(cell), pairs, strict=True):
            differences[person].append((ours - theirs, theirs))
    each = np.array([np.mean(own, axis=0) for own in differences.values()])
    found, unit = interval(each[:, 0]), max(float(each[:, 1].mean()), 1e-12)
    return found.mean / unit, found.low / unit, found.high / unit


def _people(cell: dict[str, Any]) -> list[int]:
    return sorted(person for own in cell["groups"].values() for person in own)


def rows(cells: Iterable[Cell]) -> Iterator[tuple[list[str], list[tuple[float, float, float]]]]:
    """The table: for each data set and budget what was asked of it, and the figures behind the cells."""
    grouped: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for cell in cells:
        if cell.path.exists():
            grouped[cell.data, cell.said].append(json.loads(cell.path.read_text()))
    for (data, budget), own in grouped.items():
        people = len({person for cell in own for person in _people(cell)})
        situations = dict.fromkeys(name for cell in own for name in cell["alone"] if name != "words")
        alone = ", ".join(f"{name} {sum(cell['alone'].get(name, False) for cell in own)}" for name in situations)
        seconds = sum(cell["seconds"] for cell in own)
        against = [compared(own, among, metric) for among in (BASELINES, HYBRID) for metric in METRICS]
        figures = [f"{100 * mean:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]" for mean, low, high in against]
        yield [data, budget, f"{len(own)}", f"{people}", *figures, alone, f"{seconds:.0f}"], against


def table(cells: Iterable[Cell]) -> None:
    """Print what is kept of these cells, in Markdown, and how much of what is asked for holds."""
    print(
        "| data | budget | splits | people | "
        + " | ".join(f"over the best {what}, {metric}, %" for what in ("simple model", "part") for metric in METRICS)
        + " | one part alone, splits | s |"
    )
    print("|" + "---|" * 10)
    all_figures = []
    for row, figures in rows(cells):
        print(f"| {' | '.join(row)} |")
        all_figures += figures
    if all_figures:
        near = sum(mean >= WORSE for mean, _, _ in all_figures)
        sure = sum(low >= FAR_WORSE for _, low, _ in all_figures)
        above = sum(mean > 0 for mean, _, _ in all_figures)
        bounds = f"{near} are at least {100 * WORSE:g} %, the intervals of {sure} end above {100 * FAR_WORSE:g} %"
        print(f"\n{len(all_figures)} differences: {bounds}, {above} are above 0")


def cells_of(names: Sequence[str], budgets: Sequence[float | None]) -> list[Cell]:
    """All splits of these data sets by all budgets, the shortest first."""
    counts = dict.fromkeys(ROLLING, CUTS) | GIVEN
    return [Cell(name, number, budget) for budget in budgets for name in names for number in range(counts[name])]


def main() -> None:
    """Measure what is not kept yet, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=[*ROLLING, *GIVEN], help="data sets (default: all)")
    parser.add_argument("--budgets", default="30,60,300,none", help="seconds, with commas (default: %(default)s)")
    parser.add_argument("--cuts", default=None, help="numbers of splits, with commas, from 0 on (default: all)")
    parser.add_argument("--table", action="store_true", help="print what is kept and measure nothing")
    options = parser.parse_args()
    budgets = [None if text == "none" else float(text) for text in options.budgets.split(",")]
    chosen = None if options.cuts is None else {int(number) for number in options.cuts.split(",")}
    cells = [cell for cell in cells_of(options.names, budgets) if chosen is None or cell.number in chosen]
    if not options.table:
        for cell in tqdm([cell for cell in cells if not cell.path.exists()], desc="cells", unit="split"):
            # A process of its own, so that its memory goes with it.
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                pool.apply(measured, (cell,))
    table(cells)


if __name__ == "__main__":
    main()
