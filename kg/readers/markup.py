"""Text as people wrote it, out of text as pages and dumps hold it."""

from __future__ import annotations

import html
import re
import sys
import unicodedata
from functools import cache
from typing import Any, Literal

from kg.errors import RecordError
from kg.readers.cleaning import absent

MAX_TEXT_BYTES = 2**20
"""A longer text is rejected, not cut."""

_INLINE = frozenset(
    re.findall(
        r"\S+",
        """
        a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q s samp small span
        strike strong sub sup time tt u var wbr
        """,
    )
)
_BLOCK = frozenset(
    re.findall(
        r"\S+",
        """
        !doctype address area article aside audio base blockquote body br button canvas caption center col
        colgroup datalist dd details dialog dir div dl dt embed fieldset figcaption figure footer form frame
        frameset h1 h2 h3 h4 h5 h6 head header hr html iframe img input legend li link main map meta nav
        noframes noscript object ol optgroup option output p param picture pre progress script section select
        source style summary svg table tbody td template textarea tfoot th thead title tr track ul video
        """,
    )
)
_TAG = re.compile(r"<(?P<slash>/?)(?P<name>[a-zA-Z!][a-zA-Z0-9]*)(?P<rest>(?:[\s/][^<>]*)?)(?P<end>>|$)")
_ASSIGNED = re.compile(r"""(?<![^\s"'/])[\w:@.-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"']+)""")
_ALONE = frozenset(
    re.findall(
        r"\S+",
        """
        allowfullscreen async autofocus autoplay checked compact controls default defer disabled formnovalidate hidden
        inert ismap itemscope loop multiple muted nohref nomodule noresize noshade novalidate nowrap open playsinline
        readonly required reversed selected
        """,
    )
)
"""Attributes without a value."""
_HIDDEN_START = re.compile(r"<(?:(script|style)\b[^<>]*>|!--)", re.IGNORECASE)
_HIDDEN_END = {
    "script": re.compile(r"</script[^<>]*(?:>|$)", re.IGNORECASE),
    "style": re.compile(r"</style[^<>]*(?:>|$)", re.IGNORECASE),
    "comment": re.compile(r"-->"),
}
_CDATA = ("<![CDATA[", "]]>")
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_MARKS_IN_A_ROW = 30
_APART = "\u034f"
_HUGE = 10**1000  # Python writes no number of thousands of digits
_ROUNDS = 8  # text that went through several systems is escaped several times


def clean_text(value: Any, name: str, *, lax: bool = False) -> str | None:
    """Text in Unicode NFC without markup or control characters, every run of white space one space; None when empty.

    HTML tags go (block tags leave a space), comments, scripts and styles with their content; entities that end in a
    semicolon become characters, also those escaped several times, and ``<![CDATA[...]]>`` is what stands in it.

    >>> clean_text("Arts,&nbsp;Music &amp;amp; <b>Photo</b>graphy<br/>I <3 it, 1 < 2", "title")
    'Arts, Music & Photography I <3 it, 1 < 2'

    ``lax``: as before comparisons were told from tags, so that ``a<b and b>a`` loses words: ids of events are made of
    such texts.

    Raises:
        RecordError: not text, a lone surrogate, or over 1 MiB.
    """
    if not isinstance(value, str):
        if absent(value):
            return None
        value = _as_text(value, name)
    if value.isascii():
        if value.isprintable() and "  " not in value and "<" not in value and "&" not in value:
            return _within_limit(value.strip(), name) or None
    else:
        try:
            value.encode()
        except UnicodeEncodeError:
            raise RecordError(name, "is not valid Unicode (a lone surrogate)") from None
    _within_limit(value, name)
    for _ in range(_ROUNDS):
        cleaned = _plain(value, lax)
        if cleaned == value:
            break
        value = cleaned
    return value or None


def as_before(value: Any, name: str, words: str) -> str | None:
    """What ``lax`` makes of a text that is read as ``words`` now; only what may differ is cleaned twice."""
    differs = "<" in words or (isinstance(value, str) and "![CDATA[" in value)
    return clean_text(value, name, lax=True) if differs else words


def _as_text(value: Any, name: str) -> str:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise RecordError(name, "is not valid UTF-8") from None
    if isinstance(value, int | float) and abs(value) < _HUGE:
        # A column of whole numbers is one of floats where a cell of it is empty.
        return str(int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value)
    raise RecordError(name, f"is {type(value).__name__}, and text is needed")


def _within_limit(text: str, name: str) -> str:
    if len(text) > MAX_TEXT_BYTES or (4 * len(text) > MAX_TEXT_BYTES and len(text.encode()) > MAX_TEXT_BYTES):
        raise RecordError(name, f"has over {MAX_TEXT_BYTES // 2**20} MiB of text")
    return text


def _plain(text: str, lax: bool) -> str:
    """One round: markup, entities, control characters, white space, Unicode form."""
    if "<" in text:
        text = text if lax else _bare(text)
        text = _TAG.sub(_without_any_tag if lax else _without_tag, _without_hidden(text))
    if "&" in text:
        text = ENTITY.sub(lambda found: html.unescape(found[0]), text)
    if not text.isprintable():
        text = "".join(character for character in text if character.isprintable() or not _is_control(character))
    text = " ".join(text.split())
    return text if text.isascii() else composed(text)


def composed(text: str, form: Literal["NFC", "NFKC"] = "NFC") -> str:
    """Text in a Unicode form, in time linear to its length: Python's takes quadratic time where marks follow on marks.

    After each 30 of them comes a combining grapheme joiner, as in the Stream-Safe Text Format (Unicode Standard Annex
    15, section 13); no language has so many.
    """
    return unicodedata.normalize(form, _marks().sub(rf"\g<0>{_APART}", text))


@cache
def _marks() -> re.Pattern[str]:
    """So many marks in a row, and one more."""
    marks = [chr(code) for code in range(0x300, sys.maxunicode + 1) if unicodedata.combining(chr(code))]
    any_mark = f"[{''.join(map(re.escape, marks))}]"
    return re.compile(f"{any_mark}{{{_MARKS_IN_A_ROW}}}(?={any_mark})")


def _without_tag(found: re.Match[str]) -> str:
    """What stands in place of a tag: of one that may be one."""
    return _without_any_tag(found) if _are_attributes(found["rest"], found["name"].lower()) else found[0]


def _without_any_tag(found: re.Match[str]) -> str:
    """What stands in place of a tag. Only names that HTML knows are tags: "<3" and "List<String>" are text.

    One that the end of the text cuts off must have an attribute or a slash: "price <b" is text too.
    """
    cut_off = not found["end"]
    name = found["name"].lower()
    if (name not in _INLINE and name not in _BLOCK) or (cut_off and not found["slash"] and "=" not in found["rest"]):
        return found[0]
    return "" if name in _INLINE else " "


def _are_attributes(rest: str, name: str) -> bool:
    """Whether what follows a tag's name may be attributes: ``a<b and b>a`` compares."""
    if not rest.strip(" /\t\n\r\f") or name == "!doctype":
        return True
    others = _ASSIGNED.sub(" ", rest).replace("/", " ").split()
    if len(others) == 0 or ("=" in rest and ('"' in rest or "'" in rest)):  # quotes are often wrong, prose has no "="
        return True
    return all(other.lower() in _ALONE for other in others)


def _bare(text: str) -> str:
    """The text with what stands in ``<![CDATA[...]]>`` in its place."""
    begin, end = _CDATA
    kept, position = [], 0
    while (start := text.find(begin, position)) >= 0 and (stop := text.find(end, start + len(begin))) >= 0:
        kept += [text[position:start], text[start + len(begin) : stop]]
        position = stop + len(end)
    return "".join([*kept, text[position:]])


def _without_hidden(text: str) -> str:
    """The text without comments, scripts and styles; one that is never closed hides all that follows."""
    kept, position = [], 0
    while start := _HIDDEN_START.search(text, position):
        kept.append(text[position : start.start()])
        end = _HIDDEN_END[(start[1] or "comment").lower()].search(text, start.end())
        position = end.end() if end else len(text)
    kept.append(text[position:])
    return " ".join(kept)


def _is_control(character: str) -> bool:
    """Control characters that are no white space, and the invisible marks that dumps are full of."""
    return (character in "\u200b\u00ad\ufeff" or unicodedata.category(character) == "Cc") and not character.isspace()
