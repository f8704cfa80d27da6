"""What was said of one resource, put together."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from kg.errors import RecordError
from kg.rdf.literals import scalar_of, text_of
from kg.rdf.mapping import NO_KIND, Means, RdfMapping, Role, Wording, property_of
from kg.rdf.terms import Fact, canonical, local_name
from kg.records import MAX_ID_BYTES, Attribute, Scalar, clean_id
from kg.schema import HIDDEN, taken

T = TypeVar("T")
Refuse = Callable[[Fact, RecordError], None]
Said = tuple[Role, Fact]


@dataclass(frozen=True)
class Description:
    """A resource in words."""

    title: str | None
    text: str | None
    kind: str | None
    in_item_class: bool
    ids: tuple[str, ...]
    """Of the items that it is, by the mapping's predicate."""
    properties: Mapping[str, Scalar]
    attributes: tuple[Attribute, ...]
    of_items: tuple[Fact, ...]
    """What only an item keeps."""
    unread: tuple[Fact, ...]
    """What nothing keeps."""


def describe(
    facts: Iterable[Fact], mapping: RdfMapping, refuse: Refuse, property_of: Callable[[str], str] = property_of
) -> Description:
    """Put together what was said of one resource; what cannot be right is handed to ``refuse``.

    ``property_of`` names the property of a predicate that the mapping does not name.
    """
    said: dict[Means, list[Said]] = defaultdict(list)
    for fact in facts:
        role = mapping.role(fact.predicate)
        said[role.means].append((role, fact))
    classes = [fact.object for _, fact in said[Means.TYPE] if fact.datatype is None]
    other = said[Means.OTHER]
    named = [(Role(Means.PROPERTY, property_of(fact.predicate)), fact) for _, fact in other if mapping.other_properties]
    values = [*said[Means.PROPERTY], *named]
    return Description(
        title=next(iter(_wording(said[Means.TITLE], mapping.title, refuse)), None),
        text=" ".join(_wording(said[Means.TEXT], mapping.text, refuse)) or None,
        kind=next(iter(_texts(said[Means.KIND], refuse)), None) or _kind(classes, mapping),
        in_item_class=any(map(mapping.is_item_class, classes)),
        ids=tuple(_checked(said[Means.ID], lambda role, fact: clean_id(text_of(fact), "id"), refuse)),
        properties=_properties(values, mapping.title.languages, refuse),
        attributes=tuple(_checked(said[Means.RELATION], _attribute, refuse)),
        of_items=tuple(fact for _, fact in [*said[Means.TEXT], *values]),
        unread=tuple(fact for _, fact in [*said[Means.SAME], *(() if mapping.other_properties else other)]),
    )


def _kind(classes: Iterable[str], mapping: RdfMapping) -> str | None:
    """The first class that says something, by the mapping or by its local name."""
    known = [canonical(iri) for iri in classes if canonical(iri) not in NO_KIND]
    names = (mapping.kinds.get(iri, local_name(iri).lower()) for iri in known)
    return next((name for name in names if name), None)


def _wording(said: list[Said], wording: Wording, refuse: Refuse) -> list[str]:
    """The texts in the best language, of them those of the best predicate."""
    ranks = [(_language_rank(fact, wording.languages), role.rank) for role, fact in said]
    best = min(ranks, default=None)
    return _texts((own for own, rank in zip(said, ranks, strict=True) if rank == best), refuse)


def _texts(said: Iterable[Said], refuse: Refuse) -> list[str]:
    return _checked(said, lambda role, fact: text_of(fact), refuse)


def _checked(said: Iterable[Said], make: Callable[[Role, Fact], T | None], refuse: Refuse) -> list[T]:
    """The different values that ``make`` gives, in their order."""
    made: dict[T, None] = {}
    for role, fact in said:
        try:
            value = make(role, fact)
        except RecordError as error:
            refuse(fact, error)
        else:
            if value is not None:
                made[value] = None
    return list(made)


def _language_rank(fact: Fact, languages: tuple[str, ...]) -> int:
    own = fact.language or ""
    fits = (rank for rank, tag in enumerate(languages) if own == tag or (tag and own.startswith(f"{tag}-")))
    return next(fits, len(languages))


def _properties(said: Iterable[Said], languages: tuple[str, ...], refuse: Refuse) -> dict[str, Scalar]:
    """One value a name, in the best language; several are written as a list, as tables' cells are."""
    by_name: dict[str, list[Said]] = defaultdict(list)
    for role, fact in said:
        if role.name.startswith(HIDDEN):
            refuse(fact, RecordError("predicate", taken(role.name)))
        else:
            by_name[role.name].append((role, fact))
    properties: dict[str, Scalar] = {}
    for name, own in by_name.items():
        best = min(_language_rank(fact, languages) for _, fact in own)
        kept = [one for one in own if _language_rank(one[1], languages) == best]
        values: list[Scalar] = _checked(kept, lambda role, fact: scalar_of(fact), refuse)
        if values:
            properties[name] = values[0] if len(values) == 1 else json.dumps(values, ensure_ascii=False)
    return properties


def _attribute(role: Role, fact: Fact) -> Attribute | None:
    """A literal where a resource is expected: an entity of this value."""
    value = text_of(fact)
    if value is None:
        return None
    attribute = Attribute(role.name, role.name.lower(), value)
    if len(attribute.entity_id.encode()) > MAX_ID_BYTES:
        raise RecordError(role.name, f"a value has over {MAX_ID_BYTES} bytes, and is no attribute but a text")
    return attribute
