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

_door: ContextVar[Door] = ContextVar("door", default="python")


@contextmanager
def speaking(door: Door) -> Iterator[None]:
    """Within, advice is put in the words of this door; elsewhere in those of Python."""
    before = _door.set(door)
    try:
        yield
    finally:
        _door.reset(before)


def advice(options: str, python: str, document: str | None = None) -> str:
    """The one of these that suits; a document takes what the command line does where it has no words of its own.

    >>> advice("--id COL", "id=COL")
    'id=COL'
    """
    door = _door.get()
    if door == "python":
        return python
    return document if document is not None and door == "document" else options


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
