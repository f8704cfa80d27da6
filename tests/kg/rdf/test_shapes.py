"""SHACL by hand: which nodes fail, where, and why."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from kg.errors import MissingExtra, ReadError
from kg.rdf.shapes import Failure, facts_in, validate
from tests.running import PATIENCE

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


HEAD = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix s: <https://schema.org/> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
"""
SHAPE = HEAD + "<http://e/Shape> a sh:NodeShape ; sh:targetClass s:Book ; "
BACK_AND_FORTH = SHAPE + r'sh:property [ sh:path s:name ; sh:pattern "^(a+)+$" ] .'


@pytest.mark.parametrize(
    "rules",
    [
        SHAPE + "sh:in <http://e/l> . <http://e/l> rdf:first s:a ; rdf:rest <http://e/l> .",
        SHAPE + "sh:or <http://e/l> . <http://e/l> rdf:first s:a ; rdf:rest <http://e/m> . "
        "<http://e/m> rdf:first s:b ; rdf:rest <http://e/l> .",
        SHAPE + "sh:property [ sh:path ( <http://e/p> ) ; sh:node <http://e/Shape> ] ; sh:node <http://e/Shape> .",
        SHAPE + 'sh:sparql [ sh:select "SELECT nonsense" ] .',
        SHAPE + 'sh:property [ sh:path s:name ; sh:pattern "(" ] .',
        SHAPE + "sh:property [ sh:path <http://e/l> ] . <http://e/l> rdf:first s:a ; rdf:rest <http://e/l> .",
    ],
)
def test_shapes_that_cannot_be_used_are_an_error_of_ours(shapes: Path, rules: str) -> None:
    shapes.write_text(rules)
    said = outcome(shapes)
    assert isinstance(said, tuple) or said.startswith(f"{shapes}: ")


def outcome(shapes: Path) -> tuple[bool, list[Failure]] | str:
    """What validating books says, or the error: where an engine of SHACL takes what others refuse both are right."""
    try:
        return checked(shapes, BOOKS)
    except ReadError as error:
        return str(error)


def test_a_regular_expression_without_an_end_is_ended(shapes: Path) -> None:
    shapes.write_text(BACK_AND_FORTH)
    books = HEAD + f'<http://e/b> a s:Book ; s:name "{"a" * 60}b" .'
    path = shapes.with_name("data.ttl")
    path.write_text(books)
    started = time.monotonic()
    with pytest.raises(ReadError, match=r"takes more than 15 s, the limit; a regular expression"):
        validate(facts_in(path), shapes, 15)
    assert time.monotonic() - started < 25 * PATIENCE


def test_a_query_in_a_shape_reads_no_file(shapes: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.ttl"
    secret.write_text("<http://e/secret> a <http://e/Told> .")
    select = f"SELECT $this ?value FROM <{secret.as_uri()}> WHERE {{ ?value a <http://e/Told> }}"
    shapes.write_text(SHAPE + f'sh:sparql [ sh:select "{select}" ] .')
    assert "secret" not in str(outcome(shapes))


def test_a_query_in_a_shape_fetches_nothing(shapes: Path) -> None:
    """SERVICE with an escape, which pyshacl itself does not see; the other end of the address is real, and hears it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        for silent in ("", "SILENT "):
            select = f"SELECT $this WHERE {{ SER\\\\u0056ICE {silent}<{address}> {{ $this ?p ?o }} }}"
            shapes.write_text(SHAPE + f'sh:sparql [ sh:select "{select}" ] .')
            said = outcome(shapes)
            assert silent or "shapes may fetch nothing" in str(said)
            with pytest.raises(TimeoutError):
                server.accept()


def test_shapes_of_too_long_texts_are_refused(shapes: Path) -> None:
    with shapes.open("a") as file:
        file.writelines(f'[] s:name "{"x" * 3 * 2**20}" .\n' for _ in range(6))
    with pytest.raises(ReadError, match="more than 16 Mi characters: validate by a part"):
        checked(shapes, BOOKS)


def test_a_file_of_too_many_shapes_is_not_read_to_its_end(shapes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    statements = len(list(facts_in(shapes)))
    monkeypatch.setattr("kg.rdf.shapes.MOST_RULES", statements)
    assert not checked(shapes, BOOKS)[0]
    with shapes.open("a") as file:
        file.write('[] s:name "one more" .\nno statement')
    with pytest.raises(ReadError, match=rf"more than {statements} statements: validate by a part"):
        checked(shapes, BOOKS)
