"""Knowledge graphs from whatever holds them: RDF, or tables of triples and links."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain
from typing import Any, cast

from kg.rdf.files import sniff_rdf
from kg.rdf.mapping import RdfMapping
from kg.rdf.read import read_rdf
from kg.readers.form import Form
from kg.readers.open import Source
from kg.readers.parts import is_file
from kg.readers.stream import FileSource, LineStream, bare
from kg.readers.triples import read_links, read_triples
from kg.records import Record, Reject


def read_knowledge(
    source: Source | None,
    links: Source | None = None,
    mapping: RdfMapping | None = None,
    *,
    form: Form | None = None,
    link_form: Form | None = None,
    progress: bool = False,
) -> Iterator[Record | Reject]:
    """Triples with all that RDF says beside them, and links from items to entities.

    Args:
        source: a file of RDF (:func:`kg.rdf.read.read_rdf`), or anything that :func:`kg.readers.triples.read_triples`
            takes; None for links alone. A pipe is RDF when there is a mapping.
        links: item id, entity id (:func:`kg.readers.triples.read_links`).
        mapping: what the predicates of RDF mean.
        form: how a table of triples is written; RDF says that itself.
        link_form: likewise the links.
        progress: show a bar on stderr while RDF is read.

    Raises:
        ReadError: a source cannot be read (any further).
        RecordError: a form states what says nothing of it.
        MissingExtra: RDF, and its parser is not installed.
    """
    linked = read_links(links, form=link_form) if links is not None else iter(())
    if source is None:
        yield from linked
    elif mapping is not None or is_rdf(source):
        (form or Form()).must_suit("RDF")
        yield from read_rdf(cast(FileSource, source), mapping, linked, progress=progress)
    else:
        yield from chain(read_triples(source, form=form), linked)


def is_rdf(source: Any) -> bool:
    """Whether a source is a file of RDF, told by its first bytes; a pipe is not touched."""
    if not is_file(source):
        return False
    file = bare(source)
    if isinstance(file, str | os.PathLike) and not os.path.isfile(file):
        return False
    stream = LineStream(source, None)
    try:
        return sniff_rdf(stream.head) is not None
    finally:
        stream.close()
