"""A person out of the files of rejected rows, whatever has become of those.

A full disk leaves half a line, an editor a mark in front, somebody else's program anything: none of it keeps a person
in the files, and nothing goes but the lines that name them.
"""

from __future__ import annotations

import codecs
import errno
import fcntl
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote

import orjson

from kg.rejects import FILES

ELSEWHERE = "rejects-elsewhere.jsonl"
"""Likewise, of the store that this one was copied from: named to people, never opened."""
LONGEST = 16 << 20
"""Bytes of a line that may be a rejected row; a longer one is unreadable, and searched a piece at a time."""
OVERLAP = 64 << 10
"""Bytes that two pieces share: an id of 1,024 bytes with each of them escaped twice fits into half of that."""


@dataclass
class Swept:
    """What was removed of a person from rejects files, and what was not searched."""

    rows: int = 0
    """Rows that named them."""
    unreadable: int = 0
    """Lines that nobody can read as a row, and in which their id stood as a word."""
    unreadable_left: int = 0
    """Such lines without it."""
    searched: list[str] = field(default_factory=list)
    """Paths of files."""
    not_found: list[str] = field(default_factory=list)
    """Paths of files that are not there any more."""
    elsewhere: list[str] = field(default_factory=list)
    """Paths of files of the store that this one was copied from."""
    failed: dict[str, str] = field(default_factory=dict)
    """Paths of files that could not be searched, and why."""


def sweep(work: Path, user_id: str) -> Swept:
    """Remove the rows that name a person from all rejects files.

    A row names a person where it holds their id as a word of its own, so that a row that holds an equal number or word
    goes too. A line that is no row, such as the half of one that a full disk leaves, goes where the id stands in it.
    """
    swept, name = Swept(), Name(user_id)
    with _held(work / FILES):
        for path in sorted(_listed(work / FILES, swept)):
            _sweep_file(path, name, swept)
    swept.elsewhere = sorted(_listed(work / ELSEWHERE, swept))
    return swept


@contextmanager
def _held(names: Path) -> Iterator[None]:
    """Keep ingests from writing to the files that a list names, as :class:`kg.rejects.RejectsFile` does.

    Where there is no list nobody has written yet; what cannot be locked is said where it cannot be read.
    """
    with ExitStack() as stack:
        with suppress(OSError):
            if names.is_file():
                fcntl.flock(stack.enter_context(names.open("rb")), fcntl.LOCK_EX)
        yield


def _sweep_file(path: str, name: Name, swept: Swept) -> None:
    try:
        counts = _without(Path(path), name)
    except (FileNotFoundError, NotADirectoryError):
        swept.not_found.append(path)
    except (OSError, ValueError, RuntimeError) as error:  # what no path holds, such as a NUL; links in a circle
        swept.failed[path] = getattr(error, "strerror", None) or str(error)
    else:
        swept.searched.append(path)
        swept.rows += counts["rows"]
        swept.unreadable += counts["unreadable"]
        swept.unreadable_left += counts["left"]


def _listed(names: Path, swept: Swept) -> set[str]:
    """The paths in a list; what is none is counted, and a list that cannot be read is noted."""
    try:
        if not names.exists():
            return set()
        if not names.is_file():
            raise OSError(errno.EINVAL, "is no file")
        lines = names.read_bytes().splitlines()
    except OSError as error:
        swept.failed[str(names)] = error.strerror or str(error)
        return set()
    found = [_parsed(line) for line in lines if line.strip()]
    paths = {path for path in found if isinstance(path, str) and path.startswith("/")}
    swept.unreadable_left += sum(not (isinstance(path, str) and path in paths) for path in found)
    return paths


class Name:
    """The id of a person as it may stand in a line, however that was escaped."""

    def __init__(self, user_id: str) -> None:
        self._word = re.compile(rf"(?<!\w){re.escape(user_id)}(?!\w)")

    def stands_in(self, text: str) -> bool:
        """Whether it stands there as a word of its own: as it is, or in the text without its escapes."""
        return any(self._word.search(reading) for reading in readings(text))


_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def readings(text: str) -> Iterator[str]:
    """A text, and what it says without the escapes of JSON and RDF, twice, and without those of CSV and of IRIs."""
    plain = text
    for _ in range(3):
        yield plain
        if '""' in plain:
            yield plain.replace('""', '"')
        if "%" in plain:
            yield unquote(plain)
        if "\\" not in plain:
            return
        plain = _ESCAPE.sub(_escaped, plain).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _escaped(found: re.Match[str]) -> str:
    code = found[1] or found[2] or found[3]
    if code is None:
        return _CONTROLS.get(found[4], found[4])
    return chr(int(code, 16)) if int(code, 16) < 0x110000 else ""


def _without(path: Path, name: Name) -> Counter[str]:
    """Rewrite a rejects file without the lines that name somebody, and count; the others stay byte for byte.

    Raises:
        OSError: it cannot be read or written, is a link or leads over one, or is no file.
    """
    if path.resolve() != path:
        raise OSError(errno.ELOOP, "there is a link in its place, which is not followed")
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "is no file")
        counts: Counter[str] = Counter()
        gone = list(_going(file, name, counts))
        beside = path.with_name(f".{path.name}.new")
        try:
            beside.unlink(missing_ok=True)  # of a call that was killed
            if gone:
                _copy_without(file, gone, beside)
                beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    return counts


def _going(file: IO[bytes], name: Name, counts: Counter[str]) -> Iterator[tuple[int, int]]:
    """Where the lines that name somebody begin and end."""
    start = 0
    while line := file.readline(LONGEST):
        named, readable = _named(line, name) if len(line) < LONGEST else (_named_in_pieces(line, file, name), False)
        if named:
            counts["rows" if readable else "unreadable"] += 1
            yield start, file.tell()
        elif not readable and line.strip():
            counts["left"] += 1
        start = file.tell()


def _named(line: bytes, name: Name) -> tuple[bool, bool]:
    """Whether a line names somebody, and whether it is a row."""
    row = _parsed(line.removeprefix(codecs.BOM_UTF8))
    if isinstance(row, dict) and {"raw", "reason"} <= row.keys():
        return any(map(name.stands_in, _texts({**row, "line": ""}))), True
    return name.stands_in(line.decode(errors="surrogateescape")), False


def _texts(row: Any) -> Iterator[str]:
    """All that a row says, and what it calls that, at any depth."""
    rest = [row]
    while rest:
        match rest.pop():
            case dict() as own:
                rest += [*own.keys(), *own.values()]
            case list() as own:
                rest += own
            case own:
                yield str(own)


def _named_in_pieces(first: bytes, file: IO[bytes], name: Name) -> bool:
    """The same of a line of any length, read to its end; a word that goes on in the next piece is not taken for one."""
    named, piece, before = False, first, b""
    while piece:
        ended = piece.endswith(b"\n") or len(piece) < LONGEST
        held = before + piece if ended else before + piece + b"_"
        named = named or name.stands_in(held.decode(errors="surrogateescape"))
        before = b"_" + piece[-OVERLAP:]
        piece = b"" if ended else file.readline(LONGEST)
    return named


def _copy_without(file: IO[bytes], gone: Sequence[tuple[int, int]], beside: Path) -> None:
    """Write all but these parts of a file to another of the same mode."""
    starts, ends = zip(*gone, strict=True)
    mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        os.fchmod(out.fileno(), mode)
        for start, end in zip((0, *ends), (*starts, os.fstat(file.fileno()).st_size), strict=True):
            file.seek(start)
            for size in range(end - start, 0, -LONGEST):
                out.write(file.read(min(size, LONGEST)))
        out.flush()
        os.fsync(out.fileno())


def _parsed(line: bytes) -> Any:
    """What a line of JSON says; None where it is none."""
    try:
        return orjson.loads(line)
    except (orjson.JSONDecodeError, RecursionError):
        return None
