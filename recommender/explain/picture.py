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
PERSON, OWN, BETWEEN, RECOMMENDED = "the person", "met or written by the person", "between", "recommended"


def draw_paths(explanation: Mapping[str, Any], path: Path | str) -> None:
    """Draw the largest contributions of an explanation, as :meth:`recommender.Recommender.explain` gives it.

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
    graph.add_node(item, label=explanation["title"], kind=RECOMMENDED)
    for part in [part for part in by_source(explanation["parts"]) if part["paths"]][:SOURCES]:
        for path in part["paths"][:PATHS]:
            _add(graph, path, f"{part['contribution']:+.2f}")
    graph.nodes[item]["layer"] = 1 + max(data.get("layer", 0) for _, data in graph.nodes(data=True))
    return graph


def _add(graph: nx.MultiDiGraph, path: Mapping[str, Any], adds: str) -> None:
    """The steps of a path, each once: the first with what it adds, and of a text what is quoted of it."""
    said: dict[str, str] = {}
    for step in path["steps"]:
        if step["relation"] == READS_LIKE:
            said = dict(zip((step["source"], step["target"]), path["quotes"], strict=True))
    here: Node = ("person", path["steps"][0]["source"])
    graph.add_node(here, label=here[1], kind=PERSON, layer=0)
    for layer, step in enumerate(path["steps"], start=1):
        ends: tuple[Node, Node] = (
            ("person" if step["is_event"] else "thing", step["source"]),
            ("thing", step["target"]),
        )
        end = 1 if ends[0] == here else 0
        here, label = ends[end], _label(step, adds if layer == 1 else None)
        if here not in graph:
            name = said.get(here[1]) or step[("source_name", "target_name")[end]]
            unnamed = "somebody else" if here[0] == "person" else here[1] if layer == 1 else say_role(step["relation"])
            graph.add_node(here, label=name or unnamed, kind=OWN if layer == 1 else BETWEEN, layer=layer)
        known = graph.get_edge_data(*ends) or {}
        if all(data["label"] != label for data in known.values()):
            graph.add_edge(*ends, label=label)


def _label(step: Mapping[str, Any], adds: str | None) -> str:
    if adds is not None:
        return f"{say_event(step['relation'])} ({adds})"
    return say_event(step["relation"], liked=True) if step["is_event"] else say_role(step["relation"])
