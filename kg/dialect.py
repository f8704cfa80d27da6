"""The package's Cypher in the words of a graph that somebody else made: labels, types and properties of its own.

Every text of :mod:`kg.queries` speaks of ``(:User {id})``, ``(:Item {id, title, text})`` and so on. In an adopted graph
(:mod:`kg.adoption`) the owner's nodes carry our labels and ids beside their own, with a prefix, and all else is read
where the owner keeps it:

==========================  =====================================================================================
``(u:User {id: $id})``      ``(u:TG_User {tg_id: $id})``: labels and keys are ours
``i.title``                 ``coalesce(i.tg_title, i.`name`)``: what we wrote, else what the owner did
``w.text`` of a review      likewise, from where the words are: :mod:`kg.wording`
``[r:RATED]`` read          ``[r:RATED|TG_RATED]``: the owner's edges and ours
``[r:RATED]`` written       ``[r:TG_RATED]``: ours alone
``type(r)``                 the type without ``TG_`` before it
``CREATE (a)-[:WROTE]->``   ``CREATE (a)-[:TG_WROTE {tg_made: true}]->``: each edge of ours has a property of ours
==========================  =====================================================================================

Nodes that only we make (interests, segments, versions) get the prefix on their label and keep their properties. The
texts are this package's own and keep its layout: no blank behind the colon of a label or a type, one behind that of a
map. What is ours goes by exact names, which :mod:`kg.engines.made` keeps: the owner may have names with our prefix.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from kg.quoting import neo4j_text
from kg.schema import DERIVED, DERIVED_PREFIX, NODE_KEYS, RESERVED

PREFIX = "TG_"
"""Before every label and type that an adoption adds; before properties in lower case."""
OWN = PREFIX.lower()
SHARED = frozenset({"User", "Item", "Entity", "Review"})
"""Labels whose nodes may be the owner's, or read what is."""
RECORD = "Made"
"""The label, without the prefix, of the record of what was made: ``(:TG_Made {id, kind})``."""
LABELS = tuple(PREFIX + label for label in (*NODE_KEYS, RECORD))
"""All labels that an adoption may add."""
MADE = f"{{{OWN}made: true}}"
"""Cypher for the property of an edge that has no other."""
HABITS = frozenset(OWN + DERIVED_PREFIX + name for name in DERIVED)
"""Properties of people that a refresh writes."""
NODE, EDGE, HOLDER = "\0node", "\0edge", "\0holder"
"""Stand in Cypher for what is named later: no name and no text of an owner's holds a character with the code 0."""

_CLAUSES = "MATCH|CREATE|MERGE|SET|DELETE|RETURN|WITH|WHERE|UNWIND|FOREACH|REQUIRE"
_QUOTED = r"`(?:[^`]|``)+`"
_STRING = r"'(?:[^'\\]|\\.)*'"
_NAME = rf"(?:[A-Za-z_]\w*|{_QUOTED})"
_TOKEN = re.compile(
    rf"""(?P<quoted>{_QUOTED})(?=:\ )
    |(?P<string>{_STRING}|{_QUOTED})
    |(?P<constraint>(?<=CREATE\ CONSTRAINT\ )\w+)
    |\b(?P<clause>{_CLAUSES})\b
    |:(?P<names>{_NAME}(?:\|{_NAME})*)(?P<pattern>\s*\{{)?
    |\b(?P<function>type|labels)\((?P<argument>\w+)\)
    |(?<![.$\w])(?P<variable>[A-Za-z_]\w*)\.(?P<property>\w+)(?P<plain>\s*(?:=(?![=~])|IN\ \$|IS\ UNIQUE))?
    |(?P<key>\w+)(?=:\ )
    |(?P<open>[\[(\{{])|(?P<close>[\])}}])""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Dialect:
    """Where an owner keeps what our texts name."""

    prefix: str
    """Before labels and types with a line below, ``TG_``; before properties in lower case."""
    nodes: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """Our label -> property -> Cypher for it, in which :data:`NODE` is the node; the first that is there counts."""
    edges: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Our property of events -> owner's type -> Cypher for it, in which :data:`EDGE` is the relationship."""
    relations: tuple[str, ...] = ()
    """The owner's types that are attributes."""

    @cached_property
    def own(self) -> str:
        """The prefix of properties."""
        return self.prefix.lower()

    def label(self, name: str) -> str:
        """Our label or type with the prefix.

        >>> Dialect("TG_").label("User"), Dialect("TG_").label("`set in`")
        ('TG_User', '`TG_set in`')
        """
        return f"`{self.prefix}{name[1:]}" if name.startswith("`") else self.prefix + name

    def text(self, text: str) -> str:
        """A text of :mod:`kg.queries` or :mod:`kg.schema` in the owner's words.

        >>> named = Dialect("TG_", nodes={"Item": {"title": (f"{NODE}.name",)}})
        >>> named.text("MATCH (i:Item {id: $item}) RETURN i.title AS title")
        'MATCH (i:TG_Item {tg_id: $item}) RETURN coalesce(i.tg_title, i.name) AS title'
        """
        return self.said(text)[0]

    def said(self, text: str) -> tuple[str, frozenset[str]]:
        """As :meth:`text`; and the types of ours, and the properties of shared nodes, that it writes."""
        if "db.relationshipTypes()" in _bare(text):
            return self._types(), frozenset()
        translation = _Translation(self, text)
        return translation.run(), frozenset(translation.written)

    def parameters(self, text: str, given: Mapping[str, Any]) -> tuple[Mapping[str, Any], frozenset[str]]:
        """Parameters of ``text``: keys of maps that are added to shared nodes get the prefix. And those keys."""
        added = re.search(r"(\w+) \+= row\.(\w+)", _bare(text))
        if added is None or added[1] in _ours(text):
            return given, frozenset()
        name = added[2]
        rows = [row | {name: {self.own + key: value for key, value in row[name].items()}} for row in given["rows"]]
        return {**given, "rows": rows}, frozenset(key for row in rows for key in row[name])

    def value(self, value: Any) -> Any:
        """A value of an answer: properties of a node under our names, ours before the owner's."""
        if isinstance(value, list):
            return list(map(self.value, value))
        if not isinstance(value, dict):
            return value
        ours = {key.removeprefix(self.own): own for key, own in value.items() if key.startswith(self.own)}
        return {key: own for key, own in value.items() if not key.startswith(self.own)} | ours

    def _types(self) -> str:
        """The owner's attributes and relations of ours; a person may be an entity too, so events are left out."""
        listed = ", ".join(map(neo4j_text, self.relations))
        return (
            f"MATCH (k:{self.prefix}EventKind) WITH collect(k.id) AS kinds "
            f"WITH kinds, COLLECT {{ MATCH (m:{self.prefix}{RECORD} {{kind: 'type'}}) RETURN m.id }} AS made "
            "CALL db.relationshipTypes() YIELD relationshipType AS name "
            f"WITH kinds, made, name, {self._without('name')} AS relation "
            f"WHERE (name IN [{listed}] OR name IN made) AND NOT relation IN kinds RETURN DISTINCT relation"
        )

    def _without(self, name: str) -> str:
        """Cypher for a type without the prefix."""
        start = f"{name} STARTS WITH '{self.prefix}'"
        return f"CASE WHEN {start} THEN substring({name}, {len(self.prefix)}) ELSE {name} END"


_SHARED = "[" + ", ".join(f"'{PREFIX}{label}'" for label in sorted(SHARED)) + "]"


def is_ours(node: str) -> str:
    """Cypher for whether a node is one that we made: an owner's keeps its properties even without a label."""
    return (
        f"({node}.{OWN}id IS NOT NULL AND all(label IN labels({node}) WHERE label IN {_SHARED}) "
        f"AND all(key IN keys({node}) WHERE key STARTS WITH '{OWN}'))"
    )


def _bare(text: str) -> str:
    """A text in which what is quoted is left blank: a name or a string may spell anything."""
    return re.sub(rf"{_STRING}|{_QUOTED}", lambda found: found[0][0] * 2, text)


def edge_is_ours(edge: str) -> str:
    """Cypher for whether a relationship of one of our types is one that we made: it has properties, and ours alone."""
    return f"(size(keys({edge})) > 0 AND all(key IN keys({edge}) WHERE key STARTS WITH '{OWN}'))"


def _ours(text: str) -> set[str]:
    """Variables that a text binds to nodes that are always ours."""
    return {name for name, label in re.findall(r"\((\w+):(\w+)", _bare(text)) if label not in SHARED}


class _Translation:
    """One pass over one text."""

    def __init__(self, dialect: Dialect, text: str) -> None:
        self._dialect = dialect
        self._text = text
        self._clause = ""
        self._open: list[str] = []
        bare = _bare(text)
        rows = set(re.findall(r"UNWIND \S+ AS (\w+)", bare)) - {"id", "user"}
        bound = set(re.findall(r"[(\[](\w+)(?=[:)\]])", bare)) - rows
        self._labels = dict(re.findall(r"\((\w+):(\w+)", bare))
        self._edges = set(re.findall(r"\[(\w+)(?=[:\]])", bare))
        self._translated = bound - _ours(text)
        self.written: set[str] = set()
        """Types of ours, and properties of shared nodes, that the text writes."""

    def run(self) -> str:
        return _TOKEN.sub(self._token, self._text)

    def _token(self, match: re.Match[str]) -> str:
        if match["clause"]:
            self._clause = match["clause"]
        elif match["constraint"]:
            self._clause = "REQUIRE"
            return self._dialect.own + match["constraint"]
        elif match["names"]:
            return self._named(match)
        elif match["function"]:
            return self._function(match["function"], match["argument"])
        elif match["property"] and match["variable"] in self._translated:
            return self._property(match["variable"], match["property"], match["plain"])
        elif match["key"] and self._open and self._open[-1] == "properties":
            return self._dialect.own + match["key"]
        elif match["quoted"] and self._open and self._open[-1] == "properties":
            return f"`{self._dialect.own}{match['quoted'][1:]}"
        elif match["open"]:
            self._open.append(match["open"])
        elif match["close"] and self._open:
            self._open.pop()
        return match[0]

    def _named(self, match: re.Match[str]) -> str:
        """Labels or types, and whether the map of properties behind them is of shared nodes."""
        names = re.findall(_NAME, match["names"])
        if self._open and self._open[-1] == "[":
            named, shared = "|".join(form for name in names for form in self._types(name)), True
            if self._writes and not match["pattern"]:
                named = f"{named} {MADE}"
        else:
            named, shared = "|".join(map(self._dialect.label, names)), bool(SHARED.intersection(names))
        if match["pattern"]:
            self._open.append("properties" if shared else "{")
        return f":{named}{match['pattern'] or ''}"

    def _types(self, name: str) -> list[str]:
        ours = self._dialect.label(name)
        if self._writes:
            self.written.add(_plain(ours))
        return [ours] if self._writes or self._clause == "REQUIRE" or _plain(name) in RESERVED else [name, ours]

    @property
    def _writes(self) -> bool:
        return self._clause in ("CREATE", "MERGE")

    def _function(self, name: str, argument: str) -> str:
        prefix = self._dialect.prefix
        if name == "type":
            return self._dialect._without(f"type({argument})")
        return f"[name IN labels({argument}) WHERE name STARTS WITH '{prefix}' | replace(name, '{prefix}', '')]"

    def _property(self, variable: str, name: str, plain: str | None) -> str:
        ours = f"{variable}.{self._dialect.own}{name}"
        if plain and self._clause == "SET" and variable not in self._edges:
            self.written.add(self._dialect.own + name)
        if name == "id" or (plain and (self._clause == "SET" or not plain.lstrip().startswith("="))):
            return ours + (plain or "")
        if variable in self._edges:
            cases = self._dialect.edges.get(name, {})
            other = " ".join(
                f"WHEN {neo4j_text(type)} THEN {cypher.replace(EDGE, variable)}" for type, cypher in cases.items()
            )
            others = [f"CASE type({variable}) {other} END"] if other else []
        else:
            kept = self._dialect.nodes.get(self._labels.get(variable, ""), {}).get(name, ())
            others = [cypher.replace(NODE, variable) for cypher in kept]
        return (f"coalesce({', '.join([ours, *others])})" if others else ours) + (plain or "")


def _plain(name: str) -> str:
    """A name as it is, where a text has it in backticks."""
    if not name.startswith("`"):
        return name
    return name[1:-1].replace("``", "`").replace("\\u005C", "\\")
