"""What a verb prints: one JSON document for programs, or tables for people; stdout holds nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from recommender.cli.hiding import scrubbed

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH = 100_000
"""Columns when stdout is no terminal: a row stays one line and nothing is cut."""


def keep_stdout_clean() -> None:
    """Give this module the process's stdout for itself; whatever else writes there (a Java machine, a stray print in a
    library) lands on stderr."""
    _open_what_is_closed()
    ours = os.dup(1)
    sys.stdout.flush()
    os.dup2(2, 1)
    sys.stdout = os.fdopen(ours, "w", encoding="utf-8", errors="backslashreplace")


def _open_what_is_closed() -> None:
    """Where the caller has closed stdin, stdout or stderr, nothing else may take its number: what was printed would go
    into a file of ours."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def document(value: Any) -> None:
    """Print one JSON document. NaN and infinities become null, moments ISO 8601, and what JSON cannot hold its text."""
    _write(value, _OPTIONS | orjson.OPT_INDENT_2 if sys.stdout.isatty() else _OPTIONS)


def json_line(value: Any) -> None:
    """Print one JSON document of several, each in a line of its own; as :func:`document` otherwise."""
    _write(value, _OPTIONS)


_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z


def _write(value: Any, options: int) -> None:
    sys.stdout.write(orjson.dumps(value, default=_plain, option=options).decode())
    sys.stdout.flush()


def console() -> Console:
    """A console on stdout that takes every text literally: an id in square brackets is not a colour."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Console(file=sys.stdout, markup=False, emoji=False, highlight=False, width=width)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None) -> None:
    """Print rows under headings; numbers to the right, and an empty cell for None."""
    from rich import box
    from rich.table import Table

    rows = [list(row) for row in rows]
    grid = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for position, name in enumerate(columns):
        numeric = any(_is_number(row[position]) for row in rows)
        grid.add_column(cell(name), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        grid.add_row(*map(cell, row))
    _print(grid)


def records(rows: Sequence[Mapping[str, Any]], *, title: str | None = None) -> None:
    """Print dictionaries as a table; the columns are their keys, in the order in which they first come."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table(columns, ([row.get(column) for column in columns] for row in rows), title=title)


def line(text: str = "") -> None:
    """Print one line for people."""
    _print(text)


def facts(value: Mapping[str, Any], *, title: str | None = None) -> None:
    """Print a document for people: its plain values as names and values, then its tables, each under its name."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    tables: dict[str, list[Mapping[str, Any]]] = {}
    for name, content in _flattened(value):
        if isinstance(content, list) and content and isinstance(content[0], Mapping):
            tables[name] = content
        else:
            grid.add_row(cell(name), cell(content))
    if title:
        line(title)
    if grid.row_count:
        _print(grid)
    for name, content in tables.items():
        records(content, title=name)


def note(text: str) -> None:
    """Say something on stderr, where it disturbs no pipe; without what was typed and may hold a password."""
    print(scrubbed(text), file=sys.stderr)  # noqa: T201


def cell(value: Any) -> str:
    """A value as people read it, on one line, with nothing in it that a terminal would obey.

    >>> cell(0.123456), cell(None), cell("two\\nlines"), cell([1, 2])
    ('0.1235', '', 'two\\\\nlines', '1, 2')
    """
    if value is None or value != value:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}" if abs(value) < 1e6 else f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(cell, value))
    text = str(value)
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _flattened(value: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for name, content in value.items():
        if isinstance(content, Mapping):
            yield from _flattened(content, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", content


def _plain(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    if isinstance(value, bytes | bytearray):
        return value.hex()
    if callable(getattr(value, "tolist", None)):  # arrays that are not contiguous
        return value.tolist()
    return str(value)


def _print(renderable: Any) -> None:
    console().print(renderable)
    sys.stdout.flush()
