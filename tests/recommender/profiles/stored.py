"""A planted world in a real store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from kg.ingest import ingest
from kg.records import Attribute, Interaction, ItemRecord, Record, Scale, UserRecord
from kg.store import Store
from tests.recommender.profiles.worlds import World


def records_of(planted: World) -> Iterator[Record]:
    """The world as a reader would give it: everyone has an age, the entities are attributes."""
    snapshot, events = planted.snapshot, planted.events
    triples = snapshot.triples.to_pylist()
    entities = snapshot.entities.to_pylist()
    for number, item in enumerate(snapshot.items.to_pylist()):
        own = [(t["relation"], entities[t["tail"] - snapshot.items.num_rows]) for t in triples if t["head"] == number]
        attributes = tuple(Attribute(relation, entity["kind"], entity["name"]) for relation, entity in own)
        yield ItemRecord(item["id"], title=item["title"], attributes=attributes)
    for number, user in enumerate(planted.user_ids):
        yield UserRecord(user, properties={"age": 20 + number})
    for row in range(len(events)):
        yield Interaction(
            user_id=planted.user_ids[events.users[row]],
            item_id=snapshot.items["id"][int(events.items[row])].as_py(),
            kind=events.kind_names[events.kinds[row]],
            event_id=f"e{row}",
            at=datetime.fromtimestamp(events.times[row], tz=UTC),
            value=float(events.values[row]),
        )


def fill(store: Store, records: Iterable[Record]) -> None:
    """Ingest, with ratings on 1 to 5."""
    report = ingest(store, records, scale=Scale(1, 5), progress=False)
    assert report.rejected == 0
