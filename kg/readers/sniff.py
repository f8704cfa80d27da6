"""Which format a file has, told from its first bytes."""

from __future__ import annotations

import re
from enum import Enum
from itertools import takewhile

from kg.errors import ReadError
from kg.readers.blocks import BlockStream, is_keyed
from kg.readers.delimited import ATOMIC_TYPE, DELIMITERS, Dialect, between_blanks
from kg.readers.document import is_document
from kg.readers.stream import LineStream

PARQUET_MAGIC = b"PAR1"
_SAMPLE_LINES = 20
_MANY_LINES = 1000
_STATED = re.compile(rb'"?sep=([\x09\x20-\x7e])"?[;,\t]*\r?(?=\n)', re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
_CONTROL = bytes(range(9)) + bytes(range(14, 27)) + b"\x7f"


class Lines(Enum):
    """Formats that are no table with columns."""

    JSON = "JSON lines"
    DOCUMENT = "one JSON document"
    KEYED = "key: value"
    LISTS = "LightGCN lists"


def sniff(stream: LineStream | BlockStream) -> Dialect | Lines:
    """The format of a text file.

    ====================  ==========================================================================================
    JSON document         the first character is ``[``, or ``{`` and the first line is no object
    JSON lines            the first character is ``{``
    ``key: value``        such lines, parted by blank ones
    RecBole atomic        every column of the header is ``name:token``, ``token_seq``, ``float`` or ``float_seq``
    CSV, TSV              the header has a tab, comma, semicolon, bar or ``::``; the one separates that most of the
                          first twenty lines have as often as the header, then the most frequent
    LightGCN lists        none of these, and the first twenty lines are whole numbers
    spaces                none of these, and the first twenty lines have equally many words, at least two
    ====================  ==========================================================================================

    What is none of these is a table of one column.

    Raises:
        ReadError: binary.
    """
    start = stream.head.lstrip()
    if start.startswith((b"{", b"[")):
        return Lines.DOCUMENT if is_document(stream.head) else Lines.JSON
    if is_keyed(stream.head):
        return Lines.KEYED
    first, *others = start.splitlines()[: _SAMPLE_LINES + 1]
    header = _text(stream, first)
    delimiter = _delimiter(header, [line.decode(errors="replace") for line in others[:-1] or others])
    if delimiter:
        typed = all(ATOMIC_TYPE.fullmatch(name.strip()) for name in header.split(delimiter))
        return Dialect(delimiter, quoted=not typed, typed=typed)
    if ATOMIC_TYPE.fullmatch(header.strip()):
        return Dialect("\t", quoted=False, typed=True)
    # The last line of the sample may be cut.
    words = [line.split() for line in (first, *others[:-1])]
    if all(word.isdigit() for line in words for word in line):
        return Lines.LISTS
    fields = [len(between_blanks(line.decode(errors="replace"))) for line in (first, *others[:-1])]
    if fields[0] > 1 and len(set(fields)) == 1:
        return Dialect(" ")
    return Dialect(",")


def preamble(head: bytes) -> tuple[int, str, bool]:
    """How many of the first lines say something of the file and are no rows, the delimiter that one of them states, and
    whether names of columns stand behind a ``#`` of their own.

    Such lines are ``sep=;``, as Excel takes it, and those that begin with ``#`` or ``%``, but for one that has as many
    fields as the next line: names of columns, or a row.

    >>> preamble(b"sep=;\\nuser;item\\n"), preamble(b"# by me\\n#user,item\\nu1,i1\\n"), preamble(b"user,item\\n")
    ((1, ';', False), (1, '', True), (0, '', False))
    """
    if stated := _STATED.match(head):
        return 1, stated[1].decode(), False
    lines = [line.decode(errors="replace") for line in head.splitlines()[:_MANY_LINES]]
    remarks = list(takewhile(lambda line: line.startswith(("#", "%")) or not line.strip(), lines))
    if not any(map(str.strip, remarks)) or len(remarks) == len(lines):
        return 0, "", False
    parted = _delimiter(lines[len(remarks)], []) or None
    fields = len(lines[len(remarks)].split(parted))
    looked = remarks if parted else remarks[-1:]
    rows = [line for line in looked if line[:1] == "#" and 1 < fields == len(line[1:].strip().split(parted))]
    number = remarks.index(rows[0]) if rows else len(remarks)
    return number, "", bool(rows) and (number > 0 or parted is None)


def even_lists(head: bytes) -> int:
    """How many numbers each row has, where that is what a table of people, items, values and times has; else 0.

    >>> even_lists(b"1 5 3\\n2 7 1\\n"), even_lists(b"1 5 3\\n2 7\\n3 1 1\\n")
    (3, 0)
    """
    lines = head.splitlines()[:_MANY_LINES]
    rows = [line.split() for line in (lines[:-1] or lines)]
    widths = {len(row) for row in rows if row}
    return widths.pop() if len(widths) == 1 and min(widths) in range(3, 6) else 0


def _text(stream: LineStream | BlockStream, line: bytes) -> str:
    """The first line, which must be text: whatever follows is checked row by row."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise _refused(
            stream, f"the first line is not UTF-8 text ({error.reason}): binary, or another encoding"
        ) from error
    if line.translate(None, _CONTROL) != line:
        raise _refused(stream, "the first line has control characters: the file is binary")
    return text


def _refused(stream: LineStream | BlockStream, reason: str) -> ReadError:
    stream.close()
    return ReadError(stream.name, reason, 1)


def _delimiter(header: str, lines: list[str]) -> str:
    """What of the usual delimiters stands in most lines as often as in the header, outside quotes; empty when there is
    none in the header."""
    if "\t" in header and all(ATOMIC_TYPE.fullmatch(name.strip()) for name in header.split("\t")):
        return "\t"
    bare = _QUOTED.sub("", header)
    others = [_QUOTED.sub("", line) for line in lines if line.strip()]

    def fits(delimiter: str) -> tuple[int, int]:
        count = bare.count(delimiter)
        return sum(line.count(delimiter) == count for line in others), count

    best = max((each for each in DELIMITERS if each in bare), key=fits, default="")
    blank = best == "\t" and others and not fits(best)[0] and len({len(line.split()) for line in (bare, *others)}) == 1
    return "" if blank else best
