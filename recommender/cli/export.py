"""``export``: the graph in forms that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recommender.cli import output
from recommender.cli.parameters import Json
from recommender.cli.session import Session

app = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="Write the graph in forms that other programs read."
)


@app.callback()
def export() -> None:
    """Write the graph in forms that other programs read."""


@app.command("neo4j-import")
def neo4j_import(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder; it appears when it is complete.")],
    backup: Annotated[
        Path | None, typer.Option(metavar="FOLDER", exists=True, help="Of a backup, in place of the store.")
    ] = None,
    json: Json = False,
) -> None:
    """Write files for 'neo4j-admin database import full', and say the command.

    For first loads of tens of millions of events: ingest them into an embedded store, export, and let Neo4j read the
    files, which it does much faster than any client could write to it.

    \b
    Example:
      tastegraph export neo4j-import ./files
    """
    from kg.neo4j_import import COMMAND, write_import
    from kg.transfer import Archive, StoreSource

    session = Session.of(context)
    progress = not session.quiet
    if backup is not None:
        written = write_import(Archive(backup), folder, progress=progress)
    else:
        with session.open_store() as store:
            written = write_import(StoreSource(store), folder, progress=progress)
    if json:
        output.document({**written, "command": COMMAND, "folder": str(folder)})
        return
    output.facts(written)
    output.line(f"cd {folder} && {COMMAND}")
