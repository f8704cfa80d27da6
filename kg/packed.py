"""Files that an export writes: complete or not there, and packed as their name says."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import zstandard

from kg.access import opened
from kg.errors import StoreError
from kg.folders import beside


@contextmanager
def packed(path: Path) -> Iterator[IO[bytes]]:
    """A file to write, gzip or zstd by its last suffix; it takes the place of ``path`` when the block has ended well.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        with beside(path) as unfinished:
            with opened(unfinished, "xb") as plain, _packer(plain, path.suffix) as file:
                yield file
            unfinished.replace(path)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from error


def unpacked_suffix(path: Path) -> str:
    """The suffix below ``.gz`` or ``.zst``, in lower case."""
    return (path.with_suffix("") if path.suffix in (".gz", ".zst") else path).suffix.lower()


@contextmanager
def _packer(plain: IO[bytes], suffix: str) -> Iterator[IO[bytes]]:
    if suffix == ".gz":
        with gzip.GzipFile(filename="", mode="wb", fileobj=plain, mtime=0) as file:
            yield cast(IO[bytes], file)
    elif suffix == ".zst":
        with zstandard.ZstdCompressor().stream_writer(plain, closefd=False) as writer:
            yield cast(IO[bytes], writer)
    else:
        yield plain
