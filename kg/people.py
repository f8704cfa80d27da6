"""People and what they did as rows, for what writes it to files; what a refresh derives of them is left out."""

from __future__ import annotations

from collections.abc import Iterator

from kg import queries
from kg.batch import Edge, batched
from kg.export import Reader
from kg.knowledge import relations
from kg.records import Interaction, KindRecord, Scale, Tie, UserRecord, codes_of
from kg.schema import EVENT_FIELDS, HIDDEN, TRAIT_EDGES
from kg.store import Row, Store

_AT_ONCE = 2_000
"""Events whose reviews are read together."""


class People:
    """Everybody. What it gives is read anew each time, in bounded memory."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def users(self) -> Iterator[UserRecord]:
        """Everybody with their properties; what ties them to entities is in :meth:`traits`."""
        for row in self._store.stream(queries.text("snapshot_users")):
            own = {name: value for name, value in row["properties"].items() if not name.startswith(HIDDEN)}
            yield UserRecord(row["id"], {name: own[name] for name in own if name != "id" and own[name] is not None})

    def traits(self) -> Iterator[Edge]:
        """What ties people to entities."""
        if found := relations(self._store):
            for head, tail in TRAIT_EDGES:
                names = {"head": head, "relations": list(map(self._store.quoted_type, found)), "tail": tail}
                for row in self._store.stream(queries.statement("snapshot_edges", names=names).text):
                    yield Edge(head, row["head"], row["relation"], tail, row["tail"])

    def ties(self) -> Iterator[Tie]:
        """Whom they know."""
        kinds = {kind.kind for kind in self.kinds()}
        if found := [name for name in relations(self._store) if name not in kinds]:
            names = {"relations": list(map(self._store.quoted_type, found))}
            for row in self._store.stream(queries.statement("snapshot_ties", names=names).text):
                yield Tie(row["head"], row["tail"], row["relation"], row["weight"], row["at"])

    def kinds(self) -> list[KindRecord]:
        """The kinds of event."""
        return [
            KindRecord(
                row["kind"],
                None if row["minimum"] is None else Scale(row["minimum"], row["maximum"]),
                row["meaning"],
                row["weight"],
                codes_of(row["unrated"]),
            )
            for row in Reader(self._store).kinds().to_pylist()
        ]

    def events(self, kind: str) -> Iterator[Interaction]:
        """All events of a kind, with what was written."""
        rows = self._store.stream(
            queries.statement("whole_events", names={"relation": self._store.quoted_type(kind)}).text
        )
        text = queries.text("snapshot_reviews_of_ids")
        for some in batched(rows, _AT_ONCE):
            events = [row for row in some if row["event_id"] is not None]
            worded = [row["event_id"] for row in events if row["reviewed"]]
            reviews = {row["id"]: row for row in self._store.read(text, ids=worded)} if worded else {}
            for row in events:
                yield _event(kind, row, reviews.get(row["event_id"], {}) if row["reviewed"] else {})


def _event(kind: str, row: Row, review: Row) -> Interaction:
    held = row["properties"].items()
    return Interaction(
        row["user"],
        row["item"],
        kind,
        row["event_id"],
        row["at"],
        row["value"],
        review.get("text"),
        review.get("title"),
        {name: value for name, value in held if name not in EVENT_FIELDS and value is not None},
    )
