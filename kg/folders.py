"""Folders that appear complete or not at all."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
import tomllib
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from kg.access import make_folder, own_all
from kg.connection import is_plain, is_url, named
from kg.errors import StoreError

_MARK = ".unfinished"
"""A file beside what is being written, locked as long as its process lives."""
_BESIDE = re.compile(r"\..+-[a-z0-9_]{8}")


ADDRESS = (
    "the address of a server stands where a file or folder of this machine is meant; a graph is named where a store is "
    "opened"
)
"""What is said of such an address, which is not repeated."""

SETTINGS_BYTES, DOTS = 1 << 20, 1_000
"""A file of settings is far below, and so is each line of one."""


def local(place: str | Path) -> Path:
    """A path in this machine's file system, ``~`` of it resolved.

    Raises:
        StoreError: none can have it: an address of a server, which is not repeated, a NUL character, somebody's home
            who is not there, links in a circle.
    """
    refuse_address(place)
    try:
        path = Path(place).expanduser()
        path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        plain = is_plain(str(place))
        shown = ascii(str(place)) if plain else named(place)
        raise StoreError(f"{shown} can be no folder: {why}") from (error if plain else None)
    return path


def refuse_address(place: str | Path) -> None:
    """Refuse the address of a server where a file or folder of this machine is meant.

    Raises:
        StoreError: it is one; it is not repeated.
    """
    if is_url(str(place)):
        raise StoreError(ADDRESS)


def settings_of(path: Path) -> dict[str, Any]:
    """What a file of settings says, which is TOML, with or without a byte order mark.

    Raises:
        OSError: it cannot be read, or has no end.
        UnicodeDecodeError: it is no text.
        tomllib.TOMLDecodeError: it is no TOML, or a name of it has more parts than any, or a number more digits.
        StoreError: it is the address of a server, which is not repeated.
        RecursionError: it holds tables or lists in one another without an end.
    """
    refuse_address(path)
    with path.open("rb") as file:
        content = file.read(SETTINGS_BYTES + 1)
    if len(content) > SETTINGS_BYTES:
        raise OSError(errno.EFBIG, f"is over {SETTINGS_BYTES >> 20} MiB, or has no end", str(path))
    text = content.decode("utf-8-sig")
    for number, line in enumerate(text.splitlines(), 1):
        if line.count(".") > DOTS:  # a dotted name is read in time quadratic in its parts
            raise tomllib.TOMLDecodeError(f"more than {DOTS} dots (at line {number})")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except ValueError as error:
        raise tomllib.TOMLDecodeError("a number has thousands of digits") from error


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """A folder to fill, which takes the name ``folder`` when the block ends; an exception leaves nothing behind.

    Raises:
        StoreError: ``folder`` is there already, or cannot be written, or is the address of a server.
    """
    refuse_address(folder)
    if folder.exists() or folder.is_symlink():
        raise StoreError(f"{folder} is there already; it is never overwritten")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with beside(folder) as unfinished:
            make_folder(unfinished)
            yield unfinished
            own_all(unfinished)
            for path in [*unfinished.rglob("*"), unfinished]:
                sync(path)
            unfinished.rename(folder)
            sync(folder.parent)
    except OSError as error:
        raise StoreError(f"cannot write {folder}: {error.strerror or error}") from error


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A path of the same name in a folder of its own beside it, which goes when the block ends.

    What processes that were killed have left beside it goes first: it may hold people's data.

    Raises:
        StoreError: the path is the address of a server.
    """
    refuse_address(path)
    _clear(path.parent)
    with (
        tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent, ignore_cleanup_errors=True) as folder,
        Path(folder, f"{_MARK}-").open("xb") as mark,
    ):
        fcntl.flock(mark, fcntl.LOCK_EX)
        Path(mark.name).rename(Path(folder, _MARK))  # whoever finds it finds it locked
        yield Path(folder, path.name)


def _clear(parent: Path) -> None:
    """Remove the folders of :func:`beside` whose process is gone."""
    for entry in os.scandir(parent):
        if not _BESIDE.fullmatch(entry.name) or not entry.is_dir(follow_symlinks=False):
            continue
        try:
            with Path(entry, _MARK).open("rb") as mark:
                fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(entry.path)
        except OSError:  # it has no mark, is somebody else's, or its process lives
            continue


def check_here() -> None:
    """Refuse to work where the process's own directory is gone: names without a ``/`` before them mean nothing there.

    Raises:
        StoreError: it has been deleted.
    """
    try:
        os.getcwd()
    except OSError as error:
        raise StoreError(
            f"the directory in which this command runs is gone, or may not be read ({error.strerror}); "
            "change to one that is there (cd)"
        ) from error


def remove_all(place: Path) -> dict[str, str]:
    """Remove a file, or a folder with all that is in it; gives it with the reason where something of it stays.

    A link stays with what it leads to, which is not ours to judge.
    """
    try:
        if place.is_symlink():
            return {str(place): f"is a link to {place.readlink()}, where nothing is removed"}
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink()
    except FileNotFoundError:
        pass
    except OSError as error:
        shutil.rmtree(place, ignore_errors=True)  # the rest
        return {str(place): f"{error.filename or place}: {error.strerror or error}"}
    return {}


def hash_file(path: Path) -> str:
    """128 bits of BLAKE2b over a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def plain_name(name: str) -> bool:
    """Whether a name leads to a file below a folder, on every system the same one.

    >>> [plain_name(name) for name in ("work/a b.json", "../a", "/a", "a//b", "a/.", "a\\\\b", "c:d", "a\\0", "")]
    [True, False, False, False, False, False, False, False, False]
    """
    return (
        bool(name)
        and name == PurePosixPath(name).as_posix()
        and not name.startswith("/")
        and ".." not in name.split("/")
        and name != "."
        and name.isprintable()
        and not {*":\\"} & {*name}
        and len(name) <= 4_096
    )


def folded(name: str) -> str:
    """A name as a file system may compare it that knows no case, or one way alone to write an accent.

    >>> folded("Work/A") == folded("work/a"), folded("e\\u0301") == folded("\\u00c9")
    (True, True)
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk when this returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
