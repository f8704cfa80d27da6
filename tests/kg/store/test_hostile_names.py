"""Names that try to be more than names, through every door: each is stored as it is, or refused; nothing else runs."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kg import queries
from kg.alphabets import is_type
from kg.batch import context_name
from kg.bolt import BoltStore
from kg.dialect import Dialect
from kg.errors import GraphError, QueryFailed, QueryRefused, ReadError, RecordError, StoreError
from kg.folders import hash_file
from kg.ingest import ingest, write_event
from kg.neo4j_import import write_import
from kg.quoting import Quoted, arcadedb, arcadedb_type, neo4j, neo4j_text
from kg.quoting import neo4j as quoted
from kg.readers import AttributeColumn, EventMapping, ItemMapping, UserMapping, read_events, read_items, read_users
from kg.readers.knowledge import read_knowledge
from kg.readers.mapping import property_name
from kg.records import (
    Attribute,
    Interaction,
    ItemRecord,
    KindRecord,
    Record,
    Related,
    Triple,
    UserRecord,
    clean_name,
    clean_relation,
)
from kg.schema import VERSION
from kg.store import Statement
from kg.transfer import Archive, StoreSource, backup, fill
from kg.transfer.stream import Edge, Node
from tests.conftest import emptied
from tests.kg.store.test_transfer import Made, content

DELETE = "MATCH (v:Canary) DETACH DELETE v"
OUT = (
    r"x\u0060:1}]->(i) WITH count(*) AS c MATCH (v:Canary) DETACH DELETE v //",
    r"x\u0060: 1}) WITH 1 AS one MATCH (v:Canary) DETACH DELETE v //",
    r"x\u0060) WITH 1 AS one MATCH (v:Canary) DETACH DELETE v //",
    r"x\u0060]->() WITH 1 AS one MATCH (v:Canary) DETACH DELETE v //",
    r"x\u0060\u003A 1\u007D]->(i) WITH 1 AS c MATCH (v:Canary) DETACH DELETE v \u002F\u002F",
    r"x\\u0060: 1}]->(i) WITH 1 AS c MATCH (v:Canary) DETACH DELETE v //",
    r"x\u005Cu0060: 1}]->(i) WITH 1 AS c MATCH (v:Canary) DETACH DELETE v //",
    r"x\uu0060: 1}]->(i) WITH 1 AS c MATCH (v:Canary) DETACH DELETE v //",
    "x`: 1}]->(i) WITH 1 AS c MATCH (v:Canary) DETACH DELETE v //",
    "x``: 1}]->(i) WITH 1 AS c MATCH (v:Canary) DETACH DELETE v //",
    "x\\`: 1}]->(i) WITH 1 AS c MATCH (v:Canary) DETACH DELETE v //",
    "x`\n}) WITH 1 AS c MATCH (v:Canary) DETACH DELETE v //",
    "<properties>", "<context>", "<type>", "<labels>", "<relation>",
    "x IS UNIQUE", "User", "RATED", "id", "event_id", "tg_id", "TG_User", "habit_x", "context_at", "@rid", "_x",
    "db.relationshipTypes()", "(u:Item", "n += row.properties", "UNWIND x AS u", "", " ", "\0", "a\0b", "\ud800",
    "a\u200bb", "e\u0301", "\u0301", "\u202egnp", "x" * 65, "x" * 1100, "\\", "`", "``", "'", '"', "$x", "/*", "*/",
)  # fmt: skip
"""Ways out of a quotation, and what else a name may be taken for."""
PIECES = (r"\u0060", r"\u005C", r"\u", "\\", "`", "'", '"', "}", "{", "]", ")", "->", ":", ",", ";", "//", "/*", "*/",
          "|", "$", "~", "*", "\n", "\r", "\t", " ", "\u2028", "\0", "\ud800", "\u200b", "\u0301", "é", "😀", "a", "B",
          "_", "@", "0060", "导", "ß", "की", "Ж", "²", DELETE, "TG_", "tg_", "context_",
          "<context>", "<properties>")  # fmt: skip
names = st.one_of(
    st.sampled_from(OUT), st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join), st.text(max_size=12)
)
several = st.lists(names, min_size=1, max_size=12, unique=True)
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
few = settings(max_examples=8, deadline=None, suppress_health_check=QUIET)
OWN_NAMES = ("id", "title", "text")
"""What no column of an item's properties may come to."""
CANARIES = "CREATE (:Canary {id: 1})-[:LIVES {at: 2}]->(:Canary {id: 3}), (:Entity {id: 'so that it is not new'})"
"""A new graph is filled beside, and takes the place of all that was there."""


class Watched:
    """A graph with canaries in it, emptied between examples."""

    def __init__(self, graph: BoltStore) -> None:
        self.graph = graph

    def again(self) -> BoltStore:
        """The graph with the canaries and the schema alone."""
        emptied(self.graph).write(Statement(CANARIES, {}))
        return self.graph

    def lives(self) -> bool:
        """Whether the canaries are there, unchanged."""
        text = (
            "MATCH (a:Canary)-[r:LIVES]->(b:Canary) RETURN properties(a) AS a, properties(r) AS r, properties(b) AS b"
        )
        everybody = self.graph.read("MATCH (n:Canary) RETURN count(*) AS n")[0]["n"]
        return everybody == 2 and self.graph.read(text) == [{"a": {"id": 1}, "r": {"at": 2}, "b": {"id": 3}}]

    def types(self) -> set[str]:
        """Those of the edges that are there, but the canaries'; an engine lists more, of edges that are gone."""
        rows = self.graph.read("MATCH ()-[r]->() RETURN DISTINCT type(r) AS relation")
        return {row["relation"] for row in rows} - {"LIVES"}

    def names_of(self, pattern: str, what: str) -> set[str]:
        """The keys of all that a pattern matches, ours left out."""
        found = self.graph.read(f"MATCH {pattern} RETURN keys({what}) AS names")
        return {name for row in found for name in row["names"]}


@pytest.fixture
def watched(graph: BoltStore) -> Iterator[Watched]:
    yield Watched(graph)
    emptied(graph)


def accepted(name: Any) -> bool:
    """Whether the rule of names of properties takes it."""
    try:
        clean_name(name, "name")
    except RecordError:
        return False
    return True


def stored_context(given: Iterable[str]) -> set[str]:
    own = ("event_id", "at", "value", "reviewed")
    return {f"context_{name}" if name in own or name[0] in "_@" else name for name in given}


# --- The quoting functions


def test_a_name_cannot_end_its_quotation() -> None:
    assert neo4j(r"\u0060`") == r"`\u005Cu0060```"
    assert arcadedb(r"\u0060`") == r"`\u0060```"
    assert neo4j_text(r"it's \u0027") == r"'it\u005C's \u005C\u005Cu0027'"
    assert quoted("a`b") == "`a``b`"


@pytest.mark.parametrize(
    ("quote", "name", "why"),
    [
        (neo4j, "", "is empty"),
        (neo4j, "a\0", "NUL"),
        (neo4j, "\ud800", "surrogate"),
        (neo4j, 7, "no text"),
        (arcadedb, "", "is empty"),
        (arcadedb, "\udfff", "surrogate"),
        (arcadedb, "@rid", "engine's own"),
        (arcadedb, "x" * 70_000, "bytes"),
        (arcadedb_type, "a~b", "'~'"),
        (arcadedb_type, "a*", r"'\*'"),
        (arcadedb_type, "a,b", "','"),
        (arcadedb_type, "\u2028", "blank"),
        (arcadedb_type, "é" * 60, "file"),
    ],
)
def test_what_an_engine_cannot_name_is_refused(quote: Callable[[Any], str], name: Any, why: str) -> None:
    with pytest.raises(StoreError, match=f"cannot hold the name .*{why}"):
        quote(name)


@few
@given(several)
def test_the_lexer_reads_the_same_names_back(watched: Watched, given: list[str]) -> None:
    store = watched.again()
    for name in given:
        store.write(Statement("MATCH (n:Probe) DETACH DELETE n", {}))
        try:
            key = store.quoted(name)
        except StoreError:
            continue
        store.write(Statement(f"CREATE (:Probe {{{key}: $value}})-[:T {{{key}: $value}}]->(:Probe)", {"value": name}))
        text = f"MATCH (n:Probe)-[r]->() RETURN keys(n) AS n, keys(r) AS r, n.{key} AS value, r.{key} AS other"
        assert store.read(text) == [{"n": [name], "r": [name], "value": name, "other": name}]
        with suppress(QueryRefused):  # of an ad hoc query: it holds a backslash
            assert store.query(text, {}).rows == [[[name], [name], name, name]]
    assert watched.lives()


@few
@given(st.lists(names, min_size=1, max_size=4, unique=True))
def test_labels_and_types_come_back(watched: Watched, given: list[str]) -> None:
    store = watched.again()
    for name in given:
        store.write(Statement("MATCH (n {probe: true}) DETACH DELETE n", {}))
        try:
            label, type = store.quoted_type(f"L{name}"), store.quoted_type(f"T{name}")
        except StoreError:
            continue
        store.write(Statement(f"CREATE (n:{label} {{probe: true}})-[:{type}]->(n)", {}))
        found = store.read(f"MATCH (n:{label})-[r:{type}]->() RETURN labels(n) AS labels, type(r) AS type")
        assert found == [{"labels": [f"L{name}"], "type": f"T{name}"}]
        counting = queries.statement("count_edges", names={"relation": [type, "NONE"]})
        assert store.read(counting.text) == [{"count": 1}]
    assert watched.lives()


@few
@given(several)
def test_a_name_that_is_compared_is_itself(server: BoltStore, given: list[str]) -> None:
    for name in given:
        if "\ud800" not in name and name.isprintable():
            assert server.read(f"RETURN {neo4j_text(name)} AS same") == [{"same": name}]


def test_only_what_was_quoted_is_filled_in() -> None:
    for name in ("a`b", "a b", "RATED|LIKED", "", "x\n"):
        with pytest.raises(ValueError, match="is no identifier"):
            queries.statement("count_edges", names={"relation": name})
        with pytest.raises(ValueError, match="is no identifier"):
            queries.statement("count_edges", names={"relation": ["RATED", name]})
    # A name that spells another placeholder stays a name.
    filled = queries.statement("copy_nodes", names={"labels": neo4j("<properties>"), "properties": neo4j("<labels>")})
    assert "CREATE (n`<properties>` {`<labels>`})" in filled.text


# --- Records from Python


@few
@given(several)
@example(list(OUT))
def test_records_from_python(watched: Watched, tmp_path: Path, given: list[str]) -> None:
    store = watched.again()
    records: list[Record] = []
    for number, name in enumerate(given):
        records += [
            ItemRecord(f"i{number}", properties={name: "v"}),
            UserRecord(f"u{number}", properties={name: "v"}),
            Interaction("u", "i", "SEEN", f"e{number}", context={name: "v"}),
        ]
    report = ingest(store, records, rejects=tmp_path / "rejects", progress=False)
    fine = [name for name in given if accepted(name)]
    derived = [name for name in fine if name.startswith("habit_")]
    assert report.accepted == 3 * len(fine) - 2 * len(derived)
    assert report.rejected == 3 * len(given) - report.accepted
    kept = set(fine) - set(derived)
    assert watched.names_of("(n:Item)", "n") == ({"id"} if fine else set()) | kept
    assert watched.names_of("(n:User)", "n") == ({"id"} if fine else set()) | kept
    assert watched.names_of("()-[r:SEEN]->()", "r") - {"event_id"} == stored_context(fine)
    assert watched.lives()


def test_a_new_graph_is_filled_with_names(store: BoltStore, tmp_path: Path) -> None:
    """The bulk path, which makes types without a text."""
    records: list[Record] = []
    for number, name in enumerate(OUT):
        records += [
            ItemRecord(f"i{number}", properties={name: "v"}, attributes=(Attribute(name, "kind", "v"),)),
            ItemRecord(f"j{number}", properties={name: "v"}),
            Interaction("u", "i", "SEEN", f"e{number}", context={name: "v"}),
            Interaction("u", "i", name, f"f{number}"),
        ]
    assert store.is_new
    ingest(store, records, rejects=tmp_path / "rejects", progress=False)
    watched = Watched(store)
    fine = {name for name in OUT if accepted(name)}
    assert watched.names_of("(n:Item)", "n") == {"id"} | {name for name in fine if not name.startswith("habit_")}
    assert watched.names_of("()-[r:SEEN]->()", "r") - {"event_id"} == stored_context(fine)
    assert watched.types() == {"SEEN"} | {name for name in OUT if is_type(name) and name != "User"}


@few
@given(several)
@example(list(OUT))
def test_kinds_and_relations_from_python(watched: Watched, tmp_path: Path, given: list[str]) -> None:
    store = watched.again()
    records: list[Record] = []
    for number, name in enumerate(given):
        records += [
            Interaction("u", "i", name, f"e{number}"),
            KindRecord(name),
            Triple("a", name, "b"),
            ItemRecord(f"i{number}", attributes=(Attribute(name, "kind", "v"),)),
            ItemRecord(f"j{number}", related=(Related(name, "i0"),)),
        ]
    ingest(store, records, rejects=tmp_path / "rejects", progress=False)
    types = watched.types()
    assert all(is_type(name) for name in types)
    assert all(is_type(row["kind"]) for row in store.read(queries.text("kinds")))
    assert watched.lives()


@few
@given(several)
@example(list(OUT))
def test_one_event_at_a_time(watched: Watched, given: list[str]) -> None:
    store = watched.again()
    written = set()
    for number, name in enumerate(given):
        try:
            write_event(store, Interaction("u", "i", "SEEN", f"e{number}", context={name: 1}))
        except RecordError:
            assert not accepted(name)
        else:
            written.add(name)
        with pytest.raises(GraphError) if not is_type(name) else suppress(RecordError):
            write_event(store, Interaction("u", "i", name, f"f{number}"))
    assert watched.names_of("()-[r:SEEN]->()", "r") - {"event_id"} == stored_context(written)
    assert watched.lives()


def test_two_names_that_would_be_one_are_refused(graph: BoltStore) -> None:
    with pytest.raises(RecordError, match="two names come to the same one"):
        write_event(graph, Interaction("u", "i", "SEEN", "e", context={"at": 1, "context_at": 2}))


# --- Files


def test_a_file_of_rdf_runs_nothing(watched: Watched, tmp_path: Path) -> None:
    store = watched.again()
    lines = ["<urn:tastegraph:item:i> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <urn:tastegraph:Item> ."]
    for number, name in enumerate(OUT):
        event = f"<urn:tastegraph:event:SEEN:e{number}>"
        lines += [
            f"{event} <http://schema.org/agent> <urn:tastegraph:user:u> .",
            f"{event} <http://schema.org/object> <urn:tastegraph:item:i> .",
            f'{event} <urn:tastegraph:property:{percent(name)}> "v" .',
        ]
    path = tmp_path / "evil.nt"
    path.write_text("\n".join(lines), encoding="utf-8")
    report = ingest(store, read_knowledge(path), rejects=tmp_path / "rejects", progress=False)
    fine = {name for name in map(as_read, OUT) if accepted(name)}
    assert report.accepted == 1 + len(OUT)  # only the statement with such a name is refused
    assert report.rejected == sum(not accepted(as_read(name)) for name in OUT)
    assert watched.names_of("()-[r:SEEN]->()", "r") - {"event_id"} == stored_context(fine)
    assert watched.lives()


@few
@given(several)
@example(list(OUT))
@pytest.mark.parametrize("form", ["nt", "ttl", "rdf", "jsonld"])
def test_every_form_of_rdf(watched: Watched, tmp_path: Path, form: str, given: list[str]) -> None:
    store = watched.again()
    if form == "rdf":  # whose predicates are names of elements, of which the last letters have to be such a name
        given = [f"{name}z" for name in given]
    path = tmp_path / f"names.{form}"
    path.write_text(document(form, given), encoding="utf-8")
    ingest(store, read_knowledge(path), rejects=tmp_path / "rejects", progress=False)
    fine = {name for name in map(as_read, given) if accepted(name) and not name.startswith("habit_")}
    found = watched.names_of("(n:Item)", "n")
    assert found == {"id"} | fine
    types = watched.types()
    assert types <= {clean_relation(as_read(name)) for name in given if has_relation(as_read(name))}
    assert watched.lives()


@few
@given(st.lists(names.filter(lambda name: "\ud800" not in name), min_size=1, max_size=8, unique=True))
@example([name for name in OUT if "\ud800" not in name])
def test_tables(watched: Watched, tmp_path: Path, given: list[str]) -> None:
    store = watched.again()
    rejects = tmp_path / "rejects"
    triples = [{"head": "a", "relation": name, "tail": "b"} for name in given]
    ingest(store, read_knowledge(triples), rejects=rejects, progress=False)
    events = [
        {"user": "u", "item": "i", "kind": name, "at": 1_300_000_000 + number} for number, name in enumerate(given)
    ]
    ingest(store, read_events(events), rejects=rejects, progress=False)
    columns = {property_name(name): name for name in reversed(given) if property_name(name) not in OWN_NAMES}
    columns = {name: column for name, column in columns.items() if not name.startswith("habit_")}
    row = {"who": "u", "what": "i", "when": 1_300_000_000} | dict.fromkeys(columns.values(), "v")
    roles = EventMapping("who", "what", "when", "", "", "", "", "", context=tuple(columns.values()))
    ingest(store, read_events([row], mapping=roles, kind="MET"), rejects=rejects, progress=False)
    attributes = tuple(AttributeColumn(name) for name in columns.values() if has_kind(name))
    items = ItemMapping("what", properties=tuple(columns.values()), attributes=attributes)
    ingest(store, read_items([row], items), rejects=rejects, progress=False)
    ingest(
        store,
        read_users([row], UserMapping("who", properties=tuple(columns.values()))),
        rejects=rejects,
        progress=False,
    )
    types = watched.types()
    assert all(is_type(name) for name in types)
    assert {clean_relation(name) for name in given if has_relation(name)} - types <= {"SAME_AS", "ABOUT", "SHOWN"}
    assert watched.names_of("(n:Item)", "n") == {"id"} | set(columns)
    assert watched.names_of("(n:User)", "n") == {"id"} | set(columns)
    assert watched.names_of("()-[r:MET]->()", "r") == {"event_id", "at"} | stored_context(columns)
    assert watched.lives()


# --- From one graph to another


@few
@given(st.lists(names, min_size=1, max_size=5, unique=True))
@example([name for name in OUT if accepted(name)])
def test_a_copied_graph_keeps_its_names_or_is_refused(watched: Watched, tmp_path: Path, given: list[str]) -> None:
    """Each kind of name in turn, for the first that is refused ends the copy."""
    for name in given:
        for node, edge in (
            (Node((f"L{name}",), {"probe": 1}), Edge(0, "T", 0, {})),
            (Node(("L",), {name: 1, "other": 2}), Edge(0, "T", 0, {name: 1, "other": 2})),
            (Node(("L",), {}), Edge(0, f"T{name}", 0, {})),
        ):
            store = emptied(watched.graph)
            canaries = [Node(("Canary",), {"id": 1}), Node(("Canary",), {"id": 3})]
            made = Made([node, *canaries], [edge, Edge(1, "LIVES", 2, {"at": 2})], store.work)
            if (refusal := refusal_of(store, made)) is None:
                assert content(StoreSource(store)) == content(made)
                assert watched.lives()
            else:
                assert re.search("cannot hold the name|a property that no graph takes", refusal)
    emptied(watched.graph)


def hostile_archive(folder: Path, kind: str = "SEEN", label: str = "L", type: str = "T", key: str = "k") -> Path:
    """A backup as somebody may have written it by hand."""
    nodes: list[Any] = [[["Canary"], {"id": 1}], [["Canary"], {"id": 3}], [[label], {key: "v"}]]
    nodes += [[["EventKind"], {"id": kind}]]
    edges: list[Any] = [[0, "LIVES", 1, {"at": 2}], [2, type, 2, {key: "v"}]]
    (folder / "work").mkdir(parents=True)
    for name, lines in (("nodes", nodes), ("edges", edges)):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{name}.jsonl.zst").write_bytes(zstandard.compress(text.encode()))
    files = {path.name: hash_file(path) for path in folder.iterdir() if path.is_file()}
    counted = {"nodes": dict(Counter(line[0][0] for line in nodes)), "edges": dict(Counter(line[1] for line in edges))}
    manifest = {"format": 1, "schema": {"id": "tastegraph", "version": VERSION}, **counted}
    (folder / "manifest.json").write_text(json.dumps(manifest | {"digest": "0" * 32, "left_out": 0, "files": files}))
    return folder


@pytest.mark.parametrize("place", ["kind", "label", "type", "key"])
def test_a_hostile_archive_is_restored_as_names_or_refused(
    watched: Watched, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched.graph, "_work", tmp_path / "work")
    for number, name in enumerate(OUT):
        if "\ud800" in name:
            continue
        store = emptied(watched.graph)
        archive = hostile_archive(tmp_path / str(number), **{place: name})
        if (refusal := refusal_of(store, archive)) is None:
            assert watched.lives()
        elif place == "kind":
            assert "names a kind of event that none can have" in refusal
            assert name == "User" or not is_type(name)
        else:
            # The engine within the process has one name for a label and a type, those of tests before among them.
            assert re.search(r"cannot hold the (name|nodes|edges)|is no (node|edge)|a property has no name", refusal)
    emptied(watched.graph)


def test_names_survive_a_backup(
    embedded: BoltStore, server: BoltStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine = [name for name in OUT if accepted(name) and not name.startswith("habit_")]
    emptied(embedded)
    records: list[Record] = [
        ItemRecord("i", properties={name: "v" for name in fine if name not in ("id", "title", "text")}),
        UserRecord("u", properties={name: "v" for name in fine if name != "id"}),
        *(Interaction("u", "i", "SEEN", f"e{number}", context={name: 1}) for number, name in enumerate(fine)),
    ]
    report = ingest(embedded, records, rejects=tmp_path / "rejects", progress=False)
    assert report.rejected == 0
    expected = content(StoreSource(embedded))
    for number, (source, target) in enumerate(((embedded, server), (server, embedded))):
        backup(source, tmp_path / str(number), progress=False)
        monkeypatch.setattr(target, "_work", tmp_path / f"work{number}")
        fill(emptied(target), Archive(tmp_path / str(number)), progress=False)
        assert content(StoreSource(target)) == expected
        emptied(source)


def test_files_for_the_importer_name_no_constraint_of_somebody_elses(tmp_path: Path) -> None:
    made = Made([Node(("EventKind",), {"id": f"X]-() REQUIRE r.x IS UNIQUE; {DELETE};"})], [], tmp_path)
    with pytest.raises(GraphError, match="must be a letter"):
        write_import(made, tmp_path / "files", progress=False)


# --- Queries


@few
@given(several)
@example(list(OUT))
def test_names_of_parameters_are_no_text(watched: Watched, given: list[str]) -> None:
    store = watched.again()
    for name in given:
        with suppress(QueryFailed):
            assert store.query("RETURN 1 AS one", {name: DELETE}).rows == [[1]]
    assert watched.lives()


@few
@given(st.lists(names, min_size=1, max_size=4, unique=True))
def test_vectors_of_any_name(watched: Watched, given: list[str]) -> None:
    store = watched.again()
    for name in given:
        try:
            found = store.nearest(f"L{name}", f"v{name}", [1.0, 0.0], 3)
        except (StoreError, QueryFailed):  # the server finds no index by a name with a blank at its end
            continue
        assert found == []
    assert watched.lives()


# --- In the words of an adopted graph

OWNERS = Dialect("TG_", relations=("it's", r"x\u0027] RETURN 1 //"))


@few
@given(several)
@example(list(OUT))
def test_a_translated_text_keeps_its_names(server: BoltStore, given: list[str]) -> None:
    """Context is written under our prefix, whatever the name spells, and read back."""
    watched = Watched(server)
    watched.again()
    server.write(Statement("CREATE (:TG_User {tg_id: 'u'}), (:TG_Item {tg_id: 'i'})", {}))
    for number, name in enumerate(given):
        try:
            key = server.quoted(context_name(name))
        except StoreError:
            continue
        adding = queries.statement(
            "events_add",
            names={"relation": "SEEN", "context": Quoted(f", {key}: row[5]")},
            rows=[["u", "i", f"e{number}", None, None, "v"]],
        )
        assert OWNERS.parameters(adding.text, adding.parameters)[0] == adding.parameters
        ((row,),) = server.write(Statement(OWNERS.text(adding.text), adding.parameters))
        assert row == {"made": 1}
        found = server.read(f"MATCH ()-[r:TG_SEEN {{tg_event_id: 'e{number}'}}]->() RETURN properties(r) AS held")
        assert found == [{"held": {"tg_event_id": f"e{number}", f"tg_{context_name(name)}": "v"}}]
    assert watched.lives()


def test_types_of_an_owner_are_compared_and_not_run(server: BoltStore) -> None:
    watched = Watched(server)
    watched.again()
    text = OWNERS.text(queries.text("relation_types"))
    assert server.read(text) == []
    server.write(Statement("CREATE (:X)-[:`it's`]->(:X)", {}))
    assert server.read(text) == [{"relation": "it's"}]
    assert watched.lives()


# --- Helpers


def refusal_of(store: BoltStore, source: Any) -> str | None:
    """What a copy of a graph, or a backup, into a store is refused for; None where it is not."""
    try:
        fill(store, Archive(source) if isinstance(source, Path) else source, progress=False)
    except (StoreError, ReadError) as error:
        return str(error)
    return None


def percent(name: str) -> str:
    """A name as it stands in an IRI of ours."""
    return quote(name.encode("utf-8", "surrogatepass"), safe="")


def as_read(name: str) -> str:
    """What reading an IRI makes of it: half of a surrogate pair is no UTF-8, and its escapes stay."""
    return percent(name) if any("\ud800" <= letter <= "\udfff" for letter in name) else name


def has_kind(name: str) -> bool:
    """Whether a column of this name can be one of attributes."""
    try:
        AttributeColumn(name).named()
    except RecordError:
        return False
    return True


def has_relation(name: str) -> bool:
    """Whether a relation can be called by it."""
    try:
        clean_relation(name)
    except RecordError:
        return False
    return True


def document(form: str, given: Iterable[str]) -> str:
    """An item with a property of each name, and a relation of each, in a form of RDF."""
    item, type = "urn:tastegraph:item:i", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
    properties = [f"urn:tastegraph:property:{percent(name)}" for name in given]
    relations = [f"urn:tastegraph:relation:{percent(name)}" for name in given]
    if form == "jsonld":
        said: dict[str, Any] = {"@id": item, "@type": "urn:tastegraph:Item"}
        said |= dict.fromkeys(properties, "v") | {iri: {"@id": "http://e/x"} for iri in relations}
        return json.dumps(said)
    if form == "rdf":
        elements = [f'<p:z xmlns:p="{iri[:-1]}">v</p:z>' for iri in properties]
        elements += [f'<p:z xmlns:p="{iri[:-1]}" rdf:resource="http://e/x"/>' for iri in relations]
        return (
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
            f'rdf:about="{item}"><rdf:type rdf:resource="urn:tastegraph:Item"/>{"".join(elements)}'
            "</rdf:Description></rdf:RDF>"
        )
    lines = [f"<{item}> <{type}> <urn:tastegraph:Item> ."]
    lines += [f'<{item}> <{iri}> "v" .' for iri in properties]
    lines += [f"<{item}> <{iri}> <http://e/x> ." for iri in relations]
    return "\n".join(lines)
