"""``export``: the graph in the formats of others, one verb a format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from recommender.cli import output
from recommender.cli.parameters import Json, RdfMap, Trust, joined, names
from recommender.cli.session import Session

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)

Out = Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, show_default=False)]


@app.callback()
def export() -> None:
    """Write the graph in the formats of others."""


@app.command()
def rdf(
    context: typer.Context,
    file: Out,
    map: RdfMap = None,
    items: Annotated[
        list[Any] | None,
        typer.Option(parser=names, metavar="ID,...", help="Only these items and what they lead to; may be repeated."),
    ] = None,
    hops: Annotated[int, typer.Option(min=0, metavar="N", help="How far from --items.")] = 1,
    people: Annotated[bool, typer.Option("--people", help="People, what they did and what they wrote, too.")] = False,
    json: Json = False,
) -> None:
    """The graph as RDF: .nt, .ttl, .rdf or .jsonld, also .gz or .zst.

    People, their events and their reviews are personal, and left out without --people.

    \b
    Examples:
      tastegraph export rdf graph.ttl
      tastegraph export rdf part.nt.gz --items m1,m4 --hops 2
      tastegraph export rdf everything.nt.zst --people
    """
    from kg.knowledge import Neighbourhood, WholeGraph
    from kg.people import People
    from kg.rdf.mapping_file import read_mapping
    from kg.rdf.write import export_rdf

    if people and items:
        raise typer.BadParameter("writes everybody; leave --items out", param_hint="--people")
    mapping = read_mapping(map) if map else None
    with Session.of(context).open() as recommender:
        store = recommender.store
        knowledge = Neighbourhood(store, joined(items), hops) if items else WholeGraph(store)
        everybody = People(store) if people else None
        count = export_rdf(store, knowledge, file, mapping, people=everybody, progress=recommender.run.progress)
    left_out = "what a refresh derives" if people else "people, their events and reviews"
    _show({"file": str(file), "statements": count, "left_out": left_out}, json)


@app.command()
def triples(
    context: typer.Context,
    file: Out,
    link: Annotated[
        Path | None, typer.Option(dir_okay=False, metavar="FILE", help="Where item id and entity id go.")
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Leave cells as they are that a spreadsheet would run as formulas.")
    ] = False,
    json: Json = False,
) -> None:
    """The knowledge graph as CSV: head, relation, tail; an item stands as its entity, which --link tells.

    A cell that a spreadsheet would run (it begins with = + - @), ids too, gets an apostrophe in front, and the name of
    its column ' (escaped)' behind it, by which 'ingest' takes the apostrophe off again.

    \b
    Example:
      tastegraph export triples kg.csv --link links.csv
    """
    from kg.flat import export_triples

    with Session.of(context).open() as recommender:
        counts = export_triples(recommender.store, file, link, raw=raw, progress=recommender.run.progress)
    _show({"file": str(file), **counts}, json)


@app.command()
def social(
    context: typer.Context,
    file: Out,
    raw: Annotated[
        bool, typer.Option("--raw", help="Leave cells as they are that a spreadsheet would run as formulas.")
    ] = False,
    json: Json = False,
) -> None:
    """Whom people know, as CSV: from, to, type, weight, at.

    \b
    Example:
      tastegraph export social friends.csv
    """
    from kg.flat import export_social

    with Session.of(context).open() as recommender:
        counts = export_social(recommender.store, file, raw=raw, progress=recommender.run.progress)
    _show({"file": str(file), **counts}, json)


@app.command()
def recbole(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", exists=False, show_default=False)],
    json: Json = False,
) -> None:
    """RecBole's atomic files: .inter, .user, .item, .kg, .link, and .ent with the names of entities.

    \b
    Example:
      tastegraph export recbole my-data
    """
    from kg.flat import export_recbole

    with Session.of(context).open() as recommender:
        counts = export_recbole(recommender.store, folder, progress=recommender.run.progress)
    _show({"folder": str(folder), **counts}, json)


@app.command("neo4j-import")
def neo4j_import(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder; it appears when it is complete.")],
    backup: Annotated[
        Path | None, typer.Option(metavar="FOLDER", exists=True, help="Of a backup, in place of the store.")
    ] = None,
    trust: Trust = False,
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
        written = write_import(Archive(backup, trust=trust), folder, progress=progress)
    else:
        with session.open_store() as store:
            written = write_import(StoreSource(store), folder, progress=progress)
    if json:
        output.document({**written, "command": COMMAND, "folder": str(folder)})
        return
    output.facts(written)
    output.line(f"cd {folder} && {COMMAND}")


def _show(report: dict[str, Any], json: bool) -> None:
    if json:
        output.document(report)
    else:
        output.facts(report)
