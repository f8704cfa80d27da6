"""The files of a working directory: which go along, and how they are read where somebody else may have put them."""

from __future__ import annotations

import logging
import os
import re
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import IO

from kg.access import TRUSTED, make_folder, opened
from kg.connection import is_url
from kg.errors import ReadError, StoreError
from kg.folders import folded, plain_name, refuse_address
from kg.rejects import FILES
from kg.store import Store
from kg.sweep import ELSEWHERE
from kg.transfer.manifest import PASSING

log = logging.getLogger(__name__)

_DATABASE = ".sqlite"
_REPORT = re.compile(r"tastegraph\.(?:rejects|merges)(?:\.\d+)?\.jsonl?")
"""What an ingest said of its files, rows of people among it: it stays where ``forget`` finds it."""
_LEFT = (f"{_DATABASE}-wal", f"{_DATABASE}-shm", f"{_DATABASE}-journal", TRUSTED)
"""Endings of what stays: the logs of databases, and whom this place trusts."""


def plain_files(folder: Path) -> list[str]:
    """The names of the plain files of a working directory, save what belongs to processes that run.

    No link is followed; what is neither file nor folder is left out, and the log says so.
    """
    found, odd = [], []
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(place, name)
            part = path.relative_to(folder).as_posix()
            mode = path.lstat().st_mode if os.path.lexists(path) else 0
            if any(piece.endswith(PASSING) for piece in part.split("/")) or name.endswith(_LEFT):
                continue
            if _REPORT.fullmatch(part):
                continue
            if stat.S_ISREG(mode) and plain_name(part):
                found.append(part)
            elif mode and not stat.S_ISDIR(mode):
                odd.append(part)
    if odd:
        log.warning("%s: only plain files go along, and these are none: %s", folder, ", ".join(map(repr, sorted(odd))))
    return sorted(found)


def open_plain(root: Path, name: str) -> IO[bytes]:
    """A plain file below a folder, no part of whose name is a link.

    Raises:
        ReadError: it is missing, a link, or no file.
    """
    path = root / name
    try:
        if path.resolve() != root.resolve() / name:
            raise ReadError(str(path), "is a link or lies behind one, and no part of a backup is; copy the file itself")
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    except OSError as error:
        state = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise ReadError(str(path), f"{state}; take another backup") from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise ReadError(str(path), "is no plain file; take another backup")
    return file


def save_files(source: Path, target: Path, *, localise: bool = False) -> list[str]:
    """Copy the files of a working directory that others may be writing to; the names of those that were still there.

    A database is copied as of one moment. ``localise``: the target is the working directory of another store.
    """
    saved = []
    for name in plain_files(source):
        if (here := localised(name) if localise else name) is None:
            continue
        try:
            _save(source / name, _made(target / here))
            saved.append(here)
        except FileNotFoundError:
            (target / here).unlink(missing_ok=True)
    return saved


def add_file(source: IO[bytes], target: Path, name: str) -> bool:
    """Write a file of another working directory into this one, where it is something there; whether it is."""
    if (here := localised(name)) is None:
        return False
    _write(source, _made(target / here))
    return True


def localised(name: str) -> str | None:
    """What a file of a working directory is called in that of another store; None where it is nothing there.

    Trust in a text model holds for its place alone, and rejects files of another place are named to people, never
    opened: a list of paths that somebody else wrote leads wherever they like. Case says nothing: where the file system
    knows none, ``Text-Models.jsonl`` is the file of that name.
    """
    return {TRUSTED: None, FILES: ELSEWHERE, ELSEWHERE: ELSEWHERE}.get(folded(name), name)


def folders_of(store: Store) -> list[Path]:
    """The working directory of a store, and the folder that it is, where it is one."""
    return [store.work] if is_url(store.address) else [store.work, Path(store.address)]


def require_apart(target: Path, *places: Path) -> None:
    """Refuse to write into the folders that are read, or around them.

    Raises:
        StoreError: the target lies in one of them, or one of them in it, links followed; or it is a server's address.
    """
    refuse_address(target)
    wanted = target.resolve()
    for place in (place.resolve() for place in places):
        if wanted == place or place in wanted.parents or wanted in place.parents:
            raise StoreError(
                f"{target} lies in {place}, or around it, which is what is to be copied; name another place"
            )


def _made(path: Path) -> Path:
    folders: list[Path] = []
    while not (folder := path.parents[len(folders)]).is_dir():
        folders.append(folder)
    for folder in reversed(folders):
        make_folder(folder)
    return path


def _save(source: Path, target: Path) -> None:
    if source.suffix == _DATABASE and _save_database(source, target):
        return
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        _write(file, target)


def _write(source: IO[bytes], target: Path) -> None:
    listed = target.name == ELSEWHERE  # what two lists become
    with opened(target, "ab" if listed else "wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)
        out.write(b"\n" * listed)


def _save_database(source: Path, target: Path) -> bool:
    """Copy a database as of one moment, whoever writes to it; False where it is none."""
    opened(target, "wb").close()
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as read,
            closing(sqlite3.connect(target)) as written,
        ):
            read.backup(written)
    except sqlite3.Error:
        return False
    return True
