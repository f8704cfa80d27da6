"""Sources that were ingested, each with a number by which the graph knows what it brought.

``(:Ingested {id, verb, name, number, brought, undone})``: files of the same name that are read by the same verb are one
source. The number stands at the edges and nodes that it brought (:mod:`kg.marks`), and is never given twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from kg import queries, schema
from kg.records import Begins
from kg.store import Statement, Store


@dataclass(frozen=True)
class Ingested:
    """A source, of which there may be something in the graph."""

    verb: str
    name: str
    number: int
    brought: int = 0
    """Records that were new when they came."""
    undone: bool = False
    """Nothing of it is there any more."""

    @property
    def id(self) -> str:
        """Of its node."""
        return id_of(self.verb, self.name)

    @property
    def begins(self) -> Begins:
        """Before its records."""
        return Begins(self.verb, self.name)


def id_of(verb: str, name: str) -> str:
    """What a source is known by.

    >>> id_of("events", "ratings.csv")
    'events:ratings.csv'
    """
    return f"{verb}:{name}"


def ingested(store: Store) -> dict[str, Ingested]:
    """All sources, those that were undone too, by id."""
    rows = store.read(queries.text("ingested"))
    found = [Ingested(r["verb"], r["name"], r["number"], r["brought"] or 0, bool(r["undone"])) for r in rows]
    return {own.id: own for own in sorted(found, key=lambda own: (own.name, own.verb))}


def number_of(store: Store, source: Begins) -> int:
    """The number of a source that is about to be written; a new one where it has none."""
    id = id_of(source.verb, source.name)
    known = ingested(store).get(id)
    if known is not None and not known.undone:
        return known.number
    if known is None:
        store.write(Statement(schema.node_constraint("Ingested"), {}))  # a graph that is older lacks it
    (rows,) = store.write(queries.statement("ingested_add", id=id, verb=source.verb, name=source.name))
    return int(rows[0]["number"])


def count(store: Store, source: Begins, brought: int) -> None:
    """Count what a source has brought."""
    if brought:
        store.write(queries.statement("ingested_count", id=id_of(source.verb, source.name), brought=brought))
