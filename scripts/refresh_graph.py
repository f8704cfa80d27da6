"""Refresh the published version, for cron, systemd, Kubernetes or Airflow.

    scripts/refresh_graph.py [--config refresh.toml] [--force]

Configuration is a TOML file (docs/operations.md has one) and the environment: ``TASTEGRAPH_STORE``,
``TASTEGRAPH_WORK``, ``NEO4J_USERNAME``, ``NEO4J_PASSWORD``, ``NEO4J_DATABASE``. Stdout holds one JSON document a line:
one for each stage, and a last one for the outcome; progress goes to stderr. Exit status 0: published or unchanged, the
last line says which; 4: kept back, for it is worse than what is published; 1: failed.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from recommender.cli.errors import end_on_sigterm
from recommender.cli.output import json_line, keep_stdout_clean
from recommender.refresh.batch import run


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit status."""
    parser = argparse.ArgumentParser(description="Refresh the published version; one line of JSON a stage.")
    parser.add_argument("--config", type=Path, metavar="FILE", help="TOML; default: all defaults")
    parser.add_argument("--force", action="store_true", help="publish even what is worse than the published version")
    given = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(message)s")
    for package in ("kg", "text", "gnn", "recommender"):
        logging.getLogger(package).setLevel(logging.INFO)
    end_on_sigterm()
    keep_stdout_clean()
    return run(given.config, json_line, force=given.force)


if __name__ == "__main__":
    sys.exit(main())
