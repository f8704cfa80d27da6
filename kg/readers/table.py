"""Tables to records: events, items and people, from any source that :func:`open_rows` opens."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any

from kg.advice import advice
from kg.errors import ReadError, RecordError
from kg.readers.cells import attributes, listed
from kg.readers.cleaning import Missing, identifier, number, price, timestamp
from kg.readers.columns import Column, Seen, holds_prices
from kg.readers.form import Form, numbers_among, says_nothing
from kg.readers.friends import Others, is_count
from kg.readers.guess import guess_items, guess_users
from kg.readers.identifiers import Ids
from kg.readers.lists import lists_of
from kg.readers.mapping import (
    FRIEND,
    AttributeColumn,
    EventMapping,
    ItemMapping,
    UserMapping,
    is_positions,
    kind_of_values,
    look_on,
    property_name,
    require,
    resolve_events,
    settled_mapping,
)
from kg.readers.markup import as_before, clean_text
from kg.readers.moments import PLAIN, Clock, Order, Undated, years_among
from kg.readers.open import Source, open_rows, open_table
from kg.readers.parts import can_be_read_again
from kg.readers.repeats import numbered
from kg.readers.rows import Row, Rows
from kg.readers.spoken import parts_among, spoken
from kg.readers.stream import LineStream
from kg.readers.typed import TypedRows
from kg.records import (
    Attribute,
    Interaction,
    ItemRecord,
    KindRecord,
    Note,
    Reject,
    Related,
    Scalar,
    Scale,
    Tie,
    UserRecord,
    event_hash,
    event_kind,
)
from kg.schema import HIDDEN
from kg.usual import usual

log = logging.getLogger(__name__)

Cells = Sequence[Any]
Again = Callable[[Sequence[str]], Iterator[Row | Reject]]
PLAIN_FORM = Form()
MOST_GUESSED = 50
"""Kinds of events that are believed of a column which only its name makes one of kinds: ids look like kinds, too."""


def read_events(
    source: Source,
    mapping: EventMapping | None = None,
    *,
    kind: str | None = None,
    scale: Scale | None = None,
    form: Form | None = None,
) -> Iterator[Interaction | KindRecord | Reject]:
    """Events from a table, or from LightGCN lists where no column is named.

    Numbers that the form says stand for none in the column of values stay: before the first event of a kind comes a
    :class:`KindRecord` that says so, and the graph keeps what the file has.

    The kind of an event is, in this order: its cell in the column of kinds; ``kind``; ``RATED`` when it has a value (by
    the name of its column ``PLAYED``, ``PURCHASED``, ..., :data:`kg.readers.mapping.COUNTED`), ``REVIEWED`` when it has
    a text, else ``INTERACTED``. An event without an id gets :func:`kg.records.event_hash`.
    Columns that play no role are left out, save for ``mapping.context``.

    Raises:
        ReadError: the source cannot be read (any further), or a column is missing. Raised on iteration, after the
            records before it.
        RecordError: ``kind`` is no kind.
    """
    default = None if kind is None else event_kind(kind)
    mapping = mapping or EventMapping()
    form = form or Form()
    form.must_suit("events")
    rows = open_rows(source, form, table=bool(mapping.columns()))
    if isinstance(rows, TypedRows):
        yield from rows.checked(Interaction)
        return
    if isinstance(rows, LineStream):
        yield from lists_of(rows, default or "INTERACTED", form)
        return
    mapping = settled_mapping(mapping, rows)
    rows = _positional(rows, mapping.columns(), mapping.context)
    _property_names(rows.name, mapping.context, set())
    guessed = mapping.kind is None
    mapping = resolve_events(rows, mapping, kind_given=default is not None)
    _say(rows, mapping)
    roles = (
        mapping.user,
        mapping.item,
        mapping.at,
        mapping.value,
        mapping.kind,
        mapping.text,
        mapping.title,
        mapping.event,
    )
    # In a matrix a code is an empty cell, and no event.
    codes = numbers_among(form.codes(mapping.value)) if mapping.value and not form.wide else ()
    rows.keeps, rows.ids = mapping.value, frozenset((mapping.user, mapping.item, mapping.event))
    columns = [*roles, *mapping.context]
    amount = _price_column(rows, mapping, default)
    told = [*columns, amount] if amount else columns
    seen, selected, clock = timed(rows, told, 2, form)
    make = event_maker(
        mapping,
        default,
        scale,
        form,
        most_kinds=MOST_GUESSED if guessed else None,
        clock=clock,
        seen=[cells[: len(columns)] for cells in seen] if amount else seen,
        again=_again(source, rows, columns, form),
        unrated=codes,
    )
    records: Iterator[Interaction | KindRecord | Reject] = (
        _with_prices(rows, told, make, selected) if amount else rows.records(columns, make, selected)
    )
    records = with_codes(records, codes)
    yield from numbered(records, form.repeats, rows.name)


def _price_column(rows: Rows, mapping: EventMapping, default: str | None) -> str | None:
    """The column of prices beside one of quantities, by which a quantity of 0 is known for one that nobody wrote."""
    bought = mapping.kind is not None or usual(default or kind_of_values(mapping.value)) in ("PURCHASED", "CARTED")
    if mapping.value is None or not bought or holds_prices(mapping.value):
        return None
    return next((column for column in rows.columns if holds_prices(column)), None)


def _with_prices(
    rows: Rows, columns: Sequence[str | None], make: Callable[[Cells], Interaction], selected: Iterator[Row | Reject]
) -> Iterator[Interaction | KindRecord | Reject]:
    """The events; before the first that has a price and a quantity of 0 that such a 0 of its kind is not known."""
    told: dict[str, KindRecord] = {}

    def priced(cells: Cells) -> Interaction:
        event = make(cells[:-1])
        if event.value == 0 and event.kind not in told and usual(event.kind) in ("PURCHASED", "CARTED"):
            paid = cells[-1] if isinstance(cells[-1], int | float) else price(cells[-1])
            if paid is not None and paid > 0:
                told[event.kind] = KindRecord(event.kind, unrated=(0.0,))
        return event

    said: set[str] = set()
    for record in rows.records(columns, priced, selected):
        if len(told) > len(said) and isinstance(record, Interaction) and record.kind not in said:
            said.add(record.kind)
            yield told[record.kind]
            log.info(
                "%s: a quantity of 0 beside a price in %r is taken for one that is not known; %s leaves such rows out",
                rows.name,
                columns[-1],
                advice(f"--drop {columns[3]}=0", f"drop={{{columns[3]!r}: 0}}"),
            )
        yield record


def with_codes(
    records: Iterator[Interaction | KindRecord | Reject], codes: tuple[float, ...]
) -> Iterator[Interaction | KindRecord | Reject]:
    """The records; where there are codes, before the first event of each kind that they stand for none."""
    kinds: set[str] = set()
    for record in records:
        if codes and isinstance(record, Interaction) and record.kind not in kinds:
            kinds.add(record.kind)
            yield KindRecord(record.kind, unrated=codes)
        yield record


def timed(
    rows: Rows, columns: Sequence[str | None], place: int, form: Form
) -> tuple[Sequence[Cells], Iterator[Row | Reject], Clock]:
    """The cells of the first rows, all rows, and how the times of the column at this place are read.

    Raises:
        ReadError: the order of day and month is not known.
    """
    try:
        return with_clock(rows, columns, place, form)
    except RecordError as error:
        raise ReadError(rows.name, f"{error.field}: {error.reason}") from None


def with_clock(
    rows: Rows, columns: Sequence[str | None], place: int, form: Form
) -> tuple[Sequence[Cells], Iterator[Row | Reject], Clock]:
    """The same, as what is stated and the first times say.

    Raises:
        RecordError: day and month may both come first, or neither can.
    """
    order = Order()

    def undecided(cells: Cells) -> bool:
        order.see(cells[place])
        return order.open

    states_order = columns[place] is None or form.at_format is not None
    seen, selected = rows.sampled(columns, (lambda _: False) if states_order else undecided)
    decided = order.decided(columns[place] or "at")
    return seen, selected, Clock(form.at_format, form.zone, decided, years=years_among(cells[place] for cells in seen))


def _say(rows: Rows, mapping: EventMapping) -> None:
    """Which column is read as what: a column that was meant and not recognised is seen at once."""
    roles = [(own.name, getattr(mapping, own.name)) for own in fields(mapping) if own.name != "context"]
    read = ", ".join(f"{role}={column}" for role, column in roles if column)
    used = {column for _, column in roles if column} | set(mapping.context)
    rest = ", ".join(column for column in rows.columns if column and column not in used)
    unread = f"; not read: {rest} (see {advice('--map', 'mapping=', 'map')})" if rest else ""
    log.info("%s: read %s%s", rows.name, read, unread)


def event_maker(
    mapping: EventMapping,
    default: str | None,
    scale: Scale | None,
    form: Form = PLAIN_FORM,
    *,
    most_kinds: int | None = None,
    clock: Clock = PLAIN,
    seen: Sequence[Cells] = (),
    again: Again | None = None,
    unrated: tuple[float, ...] = (),
) -> Callable[[Cells], Interaction]:
    """A function from the cells of a row, in the order of the mapping's fields, to an event.

    ``mapping`` is resolved: it names the column of every role that is there, for the messages of rejects. It refuses
    rows of more different kinds than ``most_kinds``. ``seen`` are the cells of the first rows, which say what a column
    holds, and ``again`` gives the rows once more; ``unrated`` may lie outside the scale.
    """
    kinds: set[str] = set()
    user_name, item_name, at_name = mapping.user or "user", mapping.item or "item", mapping.at or "at"
    value_name, kind_name, event_name = mapping.value or "value", mapping.kind or "kind", mapping.event or "event"
    text_name, title_name = mapping.text or "text", mapping.title or "title"
    context_columns = _properties_of(mapping.context, [cells[8:] for cells in seen], form, again)
    kind_of = lru_cache(1024)(event_kind)
    valued = kind_of_values(mapping.value)
    user_of = Ids(user_name, [cells[0] for cells in seen], form.nothing(mapping.user))
    item_of = Ids(item_name, [cells[1] for cells in seen], form.nothing(mapping.item))
    all_checked = user_of.pointed or item_of.pointed
    no_user, no_item = form.nothing(mapping.user), form.nothing(mapping.item)
    parts = parts_among(cells[3] for cells in seen)
    no_value, no_time = mapping.value not in form.missing, mapping.at not in form.missing
    no_kind, no_event = form.nothing(mapping.kind), form.nothing(mapping.event)

    def make(cells: Cells) -> Interaction:
        user, item, at, value, kind, text, title, event, *context = cells
        user_id, item_id = identifier(user, user_name), identifier(item, item_name)
        if all_checked or user_id in no_user or item_id in no_item or user_id[0] in "[({" or item_id[0] in "[({":
            user_id, item_id = user_of.checked(user_id), item_of.checked(item_id)
        notes: list[Note] | None = None
        try:
            moment = None if at is None else timestamp(at, at_name, clock)
        except RecordError as error:
            moment, notes = None, [_note_of(error, at, no_time)]
        try:
            amount = None if value is None else number(value, value_name)
        except RecordError as error:
            if (amount := spoken(value, parts)) is None:
                notes = [*(notes or ()), _note_of(error, value, no_value)]
        if scale is not None and amount is not None and amount not in scale and amount not in unrated:
            raise RecordError(value_name, f"{amount:g} is outside the scale {scale.minimum:g}:{scale.maximum:g}")
        words = None if text is None else clean_text(text, text_name)
        headline = None if title is None else clean_text(title, title_name)
        if isinstance(kind, str) and kind.strip() in no_kind:
            notes = [*(notes or ()), Note.missing(kind_name, kind)]
            kind = None
        if isinstance(event, str) and event.strip() in no_event:
            notes = [*(notes or ()), Note.missing(event_name, event)]
            event = None
        if kind is not None and not (isinstance(kind, str) and not kind):
            what = kind_of(kind.strip() if isinstance(kind, str) else str(kind), kind_name)
            if most_kinds is not None and what not in kinds:
                if len(kinds) == most_kinds:
                    raise RecordError(
                        kind_name,
                        f"{most_kinds} different kinds were read before; say {_kinds_in(kind_name)} if these are kinds "
                        f"of events, or {_ids_in(kind_name)} if they are ids of events",
                    )
                kinds.add(what)
        elif default is not None:
            what = default
        else:
            what = valued if amount is not None else "REVIEWED" if words or headline else "INTERACTED"
        if event is None or (isinstance(event, str) and not event):
            said = words if words is None else as_before(text, text_name, words)
            event_id = event_hash(user_id, item_id, what, moment, amount, said)
        else:
            event_id = identifier(event, event_name)
        if not context and not notes:
            return Interaction(user_id, item_id, what, event_id, moment, amount, words, headline)
        notes = notes or []
        kept = _properties(context, context_columns, notes)
        return Interaction(user_id, item_id, what, event_id, moment, amount, words, headline, kept, notes=tuple(notes))

    return make


def _kinds_in(column: str) -> str:
    return advice(f"--map kind={column}", f"EventMapping(kind={column!r})", f'map = {{ kind = "{column}" }}')


def _ids_in(column: str) -> str:
    return advice(
        f"--map event={column},kind=", f"EventMapping(event={column!r}, kind='')", f'event = "{column}", kind = ""'
    )


def _naming(what: str, *roles: str) -> str:
    """What names the columns of items or people."""
    plural = {"attribute": "attributes", "property": "properties"}
    arguments = ", ".join(f"{plural.get(role, role)}=" for role in roles)
    return "Name the columns with " + advice(
        ", ".join(f"--{role} COL" for role in roles),
        f"{what}Mapping({arguments})",
        f"the keys {', '.join(plural.get(role, role) for role in roles)}",
    )


def _note_of(error: RecordError, cell: Any, words: bool) -> Note:
    """Why an event lacks what this cell should say; ``words``: whether those for none are none.

    Raises:
        RecordError: the cell cannot be right, and neither can the event.
    """
    if isinstance(error, Undated):
        return Note(error.field, error.reason, "undated")
    if words and says_nothing(cell):
        return Note.missing(error.field, cell)
    raise error


def read_items(
    source: Source, mapping: ItemMapping | None = None, *, form: Form | None = None
) -> Iterator[ItemRecord | Reject]:
    """Items from a table; without a mapping, by its columns' names and types (:func:`kg.readers.guess.guess_items`).

    Raises:
        ReadError: the source cannot be read (any further), or a column is missing.
    """
    form = form or Form()
    form.must_suit("items")
    rows = open_table(source, form)
    if isinstance(rows, TypedRows):
        yield from rows.checked(ItemRecord)
        return
    mapping = settled_mapping(mapping or guess_items(rows), rows)
    mapping = replace(mapping, attributes=_split(mapping.attributes, form), related=_split(mapping.related, form))
    title, texts = [mapping.title] if mapping.title else [], mapping.text
    specs = (*mapping.attributes, *mapping.related)
    columns = [mapping.id, *title, *texts, *(spec.column for spec in specs), *mapping.properties]
    rows = _positional(rows, columns, _unnamed(mapping.properties, mapping.attributes))
    require(rows, columns, _naming("Item", "id", "title", "text", "attribute", "property"))
    _property_names(rows.name, mapping.properties, {"id", "title", "text"})
    for spec in specs:
        spec.named()  # a relation that is no name is the caller's error, not that of every row
    texts_at = 1 + len(title)
    attributes_at = texts_at + len(texts)
    related_at = attributes_at + len(mapping.attributes)
    properties_at = related_at + len(mapping.related)

    rows.ids = frozenset((mapping.id,))
    seen, selected = rows.sampled(columns, lambda _: False)
    id_of = Ids(mapping.id, [cells[0] for cells in seen], form.nothing(mapping.id))
    again = _again(source, rows, columns, form)
    properties = _properties_of(mapping.properties, [cells[properties_at:] for cells in seen], form, again)
    others = _others(mapping.related, [cells[related_at:properties_at] for cells in seen], form)

    def make(cells: Cells) -> ItemRecord:
        item_id = id_of(cells[0])
        notes: list[Note] = []
        return ItemRecord(
            id=item_id,
            title=spared(clean_text, cells[1], title[0], notes) if title else None,
            text=_joined(cells[texts_at:attributes_at], texts, notes),
            properties=_properties(cells[properties_at:], properties, notes),
            attributes=_attributes(cells[attributes_at:related_at], mapping.attributes, form, notes),
            related=_related(item_id, cells[related_at:properties_at], others, notes),
            notes=tuple(notes),
        )

    yield from rows.records(columns, make, selected)


def read_users(
    source: Source, mapping: UserMapping | None = None, *, form: Form | None = None
) -> Iterator[UserRecord | Tie | Reject]:
    """People from a table, and whom they know; without a mapping a column of friends is known by its name, and every
    other column beside the id is a property.

    In a column that only its name makes one of friends a bare number is how many there are.

    Raises:
        ReadError: the source cannot be read (any further), or a column is missing.
    """
    form = form or Form()
    form.must_suit("users")
    rows = open_table(source, form)
    if isinstance(rows, TypedRows):
        yield from rows.checked(UserRecord)
        return
    guessed = mapping is None
    mapping = settled_mapping(mapping or guess_users(rows), rows)
    mapping = replace(mapping, attributes=_split(mapping.attributes, form), friends=_split(mapping.friends, form))
    friends = [spec.column for spec in mapping.friends]
    columns = [mapping.id, *(spec.column for spec in mapping.attributes), *mapping.properties, *friends]
    rows = _positional(rows, columns, _unnamed(mapping.properties, mapping.attributes))
    require(rows, columns, _naming("User", "id", "attribute", "property", "friends"))
    _property_names(rows.name, mapping.properties, {"id"})
    for spec in mapping.attributes:
        spec.named()
    properties_at = 1 + len(mapping.attributes)
    friends_at = properties_at + len(mapping.properties)
    ties: list[Tie] = []

    rows.ids = frozenset((mapping.id,))
    seen, selected = rows.sampled(columns, lambda _: False)
    id_of = Ids(mapping.id, [cells[0] for cells in seen], form.nothing(mapping.id))
    held = [cells[properties_at:friends_at] for cells in seen]
    properties = _properties_of(mapping.properties, held, form, _again(source, rows, columns, form))
    counts = [[cell if is_count(cell) else None for cell in cells[friends_at:]] for cells in seen]
    counted = _properties_of(friends, counts, form)
    others = _others(mapping.friends, [cells[friends_at:] for cells in seen], form)

    def make(cells: Cells) -> UserRecord:
        notes: list[Note] = []
        user_id, named = id_of(cells[0]), cells[friends_at:]
        numbers = [cell if guessed and is_count(cell) else None for cell in named]
        known = [None if number is not None else cell for number, cell in zip(numbers, named, strict=True)]
        ties[:] = [
            Tie(user_id, other, own.spec.relation or FRIEND)
            for own, other in _named(known, others, notes)
            if other != user_id
        ]
        held = _properties(cells[properties_at:friends_at], properties, notes)
        return UserRecord(
            id=user_id,
            properties={**held, **_properties(numbers, counted, notes)},
            attributes=_attributes(cells[1:properties_at], mapping.attributes, form, notes),
            notes=tuple(notes),
        )

    for record in rows.records(columns, make, selected):
        yield record
        if isinstance(record, UserRecord):
            yield from (replace(tie, origin=record.origin) for tie in ties)


def _split(specs: Iterable[AttributeColumn], form: Form) -> tuple[AttributeColumn, ...]:
    """Columns with the separators that a form states."""
    return tuple(replace(spec, separator=form.split.get(spec.column, spec.separator)) for spec in specs)


def _positional(rows: Rows, columns: Sequence[str], unnamed: Iterable[str] = ()) -> Rows:
    """The rows, without a header where columns are positions.

    Raises:
        ReadError: ``unnamed`` are positions whose names the graph would have to hold.
    """
    if not is_positions(columns):
        return rows
    if without := ", ".join(unnamed):
        names = advice("--columns id,title,year,...", "columns=['id', 'title', 'year', ...]", "the key columns")
        hint = f"name all columns with {names}, and use the names"
        raise ReadError(rows.name, f"positions ({without}) are no names for properties and attributes: {hint}")
    return rows.headerless()


def _unnamed(properties: Sequence[str], attributes: Sequence[AttributeColumn]) -> list[str]:
    return [*properties, *(spec.column for spec in attributes if not spec.relation)]


def _property_names(file: str, columns: Sequence[str], reserved: set[str]) -> list[tuple[str, str]]:
    """Each column with its name in the graph.

    Raises:
        ReadError: two columns come to the same name, or a name is the graph's own.
    """
    names = [(column, property_name(column)) for column in columns]
    counts = Counter(name for _, name in names)
    for column, name in names:
        if name in reserved or name.startswith(HIDDEN) or counts[name] > 1:
            raise ReadError(
                file, f"the column {column!r} cannot be the property {name!r}, which is taken: rename the column"
            )
    return names


def _properties_of(
    columns: Sequence[str], seen: Sequence[Cells], form: Form, again: Again | None = None
) -> list[tuple[str, Column]]:
    """Each column by its name in the graph, and what its cells say that it holds.

    ``again`` gives the source once more, where what was seen is not all of it.
    """
    found = [Seen(column, form.nothing(column)) for column in columns]
    for place, own in enumerate(found):
        for cells in seen:
            own.see(cells[place])
    left = [(column, own) for column, own in zip(columns, found, strict=True) if own.open]
    if again is not None and left:
        _look_on(again([column for column, _ in left]), [own for _, own in left])
    return [(property_name(column), own.column()) for column, own in zip(columns, found, strict=True)]


def _look_on(rows: Iterator[Row | Reject], columns: Sequence[Seen]) -> None:
    """See the cells of columns that are open, until none is or there are no more."""
    with suppress(ReadError):  # said when the rows are read
        for row in rows:
            if isinstance(row, Reject):
                continue
            for own, cell in zip(columns, row[1], strict=True):
                own.see(cell)
            if not any(own.open for own in columns):
                break


def _again(source: Source, rows: Rows, columns: Sequence[str | None], form: Form) -> Again | None:
    """A way to read a source a second time; None where its sample was all of it, and where there is none."""
    if rows.whole:
        return None
    named = [column for column in columns if column]

    def again(wanted: Sequence[str]) -> Iterator[Row | Reject]:
        if form.long or not can_be_read_again(source):
            what = ", ".join(wanted)
            log.info(
                "%s: whether all of %s are numbers is told from the first rows, as it is read once", rows.name, what
            )
            return iter(())
        once_more = _positional(open_table(source, form), named)
        look_on(once_more, wanted)
        return once_more.select(wanted)

    return again


def _properties(cells: Cells, columns: Sequence[tuple[str, Column]], notes: list[Note]) -> Mapping[str, Scalar]:
    found: dict[str, Scalar] = {}
    for cell, (name, column) in zip(cells, columns, strict=True):
        try:
            if cell is not None and (value := column.read(cell)) is not None:
                found[name] = value
        except RecordError as error:
            notes.append(_left_out(error))
    return found


def _attributes(cells: Cells, specs: Sequence[AttributeColumn], form: Form, notes: list[Note]) -> tuple[Attribute, ...]:
    found: dict[Attribute, None] = {}
    for cell, spec in zip(cells, specs, strict=True):
        if cell is None:
            continue
        try:
            found |= dict.fromkeys(attributes(cell, spec, form.nothing(spec.column), notes))
        except RecordError as error:
            notes.append(_left_out(error))
    return tuple(found)


def _related(item_id: str, cells: Cells, columns: Sequence[Others], notes: list[Note]) -> tuple[Related, ...]:
    named = _named(cells, columns, notes)
    found = (Related(own.spec.named()[0], other) for own, other in named if other != item_id)
    return tuple(dict.fromkeys(found))


def _others(specs: Sequence[AttributeColumn], seen: Sequence[Cells], form: Form) -> list[Others]:
    """Columns of ids of others, as their first cells say."""
    return [Others(spec, [cells[place] for cells in seen], form) for place, spec in enumerate(specs)]


def _named(cells: Cells, columns: Sequence[Others], notes: list[Note]) -> Iterator[tuple[Others, str]]:
    """Whom or what the cells of a row name; one that cannot be right costs itself alone."""
    for cell, column in zip(cells, columns, strict=True):
        try:
            yield from ((column, other) for other in ([] if cell is None else column(cell, notes)))
        except RecordError as error:
            notes.append(_left_out(error))


def _joined(cells: Cells, columns: Sequence[str], notes: list[Note]) -> str | None:
    """The text of several columns; a list of paragraphs is one text."""
    parts: list[str | None] = []
    for cell, column in zip(cells, columns, strict=True):
        members = spared(listed, cell, column, notes)
        several = members if isinstance(members, list | tuple) else [members]
        parts.extend(spared(clean_text, member, column, notes) for member in several)
    return " ".join(filter(None, parts)) or None


def spared(
    clean: Callable[[Any, str], Any], cell: Any, column: str, notes: list[Note], nothing: frozenset[str] = frozenset()
) -> Any:
    """What a cell says, or nothing where it cannot be right, which costs it alone, or stands for none."""
    try:
        return clean(cell, column)
    except RecordError as error:
        missing = isinstance(cell, str) and cell.strip() in nothing
        notes.append(Note.missing(column, cell) if missing else _left_out(error))
        return None


def _left_out(error: RecordError) -> Note:
    kind = "missing" if isinstance(error, Missing) else "undated" if isinstance(error, Undated) else "left out"
    return Note(error.field, error.reason, kind)
