"""Near-duplicate names of attributes made one: "Boss", "BOSS" and "Boss " are one entity, and a report says so.

Which spelling a name goes by is known only when all have been read, so a source is read twice: once to count, once to
take. A name that the graph holds already keeps its spelling there, for that is its id.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import orjson

from kg import queries
from kg.names import name_key
from kg.progress import tqdm
from kg.readers.parts import can_be_read_again as can_be_read_again
from kg.records import Attribute, Begins, ItemRecord, Record, Reject, UserRecord
from kg.rejects import new_file
from kg.store import Store

DEFAULT_MERGES = "tastegraph.merges.json"
"""Name of the report in the working directory of the store, when none is given."""
NAMES_AT_ONCE = 10_000
"""Distinct spellings whose keys are held."""


@dataclass(frozen=True)
class Merge:
    """One name that was spelt in several ways."""

    kind: str
    name: str
    """The spelling that stays."""
    count: int
    """Times that it was written so."""
    merged: dict[str, int]
    """The other spellings, and how often each was written."""


class NameMerge:
    """Counts the spellings of each name, then takes records with one spelling each."""

    def __init__(self) -> None:
        self._counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._stored: dict[tuple[str, str], str] = {}
        self._key = lru_cache(NAMES_AT_ONCE)(name_key)

    def count(self, records: Iterable[Record | Reject]) -> None:
        """Read all records once."""
        for record in records:
            if isinstance(record, ItemRecord | UserRecord):
                for own in record.attributes:
                    self._counts[own.kind, self._key(own.value)][own.value] += 1

    def look_up(self, store: Store) -> None:
        """Let the names of these kinds that the graph holds keep their spelling there; of several the first."""
        kinds = sorted({kind for kind, _ in self._counts})
        for row in store.stream(queries.text("entities_of_kinds"), kinds=kinds) if kinds else ():
            if row["id"] == f"{row['kind']}:{row['name']}":
                key = row["kind"], self._key(row["name"])
                self._stored[key] = min(self._stored.get(key, row["name"]), row["name"])

    def take(self, records: Iterable[Record | Reject | Begins]) -> Iterator[Record | Reject | Begins]:
        """The same records, every attribute by the spelling that its name goes by."""
        for record in records:
            if not isinstance(record, ItemRecord | UserRecord) or not record.attributes:
                yield record
                continue
            own = tuple(dict.fromkeys(map(self._merged, record.attributes)))
            yield record if own == record.attributes else replace(record, attributes=own)

    def merges(self) -> list[Merge]:
        """What was made one, the most frequent first."""
        found = []
        for (kind, key), spellings in self._counts.items():
            name = self._name(kind, key, "")
            if others := {one: count for one, count in sorted(spellings.items()) if one != name}:
                found.append(Merge(kind, name, spellings[name], others))
        return sorted(found, key=lambda merge: (-merge.count - sum(merge.merged.values()), merge.kind, merge.name))

    def _merged(self, own: Attribute) -> Attribute:
        value = self._name(own.kind, self._key(own.value), own.value)
        parent = own.parent and self._name(own.kind, self._key(own.parent), own.parent)
        if (value, parent) == (own.value, own.parent):
            return own
        return replace(own, value=value, parent=parent if parent != value else None)

    def _name(self, kind: str, key: str, otherwise: str) -> str:
        """As the graph has it, else the most frequent spelling, of equals the first in the order of characters."""
        if stored := self._stored.get((kind, key)):
            return stored
        spellings = self._counts.get((kind, key))
        return min(spellings, key=lambda one: (-spellings[one], one)) if spellings else otherwise


def merge_of(store: Store, records: Iterable[Record | Reject], *, progress: bool = False) -> NameMerge:
    """What to merge in these records, which are read to their end, beside what the graph holds.

    Raises:
        ReadError: they cannot be read.
    """
    names = NameMerge()
    with tqdm(records, unit=" records", desc="names", disable=not progress, leave=False) as bar:
        names.count(bar)
    names.look_up(store)
    return names


def write_merges(merges: Sequence[Merge], wanted: Path) -> Path:
    """Write the report as one JSON document, never over another file; returns where.

    Raises:
        StoreError: the file cannot be written.
    """
    path, file = new_file(wanted, ".merges.json")
    with file:
        file.write(orjson.dumps(merges, option=orjson.OPT_INDENT_2))
    return path
