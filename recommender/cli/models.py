"""``models``: the published versions, going back to one, and removing old ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from recommender.cli import output
from recommender.cli.parameters import Json
from recommender.cli.session import Session

app = typer.Typer(rich_markup_mode=None, invoke_without_command=True)


@app.callback()
def models(context: typer.Context, json: Json = False) -> None:
    """List published versions, roll back, prune.

    \b
    Examples:
      tastegraph models
      tastegraph models rollback
      tastegraph models prune --keep 2
    """
    if context.invoked_subcommand is None:
        list_versions(context, json)


@app.command("list")
def list_versions(context: typer.Context, json: Json = False) -> None:
    """List the versions with their figures.

    \b
    Example:
      tastegraph models list --json
    """
    with Session.of(context).open() as recommender:
        versions = [dict(version) for version in recommender.models.all()]
    if json:
        output.document(versions)
    elif versions:
        output.records(versions)
    else:
        output.line("nothing is published yet; run 'tastegraph refresh' first")


@app.command()
def rollback(
    context: typer.Context,
    version: Annotated[
        str | None, typer.Argument(metavar="VERSION", help="Default: the one before.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Publish an older version again.

    \b
    Example:
      tastegraph models rollback
    """
    with Session.of(context).open() as recommender:
        published = recommender.models.rollback(version)
    _done({"published": published}, json)


@app.command()
def prune(
    context: typer.Context,
    keep: Annotated[int, typer.Option(min=1, metavar="N", help="How many stay; the published one always does.")] = 3,
    json: Json = False,
) -> None:
    """Remove old versions from the working directory.

    \b
    Example:
      tastegraph models prune --keep 2
    """
    with Session.of(context).open() as recommender:
        removed = recommender.models.prune(keep=keep)
    _done({"removed": removed}, json)


@app.command()
def vectors(context: typer.Context, json: Json = False) -> None:
    """Write the vectors of the published version's items to the graph, in place of another version's.

    \b
    Example:
      tastegraph models vectors
    """
    with Session.of(context).open() as recommender:
        written = recommender.graph.write_item_vectors()
    _done({"vectors": written}, json)


def _done(done: Mapping[str, Any], json: bool) -> None:
    if json:
        output.document(done)
    else:
        output.facts(done)
