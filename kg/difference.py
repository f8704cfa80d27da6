"""A snapshot of a graph that others write to: whole, or the previous one with what has changed since read again.

Whatever is taken is brought up to a moment after which nothing was committed while nodes and edges were counted. Then
every count fits, save for a surplus that never changes: what no snapshot holds, such as an edge without an id. A write
that left no change makes a count that does not fit, and the graph is then read whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from kg import changes
from kg.changes import Changes, Keys, Moment
from kg.errors import NotUpdatable
from kg.export import NODES, Reader, read_source
from kg.snapshot import ENTITIES, FACTS, Origin, Snapshot
from kg.source import Source
from kg.store import Store

ATTEMPTS = 10
"""How often what was committed meanwhile is added before the graph is said to never stand still."""
LEAST = 20_000
"""So many keys are read again in any case, ..."""
SHARE = 0.05
"""... and more up to this share of all rows: beyond, to read everything is faster."""


def take(store: Store, *, progress: bool = False) -> Snapshot:
    """See :func:`kg.snapshot.take`."""
    moment = changes.now(store)
    source = read_source(store, progress=progress)
    if moment is None:
        return Snapshot(**source.dense())
    try:
        return _settled(store, source, moment)
    except NotUpdatable:
        return Snapshot(**source.dense())


def update(store: Store, previous: Snapshot) -> Snapshot:
    """See :func:`kg.snapshot.update`."""
    before = _updatable(previous)
    return _told(before.surplus, _settled(store, Source.of(previous), before.moment))


def update_people(store: Store, previous: Snapshot) -> Snapshot:
    """See :func:`kg.snapshot.update_people`."""
    before = _updatable(previous)
    source = replace(Source.of(previous), entities=ENTITIES.empty_table(), facts=FACTS.empty_table())
    updated = _settled(store, source, before.moment, whole=False)
    counted = _counted_of_people(source) | _counted_of_people(Source.of(updated))
    surplus = {name: count for name, count in before.surplus.items() if name in counted}
    if surplus:
        raise NotUpdatable(f"it holds what no snapshot does: {', '.join(sorted(surplus))}")
    return _told(surplus, updated)


def _updatable(previous: Snapshot) -> Origin:
    if (before := previous.origin) is None:
        raise NotUpdatable("the graph counted no changes when it was read last")
    if before.surplus.get("Review"):
        raise NotUpdatable("it holds reviews without a person or an item")  # they may come to hold one unannounced
    return before


def _told(surplus: Mapping[str, int], updated: Snapshot) -> Snapshot:
    """The same snapshot, where changes tell of all that came since there was this surplus."""
    assert updated.origin is not None
    labels = sorted(surplus.keys() | updated.origin.surplus.keys())
    differ = {name: updated.origin.surplus.get(name, 0) - surplus.get(name, 0) for name in labels}
    found = [f"{name} {count:+d}" for name, count in differ.items() if count]
    if found:
        raise NotUpdatable(f"it holds what no change tells of: {', '.join(found)}")
    return updated


def _counted_of_people(source: Source) -> set[str]:
    return {"User", "Review", *source.kinds["kind"].to_pylist()}


def _settled(store: Store, source: Source, moment: Moment, *, whole: bool = True) -> Snapshot:
    """The snapshot of a source that was read at or after ``moment``, brought up to a moment of rest.

    Unless it is the ``whole``, what items and entities are is left as it is, and neither they nor facts are counted.
    """
    for _ in range(ATTEMPTS):
        found = changes.since(store, moment)
        if not whole:
            found = replace(found, touched={k: v for k, v in found.touched.items() if k not in ("Item", "Entity")})
        if len(found) > max(LEAST, SHARE * sum(source.rows().values())):
            raise NotUpdatable("most of it has changed")
        source, moment = _changed(source, Reader(store), found), found.until
        taken = Snapshot(**source.dense())
        counts = changes.counts(store, None if whole else _counted_of_people(source))
        if changes.now(store) == moment:
            origin = Origin(moment, source.entities.sort_by("id"), source.facts, {})
            taken = replace(taken, origin=origin)
            rows = Source.of(taken).rows()
            surplus = {name: more for name, count in counts.items() if (more := count - rows.get(name, 0))}
            return replace(taken, origin=replace(origin, surplus=surplus))
    raise NotUpdatable("others kept writing to it")


def _changed(source: Source, reader: Reader, found: Changes) -> Source:
    """The source with everything that these changes name read again."""
    kinds = reader.kinds()
    if not len(found):
        return replace(source, kinds=kinds)
    touched = {label: found.touched.get(label, frozenset()) | found.removed.get(label, frozenset()) for label in NODES}
    of_kinds = {kind: ids for kind, ids in found.touched.items() if kind not in (*NODES, "Review")}
    if unknown := of_kinds.keys() - set(kinds["kind"].to_pylist()):
        raise NotUpdatable(f"a change speaks of {', '.join(sorted(unknown))}, which is no kind of event and no label")
    events = pa.concat_tables([_other_events(source.events, of_kinds, found.removed), reader.events(of_kinds)])
    facts = pa.concat_tables([_other_facts(source.facts, touched, found.removed), reader.facts(touched)])
    ties = pa.concat_tables([_other_ties(source.ties, touched["User"], found.removed), reader.ties(touched["User"])])
    fresh_reviews = found.touched.get("Review", frozenset())
    reviews = _hanging_on_none(source.reviews, found.removed)
    reviews = pa.concat_tables([_without(reviews, "id", fresh_reviews), reader.reviews(fresh_reviews)])
    met = _met(events, facts, ties)
    nodes = {}
    for (label, ids), table in zip(touched.items(), (source.users, source.items, source.entities), strict=True):
        new = pc.drop_null(met[label].filter(pc.invert(pc.is_in(met[label], table["id"].combine_chunks()))))
        again = ids | set(new.to_pylist())
        nodes[label] = pa.concat_tables([_without(table, "id", again), reader.nodes(label, again)])
    return Source(
        users=nodes["User"],
        items=nodes["Item"],
        entities=nodes["Entity"],
        events=events.unify_dictionaries(),
        reviews=reviews,
        facts=facts,
        kinds=kinds,
        ties=ties,
    )


def _met(events: pa.Table, facts: pa.Table, ties: pa.Table) -> dict[str, pa.Array]:
    """Every id that an edge leads from or to, by label."""
    met = {"User": [events["user"], ties["head"], ties["tail"]], "Item": [events["item"]], "Entity": []}
    for label, columns in met.items():
        for side in ("head", "tail"):
            columns.append(facts.filter(pc.equal(facts[f"{side}_label"], label))[side])
    return {label: pc.unique(pa.chunked_array(_chunks(columns), pa.string())) for label, columns in met.items()}


def _chunks(columns: Iterable[pa.ChunkedArray]) -> list[pa.Array]:
    return [chunk for column in columns for chunk in column.chunks]


def _other_events(events: pa.Table, again: Keys, removed: Keys) -> pa.Table:
    kept = _hanging_on_none(events, removed)
    for kind, ids in again.items():
        named = pc.and_(pc.equal(kept["kind"].cast(pa.string()), kind), _among(kept["event_id"], ids))
        kept = kept.filter(pc.invert(named))
    return kept


def _hanging_on_none(table: pa.Table, removed: Keys) -> pa.Table:
    """The rows whose person and item were not removed."""
    return _without(_without(table, "user", removed.get("User", ())), "item", removed.get("Item", ()))


def _other_facts(facts: pa.Table, again: Keys, removed: Keys) -> pa.Table:
    for side, keys in (("head", again), ("tail", removed)):
        for label, ids in keys.items():
            named = pc.and_(pc.equal(facts[f"{side}_label"], label), _among(facts[side], ids))
            facts = facts.filter(pc.invert(named))
    return facts


def _other_ties(ties: pa.Table, again: Iterable[str], removed: Keys) -> pa.Table:
    return _without(_without(ties, "head", again), "tail", removed.get("User", ()))


def _without(table: pa.Table, column: str, ids: Iterable[str]) -> pa.Table:
    return table.filter(pc.invert(_among(table[column], ids)))


def _among(column: pa.ChunkedArray, ids: Iterable[str]) -> pa.ChunkedArray:
    return pc.is_in(column, pa.array(sorted(ids), pa.string()))
