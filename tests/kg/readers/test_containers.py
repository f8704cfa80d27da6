"""Documents, archives, parts, blocks and other layouts: the same rows, whatever they lie in."""

from __future__ import annotations

import csv
import gzip
import io
import json
import logging
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from kg.errors import ReadError, RecordError, TooMuch
from kg.readers import EventMapping, ItemMapping, archives, read_events, read_items, stream
from kg.readers.form import Form
from kg.readers.stream import Trusted
from kg.readers.table import open_table
from kg.records import Interaction, ItemRecord, Reject
from recommender.cli.app import app
from tests import bounded


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def events(source: Any, **options: Any) -> list[tuple[str, str, float | None]]:
    records = list(read_events(source, **options))
    assert all(isinstance(record, Interaction) for record in records), records
    return [(r.user_id, r.item_id, r.value) for r in records if isinstance(r, Interaction)]


def rejects(source: Any, **options: Any) -> list[tuple[int | None, str, str]]:
    return [(r.line, r.field, r.reason) for r in read_events(source, **options) if isinstance(r, Reject)]


ROWS = [{"user": "a", "item": "x", "rating": 5}, {"user": "b", "item": 'y "{[', "rating": 1.5}]
READ = [("a", "x", 5.0), ("b", 'y "{[', 1.5)]

# --- JSON documents

DOCUMENTS = {
    "array": json.dumps(ROWS),
    "pretty": json.dumps(ROWS, indent=2),
    "within": json.dumps({"data": ROWS}),
    "counted": json.dumps({"count": 2, "next": None, "results": ROWS}),
    "pretty within": json.dumps({"meta": {"tags": ["a"], "n": 2}, "columns": ["user"], "data": ROWS}, indent=1),
    "deeper": json.dumps({"response": {"took": 3, "data": ROWS}}, indent=1),
    "a line each": "[\n" + ",\n".join(map(json.dumps, ROWS)) + "\n]\n",
    "lines": "\n".join(map(json.dumps, ROWS)),
}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_one_json_document(path: Path, document: str, pack: type[bytes]) -> None:
    path.write_bytes(pack(document.encode()))
    assert events(path) == READ


def test_objects_in_rows_are_no_documents(path: Path) -> None:
    row = {"book_id": "1", "title": "A", "authors": [{"author_id": "604"}]}
    for text in (json.dumps(row), json.dumps(row) + "\n" + json.dumps({**row, "book_id": "2"})):
        path.write_text(text)
        items = list(read_items(path, ItemMapping("book_id", "title")))
        assert [item.title for item in items if isinstance(item, ItemRecord)] == ["A"] * (text.count("\n") + 1)


def test_documents_over_many_blocks_in_bounded_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"user": f"u{n}", "item": 'é\\ "}]' + "x" * (n % 700)} for n in range(2_000)]
    path.write_text(json.dumps({"a": {"b": []}, "rows": rows}, ensure_ascii=False, indent=1))
    expected = [(row["user"], row["item"], None) for row in rows]
    for size in (64, 1000, 2**18):
        monkeypatch.setattr(stream, "_BLOCK", size)
        assert events(path) == expected


@pytest.mark.parametrize(
    ("document", "count", "reason"),
    [
        ('[{"user":"a","item":"x"},{"user":"b"', 1, "breaks off"),
        ('[{"user":"a","item":"x"}}', 1, "closes what was not opened"),
        ('[{"user":"a","item":"x"},{"user":"b","item":"' + "y" * 50, 1, "breaks off"),
        ("[" * 300, 0, "nested over"),
        ("[1, 2]", 0, "no list of objects"),
    ],
)
def test_damaged_documents(path: Path, document: str, count: int, reason: str) -> None:
    path.write_text(document)
    records = read_events(path)
    for _ in range(count):
        assert isinstance(next(records), Interaction)
    with pytest.raises(ReadError, match=reason):
        next(records)


def test_an_object_beyond_all_measure(path: Path) -> None:
    path.write_text('[{"user":"a","item":"x"},{"a":"' + "x" * (17 * 2**20) + '"}]')
    before = time.process_time()
    with pytest.raises(TooMuch, match="over 16 MiB"):
        list(read_events(path))
    assert time.process_time() - before < 10


def test_layouts_made_to_harm_are_bounded(tmp_path: Path) -> None:
    pack = zstandard.ZstdCompressor(level=1).compress
    files = {
        "deep.json": b'[{"a":' + b"[" * 1_000_000,
        "open.json.zst": pack(b'["' + b"x" * 40_000_000),
        "numbers.json.zst": pack(b"[" + b"1," * 20_000_000),
        "keyed.zst": pack(b"user: a\nitem: x\n\nuser: b\nitem: y\n\n" + b"user: v\n" * 3_000_000),
        "latin.csv.zst": pack(b"user,item,text\n" + b"u,i,caf\xe9s\n" * 20 + b"\xe9" * 40_000_000 + b"\nu,i,x\n"),
        "escapes.csv": b"user,item\n" + b'"\\"x\n' * 200_000 + b"u,i\n",
        "u16.csv.zst": pack("user,item\n".encode("utf-16") + b"x\0" * 20_000_000),
    }
    paths = [tmp_path / name for name in files]
    for one, content in zip(paths, files.values(), strict=True):
        one.write_bytes(content)
    for one, cost in zip(paths, bounded.read("events", paths), strict=True):
        assert cost.error is not None or cost.rejected, (one.name, cost)
        assert cost.growth < bounded.MAX_GROWTH, (one.name, cost)


# --- Archives and parts

CSV = b"user,item,rating\n"


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_archives(tmp_path: Path) -> None:
    one = zipped(
        tmp_path / "one.zip", {"d/": b"", "d/a.csv": CSV + b"a,x,5\n", "__MACOSX/d/._a.csv": b"?", ".DS": b"?"}
    )
    assert events(one) == events(str(one)) == events(f"{one}/d/a.csv") == events(f"{one}/d") == [("a", "x", 5.0)]
    two = zipped(tmp_path / "two.zip", {"a.csv": CSV + b"a,x,5\n", "b.json": b'{"user":"b","item":"y"}'})
    with pytest.raises(ReadError, match=r"holds 2 files \(a\.csv, b\.json\): name one, as .*two\.zip/a\.csv"):
        list(read_events(two))
    assert events(f"{two}/b.json") == [("b", "y", None)]
    with pytest.raises(ReadError, match=r"no such member; the archive holds: a\.csv, b\.json"):
        list(read_events(f"{two}/c.csv"))
    with pytest.raises(ReadError, match="no file"):
        list(read_events(zipped(tmp_path / "none.zip", {"d/": b""})))
    with pytest.raises(ReadError, match="spreadsheet"):
        list(read_events(zipped(tmp_path / "x.xlsx", {"[Content_Types].xml": b"", "xl/a.xml": b""})))


def test_archives_that_grow_beyond_all_measure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_UNPACKED_BYTES", 2**17)
    one = zipped(tmp_path / "one.zip", {"a.csv": CSV + b"a,x,5\n" * 100_000})
    with pytest.raises(TooMuch, match="trust=True"):
        list(read_events(one))
    assert sum(1 for _ in read_events(Trusted(one))) == 100_000
    monkeypatch.setattr(archives, "MAX_DIRECTORY_BYTES", 1_000)
    with pytest.raises(TooMuch, match="list of members"):
        list(read_events(zipped(tmp_path / "many.zip", {f"{n}.csv": b"" for n in range(100)})))


def test_parts(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "part-00000.csv").write_bytes(CSV + b"a,x,5\n,x,1\n")
    (folder / "part-00001.csv.gz").write_bytes(gzip.compress(b"rating,user,item\n4,b,y\n"))
    (folder / "part-00002.json").write_text('{"user":"c","item":"z","rating":3}\n')
    (folder / "_SUCCESS").write_bytes(b"")
    (folder / ".part-00000.csv.crc").write_bytes(b"crc")
    sources: list[Any] = [
        folder,
        str(folder),
        f"{folder}/part-*",
        [folder / "part-00000.csv", str(folder / "part-00001.csv.gz"), folder / "part-00002.json"],
        Trusted(folder),
    ]
    for source in sources:
        records = list(read_events(source))
        assert [(r.user_id, r.value) for r in records if isinstance(r, Interaction)] == [("a", 5), ("b", 4), ("c", 3)]
        (reject,) = [r for r in records if isinstance(r, Reject)]
        assert (reject.file, reject.line) == (str(folder / "part-00000.csv"), 3)
    (folder / "part-00003.csv").write_bytes(b"user,thing\nd,w\n")
    with pytest.raises(ReadError, match=r"part-00003\.csv.*has no column 'item', which .*part-00000\.csv has"):
        list(read_events(folder))
    with pytest.raises(ReadError, match="no file has such a name"):
        list(read_events(f"{folder}/x-*"))


def test_parts_without_headers(tmp_path: Path) -> None:
    for n in range(3):
        (tmp_path / f"part-{n}").write_text(f"{n}\tx\t5\n")
    expected = [(str(n), "x", 5.0) for n in range(3)]
    assert events(f"{tmp_path}/part-?", form=Form(columns=("user", "item", "rating"))) == expected
    assert events(f"{tmp_path}/part-?", mapping=EventMapping("1", "2", value="3")) == expected


# --- Blocks

NETFLIX = "1:\n1488844,3,2005-09-06\n822109,5,2005-05-13\n2:\n2059652,4,2005-09-05\n"


def test_blocks(path: Path) -> None:
    path.write_text(NETFLIX)
    expected = [("1488844", "1", 3.0), ("822109", "1", 5.0), ("2059652", "2", 4.0)]
    assert events(path, form=Form(blocks="item", columns=("user", "rating", "date"))) == expected
    assert events(path, form=Form(blocks="item"), mapping=EventMapping("1", "item", value="2", at="3")) == expected
    (first, *_) = read_events(path, form=Form(blocks="item", columns=("user", "rating", "date")))
    assert isinstance(first, Interaction)
    assert first.at == datetime(2005, 9, 6, tzinfo=UTC)
    path.write_text(NETFLIX.replace("2059652,4", ",4"))
    assert rejects(path, form=Form(blocks="item", columns=("user", "rating", "date"))) == [(5, "user", "is empty")]
    path.write_text('Heat, or: "so" :\r\n\r\nu;1\r\nv;2\r\n\r\n  b c:\r\nw;3\r\n')
    assert events(path, form=Form(blocks="item", columns=("user", "rating"))) == [
        ("u", 'Heat, or: "so"', 1.0),
        ("v", 'Heat, or: "so"', 2.0),
        ("w", "b c", 3.0),
    ]
    path.write_text("u;1\n1:\nv;2\n")
    with pytest.raises(ReadError, match="blocks begin with a line such as 17:"):
        list(read_events(path, form=Form(blocks="item", columns=("user", "rating"))))


KEYED = (
    "product/productId: B0\nreview/userId: A1\nreview/score: 5.0\nreview/text: good: really\n\n"
    "product/productId: B1\nreview/userId: A2\nreview/score: 1.0\nreview/text: bad\nand long\n\n\n"
    "product/productId: B2\nreview/userId: \nreview/score: 1.0\n"
)


def test_records_of_keys_and_values(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.write_text(KEYED)
    mapping = EventMapping("review/userId", "product/productId", value="review/score", text="review/text")
    for form in (None, Form(blocks=":")):
        with caplog.at_level(logging.INFO, "kg"):
            records = list(read_events(path, mapping, form=form))
        found = [(r.user_id, r.item_id, r.value, r.text) for r in records if isinstance(r, Interaction)]
        assert found == [("A1", "B0", 5.0, "good: really"), ("A2", "B1", 1.0, "bad and long")]
        assert [(r.line, r.field) for r in records if isinstance(r, Reject)] == [(13, "review/userId")]
    assert "records of key: value" in caplog.text


# --- Layouts


def test_a_matrix(path: Path) -> None:
    path.write_text("who,j1,j2,j3\n1,-8.2,99,\n2,99.00,5.1,0\n")
    codes = Form(wide=True, missing={"": ("99",)})
    assert events(path, form=codes) == [("1", "j1", -8.2), ("2", "j2", 5.1), ("2", "j3", 0.0)]
    assert len(events(path, form=Form(wide=True))) == 5
    frame = pd.DataFrame({"who": [1, 2], "j1": [-8.2, 99], "j2": [99, 5.1], "j3": [None, 0]})
    assert events(frame, form=codes) == events(path, form=codes)
    path.write_text("7,-8.2,99,-8.2\n8,99,5.1,0.5\n")
    assert events(path, form=codes) == [("7", "1", -8.2), ("7", "3", -8.2), ("8", "2", 5.1), ("8", "3", 0.5)]
    path.write_text("user,1,2\nu,x,5\n")
    assert [r[1:] for r in rejects(path, form=Form(wide=True))] == [("value", "'x' is not a number")]


def test_a_matrix_may_have_other_columns_than_items(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("day,client,age,card,loan\n2015-01-28,100,35,1,0\n2015-02-28,101,40,,1\n")
    mapping = EventMapping(user="client", at="day")
    read = [
        (own.user_id, own.item_id, own.value, str(own.at)[:10])
        for own in read_events(path, mapping, kind="OWNED", form=Form(wide=True, leave_out=("age",)))
        if isinstance(own, Interaction)
    ]
    assert read == [
        ("100", "card", 1, "2015-01-28"),
        ("100", "loan", 0, "2015-01-28"),
        ("101", "loan", 1, "2015-02-28"),
    ]


LONG = (
    "timestamp,itemid,property,value\n"
    "1435460400000,7,categoryid,1016\n"
    "1441508400000,7,categoryid,1338\n"
    "1439089200000,7,available,0\n"
    "1433041200000,7,categoryid,9\n"
    "1433041200000,8,title,One\n"
    "x,8,title,Two\n"
)


def test_one_property_a_row(path: Path) -> None:
    path.write_text(LONG)
    form = Form(long=("itemid", "property", "value", "timestamp"))
    records = list(read_items(path, ItemMapping("itemid", "title", properties=("available", "categoryid")), form=form))
    items = {r.id: r for r in records if isinstance(r, ItemRecord)}
    assert dict(items["7"].properties) == {"available": 0, "categoryid": "1338"}
    assert (items["8"].title, dict(items["8"].properties)) == ("One", {})
    assert [(r.line, r.field) for r in records if isinstance(r, Reject)] == [(7, "timestamp")]
    last = list(read_items(path, ItemMapping("itemid", properties=("categoryid",)), form=Form(long=form.long[:3])))
    assert [r.properties["categoryid"] for r in last if isinstance(r, ItemRecord) and r.id == "7"] == ["9"]
    with pytest.raises(RecordError, match="ITEM,PROPERTY,VALUE"):
        list(read_items(path, ItemMapping("itemid"), form=Form(long=("itemid",))))
    with pytest.raises(ReadError, match="there is no column 'x'"):
        list(read_items(path, ItemMapping("itemid"), form=Form(long=("itemid", "x", "value"))))


def test_properties_in_parts(tmp_path: Path) -> None:
    header, *rows = LONG.splitlines()[:6]
    for n, part in enumerate((rows[:2], rows[2:])):
        (tmp_path / f"part{n}.csv").write_text("\n".join([header, *part]))
    form = Form(long=("itemid", "property", "value", "timestamp"))
    (item, _) = read_items(f"{tmp_path}/part*", ItemMapping("itemid", properties=("categoryid",)), form=form)
    assert isinstance(item, ItemRecord)
    assert item.properties["categoryid"] == "1338"


MIND = (
    "1\tU13740\t11/11/2019 9:05:58 AM\tN55189 N42782\tN55689-1 N35729-0\n2\tU91836\t11/12/2019 6:11:30 PM\t\tN2-0 N1\n"
)


def test_impressions(path: Path) -> None:
    path.write_text(MIND)
    form = Form(columns=("impression", "user", "time", "history", "shown"), impressions="shown")
    records = list(read_events(path, EventMapping(at=""), form=form))
    assert [(r.user_id, r.item_id, r.kind) for r in records if isinstance(r, Interaction)] == [
        ("U13740", "N55689", "CLICKED"),
        ("U13740", "N35729", "IMPRESSION"),
        ("U91836", "N2", "IMPRESSION"),
    ]
    assert [(r.line, r.field) for r in records if isinstance(r, Reject)] == [(2, "shown")]


# --- Every form of one table

TABLE = [("u1", "i1", "5"), ("u1", "i2", "1.5"), ("u2", "i1", "2"), ("ü 3", "i,3", "4")]


def as_text(delimiter: str, header: bool = True, quoting: int = csv.QUOTE_MINIMAL) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator="\n")  # type: ignore[arg-type]
    writer.writerows([("user", "item", "rating"), *TABLE] if header else TABLE)
    return file.getvalue()


def as_wide() -> str:
    items = sorted({item for _, item, _ in TABLE})
    users = dict.fromkeys(user for user, _, _ in TABLE)
    cells = {(user, item): value for user, item, value in TABLE}
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerows([["who", *items], *([user, *(cells.get((user, item), "99") for item in items)] for user in users)])
    return file.getvalue()


FORMS: dict[str, tuple[str, Form]] = {
    **{repr(each): (as_text(each), Form()) for each in ",;\t|"},
    "quoted": (as_text(",", quoting=csv.QUOTE_ALL), Form()),
    "blanks": (as_text(" "), Form()),
    "::": (as_text("\x01").replace("\x01", "::"), Form()),
    "stated": (as_text("\x01").replace("\x01", "~~"), Form(delimiter="~~")),
    "no header": (as_text(";", header=False), Form(columns=("user", "item", "rating"))),
    "codes": (as_text(",") + "u9,i9,-7\nu8,i8,0\n", Form(drop={"rating": ("-7", "0.0")})),
    "words": (as_text("\t").replace("\t5\n", "\tgood\n"), Form(values={"rating": {"Good": 5}})),
    "commas": (as_text(";").replace("1.5", "1,5"), Form(decimal=",")),
    "wide": (as_wide(), Form(wide=True, missing={"": ("99",)})),
    "blocks": (
        "".join(f"{user}:\n{item};{value}\n" for user, item, value in TABLE),
        Form(blocks="user", columns=("item", "rating")),
    ),
    "keyed": ("\n".join(f"user: {u}\nitem: {i}\nrating: {v}\n" for u, i, v in TABLE), Form()),
    "document": (json.dumps([dict(zip(("user", "item", "rating"), row, strict=True)) for row in TABLE]), Form()),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("encoding", [None, "latin-1", "utf-16", "utf-16-le", "cp1252"])
def test_a_table_in_every_form(tmp_path: Path, form: str, encoding: str | None) -> None:
    text, stated = FORMS[form]
    path = tmp_path / "file"
    path.write_bytes(text.encode(encoding or "utf-8"))
    expected = sorted((user, item, float(value)) for user, item, value in TABLE)
    assert sorted(events(path, form=stated)) == expected
    assert sorted(events(zipped(tmp_path / "file.zip", {"a": path.read_bytes()}), form=stated)) == expected


IDS = (
    st.text("abü 7,;|\"'\\-", min_size=1, max_size=5)
    .map(str.strip)
    .filter(lambda text: text != "-" and set(text) - set('\\"'))
)
TABLES = st.dictionaries(st.tuples(IDS, IDS), st.sampled_from(["1", "2.5", "5"]), min_size=1, max_size=6)
Pairs = dict[tuple[str, str], str]


def written(rows: list[list[str]], **options: Any) -> str:
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n", **{"quoting": csv.QUOTE_ALL, **options}).writerows(rows)
    return file.getvalue()


def listed(table: Pairs) -> list[list[str]]:
    return [["user", "item", "rating"], *([user, item, value] for (user, item), value in table.items())]


def wide(table: Pairs) -> str:
    users, items = (list(dict.fromkeys(pair[place] for pair in table)) for place in (0, 1))
    return written([["who", *items], *([user, *(table.get((user, item), "-1") for item in items)] for user in users)])


WRITERS: dict[str, tuple[Callable[[Pairs], str], Form]] = {
    "commas": (lambda table: written(listed(table)), Form()),
    "semicolons": (lambda table: written(listed(table), delimiter=";"), Form()),
    "tabs": (lambda table: written(listed(table), delimiter="\t"), Form()),
    "bars": (lambda table: written(listed(table), delimiter="|"), Form(delimiter="|")),
    "escaped": (lambda table: written(listed(table), escapechar="\\", doublequote=False), Form(escape="\\")),
    "other escape": (
        lambda table: written(listed(table), escapechar="^", doublequote=False, quoting=csv.QUOTE_NONE),
        Form(escape="^"),
    ),
    "no header": (lambda table: written(listed(table)[1:]), Form(columns=("user", "item", "rating"))),
    "several": (lambda table: "".join("<>".join(row) + "\n" for row in listed(table)), Form(delimiter="<>")),
    "wide": (wide, Form(wide=True, missing={"value": ("-1",)})),
    "document": (lambda table: json.dumps([dict(zip(*pair, strict=True)) for pair in
        ((listed(table)[0], row) for row in listed(table)[1:])], ensure_ascii=False, indent=1), Form()),
    "keyed": (
        lambda table: "\n".join(f"user: {u}\nitem: {i}\nrating: {v}\n" for (u, i), v in table.items()),
        Form(blocks=":"),
    ),
    "blocks": (
        lambda table: "".join(f"{user}:\n" + written([[item, value]]) for (user, item), value in table.items()),
        Form(blocks="user", delimiter=",", columns=("item", "rating")),
    ),
}  # fmt: skip


@pytest.mark.parametrize("writer", WRITERS)
@given(table=TABLES, encoding=st.sampled_from(["utf-8", "latin-1", "utf-16"]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_table_in_any_form(tmp_path: Path, writer: str, table: Pairs, encoding: str) -> None:
    write, form = WRITERS[writer]
    path = tmp_path / "file"
    path.write_bytes(write(table).encode(encoding))
    found = events(path, form=replace(form, encoding=encoding))
    assert sorted(found) == sorted((user, item, float(value)) for (user, item), value in table.items())


@pytest.mark.embedded
def test_the_verbs_take_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("netflix").mkdir()
    for n, block in enumerate(NETFLIX.split("2:")):
        Path(f"netflix/mv_{n}.txt").write_text(block if n == 0 else "2:" + block)
    Path("titles.csv").write_text("1,2003,Dinosaur Planet\n2,NULL,Isle of Man TT\n3,2002,Vol. 1, Disc 2\n")
    zipped(tmp_path / "a.zip", {"a.csv": CSV + b"a,x,5\n"})

    def run(*command: str) -> str:
        result = CliRunner().invoke(app, ["--store", "store", "--quiet", "ingest", *command])
        assert result.exit_code == 0, result.output
        return result.stdout

    blocks = ("--blocks", "item", "--columns", "user,rating,date")
    for files in (["netflix"], ["netflix/mv_*"], ["netflix/mv_0.txt", "netflix/mv_1.txt"]):
        assert "3 would be stored" in run("events", *files, *blocks, "--dry-run")
    assert "3 stored" in run("events", "netflix", *blocks)
    assert "3 stored" in run("items", "titles.csv", "--columns", "id,year,title", "--id", "id", "--title", "title")
    assert "1 stored" in run("events", "a.zip/a.csv")
    missing = CliRunner().invoke(app, ["--store", "store", "ingest", "events", "nowhere.csv"])
    assert (missing.exit_code, "does not exist" in missing.output) == (2, True)


def test_layouts_keep_the_table_open(path: Path) -> None:
    path.write_text("who,j1\n1,5\n")
    assert open_table(path, Form(wide=True)).columns == ("user", "item", "value")
