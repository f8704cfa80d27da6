"""The document that reads files as they were found, and the one command that ingests them so."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from glob import has_magic
from pathlib import Path
from typing import Any, get_args

from kg.errors import GraphError
from kg.readers.parts import is_file, parts_of
from kg.readers.recbole import atomic_files
from kg.readers.stream import bare, name_of
from recommender.inspection.file import Look
from recommender.inspection.pipes import LaidAside
from recommender.inspection.verbs import LINK, Stated, table_of
from recommender.sources.document import Kind, Source, Table, Verb
from recommender.sources.writing import command_of

LAST = ("social", "triples", "lists", "amazon-reviews", "events")
ORDER: tuple[str, ...] = ("entities", "amazon-items", *(own for own in get_args(Verb) if own not in LAST), *LAST)
"""Of what is read: items and people come before what was done with them."""
DOCUMENT = "tastegraph-source.toml"
"""The document of a command, where options cannot say what it says."""


def documented(looks: Sequence[Look], stated: Stated) -> tuple[Source | None, str, str]:
    """The document, the folder of its files, and the command; None and the empty text where there is none.

    No document names a pipe.
    """
    read = sorted((own for own in looks if own.table is not None), key=lambda own: ORDER.index(own.holds.verb or ""))
    if not read:
        return None, ".", ""
    links = [name_of(bare(own.source)) for own in looks if own.holds.verb == LINK and is_file(own.source)]
    folder = _folder([*(name for look in read for name in names_of(look.source)), *links])
    tables = [_linked(_named(look, folder), links, folder) for look in read]
    source = Source(tuple(tables), kinds=_kinds(stated))
    command = _command(read, tables, source, links, looks, stated, folder)
    lasting = tuple(table for look, table in zip(read, tables, strict=True) if not _is_pipe(look))
    return replace(source, table=lasting) if lasting else None, str(folder), command


def names_of(source: Any) -> list[str]:
    """The files of a source, or its pattern, as arguments; nothing of what is no file."""
    if isinstance(source, list | tuple):
        return [name for own in source for name in names_of(own)] if source and all(map(is_file, source)) else []
    return [name_of(source)] if is_file(source) else []


# --- The document


def _named(look: Look, folder: Path) -> Table:
    """A table with the names of its files within the folder."""
    assert look.table is not None
    join = tuple(_join_within(own, folder) for own in look.table.join)
    names = names_of(look.source)
    if len(names) == 1 and has_magic(names[0]) and not os.path.lexists(names[0]):
        return replace(look.table, files=(_within(names[0], folder),), together=True, join=join)
    if len(names) != 1 or os.path.isdir(names[0]):
        names = [name_of(own) for own in parts_of(look.source)] if names else [look.name]
    files = tuple(_escaped(_within(name, folder)) for name in names)
    return replace(look.table, files=files, together=len(files) > 1, join=join)


def _linked(table: Table, links: Sequence[str], folder: Path) -> Table:
    """A table of triples with what links items to its entities."""
    linked = table.verb == "triples" and links
    return replace(table, link=_escaped(_within(links[0], folder))) if linked else table


def _kinds(stated: Stated) -> dict[str, Kind]:
    kinds: dict[str, Kind] = {}
    for own in stated.kinds:
        before = kinds.get(own.kind, Kind())
        kinds[own.kind] = Kind(own.meaning or before.meaning, before.weight if own.weight is None else own.weight)
    return kinds


def _folder(names: Sequence[str]) -> Path:
    """Where all of these files are, as far as they are files."""
    parents = {str(Path(name).absolute().parent) for name in names}
    while any(has_magic(own) and not os.path.exists(own) for own in parents):
        parents = {str(Path(own).parent) if has_magic(own) and not os.path.exists(own) else own for own in parents}
    return Path(os.path.commonpath(parents)) if parents else Path()


def _within(name: str, folder: Path) -> str:
    with suppress(ValueError):
        return Path(name).absolute().relative_to(folder).as_posix()
    return name


def _join_within(join: str, folder: Path) -> str:
    file, _, columns = join.rpartition(":")
    return f"{_escaped(_within(file, folder))}:{columns}"


def _escaped(name: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)


# --- The command


def _command(
    read: Sequence[Look],
    tables: Sequence[Table],
    source: Source,
    links: Sequence[str],
    looks: Sequence[Look],
    stated: Stated,
    folder: Path,
) -> str:
    if not all(names_of(look.source) for look in read):  # frames
        return ""
    amazon = [look for look in read if str(look.holds.verb).startswith("amazon")]
    commands = [_of_amazon(amazon)] if amazon else []
    for look, table in zip(read, tables, strict=True):
        if look in amazon:
            continue
        as_given = replace(table, link=links[0] if table.link else None, join=look.table.join if look.table else ())
        commands.append(command_of(as_given, source, *names_of(look.source)))
    if all(commands):
        return " && ".join(commands)
    return _of_recbole(looks, folder) or _of_document(read, looks, stated, folder)


def _of_amazon(looks: Sequence[Look]) -> str:
    """One command for reviews and items, where there is one file of reviews and no more than one of items."""
    words = ["tastegraph", "ingest", "amazon"]
    options = {"amazon-reviews": "--reviews", "amazon-items": "--items"}
    verbs = [str(look.holds.verb) for look in looks]
    files = [names_of(look.source) for look in looks]
    if verbs.count("amazon-reviews") != 1 or len(set(verbs)) < len(verbs) or any(len(own) > 1 for own in files):
        return ""
    for verb, (name,) in zip(verbs, files, strict=True):
        words += [options[verb], name]
    return shlex.join(words)


def _of_recbole(looks: Sequence[Look], folder: Path) -> str:
    """One command for all atomic files of a folder, where all were looked at."""
    given = {Path(name).absolute() for look in looks for name in names_of(look.source)}
    with suppress(GraphError, OSError):
        if given == {Path(str(own)).absolute() for own in atomic_files(folder)}:
            return shlex.join(["tastegraph", "ingest", "recbole", str(folder)])
    return ""


def _of_document(read: Sequence[Look], looks: Sequence[Look], stated: Stated, folder: Path) -> str:
    """The document written, and read."""
    said = table_of("events", stated)
    options = command_of(
        replace(said, map=_stated_map(stated), kind=stated.kind, scale=stated.limits),
        Source((said,), kinds=_kinds(stated)),
    )
    if not options or stated.mapping.context or any(map(_is_pipe, read)):
        return ""
    files = [name for look in looks for name in names_of(look.source)]
    inspected = ["tastegraph", "inspect", *(f"./{own}" if own.startswith("-") else own for own in files)]
    words = [*inspected, *shlex.split(options)[3:], "--out", DOCUMENT]
    return f"{shlex.join(words)} && {shlex.join(['tastegraph', 'ingest', 'source', DOCUMENT, str(folder)])}"


def _is_pipe(look: Look) -> bool:
    """Whether it is gone when it has been looked at, so that no document can name it."""
    return isinstance(look.source, LaidAside)


def _stated_map(stated: Stated) -> dict[str, str]:
    roles = {own: getattr(stated.mapping, own) for own in stated.mapping.__dataclass_fields__ if own != "context"}
    return {role: column for role, column in roles.items() if column is not None}
