"""Source documents: what they say is read so, and what they say wrongly is named."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from kg.errors import ReadError, TooMuch
from recommender.errors import InvalidInput
from recommender.sources.document import Source, Table, read_source
from tests.recommender.sources.facts import facts

SHOP = """
name = "shop"

[[table]]
files = ["orders-*.csv"]
map = { user = "customer|session", item = "sku", at = "date+time", value = "quantity" }
kind = "PURCHASED"
delimiter = ";"
encoding = "latin-1"
decimal = ","
missing = { customer = ["0"] }
drop = { status = ["cancelled"] }

[[table]]
files = ["products.csv"]
verb = "items"
id = "sku"
title = "name"
attributes = ["makers.title:MADE_BY=maker"]
properties = ["price"]
decimal = ","
delimiter = ";"
join = ["makers.csv:maker"]

[kinds.PURCHASED]
meaning = "count"
weight = 0.9
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for name, text in {
        "orders-1.csv": "customer;session;sku;date;time;quantity;status\n7;s1;A;2024-05-01;10:00;1,5;paid\n",
        "orders-2.csv": "customer;session;sku;date;time;quantity;status\n0;s2;A;2024-05-02;11:30;2;paid\n"
        "8;s3;A;2024-05-02;11:31;2;cancelled\n",
        "products.csv": "sku;name;price;maker\nA;Süß;2,50;m\n",
        "makers.csv": "maker,title\nm,Möller\n",
    }.items():
        (tmp_path / name).write_text(text, encoding="latin-1" if name.startswith("orders") else "utf-8")
    (tmp_path / "shop.toml").write_text(SHOP)
    return tmp_path


def test_every_fact_of_a_shop(shop: Path) -> None:
    assert facts(read_source(shop / "shop.toml").records(shop)) == [
        ("kind", "PURCHASED", None, "count", 0.9),
        ("event", "7", "A", "PURCHASED", 1.5, "2024-05-01 10:00:00"),
        ("event", "s2", "A", "PURCHASED", 2.0, "2024-05-02 11:30:00"),
        ("item", "A", "Süß", None, {"price": 2.5}, ["MADE_BY maker Möller"]),
    ]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (
            "delimiter =",
            "delimeter =",
            r"shop\.toml, line 8: table: there is no key 'delimeter'; there are files, verb.*; is it delimiter\?",
        ),
        ('verb = "items"', 'verb = "item"', r"line 16: table: verb = 'item' is not"),
        ("weight = 0.9", 'weight = "much"', r"line 27: kinds\.PURCHASED: weight = 'much' is not float"),
    ],
)
def test_what_is_wrong_is_named_by_its_key(shop: Path, before: str, after: str, says: str) -> None:
    (shop / "shop.toml").write_text(SHOP.replace(before, after, 1))
    with pytest.raises(InvalidInput, match=says):
        read_source(shop / "shop.toml")


def test_a_role_that_no_event_has_is_named(shop: Path) -> None:
    (shop / "shop.toml").write_text(SHOP.replace("value =", "values ="))
    with pytest.raises(InvalidInput, match="map: there is no 'values'; there are user, item"):
        list(read_source(shop / "shop.toml").records(shop))


@pytest.mark.parametrize(
    ("missing", "says"),
    [("products.csv", "has no file 'products.csv'; there is makers.csv"), ("makers.csv", "has no file 'makers.csv'")],
)
def test_a_file_that_is_not_there_is_named_with_those_that_are(shop: Path, missing: str, says: str) -> None:
    (shop / missing).unlink()
    with pytest.raises(ReadError, match=says):
        list(read_source(shop / "shop.toml").records(shop))


def test_a_join_of_another_form_is_named(shop: Path) -> None:
    (shop / "shop.toml").write_text(SHOP.replace("makers.csv:maker", "makers.csv"))
    with pytest.raises(InvalidInput, match=r"shop\.toml, line 23: table: join: .*is not FILE:COLUMN"):
        read_source(shop / "shop.toml")


def test_a_source_needs_a_table() -> None:
    with pytest.raises(InvalidInput, match=r"a source needs a \[\[table\]\]"):
        Source(())


def test_parts_of_a_table_a_property_a_row_are_one(tmp_path: Path) -> None:
    """The newest wins, in whichever file it stands."""
    (tmp_path / "p1.csv").write_text("i,p,v,t\n1,size,9,2024-05-03\n2,size,1,2024-05-01\n")
    (tmp_path / "p2.csv").write_text("i,p,v,t\n1,size,4,2024-05-02\n2,size,2,2024-05-02\n")
    text = (
        '[[table]]\nfiles = ["p*.csv"]\nverb = "items"\nid = "i"\nproperties = ["size"]\nlong = ["i", "p", "v", "t"]\n'
    )
    (tmp_path / "s.toml").write_text(text + "together = true\n")
    assert facts(read_source(tmp_path / "s.toml").records(tmp_path)) == [
        ("item", "1", None, None, {"size": 9}),
        ("item", "2", None, None, {"size": 2}),
    ]


@pytest.mark.parametrize("outside", ["/etc/passwd", "../secret.csv", "/secret.csv"])
@pytest.mark.parametrize("key", ["files", "link", "join"])
def test_a_document_reads_nothing_outside_its_folder(key: str, outside: str, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("user,item\nann,a\n")
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "kg.csv").write_text("head,relation,tail\na,B,c\n")
    table = {
        "files": Table((outside,)),
        "link": Table(("kg.csv",), "triples", link=outside),
        "join": Table(("kg.csv",), "items", id="head", join=(f"{outside}:head=user",)),
    }[key]
    with pytest.raises(ReadError, match="has no file"):
        list(Source((table,)).records(folder))


def test_an_archive_of_names_without_end_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "deep.zip", "w") as archive:
        archive.writestr("b/" * 5_000 + "a.csv", "user,item\nann,a\n")
    with pytest.raises(TooMuch, match="a member's name has over"):
        list(Source((Table(("*.csv",)),)).records(tmp_path / "deep.zip"))
