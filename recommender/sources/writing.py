"""Sources written: as TOML that :func:`recommender.sources.document.read_source` reads, and as commands."""

from __future__ import annotations

import json
import re
import shlex
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from kg.errors import RecordError
from kg.readers.form import by_column, lists_by_name, numbers_of, replacements_of
from kg.readers.mapping import pairs_in
from recommender.configured import stated_by
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


def command_of(table: Table, source: Source, *files: str) -> str:
    """The command that ingests files of a table, parts of one source, as the document says.

    Empty where no options say it: they cannot name codes of a column whose name has ``=`` in it.
    """
    if table.verb.startswith("amazon") or not _can_be_said(table):
        return ""
    words = ["tastegraph", "ingest", table.verb, *map(_argument, files), *options_of(table)]
    if table.verb in ("events", "lists", "recbole"):
        for kind, own in source.kinds.items():
            words += ["--meaning", f"{kind}={own.meaning}"] if own.meaning else []
            words += ["--weight", f"{kind}={_number(own.weight)}"] if own.weight is not None else []
    return shlex.join(words)


LISTS = ("text", "attributes", "properties", "related", "friends", "context")
"""Keys that hold several columns."""


def _can_be_said(table: Table) -> bool:
    """Whether options mean what a table says: names with the marks of options in them are read otherwise."""
    if table.verb in ("items", "users") and table.id is None:
        return False
    options = _by_option(options_of(table))
    columns = [*table.map.values(), *(own for name in LISTS for own in getattr(table, name))]
    if any(own != own.strip() or "\n" in own for own in columns):
        return False
    try:
        pairs = ",".join(_listed(f"{role}={column}") for role, column in table.map.items())
        return (
            pairs_in(pairs) == [f"{role}={column}" for role, column in table.map.items()]
            and by_column(options["missing"], "", anywhere=True) == dict(table.missing)
            and by_column(options["drop"], "") == dict(table.drop)
            and by_column(options["keep"], "") == dict(table.keep)
            and numbers_of(options["values"], "") == {own: dict(some) for own, some in table.values.items()}
            and replacements_of(options["words"], "") == {own: dict(some) for own, some in table.words.items()}
            and lists_by_name(options["flags"], "") == dict(table.flags)
        )
    except RecordError:
        return False


def _by_option(words: Sequence[str]) -> defaultdict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for option, value in pairwise([*words, ""]):
        if option.startswith("--"):
            found[option[2:]].append(value)
    return found


def _argument(file: str) -> str:
    """A file's name as an argument: one that begins like an option is none."""
    return f"./{file}" if file.startswith("-") else file


def options_of(table: Table) -> list[str]:
    """The options of the command line that state what a table does."""
    words: list[str] = []
    for name, value in stated_by(table).items():
        option = "--" + OPTIONS.get(name, name).replace("_", "-")
        if name in ("files", "verb", "optional", "together"):
            continue
        if name == "map":
            words += [option, ",".join(_listed(f"{role}={column}") for role, column in value.items())]
        elif name == "scale":
            words += [option, ":".join(map(_number, value))]
        elif name in ("link", "rdf_map"):
            words += [option, _argument(value)]
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
    return value if isinstance(value, str) else _number(value)


def _number(value: float) -> str:
    """As it is read back, to the last digit."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def _coded(column: str, code: str) -> str:
    return f"{column}={code}" if column else code


def _listed(name: str) -> str:
    """A name in a list with commas."""
    return '"' + name.replace('"', '""') + '"' if "," in name or '"' in name else name


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(own)}" for key, own in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    # A text of JSON is one of TOML, but for one character that only TOML escapes.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _value(key)
