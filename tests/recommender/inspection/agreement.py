"""What the command and the document of an inspection read, without a store."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from kg.records import Begins, KindRecord, Record, Reject
from recommender.cli import ingest
from recommender.cli.app import app
from recommender.inspection.answer import Inspection
from recommender.sources.document import read_source


def by_command(command: str, monkeypatch: pytest.MonkeyPatch) -> list[Record | Reject]:
    """The records that a command would write, as the shell and the command line take it apart."""
    read: list[Record | Reject] = []

    def instead(_context: Any, readings: Any, *_: Any, **__: Any) -> None:
        read.extend(own for own in readings.records() if not isinstance(own, Begins))

    with monkeypatch.context() as patch:
        patch.setattr(ingest, "_ingest", instead)
        for one in command.split(" && "):
            _, *words = shlex.split(one)
            result = CliRunner().invoke(app, ["--quiet", *words], catch_exceptions=False)
            assert result.exit_code == 0, result.output
    return facts(read)


def by_document(found: Inspection, path: Path) -> list[Record | Reject]:
    """The records that its document reads."""
    path.write_text(found.document(), encoding="utf-8")
    return facts(read_source(path).records(Path(found.folder)))


def facts(records: Iterator[Any] | list[Any]) -> list[Any]:
    """Without what is declared of kinds, which is asked apart."""
    return [own for own in records if not isinstance(own, KindRecord)]


def count(records: list[Any]) -> tuple[int, int]:
    """How many are read, and how many rejected."""
    rejected = sum(isinstance(own, Reject) for own in records)
    return len(records) - rejected, rejected
