"""Folders that appear complete or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kg.errors import StoreError


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """A folder to fill, which takes the name ``folder`` when the block ends; an exception leaves nothing behind.

    Raises:
        StoreError: ``folder`` is there already, or cannot be written.
    """
    if folder.exists():
        raise StoreError(f"{folder} is there already; it is never overwritten")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        yield beside
        beside.chmod(0o755)
        for path in [*beside.rglob("*"), beside]:
            sync(path)
        beside.replace(folder)
        sync(folder.parent)
    except OSError as error:
        raise _unwritable(folder, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def hash_file(path: Path) -> str:
    """128 bits of BLAKE2b over a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _unwritable(folder: Path, error: OSError) -> StoreError:
    return StoreError(f"cannot write {folder}: {error.strerror or error}")


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk when this returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
