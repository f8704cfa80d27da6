"""Words of an adopted graph: read where its owner keeps them, on an edge or a node between a person and an item.

Our texts know words as ``(:User)-[:WROTE]->(:Review {id, title, text, at})-[:ABOUT]->(:Item)``. In an adopted graph
such a node is ours and holds no words: ``tg_id`` is the id of the event that they came with, ``tg_event`` its kind, and
``tg_holder`` names the element that they are on. They are fetched from there each time, so that what the owner edits or
deletes is so at once. :meth:`kg.engines.adopted.AdoptedStore.catch_up` makes such nodes, and removes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kg.coercion import text_of
from kg.dialect import HOLDER, MADE, NODE, OWN, PREFIX, is_ours
from kg.quoting import neo4j as quoted

ALONE = "[review]"
"""In place of a kind, for words that came with no event."""
ORPHANS = (
    f"MATCH (w:{PREFIX}Review) WHERE {is_ours('w')} AND (w.{OWN}event IS NOT NULL AND NOT w.{OWN}event IN $kinds "
    f"OR NOT EXISTS {{ (:{PREFIX}User)-[:{PREFIX}WROTE]->(w)-[:{PREFIX}ABOUT]->(:{PREFIX}Item) }}) DETACH DELETE w"
)
"""Cypher that removes reviews whose person or item is gone, or whose kind has no words any more (not in ``$kinds``)."""


@dataclass(frozen=True)
class Words:
    """Where the words of one kind of event are."""

    kind: str
    """Of event, or :data:`ALONE`."""
    pattern: str
    """Cypher that names ``person``, ``item`` and the holder of the words, a node or an edge."""
    holder: str
    key: str
    """Cypher for the id of the event, by the pattern's names."""
    text: str | None
    """A property of the holder; likewise ``title``."""
    title: str | None
    at: str
    """Cypher for when they were written; :data:`kg.dialect.HOLDER` has them, :data:`kg.dialect.NODE` is ours."""
    of_edge: bool = False
    """Whether the holder is an edge."""
    direct: bool = False
    """Whether the holder is an edge that starts at the person."""

    @property
    def stale(self) -> str:
        """Cypher that removes the reviews whose words are gone, or somebody else's now."""
        return (
            f"MATCH (person)-[:{PREFIX}WROTE]->(tg_review:{PREFIX}Review {{{OWN}event: '{self.kind}'}})"
            f"-[:{PREFIX}ABOUT]->(item) "
            f"OPTIONAL MATCH {self._place(self.holder)} WHERE elementId({self.holder}) = tg_review.{OWN}holder "
            f"WITH * WHERE NOT EXISTS {{ MATCH {self.pattern} WHERE {self.key} = tg_review.{OWN}id AND {self.exist} }} "
            "DETACH DELETE tg_review"
        )

    @property
    def missing(self) -> str:
        """Cypher that makes reviews for words of a ``person`` that have none; of several of one event one is read."""
        return (
            f"MATCH {self.pattern} WHERE item:{PREFIX}Item AND {self.exist} "
            f"WITH person, item, {self.key} AS id, {self.holder} AS holder "
            f"WHERE id IS NOT NULL AND NOT EXISTS {{ (:{PREFIX}Review {{{OWN}id: id}}) }} "
            "WITH person, item, id, min(elementId(holder)) AS holder "
            f"MERGE (w:{PREFIX}Review {{{OWN}id: id}}) "
            f"ON CREATE SET w.{OWN}event = '{self.kind}', w.{OWN}holder = holder "
            f"MERGE (person)-[:{PREFIX}WROTE {MADE}]->(w) MERGE (w)-[:{PREFIX}ABOUT {MADE}]->(item)"
        )

    @property
    def exist(self) -> str:
        """Cypher for whether there are any, by the pattern's names."""
        found = (f"trim(coalesce({_text(self.holder, name)}, ''))" for name in (self.title, self.text) if name)
        return f"{' + '.join(found)} <> ''"

    def _place(self, name: str) -> str:
        """A pattern that gives whatever may be the holder this name."""
        return f"(tg_by)-[{name}]->()" if self.of_edge else f"({name})"

    def reading(self, name: str) -> str:
        """Cypher for ``title``, ``text`` or ``at`` of :data:`kg.dialect.NODE`."""
        if name == "at":
            value = self.at
        else:
            own = {"title": self.title, "text": self.text}[name]
            value = _text(HOLDER, own) if own else "null"
        if HOLDER not in value:
            return value
        # Ids of elements are used again, perhaps by somebody else's words.
        mine = f" AND EXISTS {{ (tg_by)-[:{PREFIX}WROTE]->({NODE}) }}" if self.direct else ""
        return (
            f"head(COLLECT {{ MATCH {self._place('tg_holder')} WHERE elementId(tg_holder) = {NODE}.{OWN}holder{mine} "
            f"RETURN {value.replace(HOLDER, 'tg_holder')} }})"
        )


def reading(words: Iterable[Words], name: str) -> str:
    """Cypher for ``title``, ``text`` or ``at`` of :data:`kg.dialect.NODE`, whatever kind of event it came with."""
    cases = " ".join(f"WHEN '{own.kind}' THEN {own.reading(name)}" for own in words)
    return f"CASE {NODE}.{OWN}event {cases} END"


def _text(holder: str, name: str) -> str:
    """A number is a text, a list is none."""
    return text_of(f"{holder}.{quoted(name)}")
