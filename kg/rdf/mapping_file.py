"""Mappings of RDF from TOML.

::

    [prefixes]                          # beside the well-known ones of kg.rdf.terms
    ex = "http://shop.example/terms/"

    [items]                             # a resource is an item when one of these holds
    iri = "http://shop.example/item/{id}"
    class = ["schema:Book"]             # its id is its IRI
    id = "ex:sku"                       # its id is the value of this predicate

    [entities]
    iri = "http://rdf.freebase.com/ns/{id}"

    [people]
    iri = "http://shop.example/customer/{id}"

    [title]                             # also the name of an entity
    predicates = ["rdfs:label", "schema:name"]
    languages = ["en", ""]              # best first; "" is a literal without one

    [text]
    predicates = ["dbo:abstract"]
    languages = ["en"]

    [relations]
    "dbo:author" = "AUTHOR"
    "dbo:notableWork" = { name = "AUTHOR", inverse = true }

    [kinds]                             # of entities
    "dbo:Person" = "person"

    [properties]
    "dbo:numberOfPages" = "pages"
    "dbo:isbn" = { name = "isbn", datatype = "xsd:string" }

    [other]                             # predicates that no section names
    relations = true
    properties = false
    drop = ["dbo:wikiPage*"]
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from kg.alphabets import is_name
from kg.errors import ReadError, RecordError, short
from kg.folders import settings_of
from kg.rdf.mapping import Property, RdfMapping, Relation, Wording, is_free
from kg.rdf.terms import PREFIXES, Pattern, canonical, full, is_iri
from kg.readers.markup import clean_text
from kg.records import clean_kind
from kg.schema import RESERVED

T = TypeVar("T")

MAX_KIND_CHARS = 200
"""Of a kind of entity, which is a word or two."""


def read_mapping(path: Path) -> RdfMapping:
    """The mapping in a TOML file; what it does not mention is as in :class:`RdfMapping`, patterns of ours included.

    Raises:
        ReadError: it cannot be read, has an unknown key, or something in it is not what it should be.
    """
    try:
        return _Reader(settings_of(path)).mapping()
    except OSError as error:
        raise ReadError(str(path), f"cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ReadError(str(path), f"is no TOML: {error}") from error
    except RecordError as error:
        raise ReadError(str(path), f"{error.field}: {error.reason}") from error


class _Reader:
    """One TOML document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        sections = "prefixes items entities people title text relations kinds properties other"
        _known("the file", document, sections.split())
        for name, section in document.items():
            if not isinstance(section, dict):
                raise RecordError(name, "is no section; write [section] above its keys")
        self._document = document
        own = document.get("prefixes", {})
        self._prefixes = PREFIXES | {name: _namespace(f"prefixes: {name}", iri) for name, iri in own.items()}

    def mapping(self) -> RdfMapping:
        default = RdfMapping()
        items, entities = self._section("items", "iri class id"), self._section("entities", "iri")
        people = self._section("people", "iri")
        other = self._section("other", "relations properties drop")
        id = items.get("id")
        return RdfMapping(
            item_iris=(*self._patterns("items", items), *default.item_iris),
            item_classes=frozenset(self._iris("items: class", items.get("class", []))),
            item_id=None if id is None else self._iri("items: id", id),
            entity_iris=(*self._patterns("entities", entities), *default.entity_iris),
            user_iris=(*self._patterns("people", people), *default.user_iris),
            title=self._wording("title", default.title),
            text=self._wording("text", default.text),
            relations=self._named("relations", default.relations, self._relation),
            kinds=dict(default.kinds) | self._by_iri("kinds", _kind),
            properties=self._named("properties", default.properties, self._property),
            other_relations=_flag("other: relations", other.get("relations", default.other_relations)),
            other_properties=_flag("other: properties", other.get("properties", default.other_properties)),
            dropped=(*self._iris("other: drop", other.get("drop", [])), *default.dropped),
        )

    def _section(self, name: str, keys: str) -> Mapping[str, Any]:
        section: Mapping[str, Any] = self._document.get(name, {})
        _known(name, section, keys.split())
        return section

    def _patterns(self, where: str, section: Mapping[str, Any]) -> Iterable[Pattern]:
        where = f"{where}: iri"
        return [Pattern.parse(self._iri(where, text), where) for text in _texts(where, section.get("iri", []))]

    def _wording(self, name: str, default: Wording) -> Wording:
        section = self._section(name, "predicates languages")
        predicates = self._iris(f"{name}: predicates", section.get("predicates", list(default.predicates)))
        where = f"{name}: languages"
        languages = [_language(where, tag) for tag in _texts(where, section.get("languages", list(default.languages)))]
        if not predicates or not languages:
            raise RecordError(name, "needs at least one predicate and one language")
        return Wording(tuple(predicates), tuple(languages))

    def _named(self, name: str, default: Mapping[str, Any], make: Any) -> dict[str, Any]:
        """What the file says goes before the default's, and takes the place of what has the same name there."""
        given = self._by_iri(name, make)
        taken = {own.name for own in given.values()}
        return given | {iri: own for iri, own in default.items() if own.name not in taken and iri not in given}

    def _by_iri(self, name: str, make: Callable[[str, Any], T]) -> dict[str, T]:
        """What a section says of each of its IRIs; ``make`` is told where that stands."""
        given: dict[str, T] = {}
        for key, value in self._document.get(name, {}).items():
            where = f"{name}: {_cut(key) or '(no name)'}"
            iri = self._iri(where, key)
            if iri in given:
                raise RecordError(where, "stands there twice, by its prefix and in full")
            given[iri] = make(where, value)
        return given

    def _relation(self, where: str, value: Any) -> Relation:
        fields = _fields(where, value, ("name", "inverse"))
        name = clean_kind(_text(where, fields["name"]), where)
        if name in RESERVED:
            raise RecordError(where, f"{name} is reserved for the graph's own edges")
        return Relation(name, _flag(where, fields.get("inverse", False)))

    def _property(self, where: str, value: Any) -> Property:
        fields = _fields(where, value, ("name", "datatype", "language"))
        name, datatype = _text(where, fields["name"]), fields.get("datatype")
        if not is_name(name) or not is_free(name):
            raise RecordError(where, f"{short(name)} cannot be the name of a property, or is taken")
        datatype = None if datatype is None else self._iri(where, datatype)
        language = fields.get("language")
        return Property(name, datatype, None if language is None else _language(where, language))

    def _iris(self, where: str, values: Any) -> list[str]:
        return [self._iri(where, text) for text in _texts(where, values)]

    def _iri(self, where: str, text: Any) -> str:
        """A full IRI, or ``prefix:name`` of a known prefix."""
        iri = full(_text(where, text), self._prefixes)
        if is_iri(iri.replace("{id}", "id")):
            return canonical(iri)
        known = ", ".join(sorted({*PREFIXES, *list(self._prefixes)[-20:]}))
        raise RecordError(where, f"{short(text)} is no IRI, nor prefix:name with a prefix of {known}")


def _fields(where: str, value: Any, known: tuple[str, ...]) -> Mapping[str, Any]:
    """``"name"``, or a table with a name."""
    if isinstance(value, str):
        return {"name": value}
    if not isinstance(value, dict) or "name" not in value:
        raise RecordError(where, "needs a name: text, or { name = ... }")
    _known(where, value, known)
    return value


def _known(where: str, given: Iterable[str], known: Iterable[str]) -> None:
    for key in given:
        if key not in known:
            raise RecordError(where, f"{short(key)} is not known; there are {', '.join(known)}")


def _texts(where: str, values: Any) -> list[str]:
    if not isinstance(values, str | list):
        raise RecordError(where, f"{short(values)} is neither text nor a list of texts")
    return [_text(where, value) for value in ([values] if isinstance(values, str) else values)]


def _text(where: str, value: Any) -> str:
    if not isinstance(value, str):
        raise RecordError(where, f"{short(value)} is not text")
    return value


def _namespace(where: str, value: Any) -> str:
    iri = _text(where, value)
    if not is_iri(iri):
        raise RecordError(where, f"{short(iri)} is no IRI")
    return iri


def _kind(where: str, value: Any) -> str:
    """A kind of entity, as it is stored."""
    kind = _text(where, value)
    if not kind or clean_text(kind, where) != kind or len(kind) > MAX_KIND_CHARS:
        raise RecordError(
            where,
            f"{short(kind)} can be no kind of entity: it is empty or has over {MAX_KIND_CHARS} characters, blanks "
            "around it, markup or control characters",
        )
    return kind


def _language(where: str, value: Any) -> str:
    tag = _text(where, value).lower()
    if not re.fullmatch(r"(?:[a-z]{2,8}(?:-[a-z0-9]{1,8})*)?", tag):
        raise RecordError(where, f"{short(value)} is no tag of a language, such as en or de-at")
    return tag


def _flag(where: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise RecordError(where, f"{short(value)} is not true or false")
    return value


def _cut(name: str) -> str:
    """A name for a message, however long it is."""
    return name if len(name) <= 200 else f"{name[:200]}..."
