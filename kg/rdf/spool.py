"""Statements put aside on disk: what describes a resource or an event comes back by subject, the rest in the order of
the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import groupby
from operator import itemgetter
from types import TracebackType

from kg.rdf.terms import Fact
from kg.scratch import full_disk_said, scratch

_AT_ONCE, _CHARS_AT_ONCE = 10_000, 4 * 2**20
MAX_FACTS, MAX_FACT_CHARS = 10_000, 8 * 2**20
"""Statements that describe one resource or event, and their characters, names and all: they are held together."""
_TABLES = ("described", "related", "told", "kinds")
_COLUMNS = "subject, predicate, object, datatype, language, line"


class Spool(AbstractContextManager["Spool"]):
    """A database in the temporary folder that vanishes when it is closed; memory does not grow with it."""

    def __init__(self) -> None:
        self._database = scratch(cache_kib=32_768)
        with full_disk_said():
            for table in _TABLES:
                self._database.execute(f"CREATE TABLE {table} ({_COLUMNS})")
        self._held: dict[str, list[Fact]] = {table: [] for table in _TABLES}
        self._room = _CHARS_AT_ONCE

    def describe(self, fact: Fact) -> None:
        """Put aside what describes its subject."""
        self._add("described", fact)

    def relate(self, fact: Fact) -> None:
        """Put aside what ties its subject to something else."""
        self._add("related", fact)

    def tell(self, fact: Fact) -> None:
        """Put aside what is said of an event."""
        self._add("told", fact)

    def declare(self, fact: Fact) -> None:
        """Put aside what is said of a kind of event."""
        self._add("kinds", fact)

    def described(self) -> Iterator[tuple[str, list[Fact]]]:
        """Each subject with what was said of it, in the order in which it was said; subjects are sorted.

        One of which very much is said comes in several parts, the first of which has its beginning.
        """
        return self._by_subject("described")

    def told(self) -> Iterator[tuple[str, list[Fact]]]:
        """Likewise the events."""
        return self._by_subject("told")

    def declared(self) -> Iterator[tuple[str, list[Fact]]]:
        """Likewise the kinds."""
        return self._by_subject("kinds")

    def related(self) -> Iterator[Fact]:
        """All that was put aside by :meth:`relate`."""
        return self._facts("related", "rowid")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def _by_subject(self, table: str) -> Iterator[tuple[str, list[Fact]]]:
        for subject, facts in groupby(self._facts(table, "subject, rowid"), key=itemgetter(0)):
            held: list[Fact] = []
            room = MAX_FACT_CHARS
            for fact in facts:
                if held and (len(held) == MAX_FACTS or room < fact.size):
                    yield subject, held
                    held, room = [], MAX_FACT_CHARS
                held.append(fact)
                room -= fact.size
            yield subject, held

    def _add(self, table: str, fact: Fact) -> None:
        held = self._held[table]
        held.append(fact)
        self._room -= fact.size
        if self._room <= 0:
            for own in _TABLES:
                self._flush(own)
            self._room = _CHARS_AT_ONCE
        elif len(held) >= _AT_ONCE:
            self._flush(table)

    def _flush(self, table: str) -> None:
        held: Iterable[Fact] = self._held[table]
        self._held[table] = []
        with full_disk_said():
            self._database.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?)", held)

    def _facts(self, table: str, order: str) -> Iterator[Fact]:
        self._flush(table)
        with full_disk_said():
            yield from map(Fact._make, self._database.execute(f"SELECT {_COLUMNS} FROM {table} ORDER BY {order}"))
