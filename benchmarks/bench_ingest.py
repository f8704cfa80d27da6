"""Rates of ingest, export and single reads: ``python benchmarks/bench_ingest.py [EVENTS]``.

Made-up events: a hundredth as many people, a fiftieth as many items, ids as long as hashes. Wall time, and beside it
the processor time of the whole process with the engine in it, which a busy machine distorts less.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from kg import queries, snapshot
from kg.engines import open_store
from kg.ingest import ingest, write_event
from kg.records import Interaction

START = datetime(2020, 1, 1, tzinfo=UTC)


def events(first: int, count: int, scale: int) -> Iterator[Interaction]:
    """``count`` events with the ids from ``first`` on, over people and items as many as ``scale`` events have."""
    draw = Random(first)
    for number in range(first, first + count):
        user, item = f"u{draw.randrange(scale // 100)}", f"i{draw.randrange(scale // 50)}"
        yield Interaction(user, item, "RATED", f"{number:032x}", START + timedelta(seconds=number), number % 5 + 1.0)


def measured(name: str, count: int, run: Callable[[], object]) -> None:
    """Print how many a second."""
    wall, processor = time.perf_counter(), time.process_time()
    run()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"{name:<44} {count / wall:>10,.0f} /s   {count / processor:>10,.0f} /s of processor   {wall:6.1f} s")


def latency(name: str, runs: int, run: Callable[[int], object]) -> None:
    """Print the median milliseconds of one call."""
    for number in range(20):
        run(-1 - number)
    times = []
    for number in range(runs):
        started = time.perf_counter()
        run(number)
        times.append((time.perf_counter() - started) * 1e3)
    print(f"{name:<44} {statistics.median(times):>10.2f} ms median, {sorted(times)[int(runs * 0.95)]:.2f} ms at 95 %")


def main(count: int) -> None:
    """All figures, into a new store in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "store") as store:
        fresh = list(events(0, count, count))
        measured("events into a new store", count, lambda: ingest(store, fresh, progress=False))
        warm = list(events(count, count // 2, count))
        measured("events into a used store, first", len(warm), lambda: ingest(store, warm, progress=False))
        more = list(events(2 * count, count // 2, count))
        measured("events into a used store, warm", len(more), lambda: ingest(store, more, progress=False))
        measured("events that are there already", len(more), lambda: ingest(store, more, progress=False))
        for turn in ("first", "warm"):
            measured(f"snapshot, events, {turn}", 2 * count, lambda: snapshot.take(store))
        text = queries.load("people_events")
        latency("one person's events and words", 200, lambda n: store.read(text, users=[f"u{n % 100}"]))
        latency(
            "one event, durable",
            100,
            lambda n: write_event(store, Interaction("u1", "i1", "LIKED", f"live{n}", START)),
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
