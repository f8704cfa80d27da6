"""What to do about it, in the words of whoever is asked: options on a command line, arguments in Python, keys in a
document.

Messages are made where something is found, by code that every door leads to; so they ask here how to put it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

Door = Literal["options", "python", "document"]

_doors: ContextVar[tuple[Door, ...]] = ContextVar("doors", default=("python",))
"""The door, and that through which it was reached."""


@contextmanager
def speaking(door: Door) -> Iterator[None]:
    """Within, advice is put in the words of this door; elsewhere in those of Python."""
    before = _doors.set((door, *_doors.get()))
    try:
        yield
    finally:
        _doors.reset(before)


def advice(options: str, python: str, document: str | None = None) -> str:
    """The one of these that suits; where a document has no words of its own, those of whoever reads it.

    >>> advice("--id COL", "id=COL")
    'id=COL'
    """
    for door in _doors.get():
        if door != "document":
            return python if door == "python" else options
        if document is not None:
            return document
    return python


def option(name: str, value: str = "") -> str:
    """An option by the name of its argument, with a value if there is one to be named.

    >>> option("at_format"), option("at_format", "excel")
    ('at_format=', "at_format='excel'")
    >>> with speaking("options"):
    ...     option("at_format", "excel")
    '--at-format excel'
    """
    flag = f"--{name.replace('_', '-')}"
    return advice(
        f"{flag} {value}" if value else flag,
        f"{name}={value!r}" if value else f"{name}=",
        f'{name} = "{value}"' if value else f"the key {name}",
    )
