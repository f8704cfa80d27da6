"""A wrong reading undone: what one source brought out of the graph, for good or to be read again.

The published version was learned with it and goes on to serve until the next refresh, which learns without.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from kg import queries
from kg.checks import ScaleConflict, Scales, check
from kg.errors import RecordError
from kg.ingested import Ingested, id_of, ingested
from kg.records import Begins, Record, Reject, Scale
from kg.store import Store
from kg.undo import Undone, kinds_of_one, undo
from recommender.errors import InvalidInput
from recommender.refresh.lock import refresh_lock
from recommender.sources.remembered import keys_of, remembered

log = logging.getLogger(__name__)

_UNTOLD = (
    "{name} was ingested before this release, which did not note what came from where, so that it cannot be told from "
    "the rest and nothing was removed; ingest the files that are right into a new store"
)


def undo_source(store: Store, name: str, *, dry_run: bool = False, progress: bool = True) -> Undone:
    """Take out what a source alone brought, and forget how it was read.

    ``name``: as :meth:`recommender.Recommender.status` lists it, or ``verb:name`` where several verbs have read it.

    Raises:
        InvalidInput: there is no such source, or it cannot be told from others.
        RefreshRunning: a refresh of this graph is running.
    """
    source = _found(store, name)
    if dry_run:
        return undo(store, source, dry_run=True, progress=progress)
    with refresh_lock(store):
        return _undo(store, source, progress)


def make_way(
    store: Store,
    sources: Sequence[Begins],
    records: Iterable[Record | Reject | Begins],
    *,
    scale: Scale | None,
    strict: bool,
    progress: bool,
) -> list[Undone]:
    """Take out what sources brought, once ``records``, with which they are read again, are known to be good.

    Raises:
        RecordError: nothing of them could be stored, or under ``strict`` one could not; nothing was taken out.
        ReadError: likewise of a file that cannot be read.
        InvalidInput: a source cannot be told from others.
        RefreshRunning: a refresh of this graph is running.
    """
    _check_told(store)
    known = ingested(store)
    found = [own for each in sources if (own := known.get(id_of(each.verb, each.name))) and not own.undone]
    untold = {(own.verb, own.name) for own in remembered(store) if own.stands_alone}
    for each in sources:
        if id_of(each.verb, each.name) not in known and (each.verb, each.name) in untold:
            raise InvalidInput(_UNTOLD.format(name=each.name))
    _check(store, found, records, scale, strict)
    with refresh_lock(store):
        undone = [_undo(store, own, progress) for own in found]
    for one in undone:
        log.info("%s: taken out before it is read again: %s", one.source, one)
    return undone


def _undo(store: Store, source: Ingested, progress: bool) -> Undone:
    undone = undo(store, source, progress=progress)
    forgotten = dict.fromkeys(keys_of(store, source.verb, source.name))
    store.write(queries.statement("ingested_undone", id=source.id, sources=forgotten))
    return undone


def _check_told(store: Store) -> None:
    if not store.notes_changes:
        raise InvalidInput(
            f"{store.address} is its owner's graph, where nothing notes what came from which file; "
            "'tastegraph release' takes out all that was added"
        )


def _found(store: Store, name: str) -> Ingested:
    """The source of a name.

    Raises:
        InvalidInput: none has it, or several do, or what came from it cannot be told.
    """
    _check_told(store)
    known = [own for own in ingested(store).values() if not own.undone]
    found = [own for own in known if name in (own.name, own.id)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidInput(f"several sources are called {name}: say which, {' or '.join(own.id for own in found)}")
    read = [own for own in remembered(store) if name in (own.name, id_of(own.verb, own.name))]
    if part := next((own for own in read if not own.stands_alone), None):
        raise InvalidInput(f"{name} was read as part of {part.part_of}, which is taken out as a whole: undo that")
    if read:
        raise InvalidInput(_UNTOLD.format(name=name))
    listed = ", ".join(own.name for own in known) or "none"
    raise InvalidInput(f"no source is called {name!r}; 'tastegraph status' lists them: {listed}")


def _check(
    store: Store,
    replaced: Sequence[Ingested],
    records: Iterable[Record | Reject | Begins],
    scale: Scale | None,
    strict: bool,
) -> None:
    """Read everything once before anything is taken out.

    Raises:
        RecordError: nothing of it could be stored, or under ``strict`` one record could not.
    """
    scales = Scales(store, scale)
    scales.forget({kind for own in replaced for kind in kinds_of_one(store, own)})
    good, first = 0, None
    for record in records:
        try:
            if isinstance(record, Begins):
                continue
            if isinstance(record, Reject):
                place = f" ({record.file}, line {record.line})" if record.file else ""
                raise RecordError(record.field, f"{record.reason}{place}")
            check(record, scales)
            good += 1
        except ScaleConflict:
            raise
        except RecordError as error:
            first = first or error
            if strict:
                raise _nothing_taken(error) from error
    if first is not None and not good:
        raise _nothing_taken(first)


def _nothing_taken(error: RecordError) -> RecordError:
    return RecordError(error.field, f"{error.reason}; so nothing was taken out, and nothing read")
