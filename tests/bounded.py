"""What reading a file costs, measured in a process of its own: memory beyond the imports, and how it ended."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MAX_GROWTH = 300 * 2**20
"""Bytes beyond what the imports take that any file may cost."""

_READ = """
import json, sys
import pyarrow.parquet, pyoxigraph, tqdm, zstandard
from kg import readers
from kg.errors import GraphError
from kg.readers.knowledge import read_knowledge
from kg.readers.stream import trusted
from kg.records import Reject

def peak():
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))

verb, trust, *paths = sys.argv[1:]
read = read_knowledge if verb == "triples" else getattr(readers, f"read_{verb}")
base = peak()
for path in paths:
    records, reasons, rejected, error = 0, [], 0, None
    try:
        for record in read(trusted(path, trust == "trust")):
            if isinstance(record, Reject):
                rejected += 1
                reasons[:1] = [record.reason]
            else:
                records += 1
    except GraphError as found:
        error = str(found)
    print(json.dumps([peak() - base, records, rejected, (reasons or [None])[0], error]))
"""


@dataclass(frozen=True)
class Cost:
    """What reading one file came to."""

    growth: int
    """Bytes of memory at the most, beyond what the imports took; files that were read before count, too."""
    records: int
    rejected: int
    reason: str | None
    """Of the last row that was rejected."""
    error: str | None
    """What the error said that ended it."""


def read(verb: str, paths: Iterable[Path], *, trust: bool = False, seconds: float = 240) -> list[Cost]:
    """Read files one after another as ``tastegraph ingest VERB`` does; a process that dies is a failure."""
    command = [sys.executable, "-c", _READ, verb, "trust" if trust else "-", *map(str, paths)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    assert ended.returncode == 0, (ended.returncode, ended.stderr[-2000:])
    return [Cost(*json.loads(line)) for line in ended.stdout.splitlines()]
