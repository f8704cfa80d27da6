"""What one source alone has brought, out of the graph again.

In this order, a batch a transaction, so that whoever is killed on the way calls it once more: events with their words,
ties and other edges, each with the ends that are of no use without it; then what the source said of nodes. What others
brought as well loses this source's number; what feedback or an older release brought is met by none of it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from kg import changes, marks, queries, schema
from kg.batch import batched
from kg.ingested import Ingested
from kg.progress import tqdm
from kg.schema import BROUGHT
from kg.store import Row, Statement, Store

AT_ONCE = 50_000
"""Edges or nodes that are looked up at once."""
DERIVED_EDGES = sorted(schema.RESERVED - {"WROTE", "ABOUT", "SAME_AS", "SHOWN"})
"""Edges that a refresh makes, and that keep no node."""
NODES = ("User", "Item", "Entity")
"""Labels of what sources bring, beside reviews."""


@dataclass
class Undone:
    """What was taken out of a source."""

    source: str
    verb: str
    removed: dict[str, int] = field(default_factory=dict)
    """Counts: events, reviews, ties, edges, users, items, entities, properties."""
    kept: dict[str, int] = field(default_factory=dict)
    """What others have brought as well: events, ties, edges, nodes."""
    overwritten: int = 0
    """Properties that the source had put in place of another's, which cannot be brought back: read that one again."""
    dry_run: bool = False

    @property
    def has_any(self) -> bool:
        """Whether there was anything of it."""
        return any(self.removed.values()) or any(self.kept.values())

    def __str__(self) -> str:
        """What was taken out, in one line."""
        return ", ".join(f"{count} {what}" for what, count in self.removed.items() if count) or "nothing"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def undo(store: Store, source: Ingested, *, dry_run: bool = False, progress: bool = True) -> Undone:
    """Take out what a source alone has brought; called again after a crash it does the rest.

    ``dry_run``: count it. Nodes that would go with their last edge are not among these counts.

    Raises:
        StoreError: the engine failed; what was taken out stays out.
    """
    types = {row["relation"] for row in store.read(queries.text("relation_types"))}
    kinds = {row["kind"] for row in store.read(queries.text("kinds"))}
    with tqdm(unit=" removed", desc=f"undo {source.name}", disable=not progress, leave=False) as bar:
        run = _Run(store, source.number, dry_run, bar)
        for kind in sorted(types & kinds):
            run.events(kind, sorted(kinds & types - {kind}))
        for relation in sorted(types - kinds - schema.RESERVED | {"SAME_AS"} & types):
            run.edges(relation)
        for label in NODES:
            run.nodes(label)
    return Undone(source.name, source.verb, dict(run.removed), dict(run.kept), run.overwritten, dry_run)


def kinds_of_one(store: Store, source: Ingested) -> set[str]:
    """Kinds of which this source has brought all events, and nobody else any of them."""
    types = {row["relation"] for row in store.read(queries.text("relation_types"))}
    found = set()
    for kind in types.intersection(row["kind"] for row in store.read(queries.text("kinds"))):
        names = {"relation": store.quoted_type(kind)}
        (brought,) = store.read(queries.statement("undo_counts", names=names).text, source=source.number)
        (every,) = store.read(queries.statement("count_edges", names=names).text)
        if (brought["alone"] or 0) == every["count"]:
            found.add(kind)
    return found


class _Run:
    """One call of :func:`undo`."""

    def __init__(self, store: Store, number: int, dry_run: bool, bar: tqdm) -> None:
        self._store = store
        self._number = number
        self._dry_run = dry_run
        self._bar = bar
        names = ("events", "reviews", "ties", "edges", "users", "items", "entities", "properties")
        self.removed: Counter[str] = Counter(dict.fromkeys(names, 0))
        self.kept: Counter[str] = Counter(dict.fromkeys(("events", "ties", "edges", "nodes"), 0))
        self.overwritten = 0

    # --- Edges

    def events(self, kind: str, others: Sequence[str]) -> None:
        """Events of a kind, with the words that no event of the others came with as well."""
        named = self._store.quoted_type(kind)
        if self._dry_run:
            self._count("events", named)
            return
        text = queries.statement("undo_events", names={"relation": named}).text
        emptied = queries.statement("undo_kind", names={"relation": named}, kind=kind)
        for rows in self._found(text):
            self._keep("undo_events_mark", {"relation": named}, "events", rows, "id")
            for some in batched((row for row in rows if self._is_alone(row)), self._store.batch_rows):
                ids = [row["id"] for row in some]
                dropping = queries.statement(
                    "undo_events_drop", names={"relation": named}, ids=ids, source=self._number
                )
                words = self._words([row["id"] for row in some if row["reviewed"]], others)
                touched = [changes.key(kind, id) for id in ids] + [changes.key("Review", id) for id in words]
                reviews = [queries.statement("undo_reviews", ids=words)] if words else []
                ends = {"User": {row["head"] for row in some}, "Item": {row["tail"] for row in some}}
                gone = self._remove([*reviews, dropping, emptied], ends, touched)
                self.removed["events"] += gone
                self.removed["reviews"] += len(words)

    def _words(self, ids: list[str], others: Iterable[str]) -> list[str]:
        """Those of some reviews that no event of other kinds came with."""
        kept: set[str] = set()
        for kind in others if ids else ():
            text = queries.statement("events_of_ids", names={"relation": self._store.quoted_type(kind)}).text
            kept |= {row["event_id"] for row in self._by_ids(text, ids) if row["reviewed"]}
        return [id for id in ids if id not in kept]

    def _by_ids(self, text: str, ids: Sequence[str]) -> Iterator[Row]:
        for some in batched(ids, self._store.lookup_ids):
            yield from self._store.read(text, ids=some)

    def edges(self, relation: str) -> None:
        """Ties and edges of the knowledge graph."""
        named = self._store.quoted_type(relation)
        if not self._brought(relation):
            return
        for head, tail in ((head, tail) for head in NODES for tail in NODES):
            what = "ties" if head == tail == "User" else "edges"
            names = {"head": head, "relation": named, "tail": tail}
            if self._dry_run:
                self._count(what, named, names)
                continue
            emptied = queries.statement("undo_relation", names={"relation": named}, id=relation)
            for rows in self._found(queries.statement("undo_edges", names=names).text):
                self._keep("undo_edges_mark", names, what, rows, "head")
                alone = sorted((row["head"], row["tail"]) for row in rows if self._is_alone(row))
                for some in batched(alone, self._store.batch_rows):
                    heads, tails = ({end[side] for end in some} for side in (0, 1))
                    dropping = queries.statement(
                        "undo_edges_drop", names=names, ids=sorted(heads), tails=sorted(tails), source=self._number
                    )
                    ends = {head: heads, tail: tails | (heads if head == tail else set())}
                    self.removed[what] += self._remove([dropping, emptied], ends, [])

    def _brought(self, relation: str) -> bool:
        text = queries.statement("undo_counts", names={"relation": self._store.quoted_type(relation)}).text
        return bool(self._store.read(text, source=self._number)[0]["all"])

    def _count(self, what: str, named: str, names: Mapping[str, str] | None = None) -> None:
        text = queries.statement("undo_counts", names={"relation": named}).text
        if names is not None:
            text = text.replace("MATCH ()-", f"MATCH (:{names['head']})-").replace("->()", f"->(:{names['tail']})")
        (row,) = self._store.read(text, source=self._number)
        self.removed[what] += row["alone"] or 0
        self.kept[what] += row["all"] - (row["alone"] or 0)

    def _found(self, text: str) -> Iterator[list[Row]]:
        """What a source has brought, some at once, until all of it was dealt with."""
        while rows := self._store.read(text, source=self._number, most=AT_ONCE):
            yield rows

    def _is_alone(self, row: Row) -> bool:
        return row["by"] == self._number and not row["also"]

    def _keep(self, name: str, names: Mapping[str, str], what: str, rows: Iterable[Row], key: str) -> None:
        """Take this source's number from what others brought as well."""
        groups: dict[tuple[int, ...], dict[str, None]] = defaultdict(dict)
        for row in rows:
            if not self._is_alone(row):
                groups[row["by"], *row["also"]][row[key]] = None
        for brought, ids in groups.items():
            left = [number for number in brought if number != self._number]
            first, *others = left if left[0] else [None]  # what was of nobody is of nobody again
            for some in batched(ids, self._store.batch_rows):
                left_to = {"by": brought[0], "also": list(brought[1:]), "now": first, "others": others or None}
                ((row,),) = self._store.write(queries.statement(name, names=names, ids=some, **left_to))
                self.kept[what] += row["kept"]

    def _remove(self, dropping: Sequence[Statement], ends: Mapping[str, set[str]], touched: Sequence[str]) -> int:
        """Remove edges, and with them those of their ends that are of no use any more."""
        bare = [
            queries.statement("undo_bare", names={"label": label}, ids=sorted(ids), derived=DERIVED_EDGES)
            for label, ids in ends.items()
        ]
        keys = [changes.key(label, id) for label, ids in ends.items() for id in sorted(ids)]
        answers = self._store.write(*dropping, *bare, changes.noted([*touched, *keys]))
        for label, rows in zip(ends, answers[len(dropping) :], strict=False):
            self._removed_nodes(label, rows[0]["gone"])
        gone: int = sum(rows[0]["gone"] for rows in answers[: len(dropping)] if rows and "gone" in rows[0])
        self._bar.update(gone)
        return gone

    def _removed_nodes(self, label: str, gone: int) -> None:
        self.removed[{"User": "users", "Item": "items", "Entity": "entities"}[label]] += gone

    # --- Nodes

    def nodes(self, label: str) -> None:
        """What it said of nodes of a label, and those that are there for nothing else."""
        text = queries.statement("undo_nodes", names={"label": label}).text
        if self._dry_run:
            for row in self._store.stream(text, token=marks.token(self._number), most=2**31 - 1):
                self._said(label, row)
            return
        while rows := self._store.read(text, token=marks.token(self._number), most=self._store.batch_rows):
            fills = [self._said(label, row) for row in rows]
            setting = queries.statement("undo_nodes_set", names={"label": label}, rows=fills)
            self._remove([setting], {label: {row["id"] for row in rows}}, [])

    def _said(self, label: str, row: Row) -> Row:
        """What is to be changed of a node."""
        properties = dict(row["properties"])
        before = properties.pop(BROUGHT)
        held = [name for name in properties if name != "id" and not name.startswith(schema.HIDDEN)]
        mark, gone, over = marks.without(before, self._number, held)
        self.removed["properties"] += len(gone)
        self.overwritten += len(over)
        self.kept["nodes"] += mark != marks.MET
        return {"id": row["id"], "before": before, "properties": dict.fromkeys(sorted(gone)) | {BROUGHT: mark}}
