"""Texts of other encodings: stated, marked, or found by looking; and damage, which is none of them."""

from __future__ import annotations

import gzip
import logging
import time
from pathlib import Path

import pytest

from kg.errors import ReadError, RecordError
from kg.readers import read_events, read_lists, read_triples
from kg.readers.form import Form
from kg.readers.stream import LineStream
from kg.records import Interaction, Reject

TEXTS = {
    "cp1252": "Café Müller à la crème, garçon où l'été",
    "latin-1": "El niño español y el corazón",
    "cp1250": "Zażółć gęślą jaźń, książka",
    "cp1251": "Мастер и Маргарита, Преступление и наказание",
    "koi8-r": "Мастер и Маргарита, Преступление и наказание",
    "cp1253": "Ελληνικά βιβλία και ταινίες",
    "shift_jis": "吾輩は猫である。名前はまだ無い、ドラえもん",
    "euc-jp": "吾輩は猫である。名前はまだ無い、ドラえもん",
    "gbk": "红楼梦是中国古典小说，三国演义",
    "big5": "紅樓夢是中國古典小說，三國演義",
    "cp949": "한국어 책 영화 추천 시스템",
}


def table(text: str, count: int = 40) -> str:
    return "user\titem\ttext\n" + "".join(f"u{n}\ti{n}\t{text}\n" for n in range(count))


def texts(path: Path, form: Form | None = None) -> list[str | None]:
    events = list(read_events(path, form=form))
    assert all(isinstance(event, Interaction) for event in events), events[:2]
    return [event.text for event in events if isinstance(event, Interaction)]


@pytest.mark.parametrize("encoding", TEXTS)
def test_encodings_stated(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "events"
    expected = texts_of(tmp_path, TEXTS[encoding])
    for pack in (bytes, gzip.compress):
        path.write_bytes(pack(table(TEXTS[encoding]).encode(encoding)))
        assert texts(path, Form(encoding=encoding)) == expected


@pytest.mark.parametrize("encoding", TEXTS)
def test_encodings_found_and_said(tmp_path: Path, encoding: str, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "events"
    path.write_bytes(table(TEXTS[encoding]).encode(encoding))
    with caplog.at_level(logging.INFO, "kg"):
        assert texts(path) == texts_of(tmp_path, TEXTS[encoding])
    assert "encoding=" in caplog.text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("text", ["Café", "红楼梦是中国古典小说"])
def test_unicode_by_mark_or_zeros(tmp_path: Path, encoding: str, text: str) -> None:
    path = tmp_path / "events"
    path.write_bytes(table(text, 30_000).encode(encoding))  # over several blocks, which end within characters
    assert texts(path) == texts(path, Form(encoding=encoding)) == [text] * 30_000


def texts_of(folder: Path, text: str) -> list[str | None]:
    (folder / "expected").write_text(table(text), encoding="utf-8")
    return texts(folder / "expected")


def test_a_header_and_one_accent_are_enough(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_bytes("user,item,text\nu,i,café\n".encode("latin-1"))
    assert texts(path) == ["café"]
    path.write_bytes("user,item,título,text\nu,i,x,y\n".encode("latin-1"))
    assert texts(path) == ["y"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_accents_that_come_after_megabytes_of_ascii(tmp_path: Path, pack: type[bytes]) -> None:
    rows = [b"u%d,i%d,plain words\n" % (n, n) for n in range(60_000)]
    rows[50_000] = "u50000,i50000,Müller's café\n".encode("latin-1")
    path = tmp_path / "events"
    path.write_bytes(pack(b"user,item,text\n" + b"".join(rows)))
    found = texts(path)
    assert len(found) == 60_000
    assert set(found) == {"plain words", "Müller's café"}


def test_a_file_of_utf8_keeps_rejecting_its_damaged_rows(tmp_path: Path) -> None:
    path = tmp_path / "events"
    rows = [f"u{n},i{n},café\n".encode() for n in range(30_000)]
    for place in (3, 20_000):
        rows[place] = f"u{place},i{place},caf".encode() + b"\xe9\n"
    path.write_bytes(b"user,item,text\n" + b"".join(rows))
    records = list(read_events(path))
    assert [r.line for r in records if isinstance(r, Reject)] == [5, 20_002]
    assert {r.text for r in records if isinstance(r, Interaction)} == {"café"}


@pytest.mark.parametrize("damage", [b"\xff\xfe\x01", b"\x80\x81", b"\xf0\x9f", b"caf\xe9"])
def test_a_damaged_line_changes_no_other(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "events"
    rows = [b"u%d,i%d,words\n" % (n, n) for n in range(40_000)]
    rows[10] = b"u10,i10," + damage + b"\n"
    rows[39_999] = "u39999,i39999,später 中\n".encode()
    path.write_bytes(b"user,item,text\n" + b"".join(rows))
    records = list(read_events(path))
    others = [r.text for n, r in enumerate(records) if n != 10 and isinstance(r, Interaction)]
    assert others == ["words"] * 39_998 + ["später 中"]


def test_a_damaged_character_of_a_stated_encoding_costs_its_row(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_bytes("user,item,text\nu,i,红楼\nv,i,".encode("gbk") + b"\xff\xff\nw,i,x\n")
    first, reject, last = read_events(path, form=Form(encoding="gbk"))
    assert isinstance(first, Interaction)
    assert isinstance(reject, Reject)
    assert isinstance(last, Interaction)
    assert (first.text, reject.line, reject.reason) == ("红楼", 3, "the row is not valid gbk")


@pytest.mark.parametrize(
    "name", ["klingon", "rot13", "base64", "idna", "punycode", "undefined", "", "x" * 9_999, "a\0"]
)
def test_what_is_no_encoding(tmp_path: Path, name: str) -> None:
    path = tmp_path / "events"
    path.write_text("user,item\nu,i\n")
    if name:
        with pytest.raises(RecordError, match="no encoding; such as") as caught:
            list(read_events(path, form=Form(encoding=name)))
        assert len(str(caught.value)) < 200
    else:
        assert len(list(read_events(path, form=Form(encoding=name)))) == 1


def test_binary_files_are_no_texts_of_an_encoding(tmp_path: Path) -> None:
    path = tmp_path / "events"
    for content in (bytes(range(128, 256)) * 10, b"\x7fELF\x02\x01\x01" + bytes(100), b"\x00\x01\x00\x00" * 900):
        path.write_bytes(content)
        with pytest.raises(ReadError):
            list(read_events(path))


def test_zeros_in_rows_are_no_utf16(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_bytes(b"user,item\n" + b"u\0,iX\n" * 1_000)
    records = list(read_events(path))
    assert len(records) == 1_000
    assert all(isinstance(r, Reject) and "NUL" in r.reason for r in records)


def test_looking_takes_linear_time_and_one_pass(tmp_path: Path) -> None:
    path = tmp_path / "events"
    row = b"u,i," + bytes(range(128, 256)) + b"\n"
    path.write_bytes(b"user,item,text\n" + row * 60_000)
    before = time.process_time()
    assert sum(1 for _ in LineStream(path, None)) == 60_001
    assert time.process_time() - before < 5


def test_lists_and_triples(tmp_path: Path) -> None:
    path = tmp_path / "lists"
    path.write_bytes("0 caf\xe9 1\n".encode("latin-1"))
    assert [e.item_id for e in read_lists(path) if isinstance(e, Interaction)] == ["café", "1"]
    path.write_bytes("head,relation,tail\nCaf\xe9,in,K\xf6ln\n".encode("latin-1"))
    (triple,) = read_triples(path)
    assert not isinstance(triple, Reject)
    assert (triple.head, triple.tail) == ("Café", "Köln")
