"""SHACL by hand: which nodes fail, where, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.errors import MissingExtra, ReadError
from kg.rdf.shapes import Failure, facts_in, validate

SHAPES = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix s: <https://schema.org/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
[] a sh:NodeShape ; sh:targetClass s:Book ;
    sh:property [ sh:path s:name ; sh:minCount 1 ; sh:message "a book needs a name" ] ,
        [ sh:path s:price ; sh:datatype xsd:decimal ; sh:severity sh:Warning ; sh:message "a price is a decimal" ] ;
    sh:nodeKind sh:IRI .
"""
BOOKS = """
@prefix s: <https://schema.org/> .
@prefix e: <http://e/> .
e:good a s:Book ; s:name "Good" ; s:price 2.5 .
e:nameless a s:Book .
e:free a s:Book ; s:name "Free" ; s:price "nothing" .
_:b a s:Book ; s:name "Blank" .
"""


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    path = tmp_path / "shapes.ttl"
    path.write_text(SHAPES)
    return path


def checked(shapes: Path, text: str) -> tuple[bool, list[Failure]]:
    path = shapes.with_name("data.ttl")
    path.write_text(text)
    return validate(facts_in(path), shapes)


def test_the_nodes_that_fail_are_named(shapes: Path) -> None:
    conforms, failures = checked(shapes, BOOKS)
    schema = "https://schema.org/"
    assert not conforms
    assert [(own.node, own.path, own.value, own.severity, own.constraint) for own in failures] == [
        ("_:b0", None, "_:b0", "Violation", "NodeKind"),
        ("http://e/free", f"{schema}price", "nothing", "Warning", "Datatype"),
        ("http://e/nameless", f"{schema}name", None, "Violation", "MinCount"),
    ]
    assert failures[2].message == "a book needs a name"


def test_what_conforms(shapes: Path) -> None:
    assert checked(shapes, BOOKS.split("e:nameless")[0]) == (True, [])


def test_what_is_no_data_and_what_are_no_shapes(shapes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ReadError, match="line 2: is no N-Triples"):
        checked(shapes, "<http://a> <http://b> <http://c> .\n<http://a> .\n<http://a> <http://b> <http://c> .")
    shapes.write_text(SHAPES.replace("sh:minCount 1", "sh:minCount sh:no"))
    with pytest.raises(ReadError, match=r"shapes\.ttl: is no graph of shapes"):
        checked(shapes, BOOKS)
    monkeypatch.setitem(__import__("sys").modules, "pyshacl", None)
    with pytest.raises(MissingExtra, match=r"pip install 'tastegraph\[rdf\]'"):
        checked(shapes, BOOKS)
