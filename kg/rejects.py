"""The file of rejected rows."""

from __future__ import annotations

import itertools
import os
from contextlib import AbstractContextManager
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import orjson

from kg.access import opened
from kg.errors import RecordError, StoreError
from kg.folders import refuse_address
from kg.readers.rows import raw_text
from kg.records import Record, Reject


class RejectsFile(AbstractContextManager["RejectsFile"]):
    """Rejected rows as JSON lines ``{file, line, field, reason, raw}``; made with the first one, never over another.

    A row that was stored without a cell is there too, with ``"stored": true``.
    """

    def __init__(self, wanted: Path, *, strict: bool, work: Path) -> None:
        """``work`` is the working directory of the store, which remembers all rejects files."""
        self._wanted = wanted
        self._work = work
        self._strict = strict
        self._file: IO[bytes] | None = None
        self.path: Path | None = None
        self.count = 0

    def count_only(self, field: str, reason: str) -> None:
        """Count a row that must not be kept.

        Raises:
            RecordError: always, under ``strict``.
        """
        if self._strict:
            raise RecordError(field, f"{reason} (--strict stops at the first)")
        self.count += 1

    def add(self, reject: Reject) -> None:
        """Keep one.

        Raises:
            RecordError: always, under ``strict``.
        """
        self._keep(reject, orjson.dumps(reject))
        self.count += 1

    def note(self, cell: Reject) -> None:
        """Keep a cell whose row was stored without it; raises as :meth:`add` does."""
        self._keep(cell, orjson.dumps(asdict(cell) | {"stored": True}))

    def _keep(self, reject: Reject, line: bytes) -> None:
        if self._strict:
            where = ":".join(str(part) for part in (reject.file, reject.line) if part)
            raise RecordError(reject.field, f"{reject.reason} ({where or 'a record'}; --strict stops at the first)")
        if self._file is None:
            self.path, self._file = new_file(self._wanted, ".rejects.jsonl")
            _remember(self._work, self.path)
        self._file.write(line + b"\n")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()


def new_file(wanted: Path, ending: str) -> tuple[Path, IO[bytes]]:
    """Open a new file, never over another: where there is one, a number before the ``ending`` tells them apart.

    Raises:
        StoreError: it cannot be written, or is the address of a server.
    """
    refuse_address(wanted)
    ending = next((own for own in (ending, wanted.suffix) if own and wanted.name.endswith(own)), "")
    stem = wanted.name.removesuffix(ending)
    for number in itertools.count():
        path = wanted if number == 0 else wanted.with_name(f"{stem}.{number}{ending}")
        try:
            return path, opened(path, "xb")
        except FileExistsError:
            continue
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}") from error
    raise AssertionError("unreachable")


FILES = "rejects-files.jsonl"
"""In the working directory: the path of every rejects file, one JSON text a line."""


def _remember(work: Path, path: Path) -> None:
    with opened(work / FILES, "a+b") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
        torn = file.read(1) not in (b"", b"\n")  # a full disk cut the last line short
        file.write(b"\n" * torn + orjson.dumps(str(path.resolve())) + b"\n")


def refused(record: Record, field: str, reason: str) -> Reject:
    """A record that was read, and that the graph does not take."""
    if record.origin is None:
        return Reject("", None, field, reason, _raw_of(record))
    file, line, raw = record.origin
    return Reject(file, line, field, reason, raw_text(raw))


def _raw_of(record: Record) -> str:
    """A record as text, where it was not read from a row."""

    def encoded(value: Any) -> Any:
        return value.isoformat() if isinstance(value, datetime) else dict(value)

    try:
        return orjson.dumps({name: getattr(record, name) for name in _fields(record)}, default=encoded).decode()
    except TypeError:  # what JSON cannot say is often why the record was refused
        return repr(record)


def _fields(record: Record) -> list[str]:
    return [own.name for own in fields(record) if own.name not in ("origin", "notes")]
