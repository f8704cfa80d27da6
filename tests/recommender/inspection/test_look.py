"""What is said of files before they are ingested: every number is planted by hand."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kg.engines import open_store
from kg.readers import AttributeColumn, EventMapping, ItemMapping
from kg.readers.form import Form
from recommender import Recommender, inspect
from recommender.context import RunContext
from recommender.inspection import kinds, pipes
from recommender.inspection.answer import FileFound
from recommender.inspection.columns import ColumnFound

ORDERS = """\
buyer_id;customer;sku;stars;when;tracking date
x;ann;007;5;2024-05-01T10:00:00Z;2024-05-02
x;bob;008;0;2024-05-03T10:00:00+02:00;2024-05-04
x;bob;008;0;2024-05-03T10:00:00+02:00;2024-05-04
x;cid;010;4;never;NA
x;eve;010;1;2150-01-01;
x;NA;011;0;;2024-05-06
"""
GOODS = """\
sku,title,brand,price
7,Lamp,Acme,3.50
8,Desk,Acme,N/A
10,Chair,Wood & Co,9
11,Chair,Wood & Co,9
11,Chair,Wood & Co,9
"""
MAPPING = EventMapping(item="sku", value="stars", at="when")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "orders.csv").write_text(ORDERS)
    (tmp_path / "goods.csv").write_text(GOODS)
    return tmp_path


def column(file: FileFound, name: str) -> ColumnFound:
    return next(own for own in file.columns if own.name == name)


def test_the_form_the_columns_and_the_rows_of_a_file(folder: Path) -> None:
    (orders,) = inspect(folder / "orders.csv", mapping=MAPPING).files
    assert orders.verb == "events"
    assert (orders.form["delimiter"], orders.form["encoding"], orders.form["quoting"]) == (";", "UTF-8", "none")
    assert orders.rows == 6
    assert orders.records + orders.rejected == 6
    assert orders.repeated == 1, "the third row is the second one again"
    assert {own.name: own.role for own in orders.columns} == {
        "buyer_id": None,
        "customer": "user",
        "sku": "item",
        "stars": "value",
        "when": "at",
        "tracking date": None,
    }
    customer = column(orders, "customer")
    assert (customer.distinct, customer.empty, customer.nothings) == (5, 0, {"NA": 1})
    assert (customer.why, column(orders, "sku").why) == ("by its name", "stated")
    stars = column(orders, "stars")
    assert (stars.distinct, stars.holds, stars.lowest, stars.highest) == (4, "numbers", 0, 5)


def test_the_times_of_a_file(folder: Path) -> None:
    found = inspect(folder / "orders.csv", mapping=MAPPING)
    times = column(found.files[0], "when").times
    assert times is not None
    assert (times.first.isoformat(), times.last.isoformat()) == (  # type: ignore[union-attr]
        "2024-05-01T10:00:00+00:00",
        "2024-05-03T08:00:00+00:00",
    )
    assert (times.form, times.zone) == ("ISO 8601", "stated")
    assert times.unread == 2, "one is no time, one none that is possible"
    assert not times.alike


def test_times_that_are_all_alike_or_in_the_future_are_doubted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("user,item,at\n" + "".join(f"u{n},i,2098-01-01\n" for n in range(3)))
    found = inspect(tmp_path / "a.csv")
    times = column(found.files[0], "at").times
    assert times is not None
    assert (times.alike, times.future, times.zone) == (True, 3, "none stated: UTC")
    assert any("all times are the same" in doubt for doubt in found.suspicions)
    assert any("3 times are in the future" in doubt for doubt in found.suspicions)


def test_columns_that_are_not_read_come_with_those_first_that_look_like_times(folder: Path) -> None:
    found = inspect(folder / "orders.csv", mapping=EventMapping(item="sku"))
    assert [own.name for own in found.files[0].unread] == ["when", "tracking date", "buyer_id"]
    assert any("mapping={'at': 'when'}" in doubt for doubt in found.suspicions)


def test_the_kinds_of_a_file(folder: Path) -> None:
    (file,) = inspect(folder / "orders.csv", mapping=MAPPING, form=Form(missing={"stars": ("0",)})).files
    (kind,) = file.kinds
    assert (kind.kind, kind.unrated) == ("RATED", 1), "an equal row is no further rating"
    assert file.histograms == {"RATED": [("0", 1), ("5", 1)]}, "three rows are rejected"


def test_the_overlap_of_two_files_and_what_explains_it(folder: Path) -> None:
    found = inspect([folder / "orders.csv", folder / "goods.csv"], mapping=MAPPING)
    (overlap,) = found.overlaps
    assert (overlap.what, overlap.ids, overlap.found) == ("item ids", 2, 0), "three rows are rejected"
    assert overlap.near == {"leading zeros": 2}
    assert "0 of 2 item ids" in str(overlap)
    assert "2 more are there but for leading zeros" in str(overlap)
    goods = found.files[1]
    assert (goods.verb, goods.rows, goods.ids, goods.repeated) == ("items", 5, 4, 1)
    assert column(goods, "price").nothings == {"N/A": 1}


def test_people_are_told_from_items_by_the_events(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("user,item\na,1\nb,2\n")
    (tmp_path / "p.csv").write_text("id,age\na,30\nb,40\n")
    (tmp_path / "i.csv").write_text("id,title\n1,Lamp\n2,Desk\n")
    found = inspect([tmp_path / name for name in ("e.csv", "p.csv", "i.csv")])
    assert [own.verb for own in found.files] == ["events", "users", "items"]
    assert [(own.what, own.found) for own in found.overlaps] == [("user ids", 2), ("item ids", 2)]


def test_frames_are_looked_at_as_files_are(folder: Path) -> None:
    frame = pd.read_csv(folder / "orders.csv", sep=";", dtype=str, keep_default_na=False)
    (file,) = inspect(frame, mapping=MAPPING).files
    (same,) = inspect(folder / "orders.csv", mapping=MAPPING).files
    assert [(own.role, own.distinct, own.empty) for own in file.columns] == [
        (own.role, own.distinct, own.empty) for own in same.columns
    ]
    assert (file.records, file.rejected, file.kinds) == (same.records, same.rejected, same.kinds)


def test_several_frames_are_told_apart_and_the_answer_is_json() -> None:
    events = pd.DataFrame({"user": [1.0, 2.0], "item": ["a", "b"], "at": pd.to_datetime(["2024-05-01", None])})
    items = pd.DataFrame({"item": ["a", "c"], "title": ["A", "C"]})
    found = inspect([events, items])
    assert [own.name for own in found.files] == ["<DataFrame> 1", "<DataFrame> 2"]
    (overlap,) = found.overlaps
    assert (overlap.of, overlap.among, overlap.ids, overlap.ids_among, overlap.found) == (
        "<DataFrame> 1", "<DataFrame> 2", 2, 2, 1,
    )  # fmt: skip
    answer = json.loads(json.dumps(found.to_dict()))
    assert set(answer) == {"files", "overlaps", "suspicions", "document", "folder", "command"}
    (at,) = (own for own in answer["files"][0]["columns"] if own["name"] == "at")
    assert at["times"]["first"] == "2024-05-01T00:00:00+00:00"
    assert answer["files"][0].keys() >= {"verb", "rows", "records", "rejected", "ids", "repeated", "equal", "kinds"}
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.files[0].rows = 3  # type: ignore[misc]


def test_a_tail_of_large_counts_is_drawn_by_ranges_that_grow() -> None:
    values = np.array([1.0] * 50 + [10.0] * 40 + [100.0] * 9 + [100_000.0])
    bars = kinds.histogram(np.r_[values, np.arange(2, 16)], len(values) + 14)
    assert len(bars) > 4, bars
    assert max(often for _, often in bars) < 60
    assert sum(often for _, often in bars) == 114


def test_of_what_can_be_read_once_only_the_first_part_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"user": f"u{n}", "item": "b"} for n in range(10)]
    (whole,) = inspect(iter(rows)).files
    assert (whole.verb, whole.rows, whole.sampled) == ("events", 10, False)
    monkeypatch.setattr(pipes, "MOST_ROWS", 4)
    found = inspect(iter(rows))
    assert (found.files[0].rows, found.files[0].sampled) == (4, True)
    assert any("its first 4 rows alone" in doubt for doubt in found.suspicions)


def test_a_file_that_says_nothing_is_not_read_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("colour,size\nred,3\n")
    found = inspect(tmp_path / "a.csv")
    assert (found.files[0].verb, found.command, found.document()) == (None, "", "")
    assert any("no column is known" in doubt for doubt in found.suspicions)


def facts(store: Path) -> list[object]:
    with open_store(store) as opened:
        nodes = opened.read("MATCH (n) WHERE n:User OR n:Item OR n:Entity RETURN n.id AS id, n.title AS title")
        edges = opened.read(
            "MATCH (a)-[r]->(b) WHERE a:User OR a:Item "
            "RETURN a.id AS a, type(r) AS kind, b.id AS b, r.value AS value, toString(r.at) AS at, r.event_id AS id"
        )
    return [sorted(map(repr, nodes)), sorted(map(repr, edges))]


@pytest.mark.embedded
def test_the_document_reads_the_same_facts_as_an_ingest_by_hand(folder: Path) -> None:
    files = [folder / "orders.csv", folder / "goods.csv"]
    found = inspect(files, mapping=MAPPING, form=Form(missing={"": ("N/A",)}))
    (folder / "shop.toml").write_text(found.document())
    run = RunContext(device="cpu", progress=False)
    with Recommender.open(folder / "one", run=run) as one:
        one.ingest(source=folder / "shop.toml")
    with Recommender.open(folder / "other", run=run) as other:
        missing = Form(missing={"": ("N/A",)})
        goods = ItemMapping("sku", "title", (), (AttributeColumn("brand"),), ("price",))
        other.ingest(files[0], items=files[1], mapping=MAPPING, item_mapping=goods, form=missing, item_form=missing)
    mine, theirs = facts(folder / "one"), facts(folder / "other")
    assert mine == theirs
    assert len(theirs[1]) > 4  # type: ignore[arg-type]


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "recommender", *arguments], capture_output=True, text=True, check=False
    )


def test_the_command_line_says_it_and_writes_no_store(folder: Path) -> None:
    named = [str(folder / "orders.csv"), str(folder / "goods.csv"), "--map", "item=sku,value=stars,at=when"]
    done = command("--store", str(folder / "none"), "inspect", *named, "--out", str(folder / "shop.toml"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"tastegraph ingest source {folder / 'shop.toml'} {folder}"
    assert not (folder / "none").exists()
    assert 'files = ["goods.csv"]' in (folder / "shop.toml").read_text()

    answer = json.loads(command("inspect", *named, "--json").stdout)
    assert [file["verb"] for file in answer["files"]] == ["events", "items"]
    assert answer["overlaps"][0]["ids"] == 2


def test_inspect_does_not_load_what_learns(folder: Path) -> None:
    program = (
        f"import sys, recommender; recommender.inspect({str(folder / 'goods.csv')!r}); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
