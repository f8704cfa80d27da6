"""What is said of files: :class:`Inspection`, with a :class:`FileFound` each."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from recommender.inspection.columns import ColumnFound, looks_like_time
from recommender.inspection.kinds import KindSummary
from recommender.sources.document import Source
from recommender.sources.writing import document_of


@dataclass(frozen=True)
class Overlap:
    """Ids of one file that are among those of another."""

    what: str
    """``item ids``, ``user ids`` or ``entity ids``."""
    of: str
    among: str
    ids: int
    """Of the first file."""
    ids_among: int
    """Of the second."""
    found: int
    """In both."""
    estimated: bool
    near: dict[str, int]
    """How many more would be found but for their spelling, by what differs."""
    examples: dict[str, tuple[str, str]]
    """For each of these an id of the first file, and how it stands in the second."""

    @property
    def is_doubtful(self) -> bool:
        """Whether the files may have been meant to go together, and do not."""
        return bool(self.ids and self.ids_among) and (not self.found or bool(self.near))

    def __str__(self) -> str:
        """One line for people."""
        about = "about " if self.estimated else ""
        theirs = f"of {self.ids:,} {self.what} of {self.of} are among the {self.ids_among:,} of {self.among}"
        line = f"{about}{self.found:,} {theirs}"
        near = [
            f"{about}{number:,} more are there but for {what} ({self.examples[what][0]!r}, there "
            f"{self.examples[what][1]!r})"
            for what, number in self.near.items()
        ]
        return "; ".join([line, *near])


@dataclass(frozen=True)
class FileFound:
    """One file, or several that are parts of one source: what it holds, and how it is read."""

    name: str
    form: dict[str, str]
    """Its ``format``, ``encoding``, ``delimiter``, ``quoting`` and ``header``, as far as it has any."""
    verb: str | None
    """Of ``ingest``, or ``link``: what ``ingest triples`` takes with ``--link``; None where the columns do not say what
    it holds."""
    why: str
    rows: int
    sampled: bool = False
    """Whether these are the first rows only, of what can be read but once."""
    columns: tuple[ColumnFound, ...] = ()
    records: int = 0
    """What an ingest would make of the rows."""
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """Of rejected rows: why (the first of each column), and how many."""
    left_out: dict[str, int] = field(default_factory=dict)
    """By column: cells that cannot be right, and whose rows are read without them."""
    missing: dict[str, int] = field(default_factory=dict)
    """By column: cells that are taken for none, such as ``NA``."""
    undated: int = 0
    """Events whose time is a bare number, which says none."""
    ids: int = 0
    """Different ids of what the rows are: of items, people, or events."""
    repeated: int = 0
    """Rows with an id that was there before; of events, those that equal an event before them."""
    counted: int = 0
    """Of these, events that count once more, since their kind adds up."""
    equal: int = 0
    """Rows that equal one before them in every cell."""
    estimated: bool = False
    """Whether the last four are estimates."""
    kinds: tuple[KindSummary, ...] = ()
    histograms: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    """Of each kind of event the values, and how many events have them."""
    notes: tuple[str, ...] = ()
    """What ingest would say of cells that were left out, stood for none, or say no time."""
    suspicions: tuple[str, ...] = ()
    """What may have been meant otherwise, and the option that says so."""

    @property
    def unread(self) -> list[ColumnFound]:
        """Columns that are not read, first those that look like times."""
        return sorted((own for own in self.columns if own.role is None), key=lambda own: not looks_like_time(own))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; the keys are the fields, and ``unread`` the names of columns that are not read."""
        found: dict[str, Any] = _plain(asdict(self))
        return found | {"unread": [own.name for own in self.unread]}


@dataclass(frozen=True)
class Inspection:
    """Files, how they go together, and the command that ingests them so."""

    files: tuple[FileFound, ...]
    overlaps: tuple[Overlap, ...]
    source: Source | None
    """The document that reads them so; None where nothing can be read, or no document can say it."""
    command: str
    """For a shell; empty where nothing can be read."""
    folder: str = "."
    """That the names of files in the document start from."""

    @property
    def suspicions(self) -> list[str]:
        """All of them."""
        apart = [str(own) for own in self.overlaps if own.is_doubtful]
        return [doubt for file in self.files for doubt in file.suspicions] + apart

    def document(self) -> str:
        """The source as TOML, which ``ingest source`` reads."""
        return "" if self.source is None else document_of(self.source)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: ``files``, ``overlaps``, ``suspicions``, ``document``, ``folder``, ``command``."""
        return {
            "files": [own.to_dict() for own in self.files],
            "overlaps": [_plain(asdict(own)) for own in self.overlaps],
            "suspicions": self.suspicions,
            "document": self.document(),
            "folder": self.folder,
            "command": self.command,
        }


def _plain(value: Any) -> Any:
    """As JSON holds it; moments in ISO 8601."""
    if isinstance(value, dict):
        return {str(key): _plain(own) for key, own in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(own) for own in value]
    return value.isoformat() if isinstance(value, datetime) else value
