"""What a batch ingests is told by the same keys as elsewhere: a source document, a recipe, forms of tables."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from recommender import Recommender
from recommender.refresh.batch import FAILED, IngestConfig, run

pytestmark = pytest.mark.embedded


def said(folder: Path, ingest: str) -> list[Any]:
    (folder / "batch.toml").write_text(f'store = "{folder}/store"\ndevice = "cpu"\n[ingest]\n{ingest}')
    lines: list[Any] = []
    run(folder / "batch.toml", lines.append)
    return lines


def test_every_argument_of_ingest_is_a_key() -> None:
    arguments = set(inspect.signature(Recommender.ingest).parameters) - {"self", "options", "dry_run", "merge"}
    assert {own.name for own in fields(IngestConfig)} - {"recipe"} == arguments


def test_a_source_document_is_read_before_the_refresh(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("wer;was\nann;a\nbob;a\n")
    (tmp_path / "s.toml").write_text(
        '[[table]]\nfiles = ["*.csv"]\nmap = { user = "wer", item = "was" }\nkind = "BOUGHT"\n'
    )
    first = said(tmp_path, f'source = "{tmp_path}/s.toml"\nfolder = "{tmp_path}/data"\n')[0]
    assert (first["stage"], first["accepted"], first["kinds"][0]["kind"]) == ("ingest", 2, "BOUGHT")


def test_a_form_is_said_by_its_keys(tmp_path: Path) -> None:
    (tmp_path / "a.dat").write_text("ann::a::0\nbob::b::4\n")
    keys = '{ columns = ["user", "item", "rating"], delimiter = "::", missing = { rating = ["0"] } }'
    first = said(tmp_path, f'events = "{tmp_path}/a.dat"\nform = {keys}\nmeanings = {{ RATED = "rating" }}\n')[0]
    assert (first["accepted"], first["kinds"][0]["unrated"]) == (2, 1)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ('form = { colums = ["a"] }', "there is no 'colums'"),
        ("strict_meaning = true", "is no usual kind"),
        ('recipe = "movielens"', "there is no recipe 'movielens'"),
    ],
)
def test_what_is_wrong_ends_the_batch_and_is_named(keys: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("user,item,kind\nann,a,LIKD\nbob,b,LIKD\n")
    source = "" if "recipe" in keys else f'events = "{tmp_path}/a.csv"\n'
    (tmp_path / "batch.toml").write_text(f'store = "{tmp_path}/s"\n[ingest]\n{source}{keys}\n')
    lines: list[Any] = []
    assert run(tmp_path / "batch.toml", lines.append) == FAILED
    assert says in lines[-1]["message"]
