"""All Cypher of the package: one ``.cypher`` file a query, with a header that says what it does and what it takes.

::

    // What it answers, in one sentence; texts that change the graph end with "Writes."
    // $user: id of the person
    // $limit = 20: rows at most            a parameter with a default, whose type is that of the default
    // example: --param user=196            only queries made for people have one; they are the catalogue
    // engine: server                       or embedded: of one that the other engine cannot run
    MATCH (u:User {id: $user}) ...

A text may hold ``<relation>`` where Cypher allows no parameter; :func:`statement` fills in names that are identifiers,
or that the engine's own function quoted (:mod:`kg.quoting`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from kg import quoting
from kg.errors import QueryFailed
from kg.quoting import Quoted
from kg.store import Result, Statement, Store

_WORDS = ("example:", "engine:")
_PLACEHOLDER = re.compile(r"<(\w+)>")
_PARAMETER = re.compile(r"\$(?P<name>\w+)(?: = (?P<default>[^:]+))?: (?P<text>.+)")


@dataclass(frozen=True)
class Parameter:
    """What a query takes."""

    name: str
    text: str
    required: bool = True
    default: Any = None

    def value(self, given: Any) -> Any:
        """``given``, as a number where the default is one: on a command line everything is text.

        Raises:
            QueryFailed: it is no number.
        """
        if isinstance(given, str) and isinstance(self.default, int | float):
            try:
                return type(self.default)(given)
            except ValueError as error:
                raise QueryFailed(f"${self.name} must be a number, not {given!r}") from error
        return given


@dataclass(frozen=True)
class NamedQuery:
    """One ``.cypher`` file."""

    name: str
    summary: str
    text: str
    arguments: tuple[Parameter, ...]
    example: str | None
    engine: str | None = None
    """``server`` or ``embedded`` for one that the other engine cannot run."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters, in the order of the header."""
        return tuple(parameter.name for parameter in self.arguments)

    @property
    def writes(self) -> bool:
        """Whether it changes the graph."""
        return self.summary.endswith("Writes.")

    def bind(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Values for all parameters: the given ones, else defaults.

        Raises:
            QueryFailed: one without a default is missing, or one is not a parameter of this query.
        """
        takes = ", ".join(f"${name}" for name in self.parameters) or "none"
        if unknown := sorted(set(given) - set(self.parameters)):
            raise QueryFailed(f"{self.name} has no parameter ${unknown[0]}; it takes {takes}")
        if missing := [p.name for p in self.arguments if p.required and p.name not in given]:
            raise QueryFailed(f"{self.name} needs ${missing[0]}; it takes {takes}")
        return {p.name: p.value(given[p.name]) if p.name in given else p.default for p in self.arguments}


def get(name: str) -> NamedQuery:
    """The query of this name.

    Raises:
        QueryFailed: there is none.
    """
    try:
        return _all()[name]
    except KeyError:
        known = ", ".join(query.name for query in catalogue())
        raise QueryFailed(f"there is no query {name!r}; there are {known}") from None


def text(name: str) -> str:
    """The Cypher text of a query."""
    return get(name).text


def catalogue() -> list[NamedQuery]:
    """The queries made for people, by name."""
    return [query for query in _all().values() if query.example is not None]


def run(store: Store, name: str, given: Mapping[str, Any]) -> Result:
    """Run a query of the catalogue.

    Raises:
        QueryFailed: no such query, or its parameters do not fit.
    """
    query = get(name)
    if query.example is None:
        raise QueryFailed(f"{name} is for this program's own use; run without a name to see the list")
    return store.query(store.translate(query.text), query.bind(given))


def statement(name: str, /, *, names: Mapping[str, str | Sequence[str]] | None = None, **parameters: Any) -> Statement:
    """A statement with its parameters; ``names`` replace ``<...>``: one name, or several that are joined by ``|``.

    >>> statement("events_of_ids", names={"relation": "RATED"}, ids=["1"]).text.splitlines()[0]
    'MATCH (u)-[r:RATED]->(i)'
    >>> from kg import quoting
    >>> statement("count_edges", names={"relation": [quoting.neo4j("set in"), "BY"]}).text.splitlines()[0]
    'MATCH ()-[:`set in`|BY]->()'
    >>> statement("count_edges", names={"relation": "导演"}).text.splitlines()[0]
    'MATCH ()-[:`导演`]->()'

    Raises:
        ValueError: a name is neither an identifier nor quoted, by :meth:`kg.store.Store.quoted`.
    """
    filled = {
        placeholder: "|".join(map(_fit, [given] if isinstance(given, str) else given))
        for placeholder, given in (names or {}).items()
    }
    # In one pass: a name may spell another placeholder.
    return Statement(_PLACEHOLDER.sub(lambda found: filled.get(found[1], found[0]), text(name)), parameters)


def _fit(name: str) -> str:
    return name if isinstance(name, Quoted) else quoting.own(name)


@cache
def _all() -> dict[str, NamedQuery]:
    found = sorted(
        (entry for entry in files("kg.queries").iterdir() if entry.name.endswith(".cypher")), key=lambda e: e.name
    )
    return {entry.name[:-7]: _parse(entry.name[:-7], entry.read_text(encoding="utf-8")) for entry in found}


def _parse(name: str, source: str) -> NamedQuery:
    lines = source.splitlines()
    header = [line[2:].strip() for line in lines if line.startswith("//")]
    body = "\n".join(line for line in lines if not line.startswith("//")).strip()
    arguments = tuple(_parameter(match) for line in header if (match := _PARAMETER.fullmatch(line)))
    said = {word: [line.removeprefix(word).strip() for line in header if line.startswith(word)] for word in _WORDS}
    example, engine = (lines[0] if lines else None for lines in said.values())
    return NamedQuery(name, header[0], body, arguments, example, engine)


def _parameter(match: re.Match[str]) -> Parameter:
    if match["default"] is None:
        return Parameter(match["name"], match["text"])
    return Parameter(match["name"], match["text"], required=False, default=json.loads(match["default"]))
