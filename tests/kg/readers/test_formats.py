"""Each format's own traps: quotes, fields, types, and the real number of a line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kg.errors import ReadError
from kg.readers import EventMapping, ItemMapping, open_rows, read_events, read_items, read_triples
from kg.records import Interaction, ItemRecord, Reject


def read(path: Path, content: str | bytes, **options: Any) -> tuple[list[Interaction], list[Reject]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    records = list(read_events(path, **options))
    events = [record for record in records if isinstance(record, Interaction)]
    return events, [record for record in records if isinstance(record, Reject)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events"


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_delimiters_are_found(path: Path, delimiter: str) -> None:
    lines = ["user_id,item_id,rating,text", 'u1,i1,4,"a, b;c|d\te"', "u2,i2,5,"]
    content = "\n".join(line if '"' in line else line.replace(",", delimiter) for line in lines)
    content = content.replace("u1,i1,4,", delimiter.join(("u1", "i1", "4", "")))
    events, rejects = read(path, content)
    assert not rejects
    assert [(e.user_id, e.item_id, e.value, e.text) for e in events] == [
        ("u1", "i1", 4.0, "a, b;c|d e"),
        ("u2", "i2", 5.0, None),
    ]


def test_quoted_fields_span_lines_and_lines_are_counted_as_an_editor_does(path: Path) -> None:
    events, rejects = read(
        path,
        "user,item,text\n"  # 1
        'u1,i1,"first\nsecond ""quoted""\nthird"\n'  # 2 to 4
        "\n"  # 5
        "u2,,x\n"  # 6
        'u3,i3,"a\r\nb"\r\n'  # 7, 8
        "u4,\n"  # 9
        "u5,i5,y,z\n",  # 10
    )
    assert [e.text for e in events] == ['first second "quoted" third', "a b"]
    assert [(r.line, r.field, r.reason, r.raw) for r in rejects] == [
        (6, "item", "is empty", "u2,,x"),
        (9, "row", "the row has 2 fields, and the header 3", "u4,"),
        (10, "row", "the row has 4 fields, and the header 3", "u5,i5,y,z"),
    ]


@pytest.mark.parametrize(
    "bad", ['u,i,"never closed', 'u,i,"closed" too early', '"u"x,i,t'], ids=["open", "early", "first"]
)
def test_a_stray_quote_costs_one_row(path: Path, bad: str) -> None:
    rows = [f"u{n},i{n},words" for n in range(2000)]
    rows[5] = bad
    events, rejects = read(path, "user,item,text\n" + "\n".join(rows))
    assert [e.user_id for e in events] == [f"u{n}" for n in range(2000) if n != 5]
    assert [(r.line, r.raw) for r in rejects] == [(7, bad)]
    assert "quotes" in rejects[0].reason


def test_quotes_in_tab_separated_files_are_characters_unless_they_enclose_a_field(path: Path) -> None:
    events, rejects = read(path, 'user\titem\ttext\nu1\ti1\t"Great" book\nu2\ti2\t"two\nlines"\nu3\ti3\t6" nails\n')
    assert not rejects
    assert [e.text for e in events] == ['"Great" book', "two lines", '6" nails']


def test_bytes_that_are_no_utf8_cost_one_row(path: Path) -> None:
    events, rejects = read(path, b"user,item,text\nu1,i1,caf\xe9\nu2,i2,caf\xc3\xa9\n")
    assert [e.text for e in events] == ["café"]
    assert [(r.line, r.reason, r.raw) for r in rejects] == [(2, "the row is not valid UTF-8", "u1,i1,caf\\xe9")]


def test_json_lines_go_on_after_what_is_none(path: Path) -> None:
    events, rejects = read(
        path,
        '{"user": "u1", "item": 1, "rating": 3}\n'
        '{"user": "u2", "item": \n'
        "\n"
        '["u3", "i3"]\n'
        '{"user": "u4", "item": "i", "rating": NaN}\n'
        '{"user": "u5", "item": "\\ud800"}\n'
        '{"user": "u6", "rating": 1}\n'
        '{"user": 123456789012345678901234567890, "item": "i"}\n'
        '{"user": "u\\u0000", "item": "i"}\n'
        "nonsense\n"
        '  {"user": "u8", "item": "i", "text": null}  \n',
    )
    assert [(e.user_id, e.item_id, e.value) for e in events] == [
        ("u1", "1", 3.0),
        ("123456789012345678901234567890", "i", None),
        ("u8", "i", None),
    ]
    assert [(r.line, r.field) for r in rejects] == [
        (2, "row"),
        (4, "row"),
        (5, "rating"),
        (6, "item"),
        (7, "item"),
        (9, "user"),
        (10, "row"),
    ]
    assert rejects[0].raw == '{"user": "u2", "item": '


def test_keys_that_come_late_are_still_found(path: Path) -> None:
    rows = [{"user": f"u{n}", "item": "i"} for n in range(900)] + [{"user": "last", "item": "i", "reviewText": "words"}]
    events, _ = read(path, "\n".join(map(json.dumps, rows)))
    assert events[-1].text == "words"


def test_parquet(path: Path) -> None:
    at = datetime(2020, 5, 4, 3, 2, 1, 654321, UTC)
    table = pa.table(
        {
            "user_id": pa.array([1, 2, None, 4], pa.int64()),
            "item_id": pa.array(["a", "", "c", "d"]),
            "timestamp": pa.array([at, at, at, None], pa.timestamp("ns", tz="Europe/Paris")),
            "rating": pa.array([1.5, 2.0, 3.0, float("nan")], pa.float32()),
            "unused": pa.array([[1], [2], [3], [4]]),
        }
    )
    pq.write_table(table, path, row_group_size=2)
    event, *rejects = read_events(path)
    assert isinstance(event, Interaction)
    assert (event.user_id, event.item_id, event.at, event.value) == ("1", "a", at, 1.5)
    assert [(r.line, r.field) for r in rejects if isinstance(r, Reject)] == [
        (2, "item_id"),
        (3, "user_id"),
        (4, "rating"),
    ]
    assert isinstance(rejects[0], Reject)
    assert json.loads(rejects[0].raw) == {
        "user_id": 2,
        "item_id": "",
        "timestamp": str(at.astimezone(UTC)),
        "rating": 2.0,
    } | {"timestamp": json.loads(rejects[0].raw)["timestamp"]}


def test_a_time_in_parquet_that_python_cannot_hold(path: Path) -> None:
    far = pa.array([2**62, 1_600_000_000_000_000], pa.int64()).cast(pa.timestamp("us"))
    pq.write_table(pa.table({"user": ["u", "v"], "item": ["i", "j"], "at": far}), path)
    reject, event = read_events(path)
    assert isinstance(reject, Reject)
    assert isinstance(event, Interaction)
    assert (reject.field, event.at) == ("at", datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC))


MOMENTS = [
    ([2**62, -(2**62), 253_402_300_800, 86_400], pa.timestamp("s", "UTC")),
    ([2**62, -(2**62), 253_402_300_800_000, 86_400_000], pa.timestamp("ms")),
    ([2**61, -(2**61), 253_402_300_800_000_000, 86_400_000_000], pa.timestamp("us", "UTC")),
    ([-1_000, -(2**61), -10_000, 86_400_000_000_999], pa.timestamp("ns")),
    ([2**62, -(2**62), 86_400_000 * 10**7, 86_400_000], pa.date64()),
    ([2**30, -(2**30), 10**7, 1], pa.date32()),
]


@pytest.mark.parametrize(("counts", "kind"), MOMENTS, ids=[str(kind) for _, kind in MOMENTS])
@pytest.mark.parametrize("form", ["table", "dictionary", "frame", "parquet"])
def test_a_moment_that_cannot_be_costs_its_row_alone(
    path: Path, counts: list[int], kind: pa.DataType, form: str
) -> None:
    size = pa.int32() if kind == pa.date32() else pa.int64()
    at = pa.array(counts, size).view(kind)
    if form == "dictionary":
        at = at.dictionary_encode()
    table = pa.table({"user": ["a", "b", "c", "d"], "item": ["i"] * 4, "at": at})
    source: Any = table.to_pandas(types_mapper=pd.ArrowDtype) if form == "frame" else table
    if form == "parquet":
        if kind.bit_width == 64 and getattr(kind, "unit", "") == "s":
            pytest.skip("Parquet has no seconds")
        pq.write_table(table, path)
        source = path
    *rejects, event = read_events(source)
    assert [(r.line, r.field) for r in rejects if isinstance(r, Reject)] == [(1, "at"), (2, "at"), (3, "at")]
    assert all("no possible time" in r.reason for r in rejects if isinstance(r, Reject))
    assert isinstance(event, Interaction)
    assert event.at == datetime(1970, 1, 2, tzinfo=UTC)


def test_a_frame_of_seconds_beyond_all_calendars() -> None:
    at = np.array([2**60, 86_400], "M8[s]")
    for moments in (pd.Series(at), pd.Series(at).dt.tz_localize("UTC")):
        reject, event = read_events(pd.DataFrame({"user": ["u", "v"], "item": ["i", "j"], "at": moments}))
        assert isinstance(reject, Reject)
        assert isinstance(event, Interaction)
        assert (reject.field, event.at) == ("at", datetime(1970, 1, 2, tzinfo=UTC))


@pytest.mark.parametrize("zone", ["Not/AZone", "+99:99", "Europe/Paris"])
def test_moments_are_in_utc_whatever_their_zone_is_called(path: Path, zone: str) -> None:
    at = pa.array([10**15 + 1], pa.timestamp("us", zone))
    table = pa.table({"user": ["u"], "item": ["i"], "at": at})
    pq.write_table(table, path)
    for source in (table, path, table.to_pandas(types_mapper=pd.ArrowDtype)):
        (event,) = read_events(source)
        assert isinstance(event, Interaction)
        assert event.at == datetime(2001, 9, 9, 1, 46, 40, 1, UTC)
    kind = at.type
    for nested, value in (
        (pa.list_(kind), [10**15]),
        (pa.large_list(kind), [10**15]),
        (pa.list_(kind, 1), [10**15]),
        (pa.list_view(kind), [10**15]),
        (pa.map_(pa.string(), kind), [("a", 10**15)]),
        (pa.struct([("a", pa.list_(kind))]), {"a": [10**15]}),
    ):
        (item,) = read_items(
            pa.table({"id": ["i"], "dates": pa.array([value], nested)}), ItemMapping("id", properties=("dates",))
        )
        assert isinstance(item, ItemRecord), nested
        assert "2001-09-09 01:46:40" in str(item.properties["dates"]), nested


def test_a_parquet_file_without_rows(path: Path) -> None:
    pd.DataFrame({"user": pd.Series([], dtype=str), "item": pd.Series([], dtype=str)}).to_parquet(path)
    assert list(read_events(path)) == []


def test_data_frames_and_tables_and_dictionaries_are_read_alike() -> None:
    frame = pd.DataFrame(
        {
            "user_id": [7, 8],
            "item_id": ["a", "b"],
            "rating": [4.0, np.nan],
            "timestamp": pd.to_datetime(["2020-01-01", None]),
            "open": [1, 2],
            "name": ["x", "y"],
        }
    )
    expected = list(read_events(frame))
    assert [(e.user_id, e.value, e.at, e.kind) for e in expected if isinstance(e, Interaction)] == [
        ("7", 4.0, datetime(2020, 1, 1, tzinfo=UTC), "RATED"),
        ("8", None, None, "INTERACTED"),
    ]
    assert list(read_events(pa.Table.from_pandas(frame))) == expected
    dictionaries = [
        {"user_id": 7.0, "item_id": "a", "rating": 4, "timestamp": pd.Timestamp("2020-01-01")},
        {"user_id": "8", "item_id": "b"},
    ]
    assert list(read_events(dictionaries)) == expected
    assert list(read_events(iter(dictionaries))) == expected


def test_what_is_no_dictionary_is_rejected() -> None:
    event, *rejects = read_events([{"user": "u", "item": "i"}, ("u", "i"), None, {"user": 10**5000, "item": {"a"}}])
    assert isinstance(event, Interaction)
    assert [(r.line, r.field) for r in rejects if isinstance(r, Reject)] == [(2, "row"), (3, "row"), (4, "user")]


@pytest.mark.parametrize("source", [5, {"user": "u"}, b"user,item"])
def test_what_is_no_source(source: Any) -> None:
    with pytest.raises(ReadError, match="neither a file nor"):
        list(read_events(source))


def test_nothing_at_all_is_no_error() -> None:
    assert list(read_events([])) == list(read_triples(iter(()))) == list(read_items([])) == []
    assert list(read_events(pd.DataFrame({"user": [], "item": []}))) == []


def test_atomic_headers_lose_their_types_and_keep_their_quotes(path: Path) -> None:
    events, rejects = read(path, 'user_id:token\titem_id:token\trating:float\n"1\t2"\t3.5\n', scale=None)
    assert not rejects
    assert [(e.user_id, e.item_id, e.value) for e in events] == [('"1', '2"', 3.5)]
    rows = open_rows(path)
    assert rows.types == {"user_id": "token", "item_id": "token", "rating": "float"}  # type: ignore[union-attr]


def test_lists_are_told_from_tables(path: Path) -> None:
    events, _ = read(path, "0 5 6\n1\n2 5\n")
    assert [(e.user_id, e.item_id, e.kind, e.at) for e in events] == [
        ("0", "5", "INTERACTED", None),
        ("0", "6", "INTERACTED", None),
        ("2", "5", "INTERACTED", None),
    ]
    events, _ = read(path, "user item\nu1 i1\nu2 i2\n")
    assert [(e.user_id, e.item_id) for e in events] == [("u1", "i1"), ("u2", "i2")]


def test_positions_speak_of_files_without_a_header(path: Path) -> None:
    events, _ = read(
        path, "196\t242\t3\t881250949\n186\t302\t3\t891717742\n", mapping=EventMapping.parse("user=1,item=2,at=4")
    )
    assert [(e.user_id, e.item_id, e.value) for e in events] == [("196", "242", None), ("186", "302", None)]
    assert events[0].at == datetime(1997, 12, 4, 15, 55, 49, tzinfo=UTC)
