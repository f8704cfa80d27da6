"""Names that are the same to a reader, however they are typed: "Boss", "BOSS" and "Boss "."""

from __future__ import annotations

import re

from kg.readers.markup import composed

_MARK = re.compile(r"[^\w\s#&%@+](?!\d)|_")
"""Punctuation, but for the marks that tell names apart (C#, R&B, C++) and for what leads to a digit (1.5, -3)."""


def name_key(name: str) -> str:
    """What near-duplicate names share: Unicode NFKC, case folded, punctuation and runs of white space as one blank.

    Letters keep their accents, and a name of marks alone is kept as it is.

    >>> name_key("Boss "), name_key("BOSS"), name_key("Future US, Inc."), name_key("C++"), name_key("!!!")
    ('boss', 'boss', 'future us inc', 'c++', '!!!')
    """
    plain = composed(name, "NFKC").casefold()
    return " ".join(_MARK.sub(" ", plain).split()) or plain.strip()
