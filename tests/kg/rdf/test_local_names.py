"""Predicates that share a local name: nothing is written that nobody said."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg import snapshot
from kg.bolt import BoltStore
from kg.flat import export_recbole, export_triples
from kg.ingest import ingest
from kg.knowledge import WholeGraph
from kg.rdf.mapping_file import read_mapping
from kg.rdf.read import read_rdf
from kg.rdf.write import export_rdf, facts_of
from kg.readers import read_triples
from kg.records import ItemRecord
from tests.conftest import ENGINES, emptied

SOURCE = """
@prefix schema: <https://schema.org/> . @prefix a: <http://a.ex/> . @prefix b: <http://b.ex/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
a:m1 a schema:Movie ; schema:name "One" ; a:locatedIn a:p1 ; a:rating 90 ; b:rating 2.5 ; schema:author a:p8 .
a:m2 a schema:Movie ; schema:name "Two" ; b:locatedIn a:p2 ; a:hasPart a:p3 ; a:haspart a:p4 ; a:größe a:p5 ;
     a:grüße a:p6 ; b:rating 3.5 ; b:price 7 ; schema:price 8 ; b:author a:p9 ; a:locatedIn a:p2 .
a:p1 owl:sameAs a:p2 . a:p1 skos:exactMatch a:p3 .
"""


@pytest.fixture(params=ENGINES)
def graph(request: pytest.FixtureRequest) -> BoltStore:
    """Each engine."""
    return emptied(request.getfixturevalue(request.param))


def filled(store: BoltStore, path: Path, mapping: Path | None = None) -> str:
    records = read_rdf(path, read_mapping(mapping) if mapping else None)
    ingest(emptied(store), records, strict=True, progress=False)
    return snapshot.take(store).fingerprint


def statements(store: BoltStore) -> set[tuple[str, str, str]]:
    """Those between resources, of predicates of the source's."""
    facts = facts_of(store, WholeGraph(store))
    return {(f.subject, f.predicate, f.object) for f in facts if f.datatype is None and "22-rdf" not in f.predicate}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "c.ttl"
    path.write_text(SOURCE, encoding="utf-8")
    return path


def test_each_statement_comes_back_by_its_own_predicate(graph: BoltStore, source: Path, tmp_path: Path) -> None:
    before = filled(graph, source)
    a, b = "http://a.ex/", "http://b.ex/"
    said = {
        (f"{a}m1", f"{a}locatedIn", f"{a}p1"), (f"{a}m2", f"{b}locatedIn", f"{a}p2"),
        (f"{a}m2", f"{a}locatedIn", f"{a}p2"),
        (f"{a}m2", f"{a}hasPart", f"{a}p3"), (f"{a}m2", f"{a}haspart", f"{a}p4"), (f"{a}m2", f"{a}größe", f"{a}p5"),
        (f"{a}m2", f"{a}grüße", f"{a}p6"), (f"{a}m1", "https://schema.org/author", f"{a}p8"),
        (f"{a}m2", f"{b}author", f"{a}p9"), (f"{a}p1", "http://www.w3.org/2002/07/owl#sameAs", f"{a}p2"),
        (f"{a}p1", "http://www.w3.org/2004/02/skos/core#exactMatch", f"{a}p3"),
    }  # fmt: skip
    assert statements(graph) == said
    assert ingest(graph, read_rdf(source), progress=False).accepted == 0
    export_rdf(graph, WholeGraph(graph), tmp_path / "out.nt")
    export_triples(graph, tmp_path / "kg.csv")
    export_recbole(graph, tmp_path / "data")
    rows = (tmp_path / "kg.csv").read_text(encoding="utf-8").splitlines()[1:]
    told = {row.split(",")[1] for row in rows}
    tied = {predicate for _, predicate, _ in said if "www.w3.org" not in predicate}
    assert tied < told
    assert len(told) == len(tied) + 2, "what is the same has no table's name, and is two all the same"
    read = {(t.relation, t.name) for t in read_triples(tmp_path / "kg.csv") if hasattr(t, "relation")}
    assert len(read) == len(told)
    assert filled(graph, tmp_path / "out.nt") == before
    assert statements(graph) == said


def test_literals_of_two_predicates_are_two_properties(source: Path, tmp_path: Path) -> None:
    records = {r.id: dict(r.properties) for r in read_rdf(source) if isinstance(r, ItemRecord)}
    one, two = records["http://a.ex/m1"], records["http://a.ex/m2"]
    assert one.pop("rating") == 90
    ((other, value),) = one.items()
    assert other.startswith("rating_")
    assert value == 2.5
    assert two[other] == 3.5, "a predicate makes the same property of every item"
    assert "rating" not in two
    assert two["price"] == 8, "what the vocabulary names keeps its name"
    assert sorted(two.values()) == [3.5, 7, 8]
    lines = SOURCE.strip().splitlines()
    (tmp_path / "turned.ttl").write_text("\n".join([*lines[:2], *lines[3:5], lines[2], lines[5]]), encoding="utf-8")
    again = {r.id: dict(r.properties) for r in read_rdf(tmp_path / "turned.ttl") if isinstance(r, ItemRecord)}
    assert again["http://a.ex/m2"] == two, "whichever comes first"


def test_who_maps_two_predicates_to_one_relation_means_it(store: BoltStore, source: Path, tmp_path: Path) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text('[relations]\n"http://a.ex/locatedIn" = "PLACE"\n"http://b.ex/locatedIn" = "PLACE"\n')
    filled(store, source, mapping)
    relations = snapshot.take(store).triples["relation"].to_pylist()
    assert relations.count("PLACE") == 2
    places = {fact for fact in statements(store) if "PLACE" in fact[1]}
    assert {predicate for _, predicate, _ in places} == {"urn:tastegraph:relation:PLACE"}, (
        "and none is said to be another"
    )
