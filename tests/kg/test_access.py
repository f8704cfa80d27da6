"""Files and folders of people's data are their owner's alone, unless a variable says otherwise."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.access import SHARED, make_folder, opened, own_all, own_work
from kg.engines import open_store
from kg.errors import StoreError
from kg.folders import appearing, beside
from kg.ingest import ingest
from kg.packed import packed
from kg.records import Interaction, ItemRecord
from kg.transfer import Archive, backup, fill


@pytest.fixture(autouse=True, params=[0o000, 0o022, 0o077], ids=oct)
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever the process says of what it makes."""
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(folder: Path) -> set[str]:
    """What may be done with what lies below a folder, and with itself: a letter, then the mode."""
    found = [path.lstat().st_mode for path in (folder, *folder.rglob("*"))]
    return {f"{'d' if stat.S_ISDIR(mode) else 'f'}{stat.S_IMODE(mode):o}" for mode in found}


RECORDS = [Interaction("u1", "i1", "RATED", "e1", None, 5.0), ItemRecord("i1", "One", "about")]


@pytest.mark.embedded
def test_a_store_with_its_backup_and_its_rejects_is_its_owners(tmp_path: Path) -> None:
    refused = Interaction("u1", "i2", "RATED", "e1", None, 4.0)
    with open_store(tmp_path / "store") as store:
        report = ingest(store, [*RECORDS, refused], rejects=tmp_path / "r.jsonl", progress=False)
        assert report.rejected == 1
        (store.work / "models").mkdir(mode=0o777)
        (store.work / "models" / "some").touch(mode=0o666)
        backup(store, tmp_path / "saved", progress=False)
    with open_store(tmp_path / "again") as store:
        fill(store, Archive(tmp_path / "saved"), progress=False)
    for made in ("store", "saved", "again"):
        assert modes(tmp_path / made) == {"f600", "d700"}
    assert modes(tmp_path / "r.jsonl") == {"f600"}


@pytest.mark.embedded
def test_a_store_that_others_could_read_is_closed_to_them_when_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(tmp_path / "store"):
        pass
    for path in (tmp_path / "store", *(tmp_path / "store").rglob("*")):
        path.chmod(0o777)
    with open_store(tmp_path / "store"):
        assert not any(int(mode[-2:]) for mode in modes(tmp_path / "store") - {"f600"} if mode[0] == "d")
    assert modes(tmp_path / "store") == {"f600", "d700"}
    monkeypatch.setenv(SHARED, "group")
    with open_store(tmp_path / "store"):
        pass
    assert modes(tmp_path / "store") == {"f660", "d2770"}


def test_a_working_directory_that_holds_other_things_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "models" / "v").mkdir(parents=True)
    (tmp_path / "models" / "v" / "tensors").touch()
    (tmp_path / "theirs").touch(mode=0o644)
    (tmp_path / "theirs").chmod(0o644)
    (tmp_path / "runs").symlink_to(tmp_path / "theirs")
    own_work(tmp_path)
    assert modes(tmp_path / "models") == {"f600", "d700"}
    assert stat.S_IMODE((tmp_path / "theirs").stat().st_mode) == 0o644
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


@pytest.mark.parametrize(("shared", "expected"), [("", {"f600", "d700"}), ("group", {"f660", "d2770"})])
def test_what_is_made_has_its_mode_at_once(
    shared: str, expected: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SHARED, shared)
    make_folder(tmp_path / "folder")
    with opened(tmp_path / "folder" / "file", "w") as file:
        file.write("x")
        assert modes(tmp_path / "folder") == expected
    with appearing(tmp_path / "whole") as folder:
        (folder / "one").touch()
        (folder / "more").mkdir()
    with packed(tmp_path / "whole" / "export.gz") as out:
        out.write(b"x")
    assert modes(tmp_path / "whole") == expected


def test_the_umask_may_decide_and_a_slip_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SHARED, "umask")
    before = os.umask(0o027)
    try:
        make_folder(tmp_path / "folder")
        opened(tmp_path / "folder" / "file", "xb").close()
        own_all(tmp_path / "folder")
    finally:
        os.umask(before)
    assert modes(tmp_path / "folder") == {"f640", "d750"}
    monkeypatch.setenv(SHARED, "everybody")
    with pytest.raises(StoreError, match="TASTEGRAPH_SHARED='everybody' is neither"):
        make_folder(tmp_path / "more")


KILLED = """
import os, signal, sys
from pathlib import Path
from kg.folders import beside
with beside(Path(sys.argv[1])) as path:
    path.write_text("people")
    print("written", flush=True)
    signal.pause()
"""


@pytest.mark.faults
def test_what_a_killed_process_left_goes_with_the_next_and_what_is_being_written_stays(tmp_path: Path) -> None:
    (tmp_path / ".notes-abcdefgh").mkdir()  # somebody's own
    alive, killed = (
        subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path / name)],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        )
        for name in ("monday.nt", "tuesday.nt")
    )
    with alive, killed:
        for process in (alive, killed):
            assert process.stdout is not None
            assert process.stdout.readline() == b"written\n"
        killed.kill()
        killed.wait()
        left = {path.name[:-9] for path in tmp_path.iterdir()}
        assert left == {".notes", ".monday.nt", ".tuesday.nt"}
        with beside(tmp_path / "wednesday.nt"):
            left = {path.name[:-9] for path in tmp_path.iterdir()}
            assert left == {".notes", ".monday.nt", ".wednesday.nt"}
        alive.send_signal(signal.SIGKILL)
