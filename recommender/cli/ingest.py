"""``ingest``: files into the graph, one verb a kind of content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kg.readers.stream import trusted
from recommender.cli import output
from recommender.cli.errors import FAILED
from recommender.cli.forms import (
    Anew,
    EventKind,
    Limits,
    Meanings,
    Weights,
    kinds_of,
    said,
    with_form,
    with_options,
)
from recommender.cli.parameters import (
    File,
    Files,
    Json,
    RdfMap,
    Trust,
    attributes,
    event_mapping,
    joined,
    kind,
    names,
    usage,
)
from recommender.cli.parameters import friends as friends_of
from recommender.cli.parameters import related as related_items
from recommender.cli.session import Session
from recommender.errors import InvalidInput

if TYPE_CHECKING:
    from kg.ingest import IngestReport
    from recommender.sources.document import Source, Table, Verb
    from recommender.sources.reading import Readings, Records

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)

Strict = Annotated[bool, typer.Option("--strict", help="Stop with an error at the first rejected row.")]
StrictMeaning = Annotated[
    bool,
    typer.Option(
        "--strict-meaning", help="Read everything before, and stop where what values mean may be meant otherwise."
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read and check, write nothing to the graph.")]
Rejects = Annotated[
    Path | None,
    typer.Option(
        dir_okay=False,
        metavar="FILE",
        help="Where rejected rows go; default: tastegraph.rejects.jsonl in the store, never over another.",
    ),
]
Id = Annotated[str, typer.Option("--id", metavar="COL", help="The column of ids.", show_default=False)]
Attributes = Annotated[
    list[Any] | None,
    typer.Option(
        "--attribute",
        parser=attributes,
        metavar="COL[:RELATION],...",
        help="Columns that become entities with this relation; may be repeated.",
    ),
]
Properties = Annotated[
    list[Any] | None,
    typer.Option("--property", parser=names, metavar="COL,...", help="Columns kept as properties; may be repeated."),
]
NoMerge = Annotated[
    bool, typer.Option("--no-merge", help="Keep names such as 'Boss' and 'BOSS' apart; default: one entity, reported.")
]
Merges = Annotated[
    Path | None,
    typer.Option(
        dir_okay=False,
        metavar="FILE",
        help="Where the report on merged names goes; default: tastegraph.merges.json in the store, never over another.",
    ),
]


@dataclass(frozen=True)
class Writing:
    """What every verb asks of how its records are written, and said."""

    strict: bool
    dry_run: bool
    rejects: Path | None
    trust: bool
    json: bool
    strict_meaning: bool = False
    anew: bool = False
    no_merge: bool = False
    merges: Path | None = None


def with_writing(*, merging: bool = False, anew: bool = True) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a verb the options of :class:`Writing`, which it gets as ``how``; the named ones where they apply."""
    options = {
        "strict": (Strict, False),
        "strict_meaning": (StrictMeaning, False),
        **({"anew": (Anew, False)} if anew else {}),
        "dry_run": (DryRun, False),
        "rejects": (Rejects, None),
        "trust": (Trust, False),
        **({"no_merge": (NoMerge, False), "merges": (Merges, None)} if merging else {}),
        "json": (Json, False),
    }
    return partial(with_options, name="how", options=options, make=lambda stated: Writing(**stated))


@app.callback()
def ingest() -> None:
    """Read files into the graph.

    CSV, TSV, JSON lines, Parquet, RDF, RecBole or LightGCN, told apart by content; plain, .gz or .zst.

    A file read twice, in parts or after a crash is stored once. Rows that cannot be right are counted and kept with
    their reason in a rejects file; they stop nothing unless --strict.
    """


@app.command()
@with_form("events")
@with_writing()
def events(
    context: typer.Context,
    file: Files,
    roles: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COL,...",
            help="Which column holds user, item, at, value, kind, text, title, event; may be repeated.",
        ),
    ] = None,
    event: EventKind = None,
    limits: Limits = None,
    meaning: Meanings = None,
    weight: Weights = None,
    kept: Annotated[
        list[Any] | None,
        typer.Option(
            "--context", parser=names, metavar="COL,...", help="Columns kept with the event; may be repeated."
        ),
    ] = None,
    *,
    how: Writing,
    form: Any,
) -> None:
    """What people did: ratings, reviews, clicks, purchases.

    \b
    Example:
      tastegraph ingest events ratings.csv --map user=userId,item=movieId,value=rating,at=timestamp --scale 1:5
    """
    from recommender.sources.remembered import events_table

    mapping = replace(event_mapping(roles), context=joined(kept))
    stated = events_table(file[0], mapping, event, limits, form)
    _read(context, stated, file, how, form, kinds_of(meaning, weight))


@app.command()
@with_form("items")
@with_writing(merging=True)
def items(
    context: typer.Context,
    file: Files,
    id: Id,
    title: Annotated[str | None, typer.Option(metavar="COL", help="The column of titles.")] = None,
    text: Annotated[
        list[Any] | None, typer.Option(parser=names, metavar="COL,...", help="Columns of text; may be repeated.")
    ] = None,
    attribute: Attributes = None,
    properties: Properties = None,
    related: Annotated[
        list[Any] | None,
        typer.Option(
            parser=related_items,
            metavar="COL[:RELATION],...",
            help="Columns with ids of other items, such as similar_books; may be repeated.",
        ),
    ] = None,
    *,
    how: Writing,
    form: Any,
) -> None:
    """What items are: title, text, attributes, properties.

    \b
    Example:
      tastegraph ingest items movies.csv --id movieId --title title --text plot --attribute genres:HAS_GENRE,director
    """
    from kg.readers import ItemMapping
    from recommender.sources.remembered import nodes_table

    mapping = ItemMapping(id, title, joined(text), joined(attribute), joined(properties), joined(related))
    _read(context, nodes_table(file[0], "items", mapping, form), file, how, form)


@app.command()
@with_form("users")
@with_writing(merging=True)
def users(
    context: typer.Context,
    file: Files,
    id: Id,
    attribute: Attributes = None,
    properties: Properties = None,
    friends: Annotated[
        list[Any] | None,
        typer.Option(
            parser=friends_of,
            metavar="COL[:RELATION],...",
            help="Columns with ids of other people, who are FRIEND or what is said; may be repeated.",
        ),
    ] = None,
    *,
    how: Writing,
    form: Any,
) -> None:
    """Who people are: static features.

    \b
    Example:
      tastegraph ingest users people.csv --id userId --attribute occupation --property age,city
    """
    from kg.readers import UserMapping
    from recommender.sources.remembered import nodes_table

    mapping = UserMapping(id, joined(attribute), joined(properties), joined(friends))
    _read(context, nodes_table(file[0], "users", mapping, form), file, how, form)


@app.command()
@with_form("social")
@with_writing()
def social(
    context: typer.Context,
    file: Files,
    roles: Annotated[
        str | None,
        typer.Option("--map", metavar="FIELD=COL,...", help="Which column holds from, to, weight, at."),
    ] = None,
    type: Annotated[
        str, typer.Option("--type", parser=kind, metavar="RELATION", help="FRIEND counts both ways, FOLLOWS one way.")
    ] = "FRIEND",
    *,
    how: Writing,
    form: Any,
) -> None:
    """Whom people know: friends, or whom they follow or trust.

    \b
    Example:
      tastegraph ingest social friends.csv --map from=userID,to=friendID --type FRIEND
    """
    from kg.errors import RecordError
    from kg.readers import SocialMapping
    from recommender.sources.given import social_roles
    from recommender.sources.remembered import table_of

    try:
        mapping = SocialMapping.parse(roles) if roles else None
    except RecordError as error:
        raise typer.BadParameter(error.reason, param_hint="--map") from None
    _read(context, table_of(file[0], "social", form, map=social_roles(mapping), type=type), file, how, form)


@app.command()
@with_form("triples")
@with_writing()
def triples(
    context: typer.Context,
    file: File,
    link: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, metavar="FILE", help="Item id to entity id, one pair a row."),
    ] = None,
    map: RdfMap = None,
    *,
    how: Writing,
    form: Any,
) -> None:
    """A knowledge graph: RDF (N-Triples, Turtle, RDF/XML, JSON-LD), or a table of head, relation, tail.

    How it is written is said of the table of triples; RDF says it itself, and links have a verb of their own.

    \b
    Examples:
      tastegraph ingest triples kg.txt --link item_to_entity.txt
      tastegraph ingest triples dbpedia.nt.gz --link item_to_iri.tsv --map map.toml
    """
    from kg.rdf.mapping_file import read_mapping
    from kg.readers.knowledge import read_knowledge
    from recommender.sources.remembered import table_of

    mapping = read_mapping(map) if map else None
    links = trusted(link, how.trust)
    progress = not Session.of(context).quiet

    def read(table: Table) -> Records:
        own = table.form(file.parent, form.join)
        return read_knowledge(trusted(file, how.trust), links, mapping, form=own, progress=progress)

    _read(context, table_of(file, "triples", form), [file], how, form, read=read, beside=[links])


@app.command()
@with_form("links")
@with_writing()
def links(
    context: typer.Context,
    file: Files,
    *,
    how: Writing,
    form: Any,
) -> None:
    """Which entity of a knowledge graph an item is: a table of item and entity, one pair a row.

    \b
    Example:
      tastegraph ingest links item_to_entity.txt
    """
    from recommender.sources.remembered import table_of

    _read(context, table_of(file[0], "links", form), file, how, form)


@app.command()
@with_form("reviews")
@with_writing(merging=True)
def amazon(
    context: typer.Context,
    reviews: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, metavar="FILE", help="Reviews.", show_default=False)
    ],
    items: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, metavar="FILE", help="Metadata of the items.")
    ] = None,
    limits: Limits = None,
    meaning: Meanings = None,
    weight: Weights = None,
    *,
    how: Writing,
    form: Any,
) -> None:
    """Amazon reviews and metadata, as published in 2014 and in 2018.

    What is said of columns is said of the file that has them.

    \b
    Example:
      tastegraph ingest amazon --reviews Magazine_Subscriptions_5.json.gz --items meta_Magazine_Subscriptions.json.gz
    """
    from kg.readers.amazon import METADATA, REVIEW
    from recommender.sources.reading import Reading, Readings
    from recommender.sources.remembered import table_of

    scale = None if limits is None else (limits.minimum, limits.maximum)
    wrong = next((column for column in form.named() if column not in (*REVIEW, *METADATA)), None)
    if wrong is not None:
        raise usage(f"no column {wrong!r} is read; those are {', '.join(dict.fromkeys((*REVIEW, *METADATA)))}")
    told: list[tuple[Path | None, Verb, list[str], dict[str, Any]]] = [
        (items, "amazon-items", METADATA, {}),
        (reviews, "amazon-reviews", REVIEW, {"scale": scale}),
    ]
    parts = []
    for file, verb, columns, stated in told:
        if file is not None:
            table = table_of(file, verb, form.of_columns(columns.__contains__), **stated)
            parts.append(Reading(table, trusted(file, how.trust), file.parent, said=said(context)))
    _ingest(context, Readings(parts, kinds_of(meaning, weight), anew=how.anew, merge=not how.no_merge), how)


@app.command()
@with_form("atomic files")
@with_writing()
def recbole(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Also a zip archive, or a folder in one.", show_default=False)
    ],
    event: EventKind = None,
    limits: Limits = None,
    meaning: Meanings = None,
    weight: Weights = None,
    *,
    how: Writing,
    form: Any,
) -> None:
    """RecBole's atomic files: .inter, .user, .item, .kg, .link.

    \b
    Example:
      tastegraph ingest recbole ml-100k
    """
    from recommender.sources.remembered import table_of

    scale = None if limits is None else (limits.minimum, limits.maximum)
    stated = table_of(folder, "recbole", form, kind=event, scale=scale)
    _read(context, stated, [folder], how, form, kinds_of(meaning, weight))


@app.command()
@with_form("lists")
@with_writing()
def lists(
    context: typer.Context,
    file: File,
    event: EventKind = None,
    meaning: Meanings = None,
    weight: Weights = None,
    *,
    how: Writing,
    form: Any,
) -> None:
    """LightGCN's layout: a user, then items, one user a line.

    \b
    Example:
      tastegraph ingest lists train.txt
    """
    from recommender.sources.remembered import table_of

    _read(context, table_of(file, "lists", form, kind=event), [file], how, form, kinds_of(meaning, weight))


@app.command()
@with_writing(merging=True, anew=False)
def source(
    context: typer.Context,
    document: Annotated[
        Path, typer.Argument(metavar="FILE.toml", exists=True, dir_okay=False, help="What it is.", show_default=False)
    ],
    folder: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", exists=True, help="Where its files are; default: beside it.")
    ] = None,
    meaning: Meanings = None,
    weight: Weights = None,
    *,
    how: Writing,
) -> None:
    """Files as a document says: which, what is in them, how they are written.

    \b
    Example:
      tastegraph ingest source shop.toml exports/
    """
    from recommender.sources.document import read_source

    _documented(context, read_source(document), folder or document.parent, how, kinds_of(meaning, weight))


@app.command()
@with_writing(merging=True, anew=False)
def recipe(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A data set; without, all are listed.", show_default=False)
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[FOLDER]", exists=True, help="Its files; also a zip archive.", show_default=False),
    ] = None,
    meaning: Meanings = None,
    weight: Weights = None,
    *,
    how: Writing,
) -> None:
    """A data set in the form in which it is published.

    \b
    Examples:
      tastegraph ingest recipe
      tastegraph ingest recipe movielens-1m ml-1m/
    """
    from recommender.sources.recipes import names as known
    from recommender.sources.recipes import recipe as named

    if name is None:
        recipes = {each: named(each).text for each in known()}
        if how.json:
            output.document(recipes)
        for each, text in () if how.json else recipes.items():
            output.line(f"{each:<20} {text}")
        return
    if folder is None:
        raise typer.BadParameter(
            f"say where its files are: tastegraph ingest recipe {name} FOLDER", param_hint="FOLDER"
        )
    _documented(context, named(name), folder, how, kinds_of(meaning, weight))


def _read(
    context: typer.Context,
    table: Table,
    files: list[Path],
    how: Writing,
    form: Any,
    kinds: Sequence[Any] = (),
    *,
    read: Callable[[Table], Records] | None = None,
    beside: Sequence[Any] = (),
) -> None:
    """One file, or several that are parts of one source."""
    from recommender.sources.reading import Reading, Readings

    source = trusted(str(files[0]) if len(files) == 1 else list(map(str, files)), how.trust)
    reading = Reading(table, source, files[0].parent, form.join, said=said(context), read=read, beside=beside)
    _ingest(context, Readings([reading], kinds, anew=how.anew, merge=not how.no_merge), how)


def _documented(context: typer.Context, found: Source, folder: Path, how: Writing, kinds: Sequence[Any]) -> None:
    """Files as a document says."""
    from recommender.sources.reading import Readings

    _ingest(context, Readings.of(found, folder, kinds, trust=how.trust, merge=not how.no_merge), how)


def _counts(by_column: dict[str, int]) -> str:
    return ", ".join(f"{count} of {column}" for column, count in by_column.items())


def _ingest(context: typer.Context, readings: Readings, how: Writing) -> None:
    """Write what is read; a file that cannot be read, or is doubtful where that is an error, leaves no store behind."""
    from kg.ingest import DEFAULT_REJECTS
    from kg.merging import DEFAULT_MERGES

    if how.strict_meaning:
        try:
            readings.require_read_twice()
        except InvalidInput as error:
            raise usage(str(error)) from None
    rejects, merges = how.rejects, how.merges
    session = Session.of(context)
    with ExitStack() as stack:
        if session.has_store():
            recommender = stack.enter_context(session.open())
            strict_meaning = how.strict_meaning
        else:
            readings.look(strict_meaning=how.strict_meaning)
            strict_meaning = False
            if how.dry_run:  # that store is gone soon
                rejects, merges = rejects or Path(DEFAULT_REJECTS), merges or Path(DEFAULT_MERGES)
                place = stack.enter_context(TemporaryDirectory(prefix="tastegraph-"))
                session = replace(session, store=place, work=None)
            recommender = stack.enter_context(session.open(create=True))
        report = recommender.ingest_readings(
            readings,
            strict=how.strict,
            strict_meaning=strict_meaning,
            dry_run=how.dry_run,
            rejects=rejects,
            merges=merges,
        )
    if how.json:
        output.document(report)
    else:
        _show(report, how.dry_run)
    if report.is_nothing:
        output.note(f"error: nothing of this could be stored, for example: {report.reason}")
        raise typer.Exit(FAILED)


def _show(report: IngestReport, dry_run: bool) -> None:
    verb = "would be stored" if dry_run else "stored"
    forgotten = f", {report.forgotten} of them of people who were forgotten" if report.forgotten else ""
    output.line(f"{report.accepted} {verb}, {report.duplicates} known before, {report.rejected} rejected{forgotten}")
    for own in report.kinds:
        output.line(str(own))
        for doubt in own.suspicions:
            output.line(f"  {doubt}")
    for doubt in report.suspicions:
        output.line(doubt)
    if report.left_out:
        output.line(f"cells left out, and their rows stored without them: {_counts(report.left_out)}")
    if report.missing:
        output.line(f"taken for none, such as NA: {_counts(report.missing)} (--missing COL= keeps them as values)")
    if report.undated:
        output.line(
            f"{report.undated} events have a bare number for a time, and none now: --at-format excel, unix or offset "
            "reads it"
        )
    if report.rejects_file:
        output.line(f"rejected rows and their reasons: {report.rejects_file}")
    if report.merged:
        output.line(
            f"{len(report.merged)} names were spelt in several ways, and are one each now: {report.merges_file}"
        )
