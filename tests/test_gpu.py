"""The check for a machine with a GPU, as far as a machine without one can tell that it is ready."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks import gpu

ROOT = Path(__file__).parents[1]


def run(code: str) -> str:
    """Standard output of a Python that sees no GPU."""
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("what", ["check", "bench"])
def test_without_a_gpu_it_says_so(what: str) -> None:
    said = run(f"import sys; from benchmarks import gpu; sys.argv = ['gpu', '{what}']; sys.exit(gpu.main())")
    assert said.startswith("checked: 0 (torch ")


def test_it_needs_gnn_alone() -> None:
    loaded = run("import sys, benchmarks.gpu; print(*sorted({name.partition('.')[0] for name in sys.modules}))").split()
    assert "gnn" in loaded
    assert not {"kg", "text", "recommender", "pandas", "pyarrow", "orjson", "safetensors", "neo4j"}.intersection(loaded)


def test_make_needs_no_set_up_for_it() -> None:
    said = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "test-gpu", "bench-gpu", "PYTHON=python3"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.splitlines() == [
        "python3 -m benchmarks.gpu check",
        "python3 -m benchmarks.gpu bench --json .cache/bench-gpu.json",
    ]


def test_the_checks_pass_where_both_sides_are_the_processor() -> None:
    done = list(gpu.checks("cpu"))
    assert [check.name for check in done if not check.passed] == []
    assert {"iALS, exact", "iALS, conjugate gradients", "EASE", "light network, bfloat16", "text encoder"} <= {
        check.name for check in done
    }


def test_what_is_off_or_not_a_number_fails() -> None:
    there = torch.tensor([2.0, 1.0])
    assert gpu.difference(there, torch.tensor([2.0, 1.5])) == pytest.approx(0.25)
    assert not gpu.Check("off", 0.25, 0.2).passed
    assert not gpu.Check("not a number", gpu.difference(there, torch.tensor([math.nan, 1.0])), 0.2).passed


def test_planted_likes_are_distinct_and_follow_taste() -> None:
    liked = gpu.planted(800, 160, 20_000, "cpu").to_dense()
    assert set(liked.unique().tolist()) == {0.0, 1.0}
    people, items = torch.arange(800) % gpu.TASTES, torch.arange(160) % gpu.TASTES
    own = people[:, None] == items
    assert liked[own].mean() > 4 * liked[~own].mean()
