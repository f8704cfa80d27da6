"""Config dataclasses from TOML: tables become dataclasses, and what nobody knows is an error that names it."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from kg.connection import is_url
from kg.errors import short
from kg.folders import settings_of
from recommender.errors import InvalidInput

T = TypeVar("T")
_HEADER = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
MOST = 2**1023
"""A whole number beyond this is none that a setting could be."""


class KeyWrong(InvalidInput):
    """A key of a configuration that nobody knows, or a value that it cannot have; ``path`` leads to it."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.path = path


def read_config(kind: type[T], path: Path) -> T:
    """A config dataclass from a TOML file.

    Raises:
        InvalidInput: it cannot be read, is no TOML, or holds a key or a value that is not known; names it.
    """
    try:
        table = settings_of(path)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(f"{path} is no TOML file: {error}") from error
    except ValueError as error:  # a NUL in the path
        raise InvalidInput(f"cannot read {str(path)!r}: {error}") from error
    except OSError as error:
        raise InvalidInput(f"cannot read {path}: {error.strerror}") from error
    try:
        return configured(kind, table, str(path))
    except KeyWrong as error:
        where = line_of(path.read_text(encoding="utf-8"), error.path)
        said = str(error) if where is None else str(error).replace(str(path), f"{path}, line {where}", 1)
        raise InvalidInput(said) from None


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """The line of TOML, from 1, in which a key stands, or the table that holds it; None where it stands in none.

    >>> line_of('[[table]]\\nverb = "events"\\n[[table]]\\nverb = "item"', ("table", 1, "verb"))
    4
    """
    within: tuple[str | int, ...] = ()
    often: Counter[str] = Counter()
    found: tuple[int, int] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            within = tuple(_names(header[1]))
            if line.lstrip().startswith("[["):
                within += (often[header[1]],)
                often[header[1]] += 1
            here = within
        elif key := _KEY.match(line):
            here = (*within, *_names(key[1]))
        else:
            continue
        if here == tuple(path[: len(here)]) and len(here) > (found or (0, 0))[0]:
            found = len(here), number
    return found and found[1]


def _names(dotted: str) -> list[str]:
    return [own.strip().strip("\"'") for own in re.findall(r""""[^"]*"|'[^']*'|[^."'\s]+""", dotted)]


def configured(kind: type[T], table: Mapping[str, Any], where: str, path: tuple[str | int, ...] = ()) -> T:
    """A config dataclass from a table; a table in it is a dataclass in it.

    >>> from recommender.evaluation.stores import SplitConfig
    >>> configured(SplitConfig, {"protocol": "random", "test": 0.2}, "refresh.toml").test
    0.2

    Raises:
        KeyWrong: a key that the dataclass has not, or a value of another type; names both.
    """
    hints = get_type_hints(kind)
    names = [entry.name for entry in fields(kind)]  # type: ignore[arg-type]
    if unknown := [key for key in table if key not in names]:
        near = difflib.get_close_matches(unknown[0], names, n=1)
        meant = f"; is it {near[0]}?" if near else ""
        raise KeyWrong(
            f"{where}: there is no key {_shown(unknown[0])}; there are {', '.join(names)}{meant}", *path, unknown[0]
        )
    values = {key: _value(hints[key], value, f"{where}: {key}", (*path, key)) for key, value in table.items()}
    try:
        return kind(**values)
    except TypeError as error:  # a key that must be there is not
        raise KeyWrong(f"{where}: {error}", *path) from error
    except KeyWrong as error:
        raise KeyWrong(f"{where}: {error}", *path, *error.path) from None


def _value(hint: Any, value: Any, where: str, path: tuple[str | int, ...]) -> Any:
    kind, arguments = get_origin(hint), get_args(hint)
    if kind in (Union, UnionType):
        if value is None and NoneType in arguments:
            return None
        (hint,) = (one for one in arguments if one is not NoneType)
        return _value(hint, value, where, path)
    if is_dataclass(hint) and isinstance(hint, type) and isinstance(value, dict):
        return configured(hint, value, where, path)
    if kind in (tuple, list, Sequence) and isinstance(value, list):
        return tuple(_value(arguments[0], one, where, (*path, place)) for place, one in enumerate(value))
    if kind is Mapping and isinstance(value, dict):
        return {key: _value(arguments[1], one, f"{where}.{key}", (*path, key)) for key, one in value.items()}
    if hint is Any:  # whoever takes it says what it may be
        return value
    if kind is Literal and value in arguments:
        return value
    if hint is Path and isinstance(value, str):
        return Path(value)
    if hint is float and type(value) is int and abs(value) <= MOST:
        return float(value)
    if hint in (str, int, float, bool) and type(value) is hint and value == value:  # NaN would pass every bound
        return value
    wanted = " or ".join(map(repr, arguments)) if kind is Literal else getattr(hint, "__name__", hint)
    raise KeyWrong(f"{where} = {_shown(value)} is not {wanted}", *path)


def _shown(value: Any) -> str:
    try:
        whole = repr(value)
    except ValueError:  # a number of thousands of digits
        whole = ""
    return "(not repeated, for it may hold a password)" if is_url(whole) else short(value)


def stated_by(config: Any) -> dict[str, Any]:
    """The fields of a config dataclass that are not as by default."""
    return {
        own.name: value
        for own in fields(config)
        if (value := getattr(config, own.name)) != _default(own) and value != ()
    }


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return None if field.default is MISSING else field.default
