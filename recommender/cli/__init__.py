"""The command line: one module a group of verbs, and each verb parses, calls the facade and prints.

::

    app.py         the command itself: global options, the verbs
    session.py     where the store is, and how a verb opens it
    parameters.py  what options mean: maps, scales, attributes, query parameters, times
    output.py      one JSON document, or tables for people
    hiding.py      what was typed and may hold a password is in no message
    errors.py      one clear message and the exit code
    ingest.py recommend.py query.py evaluate.py models.py upkeep.py transfer.py export.py    the verbs

Nothing here imports torch, pandas or the database before a verb needs it, so that ``--help`` is quick.
"""

from __future__ import annotations


def main() -> None:
    """Run ``tastegraph`` with the arguments of this process; ends it with the exit code."""
    from recommender.cli.app import app
    from recommender.cli.output import keep_stdout_clean

    keep_stdout_clean()
    app(prog_name="tastegraph")
