"""SHACL: whether RDF keeps to shapes, and which nodes do not (https://www.w3.org/TR/shacl/)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kg.errors import ReadError
from kg.extras import extra
from kg.rdf.files import RdfFile
from kg.rdf.terms import BLANK, STRING, Fact, local_name
from kg.readers.stream import FileSource, name_of
from kg.records import Reject

if TYPE_CHECKING:
    import rdflib

SHACL = "http://www.w3.org/ns/shacl#"


@dataclass(frozen=True)
class Failure:
    """One node that does not keep to a shape."""

    node: str
    """The focus node."""
    path: str | None
    """The predicate, or the path as SHACL writes it; None: the constraint is about the node itself."""
    value: str | None
    severity: str
    """``Violation``, ``Warning`` or ``Info``."""
    constraint: str
    """Such as ``MinCount``."""
    message: str


def validate(facts: Iterable[Fact], shapes: FileSource) -> tuple[bool, list[Failure]]:
    """Whether statements keep to the shapes in a file of RDF, and what does not, by node; in memory.

    Raises:
        ReadError: the shapes cannot be read, or are no shapes.
        MissingExtra: pyshacl is not installed.
    """
    with extra("rdf", "validating RDF"):
        import pyshacl
        import rdflib
        from pyshacl.errors import ConstraintLoadError, ReportableRuntimeError, ShapeLoadError
    rules = graph_of(facts_in(shapes))
    try:
        conforms, report, text = pyshacl.validate(graph_of(facts), shacl_graph=rules)
    except (ConstraintLoadError, ShapeLoadError, ReportableRuntimeError) as error:
        raise ReadError(name_of(shapes), f"is no graph of shapes: {error}") from error
    if not isinstance(report, rdflib.Graph):
        raise ReadError(name_of(shapes), f"cannot be used: {text}")
    return bool(conforms), _failures(report)


def facts_in(path: FileSource) -> Iterable[Fact]:
    """The statements of a file.

    Raises:
        ReadError: it cannot be read, or one of its lines is no statement.
    """
    for fact in RdfFile(path).facts():
        if isinstance(fact, Reject):
            raise ReadError(fact.file, fact.reason, fact.line)
        yield fact


def graph_of(facts: Iterable[Fact]) -> rdflib.Graph:
    """Statements as rdflib holds them."""
    with extra("rdf", "validating RDF"):
        import rdflib

    def resource(term: str) -> rdflib.IdentifiedNode:
        return rdflib.BNode(term.removeprefix(BLANK)) if term.startswith(BLANK) else rdflib.URIRef(term)

    graph = rdflib.Graph()
    for fact in facts:
        if fact.datatype is None:
            said: rdflib.term.Node = resource(fact.object)
        elif fact.language:
            said = rdflib.Literal(fact.object, lang=fact.language)
        else:
            datatype = None if fact.datatype == STRING else rdflib.URIRef(fact.datatype)
            said = rdflib.Literal(fact.object, datatype=datatype)
        graph.add((resource(fact.subject), rdflib.URIRef(fact.predicate), said))
    return graph


def _failures(report: rdflib.Graph) -> list[Failure]:
    import rdflib

    shacl = rdflib.Namespace(SHACL)

    def said(result: Any, name: str) -> str | None:
        value = report.value(result, shacl[name])
        return None if value is None else f"{BLANK}{value}" if isinstance(value, rdflib.BNode) else str(value)

    failures = [
        Failure(
            node=said(result, "focusNode") or "",
            path=said(result, "resultPath"),
            value=said(result, "value"),
            severity=local_name(said(result, "resultSeverity") or ""),
            constraint=local_name(said(result, "sourceConstraintComponent") or "").removesuffix("ConstraintComponent"),
            message=said(result, "resultMessage") or "",
        )
        for result in report.objects(None, shacl.result)
    ]
    return sorted(
        set(failures), key=lambda own: (own.node, own.path or "", own.constraint, own.value or "", own.message)
    )
