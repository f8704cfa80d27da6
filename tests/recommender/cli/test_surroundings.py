"""The command where its surroundings are poor: each time one line that says what to do, and never a traceback."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.engines import folder, open_store
from kg.errors import StoreError

ROOT = Path(__file__).parents[3]


def tastegraph(
    *arguments: object,
    shell: str = "",
    limits: Callable[[], object] | None = None,
    where: Path = ROOT,
    **environment: str | None,
) -> subprocess.CompletedProcess[str]:
    """Run the command, with ``shell`` after it, such as a redirection."""
    words = [sys.executable, "-m", "recommender", *map(str, arguments)]
    given = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(
        ["/bin/sh", "-c", f'"$@" {shell}', "sh", *words] if shell else words,
        cwd=where,
        env={name: value for name, value in given.items() if value is not None},
        preexec_fn=limits,
        capture_output=True,
        text=True,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str], *said: str) -> None:
    """One line on stderr, which says this; nothing else anywhere."""
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("error: ")
    for part in said:
        assert part in done.stderr


@pytest.mark.parametrize(
    "verb",
    [
        ["status"],
        ["query"],
        ["recommend", "ann"],
        ["ingest", "events", "ratings.csv"],
        ["--store", "/tmp/nowhere", "cypher", "RETURN 1"],
        ["backup", "saved"],
    ],
)
def test_a_directory_that_is_gone(tmp_path: Path, verb: list[str]) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = tastegraph(*verb, where=gone, limits=lambda: shutil.rmtree(gone))
    refused(done, "the directory in which this command runs is gone", "(cd)")


def test_a_directory_that_is_gone_in_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(StoreError, match="is gone"):
        open_store(tmp_path / "store")


def ratings(tmp_path: Path) -> Path:
    path = tmp_path / "ratings.csv"
    path.write_text("user,item,rating,timestamp\nann,a,5,1600000000\nbob,b,3,1600000001\n")
    return path


def test_files_that_may_not_grow(tmp_path: Path) -> None:
    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    done = tastegraph("-q", "--store", tmp_path / "store", "ingest", "events", ratings(tmp_path), limits=small)
    refused(done, "may write files of 1 MiB at most and a store needs 256 MiB", "ulimit -f")


def test_few_open_files(tmp_path: Path) -> None:
    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))

    done = tastegraph("-q", "--store", tmp_path / "store", "ingest", "events", ratings(tmp_path), limits=few)
    refused(done, "may have 200 files open and the embedded engine needs 256", "ulimit -Hn")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def store_of_pipes(path: Path) -> None:
    path.mkdir()
    os.mkfifo(path / "store.json")


@pytest.mark.parametrize("make", [pipe, store_of_pipes, Path.touch])
def test_what_cannot_be_a_store(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "store")
    with pytest.raises(StoreError, match="store"):
        open_store(tmp_path / "store")


@pytest.mark.parametrize("place", ["/dev/null", "/dev/null/store", "/proc/store"])
def test_devices_are_no_stores(place: str) -> None:
    with pytest.raises(StoreError, match="store"):
        open_store(place)


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "lock")

    monkeypatch.setattr(folder, "opened", fail)  # who runs the tests may be root, whom nothing is forbidden
    with pytest.raises(StoreError, match=r"cannot use .*store as a store: lock: Permission denied"):
        open_store(tmp_path / "store")


def test_a_reader_that_goes_away_leaves_no_traceback() -> None:
    assert tastegraph("query", shell="| head -n 1").stderr == ""


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams_are_no_output(closed: str) -> None:
    done = tastegraph("query", "--json", shell=closed)
    assert (done.returncode, done.stderr) == (0, "")
    assert bool(done.stdout) == (not closed.startswith(">"))


def test_a_full_device_is_said() -> None:
    refused(tastegraph("query", shell="> /dev/full"), "No space left on device")


def test_neither_home_nor_a_place_for_temporary_files_is_needed() -> None:
    done = tastegraph("query", "--json", HOME=None, TMPDIR="/nowhere", LC_ALL="C")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.embedded
@pytest.mark.slow
def test_names_beyond_ascii_where_the_locale_knows_ascii_only(tmp_path: Path) -> None:
    store = tmp_path / "störe 日本"
    done = tastegraph("--store", store, "-q", "ingest", "events", ratings(tmp_path), "--json", LC_ALL="C", LANG="C")
    assert (done.returncode, done.stderr) == (0, "")
    done = tastegraph("--store", store, "status", "--json")
    assert '"interactions":2' in done.stdout
