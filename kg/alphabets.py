"""Names of kinds of event, of relations and of columns, in any alphabet, as the graph holds them.

Such a name is of Unicode letters, marks (Mn, Mc), decimal digits and ``_``, in NFC, and begins with a letter. Marks
belong to the letters that they stand at: without them two names in Hindi, Tamil or Thai are one. Only the letters of
ASCII change case, for only there does every engine and every release of Unicode agree how.
"""

from __future__ import annotations

import hashlib
import re
import string
import unicodedata
from functools import lru_cache
from urllib.parse import quote_plus

LONGEST = 64
"""Characters of a name."""
LONGEST_FILE = 200
"""Bytes of the name of a type as that of a file, where a character beyond ASCII is written as ``%XX`` a byte: the
embedded engine keeps files by type, and adds up to 50 of its own."""
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
"""A name that needs no quotation in a query."""

_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_MARKS = frozenset(("Mn", "Mc"))
_KEPT = frozenset(("Lu", "Ll", "Lt", "Lm", "Lo", "Nd")) | _MARKS


def upper(name: str) -> str:
    """A name with the letters of ASCII in upper case.

    >>> upper("größe")
    'GRößE'
    """
    return _in_case(name, _UPPER)


def lower(name: str) -> str:
    """Likewise in lower case.

    >>> lower("GRÖSSE")
    'grÖsse'
    """
    return _in_case(name, _LOWER)


@lru_cache(4096)
def is_name(name: str) -> bool:
    """Whether a kind, a relation or a property may be called so; every name that :data:`PLAIN` fits is one.

    >>> is_name("导演"), is_name("की"), is_name("set in"), is_name("2nd"), is_name("a`b")
    (True, True, False, False, False)
    """
    if PLAIN.fullmatch(name):
        return True
    return (
        len(name) <= LONGEST
        and name[:1].isalpha()
        and all(character == "_" or _is_kept(character) for character in name)
        and unicodedata.is_normalized("NFC", name)
    )


def without_marks(text: str) -> str:
    """A text of the same length with ``_`` for each mark, for a lexer to whom a mark ends a name."""
    return text if text.isascii() else "".join("_" if unicodedata.category(c) in _MARKS else c for c in text)


def quoted_marks(name: str) -> str:
    """A name in NFC, between backticks where it holds marks: not every lexer takes them for parts of a name.

    >>> quoted_marks("की"), quoted_marks("导演")
    ('`की`', '导演')
    """
    if without_marks(name) == name:
        return name
    composed = unicodedata.normalize("NFC", name)
    return composed if without_marks(composed) == composed else f"`{composed}`"


def is_type(name: str) -> bool:
    """Whether it can also name files: those of a kind of event, or of a relation."""
    return is_name(name) and len(quote_plus(name)) <= LONGEST_FILE


def worded(name: str) -> str:
    """A text with one underscore for each run of what no name holds.

    >>> worded("zip  code"), worded("année (début)"), worded("→")
    ('zip_code', 'année_début', '')
    """
    composed = unicodedata.normalize("NFC", name)
    if composed.isascii():
        return re.sub(r"[^A-Za-z0-9]+", "_", composed).strip("_")
    return re.sub("_+", "_", "".join(c if _is_kept(c) else "_" for c in composed)).strip("_")


def loses(name: str) -> bool:
    """Whether :func:`worded` leaves out what may tell two names apart: symbols and numbers beyond ASCII.

    >>> loses("x²"), loses("a–b"), loses("a+b")
    (True, False, False)
    """
    composed = unicodedata.normalize("NFC", name)
    return not composed.isascii() and any(not c.isascii() and not _is_kept(c) and _says(c) for c in composed)


def told_apart(stored: str, whole: str) -> str:
    """The beginning of a name, and a hash of all of it."""
    beginning = stored[:51]
    while len(quote_plus(beginning)) > LONGEST_FILE - 13:
        beginning = beginning[:-1]
    return f"{beginning}_{hashlib.blake2b(whole.encode(), digest_size=6).hexdigest().upper()}"


def _in_case(name: str, case: dict[int, int]) -> str:
    # Composed before, so that a letter with its marks is one letter beyond ASCII; and after, since a case that has
    # come to stand before a mark may compose with it.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).translate(case))


def _is_kept(character: str) -> bool:
    return unicodedata.category(character) in _KEPT


def _says(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMNS"
