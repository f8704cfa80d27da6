"""A drawn label lies on no other, in any layout; an SVG holds its text; what cannot be drawn is said."""

from __future__ import annotations

import sys
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from kg.errors import MissingExtra
from recommender.drawing import GAP, Layout, _arrays, _boxes, _in_layers, _sized, _spread, draw, figure
from recommender.errors import InvalidInput

LONG = "A title so long that no reader would want it in one line of a picture, and then some more of it"


@pytest.fixture
def graph() -> nx.MultiDiGraph:
    """A person, three items, what ties them to a fourth; two edges between the same nodes, one to itself."""
    made = nx.MultiDiGraph()
    made.add_node("ann", kind="person", layer=0)
    for place, title in enumerate(["Fargo", LONG, "$5 & <six>"]):
        made.add_node(place, label=title, kind="item", layer=1)
        made.add_edge("ann", place, label="liked")
        made.add_edge(place, "d", label="directed by")
    made.add_node("d", label="Joel\x00Coen", kind="entity", layer=2)
    made.add_node("last", kind="item", layer=3)
    made.add_edge("last", "d", label="directed by")
    made.add_edge(0, "last", label="goes with")
    made.add_edge(0, "last", label="bought with")
    made.add_edge("d", "d", label="same as")
    made.add_edge("ann", "last")
    return made


def overlapping(drawn: Figure) -> list[tuple[str, str]]:
    """The labels that lie on each other as they are drawn."""
    canvas = FigureCanvasAgg(drawn)
    canvas.draw()
    extents = [
        (text.get_text(), text.get_window_extent(canvas.get_renderer()))
        for text in drawn.axes[0].texts
        if text.get_text()
    ]
    return [(one, other) for (one, a), (other, b) in combinations(extents, 2) if a.overlaps(b)]


@pytest.mark.parametrize("layout", ["layers", "spread"])
def test_no_label_lies_on_another(graph: nx.MultiDiGraph, layout: Layout) -> None:
    drawn = figure(graph, layout, title="Why")
    labels = [text.get_text() for text in drawn.axes[0].texts if text.get_text()]
    assert len(labels) == 6 + 10 + 3 + 1, "nodes, labelled edges, kinds, the title"
    assert overlapping(drawn) == []


def test_layers_stand_from_left_to_right(graph: nx.MultiDiGraph) -> None:
    boxes, lines = _boxes(graph)
    placed = _in_layers(_sized(boxes), lines)
    for one, other in combinations(placed, 2):
        if one.layer < other.layer:
            assert one.at[0] + one.size[0] / 2 < other.at[0] - other.size[0] / 2


@given(
    edges=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.sampled_from(["", "by", LONG])), min_size=1),
    layout=st.sampled_from([_spread, _in_layers]),
)
@settings(max_examples=15, deadline=None)
def test_boxes_of_any_graph_are_apart(edges: list[tuple[int, int, str]], layout: object) -> None:
    graph = nx.MultiDiGraph()
    for source, target, label in edges:
        graph.add_edge(source, target, label=label)
    for node in graph:
        graph.nodes[node].update(label="x" * (1 + node), layer=node % 3)
    boxes, lines = _boxes(graph)
    centres, sizes = _arrays(layout(_sized(boxes), lines))  # type: ignore[operator]
    for one, other in combinations(range(len(boxes)), 2):
        room = abs(centres[one] - centres[other]) - (sizes[one] + sizes[other]) / 2
        assert room.max() >= GAP - 1e-5


def test_the_text_of_a_drawing_is_text(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    graph.nodes["last"]["label"] = "無題 नमस्ते"  # no such letters in the font that measures
    draw(graph, tmp_path / "why.svg", "layers", title="Why & how")
    texts = [
        "".join(element.itertext()).strip()
        for element in ElementTree.parse(tmp_path / "why.svg").iter("{http://www.w3.org/2000/svg}text")
    ]
    assert {"ann", "Fargo", "無題 नमस्ते", "Joel Coen", "$5 & <six>", "directed by", "Why & how"} <= set(texts)
    first = (tmp_path / "why.svg").read_bytes()
    draw(graph, tmp_path / "why.svg", "layers", title="Why & how")
    assert (tmp_path / "why.svg").read_bytes() == first, "the same graph makes the same file"


def test_a_page_and_a_picture(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    draw(graph, tmp_path / "why.html", title="Why & how")
    page = (tmp_path / "why.html").read_text()
    assert "<title>Why &amp; how</title>" in page
    assert page.count("<svg") == 1
    draw(graph, tmp_path / "why.png")
    assert (tmp_path / "why.png").read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_drawn_is_said(graph: nx.MultiDiGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match=r"why\.gif: a drawing is a \.png, \.svg or \.html file"):
        draw(graph, tmp_path / "why.gif")
    with pytest.raises(InvalidInput, match="empty"):
        draw(nx.MultiDiGraph(), tmp_path / "why.svg")
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(MissingExtra, match=r"pip install 'tastegraph\[view\]'"):
        draw(graph, tmp_path / "why.svg")
