"""An address with a password in the wrong place of a command line is refused, and shown nowhere."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from recommender.cli import hiding
from recommender.cli.app import app
from recommender.cli.output import note

PW = "S3CR3T"
U = f"neo4j://u:{PW}@h:7687"
OTHERS = ("u:S3CR3T", "neo4j\uff1a//u:S3CR3T\uff20h", "cypher-shell -a bolt://h -u u -p S3CR3T")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("STORE", "WORK", "REASONS", "TEXT_MODEL"):
        monkeypatch.delenv(f"TASTEGRAPH_{name}", raising=False)


def said(*arguments: str) -> tuple[int, str]:
    """The exit code, and all that is printed."""
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output + result.stderr


PATHS = (
    "--work U status", "--reasons U status", "adopt U", "backup U", "restore U", "refresh --trials U",
    "refresh --text-model U", "ingest events U", "ingest items U --id a", "ingest users U --id a", "ingest lists U",
    "ingest triples U", "ingest triples U --link U", "ingest triples U --map U", "ingest recbole U",
    "ingest amazon --reviews U", "ingest amazon --items U", "ingest events U --rejects U",
    "ingest items U --id a --merges U", "recommend u1 --candidates U", "recommend --all-users --out U",
    "explain u1 i1 --draw U", "kg validate --shapes U", "kg report --html U", "kg show u1 --out U",
    "kg mentions --out U", "kg evaluate --train U", "evaluate --train U", "evaluate --out U", "export rdf U",
    "export rdf a.nt --map U", "export triples U", "export triples a.csv --link U", "export recbole U",
    "export neo4j-import U", "export neo4j-import x --backup U",
)  # fmt: skip


@pytest.mark.parametrize("line", PATHS)
def test_a_path_refuses_the_address_of_a_server(line: str, tmp_path: Path) -> None:
    for address in (U, "bolt://h:7687", *OTHERS[1:]):
        code, text = said(*(address if word == "U" else word for word in line.split()))
        assert code == 2
        assert "the address of a server stands where a file or folder" in text
        assert "--store" in text
        assert PW not in text
        assert address not in text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "line",
    ["U", "U status", "--store status U", "status U", "--U status", "export U x", "export --to=U", "restore U",
     "ingest events U", "adopt U", "copy U x", "copy x U", "--store=U status", "refresh --trials=U"],
)  # fmt: skip
def test_wrong_arguments_are_not_repeated(line: str, tmp_path: Path) -> None:
    for address in (U, *OTHERS):
        code, text = said("--debug", *(word.replace("U", address) for word in line.split()))
        assert code in (1, 2)
        assert PW not in text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "line",
    ["recommend -k U", "ingest events U --kind U", "ingest events x --scale U", "evaluate --protocol U",
     "feedback a b LIKED --at U", "query --param U", "recommend u1 --exclude U", "--debug query U", "recommend U",
     "ingest events ratings.csv --map user=U"],
)  # fmt: skip
def test_other_values_with_a_password_are_not_repeated(line: str, tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_text("user,item\nann,a\n")
    code, text = said(*(word.replace("U", U) for word in line.split()))
    assert code in (1, 2)
    assert PW not in text


@pytest.mark.parametrize("variable", ["TASTEGRAPH_WORK", "TASTEGRAPH_REASONS", "TASTEGRAPH_STORE"])
def test_nor_is_what_the_environment_says(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, U)
    code, text = said("--debug", "status")
    assert code in (1, 2)
    assert PW not in text


def test_notes_logs_and_reports_hide_it(capsys: pytest.CaptureFixture[str]) -> None:
    said("recommend", "u1", "--exclude", f"{U},other")
    for text in (U, repr(U), str(Path(U)), f"//u:{PW}@h:7687", f"the part {PW} alone", U.upper()):
        note(f"1 item is unknown: {text}")
        record = logging.LogRecord("kg", logging.INFO, "", 0, "read %s", (text,), None)
        assert PW not in hiding.Formatter("%(message)s").format(record)
    assert PW not in capsys.readouterr().err.upper()
    assert PW not in hiding.command_line(["evaluate", f"--train={U}", U])
    assert hiding.command_line(["evaluate", "-k", "10"]) == "tastegraph evaluate -k 10"


def test_what_holds_no_password_is_named() -> None:
    assert "'no such.csv'" in said("ingest", "events", "no such.csv")[1]
    assert "'/data/x y'" in said("restore", "/data/x y")[1]
    assert "there is no store at" in said("--store", "shop-1", "status")[1]
    assert "shop-1" in said("--store", "shop-1", "status")[1]
    assert "'5:1' is not MIN:MAX" in said("ingest", "events", __file__, "--scale", "5:1")[1]
    assert "'no-such-verb'" in said("no-such-verb")[1]


def test_every_parameter_for_a_file_or_folder_is_checked() -> None:
    def below(command: object) -> list[object]:
        verbs = getattr(command, "commands", {}).values()
        return [*getattr(command, "params", ()), *(one for verb in verbs for one in below(verb))]

    unchecked = {
        (parameter.name, parameter.metavar)  # type: ignore[attr-defined]
        for parameter in below(typer.main.get_command(app))
        if any(word in (parameter.metavar or "") for word in ("FILE", "FOLDER", ".toml"))  # type: ignore[attr-defined]
        and "process_value" not in vars(parameter)
    }
    assert unchecked == {("store", "FOLDER|URL"), ("exclude", "ITEM,...|FILE"), ("text_model", "NAME|FOLDER")}
