"""Vectors kept on disk, so that each different text is embedded once, whatever restarts in between.

A cache is one SQLite file for each model fingerprint in one folder. SQLite in write-ahead mode gives what is needed
here and is hard to get right by hand: a kill -9 at any moment loses at most the batch being written, any number of
processes of one machine read while one writes, and a lookup needs no index in memory. (The folder must not be on a
network share: the write-ahead log needs shared memory.) Each row carries a checksum of its key and vector; a row that
fails it is dropped, reported in the log, and computed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np

from text.encoder import TextEncoder
from text.errors import CacheClosed, CacheDamaged, CacheError, CacheFull, CacheHeld, CacheMismatch

_VERSION = 1
_LOCK_SECONDS = 60.0
"""How long a writer waits for another one."""
_KEYS_PER_QUERY = 8_192
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS vectors (key BLOB NOT NULL UNIQUE, vector BLOB NOT NULL, checksum INTEGER NOT NULL)",
)

_log = logging.getLogger(__name__)


def text_key(text: str) -> bytes:
    """128 bits of BLAKE2b over a text: two of 10^12 texts agree with probability 10^-15."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class VectorCache:
    """Vectors of one model by text. Safe to use from several threads and processes at once; also a context manager."""

    def __init__(self, folder: Path, fingerprint: str, dimension: int | None = None) -> None:
        """Open or make the cache of a model in a folder.

        Args:
            folder: made when absent; other models' caches may be in it.
            fingerprint: what :attr:`text.encoder.TextEncoder.fingerprint` gives.
            dimension: length of a vector, where known; the first vectors written set it otherwise.

        Raises:
            CacheMismatch: the file holds vectors of another dimension, or is of another version.
            CacheDamaged, CacheFull: the file cannot be read, or not be made.
        """
        if not re.fullmatch(r"\w+", fingerprint):
            raise CacheError(f"{fingerprint!r} is no fingerprint: letters and digits are expected")
        self.path = Path(folder) / f"{fingerprint}.sqlite"
        self._lock = threading.RLock()
        self._is_closed = False
        self._process = os.getpid()
        with _translated(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = _connect(self.path)
            try:
                with _transaction(self._connection):
                    for statement in _SCHEMA:
                        self._connection.execute(statement)
                    self._check("version", _VERSION)
                    if dimension is not None:
                        self._check("dimension", dimension)
            except BaseException:
                self._connection.close()
                raise

    @property
    def dimension(self) -> int | None:
        """Length of a vector; None before the first is written."""
        with self._using():
            row = self._connection.execute("SELECT value FROM meta WHERE name = 'dimension'").fetchone()
        return None if row is None else int(row[0])

    def __len__(self) -> int:
        with self._using():
            return int(self._connection.execute("SELECT count(*) FROM vectors").fetchone()[0])

    def get(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The vectors that are here.

        Returns:
            ``(m,)`` int64 positions in ``texts``, ascending, and ``(m, d)`` float32 rows; the rest is missing.

        Raises:
            CacheDamaged: the file is broken beyond single rows.
        """
        dimension = self.dimension
        if dimension is None or not texts:
            return np.empty(0, np.int64), np.empty((0, dimension or 0), np.float32)
        keys = [text_key(text) for text in texts]
        found: dict[bytes, bytes] = {}
        for batch in _batches(list(dict.fromkeys(keys))):
            found.update(self._read(batch, dimension))
        positions = np.array([i for i, key in enumerate(keys) if key in found], dtype=np.int64)
        joined = bytearray().join(found[keys[i]] for i in positions)
        vectors = np.frombuffer(joined, dtype="<f4").reshape(len(positions), dimension)
        sound = np.isfinite(vectors).all(axis=1)
        if sound.all():
            return positions, vectors
        self._drop([keys[i] for i in positions[~sound]])
        return positions[sound], vectors[sound]

    def put(self, texts: Sequence[str], vectors: np.ndarray) -> None:
        """Keep the vectors of texts, in one transaction; those that are here already are overwritten.

        Args:
            texts: ``n`` texts.
            vectors: ``(n, d)`` float32.

        Raises:
            CacheMismatch: ``d`` is not the dimension of the vectors that are here.
            CacheFull: the disk is full; nothing of this call is kept, and what was here before is intact.
        """
        rows = np.ascontiguousarray(vectors, dtype="<f4")
        if rows.shape[0] != len(texts):
            raise CacheError(f"{len(texts)} texts but {rows.shape[0]} vectors")
        with self._using(), _transaction(self._connection):
            self._check("dimension", rows.shape[1])
            self._connection.executemany(
                "INSERT OR REPLACE INTO vectors (key, vector, checksum) VALUES (?, ?, ?)",
                (
                    (key, data, _checksum(key, data))
                    for key, data in zip(map(text_key, texts), map(bytes, rows), strict=True)
                ),
            )

    def forget(self, texts: Iterable[str]) -> int:
        """Remove texts from the caches of all models in this folder, and overwrite their bytes on disk with zeros.

        Returns:
            How many vectors were removed.
        """
        return forget_texts(self.path.parent, texts)

    def close(self) -> None:
        """Close the file; the cache cannot be used afterwards."""
        if self._process != os.getpid():  # a fork: SQLite has connections used where they were made
            return
        with self._lock:
            self._is_closed = True
            self._connection.close()

    def __enter__(self) -> VectorCache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, keys: list[bytes], dimension: int) -> dict[bytes, bytes]:
        """Sound rows of these keys; damaged ones are removed, so that they are computed again."""
        marks = ",".join("?" * len(keys))
        with self._using():
            rows = self._connection.execute(f"SELECT key, vector, checksum FROM vectors WHERE key IN ({marks})", keys)
            found, damaged = {}, []
            for key, vector, checksum in rows:
                if isinstance(vector, bytes) and len(vector) == 4 * dimension and checksum == _checksum(key, vector):
                    found[key] = vector
                else:
                    damaged.append(key)
            if damaged:
                self._drop(damaged)
        return found

    def _drop(self, keys: list[bytes]) -> None:
        _log.warning("%s: %d damaged vectors dropped; they are computed again", self.path, len(keys))
        with self._using(), _transaction(self._connection):
            self._connection.executemany("DELETE FROM vectors WHERE key = ?", zip(keys))

    def _check(self, name: str, value: int) -> None:
        """Note what this file holds, once; refuse anything else afterwards."""
        self._connection.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (name, value))
        (stored,) = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        if stored != value:
            raise CacheMismatch(
                f"{self.path} has {name} {stored}, and {value} is asked for; delete it, or choose another folder"
            )

    @contextlib.contextmanager
    def _using(self) -> Iterator[None]:
        if self._process != os.getpid():
            raise CacheClosed(
                f"{self.path} was opened by process {self._process}, of which this is a fork; open it anew"
            )
        with self._lock, _translated(self.path):
            if self._is_closed:
                raise CacheClosed(f"{self.path} is closed; open it again")
            yield


class CachedEncoder:
    """An encoder that computes only the texts its cache does not hold, and loads its model only when there are any.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, CachedEncoder.open(TextEncoder(), Path(folder)) as encoder:
    ...     first = encoder.encode(["a guitar", "a drum"], progress=False)
    ...     again = encoder.encode(["a drum", "a guitar"], progress=False)
    >>> bool((first == again[::-1]).all())
    True
    """

    def __init__(self, encoder: TextEncoder, cache: VectorCache) -> None:
        """``cache`` must be that of the encoder's fingerprint; :meth:`open` sees to that."""
        self.encoder = encoder
        self.cache = cache

    @classmethod
    def open(cls, encoder: TextEncoder, folder: Path) -> CachedEncoder:
        """An encoder with its cache in a folder; see :class:`VectorCache` for what is raised."""
        return cls(encoder, VectorCache(folder, encoder.fingerprint))

    @property
    def fingerprint(self) -> str:
        """That of the encoder."""
        return self.encoder.fingerprint

    @property
    def dimension(self) -> int:
        """Length of a vector, from the cache where it holds any."""
        return self.cache.dimension or self.encoder.dimension

    def encode(self, texts: Sequence[str], *, progress: bool = True) -> np.ndarray:
        """As :meth:`text.encoder.TextEncoder.encode`; what is computed is kept as it is finished.

        Raises:
            CacheFull: the disk is full; what was computed before that is kept.
        """
        row_of = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        different = list(row_of)
        positions, known = self.cache.get(different)
        if len(positions) == len(different) == len(texts) > 0:
            return known
        vectors = np.empty((len(different), self.dimension), dtype=np.float32)
        vectors[positions] = known if len(positions) else 0
        missing = np.setdiff1d(np.arange(len(different)), positions, assume_unique=True)
        for rows, part in self.encoder.stream([different[i] for i in missing], progress=progress):
            vectors[missing[rows]] = part
            self.cache.put([different[i] for i in missing[rows]], part)
        return vectors if len(different) == len(texts) else vectors[[row_of[text] for text in texts]]

    def forget(self, texts: Iterable[str]) -> int:
        """As :meth:`VectorCache.forget`."""
        return self.cache.forget(texts)

    def close(self) -> None:
        """Close the cache."""
        self.cache.close()

    def __enter__(self) -> CachedEncoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def forget_texts(folder: Path, texts: Iterable[str]) -> int:
    """As :meth:`VectorCache.forget`, for the caches in a folder, none of which need be open."""
    wanted = list(texts)
    return sum(forget_in(path, wanted) for path in caches_in(folder))


def caches_in(folder: Path) -> list[Path]:
    """The files of the caches in a folder, and the links that stand for one."""
    return sorted(path for path in folder.glob("*.sqlite") if path.is_symlink() or path.is_file())


def forget_in(path: Path, texts: Iterable[str]) -> int:
    """As :meth:`VectorCache.forget`, for one cache; a damaged one is deleted, for its vectors are computed again.

    Where a link stands for it the cache is there where that leads, and what is damaged there is left.

    Raises:
        CacheFull, CacheError: it cannot be written, or another process has held it for a minute.
        CacheHeld: the vectors are removed, and another process has read for a minute, so that their bytes are left.
        CacheDamaged: it is, and lies behind a link.
    """
    if not path.is_file():
        raise CacheError(f"{path} is a link that leads to no file")
    keys = [text_key(text) for text in dict.fromkeys(texts)]
    try:
        with _translated(path), contextlib.closing(_connect(path.resolve())) as connection:
            with _transaction(connection):
                removed = connection.executemany("DELETE FROM vectors WHERE key = ?", zip(keys)).rowcount
            (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()  # it held the bytes too
            if busy:
                raise CacheHeld(f"{path}-wal keeps the bytes of what was removed, for somebody reads it; call again")
    except CacheDamaged as error:
        if path.is_symlink():
            raise
        _log.warning("%s; it is deleted, since nobody can tell whose vectors it holds", error)
        with _translated(path):
            for ending in ("", "-wal", "-shm"):
                Path(f"{path}{ending}").unlink(missing_ok=True)
        return 0
    return max(removed, 0)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_LOCK_SECONDS, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")  # the file may be of somebody else's making
    connection.execute("PRAGMA page_size = 16384")  # ten vectors of 384 a page, in place of two
    connection.execute("PRAGMA cache_size = -65536")  # KiB
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may lose the last batches, never the file
    connection.execute("PRAGMA secure_delete = ON")
    return connection


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction that writes: taken at once, so that two writers wait for each other and never deadlock."""
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        yield


def _checksum(key: bytes, vector: bytes) -> int:
    return zlib.crc32(vector, zlib.crc32(key))


def _batches(keys: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        yield keys[start : start + _KEYS_PER_QUERY]


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    """SQLite's and the system's errors as this package's."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise CacheDamaged(f"{path} is damaged ({error}); delete it: its vectors are computed again") from error
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            raise CacheFull(
                f"cannot write {path}: {error}; free space or make the folder writable, then go on"
            ) from error
        raise CacheError(f"{path}: {error}") from error
    except OSError as error:
        raise CacheFull(f"cannot make the folder of {path}: {error.strerror}") from error
