"""What the records of one file are, as an ingest would make them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from kg.errors import ReadError
from kg.lacks import Lacks
from kg.records import (
    Begins,
    EntityRecord,
    Interaction,
    ItemRecord,
    KindRecord,
    Link,
    Record,
    Reject,
    Tie,
    Triple,
    UserRecord,
)
from recommender.inspection.ids import Ids
from recommender.inspection.kinds import Tally
from recommender.inspection.sketch import Distinct

SORTS = ("item", "user", "entity")
"""Of what files have ids, which can be compared."""


class Seen:
    """Watches the records of one file."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.lacks = Lacks()
        self.ids = {sort: Ids() for sort in SORTS}
        """Of all that records speak of."""
        self.own = Ids()
        """Ids of the rows of items or people."""
        self.events = Distinct()
        self.count = 0
        self.rejects: Counter[str] = Counter()
        self.reasons: dict[str, str] = {}
        self.ended = ""
        """Why no more could be read."""

    def watch(self, records: Iterator[Record | Reject]) -> None:
        """All of them, or those that can be read."""
        try:
            for record in self.tally.watch(records):
                if isinstance(record, Reject):
                    self.rejects[record.field] += 1
                    self.reasons.setdefault(record.field, record.reason)
                    self.lacks.of_reject(record)
                elif not isinstance(record, KindRecord | Begins):
                    self._see(record)
        except ReadError as error:
            self.ended = error.reason

    def _see(self, record: Record) -> None:
        self.count += 1
        if record.notes:
            self.lacks.of(record)
        ids = self.ids
        if isinstance(record, Interaction):
            ids["user"].add(record.user_id)
            ids["item"].add(record.item_id)
            self.events.add(record.event_id)
        elif isinstance(record, ItemRecord | UserRecord):
            self.own.add(record.id)
            ids["item" if isinstance(record, ItemRecord) else "user"].add(record.id)
        elif isinstance(record, Link):
            ids["item"].add(record.item_id)
            ids["entity"].add(record.entity_id)
        elif isinstance(record, Tie):
            ids["user"].add(record.user_id)
            ids["user"].add(record.other_id)
        elif isinstance(record, Triple):
            for label, id in ((record.head_label, record.head), (record.tail_label, record.tail)):
                if label.lower() in ids:
                    ids[label.lower()].add(id)
        elif isinstance(record, EntityRecord):
            ids["entity"].add(record.id)

    @property
    def rows(self) -> Distinct | Ids:
        """The ids of what the rows are."""
        return self.events if self.events.count else self.own
