"""A suspicion that is said is an error before the first write, by every verb; it leaves no store behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from recommender import Recommender
from recommender.cli.app import app
from recommender.errors import InvalidInput
from tests.running import RUN

pytestmark = pytest.mark.embedded

EVENTS = "user,item,rating,at\n"
CASES = {
    "not rated": ("events", "user,item,rating\nann,a,0\nbob,b,4\nann,c,5\nbob,a,3\nx,b,0\n", "not rated"),
    "unknown kind": ("events", "user,item,kind\nann,a,LIKD\nbob,b,LIKD\n", "is no usual kind"),
    "unread": ("events", EVENTS + "ann,a,4,2020-01-01\nbob,b,5,soon\n", "at: 1 times cannot be read"),
    "alike": ("events", EVENTS + "ann,a,4,2020-01-01\nbob,b,5,2020-01-01\n", "all 2 times are the same"),
    "future": ("events", EVENTS + "ann,a,4,2020-01-01\nbob,b,5,2098-01-01\n", "1 times are in the future"),
    "bare": ("events", EVENTS + "ann,a,4,45000\nbob,b,5,45001\n", "2 events have a bare number for a time"),
    "words for none": ("items", "id,brand\na,NA\nb,Boss\n", "taken for none, such as NA: 1 of brand"),
    "nobody": ("users", "id,job\nNA,x\nann,y\n", "taken for none, such as NA: 1 of id"),
    "lists unsaid": ("events", "1 10 11\n2 10\n3 10 11 12\n", "is read as lists"),
    "amazon": (
        "amazon",
        "".join(
            json.dumps({"reviewerID": who, "asin": "a", "overall": stars, "unixReviewTime": 1252800000}) + "\n"
            for who, stars in (("ann", 4), ("bob", 5))
        ),
        "all 2 times are the same",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_suspicion_is_an_error_and_leaves_no_store(name: str, tmp_path: Path) -> None:
    verb, text, says = CASES[name]
    file = tmp_path / "data"
    file.write_text(text)
    options = {"items": ["--id", "id", "--attribute", "brand"], "users": ["--id", "id", "--attribute", "job"]}
    source = ["--reviews", str(file)] if verb == "amazon" else [str(file)]
    command = ["--store", str(tmp_path / "store"), "-q", "ingest", verb, *source, *options.get(verb, [])]
    done = CliRunner().invoke(app, [*command, "--strict-meaning"])
    assert (done.exit_code, done.stdout) == (1, "")
    assert says in done.stderr
    assert not (tmp_path / "store").exists()


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with Recommender.open(tmp_path_factory.mktemp("store") / "s", run=RUN) as recommender:
        yield recommender


def test_items_that_are_not_those_of_the_events_are_said_and_refused(opened: Recommender, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("user,item\nann,0012\nbob,0013\n")
    (tmp_path / "items.csv").write_text("id,title\n12,Lamp\n13,Desk\n")
    (tmp_path / "s.toml").write_text(
        '[[table]]\nfiles = ["events.csv"]\n[[table]]\nfiles = ["items.csv"]\nverb = "items"\nid = "id"\n'
    )
    says = "0 of 2 item ids of the events are among the items; 2 more are there but for leading zeros"
    given: list[dict[str, Any]] = [
        {"events": tmp_path / "events.csv", "items": tmp_path / "items.csv"},
        {"source": tmp_path / "s.toml"},
    ]
    for own in given:
        with pytest.raises(InvalidInput, match=says):
            opened.ingest(**own, strict_meaning=True)
        assert opened.ingest(**own, dry_run=True).suspicions == [says]
    assert opened.status()["items"] == 0
    assert opened.ingest(tmp_path / "events.csv", dry_run=True).suspicions == []


def test_what_is_not_doubtful_is_stored(opened: Recommender, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("user,item,at\nann,a,2020-01-01\nbob,b,2020-01-02\n")
    report = opened.ingest(tmp_path / "a.csv", strict_meaning=True, kind="VIEWED")
    assert (report.accepted, report.suspicions) == (2, [])


def test_what_is_read_once_only_is_refused(opened: Recommender) -> None:
    with pytest.raises(InvalidInput, match=r"strict_meaning=True reads <.*> twice, which can be read once only"):
        opened.ingest(iter([{"user": "ann", "item": "a"}]), strict_meaning=True)
