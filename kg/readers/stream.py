"""Files to lines: plain, gzip or zstd, told apart by their first bytes, in memory that does not grow with the file.

A packed file that grows past :data:`MAX_UNPACKED_BYTES` and past :data:`MAX_RATIO` times its own size is an error,
unless it is :class:`Trusted`: a few kilobytes can hold terabytes. One that is small enough to be such a file is
unpacked once before, so that nothing of it has been read by then.
"""

from __future__ import annotations

import gzip
import io
import logging
import lzma
import os
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import IO, Any, Protocol, cast, runtime_checkable

import zstandard

from kg.advice import advice, option
from kg.errors import ReadError, TooMuch
from kg.folders import refuse_address
from kg.readers import encoding as encodings
from kg.readers.rows import MAX_LINE_BYTES, ROW, raw_text
from kg.records import Reject

log = logging.getLogger(__name__)

MAX_RATIO = 200
"""How many times its own size a packed file may grow to; logs reach 100."""
MAX_UNPACKED_BYTES = 2**30
"""What grows to less may have any ratio."""
MAX_WINDOW_BYTES = 2**27
"""How far back a zstd file may look, which is memory; ``zstd --ultra -22`` uses all of it, ``--long=31`` more."""

_BLOCK = 256 * 1024
_ZSTD_BLOCK = 512  # of packed bytes, which unpack to 16 MiB at most
_DAMAGE = (
    OSError, EOFError, zlib.error, zstandard.ZstdError, zipfile.BadZipFile, lzma.LZMAError,
    RuntimeError,  # a member of an archive that is packed in another way, or encrypted
)  # fmt: skip
_BOM = b"\xef\xbb\xbf"
_FOREIGN = {
    b"PK\x03\x04": "a zip archive or a spreadsheet: unpack it, or save it as CSV",
    b"BZh": "compressed with bzip2: unpack it first",
    b"\xfd7zXZ\x00": "compressed with xz: unpack it first",
    b"%PDF": "a PDF, not a table",
    b"\x89PNG": "a picture, not a table",
    b"SQLite format 3": "an SQLite database: export its tables as CSV first",
}


@runtime_checkable
class Openable(Protocol):
    """A file, or a member of an archive (``zipfile.Path``)."""

    @property
    def name(self) -> str: ...

    def open(self, mode: str = ..., /) -> Any: ...


@dataclass(frozen=True)
class Trusted:
    """A file of a sender who is known: it may unpack to any size. All other bounds hold."""

    file: str | os.PathLike[str] | Openable

    def __str__(self) -> str:
        return str(self.file)


FileSource = str | os.PathLike[str] | Openable | Trusted


def trusted(source: Any, trust: bool = True) -> Any:
    """A source as :class:`Trusted` where that is wanted and it is a file, else as it is."""
    if trust and isinstance(source, list | tuple):
        return [trusted(one) if isinstance(one, str | os.PathLike | Openable) else one for one in source]
    return Trusted(source) if trust and isinstance(source, str | os.PathLike | Openable) else source


def bare(source: FileSource) -> str | os.PathLike[str] | Openable:
    """The file itself."""
    return source.file if isinstance(source, Trusted) else source


class LineStream:
    """The lines of one text file, with their line ends; the file is opened, and its first bytes read, on construction.

    ``\\n`` ends a line, and ``\\r`` where the first bytes have no ``\\n``. A byte order mark is taken off. Lines are in
    UTF-8, whatever the file is in; a line that is none there is damaged.

    Args:
        source: what is read.
        encoding: what the text is in; None: found, and said.

    Raises:
        ReadError: missing, a folder, empty, of a kind that is no text, or grows beyond all measure. While
            iterating: the compressed data is damaged or ends early; ``unread`` then holds the start of the line that it
            broke in.
        RecordError: no such encoding.
    """

    def __init__(self, source: FileSource, encoding: str | None = encodings.UTF8) -> None:
        stated = encodings.known(encoding) if encoding else None
        self.name = name_of(source)
        self.unread = b""
        self.encoding = encoding or encodings.UTF8
        """What the text is in, as far as it has been read."""
        _check_growth(source, self.name)
        self._file = _chunks(source, self.name)
        try:
            first = next(self._file, b"")
            self._refuse(first, stated)
            self._chunks = self._in_utf8(first, stated)
            self.head = next(self._chunks, b"").removeprefix(_BOM)
            """The first bytes, 256 KiB of the file at most, without the byte order mark."""
        except _DAMAGE as error:
            raise ReadError(self.name, _reason(error)) from error
        if not self.head.strip():
            self.close()
            raise ReadError(self.name, "the file is empty")
        self._end = b""
        """What ends a line, known with the first block that has either."""

    def _refuse(self, first: bytes, stated: str | None) -> None:
        foreign = dict(_FOREIGN)
        if stated == "utf-8":  # which RDF must be in
            hint = "save it as UTF-8"
            foreign |= {mark: f"in {name.upper()}: {hint}" for mark, name in encodings.MARKS.items()}
        for magic, what in foreign.items():
            if first.startswith(magic):
                self.close()
                raise ReadError(self.name, f"the file is {what}")

    def _in_utf8(self, first: bytes, stated: str | None) -> Iterator[bytes]:
        blocks = chain([first] if first else (), self._file)
        if stated == "utf-8":
            return blocks
        marked = next((name for mark, name in encodings.MARKS.items() if first.startswith(mark)), None)
        encoding = stated or marked or (encodings.wide(first) if b"\0" in first else None)
        if encoding is None:
            return encodings.found(blocks, self._say)
        if stated is None:
            self._say(encoding)
        self.encoding = encoding
        return encodings.transcoded(blocks, encoding)

    def pass_over(self, lines: int, mark: bytes) -> None:
        """Leave out the text of so many first lines, and a mark before the next one; the others keep their numbers."""
        first = self.head.splitlines(keepends=True)
        ends = (line[len(line.rstrip(b"\r\n")) :] for line in first[:lines])
        self.head = b"".join([*ends, first[lines].lstrip(mark) if mark else first[lines], *first[lines + 1 :]])

    def _say(self, encoding: str) -> None:
        self.encoding = encoding
        log.info("%s: read as %s; %s changes it", self.name, encoding, option("encoding"))

    def __iter__(self) -> Iterator[bytes]:
        """Each line once; one over :data:`MAX_LINE_BYTES` is cut to one byte more than that."""
        number, chunk = 1, self.head
        held: list[bytes] = []  # pieces of a line whose end has not come
        size = 0
        try:
            while chunk:
                held.append(chunk)
                size += len(chunk)
                if self._ends_in(chunk):
                    lines = self._split(b"".join(held))
                    # A chunk may end between "\r" and "\n", so only "\n" is sure to end a line here.
                    held = [] if lines[-1].endswith(b"\n") else [lines.pop()]
                    size = sum(map(len, held))
                    yield from lines
                    number += len(lines)
                if size > MAX_LINE_BYTES:
                    yield b"".join(held)[: MAX_LINE_BYTES + 1]
                    number += 1
                    held = [self._rest_after_line_end()]
                    size = len(held[0])
                chunk = next(self._chunks, b"")
        except _DAMAGE as error:
            self.unread = b"".join(held)
            reason = f"{_reason(error)}; the lines before this one could be read"
            raise ReadError(self.name, reason, number) from error
        except TooMuch as error:
            raise TooMuch(self.name, error.reason, number) from error
        finally:
            self.close()
        yield from self._split(b"".join(held))

    def blocks(self) -> Iterator[bytes]:
        """The same bytes in blocks, for a parser that finds its own lines; in place of iterating over lines."""
        number, chunk = 1, self.head
        try:
            while chunk:
                yield chunk
                number += chunk.count(b"\n")
                chunk = next(self._chunks, b"")
        except _DAMAGE as error:
            raise ReadError(self.name, f"{_reason(error)}; what stands before could be read", number) from error
        except TooMuch as error:
            raise TooMuch(self.name, error.reason, number) from error
        finally:
            self.close()

    def broken_row(self, error: ReadError) -> Iterator[Reject]:
        """The row that damage cut off, as a reject, so that nothing of it is lost; nothing where it had not begun."""
        if self.unread:
            reason = f"the file breaks off in this row: {error.reason}"
            yield Reject(self.name, error.line, ROW, reason, raw_text(self.unread))

    def close(self) -> None:
        """Let go of the file; a second call does nothing."""
        self._file.close()

    def _split(self, text: bytes) -> list[bytes]:
        return io.BytesIO(text).readlines() if self._end == b"\n" else text.splitlines(keepends=True)

    def _rest_after_line_end(self) -> bytes:
        for chunk in self._chunks:
            if self._ends_in(chunk):
                return chunk.partition(self._end)[2]
        return b""

    def _ends_in(self, chunk: bytes) -> bool:
        """Whether a line may end in a block."""
        self._end = self._end or (b"\n" if b"\n" in chunk else b"\r" if b"\r" in chunk else b"")
        return self._end != b"" and self._end in chunk


def name_of(source: FileSource) -> str:
    """What a file is called in errors and rejects: the path as given; bytes in it that are no UTF-8 are ``\\xNN``."""
    source = bare(source)
    try:
        name = os.fsencode(source) if isinstance(source, str | os.PathLike) else str(source).encode(errors="replace")
    except UnicodeEncodeError:  # a lone surrogate: no file has such a name
        name = str(source).encode(errors="backslashreplace")
    return name.decode(errors="backslashreplace")


def unpacked(source: FileSource) -> Iterator[bytes]:
    """The bytes of a file, unpacked, in blocks; a pipe is used up.

    Raises:
        ReadError: it cannot be opened, is damaged, or grows beyond all measure.
    """
    name = name_of(source)
    try:
        yield from _chunks(source, name)
    except _DAMAGE as error:
        raise ReadError(name, _reason(error)) from error


def starts_with(source: FileSource, magic: bytes) -> bool:
    """Whether a regular file, or a member of an archive, begins with these bytes. A pipe is not touched."""
    file = bare(source)
    if isinstance(file, str | os.PathLike) and not os.path.isfile(file):
        return False
    name = name_of(source)
    try:
        with opened(source, name) as begun:
            return begun.read(len(magic)) == magic
    except _DAMAGE as error:
        raise ReadError(name, _reason(error)) from error


def opened(source: FileSource, name: str) -> IO[bytes]:
    """The file, open.

    Raises:
        ReadError: it cannot be opened.
        StoreError: it is the address of a server, which is not repeated.
    """
    file = bare(source)
    if isinstance(file, str | os.PathLike) and not os.path.lexists(file):
        refuse_address(name)
    try:
        if isinstance(file, str | os.PathLike):
            return open(file, "rb")
        return cast(IO[bytes], file.open("rb"))
    except IsADirectoryError:
        raise ReadError(name, "is a folder, and a file is needed") from None
    except FileNotFoundError:
        raise ReadError(name, "no such file") from None
    except (*_DAMAGE, ValueError) as error:  # ValueError: a NUL in the path
        raise ReadError(name, _reason(error)) from error


class _Packed:
    """A file as it is read, with what was read so far."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self.size += len(block)
        return block


def _check_growth(source: FileSource, name: str) -> None:
    """Unpack a file that is small and may grow beyond all measure.

    Raises:
        TooMuch: it does.
    """
    file = bare(source)
    size = _stored_size(file)
    if isinstance(source, Trusted) or size is None or size * MAX_RATIO >= MAX_UNPACKED_BYTES:
        return
    try:
        for _ in _chunks(source, name):
            pass
    except _DAMAGE:  # said when what stands before the damage has been read
        return


def _stored_size(file: str | os.PathLike[str] | Openable) -> int | None:
    """Bytes on disk, for a member of an archive those in it; None where nobody knows, as of a pipe."""
    if isinstance(file, zipfile.Path):
        return file.root.getinfo(file.at).compress_size if file.is_file() else None
    try:
        return os.path.getsize(file) if isinstance(file, str | os.PathLike) and os.path.isfile(file) else None
    except (OSError, ValueError):
        return None


def _chunks(source: FileSource, name: str) -> Generator[bytes]:
    """The bytes of the file, unpacked, in blocks of bounded size; none is empty.

    Raises:
        TooMuch: it grows beyond all measure.
    """
    with closing(opened(source, name)) as raw:
        file = raw if hasattr(raw, "peek") else io.BufferedReader(cast(io.RawIOBase, raw))
        magic = file.peek(4)[:4]
        packed = _Packed(file)
        if magic.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=cast(IO[bytes], packed)) as unpacked:
                blocks = _gathered(iter(lambda: unpacked.read1(_BLOCK), b""))
                yield from blocks if isinstance(source, Trusted) else _measured(blocks, packed, name)
        elif magic == b"\x28\xb5\x2f\xfd" or (magic[1:] == b"\x2a\x4d\x18" and magic[0] >> 4 == 5):
            blocks = _gathered(_zstd_chunks(packed))
            yield from blocks if isinstance(source, Trusted) else _measured(blocks, packed, name)
        else:
            in_archive = isinstance(raw, zipfile.ZipExtFile) and not isinstance(source, Trusted)
            blocks = iter(lambda: packed.read(_BLOCK), b"")
            yield from _measured(blocks, _InArchive(source), name) if in_archive else blocks


class _InArchive:
    """A member of an archive, whose stored size is known before."""

    def __init__(self, source: FileSource) -> None:
        self.size = _stored_size(bare(source)) or 0


def _measured(blocks: Iterator[bytes], packed: _Packed | _InArchive, name: str) -> Iterator[bytes]:
    """The blocks, until they grow beyond all measure."""
    size = 0
    for block in blocks:
        size += len(block)
        check_ratio(name, size, packed.size)
        yield block


def check_ratio(name: str, unpacked: int, packed: int) -> None:
    """Refuse what grows beyond all measure.

    Raises:
        TooMuch: it does.
    """
    if unpacked > MAX_UNPACKED_BYTES and unpacked > MAX_RATIO * packed:
        raise TooMuch(
            name,
            f"unpacks to over {MAX_UNPACKED_BYTES // 2**30} GiB and over {MAX_RATIO} times its own size, which no "
            f"honest file does; read it with {advice('--trust', 'trust=True')} if you know who made it",
        )


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces of any size as blocks of one size; what came before damage is given before the error."""
    held = bytearray()
    try:
        for piece in pieces:
            held += piece
            if len(held) >= _BLOCK:
                whole = len(held) - len(held) % _BLOCK
                yield from (bytes(held[start : start + _BLOCK]) for start in range(0, whole, _BLOCK))
                del held[:whole]
    except _DAMAGE:
        if held:
            yield bytes(held)
        raise
    if held:
        yield bytes(held)


def _zstd_chunks(file: _Packed) -> Iterator[bytes]:
    # The library's stream reader takes a file that ends early for a complete one, so frames are followed by hand.
    context = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)
    frame = context.decompressobj()
    while block := file.read(_ZSTD_BLOCK):
        while block:
            if frame.eof:
                frame = context.decompressobj()
            if chunk := frame.decompress(block):
                yield chunk
            block = frame.unused_data if frame.eof else b""
    if not frame.eof:
        raise EOFError("the compressed data ends early")


def _reason(error: BaseException) -> str:
    if isinstance(error, EOFError):
        return "the compressed data ends early, so the file is not complete"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    if "too much memory" in str(error):
        return (
            f"needs a window of over {MAX_WINDOW_BYTES // 2**20} MiB to unpack: unpack it first, with zstd -d --long=31"
        )
    if isinstance(error, RuntimeError):
        return f"cannot be unpacked here ({error}): unpack it first"
    return f"the compressed data is damaged: {error}"
