"""Equal rows of one file: of a kind that adds up each is an event of its own, others are one event.

The first of equal rows has the hash of its content for an id, as it always had; further ones are numbered, the same
each time the file is read.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal

from kg.advice import option
from kg.errors import ReadError, RecordError
from kg.records import Interaction, Note, event_hash
from kg.usual import adds_up

if TYPE_CHECKING:
    import numpy as np

log = logging.getLogger(__name__)

Repeats = Literal["once", "count"]
AGAIN = Note("row", "equals another one and is no further event", "again")
COUNTED = Note("row", "equals another one and is an event of its own", "counted")
AT_ONCE = 4096
"""Records whose ids are looked up together."""
_HEX = 32


def numbered(records: Iterable[Any], repeats: Repeats | None, name: str) -> Iterator[Any]:
    """The records of one file, those of its events that came before numbered where each of them counts.

    Events with ids of the caller's own are left alone. Takes 8 bytes an event.

    Args:
        records: of one file.
        repeats: whether equal rows are one event, or one each; None: by their kind (:func:`kg.usual.adds_up`).
        name: the file's, for what is said of it.
    """
    if repeats == "once":
        yield from records
        return
    seen = _Seen()
    numbers: dict[str, int] = {}
    counted: Counter[str] = Counter()
    once: Counter[str] = Counter()
    for batch in _batches(records):
        known = seen.take([_key(own) for own in batch])
        if not any(known):
            yield from batch
            continue
        for record, before in zip(batch, known, strict=True):
            if not before or not _is_hashed(record):
                yield record
            elif repeats == "count" or adds_up(record.kind):
                number = numbers[record.event_id] = numbers.get(record.event_id, 1) + 1
                counted[record.kind] += 1
                again = _with_number(record.event_id, number)
                yield replace(record, event_id=again, notes=(*record.notes, COUNTED))
            else:
                once[record.kind] += 1
                yield replace(record, notes=(*record.notes, AGAIN))
    for kind, rows in counted.items():
        one = option("repeats", "once")
        log.info("%s: %d rows equal others and are a %s event each; %s makes them one", name, rows, kind, one)
    for kind, rows in once.items():
        each = option("repeats", "count")
        log.info("%s: %d rows equal others and are no further %s event; %s counts them", name, rows, kind, each)


class _Seen:
    """Numbers that came before, in sorted runs each of which is over twice as long as the next."""

    def __init__(self) -> None:
        self._runs: list[np.ndarray] = []

    def take(self, keys: list[int]) -> list[bool]:
        """Which of these came before, here or in an earlier call; 0 never did."""
        import numpy as np  # --help does without

        wanted, first, back = np.unique(np.array(keys, dtype=np.uint64), return_index=True, return_inverse=True)
        known = np.zeros(len(wanted), dtype=bool)
        for run in self._runs:
            known |= run[np.minimum(run.searchsorted(wanted), len(run) - 1)] == wanted
        self._add(wanted[~known & (wanted != 0)])
        before = known[back]
        again = np.ones(len(keys), dtype=bool)
        again[first] = False
        found: list[bool] = ((before | again) & (wanted != 0)[back]).tolist()
        return found

    def _add(self, new: np.ndarray) -> None:
        import numpy as np

        if len(new):
            self._runs.append(new)
        while len(self._runs) > 1 and len(self._runs[-2]) <= 2 * len(self._runs[-1]):
            self._runs[-2:] = [np.sort(np.concatenate(self._runs[-2:]), kind="stable")]


def _batches(records: Iterable[Any]) -> Iterator[list[Any]]:
    """The records some at a time; what came before an error is given first."""
    batch: list[Any] = []
    try:
        for record in records:
            batch.append(record)
            if len(batch) == AT_ONCE:
                yield batch
                batch = []
    except (ReadError, RecordError):
        yield batch
        raise
    yield batch


def _key(record: Any) -> int:
    """A number for what may be an event's hash; 0 for everything else."""
    if not isinstance(record, Interaction) or len(record.event_id) != _HEX:
        return 0
    try:
        return int(record.event_id[:16], 16)
    except ValueError:
        return 0


def _is_hashed(event: Interaction) -> bool:
    """Whether the id of an event is that of its content, and not the caller's own."""
    content = (event.user_id, event.item_id, event.kind, event.at, event.value, event.text)
    return event.event_id == event_hash(*content)


def _with_number(id: str, number: int) -> str:
    return blake2b(f"{id}\0{number}".encode(), digest_size=_HEX // 2).hexdigest()
