"""A graph as files for ``neo4j-admin database import full``, the fastest way into a new Neo4j database.

::

    import.args          everything that the command takes
    constraints.cypher   to be run once the database has started
    README.md            both commands
    nodes-N.csv          nodes of the same labels, in nodes-N.header.csv their columns; edges-N likewise

Columns have one type each, so nodes whose property is a number here and text there go into different files.
"""

from __future__ import annotations

import base64
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from kg import schema
from kg.errors import StoreError
from kg.folders import appearing
from kg.transfer.stream import Node, Source, shown

BETWEEN = "\x1f"
"""What parts the entries of a list: no list of texts may hold it."""
QUOTE = '"'
MOST_OPEN = 64
"""Files that are open at once."""
COMMAND = "neo4j-admin database import full neo4j @import.args"
"""To be run in the folder, while the database is stopped."""
OPTIONS = ("--id-type=integer", "--multiline-fields=true", "--array-delimiter=U+001F")

_README = f"""# A graph for Neo4j

Stop the database, then in this folder:

    {COMMAND}

It fills the database `neo4j`, which must be empty (`--overwrite-destination` before `@import.args` replaces what is
there). Start the database, then make what `constraints.cypher` says:

    cypher-shell -f constraints.cypher
"""
_TYPES = {str: "string", int: "long", float: "double", bool: "boolean"}
_REFERENCE = {4326: "WGS-84", 4979: "WGS-84-3D", 7203: "cartesian", 9157: "cartesian-3D"}
_AXES = "xyz"


def write_import(source: Source, folder: Path, *, progress: bool = True) -> dict[str, int]:
    """Write all of a source, which is read twice, to a new folder; returns the number of nodes, edges and files.

    A list without entries, or with an empty text alone, is what the importer takes for no property: ``lists_left_out``.

    Raises:
        StoreError: the folder is there already or cannot be written, or a text holds :data:`BETWEEN` in a list.
    """
    nodes, edges = source.sizes()
    columns = _Columns()
    for node in shown(_nodes(source), nodes, "survey nodes", progress):
        columns.learn(node.labels, node.properties)
    for edge in shown(source.edges(), edges, "survey edges", progress):
        columns.learn(edge.relation, edge.properties)
    with appearing(folder) as beside:
        with _Files(beside, columns) as files:
            for number, node in enumerate(shown(_nodes(source), nodes, "nodes", progress)):
                files.add("nodes", node.labels, [number, BETWEEN.join(map(_entry, node.labels))], node.properties)
            for edge in shown(source.edges(), edges, "edges", progress):
                files.add("edges", edge.relation, [edge.head, edge.tail, edge.relation], edge.properties)
        (beside / "import.args").write_text("\n".join([*OPTIONS, *files.arguments()]) + "\n", encoding="utf-8")
        (beside / "constraints.cypher").write_text(_constraints(columns.kinds), encoding="utf-8")
        (beside / "README.md").write_text(_README, encoding="utf-8")
    return {**files.rows, "files": len(files.arguments())}


def _nodes(source: Source) -> Iterator[Node]:
    """The nodes, and last that of the schema, so that numbers of edges hold."""
    yield from source.nodes()
    yield Node(("Schema",), dict(source.schema))


def _constraints(kinds: Iterable[str]) -> str:
    texts = [*schema.node_constraints(), *(schema.kind_constraint(kind) for kind in sorted(kinds))]
    return "".join(f"{text};\n" for text in texts)


class _Columns:
    """Which properties the nodes of some labels, or the edges of a type, have, and of which types."""

    def __init__(self) -> None:
        self._types: dict[Any, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self.kinds: set[str] = set()

    def learn(self, group: Any, properties: Mapping[str, Any]) -> None:
        """Take note of one node or edge."""
        known = self._types[group]
        for name, value in properties.items():
            known[name].add(_type(value))
        if group == ("EventKind",):
            self.kinds.add(properties["id"])

    def of(self, group: Any, properties: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """Names and types of the columns of the file for a node or edge like this one."""
        return tuple((name, self._one(name, types, properties)) for name, types in sorted(self._types[group].items()))

    @staticmethod
    def _one(name: str, types: set[str], properties: Mapping[str, Any]) -> str:
        own = _type(properties[name]) if name in properties else ""
        return own if own in types else min(types)


class _Files(ExitStack):
    """The files that are being written, opened as they are needed."""

    def __init__(self, folder: Path, columns: _Columns) -> None:
        super().__init__()
        self._folder = folder
        self._columns = columns
        self._made: dict[tuple[Any, ...], tuple[Path, str]] = {}
        self._open: dict[Path, IO[str]] = {}
        """Those that were written last, the very last at the end."""
        self.callback(self._close)
        self.rows = {"nodes": 0, "edges": 0, "lists_left_out": 0}

    def add(self, what: str, group: Any, ends: Sequence[Any], properties: Mapping[str, Any]) -> None:
        """Write one row."""
        columns = self._columns.of(group, properties)
        key = (group, columns)
        if key not in self._made:
            self._made[key] = self._make(what, columns)
        values = [properties.get(name) for name, _ in columns]
        cells = list(map(_cell, values))
        self._opened(self._made[key][0]).write(_line([*map(str, ends), *cells]))
        self.rows[what] += 1
        self.rows["lists_left_out"] += sum(
            isinstance(value, list) and not _cell(value) for value in properties.values()
        )

    def arguments(self) -> list[str]:
        """What names the files to the command."""
        return [argument for _, argument in self._made.values()]

    def _opened(self, path: Path) -> IO[str]:
        """A file to write on; a graph may have more groups than a process may have files open."""
        if path not in self._open and len(self._open) == MOST_OPEN:
            self._open.pop(next(iter(self._open))).close()
        file = self._open.pop(path, None) or path.open("a", newline="", encoding="utf-8")
        self._open[path] = file
        return file

    def _close(self) -> None:
        for file in self._open.values():
            file.close()

    def _make(self, what: str, columns: Sequence[tuple[str, str]]) -> tuple[Path, str]:
        stem = f"{what}-{len(self._made) + 1}"
        first = [":ID", ":LABEL"] if what == "nodes" else [":START_ID", ":END_ID", ":TYPE"]
        for name, _ in columns:
            if ":" in name:
                raise StoreError(f"the property {name!r} has a colon in its name, which a header cannot say; rename it")
        header = _line([*first, *(f"{name}:{kind}" for name, kind in columns)])
        (self._folder / f"{stem}.header.csv").write_text(header, encoding="utf-8", newline="")
        option = "--nodes" if what == "nodes" else "--relationships"
        return self._folder / f"{stem}.csv", f"{option}={stem}.header.csv,{stem}.csv"


def _line(fields: Iterable[str | None]) -> str:
    """One line of a file; None is an empty field without quotes, which stands for no property."""
    return ",".join("" if field is None else f'"{field.replace(QUOTE, QUOTE * 2)}"' for field in fields) + "\n"


def _type(value: Any) -> str:
    """The type of a column that holds this value of :mod:`kg.exact`."""
    if isinstance(value, list):
        return f"{_type(value[0])}[]" if value else "string[]"
    if isinstance(value, dict):
        ((name, content),) = value.items()
        if name == "time" and not re.search("[+-]", content):
            return "localtime"
        return {"float": "double", "bytes": "byte[]"}.get(name, str(name))
    return _TYPES[type(value)]


def _cell(value: Any) -> str | None:
    """A value as the importer reads it, None for no property."""
    if isinstance(value, list):
        return BETWEEN.join(map(_entry, value))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        ((name, content),) = value.items()
        return _TAGGED.get(name, lambda text: str(text))(content)
    return None if value is None else str(value)


def _entry(value: Any) -> str:
    text = _cell(value) or ""
    if BETWEEN in text:
        raise StoreError(f"{text!r} in a list or as a label holds U+001F, which parts entries; remove it")
    return text


def _point(content: Sequence[float]) -> str:
    axes = ",".join(f"{axis}:{value}" for axis, value in zip(_AXES, content[1:], strict=False))
    return f"{{{axes},crs:{_REFERENCE[int(content[0])]}}}"


_TAGGED: dict[str, Callable[[Any], str]] = {
    "float": lambda text: {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[text],
    "bytes": lambda text: BETWEEN.join(str(byte - 256 if byte > 127 else byte) for byte in base64.b64decode(text)),
    "point": _point,
}
