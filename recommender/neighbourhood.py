"""What lies around a person, an item or an entity, as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from recommender.drawing import check_installed, draw
from recommender.explain.words import spaced

if TYPE_CHECKING:
    import networkx as nx


def draw_neighbourhood(found: nx.MultiDiGraph, path: Path | str) -> None:
    """Draw a graph of :func:`kg.view.ego`, whose first node is in the middle.

    Raises:
        InvalidInput: ``path`` is no .png, .svg or .html file.
        MissingExtra: matplotlib or networkx is not installed.
    """
    label, id = next(iter(found))
    rest = "" if found.graph["complete"] else ", and there is more"
    draw(labelled(found), path, title=f"Around {label.lower()} {id}: {len(found)} nodes{rest}")


def labelled(found: nx.MultiDiGraph) -> nx.MultiDiGraph:
    """The same nodes and edges with what :func:`recommender.drawing.draw` shows: names, kinds, and edges in words."""
    check_installed()
    import networkx as nx

    shown = nx.MultiDiGraph()
    for node, data in found.nodes(data=True):
        kind = data.get("kind") if data["label"] == "Entity" else None
        shown.add_node(node, label=str(data["name"]), kind=str(kind or data["label"]).lower())
    for head, tail, data in found.edges(data=True):
        shown.add_edge(head, tail, label=_words(data))
    return shown


def _words(edge: dict[str, Any]) -> str:
    """A relation in words, and what it is worth where it says so.

    >>> _words({"relation": "RATED", "value": 5.0}), _words({"relation": "film.film.directed_by"})
    ('rated 5', 'film film directed by')
    """
    words = spaced(edge["relation"])
    worth = edge.get("value", edge.get("weight"))
    return f"{words} {worth:.3g}" if isinstance(worth, int | float) else words
