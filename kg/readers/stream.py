"""Files to lines: plain, gzip or zstd, told apart by their first bytes, in memory that does not grow with the file."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import IO, Any, Protocol, cast, runtime_checkable

import zstandard

from kg.errors import ReadError
from kg.readers.rows import ROW, raw_text
from kg.records import Reject

MAX_LINE_BYTES = 16 * 2**20
"""A longer line is cut here, and its row rejected: no row is that long, but a binary file may have no line at all."""

_BLOCK = 256 * 1024
_ZSTD_BLOCK = 4 * 1024  # of compressed bytes: zstd unpacks a block to as much as 30,000 times its size
_DAMAGE = (OSError, EOFError, zlib.error, zstandard.ZstdError, zipfile.BadZipFile)
_BOM = b"\xef\xbb\xbf"
_FOREIGN = {
    b"\xff\xfe\x00\x00": "in UTF-32: save it as UTF-8",
    b"\x00\x00\xfe\xff": "in UTF-32: save it as UTF-8",
    b"\xff\xfe": "in UTF-16: save it as UTF-8, for example with iconv -f UTF-16 -t UTF-8",
    b"\xfe\xff": "in UTF-16: save it as UTF-8, for example with iconv -f UTF-16 -t UTF-8",
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


FileSource = str | os.PathLike[str] | Openable


class LineStream:
    """The lines of one text file, with their line ends; the file is opened, and its first bytes read, on construction.

    ``\\n`` ends a line, and ``\\r`` where the first bytes have no ``\\n``. A UTF-8 byte order mark is taken off.

    Raises:
        ReadError: missing, a folder, empty, or of a kind that is no text in UTF-8. While iterating: the compressed
            data is damaged or ends early; ``unread`` then holds the start of the line that it broke in.
    """

    def __init__(self, source: FileSource) -> None:
        self.name = name_of(source)
        self.unread = b""
        self._chunks = _chunks(source, self.name)
        try:
            self.head = next(self._chunks, b"").removeprefix(_BOM)
            """The first bytes, 256 KiB at most, without the byte order mark."""
        except _DAMAGE as error:
            raise ReadError(self.name, _reason(error)) from error
        if not self.head.strip():
            self.close()
            raise ReadError(self.name, "the file is empty")
        for magic, what in _FOREIGN.items():
            if self.head.startswith(magic):
                self.close()
                raise ReadError(self.name, f"the file is {what}")

    def __iter__(self) -> Iterator[bytes]:
        """Each line once; one over :data:`MAX_LINE_BYTES` is cut to one byte more than that."""
        number, tail, chunk = 1, b"", self.head
        try:
            while chunk:
                lines = self._split(tail + chunk)
                # A chunk may end between "\r" and "\n", so only "\n" is sure to end a line here.
                tail = b"" if lines[-1].endswith(b"\n") else lines.pop()
                yield from lines
                number += len(lines)
                if len(tail) > MAX_LINE_BYTES:
                    yield tail[: MAX_LINE_BYTES + 1]
                    number += 1
                    tail = self._rest_after_line_end()
                chunk = next(self._chunks, b"")
        except _DAMAGE as error:
            self.unread = tail
            reason = f"{_reason(error)}; the lines before this one could be read"
            raise ReadError(self.name, reason, number) from error
        finally:
            self.close()
        yield from self._split(tail)

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
        finally:
            self.close()

    def broken_row(self, error: ReadError) -> Iterator[Reject]:
        """The row that damage cut off, as a reject, so that nothing of it is lost; nothing where it had not begun."""
        if self.unread:
            reason = f"the file breaks off in this row: {error.reason}"
            yield Reject(self.name, error.line, ROW, reason, raw_text(self.unread))

    def close(self) -> None:
        """Let go of the file; a second call does nothing."""
        self._chunks.close()

    def _split(self, text: bytes) -> list[bytes]:
        return io.BytesIO(text).readlines() if b"\n" in self.head else text.splitlines(keepends=True)

    def _rest_after_line_end(self) -> bytes:
        for chunk in self._chunks:
            _, end, rest = chunk.partition(b"\n")
            if end:
                return rest
        return b""


def name_of(source: FileSource) -> str:
    """What a file is called in errors and rejects: the path as given; bytes in it that are no UTF-8 are ``\\xNN``."""
    name = os.fsencode(source) if isinstance(source, str | os.PathLike) else str(source).encode(errors="replace")
    return name.decode(errors="backslashreplace")


def starts_with(source: FileSource, magic: bytes) -> bool:
    """Whether a regular file, or a member of an archive, begins with these bytes. A pipe is not touched."""
    if isinstance(source, str | os.PathLike) and not os.path.isfile(source):
        return False
    with _open(source, name_of(source)) as file:
        return file.read(len(magic)) == magic


def _open(source: FileSource, name: str) -> IO[bytes]:
    try:
        if isinstance(source, str | os.PathLike):
            return open(source, "rb")
        return cast(IO[bytes], source.open("rb"))
    except IsADirectoryError:
        raise ReadError(name, "is a folder, and a file is needed") from None
    except FileNotFoundError:
        raise ReadError(name, "no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise ReadError(name, _reason(error)) from error


def _chunks(source: FileSource, name: str) -> Generator[bytes]:
    """The bytes of the file, unpacked, in blocks of bounded size; none is empty."""
    with closing(_open(source, name)) as opened:
        file = opened if hasattr(opened, "peek") else io.BufferedReader(cast(io.RawIOBase, opened))
        magic = file.peek(4)[:4]
        if magic.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield from _gathered(iter(lambda: unpacked.read1(_BLOCK), b""))
        elif magic == b"\x28\xb5\x2f\xfd":
            yield from _gathered(_zstd_chunks(file))
        else:
            yield from iter(lambda: file.read(_BLOCK), b"")


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces joined to blocks; what came before damage is given before the error."""
    held = bytearray()
    try:
        for piece in pieces:
            held += piece
            if len(held) >= _BLOCK:
                yield bytes(held)
                held.clear()
    except _DAMAGE:
        if held:
            yield bytes(held)
        raise
    if held:
        yield bytes(held)


def _zstd_chunks(file: IO[bytes]) -> Iterator[bytes]:
    # The library's stream reader takes a file that ends early for a complete one, so frames are followed by hand.
    context = zstandard.ZstdDecompressor()
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
    return f"the compressed data is damaged: {error}"
