"""What can be read but once: its first part is laid aside, and looked at in its place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kg.merging import can_be_read_again
from kg.readers.parts import is_file
from kg.readers.stream import Openable, bare, name_of, unpacked

MOST_BYTES = 64 * 2**20
"""Of a pipe, unpacked, ..."""
MOST_ROWS = 100_000
"""... and rows of an iterator that are looked at."""


class LaidAside:
    """The first part of a pipe, in a file that goes by the name of the pipe."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._path = path

    def open(self, mode: str = "rb", /) -> Any:
        """The file, open."""
        return self._path.open(mode)

    def __str__(self) -> str:
        return self.name


def again(source: Any, stack: ExitStack) -> tuple[Any, bool]:
    """A source that can be read again, and whether it is but the first part of one that cannot; what is laid aside goes
    with ``stack``.

    Raises:
        ReadError: it cannot be read.
    """
    if is_file(source):
        file = bare(source)
        if can_be_read_again(file) or not isinstance(file, str | os.PathLike):
            return source, False
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="tastegraph-")))
        return _laid_aside(source, folder / "first")
    if isinstance(source, Iterator):
        rows = list(islice(source, MOST_ROWS + 1))
        return rows[:MOST_ROWS], len(rows) > MOST_ROWS
    return source, False


def _laid_aside(source: Any, path: Path) -> tuple[Openable, bool]:
    """Whole lines of it; all, where there is no more."""
    size, cut = 0, False
    with path.open("wb") as file:
        for block in unpacked(source):
            size += len(block)
            file.write(block)
            if size >= MOST_BYTES:
                cut = True
                break
    if cut:
        _end_with_a_line(path)
    return LaidAside(name_of(source), path), cut


def _end_with_a_line(path: Path) -> None:
    with path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        start = max(0, end - 2**20)
        file.seek(start)
        line_end = file.read().rfind(b"\n")
        if line_end >= 0:
            file.truncate(start + line_end + 1)
