"""How relations, events and parts of the model are said to people: the one place that knows.

Data keep the names of the graph beside what is said here.
"""

from __future__ import annotations

import re

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

EDGES = (
    (r"bought|buy", "which is often bought with it"),
    (r"view", "which is often looked at with it"),
    (r"sequel|prequel|series", "of the same series"),
)
"""Likewise, how an edge between two items is said."""

EVENTS = {"PURCHASED": "bought", "VIEWED": "looked at", "WROTE": "wrote"}
"""What somebody did, where the kind of event does not say it itself."""
LIKES = {"RATED": "liked", "REVIEWED": "liked"}
"""Likewise of somebody who likes the item; only a high rating likes."""

GENERAL = {
    "popularity": ("it is popular", "it is little known"),
    "attribute_popularity": ("things like it are popular", "things like it are little known"),
    "network": ("it does well with people like you", "it does not do well with people like you"),
    "knowledge_network": ("it does well with people like you", "it does not do well with people like you"),
    "content": ("it reads like what you wrote", "it does not read like what you wrote"),
}
"""What a component says without an item of the history, for and against."""

NOTHING = "nothing that you met speaks against it"
"""What is said where nothing speaks for it."""


def say_general(component: str, value: float) -> str:
    """What a component gives that comes from no item of the history.

    >>> say_general("popularity", 0.5), say_general("popularity", -0.5), say_general("ials", 0.5)
    ('it is popular', 'it is little known', 'what holds for everybody')
    """
    return GENERAL[component][value < 0] if component in GENERAL else "what holds for everybody"


def say_event(kind: str, *, liked: bool = False) -> str:
    """What somebody did, by the kind of an event; ``liked``: with an item that they like.

    >>> [say_event(kind) for kind in ("RATED", "VIEWED", "ADDED_TO_CART", "PLAY")]
    ['rated', 'looked at', 'added to cart', 'met']
    >>> say_event("RATED", liked=True), say_event("PURCHASED", liked=True)
    ('liked', 'bought')
    """
    if kind in EVENTS:
        return EVENTS[kind]
    if liked and kind in LIKES:
        return LIKES[kind]
    return spaced(kind) if re.match(r"[A-Z]+ED(_|$)", kind) else "met"


def say_role(relation: str) -> str:
    """What the other end of an edge is to an item.

    >>> say_role("film.film.directed_by"), say_role("HAS_COLOUR"), say_role("FILM_FILM_RUNTIME"), say_role("R_7")
    ('director', 'colour', 'runtime', 'tied to')
    """
    return next((role for pattern, role, _ in RELATIONS if _has(pattern, relation)), None) or _bare(relation)


def say_shared(relation: str, name: str | None = None) -> str:
    """Two items that share an entity by the same relation, with the name of the entity where it has one.

    >>> say_shared("film.film.directed_by"), say_shared("BRAND", "Boss"), say_shared("LABEL_COLOUR")
    ('by the same director', 'of the same brand (Boss)', 'with the same label colour')
    >>> say_shared("MADE_BY", "Uji Farm"), say_shared("HAS_COLOUR"), say_shared("R_7")
    ('made by the same (Uji Farm)', 'with the same colour', 'tied to the same thing')
    """
    said = next((shared for pattern, _, shared in RELATIONS if _has(pattern, relation)), None)
    if said is None:
        bare = _bare(relation)
        by = re.fullmatch(r".+ (by|in|at|for|from)", bare)  # made by, set in
        said = "tied to the same thing" if bare == TIED else f"{bare} the same" if by else f"with the same {bare}"
    return f"{said} ({name})" if name else said


def say_edge(relation: str) -> str:
    """An edge between two items.

    >>> say_edge("ALSO_BOUGHT"), say_edge("REMAKE_OF")
    ('which is often bought with it', 'which is tied to it (remake of)')
    """
    said = next((said for pattern, said in EDGES if _has(pattern, relation)), None)
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


def _has(pattern: str, relation: str) -> bool:
    return re.search(pattern, relation.lower()) is not None
