"""RDF to records: every syntax gives the same, what is an item is told in each way, and errors say where."""

from __future__ import annotations

import contextlib
import gzip
import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import rdflib
import zstandard

from kg.errors import MissingExtra, ReadError
from kg.rdf.mapping import RdfMapping
from kg.rdf.mapping_file import read_mapping
from kg.rdf.read import read_rdf
from kg.readers import read_links
from kg.readers.knowledge import read_knowledge
from kg.records import Attribute, EntityRecord, ItemRecord, Link, Reject, Triple

BOOKS = """
@prefix s: <http://schema.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix e: <http://e/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
e:fh s:name "Frank Herbert" ; a s:Person ; s:birthDate "1920" .
e:dune s:name "Der Wüstenplanet"@de, "Dune"@en-GB ; s:author e:fh ; s:genre "SF" ; s:price 9.5 ; e:pages 412 ;
    s:description "Sand."@en ; owl:sameAs <http://dbpedia.org/resource/Dune_(novel)> ; a e:Novel, s:Book .
<http://dbpedia.org/resource/Dune_(novel)> s:about [ s:name "deserts" ] .
"""
DBPEDIA = "http://dbpedia.org/resource/Dune_(novel)"


def written(folder: Path, text: str, name: str = "file") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def rejects(records: list[object]) -> list[Reject]:
    return [record for record in records if isinstance(record, Reject)]


def test_a_small_graph_by_hand(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        records = list(read_rdf(written(tmp_path, BOOKS)))
    (blank,) = (own for own in records if isinstance(own, EntityRecord) and own.name == "deserts")
    assert blank.id.startswith("_:tg")
    assert records == [
        blank,
        ItemRecord(
            "http://e/dune", "Dune", "Sand.", {"price": 9.5, "pages": 412}, (Attribute("GENRE", "genre", "SF"),)
        ),
        Link("http://e/dune", "http://e/dune"),
        EntityRecord("http://e/fh", "Frank Herbert", "person"),
        Triple("http://e/dune", "AUTHOR", "http://e/fh"),
        Link("http://e/dune", DBPEDIA),
        Triple(DBPEDIA, "RDF_ABOUT", blank.id),
    ]
    assert "1 statements left out: http://schema.org/birthDate (1)" in caplog.text


@pytest.mark.parametrize("syntax", ["nt", "turtle", "xml", "json-ld"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_every_syntax_gives_the_same(tmp_path: Path, syntax: str, pack: Callable[[bytes], bytes]) -> None:
    """What rdflib writes is the same graph; only the labels of blank nodes differ."""

    def shown(path: Path) -> set[str]:
        records = [str(record) for record in read_rdf(path)]
        blank = {word for text in records for word in text.split("'") if word.startswith("_:")}
        assert len(blank) == 1
        return {text.replace(blank.copy().pop(), "_:") for text in records}

    graph = rdflib.Graph().parse(data=BOOKS, format="turtle")
    path = tmp_path / "file"
    path.write_bytes(pack(graph.serialize(format=syntax, encoding="utf-8")))
    names = {"price": 9.5, "pages": 412}  # in whatever order
    wanted = {text for text in shown(written(tmp_path, BOOKS, "by-hand")) if "ItemRecord" not in text}
    found = shown(path)
    assert {text for text in found if "ItemRecord" not in text} == wanted
    (item,) = (record for record in read_rdf(path) if isinstance(record, ItemRecord))
    assert (item.title, item.properties) == ("Dune", names)


def test_blank_nodes_are_the_same_at_every_reading_and_differ_between_files(tmp_path: Path) -> None:
    text = "<http://a> <http://p> _:x .\n_:x <http://p> _:y .\n"
    first, again = list(read_rdf(written(tmp_path, text))), list(read_rdf(written(tmp_path, text, "copy")))
    other = list(read_rdf(written(tmp_path, text + "<http://b> <http://p> _:x .\n", "other")))
    assert first == again
    one, two = first[:2]
    assert isinstance(one, Triple)
    assert isinstance(two, Triple)
    assert one.tail == two.head != two.tail
    assert not {record.tail for record in other if isinstance(record, Triple)} & {one.tail, two.tail}
    anonymous = "<http://a> <http://p> [ <http://q> [] ] ."
    assert list(read_rdf(written(tmp_path, anonymous))) == list(read_rdf(written(tmp_path, anonymous)))


def test_a_page_of_a_shop(tmp_path: Path) -> None:
    """JSON-LD as pages embed it: its context is on the web, and not fetched."""
    page = '{"@context": "https://schema.org", "@type": "Product", "@id": "http://s/1", "name": "Mug", "brand": "Acme"}'
    assert list(read_rdf(written(tmp_path, page))) == [
        ItemRecord("http://s/1", "Mug", None, {}, (Attribute("BRAND", "brand", "Acme"),)),
        Link("http://s/1", "http://s/1"),
    ]
    with pytest.raises(ReadError, match="the context is on the web and is not fetched"):
        list(read_rdf(written(tmp_path, page.replace("https://schema.org", "https://s/context"))))


MAP = """
[prefixes]
ex = "http://e/"
[items]
iri = "http://shop/item/{id}"
class = "ex:Novel"
id = "ex:sku"
[title]
predicates = ["ex:name"]
languages = ["fr", "en"]
[relations]
"ex:by" = "AUTHOR"
"ex:wrote" = { name = "AUTHOR", inverse = true }
"ex:topic" = "TOPIC"
[properties]
"ex:year" = "released"
[other]
relations = false
properties = false
drop = ["ex:skip*"]
"""


def test_a_mapping_says_what_is_what(tmp_path: Path) -> None:
    rdf = """
    @prefix ex: <http://e/> .
    <http://shop/item/A%201> ex:name "one"@en, "un"@fr ; ex:by ex:ann ; ex:year "1999" ;
        ex:skipped "x" ; ex:other ex:o .
    ex:n a ex:Novel ; ex:name "n"@de .
    ex:s ex:sku "77" ; ex:name "s" ; ex:topic "sea", "war" .
    ex:ann ex:wrote ex:n, <http://shop/item/A%201> ; ex:likes ex:s .
    """
    records = list(read_rdf(written(tmp_path, rdf), read_mapping(written(tmp_path, MAP, "map.toml"))))
    assert records == [
        ItemRecord("http://e/n", "n"),
        Link("http://e/n", "http://e/n"),
        ItemRecord("77", "s", None, {}, (Attribute("TOPIC", "topic", "sea"), Attribute("TOPIC", "topic", "war"))),
        Link("77", "http://e/s"),
        ItemRecord("A 1", "un", None, {"released": "1999"}),
        Triple("A 1", "AUTHOR", "http://e/ann", head_label="Item"),
        Triple("http://e/n", "AUTHOR", "http://e/ann"),
        Triple("A 1", "AUTHOR", "http://e/ann", head_label="Item"),
    ]


def test_what_leads_to_an_item_leads_to_its_own_entity(tmp_path: Path) -> None:
    item = "urn:tastegraph:item:1"
    rdf = f"<http://e/ann> <http://e/made> <{item}> .\n<http://e/bob> <http://e/made> <{item}> ."
    assert list(read_rdf(written(tmp_path, rdf))) == [
        Link("1", item),
        Triple("http://e/ann", "MADE", item),
        Triple("http://e/bob", "MADE", item),
    ]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[item]\niri = 1", "'item' is not known; there are prefixes, items"),
        ("[items]\npattern = 1", r"items: 'pattern' is not known; there are iri, class, id"),
        ('[items]\niri = "http://shop/"', "is not an absolute IRI with one {id} in it"),
        ('[items]\nclass = "nope:Book"', "'nope:Book' is no IRI, nor prefix:name"),
        ('[relations]\n"dbo:author" = "SAME_AS"', "SAME_AS is reserved"),
        ('[relations]\n"dbo:author" = { inverse = true }', "dbo:author: needs a name"),
        ('[properties]\n"dbo:x" = "title"', "'title' cannot be the name of a property"),
        ('[title]\nlanguages = ["English!"]', "'English!' is no tag of a language"),
        ("[other]\nrelations = 1", "1 is not true or false"),
        ("items = 1", "items: is no section"),
        ("[items", "is no TOML"),
    ],
)
def test_a_mistake_in_a_mapping_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ReadError, match=named):
        read_mapping(written(tmp_path, text, "map.toml"))


def test_a_bad_line_of_n_triples_is_kept_and_the_rest_is_read(tmp_path: Path) -> None:
    lines = ["# a comment", "<http://a> <http://p> <http://b> .", "", "<http://a> <http://p> <no iri> .", "hello"]
    lines += ["<http://a> <http://p> <http://c> .", '<http://a> <http://n> "x" . # why', '"x" <http://n> "x" .']
    lines += [
        f"<http://a> <http://www.w3.org/2000/01/rdf-schema#label> {text} ." for text in ('"\\ud800"', '"a\\u0000"')
    ]
    records = list(read_rdf(written(tmp_path, "\n".join(lines))))
    assert [(own.line, own.raw) for own in rejects(records)[:4]] == [
        (4, lines[3]),
        (5, lines[4]),
        (8, lines[7]),
        (9, lines[8]),
    ]
    assert (rejects(records)[4].line, rejects(records)[4].reason) == (
        10,
        "holds a NUL character, which no engine stores",
    )
    assert [own.tail for own in records if isinstance(own, Triple)] == ["http://b", "http://c"]


def test_a_quote_that_is_not_closed_takes_its_own_line_alone(tmp_path: Path) -> None:
    lines = [f"<http://a> <http://p> <http://b{number}> ." for number in range(5000)]
    lines[10] = '<http://a <http://p> "not closed .'
    lines[11] = "foo bar"
    lines[3500] = '<http://a> <http://p> "not closed either .'
    records = list(read_rdf(written(tmp_path, "\n".join(lines))))
    assert [(own.line, own.raw) for own in rejects(records)] == [(n + 1, lines[n]) for n in (10, 11, 3500)]
    assert "Parser error" not in rejects(records)[2].reason  # whose lines would be those of a part of the file
    assert sum(isinstance(own, Triple) for own in records) == 4997


def test_a_predicate_that_no_relation_can_be_called_by(tmp_path: Path) -> None:
    (reject,) = read_rdf(written(tmp_path, "<http://a> <http://e/→> <http://b> ."))
    assert isinstance(reject, Reject)
    assert (reject.line, reject.raw) == (1, "<http://a> <http://e/→> <http://b> .")
    assert "no letter or digit that a relation could be called by" in reject.reason


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("@prefix e: <http://e/> .\ne:a e:p e:b .\ne:a e:p ; ; .\ne:a e:p e:c .", 3),
        ("@prefix e: <http://e/> .\ne:a e:p e:b .\n\nf:a e:p e:c .", 4),
        (
            '<?xml version="1.0"?>\n<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n<oops></rdf:RDF>',
            None,
        ),
        ('{"@id": "http://a",\n "http://p": {"@id": "http://b"}, }', 2),
    ],
)
def test_an_error_in_another_syntax_names_the_line(tmp_path: Path, text: str, line: int | None) -> None:
    path, got = written(tmp_path, text), []
    with pytest.raises(ReadError) as failed:
        got.extend(read_rdf(path))
    assert failed.value.path == str(path)
    assert failed.value.line == line
    if text.startswith("@prefix"):
        assert got == [Triple("http://e/a", "P", "http://e/b")]


def test_a_file_that_breaks_off_gives_what_stands_before(tmp_path: Path) -> None:
    text = "".join(f"<http://a> <http://p> <http://b{number}> .\n" for number in range(5000)).encode()
    path = tmp_path / "cut.nt.gz"
    path.write_bytes(gzip.compress(text)[:-2000])
    got = []
    with pytest.raises(ReadError, match="ends early"):
        got.extend(read_rdf(path))
    assert sum(isinstance(record, Triple) for record in got) > 1000


@pytest.mark.parametrize("whole", [False, True])
def test_rdf_xml_that_breaks_off_between_two_elements_is_not_whole(tmp_path: Path, whole: bool) -> None:
    text = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/">
    <rdf:Description rdf:about="http://e/a"><e:p rdf:resource="http://e/b"/></rdf:Description>
    """
    path = written(tmp_path, f"{text}</rdf:RDF>\n" if whole else text)
    got: list[object] = []
    with contextlib.nullcontext() if whole else pytest.raises(ReadError, match="line 3: the file breaks off"):
        got.extend(read_rdf(path))
    assert got == [Triple("http://e/a", "P", "http://e/b")]


def test_what_is_over_many_items_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of its items would be said to be each thing that it is the same as."""
    monkeypatch.setattr("kg.rdf.read.MAX_SAME", 2)
    same = "<http://a> <http://www.w3.org/2002/07/owl#sameAs> <http://b> .\n"
    path = written(tmp_path, f'{same}<http://a> <http://e/x> "y" .\n')
    for items in (2, 3):
        records = list(read_rdf(path, links=[Link(f"i{n}", "http://a") for n in range(items)]))[items:]
        if items == 2:
            assert [type(own) for own in records] == [ItemRecord, ItemRecord, Link, Link]
        else:
            assert {own.reason for own in rejects(records)} == {"http://a is over 2 items"}
            assert len(rejects(records)) == len(records) == 2


def test_what_is_no_rdf_is_a_table(tmp_path: Path) -> None:
    table = written(tmp_path, "<a>\tknows\t<b>\n<c>\tknows\t<d>\n")
    assert list(read_knowledge(table)) == [Triple("<a>", "KNOWS", "<b>"), Triple("<c>", "KNOWS", "<d>")]
    with pytest.raises(ReadError, match="is neither N-Triples nor Turtle"):
        list(read_rdf(table))


def test_a_missing_library_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyoxigraph", None)
    with pytest.raises(MissingExtra, match=r"pip install 'tastegraph\[rdf\]'"):
        list(read_rdf(written(tmp_path, BOOKS)))


def test_movielens_is_the_same_from_rdf_and_from_recbole(shared_data: Path) -> None:
    folder = shared_data / "ml-100k"
    table = list(read_knowledge(folder / "ml-100k.kg.gz", folder / "ml-100k.link"))
    rdf = list(read_knowledge(folder / "ml-100k.nt.gz", folder / "ml-100k.link"))
    assert Counter(map(type, rdf)) == {Triple: 91_631, Link: 1_598}
    assert set(rdf) == set(table)


def test_books_by_their_dbpedia_iris(shared_data: Path, tmp_path: Path) -> None:
    """The features of each book as the triples that they were, under the IRIs that the table of links gives."""
    folder = shared_data / "facebook-books"
    iris = dict(line.split("\t") for line in (folder / "mappingLinkedData.tsv").read_text().splitlines())
    names = gzip.decompress((folder / "predicate_mapping.tsv.gz").read_bytes()).decode().splitlines()
    predicates = {number: path for path, number, *_ in (line.split("\t") for line in names) if "~" not in path}
    features = (
        line.split("\t")
        for line in gzip.decompress((folder / "item_features.tsv.gz").read_bytes()).decode().splitlines()
    )
    lines = [
        f"<{iris[item]}> <{predicates[path]}> <http://dbpedia.org/resource/value{value}> ."
        for item, path, value in features
        if path in predicates and item in iris
    ]
    assert len(lines) > 1000
    links = list(read_links(folder / "mappingLinkedData.tsv"))
    records = list(read_rdf(written(tmp_path, "\n".join(lines)), RdfMapping(), links))
    kinds = Counter(map(type, records))
    left_out = sum("wikiPage" in line or "seeAlso" in line for line in lines)
    assert kinds[Link] == len(links)
    assert kinds[Triple] == len(lines) - left_out - kinds[Reject]
    assert {own.head for own in records if isinstance(own, Triple)} <= set(iris.values())
