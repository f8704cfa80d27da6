"""What names no graph is refused at once, and nothing shows what stands where a password may be."""

from __future__ import annotations

import logging
import os
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from kg.adoption import Adoption
from kg.connection import ConnectionConfig, check_url, is_url, may_hold_secret, named
from kg.engines import open_store
from kg.errors import RecordError, StoreError
from kg.folders import appearing
from kg.packed import packed
from kg.rdf.mapping_file import read_mapping
from kg.readers import read_events, read_lists, read_recbole
from kg.readers.knowledge import read_knowledge
from kg.records import clean_kind
from kg.rejects import new_file
from kg.transfer import Archive
from kg.transfer.files import require_apart
from recommender import Recommender
from recommender.cli.app import app
from recommender.configured import read_config
from recommender.context import RunContext
from recommender.drawing import check_drawable
from recommender.errors import InvalidInput
from recommender.explain.steps import PathConfig
from recommender.pages import write
from recommender.refresh import batch
from recommender.refresh.config import RefreshConfig
from recommender.trials import read_trials
from text.encoder import EncoderConfig, TextEncoder
from text.errors import ModelNotFound
from text.model import locate

PW = "5ecret"
WITH_PASSWORD = (
    "neo4j://u:{}@h", "neo4j://u:{}@h:7687", "neo4j:/u:{}@h", "neo4j:u:{}@h", "neo4j//u:{}@h", "neo4j;//u:{}@h",
    "neo4j:///u:{}@h", "neo4j :// u:{}@h", " neo4j://u:{}@h", "\tbolt://u:{}@h", "'neo4j://u:{}@h'",
    '"neo4j://u:{}@h"', "<neo4j://u:{}@h>", "“neo4j://u:{}@h”", "NEO4J://U:{}@H", "neo4j+s:/u:{}@h",
    "bolt+ssc:u:{}@h", "neo4j+tls://u:{}@h", "http://u:{}@h", "https:/u:{}@h", "u:{}@h", "u:{}@h:7687", "//u:{}@h",
    "neo4j://{}@h", "neo4j://h?password={}", "neo4j://h:7687?user=u&password={}", "h:7687?password={}",
    "neo4j://h?pw={}", "neo4j://h#{}", "neo4j://h/{}", "neo4j://u:{}", "neo4j://u:{}/x@h", "neo4j://u:x@{}",
    "neo4j://h@u:{}", "neo4j://h:7687@u:{}", "u:{}/with/slashes@h", "neo4j:\\\\u:{}@h", "neo4j://u:{}@h\n",
    "neo4j://u:{}@h\0", "neo4j://u:{}@[::1", "neo4j://[u:{}", "bolt+s//u:{}@h", "password={};host=h",
    "u/{}@h:7687", "jdbc:neo4j:bolt://h/?user=u,{}", "cypher-shell -a bolt://h -u u -p {}", "neo4j -u u -p {}",
    "neo4j --password {}", "neo4j\uff1a//u:{}\uff20h", "./x?pw={}", "neo4j.//u;{};h", "neo4j://u:a@{}:7687",
    "{}.u://h", "s3://h/{}",
)  # fmt: skip
"""Locations that somebody may have meant, with a place for the password."""


def told(error: BaseException) -> str:
    """Everything that an error shows: itself, its causes and their tracebacks."""
    return "".join(traceback.format_exception(error)) + repr(error)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEO4J_PASSWORD", "another")


@pytest.mark.parametrize("form", WITH_PASSWORD)
def test_no_location_is_repeated_with_its_password(
    form: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    location = form.format(PW)
    assert is_url(location)
    config = tmp_path / "batch.toml"
    lines: list[Any] = []
    with caplog.at_level(logging.DEBUG):
        doors: tuple[Callable[[], Any], ...] = (
            lambda: open_store(location),
            lambda: Recommender.open(location, run=RunContext(device="cpu")),
            lambda: open_store(tmp_path / "new", work=location),
            lambda: open_store(Path(location)),
        )
        for door in doors:
            with pytest.raises(StoreError) as refusal:
                door()
            assert PW not in told(refusal.value)
        if "\0" not in location:  # which no command line and no file of TOML can hold
            for arguments in (
                ["--store", location, "status"],
                ["--store", location, "--debug", "ingest", "events", "none.csv"],
                ["copy", location, "x"],
            ):
                result = CliRunner().invoke(app, arguments)
                assert result.exit_code == 1
                assert PW not in result.output + result.stderr
            written = location.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
            for key in ("store", "work"):
                config.write_text(f'{key} = ["{written}"]\n"{written}" = 1\n', encoding="utf-8")
                assert batch.run(config, lines.append) == batch.FAILED
            config.write_text(f'store = "{written}"\n', encoding="utf-8")
            assert batch.run(config, lines.append) == batch.FAILED
    shown = capfd.readouterr()
    assert PW not in shown.out + shown.err + caplog.text + repr(lines)
    assert [path.name for path in tmp_path.iterdir() if path != config] == []  # nor is a folder called so


@pytest.mark.parametrize(
    "location", ["neo4j://h", "neo4j+s://db.example.org:7687", "bolt://127.0.0.1:1", "bolt://[::1]:7687",
                 "neo4j://h/", "neo4j+ssc://h_1", "NEO4J://h", "neo4j://h:7687?policy=eu"]
)  # fmt: skip
def test_addresses_of_servers(location: str) -> None:
    assert is_url(location)
    check_url(location)


@pytest.mark.parametrize(
    "location",
    ["data", "./data", "/srv/a b", "~/x", "neo4j", "neo4j/data", "a@b", "user=5/x", "C:\\x", "bolt.d", "x:y"],
)
def test_folders(location: str) -> None:
    assert not is_url(location)
    assert not may_hold_secret(location)


@pytest.mark.parametrize("location", ["u:{}", "~u:{}", "a/u:{}", "u;{}", "u,{}", "u@{}", "a/u={}"])
def test_what_may_be_a_folder_or_a_password_is_not_repeated(location: str, tmp_path: Path) -> None:
    location = location.format(PW)
    with pytest.raises(StoreError, match="not repeated") as refusal:
        open_store(location, create=False)
    assert PW not in told(refusal.value)
    result = CliRunner().invoke(app, ["--store", location, "--debug", "status"])
    assert result.exit_code == 1
    assert PW not in result.output + result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("location", ["./shop", "x y", "shop-1", "a/b.c (2)", "a_b+c", "größe"])
def test_a_plain_folder_is_named(location: str) -> None:
    assert named(location) == location
    with pytest.raises(StoreError, match=re.escape(location.removeprefix("./"))):
        open_store(location, create=False)


DOORS: dict[str, Callable[[str], Any]] = {
    "events": lambda place: list(read_events(place)),
    "lists": lambda place: list(read_lists(place)),
    "recbole": lambda place: list(read_recbole(place)),
    "knowledge": lambda place: list(read_knowledge(place)),
    "map": lambda place: read_mapping(Path(place)),
    "adoption": lambda place: Adoption.read(Path(place)),
    "reasons": lambda place: read_config(PathConfig, Path(place)),
    "trials": lambda place: read_trials(Path(place)),
    "refresh": lambda place: RefreshConfig(trials=Path(place)),
    "text model": lambda place: RefreshConfig(encoder=EncoderConfig(model=place)),
    "restore": lambda place: Archive(Path(place)),
    "backup": lambda place: require_apart(Path(place), Path("saved")),
    "folder": lambda place: appearing(Path(place)).__enter__(),
    "packed": lambda place: packed(Path(place)).__enter__(),
    "page": lambda place: write(Path(place), b""),
    "drawing": lambda place: check_drawable(Path(place)),
    "rejects": lambda place: new_file(Path(place), ".jsonl"),
}
"""What takes a path in Python; exports write by ``folder`` and ``packed``."""


KINDS: dict[str, Callable[[str], Any]] = {
    "kind": lambda text: clean_kind(text),
    "events": lambda text: list(read_events([{"user": "u", "item": "i"}], kind=text)),
    "text model": lambda text: locate(text, fetch=False),
    "encoder": lambda text: TextEncoder(EncoderConfig(model=text)).encode(["a"], progress=False),
}


@pytest.mark.parametrize("form", ["u:{}", "u:{}@h", "neo4j://u:{}@h:7687", "https://{}@h/model", "h/{}:x"])
@pytest.mark.parametrize("door", KINDS.values(), ids=KINDS)
def test_what_stands_in_place_of_a_name_is_not_repeated(door: Callable[[str], Any], form: str) -> None:
    with pytest.raises((RecordError, ModelNotFound)) as refusal:
        door(form.format(PW))
    assert PW not in told(refusal.value)


@pytest.mark.parametrize("verb", [["feedback", "u", "i", "{}"], ["ingest", "events", __file__, "--kind", "{}"]])
@pytest.mark.parametrize("form", ["u:{}", "u:{}@h", "neo4j://u:{}@h:7687"])
def test_no_kind_on_the_command_line_is_repeated(verb: list[str], form: str, tmp_path: Path) -> None:
    given = [part.replace("{}", form.format(PW)) for part in verb]
    result = CliRunner().invoke(app, ["--store", str(tmp_path / "store"), *given])
    assert result.exit_code != 0
    assert PW not in result.output + result.stderr


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_paths_in_python_refuse_an_address(door: Callable[[str], Any], tmp_path: Path) -> None:
    with pytest.raises((StoreError, InvalidInput), match="the address of a server") as refusal:
        door(f"neo4j://u:{PW}@h:7687")
    assert PW not in told(refusal.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("neo4j://h:0", "port"),
        ("neo4j://h:65536", "port"),
        ("bolt://h:" + "9" * 400, "port"),
        ("bolt://[::1", "no address"),
        ("bolt://::1", "no address"),
        ("bolt://", "no address"),
        (" bolt://h", "nothing around it"),
        ("bolt://h\0", "no address"),
        ("x\0y", "can be no folder"),
        ("~nosuchuser/x", "can be no folder"),
        ("loop/x", "can be no folder"),
        (Path("neo4j://h"), "as text"),
        ("ftp://h", "ftp:// is no graph server"),
    ],
)
def test_what_is_no_place_is_said_at_once(location: str, message: str, tmp_path: Path) -> None:
    os.symlink(tmp_path / "loop", tmp_path / "loop")
    for work in ({}, {"work": location} if "folder" in message else {}):
        with pytest.raises(StoreError, match=message):
            open_store(tmp_path / "store" if work else location, **work)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("text", ["0.5", "1.5", "0", "-1", "nan", "1e999", "x"])
def test_a_pool_holds_whole_connections(text: str) -> None:
    with pytest.raises(StoreError, match="NEO4J_POOL_SIZE"):
        ConnectionConfig.of_environment({"NEO4J_POOL_SIZE": text})


@pytest.mark.parametrize(
    "given",
    [{"threads": 0}, {"threads": -4}, {"threads": 1.5}, {"seed": -1}, {"seed": "x"}, {"seed": True},
     {"device": "nope"}, {"device": ""}, {"device": "cuda:77"}, {"device": 7.5}],
)  # fmt: skip
def test_a_run_is_checked_when_it_is_made(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(given))):
        RunContext(**{"device": "cpu"} | given)
