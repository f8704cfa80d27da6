"""The command itself: global options, and the verbs in the order in which they are used."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from kg.access import narrow_umask
from kg.folders import check_here
from recommender.cli import (
    adopt,
    evaluate,
    export,
    feedback,
    forget,
    ingest,
    inspect,
    kg,
    models,
    query,
    recommend,
    transfer,
    upkeep,
)
from recommender.cli.errors import Verbs
from recommender.cli.hiding import Formatter
from recommender.cli.session import DEFAULT_STORE, Session

app = typer.Typer(
    cls=Verbs,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"tastegraph {version('tastegraph')}")
        raise typer.Exit


@app.callback()
def tastegraph(
    context: typer.Context,
    store: Annotated[
        str,
        typer.Option(envvar="TASTEGRAPH_STORE", metavar="FOLDER|URL", help="The graph: a folder, or a Neo4j URL."),
    ] = DEFAULT_STORE,
    work: Annotated[
        Path | None,
        typer.Option(
            envvar="TASTEGRAPH_WORK",
            file_okay=False,
            metavar="FOLDER",
            help="Vectors, snapshots and model versions; default: inside an embedded store.",
        ),
    ] = None,
    reasons: Annotated[
        Path | None,
        typer.Option(
            envvar="TASTEGRAPH_REASONS",
            exists=True,
            dir_okay=False,
            metavar="FILE.toml",
            help="Which relations reasons may speak of, and how; docs/model.md has one.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bars and no logs.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Logs, and a traceback with an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Recommendations with reasons, from ratings, text and a knowledge graph.

    \b
    A Neo4j server is named by its URL; NEO4J_USERNAME, NEO4J_PASSWORD and
    NEO4J_DATABASE hold the rest. Options of this list stand before the verb:
    \b
      tastegraph ingest events ratings.csv --scale 1:5
      tastegraph refresh
      tastegraph recommend alice -k 5
    """
    check_here()
    _log(debug, quiet)
    narrow_umask()
    context.obj = Session(store=store, work=work, debug=debug, quiet=quiet, reasons=reasons)


def _log(debug: bool, quiet: bool) -> None:
    """Say on stderr what this program does; of other libraries warnings only, or a driver would fill the screen."""
    handler = logging.StreamHandler()
    handler.setFormatter(Formatter("%(message)s"))
    logging.basicConfig(handlers=[handler])
    level = logging.DEBUG if debug else logging.ERROR if quiet else logging.INFO
    for package in ("kg", "text", "gnn", "recommender"):
        logging.getLogger(package).setLevel(level)


app.command()(inspect.inspect)
app.add_typer(ingest.app, name="ingest")
app.command()(adopt.adopt)
app.command()(upkeep.refresh)
app.command()(upkeep.status)
app.command()(recommend.profile)
app.command()(recommend.recommend)
app.command()(recommend.explain)
app.command()(recommend.similar)
app.command()(feedback.feedback)
app.command()(forget.forget)
app.command()(query.cypher)
app.command()(query.query)
app.command()(evaluate.evaluate)
app.add_typer(kg.app, name="kg")
app.add_typer(export.app, name="export")
app.add_typer(models.app, name="models")
app.command()(transfer.backup)
app.command()(transfer.restore)
app.command()(transfer.copy)
app.command()(transfer.migrate)
