"""``adopt``: work on a Neo4j graph that somebody else made, and leave it as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from recommender.cli import output
from recommender.cli.parameters import Json, usage
from recommender.cli.session import Session


def adopt(
    context: typer.Context,
    map: Annotated[
        Path | None, typer.Argument(metavar="MAP.toml", exists=True, dir_okay=False, show_default=False)
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take away all that was added, and nothing else.")] = False,
    json: Json = False,
) -> None:
    """Work on a Neo4j graph with labels, relations and ids of its owner's choosing.

    A map says which label is a person, which an item, which relations are events. Nothing is copied or renamed; what
    is added begins with TG_ or tg_. A wrong map changes nothing; what of the graph cannot be taken is counted and left.
    From then on all verbs work on this graph; each refresh takes in what its owner has changed.

    \b
    Examples:
      tastegraph --store neo4j://host:7687 adopt shop.toml
      tastegraph --store neo4j://host:7687 adopt --remove
    """
    from kg.adoption import Adoption
    from kg.engines import adopted, fitting

    session = Session.of(context)
    if (map is None) != remove:
        raise usage("give either a map, or --remove")
    if map is None:
        counts: dict[str, Any] = adopted.release(session.store, work=session.work)
    else:
        counts = adopted.adopt(Adoption.read(map), session.store, work=session.work)
    if json:
        output.document(counts)
    else:
        warnings = counts.pop("warnings", [])
        output.facts(counts, title="removed" if remove else "found")
        for warning in warnings:
            output.note(f"warning: {fitting.said(warning)}")
