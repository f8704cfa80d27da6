"""Folders of atomic files, plain, packed and zipped; LightGCN lists; the real ones counted."""

from __future__ import annotations

import gzip
import warnings
import zipfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kg.errors import ReadError, TooMuch
from kg.readers import EventMapping, read_events, read_items, read_links, read_lists, read_recbole
from kg.records import Attribute, Interaction, ItemRecord, Link, Reject, Triple, UserRecord

FILES = {
    "x.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t10\t3\t1252800000\n1\t\t3\t0\n",
    "x.item": "item_id:token\tmovie_title:token_seq\tclass:token_seq\tmaker:token\tlength:float\tvector:float_seq\n"
    "10\tToy Story\tAnimation Children's\tPixar, Inc.\t81.5\t1 2\n",
    "x.user": "user_id:token\tage:token\tzip_code:token\n1\t24\t01234\n",
    "x.kg": "head_id:token\trelation_id:token\ttail_id:token\nm.1\tfilm.film.genre\tm.2\n",
    "x.link": "item_id:token\tentity_id:token\n10\tm.1\n",
    "readme.txt": "nothing to read",
}


def check(records: list[object]) -> None:
    user, item, triple, link, event, reject = records
    assert user == UserRecord("1", {"age": 24, "zip_code": "01234"})
    assert item == ItemRecord(
        "10",
        "Toy Story",
        None,
        {"length": 81.5},
        (
            Attribute("GENRE", "genre", "Animation"),
            Attribute("GENRE", "genre", "Children's"),
            Attribute("MAKER", "maker", "Pixar, Inc."),
        ),
    )
    assert triple == Triple("m.1", "FILM_FILM_GENRE", "m.2")
    assert link == Link("10", "m.1")
    assert isinstance(event, Interaction)
    assert (event.user_id, event.item_id, event.kind, event.value) == ("1", "10", "RATED", 3.0)
    assert event.at == datetime(2009, 9, 13, tzinfo=UTC)
    assert isinstance(reject, Reject)
    assert (reject.line, reject.field) == (3, "item_id")


def test_a_folder(tmp_path: Path) -> None:
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    check(list(read_recbole(tmp_path)))
    (tmp_path / "x.inter").unlink()
    (tmp_path / "x.inter.gz").write_bytes(gzip.compress(FILES["x.inter"].encode()))
    check(list(read_recbole(tmp_path)))


def test_an_archive(tmp_path: Path) -> None:
    wheel = tmp_path / "data-1.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in FILES.items():
            archive.writestr(f"package/example/{name}", content)
    check(list(read_recbole(wheel)))
    check(list(read_recbole(wheel / "package" / "example")))
    check(list(read_recbole(zipfile.Path(wheel))))
    check(list(read_recbole(zipfile.Path(wheel, "package/example/"))))
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("other/y.inter", FILES["x.inter"])
    with pytest.raises(ReadError, match=r"several folders \(other, package/example\)"):
        list(read_recbole(wheel))


@pytest.mark.parametrize("name", ["b/" * 30_000 + "x.inter", "b/" * 33 + "x.inter", "b" * 2_000 + "/x.inter"])
def test_a_member_in_folders_without_end(tmp_path: Path, name: str) -> None:
    """Each folder of a name is a name of its own: 60 KB were 900 MB."""
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, FILES["x.inter"])
    for source in (path, path / "b", zipfile.Path(path), zipfile.Path(path, "b/")):
        with pytest.raises(TooMuch, match="a member's name has over"):
            list(read_recbole(source))


def test_an_archive_of_members_without_end(tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(5_000):
            archive.writestr(f"x/{number:0900}.inter", "")
    with pytest.raises(TooMuch, match="list of members has over 4 MiB"):
        list(read_recbole(path))


def test_members_of_one_name_are_the_last(tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.inter", FILES["x.inter"])
        archive.writestr("x.inter", "user_id:token\titem_id:token\nu\ti\n")
    (event,) = read_recbole(path)
    assert isinstance(event, Interaction)
    assert event.user_id == "u"


def test_what_is_no_folder_of_atomic_files(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no atomic file"):
        list(read_recbole(tmp_path))
    with pytest.raises(ReadError, match="no such folder"):
        list(read_recbole(tmp_path / "nowhere"))
    (tmp_path / "x.inter").write_text(FILES["x.inter"])
    with pytest.raises(ReadError, match="a folder of atomic files is needed"):
        list(read_recbole(tmp_path / "x.inter"))


def test_columns_by_other_names_are_taken_in_order(tmp_path: Path) -> None:
    (tmp_path / "x.inter").write_text("who:token\twhat:token\tweight:float\nu\ti\t7\n")
    (event,) = read_recbole(tmp_path, kind="listened")
    assert isinstance(event, Interaction)
    assert (event.user_id, event.item_id, event.value, event.kind) == ("u", "i", 7.0, "LISTENED")


def test_lists(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    path.write_bytes(b"anna i1 i2 \r\nbob\n\ncarl i\xff\n" + b"dora i\0x i3\n")
    records = list(read_lists(path, kind="clicked"))
    events = [(r.user_id, r.item_id, r.kind, r.at, r.value) for r in records if isinstance(r, Interaction)]
    assert events == [(*pair, "CLICKED", None, None) for pair in (("anna", "i1"), ("anna", "i2"), ("dora", "i3"))]
    assert [(r.line, r.field) for r in records if isinstance(r, Reject)] == [(4, "row"), (5, "item")]


@pytest.mark.parametrize(
    ("folder", "counts"),
    [
        ("ml-100k", {Interaction: 100_000, ItemRecord: 1_682, UserRecord: 943, Triple: 91_631, Link: 1_598}),
        ("lastfm-kg", {Interaction: 17_350 + 1_907, Triple: 15_518, Link: 3_846}),
        ("book-crossing-kg", {Interaction: 18_751 + 2_164, Triple: 151_500, Link: 9_058}),
    ],
)
def test_the_real_folders(shared_data: Path, folder: str, counts: dict[type, int]) -> None:
    assert Counter(map(type, read_recbole(shared_data / folder))) == counts


def test_movielens(shared_data: Path) -> None:
    folder = shared_data / "ml-100k"
    events = [event for event in read_events(folder / "ml-100k.inter.gz") if isinstance(event, Interaction)]
    assert len({event.event_id for event in events}) == 100_000
    assert len({event.user_id for event in events}) == 943
    assert Counter(event.value for event in events) == {1.0: 6110, 2.0: 11370, 3.0: 27145, 4.0: 34174, 5.0: 21201}
    items = {item.id: item for item in read_items(folder / "ml-100k.item") if isinstance(item, ItemRecord)}
    assert items["1"].title == "Toy Story"
    genres = {a.value for item in items.values() for a in item.attributes if a.kind == "genre"}
    assert {"Animation", "Children's", "Film-Noir"} <= genres
    assert len(genres) == 18  # of 19: "unknown" is none


def test_other_real_files(shared_data: Path) -> None:
    electronics = shared_data / "amazon-electronics"
    assert sum(1 for _ in read_lists(electronics / "train.txt")) == 31_887
    assert sum(1 for _ in read_events(electronics / "test.txt")) == 4_044
    books = shared_data / "facebook-books"
    mapping = EventMapping.parse("user=1,item=2,value=3")
    assert Counter(map(type, read_events(books / "trainingset.tsv", mapping))) == {Interaction: 15_234}
    assert Counter(map(type, read_events(books / "testset.tsv", mapping))) == {Interaction: 3_744}
    links = list(read_links(books / "mappingLinkedData.tsv"))
    assert links[0] == Link("2793", "http://dbpedia.org/resource/The_Claidi_Journals")
    artists = gzip.decompress((shared_data / "lastfm-kg" / "artists.tsv.gz").read_bytes()).decode().splitlines()
    items = list(read_items(shared_data / "lastfm-kg" / "artists.tsv.gz"))
    assert len(items) == len(artists) - 1


def damaged(path: Path, kind: str) -> None:
    """An archive that cannot be unpacked here."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA if kind == "lzma" else zipfile.ZIP_STORED) as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    held = bytearray(path.read_bytes())
    first, central = held.find(b"PK\x03\x04"), held.find(b"PK\x01\x02")
    while central >= 0:
        if kind == "encrypted":
            held[central + 8] |= 1
        elif kind == "deflate64":
            held[central + 10] = 9
        elif kind == "version":
            held[central + 6] = 99
        central = held.find(b"PK\x01\x02", central + 1)
    if kind == "lzma":
        held[60:90] = b"\xff" * 30
    elif kind == "header":
        held[first] = 0
    elif kind == "directory":
        held[held.find(b"PK\x01\x02")] = 0
    path.write_bytes(bytes(held))


@pytest.mark.parametrize("kind", ["encrypted", "deflate64", "version", "lzma", "header", "directory"])
def test_an_archive_that_cannot_be_unpacked_is_an_error_of_ours(kind: str, tmp_path: Path) -> None:
    damaged(tmp_path / "x.zip", kind)
    try:
        records = list(read_recbole(tmp_path / "x.zip"))
    except ReadError:
        return
    assert any(isinstance(record, Reject) for record in records)
