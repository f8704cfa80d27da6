"""What a graph's owner says of it: which label is a person, which an item, what are events, what attributes.

::

    [person]                       # one label
    label = "Customer"
    id = "customerID"              # a property that differs from node to node; numbers are taken as text

    [item]
    label = "Product"
    id = "productID"
    title = "productName"          # text = "..." for what is embedded

    [[entity]]                     # labels that describe items
    label = "Category"
    id = "categoryID"
    name = "categoryName"          # default: the id;  kind = "category"  default: the label in lower case

    [[event]]                      # an edge from a person to an item, read where it is
    type = "RATED"
    value = "stars"
    at = "time"                    # a moment or a date, or with  unit = "s" | "ms"  a Unix time
    scale = [1, 5]
    text = "comment"               # what the person wrote; title likewise

    [[event]]                      # anything longer: an edge of ours is kept beside it
    kind = "PURCHASED"
    pattern = "(person)-[:PURCHASED]->(o:Order)-[l:ORDERS]->(item)"
    id = "o.orderID"               # Cypher, with the pattern's names; so are value and at
    value = "l.quantity"
    at = "o.orderDate"
    text = "l.remark"              # a property of a node or an edge of the pattern; title is one of the same

    [review]                       # nodes with words that are no event, so that they weigh nothing
    pattern = "(person)-[:LEFT]->(review:Note)-[:ABOUT]->(item)"
    text = "body"                  # title and at likewise

    attributes = ["PART_OF"]       # at the top; default: every relation between items and entities that is no event

Tables of nodes may have ``where``, Cypher on the node ``n``, which says which nodes of the label are meant.

Cypher of a map is pasted into texts of ours, so each piece of it is looked at by :mod:`kg.expressions`, whoever gave
it: the file of the map, or the graph in which it is kept. What it gives is taken by :mod:`kg.coercion`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import Field, asdict, dataclass, fields
from difflib import get_close_matches
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any, TypeVar

from kg import expressions
from kg.alphabets import is_type
from kg.coercion import UNITS, id_of, moment_of, number_of, text_of
from kg.dialect import EDGE, HOLDER, NODE, OWN, PREFIX, Dialect
from kg.errors import ReadError, short
from kg.folders import settings_of
from kg.quoting import neo4j as quoted
from kg.quoting import neo4j_text
from kg.schema import RESERVED
from kg.wording import ALONE, Words, reading

EDGE_NAME = "tg_edge"
"""The name of an event that is an edge."""

TWICE = "{}: pattern finds the same edges as {} in {}, so that each would count twice"
"""What is said of two tables of events."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class NodeMap:
    """Which nodes are meant, and the property that names each: people, for example."""

    label: str
    id: str
    where: str | None = None

    def __post_init__(self) -> None:
        if self.where is not None:
            _check("where", self.where, {"n"})

    @property
    def among(self) -> str:
        """Cypher for whether a node ``n`` is one of them, whatever its id is; all but true says no."""
        return f"n:{quoted(self.label)}" + (f" AND ({self.where}) = true" if self.where else "")

    @property
    def meant(self) -> str:
        """Cypher for whether a node ``n`` is one of them and has an id; null says no."""
        return f"{self.among} AND {self.key} IS NOT NULL"

    @property
    def given(self) -> str:
        """Cypher for what a node ``n`` has as its id."""
        return f"n.{quoted(self.id)}"

    @property
    def key(self) -> str:
        """Cypher for the id of a node ``n`` as such; null where it has none that can be one."""
        return id_of(self.given)

    @property
    def words(self) -> Mapping[str, str]:
        """Keys of the table, and the properties that they name, which hold text."""
        return {}


@dataclass(frozen=True, kw_only=True)
class ItemMap(NodeMap):
    """Which nodes are items, and where their words are."""

    title: str | None = None
    text: str | None = None

    @property
    def words(self) -> Mapping[str, str]:
        """See :class:`NodeMap`."""
        return {name: own for name, own in (("title", self.title), ("text", self.text)) if own}


@dataclass(frozen=True, kw_only=True)
class EntityMap(NodeMap):
    """Nodes of one label that describe items."""

    name: str | None = None
    kind: str | None = None

    @property
    def kind_text(self) -> str:
        """Cypher for the kind."""
        return neo4j_text(self._kind)

    @property
    def _kind(self) -> str:
        return self.kind or self.label.lower()

    @property
    def key(self) -> str:
        """Cypher for the id of a node ``n`` that is nothing else."""
        start = self._kind.replace("~", "~0").replace(":", "~1")  # so that the first colon ends it
        return id_of(f"{neo4j_text(f'{start}:')} + {super().key}")

    @property
    def words(self) -> Mapping[str, str]:
        """See :class:`NodeMap`."""
        return {"name": self.name} if self.name else {}


@dataclass(frozen=True)
class EventMap:
    """One kind of event: edges of a ``type`` as they are, or whatever matches a ``pattern``."""

    type: str | None = None
    kind: str | None = None
    pattern: str | None = None
    id: str | None = None
    value: str | None = None
    at: str | None = None
    unit: str | None = None
    scale: tuple[float, float] | None = None
    text: str | None = None
    title: str | None = None

    def __post_init__(self) -> None:
        if (self.type is None) == (self.pattern is None):
            raise ValueError("needs either a type or a pattern")
        name = self.kind if self.type is None else self.type
        if name is None:
            raise ValueError("a pattern needs a kind, such as PURCHASED")
        if not is_type(name) or name in RESERVED:
            raise ValueError(f"{name!r} cannot be a kind of event: letters, digits and _ are, and no name of ours")
        if self.unit is not None and self.unit not in UNITS:
            raise ValueError(f"unit is {self.unit!r}; it may be {' or '.join(UNITS)}")
        if self.scale is not None:
            object.__setattr__(self, "scale", _scale(self.scale))
        if self.pattern is not None:
            self._check_pattern(self.pattern)
            self._check_words()

    def check(self) -> None:
        """Refuse keys that say nothing beside the others, and words that are nobody's.

        Raises:
            ValueError: says which.
        """
        given = asdict(self)
        beside = {"unit": "at", "scale": "value"} | ({"id": "pattern", "kind": "pattern"} if self.type else {})
        for key, needed in beside.items():
            if given[key] is not None and given[needed] is None:
                raise ValueError(f"{key} says nothing without {needed}; leave it out")
        if self._held[0] == "item":
            raise ValueError("text and title are of the item, which is no person's: name them as those of [item]")

    @property
    def name(self) -> str:
        """The kind."""
        return self.type or self.kind or ""

    @cached_property
    def named(self) -> expressions.Pattern | None:
        """What the pattern names; None where there is none."""
        return expressions.pattern_of(self.pattern) if self.pattern is not None else None

    @property
    def match(self) -> str:
        """Cypher that names the person, the item and what else the event is of."""
        return self.pattern or f"(person)-[{EDGE_NAME}:{quoted(self.name)}]->(item)"

    @property
    def own_id(self) -> str:
        """Cypher for what tells events of a person with an item apart, by the names of :attr:`match`."""
        holder, *_ = self._held
        return id_of(f"({self.id})") if self.id else f"elementId({holder})" if holder else f"person.{OWN}id"

    @property
    def key(self) -> str:
        """Cypher for the id of an event, by the names of :attr:`match`; null where it cannot be one."""
        if self.pattern is None:
            return f"elementId({EDGE_NAME})"
        start = f"replace(replace({self.own_id}, '~', '~0'), '/', '~1')"  # so that the first slash ends it
        return id_of(f"{start} + '/' + item.{OWN}id")

    @property
    def given(self) -> Mapping[str, str]:
        """Keys of the table, and Cypher for what an event has there, by the names of :attr:`match`."""
        if self.pattern is None:
            keys = {"value": self.value, "at": self.at, "title": self.title, "text": self.text}
            return {name: f"{EDGE_NAME}.{quoted(own)}" for name, own in keys.items() if own}
        holder, text, title = self._held
        said = {name: f"{holder}.{quoted(own)}" for name, own in (("title", title), ("text", text)) if own}
        return {name: f"({own})" for name, own in (("value", self.value), ("at", self.at)) if own} | said

    @property
    def number(self) -> str:
        """Cypher for the value: of an edge, by :data:`kg.dialect.EDGE`; of a pattern, by its names."""
        return number_of(self._of(self.value)) if self.value else "null"

    @property
    def moment(self) -> str:
        """Likewise for the moment."""
        return moment_of(self._of(self.at), self.unit) if self.at else "null"

    @property
    def words(self) -> Words | None:
        """Where the words are; None where there are none."""
        holder, text, title = self._held
        if holder is None:
            return None
        at = self.moment.replace(EDGE, HOLDER)
        if self.pattern is not None:
            event = f"MATCH ()-[tg_event:{PREFIX}{self.name}]->() WHERE tg_event.{OWN}event_id = {NODE}.{OWN}id"
            at = f"head(COLLECT {{ {event} RETURN tg_event.{OWN}at }})"
        of_edge = self.named is None or holder in self.named.edges
        return Words(self.name, self.match, holder, self.key, text, title, at, of_edge, direct=self.pattern is None)

    def _of(self, own: str) -> str:
        return f"({own})" if self.pattern else f"{EDGE}.{quoted(own)}"

    @property
    def _held(self) -> tuple[str | None, str | None, str | None]:
        """What has the words, None where nothing has; and its properties for text and title."""
        if self.pattern is None:
            return (EDGE_NAME if self.text or self.title else None), self.text, self.title
        text, title = (_property(own or "") for own in (self.text, self.title))
        return text[0] or title[0], text[1], title[1]

    def _check_pattern(self, pattern: str) -> None:
        names = _names_of(pattern, ("person", "item"))
        for key, own in (("id", self.id), ("value", self.value), ("at", self.at)):
            if own is not None:
                _check(key, own, names)

    def _check_words(self) -> None:
        given = [_property(own)[0] for own in (self.text, self.title) if own is not None]
        named = self.named.nodes | self.named.edges if self.named else ()
        if given and not (len(set(given)) == 1 and given[0] in named):
            raise ValueError("text and title must be properties of one node or edge of the pattern, such as l.remark")


def _property(own: str) -> tuple[str | None, str | None]:
    """A name and a property of it, of ``name.property``."""
    found = re.fullmatch(r"(\w+)\.(`(?:[^`]|``)+`|[^.`]+)", own)
    if found is None:
        return None, None
    return found[1], found[2][1:-1].replace("``", "`") if found[2].startswith("`") else found[2]


def _check(key: str, text: str, names: Collection[str]) -> None:
    try:
        expressions.check(text, names)
    except ValueError as error:
        raise ValueError(f"{key} is no expression of a map: {error}") from error


def _names_of(pattern: str, wanted: Sequence[str]) -> frozenset[str]:
    """What a pattern names; its nodes must be called so."""
    try:
        named = expressions.pattern_of(pattern)
    except ValueError as error:
        raise ValueError(f"pattern is no pattern of a map: {error}") from error
    if not named.nodes.issuperset(wanted):
        *first, last = (f"({name})" for name in wanted)
        raise ValueError(f"pattern must hold {', '.join(first)} and {last}")
    return named.nodes | named.edges


def _scale(given: Any) -> tuple[float, float]:
    numbers = isinstance(given, list | tuple) and all(type(end) in (int, float) for end in given)
    if not numbers or len(given) != 2 or not all(map(math.isfinite, given)) or not given[0] < given[1]:
        raise ValueError(f"scale must be two numbers, the lower first, such as [1, 5]; it is {given!r}")
    return float(given[0]), float(given[1])


@dataclass(frozen=True)
class ReviewMap:
    """Nodes with words that came with no event."""

    pattern: str
    text: str
    title: str | None = None
    at: str | None = None

    def __post_init__(self) -> None:
        _names_of(self.pattern, ("person", "review", "item"))

    @property
    def words(self) -> Words:
        """Where the words are."""
        at = moment_of(f"{HOLDER}.{quoted(self.at)}") if self.at else "null"
        return Words(ALONE, self.pattern, "review", "elementId(review)", self.text, self.title, at)

    @property
    def given(self) -> Mapping[str, str]:
        """Keys of the table, and Cypher for what a review has there, by the names of the pattern."""
        keys = {"title": self.title, "text": self.text, "at": self.at}
        return {name: f"review.{quoted(own)}" for name, own in keys.items() if own}


@dataclass(frozen=True)
class Adoption:
    """The whole map."""

    person: NodeMap
    item: ItemMap
    entity: tuple[EntityMap, ...] = ()
    event: tuple[EventMap, ...] = ()
    review: ReviewMap | None = None
    attributes: tuple[str, ...] | None = None
    """None: to be found in the graph."""

    def __post_init__(self) -> None:
        if not self.event:
            raise ValueError("at least one [[event]] is needed: what people did with items")
        first: dict[str, int] = {}
        for number, event in enumerate(self.event, 1):
            if first.setdefault(event.name, number) != number:
                raise ValueError(
                    f"[[event]] {number}: {event.name} is counted by [[event]] {first[event.name]} already"
                )

    def check(self) -> None:
        """Refuse what is well formed and cannot be meant; a map that is kept in a graph may be of an earlier release.

        Raises:
            ValueError: says which table and key.
        """
        for name, nodes in self.nodes[2:]:
            self._check_again(name, nodes)
        for name, event in self.events:
            try:
                event.check()
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
        self._check_twice()
        self._check_attributes()

    def _check_again(self, name: str, entity: NodeMap) -> None:
        """An entity of a label is taken by the first table that has it, unless a ``where`` tells them apart."""
        for before, own in self.nodes[2:]:
            if own is entity:
                return
            if own.label == entity.label and own.where in (None, entity.where):
                raise ValueError(
                    f"{name}: nodes {entity.label} are taken by {before} already; a where tells them apart"
                )

    def _check_twice(self) -> None:
        """Events that are the same edges whatever the graph holds; :mod:`kg.engines.fitting` asks it about others."""
        for (first, event), (second, other) in combinations(self.events, 2):
            if event.named and other.named and event.named.said == other.named.said:
                raise ValueError(TWICE.format(second, "pattern", first))
            if event.named and other.type and self._is_type(event.named, other.type):
                raise ValueError(TWICE.format(first, "type", second))
            if event.type and other.named and self._is_type(other.named, event.type):
                raise ValueError(TWICE.format(second, "type", first))

    def _is_type(self, pattern: expressions.Pattern, type: str) -> bool:
        if pattern.direct is None:
            return False
        person, item, types = pattern.direct
        return {*person} <= {self.person.label} and {*item} <= {self.item.label} and (not types or type in types)

    def _check_attributes(self) -> None:
        attributes, kinds = self.attributes or (), {event.name: name for name, event in self.events}
        for number, own in enumerate(attributes, 1):
            if own in attributes[: number - 1]:
                raise ValueError(f"attributes, name {number}, is {own} again")
            if own in kinds:
                raise ValueError(f"attributes, name {number}, is {own}, which {kinds[own]} has as events")

    def to_json(self) -> str:
        """As it is kept in the graph."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Adoption:
        """What :meth:`to_json` gave.

        Raises:
            ValueError: it gave no such thing: somebody else has written there. Says which table and key.
        """
        try:
            return _adoption(json.loads(text))
        except (TypeError, RecursionError) as error:
            raise ValueError(f"is no map: {error}") from error

    @classmethod
    def read(cls, path: Path) -> Adoption:
        """Read a map.

        Raises:
            ReadError: no such file, no TOML, or a table or key that is missing, unknown or wrong: says which.
        """
        try:
            adoption = _adoption(settings_of(path))
            adoption.check()
            return adoption
        except OSError as error:
            raise ReadError(str(path), error.strerror or str(error)) from error
        except UnicodeDecodeError as error:
            raise ReadError(str(path), f"is not encoded in UTF-8: {error}") from error
        except RecursionError as error:
            raise ReadError(str(path), "holds tables or lists in one another, deeper than a map has any") from error
        except ValueError as error:
            raise ReadError(str(path), str(error)) from error

    @property
    def nodes(self) -> list[tuple[str, NodeMap]]:
        """The tables of nodes, each with what it is called in the map."""
        entities = ((f"[[entity]] {number}", own) for number, own in enumerate(self.entity, 1))
        return [("[person]", self.person), ("[item]", self.item), *entities]

    @property
    def events(self) -> list[tuple[str, EventMap]]:
        """The tables of events, likewise."""
        return [(f"[[event]] {number}", event) for number, event in enumerate(self.event, 1)]

    @property
    def words(self) -> list[Words]:
        """Where people's words are, a kind of event each."""
        found = [event.words for event in self.event] + [self.review.words if self.review else None]
        return [words for words in found if words is not None]

    def dialect(self) -> Dialect:
        """How our texts are said in this graph."""
        direct = [event for event in self.event if event.type is not None]
        names = dict.fromkeys(entity.name or entity.id for entity in self.entity)
        item = {"title": self.item.title, "text": self.item.text}
        words = {name: (reading(self.words, name),) for name in ("title", "text", "at")} if self.words else {}
        return Dialect(
            prefix=PREFIX,
            nodes={
                "Item": {name: (text_of(f"{NODE}.{quoted(own)}"),) for name, own in item.items() if own},
                "Entity": {"name": tuple(text_of(f"{NODE}.{quoted(name)}") for name in names)},
                "Review": words,
            },
            edges={
                "event_id": {event.name: f"elementId({EDGE})" for event in direct},
                "value": {event.name: event.number for event in direct if event.value},
                "at": {event.name: event.moment for event in direct if event.at},
            },
            relations=self.attributes or (),
        )


def _adoption(document: Any) -> Adoption:
    if not isinstance(document, Mapping):
        raise ValueError("the map must be a table")
    given = dict(document)
    _check_keys(Adoption, given, "the map")
    for name, table in (("person", NodeMap), ("item", ItemMap)):
        if name not in given:
            raise ValueError(f"[{name}] is missing")
        given[name] = _built(table, given[name], f"[{name}]")
    for name, row in (("entity", EntityMap), ("event", EventMap)):
        rows = given.get(name, ())
        if not isinstance(rows, list | tuple):
            raise ValueError(f"{name} must be tables that begin with [[{name}]]; it is {_shown(rows)}")
        given[name] = tuple(_built(row, own, f"[[{name}]] {number}") for number, own in enumerate(rows, 1))
    if given.get("review") is not None:
        given["review"] = _built(ReviewMap, given["review"], "[review]")
    attributes = given.get("attributes")
    if attributes is not None:
        if not isinstance(attributes, list | tuple):
            raise ValueError(f'attributes must be a list, such as ["PART_OF"]; it is {_shown(attributes)}')
        for number, name in enumerate(attributes, 1):
            _check_text(f"attributes, name {number},", name)
        given["attributes"] = tuple(attributes)
    return Adoption(**given)


def _built(kind: type[T], given: Any, where: str) -> T:
    """An instance from a table of the map; what is wrong with it is said with its place."""
    if not isinstance(given, Mapping):
        raise ValueError(f"{where} must be a table; it is {_shown(given)}")
    _check_keys(kind, given, where)
    for entry in fields(kind):  # type: ignore[arg-type]
        _check_entry(entry, given, where)
    try:
        return kind(**given)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def _check_entry(entry: Field[Any], given: Mapping[str, Any], where: str) -> None:
    """A key that must be there is, and a text is one."""
    value = given.get(entry.name)
    if value is None:
        if "None" not in str(entry.type):
            raise ValueError(f"{where}: {entry.name!r} is missing")
    elif str(entry.type).startswith("str"):
        _check_text(f"{where}: {entry.name}", value)


def _check_text(where: str, value: Any) -> None:
    if not isinstance(value, str):
        raise ValueError(f"{where} must be text in quotes; it is {_shown(value)}")
    if not value.strip():
        raise ValueError(f"{where} is empty; leave it out, or name something")
    if len(value) > expressions.LONGEST:
        raise ValueError(f"{where} is {len(value)} characters long; {expressions.LONGEST} are the most")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{where} holds half a character, which cannot be stored") from error
    if "\0" in value:
        raise ValueError(f"{where} holds a character with the code 0, which no name has")


def _shown(value: Any) -> str:
    """A value of a map, short enough for a message."""
    try:
        text = repr(value)
    except ValueError:
        return short(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _check_keys(kind: type[Any], given: Mapping[str, Any], where: str) -> None:
    known = sorted(entry.name for entry in fields(kind))
    for unknown in sorted(set(given) - set(known)):
        near = get_close_matches(unknown, known, n=1)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"{where} has no key {unknown!r}{meant}; it takes {', '.join(known)}")
