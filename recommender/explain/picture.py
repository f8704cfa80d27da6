"""The paths behind a recommendation as a picture: the person, own items, what lies between, the recommended item."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recommender.drawing import check_installed, draw
from recommender.explain.steps import READS_LIKE
from recommender.explain.summary import by_source
from recommender.explain.words import say_event, say_role

if TYPE_CHECKING:
    import networkx as nx

SOURCES = 6
"""Items of the history that are drawn, those that add or take most."""
PATHS = 2
"""Paths of each at most."""

Node = tuple[str, str]
"""``person`` or ``thing``, whose ids may be the same, and the id."""
PERSON, OWN, BETWEEN, RECOMMENDED = "the person", "met by the person", "between", "recommended"


def draw_paths(explanation: Mapping[str, Any], path: Path | str) -> None:
    """Draw the largest contributions of an explanation, as :meth:`recommender.facade.Recommender.explain` gives it.

    Raises:
        InvalidInput: ``path`` is no .png, .svg or .html file.
        MissingExtra: matplotlib or networkx is not installed.
    """
    title = f"Why {explanation['title']} for {explanation['user_id'] or 'you'}"
    draw(graph_of(explanation), path, "layers", title=title)


def graph_of(explanation: Mapping[str, Any]) -> nx.MultiDiGraph:
    """The paths of an explanation as a graph for :func:`recommender.drawing.draw`; edges as the graph holds them."""
    check_installed()
    import networkx as nx

    graph = nx.MultiDiGraph()
    item = ("thing", explanation["item_id"])
    parts = [part for part in by_source(explanation["parts"]) if part["paths"]][:SOURCES]
    for part in parts:
        met, own = part["paths"][0]["steps"][0], ("thing", part["item_id"])
        graph.add_node(("person", met["source"]), label=met["source"], kind=PERSON, layer=0)
        graph.add_node(own, label=part["title"], kind=OWN, layer=1)
        label = f"{say_event(met['relation'])} ({part['contribution']:+.2f})"
        graph.add_edge(("person", met["source"]), own, label=label)
    graph.add_node(item, label=explanation["title"], kind=RECOMMENDED)
    for part in parts:
        for path in part["paths"][:PATHS]:
            _add(graph, path, ("thing", part["item_id"]))
    graph.nodes[item]["layer"] = 1 + max(data.get("layer", 0) for _, data in graph.nodes(data=True))
    return graph


def _add(graph: nx.MultiDiGraph, path: Mapping[str, Any], own: Node) -> None:
    """What leads on from one of the person's items; of a text what is quoted of it."""
    said: dict[str, str] = {}
    for step in path["steps"]:
        if step["relation"] == READS_LIKE:
            said = dict(zip((step["source"], step["target"]), path["quotes"], strict=True))
    here, layer = own, 1
    for step in path["steps"][1:]:
        ends: tuple[Node, Node] = (
            (("person" if step["is_event"] else "thing"), step["source"]),
            ("thing", step["target"]),
        )
        end = 1 if ends[0] == here else 0
        here, layer = ends[end], layer + 1
        role = "somebody else" if here[0] == "person" else say_role(step["relation"])
        if here not in graph:
            name = said.get(here[1]) or step[("source_name", "target_name")[end]]
            graph.add_node(here, label=name or role, kind=BETWEEN, layer=layer)
        label = say_event(step["relation"], liked=True) if step["is_event"] else say_role(step["relation"])
        known = graph.get_edge_data(*ends) or {}
        if all(data["label"] != label for data in known.values()):
            graph.add_edge(*ends, label=label)
