"""What a table holds, by its columns: the verb that reads it, and what each column is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import PurePath
from typing import Any, get_args

from kg.advice import advice
from kg.errors import ReadError
from kg.readers import AttributeColumn, EventMapping, ItemMapping, UserMapping
from kg.readers.columns import holds_codes
from kg.readers.form import Form
from kg.readers.guess import guess_items, guess_users
from kg.readers.mapping import (
    AT,
    COUNTED,
    ENTITY,
    HEAD,
    ITEM,
    ITEM_TITLE,
    KIND,
    RELATION,
    TAIL,
    TEXT,
    TITLE,
    USER,
    VALUE,
    found,
    normal,
    recognise,
    resolve_events,
)
from kg.readers.parts import is_file
from kg.readers.rows import Rows
from kg.readers.social import AT as SINCE
from kg.readers.social import FROM, TYPE, WEIGHT
from kg.records import KindRecord, Scale
from recommender.inspection.columns import ColumnFound
from recommender.inspection.places import roles_by_place
from recommender.inspection.times import sounds_like_time
from recommender.sources.document import Table, Verb

VERBS = get_args(Verb)
LINK = "link"
BY_NAME, STATED, REST = "by its name", "stated", "has no other role"
_PEOPLE = "friend friendid followee followeeid followed trustee trusteeid trusted touser user2 uid2"
_REVIEWS = frozenset(("reviewerid", "asin", "overall", "unixreviewtime"))
_GOODS = frozenset(("alsobuy", "alsoview", "related", "salesrank", "maincat", "imurl"))
_WIDEST_TRIPLES, _WIDEST_TIES = 4, 6
_EVENTS = " ".join((AT, VALUE, *COUNTED.values(), KIND, TEXT, TITLE))


@dataclass(frozen=True)
class Stated:
    """What the caller says."""

    mapping: EventMapping = field(default_factory=EventMapping)
    kind: str | None = None
    scale: Scale | None = None
    kinds: tuple[KindRecord, ...] = ()
    form: Form = field(default_factory=Form)

    @property
    def limits(self) -> tuple[float, float] | None:
        """The scale as a document has it."""
        return None if self.scale is None else (self.scale.minimum, self.scale.maximum)


@dataclass(frozen=True)
class Holds:
    """What a table holds."""

    verb: str | None
    why: str
    table: Table | None = None
    """How it is read."""
    roles: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Of each column that is read: what it is, and why."""
    guessed: str = ""
    """What was taken without a name that says so, and the option that changes it."""
    doubtful: bool = False
    """Whether these may be people as well as items."""


def holds(rows: Rows, stated: Stated) -> Holds:
    """What these rows are."""
    columns = list(rows.columns)
    if len(columns) <= _WIDEST_TRIPLES and all(recognise(columns, names) for names in (HEAD, RELATION, TAIL)):
        return _triples(rows, stated)
    if recognise(columns, ENTITY) and recognise(columns, ITEM) and len(columns) == 2:
        item, entity = recognise(columns, ITEM), recognise(columns, ENTITY)
        return _links(item or "", entity or "", BY_NAME)
    if not stated.mapping.columns() and (amazon := _amazon(columns, stated)):
        return amazon
    mapping = stated.mapping
    if not all(map(rows.has, mapping.columns())):  # it speaks of another file
        mapping = EventMapping()
    named = all(recognise(columns, names) for names in (USER, ITEM)) or mapping.columns()
    if rows.types and not (named or ".inter" in PurePath(rows.name).suffixes):  # any two columns of tokens would do
        return _others(rows, stated, "no column is known as an id")
    if not mapping.columns() and not recognise(columns, ITEM) and (ties := _ties(columns, stated)):
        return ties
    try:
        return _events(resolve_events(rows, mapping, kind_given=stated.kind is not None), stated, mapping)
    except ReadError as error:
        return Holds(None, error.reason) if mapping.columns() else _others(rows, stated, error.reason)


def by_place(rows: Rows, stated: Stated, sample: Sequence[Sequence[Any]], block: str | None = None) -> Holds:
    """What rows without names of columns are, by what stands in them."""
    names = list(rows.columns)
    if pair := _link_by_content(names, sample):
        return _links(*pair, "by what stands in it")
    roles = roles_by_place(names, sample, block)
    if not roles:
        return Holds(None, found(rows) + _of_things(sample))
    said = ",".join(f"{role}={place}" for role, place in roles.items())
    guessed = f"columns have no names: {said} is taken by place and by what stands in them; "
    guessed += advice("--map or --columns says it", "mapping= or columns= says it")
    if "at" not in roles and not block:
        guessed += f"; ingest social is for ties, if {roles['item']} holds people too"
    events = _events(_mapping(roles), stated, EventMapping())
    why = {column: (role, "by what stands in it") for column, (role, _) in events.roles.items()}
    return replace(events, roles=why, guessed=guessed)


def _mapping(roles: Mapping[str, Any]) -> EventMapping:
    return EventMapping(**roles)


def _of_things(sample: Sequence[Sequence[Any]]) -> str:
    """What rows without names of columns seem to be whose first cells never come again."""
    ids = [row[0] for row in sample if row and row[0] is not None]
    things = len(ids) > 1 and len(set(map(str, ids))) == len(ids)
    return "; its first column never has the same twice, as one of ids of items or people has" if things else ""


def come_again(rows: Rows, stated: Stated, before: Holds, often: str) -> Holds:
    """What rows are that were taken for items or people, but whose ids come again and again: events."""
    columns = list(dict.fromkeys(rows.columns))
    role, names = ("item", USER) if before.verb == "users" else ("user", ITEM)
    known = recognise(columns, names)
    plain = set(_EVENTS.split())
    rest = [own for own in columns if own != known and normal(own) not in plain and not sounds_like_time(own)]
    likely = [own for own in rest if holds_codes(own)] or rest
    option = advice(f"--map {role}=COL", f"mapping={{{role!r}: COL}}")
    if known is None or len(likely) != 1:
        what = "item" if role == "item" else "person"
        return Holds(None, f"{often}, so that its rows are events, and no column is known as the {what}: {option}")
    mapping = _mapping({role: likely[0]})
    try:
        resolved = resolve_events(rows, mapping, kind_given=stated.kind is not None)
    except ReadError as error:
        return Holds(None, error.reason)
    guessed = f"{often}, so that its rows are events, and {likely[0]} is taken for the {role}; {option} changes it"
    events = _events(resolved, stated, EventMapping())
    return replace(events, guessed=guessed, roles={**events.roles, likely[0]: (role, "its rows are events")})


def people(rows: Rows, stated: Stated) -> Holds:
    """The rows as people, whose ids those of the events are."""
    own = _people(guess_users(rows), stated)
    return replace(own, why=own.why + ", which the people of the events have")


def with_title(columns: Sequence[ColumnFound]) -> str | None:
    """The column of ids of rows that have a title, where none is known: one called so that is another in each row."""
    if not recognise([own.name for own in columns], ITEM_TITLE):
        return None
    each = [own.name for own in columns if own.distinct == own.cells and not own.empty and not own.estimated]
    return next((own for own in each if holds_codes(own)), None)


def as_items(rows: Rows, stated: Stated, id: str) -> Holds:
    """The rows as items with these ids."""
    guessed = f"rows have a title, and another {id} each, which is taken for the item's id; "
    guessed += advice("--id changes it", "ItemMapping(id=) changes it")
    own = _items(guess_items(rows, id), rows, stated)
    return replace(own, guessed=guessed, roles={**own.roles, id: ("id", "is another in each row")})


def counted_friends(before: Holds, columns: Sequence[str]) -> Holds:
    """People, where what these columns say of friends is how many."""
    assert before.table is not None
    table = before.table
    friends = tuple(own for own in table.friends if own.rpartition(":")[0] not in columns)
    table = replace(table, friends=friends, properties=(*table.properties, *columns))
    return replace(before, table=table, roles={**before.roles, **dict.fromkeys(columns, ("property", "holds numbers"))})


# --- One verb each


def table_of(verb: Verb, stated: Stated, **said: Any) -> Table:
    """A table of a source, with the form that is stated; its file is named later."""
    form = {own.name: getattr(stated.form, own.name) for own in fields(Form) if own.name != "join"}
    join = tuple(f"{own.source}:{own.own}={own.theirs}" for own in stated.form.join if is_file(own.source))
    return Table((), verb, **said, **form, join=join)


def _triples(rows: Rows, stated: Stated) -> Holds:
    names = {"head": HEAD, "relation": RELATION, "tail": TAIL}
    roles = {recognise(rows.columns, own) or "": (role, BY_NAME) for role, own in names.items()}
    return Holds("triples", "it has a head, a relation and a tail", table_of("triples", stated), roles)


def _links(item: str, entity: str, why: str) -> Holds:
    return Holds(
        LINK, "it links items to entities of a knowledge graph", roles={item: ("item", why), entity: ("entity", why)}
    )


def _link_by_content(names: Sequence[str], sample: Sequence[Sequence[Any]]) -> tuple[str, str] | None:
    """The columns of items and of addresses, where there are these two."""
    if len(names) != 2 or not sample:
        return None
    addresses = [all(str(row[place] or "").strip(" <").startswith(("http://", "https://")) for row in sample)
                 for place in (0, 1)]  # fmt: skip
    if addresses.count(True) != 1:
        return None
    return (names[0], names[1]) if addresses[1] else None


def _amazon(columns: Sequence[str], stated: Stated) -> Holds | None:
    plain = {normal(column): column for column in columns}
    if "asin" not in plain or stated.form != Form():
        return None
    if plain.keys() >= _REVIEWS:
        roles = {"user": "reviewerid", "item": "asin", "at": "unixreviewtime", "value": "overall", "text": "reviewtext",
                 "title": "summary"}  # fmt: skip
        known = {plain[own]: (role, BY_NAME) for role, own in roles.items() if own in plain}
        known |= {plain[own]: ("context", BY_NAME) for own in ("verified", "vote", "helpful") if own in plain}
        return Holds("amazon-reviews", "its columns are those of Amazon's reviews", table_of("amazon-reviews", stated),
                     known)  # fmt: skip
    if len(plain.keys() & _GOODS) < 2 or "overall" in plain:
        return None
    names = {"id": "asin", "title": "title", "text": "description feature", "attribute": "brand category categories",
             "property": "price rank salesrank imurl image", "related": "alsobuy alsoview related"}  # fmt: skip
    known = {plain[own]: (role, BY_NAME) for role, some in names.items() for own in some.split() if own in plain}
    return Holds("amazon-items", "its columns are those of Amazon's items", table_of("amazon-items", stated), known)


def _ties(columns: Sequence[str], stated: Stated) -> Holds | None:
    """Whom people know: a person, and one whom the name of the column calls their friend."""
    to = recognise(columns, _PEOPLE)
    first = recognise([own for own in columns if own != to], FROM)
    if not (to and first and len(columns) <= _WIDEST_TIES):
        return None
    taken = [first, to]
    roles = {first: ("from", BY_NAME), to: ("to", BY_NAME)}
    for role, names in (("weight", WEIGHT), ("at", SINCE), ("type", TYPE)):
        if own := recognise([column for column in columns if column not in taken], names):
            roles[own] = (role, BY_NAME)
            taken.append(own)
    said = {role: column for column, (role, _) in roles.items()}
    return Holds("social", f"its rows have two people ({first}, {to})", table_of("social", stated, map=said), roles)


def _events(mapping: EventMapping, stated: Stated, said: EventMapping) -> Holds:
    columns = {own: column for own in mapping.__dataclass_fields__ if (column := getattr(mapping, own))}
    context = columns.pop("context", ())
    roles = {column: (role, STATED if getattr(said, role) else BY_NAME) for role, column in columns.items()}
    roles |= dict.fromkeys(context, ("context", STATED))
    table = table_of("events", stated, map=columns, context=context, kind=stated.kind, scale=stated.limits)
    return Holds("events", f"its rows have a person ({mapping.user}) and an item ({mapping.item})", table, roles)


def _others(rows: Rows, stated: Stated, reason: str) -> Holds:
    """Items or people, by the column of ids."""
    columns = list(rows.columns)
    item, user, id = (recognise(columns, names) for names in (ITEM, USER, "id"))
    if not (item or user):  # the columns that hold ids in the events may do so here
        item, user = (own if own in columns else None for own in (stated.mapping.item, stated.mapping.user))
    if (item and user) or not (item or user or id):
        return Holds(None, reason)
    doubtful = not (item or user) and not rows.types
    if item or (id and not user):
        return replace(_items(guess_items(rows, item or id), rows, stated), doubtful=doubtful)
    return _people(guess_users(rows, user), stated)


def _items(mapping: ItemMapping, rows: Rows, stated: Stated) -> Holds:
    roles = {mapping.id: ("id", BY_NAME)}
    roles |= dict.fromkeys(mapping.properties, ("property", REST))
    roles |= dict.fromkeys(mapping.text, ("text", BY_NAME))
    for role, specs in (("attribute", mapping.attributes), ("related", mapping.related)):
        roles |= {own.column: (role, BY_NAME) for own in specs}
    if mapping.title:
        roles[mapping.title] = ("title", BY_NAME)
    table = table_of(
        "items",
        stated,
        id=mapping.id,
        title=mapping.title,
        text=mapping.text,
        attributes=tuple(map(_written, mapping.attributes)),
        properties=mapping.properties,
        related=tuple(map(_written, mapping.related)),
    )
    if rows.types and mapping.attributes:  # the types say how their cells are split
        table = table_of("items", stated)
    return Holds("items", f"its rows have an item's id ({mapping.id})", table, roles)


def _people(mapping: UserMapping, stated: Stated) -> Holds:
    roles = {mapping.id: ("id", BY_NAME)}
    roles |= dict.fromkeys(mapping.properties, ("property", REST))
    roles |= {own.column: ("friends", BY_NAME) for own in mapping.friends}
    friends = tuple(map(_written, mapping.friends))
    table = table_of("users", stated, id=mapping.id, properties=mapping.properties, friends=friends)
    return Holds("users", f"its rows have a person's id ({mapping.id})", table, roles)


def _written(column: AttributeColumn) -> str:
    """As options and documents have it; a relation is said where the name would be taken for one."""
    relation = column.relation or (column.named()[0] if ":" in column.column else None)
    return f"{column.column}:{relation}" if relation else column.column
