"""The whole graph as Arrow tables: taken through the engine's bulk path, versioned by a fingerprint, saved as a folder.

Dense ids are row numbers: ``users``, ``items``, ``entities`` and ``mentions`` are sorted by external id. A *node* of
the knowledge graph is one of the latter three, numbered in this order: an entity is ``len(items)`` + its dense id. An
entity that an item is ``SAME_AS`` is contracted into that item and does not appear.

A *mention* is an ``:Item`` of which nothing is known but that other items point at it, as lists of co-purchases do at
products of other shops. It ties the items together that point at it, and is never recommended itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

from kg.changes import Moment
from kg.errors import ReadError
from kg.folders import appearing, hash_file
from kg.store import Store

USERS = pa.schema([("id", pa.string()), ("properties", pa.string())])
"""``properties`` is a JSON object of the static features, '{}' when there are none."""
ITEMS = pa.schema([("id", pa.string()), ("title", pa.string()), ("text", pa.string()), ("properties", pa.string())])
ENTITIES = pa.schema([("id", pa.string()), ("name", pa.string()), ("kind", pa.string())])
MENTIONS = pa.schema([("id", pa.string())])
EVENTS = pa.schema(
    [
        ("user", pa.int32()),
        ("item", pa.int32()),
        ("kind", pa.dictionary(pa.int32(), pa.string())),
        ("at", pa.timestamp("us", tz="UTC")),
        ("value", pa.float64()),
        ("event_id", pa.string()),
    ]
)
REVIEWS = pa.schema(
    [
        ("id", pa.string()),  # the event_id of the event that it came with
        ("user", pa.int32()),
        ("item", pa.int32()),
        ("title", pa.string()),
        ("text", pa.string()),
        ("at", pa.timestamp("us", tz="UTC")),
    ]
)
TRIPLES = pa.schema([("head", pa.int32()), ("relation", pa.dictionary(pa.int32(), pa.string())), ("tail", pa.int32())])
TRAITS = pa.schema([("user", pa.int32()), ("relation", pa.dictionary(pa.int32(), pa.string())), ("entity", pa.int32())])
"""``(:User)-[:RELATION]->(:Entity)`` of static features; ``entity`` is a row of ``entities``."""
TIES = pa.schema(
    [
        ("head", pa.int32()),
        ("relation", pa.dictionary(pa.int32(), pa.string())),
        ("tail", pa.int32()),
        ("weight", pa.float64()),
        ("at", pa.timestamp("us", tz="UTC")),
    ]
)
"""``(:User)-[:RELATION {weight, at}]->(:User)``: whom people know; both ends are rows of ``users``."""
KINDS = pa.schema(
    [
        ("kind", pa.string()),
        ("minimum", pa.float64()),
        ("maximum", pa.float64()),
        ("meaning", pa.string()),
        ("weight", pa.float64()),
        ("unrated", pa.string()),
    ]
)
"""What is declared of each kind; null where nothing is."""
_LATER = ("meaning", "weight", "unrated")
"""Columns of kinds that snapshots of before lack."""
FACTS = pa.schema([(name, pa.string()) for name in ("head_label", "head", "relation", "tail_label", "tail")])
"""Edges by labels and external ids: all but events and what is reserved, links among them."""


@dataclass(frozen=True)
class Origin:
    """What an update needs beside the tables: when they were taken, and what contraction has hidden."""

    moment: Moment
    entities: pa.Table
    """All of them, those contracted into items too."""
    facts: pa.Table
    """See :data:`FACTS`; parallel edges each have a row."""
    surplus: Mapping[str, int]
    """By label or type: how many more nodes or edges the graph held than these tables have rows, where it did."""


@dataclass(frozen=True)
class Snapshot:
    """The graph at one moment. Tables follow the schemas above; events are sorted by (user, item, kind, event_id)."""

    users: pa.Table
    items: pa.Table
    entities: pa.Table
    mentions: pa.Table
    events: pa.Table
    reviews: pa.Table
    triples: pa.Table
    traits: pa.Table
    kinds: pa.Table
    ties: pa.Table = field(default_factory=TIES.empty_table)
    origin: Origin | None = field(default=None, compare=False)
    """None where the graph counts no transactions, or never stood still: such a snapshot cannot be updated."""

    @property
    def num_nodes(self) -> int:
        """Items, entities and mentions: the range of ``triples.head`` and ``triples.tail``."""
        return int(self.items.num_rows + self.entities.num_rows + self.mentions.num_rows)

    @cached_property
    def fingerprint(self) -> str:
        """128 bits over the content of all tables, in hex: equal for equal graphs, in whatever order they were made."""
        digest = hashlib.blake2b(digest_size=16)
        for name in SCHEMAS:
            table = getattr(self, name)
            if name == "ties" and not table.num_rows:  # which snapshots of before lack
                continue
            digest.update(f"{name}:{table.num_rows};".encode())
            for column_name, column in zip(table.column_names, table.itercolumns(), strict=True):
                if name != "kinds" or column_name not in _LATER or column.null_count < len(column):
                    _digest_column(digest, column)
        return digest.hexdigest()


def codes_of(column: pa.ChunkedArray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Kinds or relations of a table: ``(n,)`` int64 codes, and the names that they stand for, used or not."""
    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # a column without chunks has none to combine
        whole = pa.array([], column.type)
    return whole.indices.to_numpy(zero_copy_only=False).astype(np.int64), tuple(whole.dictionary.to_pylist())


SCHEMAS = {
    "users": USERS,
    "items": ITEMS,
    "entities": ENTITIES,
    "mentions": MENTIONS,
    "events": EVENTS,
    "reviews": REVIEWS,
    "triples": TRIPLES,
    "traits": TRAITS,
    "kinds": KINDS,
    "ties": TIES,
}
FORMAT = 1
"""Version of the folder that :func:`save` writes."""


def take(store: Store, *, progress: bool = False) -> Snapshot:
    """Read the whole graph, what a refresh derives left out; see :mod:`kg.export`.

    Raises:
        StoreError: the engine failed.
    """
    from kg.difference import take

    return take(store, progress=progress)


def update(store: Store, previous: Snapshot) -> Snapshot:
    """The same as :func:`take`, by reading no more than what has changed since ``previous``; see :mod:`kg.difference`.

    Raises:
        NotUpdatable: that cannot be known, or is so much that :func:`take` is faster; says why.
    """
    from kg.difference import update

    return update(store, previous)


def update_people(store: Store, previous: Snapshot) -> Snapshot:
    """As :func:`update`, of people, events and reviews alone: several times as fast.

    Of items that came since it has the ids; entities, triples and traits are empty.

    Raises:
        NotUpdatable: what has changed cannot be known, or the graph holds events or reviews that no snapshot does.
    """
    from kg.difference import update_people

    return update_people(store, previous)


def save(snapshot: Snapshot, folder: Path) -> None:
    """Write one Arrow file a table and ``manifest.json``; the folder appears complete or not at all.

    Raises:
        StoreError: ``folder`` is there already, or cannot be written.
    """
    with appearing(folder) as beside:
        files = {name: _save_table(getattr(snapshot, name), beside / f"{name}.arrow") for name in SCHEMAS}
        manifest = {"format": FORMAT, "fingerprint": snapshot.fingerprint, "tables": files}
        if (origin := snapshot.origin) is not None:
            tables = {
                name: _save_table(getattr(origin, name), beside / f"{file}.arrow") for name, file in _HIDDEN.items()
            }
            manifest["origin"] = {"moment": asdict(origin.moment), "surplus": dict(origin.surplus), "tables": tables}
        (beside / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def load(folder: Path) -> Snapshot:
    """Read what :func:`save` wrote.

    Raises:
        ReadError: it is missing, incomplete, damaged, or of another version.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            raise ReadError(str(folder), f"has snapshot format {manifest['format']}, not {FORMAT}; refresh again")
        tables = {
            name: _load_table(folder / f"{name}.arrow", manifest["tables"][name], schema)
            for name, schema in SCHEMAS.items()
            if name != "ties" or name in manifest["tables"]
        }
        _check_rows(tables)
        return Snapshot(**tables, origin=_load_origin(folder, manifest.get("origin")))
    except OSError as error:
        raise ReadError(str(folder), f"is no complete snapshot ({error.strerror}); refresh again") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ReadError(str(folder / "manifest.json"), "is damaged; remove the folder and refresh again") from error


_HIDDEN = {"entities": "every_entity", "facts": "facts"}
"""Tables of an origin, and their files."""


def _load_origin(folder: Path, entry: dict[str, Any] | None) -> Origin | None:
    if entry is None:
        return None
    schemas = {"entities": ENTITIES, "facts": FACTS}
    tables = {
        name: _load_table(folder / f"{file}.arrow", entry["tables"][name], schemas[name])
        for name, file in _HIDDEN.items()
    }
    return Origin(moment=Moment(**entry["moment"]), surplus=entry["surplus"], **tables)


def _save_table(table: pa.Table, path: Path) -> dict[str, Any]:
    with pa.OSFile(str(path), "wb") as sink, ipc.new_file(sink, table.schema, options=_COMPRESSED) as writer:
        writer.write_table(table)
    return {"rows": table.num_rows, "hash": hash_file(path)}


def moment_of(folder: Path) -> Moment | None:
    """When a saved snapshot was taken; None where it cannot be updated.

    Raises:
        ReadError: it is missing or damaged.
    """
    try:
        origin = json.loads((folder / "manifest.json").read_text(encoding="utf-8")).get("origin")
    except (OSError, ValueError) as error:
        raise ReadError(str(folder), "is no complete snapshot; refresh again") from error
    return Moment(**origin["moment"]) if origin else None


_COMPRESSED = ipc.IpcWriteOptions(compression="zstd")


def _check_rows(tables: Mapping[str, pa.Table]) -> None:
    """Refuse rows that no table has: whoever reads memory by them does not look again."""
    items, entities = tables["items"].num_rows, tables["entities"].num_rows
    ends = {"user": tables["users"].num_rows, "item": items, "entity": entities}
    ends |= dict.fromkeys(("head", "tail"), items + entities + tables["mentions"].num_rows)
    of_people = dict.fromkeys(("head", "tail"), tables["users"].num_rows)
    for name in ("events", "reviews", "triples", "traits", *({"ties"} & tables.keys())):
        table, most = tables[name], of_people if name == "ties" else ends
        for column in most.keys() & {*table.column_names}:
            span = pc.min_max(table[column]).as_py()
            if span["min"] is not None and not 0 <= span["min"] <= span["max"] < most[column]:
                raise ValueError(f"{column} names a row that is not there")


def _load_table(path: Path, entry: dict[str, Any], schema: pa.Schema) -> pa.Table:
    if hash_file(path) != entry["hash"]:
        raise ReadError(
            str(path), "is damaged: it has changed since it was written; remove its folder and refresh again"
        )
    with pa.OSFile(str(path), "rb") as source:
        table = ipc.open_file(source).read_all()
    table.validate(full=True)
    for name in _LATER if schema is KINDS and len(table.schema) < len(schema) else ():
        table = table.append_column(schema.field(name), pa.nulls(len(table), schema.field(name).type))
    if not table.schema.equals(schema):
        raise ReadError(str(path), "holds other columns than a snapshot has; remove its folder and refresh again")
    return table


def _digest_column(digest: hashlib.blake2b, column: pa.ChunkedArray) -> None:
    """Validity, then values with nulls as zero (what lies under a null is no content); of texts lengths, then bytes."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    digest.update(np.packbits(column.is_valid().to_numpy()).tobytes())
    if pa.types.is_string(column.type):
        filled = pc.fill_null(column, "")
        digest.update(pc.binary_length(filled).to_numpy().tobytes())
        for chunk in filled.chunks:
            digest.update(_characters(chunk))
        return
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    digest.update(pc.fill_null(column, pa.scalar(0, column.type)).to_numpy().tobytes())


def _characters(chunk: pa.Array) -> memoryview:
    _, offsets, data = chunk.buffers()
    if data is None or len(chunk) == 0:
        return memoryview(b"")
    ends = np.frombuffer(offsets, dtype=np.int32)
    return memoryview(data)[int(ends[chunk.offset]) : int(ends[chunk.offset + len(chunk)])]
