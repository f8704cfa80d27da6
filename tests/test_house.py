"""The house: what is pinned, what is packed, and that the README's commands run as they stand."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from typer.testing import CliRunner

from tests import camps

ROOT = Path(__file__).resolve().parents[1]
PINNED = sorted((ROOT / "requirements").glob("*.txt"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def blocks(document: str, language: str) -> list[str]:
    """The fenced blocks of a language in a document of the root."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", PINNED, ids=lambda path: path.name)
def test_pins_have_hashes_and_name_no_host(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"://|^-|index-url|find-links", text, re.MULTILINE)
    requirements = re.findall(r"^(\S+)==(\S+)(.*(?:\n[ ]{4}--hash=sha256:[0-9a-f]{64}.*)*)", text, re.MULTILINE)
    assert len(requirements) == len(re.findall(r"^[a-zA-Z]", text, re.MULTILINE)) > 0
    for name, _version, rest in requirements:
        assert "--hash=sha256:" in rest, name


def test_the_lock_is_in_step_with_the_bounds() -> None:
    pinned = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", (ROOT / "requirements/lock.txt").read_text(), re.MULTILINE)
    versions: dict[str, list[str]] = {}
    for name, version in pinned:
        versions.setdefault(canonicalize_name(name), []).append(version)
    wanted = [
        *PROJECT["dependencies"],
        *(line for extra in PROJECT["optional-dependencies"].values() for line in extra),
    ]
    for line in wanted:
        requirement = Requirement(line)
        found = versions.get(canonicalize_name(requirement.name), [])
        assert found, f"{line} is not in the lock: run make lock"
        assert all(requirement.specifier.contains(version) for version in found), f"{line} but the lock has {found}"


def test_make_help_lists_every_target() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[0].split()
    assert re.findall(r"make (\S+)", listed) == targets


def test_the_wheel_holds_the_queries_the_templates_and_the_command(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("tastegraph-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        entry = archive.read(next(name for name in held if name.endswith("entry_points.txt"))).decode()
    packages = ("kg", "text", "gnn", "recommender")
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in packages
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    outside = {name for name in held if ".dist-info/" not in name and name.split("/")[0] not in packages}
    assert wanted <= held
    assert outside == set()
    assert any(name.startswith("kg/queries/") and name.endswith(".cypher") for name in held)
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in held)
    assert "tastegraph = recommender.cli:main" in entry


def test_links_between_documents_lead_somewhere() -> None:
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    for document in documents:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the README's files."""
    folder = tmp_path_factory.mktemp("newcomer")
    camps.write(folder)
    return folder


@pytest.mark.embedded
def test_the_commands_of_the_readme_run(newcomer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from recommender.cli.app import app

    monkeypatch.chdir(newcomer)
    monkeypatch.setenv("TASTEGRAPH_STORE", os.fspath(newcomer / "by-command"))
    commands = [shlex.split(line) for block in blocks("README.md", "sh") for line in block.splitlines()]
    assert len(commands) > 10
    for program, *arguments in commands:
        assert program == "tastegraph"
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, f"{shlex.join(arguments)}\n{result.stderr}"
        assert result.stdout.strip(), shlex.join(arguments)


@pytest.mark.embedded
def test_the_python_of_the_readme_runs(
    newcomer: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(newcomer)
    (program,) = blocks("README.md", "python")
    assert len(program.splitlines()) <= 22
    exec(compile(program, "README.md", "exec"), {"__name__": "__main__"})
    printed = capsys.readouterr().out
    assert "stored, 0 rejected" in printed
    assert "because" in printed
