"""An owner's graph, a map and what is kept of it may be wrong or hostile: nothing of the owner's is lost by that."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import expressions, snapshot
from kg.adoption import Adoption
from kg.bolt import BoltStore
from kg.engines import adopted, fitting, made, open_store
from kg.engines.adopted import AdoptedStore, adopt, release
from kg.engines.neo4j import Neo4jStore
from kg.errors import GraphError, StoreError
from kg.ingest import write_event
from kg.quoting import neo4j as quoted
from kg.records import Interaction
from kg.store import Statement
from tests.kg.store.test_adopt import MOVIES, MOVIES_MAP, SHOP, SHOP_MAP, content, events, reviews
from tests.running import PATIENCE

pytestmark = pytest.mark.neo4j

LONG = "x" * 9_000
CONSTRAINTS = (
    "SHOW CONSTRAINTS YIELD name, labelsOrTypes, properties RETURN name, labelsOrTypes, properties ORDER BY name"
)
INDEXES = "SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name ORDER BY name"

Map = Callable[[str], Adoption]


def whole(server: BoltStore) -> tuple[Any, ...]:
    """All that the graph holds: nodes, edges, constraints, indexes."""
    return content(server), BoltStore.read(server, CONSTRAINTS), BoltStore.read(server, INDEXES)


def run(server: BoltStore, *texts: str, **parameters: Any) -> None:
    for text in texts:
        server.write(Statement(text, parameters))


@pytest.fixture
def map_of(tmp_path: Path) -> Map:
    def read(text: str) -> Adoption:
        (tmp_path / "map.toml").write_text(text)
        return Adoption.read(tmp_path / "map.toml")

    return read


MIXED = """
CREATE (a:Customer {id: 1}), (b:Customer {id: 2}), (c:Customer {id: [1]}), (:Customer {id: 0.0 / 0.0}),
       (:Customer {id: 9}), (:Customer {id: 9}), (:Customer {id: $long}),
       (p:Product {id: 'a', name: 1984, text: ['x']}), (q:Product {id: 'b', name: 'Brazil', text: 'words'}),
       (a)-[:RATED {stars: 5, t: '2024-01-01', say: 'good'}]->(p), (a)-[:RATED {stars: true, t: ''}]->(q),
       (b)-[:RATED {stars: 'five', t: 1714559472, say: ['l']}]->(q), (b)-[:RATED {stars: [4], t: time('10:11Z')}]->(p),
       (a)-[:RATED {stars: '4.5', t: '1996-07-04 00:00:00.000'}]->(p), (b)-[:RATED {stars: 0.0 / 0.0}]->(p),
       (a)-[:TOOK]->(o:Order {n: 1, day: date('2020-01-01'), q: 2})-[:OF]->(p),
       (b)-[:TOOK]->(:Order {n: 1, day: '2020-01-02', q: 7})-[:OF]->(p),
       (b)-[:TOOK]->(:Order {n: [2], day: 5, q: 1})-[:OF]->(q), (b)-[:TOOK]->(:Order {day: 20200101, q: 1})-[:OF]->(q),
       (b)-[:TOOK]->(:Order {n: 3, day: '2020-02-30', q: 'x'})-[:OF]->(q)
"""
MIXED_MAP = """
[person]
label = "Customer"
id = "id"
[item]
label = "Product"
id = "id"
title = "name"
text = "text"
[[event]]
type = "RATED"
value = "stars"
at = "t"
text = "say"
scale = [1, 5]
[[event]]
kind = "BOUGHT"
pattern = "(person)-[:TOOK]->(o:Order)-[:OF]->(item)"
id = "o.n"
value = "o.q"
at = "o.day"
"""
COUNTED = [
    ("[person]", "id", 3),
    ("[person]", "id", 1),
    ("[item]", "text", 1),
    ("[[event]] 1", "value", 4),
    ("[[event]] 1", "at", 3),
    ("[[event]] 1", "text", 1),
    ("[[event]] 2", "value", 1),
    ("[[event]] 2", "at", 2),
    ("[[event]] 2", "id", 2),
    ("[[event]] 2", "id", 1),
]


def counted(warnings: list[dict[str, Any]]) -> list[tuple[str, str, int]]:
    return [(found["table"], found["key"], found["count"]) for found in warnings]


def test_what_a_map_cannot_take_is_counted_and_left_at_adopt_and_at_each_refresh(
    foreign: BoltStore, neo4j_url: str, tmp_path: Path, map_of: Map, caplog: pytest.LogCaptureFixture
) -> None:
    run(foreign, MIXED, long=LONG)
    before = whole(foreign)
    found = adopt(map_of(MIXED_MAP), neo4j_url, work=tmp_path)
    assert counted(found["warnings"]) == COUNTED
    said = {(w["table"], w["key"]): w for w in found["warnings"]}
    bad = {"(Customer 1)-[RATED]->(Product b): True", "(Customer 2)-[RATED]->(Product b): 'five'"}
    bad |= {f"(Customer 2)-[RATED]->(Product a): {value}" for value in ("[4]", "nan")}
    assert len(bad.intersection(said["[[event]] 1", "value"]["examples"])) == 3
    assert "(Customer 1)-[RATED]->(Product b): ''" in said["[[event]] 1", "at"]["examples"]
    assert 'a number needs unit = "s" or "ms"' in said["[[event]] 1", "at"]["text"]
    assert said["[item]", "text"]["examples"] == ["Product a: ['x']"]
    assert "Customer NaN: nan" in found["warnings"][0]["examples"]
    assert found["warnings"][1]["examples"] == ["Customer '9': 2 times"]
    with open_store(neo4j_url, work=tmp_path) as store:
        taken = snapshot.take(store)
        assert taken.users["id"].to_pylist() == ["1", "2", "9"]
        assert taken.items.select(["title", "text"]).to_pylist() == [
            {"title": "1984", "text": None},
            {"title": "Brazil", "text": "words"},
        ]
        assert sorted(map(str, (row[:5] for row in events(taken)))) == sorted(
            map(
                str,
                [
                    ("1", "a", "BOUGHT", 2.0, "2020-01-01T00:00:00+00:00"),
                    ("1", "a", "RATED", 5.0, "2024-01-01T00:00:00+00:00"),
                    ("1", "a", "RATED", 4.5, "1996-07-04T00:00:00+00:00"),
                    ("1", "b", "RATED", None, None),
                    ("2", "a", "RATED", None, None),
                    ("2", "a", "RATED", None, None),
                    ("2", "b", "BOUGHT", None, None),
                    ("2", "b", "RATED", None, None),
                ],
            )
        )
        assert [row[3] for row in reviews(taken)] == ["good"]
        late = "MATCH (c:Customer {id: 2}) CREATE (c)-[:RATED {stars: 3, t: 'x'}]->(:Product {id: 'late', name: ['l']})"
        run(foreign, late)
        with caplog.at_level(logging.WARNING):
            again = store.catch_up()["warnings"]
        assert ("[item]", "title", 1) in counted(again)
        assert ("[[event]] 1", "at", 4) in counted(again)
        assert "(Customer 2)-[RATED]->(Product late): 'x'" in caplog.text or "Product late: ['l']" in caplog.text
        assert snapshot.take(store).items["title"].to_pylist() == ["1984", "Brazil", None]
    release(neo4j_url, work=tmp_path)
    run(foreign, "MATCH (p:Product {id: 'late'}) DETACH DELETE p")
    assert whole(foreign) == before


EVIL = "TG_x`]->() MATCH (m) DETACH DELETE m //"
DECODED = "TG_\\u0060) MATCH (m) DETACH DELETE m //"


def test_what_the_owner_made_since_stays_whatever_it_is_called(
    foreign: BoltStore, neo4j_url: str, tmp_path: Path, map_of: Map
) -> None:
    """Labels, types, properties and constraints that begin as ours do, and names that end their own quotation."""
    run(foreign, SHOP)
    adopt(map_of(SHOP_MAP), neo4j_url, work=tmp_path)
    theirs = f"""
        MATCH (c:Customer {{customerID: 8}}), (p:Product {{productID: 1}})
        CREATE (:TG_Club {{tg_x: 1, id: 'c'}})-[:TG_KNOWS {{tg_since: 1}}]->(:TG_Interest {{name: 'mine'}}),
               (:TG_Item {{name: 'by hand'}}), (:Order:TG_Segment {{id: 'both'}}), (c)-[:TG_SHOWN]->(p),
               (c)-[:TG_PURCHASED {{mine: true}}]->(p),
               (c)-[:{quoted(EVIL)}]->(p), (c)-[:{quoted(DECODED)}]->(p), (:{quoted(EVIL)}), (:{quoted(DECODED)})
        SET c.tg_mine = 'mine'
    """
    run(foreign, theirs, "CREATE CONSTRAINT tg_mine FOR (n:Mine) REQUIRE n.x IS UNIQUE")
    try:
        with open_store(neo4j_url, work=tmp_path) as store:
            assert write_event(store, Interaction("8", "2", "LIKED", "e1", text="lovely"))
            store.catch_up()
        removed = release(neo4j_url, work=tmp_path)
        assert removed["edges"] == 3 + 1 + 2 * 2, "purchases, the like, and two reviews"
        left = whole(foreign)
        run(foreign, "MATCH (n) DETACH DELETE n")
        run(foreign, SHOP, theirs)
        assert (content(foreign), foreign.read(CONSTRAINTS)) == left[:2]
    finally:
        run(foreign, "DROP CONSTRAINT tg_mine IF EXISTS")


@pytest.mark.parametrize(
    "mine",
    [
        "CREATE CONSTRAINT tg_user_key FOR (n:Mine) REQUIRE n.x IS UNIQUE",
        "CREATE CONSTRAINT tg_event_reviewed FOR (n:Mine) REQUIRE n.x IS UNIQUE",
        "CREATE INDEX tg_item_key FOR (n:Mine) ON (n.x)",
        "CREATE CONSTRAINT mine FOR (n:TG_Club) REQUIRE n.x IS UNIQUE",
    ],
)
def test_a_name_that_is_taken_is_refused_before_any_change(
    foreign: BoltStore, neo4j_url: str, tmp_path: Path, map_of: Map, mine: str
) -> None:
    run(foreign, MOVIES, mine)
    name = mine.split()[2]
    try:
        before = whole(foreign)
        with pytest.raises(StoreError, match=f"begin with TG_ or tg_: {name}; rename"):
            adopt(map_of(MOVIES_MAP), neo4j_url, work=tmp_path)
        assert whole(foreign) == before
    finally:
        run(foreign, f"DROP {mine.split()[1]} {name}")


ODD = """
CREATE (a:C {id: 'u', tg: 1}), (p:P {id: 'c', `<node>`: 'Chai', `t<holder>`: 'tea'}), (q:P {id: 'b/c'}),
       (a)-[:RATED {`<edge>`: 4, `<holder>`: 'good', `a<edge>`: '2024-01-01'}]->(p),
       (a)-[:PUT]->(:Order {n: 'a/b', `<node>`: 'own'})-[:OF]->(p), (a)-[:PUT]->(:Order {n: 'a'})-[:OF]->(q),
       (p)-[:ON]->(:Shelf {id: 'b:c'}), (p)-[:IN]->(:Place {id: 'c'})
"""
ODD_MAP = """
[person]
label = "C"
id = "id"
[item]
label = "P"
id = "id"
title = "<node>"
text = "t<holder>"
[[entity]]
label = "Shelf"
id = "id"
kind = "a"
[[entity]]
label = "Place"
id = "id"
kind = "a:b"
[[event]]
type = "RATED"
value = "<edge>"
at = "a<edge>"
text = "<holder>"
[[event]]
kind = "BOUGHT"
pattern = "(person)-[:PUT]->(o)-[:OF]->(item)"
id = "o.n"
text = "o.`<node>`"
"""


def test_names_that_spell_our_own_and_ids_that_hold_what_joins_them_are_told_apart(
    foreign: BoltStore, neo4j_url: str, tmp_path: Path, map_of: Map
) -> None:
    run(foreign, ODD)
    before = whole(foreign)
    adopt(map_of(ODD_MAP), neo4j_url, work=tmp_path)
    with open_store(neo4j_url, work=tmp_path) as store:
        taken = snapshot.take(store)
        assert taken.items.select(["id", "title", "text"]).to_pylist() == [
            {"id": "b/c", "title": None, "text": None},
            {"id": "c", "title": "Chai", "text": "tea"},
        ]
        assert events(taken) == [
            ("u", "b/c", "BOUGHT", None, None),
            ("u", "c", "BOUGHT", None, None),
            ("u", "c", "RATED", 4.0, "2024-01-01T00:00:00+00:00"),
        ]
        assert sorted((row[3], row[4]) for row in reviews(taken)) == [("good", "2024-01-01"), ("own", None)]
        assert sorted(taken.entities["id"].to_pylist()) == ["a:b:c", "a~1b:c"]
        # An earlier release had joined ids as they are.
        run(foreign, "MATCH ()-[e:TG_BOUGHT]->() SET e.tg_event_id = elementId(e)")
        run(foreign, "MATCH (n:TG_Entity {tg_id: 'a~1b:c'}) SET n.tg_id = 'a:b:c of before'")
        store.catch_up()
        assert events(snapshot.take(store)) == events(taken)
        assert snapshot.take(store).entities["id"].to_pylist() == taken.entities["id"].to_pylist()
    release(neo4j_url, work=tmp_path)
    assert whole(foreign) == before


def test_a_record_that_names_what_is_the_owners_takes_nothing_of_it(
    foreign: BoltStore, neo4j_url: str, tmp_path: Path, map_of: Map
) -> None:
    mine = "CREATE CONSTRAINT mine FOR (n:Mine) REQUIRE n.x IS UNIQUE"
    run(foreign, SHOP, mine)
    try:
        adopt(map_of(SHOP_MAP), neo4j_url, work=tmp_path)
        run(
            foreign,
            "MATCH (c:Customer {customerID: 8})-[r]->() SET c.tg_habit_mine = 1, c.tg_habit_events = 2, r.tg_x = 1",
            "CREATE (:TG_Made {id: 'PURCHASED', kind: 'type', on: '', key: ''}), (:TG_Made), "
            "(:TG_Made {id: 'customerID', kind: 'property', on: '', key: ''}), (:TG_Made {id: 5, kind: [1]}), "
            "(:TG_Made {id: 'mine', kind: 'constraint', on: 'Mine', key: 'x'})",
        )
        release(neo4j_url, work=tmp_path)
        left = whole(foreign)
        run(foreign, "MATCH (n) DETACH DELETE n", SHOP)
        run(foreign, "MATCH (c:Customer {customerID: 8})-[r:PURCHASED]->() SET c.tg_habit_mine = 1, r.tg_x = 1")
        assert [node for node in left[0] if "TG_Made" not in node] == content(foreign)
        assert left[1] == foreign.read(CONSTRAINTS)
    finally:
        run(foreign, "DROP CONSTRAINT mine IF EXISTS", "MATCH (n:TG_Made) DELETE n")


def test_a_map_whose_cypher_does_not_end_is_answered_in_time(
    foreign: BoltStore, neo4j_url: str, tmp_path: Path, map_of: Map, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of paths through nine nodes that are all tied there are more than can be counted; at adopt, and at a refresh."""
    run(foreign, MOVIES)
    map = map_of(MOVIES_MAP.replace("EXISTS { (n)-[:REVIEWED]->() }", "COUNT { (n)-[:KNOWS*]-() } >= 0"))
    adopt(map, neo4j_url, work=tmp_path)
    run(foreign, "UNWIND range(1, 9) AS i CREATE (:Person {name: toString(i)})")
    run(foreign, "MATCH (a:Person), (b:Person) WHERE elementId(a) < elementId(b) CREATE (a)-[:KNOWS]->(b)")
    monkeypatch.setattr(fitting, "MOST_SECONDS", 3.0)
    before = whole(foreign)
    with open_store(neo4j_url, work=tmp_path) as store, pytest.raises(StoreError, match=r"\[person\]: .* over 3 s"):
        store.catch_up()
    with pytest.raises(StoreError, match=r"\[person\]: .* over 3 s"):
        adopt(map, neo4j_url, work=tmp_path)
    assert whole(foreign) == before


WRONG = [
    (('label = "Movie"', 'label = "Moviie"'), r"0 nodes Moviie, none .*\(\[item\]\); did you mean 'Movie'"),
    (('id = "title"', 'id = "titel"'), r"none with a property titel \(\[item\]\); did you mean 'title'"),
    (('type = "REVIEWED"', 'type = "REVEIWED"'), r"nothing matches .*\(\[\[event\]\] 1\).*did you mean 'REVIEWED'"),
    (('text = "summary"', 'text = "sumary"'), "has words in sumary; did you mean 'summary'"),
    (('id = "name"\nwhere', 'id = "name"\nwhere = "n.name - 1 > 2"\n#'), r"\[person\]: cannot be evaluated"),
    (('id = "name"\nwhere', 'id = "name"\nwhere = "size(n.name, 2) > 2"\n#'), r"\[person\]: the server does not under"),
]


def test_a_map_that_cannot_be_right_changes_nothing(
    foreign: BoltStore, neo4j_url: str, tmp_path: Path, map_of: Map
) -> None:
    run(foreign, MOVIES)
    before = whole(foreign)
    for change, message in WRONG:
        assert change[0] in MOVIES_MAP
        with pytest.raises(StoreError, match=message):
            adopt(map_of(MOVIES_MAP.replace(*change)), neo4j_url, work=tmp_path)
        assert whole(foreign) == before


def test_a_property_that_nothing_has_is_a_warning_with_a_guess_and_a_new_scale_counts(
    foreign: BoltStore, neo4j_url: str, tmp_path: Path, map_of: Map
) -> None:
    run(foreign, MOVIES)
    typed = MOVIES_MAP.replace('text = "tagline"', 'text = "tagIine"').replace('"rating"', '"ratings"')
    found = adopt(map_of(typed), neo4j_url, work=tmp_path)
    assert [(w["table"], w["key"], w["text"]) for w in found["warnings"]] == [
        ("[item]", "text", "nothing has a property tagIine; did you mean 'tagline'?"),
        ("[[event]] 1", "value", "nothing has a property ratings; did you mean 'rating'?"),
    ]
    scale = "MATCH (k:TG_EventKind {id: 'REVIEWED'}) RETURN k.minimum AS low, k.maximum AS high"
    assert foreign.read(scale) == [{"low": 0.0, "high": 100.0}]
    adopt(map_of(MOVIES_MAP.replace("[0, 100]", "[10, 90]")), neo4j_url, work=tmp_path)
    assert foreign.read(scale) == [{"low": 10.0, "high": 90.0}]
    adopt(map_of(MOVIES_MAP.replace("scale = [0, 100]", "")), neo4j_url, work=tmp_path)
    assert foreign.read(scale) == [{"low": None, "high": None}]
    longer = 'kind = "SEEN"\npattern = "(person)-[:FOLLOWS]->()-[:REVIEWED]->(item)"'
    event = MOVIES_MAP[MOVIES_MAP.index("[[event]]") :]
    adopt(map_of(MOVIES_MAP.replace(event, f"[[event]]\n{longer}\n")), neo4j_url, work=tmp_path)
    with open_store(neo4j_url, work=tmp_path) as store:
        assert [row[:3] for row in events(snapshot.take(store))] == [("Paul", "The Matrix", "SEEN")]


PAIRS = """
CREATE (a:C {id: 1}), (b:C {id: 2}), (p:P {id: 'p', `x WHERE y`: ['l']}), (q:P {id: 'q'}), (s:Shelf {id: 's'}),
       (a)-[:RATED {n: 5}]->(p), (b)-[:RATED {n: 1}]->(q), (a)-[:SAW]->(p), (p)-[:ON]->(s), (q)-[:ON]->(s),
       (a)-[:PUT]->(o:Order)-[:OF]->(p), (b)-[:PUT]->(:Order)-[:OF]->(q)
"""
PAIRS_MAP = """
[person]
label = "C"
id = "id"
[item]
label = "P"
id = "id"
title = "x WHERE y"
[[event]]
type = "RATED"
[[event]]
kind = "BOUGHT"
pattern = "(person)-[:PUT]->(o)-[:OF]->(item)"
[[event]]
kind = "OTHER"
pattern = "PATTERN"
"""
TWICE = {
    "(person)-[l:RATED WHERE l.n > 0]->(item)": "type in [[event]] 1",
    "(person), (person)-[:RATED|SAW]->(item:P|Q)": "type in [[event]] 1",
    "(person)-[:!X]->(item)-[:ON]->(:Shelf)": "type in [[event]] 1",
    "(person)-[:RATED*1..3 {}]->(item WHERE item.id > '')": "type in [[event]] 1",
    "(item)<-[:OF]-(x:Order)<-[k:PUT]-(person:C)": "pattern in [[event]] 2",
    "(person)-[l:RATED WHERE l.n > 1]->(item)": "",
    "(person)-[:SAW]->(item)": "",
    "(person)-[:PUT]->(o)-[:OF]->(item)-[:ON]->(:Shelf)": "",
}


def test_events_that_are_all_of_another_table_are_refused(foreign: BoltStore, neo4j_url: str, map_of: Map) -> None:
    """The server is asked, for a pattern has no end of spellings; some of a type's edges may be a kind of their own."""
    run(foreign, PAIRS)
    with Neo4jStore.open(neo4j_url) as plain:
        for pattern, same in TWICE.items():
            map = map_of(PAIRS_MAP.replace("PATTERN", pattern))
            if not same:
                fitting.check(plain, map)
                continue
            with pytest.raises(StoreError, match=re.escape(f"[[event]] 3: pattern finds the same edges as {same}")):
                fitting.check(plain, map)
        (found, *_) = fitting.findings(plain, map_of(PAIRS_MAP.replace("PATTERN", "(person)-[:SAW]->(item)")))
        assert (found.table, found.key, found.examples) == ("[item]", "title", ("P p: ['l']",))
        with pytest.raises(StoreError, match=r"holds no relation ONN \(attributes, name 1\); did you mean 'ON'\?"):
            fitting.check(
                plain, map_of('attributes = ["ONN"]' + PAIRS_MAP.replace("PATTERN", "(person)-[:SAW]->(item)"))
            )


def test_an_adoption_that_fails_on_the_way_is_taken_back(
    foreign: BoltStore, neo4j_url: str, tmp_path: Path, map_of: Map, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(foreign, SHOP)
    before = whole(foreign)

    def fail(store: AdoptedStore, event: object) -> None:
        raise StoreError("the server went away")

    with monkeypatch.context() as patch:
        patch.setattr(AdoptedStore, "_derive", fail)
        with pytest.raises(StoreError, match="went away"):
            adopt(map_of(SHOP_MAP), neo4j_url, work=tmp_path)
    assert whole(foreign) == before


KILLED = """
import os, signal, sys
from pathlib import Path
from kg.adoption import Adoption
from kg.engines import adopted
def die(*given):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(adopted.AdoptedStore, sys.argv[3], die)
adopted.adopt(Adoption.read(Path(sys.argv[1])), sys.argv[2], work=Path(sys.argv[1]).parent)
"""


@pytest.mark.parametrize("step", ["_change_schema", "_mark_events", "set_scales"])
def test_who_is_killed_on_the_way_leaves_what_can_be_taken_away(
    foreign: BoltStore, neo4j_url: str, tmp_path: Path, map_of: Map, step: str
) -> None:
    run(foreign, SHOP)
    before = whole(foreign)
    map_of(SHOP_MAP)
    command = [sys.executable, "-c", KILLED, str(tmp_path / "map.toml"), neo4j_url, step]
    killed = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": str(Path.cwd())}, check=False, timeout=60 * PATIENCE
    )
    assert killed.returncode == -9
    assert whole(foreign) != before
    release(neo4j_url, work=tmp_path)
    assert whole(foreign) == before


def test_a_map_that_somebody_else_put_into_the_graph_runs_nothing(
    foreign: BoltStore, neo4j_url: str, tmp_path: Path, map_of: Map
) -> None:
    run(foreign, SHOP)
    before = whole(foreign)
    map = map_of(SHOP_MAP)
    adopt(map, neo4j_url, work=tmp_path)
    marked = content(foreign)
    hostile = [
        (("entity", 0, "kind"), "x' + toString(1)}) MATCH (m) DETACH DELETE m //", None),
        (("entity", 0, "label"), "Category`) MATCH (m) DETACH DELETE m //", None),
        (("entity", 0, "id"), "\\u0060 IS NULL) MATCH (m) DETACH DELETE m //", None),
        (("attributes",), ["x'] MATCH (m) DETACH DELETE m //", "\\u0027] MATCH (m) DETACH DELETE m //"], None),
        (("person", "where"), "true) WITH n MATCH (m) DETACH DELETE m //", r"\[person\]: where is no expression"),
        (("event", 0, "value"), "1) AS v MATCH (m) DETACH DELETE m //", r"\[\[event\]\] 1: value is no expression"),
        (("event", 0, "id"), "COUNT { CALL { CREATE (x:Evil) } }", r"\[\[event\]\] 1: id is no expression"),
        (("event", 0, "pattern"), "(person)-[l]->(item) DETACH DELETE item WITH 1 AS one MATCH (o)", "no pattern"),
        (("event", 0, "text"), "l.x`) MATCH (m) DETACH DELETE m //", "text and title must be|no expression"),
        (("person", "where"), "size(n.x, 1, 2) > 1", r"\[person\]: the server does not understand"),
    ]
    for place, value, message in hostile:
        document = json.loads(map.to_json())
        inner = document
        for step in place[:-1]:
            inner = inner[step]
        inner[place[-1]] = value
        run(foreign, "MATCH (s:TG_Schema) SET s.adoption = $kept", kept=json.dumps(document))
        if message is not None:
            with pytest.raises(StoreError, match=f"keeps a map .* cannot be used: .*{message}"):
                open_store(neo4j_url, work=tmp_path)
        else:
            with open_store(neo4j_url, work=tmp_path) as store:
                store.read("CALL db.relationshipTypes() YIELD relationshipType RETURN relationshipType AS relation")
                store.catch_up()
        count = "MATCH (n) WHERE NOT any(label IN labels(n) WHERE label STARTS WITH 'TG_M') RETURN count(n) AS n"
        assert foreign.read(count)[0]["n"] >= len([row for row in marked if "TG_Made" not in row]) - 1
        assert not foreign.read("MATCH (n:Evil) RETURN n.x AS x")
    release(neo4j_url, work=tmp_path)
    assert whole(foreign) == before


def test_a_graph_that_an_older_release_adopted_opens_and_is_taken_back(
    foreign: BoltStore, neo4j_url: str, tmp_path: Path, map_of: Map
) -> None:
    """It noted nothing of what it made, and gave no property to edges that needed none."""
    run(foreign, SHOP)
    before = whole(foreign)
    adopt(map_of(SHOP_MAP), neo4j_url, work=tmp_path)
    with open_store(neo4j_url, work=tmp_path) as store:
        assert write_event(store, Interaction("new", "2", "LIKED", "e1", text="lovely"))
        run(store, "MATCH (i:Item {id: '1'}) MERGE (e:Entity {id: 'by:us'}) CREATE (i)-[:SHELF]->(e)")
    forget_record = "MATCH (m:TG_Made) DELETE m"
    run(foreign, forget_record, "MATCH ()-[r]->() WHERE r.tg_made SET r.tg_made = null")
    run(foreign, "MATCH (c:Customer {customerID: 7}), (p:Product {productID: 2}) CREATE (c)-[:TG_KNOWS]->(p)")
    with open_store(neo4j_url, work=tmp_path) as store:
        taken = snapshot.take(store)
        assert ("new", "2", "LIKED") in [row[:3] for row in events(taken)]
        assert "SHELF" in {row["relation"] for row in taken.triples.to_pylist()}
        assert "KNOWS" not in {row["relation"] for row in taken.triples.to_pylist()}
        types = set(made.ids(made.recorded(store), made.TYPE))  # type: ignore[arg-type]
        assert types >= {"TG_LIKED", "TG_PURCHASED", "TG_SHELF", "TG_WROTE"}
        assert "TG_KNOWS" not in types
    run(foreign, forget_record)
    release(neo4j_url, work=tmp_path)
    assert sum("TG_KNOWS" in row for row in content(foreign)) == 1
    run(foreign, "MATCH ()-[r:TG_KNOWS]->() DELETE r")
    assert whole(foreign) == before


PARTS = [
    *(
        "n",
        "n.x",
        "n.name",
        "m",
        "1",
        "'a'",
        "true",
        "null",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        ",",
        ".",
        ":",
        "|",
        "..",
        "*",
    ),
    *(
        "=",
        "<>",
        "<",
        "-",
        "->",
        "<-",
        "+",
        "=~",
        "AND",
        "OR",
        "NOT",
        "IN",
        "IS NULL",
        "STARTS WITH",
        "CASE WHEN",
        "END",
    ),
    *("THEN", "ELSE", "WHERE", "MATCH", "EXISTS {", "COUNT {", "COLLECT {", "RETURN", "any(x IN", "[x IN", "x", "x.y"),
    *(
        "(n)-[:R]->(m)",
        "(n)--()",
        "DETACH DELETE n",
        "SET n.x = 2",
        "CREATE (:Evil)",
        "CALL db.labels()",
        "UNION",
        "WITH n",
    ),
    *(
        "REMOVE n:Canary",
        "toString(",
        "size(",
        "coalesce(",
        "labels(n)",
        "keys(n)",
        "date()",
        "//",
        "/*",
        "*/",
        ";",
        "`",
        "'",
    ),
    *(
        '"',
        "\\",
        "\\u0027",
        "\\u0060",
        "\\'",
        "`a`",
        "`a``b`",
        "`) DETACH DELETE n //`",
        "') DETACH DELETE n //'",
        "\n",
    ),
]
WHOLE = st.sampled_from(
    ["n.x", "1", "'a'", '"b"', "true", "null", "n.name", "n['x']", "n.`a``b`", "(n)-[:R]->()", "n:Canary"]
)
FRAMES = ["({})", "NOT {}", "[{}]", "{} IS NULL", "toStringOrNull({})", "CASE WHEN {} THEN 1 END"]
FRAMES += ["COUNT {{ MATCH (n)-[:R]->(k) WHERE {} }}", "[x IN n.list WHERE {} | x]"]
OPERATORS = st.sampled_from(["+", "=", "AND", "OR", "IN", "<", "STARTS WITH", "=~"])


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """An expression of expressions."""
    framed = st.tuples(st.sampled_from(FRAMES), inner).map(lambda drawn: drawn[0].format(drawn[1]))
    return st.tuples(inner, OPERATORS, inner).map(" ".join) | framed


SPOILT = st.tuples(
    st.recursive(WHOLE, larger, max_leaves=5), st.lists(st.sampled_from(PARTS), max_size=2), st.randoms()
)
SOUPS = st.lists(st.sampled_from(PARTS), min_size=1, max_size=7).map("".join) | SPOILT.map(
    lambda drawn: spoilt(drawn[0].split(" "), drawn[1], drawn[2])
)


def spoilt(tokens: list[str], parts: list[str], random: Any) -> str:
    """Something put between the tokens of an expression."""
    for part in parts:
        tokens.insert(random.randrange(len(tokens) + 1), part)
    return " ".join(tokens)


def test_whatever_passes_as_an_expression_changes_nothing(foreign: BoltStore) -> None:
    """Soups of tokens: what is not refused is run where a map's would be, in a session that may write."""
    run(foreign, "CREATE (:Canary {x: 1, name: 'a'})-[:R]->(:Canary {x: 'b'})")
    before = content(foreign)
    ran: set[str] = set()

    @settings(max_examples=2_000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(SOUPS)
    def pour(soup: str) -> None:
        try:
            expressions.check(soup, {"n"})
        except ValueError:
            return
        ran.add(soup)

    pour()
    assert len(ran) > 100
    understood = 0
    for soup in sorted(ran)[:: len(ran) // 150 + 1]:
        try:
            run(foreign, f"MATCH (n:Canary) WHERE ({soup}) = true RETURN count(n) AS n")
            understood += 1
        except GraphError:  # what the server does not understand or cannot compute
            continue
    assert content(foreign) == before
    assert understood > 20


def test_somebody_whose_edges_would_be_called_as_ours_is_asked_to_rename_them(
    foreign: BoltStore, neo4j_url: str, tmp_path: Path, map_of: Map
) -> None:
    run(foreign, MOVIES)
    adopt(map_of(MOVIES_MAP), neo4j_url, work=tmp_path)
    run(foreign, "MATCH (p:Person {name: 'Paul'}), (m:Movie {title: 'Speed'}) CREATE (p)-[:TG_LIKED]->(m)")
    mine = "CREATE CONSTRAINT tg_event_disliked FOR (n:Mine) REQUIRE n.x IS UNIQUE"
    run(foreign, mine)
    try:
        with open_store(neo4j_url, work=tmp_path) as store:
            with pytest.raises(StoreError, match="relations TG_LIKED of its owner's"):
                write_event(store, Interaction("Paul", "Speed", "LIKED", "e1"))
            with pytest.raises(StoreError, match="index tg_event_disliked of its owner's"):
                write_event(store, Interaction("Paul", "Speed", "DISLIKED", "e1"))
    finally:
        run(foreign, "DROP CONSTRAINT tg_event_disliked")
    assert adopted.release(neo4j_url, work=tmp_path)["nodes"]
    assert foreign.read("MATCH (:Person {name: 'Paul'})-[r:TG_LIKED]->() RETURN count(r) AS n") == [{"n": 1}]
