"""``kg``: the knowledge graph by itself."""

from __future__ import annotations

import typer

from recommender.cli.validate import validate

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def kg() -> None:
    """Look at the knowledge graph by itself."""


app.command()(validate)
