"""Which format a file has, told from its first bytes."""

from __future__ import annotations

import re
from enum import Enum

from kg.errors import ReadError
from kg.readers.blocks import BlockStream, is_keyed
from kg.readers.delimited import ATOMIC_TYPE, DELIMITERS, Dialect, between_blanks
from kg.readers.document import is_document
from kg.readers.stream import LineStream

PARQUET_MAGIC = b"PAR1"
_SAMPLE_LINES = 20
_MANY_LINES = 1000
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
