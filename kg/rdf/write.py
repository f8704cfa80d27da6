"""The graph to statements, and to a file of RDF; people and what they did only where they are asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from kg.errors import StoreError
from kg.extras import extra
from kg.knowledge import Knowledge
from kg.packed import packed, unpacked_suffix
from kg.people import People
from kg.progress import tqdm
from kg.rdf.literals import literal_of
from kg.rdf.mapping import RdfMapping, Wording
from kg.rdf.names import Names
from kg.rdf.people import PeopleWriter
from kg.rdf.terms import (
    BLANK,
    ENTITY_CLASS,
    ITEM_CLASS,
    KIND,
    OWL,
    PREFIXES,
    TYPE,
    Fact,
)
from kg.schema import HIDDEN
from kg.spelling import spellings
from kg.store import Store

if TYPE_CHECKING:
    import pyoxigraph as ox

SUFFIXES = {".nt": "N_TRIPLES", ".ttl": "TURTLE", ".rdf": "RDF_XML", ".xml": "RDF_XML", ".jsonld": "JSON_LD"}
"""Formats by the end of a file's name; ``.gz`` or ``.zst`` may follow."""
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def export_rdf(
    store: Store,
    knowledge: Knowledge,
    path: Path,
    mapping: RdfMapping | None = None,
    *,
    people: People | None = None,
    progress: bool = False,
) -> int:
    """Write a graph to a file, which appears complete or not at all; returns the number of statements.

    Memory grows with the number of links from items to entities.

    Args:
        store: where the graph is.
        knowledge: all of it, or a part, without people.
        path: the format is told from its suffix, see :data:`SUFFIXES`.
        mapping: the one that the graph was made with writes it as it was; by default schema.org's terms and our own.
        people: who is written too, with what they did and wrote; None: nobody.
        progress: show a bar on stderr.

    Raises:
        StoreError: no format has this suffix, the file cannot be written, or RDF/XML cannot hold a text.
        MissingExtra: pyoxigraph is not installed.
    """
    name = SUFFIXES.get(unpacked_suffix(path))
    if name is None:
        raise StoreError(f"{path}: no format of RDF ends so; there are {', '.join(SUFFIXES)}, also with .gz or .zst")
    with extra("rdf", "writing RDF"):
        import pyoxigraph as ox
    to_triple = _triple_maker(ox)
    count = 0

    def triples() -> Iterator[ox.Triple]:
        nonlocal count
        facts = facts_of(store, knowledge, mapping, people)
        for fact in tqdm(facts, "export", unit=" statements", disable=not progress, leave=False):
            if name == "RDF_XML" and _NOT_XML.search(fact.object):
                raise StoreError(f"{path}: RDF/XML cannot hold the control characters of {fact}; write .ttl or .nt")
            count += 1
            yield to_triple(fact)

    with packed(path) as file:
        prefixes = None if name in ("N_TRIPLES", "JSON_LD") else dict(PREFIXES)
        into = cast(IO[bytes], _Returns(file)) if name == "RDF_XML" else file
        ox.serialize(triples(), into, getattr(ox.RdfFormat, name), prefixes=prefixes)
    return count


class _Returns:
    """Writes a carriage return as a reference: every reader of XML takes a plain one for the end of a line."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        self._file.write(bytes(data).replace(b"\r", b"&#13;"))
        return len(data)

    def flush(self) -> None:
        self._file.flush()


def facts_of(
    store: Store, knowledge: Knowledge, mapping: RdfMapping | None = None, people: People | None = None
) -> Iterator[Fact]:
    """Every statement of a graph; without a mapping each node has its class, with one only what needs it."""
    writer = _Writer(store, knowledge, mapping or RdfMapping(), every_class=mapping is None)
    yield from writer.facts()
    if people is not None:
        yield from PeopleWriter(people, writer.names, writer.mapping).facts()


class _Writer:
    """One graph as statements: nodes, then edges."""

    def __init__(self, store: Store, knowledge: Knowledge, mapping: RdfMapping, *, every_class: bool) -> None:
        self._knowledge = knowledge
        self.mapping = mapping
        self._every_class = every_class
        self.names = Names(mapping, knowledge.links(), spellings(store))
        self._classes = {kind: iri for iri, kind in reversed([*mapping.kinds.items()])}

    def facts(self) -> Iterator[Fact]:
        for row in self._knowledge.items():
            yield from self._item(row["id"], row["properties"])
        for row in self._knowledge.entities():
            if row["id"] not in self.names.absorbed:
                yield from self._entity(self.names.of("Entity", row["id"]), row["name"], row["kind"])
        if not self._every_class:
            for label, own in (("Item", ITEM_CLASS), ("Entity", ENTITY_CLASS)):
                for id in self._knowledge.unconnected(label):
                    yield Fact(self.names.of(label, id), TYPE, own)
        for item, entity in self.names.links:
            yield Fact(self.names.of("Item", item), f"{OWL}sameAs", self.names.of("Entity", entity))
        for edge in self._knowledge.edges():
            head = self.names.of(edge.head_label, edge.head)
            tail = self.names.of(edge.tail_label, edge.tail)
            predicate, inverse = self.names.predicate(edge.relation)
            yield Fact(tail, predicate, head) if inverse else Fact(head, predicate, tail)

    def _item(self, id: str, properties: Mapping[str, Any]) -> Iterator[Fact]:
        resource, own = self.names.of("Item", id), self.names.own_entity(id)
        if self.mapping.item_id and own not in (None, id) and self.mapping.node(resource)[0] == "Entity":
            yield literal_of(resource, self.mapping.item_id, id)
        elif own == id or self._every_class:
            classes = self.mapping.item_classes
            yield Fact(resource, TYPE, min(classes) if len(classes) == 1 else ITEM_CLASS)
        yield from _worded(resource, self.mapping.title, properties.get("title"))
        yield from _worded(resource, self.mapping.text, properties.get("text"))
        for name, value in properties.items():
            if name not in ("id", "title", "text") and not name.startswith(HIDDEN) and value is not None:
                yield from self.names.properties(resource, name, value)

    def _entity(self, resource: str, name: str | None, kind: str | None) -> Iterator[Fact]:
        known = self._classes.get(kind or "")
        if known is not None:
            yield Fact(resource, TYPE, known)
        elif self._every_class:
            yield Fact(resource, TYPE, ENTITY_CLASS)
        if kind is not None and known is None:
            yield literal_of(resource, KIND, kind)
        yield from _worded(resource, self.mapping.title, name)


def _worded(resource: str, wording: Wording, text: str | None) -> Iterator[Fact]:
    if text is not None:
        yield literal_of(resource, wording.predicates[0], text, language=wording.language)


def _triple_maker(library: Any) -> Callable[[Fact], ox.Triple]:
    node, blank, literal, triple = library.NamedNode, library.BlankNode, library.Literal, library.Triple

    def resource(term: str) -> Any:
        return blank(term.removeprefix(BLANK)) if term.startswith(BLANK) else node(term)

    def make(fact: Fact) -> ox.Triple:
        if fact.datatype is None:
            said = resource(fact.object)
        elif fact.language:
            said = literal(fact.object, language=fact.language)
        else:
            said = literal(fact.object, datatype=node(fact.datatype))
        made: ox.Triple = triple(resource(fact.subject), node(fact.predicate), said)
        return made

    return make
