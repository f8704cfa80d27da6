"""How sources spell relations: ``film.film.actor`` is stored as ``FILM_FILM_ACTOR``, and written again as it was.

Two predicates of RDF that share a local name are two relations: the one that is met first has the name, and the other
a name of its own, which ends in a hash of its IRI.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kg import queries
from kg.alphabets import told_apart
from kg.errors import RecordError
from kg.rdf.terms import canonical, is_iri
from kg.records import Record, Triple, clean_relation
from kg.store import Store


class Spellings:
    """Takes note of the spellings in a stream of records, and keeps them in the graph."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._met: dict[str, str] = {}
        self._known: dict[str, str] | None = None

    def noted(self, record: Record) -> Record:
        """The record, with a relation of its own where another predicate has its name; remembers how it is spelled."""
        if not isinstance(record, Triple) or not (name := record.name):
            return record
        if self._known is None:
            self._known = spellings(self._store)
        kept = self._known.get(record.relation)
        if kept is not None and kept != name and _are_two(kept, name):
            record = replace(record, relation=own_relation(record.relation, name))
        if record.relation not in self._known:
            self._known[record.relation] = self._met[record.relation] = name
        return record

    def keep(self) -> None:
        """Write what was met since the last call; the first spelling of a relation stays."""
        met, self._met = self._met, {}
        differing = [{"id": relation, "name": name} for relation, name in met.items() if relation != name]
        if differing:
            self._store.write(queries.statement("relations_name", rows=differing))


def spellings(store: Store) -> dict[str, str]:
    """The spelling of each relation that its source spelled otherwise than the graph."""
    return {row["relation"]: row["name"] for row in store.read(queries.text("relation_names"))}


def own_relation(relation: str, predicate: str) -> str:
    """What the relation of a predicate is called whose local name is another one's."""
    return told_apart(relation, canonical(predicate))


def is_called(relation: str, named: str, spelling: str) -> bool:
    """Whether a relation has the name that its spelling gives it, or the one that tells it apart."""
    return relation in (named, own_relation(named, spelling))


def reads_as(spelling: str, relation: str) -> bool:
    """Whether a table with this spelling gives the relation again; that of a mapping may be another."""
    try:
        return is_called(relation, clean_relation(spelling), spelling)
    except RecordError:
        return False


def in_order(store: Store, relations: Iterable[str]) -> list[list[str]]:
    """Relations in two groups, those that were told apart last: read in this order they get the same names again."""
    spelled = spellings(store)
    groups: list[list[str]] = [[], []]
    for name in relations:
        groups[name in spelled and _is_apart(name, spelled[name])].append(name)
    return [group for group in groups if group]


def _is_apart(relation: str, spelling: str) -> bool:
    return relation[-13:] == told_apart("", canonical(spelling))


def _are_two(kept: str, name: str) -> bool:
    return canonical(kept) != canonical(name) and is_iri(kept) and is_iri(name)
