"""A store and a backup that earlier code made: they open, serve what they served, and go on from there.

``tests/stores/release-0.1.0-257c74c.tar.xz`` was made at commit 257c74c, of 30 people who like one of two genres of 24
books, and refreshed there; with reviews, profiles and a published version.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recommender import Recommender
from recommender.cli.app import app

ARCHIVE = Path(__file__).parents[1] / "stores" / "release-0.1.0-257c74c.tar.xz"
LISTS = {"u0": ["b2", "b10", "b18"], "u1": ["b11", "b23", "b3"]}
"""What the code that made the store recommended, and the scores of the first person."""
SCORES = [5.156474, 3.970000, 3.509440]


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """The folder with ``store`` and ``backup``."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    return result.output


def served(folder: Path) -> None:
    """The lists are those of then, live updates work, and a refresh publishes a version of now."""
    with Recommender.open(str(folder)) as r:
        for user, items in LISTS.items():
            assert r.recommend(user, k=3).item_id.tolist() == items
        assert r.recommend("u0", k=3).score.tolist() == pytest.approx(SCORES, rel=1e-5)
        assert r.profile("u0")["interests"]
        before = r.status()["model"]["version"]
        r.feedback("u0", "b2", "DISLIKED")
        assert "b2" not in r.recommend("u0", k=3).item_id.tolist()
        r.refresh(budget=5)
        assert r.status()["model"]["version"] != before
        fantasy = {f"b{number}" for number in range(0, 24, 2)}
        assert set(r.recommend("u2", k=2).item_id) <= fantasy


@pytest.mark.embedded
@pytest.mark.slow
def test_a_store_of_before_opens_after_migrate_and_serves_what_it_served(earlier: Path) -> None:
    run("--store", earlier / "store", "migrate")
    served(earlier / "store")


@pytest.mark.embedded
@pytest.mark.slow
def test_a_backup_of_before_is_restored_and_serves_what_it_served(earlier: Path) -> None:
    run("--store", earlier / "restored", "restore", earlier / "backup")
    served(earlier / "restored")
