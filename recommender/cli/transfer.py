"""``backup``, ``restore``, ``copy``, ``migrate``: a whole graph from one place to another, or to this version."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from recommender.cli import output
from recommender.cli.parameters import Json, Trust
from recommender.cli.session import Session


def backup(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder; it appears when it is complete.")],
    json: Json = False,
) -> None:
    """Write the whole graph and its working directory to a folder.

    \b
    Example:
      tastegraph backup saved/monday
    """
    from kg.transfer import backup

    session = Session.of(context)
    with session.open_store() as store:
        manifest = backup(store, folder, progress=not session.quiet)
    _show({"backup": str(folder), **_counts(manifest)}, json)


def restore(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", exists=True, help="What 'tastegraph backup' wrote.")],
    trust: Trust = False,
    json: Json = False,
) -> None:
    """Fill an empty store from a backup, and compare.

    \b
    Example:
      tastegraph --store ./again restore saved/monday
    """
    from kg.transfer import Archive, fill

    session = Session.of(context)
    archive = Archive(folder, trust=trust)
    with session.open_store(create=True) as store:
        filled = fill(store, archive, progress=not session.quiet)
        _show({"store": store.address, **_counts(filled.to_dict())}, json)


def copy(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="FROM", help="A folder, or a Neo4j URL.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="An empty one of either; a folder is made.")],
    json: Json = False,
) -> None:
    """Copy a whole graph from one store into an empty one, of either engine, and compare.

    NEO4J_USERNAME, NEO4J_PASSWORD and NEO4J_DATABASE hold for a server at either end; from one server to another go
    by 'backup' and 'restore'. The working directory goes along; that of a server is --work.

    \b
    Example:
      tastegraph copy ./tastegraph-data neo4j://host:7687
    """
    from kg.connection import is_url
    from kg.engines import open_store
    from kg.folders import local
    from kg.transfer import StoreSource, fill
    from kg.transfer.files import require_apart

    session = Session.of(context)
    if not is_url(source) and not is_url(target):
        require_apart(local(target), local(source))

    def work(place: str) -> Path | None:  # that of a folder lies in it
        return session.work if is_url(place) else None

    with (
        open_store(source, work=work(source), create=False) as old,
        open_store(target, work=work(target)) as new,
    ):
        filled = fill(new, StoreSource(old), progress=not session.quiet)
        _show({"store": new.address, **_counts(filled.to_dict())}, json)


def migrate(context: typer.Context, json: Json = False) -> None:
    """Bring a graph that an older release made to this one's schema; says what it did.

    May be stopped and run again. Take a backup before with the release that made it.

    \b
    Example:
      tastegraph migrate
    """
    from kg import schema
    from kg.migrate import migrate

    with Session.of(context).open_store(check=False) as store:
        done = migrate(store)
    _show({"version": schema.VERSION, "done": done or "nothing: the graph is of this version already"}, json)


def _counts(found: Mapping[str, Any]) -> dict[str, Any]:
    names = ("nodes", "edges", "left_out", "files", "in_utc", "digest", "changed_meanwhile", "versions_left_out")
    return {name: found[name] for name in names if found.get(name)}


def _show(found: Mapping[str, Any], json: bool) -> None:
    if json:
        output.document(found)
    else:
        output.facts(found)
