"""What has changed in a graph since a moment, known from the graph itself.

``(:Clock {id, epoch, tick})`` counts transactions. The last statement of each of ours adds 1 and makes
``(:Change {tick, touched, removed})`` with the keys of what it wrote. Adding 1 locks the node until the commit, so that
ticks are in the order of commits and nobody who commits late is missed, as would be with times. A key names what to
read again: ``RATED:e1`` an event of that kind, ``Review:e1`` a review, and ``User:u1``, ``Item:i1``,
``Entity:brand:Acme`` a node with the edges that leave it, save events. What is touched and is not there any more was
deleted.

The clock starts with the first refresh; before it there is nobody who would ask. Writers that are not ours leave no
change: numbers of nodes and edges that do not fit show them (:func:`counts`), and they may leave one themselves
(``docs/operations.md``).
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from kg import queries, schema
from kg.errors import NotUpdatable
from kg.store import Statement, Store

FORGOTTEN_AT_ONCE = 1_000
"""Changes removed in one transaction."""
COUNTED = ("User", "Item", "Entity", "Review")
"""Labels whose nodes are counted."""

Keys = Mapping[str, frozenset[str]]
"""Ids by label or kind of event."""


@dataclass(frozen=True)
class Moment:
    """How far a graph had come."""

    epoch: str
    """Of the clock: a graph that was emptied and filled again has another one."""
    tick: int
    """Transactions since the clock started."""


@dataclass(frozen=True)
class Changes:
    """What the transactions between two moments have written."""

    until: Moment
    touched: Keys
    """To be read again."""
    removed: Keys
    """Nodes that were deleted with their edges; they may be there again."""

    def __len__(self) -> int:
        return sum(len(ids) for keys in (self.touched, self.removed) for ids in keys.values())


def key(label: str, id: str) -> str:
    """The key of a node, or of an event of the kind ``label``.

    >>> key("Entity", "brand:Acme")
    'Entity:brand:Acme'
    """
    return f"{label}:{id}"


def noted(touched: Iterable[str], removed: Iterable[str] = ()) -> Statement:
    """The last statement of a transaction that writes what these keys name, or deletes nodes with all their edges."""
    return queries.statement("clock_tick", touched=list(touched), removed=list(removed))


def start(store: Store) -> Moment:
    """Start the clock unless it runs; transactions that commit after this returns leave changes."""
    if (moment := now(store)) is not None:
        return moment
    for label in ("Clock", "Change"):  # a graph that is older than they are lacks them
        store.write(Statement(schema.node_constraint(label), {}))
    store.write(queries.statement("clock_start", epoch=uuid.uuid4().hex))
    moment = now(store)
    assert moment is not None, "the clock was just started"
    return moment


def now(store: Store) -> Moment | None:
    """How far the graph has come; None before the clock was started."""
    rows = store.read(queries.text("clock_now"))
    return Moment(**rows[0]) if rows else None


def since(store: Store, moment: Moment) -> Changes:
    """All that was changed after a moment.

    Raises:
        NotUpdatable: that cannot be known.
    """
    if not store.notes_changes:
        raise NotUpdatable("it is an adopted graph, whose owner leaves no note of a change")
    current = now(store)
    if current is None or current.epoch != moment.epoch or current.tick < moment.tick:
        raise NotUpdatable("it is not the graph that it was: it was emptied, or put back from a copy")
    # Of what is committed while this reads, a later transaction may be seen without an earlier one; hence the end.
    rows = store.read(queries.text("changes_since"), tick=moment.tick, until=current.tick)
    if [row["tick"] for row in rows] != list(range(moment.tick + 1, current.tick + 1)):
        raise NotUpdatable("what was changed since is not noted any more")
    return Changes(
        until=current,
        touched=_by_label(entry for row in rows for entry in row["touched"] or ()),
        removed=_by_label(entry for row in rows for entry in row["removed"] or ()),
    )


def stop(store: Store) -> None:
    """Stop the clock and remove all changes: nothing that was read before can be brought up to date any more."""
    store.write(queries.statement("clock_stop"))  # first: no change follows, and none is met again by a new clock
    _remove(store, 2**62)


def forget(store: Store, until: Moment) -> None:
    """Remove the changes up to a moment that every version knows."""
    current = now(store)
    if current is not None and current.epoch == until.epoch:
        _remove(store, until.tick)


def _remove(store: Store, tick: int) -> None:
    statement = queries.statement("changes_forget", tick=tick, most=FORGOTTEN_AT_ONCE)
    while store.write(statement)[0][0]["gone"] == FORGOTTEN_AT_ONCE:
        pass


def counts(store: Store, only: Collection[str] | None = None) -> dict[str, int]:
    """How many nodes each label of :data:`COUNTED` has, and how many edges each type that a snapshot holds.

    ``only`` names the labels and types that matter; None: all.
    """
    types = {row["relation"] for row in store.read(queries.text("relation_types"))}
    wanted = [("count_nodes", "label", label) for label in COUNTED]
    wanted += [("count_edges", "relation", name) for name in sorted(types - schema.RESERVED | {"SAME_AS"} & types)]
    found = {}
    for query, placeholder, name in wanted:
        if only is not None and name not in only:
            continue
        ((row),) = store.read(queries.statement(query, names={placeholder: store.quoted_type(name)}).text)
        found[name] = row["count"]
    return found


def _by_label(entries: Iterable[str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        label, colon, id = entry.partition(":")
        if not colon:
            raise NotUpdatable(f"a (:Change) holds {entry!r}, which is no key such as Item:42")
        found[label].add(id)
    return {label: frozenset(ids) for label, ids in found.items()}
