"""Statements to records.

Every resource is an entity; an item is one of its own, or ``SAME_AS`` its entity, which is the same to the model. What
describes a resource is gathered, so that an item or an entity is one record wherever its statements stand; these come
first, then what ties them together, then events.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from kg.alphabets import told_apart
from kg.errors import ReadError, RecordError, TooMuch
from kg.progress import tqdm
from kg.rdf.describe import Description, describe
from kg.rdf.files import RdfFile
from kg.rdf.mapping import SAME_ENTITY, SCHEMA_CLASSES, Means, RdfMapping, property_of, relation_of, spelling_of
from kg.rdf.people import event_of, is_kept, kind_of, tie_of
from kg.rdf.sieve import MAX_IRI_BYTES
from kg.rdf.spool import MAX_FACTS, Spool
from kg.rdf.terms import BLANK, EVENT_PREFIX, KIND_PREFIX, OWN_BLANK, TIE_PREFIX, Fact, canonical
from kg.readers.rows import MAX_RAW_CHARS, ROW, raw_text
from kg.readers.stream import FileSource
from kg.records import EntityRecord, ItemRecord, Link, Origin, Record, Reject, Tie, Triple, UserRecord, clean_id

log = logging.getLogger(__name__)

_DESCRIBES = {Means.TYPE, Means.KIND, Means.ID, Means.PROPERTY}
_MOST_NAMED = 8
_MOST_COUNTED, _LONGEST_COUNTED = 10_000, 256
"""Predicates of statements that are left out, counted one by one, and their characters."""
_MOST_MADE = 50_000
"""Entities that were made of texts, and are remembered."""
MAX_SAME = 256
"""Items that one resource may be: each is described, and tied to what is the same, as often as that is said."""
MAX_TAG_CHARS = 100
"""The longest tag of a language; of what is longer so much is shown, and of a longer IRI."""


def read_rdf(
    source: FileSource,
    mapping: RdfMapping | None = None,
    links: Iterable[Link | Reject] = (),
    *,
    progress: bool = False,
) -> Iterator[Record | Reject]:
    """What a file of RDF says of items, entities, people and events; see :mod:`kg.rdf.mapping` for what is which.

    Memory grows with the number of items, of links and, but for N-Triples and N-Quads, of blank nodes; not with that of
    statements, which wait in the temporary folder.

    Args:
        source: N-Triples, Turtle, RDF/XML or JSON-LD, plain, gzip or zstd.
        mapping: what predicates mean; by default the usual, and members of schema.org's classes of things that people
            choose are items unless there are ``links``.
        links: which items are which resources, by IRI or by the entity's id.
        progress: show a bar on stderr while the file is read, before the first record.

    Raises:
        ReadError: the file cannot be read (any further); raised after the records of what stands before.
        MissingExtra: pyoxigraph is not installed.
    """
    given = list(links)
    file = RdfFile(source)
    failed: ReadError | None = None
    with Spool() as spool:
        usual = RdfMapping(item_classes=frozenset() if given else SCHEMA_CLASSES)
        reader = _Reader(file, mapping or usual, spool)
        yield from reader.link(given)
        try:
            for fact in tqdm(file.facts(), "read", unit=" statements", disable=not progress, leave=False):
                if isinstance(fact, Reject):
                    yield fact
                else:
                    reader.put_aside(fact)
                    yield from reader.refused()
        except TooMuch:  # a file that no honest hand wrote: nothing of it is taken
            raise
        except ReadError as error:
            failed = error
        yield from reader.records()
    reader.say()
    if failed is not None:
        raise failed


def _ranked(predicate: str) -> str:
    """A predicate by which those of one local name are put in order; of a long one, its beginning and a hash."""
    own = canonical(predicate)
    if len(own) <= _LONGEST_COUNTED:
        return own
    return own[:_LONGEST_COUNTED] + blake2b(own.encode(errors="surrogatepass"), digest_size=16).hexdigest()


class _Reader:
    """One file."""

    def __init__(self, file: RdfFile, mapping: RdfMapping, spool: Spool) -> None:
        self._file = file
        self._mapping = mapping
        self._spool = spool
        self._property_known = lru_cache(4096)(property_of)
        self._items: dict[str, list[str]] = defaultdict(list)
        """The items that are linked to each entity."""
        self._named: set[str] = set()
        """Entities that were made of texts."""
        self._predicates: dict[str, str] = {}
        """By name of a property: of the predicates that would make it the first, see :func:`_ranked`."""
        self._unread: Counter[str] = Counter()
        self._rejects: list[Reject] = []

    def link(self, links: Iterable[Link | Reject]) -> Iterator[Link | Reject]:
        """The links, with the entities' ids as this file has them."""
        for link in links:
            if isinstance(link, Link):
                with suppress(RecordError):  # what is no id of this file's is left as it is
                    label, id = self._mapping.node(link.entity_id)
                    link = replace(link, entity_id=id) if label == "Entity" else link
                self._items[link.entity_id].append(link.item_id)
            yield link

    def put_aside(self, fact: Fact) -> None:
        """Take one statement."""
        try:
            _check_length(fact)
            means = self._mapping.role(fact.predicate).means
        except RecordError as error:  # nothing can be called as the predicate says
            self._refuse(_shortened(fact), error)
            return
        if means is Means.DROP:
            self._leave_out(fact)
        elif fact.subject.startswith(KIND_PREFIX):
            self._spool.declare(fact)
        elif fact.subject.startswith(EVENT_PREFIX):
            if is_kept(fact, self._mapping):
                self._spool.tell(fact)
            else:
                self._leave_out(fact)
        elif fact.subject.startswith(TIE_PREFIX):
            self._spool.tell(fact)
        elif fact.datatype is not None or means in _DESCRIBES:
            self._note_property(fact)
            self._spool.describe(fact)
        else:
            self._spool.relate(fact)

    def _note_property(self, fact: Fact) -> None:
        role = self._mapping.role(fact.predicate)
        if role.means is Means.PROPERTY:
            self._first(role.name, "")  # whatever is called so by name comes before all others
        elif role.means is Means.OTHER and fact.datatype is not None:
            self._first(self._property_of(fact.predicate), _ranked(fact.predicate))

    def _first(self, name: str, predicate: str) -> None:
        known = self._predicates.get(name)
        if known is None and len(self._predicates) >= _MOST_MADE:
            return
        if known is None or predicate < known:
            self._predicates[name] = predicate

    def _property_of(self, predicate: str) -> str:
        return (self._property_known if len(predicate) <= _LONGEST_COUNTED else property_of)(predicate)

    def _property(self, predicate: str) -> str:
        """What a predicate makes: of several that share a local name the first has it, in the order of their IRIs."""
        name, own = self._property_of(predicate), _ranked(predicate)
        beyond = "" if len(self._predicates) >= _MOST_MADE else own  # of too many to know each, all are told apart
        return name if own == self._predicates.get(name, beyond) else told_apart(name, canonical(predicate))

    def records(self) -> Iterator[Record | Reject]:
        """Everything: what is described, then what is tied together, then what was done."""
        yield from self._made(self._spool.declared(), lambda facts: map(kind_of, [facts]))
        yield from self._made(self._spool.described(), self._described)
        for fact in self._spool.related():
            yield from self._from([fact], self._related(fact))
        yield from self._made(self._spool.told(), self._events)

    def _events(self, facts: Sequence[Fact]) -> Iterator[Record]:
        if facts[0].subject.startswith(TIE_PREFIX):
            yield tie_of(facts, self._node, lambda predicate: self._mapping.role(predicate).name)
        else:
            yield event_of(facts, self._mapping, self._node, self._item_of)

    def _made(
        self,
        told: Iterable[tuple[str, list[Fact]]],
        make: Callable[[Sequence[Fact]], Iterator[Record]],
    ) -> Iterator[Record | Reject]:
        """What ``make`` makes of what is said of each resource; the further parts of very much are refused."""
        last: str | None = None
        for subject, facts in told:
            if subject == last:
                for fact in facts:
                    self._refuse(
                        fact, RecordError("subject", f"over {MAX_FACTS} statements or 8 Mi characters tell of it")
                    )
                yield from self.refused()
            else:
                yield from self._from(facts, make(facts))
            last = subject

    def refused(self) -> Iterator[Reject]:
        """What was refused since the last call."""
        rejects, self._rejects = self._rejects, []
        return iter(rejects)

    def _leave_out(self, fact: Fact) -> None:
        new = len(self._unread) < _MOST_COUNTED and len(fact.predicate) <= _LONGEST_COUNTED
        self._unread[fact.predicate if new or fact.predicate in self._unread else "others"] += 1

    def say(self) -> None:
        """Which statements were left out: one that was meant to be read is seen at once."""
        if self._unread:
            most = ", ".join(f"{predicate} ({count})" for predicate, count in self._unread.most_common(_MOST_NAMED))
            more = f" and {len(self._unread) - _MOST_NAMED} more predicates" if len(self._unread) > _MOST_NAMED else ""
            log.info("%s: %d statements left out: %s%s", self._file.name, self._unread.total(), most, more)

    def _from(self, facts: Sequence[Fact], records: Iterator[Record]) -> Iterator[Record | Reject]:
        """The records with their origin, and what was refused on the way."""
        origin = Origin(self._file.name, facts[0].line, _raw(facts))
        try:
            for record in records:
                object.__setattr__(record, "origin", origin)  # it is nobody else's yet
                yield record
        except RecordError as error:
            for fact in facts:
                self._refuse(fact, error)
        yield from self.refused()

    def _refuse(self, fact: Fact, error: RecordError) -> None:
        self._rejects.append(Reject(self._file.name, fact.line, error.field or ROW, error.reason, raw_text(str(fact))))

    def _node(self, resource: str) -> tuple[str, str]:
        """Label and id; a blank node's is unique to the file's content."""
        if resource.startswith(BLANK):
            label = resource.removeprefix(BLANK)
            own = label if OWN_BLANK.fullmatch(label) else f"tg{self._file.digest}-{label}"
            return "Entity", clean_id(f"{BLANK}{own}", "blank node")
        return self._mapping.node(resource)

    def _items_of(self, label: str, id: str) -> list[str]:
        """The items that a node is.

        Raises:
            RecordError: they are very many.
        """
        items = [id] if label == "Item" else self._items.get(id, []) if label == "Entity" else []
        if len(items) > MAX_SAME:
            raise RecordError("item", f"{id} is over {MAX_SAME} items")
        return items

    def _link(self, item: str, entity: str) -> Iterator[Link]:
        """Let an item be an entity, if it is not yet."""
        if item not in self._items_of("Entity", entity):
            self._items[entity].append(item)
            yield Link(item, entity)

    def _item_of(self, resource: str) -> str:
        """The one item that a resource is.

        Raises:
            RecordError: it is none, or several.
        """
        items = self._items_of(*self._node(resource))
        if len(items) != 1:
            raise RecordError("item", f"<{resource}> is {'several items' if items else 'no item'}")
        return items[0]

    # --- What describes a resource

    def _described(self, facts: Sequence[Fact]) -> Iterator[Record]:
        label, id = self._node(facts[0].subject)
        found = describe(facts, self._mapping, self._refuse, self._property)
        for fact in found.unread:
            self._leave_out(fact)
        if label == "Item":
            yield self._item(id, found)
            return
        if label == "User":
            yield _user(id, found)
            return
        linked = self._items_of(label, id)
        told = found.ids or ([id] if found.in_item_class and not linked else [])
        items = [*dict.fromkeys((*linked, *told))]
        if len(items) > MAX_SAME:
            raise RecordError("item", f"{id} is over {MAX_SAME} items")
        for item in items:
            yield self._item(item, found)
        for item in items:
            yield from self._link(item, id)
        if not items:
            yield from self._entity(id, found)

    def _item(self, id: str, found: Description) -> ItemRecord:
        return ItemRecord(id, found.title, found.text, found.properties, found.attributes)

    def _entity(self, id: str, found: Description) -> Iterator[Record]:
        for fact in found.of_items:
            self._leave_out(fact)
        yield EntityRecord(id, found.title, found.kind)
        for attribute in found.attributes:
            if attribute.entity_id not in self._named:
                if len(self._named) == _MOST_MADE:
                    self._named.clear()  # to say it again does no harm
                self._named.add(attribute.entity_id)
                yield EntityRecord(attribute.entity_id, attribute.value, attribute.kind)
            yield Triple(id, attribute.relation, attribute.entity_id)

    # --- What ties two resources together

    def _related(self, fact: Fact) -> Iterator[Record]:
        role = self._mapping.role(fact.predicate)
        head, tail = self._node(fact.subject), self._node(fact.object)
        if role.means is Means.SAME:
            yield from self._same(fact, head, tail)
        elif role.means is not Means.RELATION and not self._mapping.other_relations:
            self._leave_out(fact)
        elif role.inverse:
            yield from self._tied(tail, role.name, head, fact.subject)
        else:
            name = role.name or relation_of(fact.predicate)  # a title that is no literal ties, as anything else does
            # Whoever maps a predicate says that it is this relation, whatever else is.
            spelled = None if self._mapping.names(fact.predicate) else spelling_of(fact.predicate)
            yield from self._tied(head, name, tail, fact.object, spelled)

    def _tied(
        self, head: tuple[str, str], relation: str, tail: tuple[str, str], resource: str, spelled: str | None = None
    ) -> Iterator[Record]:
        if (head[0], tail[0]) == ("Entity", "Item"):
            # No relation leads from an entity to an item, so it leads to the item's own entity.
            item, tail = tail[1], ("Entity", resource)
            yield from self._link(item, resource)
        if (head[0], tail[0]) == ("User", "User"):
            yield Tie(head[1], tail[1], relation)
            return
        yield Triple(head[1], relation, tail[1], head_label=head[0], tail_label=tail[0], name=spelled)

    def _same(self, fact: Fact, head: tuple[str, str], tail: tuple[str, str]) -> Iterator[Record]:
        """Links of the items among the two; what are no items are tied by a relation."""
        linked = False
        for (label, id), (other, entity) in ((head, tail), (tail, head)):
            if other == "Entity":
                for item in self._items_of(label, id):
                    linked = True
                    yield Link(item, entity)
        if not linked:
            yield from self._tied(head, SAME_ENTITY, tail, fact.object, fact.predicate)


def _check_length(fact: Fact) -> None:
    """Refuse names that no graph has.

    Raises:
        RecordError: one is too long.
    """
    named = (fact.subject, fact.predicate, fact.datatype or fact.object)
    long = [name for name in named if len(name) > MAX_IRI_BYTES // 4]
    if any(len(name.encode()) > MAX_IRI_BYTES for name in long) or len(fact.language or "") > MAX_TAG_CHARS:
        raise RecordError(
            ROW, f"an IRI has over {MAX_IRI_BYTES // 2**10} KiB, or a tag of a language {MAX_TAG_CHARS} letters"
        )


def _shortened(fact: Fact) -> Fact:
    """A statement to be shown, without the most of names that no graph has: a short prefix stands for each of them."""
    names: dict[str, Any] = {
        field: f"{name[:MAX_TAG_CHARS]}…"
        for field, name in fact._asdict().items()
        if isinstance(name, str)
        and len(name) > (MAX_TAG_CHARS if field == "language" else MAX_IRI_BYTES // 4)
        and (field != "object" or fact.datatype is None)
    }
    return fact._replace(**names)


def _raw(facts: Iterable[Fact]) -> str:
    """Statements as text, as far as that is kept."""
    lines: list[str] = []
    room = MAX_RAW_CHARS
    for fact in facts:
        lines.append(str(fact)[: MAX_RAW_CHARS + 1])
        room -= len(lines[-1])
        if room < 0:
            break
    return "\n".join(lines)


def _user(id: str, found: Description) -> UserRecord:
    named = {"name": found.title, "description": found.text}
    return UserRecord(id, {n: v for n, v in named.items() if v} | dict(found.properties), found.attributes)
