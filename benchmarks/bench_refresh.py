"""A refresh after little has changed, beside a full one.

    python -m benchmarks.bench_refresh [--edges 1000000] [--store DIR-OR-URL] [--share 0.01]

A graph of people in camps of taste, items with texts and genres, and events that follow taste; then a share more
events, in visits of five (a tenth of them by new people), new items among theirs, and the refresh again. Prints seconds
a stage and the ratio of both refreshes, which is to be at most .10. Without ``--store`` an embedded one in a temporary
folder is used; the graph at a URL must be empty.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from kg.records import Attribute, Interaction, ItemRecord, Record
from recommender import Recommender
from recommender.context import RunContext

CAMPS = 20
WORDS = 400
"""Of the vocabulary that item texts are made of: each camp prefers some."""
VISIT = 5
"""Events of one person one after the other."""
START = datetime(2024, 1, 1, tzinfo=UTC)


class World:
    """People and items of camps; an event is about an item of one's own camp four times in five."""

    def __init__(self, edges: int, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.people = max(200, edges // 50)
        self.items = max(100, min(20_000, edges // 200))
        self.popularity = self.rng.zipf(1.3, size=4 * self.items).astype(float) ** -0.5

    def described(self, first: int, count: int) -> Iterator[Record]:
        """Items with a text and a genre each."""
        for item in range(first, first + count):
            camp = item % CAMPS
            words = (self.rng.zipf(1.5, size=12) * 7 + camp * 17) % WORDS
            text = " ".join(f"word{word}" for word in words.tolist())
            genres = (
                Attribute("HAS_GENRE", "genre", f"genre {camp}"),
                Attribute("MADE_BY", "brand", f"brand {item % 97}"),
            )
            yield ItemRecord(f"i{item}", f"Item {item}", text, {}, genres)

    def events(self, count: int, people: np.ndarray, items: int, start: int) -> Iterator[Record]:
        """``count`` ratings of these people, one a minute, :data:`VISIT` at a time."""
        who = np.repeat(self.rng.choice(people, size=-(-count // VISIT)), VISIT)[:count]
        weights = self.popularity[:items] / self.popularity[:items].sum()
        what = self.rng.choice(items, size=count, p=weights)
        own = self.rng.random(count) < 0.8
        what = np.where(own, what // CAMPS * CAMPS + who % CAMPS, what) % items
        for number, (user, item, liked) in enumerate(
            zip(who.tolist(), what.tolist(), own.tolist(), strict=True), start
        ):
            at = START + timedelta(minutes=number)
            yield Interaction(f"u{user}", f"i{item}", "RATED", f"e{number}", at, 5.0 if liked else 2.0)


def refreshed(recommender: Recommender, budget: float) -> dict[str, Any]:
    """Seconds of a refresh and of its stages."""
    start = time.perf_counter()
    report = recommender.refresh(budget=budget)
    seconds = time.perf_counter() - start
    stages = {stage.stage: round(stage.seconds, 2) for stage in report.stages}
    return {"seconds": round(seconds, 2), "fit": report.fit, "why": report.why, "stages": stages}


def measure(recommender: Recommender, edges: int, share: float, budget: float) -> dict[str, Any]:
    """The full refresh, the one after it, and their ratio."""
    world = World(edges)
    everything: Iterable[Record] = chain(
        world.described(0, world.items), world.events(edges, np.arange(world.people), world.items, 0)
    )
    recommender.ingest_records(everything)
    full = refreshed(recommender, budget)
    more, new_items, new_people = int(edges * share), max(1, world.items // 500), max(1, int(edges * share) // 100)
    recommender.ingest_records(world.described(world.items, new_items))
    known, new = np.arange(world.people), world.people + np.arange(new_people)
    every = world.items + new_items
    recommender.ingest_records(world.events(more - more // 10, known, every, edges))
    recommender.ingest_records(world.events(more // 10, new, every, edges + more - more // 10))
    after = refreshed(recommender, budget)
    served = recommender.recommend([f"u{world.people}"], k=10)
    return {
        "edges": edges,
        "more": more,
        "full": full,
        "after": after,
        "ratio": round(after["seconds"] / full["seconds"], 3),
        "a_new_person_gets": len(served),
    }


def main() -> None:
    """Measure and print a JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edges", type=int, default=1_000_000, help="events at first (default: %(default)s)")
    parser.add_argument(
        "--share", type=float, default=0.01, help="share of events that come then (default: %(default)s)"
    )
    parser.add_argument("--budget", type=float, default=30.0, help="seconds of tuning (default: %(default)s)")
    parser.add_argument("--store", help="folder or URL; default: an embedded one, removed at the end")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tastegraph-bench-") as folder:
        run, store = RunContext(device="cpu", progress=False), given.store or Path(folder) / "store"
        work = Path(folder) / "work"
        with Recommender.open(store, work=work, run=run) as recommender:
            print(json.dumps(measure(recommender, given.edges, given.share, given.budget), indent=1))


if __name__ == "__main__":
    main()
