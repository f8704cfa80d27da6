"""Sources written: as TOML that :func:`recommender.sources.document.read_source` reads, and as commands."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from recommender.sources.document import Source, Table

OPTIONS = {"attributes": "attribute", "properties": "property", "rdf_map": "map"}
"""Keys of a table whose options have another name."""
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def document_of(source: Source) -> str:
    """The source as TOML; what is as it is by default is left out.

    >>> print(document_of(Source((Table(("a.csv",), scale=(1, 5)),), name="shop")), end="")
    name = "shop"
    <BLANKLINE>
    [[table]]
    files = ["a.csv"]
    verb = "events"
    scale = [1, 5]
    """
    head = [f"{key} = {_value(getattr(source, key))}" for key in ("name", "text") if getattr(source, key)]
    parts = ["\n".join(head)] if head else []
    for table in source.table:
        stated = {"files": table.files, "verb": table.verb} | stated_by(table)
        parts.append("\n".join(["[[table]]", *(f"{key} = {_value(value)}" for key, value in stated.items())]))
    for kind, own in source.kinds.items():
        said = stated_by(own)
        parts.append("\n".join([f"[kinds.{_key(kind)}]", *(f"{key} = {_value(value)}" for key, value in said.items())]))
    return "\n\n".join(parts) + "\n"


def stated_by(config: Any) -> dict[str, Any]:
    """The fields of a config dataclass that are not as by default."""
    return {
        own.name: value
        for own in fields(config)
        if (value := getattr(config, own.name)) != _default(own) and value != ()
    }


def command_of(table: Table, source: Source, file: str) -> str:
    """The command that ingests one file of a table as the source says."""
    words = ["tastegraph", "ingest", table.verb, file, *options_of(table)]
    if table.verb in ("events", "lists", "recbole"):
        for kind, own in source.kinds.items():
            words += ["--meaning", f"{kind}={own.meaning}"] if own.meaning else []
            words += ["--weight", f"{kind}={own.weight:g}"] if own.weight is not None else []
    return shlex.join(words)


def options_of(table: Table) -> list[str]:
    """The options of the command line that state what a table does."""
    words: list[str] = []
    for name, value in stated_by(table).items():
        option = "--" + OPTIONS.get(name, name).replace("_", "-")
        if name in ("files", "verb", "optional", "together"):
            continue
        if name == "map":
            words += [option, ",".join(f"{role}={column}" for role, column in value.items())]
        elif name == "scale":
            words += [option, ":".join(f"{end:g}" for end in value)]
        elif name == "split":
            words += [part for own, separator in value.items() for part in (option, f"{own}={separator}")]
        elif name == "quotes":
            words += ["--no-quotes"]
        elif name == "join":
            words += [part for one in value for part in (option, one)]
        elif name == "flags":
            words += [part for own, some in value.items() for part in (option, f"{own}={','.join(map(_listed, some))}")]
        elif isinstance(value, Mapping):
            for column, codes in value.items():
                if isinstance(codes, Mapping):
                    words += [option, f"{column}:" + ",".join(f"{word}={_short(own)}" for word, own in codes.items())]
                else:
                    words += [part for code in codes or ("",) for part in (option, _coded(column, code))]
        elif isinstance(value, tuple):
            words += [option, ",".join(map(_listed, map(str, value)))]
        else:
            words += [option] if value is True else [option, str(value)]
    return words


def _short(value: float | str) -> str:
    return f"{value:g}" if isinstance(value, float) else value


def _coded(column: str, code: str) -> str:
    return f"{column}={code}" if column else code


def _listed(name: str) -> str:
    """A name in a list with commas."""
    return '"' + name.replace('"', '""') + '"' if "," in name or '"' in name else name


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return None if field.default is MISSING else field.default


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(own)}" for key, own in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    # A text of JSON is one of TOML, but for one character that only TOML escapes.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _value(key)
