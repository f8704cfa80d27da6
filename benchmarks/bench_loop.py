"""The loop on MovieLens 100k: full refresh, one person's list, and feedback to durable edge to next list.

python -m benchmarks.bench_loop [--rounds 30]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from kg.readers import read_recbole
from kg.records import Scale
from recommender import Recommender
from recommender.context import RunContext
from scripts.demo import CACHE, FOLDER, fetch


def median_ms(seconds: list[float]) -> float:
    """Median in milliseconds."""
    return round(1000 * statistics.median(seconds), 1)


def main() -> None:
    """Measure and print a JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30, help="people asked (default: %(default)s)")
    rounds = parser.parse_args().rounds
    with (
        tempfile.TemporaryDirectory(prefix="tastegraph-bench-") as folder,
        Recommender.open(Path(folder) / "graph", run=RunContext(device="cpu")) as recommender,
    ):
        start = time.perf_counter()
        recommender.ingest_records(read_recbole(fetch(CACHE / "demo") / FOLDER), scale=Scale(1, 5))
        ingested = time.perf_counter() - start
        start = time.perf_counter()
        report = recommender.refresh()
        refreshed = time.perf_counter() - start
        people = [str(person) for person in range(1, rounds + 1)]
        recommender.recommend(people[0])
        lists, reasons, loops = [], [], []
        for person in people:
            start = time.perf_counter()
            recommender.recommend(person, k=10)
            lists.append(time.perf_counter() - start)
            start = time.perf_counter()
            top = recommender.recommend(person, k=10, reasons=True)
            reasons.append(time.perf_counter() - start)
            start = time.perf_counter()
            recommender.feedback(person, top.item_id[0], "LIKED")
            recommender.recommend(person, k=10)
            loops.append(time.perf_counter() - start)
    document = {
        "ingest_s": round(ingested, 1),
        "refresh_s": round(refreshed, 1),
        "stages_s": {stage.stage: round(stage.seconds, 1) for stage in report.stages},
        "recommend_ms": median_ms(lists),
        "recommend_with_reasons_ms": median_ms(reasons),
        "feedback_to_next_list_ms": median_ms(loops),
    }
    print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
