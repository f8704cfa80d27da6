"""By which IRIs a graph is written: those that read back as the same nodes and relations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from functools import lru_cache

from kg.errors import RecordError
from kg.rdf.literals import literal_of, members_of
from kg.rdf.mapping import SAME_ENTITY, Means, Property, RdfMapping
from kg.rdf.terms import EVENT_PREFIX, KIND_PREFIX, PROPERTY_PREFIX, RELATION_PREFIX, Fact, escaped, is_blank, is_iri
from kg.records import Scalar
from kg.spelling import is_called, reads_as


class Names:
    """Resources of nodes and predicates of relations, for one graph and one mapping."""

    def __init__(self, mapping: RdfMapping, links: Iterable[tuple[str, str]], spelled: Mapping[str, str]) -> None:
        self._mapping = mapping
        self._spelled = spelled
        links = list(links)
        owners = Counter(entity for _, entity in links)
        several = Counter(item for item, _ in links)
        self._own = {
            item: entity
            for item, entity in links
            if owners[entity] == 1 and (_is_its(item, entity, mapping) or (mapping.item_id and several[item] == 1))
        }
        self.links = [(item, entity) for item, entity in links if self._own.get(item) != entity]
        """The links that have to be said: two resources."""
        self.absorbed = frozenset(self._own.values())
        """Entities that are written as the items that they are."""
        self.predicate = lru_cache(4096)(self._predicate)
        self._properties = {own.name: (iri, own) for iri, own in reversed([*mapping.properties.items()])}

    def own_entity(self, item: str) -> str | None:
        """The entity as which an item is written: its id or IRI is the item's, or a predicate of it tells the id."""
        return self._own.get(item)

    def of(self, label: str, id: str) -> str:
        """The resource of a node."""
        if label == "User":
            return self._by_pattern("User", id)
        if label == "Item":
            own = self._own.get(id)
            if own is None:
                return self._by_pattern("Item", id)
            id = own
        if is_blank(id) or (
            is_iri(id)
            and not id.startswith((EVENT_PREFIX, KIND_PREFIX))
            and (id in self.absorbed or self._mapping.node(id) == ("Entity", id))
        ):
            return id
        return self._by_pattern("Entity", id)

    def property(self, resource: str, name: str, value: Scalar, taken: Container[str] = ()) -> Fact:
        """A property by the mapping's predicate, or by one of ours where there is none or it is ``taken``."""
        iri, known = self._properties.get(name, ("", Property(name)))
        if not iri or iri in taken:
            iri, known = f"{PROPERTY_PREFIX}{escaped(name)}", Property(name)
        return literal_of(resource, iri, value, datatype=known.datatype, language=known.language)

    def properties(self, resource: str, name: str, value: Scalar) -> Iterator[Fact]:
        """The same, each member of a list as a statement: several literals of one predicate are read as a list."""
        for own in members_of(value):
            yield self.property(resource, name, own)

    def _by_pattern(self, label: str, id: str) -> str:
        """An id in the first pattern that leads back to it; the last ones are ours, of which one always does."""
        iris = [pattern.iri(id) for pattern in self._mapping.patterns[label]]
        return next((iri for iri in iris if self._mapping.node(iri) == (label, id)), iris[-1])

    def _predicate(self, relation: str) -> tuple[str, bool]:
        """The predicate of a relation, and whether it leads the other way.

        It is the source's own where that reads back; else the mapping's; else one of ours.
        """
        spelled = self._spelled.get(relation, relation)
        if is_iri(spelled) and self._reads_as(spelled, relation):
            return spelled, False
        known = [(iri, own.inverse) for iri, own in self._mapping.relations.items() if own.name == relation]
        ours = (f"{RELATION_PREFIX}{escaped(spelled if reads_as(spelled, relation) else relation)}", False)
        return min(known, key=lambda found: found[1], default=ours)

    def _reads_as(self, predicate: str, relation: str) -> bool:
        try:
            role = self._mapping.role(predicate)
        except RecordError:  # somebody else noted a spelling from which no relation can be read
            return False
        if role.means is Means.SAME:
            return is_called(relation, SAME_ENTITY, predicate)
        kept = role.means is Means.RELATION or (role.means is Means.OTHER and self._mapping.other_relations)
        return kept and is_called(relation, role.name, predicate) and not role.inverse


def _is_its(item: str, entity: str, mapping: RdfMapping) -> bool:
    """Whether an entity's id says which item it is."""
    return item == entity or (is_iri(entity) and mapping.node(entity) == ("Item", item))
