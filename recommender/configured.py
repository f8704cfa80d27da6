"""Config dataclasses from TOML: tables become dataclasses, and what nobody knows is an error that names it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from kg.connection import is_url
from kg.errors import short
from kg.folders import settings_of
from recommender.errors import InvalidInput

T = TypeVar("T")
MOST = 2**1023
"""A whole number beyond this is none that a setting could be."""


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
    return configured(kind, table, str(path))


def configured(kind: type[T], table: Mapping[str, Any], where: str) -> T:
    """A config dataclass from a table; a table in it is a dataclass in it.

    >>> from recommender.evaluation.stores import SplitConfig
    >>> configured(SplitConfig, {"protocol": "random", "test": 0.2}, "refresh.toml").test
    0.2

    Raises:
        InvalidInput: a key that the dataclass has not, or a value of another type; names both.
    """
    hints = get_type_hints(kind)
    names = [entry.name for entry in fields(kind)]  # type: ignore[arg-type]
    if unknown := [key for key in table if key not in names]:
        raise InvalidInput(f"{where}: there is no key {_shown(unknown[0])}; there are {', '.join(names)}")
    try:
        return kind(**{key: _value(hints[key], value, f"{where}: {key}") for key, value in table.items()})
    except TypeError as error:  # a key that must be there is not
        raise InvalidInput(f"{where}: {error}") from error


def _value(hint: Any, value: Any, where: str) -> Any:
    kind, arguments = get_origin(hint), get_args(hint)
    if kind in (Union, UnionType):
        if value is None and NoneType in arguments:
            return None
        (hint,) = (one for one in arguments if one is not NoneType)
        return _value(hint, value, where)
    if is_dataclass(hint) and isinstance(hint, type) and isinstance(value, dict):
        return configured(hint, value, where)
    if kind in (tuple, list, Sequence) and isinstance(value, list):
        return tuple(_value(arguments[0], one, where) for one in value)
    if kind is Literal and value in arguments:
        return value
    if hint is Path and isinstance(value, str):
        return Path(value)
    if hint is float and type(value) is int and abs(value) <= MOST:
        return float(value)
    if hint in (str, int, float, bool) and type(value) is hint and value == value:  # NaN would pass every bound
        return value
    wanted = " or ".join(map(repr, arguments)) if kind is Literal else getattr(hint, "__name__", hint)
    raise InvalidInput(f"{where} = {_shown(value)} is not {wanted}")


def _shown(value: Any) -> str:
    try:
        whole = repr(value)
    except ValueError:  # a number of thousands of digits
        whole = ""
    return "(not repeated, for it may hold a password)" if is_url(whole) else short(value)
