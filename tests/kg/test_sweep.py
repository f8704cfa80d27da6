"""Files of rejected rows without a person, whatever has become of the files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg import sweep as sweeping
from kg.readers.rows import raw_text
from kg.records import Reject
from kg.rejects import FILES, RejectsFile
from kg.sweep import ELSEWHERE, Name, Swept, sweep

ROW = b'{"file":"f.csv","line":7,"field":"rating","reason":"9 is above 5","raw":"%s"}\n'
HALF = b'{"file":"f.csv","line":9,"field":"rating","reason":"9 is above 5","raw":"%s'

UNREADABLE = [
    HALF, HALF + b"\n", b"%s\n", b'["%s"]\n', b'"%s"\n', b"\xff\xfe%s\x80\n", b"\x00%s\x00\n",
    b"[" * 100_000 + b"%s\n", b'{"raw": {"a":' * 2_000 + b"%s\n", b"%s\r\n", b'{"raw":"%s"}\n',
    b"x" * 99_999 + b" %s\n",
]  # fmt: skip
"""Lines that are no row, with a place for an id."""


def swept(work: Path, content: bytes, user: str) -> tuple[bytes, Swept]:
    """What is left of a file, and the counts."""
    path = work.resolve() / "some.rejects.jsonl"
    path.write_bytes(content)
    (work / FILES).write_bytes(orjson.dumps(str(path)))
    found = sweep(work, user)
    assert {entry.name for entry in work.iterdir()} == {path.name, FILES}, "nothing is left beside it"
    return path.read_bytes(), found


@pytest.mark.parametrize("line", UNREADABLE, ids=range(len(UNREADABLE)))
def test_a_line_that_is_no_row_goes_where_the_id_stands_in_it(line: bytes, tmp_path: Path) -> None:
    others = [ROW % b"u7,i1,9", b"\n", ROW % b"u70,i7,9", b"\xef\xbb\xbf" + ROW % b"xu7,7", line % b"u71" + b"\n"]
    left, found = swept(tmp_path, b"".join(others) + line % b"u7", "u7")
    assert left == b"".join(others[1:])
    assert (found.rows, found.unreadable, found.unreadable_left) == (1, 1, 1)
    assert found.searched == [str(tmp_path / "some.rejects.jsonl")]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"null\n3\n", b"\xef\xbb\xbf", b"\x00" * 9, HALF % b"u70"])
def test_what_does_not_name_the_person_stays_as_it_is(content: bytes, tmp_path: Path) -> None:
    left, found = swept(tmp_path, content, "u7")
    assert (left, found.rows, found.unreadable) == (content, 0, 0)


ids = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8).filter(str.strip)


@given(user=ids.map(str.strip), cut=st.booleans())
def test_an_id_is_found_however_it_is_escaped(user: str, cut: bool) -> None:
    """In rows of CSV, JSON and IRIs, in either spelling of JSON, whole and cut short."""
    doubled = user.replace('"', '""')
    for raw in (f"a,{user},9", f'a,"{doubled}",9', json.dumps({"u": user}), orjson.dumps({"u": user}).decode()):
        for ascii_only in (True, False):
            line = json.dumps({"file": "f", "reason": "r", "raw": raw}, ensure_ascii=ascii_only)
            whole = sweeping._named((line + "\n").encode(), Name(user))
            assert whole == (True, True)
            assert sweeping._named(line[: -2 if cut else -1].encode(), Name(user)) == (True, False)


def test_a_line_of_any_length_is_searched_a_piece_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "LONGEST", 64)
    monkeypatch.setattr(sweeping, "OVERLAP", 16)
    short = b'"ann"\n"annex"\n'
    for place in range(50, 90):
        long = b"x" * place + b" ann " + b"x" * 100 + b"\n"
        assert swept(tmp_path, short + long + short, "ann")[0] == b'"annex"\n' * 2
        other = b"x" * place + b"ann " + b"x" * 55 + b" annex\n"  # a word that begins or ends where a piece does
        assert swept(tmp_path, short + other + short, "ann")[0] == b'"annex"\n' + other + b'"annex"\n'


def test_only_plain_files_that_the_store_itself_has_written_are_touched(tmp_path: Path) -> None:
    """No link is followed, in the list or on the way; what another store had listed is named and left alone."""
    work = tmp_path.resolve() / "work"
    work.mkdir()
    target, link, pipe = work.parent / "target", work.parent / "link", work.parent / "pipe"
    target.write_bytes(ROW % b"u7,i1")
    link.symlink_to(target)
    (work.parent / "by").symlink_to(work.parent)
    os.mkfifo(pipe)
    circle = work.parent / "circle"
    circle.symlink_to(circle)
    odd = [
        "/no\0where",
        str(link),
        str(work.parent / "by" / "target"),
        str(pipe),
        str(circle),
        "relative",
        str(target / "x"),
    ]
    (work / FILES).write_bytes(b"\n".join([*map(orjson.dumps, odd), b"3", b'"/half']))
    (work / ELSEWHERE).write_bytes(orjson.dumps(str(target)))
    found = sweep(work, "u7")
    assert target.read_bytes() == ROW % b"u7,i1"
    assert (found.searched, found.elsewhere, found.not_found) == ([], [str(target)], [str(target / "x")])
    assert found.failed.keys() == set(odd[:5])
    assert found.unreadable_left == 3


def test_a_list_that_was_cut_short_takes_the_next_file(tmp_path: Path) -> None:
    (tmp_path / FILES).write_bytes(b'"/cut/sho')
    with RejectsFile(tmp_path / "new.jsonl", strict=False, work=tmp_path) as file:
        file.add(Reject("f", 1, "", "", "u7"))
    assert sweep(tmp_path, "u7").rows == 1


def test_a_list_that_is_no_file_is_noted(tmp_path: Path) -> None:
    (tmp_path / FILES).mkdir()
    os.mkfifo(tmp_path / ELSEWHERE)
    assert sweep(tmp_path, "u7").failed == {str(tmp_path / name): "is no file" for name in (FILES, ELSEWHERE)}


@pytest.mark.parametrize("where", ["file", "field", "reason", "raw", "note", "deep", "u7", "number"])
def test_all_that_a_row_says_is_looked_at(where: str, tmp_path: Path) -> None:
    row = {"file": "f.csv", "line": 7, "field": "rating", "reason": "", "raw": "i,9"}
    said = {"deep": {"deep": [[{"of": "u7"}]]}, "number": {"number": 7}}.get(where, {where: "by u7"})
    content = orjson.dumps(row | said) + b"\n"
    assert swept(tmp_path, content, "7" if where == "number" else "u7")[0] == b""
    assert swept(tmp_path, orjson.dumps(row | {"line": 7}), "7")[0], "the number of a line is nobody's id"


def test_a_row_that_is_cut_is_not_kept(tmp_path: Path) -> None:
    """Behind where it is cut may stand whose it is."""
    rows = [f"{text * 2**18},u7,9" for text in ("word ", "w\n\n\n\n", "\U0001f600" * 5)]
    with RejectsFile(tmp_path / "new.jsonl", strict=False, work=tmp_path) as file:
        for row in rows:
            file.add(Reject("f", 1, "", "", raw_text(row)))
            file.add(Reject("f", 1, "", "", raw_text(row.encode())))
        file.add(Reject("f", 1, "", "", raw_text({"text": rows[0], "user": "u7"})))
        file.add(Reject("f", 1, "", "", raw_text(f"{'x ' * 2**18},u7,9")))
    assert sweep(tmp_path, "u7").rows == 1
    kept = (tmp_path / "new.jsonl").read_text().splitlines()
    assert {json.loads(line)["raw"] for line in kept} == {"(over 1 Mi characters)"}
    assert len(kept) == 7
