"""The file of rejected rows."""

from __future__ import annotations

import fcntl
import itertools
import logging
import os
from contextlib import AbstractContextManager
from dataclasses import asdict, fields, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

import orjson

from kg.access import opened
from kg.advice import advice
from kg.errors import RecordError, StoreError
from kg.folders import refuse_address
from kg.readers.rows import MAX_RAW_CHARS, raw_text
from kg.records import Record, Reject

if TYPE_CHECKING:
    from kg.forgotten import Forgotten

log = logging.getLogger(__name__)

TOO_LONG = f"(over {MAX_RAW_CHARS >> 20} Mi characters)"
"""What stands in place of a row that was cut."""


AT_ONCE = 64 << 10
"""Rough bytes of rows that are written together."""


class RejectsFile(AbstractContextManager["RejectsFile"]):
    """Rejected rows as JSON lines ``{file, line, field, reason, raw}``; made with the first one, never over another.

    A row that was stored without a cell is there too, with ``"stored": true``.

    Somebody may be forgotten meanwhile. So rows are held back, and written where they are searched for people at once:
    before that the graph says who was forgotten, and what names them goes nowhere.
    """

    def __init__(self, wanted: Path, *, strict: bool, work: Path, forgotten: Forgotten | None = None) -> None:
        """``work`` is the working directory of the store, which remembers all rejects files."""
        self._wanted = wanted
        self._work = work
        self._strict = strict
        self._forgotten = forgotten
        self._known: frozenset[str] | None = None
        self._held: list[tuple[Reject, bool]] = []
        """Rows, and whether they were stored without a cell."""
        self._bytes = 0
        self.path: Path | None = None
        self.count = 0
        self.reason: str | None = None
        """Of the first one: where it stood, and what is wrong with it."""
        self.forgotten = 0
        """Of these, rows of people who were forgotten when they were to be written."""

    def count_only(self, field: str, reason: str) -> None:
        """Count a row that must not be kept.

        Raises:
            RecordError: always, under ``strict``.
        """
        if self._strict:
            raise RecordError(field, f"{reason} ({advice('--strict', 'strict=')} stops at the first)")
        self.count += 1

    def add(self, reject: Reject) -> None:
        """Keep one; of a row that is cut not even the half that is there, which may not say whose it is.

        Raises:
            RecordError: always, under ``strict``.
        """
        self._keep(reject, stored=False)
        self.count += 1
        if self.reason is None:
            self.reason = _reason(reject)

    def note(self, cell: Reject) -> None:
        """Keep a cell whose row was stored without it; raises as :meth:`add` does."""
        self._keep(cell, stored=True)

    def _keep(self, reject: Reject, *, stored: bool) -> None:
        where = _where(reject)
        if self._strict:
            raise RecordError(
                reject.field,
                f"{reject.reason} ({where or 'a record'}; {advice('--strict', 'strict=')} stops at the first)",
            )
        if self.path is None:
            self.path, file = new_file(self._wanted, ".rejects.jsonl")
            file.close()
            _remember(self._work, self.path)
        self._held.append((replace(reject, raw=TOO_LONG) if len(reject.raw) >= MAX_RAW_CHARS else reject, stored))
        self._bytes += 100 + len(reject.raw)
        if self._bytes > AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what is held back.

        Raises:
            StoreError: the graph does not say who was forgotten; nothing is written then.
        """
        if self.path is None or not self._held:
            return
        with opened(self._work / FILES, "ab") as names:
            fcntl.flock(names, fcntl.LOCK_EX)  # as whoever searches the files does
            rows = self._allowed()
            with opened(self.path, "ab", links=False) as file:
                file.write(b"".join(orjson.dumps(_document(*row)) + b"\n" for row in rows))
        self.forgotten += len(self._held) - len(rows)
        self._held, self._bytes = [], 0

    def _allowed(self) -> list[tuple[Reject, bool]]:
        """Those of the rows that name nobody who has been forgotten."""
        if self._forgotten is None:
            return self._held
        before, self._known = self._known, self._forgotten.look()
        return self._held if before == self._known else [r for r in self._held if not self._forgotten.stands_in(r[0])]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.flush()
        except (StoreError, OSError) as failed:
            if error is None:
                raise
            log.warning("%d rejected rows are not kept in %s: %s", len(self._held), self.path, failed)


def _document(reject: Reject, stored: bool) -> Any:
    return asdict(reject) | {"stored": True} if stored else reject


def _where(reject: Reject) -> str:
    return ":".join(str(part) for part in (reject.file, reject.line) if part)


def _reason(reject: Reject) -> str:
    where = _where(reject)
    return f"{where}: {reject.field} {reject.reason}" if where else f"{reject.field} {reject.reason}"


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
