"""What the predicates and classes of RDF mean in the graph, and how it writes them: by default, or as a file says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import NamedTuple, TypeVar

from kg.rdf.terms import (
    BLANK,
    ENTITY_CLASS,
    FREEBASE,
    ITEM_CLASS,
    KIND,
    OWN,
    PROPERTY_PREFIX,
    RELATION_PREFIX,
    SCHEMA,
    TYPE,
    Pattern,
    canonical,
    expand,
    local_name,
    unescaped,
)
from kg.readers.mapping import property_name
from kg.records import clean_id, clean_name, clean_relation
from kg.schema import HIDDEN, RESERVED

_LONGEST_KEPT = 256
"""Characters of an IRI whose meaning is remembered: what is remembered is bounded by this and by its number."""
T = TypeVar("T")


class Means(Enum):
    """What a predicate means."""

    TYPE = "type"
    KIND = "kind"
    ID = "id"
    SAME = "same"
    TITLE = "title"
    TEXT = "text"
    RELATION = "relation"
    PROPERTY = "property"
    OTHER = "other"
    DROP = "drop"


class Role(NamedTuple):
    """What a predicate means, and by which name."""

    means: Means
    name: str = ""
    """Of a relation or a property; of what is OTHER the relation that it makes where it leads to a resource."""
    inverse: bool = False
    """The relation leads from the object to the subject."""
    rank: int = 0
    """Of predicates for the same thing the lowest is preferred."""


@dataclass(frozen=True)
class Wording:
    """Where a text is found."""

    predicates: tuple[str, ...]
    """Best first."""
    languages: tuple[str, ...] = ("en", "")
    """Best first; any other comes after them. ``en`` takes ``en-GB``, and the empty text a literal without one."""

    @property
    def language(self) -> str | None:
        """The tag that an export gives, where all texts have the same."""
        return (self.languages[0] or None) if len(self.languages) == 1 else None


@dataclass(frozen=True)
class Property:
    """A literal of an item that stays on it."""

    name: str
    datatype: str | None = None
    """What an export writes it with; by default by its value's own type."""
    language: str | None = None
    """Likewise its language."""


@dataclass(frozen=True)
class Relation:
    """A predicate that ties two resources, or a resource to a value."""

    name: str
    inverse: bool = False
    """The predicate leads the other way."""


def relation_of(predicate: str) -> str:
    """The relation that a predicate makes; one of a reserved name gets the prefix ``RDF_``.

    >>> relation_of("http://dbpedia.org/ontology/author"), relation_of("https://schema.org/about")
    ('AUTHOR', 'RDF_ABOUT')
    """
    name = clean_relation(local_name(predicate) or predicate)
    return f"RDF_{name}" if name in RESERVED else name


def spelling_of(predicate: str) -> str:
    """What a graph remembers of a predicate whose relation it stores: its IRI, or of one of ours the name in it."""
    name = predicate.removeprefix(RELATION_PREFIX)
    return unescaped(name, name) if predicate.startswith(OWN) else predicate


def is_free(name: str) -> bool:
    """Whether a property of an item may be called so."""
    return name not in ("id", "title", "text") and not name.startswith(HIDDEN)


def property_of(predicate: str) -> str:
    """The property that a predicate makes, where no mapping names it.

    >>> property_of("http://dbpedia.org/ontology/runtime"), property_of("http://e/title")
    ('runtime', 'title_')
    """
    name = property_name(local_name(predicate))
    return name if is_free(name) else f"{name}_"


SAME_ENTITY = "OWL_SAME_AS"
"""The relation of two resources that are the same, none of which is an item."""
_TERMS = (
    "author actor award brand character composer contributor countryOfOrigin creator director editor genre illustrator "
    "inLanguage isPartOf keywords manufacturer material musicBy producer productionCompany publisher translator"
)
SCHEMA_RELATIONS = {f"{SCHEMA}{term}": Relation(relation_of(term)) for term in _TERMS.split()} | {
    f"{SCHEMA}byArtist": Relation("ARTIST"),
    f"{SCHEMA}isRelatedTo": Relation("RELATED_TO"),
    f"{SCHEMA}isSimilarTo": Relation("SIMILAR_TO"),
    f"{SCHEMA}category": Relation("IN_CATEGORY"),
}
"""Terms of schema.org, by the names that tables get for the same columns."""
SCHEMA_PROPERTIES = {
    f"{SCHEMA}{term}": Property(property_name(term))
    for term in ("price", "isbn", "sku", "url", "image", "datePublished", "numberOfPages")
}
_SOLD = "Product Book Movie TVSeries MusicAlbum MusicRecording VideoGame Recipe Article PodcastSeries Course"
SCHEMA_CLASSES = frozenset(f"{SCHEMA}{name}" for name in _SOLD.split())
"""What is an item where nothing else says what is: no mapping, and no table of links."""
SCHEMA_KINDS = {
    f"{SCHEMA}{name}": name.lower()
    for name in ("Person", "Organization", "Place", "Country", "Language", "Brand", "Event", "MusicGroup")
}
NO_KIND = frozenset(
    {ITEM_CLASS, ENTITY_CLASS, *expand("owl:Thing owl:NamedIndividual schema:Thing schema:CreativeWork rdfs:Resource")}
)
"""Classes that say nothing of what an entity is."""
_TITLES = expand(
    "schema:name rdfs:label skos:prefLabel dct:title dc:title foaf:name schema:title schema:headline "
    "fb:type.object.name"
)
_TEXTS = expand(
    "schema:description dbo:abstract schema:abstract dct:description dc:description rdfs:comment "
    "fb:common.topic.description"
)
_DROPPED = expand("owl:versionInfo rdfs:seeAlso dbo:wikiPage*")
_SAME = expand("owl:sameAs schema:sameAs skos:exactMatch")


@dataclass(frozen=True)
class RdfMapping:
    """What RDF means; the default knows the common vocabularies, and what an export of ours writes."""

    item_iris: tuple[Pattern, ...] = (Pattern.parse(f"{OWN}item:{{id}}"),)
    """IRIs that are items; the first is how an export writes them."""
    item_classes: frozenset[str] = frozenset()
    """Classes whose members are items by their IRI."""
    item_id: str | None = None
    """The predicate whose value is an item's id; its subject is an entity that the item is the same as."""
    entity_iris: tuple[Pattern, ...] = (Pattern.parse(f"{OWN}entity:{{id}}"), Pattern.parse(f"{FREEBASE}{{id}}"))
    """IRIs whose entity has a shorter id; the first is how an export writes ids that are no IRIs."""
    user_iris: tuple[Pattern, ...] = (Pattern.parse(f"{OWN}user:{{id}}"),)
    """IRIs that are people; the first is how an export writes them."""
    title: Wording = Wording(_TITLES)
    text: Wording = Wording(_TEXTS)
    relations: Mapping[str, Relation] = field(default_factory=lambda: dict(SCHEMA_RELATIONS))
    """By predicate; a literal where a resource is expected becomes an entity of that value."""
    properties: Mapping[str, Property] = field(default_factory=lambda: dict(SCHEMA_PROPERTIES))
    """By predicate; items, people and events have them."""
    kinds: Mapping[str, str] = field(default_factory=lambda: dict(SCHEMA_KINDS))
    """Kinds of entities by class; any other class is a kind by its local name."""
    other_relations: bool = True
    """Whether predicates that are not named make relations."""
    other_properties: bool = True
    """Whether literals of predicates that are not named become properties of items."""
    dropped: tuple[str, ...] = _DROPPED
    """Predicates that are left out; a ``*`` stands for any end."""

    def role(self, predicate: str) -> Role:
        """What a predicate means."""
        predicate = canonical(predicate)
        known = self._roles.get(predicate)
        return self._others(predicate) if known is None else known

    def names(self, predicate: str) -> bool:
        """Whether it says itself which relation a predicate makes, other than by default."""
        own = canonical(predicate)
        return own in self.relations and self.relations[own] != SCHEMA_RELATIONS.get(own)

    def node(self, resource: str) -> tuple[str, str]:
        """Label and id of a resource, told from its IRI alone.

        Raises:
            RecordError: the id is longer than the graph takes, or is none.
        """
        return self._nodes(resource)

    def is_item_class(self, iri: str) -> bool:
        """Whether the members of a class are items."""
        iri = canonical(iri)
        return iri == ITEM_CLASS or iri in self.item_classes

    @cached_property
    def patterns(self) -> dict[str, tuple[Pattern, ...]]:
        """The patterns of IRIs by label."""
        return {"Item": self.item_iris, "User": self.user_iris, "Entity": self.entity_iris}

    @cached_property
    def _nodes(self) -> Callable[[str], tuple[str, str]]:
        return _remembered(self._node, 50_000)

    def _node(self, resource: str) -> tuple[str, str]:
        if not resource.startswith(BLANK):
            for label, patterns in self.patterns.items():
                for pattern in patterns:
                    if (id := pattern.id(resource)) is not None:
                        return label, clean_id(id, "iri")
        return "Entity", clean_id(resource, "iri")

    @cached_property
    def _others(self) -> Callable[[str], Role]:
        return _remembered(self._other, 10_000)

    @cached_property
    def _roles(self) -> dict[str, Role]:
        """Known predicates."""
        roles = dict.fromkeys(_SAME, Role(Means.SAME))
        for means, wording in ((Means.TEXT, self.text), (Means.TITLE, self.title)):
            roles |= {iri: Role(means, rank=rank) for rank, iri in enumerate(wording.predicates)}
        roles |= {TYPE: Role(Means.TYPE), KIND: Role(Means.KIND)}
        roles |= {iri: Role(Means.PROPERTY, own.name) for iri, own in self.properties.items()}
        roles |= {iri: Role(Means.RELATION, own.name, own.inverse) for iri, own in self.relations.items()}
        return roles | ({self.item_id: Role(Means.ID)} if self.item_id else {})

    def _other(self, predicate: str) -> Role:
        if predicate.startswith(RELATION_PREFIX):
            return Role(Means.RELATION, clean_relation(spelling_of(predicate)))
        if predicate.startswith(PROPERTY_PREFIX):
            name = predicate.removeprefix(PROPERTY_PREFIX)
            return Role(Means.PROPERTY, clean_name(unescaped(name, name), "predicate"))
        if any(fnmatchcase(predicate, pattern) for pattern in self.dropped):
            return Role(Means.DROP)
        return Role(Means.OTHER, relation_of(predicate))


def _remembered(make: Callable[[str], T], most: int) -> Callable[[str], T]:
    """The same function, which remembers what it made of short names."""
    known = lru_cache(most)(make)
    return lambda name: known(name) if len(name) <= _LONGEST_KEPT else make(name)
