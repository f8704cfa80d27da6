"""SHACL: whether RDF keeps to shapes, and which nodes do not (https://www.w3.org/TR/shacl/)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import orjson

from kg.errors import ReadError
from kg.extras import extra
from kg.rdf.files import RdfFile
from kg.rdf.terms import BLANK, STRING, Fact, local_name
from kg.readers.stream import FileSource, name_of
from kg.records import Reject

if TYPE_CHECKING:
    import rdflib

SECONDS = 60.0
"""That a validation may take, of few statements."""
FACTS_A_SECOND = 500
"""Statements for which it may take a second more."""
MOST_RULES = 50_000
"""Statements of a file of shapes: bounds the memory that they take, and those of whole ontologies are fewer."""
MAX_RULE_CHARS = 16 * 2**20
"""Characters of all of them together."""
_FETCHING = {"urllib.Request", *(f"socket.{name}" for name in ("connect", "getaddrinfo", "gethostbyname", "sendto"))}
"""Events of :func:`sys.addaudithook`."""
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


def validate(facts: Iterable[Fact], shapes: FileSource, seconds: float | None = None) -> tuple[bool, list[Failure]]:
    """Whether statements keep to the shapes in a file of RDF, and what does not, by node; in memory.

    It is done in a process of its own, which is ended when the time is up: shapes hold regular expressions and SPARQL,
    and nothing else would end those. That process reads nothing from the net.

    Args:
        facts: the statements.
        shapes: the file.
        seconds: how long it may take; by default :data:`SECONDS` and one more for each :data:`FACTS_A_SECOND`.

    Raises:
        ReadError: the shapes cannot be read, are no shapes or more than :data:`MOST_RULES` statements, or the time is
            up.
        MissingExtra: pyshacl is not installed.
    """
    with extra("rdf", "validating RDF"):
        if find_spec("pyshacl") is None:
            raise ImportError(name="pyshacl")
    rules = list(_rules(shapes))
    data = [fact[:5] for fact in facts]
    limit = SECONDS + len(data) / FACTS_A_SECOND if seconds is None else seconds
    answer = _elsewhere(orjson.dumps({"shapes": rules, "facts": data}), name_of(shapes), limit)
    if error := answer.get("error"):
        raise ReadError(name_of(shapes), error)
    return answer["conforms"], [Failure(*row) for row in answer["failures"]]


def _rules(shapes: FileSource) -> Iterator[Sequence[str | None]]:
    """The statements of a file of shapes.

    Raises:
        ReadError: they are too many, or too long.
    """
    size = 0
    for number, fact in enumerate(facts_in(shapes)):
        size += fact.size
        if number == MOST_RULES or size > MAX_RULE_CHARS:
            most = f"{MOST_RULES:,} statements" if number == MOST_RULES else f"{MAX_RULE_CHARS // 2**20} Mi characters"
            raise ReadError(name_of(shapes), f"has more than {most}: validate by a part of the shapes")
        yield fact[:5]


def _elsewhere(given: bytes, shapes: str, seconds: float) -> dict[str, Any]:
    """What :func:`serve` answers in a process that looks for modules where this one does."""
    command = [sys.executable, "-c", "from kg.rdf.shapes import serve; serve()"]
    places = os.pathsep.join(str(Path(place).absolute()) for place in sys.path)
    try:
        done = subprocess.run(
            command,
            input=given,
            capture_output=True,
            timeout=seconds,
            env=os.environ | {"PYTHONPATH": places},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ReadError(
            shapes,
            f"to validate by these shapes takes more than {seconds:g} s, the limit; a regular expression (sh:pattern) "
            "that repeats what repeats, such as (a+)+, or a query may take for ever: write it otherwise, or give more "
            "time",
        ) from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit status {done.returncode}"]
        raise ReadError(shapes, f"could not be used for validating: {said[-1]}")
    return cast(dict[str, Any], orjson.loads(done.stdout))


def serve() -> None:
    """Validate what comes on stdin, and answer on stdout, which nothing else may use: the other end of a pipe.

    Nothing is fetched from then on, whatever the shapes ask for.
    """
    sys.addaudithook(_refuse_the_net)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    given = orjson.loads(sys.stdin.buffer.read())
    facts, rules = ([Fact(*row) for row in given[name]] for name in ("facts", "shapes"))
    answers.write(orjson.dumps(_validated(graph_of(facts), graph_of(rules))))
    answers.close()


def _refuse_the_net(event: str, _: tuple[Any, ...]) -> None:
    """Let nothing be fetched: SPARQL has SERVICE, and more than one library that could do it."""
    if event in _FETCHING:
        raise PermissionError("shapes may fetch nothing; write what they need into their file")


def _validated(data: rdflib.Graph, rules: rdflib.Graph) -> dict[str, Any]:
    import pyshacl
    import rdflib
    import rdflib.plugins.sparql
    from pyshacl.errors import ConstraintLoadError, ReportableRuntimeError, ShapeLoadError

    rdflib.plugins.sparql.SPARQL_LOAD_GRAPHS = False  # a query in a shape would have files and pages read
    try:
        conforms, report, text = pyshacl.validate(data, shacl_graph=rules)
    except (ConstraintLoadError, ShapeLoadError, ReportableRuntimeError) as error:
        return {"error": f"is no graph of shapes: {error}"}
    except RecursionError:
        return {"error": "nests too deep, or one of its lists or shapes leads back to itself"}
    except Exception as error:  # whatever it is, the shapes brought it about
        return {"error": f"cannot be used for validating: {type(error).__name__}: {error}"}
    if not isinstance(report, rdflib.Graph):
        return {"error": f"cannot be used: {text}"}
    return {"conforms": bool(conforms), "failures": [list(astuple(own)) for own in _failures(report)]}


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
