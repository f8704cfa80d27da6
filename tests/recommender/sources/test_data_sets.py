"""The page of data sets: every command does what it says on the samples."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recommender.cli.app import app
from recommender.sources.recipes import names

PAGE = Path(__file__).parents[3] / "docs" / "data-sets.md"
SAMPLES = Path(__file__).parent / "samples"
ROWS = [
    (command.replace("\\|", "|"), result)
    for command, result in re.findall(
        r"^\|[^`\n]*\| `(tastegraph [^`\n]*)` \|[^`\n]*\| ([^|`\n]*) \|$", PAGE.read_text(), re.M
    )
]
COMMANDS = [command for command, _ in ROWS]


def test_every_recipe_and_every_sample_stands_on_the_page() -> None:
    assert names() == sorted(shlex.split(command)[3] for command in COMMANDS if " recipe " in command)
    folders = {folder.name for folder in SAMPLES.iterdir()}
    assert folders == {shlex.split(command)[3].split("/")[0] for command in COMMANDS}


@pytest.mark.embedded
@pytest.mark.parametrize(("command", "result"), ROWS, ids=[command[18:60] for command in COMMANDS])
def test_a_command_does_what_the_page_says(
    command: str, result: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(SAMPLES)
    store = ["--store", str(tmp_path / "store"), "-q"]
    reports = ["--rejects", str(tmp_path / "rejects")]
    done = CliRunner().invoke(app, [*store, *shlex.split(command)[1:], "--dry-run", *reports])
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[0] == result.replace("stored", "would be stored", 1)


def test_without_a_name_the_recipes_are_listed() -> None:
    done = CliRunner().invoke(app, ["ingest", "recipe"])
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == names()
    assert all(len(line.split(maxsplit=1)) == 2 for line in lines)


def test_a_recipe_needs_a_folder_and_a_name_that_is_known(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["ingest", "recipe", "netflix"])
    assert done.exit_code == 2
    assert "FOLDER" in done.stderr
    done = CliRunner().invoke(app, ["--store", str(tmp_path / "store"), "ingest", "recipe", "netfliks", str(tmp_path)])
    assert done.exit_code != 0
    assert "there is no recipe 'netfliks'; there are amazon-2014," in done.stderr
    assert not (tmp_path / "store").exists()


def test_a_folder_without_any_of_the_files_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "notes.txt").write_text("")
    for name in names():
        done = CliRunner().invoke(
            app, ["--store", str(tmp_path / "store"), "ingest", "recipe", name, str(tmp_path / "data")]
        )
        assert done.exit_code == 1
        assert "there is notes.txt" in done.stderr
    assert not (tmp_path / "store").exists()
