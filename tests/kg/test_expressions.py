"""Cypher of somebody else's: what is taken, and what is refused with its place."""

from __future__ import annotations

import pytest

from kg import expressions

READS = [
    "n.active",
    "EXISTS { (n)-[:REVIEWED]->() }",
    "n.born > 0 AND NOT n.name STARTS WITH 'x' OR n.tag IN ['a', \"b\"]",
    "toFloat(replace(o.price, ',', '.')) * 1.5e2",
    "CASE WHEN n.a THEN 1 WHEN n.b THEN 2 ELSE 3 END",
    "CASE n.kind WHEN 1, 2 THEN 'few' END",
    "[x IN n.tags WHERE x <> 'a' | toUpper(x)][0]",
    "[x IN n.list WHERE x:A | 1]",
    "size([(n)-[:R]->(m:M) WHERE m.x > 1 | m.y]) > 2",
    "n:A|B AND (n)-[:X]->(:Y {z: 1})",
    "n:(A|B)&!C",
    "any(x IN n.l WHERE x = 'q') OR none(x IN n.l WHERE x = n.m)",
    "COUNT { MATCH (n)-[r:R*1..3]->(m:Z) WHERE m.x = n.y } > 2",
    "head(COLLECT { MATCH (n)-->(m) RETURN DISTINCT m.x })",
    "(n.a - (n.b))-(n.c) <= -n.x ^ 2",
    "n.`we``ird name` = n['k'] AND n.l[1..] = n.l[..2]",
    "date.truncate('day', n.d) < date() OR n.x IS NOT NULL",
    "point.distance(n.p, point({x: 1, y: 2})) % 5 = 1",
    "n.größe =~ '[0-9]+.*'",
    "n.text = 'CALL db.labels() // \\' DETACH DELETE n'",
]


@pytest.mark.parametrize("text", READS)
def test_what_reads_is_taken(text: str) -> None:
    expressions.check(text, {"n", "o"})


REFUSED = [
    ("", "the end cannot stand there"),
    ("n.x) DETACH DELETE n WITH (1", r"'\)' at character 3 closes nothing"),
    ("n.x DETACH DELETE n", "'DETACH' at character 4"),
    ("n.x // and", "'//' at character 4"),
    ("n.x /* and */", r"'/\*' at character 4"),
    ("n.x; MATCH (m) DELETE m", "'; ' at character 3"),
    ("n.x, n.y", "',' at character 3"),
    ("n.x = $password", "'\\$p' at character 6"),
    ("m.x", "'m' at character 0 is no name .* there is n"),
    ("nn.x", "did you mean 'n'"),
    ("apoc.util.sleep(100000)", r"apoc.util.sleep\(\) at character 0 is no function"),
    ("size(range(1, 2000000000)) > 1", r"range\(\) at character 5 is no function"),
    ("reduce(s = 'x', i IN n.l | s + s)", r"reduce\(\) at character 0 is no function .*did you mean replace"),
    ("rand() < 0.5", "rand"),
    ("`toString`(n.x)", "'toString' at character 0 is no name"),
    ("`n`(n.x)", r"'\(' at character 3"),
    ("EXISTS { CALL { CREATE (:X) } }", "'CALL' at character 9"),
    ("EXISTS { MATCH (n)-->(m) SET m.x = 1 }", "'SET' at character 25"),
    ("COUNT { MATCH (n)-->(m) CALL db.labels() YIELD label RETURN 1 }", "'CALL' at character 24"),
    ("COLLECT { MATCH (m) DELETE m RETURN 1 }", "'DELETE' at character 20"),
    ("COLLECT { MATCH (m) RETURN m.x UNION MATCH (k) RETURN k.x }", "'UNION' at character 31"),
    ("n.x = '\\u0027 + n.y", r"holds \\u"),
    ("n.`\\u0060) DETACH DELETE n //`", r"holds \\u"),
    ("'\\\\u0027'", r"holds \\u"),
    ("n.x = 'open", "cannot stand there"),
    ("n.`open", "cannot stand there"),
    ("(" * 50 + "n.x" + ")" * 50, "more than 40 brackets"),
    ("CASE WHEN " * 200 + "n.x", "so many expressions"),
    ("n.x" + " OR n.x" * 2_000, "characters long"),
    ("n.x\N{NO-BREAK SPACE}= 1", "at character 3"),
    ("n {.*}", r"'\{' at character 2"),
    ("(tg_x)-[:R]->(n)", "names that begin with tg_ are taken"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[text[:30] for text, _ in REFUSED])
def test_what_does_more_or_is_not_one_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        expressions.check(text, {"n"})


def test_a_pattern_says_what_it_names() -> None:
    found = expressions.pattern_of(
        "(person)<-[x:A|B*1..3 {a: 1} WHERE x.b > person.q]-(item:`ship's`), (item)-[:C]->(z WHERE z.a IS NULL)"
    )
    assert (found.nodes, found.edges, found.direct) == ({"person", "item", "z"}, {"x"}, None)
    assert expressions.pattern_of("(item)<-[r:`RATED`]-(person)").direct == ([], [], ["RATED"])


def test_names_with_vowel_signs_need_no_backticks() -> None:
    found = expressions.pattern_of("(person)-[:निर्देशक]->(x:कि)-[l:OF {की: false}]->(item)")
    assert found == expressions.pattern_of("(person)-[:`निर्देशक`]->(x:`कि`)-[l:OF {`की`: false}]->(item)")
    expressions.check("n.ผู้กำกับ = 'กิ' AND n.e\u0301t\u0301 > 1", {"n"})


@pytest.mark.parametrize(
    "text",
    [
        "(person)-[:R]->(item) DELETE person",
        "(person)-[:R]->(item) WHERE true",
        "(person)-[:R]->(item) RETURN 1 AS one UNION MATCH (x) RETURN x",
        "p = (person)--(item)",
        "shortestPath((person)--(item))",
        "(person)-[:R]->(item",
        "(person)-[:R {x: $y}]->(item)",
        "(person)-[:R {x: apoc.util.sleep(1)}]->(item)",
        "person",
        "",
    ],
)
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"cannot stand there|is no function|not closed"):
        expressions.pattern_of(text)
