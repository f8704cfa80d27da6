"""Options that say how a source is written, the same for every verb that reads one."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any

import typer

from kg.errors import RecordError
from kg.readers.form import SUITS
from recommender.cli.parameters import joined, kind, names, places, scale

Columns = Annotated[
    list[Any] | None,
    typer.Option(
        "--columns", parser=places, metavar="COL,...", help="Names of the columns of a file without a header."
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Of a text file, such as latin-1; default: UTF-8, or what it looks like."),
]
Delimiter = Annotated[
    str | None, typer.Option(metavar="TEXT", help="What separates fields, such as ';', '::' or '\\t'.")
]
Escape = Annotated[
    str | None, typer.Option(metavar="CHAR", help="What makes the next character a part of its field, such as '\\'.")
]
Decimal = Annotated[str, typer.Option(metavar="CHAR", help="What stands before decimals: '.' or ','.")]
Missing = Annotated[
    list[str] | None,
    typer.Option("--missing", metavar="[COL=]VALUE", help="What stands for none, such as rating=0; may be repeated."),
]
Drop = Annotated[
    list[str] | None,
    typer.Option("--drop", metavar="COL=VALUE", help="Rows that are left out, and counted; may be repeated."),
]
Values = Annotated[
    list[str] | None,
    typer.Option(
        "--values",
        metavar="COL:WORD=NUMBER,...",
        help="What words stand for, such as stars:good=5,bad=1; may be repeated.",
    ),
]
Keep = Annotated[
    list[str] | None,
    typer.Option("--keep", metavar="COL=VALUE", help="Rows to read; all others are left out. May be repeated."),
]
Words = Annotated[
    list[str] | None,
    typer.Option(
        "--words",
        metavar="COL:CODE=WORD,...",
        help="What codes stand for, such as action:0=VIEWED,3=PURCHASED; may be repeated.",
    ),
]
Flags = Annotated[
    list[str] | None,
    typer.Option(
        "--flags",
        metavar="NAME=COL,...",
        help="A column with the names of those that say 1 or yes, such as genres=Comedy,Drama; may be repeated.",
    ),
]
Each = Annotated[
    str | None,
    typer.Option(metavar="COL[:SEPARATOR]", help="A column of lists, each member of which is a row."),
]
Joins = Annotated[
    list[str] | None,
    typer.Option(
        "--join",
        metavar="FILE:COLUMN[=THEIRS]",
        help="A table with one row a key, whose columns are read too; may be repeated.",
    ),
]
Quotes = Annotated[
    bool, typer.Option("--quotes/--no-quotes", help="Whether fields may stand in double quotes; default: they may.")
]
AtFormat = Annotated[
    str | None,
    typer.Option(
        "--at-format",
        metavar="FORM",
        help="How times are written: excel, unix, offset, day-first, or such as %d.%m.%Y.",
    ),
]
Zone = Annotated[
    str | None,
    typer.Option("--zone", metavar="NAME", help="Of times without one, such as Europe/Berlin; default: UTC."),
]
Repeats = Annotated[
    str | None,
    typer.Option(
        "--repeats",
        metavar="once|count",
        help="Whether equal rows are one event or one each; default: purchases, views, plays one each.",
    ),
]
Blocks = Annotated[
    str | None,
    typer.Option(
        metavar="COL",
        help="Lines such as '17:' hold this column for the rows below them; ':' for records of 'key: value' lines.",
    ),
]
Wide = Annotated[
    bool, typer.Option("--wide", help="A matrix: people in the first column, items as names of the others.")
]
Long = Annotated[
    list[Any] | None,
    typer.Option(
        "--long",
        parser=names,
        metavar="COL,COL,COL[,COL]",
        help="One property a row: the columns of item, property, value and time; the newest wins.",
    ),
]
Impressions = Annotated[
    str | None, typer.Option(metavar="COL", help="Lists of what was shown and clicked, such as 'N1-0 N2-1'.")
]

Meanings = Annotated[
    list[str] | None,
    typer.Option(
        "--meaning",
        metavar="KIND=MEANING",
        help="What the values of a kind are: rating, count, flag, event or like; may be repeated.",
    ),
]
Weights = Annotated[
    list[str] | None,
    typer.Option("--weight", metavar="KIND=X", help="What one event of a kind weighs, -1 to 1; may be repeated."),
]

EventKind = Annotated[
    str | None, typer.Option("--kind", parser=kind, metavar="KIND", help="What the rows are where none says it.")
]
Limits = Annotated[Any, typer.Option("--scale", parser=scale, metavar="MIN:MAX", help="The range of a rating.")]

Split = Annotated[
    list[str] | None,
    typer.Option(
        "--split",
        metavar="COL=TEXT",
        help="What separates several values in a cell, such as genres=/; COL= where it holds one. May be repeated.",
    ),
]
LeaveOut = Annotated[
    list[Any] | None,
    typer.Option("--leave-out", parser=names, metavar="COL,...", help="Columns that are not read; may be repeated."),
]
Anew = Annotated[
    bool,
    typer.Option("--anew", help="Take nothing over from what was stated of earlier files with the same columns."),
]

OPTIONS: dict[str, tuple[Any, Any]] = {
    "columns": (Columns, None),
    "encoding": (Encoding, None),
    "delimiter": (Delimiter, None),
    "escape": (Escape, None),
    "decimal": (Decimal, "."),
    "missing": (Missing, None),
    "drop": (Drop, None),
    "keep": (Keep, None),
    "values": (Values, None),
    "words": (Words, None),
    "flags": (Flags, None),
    "each": (Each, None),
    "join": (Joins, None),
    "quotes": (Quotes, True),
    "at_format": (AtFormat, None),
    "zone": (Zone, None),
    "repeats": (Repeats, None),
    "blocks": (Blocks, None),
    "wide": (Wide, False),
    "long": (Long, None),
    "split": (Split, None),
    "leave_out": (LeaveOut, None),
    "impressions": (Impressions, None),
}
"""By parameter: its type, and what it is by default."""


def with_form(what: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a verb the options of a :class:`kg.readers.form.Form`, which it gets as ``form``; those that say something
    of what it reads (:data:`kg.readers.form.SUITS`)."""
    options = {name: own for name, own in OPTIONS.items() if name in SUITS[what]}
    return partial(with_options, name="form", options=options, make=partial(form_of, what=what))


def said(context: typer.Context) -> set[str]:
    """The options that are typed, by parameter, also those that are so by default."""
    names = {"event": "kind", "limits": "scale", "attribute": "attributes"}
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {names.get(name, name) for name, source in sources.items() if source and source.name == "COMMANDLINE"}


def with_options(
    command: Callable[..., None],
    name: str,
    options: Mapping[str, tuple[Any, Any]],
    make: Callable[[dict[str, Any]], Any],
) -> Callable[..., None]:
    """A command with further options, behind its own, which it gets as one keyword.

    Args:
        command: takes the keyword ``name``.
        name: of what ``make`` makes of the values of the options, by parameter.
        options: by parameter: its type, and what it is by default.
        make: see ``name``.
    """
    signature = inspect.signature(command, eval_str=True)
    own = [one for one in signature.parameters.values() if one.name != name]
    further = [
        inspect.Parameter(parameter, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=annotation)
        for parameter, (annotation, default) in options.items()
    ]

    @functools.wraps(command)
    def wrapped(**given: Any) -> None:
        stated = {parameter: given.pop(parameter) for parameter in options}
        command(**given, **{name: make(stated)})

    groups = [one for one in own if one.default is one.empty], [one for one in own if one.default is not one.empty]
    parameters = sorted([*groups[0], *groups[1], *further], key=lambda one: one.kind)
    wrapped.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {one.name: one.annotation for one in parameters}
    return wrapped


def form_of(stated: dict[str, Any], what: str) -> Any:
    """The form of something that the options of a command state."""
    from kg.readers.form import Form, Join, by_column, lists_by_name, numbers_of, replacements_of, separators_of

    several: dict[str, Callable[[Any, str], Any]] = {
        **dict.fromkeys(("columns", "long", "leave_out"), lambda given, _: joined(given)),
        **dict.fromkeys(("drop", "keep"), by_column),
        "delimiter": lambda given, _: given.replace("\\t", "\t"),
        "missing": partial(by_column, anywhere=True),
        "values": numbers_of,
        "words": replacements_of,
        "flags": lists_by_name,
        "split": separators_of,
        "join": lambda given, _: tuple(map(Join.parse, given)),
    }
    try:
        read = {
            name: several[name](value, _option(name)) if name in several else value
            for name, value in stated.items()
            if value is not None
        }
        form = Form(**read)
        form.must_suit(what)
        return form
    except RecordError as error:
        raise typer.BadParameter(error.reason, param_hint=_option(error.field)) from None


def _option(field: str) -> str:
    """The option that states a field of the form."""
    return field if field.startswith("-") else f"--{field.replace('_', '-')}"


def kinds_of(meanings: list[str] | None, weights: list[str] | None) -> list[Any]:
    """What ``--meaning`` and ``--weight`` declare, a :class:`kg.records.KindRecord` each."""
    from kg.records import KindRecord

    found = []
    for option, texts in (("meaning", meanings), ("weight", weights)):
        for text in texts or ():
            name, equals, value = text.partition("=")
            try:
                if not equals:
                    raise RecordError(option, f"{text!r} is not KIND=VALUE")
                of = kind(name)
                found.append(
                    KindRecord(of, meaning=value.strip().lower())
                    if option == "meaning"
                    else KindRecord(of, weight=float(value))
                )
            except ValueError:
                raise typer.BadParameter(f"{value!r} is no number", param_hint="--weight") from None
            except RecordError as error:
                raise typer.BadParameter(error.reason, param_hint=f"--{option}") from None
    return found
