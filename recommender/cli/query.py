"""``cypher`` and ``query``: read the graph in its own language, freely or by a named query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from recommender.cli import output
from recommender.cli.parameters import Json, Param, unique, usage
from recommender.cli.session import Session

if TYPE_CHECKING:
    from kg.store import Result


def cypher(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="QUERY", show_default=False)],
    param: Param = None,
    json: Json = False,
) -> None:
    """Run a Cypher query that only reads.

    The engine decides whether it does, before anything is run.

    \b
    Example:
      tastegraph cypher 'MATCH (u:User {id: $user})-[r]->(i:Item) RETURN type(r), i.title LIMIT 5' --param user=alice
    """
    values = unique(param, "--param")
    with Session.of(context).open() as recommender:
        result = recommender.cypher(text, **values)
    _show(result, json)


def query(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", show_default=False)] = None,
    param: Param = None,
    json: Json = False,
) -> None:
    """Run a named query, or list them with their parameters.

    \b
    Examples:
      tastegraph query
      tastegraph query user_events --param user=alice
    """
    values = unique(param, "--param")
    if name is None:
        if values:
            raise usage("--param needs the name of a query")
        _catalogue(json)
        return
    with Session.of(context).open() as recommender:
        result = recommender.query(name, **values)
    _show(result, json)


def _show(result: Result, json: bool) -> None:
    if json:
        output.document({"columns": result.columns, "rows": result.rows})
    else:
        output.table(result.columns, result.rows)


def _catalogue(json: bool) -> None:
    """The named queries; they are files of this program, so that no store is needed to list them."""
    from kg.queries import catalogue

    rows = [[query.name, list(query.parameters), query.summary] for query in catalogue()]
    if json:
        output.document({"columns": ["name", "parameters", "summary"], "rows": rows})
    else:
        output.table(["name", "parameters", "summary"], rows)
