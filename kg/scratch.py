"""What is too much for memory, laid out on disk for as long as it is read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from kg.errors import ReadError


def scratch(cache_kib: int = 65_536) -> sqlite3.Connection:
    """A database in the temporary folder that vanishes when it is closed, with one transaction open.

    ``cache_kib`` is what it holds in memory.

    Raises:
        ReadError: there is no room for it.
    """
    with full_disk_said():
        database = sqlite3.connect("", isolation_level=None)  # no name: private, on disk, removed at the end
        for setting in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{cache_kib}"):
            database.execute(f"PRAGMA {setting}")
        database.execute("BEGIN")
    return database


@contextmanager
def full_disk_said() -> Iterator[None]:
    """Say where there is no room, in place of the database's own error.

    Raises:
        ReadError: the temporary folder is full.
    """
    try:
        yield
    except sqlite3.Error as error:
        reason = f"{error}; free some space there, or name another folder with TMPDIR"
        raise ReadError("temporary folder", reason) from error
