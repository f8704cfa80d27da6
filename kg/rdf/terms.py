"""Vocabularies, and the IRIs of items and entities: patterns that lead from an id to an IRI and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self
from urllib.parse import unquote

from kg.errors import RecordError, short

OWN = "urn:tastegraph:"
"""Namespace of everything that no public vocabulary has a term for."""
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
XSD = "http://www.w3.org/2001/XMLSchema#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
SCHEMA = "https://schema.org/"
FREEBASE = "http://rdf.freebase.com/ns/"

PREFIXES = {
    "rdf": RDF,
    "rdfs": RDFS,
    "owl": OWL,
    "xsd": XSD,
    "skos": SKOS,
    "schema": SCHEMA,
    "dbo": "http://dbpedia.org/ontology/",
    "dbp": "http://dbpedia.org/property/",
    "dbr": "http://dbpedia.org/resource/",
    "dct": "http://purl.org/dc/terms/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "fb": FREEBASE,
    "tg": OWN,
    "item": f"{OWN}item:",
    "entity": f"{OWN}entity:",
    "user": f"{OWN}user:",
    "event": f"{OWN}event:",
    "relation": f"{OWN}relation:",
    "property": f"{OWN}property:",
}
"""Prefixes that every mapping knows, and that exports declare where they are used."""

TYPE = f"{RDF}type"
STRING = f"{XSD}string"
LANG_STRING = f"{RDF}langString"
KIND = f"{OWN}kind"
"""Predicate of an entity's kind, as text."""
KIND_PREFIX = f"{OWN}kind:"
"""Before the name of a kind of event, which is a resource."""
EVENT_PREFIX = f"{OWN}event:"
"""Before kind and id of an event."""
TIE_PREFIX = f"{OWN}tie:"
"""Before relation and both ends of a tie of which weight or moment is known."""
ITEM_CLASS = f"{OWN}Item"
ENTITY_CLASS = f"{OWN}Entity"
RELATION_PREFIX = f"{OWN}relation:"
PROPERTY_PREFIX = f"{OWN}property:"

BLANK = "_:"
OWN_BLANK = re.compile(r"tg[0-9a-f]{16}-[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
"""Labels of blank nodes that came from a file before; they are unique already and stay as they are."""

# What RFC 3987 lets stand in a path without an escape, of the first plane; all else is written as %XX of its UTF-8.
_PLAIN = r"A-Za-z0-9\-._~\u00A0-\uD7FF\uF900-\uFDCF\uFDF0-\uFFEF"
_ESCAPED = re.compile(f"[^{_PLAIN}]")
_BARE = re.compile(r"[/?#]")
_CHARACTER = rf"(?:[{_PLAIN}\U00010000-\U0001FFFD!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{{2}})"
_HOST = rf"(?:[{_PLAIN}@]|%[0-9A-Fa-f]{{2}})+(?::[0-9]+)?"
_ABSOLUTE = re.compile(
    rf"(?:[A-Za-z][A-Za-z0-9+.-]*://{_HOST}(?:[/?]{_CHARACTER}*)?|urn:{_CHARACTER}+)(?:#{_CHARACTER}*)?"
)


class Fact(NamedTuple):
    """One statement. A resource is its IRI, or ``_:`` and its label."""

    subject: str
    predicate: str
    object: str
    datatype: str | None = None
    """IRI of a literal's datatype; None: the object is a resource."""
    language: str | None = None
    """In lower case."""
    line: int | None = None

    @property
    def size(self) -> int:
        """Characters of its texts and names: what every bound on statements counts."""
        subject, predicate, said, datatype, language, _ = self
        return len(subject) + len(predicate) + len(said) + len(datatype or "") + len(language or "")

    def __str__(self) -> str:
        """As a line of N-Triples, for people: escapes are those of JSON."""
        if self.datatype is None:
            said = _shown(self.object)
        else:
            text = self.object.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
            tag = f"@{self.language}" if self.language else "" if self.datatype == STRING else f"^^<{self.datatype}>"
            said = f'"{text}"{tag}'
        return f"{_shown(self.subject)} {_shown(self.predicate)} {said} ."


@dataclass(frozen=True)
class Pattern:
    """IRIs with an id in them, such as ``http://shop.example/item/{id}``."""

    before: str
    after: str

    @classmethod
    def parse(cls, text: str, where: str = "iri") -> Self:
        """From text with one ``{id}``.

        Raises:
            RecordError: it has none, or is no absolute IRI.
        """
        before, found, after = text.partition("{id}")
        if not found or "{id}" in after or not _ABSOLUTE.fullmatch(f"{before}x{after}"):
            raise RecordError(where, f"{short(text)} is not an absolute IRI with one {{id}} in it")
        return cls(before, after)

    def iri(self, id: str) -> str:
        """The IRI of an id; one that is itself such an IRI stays as it is."""
        return id if self.id(id) == id and is_iri(id) else f"{self.before}{escaped(id)}{self.after}"

    def id(self, iri: str) -> str | None:
        """The id in an IRI; None when it is none of these."""
        end = len(iri) - len(self.after)
        if end <= len(self.before) or not iri.startswith(self.before) or not iri.endswith(self.after):
            return None
        return unescaped(iri[len(self.before) : end], iri)


def full(text: str, prefixes: Mapping[str, str] = PREFIXES) -> str:
    """The IRI of ``prefix:name``; what has no known prefix stays as it is.

    >>> full("dct:title"), full("urn:x")
    ('http://purl.org/dc/terms/title', 'urn:x')
    """
    prefix, _, name = text.partition(":")
    return f"{prefixes[prefix]}{name}" if prefix in prefixes and not name.startswith("//") else text


def expand(names: str) -> tuple[str, ...]:
    """The IRIs of several names with blanks between them."""
    return tuple(map(full, names.split()))


def canonical(iri: str) -> str:
    """schema.org's terms by one scheme: the web uses both."""
    return iri if not iri.startswith("http://schema.org/") else f"https{iri[4:]}"


def escaped(text: str) -> str:
    """Text as it may stand in an IRI.

    >>> escaped("brand:Acme & Söhne")
    'brand%3AAcme%20%26%20Söhne'
    """
    return _ESCAPED.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)


def unescaped(text: str, whole: str) -> str:
    """What was :func:`escaped`; the ``whole`` IRI where that cannot be told, so that no two are taken for one.

    Escapes may be of another encoding than UTF-8, and a bare ``/``, ``?`` or ``#`` is not the escaped one.

    >>> unescaped("a%2Fb", "urn:x:a%2Fb"), unescaped("a/b", "urn:x:a/b"), unescaped("caf%E9", "urn:x:caf%E9")
    ('a/b', 'urn:x:a/b', 'urn:x:caf%E9')
    """
    if _BARE.search(text):
        return whole
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return whole


def is_iri(text: str) -> bool:
    """Whether an id is an absolute IRI with ``//``, or a URN: ``brand:Acme`` is none.

    Some that are, such as those of an IPv6 host, do not count: they are then written as any other id.

    >>> is_iri("http://dbpedia.org/resource/Dune_(novel)"), is_iri("brand:Acme")
    (True, False)
    """
    return _ABSOLUTE.fullmatch(text) is not None


def is_blank(id: str) -> bool:
    """Whether an id is that of a blank node."""
    return id.startswith(BLANK) and OWN_BLANK.fullmatch(id, len(BLANK)) is not None


def local_name(iri: str) -> str:
    """What follows the last ``#``, ``/`` or, in a URN, ``:``.

    >>> local_name("http://dbpedia.org/ontology/Book"), local_name("urn:x:y")
    ('Book', 'y')
    """
    return re.split(r"[/#]" if "://" in iri else r"[/#:]", iri.rstrip("/#"))[-1]


def _shown(resource: str) -> str:
    return resource if resource.startswith(BLANK) else f"<{resource}>"
