"""How sources spell relations: ``film.film.actor`` is stored as ``FILM_FILM_ACTOR``, and written again as it was."""

from __future__ import annotations

from kg import queries
from kg.errors import RecordError
from kg.records import Record, Triple, clean_relation
from kg.store import Store


class Spellings:
    """Takes note of the spellings in a stream of records, and keeps them in the graph."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._met: dict[str, str] = {}
        self._kept: set[str] = set()

    def note(self, record: Record) -> None:
        """Remember how a relation that is met first is spelled."""
        if isinstance(record, Triple) and record.name and record.relation not in self._kept:
            self._met.setdefault(record.relation, record.name)

    def keep(self) -> None:
        """Write what was met since the last call; the first spelling of a relation stays."""
        met, self._met = self._met, {}
        self._kept |= met.keys()
        differing = [{"id": relation, "name": name} for relation, name in met.items() if relation != name]
        if differing:
            self._store.write(queries.statement("relations_name", rows=differing))


def spellings(store: Store) -> dict[str, str]:
    """The spelling of each relation that its source spelled otherwise than the graph."""
    return {row["relation"]: row["name"] for row in store.read(queries.text("relation_names"))}


def reads_as(spelling: str, relation: str) -> bool:
    """Whether a table with this spelling gives the relation again; that of a mapping may be another."""
    try:
        return clean_relation(spelling) == relation
    except RecordError:
        return False
