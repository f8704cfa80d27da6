"""Progress without a terminal: lines in the log that say what is under way, how far, and how long the rest takes."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kg import progress
from kg.progress import tqdm


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SECONDS", 0.01)


def until_said(caplog: pytest.LogCaptureFixture, text: str) -> str:
    """The first line with this text, which is waited for."""
    for _ in range(3_000):
        if found := [message for message in caplog.messages if text in message]:
            return found[0]
        time.sleep(0.01)
    raise AssertionError(f"{text!r} is not among {caplog.messages}")


@pytest.mark.usefixtures("quick")
def test_lines_say_how_far_all_is_that_is_under_way(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO, "kg.progress"):
        with tqdm(total=4, desc="fitting", unit="model") as outer, tqdm(desc="reading", unit=" rows") as inner:
            outer.update()
            inner.update(1_500)
            said = until_said(caplog, "1,500 rows")
            assert re.fullmatch(
                r"fitting: 1 of 4 \(25 %\), \d:\d\d gone, about \d:\d\d left; reading: 1,500 rows, .* a second", said
            )
        caplog.clear()
        with tqdm(total=9, desc="next") as other:
            said = until_said(caplog, "next")
            assert said.startswith("next: 0 of 9 (0 %), "), "what has ended is not spoken of"
            assert said.endswith("time left not known yet")
            caplog.clear()
            assert until_said(caplog, "next: 0 of 9"), "also while nothing moves"
            other.update(9)
    assert capsys.readouterr().err == "", "no bar is drawn where there is no terminal"


@pytest.mark.usefixtures("quick")
def test_nothing_is_said_unasked(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "kg.progress"), tqdm(total=4, desc="quiet", disable=True) as bar:
        bar.update()
        with tqdm(total=2, desc="loud"):
            until_said(caplog, "loud")
    assert not [message for message in caplog.messages if "quiet" in message]


def test_a_verb_off_a_terminal_says_how_far_it_is(tmp_path: Path) -> None:
    """The command as a job of somebody else's: stderr is a file."""
    rows = tmp_path / "rows.csv"
    rows.write_text("user,item,rating\n" + "".join(f"u{n % 500},i{n % 301},{n % 5 + 1}\n" for n in range(60_000)))
    command = [sys.executable, "-m", "recommender", "--store", str(tmp_path / "store")]
    more = os.environ | {"TASTEGRAPH_PROGRESS_SECONDS": "0.1"}
    for quiet in (False, True):
        arguments = [*command, *["--quiet"] * quiet, "ingest", "events", str(rows), "--dry-run"]
        done = subprocess.run(arguments, capture_output=True, text=True, check=True, env=more)
        lines = [line for line in done.stderr.splitlines() if re.match(r"ingest: [\d,]+ records, 0:\d\d gone, ", line)]
        assert bool(lines) is not quiet, done.stderr
        assert "\r" not in done.stderr


@pytest.mark.parametrize("given", [None, "", "abc", "nan", "-1", "0", "inf"])
def test_what_is_no_time_between_lines_is_thirty_seconds(given: str | None) -> None:
    assert progress._seconds(given) == 30
