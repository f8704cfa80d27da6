"""Are the reasons true? What an explanation names first is taken out of the history, and the model solved again.

    python -m benchmarks.bench_faithfulness [--explanations 500] [--store FOLDER]

MovieLens 100k, ingested and refreshed unless ``--store`` names a graph that is. A person and one of the first 50 of
their list are drawn at random. By the explanation, without its first item the score falls and the rank gets worse; that
is compared with what ``explain(..., without=[item])`` solves exactly, and, as a control, with taking out other items of
the same history that add something too, drawn at random. A reason names up to two items, so two are taken out as well.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from kg.readers import read_recbole
from kg.records import Scale
from recommender import Recommender
from recommender.context import RunContext
from scripts.demo import CACHE, FOLDER, fetch

DEPTH = 50
"""Items of a list that are drawn from: the very first often stay first whatever is taken out."""


def contributions(explanation: dict[str, Any]) -> dict[str, float]:
    """What each item of the history adds over all components, those that add something, most first."""
    total: dict[str, float] = {}
    for part in explanation["parts"]:
        if part["item_id"] is not None:
            total[part["item_id"]] = total.get(part["item_id"], 0.0) + part["contribution"]
    return {item: value for item, value in sorted(total.items(), key=lambda pair: -pair[1]) if value > 0}


def trials(recommender: Recommender, wanted: int, seed: int = 0) -> list[dict[str, tuple[float, float, int]]]:
    """For each explanation and each way of choosing an item: predicted and exact change of score, change of rank."""
    rng = np.random.default_rng(seed)
    people = [row[0] for row in recommender.cypher("MATCH (u:User) RETURN u.id AS id ORDER BY id").rows]
    found: list[dict[str, tuple[float, float, int]]] = []
    with tqdm(total=wanted, desc="explanations", leave=False) as bar:
        while len(found) < wanted:
            user = people[int(rng.integers(len(people)))]
            items = recommender.recommend(user, k=DEPTH).item_id
            item = items.iloc[int(rng.integers(len(items)))]
            adds = contributions(recommender.explain(user, item))
            if len(adds) < 4:
                continue
            first, second, *others = adds
            drawn = [others[place] for place in rng.permutation(len(others))[:2]]
            chosen = {
                "first reason": [first],
                "random item": drawn[:1],
                "first two reasons": [first, second],
                "two random items": drawn,
            }
            trial = {}
            for name, left_out in chosen.items():
                exact = recommender.explain(user, item, without=left_out)["without"]
                trial[name] = (-sum(adds[one] for one in left_out), exact["score_change"], exact["rank_change"])
            found.append(trial)
            bar.update()
    return found


def table(found: list[dict[str, tuple[float, float, int]]]) -> Table:
    """Shares of explanations whose prediction came true, and how large the changes are."""
    shown = Table(title=f"{len(found)} explanations, items of the history taken out", title_justify="left")
    shown.add_column("taken out")
    for name in (
        "score falls",
        "rank worse",
        "rank better",
        "mean change of score",
        "predicted",
        "median change of rank",
    ):
        shown.add_column(name, justify="right")
    for name in found[0]:
        predicted, score, rank = (np.array(values) for values in zip(*(trial[name] for trial in found), strict=True))
        shares = [f"{share:.1%}" for share in ((score < 0).mean(), (rank > 0).mean(), (rank < 0).mean())]
        shown.add_row(name, *shares, f"{score.mean():+.3f}", f"{predicted.mean():+.3f}", f"{np.median(rank):+.0f}")
    larger = np.mean([trial["first reason"][1] < trial["random item"][1] for trial in found])
    shown.caption = f"the first reason matters more than the random item in {larger:.1%}"
    return shown


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--explanations", type=int, default=500, help="how many (default: %(default)s)")
    parser.add_argument("--store", type=Path, help="a refreshed graph (default: MovieLens 100k, made anew)")
    options = parser.parse_args()
    run = RunContext(progress=False)
    with (
        tempfile.TemporaryDirectory(prefix="tastegraph-bench-") as folder,
        Recommender.open(options.store or Path(folder) / "movies", run=run) as recommender,
    ):
        if options.store is None:
            recommender.ingest_records(read_recbole(fetch(CACHE / "demo") / FOLDER), scale=Scale(1, 5))
            recommender.refresh()
        found = trials(recommender, options.explanations)
    Console(width=120).print(table(found))


if __name__ == "__main__":
    main()
