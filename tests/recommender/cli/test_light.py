"""``--help`` is quick because it loads nothing heavy."""

import subprocess
import sys

import pytest

HEAVY = (
    "torch",
    "pandas",
    "pyarrow",
    "numpy",
    "scipy",
    "neo4j",
    "jpype",
    "arcadedb_embedded",
    "transformers",
    "rich",
    "rdflib",
)

PROGRAM = f"""
import sys
sys.argv = ["tastegraph", *sys.argv[1:]]
from recommender.cli import main
try:
    main()
except SystemExit as end:
    loaded = [name for name in {HEAVY!r} if name in sys.modules]
    print(end.code, *loaded, file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["recommend", "--help"],
        ["ingest", "triples", "--help"],
        ["inspect", "--help"],
        ["kg", "validate", "--help"],
        ["--version"],
    ],
)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True)
    assert done.stderr.split() == ["0"]
    assert "tastegraph" in done.stdout


def test_reading_the_graph_does_not_load_what_learns() -> None:
    program = "import sys, recommender.facade; print('torch' in sys.modules, 'pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
