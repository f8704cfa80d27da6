"""People and what they did as statements, and back.

An event is one resource, ``urn:tastegraph:event:KIND:ID``: an action of schema.org, which is also a ``schema:Rating``
where its kind has a scale, and a ``schema:Review`` where it came with words. A kind is a resource too, which holds the
scale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from kg.batch import has_review
from kg.errors import RecordError
from kg.people import People
from kg.rdf.literals import literal_of, scalar_of, text_of
from kg.rdf.mapping import Means, RdfMapping, property_of
from kg.rdf.names import Names
from kg.rdf.terms import (
    EVENT_PREFIX,
    KIND,
    KIND_PREFIX,
    OWN,
    RDF,
    RELATION_PREFIX,
    SCHEMA,
    TIE_PREFIX,
    TYPE,
    XSD,
    Fact,
    canonical,
    escaped,
    unescaped,
)
from kg.readers.cleaning import number, timestamp
from kg.records import Interaction, KindRecord, Scalar, Scale, Tie, UserRecord, clean_id, clean_kind

KIND_CLASS = f"{OWN}EventKind"
PERSON, ACTION, RATING, REVIEW = (f"{SCHEMA}{name}" for name in ("Person", "Action", "Rating", "Review"))
ACTIONS = {
    kind: f"{SCHEMA}{name}Action"
    for kind, name in (
        *(("VIEWED", "View"), ("PURCHASED", "Buy"), ("RATED", "Assess"), ("REVIEWED", "Review"), ("LIKED", "Like")),
        *(("DISLIKED", "Dislike"), ("SKIPPED", "Ignore"), ("LISTENED", "Listen"), ("WATCHED", "Watch")),
        *(("READ", "Read"), ("PLAYED", "Play"), ("BOOKMARKED", "Bookmark"), ("FOLLOWED", "Follow")),
    )
}
"""Classes of the kinds that schema.org has an action for; of any other it is :data:`ACTION`, and its kind a text."""
AT, RATED, VALUE = f"{SCHEMA}startTime", f"{SCHEMA}ratingValue", f"{OWN}value"
TITLE, TEXT = f"{SCHEMA}name", f"{SCHEMA}reviewBody"
AGENT, OBJECT = f"{SCHEMA}agent", f"{SCHEMA}object"
AUTHOR, REVIEWED = f"{SCHEMA}author", f"{SCHEMA}itemReviewed"
MEANING, WEIGHT, UNRATED = f"{OWN}meaning", f"{OWN}weight", f"{OWN}unrated"
LOWEST, HIGHEST = f"{SCHEMA}worstRating", f"{SCHEMA}bestRating"
TIE_FROM, TIE_BY, TIE_TO = (f"{RDF}{name}" for name in ("subject", "predicate", "object"))
_FIELDS = {
    AGENT: "user",
    AUTHOR: "user",
    OBJECT: "item",
    REVIEWED: "item",
    AT: "at",
    RATED: "value",
    VALUE: "value",
    TITLE: "title",
    TEXT: "text",
}
"""What a predicate says of an event; any other one is its context."""


class PeopleWriter:
    """Everybody, and what they did, as statements."""

    def __init__(self, people: People, names: Names, mapping: RdfMapping) -> None:
        self._people = people
        self._names = names
        self._title = mapping.title

    def facts(self) -> Iterator[Fact]:
        """All of them; memory does not grow with their number."""
        for user in self._people.users():
            yield from self._user(user)
        for edge in self._people.traits():
            person, entity = self._names.of("User", edge.head), self._names.of("Entity", edge.tail)
            predicate, inverse = self._names.predicate(edge.relation)
            yield Fact(entity, predicate, person) if inverse else Fact(person, predicate, entity)
        for tie in self._people.ties():
            yield from self._tie(tie)
        for kind in self._people.kinds():
            resource = f"{KIND_PREFIX}{kind.kind}"
            yield Fact(resource, TYPE, KIND_CLASS)
            if kind.scale is not None:
                yield literal_of(resource, LOWEST, kind.scale.minimum)
                yield literal_of(resource, HIGHEST, kind.scale.maximum)
            if kind.meaning is not None:
                yield literal_of(resource, MEANING, kind.meaning)
            if kind.weight is not None:
                yield literal_of(resource, WEIGHT, kind.weight)
            for code in kind.unrated:
                yield literal_of(resource, UNRATED, code)
            for event in self._people.events(kind.kind):
                yield from self._event(event, rates=kind.scale is not None)

    def _user(self, user: UserRecord) -> Iterator[Fact]:
        resource = self._names.of("User", user.id)
        yield Fact(resource, TYPE, PERSON)
        for name, value in user.properties.items():
            if name == "name" and isinstance(value, str):
                yield literal_of(resource, self._title.predicates[0], value, language=self._title.language)
            else:
                yield from self._names.properties(resource, name, value)

    def _tie(self, tie: Tie) -> Iterator[Fact]:
        """The statement, and where there is more to say of it a resource that says it again, with weight and moment."""
        person, other = self._names.of("User", tie.user_id), self._names.of("User", tie.other_id)
        predicate = f"{RELATION_PREFIX}{escaped(tie.relation)}"
        yield Fact(person, predicate, other)
        if tie.weight is None and tie.at is None:
            return
        resource = f"{TIE_PREFIX}{escaped(tie.relation)}:{escaped(tie.user_id)}:{escaped(tie.other_id)}"
        yield Fact(resource, TIE_FROM, person)
        yield Fact(resource, TIE_BY, predicate)
        yield Fact(resource, TIE_TO, other)
        if tie.weight is not None:
            yield literal_of(resource, WEIGHT, tie.weight)
        if tie.at is not None:
            yield literal_of(resource, AT, tie.at.isoformat(), datatype=f"{XSD}dateTime")

    def _event(self, event: Interaction, *, rates: bool) -> Iterator[Fact]:
        resource = f"{EVENT_PREFIX}{event.kind}:{escaped(event.event_id)}"
        person, item = self._names.of("User", event.user_id), self._names.of("Item", event.item_id)
        rated, worded = rates and event.value is not None, has_review(event)
        yield Fact(resource, TYPE, ACTIONS.get(event.kind, ACTION))
        if rated:
            yield Fact(resource, TYPE, RATING)
        if worded:
            yield Fact(resource, TYPE, REVIEW)
        if event.kind not in ACTIONS:
            yield literal_of(resource, KIND, event.kind)
        yield Fact(resource, AGENT, person)
        yield Fact(resource, OBJECT, item)
        if event.at is not None:
            yield literal_of(resource, AT, event.at.isoformat(), datatype=f"{XSD}dateTime")
        if event.value is not None:
            yield literal_of(resource, RATED if rated else VALUE, event.value)
        if worded:
            yield Fact(resource, AUTHOR, person)
            yield Fact(resource, REVIEWED, item)
            texts = ((TITLE, event.title), (TEXT, event.text))
            yield from (literal_of(resource, predicate, text) for predicate, text in texts if text)
        for name, value in event.context.items():
            yield self._names.property(resource, name, value, _FIELDS)


def is_kept(fact: Fact, mapping: RdfMapping) -> bool:
    """Whether :func:`event_of` reads a statement about an event."""
    means = mapping.role(fact.predicate).means
    if canonical(fact.predicate) in _FIELDS or means in (Means.TYPE, Means.KIND):
        return True
    named = means is Means.PROPERTY or (means is Means.OTHER and mapping.other_properties)
    return named and fact.datatype is not None


def event_of(
    facts: Sequence[Fact],
    mapping: RdfMapping,
    node: Callable[[str], tuple[str, str]],
    item_of: Callable[[str], str],
) -> Interaction:
    """The event that these statements are about.

    Args:
        facts: all that is said of it and :func:`is_kept`.
        mapping: what other predicates mean, which are context.
        node: label and id of a resource.
        item_of: the id of the item that a resource is.

    Raises:
        RecordError: something of it is missing, said twice, or not what it should be.
    """
    kind, _, id = facts[0].subject.removeprefix(EVENT_PREFIX).partition(":")
    said: dict[str, set[Fact]] = {}
    context: dict[str, Scalar] = {}
    for fact in facts:
        predicate = canonical(fact.predicate)
        role = mapping.role(predicate)
        if name := _FIELDS.get(predicate):
            said.setdefault(name, set()).add(Fact("", "", *fact[2:5]))
        elif role.means in (Means.PROPERTY, Means.OTHER):
            held = scalar_of(fact)
            if held is not None:
                context[role.name if role.means is Means.PROPERTY else property_of(predicate)] = held

    def one(name: str) -> Fact | None:
        values = said.get(name, set())
        if len(values) > 1:
            raise RecordError(name, f"an event has one, and {len(values)} are given")
        return next(iter(values), None)

    def resource(name: str) -> str:
        found = one(name)
        if found is None or found.datatype is not None:
            raise RecordError(name, "is missing, or is no resource")
        return found.object

    label, user = node(resource("user"))
    if label != "User":
        raise RecordError("user", f"<{resource('user')}> is no person's IRI")
    at, value, title, text = map(one, ("at", "value", "title", "text"))
    return Interaction(
        user,
        item_of(resource("item")),
        clean_kind(kind),
        clean_id(unescaped(id, facts[0].subject), "event_id"),
        timestamp(at.object, "at") if at else None,
        number(value.object, "value") if value else None,
        text_of(text) if text else None,
        text_of(title) if title else None,
        context,
    )


def tie_of(facts: Sequence[Fact], node: Callable[[str], tuple[str, str]], relation_of: Callable[[str], str]) -> Tie:
    """The tie that these statements say more about, by :meth:`PeopleWriter.facts`.

    Raises:
        RecordError: something of it is missing, or not what it should be.
    """
    said = {canonical(fact.predicate): fact for fact in facts}
    try:
        (label, user), (other_label, other) = (node(said[name].object) for name in (TIE_FROM, TIE_TO))
        relation = relation_of(said[TIE_BY].object)
    except KeyError:
        raise RecordError("tie", "its subject, predicate or object is missing") from None
    if (label, other_label) != ("User", "User"):
        raise RecordError("tie", f"leads from {label} to {other_label}, and ties are between people")
    weight, at = said.get(WEIGHT), said.get(AT)
    amount = number(weight.object, "weight") if weight else None
    return Tie(user, other, relation, amount, timestamp(at.object, "at") if at else None)


def kind_of(facts: Iterable[Fact]) -> KindRecord:
    """The kind of event that these statements are about.

    Raises:
        RecordError: its name or its scale cannot be one.
    """
    said: dict[str, float | None] = {}
    meaning: str | None = None
    unrated: list[float] = []
    for fact in facts:
        name = fact.subject.removeprefix(KIND_PREFIX)
        kind = clean_kind(unescaped(name, name))
        predicate = canonical(fact.predicate)
        if predicate == MEANING:
            meaning = fact.object
            continue
        value = number(fact.object, "scale") if fact.datatype else None
        if predicate == UNRATED and value is not None:
            unrated.append(value)
        said[predicate] = value
    low, high = said.get(LOWEST), said.get(HIGHEST)
    scale = None if low is None or high is None else Scale(low, high)
    return KindRecord(kind, scale, meaning, said.get(WEIGHT), tuple(unrated))
