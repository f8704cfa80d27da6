"""What errors, reports and logs advise is said in the words of the door: options, arguments of Python, keys."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import kg
import recommender
from kg.advice import advice, option, speaking
from kg.errors import GraphError
from kg.readers import read_events, read_items, read_social, read_users
from recommender.cli.app import app
from recommender.errors import RecommenderError

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
NOT_ADVICE = {
    # What other programs are called with, and comments that are no advice.
    "neo4j_import.py",
    "arcadedb_server.py",
    "writing.py",  # writes commands
    "command.py",
}


def _advises(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("advice", "option")


def _texts(tree: ast.AST, *, advised: bool = False) -> list[str]:
    """All texts that are no docstring and no words of a door."""
    if isinstance(tree, ast.Expr) and isinstance(tree.value, ast.Constant):
        return []
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        return [tree.value]
    found = []
    for child in ast.iter_child_nodes(tree):
        found += [] if _advises(child) else _texts(child)
    return found


@pytest.mark.parametrize("package", [kg, recommender], ids=lambda package: str(package.__name__))
def test_no_message_names_an_option_to_whoever_asks(package: Any) -> None:
    root = Path(package.__file__).parent
    named = [
        (path.relative_to(root).as_posix(), match[0])
        for path in sorted(root.rglob("*.py"))
        if "cli" not in path.relative_to(root).parts and path.name not in NOT_ADVICE
        for text in _texts(ast.parse(path.read_text(encoding="utf-8")))
        # A whole command is one, from wherever it is given.
        for match in OPTION.finditer(re.sub(r"(tastegraph|zstd)[^;]*", "", text))
    ]
    # What the parsers of options call themselves by.
    assert [own for own in named if own[0] not in ("readers/form.py",)] == []


def test_each_door_has_its_words() -> None:
    said = {}
    for door in ("options", "python", "document"):
        with speaking(door):  # type: ignore[arg-type]
            said[door] = (option("at_format", "excel"), option("work"), advice("--id COL", "id=COL"))
    assert said == {
        "options": ("--at-format excel", "--work", "--id COL"),
        "python": ("at_format='excel'", "work=", "id=COL"),
        "document": ('at_format = "excel"', "the key work", "id=COL"),
    }


FILES = {
    "no-columns.csv": "wer;was\nann;lamp\n",
    "days.csv": "user,item,at\nann,a,03/04/2020\nann,b,05/06/2020\n",
    "numbers.txt": "1 2 3 4\n5 6 7 8\n",
    "ann.csv": "ann@example.org,17,4\nbob@example.org,18,5\n",
    "serial.csv": "user,item,at\nann,a,45000\n",
}
VERBS = {
    "events": (read_events, list(FILES)),
    "items": (read_items, ["no-columns.csv"]),
    "users": (read_users, ["no-columns.csv"]),
    "social": (read_social, ["no-columns.csv"]),
}
CASES = [(verb, name) for verb, (_, names) in VERBS.items() for name in names]


@pytest.mark.embedded
@pytest.mark.parametrize(("verb", "name"), CASES)
def test_the_same_fault_is_put_in_the_words_of_each_door(
    verb: str, name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / name).write_text(FILES[name])
    with caplog.at_level("INFO"):
        try:
            said = "\n".join(map(str, VERBS[verb][0](tmp_path / name)))
        except (GraphError, RecommenderError) as error:
            said = str(error)
    assert not OPTION.findall(said + caplog.text)
    assert re.search(r"[a-z_]=|Mapping\(", said + caplog.text), said

    caplog.clear()
    id = ["--id", "nr"] if verb in ("items", "users") else []
    with caplog.at_level("INFO"):
        done = CliRunner().invoke(
            app, ["--store", str(tmp_path / "s"), "ingest", verb, str(tmp_path / name), "--dry-run", *id]
        )
    typed = done.stdout + done.stderr + caplog.text
    assert OPTION.findall(typed)
    assert not re.search(r"Mapping\(|[a-z_]+=(?=['\[ ;,)]|$)", typed), typed
