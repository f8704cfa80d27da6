"""Files on their way into a graph: read as it is said, and as the graph remembers where nothing is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Any

from kg.advice import advice, option, speaking
from kg.errors import ReadError
from kg.merging import can_be_read_again
from kg.readers import is_file, open_rows
from kg.readers.form import Join
from kg.readers.stream import LineStream, bare, name_of
from kg.records import Begins, KindRecord, Record, Reject, Scale
from kg.store import Store
from recommender.errors import InvalidInput
from recommender.inspection.doubts import require_no_doubt
from recommender.meaning import MeaningConfig
from recommender.sources.document import NAMED, Source, Table, read_plain, scale_of, scaled
from recommender.sources.remembered import NAME, as_before, columns_of, keep

Records = Iterator[Record | Reject]
Sourced = Iterator[Record | Reject | Begins]
"""Records, those of each source after what it is."""


class Reading:
    """A source and the table that says how it is read."""

    def __init__(
        self,
        table: Table,
        source: Any,
        folder: Path,
        joins: Sequence[Join] = (),
        *,
        said: Collection[str] = (),
        read: Callable[[Table], Records] | None = None,
        beside: Iterable[Any] = (),
    ) -> None:
        """Say what is read.

        Args:
            table: what is stated of it.
            source: a file, a frame, or what else is read as rows.
            folder: where the files are that the table joins.
            joins: those that are stated with places of their own.
            said: what is stated though it is so by default.
            read: what reads it, if it is not the table's verb alone.
            beside: what is read with it.
        """
        self.table = table
        self.source = source
        self._folder = folder
        self._joins = tuple(joins)
        self._said = said
        self._read = read
        self._beside = tuple(beside)

    @cached_property
    def _columns(self) -> tuple[str, ...]:
        return columns_of(self.source, self.table.verb)

    @property
    def begins(self) -> Begins:
        """The source that it is."""
        return Begins(self.table.verb, self.table.files[0][:NAME])

    @property
    def can_be_read_again(self) -> bool:
        """Whether it is no pipe and no iterator."""
        own = [bare(one) if is_file(one) else one for one in (self.source, *self._beside)]
        return all(one is None or can_be_read_again(one) for one in own)

    @property
    def name(self) -> str:
        """What errors call it."""
        return name_of(self.source) if is_file(self.source) else f"<{type(self.source).__name__}>"

    @property
    def scale(self) -> Scale | None:
        """That of its ratings."""
        return scale_of(self.table)

    def settle(self, store: Store) -> None:
        """Take from the graph what was said of the last source of the same columns, and is not said now."""
        self.table = as_before(store, self.table, self._columns, self._said)

    def keep(self, store: Store, part_of: Begins) -> None:
        """Have the graph remember how it, or what is part of it, is read."""
        keep(store, self.table, self._columns, part_of, self._folder, self._joins)

    def records(self) -> Records:
        """Everything; the scale is declared by whoever writes it."""
        if self._read is not None:
            return self._read(self.table)
        return read_plain(self.table, self.source, self._folder, self._joins or self._joins_of_before())

    @property
    def is_lists_unsaid(self) -> bool:
        """Whether it is read as lists of a person and items though nobody said so."""
        if self.table.verb != "events" or not self.can_be_read_again or not is_file(self.source):
            return False
        rows = open_rows(self.source, self.table.form(self._folder), table=bool(self.table.map))
        rows.close()
        return isinstance(rows, LineStream)

    def _joins_of_before(self) -> list[Join]:
        """The tables that files of the same columns were joined with, which lie where they lay, or beside this one."""
        return [self._there(Join.parse(text, self._folder), text) for text in self.table.join]

    def _there(self, join: Join, text: str) -> Join:
        if not join.source.exists():
            other = option("join", "FILE:COLUMN")
            anew = advice("--anew", "anew=True")
            raise ReadError(
                str(join.source),
                f"is not there, and files of these columns are joined with {text}: {other} names another, {anew} takes "
                "nothing over",
            )
        return join


class Documented(Reading):
    """A file of a source document, which says everything, so that nothing is taken from the graph."""

    def __init__(self, table: Table, source: Any, folder: Path, unscaled: Collection[str]) -> None:
        super().__init__(table, source, folder)
        self._unscaled = unscaled

    def settle(self, store: Store) -> None:
        """Nothing: it is said."""

    def records(self) -> Records:
        """Everything, its scale among it."""
        return scaled(read_plain(self.table, self.source, self._folder), self.scale, self._unscaled)

    @property
    def is_lists_unsaid(self) -> bool:
        return Reading(replace(self.table, join=()), self.source, self._folder).is_lists_unsaid


class Readings:
    """All that one call ingests."""

    def __init__(
        self,
        readings: Iterable[Reading],
        kinds: Iterable[KindRecord] = (),
        *,
        whole: Begins | None = None,
        anew: bool = False,
        merge: bool = True,
    ) -> None:
        """Say what is read.

        Args:
            readings: in their order.
            kinds: what is declared of kinds of events.
            whole: the source that all are parts of; by default each is one.
            anew: take nothing from what the graph remembers.
            merge: whether names of attributes are made one.
        """
        self.parts = tuple(readings)
        self._kinds = tuple(kinds)
        self._whole = whole
        self._anew = anew
        self._merge = merge
        self._begun: Sourced | None = None

    @classmethod
    def of(
        cls,
        source: Source,
        folder: Path,
        kinds: Iterable[KindRecord] = (),
        *,
        whole: Begins,
        trust: bool = False,
        merge: bool = True,
    ) -> Readings:
        """The files of a document, which is the source that is called ``whole``; ``kinds`` say more than it does.

        Raises:
            ReadError: a file is missing.
        """
        files = source.files(folder, trust=trust)
        unscaled = source.unscaled
        parts = [Documented(table, file, folder, unscaled) for table, file in files]
        return cls(parts, [*source.declared, *kinds], whole=whole, merge=merge)

    @property
    def sources(self) -> list[Begins]:
        """What is read, by the names that the graph knows it by."""
        return [self._whole] if self._whole else [own.begins for own in self.parts]

    @property
    def scale(self) -> Scale | None:
        """What is to be declared; documents do it themselves."""
        return next((own.scale for own in self.parts if own.scale and not isinstance(own, Documented)), None)

    @property
    def overlaps(self) -> bool:
        """Whether there are items or people beside events."""
        verbs = {own.table.verb for own in self.parts}
        return "recbole" in verbs or bool(verbs & set(NAMED) and verbs & {"events", "lists", "amazon-reviews"})

    def settle(self, store: Store) -> None:
        """As :meth:`Reading.settle` of each."""
        for own in self.parts if not self._anew else ():
            own.settle(store)

    def keep(self, store: Store) -> None:
        """As :meth:`Reading.keep` of each."""
        for own in self.parts:
            own.keep(store, self._whole or own.begins)

    def records(self) -> Sourced:
        """Everything, the records of each source after what it is."""
        begun, self._begun = self._begun, None
        return begun or self._all()

    def _all(self) -> Sourced:
        if self._whole:
            yield self._whole
        yield from self._kinds
        for own in self.parts:
            if not self._whole:
                yield own.begins
            yield from own.records()

    def look(self, *, strict_meaning: bool) -> None:
        """Read as far as is needed to know that there is something to be stored.

        Raises:
            ReadError: it cannot be read.
            InvalidInput: with ``strict_meaning``, it may have been meant otherwise; says what, and what settles it.
        """
        with self.advised():
            if strict_meaning:
                self.require_read_twice(advice("--strict-meaning", "strict_meaning=True"))
                require_no_doubt(self.records(), {}, MeaningConfig(), before=self.doubts(), overlaps=self.overlaps)
            records = self.records()
            self._begun = chain(list(islice(records, len(self._kinds) + 2)), records)

    def require_read_twice(self, means: str) -> None:
        """Check that everything can be, as what is called ``means`` wants it.

        Raises:
            InvalidInput: something is a pipe, or an iterator; names it.
        """
        if once := next((own.name for own in self.parts if not own.can_be_read_again), None):
            raise InvalidInput(f"{means} reads {once} twice, which can be read once only: write it to a file")

    def advised(self) -> AbstractContextManager[None]:
        """Within, advice is put in the keys of a document where there is one."""
        return speaking("document") if any(isinstance(own, Documented) for own in self.parts) else nullcontext()

    def named(self) -> Records | None:
        """The items and people once more, for their names to be merged; None where there are none to be read twice."""
        again = [own for own in self.parts if own.table.verb in NAMED and own.can_be_read_again]
        return chain(*(own.records() for own in again)) if again and self._merge else None

    def doubts(self) -> list[str]:
        """What may be meant otherwise, before anything is read."""
        named = advice("--columns or --map make columns of them", "columns= or mapping= make columns of them")
        said = "ingest lists", "lists=", 'verb = "lists"'
        return [
            f"{own.name}: is read as lists, in each row a person and then items; {named}, {advice(*said)} says it is so"
            for own in self.parts
            if own.is_lists_unsaid
        ]
