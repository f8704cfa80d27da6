"""Bytes to lines: compression, damage, encodings, and memory."""

from __future__ import annotations

import gzip
import os
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import ReadError
from kg.readers import read_events, read_lists, stream
from kg.readers.form import Form
from kg.readers.rows import MAX_LINE_BYTES
from kg.readers.stream import LineStream
from kg.records import Interaction, Reject

HEADER = b"user_id,item_id,rating\n"
PACK: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "gzip, two members": lambda data: gzip.compress(data[: len(data) // 2]) + gzip.compress(data[len(data) // 2 :]),
    "zstd": zstandard.ZstdCompressor().compress,
    "zstd, two frames": lambda data: b"".join(
        map(zstandard.compress, (data[: len(data) // 2], data[len(data) // 2 :]))
    ),
}


def read_until_error(path: Path) -> tuple[list[Interaction], list[Reject], ReadError]:
    accepted: list[Interaction] = []
    rejects: list[Reject] = []
    try:
        for record in read_events(path):
            if isinstance(record, Reject):
                rejects.append(record)
            else:
                accepted.append(record)
    except ReadError as error:
        return accepted, rejects, error
    raise AssertionError("the damage went unnoticed")


@pytest.mark.parametrize("how", PACK)
@pytest.mark.parametrize("name", ["events.csv", "events.csv.gz", "events"])
def test_compression_is_told_by_content_not_by_name(tmp_path: Path, how: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(PACK[how](HEADER + b"".join(b"u%d,i,5\n" % n for n in range(5000))))
    events = list(read_events(path))
    assert [event.user_id for event in events if isinstance(event, Interaction)] == [f"u{n}" for n in range(5000)]


@pytest.mark.parametrize("how", ["gzip", "zstd"])
@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_truncated_file_gives_what_was_read_then_says_where_it_broke(tmp_path: Path, how: str, kept: float) -> None:
    rows = [b"user%d,item%d,%d\n" % (n * 7919 % 99991, n * 104729 % 99989, n % 5) for n in range(60_000)]
    packed = PACK[how](HEADER + b"".join(rows))
    path = tmp_path / "events.csv.gz"
    path.write_bytes(packed[: int(len(packed) * kept)])

    accepted, rejects, error = read_until_error(path)
    assert len(accepted) > 5_000
    assert "ends early" in str(error)
    assert error.line == len(accepted) + 2  # after the header
    assert [record.user_id for record in accepted] == [row.split(b",")[0].decode() for row in rows[: len(accepted)]]
    assert all(reject.line == error.line and rows[len(accepted)].startswith(reject.raw.encode()) for reject in rejects)
    assert len(rejects) <= 1


@pytest.mark.parametrize("how", [how for how in PACK if how != "plain"])
def test_a_small_truncated_file_gives_its_rows_too(tmp_path: Path, how: str) -> None:
    """All of it is in the first block, which is where the kind of file is told from as well."""
    rows = [b"user%d,item%d,%d\n" % (n * 7919 % 99991, n * 104729 % 99989, n % 5) for n in range(9_000)]
    packed = PACK[how](HEADER + b"".join(rows))
    path = tmp_path / "events.csv"
    path.write_bytes(packed[: len(packed) * 3 // 4])
    accepted, rejects, error = read_until_error(path)
    assert len(accepted) > 1_000
    assert error.line == len(accepted) + 2
    assert len(rejects) <= 1


def test_a_truncated_file_of_json_lines(tmp_path: Path) -> None:
    data = b"".join(b'{"user": "u%d", "item": "i%d"}\n' % (n, n * 7919 % 99991) for n in range(50_000))
    path = tmp_path / "events.jsonl"
    path.write_bytes(gzip.compress(data, mtime=0)[:-5000])
    accepted, rejects, error = read_until_error(path)
    assert error.line == len(accepted) + 1 > 10_000
    assert str(error).startswith(f"{path}, line {error.line}: the compressed data ends early")
    assert [(r.line, data.splitlines()[len(accepted)].startswith(r.raw.encode())) for r in rejects] == [
        (error.line, True)
    ]


def test_a_damaged_block_in_the_middle(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(HEADER + b"".join(b"u%d,i%d,1\n" % (n, n * 7919) for n in range(60_000))))
    packed[len(packed) // 2 : len(packed) // 2 + 50] = b"\xff" * 50
    path = tmp_path / "events.csv.gz"
    path.write_bytes(packed)
    with pytest.raises(ReadError, match="damaged"):
        list(read_events(path))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (gzip.compress(b"", mtime=0), "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "picture"),
        (b"\x7fELF\x02\x01\x01" + bytes(100), "binary"),
        (bytes(range(128, 256)) * 10, "not UTF-8"),
        (b"PK\x03\x04 something", "zip archive"),
        (b"[[1, 2]]", "no list of objects"),
        (b"PAR1 no more", "damaged"),
        (gzip.compress(b"PAR1 no more", mtime=0), "unpack it"),
        (b"\x1f\x8b\x08\x00", "ends early"),
        (zstandard.compress(b"x" * 100)[:-9], "ends early"),
        (b"\x28\xb5\x2f\xfd" + b"\xff" * 20, "damaged"),
        (b"Once upon a time, there was prose.\nAnd so on.\n", "known as the user and item.*Once upon a time"),
    ],
)
def test_what_is_no_table(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(content)
    with pytest.raises(ReadError, match=reason) as caught:
        list(read_events(path))
    assert caught.value.path == str(path)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"nowhere\.csv: no such file"):
        list(read_events(tmp_path / "nowhere.csv"))
    with pytest.raises(ReadError, match="is a folder"):
        list(read_events(tmp_path))


def test_a_file_whose_name_is_no_utf8(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.csv"
    with open(path, "wb") as file:
        file.write(HEADER + b"u,,5\n")
    (reject,) = read_events(os.fsdecode(path))
    assert isinstance(reject, Reject)
    assert reject.file == f"{tmp_path}/caf\\xe9.csv"


def test_a_utf8_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(b"\xef\xbb\xbf" + HEADER + b"u,i,5\n")
    (event,) = read_events(path)
    assert isinstance(event, Interaction)
    assert (event.user_id, event.value) == ("u", 5.0)


def test_a_member_of_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/events.csv", HEADER + b"u,i,9\nu,,9\n")
    event, reject = read_events(zipfile.Path(tmp_path / "a.zip", "folder/events.csv"))
    assert isinstance(event, Interaction)
    assert isinstance(reject, Reject)
    assert reject.file.endswith("a.zip/folder/events.csv")
    assert reject.line == 3


@given(st.binary(min_size=1, max_size=300).filter(bytes.strip))
def test_lines_are_the_file(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("stream") / "file"
    path.write_bytes(b"x" + content)  # no magic number
    assert b"".join(LineStream(path)) == b"x" + content
    lines = (b"x" + content).split(b"\n")
    if len(lines) > 1:
        assert [line.removesuffix(b"\n") for line in LineStream(path)] == lines[: None if lines[-1] else -1]


def test_line_ends_across_the_border_of_a_block(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for before in range(256 * 1024 - 5, 256 * 1024 + 3):
        path.write_bytes(b"1\n" + b"x" * before + b"\r\nnext\rlast\n")
        assert [line.strip(b"x") for line in LineStream(path)] == [b"1\n", b"\r\n", b"next\rlast\n"]
        path.write_bytes(b"x" * before + b"\rnext\rlast")
        assert [line.strip(b"x") for line in LineStream(path)] == [b"\r", b"next\r", b"last"]


def test_a_carriage_return_is_a_line_end_only_where_there_is_no_other(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(b"user,item,text\ru1,i1,x\ru2,i2,y\r")
    assert [event.text for event in read_events(path) if isinstance(event, Interaction)] == ["x", "y"]
    path.write_bytes(b'user,item,text\nu1,i1,"a\rb"\nu2,i2,c\rd\nu3,i3,e\n')
    first, reject, last = read_events(path)
    assert isinstance(first, Interaction)
    assert isinstance(last, Interaction)
    assert isinstance(reject, Reject)
    assert (first.text, last.text, reject.line) == ("a b", "e", 3)
    assert reject.reason == "the row has a carriage return outside quotes"


def test_a_line_without_end_costs_one_reject_and_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    with path.open("wb") as file:
        file.write(HEADER + b"before,i,1\n")
        for _ in range(48):
            file.write(b"," * 2**20)
        file.write(b"\nafter,i,1\n")
    tracemalloc.start()
    first, reject, last = read_events(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(first, Interaction)
    assert isinstance(last, Interaction)
    assert (first.user_id, last.user_id) == ("before", "after")
    assert isinstance(reject, Reject)
    assert (reject.line, reject.reason) == (3, f"the row has over {MAX_LINE_BYTES // 2**20} MiB")
    assert len(reject.raw) == 2**20
    assert peak < 8 * MAX_LINE_BYTES


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "txt", "csv.gz", "jsonl.zst"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_BLOCK", 8 * 1024)
    monkeypatch.setattr(stream, "_ZSTD_BLOCK", 64)

    def rows(count: int) -> Iterator[bytes]:
        if suffix.startswith("csv"):
            yield b"user_id,item_id,text\n"
        for n in range(count):
            if suffix.startswith("csv"):
                yield b'u%d,i%d,"some words to fill the row, number %d"\n' % (n, n, n)
            elif suffix.startswith("jsonl"):
                yield b'{"user": "u%d", "item": "i%d", "text": "some words to fill the row %d"}\n' % (n, n, n)
            else:
                yield b"%d %d %d %d\n" % (n, n + 1, n + 2, n + 3)

    def peak(count: int) -> int:
        path = tmp_path / f"{count}.{suffix}"
        content = b"".join(rows(count))
        path.write_bytes(
            PACK["gzip" if suffix.endswith("gz") else "zstd" if suffix.endswith("zst") else "plain"](content)
        )
        tracemalloc.start()
        form = Form(repeats="once")  # to tell equal rows takes some bytes for each
        seen = sum(1 for _ in (read_lists(path) if suffix == "txt" else read_events(path, form=form)))
        _, top = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert seen == count * (3 if suffix == "txt" else 1)
        return top

    # zstd unpacks 128 KiB at a time, so only larger files can show that it streams.
    small, large = (16_000, 48_000) if suffix.endswith("zst") else (2_000, 16_000)
    assert peak(large) < peak(small) + 300_000  # bytes; the larger file has over half a million more


@pytest.mark.parametrize("path", ["/proc/self/mem", "/nowhere/\ud800x"])
def test_a_path_that_cannot_be_read_is_an_error_of_ours(path: str) -> None:
    with pytest.raises(ReadError):
        list(read_events(path))
