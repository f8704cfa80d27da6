"""The demo as a newcomer runs it, with little tuning: what it shows on the terminal, and the page that it leaves."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.demo import make_room
from tests.conftest import lacking

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.embedded
@pytest.mark.slow
def test_the_demo_shows_the_whole_loop(tmp_path: Path) -> None:
    page, store = tmp_path / "report.html", tmp_path / "store"
    command = [sys.executable, str(ROOT / "scripts" / "demo.py"), "--budget", "0", "--out", str(page)]
    command += ["--store", str(store)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "cannot be fetched" in done.stderr:
        lacking("the data of the demo are not here, and no package index answers")
    assert done.returncode == 0, done.stderr
    shown = done.stdout
    assert "102,625 records stored, 0 rejected" in shown
    models = re.findall(r"^ (hybrid|popularity|item_knn|ials|ease) +([0-9.]+|left out)", shown, re.MULTILINE)
    assert {name for name, _ in models} == {"hybrid", "popularity", "item_knn", "ials", "ease"}
    absent = {name for name, figure in models if figure == "left out"}
    assert not absent & {"hybrid", "popularity"}
    assert {name for name in absent if f"{name}: left out: " in shown} == absent
    assert re.search(r"when they are served: \d+ without a history, \d+ with a history", shown)
    assert len(re.findall(r"^ +\d+ +\d+ .* because ", shown, re.MULTILINE)) == 10
    assert "you rated" in shown
    assert re.search(r"of the same genre|of the same year", shown)
    assert not re.search(r"by the same (writer|director|producer)", shown), "whose links go by other films' ids"
    sums = [float(value) for value in re.findall(r"^  ([+-]?\d+\.\d{4})  ", shown, re.MULTILINE)]
    assert sum(sums[:-1]) == pytest.approx(sums[-1], abs=0.001)
    liked, disliked = re.findall(r"no to (.+), and yes to (.+)", shown)[0][::-1]
    after = re.findall(r"^ +\d+ +(=|new|[↑↓] \d+) +(.+?)  +because ", shown.split("ms later")[1], re.MULTILINE)
    assert len(after) == 10
    assert not {liked, disliked} & {title for _, title in after}
    assert {moved for moved, _ in after} != {"="}
    html = page.read_text(encoding="utf-8")
    assert "After feedback" in html
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", html)
    pasted = re.findall(r"^  (\S.* --store .*)$", shown.split("try it:")[1], re.MULTILINE)
    assert len(pasted) == 3
    for line in pasted:
        tried = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
        assert tried.returncode == 0, tried.stderr
        assert len(tried.stdout.splitlines()) > 5
    strange = tmp_path / "strange"
    strange.mkdir()
    with pytest.raises(SystemExit, match="was not made by the demo"):
        make_room(strange)
    make_room(store)
    assert not store.exists(), "the next run begins anew"
