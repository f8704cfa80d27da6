"""A part of the graph as a networkx ``MultiDiGraph``: for degrees, PageRank, communities, paths, and to look at.

A node is a pair of label and id, such as ``("Item", "242")``; its attributes are ``label``, ``id``, ``name`` (what
people call it) and all properties that the graph holds. An edge has ``relation`` and its properties.
``graph.graph["complete"]`` is False where the bound on nodes left something out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from kg import queries
from kg.errors import QueryFailed
from kg.extras import extra
from kg.schema import ALSO, BROUGHT
from kg.store import Store

if TYPE_CHECKING:
    import networkx as nx

Node = tuple[str, str]

SEEN = ("User", "Item", "Entity", "Review", "Interest", "Segment")
"""Labels that a view shows; the rest is the program's own."""
READ_PER_NODE = 2_000
"""Edges of one node that are looked at; a hub has more."""


def ego(
    store: Store,
    label: str,
    id: str,
    *,
    hops: int = 1,
    max_nodes: int = 200,
    fan: int = 10,
    relations: Iterable[str] = (),
) -> nx.MultiDiGraph:
    """What lies within some hops of a node, the nearest first, and all edges between those nodes.

    Args:
        store: the graph.
        label: of the node in the middle, one of :data:`SEEN`.
        id: its id.
        hops: edges from the middle at most, in either direction.
        max_nodes: nodes at most.
        fan: neighbours of a node that are taken along each relation, the first by id, so that no hub fills the view.
        relations: types of edges to follow; none means all.

    Raises:
        QueryFailed: no such label, or no such node.
        MissingExtra: networkx is not installed.
    """
    if label not in SEEN:
        raise QueryFailed(f"there is no label {label!r} to show; there are {', '.join(SEEN)}")
    wanted, middle = frozenset(relations), (label, id)
    if not _properties(store, [middle]):
        raise QueryFailed(f"the graph holds no {label} {id!r}")
    found, frontier, complete = {middle: None}, [middle], True
    for _ in range(hops):
        reached = list(dict.fromkeys(node for node in _next(store, frontier, fan, wanted) if node not in found))
        frontier = reached[: max_nodes - len(found)]
        complete = complete and len(frontier) == len(reached)
        found |= dict.fromkeys(frontier)
    return _induced(store, found, wanted, complete)


def label_of(store: Store, id: str) -> str:
    """The first label of :data:`SEEN` that has a node with this id.

    Raises:
        QueryFailed: there is none.
    """
    found = _properties(store, [(label, id) for label in SEEN])
    if not found:
        raise QueryFailed(f"the graph holds no node {id!r}")
    return next(label for label in SEEN if (label, id) in found)


def attributes(store: Store, relations: Iterable[str] = (), *, max_nodes: int = 10_000) -> nx.MultiDiGraph:
    """Items with their entities: what :mod:`networkx.algorithms.bipartite` projects onto either side.

    Args:
        store: the graph.
        relations: types of edges; none means all.
        max_nodes: items and entities at most; those of the first items by id.
    """
    wanted = frozenset(relations)
    found: dict[Node, None] = {}
    rows = store.stream(queries.text("view_pairs"), relations=sorted(wanted))
    pairs = ((("Item", row["item"]), ("Entity", row["entity"])) for row in rows)
    complete = True
    for pair in pairs:
        new = [node for node in pair if node not in found]
        if len(found) + len(new) > max_nodes:
            complete = False
            break
        found |= dict.fromkeys(new)
    return _induced(store, found, wanted, complete)


def _next(store: Store, frontier: Iterable[Node], fan: int, relations: Collection[str]) -> Iterator[Node]:
    """Neighbours, ``fan`` of a node along each relation; those of the first relations first."""
    for label, ids in _by_label(frontier).items():
        text = queries.statement("view_neighbours", names={"label": label}).text
        for row in store.read(text, ids=ids, most=READ_PER_NODE):
            along: dict[str, list[Node]] = defaultdict(list)
            for relation, other, key in sorted(row["neighbours"], key=str):
                if other in SEEN and (not relations or relation in relations):
                    along[relation].append((other, key))
            for nodes in along.values():
                yield from islice(dict.fromkeys(nodes), fan)


def _induced(store: Store, found: Collection[Node], relations: Collection[str], complete: bool) -> nx.MultiDiGraph:
    with extra("view", "a part of the graph"):
        import networkx as nx
    graph = nx.MultiDiGraph(complete=complete)
    properties = _properties(store, found)
    for node in found:
        own = properties.get(node, {})
        name = own.get("name") or own.get("title") or node[1]
        graph.add_node(node, **_shown(own) | {"label": node[0], "id": node[1], "name": name})
    for label, ids in _by_label(found).items():
        for row in store.stream(queries.statement("view_edges", names={"label": label}).text, ids=ids):
            tail = (row["label"], row["tail"])
            if tail in found and (not relations or row["relation"] in relations):
                graph.add_edge((label, row["head"]), tail, **_shown(row["properties"]) | {"relation": row["relation"]})
    return graph


def _properties(store: Store, nodes: Iterable[Node]) -> dict[Node, dict[str, Any]]:
    texts = {label: queries.statement("nodes_of_ids", names={"label": label}).text for label in SEEN}
    return {
        (label, row["id"]): row["properties"]
        for label, ids in _by_label(nodes).items()
        for row in store.read(texts[label], ids=ids)
    }


def _shown(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name not in (BROUGHT, ALSO)}


def _by_label(nodes: Iterable[Node]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for label, id in nodes:
        groups[label].append(id)
    return groups
