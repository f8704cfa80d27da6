"""Names that are the same to a reader, however they are typed: "Boss", "BOSS" and "Boss "."""

from __future__ import annotations

import re
import unicodedata

from kg.readers.markup import composed

_MARK = re.compile(r"[^\w\s#&%@+](?!\d)|_")
"""Punctuation, but for the marks that tell names apart (C#, R&B, C++) and for what leads to a digit (1.5, -3). Vowel
signs and other marks on letters are none, though Python counts them so."""

_ON_LETTERS = ("Mn", "Mc", "Me", "Cf")
"""Marks on letters, and the joiners between them; U+FE00 to U+FE0F only choose a picture."""


def name_key(name: str) -> str:
    """What near-duplicate names share: Unicode NFKC, case folded, punctuation and runs of white space as one blank.

    Letters keep their accents, and a name of marks alone is kept as it is.

    >>> name_key("Boss "), name_key("BOSS"), name_key("Future US, Inc."), name_key("C++"), name_key("!!!")
    ('boss', 'boss', 'future us inc', 'c++', '!!!')
    """
    plain = composed(name, "NFKC").casefold()
    return " ".join(_MARK.sub(_blank, plain).split()) or plain.strip()


def _blank(found: re.Match[str]) -> str:
    mark = found[0]
    return mark if unicodedata.category(mark) in _ON_LETTERS and not "\ufe00" <= mark <= "\ufe0f" else " "
