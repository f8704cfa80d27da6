"""What was typed where a password may stand is in no message, log or traceback of the command line."""

from __future__ import annotations

import logging
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any, get_type_hints

import typer

from kg.connection import SCHEMES, is_plain, is_url, may_hold_secret
from kg.folders import ADDRESS

HIDDEN = "(not repeated, for it may hold a password)"
_OPTION = re.compile(r"--[\w-]+=|-\w")
_BETWEEN = re.compile(r"[\s,:;/\\@=?&#|'\"<>()\[\]{}]+")
_HARMLESS = {*SCHEMES, "http", "https", "jdbc", "user", "username", "password", "pwd", "token", "secret", "auth"}
"""Parts of an address that are no secret, without which messages read worse."""
_typed: ContextVar[tuple[str, ...]] = ContextVar("typed", default=())


def remember(arguments: Sequence[str]) -> None:
    """Keep what was typed, and what the environment says in its place, to know it again in messages."""
    surroundings = (value for name, value in os.environ.items() if name.startswith("TASTEGRAPH_"))
    _typed.set((*arguments, *surroundings))


def command_line(arguments: Sequence[str]) -> str:
    """The command as one would type it, for reports that say how they were made."""
    shown = (HIDDEN if any(map(may_hold_secret, _values(one))) else one for one in arguments)
    return shlex.join(["tastegraph", *shown])


def scrubbed(text: str, *, doubtful: bool = False) -> str:
    """A message without what was typed and may hold a password, or parts of it.

    ``doubtful``: nor what may be anything but a plain path, such as ``ann:5ecret``, of which nobody said what it is.
    """
    values = {value for argument in _typed.get() for value in _values(argument)}
    return _without(text, [value for value in values if may_hold_secret(value) or (doubtful and not is_plain(value))])


def _without(text: str, hidden: Iterable[str]) -> str:
    """A text without these, and without their parts, however they are spelled there."""
    hidden = [value for value in hidden if value]
    spelled = {spelling for value in hidden for spelling in _spellings(value)}
    parts = {part for value in hidden if not re.search(r"\s", value) for part in _BETWEEN.split(value) if len(part) > 2}
    whole = "|".join(map(re.escape, sorted(spelled, key=len, reverse=True)))
    words = "|".join(map(re.escape, sorted(parts - _HARMLESS, key=len, reverse=True)))
    pattern = f"(?i:{whole})" + (rf"|(?<!\w)(?:{words})(?!\w)" if words else "")
    return re.sub(pattern, HIDDEN, text) if whole else text


class Formatter(logging.Formatter):
    """Logs without what may hold a password."""

    def format(self, record: logging.LogRecord) -> str:
        """As usual, then scrubbed."""
        return scrubbed(super().format(record))


@contextmanager
def no_secrets_in_usage() -> Iterator[None]:
    """Scrub what the framework says of wrong arguments."""
    try:
        yield
    except Exception as error:
        if isinstance(said := getattr(error, "message", None), str) and hasattr(error, "format_message"):
            error.message = scrubbed(said, doubtful=getattr(error, "param", None) is None)  # type: ignore[attr-defined]
        raise


def refuse_addresses(command: Any) -> None:
    """Have each parameter that is a path refuse the address of a server, in this command and those below it."""
    for verb in getattr(command, "commands", {}).values():
        refuse_addresses(verb)
    hints = get_type_hints(command.callback) if command.callback else {}
    for parameter in command.params:
        if hints.get(parameter.name) in (Path, Path | None, list[Path], list[Path] | None) or parameter.name == "join":
            parameter.process_value = partial(_path, parameter.process_value)


def no_address(text: str | None) -> str | None:
    """An option that may name a folder, unless it is the address of a server, and nothing of that name is there."""
    if text is not None and is_url(text) and not os.path.lexists(text):
        raise typer.BadParameter(f"{ADDRESS} (--store)")
    return text


def _path(process: Any, context: Any, value: Any) -> Any:
    given = [str(one) for one in (value if isinstance(value, list | tuple) else [value]) if one is not None]
    for one in given:
        no_address(one)
    try:
        return process(context, value)
    except typer.BadParameter as error:
        error.message = _without(error.message, [one for one in given if not is_plain(one)])
        raise


def _values(argument: str) -> list[str]:
    """An argument, and the value in it where it begins with the name of an option."""
    option = _OPTION.match(argument)
    return [argument, argument[option.end() :]] if option else [argument]


def _spellings(value: str) -> set[str]:
    """A text as messages write it: as it is, quoted, and as a path."""
    path = str(Path(value))
    return {one for text in (value, path) for one in (text, repr(text)[1:-1], ascii(text)[1:-1]) if one}
