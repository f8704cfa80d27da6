"""What rows lack: cells that were left out, that stood for none, or that say no time; counted, and said in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from kg.advice import advice, option
from kg.records import Note, Record, Reject


class Lacks:
    """Counts what records and rejects say that they lack."""

    def __init__(self) -> None:
        self._left_out: Counter[str] = Counter()
        self._missing: Counter[str] = Counter()
        self.undated = 0
        """Events whose time is a bare number."""
        self.again = self.counted = 0
        """Events that equal one before them: those that add nothing, and those that count once more."""

    @property
    def left_out(self) -> dict[str, int]:
        """By column: cells that could not be right, and whose row is stored without them."""
        return dict(sorted(self._left_out.items()))

    @property
    def missing(self) -> dict[str, int]:
        """By column: cells that stood for none; those of an id cost their row."""
        return dict(sorted(self._missing.items()))

    def of(self, record: Record) -> list[Note]:
        """Count what a record lacks; gives what could not be right."""
        wrong = []
        for note in record.notes:
            if note.kind == "undated":
                self.undated += 1
            elif note.kind in ("again", "counted"):
                self.again += note.kind == "again"
                self.counted += note.kind == "counted"
            elif note.kind == "missing":
                self._missing[note.field] += 1
            else:
                self._left_out[note.field] += 1
                wrong.append(note)
        return wrong

    def of_reject(self, reject: Reject) -> None:
        """Count a row that was refused for an id that stands for none."""
        if reject.reason.startswith("is missing ("):
            self._missing[reject.field] += 1


def said(left_out: Mapping[str, int], missing: Mapping[str, int], undated: int) -> Iterator[str]:
    """A line for each, for people.

    >>> list(said({"price": 2}, {}, 0))
    ['cells left out, and their rows stored without them: 2 of price']
    """
    if left_out:
        yield f"cells left out, and their rows stored without them: {_counts(left_out)}"
    if missing:
        keeps = advice("--missing COL=", "missing={COL: []}", "missing = { COL = [] }")
        yield f"taken for none, such as NA: {_counts(missing)} ({keeps} keeps them as values)"
    if undated:
        yield (
            f"{undated} events have a bare number for a time, and none now: {option('at_format', 'excel')}, unix or "
            "offset reads it"
        )


def _counts(by_column: Mapping[str, int]) -> str:
    return ", ".join(f"{count} of {column}" for column, count in by_column.items())
