"""A graph as a picture that can be read: PNG, SVG, or HTML that fetches nothing.

A node is a box around its label, and so is the label of an edge, which its edge runs through: one rule then keeps all
labels apart, and the picture grows until none lies on another.
"""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from html import escape
from io import BytesIO, StringIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from kg.extras import extra
from kg.folders import refuse_address
from recommender.errors import InvalidInput
from recommender.pages import write

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Layout = Literal["spread", "layers"]

FONT, SMALL = 10.0, 8.0
"""Points: of labels of nodes, of edges."""
LINE, LINES = 28, 3
"""Characters of a line of a label, and lines; what is longer is cut."""
PADDING, TIGHT, GAP = 0.07, 0.03, 0.12
"""Inches: of a node's label within its box, of an edge's, between boxes."""
REACH = 0.75
"""Inches from a node to the label of its edge, or half of an edge without one, before boxes are pushed apart."""
DPI, PIXELS = 144, 2**15
"""Of a PNG: pixels an inch, fewer where a side would have more than so many pixels."""
COLOURS = ("#cfe3f1", "#f8dcc4", "#d5e8d4", "#e6d7ec", "#f3ecc2", "#f3cfdb", "#dfe3e6", "#cdebe6")
"""Of the kinds of node, in the order in which the graph names them."""


@dataclass(frozen=True)
class Box:
    """A label and its place."""

    key: Hashable
    """A node of the graph, a :class:`Via`, or a :class:`Kind`."""
    label: str
    kind: str | None
    """Of a node; None for the label of an edge, or a node of no kind."""
    layer: float
    """Its column; one that has none is in column 0."""
    size: tuple[float, float] = (0.0, 0.0)
    """Width and height in inches."""
    at: tuple[float, float] = (0.0, 0.0)
    """Its centre, in inches."""


@dataclass(frozen=True)
class Kind:
    """A line of the legend."""

    name: str


@dataclass(frozen=True)
class Via:
    """The place of an edge's label, by the edge's number."""

    edge: int


def draw(graph: nx.MultiDiGraph, path: Path | str, layout: Layout = "spread", title: str = "") -> None:
    """Draw a graph; arrows follow its edges.

    Args:
        graph: nodes may have ``label`` (by default what they are), ``kind`` (its colour, named in the legend) and
            ``layer`` (a number: the column, from the left); edges may have ``label``.
        path: ``.png``, ``.svg`` or ``.html``.
        layout: ``layers``, columns in the order of ``layer``; or ``spread``, near what they are tied to (after Kamada
            and Kawai, 1989: seconds for three hundred nodes and labelled edges, so bound the graph before).
        title: stands above.

    Raises:
        InvalidInput: the suffix is none of these.
        MissingExtra: matplotlib or networkx is not installed.
    """
    path = Path(path)
    check_drawable(path)
    with warnings.catch_warnings():
        # A box stands for a letter that the font has not; whoever reads an SVG has fonts of their own.
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        drawn = figure(graph, layout, title)
        if path.suffix == ".png":
            written = BytesIO()
            drawn.savefig(written, format="png", dpi=min(DPI, PIXELS / max(drawn.get_size_inches())))
            write(path, written.getvalue())
            return
        svg = _svg(drawn)
    write(path, (svg if path.suffix == ".svg" else _page(svg, title)).encode())


def figure(graph: nx.MultiDiGraph, layout: Layout = "spread", title: str = "") -> Figure:
    """The drawing as a figure of matplotlib, whose texts do not overlap; see :func:`draw`."""
    check_installed()
    from matplotlib.figure import Figure

    boxes, lines = _boxes(graph)
    legend = [Box(Kind(kind), _wrapped(kind), kind, 0.0) for kind in _kinds(boxes)]
    heading = [Box("title", _printable(title), None, 0.0)] if title else []
    boxes, legend, heading = (_sized(some) for some in (boxes, legend, heading))
    boxes = _in_layers(boxes, lines) if layout == "layers" else _spread(boxes, lines)
    legend, heading = _beside(boxes, legend, heading)
    colours = {box.kind: COLOURS[place % len(COLOURS)] for place, box in enumerate(legend)}

    everything = [*boxes, *legend, *heading]
    centres, sizes = _arrays(everything)
    low, high = (centres - sizes / 2).min(axis=0) - GAP, (centres + sizes / 2).max(axis=0) + GAP
    drawn = Figure(figsize=tuple(high - low))
    axes = drawn.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    axes.set_axis_off()
    places = {box.key: box for box in boxes}
    for source, via, target in lines:
        _arrow(axes, [places[key] for key in (source, via, target) if key is not None])
    for box in everything:
        _label(axes, box, colours.get(box.kind, "white"), framed=box not in heading)
    return drawn


def check_drawable(path: Path) -> None:
    """Raise where :func:`draw` could not draw to ``path``, whatever the graph."""
    refuse_address(path)
    if path.suffix not in (".png", ".svg", ".html"):
        raise InvalidInput(f"{path}: a drawing is a .png, .svg or .html file")
    check_installed()


def check_installed() -> None:
    """Raise :class:`kg.errors.MissingExtra` where one of the libraries that draw is missing."""
    with extra("view", "a drawing"):
        import matplotlib  # noqa: F401
        import networkx  # noqa: F401


Line = tuple[Hashable, Via | None, Hashable]
"""An edge: its source, its label and its target."""


def _boxes(graph: nx.MultiDiGraph) -> tuple[list[Box], list[Line]]:
    """Labels of nodes, then of edges, and the edges between them; an edge's label is half-way."""
    if not graph:
        raise InvalidInput("an empty graph cannot be drawn")
    nodes = {
        node: Box(node, _wrapped(data.get("label", node)), data.get("kind"), float(data.get("layer", 0)))
        for node, data in graph.nodes(data=True)
    }
    labels: list[Box] = []
    lines: list[Line] = []
    for number, (source, target, data) in enumerate(graph.edges(data=True)):
        via = Via(number) if data.get("label") else None
        if via is not None:
            half = (nodes[source].layer + nodes[target].layer) / 2
            labels.append(Box(via, _wrapped(data["label"]), None, half))
        lines.append((source, via, target))
    return [*nodes.values(), *labels], lines


def _wrapped(label: object) -> str:
    words = _printable(str(label))
    return "\n".join(textwrap.wrap(words, LINE, max_lines=LINES, placeholder=" …")) or " "


def _printable(text: str) -> str:
    """Without what SVG may not hold."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _kinds(boxes: Iterable[Box]) -> list[str]:
    return list(dict.fromkeys(box.kind for box in boxes if box.kind is not None))


def _font(box: Box) -> float:
    return SMALL if isinstance(box.key, Via | Kind) else FONT


def _sized(boxes: list[Box]) -> list[Box]:
    """With the size that each label takes as it is drawn, and its padding."""
    from matplotlib.figure import Figure

    measure = Figure(dpi=DPI)
    found = []
    for box in boxes:
        text = measure.text(0, 0, box.label, fontsize=_font(box), parse_math=False)
        extent = text.get_window_extent()
        padding = 2 * (TIGHT if isinstance(box.key, Via) else PADDING)
        found.append(replace(box, size=(extent.width / DPI + padding, extent.height / DPI + padding)))
    return found


def _arrays(boxes: list[Box]) -> tuple[np.ndarray, np.ndarray]:
    """Centres and sizes, each ``(n, 2)``, in inches."""
    return np.array([box.at for box in boxes]), np.array([box.size for box in boxes])


def _placed(boxes: list[Box], centres: np.ndarray) -> list[Box]:
    return [replace(box, at=(float(x), float(y))) for box, (x, y) in zip(boxes, centres, strict=True)]


def _neighbours(boxes: list[Box], lines: list[Line]) -> list[list[int]]:
    """For each box those that its lines lead to, by their places."""
    places = {box.key: place for place, box in enumerate(boxes)}
    found: list[list[int]] = [[] for _ in boxes]
    for source, via, target in lines:
        stops = [places[key] for key in (source, via, target) if key is not None]
        for one, other in pairwise(stops):
            found[one].append(other)
            found[other].append(one)
    return found


# Layouts -------------------------------------------------------------------------------------------------------------


def _in_layers(boxes: list[Box], lines: list[Line]) -> list[Box]:
    """One column a layer; within it each box as near as may be to the mean height of what it is tied to."""
    centres, sizes = np.zeros((len(boxes), 2)), np.array([box.size for box in boxes])
    ties, layers = _neighbours(boxes, lines), np.array([box.layer for box in boxes])
    columns = [np.flatnonzero(layers == layer) for layer in np.unique(layers)]
    left = 0.0
    for column in columns:
        width = sizes[column, 0].max()
        centres[column, 0] = left + width / 2
        centres[column, 1] = _stacked(-np.arange(len(column), dtype=float), sizes[column, 1])
        left += width + 3 * GAP
    for sweep in (columns, columns[::-1], columns, columns[::-1]):
        for column in sweep:
            wanted = [np.mean(centres[ties[place], 1]) if ties[place] else centres[place, 1] for place in column]
            centres[column, 1] = _stacked(np.array(wanted), sizes[column, 1])
    return _placed(boxes, centres)


def _stacked(wanted: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Heights of boxes in one column: in the order of those wanted, with the same mean, and none on another.

    >>> _stacked(np.array([1.0, 1.0, 5.0]), np.full(3, 1 - GAP)).round(2)
    array([0.67, 1.67, 4.67])
    """
    order = np.argsort(wanted, kind="stable")
    places = np.empty_like(wanted)
    for rank, box in enumerate(order):
        below = order[rank - 1]
        lowest = places[below] + (heights[below] + heights[box]) / 2 + GAP if rank else -np.inf
        places[box] = max(wanted[box], lowest)
    shifted: np.ndarray = places + (wanted - places).mean()
    return shifted


def _spread(boxes: list[Box], lines: list[Line]) -> list[Box]:
    """Distances as on the graph, then pushed apart until no box lies on another."""
    import networkx as nx

    ties = _neighbours(boxes, lines)
    graph = nx.Graph((one, other) for one, others in enumerate(ties) for other in others)
    graph.add_nodes_from(range(len(boxes)))
    reach = dict(nx.all_pairs_shortest_path_length(graph))
    far = 2 + max(max(own.values()) for own in reach.values()) // 2  # between parts that nothing joins
    distances = {one: {other: own.get(other, far) for other in graph} for one, own in reach.items()}
    found = nx.kamada_kawai_layout(graph, dist=distances)
    centres = np.array([found[place] for place in range(len(boxes))])
    return _placed(boxes, _apart(_unit_edges(centres, ties) * REACH, np.array([box.size for box in boxes])))


def _unit_edges(centres: np.ndarray, ties: list[list[int]]) -> np.ndarray:
    """The layout at the scale at which a line is 1 long in the mean."""
    lengths = [np.linalg.norm(centres[one] - centres[other]) for one, others in enumerate(ties) for other in others]
    mean = float(np.mean(lengths)) if lengths else 0.0
    scaled: np.ndarray = centres / mean if mean > 0 else centres
    return scaled


def _apart(centres: np.ndarray, sizes: np.ndarray, rounds: int = 60) -> np.ndarray:
    """Boxes pushed apart, each pair along the axis on which they overlap less, and the whole stretched if need be."""
    centres = centres + 1e-6 * np.arange(len(centres))[:, None]  # two at one place have a direction to part
    room = (sizes[:, None] + sizes[None]) / 2 + GAP
    while True:
        for _ in range(rounds):
            offsets = centres[:, None] - centres[None]
            overlaps = room - np.abs(offsets)
            lying = (overlaps > 1e-6).all(axis=2)
            np.fill_diagonal(lying, val=False)
            if not lying.any():
                return centres
            axis = overlaps.argmin(axis=2)[:, :, None] == np.arange(2)
            push = np.where(lying[:, :, None] & axis, np.sign(offsets) * overlaps / 2, 0.0)
            # The mean of the pushes: their sum would throw far what is pushed from many sides.
            centres = centres + push.sum(axis=1) / np.maximum(1, (push != 0).sum(axis=1)) * 1.01
        centres = 1.15 * centres


def _beside(boxes: list[Box], legend: list[Box], heading: list[Box]) -> tuple[list[Box], list[Box]]:
    """The legend below the drawing, one kind a line, and the title above it; both from its left edge on."""
    centres, sizes = _arrays(boxes)
    left, low = (centres - sizes / 2).min(axis=0)
    high = (centres + sizes / 2).max(axis=0)[1]
    below = []
    for box in legend:
        width, height = box.size
        low -= height + GAP
        below.append(replace(box, at=(left + width / 2, low + height / 2 - GAP)))
    above = [replace(box, at=(left + box.size[0] / 2, high + 2 * GAP + box.size[1] / 2)) for box in heading]
    return below, above


# Ink -----------------------------------------------------------------------------------------------------------------


def _label(axes: Axes, box: Box, colour: str, *, framed: bool) -> None:
    from matplotlib.patches import FancyBboxPatch

    (x, y), (width, height) = box.at, box.size
    if framed:
        edge = "none" if isinstance(box.key, Via) else "#5b6770"
        style = f"round,pad=0,rounding_size={PADDING}"
        corner = (x - width / 2, y - height / 2)
        axes.add_patch(FancyBboxPatch(corner, width, height, style, fc=colour, ec=edge, lw=0.8, zorder=2))
    axes.text(x, y, box.label, fontsize=_font(box), ha="center", va="center", parse_math=False, zorder=3)


def _arrow(axes: Axes, stops: list[Box]) -> None:
    """A line from box to box, with its head at the border of the last."""
    for one, other in pairwise(stops):
        end = _border(other, one) if other is stops[-1] else other.at
        style = "-|>" if other is stops[-1] else "-"
        arrow = {"arrowstyle": style, "color": "#5b6770", "lw": 0.9, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", end, one.at, arrowprops=arrow, zorder=1)


def _border(box: Box, seen_from: Box) -> tuple[float, float]:
    """Where the line between two centres enters the first box."""
    (x, y), (width, height) = box.at, box.size
    across, up = seen_from.at[0] - x, seen_from.at[1] - y
    share = min(width / 2 / max(abs(across), 1e-9), height / 2 / max(abs(up), 1e-9), 1.0)
    return x + share * across, y + share * up


def _svg(drawn: Figure) -> str:
    """Text stays text, which can be searched and copied, and the same graph makes the same file.

    It names no definition on the net, which some readers would fetch.
    """
    import matplotlib as mpl

    written = StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "tastegraph"}):
        drawn.savefig(written, format="svg", metadata={"Date": None})
    head, _, element = written.getvalue().partition("<!DOCTYPE svg")
    return head + element[element.index("<svg") :]


def _page(svg: str, title: str) -> str:
    """A page around a drawing, without what stands before the element ``svg``."""
    heading = escape(_printable(title) or "A graph")
    style = "body{margin:1rem;font-family:sans-serif}svg{max-width:100%;height:auto}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{heading}</title>'
        f"<style>{style}</style></head>\n<body>{svg[svg.index('<svg') :]}</body></html>\n"
    )
