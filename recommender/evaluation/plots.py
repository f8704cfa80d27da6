"""The drawings of the evaluation page, as SVG text: bars with intervals, and lines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from recommender.evaluation.significance import Interval

COLOURS = ("#0b6e99", "#c2571a", "#3a7d44", "#8a4f9e", "#a08020", "#b03a5b", "#5b6770", "#2a9d8f")
"""Of the models, in their order; told apart with colour-blind eyes and on dark ground as well."""
WIDTH, LABEL, ROW = 700, 150, 26
"""Pixels: of a drawing, of the names on its left, of a row."""
HEIGHT = 240
"""Pixels of a drawing of lines, without its names."""


def intervals(models: Sequence[tuple[str, Interval]]) -> str:
    """A bar for each mean, with its interval; what has no value has no bar."""
    known = [value.high for _, value in models if math.isfinite(value.high)]
    unit = (WIDTH - LABEL - 70) / (max(known, default=1.0) or 1.0)
    shapes = []
    for row, (name, value) in enumerate(models):
        top = row * ROW
        shapes.append(_text(LABEL - 8, top + 17, name, "end"))
        if not math.isfinite(value.mean):
            continue
        end, low, high = (LABEL + unit * number for number in (value.mean, value.low, value.high))
        shapes += [
            f'<rect x="{LABEL}" y="{top + 4}" width="{end - LABEL:.1f}" height="18" fill="{_colour(row)}"/>',
            f'<path d="M{low:.1f} {top + 13}H{high:.1f}M{low:.1f} {top + 8}v10M{high:.1f} {top + 8}v10" '
            'stroke="currentColor"/>',
            _text(high + 6, top + 17, f"{value.mean:.4f}"),
        ]
    return _svg(max(1, len(models)) * ROW, shapes)


def lines(series: Mapping[str, Sequence[tuple[str, float]]]) -> str:
    """A line for each model over the same named places, from 0 upwards; a value that does not exist leaves a gap."""
    places = list(dict.fromkeys(name for points in series.values() for name, _ in points))
    known = [value for points in series.values() for _, value in points if math.isfinite(value)]
    left, top = 50.0, 10.0
    step = (WIDTH - left - 40) / max(1, len(places) - 1) if len(places) > 1 else 0.0
    most = max(known, default=1.0) or 1.0

    def height(value: float) -> float:
        return top + (HEIGHT - 50) * (1 - value / most)

    shapes = []
    for share in (0.0, 0.5, 1.0):
        y = height(share * most)
        shapes += [
            f'<path d="M{left} {y:.1f}H{WIDTH}" stroke="currentColor" opacity=".15"/>',
            _text(left - 6, y + 4, f"{share * most:.3f}", "end"),
        ]
    for column, name in enumerate(places):
        anchor = "start" if column == 0 else "end" if column == len(places) - 1 else "middle"
        shapes.append(_text(left + column * step, HEIGHT - 18, name, anchor))
    for row, (model, points) in enumerate(series.items()):
        values = dict(points)
        dots, path, pen = "", "", "M"
        for column, name in enumerate(places):
            if not math.isfinite(values.get(name, math.nan)):
                pen = "M"
                continue
            x, y = left + column * step, height(values[name])
            dots += f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
            path, pen = f"{path}{pen}{x:.1f} {y:.1f}", "L"
        line = f'<path d="{path}" fill="none" stroke="{_colour(row)}" stroke-width="2"/>'
        shapes.append(f'<g fill="{_colour(row)}"><title>{escape(model)}</title>{line}{dots}</g>')
        x, y = left + (row % 5) * 130, HEIGHT + 18 * (row // 5)
        shapes += [f'<rect x="{x}" y="{y - 9}" width="10" height="10" fill="{_colour(row)}"/>', _text(x + 15, y, model)]
    return _svg(HEIGHT + 8 + 18 * (max(1, len(series)) - 1) // 5, shapes)


def _colour(row: int) -> str:
    return COLOURS[row % len(COLOURS)]


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(height: float, shapes: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img">{"".join(shapes)}</svg>'
