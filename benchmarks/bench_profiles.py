"""Drawing everybody's profile, and writing it beside what the engine alone takes for the same rows.

    python -m benchmarks.bench_profiles [--people 10000] [--events 1000000] [--written 1000] [--store DIR-OR-URL]

The graph is that of ``bench_refresh``, with vectors of camps in place of texts. Drawing is the mathematics alone, in
one process; the best of ``--rounds``. Of ``--written`` people the profiles are written, by turns by ``write_profiles``
and by the engine's own driver, to which the same statements are given with their rows ready; medians. Without
``--store`` an embedded one in a temporary folder is used; the graph at a URL must be empty.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import chain, islice
from typing import Any

import neo4j
import numpy as np

from benchmarks.bench_refresh import CAMPS, World
from kg import snapshot as snapshots
from kg.batch import batched
from kg.records import Scale
from recommender import Recommender
from recommender.bridge import Builder, TextVectors
from recommender.meaning import Events, MeaningConfig, declared_of, meanings_of
from recommender.profiles.context import ProfileContext
from recommender.profiles.profile import Profile, ProfileConfig, build_profiles, histories_of
from recommender.profiles.segments import find_segments
from recommender.profiles.write import PEOPLE_A_BATCH, replacing, write_profiles, write_segments
from text.windows import unit_rows

DIMENSIONS = 384


def seconds(job: Callable[[], object]) -> float:
    """Of wall clock."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def texts(items: int) -> TextVectors:
    """A vector for each item, near that of its camp."""
    rng = np.random.default_rng(0)
    camps, own = (rng.standard_normal((size, DIMENSIONS)).astype(np.float32) for size in (CAMPS, items))
    vectors = unit_rows(3 * camps[np.arange(items) % CAMPS] + own)
    return TextVectors(vectors, np.empty((0, DIMENSIONS), dtype=np.float32))


def drawing(recommender: Recommender, rounds: int) -> tuple[float, Callable[[], list[Profile]]]:
    """Seconds of drawing everybody, and what draws some again; the segments are in the graph then."""
    snapshot = snapshots.take(recommender.store)
    data, events = Builder(snapshot, texts(snapshot.items.num_rows))(), Events.of(snapshot.events)
    meanings, config = meanings_of(events, declared_of(snapshot), MeaningConfig()), ProfileConfig()
    context = ProfileContext.from_snapshot(
        snapshot, data.cells, data.knowledge, meanings, meaning_config=MeaningConfig(), item_vectors=data.item_vectors
    )
    users = snapshot.users["id"].to_pylist()
    segments = find_segments(histories_of(users, events, context, config).faded, context, config.segments)
    write_segments(recommender.store, segments)

    def draw() -> Any:
        return build_profiles(histories_of(users, events, context, config), config, segments=segments)

    return min(seconds(lambda: sum(1 for _ in draw())) for _ in range(rounds)), draw


def engine_alone(recommender: Recommender, profiles: Sequence[Profile]) -> float:
    """Seconds of the driver and the engine for what :func:`write_profiles` sends, its rows made before."""
    batches = [replacing(batch) for batch in batched(profiles, PEOPLE_A_BATCH)]

    def run() -> None:
        with recommender.store._session(neo4j.WRITE_ACCESS) as session:  # type: ignore[attr-defined]
            for statements in batches:
                with session.begin_transaction() as transaction:
                    for one in statements:
                        transaction.run(one.text, **one.parameters).consume()

    return seconds(run)


def main() -> None:
    """Print people a second, and the ratio of writing to the engine alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--written", type=int, default=1_000, help="people whose profiles are written")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--store", default=None)
    options = parser.parse_args()
    world = World(options.events)
    with (
        tempfile.TemporaryDirectory(prefix="tastegraph-bench-") as scratch,
        Recommender.open(options.store or scratch) as recommender,
    ):
        records = chain(
            world.described(0, world.items), world.events(options.events, np.arange(options.people), world.items, 0)
        )
        recommender.ingest_records(records, scale=Scale(1, 5))
        drawn, draw = drawing(recommender, options.rounds)
        profiles = list(islice(draw(), options.written))
        write_profiles(recommender.store, profiles)
        turns = [
            (seconds(lambda: write_profiles(recommender.store, profiles)), engine_alone(recommender, profiles))
            for _ in range(options.rounds)
        ]
    ours, alone = (statistics.median(own) for own in zip(*turns, strict=True))
    found = {
        "people": options.people,
        "events": options.events,
        "drawing_s": round(drawn, 2),
        "drawing_ms_a_person": round(1e3 * drawn / options.people, 3),
        "writing_ms_a_person": round(1e3 * ours / len(profiles), 3),
        "engine_alone_ms_a_person": round(1e3 * alone / len(profiles), 3),
        "ratio": round(ours / alone, 3),
    }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
