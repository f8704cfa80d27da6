"""What a text of Cypher calls is found however it is written, and what only looks like a call is none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg import queries
from kg.allowed import DEEPEST, FUNCTIONS, LONGEST, PROCEDURES, check
from kg.errors import QueryFailed, QueryRefused

CALLS_NOTHING = [
    "RETURN 'apoc.util.sleep(3)' AS x, \"db.stats.status()\" AS y, 'it\\'s (' AS z",
    "RETURN 'C:\\\\users' AS path, '\\u00e9\\n' AS text",
    "MATCH (`apoc.util.sleep`:User) RETURN `apoc.util.sleep`.name // apoc.util.sleep(3)",
    "MATCH (n:User) USING INDEX n:User(id) WHERE n.id = 'a' RETURN n",
    "MATCH (n:User) USING TEXT INDEX SEEK n:User(id) WHERE n.id = 'a' RETURN n",
    "MATCH (show:Item) WHERE show.title IS NOT NULL RETURN show ORDER BY show DESC LIMIT 1",
    "MATCH (call:Call) RETURN call.name, call AS call, $call AS again",
    "RETURN 1 AS use, 2 AS load",
    "WITH 1 AS use RETURN use AS x, [use IN [1] WHERE use IN [2] | use], CASE use WHEN 1 THEN use END",
    "MATCH (use)-->(show) WHERE use.x AND show CONTAINS 'x' RETURN DISTINCT show LIMIT 1",
    "WITH 1 AS call MATCH (n) WHERE call IN n.list RETURN call ORDER BY call",
    "SHOW RELATIONSHIP UNIQUENESS CONSTRAINTS YIELD name",
    "SHOW VECTOR INDEX",
    "SHOW ALL INDEXES YIELD name RETURN name",
    "SHOW RELATIONSHIP KEY CONSTRAINTS",
    "MATCH p = SHORTEST 2 PATHS (a)-->+(b) WHERE NOT (a)--(b) AND (a:User OR (b.x IN (1))) RETURN p",
    "CALL { MATCH (n) RETURN n } CALL (n) { RETURN 1 AS one } RETURN COUNT { (n)--() }, count(*), [1, 2][0..size([1])]",
    "EXPLAIN CALL db.labels() YIELD label RETURN Point . `distance`(point({x: 1, y: 2}), $p) AS d, 1e5, 0x1F",
    "CALL db . /* of the graph */ labels",
    "RETURN reduce(s = 0, x IN range(1, 3) | s + x) AS sum, any(x IN [1] WHERE x > 0) AS some",
    "MATCH (n) WHERE n:$any(['User']) RETURN n",
]
REFUSED = {
    "RETURN apoc.util.sleep(3)": "the function apoc.util.sleep is on no list",
    "RETURN Apoc . util/* ( */.\n`sleep` // (\n (3)": "apoc.util.sleep",
    "RETURN `apoc.util.sleep`(3)": "apoc.util.sleep",
    "RETURN {when: apoc.util.sleep(3)}": "apoc.util.sleep",
    "MATCH (n {at: [x IN [1] | apoc.util.sleep(x)][0]}) RETURN n": "apoc.util.sleep",
    "RETURN [1][0].sleep(3)": "the function .sleep",
    "RETURN file(), 1": "the function file",
    "CALL db.stats.status": "the procedure db.stats.status is on no list",
    "RETURN 1 AS `.` CALL db.stats.collect('QUERIES')": "db.stats.collect",
    "CALL `db` .`resampleIndex` ('x')": "db.resampleindex",
    "OPTIONAL CALL db.prepareForReplanning()": "db.prepareforreplanning",
    "CALL { CALL dbms.listConfig() YIELD name RETURN name } RETURN name": "dbms.listconfig",
    "RETURN 1 AS x UNION CALL db.stats.status() YIELD section AS x RETURN x": "db.stats.status",
    "SHOW SETTINGS": "SHOW SETTINGS tells what is the server's",
    "PROFILE SHOW /* INDEXES */ TRANSACTIONS YIELD *": "SHOW TRANSACTIONS",
    "CYPHER runtime = slotted SHOW USERS": "SHOW USERS",
    "SHOW ALL ROLES": "SHOW ALL ROLES",
    "SHOW `USERS`": "SHOW `USERS`",
    "SHOW INDEXES YIELD name SHOW TRANSACTIONS YIELD metaData RETURN metaData": "SHOW TRANSACTIONS",
    "CALL path.expand": "the procedure path.expand is on no list",
    "CALL merge.node YIELD x RETURN x": "the procedure merge.node",
    "CALL set . x": "the procedure set.x",
    "MATCH (n) CALL `group`.x": "the procedure group.x",
    "USE group MATCH (n) RETURN n": "USE is no part",
    "USE set": "USE is no part",
    "RETURN 1 AS x UNION USE path MATCH (n) RETURN n AS x": "USE is no part",
    "RETURN 1 AS x UNION DISTINCT USE path MATCH (n) RETURN n AS x": "USE is no part",
    "CALL { USE group MATCH (n) RETURN n } RETURN n": "USE is no part",
    "EXPLAIN USE group RETURN 1": "USE is no part",
    "MATCH (n) USE group RETURN n": "USE is no part",
    "SHOW DATABASE indexes": "SHOW DATABASE tells",
    "SHOW USER index PRIVILEGES": "SHOW USER tells",
    "SHOW SETTING index": "SHOW SETTING tells",
    "SHOW ALL ROLES WITH USERS": "SHOW ALL ROLES tells",
    "SHOW `INDEXES`": "SHOW `INDEXES` tells",
    "SHOW ALL": "SHOW ALL tells",
    "SHOW GROUP indexes": "SHOW GROUP tells",
    "USE system MATCH (n) RETURN n": "USE is no part",
    "CALL { USE graph.byName('system') MATCH (n) RETURN n } RETURN n": "graph.byname",
    "RETURN \\u0061bs(-1)": "'\\\\\\\\' at character 8 is no Cypher",
    "RETURN `a\\u0060`": "a backslash that engines read in different ways",
    "RETURN '\\u0027, apoc.util.sleep(3) // '": "a backslash that engines read",
    "RETURN '\\u005c' AS x": "a backslash that engines read",
    "RETURN '\\uu0027' AS x": "a backslash that engines read",
    "// \\u000a CALL db.stats.status()\nRETURN 1": "a backslash that engines read",
    "RETURN '\\\\\\u0027 + apoc.util.sleep(3) + '": "a backslash that engines read",
    "RETURN " + "(" * (DEEPEST + 1) + "1" + ")" * (DEEPEST + 1): "within more than 200 brackets",
    "RETURN '" + "x" * LONGEST + "'": "give data as parameters",
    "RETURN 'open": "what begins at character 8 is not closed",
    "RETURN 1 /* open": "what begins at character 10 is not closed",
    "RETURN abs\u00ad(1)": "is no Cypher outside",
}


@pytest.mark.parametrize("text", [*CALLS_NOTHING, *(query.text for query in queries.catalogue())])
def test_what_only_reads_passes(text: str) -> None:
    check(text)


def test_names_with_marks_stand_between_backticks() -> None:
    text = "MATCH (i)-[:निर्देशक]->(e) WHERE i.anne\u0301e = 'कि' /* की */ RETURN e.`का` AS ผู้"
    wanted = "MATCH (i)-[:`निर्देशक`]->(e) WHERE i.année = 'कि' /* की */ RETURN e.`का` AS `ผู้`"
    assert check(text) == wanted
    assert check(wanted) == wanted
    with pytest.raises(QueryRefused, match="is on no list"):
        check("RETURN abs\u0301(1)")


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:40])
def test_what_is_on_no_list_is_refused_by_name(text: str) -> None:
    with pytest.raises((QueryRefused, QueryFailed)) as refusal:
        check(text)
    assert REFUSED[text].replace("\\\\", "\\") in str(refusal.value)


SPACE = st.lists(st.sampled_from([" ", "\n", "\t", "\u00a0", "/* ( ' */", "// `\n", "/**/"]), max_size=3).map("".join)


@given(data=st.data(), forbidden=st.sampled_from(["apoc.util.sleep", "util.sleep", "Db.Stats.Status", "file"]))
def test_no_spelling_of_a_name_hides_it(data: st.DataObject, forbidden: str) -> None:
    parts = [data.draw(st.sampled_from([part, f"`{part}`", part.upper()])) for part in forbidden.split(".")]
    spelled = ".".join(data.draw(SPACE) + part + data.draw(SPACE) for part in parts)
    before = data.draw(
        st.sampled_from(["RETURN", "RETURN '`\\'' +", "WITH 1 AS `)` RETURN `)` +", "CALL", "RETURN NOT"])
    )
    with pytest.raises(QueryRefused, match=re.escape(forbidden.lower())):
        check(f"{before} {spelled}{data.draw(SPACE)}(3)")


@given(st.text(alphabet="ab.`'\"\\/*()u0027[]{}$ \n", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        check(text)
    except (QueryRefused, QueryFailed):
        return


def test_names_of_the_lists_are_in_small_letters() -> None:
    assert all(name == name.lower() for name in FUNCTIONS | PROCEDURES)
