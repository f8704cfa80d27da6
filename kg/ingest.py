"""Records into the graph: checked, in batches, each event once however often it is given, with a report."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from contextvars import copy_context
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kg.batch import Outcome, in_batches
from kg.checks import ScaleConflict, Scales, check
from kg.connection import unattended
from kg.errors import EventConflict, ReadError, RecordError
from kg.forgotten import Forgotten
from kg.merging import DEFAULT_MERGES, Merge, merge_of, write_merges
from kg.newgraph import NewGraph
from kg.progress import tqdm
from kg.records import Interaction, Record, Reject, Scale
from kg.rejects import RejectsFile, refused
from kg.spelling import Spellings
from kg.store import BulkLoad, Store
from kg.writer import Writer

LAST_WRITE_SECONDS = 5.0
"""For so long an ingest that is stopped waits for the batch that is being written."""
DEFAULT_REJECTS = "tastegraph.rejects.jsonl"
"""Name of the rejects file in the working directory of the store, when none is given."""


@dataclass
class IngestReport:
    """What became of the records."""

    accepted: int = 0
    """Records that added something to the graph."""
    duplicates: int = 0
    """Records whose content was there already."""
    rejected: int = 0
    """Rows that were refused: by the reader, by a scale, or because something else has their id."""
    forgotten: int = 0
    """Of these, rows about people who were forgotten; they are kept nowhere."""
    reason: str | None = None
    """Of the first refused row: where it stood, and what is wrong with it."""
    rejects_file: str | None = None
    """Where the refused rows are, one JSON object a line; None when there are none."""
    merged: list[Merge] = field(default_factory=list)
    """Names of attributes that were spelt in several ways and are one entity now, see :mod:`kg.merging`."""
    merges_file: str | None = None
    """Where these are kept as JSON; None when there are none."""
    left_out: dict[str, int] = field(default_factory=dict)
    """By column: cells that could not be right, and whose row was stored without them; the rejects file has each."""
    missing: dict[str, int] = field(default_factory=dict)
    """By column: cells that stood for none, such as ``NA``; those of an id cost their row."""
    undated: int = 0
    """Events whose time is a bare number, which says no time; they are stored without one."""
    by_kind: dict[str, int] = field(default_factory=dict)
    """Records read that passed the checks, by kind of event or of record."""
    kinds: list[Any] = field(default_factory=list)
    """What each kind of event is taken for, see :class:`recommender.inspection.kinds.KindSummary`."""

    @property
    def is_nothing(self) -> bool:
        """Whether there were rows and not one of them is of any use: none is stored, or was before, or may not be."""
        return bool(self.rejected) and not (self.accepted or self.duplicates or self.forgotten)

    def to_dict(self) -> dict[str, Any]:
        """As a JSON document."""
        return asdict(self)


def ingest(
    store: Store,
    records: Iterable[Record | Reject],
    *,
    scale: Scale | None = None,
    rejects: Path | None = None,
    strict: bool = False,
    dry_run: bool = False,
    named: Iterable[Record | Reject] | None = None,
    merges: Path | None = None,
    progress: bool = True,
) -> IngestReport:
    """Write records to the graph, in bounded memory.

    Ingesting the same records again, in parts, or after a crash changes nothing more: the first write of an event wins,
    the same content counts as a duplicate, other content under the same id is rejected.

    Args:
        store: where to.
        records: what readers make.
        scale: declared for every kind of event with a value among the records; a value outside it is rejected.
        rejects: file for rejected rows, made when there is one; an existing one is kept, and a number added. By default
            in the working directory of the store.
        strict: the first rejected row is an error. Batches before it stay written, unless the graph was new.
        dry_run: check everything against the graph and write nothing.
        named: the items and people among the records a second time, to make near-duplicate names of their attributes
            one (:mod:`kg.merging`); None leaves all names as they are.
        merges: file for what was merged, under the same rules.
        progress: show a bar on stderr.

    Raises:
        RecordError: a rejected row under ``strict``; or another scale is declared for a kind, or stored events lie
            outside the one that is given now.
        ReadError: a file could not be read to its end; what came before is written, and the error says how much.
        StoreError: the engine failed or the disk is full; the batch that failed is not written, those before it are.
    """
    with unattended():
        forgotten = Forgotten(store)
    with (
        RejectsFile(
            rejects or store.work / DEFAULT_REJECTS, strict=strict, work=store.work, forgotten=forgotten
        ) as refused,
        unattended(),
    ):
        names = None if named is None else merge_of(store, named, progress=progress)
        run = _Run(store, refused, forgotten, scale, dry_run)
        with tqdm(unit=" records", disable=not progress, desc="ingest", leave=False) as bar:
            try:
                run.take(_counted(records if names is None else names.take(records), bar))
            except ReadError as error:
                raise _with_what_is_stored(error, run.report, dry_run) from error
        refused.flush()
        report = run.report
        report.rejected = refused.count
        report.forgotten += refused.forgotten
        report.reason = refused.reason
        report.rejects_file = str(refused.path) if refused.path else None
        if names is not None and (merged := names.merges()):
            report.merged, report.merges_file = merged, str(write_merges(merged, merges or store.work / DEFAULT_MERGES))
        return report


def _with_what_is_stored(error: ReadError, report: IngestReport, dry_run: bool) -> ReadError:
    """The same error, which also says what the graph holds of the records before it."""
    if dry_run or not (report.accepted or report.duplicates):
        return error
    before = f", {report.duplicates} were known before" if report.duplicates else ""
    stored = f"{report.accepted} records before that are stored{before}; to read the mended file again adds the rest"
    return ReadError(error.path, f"{error.reason}; {stored}", error.line)


def write_event(store: Store, event: Interaction) -> bool:
    """Write one event, durable when this returns; True when it is new, False when this very event was there.

    The person is created when not known; so is the item, hence a caller who wants it known checks first.

    Raises:
        EventConflict: another event is stored under this id.
        RecordError: it breaks a rule of the schema, as a reserved kind does, or the person was forgotten.
    """
    Forgotten(store).check(event.user_id)
    check(event, Scales(store, None))
    outcome = Writer(store).write([event])
    if outcome.conflicts:
        raise EventConflict(f"event {event.event_id!r}: {outcome.conflicts[0][1]}; an event is never overwritten")
    return outcome.accepted == 1


class _Run:
    """One call of :func:`ingest`."""

    def __init__(
        self, store: Store, refused: RejectsFile, forgotten: Forgotten, scale: Scale | None, dry_run: bool
    ) -> None:
        self._store = store
        self._refused = refused
        self._scales = Scales(store, scale)
        self._forgotten = forgotten
        self._dry_run = dry_run
        self._spellings = Spellings(store)
        self._writer = Writer(store, dry_run=dry_run)
        self._kinds: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()
        self._missing: Counter[str] = Counter()
        self.report = IngestReport()

    def take(self, records: Iterable[Record | Reject]) -> None:
        """Everything."""
        batches = self._batches(self._checked(records))
        put_off: list[Record] = []
        failed: ReadError | None = None
        if not self._dry_run:
            with self._store.alone():  # or what others write in between would be replaced
                if (load := self._store.bulk_load()) is not None:
                    put_off, failed = self._fill(load, batches)
        self._write(itertools.chain(self._batches(put_off), () if failed else batches))
        self._declare()
        if failed is not None:
            raise failed
        self.report.by_kind = dict(sorted(self._kinds.items()))
        self.report.left_out = dict(sorted(self._left_out.items()))
        self.report.missing = dict(sorted(self._missing.items()))

    def _write(self, batches: Iterable[Sequence[Record]]) -> None:
        """Each batch is written while the next one is read and checked; what it needs of the graph is read after."""
        pool = ThreadPoolExecutor(1)
        writing: Future[Outcome] | None = None

        def ended() -> None:
            nonlocal writing
            if (last := writing) is not None:
                writing = None
                self._note(last.result())

        try:
            for batch in batches:
                ended()
                self._declare()
                writing = pool.submit(copy_context().run, self._writer.write, batch)
            ended()
        except Exception:  # of reading: what came before is written, or it is said why not
            ended()
            raise
        except BaseException:  # who stops it does not wait for a server that is away
            wait([writing] if writing else [], timeout=LAST_WRITE_SECONDS)
            raise
        finally:
            pool.shutdown(wait=False)

    def _fill(
        self, load: AbstractContextManager[BulkLoad], batches: Iterator[Sequence[Record]]
    ) -> tuple[list[Record], ReadError | None]:
        """Fill a new graph until the records end or the bulk path is given up.

        Returns:
            what was put off, and why no more could be read.
        """
        failed: ReadError | None = None
        with load as bulk:
            graph = NewGraph(bulk)
            try:
                for batch in batches:
                    graph.add(batch)
                    if graph.is_full:
                        break
            except ReadError as error:  # what was read before is kept
                failed = error
        self.report.accepted += graph.accepted
        return graph.put_off, failed

    def _batches(self, records: Iterable[Record]) -> Iterator[list[Record]]:
        return in_batches(records, self._store.batch_rows)

    def _declare(self) -> None:
        if not self._dry_run:
            self._scales.declare()
            self._spellings.keep()

    def _note(self, outcome: Outcome) -> None:
        self.report.accepted += outcome.accepted
        self.report.duplicates += outcome.duplicates
        for record, reason in outcome.conflicts:
            self._refused.add(refused(record, "event_id", reason))

    def _checked(self, records: Iterable[Record | Reject]) -> Iterator[Record]:
        for record in records:
            if isinstance(record, Reject):
                if self._forgotten.stands_in(record):
                    self._count_forgotten()
                else:
                    self._refused.add(record)
                    if record.reason.startswith("is missing ("):
                        self._missing[record.field] += 1
                continue
            if self._forgotten.concerns(record):
                self._count_forgotten()
                continue
            try:
                name = check(record, self._scales)
            except ScaleConflict:
                raise
            except RecordError as error:
                self._refused.add(refused(record, error.field, error.reason))
                continue
            self._kinds[name] += 1
            if record.notes:
                self._take_note(record)
            yield self._spellings.noted(record)

    def _take_note(self, record: Record) -> None:
        """Count the cells that a record lacks; those that could not be right are kept beside the rejects."""
        for note in record.notes:
            if note.kind == "undated":
                self.report.undated += 1
            elif note.kind == "missing":
                self._missing[note.field] += 1
            else:
                self._left_out[note.field] += 1
                self._refused.note(refused(record, note.field, note.reason))

    def _count_forgotten(self) -> None:
        self._refused.count_only("user", "this person was forgotten")
        self.report.forgotten += 1


def _counted(records: Iterable[Record | Reject], bar: tqdm) -> Iterator[Record | Reject]:
    for number, record in enumerate(records, 1):
        yield record
        if number % 1000 == 0:
            bar.update(1000)
