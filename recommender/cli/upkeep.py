"""``refresh`` and ``status``: bring what is derived from the graph up to date, and say what there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from recommender.cli import output
from recommender.cli.parameters import Json, MemoryLimit, TextModel, Trials, usage
from recommender.cli.session import Session

if TYPE_CHECKING:
    from recommender.refresh.report import RefreshReport


def refresh(
    context: typer.Context,
    budget: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="How long all of it may take. What that gives depends on the machine; --trials makes it again.",
        ),
    ] = None,
    trials: Trials = None,
    only: Annotated[str | None, typer.Option(metavar="STAGE", help="Run this one stage and stop.")] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Read the whole graph and fit everything anew, however little has changed.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Publish even what is worse than the published version.")
    ] = False,
    recommend: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Also write everybody's N best items into the graph.")
    ] = None,
    memory: MemoryLimit = None,
    text_model: TextModel = None,
    json: Json = False,
) -> None:
    """Learn from the graph, and publish the result.

    Goes on where an interrupted refresh stopped; until the end, readers keep the version published before. What is
    clearly worse than that one is kept back.

    \b
    Examples:
      tastegraph refresh --budget 60
      tastegraph refresh --trials tastegraph-data/work/models/VERSION/manifest.json
    """
    if budget is not None and trials is not None:
        raise usage("--trials repeats what a budget once allowed; it goes without --budget")
    session = Session.of(context)
    with session.open(compute=True, text_model=text_model, memory=memory) as recommender:
        report = recommender.refresh(
            budget=session.budget(budget), only=only, full=full, force=force, recommend=recommend, trials=trials
        )
    if json:
        output.document(report)
    else:
        _show(report)


def status(context: typer.Context, json: Json = False) -> None:
    """Count what the graph holds, and name the published model.

    \b
    Example:
      tastegraph status --json
    """
    with Session.of(context).open() as recommender:
        found = recommender.status()
    if json:
        output.document(found)
    else:
        output.facts(found)


def _show(report: RefreshReport) -> None:
    if report.unchanged:
        output.line(f"nothing has changed since {report.version} was published")
        return
    output.table(
        ["stage", "seconds", ""],
        ([stage.stage, stage.seconds, "done before" if stage.resumed else ""] for stage in report.stages),
    )
    for own in report.kinds:
        output.line(str(own))
    figures = [{"model": model["name"], **_headline(model["metrics"])} for model in report.figures.get("models", ())]
    if figures:
        output.records(figures, title="on the test part")
    for one in [] if report.budget else report.figures.get("skipped", ()):
        output.line(f"{one['name']} was skipped: {one['reason']}")
    if report.fit:
        output.line(f"{report.fit} fit: {report.why}")
    if report.budget:
        for part, why in report.budget["left_out"].items():
            output.line(f"{part} was skipped: {why}")
        for part, what in report.budget["shortened"].items():
            output.line(f"{part} had too little time: {what}")
        output.line(f"budget {report.budget['seconds']:g} s, {report.budget['took']:.0f} s taken")
    if report.kept_back:
        output.line(str(report.kept_back))
    elif report.version:
        output.line(f"published {report.version}")


def _headline(metrics: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: metrics.get(name) for name in ("recall@10", "ndcg@10", "mrr@10")}
