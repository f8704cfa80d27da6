"""The whole graph out of the engine, and into the tables of a snapshot: column by column, no Python a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from kg import queries
from kg.schema import DERIVED_PREFIX, RESERVED
from kg.snapshot import ENTITIES, EVENTS, ITEMS, KINDS, MENTIONS, REVIEWS, TRAITS, TRIPLES, USERS
from kg.store import Store

_EDGES = pa.schema([("head", pa.string()), ("tail", pa.string()), ("relation", pa.string())])
_EVENTS = pa.schema([field.with_type(pa.string()) if field.name in ("user", "item") else field for field in EVENTS])
_OF_KIND = _EVENTS.remove(_EVENTS.get_field_index("kind"))
"""What a query for the events of one kind answers."""
_REVIEWS = pa.schema([field.with_type(pa.string()) if field.name in ("user", "item") else field for field in REVIEWS])
_KNOWLEDGE = (("Item", "Entity"), ("Entity", "Entity"), ("Item", "Item"))
"""Between which labels an edge belongs to the knowledge graph."""


def read_tables(store: Store, *, progress: bool = False) -> dict[str, pa.Table]:
    """The tables of :class:`kg.snapshot.Snapshot` by name."""
    with tqdm(total=7, unit="table", desc="snapshot", disable=None if progress else True, leave=False) as bar:
        return _Export(store, bar).tables()


class _Export:
    def __init__(self, store: Store, bar: tqdm[Any]) -> None:
        self._store = store
        self._bar = bar

    def tables(self) -> dict[str, pa.Table]:
        kinds = self._kinds()
        users = self._nodes("snapshot_users", USERS, hidden=("id",))
        every_item = self._nodes("snapshot_items", ITEMS, hidden=("id", "title", "text"))
        every_entity = self._step("snapshot_entities", ENTITIES).sort_by("id")
        links = self._edges("Item", ["SAME_AS"], "Entity").sort_by([("tail", "ascending"), ("head", "ascending")])
        linked = pc.is_in(every_entity["id"], links["tail"].unique())
        entities = every_entity.filter(pc.invert(linked))
        events = self._events(sorted(kinds["kind"].to_pylist()))
        relations = [row["relation"] for row in self._store.read(queries.text("relation_types"))]
        relations = sorted(set(relations) - RESERVED)
        knowledge = {ends: self._edges(ends[0], relations, ends[1]) for ends in _KNOWLEDGE}
        self._bar.update()
        known = _known(every_item, [events["item"], links["head"]], knowledge)
        items, mentions = every_item.filter(known), every_item.filter(pc.invert(known)).select(MENTIONS.names)
        traits = [name for name in relations if name not in set(kinds["kind"].to_pylist())]
        return {
            "users": users,
            "items": items,
            "entities": entities,
            "mentions": mentions,
            "events": _dense_events(events, users, items),
            "reviews": self._reviews(users, items),
            "triples": _triples(knowledge, items, entities, mentions, links),
            "traits": self._traits(users, entities, traits),
            "kinds": kinds,
        }

    def _step(
        self, name: str, schema: pa.Schema, *, maps: bool = False, each: str | None = None, **names: str
    ) -> pa.Table:
        table = self._store.export(queries.statement(name, names=names).text, schema, maps=maps, each=each)
        self._bar.set_postfix_str(name.removeprefix("snapshot_"))
        return table

    def _kinds(self) -> pa.Table:
        rows = sorted(self._store.read(queries.text("kinds")), key=lambda row: str(row["kind"]))
        return pa.Table.from_pylist(rows, schema=KINDS)

    def _nodes(self, name: str, schema: pa.Schema, hidden: tuple[str, ...]) -> pa.Table:
        table = self._step(name, schema, maps=True).sort_by("id")
        self._bar.update()
        shown = [_shown(text, hidden) for text in table["properties"].to_pylist()]
        return table.set_column(schema.get_field_index("properties"), "properties", pa.array(shown, pa.string()))

    def _events(self, kinds: Iterable[str]) -> pa.Table:
        """All events, by external ids."""
        parts = [_EVENTS.empty_table()]
        for kind in kinds:
            found = self._step("snapshot_events", _OF_KIND, each="u:User", relation=kind)
            found = found.filter(pc.is_valid(found["event_id"]))
            parts.append(found.add_column(_EVENTS.get_field_index("kind"), "kind", _constant(kind, len(found))))
        self._bar.update()
        return pa.concat_tables(parts).unify_dictionaries().combine_chunks()

    def _reviews(self, users: pa.Table, items: pa.Table) -> pa.Table:
        found = self._step("snapshot_reviews", _REVIEWS).sort_by("id")
        self._bar.update()
        return _between(found, users, items, REVIEWS)

    def _edges(self, head: str, relations: Sequence[str], tail: str) -> pa.Table:
        if not relations:
            return _EDGES.empty_table()
        text = queries.statement("snapshot_edges", names={"head": head, "tail": tail}).text
        text = text.replace("<relations>", "|".join(map(queries.quoted, relations)))  # the owner's may have any name
        return self._store.export(text, _EDGES, each=f"h:{head}")

    def _traits(self, users: pa.Table, entities: pa.Table, relations: list[str]) -> pa.Table:
        edges = self._edges("User", relations, "Entity")
        self._bar.update()
        user, entity = _rows_of(edges["head"], users), _rows_of(edges["tail"], entities)
        table = pa.table({"user": user, "relation": edges["relation"], "entity": entity})
        return _distinct(table.drop_null(), TRAITS)


def _shown(text: str, hidden: tuple[str, ...]) -> str:
    properties = orjson.loads(text)
    kept = {k: v for k, v in properties.items() if k not in hidden and not k.startswith(DERIVED_PREFIX)}
    return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS).decode()


def _constant(name: str, length: int) -> pa.DictionaryArray:
    indices = pa.array(np.zeros(length, dtype=np.int32))
    return pa.DictionaryArray.from_arrays(indices, pa.array([name]))


def _rows_of(ids: pa.ChunkedArray, table: pa.Table) -> pa.ChunkedArray:
    """The row of each id in a table of nodes; null where it is not there."""
    return pc.index_in(ids, table["id"].combine_chunks())


def _between(table: pa.Table, users: pa.Table, items: pa.Table, schema: pa.Schema) -> pa.Table:
    """``user`` and ``item`` as rows of their tables; what came with a person made after those were read is left out."""
    for name, nodes in (("user", users), ("item", items)):
        table = table.set_column(table.schema.get_field_index(name), name, _rows_of(table[name], nodes))
    return table.filter(pc.and_(pc.is_valid(table["user"]), pc.is_valid(table["item"]))).cast(schema)


def _known(items: pa.Table, met: Sequence[pa.ChunkedArray], knowledge: Mapping[tuple[str, str], pa.Table]) -> pa.Array:
    """Which items are more than mentions: described, met, linked, the head of an edge, or pointed at by none."""
    heads = [knowledge[ends]["head"] for ends in _KNOWLEDGE if ends[0] == "Item"]
    speaking = pa.concat_arrays([column.unique() for column in (*met, *heads)])
    described = pc.or_(pc.is_valid(items["title"]), pc.is_valid(items["text"]))
    described = pc.or_(described, pc.not_equal(items["properties"], "{}"))
    pointed_at = pc.is_in(items["id"], knowledge["Item", "Item"]["tail"].unique())
    return pc.or_(pc.or_(described, pc.is_in(items["id"], speaking)), pc.invert(pointed_at))


def _dense_events(events: pa.Table, users: pa.Table, items: pa.Table) -> pa.Table:
    """Events by dense ids, sorted by (user, item, kind, event_id)."""
    table = _between(events, users, items, EVENTS)
    order = pc.sort_indices(
        table.set_column(2, "kind", table["kind"].cast(pa.string())),
        sort_keys=[(name, "ascending") for name in ("user", "item", "kind", "event_id")],
    )
    return table.take(order)


def _triples(
    knowledge: Mapping[tuple[str, str], pa.Table],
    items: pa.Table,
    entities: pa.Table,
    mentions: pa.Table,
    links: pa.Table,
) -> pa.Table:
    first_mention = len(items) + len(entities)
    of_item = pa.concat_tables([_numbered(items, 0), _numbered(mentions, first_mention)])
    linked = pa.table({"id": links["tail"], "node": _rows_of(links["head"], items)})
    of_entity = pa.concat_tables([_numbered(entities, len(items)), linked])
    nodes = {"Item": of_item, "Entity": of_entity}
    parts = [_to_nodes(edges, nodes[head], nodes[tail]) for (head, tail), edges in knowledge.items()]
    return _distinct(pa.concat_tables(parts), TRIPLES)


def _numbered(table: pa.Table, first: int) -> pa.Table:
    """Ids with consecutive nodes."""
    return pa.table({"id": table["id"], "node": pa.array(np.arange(len(table)) + first, pa.int32())})


def _to_nodes(edges: pa.Table, heads: pa.Table, tails: pa.Table) -> pa.Table:
    """Edges by external id to edges by node; an end that stands for several nodes gives several edges."""
    by_head = edges.join(heads.rename_columns(["head", "from"]), "head", join_type="inner")
    by_both = by_head.join(tails.rename_columns(["tail", "to"]), "tail", join_type="inner")
    return by_both.select(["from", "relation", "to"]).rename_columns(TRIPLES.names)


def _distinct(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The different rows, sorted by all columns."""
    rows = table.group_by(schema.names, use_threads=False).aggregate([]).select(schema.names)
    rows = rows.sort_by([(name, "ascending") for name in schema.names])
    names = rows["relation"].combine_chunks().dictionary_encode()
    return rows.set_column(1, "relation", names).cast(schema)
