"""Well-known data sets that have no recipe, read by options alone; each fact of the samples by hand."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from recommender import Recommender
from recommender.cli.app import app
from tests.recommender.sources.test_data_sets import COMMANDS, SAMPLES
from tests.running import RUN

pytestmark = pytest.mark.embedded

EVENTS = """
MATCH (u:User)-[e]->(i:Item) WHERE e.event_id IS NOT NULL
RETURN u.id AS user, i.id AS item, type(e) AS kind, e.value AS value, left(toString(e.at), 19) AS at ORDER BY user, item
"""
ENTITIES = (
    "MATCH (i:Item)-[r]->(e:Entity) RETURN i.id AS item, type(r) AS relation, e.id AS entity ORDER BY item, entity"
)
KINDS = "MATCH (k:EventKind) RETURN k.id AS kind, k.minimum AS minimum, k.maximum AS maximum, k.unrated AS unrated"
ITEMS = "MATCH (i:Item) WHERE i.title IS NOT NULL RETURN i.id AS item, i.title AS title, i.text AS text ORDER BY item"


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the page's commands of one folder, and give what the graph holds, by query."""

    def call(folder: str, *queries: str) -> list[list[tuple[Any, ...]]]:
        monkeypatch.chdir(SAMPLES)
        commands = [command for command in COMMANDS if f" {folder}/" in command]
        assert commands
        for command in commands:
            done = CliRunner().invoke(app, ["--store", str(tmp_path / "store"), "-q", *shlex.split(command)[1:]])
            assert done.exit_code == 0, done.stderr
        with Recommender.open(tmp_path / "store", run=RUN) as recommender:
            return [[tuple(row) for row in recommender.cypher(query).rows] for query in queries]

    return call


def test_epinions_has_neither_header_nor_one_blank_only(stored: Any) -> None:
    assert stored("epinions", EVENTS, KINDS) == [
        [
            ("22605", "100", "RATED", 5.0, None),
            ("22605", "101", "RATED", 1.0, None),
            ("42915", "100", "RATED", 4.0, None),
        ],
        [("RATED", 1.0, 5.0, None)],
    ]


def test_jester_has_empty_columns_and_a_code(stored: Any) -> None:
    assert stored("jester", EVENTS, KINDS) == [
        [
            ("1", "5", "RATED", 0.219, None),
            ("1", "7", "RATED", -9.281, None),
            ("2", "5", "RATED", 99.0, None),
        ],
        [("RATED", -10.0, 10.0, "99")],
    ]


def test_filmtrust_rates_in_halves(stored: Any) -> None:
    assert stored("filmtrust", EVENTS) == [
        [("1", "1", "RATED", 2.0, None), ("1", "2", "RATED", 4.0, None), ("2", "1", "RATED", 3.5, None)]
    ]


def test_taobao_abbreviates_what_people_did(stored: Any) -> None:
    assert stored("taobao", EVENTS, ENTITIES) == [
        [
            ("1", "2268318", "VIEWED", None, "2017-11-24T17:21:10"),
            ("1", "2333346", "PURCHASED", None, "2017-11-24T22:15:33"),
            ("100", "2268318", "CART", None, "2017-11-25T01:21:25"),
            ("100", "3827899", "FAVOURITE", None, "2017-11-25T07:04:53"),
        ],
        [
            ("2268318", "IN_CATEGORY", "category:2520377"),
            ("2333346", "IN_CATEGORY", "category:2520771"),
            ("3827899", "IN_CATEGORY", "category:2920476"),
        ],
    ]


def test_hm_keeps_the_zeros_of_its_articles(stored: Any) -> None:
    assert stored("hm", EVENTS, ITEMS, ENTITIES) == [
        [
            ("000058a1", "0663713001", "PURCHASED", None, "2018-09-20T00:00"),
            ("00007d2d", "0505221004", "PURCHASED", None, "2018-09-21T00:00"),
        ],
        [
            ("0505221004", 'Rae "2p"', None),
            ("0663713001", "Atlanta Push Body", "Lace push-up body, with wires."),
        ],
        [
            ("0505221004", "HAS_COLOUR", "colour:Grey"),
            ("0505221004", "HAS_TYPE", "type:Sweater"),
            ("0663713001", "HAS_COLOUR", "colour:Black"),
            ("0663713001", "HAS_TYPE", "type:Underwear body"),
        ],
    ]


def test_diginetica_has_sessions_of_nobody_known(stored: Any) -> None:
    assert stored("diginetica", EVENTS) == [
        [
            ("1", "31331", "VIEWED", None, "2016-05-09T00:00"),
            ("1", "81766", "VIEWED", None, "2016-05-09T00:00"),
            ("77", "32118", "VIEWED", None, "2016-05-10T00:00"),
        ]
    ]


def test_kuairec_has_a_ratio_and_parts_of_a_second(stored: Any) -> None:
    (events,) = stored("kuairec", EVENTS)
    assert events == [
        ("14", "148", "WATCHED", 0.722103, "2020-07-04T21:27:48"),
        ("14", "183", "WATCHED", 1.907377, "2020-07-04T21:28:00"),
    ]


def test_food_com_has_lists_of_python(stored: Any) -> None:
    events, kinds, items, entities = stored("food-com", EVENTS, KINDS, ITEMS, ENTITIES)
    assert events == [
        ("38094", "40893", "RATED", 4.0, "2003-02-17T00:00"),
        ("8937", "44394", "RATED", 0.0, "2002-12-01T00:00"),
    ]
    assert kinds == [("RATED", 1.0, 5.0, "0")]
    assert items == [("40893", "winter squash", "autumn is my favorite")]
    assert entities == [
        ("40893", "HAS_INGREDIENT", "ingredient:baker's honey"),
        ("40893", "HAS_INGREDIENT", "ingredient:squash"),
        ("40893", "TAG", "tag:60-minutes-or-less"),
        ("40893", "TAG", "tag:healthy, quick"),
    ]


def test_joins_members_codes_and_rows_to_keep_are_options(tmp_path: Path) -> None:
    (tmp_path / "orders.jsonl").write_text(
        '{"who": 1, "state": "done", "how": 0, "lines": [{"nr": 1}, {"nr": 2}]}\n'
        '{"who": 1, "state": "open", "how": 0, "lines": [{"nr": 2}]}\n'
        '{"who": 2, "state": "done", "how": 3, "lines": [{"nr": 2}, {"nr": 9}]}\n'
    )
    (tmp_path / "skus.csv").write_text("number,sku\n1,A\n2,B\n")
    command = (
        f"events {tmp_path}/orders.jsonl --each lines --join {tmp_path}/skus.csv:lines.nr=number --keep state=done "
        "--map user=who,item=sku,kind=how --words how:0=VIEWED,3=PURCHASED"
    )
    done = CliRunner().invoke(
        app,
        ["--store", str(tmp_path / "store"), "-q", "ingest", *shlex.split(command), "--rejects", str(tmp_path / "r")],
    )
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[0] == "3 stored, 0 known before, 1 rejected"
    with Recommender.open(tmp_path / "store", run=RUN) as recommender:
        rows = [tuple(row)[:3] for row in recommender.cypher(EVENTS).rows]
    assert rows == [("1", "A", "VIEWED"), ("1", "B", "VIEWED"), ("2", "B", "PURCHASED")]
