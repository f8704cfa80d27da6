"""What a graph says, by external ids, and the dense tables of a snapshot that are made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kg import snapshot
from kg.schema import KNOWLEDGE_READ
from kg.snapshot import MENTIONS, TRAITS, TRIPLES, Snapshot

LINK = "SAME_AS"
"""The relation that contracts an entity into an item."""
ENDS = (*KNOWLEDGE_READ, ("User", "Entity"))
"""Between which labels edges that are no events are read: the last are traits."""


def _by_id(schema: pa.Schema) -> pa.Schema:
    return pa.schema([field.with_type(pa.string()) if field.name in ("user", "item") else field for field in schema])


EVENTS = _by_id(snapshot.EVENTS)
REVIEWS = _by_id(snapshot.REVIEWS)
TIES = pa.schema(
    [field.with_type(pa.string()) if field.name in ("head", "tail", "relation") else field for field in snapshot.TIES]
)


@dataclass(frozen=True)
class Source:
    """Rows in any order."""

    users: pa.Table
    items: pa.Table
    """Of :data:`kg.snapshot.ITEMS`, mentions among them."""
    entities: pa.Table
    """With those that are contracted."""
    events: pa.Table
    reviews: pa.Table
    facts: pa.Table
    kinds: pa.Table
    ties: pa.Table = field(default_factory=TIES.empty_table)

    @classmethod
    def of(cls, taken: Snapshot) -> Source:
        """What a snapshot with an origin was made of."""
        assert taken.origin is not None
        return cls(
            users=taken.users,
            items=pa.concat_tables([taken.items, _bare_items(taken.mentions)]),
            entities=taken.origin.entities,
            events=_outside(taken.events, taken, EVENTS),
            reviews=_outside(taken.reviews, taken, REVIEWS),
            facts=taken.origin.facts,
            kinds=taken.kinds,
            ties=_outside(taken.ties, taken, TIES, "head", "tail"),
        )

    def rows(self) -> dict[str, int]:
        """How many rows each label, kind of event and relation has, as :func:`kg.changes.counts` counts the graph."""
        found = {"User": len(self.users), "Item": len(self.items)}
        found |= {"Entity": len(self.entities), "Review": len(self.reviews)}
        for column in (self.events["kind"].cast(pa.string()), self.facts["relation"], self.ties["relation"]):
            for entry in column.value_counts().to_pylist():
                found[entry["values"]] = found.get(entry["values"], 0) + entry["counts"]
        return found

    def dense(self) -> dict[str, pa.Table]:
        """The tables of a :class:`kg.snapshot.Snapshot` by name."""
        users, every_item, every_entity = (table.sort_by("id") for table in (self.users, self.items, self.entities))
        facts = {ends: _between_labels(self.facts, *ends) for ends in ENDS}
        traits = facts.pop(("User", "Entity"))
        of_items = facts["Item", "Entity"]
        is_link = pc.equal(of_items["relation"], LINK)
        links = of_items.filter(is_link).sort_by([("tail", "ascending"), ("head", "ascending")])
        knowledge = facts | {("Item", "Entity"): of_items.filter(pc.invert(is_link))}
        linked = pc.is_in(every_entity["id"], links["tail"].unique())
        entities = every_entity.filter(pc.invert(linked))
        known = _known(every_item, [self.events["item"], links["head"]], knowledge)
        items, mentions = every_item.filter(known), every_item.filter(pc.invert(known)).select(MENTIONS.names)
        return {
            "users": users,
            "items": items,
            "entities": entities,
            "mentions": mentions,
            "events": _dense_events(self.events, users, items),
            "reviews": _between(self.reviews.sort_by("id"), users, items, snapshot.REVIEWS),
            "triples": _triples(knowledge, items, entities, mentions, links),
            "traits": _traits(traits, users, entities, self.kinds),
            "kinds": self.kinds,
            "ties": _dense_ties(self.ties, users),
        }


def _bare_items(mentions: pa.Table) -> pa.Table:
    nothing = pa.nulls(len(mentions), pa.string())
    columns = [mentions["id"], nothing, nothing, pa.repeat("{}", len(mentions))]
    return pa.table(columns, schema=snapshot.ITEMS)


def _outside(table: pa.Table, taken: Snapshot, schema: pa.Schema, user: str = "user", item: str = "item") -> pa.Table:
    """``user`` and ``item`` as external ids again; of ties both are people."""
    for name, nodes in ((user, taken.users), (item, taken.items if item == "item" else taken.users)):
        table = table.set_column(table.schema.get_field_index(name), name, nodes["id"].take(table[name]))
    return table.cast(schema)


def _between_labels(facts: pa.Table, head: str, tail: str) -> pa.Table:
    mine = pc.and_(pc.equal(facts["head_label"], head), pc.equal(facts["tail_label"], tail))
    return facts.filter(mine).select(["head", "tail", "relation"])


def _traits(edges: pa.Table, users: pa.Table, entities: pa.Table, kinds: pa.Table) -> pa.Table:
    """What is known of people; a kind of event is no trait, whatever it leads to."""
    edges = edges.filter(pc.invert(pc.is_in(edges["relation"], kinds["kind"].combine_chunks())))
    user, entity = _rows_of(edges["head"], users), _rows_of(edges["tail"], entities)
    table = pa.table({"user": user, "relation": edges["relation"], "entity": entity})
    return _distinct(table.drop_null(), TRAITS)


def _dense_ties(ties: pa.Table, users: pa.Table) -> pa.Table:
    """Ties by dense ids, sorted by (head, relation, tail), each once."""
    for name in ("head", "tail"):
        ties = ties.set_column(ties.schema.get_field_index(name), name, _rows_of(ties[name], users))
    ties = ties.filter(pc.and_(pc.is_valid(ties["head"]), pc.is_valid(ties["tail"])))
    keys = ["head", "relation", "tail"]
    once = ties.group_by(keys, use_threads=False).aggregate([("weight", "max"), ("at", "min")])
    once = once.rename_columns([name.removesuffix("_max").removesuffix("_min") for name in once.column_names])
    ties = once.select(snapshot.TIES.names).sort_by([(name, "ascending") for name in keys])
    return ties.set_column(1, "relation", ties["relation"].combine_chunks().dictionary_encode()).cast(snapshot.TIES)


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
    heads = [knowledge[ends]["head"] for ends in knowledge if ends[0] == "Item"]
    speaking = pa.concat_arrays([column.unique() for column in (*met, *heads)])
    described = pc.or_(pc.is_valid(items["title"]), pc.is_valid(items["text"]))
    described = pc.or_(described, pc.not_equal(items["properties"], "{}"))
    pointed_at = pc.is_in(items["id"], knowledge["Item", "Item"]["tail"].unique())
    return pc.or_(pc.or_(described, pc.is_in(items["id"], speaking)), pc.invert(pointed_at))


def _dense_events(events: pa.Table, users: pa.Table, items: pa.Table) -> pa.Table:
    """Events by dense ids, sorted by (user, item, kind, event_id)."""
    table = _between(events, users, items, snapshot.EVENTS)
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
