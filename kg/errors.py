"""Everything that ``kg`` raises.

::

    GraphError                 every error of this package
    ├── RecordError            a record breaks a rule of the schema (holds field and reason)
    ├── ReadError              a file cannot be read any further (holds path and, where known, line)
    │   └── TooMuch            it passes a bound that holds for every file, such as its depth
    ├── StoreError             the engine refused or failed
    │   ├── StoreInUse         another process holds this folder (says which)
    │   ├── StoreUnavailable   no server answers, or it rejects the credentials
    │   ├── StoreVersionError  the store was made by another schema version
    │   ├── ConstraintViolated a uniqueness constraint stopped a write: somebody else wrote the same key
    │   ├── EventConflict      another event is stored under the same id
    │   └── NotUpdatable       what has changed since a snapshot cannot be known
    ├── MissingExtra           a library that an extra of the package installs is not there
    ├── QueryRefused           the text is not a read-only query, or too many that were given up run on
    └── QueryFailed            syntax, a missing parameter, a limit of time, rows or bytes
"""

from __future__ import annotations

import reprlib
from typing import Any


class GraphError(Exception):
    """Base of every error that ``kg`` raises."""


class RecordError(GraphError):
    """A record breaks a rule of the schema; ``field`` names where, ``reason`` says what and what to do."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class ReadError(GraphError):
    """A file cannot be read any further: missing, truncated, binary, or without a required column.

    ``path`` names it; ``line`` is the first line (from 1) that could not be read, where that is known.
    """

    def __init__(self, path: str, reason: str, line: int | None = None) -> None:
        super().__init__(f"{path}: {reason}" if line is None else f"{path}, line {line}: {reason}")
        self.path = path
        self.reason = reason
        self.line = line


class TooMuch(ReadError):
    """A file passes a bound that holds for every file, such as its depth or what it unpacks to; says which."""


class StoreError(GraphError):
    """The engine refused or failed; the message says what to do."""


class StoreInUse(StoreError):
    """Another process holds this folder."""


class StoreUnavailable(StoreError):
    """No server answers at this address, or it rejects the credentials."""


class StoreVersionError(StoreError):
    """The store was made by another version of the schema."""


class ConstraintViolated(StoreError):
    """A uniqueness constraint stopped a write: somebody else wrote the same key."""


class EventConflict(StoreError):
    """Another event with other content is stored under the same ``event_id``."""


class NotUpdatable(StoreError):
    """What has changed since a snapshot cannot be known, says why; it has to be taken anew."""


class MissingExtra(GraphError):
    """A library that an extra of the package installs is not there; the message holds the command that installs it."""


class QueryRefused(GraphError):
    """The text is not a read-only query, or too many that were given up run on."""


class QueryFailed(GraphError):
    """A query with a syntax error, a missing parameter, or past its limit of time, rows or bytes."""

    @classmethod
    def too_long(cls, seconds: float, *, runs_on: bool = False) -> QueryFailed:
        """It was stopped after so long, or given up where the engine did not stop it."""
        return cls(
            f"the query ran over {seconds:g} s, its limit, and was {'given up' if runs_on else 'stopped'}; have it "
            "match less: name a label and an id, filter with WHERE before what is joined or collected, or follow "
            "fewer hops"
        )


def short(value: Any) -> str:
    """A value for a message, however long it is."""
    try:
        return reprlib.repr(value)
    except ValueError:
        return "a number of thousands of digits"  # Python refuses to write it
