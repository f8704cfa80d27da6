"""The graph as RDF: a round trip changes nothing, whichever end it starts from."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rdflib.compare import isomorphic

from kg import snapshot
from kg.bolt import BoltStore
from kg.errors import RecordError, StoreError
from kg.ingest import ingest
from kg.knowledge import Neighbourhood, WholeGraph
from kg.rdf.files import RdfFile
from kg.rdf.mapping_file import read_mapping
from kg.rdf.read import read_rdf
from kg.rdf.terms import OWN, SCHEMA, Fact
from kg.rdf.write import SUFFIXES, export_rdf, facts_of
from kg.records import (
    Attribute,
    EntityRecord,
    Interaction,
    ItemRecord,
    Link,
    Record,
    Related,
    Triple,
    UserRecord,
)
from tests.conftest import emptied

FORMATS = {".nt": "nt", ".ttl": "turtle", ".rdf": "xml", ".jsonld": "json-ld"}
ACME = Attribute("BRAND", "brand", "Acme & Söhne")
WORLD: list[Record] = [
    ItemRecord(
        "i/2", "Two", 'about "two"\n\\', {"price": 2.0, "new": True, "isbn": "01", "pages": 7},
        (ACME,), (Related("ALSO_BOUGHT", "i1"), Related("ALSO_BOUGHT", "x1")),
    ),
    ItemRecord("i1", None, None, {}, (ACME,), (Related("ALSO_BOUGHT", "x1"),)),
    ItemRecord("alone"),
    ItemRecord("http://shop/3", "Three"),
    Link("http://shop/3", "http://shop/3"),
    EntityRecord("m.9", "Nine", "person"),
    EntityRecord("http://dbpedia.org/resource/Sea", "sea", "topic"),
    EntityRecord("_:tg0123456789abcdef-b0", "nobody"),
    EntityRecord("kind only", None, "kind"),
    Triple("m.1", "FILM_FILM_ACTOR", "m.9", name="film.film.actor"),
    Triple("m.9", "BORN_IN", "m.3"),
    Triple("m.2", "KNOWS", "_:tg0123456789abcdef-b0", name="http://xmlns.com/foaf/0.1/knows"),
    Triple("http://shop/3", "GENRE", "http://dbpedia.org/resource/Sea"),
    Link("i1", "m.1"),
    Link("i/2", "m.2"),
    Link("i3", "m.2"),
]  # fmt: skip
PEOPLE: list[Record] = [
    UserRecord("bob", {"age": 40}, (Attribute("WORKS_AS", "occupation", "writer"),)),
    Interaction("bob", "i1", "LIKED", "e1", text="my own words"),
]


def filled(store: BoltStore, records: list[Record]) -> snapshot.Snapshot:
    """A graph of these records alone, and its snapshot."""
    emptied(store)
    report = ingest(store, records, strict=True, progress=False)
    assert report.rejected == 0
    return snapshot.take(store)


@pytest.fixture(
    params=[pytest.param("store", marks=pytest.mark.embedded), pytest.param("server", marks=pytest.mark.neo4j)]
)
def graph(request: pytest.FixtureRequest) -> BoltStore:
    """Each engine."""
    return request.getfixturevalue(request.param)


def test_graph_to_rdf_to_graph(graph: BoltStore, tmp_path: Path) -> None:
    before = filled(graph, WORLD)
    plain, *others = [tmp_path / f"graph{suffix}" for suffix in (*SUFFIXES, ".nt.gz", ".ttl.zst")]
    records = list(read_rdf(plain)) if export_rdf(graph, WholeGraph(graph), plain) else []
    for path in others:
        export_rdf(graph, WholeGraph(graph), path)
        assert set(map(str, read_rdf(path))) == set(map(str, records)), path.name
    ingest(graph, records, strict=True, progress=False)
    assert snapshot.take(graph).fingerprint == before.fingerprint
    assert filled(graph, records).fingerprint == before.fingerprint


def test_people_are_left_out(store: BoltStore, tmp_path: Path) -> None:
    filled(store, [*WORLD, *PEOPLE])
    export_rdf(store, WholeGraph(store), tmp_path / "graph.nt")
    text = (tmp_path / "graph.nt").read_text()
    assert all(word not in text for word in ("bob", "my own words", "LIKED", "WORKS_AS"))


def test_terms_of_schema_org_and_spellings(store: BoltStore) -> None:
    filled(store, WORLD)
    facts = set(facts_of(store, WholeGraph(store)))
    two, brand = f"{OWN}item:i%2F2", f"{OWN}entity:brand%3AAcme%20%26%20Söhne"
    string, xsd = "http://www.w3.org/2001/XMLSchema#string", "http://www.w3.org/2001/XMLSchema#"
    assert {
        Fact(two, f"{SCHEMA}name", "Two", string),
        Fact(two, f"{SCHEMA}price", "2.0", f"{xsd}double"),
        Fact(two, f"{OWN}property:new", "true", f"{xsd}boolean"),
        Fact(two, f"{SCHEMA}brand", brand),
        Fact(two, f"{OWN}relation:ALSO_BOUGHT", f"{OWN}item:x1"),
        Fact(two, "http://www.w3.org/2002/07/owl#sameAs", f"{OWN}entity:m.2"),
        Fact(brand, "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", f"{SCHEMA}Brand"),
        Fact("http://dbpedia.org/resource/Sea", f"{OWN}kind", "topic", string),
        Fact(f"{OWN}entity:m.9", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", f"{SCHEMA}Person"),
        Fact(f"{OWN}entity:m.1", f"{OWN}relation:film.film.actor", f"{OWN}entity:m.9"),
        Fact(f"{OWN}entity:m.2", "http://xmlns.com/foaf/0.1/knows", "_:tg0123456789abcdef-b0"),
        Fact("http://shop/3", f"{SCHEMA}genre", "http://dbpedia.org/resource/Sea"),
    } <= facts


def test_a_part(store: BoltStore) -> None:
    filled(store, WORLD)

    def resources(hops: int) -> set[str]:
        return {fact.subject for fact in facts_of(store, Neighbourhood(store, ["i1"], hops))}

    item, brand, own = f"{OWN}item:i1", f"{OWN}entity:brand%3AAcme%20%26%20Söhne", f"{OWN}entity:m.1"
    assert resources(0) == {item, own}
    assert resources(1) == {item, own, brand, f"{OWN}item:x1", f"{OWN}entity:m.9"}
    assert resources(5) == resources(2) == resources(1) | {f"{OWN}entity:m.3"}
    whole = set(facts_of(store, WholeGraph(store)))
    assert set(facts_of(store, Neighbourhood(store, ["i1"], 5))) < whole
    with pytest.raises(RecordError, match="'i7' is no item of the graph"):
        Neighbourhood(store, ["i1", "i7"])


MAP = """
[prefixes]
ex = "http://e/"
[items]
iri = "http://shop/item/{id}"
class = "ex:Novel"
[title]
predicates = ["ex:name"]
languages = ["en"]
[text]
predicates = ["ex:plot"]
languages = [""]
[relations]
"ex:wrote" = { name = "AUTHOR", inverse = true }
[kinds]
"ex:Writer" = "writer"
[properties]
"ex:year" = { name = "year", datatype = "xsd:gYear" }
"ex:size" = { name = "size", datatype = "xsd:decimal" }
"ex:motto" = { name = "motto", language = "de" }
"""
SOURCE = """
@prefix ex: <http://e/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
<http://shop/item/A%201> ex:name "one"@en ; ex:year "1999"^^xsd:gYear ; ex:size 2.5 ; ex:near [ ex:near ex:here ] .
ex:n a ex:Novel ; ex:name "n"@en ; ex:plot "a\\nb" ; ex:motto "ja"@de ; owl:sameAs <http://dbpedia.org/resource/N> .
ex:ann a ex:Writer ; ex:wrote ex:n ; ex:name "Ann"@en ; ex:knows _:b .
_:b ex:name "Bob \\"B\\""@en ; owl:sameAs ex:bob .
ex:here ex:part-of ex:there ; ex:near <http://shop/item/A%201>, <http://shop/item/B> .
"""


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # what rdflib reads JSON-LD with
def test_rdf_to_graph_to_rdf(graph: BoltStore, tmp_path: Path) -> None:
    """What the mapping covers comes back as it was, blank nodes, languages and datatypes included."""
    (tmp_path / "map.toml").write_text(MAP)
    (tmp_path / "source.ttl").write_text(SOURCE)
    mapping = read_mapping(tmp_path / "map.toml")
    filled(graph, list(read_rdf(tmp_path / "source.ttl", mapping)))
    before = rdflib.Graph().parse(data=SOURCE, format="turtle")
    for suffix, format in FORMATS.items():
        path = tmp_path / f"after{suffix}"
        assert export_rdf(graph, WholeGraph(graph), path, mapping) == len(before)
        after = rdflib.Graph().parse(path, format=format)
        assert isomorphic(before, after), set(after) ^ set(before)


def test_what_cannot_be_written_leaves_no_file(store: BoltStore, tmp_path: Path) -> None:
    filled(store, [ItemRecord("1", "a bell \x07")])
    with pytest.raises(StoreError, match=r"RDF/XML cannot hold the control characters of <urn:tastegraph:item:1>"):
        export_rdf(store, WholeGraph(store), tmp_path / "graph.rdf")
    with pytest.raises(StoreError, match=r"no format of RDF ends so; there are \.nt, \.ttl"):
        export_rdf(store, WholeGraph(store), tmp_path / "graph.csv")
    with pytest.raises(StoreError, match="cannot write"):
        export_rdf(store, WholeGraph(store), tmp_path / "nowhere" / "graph.nt")
    assert list(tmp_path.iterdir()) == []
    assert export_rdf(store, WholeGraph(store), tmp_path / "graph.ttl") == 2


# --- Without an engine: whatever a graph holds


class Rows:
    """A graph of items without edges."""

    def __init__(self, items: list[ItemRecord]) -> None:
        self._items = items

    def items(self):  # type: ignore[no-untyped-def]
        return iter(
            [{"id": i.id, "properties": {"title": i.title, "text": i.text, **i.properties}} for i in self._items]
        )

    def entities(self):  # type: ignore[no-untyped-def]
        return iter(())

    edges = links = entities

    def unconnected(self, label: str):  # type: ignore[no-untyped-def]
        return iter(())


class NoSpellings:
    """The part of a store that an export asks for beside the graph."""

    def read(self, text: str) -> list[dict[str, str]]:
        return []


UNICODE = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
IDS = UNICODE.filter(lambda text: text == text.strip() != "")
VALUES = st.one_of(
    UNICODE, st.integers(-(2**63), 2**63 - 1), st.booleans(), st.floats(allow_nan=False, allow_infinity=False)
)
ITEMS = st.builds(
    ItemRecord,
    IDS,
    st.none() | UNICODE,
    st.none() | UNICODE,
    st.dictionaries(st.sampled_from(["price", "isbn", "year", "a_b"]), VALUES, max_size=3),
)


NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def texts_of(item: ItemRecord) -> list[object]:
    """What an export writes as literals."""
    return [item.title, item.text, *item.properties.values()]


@pytest.mark.parametrize("suffix", FORMATS)
@given(items=st.lists(ITEMS, min_size=1, max_size=4, unique_by=lambda item: item.id))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_items_hold_comes_back(tmp_path: Path, suffix: str, items: list[ItemRecord]) -> None:
    path = tmp_path / f"graph{suffix}"
    if suffix == ".rdf" and any(NOT_XML.search(str(text)) for item in items for text in texts_of(item)):
        with pytest.raises(StoreError, match="control characters"):
            export_rdf(NoSpellings(), Rows(items), path)  # type: ignore[arg-type]
        return
    export_rdf(NoSpellings(), Rows(items), path)  # type: ignore[arg-type]
    found = {record.id: record for record in read_rdf(path) if isinstance(record, ItemRecord)}
    assert found == {item.id: item for item in items}


LITERALS = st.one_of(
    st.builds(rdflib.Literal, UNICODE),
    st.builds(functools.partial(rdflib.Literal, lang="de-at"), UNICODE),
    st.builds(functools.partial(rdflib.Literal, datatype=rdflib.URIRef("http://e/own")), UNICODE),
    st.builds(rdflib.Literal, st.integers() | st.booleans()),
)
RESOURCES = st.sampled_from([rdflib.URIRef("http://e/a"), rdflib.URIRef("http://e/ä%20(b)"), rdflib.BNode("x")])
NAMES = st.sampled_from([rdflib.URIRef("http://e/p"), rdflib.URIRef("http://e/q#r")])


@pytest.mark.parametrize("syntax", ["nt", "turtle"])
@given(triples=st.sets(st.tuples(RESOURCES, NAMES, RESOURCES | LITERALS), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_facts_are_what_rdflib_reads(tmp_path: Path, syntax: str, triples: set[tuple[rdflib.Node, ...]]) -> None:
    """Our parser beside rdflib's: the same statements, whichever wrote them."""
    graph = rdflib.Graph()
    for triple in triples:
        graph.add(triple)  # type: ignore[arg-type]
    path = tmp_path / "file"
    path.write_bytes(graph.serialize(format=syntax, encoding="utf-8"))
    again = rdflib.Graph()
    for fact in RdfFile(path).facts():
        assert isinstance(fact, Fact)
        again.add((_term(fact.subject), rdflib.URIRef(fact.predicate), _said(fact)))  # type: ignore[arg-type]
    assert isomorphic(graph, again)


def _term(text: str) -> rdflib.Node:
    return rdflib.BNode(text[2:]) if text.startswith("_:") else rdflib.URIRef(text)


def _said(fact: Fact) -> rdflib.Node:
    if fact.datatype is None:
        return _term(fact.object)
    if fact.language:
        return rdflib.Literal(fact.object, lang=fact.language)
    plain = fact.datatype == "http://www.w3.org/2001/XMLSchema#string"
    return rdflib.Literal(fact.object, datatype=None if plain else rdflib.URIRef(fact.datatype))
