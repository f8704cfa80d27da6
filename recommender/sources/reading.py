"""One file on its way into a graph: read as it is said, and as the graph remembers where nothing is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from kg.readers import EventMapping, read_events
from kg.readers.form import Join
from kg.records import Begins, KindRecord, Record, Reject
from kg.store import Store
from recommender.sources.document import Table, read_table
from recommender.sources.remembered import NAME, as_before, columns_of, keep


class Reading:
    """A source and the table that says how it is read."""

    def __init__(
        self,
        table: Table,
        source: Any,
        folder: Path,
        kinds: Iterable[KindRecord] = (),
        joins: Sequence[Join] = (),
    ) -> None:
        """``joins`` are those that are stated with places of their own; they are not remembered."""
        self.table = table
        self._joins = joins
        self._source = source
        self._folder = folder
        self._kinds = tuple(kinds)

    @property
    def begins(self) -> Begins:
        """The source that it is."""
        return Begins(self.table.verb, self.table.files[0][:NAME])

    @cached_property
    def _columns(self) -> tuple[str, ...]:
        return columns_of(self._source)

    def settle(self, store: Store) -> None:
        """Take from the graph what was said of the last source of the same columns, and is not said now."""
        self.table = as_before(store, self.table, self._columns)

    def keep(self, store: Store) -> None:
        """Have the graph remember it."""
        keep(store, self.table, self._columns)

    def records(self) -> Iterator[Record | Reject]:
        """Everything; the scale is declared by whoever writes it."""
        table = self.table
        if table.verb != "events":
            return read_table(table, self._source, self._folder, joins=self._joins)
        mapping = EventMapping(**table.map, context=table.context)
        form = table.form(self._folder, self._joins)
        events = read_events(self._source, mapping, kind=table.kind, scale=table.limits, form=form)
        return chain(self._kinds, events)
