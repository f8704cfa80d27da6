"""Rates of ingest, export and single reads: ``python -m benchmarks.bench_ingest [EVENTS]``.

Made-up events: a hundredth as many people, a fiftieth as many items, ids as long as hashes. Each way in is set beside
the engine alone: the same rows handed to it ready-made, nothing checked, nothing looked up. Wall time, and beside it
the processor time of the whole process with the engine in it, which a busy machine distorts less.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from kg import queries, snapshot
from kg.engines import open_store
from kg.ingest import ingest, write_event
from kg.records import Interaction
from kg.store import Store

START = datetime(2020, 1, 1, tzinfo=UTC)
BATCH = 5_000


def events(first: int, count: int, scale: int) -> list[Interaction]:
    """``count`` events with the ids from ``first`` on, over people and items as many as ``scale`` events have."""
    draw = Random(first)

    def one(number: int) -> Interaction:
        user, item = f"u{draw.randrange(scale // 100)}", f"i{draw.randrange(scale // 50)}"
        return Interaction(user, item, "RATED", f"{number:032x}", START + timedelta(seconds=number), number % 5 + 1.0)

    return [one(number) for number in range(first, first + count)]


def measured(name: str, count: int, run: Callable[[], object]) -> float:
    """Print and return how many a second."""
    wall, processor = time.perf_counter(), time.process_time()
    run()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"{name:<44} {count / wall:>10,.0f} /s   {count / processor:>10,.0f} /s of processor   {wall:6.1f} s")
    return count / wall


def latency(name: str, runs: int, run: Callable[[int], object]) -> None:
    """Print the median milliseconds of one call, warm."""
    for number in range(runs):
        run(-1 - number)
    times = []
    for number in range(runs):
        started = time.perf_counter()
        run(number)
        times.append((time.perf_counter() - started) * 1e3)
    print(f"{name:<44} {statistics.median(times):>10.2f} ms median, {sorted(times)[int(runs * 0.95)]:.2f} ms at 95 %")


def batches(rows: Sequence[Interaction]) -> Iterator[Sequence[Interaction]]:
    """Runs of :data:`BATCH`."""
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


def fill(store: Store, rows: Sequence[Interaction]) -> None:
    """The engine's bulk path alone."""
    load = store.bulk_load()
    assert load is not None, "the store is not new"
    with load as bulk:
        bulk.declare_kind("RATED")
        users, items = ({getattr(row, name) for row in rows} for name in ("user_id", "item_id"))
        heads = dict(zip(users, bulk.add_nodes("User", [{"id": user} for user in users]), strict=True))
        tails = dict(zip(items, bulk.add_nodes("Item", [{"id": item} for item in items]), strict=True))
        for batch in batches(rows):
            edges = [{"event_id": row.event_id, "at": row.at, "value": row.value} for row in batch]
            bulk.add_edges("RATED", [heads[r.user_id] for r in batch], [tails[r.item_id] for r in batch], edges)


def write(store: Store, rows: Sequence[Interaction]) -> None:
    """The engine's transactions alone."""
    for batch in batches(rows):
        ready = [[r.user_id, r.item_id, r.event_id, r.at and r.at.isoformat(), r.value] for r in batch]
        statement = queries.statement("events_add", names={"relation": "RATED"}, rows=ready)
        store.write(type(statement)(statement.text.replace("<context>", ""), statement.parameters))


def main(count: int) -> None:
    """All figures, into new stores in a temporary folder."""
    half = count // 2
    fresh = events(0, count, count)
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "engine") as store:
        alone = measured("new store, the engine alone", count, lambda: fill(store, fresh))
        write(store, events(count, half, count))
        used = measured("used store, the engine alone", half, lambda: write(store, events(2 * count, half, count)))
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "store") as store:
        ours = measured("new store, ingest", count, lambda: ingest(store, fresh, progress=False))
        ingest(store, events(count, half, count), progress=False)
        more = events(2 * count, half, count)
        ours_used = measured("used store, ingest", half, lambda: ingest(store, more, progress=False))
        measured("used store, events that are there already", half, lambda: ingest(store, more, progress=False))
        print(
            f"ingest against the engine alone: {ours / alone:.2f} in a new store, {ours_used / used:.2f} in a used one"
        )
        for turn in ("first", "warm"):
            measured(f"snapshot, events, {turn}", 2 * count, lambda: snapshot.take(store))
        text = queries.text("people_events")
        latency("one person's events and words", 300, lambda n: store.read(text, users=[f"u{n % 100}"]))
        latency(
            "one event, durable",
            300,
            lambda n: write_event(store, Interaction("u1", "i1", "LIKED", f"live{n}", START)),
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500_000)
