"""``--memory``: parts step aside for what needs less, and the table says so; needs no store."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from recommender.cli.app import app
from tests import camps


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    folder = tmp_path_factory.mktemp("memory")
    rows = [(user, item) for user, item, stars, _ in camps.ratings() if stars == 5]
    parts = {"train": [row for n, row in enumerate(rows) if n % 5], "test": rows[::5]}
    for name, chosen in parts.items():
        lines = ["user,item", *(f"{user},{item}" for user, item in chosen)]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    return ("--train", str(folder / "train.csv"), "--test", str(folder / "test.csv"))


def evaluated(files: tuple[str, ...], *more: str) -> Result:
    arguments = ("evaluate", *files, "-k", "5", "--models", "popularity,ease,ease_low_rank", *more)
    return CliRunner().invoke(app, ["--store", "none", "--quiet", *arguments], env={"COLUMNS": "200"})


def test_what_does_not_fit_is_left_out_and_the_table_says_why(files: tuple[str, ...], tmp_path: Path) -> None:
    shown = evaluated(files, "--memory", "1KiB")
    assert shown.exit_code == 0, shown.output
    (row,) = [line for line in shown.stdout.splitlines() if line.split()[:1] == ["ease"] and "skipped" not in line]
    assert row.split() == ["ease", "left", "out"]
    for name in ("ease", "ease_low_rank"):
        assert re.search(
            rf"{name} was skipped: {name} over \d+ people and 16 items needs .* KiB; .* may be", shown.stdout
        )
    document = json.loads(evaluated(files, "--memory", "1KiB", "--json").stdout)
    assert [model["name"] for model in document["models"]] == ["popularity"]
    assert [skipped["name"] for skipped in document["skipped"]] == ["ease", "ease_low_rank"]


def test_where_all_fits_nothing_stands_in(files: tuple[str, ...]) -> None:
    document = json.loads(evaluated(files, "--memory", "50%", "--json").stdout)
    assert [model["name"] for model in document["models"]] == ["popularity", "ease"]


@pytest.mark.parametrize("given", ["plenty", "0", "150%"])
def test_what_is_no_size_is_an_error_at_once(files: tuple[str, ...], given: str) -> None:
    result = evaluated(files, "--memory", given)
    assert result.exit_code == 1
    assert f"memory = '{given}'; bytes such as 8GiB" in result.stderr
