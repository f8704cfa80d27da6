"""Rates of load, export and single reads on both engines: ``python -m benchmarks.bench_graph [EVENTS] [--json FILE]``.

Made-up events: a hundredth as many people, a fiftieth as many items, ids as long as hashes. Each way in is set beside
the engine alone: the same rows handed to it ready-made, nothing checked, nothing looked up. Wall time, and beside it
the processor time of this process (with the embedded engine in it), which a busy machine distorts less. A Neo4j is
started from Maven's artifacts, see ``scripts/neo4j_local.py``; ``--engines embedded`` goes without.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import torch

from kg import queries, snapshot
from kg.engines import open_store
from kg.ingest import ingest, write_event
from kg.records import Interaction
from kg.store import Store
from scripts.neo4j_local import Server, Unavailable

START = datetime(2020, 1, 1, tzinfo=UTC)
BATCH = 5_000


def events(first: int, count: int, scale: int) -> list[Interaction]:
    """``count`` events with the ids from ``first`` on, over people and items as many as ``scale`` events have."""
    draw = Random(first)

    def one(number: int) -> Interaction:
        user, item = f"u{draw.randrange(scale // 100)}", f"i{draw.randrange(scale // 50)}"
        return Interaction(user, item, "RATED", f"{number:032x}", START + timedelta(seconds=number), number % 5 + 1.0)

    return [one(number) for number in range(first, first + count)]


class Figures:
    """What was measured on one engine, printed as it comes."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.rows: list[dict[str, Any]] = []

    def rate(self, name: str, count: int, run: Callable[[], object]) -> None:
        """How many a second."""
        wall, processor = time.perf_counter(), time.process_time()
        run()
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        self.rows.append({"name": name, "count": count, "seconds": wall, "processor": processor})
        print(f"{self.engine:<9} {name:<40} {count / wall:>9,.0f} /s {wall:>8.1f} s {processor:>8.1f} s of processor")

    def latency(self, name: str, runs: int, run: Callable[[int], object]) -> None:
        """Milliseconds of one call, warm."""
        for number in range(runs):
            run(-1 - number)
        times = []
        for number in range(runs):
            started = time.perf_counter()
            run(number)
            times.append((time.perf_counter() - started) * 1e3)
        median, most = statistics.median(times), sorted(times)[int(runs * 0.95)]
        self.rows.append({"name": name, "median_ms": median, "at_95_ms": most})
        print(f"{self.engine:<9} {name:<40} {median:>9.2f} ms median, {most:.2f} ms at 95 %")


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


def tensors(store: Store) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """All ratings as ``edge_index`` (2, n), moments and values, straight from the engine."""
    schema = pa.schema(
        [
            ("user", pa.string()),
            ("item", pa.string()),
            ("at", pa.timestamp("us", tz="UTC")),
            ("value", pa.float64()),
        ]
    )
    text = queries.statement("snapshot_events", names={"relation": "RATED"}).text.rpartition(",")[0]  # no event_id
    table = store.export(text, schema, each="u:User")
    ends = [pc.index_in(table[name], table[name].unique().sort()).to_numpy() for name in ("user", "item")]
    edges = torch.stack([torch.tensor(end, dtype=torch.int64) for end in ends])
    return edges, torch.tensor(table["at"].cast(pa.int64()).to_numpy()), torch.tensor(table["value"].to_numpy())


def resident(name: str = "VmRSS") -> int:
    """MiB of memory of this process now, or at most (``VmHWM``)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0]) >> 10


def loads(figures: Figures, store: Store, count: int, used: Callable[[Store, Sequence[Interaction]], None]) -> None:
    """Ways in, the product's beside the engine's own."""
    half, fresh = count // 2, events(0, count, count)
    figures.rate("new store, ingest", count, lambda: ingest(store, fresh, progress=False))
    ingest(store, events(count, half, count), progress=False)  # the next one is no longer the first
    more = events(2 * count, half, count)
    figures.rate("used store, ingest", half, lambda: ingest(store, more, progress=False))
    figures.rate("used store, events that are there already", half, lambda: ingest(store, more, progress=False))
    alone = events(3 * count, half, count)
    figures.rate("used store, the engine alone", half, lambda: used(store, alone))


def reads(figures: Figures, store: Store, count: int) -> None:
    """Ways out; two and a half times ``count`` events are there by now."""
    there = store.read("MATCH ()-[r:RATED]->() RETURN count(r) AS n")[0]["n"]
    for turn in ("first", "warm"):
        before = resident()
        Path("/proc/self/clear_refs").write_text("5")  # what was needed at most is counted from here on
        figures.rate(f"edges to tensors, {turn}", there, lambda: tensors(store))
        figures.rows[-1]["more_memory_mib"] = resident("VmHWM") - before
        print(f"{'':10}{'more memory at most':38}{resident('VmHWM') - before:>7} MiB", flush=True)
    figures.rate("snapshot", there, lambda: snapshot.take(store))
    text = queries.text("people_events")
    figures.latency("one person's events and words", 300, lambda n: store.read(text, users=[f"u{n % 100}"]))
    figures.latency(
        "one event, durable",
        300,
        lambda n: write_event(store, Interaction("u1", "i1", "LIKED", f"live{n}", START)),
    )


@contextmanager
def opened(engine: str, folder: Path) -> Iterator[Store]:
    """An empty store of an engine."""
    if engine == "embedded":
        with open_store(folder / "store") as store:
            yield store
        return
    server = Server(folder / "neo4j")
    server.start()
    os.environ.update({name: value for name, value in server.environment().items() if name.startswith("NEO4J_")})
    try:
        with open_store(server.url, work=folder / "work") as store:
            yield store
    finally:
        server.stop()


def measure(engine: str, count: int) -> Figures:
    """All figures of one engine, in a temporary folder."""
    figures = Figures(engine)
    if engine == "embedded":
        rows = events(0, count, count)
        with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "engine") as store:
            figures.rate("new store, the engine alone", count, lambda: fill(store, rows))
        del rows
    with tempfile.TemporaryDirectory() as folder, opened(engine, Path(folder)) as store:
        loads(figures, store, count, write)
        reads(figures, store, count)
    return figures


def main() -> None:
    """Both engines, unless one cannot be had."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("events", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--engines", default="embedded,neo4j")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    found = {}
    for engine in options.engines.split(","):
        try:
            found[engine] = measure(engine, options.events).rows
        except Unavailable as error:
            print(f"{engine}: {error}")
    if options.json:
        options.json.write_text(json.dumps({"events": options.events, "engines": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
