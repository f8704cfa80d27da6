"""Which format a file has, told from its first bytes."""

from __future__ import annotations

import re
from enum import Enum

from kg.errors import ReadError
from kg.readers.delimited import ATOMIC_TYPE, Dialect
from kg.readers.stream import LineStream

PARQUET_MAGIC = b"PAR1"
_SAMPLE_LINES = 20
_CONTROL = bytes(range(9)) + bytes(range(14, 27)) + b"\x7f"


class Lines(Enum):
    """Formats that are no table with columns."""

    JSON = "JSON lines"
    LISTS = "LightGCN lists"


def sniff(stream: LineStream) -> Dialect | Lines:
    """The format of a text file.

    ====================  ==========================================================================================
    JSON lines            the first character is ``{``
    RecBole atomic        every column of the header is ``name:token``, ``token_seq``, ``float`` or ``float_seq``
    CSV, TSV              the header has a tab, comma, semicolon or bar; the most frequent one separates
    LightGCN lists        none of these, and the first twenty lines are whole numbers
    spaces                none of these, and the first twenty lines have equally many words, at least two
    ====================  ==========================================================================================

    What is none of these is a table of one column.

    Raises:
        ReadError: binary, or one JSON document in place of lines.
    """
    start = stream.head.lstrip()
    if start.startswith(b"{"):
        return Lines.JSON
    if start.startswith(b"["):
        hint = "for example with jq -c '.[]'"
        raise _refused(stream, f"the file is one JSON array; JSON lines, one object a line, are needed ({hint})")
    first, *others = start.splitlines()[: _SAMPLE_LINES + 1]
    header = _text(stream, first)
    delimiter = _delimiter(header)
    if delimiter:
        typed = all(ATOMIC_TYPE.fullmatch(name.strip()) for name in header.split(delimiter))
        return Dialect(delimiter, quoted=not typed, typed=typed)
    if ATOMIC_TYPE.fullmatch(header.strip()):
        return Dialect("\t", quoted=False, typed=True)
    # The last line of the sample may be cut.
    words = [line.split() for line in (first, *others[:-1])]
    if all(word.isdigit() for line in words for word in line):
        return Lines.LISTS
    if len(words[0]) > 1 and len({len(line) for line in words}) == 1:
        return Dialect(" ")
    return Dialect(",")


def _text(stream: LineStream, line: bytes) -> str:
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


def _refused(stream: LineStream, reason: str) -> ReadError:
    stream.close()
    return ReadError(stream.name, reason, 1)


def _delimiter(header: str) -> str:
    """The most frequent of the usual delimiters outside quotes; empty when there is none."""
    bare = re.sub(r'"[^"]*"', "", header)
    best = max("\t,;|", key=bare.count)
    return best if best in bare else ""
