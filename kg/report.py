"""What a knowledge graph covers: items linked, relations with their ends, hubs, and what looks wrong in it.

Everything is counted on the tables of a snapshot. :func:`take_report` adds what only the store can tell: links that
lead nowhere, and edges between labels that the schema does not join.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from kg import queries, snapshot
from kg.findings import Finding, ReportConfig, findings_of
from kg.schema import EVENT_EDGES, KNOWLEDGE_READ, NODE_KEYS, OWN_EDGES, RESERVED, SOCIAL_EDGES, TRAIT_EDGES
from kg.snapshot import Snapshot
from kg.store import Row, Store
from kg.triples import Triples

QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)
"""Of the number of entities an item has."""


@dataclass(frozen=True)
class Coverage:
    """How much of the catalogue the graph speaks of. An item is *linked* when an edge joins it to an entity."""

    items: int
    linked: int
    met: int
    """Items with an event."""
    met_linked: int
    events: int
    events_linked: int
    """Events on linked items."""
    entities_per_item: Mapping[str, float]
    """Quantiles of the number of different entities joined to an item, over all items, and the ``mean``."""

    @property
    def share(self) -> float:
        """Of all items, how many are linked; NaN without items."""
        return self.linked / self.items if self.items else float("nan")


@dataclass(frozen=True)
class Relation:
    """One relation of the knowledge graph."""

    relation: str
    edges: int
    heads: int
    """Different heads."""
    tails: int
    domain: Mapping[str, int]
    """Edges by what their heads are: ``Item``, the kind of an entity, ``Entity`` without a kind, ``Unknown item``."""
    range: Mapping[str, int]
    """Likewise by their tails."""
    linked: int
    """Items that this relation joins to an entity, in either direction."""
    share: float
    """The same as a share of all items."""


@dataclass(frozen=True)
class Hub:
    """An item or entity with many edges: it ties together what has little in common."""

    id: str
    name: str | None
    kind: str
    degree: int
    share: float
    """Of all edges, how many touch it."""


@dataclass(frozen=True)
class GraphReport:
    """The whole report; :meth:`document` is its JSON."""

    counts: Mapping[str, int]
    coverage: Coverage
    relations: Sequence[Relation]
    """Those with the most edges first."""
    hubs: Sequence[Hub]
    """The largest first."""
    findings: Sequence[Finding] = field(default_factory=tuple)
    """All checks, also those that found nothing."""

    def document(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    def finding(self, name: str) -> Finding:
        """The check of this name."""
        return next(found for found in self.findings if found.name == name)


def take_report(store: Store, config: ReportConfig | None = None, *, progress: bool = False) -> GraphReport:
    """Read a store and report on it.

    Raises:
        StoreError: the engine failed.
    """
    config = config or ReportConfig()
    taken = snapshot.take(store, progress=progress)
    nowhere = store.read(queries.text("links_without_triples"), own=sorted(RESERVED))
    shapes = store.read(queries.text("edge_shapes"), labels=list(NODE_KEYS))
    return report_of(taken, config, links=nowhere, edges=_unexpected(store, taken, shapes, config.limit))


def report_of(
    taken: Snapshot, config: ReportConfig | None = None, *, links: Sequence[Row] = (), edges: Sequence[Row] = ()
) -> GraphReport:
    """The report on a snapshot; ``links`` and ``edges`` are what the store found beside it."""
    config = config or ReportConfig()
    triples = Triples.of(taken)
    return GraphReport(
        counts={
            "users": taken.users.num_rows,
            "items": taken.items.num_rows,
            "entities": taken.entities.num_rows,
            "unknown_items": taken.mentions.num_rows,
            "relations": len(triples.relation_names),
            "edges": len(triples),
            **({"ties": taken.ties.num_rows} if taken.ties.num_rows else {}),
        },
        coverage=_coverage(taken, triples),
        relations=_relations(triples),
        hubs=_hubs(taken, triples, config.hubs),
        findings=findings_of(taken, triples, config, links=links, edges=edges),
    )


def _coverage(taken: Snapshot, triples: Triples) -> Coverage:
    counts = triples.entities_per_item()
    linked = counts > 0
    events = taken.events["item"].to_numpy()
    met = np.bincount(events, minlength=len(counts)) > 0
    quantiles = np.quantile(counts, QUANTILES).tolist() if len(counts) else [float("nan")] * len(QUANTILES)
    return Coverage(
        items=len(counts),
        linked=int(linked.sum()),
        met=int(met.sum()),
        met_linked=int((met & linked).sum()),
        events=len(events),
        events_linked=int(linked[events].sum()),
        entities_per_item={
            "mean": float(counts.mean()) if len(counts) else float("nan"),
            **{f"{share:.0%}": value for share, value in zip(QUANTILES, quantiles, strict=True)},
        },
    )


def _relations(triples: Triples) -> list[Relation]:
    items, _, relations = triples.links()
    rows = []
    for code, name in enumerate(triples.relation_names):
        chosen = triples.relations == code
        heads, tails = triples.heads[chosen], triples.tails[chosen]
        linked = len(np.unique(items[relations == code]))
        rows.append(
            Relation(
                relation=name,
                edges=len(heads),
                heads=len(np.unique(heads)),
                tails=len(np.unique(tails)),
                domain=triples.kinds_of(heads),
                range=triples.kinds_of(tails),
                linked=linked,
                share=linked / triples.num_items if triples.num_items else float("nan"),
            )
        )
    return sorted(rows, key=lambda row: (-row.edges, row.relation))


def _hubs(taken: Snapshot, triples: Triples, most: int) -> list[Hub]:
    degrees = triples.degrees[: triples.num_items + triples.num_entities]
    largest = np.argsort(-degrees, kind="stable")[:most]
    largest = largest[degrees[largest] > 0]
    names = pa.concat_arrays([*taken.items["title"].chunks, *taken.entities["name"].chunks])
    return [
        Hub(node, name, triples.kind_names[triples.kinds[at]], int(degrees[at]), float(degrees[at]) / len(triples))
        for at, node, name in zip(
            largest.tolist(), triples.names(largest), names.take(pa.array(largest, pa.int64())).to_pylist(), strict=True
        )
    ]


def _unexpected(store: Store, taken: Snapshot, shapes: Sequence[Row], limit: int) -> list[Row]:
    """The shapes of edges that the schema does not know, each with some edges."""
    kinds = set(taken.kinds["kind"].to_pylist())
    found = []
    for row in shapes:
        relation, ends = row["relation"], (row["head"], row["tail"])
        allowed = frozenset(KNOWLEDGE_READ) | (EVENT_EDGES if relation in kinds else TRAIT_EDGES | SOCIAL_EDGES)
        if ends in OWN_EDGES.get(relation, allowed):
            continue
        if None in ends:
            examples = []
        else:
            names = {"relation": store.quoted_type(relation)}
            ask = queries.statement("edge_examples", names=names, head=ends[0], tail=ends[1], limit=limit)
            examples = store.read(ask.text, **ask.parameters)
        found.append({**row, "examples": [f"{edge['head']} -> {edge['tail']}" for edge in examples]})
    return sorted(found, key=lambda row: -row["edges"])
