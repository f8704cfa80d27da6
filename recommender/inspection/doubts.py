"""What of the records on their way into a graph may have been meant otherwise, beside what their values mean."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from kg.advice import advice, option
from kg.lacks import Lacks, said
from kg.records import Begins, Interaction, ItemRecord, Record, Reject, UserRecord
from recommender.errors import InvalidInput
from recommender.inspection.ids import Ids, Shared
from recommender.inspection.kinds import KindSummary, Tally
from recommender.meaning import Declared, MeaningConfig

_NO_TIME = re.compile(r"\bno (?:possible )?time\b|is not a time|is the day first")
_ROUNDED = "a long number that a spreadsheet has rounded"


class Watch:
    """Watches records, in bounded memory: their kinds, times, ids, and cells that stand for none."""

    def __init__(self, *, overlaps: bool = False) -> None:
        """``overlaps``: whether items or people are to come, of which the ids of events should be."""
        self.tally = Tally()
        self._now = datetime.now(UTC)
        self._lacks = Lacks()
        self._dated = self._future = 0
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._unread: Counter[str] = Counter()
        self._reasons: dict[str, str] = {}
        self._rounded: Counter[str] = Counter()
        self._overlaps = overlaps
        self._ids = {"item": (Ids(), Ids()), "user": (Ids(), Ids())}
        """Of events, and of the items and people themselves."""

    def watch(self, records: Iterable[Record | Reject | Begins]) -> Iterator[Record | Reject | Begins]:
        """The same records."""
        (item_ids, items), (user_ids, users) = self._ids.values()
        for record in self.tally.watch(records):
            if isinstance(record, Interaction):
                if record.at is not None:
                    self._time(record.at)
                if self._overlaps:
                    item_ids.add(record.item_id)
                    user_ids.add(record.user_id)
            elif isinstance(record, Reject | Begins):
                if isinstance(record, Reject):
                    self._reject(record)
                yield record
                continue
            elif isinstance(record, ItemRecord):
                items.add(record.id)
            elif isinstance(record, UserRecord):
                users.add(record.id)
            if record.notes:
                self._lacks.of(record)
            yield record

    def _time(self, at: datetime) -> None:
        self._dated += 1
        if self._first is None or self._last is None:
            self._first = self._last = at
        elif at < self._first:
            self._first = at
        elif at > self._last:
            self._last = at
        if at > self._now:
            self._future += 1

    def _reject(self, reject: Reject) -> None:
        self._lacks.of_reject(reject)
        self._rounded[reject.field] += _ROUNDED in reject.reason
        if _NO_TIME.search(reject.reason):
            self._unread[reject.field] += 1
            self._reasons.setdefault(reject.field, reject.reason)

    def doubts(self) -> list[str]:
        """Each in a line, with what changes it; those of kinds of events are their own."""
        return [*self._of_times(), *self._of_ids()]

    def said_elsewhere(self) -> list[str]:
        """Those of which a report has a line of its own."""
        return list(said({}, self._lacks.missing, self._lacks.undated))

    def _of_times(self) -> Iterator[str]:
        for column, often in self._unread.items():
            reason = self._reasons[column]
            yield f"{column}: {often:,} times cannot be read ({reason}); {option('at_format')} says how"
        if self._dated > 1 and self._first == self._last:
            yield f"all {self._dated:,} times are the same ({self._first:%Y-%m-%d %H:%M}); {_other_time()}"
        if self._future:
            yield (
                f"{self._future:,} times are in the future (the last is {self._last:%Y-%m-%d %H:%M}); "
                f"{option('at_format')} or {_other_time()}"
            )

    def _of_ids(self) -> Iterator[str]:
        for column, often in self._rounded.items():
            if often:
                yield f"{column}: {often:,} ids are numbers that a spreadsheet has rounded, such as 1.23E+12"
        for what, (used, known) in self._ids.items():
            if used.count and known.count:
                yield from _apart(what, used.among(known))


def _apart(what: str, shared: Shared) -> Iterator[str]:
    """That ids of events are not those of the items or people, where none is or their spelling explains it."""
    if shared.found and not shared.near:
        return
    about = "about " if shared.estimated else ""
    near = "".join(f"; {about}{number:,} more are there but for {why}" for why, number in shared.near.items())
    yield f"{about}{shared.found:,} of {shared.ids:,} {what} ids of the events are among the {_PLURAL[what]}{near}"


_PLURAL = {"item": "items", "user": "people"}


def _other_time() -> str:
    return advice("--map at=COL reads another column", "mapping={'at': COL} reads another column")


def summaries_of(watch: Watch, declared: Mapping[str, Declared], config: MeaningConfig) -> list[KindSummary]:
    """What was counted of each kind."""
    return watch.tally.summaries(declared, config)


def require_no_doubt(
    records: Iterable[Record | Reject | Begins],
    declared: Mapping[str, Declared],
    config: MeaningConfig,
    *,
    before: Iterable[str] = (),
    overlaps: bool = False,
) -> None:
    """Read all records, and check that nothing of them may have been meant otherwise.

    Args:
        records: everything that is to be written.
        declared: what is said of kinds.
        config: what kinds mean.
        before: what is doubtful before any record is read.
        overlaps: as for :class:`Watch`.

    Raises:
        InvalidInput: something may; says what, and what settles it.
    """
    watch = Watch(overlaps=overlaps)
    for _ in watch.watch(records):
        pass
    kinds: list[Any] = summaries_of(watch, declared, config)
    found = [*before, *(doubt for own in kinds for doubt in own.suspicions), *watch.doubts(), *watch.said_elsewhere()]
    if found:
        strict = advice("--strict-meaning", "strict_meaning=True")
        raise InvalidInput("; ".join(found) + f" ({strict}: nothing was written)")
