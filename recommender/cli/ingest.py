"""``ingest``: files into the graph, one verb a kind of content."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kg.lacks import said
from kg.readers.stream import trusted
from kg.records import Begins
from recommender.cli import output
from recommender.cli.errors import FAILED
from recommender.cli.forms import EventKind, Limits, Meanings, Weights, kinds_of, with_form, with_options
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

if TYPE_CHECKING:
    from kg.ingest import IngestReport
    from kg.readers import ItemMapping, UserMapping
    from kg.records import Record, Reject, Scale
    from kg.undo import Undone
    from recommender.sources.document import Source, Verb
    from recommender.sources.reading import Reading

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


Replace = Annotated[
    bool, typer.Option("--replace", help="First take out what this source has brought, then read it again as said now.")
]
Named = Callable[[], "Iterator[Record | Reject]"]
"""Reads the items or people of a source once more."""


@dataclass(frozen=True)
class Writing:
    """What every verb asks of how its records are written, and said."""

    strict: bool
    dry_run: bool
    rejects: Path | None
    trust: bool
    json: bool
    replace: bool = False
    strict_meaning: bool = False
    no_merge: bool = False
    merges: Path | None = None


def with_writing(
    *, strict_meaning: bool = False, merging: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a verb the options of :class:`Writing`, which it gets as ``how``; the named ones where they apply."""
    options = {
        "strict": (Strict, False),
        **({"strict_meaning": (StrictMeaning, False)} if strict_meaning else {}),
        "dry_run": (DryRun, False),
        "rejects": (Rejects, None),
        "trust": (Trust, False),
        "replace": (Replace, False),
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
@with_form
@with_writing(strict_meaning=True)
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
    further: Annotated[
        list[Any] | None,
        typer.Option(
            "--context", parser=names, metavar="COL,...", help="Columns kept with each event; may be repeated."
        ),
    ] = None,
    meaning: Meanings = None,
    weight: Weights = None,
    *,
    how: Writing,
    form: Any,
) -> None:
    """What people did: ratings, reviews, clicks, purchases.

    \b
    Example:
      tastegraph ingest events ratings.csv --map user=userId,item=movieId,value=rating,at=timestamp --scale 1:5
    """
    from kg.readers import EventMapping
    from recommender.sources.reading import Reading
    from recommender.sources.remembered import events_table

    mapping = replace(event_mapping(roles) or EventMapping(), context=joined(further))
    stated = events_table(file[0], mapping, event, limits, form)
    reading = Reading(stated, _source(file, how.trust), file[0].parent, kinds_of(meaning, weight), form.join)
    _ingest(context, reading.records, how, reading.begins, reading=reading, twice=file)


@app.command()
@with_form
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

    mapping = ItemMapping(id, title, joined(text), joined(attribute), joined(properties), joined(related))
    _nodes(context, "items", file, mapping, form, how)


@app.command()
@with_form
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

    mapping = UserMapping(id, joined(attribute), joined(properties), joined(friends))
    _nodes(context, "users", file, mapping, form, how)


@app.command()
@with_form
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
    from kg.readers import SocialMapping, read_social

    try:
        mapping = SocialMapping.parse(roles) if roles else None
    except RecordError as error:
        raise typer.BadParameter(error.reason, param_hint="--map") from None
    read = partial(read_social, _source(file, how.trust), mapping, type=type, form=form)
    _ingest(context, read, how, _begins("social", file[0]), twice=file)


@app.command()
@with_form
@with_writing()
def entities(
    context: typer.Context,
    file: Files,
    id: Id,
    of: Annotated[
        str, typer.Option("--kind", metavar="KIND", help="What they are, such as author.", show_default=False)
    ],
    title: Annotated[str | None, typer.Option(metavar="COL", help="The column of names.")] = None,
    within: Annotated[
        str | None, typer.Option(metavar="COL", help="The column of those that they are part of, such as parent.")
    ] = None,
    *,
    how: Writing,
    form: Any,
) -> None:
    """What attributes are called, and what they are part of: authors by their ids, a tree of categories.

    Before the items: the first name that is given stays.

    \b
    Examples:
      tastegraph ingest entities authors.csv --id author_id --title name --kind author
      tastegraph ingest entities tree.csv --id category --within parent --kind category
    """
    from kg.readers import EntityMapping, read_entities

    mapping = EntityMapping(id, of, title, within)
    read = partial(read_entities, _source(file, how.trust), mapping, form=form)
    _ingest(context, read, how, _begins("entities", file[0]))


@app.command()
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
) -> None:
    """A knowledge graph: RDF (N-Triples, Turtle, RDF/XML, JSON-LD), or a table of head, relation, tail.

    \b
    Examples:
      tastegraph ingest triples kg.txt --link item_to_entity.txt
      tastegraph ingest triples dbpedia.nt.gz --link item_to_iri.tsv --map map.toml
    """
    from kg.rdf.mapping_file import read_mapping
    from kg.readers.knowledge import read_knowledge

    mapping = read_mapping(map) if map else None
    read = partial(
        read_knowledge,
        trusted(file, how.trust),
        trusted(link, how.trust),
        mapping,
        progress=not Session.of(context).quiet,
    )
    _ingest(context, read, how, _begins("triples", file), twice=[file, *([link] if link else [])])


@app.command()
@with_writing(strict_meaning=True, merging=True)
def amazon(
    context: typer.Context,
    reviews: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, metavar="FILE", help="Reviews.", show_default=False)
    ],
    items: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, metavar="FILE", help="Metadata of the items.")
    ] = None,
    *,
    how: Writing,
) -> None:
    """Amazon reviews and metadata, as published in 2014 and in 2018.

    \b
    Example:
      tastegraph ingest amazon --reviews Magazine_Subscriptions_5.json.gz --items meta_Magazine_Subscriptions.json.gz
    """
    from kg.readers import read_amazon
    from kg.readers.amazon import SCALE, read_amazon_items

    read = partial(read_amazon, trusted(reviews, how.trust), trusted(items, how.trust))
    named = None if items is None else _again([items], partial(read_amazon_items, trusted(items, how.trust)))
    files = [reviews, *([items] if items else [])]
    _ingest(context, read, how, _begins("amazon", reviews), SCALE, named=named, twice=files)


@app.command()
@with_writing(strict_meaning=True)
def recbole(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Also a zip archive, or a folder in one.", show_default=False)
    ],
    *,
    how: Writing,
) -> None:
    """RecBole's atomic files: .inter, .user, .item, .kg, .link.

    \b
    Example:
      tastegraph ingest recbole ml-100k
    """
    from kg.readers import read_recbole

    _ingest(context, partial(read_recbole, trusted(folder, how.trust)), how, _begins("recbole", folder))


@app.command()
@with_writing()
def lists(
    context: typer.Context,
    file: File,
    *,
    how: Writing,
) -> None:
    """LightGCN's layout: a user, then items, one user a line.

    \b
    Example:
      tastegraph ingest lists train.txt
    """
    from kg.readers import read_lists

    _ingest(context, partial(read_lists, trusted(file, how.trust)), how, _begins("lists", file), twice=[file])


@app.command()
@with_writing(strict_meaning=True, merging=True)
def source(
    context: typer.Context,
    document: Annotated[
        Path, typer.Argument(metavar="FILE.toml", exists=True, dir_okay=False, help="What it is.", show_default=False)
    ],
    folder: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", exists=True, help="Where its files are; default: beside it.")
    ] = None,
    *,
    how: Writing,
) -> None:
    """Files as a document says: which, what is in them, how they are written.

    \b
    Example:
      tastegraph ingest source shop.toml exports/
    """
    from recommender.sources.document import read_source

    _documented(context, read_source(document), folder or document.parent, how, _begins("source", document))


@app.command()
@with_writing(strict_meaning=True, merging=True)
def recipe(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A data set; without, all are listed.", show_default=False)
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[FOLDER]", exists=True, help="Its files; also a zip archive.", show_default=False),
    ] = None,
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
    _documented(context, named(name), folder, how, Begins("recipe", name))


@app.command()
def undo(
    context: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="As 'tastegraph status' lists it.", show_default=False)
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would go, and take nothing out.")] = False,
    json: Json = False,
) -> None:
    """Take out what one source alone has brought.

    What others brought as well stays, and so does feedback. Killed on the way, it does the rest when called again.

    \b
    Examples:
      tastegraph ingest undo ratings.csv --dry-run
      tastegraph ingest undo ratings.csv
    """
    with Session.of(context).open() as recommender:
        undone = recommender.undo(source, dry_run=dry_run)
    if json:
        output.document(undone)
        return
    output.line(f"{'would be taken out' if dry_run else 'taken out'}: {_counts_of(undone)}")
    if any(undone.kept.values()):
        kept = ", ".join(f"{count} {what}" for what, count in undone.kept.items() if count)
        output.line(f"others brought as well, so that it stays: {kept}")
    if undone.overwritten:
        output.line(
            f"{undone.overwritten} properties had another value from another source, which is lost: read that one again"
        )
    if not undone.has_any:
        output.line(
            "nothing of it could be told from the rest: what was there before it came from elsewhere, and stays"
        )


def _counts_of(undone: Undone) -> str:
    return ", ".join(f"{count} {what}" for what, count in undone.removed.items() if count) or "nothing"


def _nodes(
    context: typer.Context,
    verb: Verb,
    file: list[Path],
    mapping: ItemMapping | UserMapping,
    form: Any,
    how: Writing,
) -> None:
    """Items or people of a file."""
    from recommender.sources.reading import Reading
    from recommender.sources.remembered import nodes_table

    stated = nodes_table(file[0], verb, mapping, form)
    assert stated is not None  # the command line says nothing that a document cannot
    reading = Reading(stated, _source(file, how.trust), file[0].parent, joins=form.join)
    again = _again(file, reading.records)
    _ingest(context, reading.records, how, reading.begins, named=again, reading=reading, twice=file)


def _begins(verb: str, file: Path) -> Begins:
    """The source that a file is."""
    from recommender.sources.remembered import called

    return Begins(verb, called(file))


def _documented(context: typer.Context, found: Source, folder: Path, how: Writing, begins: Begins) -> None:
    """Files as a document says."""
    read, named = (partial(own, folder, trust=how.trust) for own in (found.records, found.named))
    _ingest(context, read, how, begins, named=named)


def _pipe(files: Sequence[Path]) -> Path | None:
    """The first of these that can be read once only."""
    from kg.merging import can_be_read_again

    return next((one for one in files if one.exists() and not one.is_dir() and not can_be_read_again(one)), None)


def _source(files: list[Path], trust: bool) -> Any:
    """One file, or several that are parts of one source."""
    return trusted(str(files[0]) if len(files) == 1 else list(map(str, files)), trust)


def _again(files: Sequence[Path], read: Named) -> Named | None:
    """``read``, unless a file is a pipe, which can be read once only."""
    return None if _pipe(files) else read


def _ingest(
    context: typer.Context,
    read: Named,
    how: Writing,
    begins: Begins,
    scale: Scale | None = None,
    *,
    named: Named | None = None,
    reading: Reading | None = None,
    twice: Sequence[Path] = (),
) -> None:
    """Write what ``read`` reads; ``named`` reads the items or people among it again, to merge their names.

    ``begins`` is the source that it is. ``reading`` is the file, where the graph may say how it is read, and keeps it.
    ``twice`` are files that are read once before anything is written, where what values mean must not be doubtful, or
    what was read before makes way.
    """
    from kg.ingest import DEFAULT_REJECTS
    from kg.merging import DEFAULT_MERGES

    if (how.strict_meaning or how.replace) and (pipe := _pipe(twice)):
        option = "--strict-meaning" if how.strict_meaning else "--replace"
        raise usage(f"{option} reads {pipe} twice, which can be read once only: write it to a file")
    rejects, merges = how.rejects, how.merges
    session = Session.of(context)
    with ExitStack() as stack:
        recommender = stack.enter_context(session.open()) if session.has_store() else None
        if recommender is not None and reading is not None and not how.replace:
            reading.settle(recommender.store)
        records = read()
        first = list(islice(records, 1))  # a file that cannot be read leaves no empty store behind
        if recommender is None:
            if how.dry_run:  # that store is gone soon
                rejects, merges = rejects or Path(DEFAULT_REJECTS), merges or Path(DEFAULT_MERGES)
                session = replace(
                    session, store=stack.enter_context(TemporaryDirectory(prefix="tastegraph-")), work=None
                )
            recommender = stack.enter_context(session.open(create=True))
        limits = scale if reading is None else reading.table.limits
        if how.replace and not how.dry_run:
            for undone in recommender.make_way([begins], read(), scale=limits, strict=how.strict):
                output.note(f"taken out before: {_counts_of(undone)}")
        report = recommender.ingest_records(
            chain([begins], first, records),
            scale=limits,
            strict=how.strict,
            dry_run=how.dry_run,
            rejects=rejects,
            named=named() if named and not how.no_merge else None,
            merges=merges,
            before=read() if how.strict_meaning else None,
        )
        if reading is not None and not how.dry_run and not report.is_nothing:
            reading.keep(recommender.store)
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
    for lack in said(report.left_out, report.missing, report.undated):
        output.line(lack)
    if report.rejects_file:
        output.line(f"rejected rows and their reasons: {report.rejects_file}")
    if report.merged:
        output.line(
            f"{len(report.merged)} names were spelt in several ways, and are one each now: {report.merges_file}"
        )
