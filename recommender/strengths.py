"""Which kinds of events weigh how much, by the names that shops, streams and their logs use for them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kg.usual import usual

STRENGTHS: Mapping[str, float] = {
    "VIEWED": 0.2,
    "CLICKED": 0.3,
    "INTERACTED": 0.5,
    "PLAYED": 0.5,
    "WISHED": 0.6,
    "CARTED": 0.7,
    "RATED": 0.7,
    "REVIEWED": 0.7,
    "PURCHASED": 1.0,
    "LIKED": 1.0,
    "DISLIKED": -1.0,
    "SKIPPED": 0.0,
}
"""Weight of one event by kind, when its value does not say more."""

RATINGS = frozenset({"RATED", "REVIEWED"})
"""Kinds whose differing values are taken for ratings even where they could be counts."""
EXPLICIT = frozenset({"LIKED", "DISLIKED"})
"""Kinds that carry a sign without being ratings; their value, if any, is a flag."""
IMPLICIT = STRENGTHS.keys() - RATINGS - EXPLICIT - {"INTERACTED"}
"""Kinds whose values count something, and never are ratings."""
QUANTITIES = frozenset({"PURCHASED", "CARTED"})
"""Kinds whose values are quantities: below 0 something was given back."""


_THUMBS = re.compile(r"recommend|thumb|voted_?up|upvote")


def says_thumbs(name: str) -> bool:
    """Whether a column or a kind is so called that a 0 in it says "no".

    >>> says_thumbs("is_recommended"), says_thumbs("THUMBS"), says_thumbs("is_like"), says_thumbs("not_recommended")
    (True, True, False, False)
    """
    return _THUMBS.search(name.casefold()) is not None and usual(name) != "DISLIKED"
