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
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kg.errors import ReadError, RecordError
from kg.folders import settings_of
from kg.rdf.mapping import Property, RdfMapping, Relation, Wording, is_free
from kg.rdf.terms import PREFIXES, Pattern, canonical, full, is_iri
from kg.records import KIND_PATTERN, clean_kind
from kg.schema import RESERVED


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
        self._prefixes = PREFIXES | {name: _text("prefixes", iri) for name, iri in document.get("prefixes", {}).items()}

    def mapping(self) -> RdfMapping:
        default = RdfMapping()
        items, entities = self._section("items", "iri class id"), self._section("entities", "iri")
        people = self._section("people", "iri")
        other = self._section("other", "relations properties drop")
        id = items.get("id")
        return RdfMapping(
            item_iris=(*self._patterns("items", items), *default.item_iris),
            item_classes=frozenset(self._iris("items", items.get("class", ()))),
            item_id=None if id is None else self._iri("items", id),
            entity_iris=(*self._patterns("entities", entities), *default.entity_iris),
            user_iris=(*self._patterns("people", people), *default.user_iris),
            title=self._wording("title", default.title),
            text=self._wording("text", default.text),
            relations=self._named("relations", default.relations, self._relation),
            kinds=dict(default.kinds)
            | {self._iri("kinds", key): _text("kinds", kind) for key, kind in self._document.get("kinds", {}).items()},
            properties=self._named("properties", default.properties, self._property),
            other_relations=_flag("other", other.get("relations", default.other_relations)),
            other_properties=_flag("other", other.get("properties", default.other_properties)),
            dropped=(*self._iris("other", other.get("drop", ())), *default.dropped),
        )

    def _section(self, name: str, keys: str) -> Mapping[str, Any]:
        section: Mapping[str, Any] = self._document.get(name, {})
        _known(f"[{name}]", section, keys.split())
        return section

    def _patterns(self, where: str, section: Mapping[str, Any]) -> Iterable[Pattern]:
        return [Pattern.parse(self._iri(where, text)) for text in _texts(where, section.get("iri", ()))]

    def _wording(self, name: str, default: Wording) -> Wording:
        section = self._section(name, "predicates languages")
        predicates = self._iris(name, section.get("predicates", default.predicates))
        languages = [_language(name, tag) for tag in _texts(name, section.get("languages", default.languages))]
        if not predicates or not languages:
            raise RecordError(name, "needs at least one predicate and one language")
        return Wording(tuple(predicates), tuple(languages))

    def _named(self, name: str, default: Mapping[str, Any], make: Any) -> dict[str, Any]:
        """What the file says goes before the default's, and takes the place of what has the same name there."""
        given = {self._iri(name, key): make(key, value) for key, value in self._document.get(name, {}).items()}
        taken = {own.name for own in given.values()}
        return given | {iri: own for iri, own in default.items() if own.name not in taken and iri not in given}

    def _relation(self, key: str, value: Any) -> Relation:
        fields = _fields("relations", key, value, ("name", "inverse"))
        name = clean_kind(_text("relations", fields["name"]), f"relations: {key}")
        if name in RESERVED:
            raise RecordError(f"relations: {key}", f"{name} is reserved for the graph's own edges")
        return Relation(name, _flag("relations", fields.get("inverse", False)))

    def _property(self, key: str, value: Any) -> Property:
        fields = _fields("properties", key, value, ("name", "datatype", "language"))
        name, datatype = _text("properties", fields["name"]), fields.get("datatype")
        if not KIND_PATTERN.fullmatch(name) or not is_free(name):
            raise RecordError(f"properties: {key}", f"{name!r} cannot be the name of a property, or is taken")
        datatype = None if datatype is None else self._iri("properties", datatype)
        language = fields.get("language")
        return Property(name, datatype, None if language is None else _language("properties", language))

    def _iris(self, where: str, values: Any) -> list[str]:
        return [self._iri(where, text) for text in _texts(where, values)]

    def _iri(self, where: str, text: Any) -> str:
        """A full IRI, or ``prefix:name`` of a known prefix."""
        iri = full(_text(where, text), self._prefixes)
        if is_iri(iri.replace("{id}", "id")):
            return canonical(iri)
        known = ", ".join(sorted(self._prefixes))
        raise RecordError(where, f"{text!r} is no IRI, nor prefix:name with a prefix of [prefixes] or of {known}")


def _fields(where: str, key: str, value: Any, known: tuple[str, ...]) -> Mapping[str, Any]:
    """``"name"``, or a table with a name."""
    if isinstance(value, str):
        return {"name": value}
    if not isinstance(value, dict) or "name" not in value:
        raise RecordError(where, f"{key} needs a name: text, or {{ name = ... }}")
    _known(f"[{where}] {key}", value, known)
    return value


def _known(where: str, given: Iterable[str], known: Iterable[str]) -> None:
    for key in given:
        if key not in known:
            raise RecordError(where, f"{key!r} is not known; there are {', '.join(known)}")


def _texts(where: str, values: Any) -> list[str]:
    return [_text(where, value) for value in ([values] if isinstance(values, str) else values)]


def _text(where: str, value: Any) -> str:
    if not isinstance(value, str):
        raise RecordError(where, f"{value!r} is not text")
    return value


def _language(where: str, value: Any) -> str:
    tag = _text(where, value).lower()
    if not re.fullmatch(r"(?:[a-z]{2,8}(?:-[a-z0-9]{1,8})*)?", tag):
        raise RecordError(where, f"{value!r} is no tag of a language, such as en or de-at")
    return tag


def _flag(where: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise RecordError(where, f"{value!r} is not true or false")
    return value
