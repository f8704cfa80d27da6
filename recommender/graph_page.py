"""The report on a knowledge graph as people read it: rows of tables, and one page of HTML that fetches nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kg.report import GraphReport
from recommender.pages import render

ENDS = 3
"""Kinds of head or tail that a row names; the rest is counted."""


def page(report: GraphReport) -> str:
    """The page."""
    values = {"report": report, "facts": coverage_facts(report), "relations": relation_rows(report)}
    return render(__package__, "graph.html.j2", values)


def coverage_facts(report: GraphReport) -> dict[str, str]:
    """Counts and coverage, name by name."""
    coverage, counts = report.coverage, report.counts
    spread = ", ".join(f"{name} {value:.4g}" for name, value in coverage.entities_per_item.items())
    return {
        **{name.replace("_", " "): f"{count:,}" for name, count in counts.items()},
        "items with an entity": part(coverage.linked, coverage.items),
        "items met with an entity": part(coverage.met_linked, coverage.met),
        "events on such items": part(coverage.events_linked, coverage.events),
        "entities per item": spread if coverage.items else "no items",
    }


def part(some: int, total: int) -> str:
    """A count, and its share of all.

    >>> part(1, 4), part(0, 0)
    ('1 of 4 (25.0 %)', '0 of 0')
    """
    return f"{some:,} of {total:,} ({100 * some / total:.1f} %)" if total else f"{some:,} of {total:,}"


def relation_rows(report: GraphReport) -> list[dict[str, Any]]:
    """One row a relation."""
    return [
        {
            "relation": row.relation,
            "edges": row.edges,
            "heads": row.heads,
            "tails": row.tails,
            "from": ends(row.domain),
            "to": ends(row.range),
            "items": f"{100 * row.share:.1f} %",
        }
        for row in report.relations
    ]


def ends(kinds: Mapping[str, int]) -> str:
    """What the heads or the tails of a relation are, the most frequent first, with shares where they differ.

    >>> ends({"Item": 4}), ends({"Item": 3, "brand": 1})
    ('Item', 'Item 75 %, brand 25 %')
    """
    total = sum(kinds.values())
    if len(kinds) == 1:
        return next(iter(kinds))
    said = [f"{name} {100 * count / total:.0f} %" for name, count in list(kinds.items())[:ENDS]]
    return ", ".join([*said, f"{len(kinds) - ENDS} more"] if len(kinds) > ENDS else said)
