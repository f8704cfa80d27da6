"""Fixtures of the whole suite."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.bolt import BoltStore
from kg.engines import open_store
from kg.store import Statement

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell ignores Ctrl-C for what it runs in the background, and every process started from here would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _loggers_as_they_are() -> None:
    """What the command sets for its whole process, here that of the tests, does not outlive a test."""
    for package in ("kg", "text", "gnn", "recommender"):
        logging.getLogger(package).setLevel(logging.NOTSET)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the project; the test is skipped where it is absent."""
    folder = Path(__file__).parents[1].parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"needs the real data in {folder}")
    return folder


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoltStore]:
    """One embedded engine for the session: starting one costs seconds."""
    with open_store(tmp_path_factory.mktemp("embedded") / "store") as opened:
        yield opened


@pytest.fixture
def store(embedded: BoltStore) -> BoltStore:
    """An empty graph in the embedded engine."""
    return emptied(embedded)


def emptied(store: BoltStore) -> BoltStore:
    """The same store without a node; constraints stay."""
    store.write(Statement("MATCH (n) WHERE NOT n:Schema DETACH DELETE n", {}))
    store._kinds.clear()
    return store
