"""What is printed: JSON that any reader takes, tables that take every text literally."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from recommender.cli import output, views


def test_a_document_is_json_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    output.document(
        {
            "nan": float("nan"),
            "infinite": np.float32(np.inf),
            "vector": np.array([1.5, 2.5], dtype=np.float32),
            "strided": np.arange(4)[::2],
            "at": datetime(2024, 5, 1, tzinfo=UTC),
            "path": Path("a/b"),
            "kinds": {"B", "A"},
            "bytes": b"\x01\xff",
            1: "été 🎸",
        }
    )
    text = capsys.readouterr().out
    assert text.count("\n") == 1
    assert json.loads(text) == {
        "nan": None,
        "infinite": None,
        "vector": [1.5, 2.5],
        "strided": [0, 2],
        "at": "2024-05-01T00:00:00Z",
        "path": "a/b",
        "kinds": ["A", "B"],
        "bytes": "01ff",
        "1": "été 🎸",
    }


def test_a_table_takes_text_literally_and_disarms_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(["id", "value"], [["[red]x[/red] :smile:", 0.5], ["a\nb\x1b[31m", None]])
    text = capsys.readouterr().out
    assert "[red]x[/red] :smile:" in text
    assert "a\\nb\\x1b[31m" in text
    assert "\x1b" not in text


def test_a_row_in_a_pipe_is_one_line_however_long(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(["text"], [["word " * 500]])
    assert ("word " * 500).strip() in capsys.readouterr().out


def test_facts_show_nested_values_and_tables(capsys: pytest.CaptureFixture[str]) -> None:
    output.facts({"users": 3, "model": {"version": "v1"}, "parts": [{"a": 1}, {"a": 2, "b": "x"}]})
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[:3] == [["users", "3"], ["model.version", "v1"], ["parts"]]
    assert ["a", "b"] in lines
    assert ["2", "x"] in lines


def test_a_long_explanation_ends_in_a_remainder_and_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    parts = [
        {"component": "als", "contribution": 1.0 / 2**position, "item_id": f"i{position}", "words": "", "paths": []}
        for position in range(20)
    ]
    score = 0.25 + sum(part["contribution"] for part in parts)
    views.explanation({"user_id": "ann", "item_id": "A", "score": score, "baseline": 0.25, "parts": parts})
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    shown = [float(row[0]) for row in rows if row and row[0].replace(".", "").isdigit()]
    assert len(shown) == views.SHOWN + 3  # the parts, the remainder, the baseline, the sum
    assert sum(shown[:-1]) == pytest.approx(shown[-1], abs=1e-3)
