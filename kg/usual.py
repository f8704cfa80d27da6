"""The kinds of events that shops, streams and their logs speak of, by all the names that they give them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

_NAMES: Mapping[str, str] = {
    "VIEWED": "view views viewed viewing pageview pageviews viewitem viewproduct productview itemview viewpage"
    " screenview detail details viewdetail productdetail detailview detailpageview detailpage see seen visit visits"
    " visited browse browsed browsing preview pv",
    "CLICKED": "click clicks clicked clicking clickitem itemclick clickthrough selectitem open opens opened tap taps"
    " tapped",
    "PLAYED": "play plays played playing listen listens listened listening stream streams streamed streaming scrobble"
    " scrobbles scrobbled playcount listencount",
    "WISHED": "wishlist wish wishes wished wishlisted addtowishlist wishlistadd fav favs faved favorite favorites"
    " favorited favourite favourites favourited addtofavorites addtofavourites bookmark bookmarks bookmarked"
    " bookmarking save saves saved collect collected",
    "CARTED": "cart carts carted addtocart addcart cartadd addedtocart basket addtobasket addedtobasket addbasket atc"
    " addtobag bag begincheckout checkoutbegin startcheckout checkoutstart checkoutstarted initiatecheckout"
    " initiatedcheckout addpaymentinfo addshippinginfo",
    "REVIEWED": "review reviews reviewing",
    "RATED": "rate rates rating ratings",
    "PURCHASED": "purchase purchases purchasing transaction transactions transact buy buys buying bought order orders"
    " ordered ordering checkout completedpurchase placeorder orderplaced pay paid payment sale sales sold conversion",
    "LIKED": "like likes liking thumbs thumb thumbsup thumbup upvote upvotes upvoted votedup recommend love loved",
    "DISLIKED": "dislike dislikes disliking thumbsdown thumbdown downvote downvotes downvoted voteddown hide hides"
    " hidden hid hiding block blocks blocked notinterested ban bans banned notrecommended donotrecommend notrecommend"
    " isnotrecommended report reported reportabuse",
    "SKIPPED": "skip skips skipping skippedtrack ignore ignored removefromcart removecart cartremove removedfromcart"
    " removefromwishlist unfavorite unfavourite unlike unliked unsave unbookmark shown impression impressions impressed"
    " return returns returned refund refunds refunded",
    "INTERACTED": "interact interacts interaction interactions",
}
USUAL: Mapping[str, str] = {name: kind for kind, names in _NAMES.items() for name in (kind.lower(), *names.split())}
"""The usual kind that a name without separators, in lower case, means."""

_BESIDE = (
    "(?:item|product|page|screen|content|article|video|track|song|movie|book|game|listing|ad|event|user|my|the|to|for|later|now"
    "|add|added|new|complete|completed|success|successful|confirmed|done)s?"
)
"""Words around the one that says what was done."""
_DONE = "|".join(sorted(USUAL, key=len, reverse=True))
_COMPOUND = re.compile(rf"(?:{_BESIDE})*({_DONE})(?:{_BESIDE})*")
_UNDONE = re.compile(
    rf"(?:un|undo|remove|removed|delete|deleted|cancel|canceled|cancelled|abandon|abandoned)(?:from|{_BESIDE})*(?:{_DONE})"
    rf"|(?:{_BESIDE})*(?:{_DONE})(?:{_BESIDE})*(?:remove|removed|delete|deleted|cancel|canceled|cancelled|abandoned)"
    rf"|(?:{_BESIDE})*(?:remove|removed|delete|deleted)from(?:{_BESIDE})*(?:{_DONE})"
)

ADDING_UP = frozenset({"VIEWED", "CLICKED", "CARTED", "PURCHASED"})
"""Kinds of which two equal events are two: two views, two units bought."""
_PLAYS = re.compile(r"(?:play|listen|stream|scrobble|watch|read|rent|download)(?:s|ed|ing|es)?(?:count)?")


@lru_cache(1024)
def usual(kind: str) -> str | None:
    """The usual kind that a kind's name means; None for one that is not known.

    >>> usual("ADD_TO_CART"), usual("PAGEVIEW"), usual("BOUGHT"), usual("STARRED")
    ('CARTED', 'VIEWED', 'PURCHASED', None)
    >>> usual("PRODUCTADDEDTOCART"), usual("ORDER_COMPLETED"), usual("ORDER_CANCELLED"), usual("INTERVIEW")
    ('CARTED', 'PURCHASED', 'SKIPPED', None)
    """
    name = _plain(kind)
    if name in USUAL:
        return USUAL[name]
    if _UNDONE.fullmatch(name):
        return "SKIPPED"
    found = _COMPOUND.fullmatch(name)
    return USUAL[found[1]] if found else None


def adds_up(kind: str) -> bool:
    """Whether two equal events of a kind are two; else they are one that was written down twice, as a rating is.

    >>> adds_up("BOUGHT"), adds_up("PLAYED"), adds_up("RATED"), adds_up("LIKED")
    (True, True, False, False)
    """
    return usual(kind) in ADDING_UP or _PLAYS.fullmatch(_plain(kind)) is not None


def _plain(kind: str) -> str:
    return re.sub(r"[\W_]", "", kind.casefold())
