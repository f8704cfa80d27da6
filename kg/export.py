"""The graph out of the engine, whole or by ids: column by column, no Python a row but for maps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from kg import queries
from kg.errors import StoreError
from kg.progress import tqdm
from kg.schema import HIDDEN, RESERVED
from kg.snapshot import ENTITIES, FACTS, ITEMS, KINDS, USERS
from kg.source import ENDS, EVENTS, LINK, REVIEWS, TIES, Source
from kg.store import Store

NODES = {
    "User": ("snapshot_users", USERS, ("id",)),
    "Item": ("snapshot_items", ITEMS, ("id", "title", "text")),
    "Entity": ("snapshot_entities", ENTITIES, ()),
}
"""By label: the query, the table, and which properties have columns of their own."""

_EDGES = pa.schema([("head", pa.string()), ("tail", pa.string()), ("relation", pa.string())])
_OF_KIND = EVENTS.remove(EVENTS.get_field_index("kind"))
"""What a query for the events of one kind answers."""


def read_source(store: Store, *, progress: bool = False) -> Source:
    """The whole graph."""
    with tqdm(total=8, unit="table", desc="snapshot", disable=not progress, leave=False) as bar:
        reader = Reader(store)

        def step(table: pa.Table) -> pa.Table:
            bar.update()
            return table

        kinds = step(reader.kinds())
        return Source(
            users=step(reader.nodes("User")),
            items=step(reader.nodes("Item")),
            entities=step(reader.nodes("Entity")),
            events=step(reader.events(dict.fromkeys(sorted(kinds["kind"].to_pylist())))),
            reviews=step(reader.reviews()),
            facts=step(reader.facts({label: None for label, _ in ENDS})),
            kinds=kinds,
            ties=step(reader.ties()),
        )


Ids = Iterable[str] | None
"""Which to read; None means all."""


class Reader:
    """Tables of :class:`kg.source.Source`, or the rows of these ids."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def kinds(self) -> pa.Table:
        """All kinds of event with their scales."""
        rows = sorted(self._store.read(queries.text("kinds")), key=lambda row: str(row["kind"]))
        return pa.Table.from_pylist(rows, schema=KINDS)

    def nodes(self, label: str, ids: Ids = None) -> pa.Table:
        """Nodes of a label of :data:`NODES`."""
        name, schema, hidden = NODES[label]
        table = self._export(name, schema, ids, maps=bool(hidden))
        if not hidden:
            return table
        shown = [_shown(text, hidden) for text in table["properties"].to_pylist()]
        return table.set_column(schema.get_field_index("properties"), "properties", pa.array(shown, pa.string()))

    def events(self, kinds: Mapping[str, Ids]) -> pa.Table:
        """The events of these kinds."""
        parts = [EVENTS.empty_table()]
        for kind, ids in kinds.items():
            found = self._export(
                "snapshot_events", _OF_KIND, ids, each="u:User", names={"relation": self._store.quoted_type(kind)}
            )
            found = found.filter(pc.is_valid(found["event_id"]))
            parts.append(found.add_column(EVENTS.get_field_index("kind"), "kind", _constant(kind, len(found))))
        return pa.concat_tables(parts).unify_dictionaries().combine_chunks()

    def reviews(self, ids: Ids = None) -> pa.Table:
        """Reviews."""
        return self._export("snapshot_reviews", REVIEWS, ids)

    def facts(self, heads: Mapping[str, Ids]) -> pa.Table:
        """The facts that these nodes are heads of, by label."""
        types = {row["relation"] for row in self._store.read(queries.text("relation_types"))}
        parts = [FACTS.empty_table()]
        for head, tail in ENDS:
            relations = sorted(types - RESERVED | ({LINK} & types if (head, tail) == ("Item", "Entity") else set()))
            if head in heads and relations:
                names = {"head": head, "relations": list(map(self._store.quoted_type, relations)), "tail": tail}
                edges = self._export("snapshot_edges", _EDGES, heads[head], each=f"h:{head}", names=names)
                labels = {
                    name: pa.repeat(label, len(edges)) for name, label in (("head_label", head), ("tail_label", tail))
                }
                parts.append(pa.table(labels | {name: edges[name] for name in _EDGES.names}).select(FACTS.names))
        return pa.concat_tables(parts)

    def ties(self, ids: Ids = None) -> pa.Table:
        """Ties between people."""
        types = {row["relation"] for row in self._store.read(queries.text("relation_types"))}
        kinds = {row["kind"] for row in self._store.read(queries.text("kinds"))}
        if not (relations := sorted(types - RESERVED - kinds)):
            return TIES.empty_table()
        names = {"relations": list(map(self._store.quoted_type, relations))}
        return self._export("snapshot_ties", TIES, ids, names=names)

    def _export(
        self,
        name: str,
        schema: pa.Schema,
        ids: Ids,
        *,
        maps: bool = False,
        each: str | None = None,
        names: Mapping[str, str | Sequence[str]] | None = None,
    ) -> pa.Table:
        try:
            if ids is None:
                return self._store.export(queries.statement(name, names=names).text, schema, maps=maps, each=each)
            text, wanted = queries.statement(f"{name}_of_ids", names=names).text, sorted(ids)
            most = self._store.lookup_ids
            chunks = [wanted[start : start + most] for start in range(0, len(wanted), most)]
            tables = [self._store.export(text, schema, maps=maps, ids=chunk) for chunk in chunks]
            return pa.concat_tables([schema.empty_table(), *tables])
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            what = " ".join([name.removeprefix("snapshot_"), *map(str, (names or {}).values())])
            columns = ", ".join(f"{field.name} {field.type}" for field in schema)
            raise StoreError(
                f"{self._store.address}: one of its {what} holds a value of another type than we write ({columns}): "
                f"{error}; put it right with Cypher"
            ) from error


def _shown(text: str, hidden: Sequence[str]) -> str:
    properties: dict[str, Any] = orjson.loads(text)
    kept = {k: v for k, v in properties.items() if k not in hidden and not k.startswith(HIDDEN)}
    return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS).decode()


def _constant(name: str, length: int) -> pa.DictionaryArray:
    indices = pa.array(np.zeros(length, dtype=np.int32))
    return pa.DictionaryArray.from_arrays(indices, pa.array([name]))
