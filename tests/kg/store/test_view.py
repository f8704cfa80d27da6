"""Parts of the graph for networkx, on both engines."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import pytest

from kg import view
from kg.bolt import BoltStore
from kg.errors import QueryFailed
from scripts.cypher_docs import DAY, plant


@pytest.fixture
def planted(graph: BoltStore, rejects: Path) -> BoltStore:
    plant(graph, rejects)
    return graph


def test_an_ego_network_holds_what_is_near_with_all_that_is_known_of_it(planted: BoltStore) -> None:
    found = view.ego(planted, "Item", "c")
    assert set(found) == {("Item", "c"), ("User", "eve"), ("Entity", "genre:Horror"), ("Entity", "director:Scott")}
    assert found.graph["complete"]
    assert found.nodes["Item", "c"] == {
        "label": "Item",
        "id": "c",
        "name": "Alien",
        "title": "Alien",
        "text": "A ship far out.",
    }
    (rated,) = found.get_edge_data(("User", "eve"), ("Item", "c")).values()
    assert (rated["relation"], rated["value"], rated["event_id"]) == ("RATED", 5.0, "6")
    # Between two nodes of the view, though neither is in its middle.
    liked = found.get_edge_data(("User", "eve"), ("Entity", "genre:Horror"))
    assert [edge["relation"] for edge in liked.values()] == ["INTERESTED_IN"]


def test_two_hops_reach_over_what_is_shared(planted: BoltStore) -> None:
    found = view.ego(planted, "Item", "c", hops=2, relations=["HAS_GENRE"])
    assert set(found) == {("Item", "c"), ("Entity", "genre:Horror"), ("Item", "d")}
    assert nx.shortest_path_length(found.to_undirected(), ("Item", "c"), ("Item", "d")) == 2


def test_both_events_of_a_pair_are_edges_of_their_own(planted: BoltStore) -> None:
    found = view.ego(planted, "User", "ann")
    edges = found.get_edge_data(("User", "ann"), ("Item", "a")).values()
    assert {(edge["relation"], edge["at"]) for edge in edges} == {("RATED", DAY[1]), ("CLICKED", DAY[3])}


def test_a_view_keeps_its_bounds_and_says_so(planted: BoltStore) -> None:
    bounded = view.ego(planted, "Item", "a", hops=3, max_nodes=4)
    assert (len(bounded), bounded.graph["complete"]) == (4, False)
    fans = view.ego(planted, "Entity", "genre:Crime", fan=1, relations=["HAS_GENRE"])
    assert set(fans) == {("Entity", "genre:Crime"), ("Item", "a")}


def test_items_with_their_entities_project_onto_items(planted: BoltStore) -> None:
    found = view.attributes(planted, ["HAS_GENRE"])
    items = [node for node in found if node[0] == "Item"]
    assert sorted(id for _, id in items) == ["a", "b", "c", "d"]
    shared = nx.bipartite.weighted_projected_graph(nx.Graph(found), items)
    assert {frozenset((a[1], b[1])) for a, b in shared.edges} == {
        frozenset(pair) for pair in ("ab", "ad", "bd", "cd")
    }  # Crime joins a, b and d; Horror c and d
    assert view.attributes(planted, max_nodes=3).graph["complete"] is False


def test_what_is_not_there_is_said(planted: BoltStore) -> None:
    with pytest.raises(QueryFailed, match="the graph holds no User 'nobody'"):
        view.ego(planted, "User", "nobody")
    with pytest.raises(QueryFailed, match="there is no label 'Model' to show; there are User"):
        view.ego(planted, "Model", "1")
