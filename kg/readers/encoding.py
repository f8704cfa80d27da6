"""Bytes of any encoding to UTF-8, which all readers take: as stated, by a byte order mark, or as the bytes look.

Found by looking, an encoding is one that ASCII is part of, and is needed only from the first line that is no UTF-8:
what stands before means the same in both. Where most lines beyond ASCII are UTF-8 the others are damaged, and rejected.
"""

from __future__ import annotations

import codecs
import logging
import unicodedata
from collections.abc import Callable, Iterator
from itertools import chain

from kg.errors import RecordError, short
from kg.readers.rows import MAX_LINE_BYTES

log = logging.getLogger(__name__)

UTF8 = "UTF-8"
MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
"""Byte order marks; one of UTF-8 is no matter."""
_OTHER = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})
"""Codecs of Python for something else than texts."""
_LATIN = "cp1252"  # holds Latin-1, and what programs mean by it
_SEVERAL = ("gb18030", "big5hkscs", "big5", "cp932", "euc_jis_2004", "euc_jp", "cp949")
"""Encodings of several bytes a character: some of their lines are UTF-8 by chance."""
_JAPANESE = frozenset({"cp932", "euc_jis_2004", "euc_jp"})
_SINGLE = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874", "koi8_r",
    "koi8_u", "iso8859_2", "iso8859_5", "iso8859_6", "iso8859_7", "iso8859_15", "mac_roman", "mac_cyrillic", "cp850",
)  # fmt: skip
_AHEAD = 16
"""Blocks that are looked at beyond the first that is no UTF-8, ..."""
_SAMPLE_BYTES = 2**16
"""... or so many bytes of its lines."""
_FEW = 4
"""Bytes beyond ASCII that prove no encoding but the one that half of the world's old files have."""
_DAMAGED = "kg.damaged"


def _damaged(error: UnicodeError) -> tuple[str | bytes, int]:
    """What cannot be decoded becomes a byte that no UTF-8 has in this place, so that its row is rejected."""
    if isinstance(error, UnicodeDecodeError):
        return "\udc80", error.end
    assert isinstance(error, UnicodeEncodeError)
    return b"\x80", error.end


codecs.register_error(_DAMAGED, _damaged)


def known(name: str) -> str:
    """The encoding of this name, as Python writes it.

    >>> known("Latin-1"), known("UTF8")
    ('iso8859-1', 'utf-8')

    Raises:
        RecordError: there is none.
    """
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError, UnicodeError):
        codec = None
    if codec is None or not getattr(codec, "_is_text_encoding", True) or codec.name.replace("-", "_") in _OTHER:
        raise RecordError(
            "encoding", f"{short(name)} is no encoding; such as utf-8, utf-16, latin-1, cp1252, gbk or shift_jis"
        )
    return codec.name


def transcoded(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The blocks in UTF-8; a character that is damaged is no UTF-8 there either."""
    decoder = codecs.getincrementaldecoder(encoding)(_DAMAGED)
    for block in blocks:
        if text := decoder.decode(block):
            yield text.encode("utf-8", _DAMAGED)
    if text := decoder.decode(b"", True):
        yield text.encode("utf-8", _DAMAGED)


def wide(head: bytes) -> str | None:
    """UTF-16 without a byte order mark, told by its zeros: the lines and columns of a table end in ASCII."""
    sample = head[: min(len(head), 2**12) // 2 * 2]
    for zeros, others, encoding in ((1, 0, "utf-16-le"), (0, 1, "utf-16-be")):
        if sample[zeros::2].count(0) * 40 < len(sample) or 0 in sample[others::2]:
            continue
        text = sample.decode(encoding, "replace")
        first = text.lstrip().partition("\n")[0]
        ends = text.count("\n") + text.count("\r")
        if (
            any(map(str.isascii, first))
            and (ends or sample[zeros::2].count(0) * 5 > len(sample) * 2)
            and ends * 2 >= sample.count(b"\n") + sample.count(b"\r")
            and not set(text[:-1]) & {"\ufffd", "\uffff"}
        ):
            return encoding
    return None


def found(blocks: Iterator[bytes], say: Callable[[str], None]) -> Iterator[bytes]:
    """The blocks in UTF-8, whatever they are in; ``say`` is told an encoding that was found to be another."""
    for block in blocks:
        if block.isascii():
            yield block
            continue
        ahead = [block]
        broken: Exception | None = None
        settled, seen = _is_utf8(block), sum(map(len, _bad(ahead)))
        while not settled and len(ahead) < _AHEAD and seen < _SAMPLE_BYTES:
            try:
                ahead.append(next(blocks))
                seen += sum(map(len, _bad(ahead[-1:])))
            except StopIteration:
                break
            except Exception as error:  # said when what stands before it has been read
                broken = error
                break
        bad = [] if settled else _bad(ahead)
        encoding = look(b"".join(bad), len(bad) > _good(ahead)) if bad else None
        rest = chain(ahead, _raising(broken) if broken else blocks)
        if encoding is None:
            yield from rest
        else:
            say(encoding)
            yield from _by_lines(rest, encoding)
        return


def look(sample: bytes, most: bool = True) -> str | None:
    """The encoding of lines that are no UTF-8; None where they are not ``most`` of those beyond ASCII, or no text."""
    if not most or not sample:
        return None
    if sum(byte > 127 for byte in sample[:1000]) < _FEW:
        text = _decoded(sample, _LATIN)
        return _LATIN if text is not None and "ÿ" not in text and not _strange(text) else None
    import charset_normalizer

    matches = charset_normalizer.from_bytes(sample[:_SAMPLE_BYTES], cp_isolation=[*_SINGLE, *_SEVERAL])
    names = dict.fromkeys(name for match in matches for name in (match.encoding, *match.could_be_from_charset))
    strange = {name: _strange(text) for name in names if (text := _decoded(sample, name)) is not None}
    if not strange or min(strange.values()) > 0.5:
        return None
    best = [name for name, share in strange.items() if share <= min(strange.values()) + 0.02]
    japanese = [name for name in strange if name in _JAPANESE and _kana(sample.decode(name, "replace")) > 0.2]
    return japanese[0] if japanese else _LATIN if _LATIN in best else best[0]


def _decoded(sample: bytes, encoding: str) -> str | None:
    """A sample that may end within a character."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeError:
        return None


def _strange(text: str) -> float:
    """The share of characters beyond ASCII that do not stand in words of their script: a byte that means something
    else in every encoding makes other words of them."""
    strange = beyond = 0
    before = " "
    for place, character in enumerate(text):
        if not character.isascii():
            beyond += 1
            beside = before + text[place + 1 : place + 2]
            if character.isalpha() or unicodedata.category(character).startswith("M"):
                latin = any(one.isascii() and one.isalpha() for one in beside)
                small = character.isupper() and before.islower()
                strange += small or (latin and not unicodedata.name(character, "").startswith("LATIN"))
            else:
                strange += any(one.isalpha() for one in beside) and character not in "’‘“”–—…´°®™ªº\xa0"
        before = character
    return strange / max(beyond, 1)


def _kana(text: str) -> float:
    beyond = [character for character in text if not character.isascii()]
    return sum("\u3041" <= character <= "\u30fe" for character in beyond) / max(len(beyond), 1)


def _by_lines(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The blocks in UTF-8; in an encoding of single bytes a line that is UTF-8 already is no matter of chance."""

    def converted(lines: bytes) -> bytes:
        if lines.isascii():
            return lines
        if encoding in _SEVERAL:
            return lines.decode(encoding, _DAMAGED).encode("utf-8", _DAMAGED)
        return b"".join(
            line if _is_whole(line) else line.decode(encoding, _DAMAGED).encode("utf-8", _DAMAGED)
            for line in lines.splitlines(keepends=True)
        )

    held = b""
    for block in blocks:
        lines = held + block
        end = max(lines.rfind(b"\n"), lines.rfind(b"\r")) + 1
        if not end and len(lines) > MAX_LINE_BYTES:
            end = len(lines)
        held = lines[end:]
        if end:
            yield converted(lines[:end])
    if held:
        yield converted(held)


def _bad(blocks: list[bytes]) -> list[bytes]:
    """The lines that are no UTF-8; the first and the last may have been cut."""
    lines = b"".join(blocks).splitlines(keepends=True)
    bad = [line for line in lines if not _is_whole(line)]
    return bad[:-1] if len(bad) > 1 and bad[-1] is lines[-1] and not lines[-1].endswith((b"\n", b"\r")) else bad


def _good(blocks: list[bytes]) -> int:
    return sum(not line.isascii() and _is_whole(line) for line in b"".join(blocks).splitlines())


def _is_whole(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_utf8(block: bytes) -> bool:
    """Whether a block, which may end within a character, is UTF-8 beyond ASCII."""
    try:
        return not block[: codecs.utf_8_decode(block, "strict", False)[1]].isascii()
    except UnicodeDecodeError:
        return False


def _raising(error: Exception) -> Iterator[bytes]:
    yield from ()
    raise error
