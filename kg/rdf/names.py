"""By which IRIs a graph is written: those that read back as the same nodes and relations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from kg.rdf.mapping import Means, RdfMapping
from kg.rdf.read import SAME_ENTITY
from kg.rdf.terms import RELATION_PREFIX, escaped, is_blank, is_iri
from kg.spelling import reads_as


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
            if owners[entity] == 1 and (item == entity or (mapping.item_id and several[item] == 1))
        }
        self.links = [(item, entity) for item, entity in links if self._own.get(item) != entity]
        """The links that have to be said: two resources."""
        self.absorbed = frozenset(self._own.values())
        """Entities that are written as the items that they are."""
        self.predicate = lru_cache(4096)(self._predicate)

    def own_entity(self, item: str) -> str | None:
        """The entity as which an item is written: it has the item's id, or the mapping's predicate tells the id."""
        return self._own.get(item)

    def of(self, label: str, id: str) -> str:
        """The resource of a node."""
        if label == "Item":
            own = self._own.get(id)
            if own is None:
                return self._by_pattern("Item", id)
            id = own
        if is_blank(id) or (is_iri(id) and self._mapping.node(id) == ("Entity", id)):
            return id
        return self._by_pattern("Entity", id)

    def _by_pattern(self, label: str, id: str) -> str:
        """An id in the first pattern that leads back to it; the last ones are ours, of which one always does."""
        patterns = self._mapping.item_iris if label == "Item" else self._mapping.entity_iris
        iris = [pattern.iri(id) for pattern in patterns]
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
        role = self._mapping.role(predicate)
        if role.means is Means.SAME:
            return relation == SAME_ENTITY
        kept = role.means is Means.RELATION or (role.means is Means.OTHER and self._mapping.other_relations)
        return kept and role.name == relation and not role.inverse
