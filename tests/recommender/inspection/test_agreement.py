"""What inspect says is what an ingest does: by the command that it ends with, and by the document that it writes."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.readers.form import Form, Join
from kg.records import ItemRecord, Reject
from recommender import inspect
from recommender.inspection.answer import FileFound
from tests.recommender.inspection.agreement import by_command, by_document, count

IDS = st.sampled_from(["a", "007", "7", "1.0", "NA", "", "é", "it's", "[1]", "1.23E+12", "a b"])
VALUES = st.sampled_from(["1", "5", "3.5", "0", "-1", "NULL", "", "much"])
TIMES = st.sampled_from(["2024-05-01", "1714564800", "43831", "13/07/2020", "NA", "", "never", "2150-01-01"])
TABLE = st.lists(st.tuples(IDS, IDS, VALUES, TIMES), min_size=1, max_size=8)
NAMES = st.lists(
    st.text(st.sampled_from("ab ,=:;'\"$é-#|.+*"), min_size=1, max_size=5).filter(
        lambda name: name.strip() == name and any(map(str.isalpha, name)) and name[0] not in "\"'"
    ),
    min_size=4,
    max_size=4,
    unique=True,
)


def written(path: Path, names: list[str], rows: list[Any], delimiter: str) -> None:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    writer.writerows([names, *rows])
    path.write_text(file.getvalue(), encoding="utf-8")


def total(file: FileFound) -> tuple[int, int]:
    return file.records, file.rejected


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(table=TABLE, delimiter=st.sampled_from(",;\t|"))
def test_counts_are_those_of_the_ingest_by_command_and_by_document(
    table: list[Any], delimiter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "-odd name's (1).csv"
    written(path, ["user", "item", "rating", "timestamp"], table, delimiter)
    found = inspect(path, form=Form(delimiter=delimiter))
    (file,) = found.files
    command, document = by_command(found.command, monkeypatch), by_document(found, tmp_path / "source.toml")
    assert count(command) == count(document) == total(file)
    assert list(map(repr, command)) == list(map(repr, document))
    missing = [note for own in command if not isinstance(own, Reject) for note in own.notes if note.kind == "missing"]
    refused = [own for own in command if isinstance(own, Reject) and own.reason.startswith("is missing (")]
    assert sum(file.missing.values()) == len(missing) + len(refused)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(names=NAMES, codes=st.sampled_from([{}, {"": ("NA", "?")}, {"0": ("-1", "x=y")}]))
def test_odd_names_of_columns_are_said_so_that_they_are_read(
    names: list[str], codes: dict[str, tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where options cannot say it, the command writes the document; either reads the same."""
    path = tmp_path / "odd.csv"
    written(path, names, [("u1", "i1", "3", "2024-05-01"), ("u2", "i2", "?", "")], "\t")
    user, item, value, at = names
    missing = {(names[int(own)] if own else own): some for own, some in codes.items()}
    mapping = {"user": user, "item": item, "value": value, "at": at}
    found = inspect(path, mapping=mapping, form=Form(delimiter="\t", missing=missing))
    assert found.files[0].verb == "events", found.suspicions
    document = by_document(found, tmp_path / "source.toml")
    assert count(document) == total(found.files[0])
    if found.command.startswith("tastegraph ingest"):
        assert list(map(repr, by_command(found.command, monkeypatch))) == list(map(repr, document))
    else:
        assert "--out" in found.command or not found.command


def test_files_of_all_sorts_are_read_as_the_command_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "books.jsonl": '{"book_id": "1", "title": "A", "brand": "X, Y", "similar_books": ["2"], "n:m": "x"}\n',
        "people.csv": "user_id,age,friends\na,30,\"b,c\"\nb,40,\n",
        "ties.csv": "userID,friendID,weight\na,b,2\n",
        "kg.tsv": "head\trelation\ttail\ne1\tr\te2\n",
        "links.csv": "item,entity\n1,e1\n",
        "seen.csv": "user_id,book_id,date\na,1,2024-05-01\na,1,2024-05-01\n",
        "lists.txt": "1 2 3\n2 3\n3 4 5 6 7 8 9\n",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    found = inspect(list(files))
    verbs = ["items", "users", "social", "triples", "link", "events", "lists"]
    assert [own.verb for own in found.files] == verbs, found.suspicions
    read = by_command(found.command, monkeypatch)
    assert list(map(repr, read)) == list(map(repr, by_document(found, tmp_path / "all.toml")))
    assert len(read) == sum(own.records for own in found.files)
    (book,) = (own for own in read if isinstance(own, ItemRecord))
    assert [own.relation for own in book.related] == ["SIMILAR"]
    assert "--link links.csv" in found.command


def test_parts_are_one_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        (tmp_path / f"part-{number}.csv").write_text(f"user,item,rating\nu{number},i,3\n")
    (tmp_path / "extra-1.csv").write_text("item,title\ni,Lamp\n")
    monkeypatch.chdir(tmp_path)
    names = [f"part-{number}.csv" for number in range(3)]
    for several in ([*names, "extra-1.csv"], [names, "extra-1.csv"], ["part-*.csv", "extra-1.csv"]):
        found = inspect(several)
        assert [(own.verb, own.rows) for own in found.files] == [("events", 3), ("items", 1)]
        read = by_command(found.command, monkeypatch)
        assert count(read) == (4, 0)
        assert list(map(repr, read)) == list(map(repr, by_document(found, tmp_path / "s.toml")))


def test_a_join_and_a_made_column_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "orders.csv").write_text("order,sku,day,hour\n1,A,2024-05-01,10:00\n")
    (tmp_path / "who.csv").write_text("order,customer\n1,ann\n")
    found = inspect(
        tmp_path / "orders.csv",
        mapping={"user": "customer", "item": "sku", "at": "day+hour"},
        form=Form(join=(Join(tmp_path / "who.csv", "order", "order"),)),
    )
    (file,) = found.files
    assert (file.verb, file.records) == ("events", 1), found.suspicions
    assert {own.name: own.role for own in file.columns}["day"] == "part"
    command = by_command(found.command, monkeypatch)
    assert list(map(repr, command)) == list(map(repr, by_document(found, tmp_path / "s.toml")))
    assert command[0].user_id == "ann"  # type: ignore[union-attr]


@pytest.mark.parametrize("options", [{}, {"scale": (1, 10)}, {"kind": "PURCHASED"}])
def test_a_pipe_is_looked_at_and_named_in_the_command(
    options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recommender.inspection import pipes

    text = "user,item,rating\n" + "".join(f"u{n},i,3\n" for n in range(100))

    def fed() -> str:
        reads, writes = os.pipe()
        os.write(writes, text.encode())
        os.close(writes)
        return f"/dev/fd/{reads}"

    whole = inspect(fed(), **options)
    assert (whole.files[0].rows, whole.files[0].sampled) == (100, False)
    assert whole.command.startswith("tastegraph ingest events /dev/fd/")
    assert whole.document() == "", "no document can name a pipe"
    monkeypatch.setattr(pipes, "MOST_BYTES", 200)
    monkeypatch.setattr("kg.readers.stream._BLOCK", 64)
    cut = inspect(fed(), **options)
    assert 10 < cut.files[0].rows < 40
    assert cut.files[0].rejected == 0, "it ends with a whole line"
    assert any("can be read once only" in doubt for doubt in cut.suspicions)
