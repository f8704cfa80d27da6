"""Maps as they are given: each mistake is said with its table and key."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kg import expressions
from kg.adoption import Adoption
from kg.errors import ReadError

MAP = """attributes = ["PART_OF"]
[person]
label = "Customer"
id = "id"
[item]
label = "Product"
id = "id"
[[entity]]
label = "Shelf"
id = "id"
[[event]]
type = "RATED"
value = "stars"
scale = [1, 5]
[[event]]
kind = "BOUGHT"
pattern = "(person)-[:TOOK]->(o:Order)-[l:OF]->(item)"
id = "o.n"
at = "o.day"
text = "l.`the ``text`"
[review]
pattern = "(person)-[:LEFT]->(review:Note)-[:ABOUT]->(item)"
text = "body"
"""

WRONG = [
    ("[1, 5]", "[5, 1]", r"\[\[event\]\] 1: scale must be two numbers, the lower first.*\[5, 1\]"),
    ("[1, 5]", "[nan, inf]", r"\[\[event\]\] 1: scale must be two numbers"),
    ("[1, 5]", '"15"', r"\[\[event\]\] 1: scale must be two numbers.*'15'"),
    ("[1, 5]", "[1, 2, 3]", r"\[\[event\]\] 1: scale"),
    ("[1, 5]", "[false, true]", r"\[\[event\]\] 1: scale"),
    ("[1, 5]", '["1", "5"]', r"\[\[event\]\] 1: scale"),
    ('["PART_OF"]', '"PART_OF"', r"attributes must be a list, such as \[\"PART_OF\"\]; it is 'PART_OF'"),
    ('["PART_OF"]', "[7]", "attributes, name 1, must be text in quotes; it is 7"),
    ('label = "Customer"', "label = 7", r"\[person\]: label must be text in quotes; it is 7"),
    ('label = "Customer"', 'label = ["Customer"]', r"\[person\]: label must be text"),
    ('label = "Customer"', 'label = " "', r"\[person\]: label is empty"),
    ('"stars"', "true", r"\[\[event\]\] 1: value must be text"),
    ('"stars"', '"stars"\nunit = 5', r"\[\[event\]\] 1: unit must be text"),
    ("[[entity]]", "[entity]", r"entity must be tables that begin with \[\[entity\]\]; it is {'label"),
    ("[person]", "[[person]]", r"\[person\] must be a table"),
    ('kind = "BOUGHT"', 'kind = "RATED"', r"\[\[event\]\] 2: RATED is counted by \[\[event\]\] 1 already"),
    (
        "(person)-[:TOOK]->(o:Order)-[l:OF]->(item)",
        "(person)-[l:RATED]->(item)",
        r"\[\[event\]\] 2: (id|pattern finds)",
    ),
    ('"o.n"', '"o.n) DETACH DELETE o //"', r"\[\[event\]\] 2: id is no expression of a map: '//'"),
    ('"o.day"', '"oo.day"', r"\[\[event\]\] 2: at is no expression of a map: 'oo' .* did you mean 'o'"),
    ("(review:Note)", "(r:Note)", r"\[review\]: pattern must hold \(person\), \(review\) and \(item\)"),
    ("-[:ABOUT]->", "-[:ABOUT]-> CALL db.labels() ", r"\[review\]: pattern is no pattern of a map"),
    ('id = "id"\n[[entity', 'id = "id"\nwhere = "n.x SET n.y = 1"\n[[entity', r"\[item\]: where is no expression"),
    ('"Shelf"', r'"Shelf\u0000"', r"\[\[entity\]\] 1: label holds a character with the code 0"),
    ("[1, 5]", "[" * 3_000 + "]" * 3_000, "deeper than a map has any|line 1"),
]


SHELF = '[[entity]]\nlabel = "Shelf"\nid = "id"\n'
USELESS = [
    (SHELF, SHELF + SHELF, r"\[\[entity\]\] 2: nodes Shelf are taken by \[\[entity\]\] 1 already"),
    (SHELF, SHELF + SHELF + "where = 'n.x'\n", r"\[\[entity\]\] 2: nodes Shelf are taken"),
    ('"stars"', '"stars"\nunit = "s"', r"\[\[event\]\] 1: unit says nothing without at"),
    ('value = "stars"\n', "", r"\[\[event\]\] 1: scale says nothing without value"),
    ('"stars"', '"stars"\nid = "n"', r"\[\[event\]\] 1: id says nothing without pattern"),
    ('"stars"', '"stars"\nkind = "RATED"', r"\[\[event\]\] 1: kind says nothing without pattern"),
    ('["PART_OF"]', '["PART_OF", "PART_OF"]', "attributes, name 2, is PART_OF again"),
    ('["PART_OF"]', '["RATED"]', r"attributes, name 1, is RATED, which \[\[event\]\] 1 has as events"),
    ("l.`the ``text`", "item.blurb", r"\[\[event\]\] 2: text and title are of the item"),
]


def read(path: Path, text: str) -> Adoption:
    path.write_text(text, encoding="utf-8")
    return Adoption.read(path)


@pytest.mark.parametrize(("old", "new", "message"), WRONG, ids=[new[:30] for _, new, _ in WRONG])
def test_a_wrong_map_names_its_table_and_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert MAP.count(old)
    with pytest.raises(ReadError, match=message):
        read(tmp_path / "map.toml", MAP.replace(old, new, 1))


def test_the_same_edges_are_not_counted_by_type_and_by_pattern(tmp_path: Path) -> None:
    twice = MAP.replace("(person)-[:TOOK]->(o:Order)-[l:OF]->(item)", "(person)-[l:RATED]->(item)")
    twice = twice.replace('id = "o.n"\nat = "o.day"\n', "")
    with pytest.raises(ReadError, match=r"\[\[event\]\] 2: pattern finds the same edges as type in \[\[event\]\] 1"):
        read(tmp_path / "map.toml", twice)
    some = twice.replace("[l:RATED]", "[l:RATED WHERE l.stars > 4]")
    assert read(tmp_path / "map.toml", some).event[1].name == "BOUGHT"


DIRECT = [
    "(person:Customer)-[:RATED]->(item:Product)",
    "(person {})-[l:RATED {}]->(item)",
    "(person)-[:RATED*1]->(item)",
    "(person)-[:RATED*..2]->(item)",
    "(person)-[:LIKED|RATED]->(item)",
    "(person)-[:LIKED|RATED]-(item)",
    "(`person`)-[`l`:`RATED`]->(item)",
    "(person)-->(item)",
    "(person)--(item)",
    "(item)<-[]-(person)",
]
INDIRECT = [
    "(item)-[l:RATED]->(person)",
    "(person)<-[l:RATED]-(item)",
    "(person:Vip)-[l:RATED]->(item)",
    "(person)-[l:RATED {stars: 5}]->(item)",
    "(person)-[l:RATED*2]->(item)",
    "(person)-[l:SEEN]->(item)",
    "(person)-[l:RATED]->(o)-[:OF]->(item)",
]
BOUGHT = """pattern = "(person)-[:TOOK]->(o:Order)-[l:OF]->(item)"
id = "o.n"
at = "o.day"
text = "l.`the ``text`"
"""


@pytest.mark.parametrize("pattern", [*DIRECT, *INDIRECT])
def test_no_spelling_of_a_pattern_hides_that_it_is_a_type(tmp_path: Path, pattern: str) -> None:
    text = MAP.replace(BOUGHT, f'pattern = "{pattern}"\n')
    if pattern in INDIRECT:
        assert read(tmp_path / "map.toml", text).event[1].pattern == pattern
        return
    with pytest.raises(ReadError, match=r"\[\[event\]\] 2: pattern finds the same edges as type in \[\[event\]\] 1"):
        read(tmp_path / "map.toml", text)


def test_one_pattern_is_one_kind(tmp_path: Path) -> None:
    again = BOUGHT.replace("-[:TOOK]->", " - [:`TOOK`] -> ")
    with pytest.raises(ReadError, match=r"\[\[event\]\] 3: pattern finds the same edges as pattern in \[\[event\]\] 2"):
        read(tmp_path / "map.toml", MAP.replace("[review]", f'[[event]]\nkind = "TAKEN"\n{again}[review]'))


@pytest.mark.parametrize("pattern", ["(person)-[:A*..2 {x: (a)-[:B]->(b)}]->(o)--(item)<-[l]-(c) , (c)-->(d)"])
def test_each_edge_of_a_pattern_is_named_and_none_of_its_conditions(pattern: str) -> None:
    named = expressions.pattern_of(pattern.replace("(a)", "(c)").replace("(b)", "(d)"))
    assert named.trail == "tg_edge0 + [tg_edge1] + [l] + [tg_edge3]"
    assert re.sub(" ", "", named.traced) == (
        "(person)-[tg_edge0:A*..2{x:(c)-[:B]->(d)}]->(o)-[tg_edge1]-(item)<-[l]-(c),(c)-[tg_edge3]->(d)"
    )


def test_what_is_well_formed_and_cannot_be_meant_is_refused_and_opens_where_it_is_kept(tmp_path: Path) -> None:
    map = read(tmp_path / "map.toml", MAP)
    for old, new, message in USELESS:
        assert MAP.count(old)
        with pytest.raises(ReadError, match=message):
            read(tmp_path / "map.toml", MAP.replace(old, new, 1))
    odd = json.loads(map.to_json())
    odd["entity"] *= 2
    assert len(Adoption.from_json(json.dumps(odd)).entity) == 2
    with pytest.raises(ValueError, match=r"\[\[entity\]\] 2: nodes Shelf are taken"):
        Adoption.from_json(json.dumps(odd)).check()


def test_a_text_may_grow_within_bounds() -> None:
    grown = "replace({}, 'a', 'aaaaaaaaaaaaaaaaaaaa')"
    for text in (
        grown.format(grown.format(grown.format("n.x"))),
        "replace(replace(replace(n.x, ',', '.'), ' ', ''), 'ß', 'ss')",
        "replace(n.x, n.y, n.z)",
    ):
        expressions.check(text, {"n"})
    for text in (
        grown.format(grown.format(grown.format(grown.format("n.x")))),
        f"head([x IN [{grown.format(grown.format('n.x'))}] | {grown.format(grown.format('x'))}])",
        "replace(replace(n.x, n.y, n.z), '', 'abc')",
    ):
        with pytest.raises(ValueError, match=r"replace\(\) in it may make a text \d+ times as long"):
            expressions.check(text, {"n"})


def test_a_mark_of_byte_order_and_line_ends_of_windows_are_read(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_bytes(b"\xef\xbb\xbf" + MAP.replace("\n", "\r\n").encode())
    assert Adoption.read(path) == read(tmp_path / "plain.toml", MAP)
    path.write_bytes(MAP.encode("utf-16"))
    with pytest.raises(ReadError, match="is not encoded in UTF-8"):
        Adoption.read(path)
    path.write_bytes(b"#" * (1 << 21))
    with pytest.raises(ReadError, match="over 1 MiB"):
        Adoption.read(path)


def test_what_is_kept_in_a_graph_is_looked_at_as_a_file_is(tmp_path: Path) -> None:
    map = read(tmp_path / "map.toml", MAP)
    assert Adoption.from_json(map.to_json()) == map
    for old, new in (("o.n", "o.n + apoc.util.sleep(9)"), ("(o:Order)", "(o:Order) DELETE o"), ('"PART_OF"', "7")):
        with pytest.raises(ValueError, match=r"no expression|no pattern|attributes"):
            Adoption.from_json(map.to_json().replace(old, new))
    for text in ("[]", "7", "null", "{", '{"person": ' + "[" * 100_000, '"\\ud800"'):
        with pytest.raises(ValueError, match=r"\w"):
            Adoption.from_json(text)
    with pytest.raises(ValueError, match="is no map"):
        Adoption.from_json(7)  # type: ignore[arg-type]
    half = json.dumps(json.loads(map.to_json()) | {"person": {"label": "\ud800", "id": "id"}})
    with pytest.raises(ValueError, match=r"\[person\]: label holds half a character"):
        Adoption.from_json(half)
