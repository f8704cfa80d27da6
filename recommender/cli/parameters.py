"""What options mean. A parser gets one option's text and raises a usage error that says what it should look like."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterable
from datetime import datetime
from glob import has_magic
from pathlib import Path
from typing import Annotated, Any

import typer

from kg.errors import RecordError
from kg.readers.cleaning import timestamp
from kg.readers.friends import friends_column
from kg.readers.mapping import AttributeColumn, EventMapping, related_column
from kg.records import Scale, event_kind
from kg.schema import check_kind
from recommender.cli.hiding import no_address

REPEATED = "Repeat the trials in the manifest.json of a version, or in the JSON of an evaluation; reads no clock."
Trials = Annotated[Path | None, typer.Option(exists=True, metavar="FILE", help=REPEATED, show_default=False)]
_PARAMETER = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<sign>:?=)(?P<value>.*)", re.DOTALL)


def event_mapping(given: Iterable[str] | None) -> EventMapping:
    """``--map user=COL,item=COL``, which may be repeated.

    >>> event_mapping(["user=reviewerID", "item=asin"]).item
    'asin'
    """
    try:
        return EventMapping.parse(",".join(given or ()))
    except RecordError as error:
        raise typer.BadParameter(error.reason, param_hint="--map") from None


def scale(text: str) -> Scale:
    """``MIN:MAX`` as a scale.

    >>> scale("1:5")
    Scale(minimum=1.0, maximum=5.0)
    """
    low, colon, high = text.partition(":")
    try:
        if not colon:
            raise ValueError
        return Scale(float(low), float(high))
    except (ValueError, RecordError):
        raise typer.BadParameter(f"{text!r} is not MIN:MAX with MIN below MAX, for example 1:5") from None


def names(text: str) -> list[str]:
    """A list with commas; what holds a comma itself stands in double quotes.

    >>> names('title, description'), names('"Guitars, bass",Drums')
    (['title', 'description'], ['Guitars, bass', 'Drums'])
    """
    try:
        cells = next(csv.reader([text], skipinitialspace=True, strict=True), [])
    except csv.Error as error:
        raise typer.BadParameter(f"the quotes in {text!r} do not match ({error})") from None
    if found := [cell.strip() for cell in cells if cell.strip()]:
        return found
    raise typer.BadParameter("is empty")


def places(text: str) -> list[str]:
    """The same, where an empty one stands for a column that nobody needs.

    >>> places("user,,item")
    ['user', '', 'item']
    """
    names(text)
    return [cell.strip() for cell in next(csv.reader([text], skipinitialspace=True, strict=True))]


def attributes(text: str) -> list[AttributeColumn]:
    """``COL[:RELATION],...``.

    >>> [(column.column, column.relation) for column in attributes("brand:MADE_BY,category")]
    [('brand', 'MADE_BY'), ('category', None)]
    """
    try:
        return [AttributeColumn.parse(unit) for unit in names(text)]
    except RecordError as error:
        raise typer.BadParameter(error.reason) from None


def related(text: str) -> list[AttributeColumn]:
    """``COL[:RELATION],...`` of ids of other items.

    >>> [(column.column, column.relation) for column in related("also_buy,sequels:FOLLOWED_BY")]
    [('also_buy', 'ALSO_BOUGHT'), ('sequels', 'FOLLOWED_BY')]
    """
    try:
        return [related_column(unit) for unit in names(text)]
    except RecordError as error:
        raise typer.BadParameter(error.reason) from None


def friends(text: str) -> list[AttributeColumn]:
    """``COL[:RELATION],...`` of ids of other people.

    >>> [(column.column, column.relation) for column in friends("friends,circle:FOLLOWS")]
    [('friends', 'FRIEND'), ('circle', 'FOLLOWS')]
    """
    try:
        return [friends_column(unit) for unit in names(text)]
    except RecordError as error:
        raise typer.BadParameter(error.reason) from None


def kind(text: str) -> str:
    """The kind of an event, in upper case.

    >>> kind("liked")
    'LIKED'
    """
    try:
        cleaned = event_kind(text.strip())
        check_kind(cleaned)
        return cleaned
    except RecordError as error:
        raise typer.BadParameter(error.reason) from None


def moment(text: str) -> datetime:
    """A moment: ISO 8601, or Unix seconds or milliseconds.

    >>> print(moment("2024-05-01T12:00:00+02:00"))
    2024-05-01 10:00:00+00:00
    """
    try:
        at = timestamp(text, "time")
    except RecordError as error:
        raise typer.BadParameter(error.reason) from None
    if at is None:
        raise typer.BadParameter("a time is needed, for example 2024-05-01T12:00:00Z")
    return at


def query_parameter(text: str) -> tuple[str, Any]:
    """``NAME=TEXT``, or ``NAME:=JSON`` for numbers, lists and all that is no text.

    >>> query_parameter("user=A1"), query_parameter("limit:=10"), query_parameter("equation=a:=b")
    (('user', 'A1'), ('limit', 10), ('equation', 'a:=b'))
    """
    found = _PARAMETER.fullmatch(text)
    if not found:
        raise typer.BadParameter(f"{text!r} is not NAME=TEXT or NAME:=JSON, for example user=A1 or limit:=10")
    if found["sign"] == "=":
        return found["name"], found["value"]
    try:
        value = json.loads(found["value"], parse_constant=_no_constant, parse_float=_finite, parse_int=_integer)
        json.dumps(value, ensure_ascii=False).encode()
        return found["name"], value
    except ValueError as error:
        raise typer.BadParameter(f"what follows {found['name']}:= is not JSON ({error})") from None


def joined(given: Iterable[Iterable[Any]] | None) -> tuple[Any, ...]:
    """All values of an option that may be repeated and holds a list each time."""
    return tuple(value for values in given or () for value in values)


def unique(given: Iterable[tuple[str, Any]] | None, option: str) -> dict[str, Any]:
    """All named values of an option that may be repeated; a name given twice is a usage error."""
    values: dict[str, Any] = {}
    for name, value in given or ():
        if name in values:
            raise typer.BadParameter(f"{name} is given twice", param_hint=option)
        values[name] = value
    return values


def usage(message: str) -> typer.BadParameter:
    """A usage error about how arguments go together."""
    return typer.BadParameter(message)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text} is too large a number")
    return value


def _integer(text: str) -> int:
    if not -(1 << 63) <= (value := int(text)) < 1 << 63:
        raise ValueError(f"{text} has more than 64 bits")
    return value


def there(paths: list[Path]) -> list[Path]:
    """Paths of which each is there, is a pattern, or lies within an archive."""
    for path in paths:
        if not path.exists() and not has_magic(str(path)) and not any(parent.is_file() for parent in path.parents):
            raise typer.BadParameter(f"File {str(path)!r} does not exist.")
    return paths


Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
File = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, show_default=False)]
Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...",
        callback=there,
        help="Also a folder, a pattern, or a member of an archive (x.zip/member.csv); several are parts of one source.",
        show_default=False,
    ),
]
K = Annotated[int, typer.Option("-k", min=1, metavar="N", help="How many.")]
RdfMap = Annotated[
    Path | None,
    typer.Option("--map", exists=True, dir_okay=False, metavar="FILE.toml", help="What predicates of RDF mean."),
]
Trust = Annotated[
    bool, typer.Option("--trust", help="Unpack .gz and .zst files however far they grow; all other bounds hold.")
]
MemoryLimit = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="SIZE",
        help="What models may take together, such as 8GiB or 50% of what is free.",
        show_default="70%",
    ),
]
TextModel = Annotated[
    str | None,
    typer.Option(
        "--text-model",
        callback=no_address,
        envvar="TASTEGRAPH_TEXT_MODEL",
        metavar="NAME|FOLDER",
        help="A sentence-transformers model; default: all-MiniLM-L6-v2, which is installed.",
    ),
]
Param = Annotated[
    list[Any] | None,
    typer.Option(
        "--param", parser=query_parameter, metavar="NAME=TEXT|NAME:=JSON", help="A value for $NAME; may be repeated."
    ),
]
