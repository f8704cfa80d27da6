"""Whatever a file holds: what was written comes back, each row is accepted or rejected, only ReadError is raised."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.errors import ReadError
from kg.readers import read_amazon, read_events, read_items, read_links, read_lists, read_triples, read_users
from kg.readers.form import NOTHING
from kg.readers.markup import clean_text
from kg.records import Interaction, Reject

IDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20).filter(
    lambda id: (
        id.strip()
        and id.strip() not in NOTHING
        and id.strip()[0] not in "[({"  # a list is no id
        and not re.fullmatch(
            r"[+-]?\d+\.0+|[+-]?\d(?:[.,]\d*)?[eE]\+\d+", id.strip()
        )  # nor what a program made of a number
    )
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)
ROWS = st.lists(st.fixed_dictionaries({"user": IDS, "item": IDS, "text": TEXTS}), min_size=1, max_size=8)
DIRTY = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10), st.lists(st.integers(), max_size=2)
)
quick = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, ["user", "item", "text"], quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def as_tsv(rows: list[dict[str, Any]]) -> bytes:
    file = io.StringIO(newline="")
    # Lines end in CR LF: older versions of Python leave a lone CR unquoted otherwise, and nobody could tell what it is.
    writer = csv.DictWriter(file, ["user", "item", "text"], delimiter="\t")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def as_json(rows: list[dict[str, Any]]) -> bytes:
    return "\n".join(map(json.dumps, rows)).encode()


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), file)
    return file.getvalue()


@pytest.mark.parametrize("write", [as_csv, as_tsv, as_json, as_parquet])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
@given(rows=ROWS)
@settings(quick, max_examples=40)
def test_what_was_written_comes_back(
    tmp_path: Path, write: Callable[..., bytes], pack: Callable[[bytes], bytes], rows: list[dict[str, Any]]
) -> None:
    path = tmp_path / "events"
    path.write_bytes(write(rows) if write is as_parquet else pack(write(rows)))
    events = list(read_events(path))
    assert [(e.user_id, e.item_id, e.text) for e in events if isinstance(e, Interaction)] == [
        (row["user"].strip(), row["item"].strip(), clean_text(row["text"], "text")) for row in rows
    ]


@given(
    rows=st.lists(st.dictionaries(st.sampled_from(["user", "item", "rating", "at", "text", "kind"]), DIRTY), max_size=9)
)
@quick
def test_every_row_is_accepted_or_rejected(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    rows = [{"user": "u", "item": "i", "rating": 1}, *rows]
    assert len(list(read_events(rows))) == len(rows)
    path = tmp_path / "events"
    path.write_bytes(as_json(rows))
    records = list(read_events(path))
    assert len(records) == len(rows)
    assert [r.line for r in records if isinstance(r, Reject)] == [
        line for line, record in enumerate(records, 1) if isinstance(record, Reject)
    ]
    for record in records:
        if isinstance(record, Reject):
            assert record.raw.encode().decode() == record.raw  # can be written to the rejects file
            assert json.loads(record.raw.replace("NaN", "0").replace("Infinity", "1")) is not None


FRAGMENTS = st.sampled_from(
    [
        b"user,item,text\n",
        b"u1,i1,x\n",
        b'"',
        b"\n",
        b",",
        b"\t",
        b"\r\n",
        b"\0",
        b"\xff",
        b'{"user": 1, "item": "',
        b"}\n",
        b"1 2 3\n",
        b"[",
        b"{",
        b"'",
        b":token",
        b"\xef\xbb\xbf",
        b"PAR1",
        b"user_id:token\titem_id:token\n",
        b"\xc3\xa9",
    ]
)
ANYTHING = st.one_of(
    st.binary(max_size=200),
    st.lists(FRAGMENTS, max_size=30).map(b"".join),
    st.lists(FRAGMENTS, max_size=30).map(lambda parts: b"user,item,text\n" + b"".join(parts)),
)
READERS: list[Callable[[Path], Iterator[Any]]] = [
    read_events,
    read_items,
    read_users,
    read_triples,
    read_links,
    read_lists,
    read_amazon,
    lambda path: read_amazon(items=path),
]


@given(content=ANYTHING, cut=st.floats(0, 1), pack=st.sampled_from([bytes, gzip.compress, zstandard.compress]))
@settings(quick, max_examples=300)
def test_no_bytes_raise_anything_but_read_error(
    tmp_path: Path, content: bytes, cut: float, pack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "anything"
    packed = pack(content)
    path.write_bytes(packed[: len(packed) - int(cut * 8)])
    for read in READERS:
        with contextlib.suppress(ReadError):
            for record in read(path):
                if isinstance(record, Reject):
                    record.raw.encode()


@given(
    lines=st.lists(
        st.sampled_from(["u,i,x", "u,i", ",i,x", "u,i,x,y", 'u,i,"x', "u,i,\0", '"u",i,"a ""b"""']), max_size=12
    )
)
@quick
def test_the_lines_of_rejects_are_real(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "events.csv"
    path.write_text("user,item,text\n" + "\n".join(lines))
    whole = ["user,item,text", *lines]
    for record in read_events(path):
        if isinstance(record, Reject):
            assert record.line is not None
            assert record.raw.splitlines()[0] == whole[record.line - 1]
