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

    [[event]]                      # anything longer: an edge of ours is kept beside it
    kind = "PURCHASED"
    pattern = "(person)-[:PURCHASED]->(o:Order)-[l:ORDERS]->(item)"
    id = "o.orderID"               # Cypher, with the pattern's names; so are value and at
    value = "l.quantity"
    at = "o.orderDate"

    [review]                       # nodes that hold what people wrote
    pattern = "(person)-[:LEFT]->(review:Note)-[:ABOUT]->(item)"
    text = "body"                  # title and at likewise

    attributes = ["PART_OF"]       # at the top; default: every relation between items and entities that is no event

Tables of nodes may have ``where``, Cypher on the node ``n``, which says which nodes of the label are meant.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from kg.dialect import Dialect
from kg.errors import ReadError
from kg.queries import quoted
from kg.records import KIND_PATTERN
from kg.schema import RESERVED

PREFIX = "TG_"
"""Before every label and type that an adoption adds; before properties in lower case."""
UNITS = {"s": "epochSeconds", "ms": "epochMillis"}

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class NodeMap:
    """Which nodes are meant, and the property that names each: people, for example."""

    label: str
    id: str
    where: str | None = None


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

    @property
    def name(self) -> str:
        """The kind."""
        return self.type or self.kind or ""

    def moment(self, cypher: str) -> str:
        """Cypher for the moment that ``cypher`` gives; null stays null."""
        if self.unit is None:
            return f"datetime(toString({cypher}))"
        return f"CASE WHEN {cypher} IS NOT NULL THEN datetime({{{UNITS[self.unit]}: toInteger({cypher})}}) END"


@dataclass(frozen=True)
class ReviewMap:
    """Nodes that hold what people wrote of items."""

    pattern: str
    text: str
    title: str | None = None
    at: str | None = None

    def __post_init__(self) -> None:
        if not all(f"({name}" in self.pattern for name in ("person", "review", "item")):
            raise ValueError("pattern must hold (person), (review) and (item)")


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

    def dialect(self) -> Dialect:
        """How our texts are said in this graph."""
        direct = [event for event in self.event if event.type is not None]
        names = tuple(dict.fromkeys(entity.name or entity.id for entity in self.entity))
        texts = (self.item.text, self.review and self.review.text)
        titles = (self.item.title, self.review and self.review.title)
        return Dialect(
            prefix=PREFIX,
            nodes={
                "title": tuple(name for name in titles if name),
                "text": tuple(name for name in texts if name),
                "name": names,
                "at": (self.review.at,) if self.review and self.review.at else (),
            },
            edges={
                "event_id": {event.name: "elementId({edge})" for event in direct},
                "value": {e.name: f"toFloat({{edge}}.{quoted(e.value)})" for e in direct if e.value},
                "at": {e.name: _doubled(e.moment(f"<edge>.{quoted(e.at)}")) for e in direct if e.at},
            },
            relations=self.attributes or (),
        )


def _doubled(cypher: str) -> str:
    """Cypher with ``<edge>`` as a format string with ``{edge}``."""
    return cypher.replace("{", "{{").replace("}", "}}").replace("<edge>", "{edge}")


def _adoption(document: Mapping[str, Any]) -> Adoption:
    given = dict(document)
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
    known = {entry.name for entry in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(set(given) - known):
        raise ValueError(f"{where} has no key {unknown[0]!r}; it takes {', '.join(sorted(known))}")
    try:
        return kind(**given)
    except (TypeError, ValueError) as error:
        missing = str(error).partition("argument")[2].lstrip("s: ")
        raise ValueError(f"{where}: {f'{missing} is missing' if 'missing' in str(error) else error}") from error
