"""``kg``: the knowledge graph by itself, what it covers and what looks wrong in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recommender.cli import output
from recommender.cli.parameters import Json
from recommender.cli.session import Session

if TYPE_CHECKING:
    from kg.report import GraphReport

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)

SHOWN = 3
"""Examples of a finding in the table; --json and --html hold all that --limit allows."""


@app.callback()
def kg() -> None:
    """Look at the knowledge graph by itself."""


@app.command()
def report(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=0, metavar="N", help="Nodes that each finding lists at most.")] = 10,
    html: Annotated[
        Path | None, typer.Option(dir_okay=False, metavar="FILE", help="Also write a page of HTML here.")
    ] = None,
    json: Json = False,
) -> None:
    """What the graph covers, and what looks wrong in it.

    \b
    Examples:
      tastegraph kg report
      tastegraph kg report --limit 100 --html report.html
    """
    with Session.of(context).open() as recommender:
        found = recommender.kg_report(limit)
    if html is not None:
        from recommender.graph_page import page

        html.write_text(page(found), encoding="utf-8")
    if json:
        output.document(found.document())
    else:
        _show(found)
    if html is not None:
        output.note(f"the report is in {html}")


def _show(found: GraphReport) -> None:
    """The report as tables."""
    from recommender.graph_page import coverage_facts, relation_rows

    output.facts(coverage_facts(found))
    if found.relations:
        output.records(relation_rows(found), title="relations")
    if found.hubs:
        columns = ("id", "name", "kind", "degree", "share")
        rows = ([getattr(hub, column) for column in columns] for hub in found.hubs)
        output.table(columns, rows, title="entities with the most edges")
    checks = [[check.name, check.count, check.text, _examples(check.examples)] for check in found.findings]
    output.table(["check", "found", "what", "such as"], checks, title="checks")


def _examples(rows: Any) -> str:
    return "; ".join(example(row) for row in rows[:SHOWN])


def example(row: Mapping[str, Any]) -> str:
    """One node of a finding on one line.

    >>> example({"id": "A"}), example({"kind": "brand", "names": ["Boss", "BOSS"]})
    ('A', 'brand Boss, BOSS')
    """
    return " ".join(output.cell(value) for value in row.values() if value is not None)
