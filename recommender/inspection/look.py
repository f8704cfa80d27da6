"""What files hold and how they would be ingested, before anything is: :func:`inspect`.

Each file is read from end to end, in bounded memory: column by column (:mod:`~recommender.inspection.columns`), then as
the records that an ingest would make of it (:mod:`~recommender.inspection.seen`). Which verb reads it is told in
:mod:`~recommender.inspection.verbs`, how files go together in :mod:`~recommender.inspection.overlaps`, and the document
and the command that read them so are made in :mod:`~recommender.inspection.command`.
"""

from __future__ import annotations

import os
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from kg.errors import GraphError, RecordError
from kg.merging import can_be_read_again
from kg.readers import EventMapping
from kg.readers.form import Form
from kg.readers.mapping import mapping_of
from kg.readers.open import open_table
from kg.readers.parts import files_in, is_file
from kg.readers.stream import bare, name_of, trusted
from kg.records import KindRecord, Scale
from recommender.inspection.answer import FileFound, Inspection, Overlap
from recommender.inspection.columns import ColumnFound
from recommender.inspection.command import documented, names_of
from recommender.inspection.file import Look, failed
from recommender.inspection.overlaps import overlaps, tell_people_from_items
from recommender.inspection.pipes import again
from recommender.inspection.times import TimesFound
from recommender.inspection.verbs import LINK, Stated

Inspected = Any
"""A path or a pattern, a frame, a list of paths that are parts of one source, or what else
:func:`kg.readers.open_rows` opens."""


def inspect(
    sources: Inspected | Sequence[Inspected],
    *,
    mapping: EventMapping | Mapping[str, Any] | None = None,
    kind: str | None = None,
    scale: tuple[float, float] | None = None,
    kinds: Iterable[KindRecord] = (),
    form: Form | None = None,
    trust: bool = False,
    progress: bool = False,
) -> Inspection:
    """Look at files or frames from end to end, without a store.

    Of what can be read but once, a pipe or an iterator, the first part is looked at, which is said. Files that have the
    same columns and names that differ in digits alone (``part-0``, ``part-1``) are parts of one source.

    Args:
        sources: a path, a frame or a list of rows; or several of them.
        mapping: what is stated of the columns of events.
        kind: of events that do not say theirs.
        scale: lowest and highest rating.
        kinds: what is declared of kinds of events.
        form: how the files are written.
        trust: read packed files however far they grow.
        progress: show a bar on stderr.

    Raises:
        ReadError: the only file cannot be read; of several, it is said what cannot.
        RecordError: what is stated makes no sense.
    """
    given = list(sources) if _are_several(sources) else [sources]
    limits = None if scale is None else Scale(*scale)
    stated = Stated(mapping_of(EventMapping, mapping) or EventMapping(), kind, limits, tuple(kinds), form or Form())
    with ExitStack() as stack:
        looks = []
        groups = _grouped([trusted(own, trust) for one in given for own in _members(one, stated.form)], stated.form)
        for own in groups:
            try:
                source, sampled = again(own, stack)
                look = Look(source, stated, sampled=sampled)
                look.through(progress)
            except RecordError:
                raise
            except GraphError as error:
                if len(groups) == 1:
                    raise
                look = failed(own, stated, error)
            looks.append(look)
        _number(looks)
        tell_people_from_items(looks, progress)
        _say_links(looks)
        source, folder, command = documented(looks, stated)
        files = tuple(look.found() for look in looks)
    return Inspection(files, tuple(overlaps(looks)), source, command, folder)


def _number(looks: Sequence[Look]) -> None:
    """Frames have no names, and several are told apart by their places."""
    often = Counter(look.name for look in looks)
    for place, look in enumerate(looks, 1):
        if often[look.name] > 1 and not names_of(look.source):
            look.name = f"{look.name} {place}"


def _say_links(looks: Sequence[Look]) -> None:
    """Links are read beside the graph that they lead to, and not without."""
    for look in looks if all(own.holds.verb != "triples" for own in looks) else ():
        if look.holds.verb == LINK:
            command = shlex.join(["tastegraph", "ingest", "links", look.name])
            look.holds = replace(look.holds, guessed=f"names entities of a graph that is ingested before it: {command}")


def _are_several(sources: Any) -> bool:
    """Whether a list is one of sources, and not one of rows."""
    return isinstance(sources, list | tuple) and all(
        is_file(own) or hasattr(own, "columns") or (isinstance(own, list | tuple) and len(own) > 0) for own in sources
    )


def _members(source: Any, form: Form) -> list[Any]:
    """The files of a folder or an archive where they are not parts of one source; else the source alone."""
    files = files_in(os.fspath(source)) if isinstance(source, str | os.PathLike) else []
    columns = {_columns(own, form) for own in files}
    return files if len(columns) > 1 else [source]


def _grouped(given: Sequence[Any], form: Form) -> list[Any]:
    """The sources, files that are parts of one as a list."""
    groups: dict[Any, list[Any]] = {}
    for number, own in enumerate(given):
        groups.setdefault(_family(own) or number, []).append(own)
    found: list[Any] = []
    for group in groups.values():
        alike = len(group) > 1 and len({_columns(own, form) for own in group}) == 1
        found += [group] if alike else group
    return found


def _family(source: Any) -> str | None:
    """What the names of parts of one source share; None where a name has no number."""
    if not is_file(source) or not can_be_read_again(bare(source)):
        return None
    path = Path(name_of(source))
    shared = re.sub(r"\d+", "0", path.name)
    return str(path.parent / shared) if shared != path.name or "0" in shared else None


def _columns(source: Any, form: Form) -> tuple[str, ...] | object:
    """The names of a source's columns; something of its own where it has none."""
    try:
        rows = open_table(source, form)
    except GraphError:
        return object()
    names = tuple(map(str, range(len(rows.columns)))) if rows.begins_with_data else rows.columns
    rows.close()
    return names


__all__ = ["ColumnFound", "FileFound", "Inspection", "Overlap", "TimesFound", "inspect"]
