"""How relations, events and parts of the model are said to people: the one place that knows.

Data keep the names of the graph beside what is said here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kg.usual import usual

RELATIONS = (
    (r"direct(ed_by|or)", "director", "by the same director"),
    (r"writ(er|ten_by)|author", "writer", "by the same writer"),
    (r"cinematograph", "cinematographer", "shot by the same cinematographer"),
    (r"produc(er|ed_by)(?!.*compan)", "producer", "by the same producer"),
    (r"production_compan", "production company", "from the same production company"),
    (r"actor|star|cast", "actor", "with the same actor"),
    (r"genre|class", "genre", "of the same genre"),
    (r"categor", "category", "in the same category"),
    (r"brand", "brand", "of the same brand"),
    (r"publisher", "publisher", "from the same publisher"),
    (r"distributor", "distributor", "from the same distributor"),
    (r"subject", "subject", "on the same subject"),
    (r"language", "language", "in the same language"),
    (r"country|nationality|origin|place", "place", "from the same place"),
    (r"award", "award", "up for the same award"),
    (r"rating", "age rating", "with the same age rating"),
    (r"sequel|prequel", "series", "of the same series"),
    (r"artist", "artist", "by the same artist"),
    (r"album", "album", "on the same album"),
    (r"year", "year", "of the same year"),
    (r"bought|buy", "often bought with", "often bought with the same things"),
    (r"view", "often looked at with", "often looked at with the same things"),
)
"""Relations of usual names: a pattern of the lower-case name, of which the first that matches is taken; what the entity
is to the item; and how two items are tied that share it."""

SILENT_RELATIONS = (
    r"availab|in_?stock|stock_|accessib|caption|closed_?caption|subtitles|commentary|special_?feature|playable",
    r"shipping|delivery|warranty|return_policy|currency|price|discount|sales?_?rank",
    r"(^|[_.])(id|ids|sku|asin|isbn|ean|upc|gtin|barcode|url|uri|link|website|image|thumbnail|key|guid|mid)$",
)
"""Relations of which no reason speaks: what a shop says of all that it sells, and what only programs read. Patterns of
the lower-case name."""
WEAK_RELATIONS = (r"award|(^|[_.])rating|language|country|nationality|(^|[_.])(year|date)s?($|[_.])|release",)
"""Relations that speak only where no other ties two things: they tie what has little in common. Patterns likewise."""
SILENT_NAMES = (
    r"(^|\W)(not |un)?(available|included|supported|enabled|disabled|in stock|out of stock)$",
    r"^(yes|no|true|false|none|null|nan|n/?a|unknown|unspecified|not specified|not applicable|other|others|misc\.?"
    r"|miscellaneous|default|standard|tbd|-+|\?+)$",
)
"""Entities of which no reason speaks, whatever the relation: flags, such as "Commentary available", and what stands for
nothing. Patterns of the lower-case name."""


@dataclass(frozen=True)
class Saying:
    """How relations are said, in place of the usual words."""

    relation: str
    """A pattern (a regular expression) of their lower-case names."""
    role: str
    """What the entity is to the item: ``roaster``."""
    shared: str
    """How two items are tied that share it: ``from the same roaster``."""
    edge: str = ""
    """How an edge between two items is said: ``which is often drunk with it``."""


EDGES = (
    (r"bought|buy", "which is often bought with it"),
    (r"view", "which is often looked at with it"),
    (r"sequel|prequel|series", "of the same series"),
)
"""Likewise, how an edge between two items is said."""

EVENTS = {
    "PURCHASED": "bought",
    "VIEWED": "looked at",
    "WROTE": "wrote",
    "WISHED": "wished for",
    "CARTED": "put into the cart",
    "CLICKED": "clicked",
}
"""What somebody did, where the kind of event does not say it itself."""
LIKES = {"RATED": "liked", "REVIEWED": "liked"}
"""Likewise of somebody who likes the item; only a high rating likes."""

KINDS = {
    "popularity": "popularity",
    "attribute_popularity": "popularity",
    "relations": "entities",
    "content": "texts",
    "interests": "texts",
}
"""What a component goes by; all others by ``people``."""


def kind_of(component: str) -> str:
    """What a component goes by: ``popularity``, ``people`` who like things together, ``entities`` that things share, or
    ``texts``.

    >>> kind_of("relations"), kind_of("ials")
    ('entities', 'people')
    """
    return KINDS.get(component, "people")


GENERAL = {
    "popularity": ("it is popular", "it is little known"),
    "attribute_popularity": ("things like it are popular", "things like it are little known"),
    "network": ("it does well with people like you", "it does not do well with people like you"),
    "knowledge_network": ("it does well with people like you", "it does not do well with people like you"),
    "content": ("it reads like what you wrote", "it does not read like what you wrote"),
}
"""What a component says without an item of the history, for and against."""

PLAIN = {
    "people": "it does well with people like you",
    "entities": "it has much in common with what you met",
    "texts": "it reads like what you met",
}
"""What is said of a component, by what it goes by, where no item of the history may be named for it."""
GOES_WITH = {
    "people": "it goes with {}, which you {}",
    "entities": "it has something in common with {}, which you {}",
    "texts": "it reads a little like {}, which you {}",
}
"""Likewise where one may, to which no path leads; and what the person did with it."""

NOTHING = "nothing that you met speaks against it"
"""What is said where nothing speaks for it."""


def say_general(component: str, value: float, *, known: bool = True) -> str:
    """What a component gives that comes from no item of the history; ``known``: to somebody who has one.

    >>> say_general("popularity", 0.5), say_general("popularity", -0.5), say_general("ials", 0.5)
    ('it is popular', 'it is little known', 'what holds for everybody')
    """
    if not known and "people like you" in GENERAL.get(component, ("",))[0]:
        component = "popularity"
    return GENERAL[component][value < 0] if component in GENERAL else "what holds for everybody"


def say_event(kind: str, *, liked: bool = False) -> str:
    """What somebody did, by the kind of an event; ``liked``: with an item that they like.

    >>> [say_event(kind) for kind in ("RATED", "VIEWED", "ADDED_TO_CART", "transaction", "PLAY")]
    ['rated', 'looked at', 'added to cart', 'bought', 'met']
    >>> say_event("RATED", liked=True), say_event("PURCHASED", liked=True)
    ('liked', 'bought')
    """
    if kind in EVENTS:
        return EVENTS[kind]
    if liked and kind in LIKES:
        return LIKES[kind]
    return spaced(kind) if re.match(r"[A-Z]+ED(_|$)", kind) else EVENTS.get(usual(kind) or "", "met")


def say_role(relation: str, sayings: Sequence[Saying] = ()) -> str:
    """What the other end of an edge is to an item.

    >>> say_role("film.film.directed_by"), say_role("HAS_COLOUR"), say_role("FILM_FILM_RUNTIME"), say_role("R_7")
    ('director', 'colour', 'runtime', 'tied to')
    """
    own = next((one.role for one in sayings if _has(one.relation, relation)), None)
    return own or next((role for pattern, role, _ in RELATIONS if _has(pattern, relation)), None) or _bare(relation)


def say_shared(relation: str, name: str | None = None, sayings: Sequence[Saying] = ()) -> str:
    """Two items that share an entity by the same relation, with the name of the entity where it has one.

    >>> say_shared("film.film.directed_by"), say_shared("BRAND", "Boss"), say_shared("LABEL_COLOUR")
    ('by the same director', 'of the same brand (Boss)', 'with the same label colour')
    >>> say_shared("MADE_BY", "Uji Farm"), say_shared("HAS_COLOUR"), say_shared("R_7")
    ('made by the same (Uji Farm)', 'with the same colour', 'tied to the same thing')
    >>> say_shared("ROASTED_BY", "Nord", [Saying("roast", "roaster", "from the same roaster")])
    'from the same roaster (Nord)'
    """
    usual = [(one.relation, one.shared) for one in sayings] + [(pattern, shared) for pattern, _, shared in RELATIONS]
    said = next((shared for pattern, shared in usual if _has(pattern, relation)), None)
    if said is None:
        bare = _bare(relation)
        by = re.fullmatch(r".+ (by|in|at|for|from)", bare)  # made by, set in
        said = "tied to the same thing" if bare == TIED else f"{bare} the same" if by else f"with the same {bare}"
    return f"{said} ({name})" if name else said


def say_edge(relation: str, sayings: Sequence[Saying] = ()) -> str:
    """An edge between two items.

    >>> say_edge("ALSO_BOUGHT"), say_edge("REMAKE_OF")
    ('which is often bought with it', 'which is tied to it (remake of)')
    """
    usual = [(one.relation, one.edge) for one in sayings if one.edge] + list(EDGES)
    said = next((said for pattern, said in usual if _has(pattern, relation)), None)
    return said or f"which is tied to it ({spaced(relation)})"


TIED = "tied to"
"""What is said of a relation whose name says nothing, such as a number."""


def _bare(relation: str) -> str:
    """A relation's own words, without what a graph's naming puts before them.

    >>> _bare("book.written_work.date"), _bare("IS_PART_OF"), _bare("7")
    ('date', 'part of', 'tied to')
    """
    words = spaced(relation.rsplit(".", 1)[-1])
    if not words or re.fullmatch(r"(r )?\d+", words):
        return TIED
    return re.sub(r"^(has|is|in) ", "", re.sub(r"^(\w+) \1 ", "", words))


def spaced(name: str) -> str:
    """A name of the graph as words.

    >>> spaced("ADDED_TO_CART"), spaced("film.film.directed_by")
    ('added to cart', 'film film directed by')
    """
    return re.sub(r"[._\W]+", " ", name.lower()).strip()


def is_silent(name: str | None, patterns: Sequence[str]) -> bool:
    """Whether nothing is to be said of a relation or an entity of this name.

    >>> [is_silent(name, SILENT_NAMES) for name in ("Commentary available", "Yes", "Unavailable Light", "Drama", None)]
    [True, True, False, False, False]
    >>> [is_silent(name, SILENT_RELATIONS) for name in ("HAS_CAPTIONS", "item.sku", "IN_STOCK", "GENRE", "MADE_BY")]
    [True, True, True, False, False]
    """
    return name is not None and any(_has(pattern, name.strip()) for pattern in patterns)


def _has(pattern: str, relation: str) -> bool:
    return re.search(pattern, relation.lower()) is not None
