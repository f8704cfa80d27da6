"""What is kept of sources: by every verb, with what is typed in place of it, and without anybody's cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from kg.errors import ReadError
from recommender import Recommender
from recommender.cli.app import app
from recommender.errors import InvalidInput
from tests.running import RUN

pytestmark = pytest.mark.embedded


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with Recommender.open(tmp_path / "store", run=RUN) as recommender:
        yield recommender


def sources(store: Recommender) -> list[tuple[Any, ...]]:
    """Those of which it is known how they were read."""
    listed = store.status()["sources"]
    return [(own["name"], own["verb"], own["columns"], own["read"]) for own in listed if own["columns"]]


def test_every_verb_leaves_its_source(store: Recommender, tmp_path: Path) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "x.inter").write_text("user_id:token\titem_id:token\nann\ta\n")
    (tmp_path / "l.txt").write_text("1 10 11\n2 10\n")
    (tmp_path / "r.json").write_text('{"reviewerID": "ann", "asin": "a", "overall": 5}\n')
    (tmp_path / "kg.csv").write_text("h;r;t\na;R;b\n")
    (tmp_path / "e.csv").write_text("wer;was\nann;a\n")
    (tmp_path / "s.toml").write_text(
        '[[table]]\nfiles = ["e.csv"]\nmap = { user = "wer", item = "was" }\nkind = "BOUGHT"\n'
    )
    store.ingest(recbole=folder, kind="TRIED", missing={"item_id": "x"})
    store.ingest(lists=tmp_path / "l.txt", kind="LIKED")
    store.ingest(amazon=tmp_path / "r.json")
    store.ingest(triples=tmp_path / "kg.csv", delimiter=";")
    store.ingest(source=tmp_path / "s.toml")
    assert sources(store) == [
        ("e.csv", "events", ["was", "wer"], {"map": {"user": "wer", "item": "was"}, "kind": "BOUGHT"}),
        ("kg.csv", "triples", ["h", "r", "t"], {"delimiter": ";"}),
        ("l.txt", "lists", ["item", "user"], {"kind": "LIKED"}),
        ("r.json", "amazon-reviews", ["asin", "overall", "reviewerID"], {}),
        ("x", "recbole", ["item_id", "user_id"], {"kind": "TRIED", "missing": {"item_id": ["x"]}}),
    ]
    listed = {own["name"]: (own["part_of"], own["brought"]) for own in store.status()["sources"]}
    assert listed["e.csv"] == ("source:s.toml", None)
    assert listed["s.toml"] == (None, 1)
    assert listed["l.txt"] == (None, 3)
    with pytest.raises(InvalidInput, match=r"e\.csv was read as part of source:s\.toml.*undo that"):
        store.undo("e.csv")
    (tmp_path / "next.csv").write_text("wer;was\nbob;b\n")
    store.ingest(tmp_path / "next.csv")
    kinds = store.cypher("MATCH (u:User {id: 'bob'})-[r]->(:Item) RETURN type(r) AS kind").rows
    assert [row[0] for row in kinds] == ["BOUGHT"], "as the document said of files of these columns"


def test_joins_are_looked_for_where_they_lay_beside_the_file(
    store: Recommender, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for month in ("may", "june"):
        (tmp_path / month).mkdir()
        (tmp_path / month / "skus.csv").write_text("nr,sku\n1,A\n2,B\n")
    (tmp_path / "may" / "orders.csv").write_text("user,line\nann,1\n")
    (tmp_path / "june" / "orders.csv").write_text("user,line\nbob,2\n")
    store.ingest(
        tmp_path / "may" / "orders.csv", mapping={"item": "sku"}, join=f"{tmp_path / 'may' / 'skus.csv'}:line=nr"
    )
    with caplog.at_level("INFO"):
        store.ingest(tmp_path / "june" / "orders.csv")
    assert "read as orders.csv was, which has the same columns" in caplog.text
    assert "join=('skus.csv:line=nr',)" in caplog.text
    rows = store.cypher("MATCH (u:User)-[r]->(i:Item) RETURN u.id AS u, i.id AS i ORDER BY u").rows
    assert [tuple(row) for row in rows] == [("ann", "A"), ("bob", "B")]
    (tmp_path / "june" / "skus.csv").unlink()
    with pytest.raises(ReadError, match=r"is not there, and files of these columns are joined with skus\.csv:line=nr"):
        store.ingest(tmp_path / "june" / "orders.csv")


def test_what_is_typed_with_its_default_wins_and_anew_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("user;item;rating\nann;a;4,5\n")
    (tmp_path / "b.csv").write_text("user;item;rating\nbob;a;4.5\n")

    def ingest(name: str, *options: str) -> str:
        done = CliRunner().invoke(
            app,
            [
                "--store",
                str(tmp_path / "s"),
                "ingest",
                "events",
                str(tmp_path / name),
                *options,
                "--rejects",
                str(tmp_path / "r"),
            ],
        )
        return done.stdout.splitlines()[0]

    assert ingest("a.csv", "--decimal", ",") == "1 stored, 0 known before, 0 rejected"
    assert ingest("b.csv", "--dry-run", "--anew") == "1 would be stored, 0 known before, 0 rejected"
    assert ingest("b.csv", "--decimal", ".") == "1 stored, 0 known before, 0 rejected"
    with Recommender.open(tmp_path / "s", run=RUN) as recommender:
        rows = recommender.cypher("MATCH (:User)-[r]->(:Item) RETURN r.value AS v ORDER BY v").rows
        assert [row[0] for row in rows] == [4.5, 4.5]
        assert sources(recommender) == [("b.csv", "events", ["item", "rating", "user"], {})]


@pytest.mark.parametrize("column", ["user", "email"])
@pytest.mark.parametrize("name", ["drop", "keep", "words", "values", "missing"])
def test_no_cell_of_anybody_is_kept(name: str, column: str, store: Recommender, tmp_path: Path) -> None:
    """Whether the column is named as that of people, or known by its name."""
    (tmp_path / "a.csv").write_text("user,email,item\nzoe,zoe@x.org,a\nann,ann@x.org,b\n")
    cell = "zoe" if column == "user" else "zoe@x.org"
    value: Any = {"words": {column: {cell: "Zoe-Word"}}, "values": {column: {cell: 77.0}}}.get(name, {column: [cell]})
    if (name, column) == ("missing", "user"):
        value = {column: ["zoe@x.org"]}
    store.ingest(tmp_path / "a.csv", **{name: value})
    kept = repr(store.store.read("MATCH (s:Schema) RETURN properties(s) AS all"))
    assert "zoe" not in kept.lower()
    assert "77" not in kept


def test_codes_of_other_columns_are_kept(store: Recommender, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("user,item,state\nann,a,done\nNOBODY,b,done\n")
    store.ingest(tmp_path / "a.csv", drop={"state": "open"}, missing={"user": "NOBODY"}, rejects=tmp_path / "r")
    assert sources(store)[0][3] == {"missing": {"user": ["NOBODY"]}, "drop": {"state": ["open"]}}


def test_a_backup_a_restore_and_a_copy_keep_sources(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("wer;was\nann;a\n")
    run = CliRunner()

    def done(*command: str) -> None:
        result = run.invoke(app, ["-q", *command])
        assert result.exit_code == 0, result.stderr

    done("--store", str(tmp_path / "s"), "ingest", "events", str(tmp_path / "a.csv"), "--map", "user=wer,item=was")
    done("--store", str(tmp_path / "s"), "backup", str(tmp_path / "b"))
    done("--store", str(tmp_path / "restored"), "restore", str(tmp_path / "b"))
    done("copy", str(tmp_path / "restored"), str(tmp_path / "copied"))
    found = []
    for name in ("s", "restored", "copied"):
        with Recommender.open(tmp_path / name, run=RUN) as recommender:
            found.append(sources(recommender))
    assert found[0] == [("a.csv", "events", ["was", "wer"], {"map": {"user": "wer", "item": "was"}})]
    assert found == found[:1] * 3
