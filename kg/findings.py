"""What looks wrong in a knowledge graph, one check each: how often, and which nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kg.agreement import agreements
from kg.errors import RecordError
from kg.names import name_key
from kg.snapshot import Snapshot
from kg.store import Row
from kg.triples import UNNAMED_KIND, Triples


@dataclass(frozen=True)
class ReportConfig:
    """What a report holds."""

    limit: int = 10
    """Nodes that each finding lists at most; its count is of all."""
    hubs: int = 10
    """Entities with the most edges that are listed."""
    functional_share: float = 0.95
    """A relation of which more than this share of the heads has exactly one value is taken to be a function."""
    functional_heads: int = 20
    """It must have at least so many heads: of three that have one value each nothing follows."""

    twin_share: float = 0.9
    """Two relations are twins when more than this share of the pairs that either joins is joined by both."""
    twin_edges: int = 20
    """And each has at least so many edges."""

    agreement_links: int = 200
    """Links of items that somebody met to entities of several of them: with so many a relation is compared with what
    people say."""
    agreement_pairs: int = 1000
    """Pairs of such items that are drawn for it."""
    agreement_deals: int = 19
    """How often its entities are dealt anew: with 19 one relation of twenty that say nothing is not found out."""

    def __post_init__(self) -> None:
        if self.limit < 0 or self.hubs < 0:
            raise RecordError("limit", f"{min(self.limit, self.hubs)} rows; at least 0")
        if not 0 < self.functional_share <= 1:
            raise RecordError("functional_share", f"{self.functional_share} is outside (0, 1]")


Found = tuple[int, Sequence[Mapping[str, Any]]]
"""How many, and the first of them."""


@dataclass(frozen=True)
class Finding:
    """One check."""

    name: str
    text: str
    """What the listed nodes have in common."""
    count: int
    """How many there are."""
    examples: Sequence[Mapping[str, Any]]
    """The first of them."""


CHECKS: Mapping[str, str] = {
    "isolated_items": "items without any edge of the graph",
    "unknown_items": "items that others point at, of which nothing else is known",
    "links_without_triples": "links to an entity of which the graph says nothing",
    "isolated_entities": "entities without any edge",
    "unnamed_entities": "entities without a name",
    "same_names": "names that several entities of one kind share",
    "near_names": "names of one kind that differ in case, blanks or marks only",
    "two_values": "heads with several values of a relation that nearly always has one",
    "twin_relations": "pairs of relations that join nearly the same nodes, in one direction or the other",
    "random_relations": "relations that tie items no better than if their entities were dealt anew among them",
    "items_without_title": "items without a title",
    "outside_scale": "events outside the scale of their kind",
    "lost_reviews": "reviews without the event that they came with",
    "unexpected_edges": "edges between labels that the schema does not join",
}
"""What each check counts."""


def findings_of(
    taken: Snapshot, triples: Triples, config: ReportConfig, *, links: Sequence[Row], edges: Sequence[Row]
) -> tuple[Finding, ...]:
    """All checks; ``links`` without triples and ``edges`` between unexpected labels are what the store found."""
    limit = config.limit
    found = {
        "isolated_items": _nodes(triples, np.flatnonzero(triples.degrees[: triples.num_items] == 0), limit),
        "unknown_items": _nodes(triples, _unknown_items(triples), limit),
        "links_without_triples": (len(links), links[:limit]),
        "isolated_entities": _nodes(triples, _isolated_entities(taken, triples), limit),
        "unnamed_entities": _rows(taken.entities.filter(pc.is_null(taken.entities["name"])), ["id", "kind"], limit),
        "same_names": _same_names(taken, limit),
        "near_names": _near_names(taken, limit),
        "two_values": _two_values(triples, config),
        "twin_relations": _twins(triples, config),
        "random_relations": _at_random(taken, triples, config),
        "items_without_title": _rows(taken.items.filter(pc.is_null(taken.items["title"])), ["id"], limit),
        "outside_scale": _outside_scale(taken, limit),
        "lost_reviews": _lost_reviews(taken, limit),
        "unexpected_edges": (sum(row["edges"] for row in edges), edges),
    }
    return tuple(Finding(name, text, *found[name]) for name, text in CHECKS.items())


def _nodes(triples: Triples, nodes: np.ndarray, limit: int) -> Found:
    return len(nodes), [{"id": node} for node in triples.names(nodes[:limit])]


def _unknown_items(triples: Triples) -> np.ndarray:
    """Those first at which most others point."""
    first = triples.num_items + triples.num_entities
    return np.asarray(first + np.argsort(-triples.degrees[first:], kind="stable"))


def _isolated_entities(taken: Snapshot, triples: Triples) -> np.ndarray:
    """Entities that neither a triple nor a trait of a person touches."""
    degrees = triples.degrees[triples.num_items : triples.num_items + triples.num_entities]
    traits = np.bincount(taken.traits["entity"].to_numpy(), minlength=triples.num_entities)
    return np.asarray(triples.num_items + np.flatnonzero((degrees == 0) & (traits == 0)))


def _rows(found: pa.Table, columns: list[str], limit: int) -> Found:
    return found.num_rows, found.select(columns).slice(0, limit).to_pylist()


def _same_names(taken: Snapshot, limit: int) -> Found:
    """Entities of one kind with one name under several ids."""
    named = _named(taken).group_by(["kind", "name"], use_threads=False)
    groups = named.aggregate([("id", "list"), ("id", "count")])
    groups = groups.filter(pc.greater(groups["id_count"], 1))
    groups = groups.sort_by([("id_count", "descending"), ("kind", "ascending"), ("name", "ascending")])
    rows = [
        {"kind": row["kind"], "name": row["name"], "ids": row["id_list"]} for row in groups.slice(0, limit).to_pylist()
    ]
    return groups.num_rows, rows


def _near_names(taken: Snapshot, limit: int) -> Found:
    """Names of one kind that differ in case, white space or punctuation only, see :func:`kg.names.name_key`."""
    spellings: dict[tuple[str, str], list[str]] = {}
    for row in _named(taken).group_by(["kind", "name"], use_threads=False).aggregate([]).to_pylist():
        spellings.setdefault((row["kind"], name_key(row["name"])), []).append(row["name"])
    groups = sorted((kind, sorted(names)) for (kind, _), names in spellings.items() if len(names) > 1)
    groups.sort(key=lambda group: -len(group[1]))
    return len(groups), [{"kind": kind, "names": names} for kind, names in groups[:limit]]


def _named(taken: Snapshot) -> pa.Table:
    table = taken.entities.filter(pc.is_valid(taken.entities["name"]))
    at = table.schema.get_field_index("kind")
    return table.set_column(at, "kind", pc.fill_null(table["kind"], UNNAMED_KIND))


def _two_values(triples: Triples, config: ReportConfig) -> Found:
    """Heads with several values of a relation that nearly always has one."""
    count = 0
    rows: list[Mapping[str, Any]] = []
    for relation, heads, tails in _functional(triples, config):
        first = np.searchsorted(heads, np.unique(heads))
        sizes = np.diff(np.append(first, len(heads)))
        several = np.flatnonzero(sizes > 1)
        count += len(several)
        for at in several[: max(config.limit - len(rows), 0)].tolist():
            values = tails[first[at] : first[at] + sizes[at]]
            (head,) = triples.names(heads[first[at]][None])
            rows.append({"relation": relation, "head": head, "values": triples.names(values[: max(config.limit, 2)])})
    return count, rows


def _functional(triples: Triples, config: ReportConfig) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Relations that are nearly functions, each with its heads in ascending order and their tails."""
    for code, name in enumerate(triples.relation_names):
        chosen = triples.relations == code
        heads, tails = triples.heads[chosen], triples.tails[chosen]
        sizes = np.unique(heads, return_counts=True)[1]
        if len(sizes) >= config.functional_heads and (sizes == 1).mean() > config.functional_share:
            order = np.lexsort((tails, heads))
            yield name, heads[order], tails[order]


def _twins(triples: Triples, config: ReportConfig) -> Found:
    """Relations that say the same twice, often one the other's inverse: each edge of theirs counts double."""
    size = len(triples.kinds)
    low, high = np.minimum(triples.heads, triples.tails), np.maximum(triples.heads, triples.tails)
    pairs = {code: np.unique(low[own] * size + high[own]) for code, own in _large(triples, config.twin_edges)}
    rows: list[dict[str, Any]] = []
    for one, other in combinations(pairs, 2):
        sizes = len(pairs[one]), len(pairs[other])
        if min(sizes) <= config.twin_share * max(sizes):
            continue
        both = len(np.intersect1d(pairs[one], pairs[other], assume_unique=True))
        if both > config.twin_share * (sum(sizes) - both):
            share = both / (sum(sizes) - both)
            names = [triples.relation_names[code] for code in (one, other)]
            rows.append({"relations": names, "pairs": both, "share": share})
    rows.sort(key=lambda row: -row["pairs"])
    return len(rows), rows[: config.limit]


def _at_random(taken: Snapshot, triples: Triples, config: ReportConfig) -> Found:
    """Relations of which the people who met the items know nothing: their links may go by other items' ids."""
    found = agreements(
        taken, triples, least=config.agreement_links, pairs=config.agreement_pairs, deals=config.agreement_deals
    )
    rows = [{"relation": one.relation, "cosine": one.cosine, "dealt": one.dealt} for one in found if one.at_random]
    return len(rows), rows[: config.limit]


def _large(triples: Triples, least: int) -> Iterator[tuple[int, np.ndarray]]:
    """Each relation of at least so many edges, with their rows."""
    for code in range(len(triples.relation_names)):
        own = np.flatnonzero(triples.relations == code)
        if len(own) >= least:
            yield code, own


def _outside_scale(taken: Snapshot, limit: int) -> Found:
    """Events whose value lies outside the scale that was declared for their kind."""
    events = taken.events.select(["event_id", "kind", "value"])
    events = events.set_column(1, "kind", events["kind"].cast(pa.string()))
    joined = events.join(taken.kinds, "kind", join_type="inner")
    outside = pc.or_(pc.less(joined["value"], joined["minimum"]), pc.greater(joined["value"], joined["maximum"]))
    found = joined.filter(pc.fill_null(outside, False)).sort_by("event_id")
    return _rows(found, ["event_id", "kind", "value", "minimum", "maximum"], limit)


def _lost_reviews(taken: Snapshot, limit: int) -> Found:
    lost = pc.invert(pc.is_in(taken.reviews["id"], taken.events["event_id"].combine_chunks()))
    return _rows(taken.reviews.filter(lost), ["id"], limit)
