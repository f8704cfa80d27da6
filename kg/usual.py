"""The kinds of events that shops, streams and their logs speak of, by all the names that they give them."""

from __future__ import annotations

import re
from collections.abc import Mapping

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
"""The usual kind that a name without separators, in lower case, means."""

ADDING_UP = frozenset({"VIEWED", "CLICKED", "CARTED", "PURCHASED"})
"""Kinds of which two equal events are two: two views, two units bought."""
_PLAYS = re.compile(r"(?:play|listen|stream|scrobble|watch|read|rent|download)(?:s|ed|ing|es)?(?:count)?")


def usual(kind: str) -> str | None:
    """The usual kind that a kind's name means; None for one that is not known.

    >>> usual("ADD_TO_CART"), usual("PAGEVIEW"), usual("BOUGHT"), usual("STARRED")
    ('CARTED', 'VIEWED', 'PURCHASED', None)
    """
    return USUAL.get(_plain(kind))


def adds_up(kind: str) -> bool:
    """Whether two equal events of a kind are two; else they are one that was written down twice, as a rating is.

    >>> adds_up("BOUGHT"), adds_up("PLAYED"), adds_up("RATED"), adds_up("LIKED")
    (True, True, False, False)
    """
    return usual(kind) in ADDING_UP or _PLAYS.fullmatch(_plain(kind)) is not None


def _plain(kind: str) -> str:
    return re.sub(r"[\W_]", "", kind.casefold())
