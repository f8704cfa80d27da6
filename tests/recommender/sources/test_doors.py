"""Every option by every door: on the command line, as an argument and in a form in Python, as a key of a document."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import typer
from typer.testing import CliRunner

from kg.errors import ReadError, RecordError
from kg.ingest import IngestReport
from kg.readers import read_amazon, read_links, read_lists, read_recbole, read_triples, read_users
from kg.readers.form import SUITS, Form, Options
from kg.readers.knowledge import read_knowledge
from recommender import Recommender
from recommender.cli.app import app
from recommender.cli.session import Session
from recommender.configured import KeyWrong
from recommender.errors import InvalidInput
from recommender.sources.document import KEYS, Source, Table, Verb, read_source
from recommender.sources.writing import OPTIONS, document_of, options_of
from tests.recommender.sources.facts import facts
from tests.running import RUN

pytestmark = pytest.mark.embedded
DOCS = Path(__file__).parents[3] / "docs" / "data-formats.md"
FIELDS = list(Form.__dataclass_fields__)
VERBS: dict[str, Verb] = {
    "events": "events",
    "items": "items",
    "users": "users",
    "social": "social",
    "entities": "entities",
    "triples": "triples",
    "links": "links",
    "lists": "lists",
    "amazon": "amazon-reviews",
    "recbole": "recbole",
}
"""By verb of the command line: that of a document."""


def options_of_verb(verb: str) -> set[str]:
    """The options that a verb of ingest has."""
    command = typer.main.get_command(app).commands["ingest"].commands[verb]  # type: ignore[attr-defined]
    return {own for parameter in command.params for own in (*parameter.opts, *parameter.secondary_opts)}


# --- What there is


def test_the_table_of_the_docs_has_each_option_with_its_key_and_its_verbs() -> None:
    lines = DOCS.read_text(encoding="utf-8").splitlines()
    rows = {}
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and (options := re.findall(r"`(--[a-z-]+)`", cells[0])):
            keys = re.findall(r"`([a-z_]+)`", cells[1])
            rows |= {key: (option, cells[2]) for option, key in zip(options, keys, strict=True)}
    own = {key for _, keys in KEYS.values() for key in keys} - {"rdf_map"}  # which shares an option
    assert rows.keys() == {*FIELDS, *own, "meaning", "weight"}
    for key, (option, verbs) in rows.items():
        said = set(re.findall(r"[a-z]+", verbs.replace("every table", " ".join(["events items users social"]))))
        assert {verb for verb in VERBS if option in options_of_verb(verb)} == said, (key, option)


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_is_a_key_an_argument_and_an_option(name: str) -> None:
    assert name in Table.__dataclass_fields__
    assert name in get_type_hints(Options)
    option = "--no-quotes" if name == "quotes" else f"--{name.replace('_', '-')}"
    assert option in options_of_verb("events") | options_of_verb("items")


@pytest.mark.parametrize(("verb", "named"), VERBS.items())
def test_a_verb_has_the_options_that_say_something_of_it_and_no_others(verb: str, named: Verb) -> None:
    what, own = KEYS[named]
    keys = {*SUITS[what], *own}
    there = {f"--{OPTIONS.get(key, key).replace('_', '-')}" for key in keys}
    others = {f"--{name.replace('_', '-')}" for name in FIELDS} - there
    assert there <= options_of_verb(verb)
    assert not others & options_of_verb(verb)


# --- What it means

EVENTS = "who;what;stars;state;day;clock\nann;a;4,5;done;03/04/2020;10:00\nbob;b;0;open;05/04/2020;11:30\n"
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "columns": ("ann,a,5\nbob,b,4\n", {"columns": ("user", "item", "rating")}),
    "encoding": ("user,item\nJürgen,a\n", {"encoding": "cp850"}),
    "delimiter": ("user~item\nann~a\n", {"delimiter": "~"}),
    "escape": ('user,item\n"a^"n",a\n', {"escape": "^"}),
    "decimal": ("user;item;rating\nann;a;4,5\n", {"decimal": ","}),
    "missing": ("user,item,rating\nann,a,0\nbob,a,4\n", {"missing": {"rating": ("0",)}}),
    "drop": ("user,item,state\nann,a,open\nbob,a,done\n", {"drop": {"state": ("open",)}}),
    "keep": ("user,item,state\nann,a,open\nbob,a,done\n", {"keep": {"state": ("open",)}}),
    "values": ("user,item,rating\nann,a,good\n", {"values": {"rating": {"good": 5.0}}}),
    "words": ("user,item,kind\nann,a,0\n", {"words": {"kind": {"0": "VIEWED"}}}),
    "each": ('{"user": 1, "item": ["a", "b"]}\n', {"each": "item"}),
    "join": ("user,item\nann,1\n", {"join": ("rest.csv:item=nr",)}),
    "quotes": ('user,item\n"ann,a\n', {"quotes": False}),
    "at_format": ("user,item,at\nann,a,03/04/2020\n", {"at_format": "day-first"}),
    "zone": ("user,item,at\nann,a,2020-06-01T10:00\n", {"zone": "Europe/Berlin"}),
    "repeats": ("user,item,kind\nann,a,RATED\nann,a,RATED\n", {"repeats": "count"}),
    "blocks": ("17:\nann,4\nbob,3\n", {"blocks": "item", "columns": ("user", "rating")}),
    "wide": ("user,a,b\nann,5,\nbob,,3\n", {"wide": True}),
    "leave_out": ("user,item,rating,at\nann,a,5,2020-01-01\n", {"leave_out": ("at",)}),
    "impressions": ("user,shown\nann,N1-1 N2-0\n", {"impressions": "shown"}),
}
ITEMS: dict[str, tuple[str, dict[str, Any]]] = {
    "flags": ("id,Comedy,Drama\na,1,0\n", {"flags": {"genres": ("Comedy", "Drama")}}),
    "split": ("id,genres\na,Comedy/Drama\n", {"split": {"genres": "/"}}),
    "long": (
        "id,p,v,t\na,genres,Old,01/02/2020\na,genres,New,03/01/2020\n",
        {"long": ("id", "p", "v", "t"), "at_format": "month-first"},
    ),
}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recommender]:
    with Recommender.open(tmp_path_factory.mktemp("store") / "s", run=RUN) as recommender:
        yield recommender


@pytest.fixture
def read(opened: Recommender, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What each ingest would have written."""
    seen: list[Any] = []

    def take(self: Any, readings: Any, **_: Any) -> IngestReport:
        seen.append(facts(readings.records()))
        return IngestReport(accepted=1)

    class Kept:
        def __enter__(self) -> Recommender:
            return opened

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(Recommender, "ingest_readings", take)
    monkeypatch.setattr(Session, "open", lambda *_, **__: Kept())
    return seen


@pytest.mark.parametrize(("verb", "name"), [("events", name) for name in CASES] + [("items", name) for name in ITEMS])
def test_an_option_means_the_same_by_every_door(
    verb: Any, name: str, read: list[Any], opened: Recommender, tmp_path: Path
) -> None:
    text, stated = (CASES if verb == "events" else ITEMS)[name]
    (tmp_path / "rest.csv").write_text("nr,colour\n1,red\n")
    file = tmp_path / "data.csv"
    file.write_text(text, encoding=stated.get("encoding", "utf-8"))
    keys: dict[str, Any] = {} if verb == "events" else {"id": "id", "attributes": ("genres",)}
    table = Table(("data.csv",), verb, **keys, **stated)

    words = options_of(table)
    words = [str(tmp_path / word) if word.startswith("rest.csv") else word for word in words]
    done = CliRunner().invoke(app, ["--store", str(tmp_path / "s"), "-q", "ingest", verb, str(file), *words])
    assert done.exit_code == 0, done.stderr

    (tmp_path / "source.toml").write_text(document_of(Source((table,))))
    opened.ingest(source=tmp_path / "source.toml")

    loose = {key: list(own) if isinstance(own, tuple) else own for key, own in stated.items()}
    loose |= {"join": [f"{tmp_path}/rest.csv:item=nr"]} if name == "join" else {}
    if verb == "events":
        opened.ingest(file, form=loose)
        opened.ingest(file, **loose)
    else:
        mapping = {"id": "id", "attributes": "genres"}
        opened.ingest(items=file, item_mapping=mapping, item_form=Form(**loose))
        opened.ingest(items=file, item_mapping=mapping, **loose)
    assert read[0]
    assert read == read[:1] * 4
    if name not in ("join", "repeats"):  # which show elsewhere
        assert _plain(opened, verb, file, read) != read[0], "without the option something else is read"


def _plain(opened: Recommender, verb: str, file: Path, read: list[Any]) -> list[Any]:
    try:
        opened.ingest(file) if verb == "events" else opened.ingest(
            items=file, item_mapping={"id": "id", "attributes": "genres"}
        )
    except Exception as error:  # whatever it is, it is something else
        return [error]
    return list(read[-1])


# --- What is refused

REFUSED: dict[str, tuple[str, Any]] = {
    "wide": ("--wide", True),
    "zone": ("--zone Europe/Berlin", "Europe/Berlin"),
    "split": ("--split a=/", {"a": "/"}),
    "impressions": ("--impressions a", "a"),
    "repeats": ("--repeats once", "once"),
    "decimal": ("--decimal ,", ","),
}
READERS: dict[str, Any] = {
    "lists": read_lists,
    "triples": read_triples,
    "links": read_links,
    "users": read_users,
    "recbole": read_recbole,
    "amazon": lambda source, form: read_amazon(source, form=form),
}
SAMPLES = {
    "lists": "1 10 11\n2 10\n",
    "triples": "head,relation,tail\na,R,b\n",
    "links": "item,entity\na,e\n",
    "users": "user,age\nann,3\n",
    "amazon": '{"reviewerID": "ann", "asin": "a", "overall": 5}\n',
}


@pytest.mark.parametrize(
    ("verb", "name"),
    [(verb, name) for verb in READERS for name in REFUSED if name not in SUITS[KEYS[VERBS[verb]][0]] or name == "zone"],
)
def test_what_says_nothing_of_a_verb_is_refused_aloud_by_every_door(verb: str, name: str, tmp_path: Path) -> None:
    if verb == "recbole" and name == "zone":
        pytest.skip("times of interactions have one")
    option, value = REFUSED[name]
    file = tmp_path / "x"
    if verb == "recbole":
        file.mkdir()
        (file / "x.inter").write_text("user_id:token\titem_id:token\nann\ta\n")
    else:
        file.write_text(SAMPLES[verb])
    source = ["--reviews", str(file)] if verb == "amazon" else [str(file)]
    id = ["--id", "user"] if verb == "users" else []
    done = CliRunner().invoke(app, ["--store", str(tmp_path / "s"), "ingest", verb, *source, *id, *shlex.split(option)])
    assert done.exit_code == 2
    assert option.split()[0] in done.stderr or "zone" in done.stderr
    assert not (tmp_path / "s").exists()

    with pytest.raises(RecordError, match=f"{name}: says nothing of"):
        list(READERS[verb](file, form=Form(**{name: value})))
    with pytest.raises(KeyWrong, match=f"table: {name}:? says nothing of"):
        Source((Table(("x",), VERBS[verb], **{name: value}),))


def test_rdf_takes_no_form(tmp_path: Path) -> None:
    (tmp_path / "a.nt").write_text("<http://x/a> <http://x/r> <http://x/b> .\n")
    with pytest.raises(RecordError, match="encoding: says nothing of RDF"):
        list(read_knowledge(tmp_path / "a.nt", form=Form(encoding="latin-1")))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"colums": ["a"]}, r"there is no 'colums' \(is it 'columns'\?\)"),
        ({"columns": 3}, "columns: 3 is not a list of columns"),
        ({"missing": {"rating": None}}, "missing: .* is not codes"),
        ({"wide": "yes"}, "wide: 'yes' is not True or False"),
        ({"repeats": "twice"}, "repeats: 'twice' is not 'once' or 'count'"),
        ({"decimal": ";"}, "decimal: ';' is not"),
        ({"join": "books.csv"}, "is not FILE:COLUMN"),
    ],
)
def test_a_wrong_argument_is_named(given: dict[str, Any], says: str, opened: Recommender) -> None:
    with pytest.raises(RecordError, match=says):
        opened.ingest([{"user": "ann", "item": "a"}], **given)


def test_options_are_of_one_table(opened: Recommender) -> None:
    rows = [{"user": "ann", "item": "a"}]
    with pytest.raises(InvalidInput, match="missing= is of one table, and there are events, items: say it in form="):
        opened.ingest(rows, items=[{"id": "a"}], missing="x")


@pytest.mark.parametrize("option", ["missing", "words", "values", "leave_out", "split", "drop"])
def test_a_column_that_is_not_there_is_named(option: str, tmp_path: Path, opened: Recommender) -> None:
    (tmp_path / "a.csv").write_text("user,item,rating\nann,a,5\n")
    value: Any = {"words": {"ratng": {"5": "x"}}, "values": {"ratng": {"x": 5}}, "leave_out": ["ratng"]}
    value = value.get(option, {"ratng": "0"})
    mapping = {"id": "item"}
    file = tmp_path / "a.csv"
    given: dict[str, Any] = {"items": file, "item_mapping": mapping} if option == "split" else {"events": file}
    with pytest.raises(ReadError, match="there is no column 'ratng'"):
        opened.ingest(**given, dry_run=True, **{option: value})


# --- What other tables hold


def test_lists_take_codes_and_what_separates(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1,10,11,0\n2,10\n3,12\n")
    form = Form(delimiter=",", missing={"item": ("0",)}, drop={"user": ("3",)})
    found = facts(read_lists(tmp_path / "a.txt", kind="liked", form=form))
    assert [own[:4] for own in found if own[0] == "event"] == [
        ("event", "1", "10", "LIKED"),
        ("event", "1", "11", "LIKED"),
        ("event", "2", "10", "LIKED"),
    ]


def test_triples_and_links_take_a_form(tmp_path: Path) -> None:
    (tmp_path / "kg.csv").write_text("BOSS;Zoë;a\nBOSS;-;b\n", encoding="latin-1")
    form = Form(columns=("relation", "head", "tail"), encoding="latin-1", delimiter=";", missing={"": ("-",)})
    first, second = read_triples(tmp_path / "kg.csv", form=form)
    assert (first.head, first.relation, first.tail) == ("Zoë", "BOSS", "a")  # type: ignore[union-attr]
    assert second.field == "head"  # type: ignore[union-attr]
    (tmp_path / "l.txt").write_text("e1|a\n")
    (link,) = read_links(tmp_path / "l.txt", form=Form(delimiter="|", columns=("entity", "item")))
    assert (link.item_id, link.entity_id) == ("a", "e1")  # type: ignore[union-attr]


def test_amazon_takes_codes_for_no_rating(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(
        '{"reviewerID": "ann", "asin": "a", "overall": 0}\n{"reviewerID": "bob", "asin": "a", "overall": 5}\n'
    )
    found = facts(
        read_amazon(tmp_path / "r.json", form=Form(missing={"overall": ("0",)}, drop={"reviewerID": ("bob",)}))
    )
    assert [own[:5] for own in found] == [
        ("kind", "RATED", None, None, None),
        ("event", "ann", "a", "RATED", 0.0),
    ]


def test_atomic_files_are_spoken_of_as_far_as_they_have_the_columns(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "x.inter").write_text("user_id:token\titem_id:token\trating:float\nann\ta\t0\nbob\tb\t4\n")
    (folder / "x.item").write_text("item_id:token\tbrand:token\na\tBoss\nb\tnone-such\n")
    form = Form(missing={"rating": ("0",), "brand": ("none-such",)}, drop={"user_id": ("bob",)})
    found = facts(read_recbole(folder, kind="tried", form=form))
    assert [own[:5] for own in found if own[0] == "event"] == [("event", "ann", "a", "TRIED", 0.0)]
    assert [own for own in found if own[0] == "item"] == [
        ("item", "a", None, None, {}, ["BRAND brand Boss"]),
        ("item", "b"),
    ]
    with pytest.raises(ReadError, match="no column 'ratng'"):
        list(read_recbole(folder, form=Form(missing={"ratng": ("0",)})))


def test_a_document_reads_atomic_files_lists_and_links(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "x.inter").write_text("user_id:token\titem_id:token\trating:float\nann\ta\t4\n")
    (tmp_path / "l.txt").write_text("7 a b\n8 a\n")
    (tmp_path / "links.csv").write_text("item,entity\na,e\n")
    (tmp_path / "s.toml").write_text(
        '[[table]]\nfiles = ["x"]\nverb = "recbole"\nscale = [1, 5]\n'
        '[[table]]\nfiles = ["l.txt"]\nverb = "lists"\nkind = "LIKED"\n'
        '[[table]]\nfiles = ["links.csv"]\nverb = "links"\n'
    )
    found = facts(read_source(tmp_path / "s.toml").records(tmp_path))
    assert [own[1:4] for own in found if own[0] == "event"] == [
        ("ann", "a", "RATED"),
        ("7", "a", "LIKED"),
        ("7", "b", "LIKED"),
        ("8", "a", "LIKED"),
    ]
