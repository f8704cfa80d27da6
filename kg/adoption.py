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
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from kg.dialect import OWN, PREFIX, Dialect
from kg.errors import ReadError
from kg.queries import quoted
from kg.records import KIND_PATTERN
from kg.schema import RESERVED
from kg.wording import ALONE, Words, reading

UNITS = {"s": "epochSeconds", "ms": "epochMillis"}
_EDGE = "tg_edge"
"""The name of an event that is an edge."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class NodeMap:
    """Which nodes are meant, and the property that names each: people, for example."""

    label: str
    id: str
    where: str | None = None

    @property
    def meant(self) -> str:
        """Cypher for whether a node ``n`` is one of them; null says no."""
        return f"n:{quoted(self.label)} AND n.{quoted(self.id)} IS NOT NULL AND ({self.where or 'true'})"

    @property
    def key(self) -> str:
        """Cypher for the id of a node ``n`` as such."""
        return f"toString(n.{quoted(self.id)})"


@dataclass(frozen=True, kw_only=True)
class ItemMap(NodeMap):
    """Which nodes are items, and where their words are."""

    title: str | None = None
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class EntityMap(NodeMap):
    """Nodes of one label that describe items."""

    name: str | None = None
    kind: str | None = None

    @property
    def kind_text(self) -> str:
        """Cypher for the kind."""
        kind = (self.kind or self.label.lower()).replace("'", "")
        return f"'{kind}'"

    @property
    def key(self) -> str:
        """Cypher for the id of a node ``n`` that is nothing else."""
        return f"{self.kind_text} + ':' + {super().key}"


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
        if self.pattern is not None and not ("(person" in self.pattern and "(item" in self.pattern):
            raise ValueError("pattern must hold (person) and (item)")
        name = self.kind if self.type is None else self.type
        if name is None:
            raise ValueError("a pattern needs a kind, such as PURCHASED")
        if not KIND_PATTERN.fullmatch(name) or name in RESERVED:
            raise ValueError(f"{name!r} cannot be a kind of event: letters, digits and _ are, and no name of ours")
        if self.unit is not None and self.unit not in UNITS:
            raise ValueError(f"unit is {self.unit!r}; it may be {' or '.join(UNITS)}")
        if self.scale is not None:
            low, high = self.scale
            object.__setattr__(self, "scale", (float(low), float(high)))
        if self.pattern is not None:
            self._check_words(self.pattern)

    @property
    def name(self) -> str:
        """The kind."""
        return self.type or self.kind or ""

    @property
    def match(self) -> str:
        """Cypher that names the person, the item and what else the event is of."""
        return self.pattern or f"(person)-[{_EDGE}:{quoted(self.name)}]->(item)"

    @property
    def key(self) -> str:
        """Cypher for the id of an event, by the names of :attr:`match`."""
        if self.pattern is None:
            return f"elementId({_EDGE})"
        holder, *_ = self._held
        own = f"toString({self.id})" if self.id else f"elementId({holder})" if holder else f"person.{OWN}id"
        return f"{own} + '/' + item.{OWN}id"

    @property
    def moment(self) -> str:
        """Cypher for the moment: of an edge, by ``<edge>``; of a pattern, by its names."""
        if self.at is None:
            return "null"
        return _moment(self.at if self.pattern else f"<edge>.{quoted(self.at)}", self.unit)

    @property
    def words(self) -> Words | None:
        """Where the words are; None where there are none."""
        holder, text, title = self._held
        if holder is None:
            return None
        at = self.moment.replace("<edge>", "<holder>")
        if self.pattern is not None:
            event = f"MATCH ()-[tg_event:{PREFIX}{self.name}]->() WHERE tg_event.{OWN}event_id = <node>.{OWN}id"
            at = f"head(COLLECT {{ {event} RETURN tg_event.{OWN}at }})"
        return Words(self.name, self.match, holder, self.key, text, title, at, direct=self.pattern is None)

    @property
    def _held(self) -> tuple[str | None, str | None, str | None]:
        """What has the words, None where nothing has; and its properties for text and title."""
        if self.pattern is None:
            return (_EDGE if self.text or self.title else None), self.text, self.title
        text, title = ((own or "").partition(".") for own in (self.text, self.title))
        return text[0] or title[0] or None, text[2].strip("`") or None, title[2].strip("`") or None

    def _check_words(self, pattern: str) -> None:
        given = [re.fullmatch(r"(\w+)\.[^.]+", own) for own in (self.text, self.title) if own is not None]
        holders, named = {own and own[1] for own in given}, set(re.findall(r"[(\[]\s*(\w+)", pattern))
        if given and not (len(holders) == 1 and holders <= named):
            raise ValueError("text and title must be properties of one node or edge of the pattern, such as l.remark")


def _moment(cypher: str, unit: str | None = None) -> str:
    """Cypher for the moment that ``cypher`` gives; null stays null."""
    if unit is None:
        return f"datetime(toString({cypher}))"
    return f"CASE WHEN {cypher} IS NOT NULL THEN datetime({{{UNITS[unit]}: toInteger({cypher})}}) END"


@dataclass(frozen=True)
class ReviewMap:
    """Nodes with words that came with no event."""

    pattern: str
    text: str
    title: str | None = None
    at: str | None = None

    def __post_init__(self) -> None:
        if not all(f"({name}" in self.pattern for name in ("person", "review", "item")):
            raise ValueError("pattern must hold (person), (review) and (item)")

    @property
    def words(self) -> Words:
        """Where the words are."""
        at = _moment(f"<holder>.{quoted(self.at)}") if self.at else "null"
        return Words(ALONE, self.pattern, "review", "elementId(review)", self.text, self.title, at)


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

    def to_json(self) -> str:
        """As it is kept in the graph."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Adoption:
        """What :meth:`to_json` gave."""
        return _adoption(json.loads(text))

    @classmethod
    def read(cls, path: Path) -> Adoption:
        """Read a map.

        Raises:
            ReadError: no such file, no TOML, or a table or key that is missing, unknown or wrong: says which.
        """
        try:
            return _adoption(tomllib.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise ReadError(str(path), error.strerror or str(error)) from error
        except (ValueError, TypeError) as error:
            raise ReadError(str(path), str(error)) from error

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
                "Item": {name: (f"<node>.{quoted(own)}",) for name, own in item.items() if own},
                "Entity": {"name": tuple(f"<node>.{quoted(name)}" for name in names)},
                "Review": words,
            },
            edges={
                "event_id": {event.name: "elementId(<edge>)" for event in direct},
                "value": {e.name: f"toFloat(<edge>.{quoted(e.value)})" for e in direct if e.value},
                "at": {event.name: event.moment for event in direct if event.at},
            },
            relations=self.attributes or (),
        )


def _adoption(document: Mapping[str, Any]) -> Adoption:
    given = dict(document)
    _check_keys(Adoption, given, "the map")
    for name, table in (("person", NodeMap), ("item", ItemMap)):
        if name not in given:
            raise ValueError(f"[{name}] is missing")
        given[name] = _built(table, given[name], f"[{name}]")
    for name, row in (("entity", EntityMap), ("event", EventMap)):
        rows = given.get(name) or ()
        given[name] = tuple(_built(row, own, f"[[{name}]] {number}") for number, own in enumerate(rows, 1))
    if given.get("review"):
        given["review"] = _built(ReviewMap, given["review"], "[review]")
    if given.get("attributes") is not None:
        given["attributes"] = tuple(given["attributes"])
    return _built(Adoption, given, "the map")


def _built(kind: type[T], given: Mapping[str, Any], where: str) -> T:
    """An instance from a table of the map; what is wrong with it is said with its place."""
    if not isinstance(given, Mapping):
        raise ValueError(f"{where} must be a table")
    _check_keys(kind, given, where)
    try:
        return kind(**given)
    except (TypeError, ValueError) as error:
        missing = str(error).partition("argument")[2].lstrip("s: ")
        raise ValueError(f"{where}: {f'{missing} is missing' if 'missing' in str(error) else error}") from error


def _check_keys(kind: type[Any], given: Mapping[str, Any], where: str) -> None:
    known = sorted(entry.name for entry in fields(kind))
    for unknown in sorted(set(given) - set(known)):
        near = get_close_matches(unknown, known, n=1)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"{where} has no key {unknown!r}{meant}; it takes {', '.join(known)}")
