"""Which kinds of events weigh how much, by the names that shops, streams and their logs use for them."""

from __future__ import annotations

import re
from collections.abc import Mapping

STRENGTHS: Mapping[str, float] = {
    "VIEWED": 0.2,
    "CLICKED": 0.3,
    "INTERACTED": 0.5,
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

_NAMES: Mapping[str, str] = {
    "VIEWED": "view views viewed pageview pageviews viewitem viewproduct productview itemview viewpage screenview"
    " detail details viewdetail productdetail detailview detailpageview detailpage see seen visit visited browse"
    " browsed preview pv",
    "CLICKED": "click clicks clicked clickitem itemclick clickthrough selectitem open opened tap tapped",
    "WISHED": "wishlist wish wished wishlisted addtowishlist wishlistadd fav favs faved favorite favorites favorited"
    " favourite favourites favourited addtofavorites addtofavourites bookmark bookmarked bookmarking save saved collect"
    " collected",
    "CARTED": "cart carted addtocart addcart cartadd addedtocart basket addtobasket addedtobasket addbasket atc"
    " addtobag bag",
    "REVIEWED": "review",
    "RATED": "rate rating",
    "PURCHASED": "purchase purchases transaction transactions transact buy buys bought order orders ordered checkout"
    " completedpurchase placeorder pay paid payment sale sold conversion",
    "LIKED": "like likes thumbsup thumbup upvote upvoted recommend love loved",
    "DISLIKED": "dislike dislikes thumbsdown thumbdown downvote downvoted hide hidden hid block blocked notinterested"
    " ban banned",
    "SKIPPED": "skip skips skippedtrack ignored removefromcart removecart cartremove removedfromcart removefromwishlist"
    " unfavorite unfavourite unlike unliked shown impression impressed",
    "INTERACTED": "interact interaction interactions",
}
USUAL: Mapping[str, str] = {name: kind for kind, names in _NAMES.items() for name in (kind.lower(), *names.split())}
"""The kind of :data:`STRENGTHS` that a name without separators, in lower case, means."""


_THUMBS = re.compile(r"recommend|thumb|voted_?up|upvote")


def says_thumbs(name: str) -> bool:
    """Whether a column or a kind is so called that a 0 in it says "no".

    >>> says_thumbs("is_recommended"), says_thumbs("THUMBS"), says_thumbs("is_like")
    (True, True, False)
    """
    return _THUMBS.search(name.casefold()) is not None


def usual(kind: str) -> str | None:
    """The kind of :data:`STRENGTHS` that a kind's name means; None for one that is not known.

    >>> usual("ADD_TO_CART"), usual("PAGEVIEW"), usual("BOUGHT"), usual("STARRED")
    ('CARTED', 'VIEWED', 'PURCHASED', None)
    """
    return USUAL.get(re.sub(r"[\W_]", "", kind.casefold()))
