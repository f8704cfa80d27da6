"""``kg``: the knowledge graph by itself, what it covers and what looks wrong in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from recommender.cli import output
from recommender.cli.errors import TYPED
from recommender.cli.evaluate import (
    Items,
    Lengths,
    Links,
    NoRefit,
    ReportFolder,
    Test,
    Train,
    Triples,
    Valid,
    is_about_files,
    on_files,
)
from recommender.cli.parameters import Json, TextModel, Trials, Trust, usage
from recommender.cli.session import Session
from recommender.cli.validate import validate

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
        found = recommender.graph.report(limit)
    if html is not None:
        from recommender.graph_page import page
        from recommender.pages import write

        write(html, page(found).encode())
    if json:
        output.document(found.document())
    else:
        _show(found)
    if html is not None:
        output.note(f"the report is in {html}")


class Protocol(StrEnum):
    """How the graph's events are split."""

    TEMPORAL = "temporal"
    RANDOM = "random"
    LEAVE_LAST = "leave-last"


@app.command()
def evaluate(
    context: typer.Context,
    protocol: Annotated[
        Protocol | None, typer.Option(help="How the graph's events are split.", show_default="temporal")
    ] = None,
    k: Lengths = None,
    model: Annotated[str, typer.Option(metavar="NAME", help="The model that is given the graph.")] = "hybrid",
    budget: Annotated[
        float | None,
        typer.Option(min=0, metavar="SECONDS", help="How long each of the four may take; default: no limit."),
    ] = None,
    trials: Trials = None,
    train: Train = None,
    valid: Valid = None,
    test: Test = None,
    kg: Triples = None,
    link: Links = None,
    items: Items = None,
    no_refit: NoRefit = False,
    trust: Trust = False,
    out: ReportFolder = None,
    text_model: TextModel = None,
    json: Json = False,
) -> None:
    """Whether the graph helps: with it, without it, shuffled, and on interactions only.

    One model, tuned four times under the same budget. A shuffled graph keeps all
    relations and the number of edges of every node, and says nothing true.

    \b
    Examples:
      tastegraph kg evaluate --budget 60
      tastegraph kg evaluate --train train.txt --test test.txt --kg kg.txt --link link.txt
    """
    files = {"train": train, "valid": valid, "test": test, "kg": kg, "link": link, "items": items}
    from_files = is_about_files(files, protocol, no_refit)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)  # what cannot be made is an error now, not after an hour
    if budget is not None and trials is not None:
        raise usage("--trials repeats what a budget once allowed; it goes without --budget")
    options: dict[str, Any] = {
        "model": model,
        "ks": tuple(dict.fromkeys(k or (10, 20))),
        "budget": budget,
        "trials": trials,
    }
    session = Session.of(context)
    if from_files:
        from recommender.evaluation.knowledge import graph_on_files

        found = on_files(graph_on_files, session, files, text_model, trust=trust, refit=not no_refit, **options)
    else:
        with session.open(compute=True, text_model=text_model) as recommender:
            found = recommender.graph.evaluate(protocol=(protocol or Protocol.TEMPORAL).value, **options)
    found = replace(found, report=replace(found.report, command=context.meta[TYPED]))
    if json:
        output.document(found.document())
    else:
        found.print(output.console())
    if out is not None:
        found.report.write(out)
        output.note(f"report.html, report.json, figures.parquet and groups.parquet are in {out}")


@app.command()
def show(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="USER|ITEM|ENTITY", show_default=False)],
    out: Annotated[Path, typer.Option(dir_okay=False, metavar="FILE", help="A .png, .svg or .html file.")],
    label: Annotated[
        str | None, typer.Option(metavar="LABEL", help="User, Item, Entity, ...; default: the first that has this id.")
    ] = None,
    hops: Annotated[int, typer.Option(min=1, metavar="N", help="Edges from the middle at most.")] = 1,
    nodes: Annotated[int, typer.Option(min=2, max=300, metavar="N", help="Nodes at most.")] = 60,
    relation: Annotated[
        list[str] | None, typer.Option(metavar="TYPE", help="Follow only these edges; may be repeated.")
    ] = None,
    json: Json = False,
) -> None:
    """Draw what lies around a person, an item or an entity.

    \b
    Examples:
      tastegraph kg show alice --out alice.svg
      tastegraph kg show B00006 --hops 2 --relation HAS_BRAND --out brand.html
    """
    from recommender.neighbourhood import draw_neighbourhood

    with Session.of(context).open() as recommender:
        found = recommender.graph.neighbourhood(id, label, hops=hops, max_nodes=nodes, relations=relation or ())
    draw_neighbourhood(found, out)
    counts = {"nodes": len(found), "edges": found.number_of_edges(), "complete": found.graph["complete"]}
    if json:
        output.document({"file": str(out), **counts})
    else:
        output.facts(counts, title=f"drawn in {out}")


@app.command()
def mentions(
    context: typer.Context,
    margin: Annotated[
        float,
        typer.Option(min=0, max=2, metavar="COSINE", help="Least that decides an ambiguous name; higher links fewer."),
    ] = 0.1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Find them, and leave the graph as it is.")] = False,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, metavar="FILE", help="Write every mention here, as JSON lines.")
    ] = None,
    text_model: TextModel = None,
    json: Json = False,
) -> None:
    """Find known names in texts and reviews, and link them as MENTIONS.

    Names are those of entities (brands, people, attribute values) and titles of
    items. Links that were made before are replaced.

    \b
    Examples:
      tastegraph kg mentions --dry-run --out mentions.jsonl
      tastegraph kg mentions
    """
    with Session.of(context).open(compute=True, text_model=text_model) as recommender:
        found, summary = recommender.graph.mentions(margin=margin, dry_run=dry_run)
    if out is not None:
        from recommender.pages import write

        write(out, b"".join(orjson.dumps(mention) + b"\n" for mention in found))
    if json:
        output.document(summary.to_dict())
    else:
        output.facts(summary.to_dict())


app.command()(validate)


def _show(found: GraphReport) -> None:
    """The report as tables."""
    from recommender.graph_page import coverage_facts, relation_rows

    output.facts(coverage_facts(found))
    if found.relations:
        output.records(relation_rows(found), title="relations")
    if found.hubs:
        columns = ("id", "name", "kind", "degree", "share")
        rows = ([getattr(hub, column) for column in columns] for hub in found.hubs)
        output.table(columns, rows, title="nodes with the most edges")
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
