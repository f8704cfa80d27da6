"""The folder of an embedded store: what lies where, who has it open, and how much room is left.

::

    store.json     format and engine: what makes the folder a store
    lock           held while open; says who holds it
    graph/         the engine's own folder: databases, config
    logs/          everything that the engine logs
    work/          vectors, snapshots, model versions
    bolt.json      address and password of the running engine, readable by the owner only; gone after a clean close
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from kg.access import make_folder, opened, own_all
from kg.advice import advice
from kg.connection import is_plain, named
from kg.errors import StoreError, StoreInUse, StoreVersionError
from kg.folders import local

FORMAT = 1
"""Version of the layout above."""
MINIMUM_FREE = 256 << 20
"""Bytes that must be free to open a store or write a batch: the engine grows its files in large steps."""


@dataclass(frozen=True)
class StoreFolder:
    """An embedded store's folder, held by this process."""

    root: Path
    lock: IO[str]

    @classmethod
    def take(cls, root: Path, *, create: bool) -> StoreFolder:
        """Check or make the folder and take its lock.

        Raises:
            StoreError: it is not a store, or there is none and ``create`` is False, or the disk is full.
            StoreInUse: somebody has it open.
            StoreVersionError: its layout is of another version.
        """
        root = local(root).resolve()
        with usable(root):
            return cls._take(root, create)

    @classmethod
    def _take(cls, root: Path, create: bool) -> StoreFolder:
        if not (root / "store.json").exists():
            _check_may_create(root, create)
        for name in ("store.json", "lock"):
            if (path := root / name).exists() and not path.is_file():
                raise StoreError(f"{path} is no regular file, so {root} is no store")
        make_folder(root)
        lock = opened(root / "lock", "a+", encoding="utf-8")
        try:
            _lock(lock, root)
            folder = cls(root, lock)
            folder.check_room()
            folder._check_format()
            for part in (folder.graph, folder.logs, folder.work):
                make_folder(part)
            own_all(root)  # also what an older release, or the engine, has left open to others
        except BaseException:
            lock.close()
            raise
        return folder

    @property
    def graph(self) -> Path:
        """The engine's own folder."""
        return self.root / "graph"

    @property
    def logs(self) -> Path:
        """Everything that the engine logs."""
        return self.root / "logs"

    @property
    def work(self) -> Path:
        """The working directory."""
        return self.root / "work"

    def check_room(self) -> None:
        """Raise while there is still room to fail cleanly.

        Raises:
            StoreError: less than :data:`MINIMUM_FREE` bytes are free, or may be written to one file.
        """
        largest, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
        if 0 <= largest < MINIMUM_FREE:
            raise StoreError(
                f"this process may write files of {largest >> 20} MiB at most and a store needs "
                f"{MINIMUM_FREE >> 20} MiB; raise the limit (ulimit -f unlimited)"
            )
        free = shutil.disk_usage(self.root).free
        if free < MINIMUM_FREE:
            raise StoreError(
                f"the disk that holds {self.root} is nearly full: {free >> 20} MiB are free and a store needs "
                f"{MINIMUM_FREE >> 20} MiB to work in; free some space and run the command again"
            )

    def write_secret(self, url: str, user: str, password: str) -> None:
        """Write ``bolt.json``, readable by the owner only from the moment it exists."""
        path = self.root / "bolt.json"
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"url": url, "user": user, "password": password}, file)

    def release(self) -> None:
        """Remove the secret and let go of the lock."""
        (self.root / "bolt.json").unlink(missing_ok=True)
        if not self.lock.closed:
            own_all(self.root)
            self.lock.truncate(0)
            self.lock.close()

    def _check_format(self) -> None:
        manifest = self.root / "store.json"
        if not manifest.exists():
            temporary = manifest.with_suffix(".tmp")
            with opened(temporary, "w", encoding="utf-8") as file:
                file.write(json.dumps({"format": FORMAT, "engine": "arcadedb"}) + "\n")
            temporary.replace(manifest)
            return
        try:
            found = json.loads(manifest.read_text(encoding="utf-8"))["format"]
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{manifest} is damaged; restore it, or ingest into a new store") from error
        if found != FORMAT:
            raise StoreVersionError(
                f"{self.root} has store format {found}; this program speaks format {FORMAT}. "
                f"Use the tastegraph release that made it, or ingest the data again into a new store."
            )


@contextmanager
def usable(root: Path) -> Iterator[None]:
    """Turn what the file system says into an error that names the store.

    Raises:
        StoreError: says what.
    """
    try:
        yield
    except OSError as error:
        place = f"{named(error.filename)}: " if error.filename else ""
        why = f"cannot use {named(root)} as a store: {place}{error.strerror or error}"
        raise StoreError(why) from (error if is_plain(str(root)) else None)


def _check_may_create(root: Path, create: bool) -> None:
    if not create:
        raise StoreError(
            f"there is no store at {named(root)}; ingest something first, or check "
            + advice("--store / TASTEGRAPH_STORE", "the location")
        )
    if root.exists() and not root.is_dir():
        raise StoreError(f"{named(root)} is a file; a store is a folder")
    # A crash between the first mkdir and store.json leaves at most these.
    if root.is_dir() and any(entry.name not in {"lock", "store.tmp"} for entry in root.iterdir()):
        raise StoreError(f"{named(root)} holds other files and is no store; name a new or an empty folder")


def _lock(lock: IO[str], root: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        raise StoreInUse(_holder(lock.read(), root)) from error
    lock.truncate(0)
    since = datetime.now(UTC).isoformat(timespec="seconds")
    json.dump({"pid": os.getpid(), "host": socket.gethostname(), "since": since}, lock)
    lock.flush()


def _holder(text: str, root: Path) -> str:
    advice = "an embedded store is open in one process at a time: close that one, or use a Neo4j server"
    try:
        owner = json.loads(text)
        who = f"process {owner['pid']} on {owner['host']} since {owner['since']}"
        if owner["pid"] == os.getpid() and owner["host"] == socket.gethostname():
            who = f"this very process ({owner['pid']}) since {owner['since']}"
    except (ValueError, KeyError, TypeError):
        who = "another process"
    return f"{root} is in use by {who}; {advice}"
