"""``kg validate``: whether the knowledge graph, or a file of RDF, keeps to shapes."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from recommender.cli import output
from recommender.cli.errors import FAILED
from recommender.cli.parameters import Json, RdfMap, Trust
from recommender.cli.session import Session


def validate(
    context: typer.Context,
    shapes: Annotated[
        Path,
        typer.Option(exists=True, dir_okay=False, metavar="FILE", help="SHACL shapes, as RDF.", show_default=False),
    ],
    file: Annotated[
        Path | None,
        typer.Argument(
            exists=True, dir_okay=False, metavar="[FILE]", help="RDF; default: the graph, as export writes it."
        ),
    ] = None,
    map: RdfMap = None,
    trust: Trust = False,
    timeout: Annotated[
        float | None,
        typer.Option(
            min=0.1, metavar="SECONDS", help="How long it may take; by default a minute, more for large files."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Check the knowledge graph, or a file of RDF, against SHACL shapes, and list the nodes that fail; exit 1 then.

    \b
    Examples:
      tastegraph kg validate --shapes shapes.ttl
      tastegraph kg validate --shapes shapes.ttl dbpedia.nt.gz
    """
    from kg.knowledge import WholeGraph
    from kg.rdf.mapping_file import read_mapping
    from kg.rdf.shapes import facts_in, validate
    from kg.rdf.write import facts_of
    from kg.readers.stream import trusted

    with ExitStack() as stack:
        if file is not None:
            facts = facts_in(trusted(file, trust))
        else:
            mapping = read_mapping(map) if map else None
            store = stack.enter_context(Session.of(context).open()).store
            facts = facts_of(store, WholeGraph(store), mapping)
        conforms, failures = validate(facts, trusted(shapes, trust), timeout)
    if json:
        output.document({"conforms": conforms, "failures": failures})
    elif failures:
        columns = ("node", "path", "value", "severity", "constraint", "message")
        output.table(columns, ([getattr(own, name) for name in columns] for own in failures))
    if not json:
        output.line("conforms" if conforms else f"does not conform: {len({own.node for own in failures})} nodes fail")
    if not conforms:
        raise typer.Exit(FAILED)
