"""What two snapshots of one graph differ in: whose profiles to draw again, and where rows have moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kg.snapshot import Snapshot
from recommender.data import Rows


@dataclass(frozen=True)
class Difference:
    """What is other in ``after`` than in ``before``."""

    rows: Rows
    """Where the people and items of ``after`` stood in ``before``."""
    events: int
    """Events that came, went or changed."""
    new_events: np.ndarray
    """``(num_events,)`` bool over those of ``after``: which came or changed."""
    items: np.ndarray
    """``(num_items,)`` bool: items that are new, or whose words, properties or relations changed."""
    people: np.ndarray
    """``(num_users,)`` bool: people who came, whose events or words changed, or who met a known item that changed."""

    @classmethod
    def of(cls, before: Snapshot, after: Snapshot) -> Difference:
        """Compare; what is equal costs a look-up a row, and nothing is read from the graph."""
        users, items, entities, mentions = (_moved(before, after, name) for name in _NODES)
        num_users, num_items = after.users.num_rows, after.items.num_rows
        events = _either(_renumbered(before.events, user=users, item=items), after.events)
        reviews = _either(_renumbered(before.reviews, user=users, item=items), after.reviews)
        nodes = np.concatenate([items, _shift(entities, num_items), _shift(mentions, num_items + len(after.entities))])
        triples = _either(_renumbered(before.triples, head=nodes, tail=nodes), after.triples)
        described = _either(before.items, after.items)

        changed = _mask(num_items, pc.index_in(described["id"], after.items["id"].combine_chunks()))
        changed |= _mask(num_items, triples["head"]) | _mask(num_items, triples["tail"])
        people = _mask(num_users, events["user"]) | _mask(num_users, reviews["user"])
        rows = Rows(_inverse(users, num_users), _inverse(items, num_items))
        people |= rows.users < 0
        met = (changed & (rows.items >= 0))[after.events["item"].to_numpy()]
        people |= _mask(num_users, after.events["user"].filter(pa.array(met)))
        return cls(rows, len(events), _came(after.events, events), changed | (rows.items < 0), people)


_NODES = ("users", "items", "entities", "mentions")


def _moved(before: Snapshot, after: Snapshot, name: str) -> np.ndarray:
    """The row in ``after`` of each row in ``before``, -1 where it is gone."""
    old, new = (getattr(one, name)["id"].combine_chunks() for one in (before, after))
    found: np.ndarray = pc.fill_null(pc.index_in(old, new), -1).to_numpy(zero_copy_only=False).astype(np.int32)
    return found


def _shift(rows: np.ndarray, by: int) -> np.ndarray:
    return np.where(rows < 0, -1, rows + by).astype(np.int32)


def _inverse(moved: np.ndarray, size: int) -> np.ndarray:
    found = np.full(size, -1, dtype=np.int64)
    kept = np.flatnonzero(moved >= 0)
    found[moved[kept]] = kept
    return found


def _renumbered(table: pa.Table, **moved: np.ndarray) -> pa.Table:
    for name, rows in moved.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.field(name), pa.array(rows[table[name].to_numpy()], pa.int32()))
    return table


def _either(before: pa.Table, after: pa.Table) -> pa.Table:
    """The rows that one of both has more often; a row that changed is there twice, as it was and as it is."""
    both = pa.concat_tables([before, after]).unify_dictionaries()
    names = both.schema.names
    for place, field in enumerate(both.schema):
        if pa.types.is_dictionary(field.type):
            both = both.set_column(place, field.name, both[field.name].cast(field.type.value_type))
    sides = np.repeat(np.array([-1, 1], dtype=np.int8), [len(before), len(after)])
    summed = both.append_column("side", pa.array(sides)).group_by(names, use_threads=False).aggregate([("side", "sum")])
    return summed.filter(pc.not_equal(summed["side_sum"], 0)).select(names)


def _mask(size: int, rows: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """Which of the first ``size`` rows are named."""
    found = np.zeros(size, dtype=bool)
    named = pc.drop_null(rows).to_numpy()
    found[named[(named >= 0) & (named < size)]] = True
    return found


def _came(events: pa.Table, changed: pa.Table) -> np.ndarray:
    """Which events are among the rows that changed."""
    named = pc.is_in(events["event_id"], changed["event_id"].combine_chunks())
    found: np.ndarray = named.to_numpy().astype(bool)
    return found
