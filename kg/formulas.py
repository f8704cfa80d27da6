"""Cells that a spreadsheet would run as formulas (`=cmd|...`, `@SUM(1+1)`, `+1`), made text and back.

After OWASP's page on CSV injection: what begins with ``= + - @``, a tab or an end of line (also in full width, or
behind blanks or what is not seen) gets an apostrophe in front, which a spreadsheet takes off. So does what begins with
an apostrophe, and the name of the column says so: who reads such a file takes one off where there is one, and has every
cell as it was.
"""

from __future__ import annotations

MARK = " (escaped)"
"""What the name of a column ends with whose cells have an apostrophe more than they should."""
_FORMULA = tuple("=+-@＝＋－＠﹦﹢﹣﹫−")
_BLANK = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\u00ad\u200b\u200c\u200d\u2060\ufeff"
"""White space, and characters that are not seen."""


def runs(text: str) -> bool:
    """Whether a spreadsheet would run a cell.

    >>> [runs(text) for text in ("=1+1", " @SUM(1)", "\\tx", "－1", "a=b", "'=1", "")]
    [True, True, True, True, False, False, False]
    """
    return text.startswith(("\t", "\r", "\n")) or text.lstrip(_BLANK).startswith(_FORMULA)


def escaped(text: str) -> str:
    """A cell of a marked column.

    >>> escaped("=1+1"), escaped("'s"), escaped("plain")
    ("'=1+1", "''s", 'plain')
    """
    return f"'{text}" if text.startswith("'") or runs(text) else text


def unescaped(text: str) -> str:
    """What :func:`escaped` was given."""
    return text.removeprefix("'")
