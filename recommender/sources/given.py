"""The tables that a caller in Python gives, with what they state of each, as readings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from kg.errors import RecordError
from kg.rdf.mapping import RdfMapping
from kg.readers import EventMapping, ItemMapping, SocialMapping, UserMapping, is_file
from kg.readers.form import Form
from kg.readers.knowledge import read_knowledge
from kg.readers.mapping import mapping_of
from kg.readers.stream import bare, trusted
from kg.records import KindRecord, Scale, event_kind
from recommender.errors import InvalidInput
from recommender.sources.document import Table, Verb
from recommender.sources.reading import Reading, Readings, Records
from recommender.sources.remembered import events_table, nodes_table, table_of

Stated = Form | Mapping[str, Any] | None
"""What is stated of how a source is written."""


@dataclass
class Given:
    """Sources by verb, and what is stated of them."""

    sources: Mapping[Verb, Any]
    forms: Mapping[Verb, Stated]
    options: Mapping[str, Any]
    """Fields of a form, of the only source that is given."""
    mapping: Any = None
    item_mapping: Any = None
    user_mapping: Any = None
    social_mapping: Any = None
    rdf_mapping: RdfMapping | None = None
    type: str = "FRIEND"
    scale: Scale | None = None
    kind: str | None = None
    kinds: Iterable[KindRecord] = ()
    trust: bool = False
    progress: bool = False
    name: str | None = None
    """What the graph calls the source."""
    _there: list[Verb] = field(init=False)

    def __post_init__(self) -> None:
        self.mapping = mapping_of(EventMapping, self.mapping)
        self.item_mapping = mapping_of(ItemMapping, self.item_mapping)
        self.user_mapping = mapping_of(UserMapping, self.user_mapping)
        if isinstance(self.social_mapping, Mapping):
            self.social_mapping = SocialMapping.of(self.social_mapping)
        self._there = [verb for verb, source in self.sources.items() if source is not None]
        if self.options and len(self._there) != 1:
            there = ", ".join(self._there) or "none"
            raise InvalidInput(
                f"{next(iter(self.options))}= is of one table, and there are {there}: say it in form=, item_form=, "
                "user_form=, social_form=, triple_form= or link_form="
            )
        for verb, stated in self.forms.items():
            if stated is not None and self.sources.get(verb) is None and verb != "events":
                raise InvalidInput(f"a form of {verb} is given, and no {verb}")

    def readings(self, *, anew: bool, merge: bool) -> Readings:
        """All of them, in the order in which they are read."""
        verbs: tuple[Verb, ...] = ("items", "users", "amazon-items", "triples", "links", "social")
        verbs += ("lists", "recbole", "amazon-reviews", "events")
        parts = [self._reading(verb) for verb in verbs if verb in self._there]
        if "triples" in self._there:  # which are read with their links
            parts = [own for own in parts if own.table.verb != "links"]
        return Readings(parts, self.kinds, anew=anew, merge=merge)

    def _form(self, verb: Verb) -> Form:
        return Form.of(self.forms.get(verb), **(self.options if self._there == [verb] else {}))

    def _reading(self, verb: Verb) -> Reading:
        source, form = trusted(self.sources[verb], self.trust), self._form(verb)
        stated = self.forms.get(verb)
        said = {*(stated if isinstance(stated, Mapping) else ()), *(self.options if self._there == [verb] else ())}
        folder = folder_of(source)
        table = self._table(verb, source, form)
        table = table if self.name is None else replace(table, files=(self.name,))
        reading = partial(Reading, table, source, folder, form.join, said=said)
        if verb != "triples":
            return reading()
        links = trusted(self.sources.get("links"), self.trust)

        def read(table: Table) -> Records:
            return read_knowledge(
                source,
                links,
                self.rdf_mapping,
                form=table.form(folder, form.join),
                link_form=self._form("links"),
                progress=self.progress,
            )

        return reading(read=read, beside=[links])

    def _table(self, verb: Verb, source: Any, form: Form) -> Table:
        if verb == "events":
            return events_table(source, self.mapping, self.kind, self.scale, form)
        if verb in ("items", "users"):
            return nodes_table(source, verb, self.item_mapping if verb == "items" else self.user_mapping, form)
        scale = None if self.scale is None else (self.scale.minimum, self.scale.maximum)
        stated: dict[Verb, dict[str, Any]] = {
            "social": {"map": social_roles(self.social_mapping), "type": self.type},
            "lists": {"kind": self.kind},
            "recbole": {"kind": self.kind, "scale": scale},
            "amazon-reviews": {"scale": scale},
        }
        return table_of(source, verb, form, **stated.get(verb, {}))


def social_roles(mapping: SocialMapping | None) -> dict[str, str]:
    """Columns of ties by role."""
    roles = {own.name.rstrip("_"): getattr(mapping, own.name) for own in fields(SocialMapping)} if mapping else {}
    return {role: column for role, column in roles.items() if column is not None}


def folder_of(source: Any) -> Path:
    """Where the file lies."""
    file = bare(source) if is_file(source) else source
    return Path(file).parent if isinstance(file, str | os.PathLike) else Path()


def scale_given(scale: tuple[float, float] | None) -> Scale | None:
    """The scale that is given.

    Raises:
        RecordError: it is none.
    """
    try:
        return None if scale is None else Scale(*map(float, scale))
    except (TypeError, ValueError):
        raise RecordError("scale", f"{scale!r} is not (lowest, highest), such as (1, 5)") from None


def kinds_given(meanings: Mapping[str, str] | None, weights: Mapping[str, float] | None) -> list[KindRecord]:
    """What is declared of kinds of events."""
    kinds = [KindRecord(event_kind(of), meaning=what) for of, what in (meanings or {}).items()]
    return kinds + [KindRecord(event_kind(of), weight=weight) for of, weight in (weights or {}).items()]
