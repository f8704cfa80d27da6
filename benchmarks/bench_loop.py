"""The loop on real data: full refresh, one person's list, and feedback to durable edge to next list.

    python -m benchmarks.bench_loop [--rounds 200]

MovieLens 100k, and amazon-magazines where its folder stands beside the project. Serving is timed in a warm process:
Java compiles what it has run some hundred times.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from kg.readers import read_amazon, read_recbole
from kg.records import Record, Reject, Scale
from recommender import Recommender
from recommender.context import RunContext
from scripts.demo import CACHE, FOLDER, fetch

MAGAZINES = Path(__file__).parents[2] / "shared" / "data" / "amazon-magazines"


def milliseconds(run: Callable[[str], object], people: Sequence[str]) -> dict[str, float]:
    """Median and 95th percentile of one call."""
    times = []
    for person in people:
        start = time.perf_counter()
        run(person)
        times.append(1000 * (time.perf_counter() - start))
    return {"median": round(statistics.median(times), 1), "p95": round(sorted(times)[int(0.95 * len(times))], 1)}


def refreshed(recommender: Recommender, records: Iterable[Record | Reject], scale: Scale | None) -> dict[str, Any]:
    """Seconds of ingestion, of the whole refresh and of its stages."""
    start = time.perf_counter()
    recommender.ingest_records(records, scale=scale)
    ingested = time.perf_counter() - start
    start = time.perf_counter()
    report = recommender.refresh()
    return {
        "ingest_s": round(ingested, 1),
        "refresh_s": round(time.perf_counter() - start, 1),
        "stages_s": {stage.stage: round(stage.seconds, 1) for stage in report.stages},
    }


def served(recommender: Recommender, rounds: int) -> dict[str, Any]:
    """Milliseconds of a list, of one with reasons, and of an event with the list after it."""
    people = [row[0] for row in recommender.cypher("MATCH (u:User) RETURN u.id AS id ORDER BY id").rows]
    people = [people[number % len(people)] for number in range(rounds)]
    unseen = {person: recommender.recommend(person, k=1).item_id[0] for person in set(people)}

    def loop(person: str) -> None:
        recommender.feedback(person, unseen[person], "LIKED")
        recommender.recommend(person, k=10)

    milliseconds(loop, people)
    return {
        "recommend_ms": milliseconds(lambda person: recommender.recommend(person, k=10), people),
        "recommend_with_reasons_ms": milliseconds(lambda person: recommender.recommend(person, reasons=True), people),
        "feedback_to_next_list_ms": milliseconds(loop, people),
    }


def main() -> None:
    """Measure and print a JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200, help="people asked (default: %(default)s)")
    rounds = parser.parse_args().rounds
    run = RunContext(device="cpu", progress=False)
    document: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="tastegraph-bench-") as folder:
        with Recommender.open(Path(folder) / "movies", run=run) as recommender:
            document["ml-100k"] = refreshed(recommender, read_recbole(fetch(CACHE / "demo") / FOLDER), Scale(1, 5))
            document["ml-100k"] |= served(recommender, rounds)
        if MAGAZINES.is_dir():
            with Recommender.open(Path(folder) / "magazines", run=run) as recommender:
                names = ("Magazine_Subscriptions_5.json.gz", "meta_Magazine_Subscriptions.json.gz")
                records = read_amazon(*(MAGAZINES / name for name in names))
                document["amazon-magazines"] = refreshed(recommender, records, None)
    print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
