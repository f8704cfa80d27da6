"""A graph of an older version of the schema to this one, a step a version.

A step may be stopped at any point and is then run again, so it changes nothing where it has been; the version is noted
after each. A step is added here with each raise of :data:`kg.schema.VERSION`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kg import queries, schema
from kg.errors import StoreError, StoreVersionError
from kg.store import Statement, Store

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """From one version to the next."""

    summary: str
    """What it changes, for people."""
    run: Callable[[Store], None]
    """Does it; the same graph results however often it was stopped and run again."""


STEPS: Mapping[int, Step] = {}
"""The step from each version to the one after it."""


def plan(store: Store, steps: Mapping[int, Step] = STEPS, to: int = schema.VERSION) -> list[tuple[int, Step]]:
    """The steps that a graph needs, each with the version that it starts from; none for a graph of version ``to``.

    Raises:
        StoreVersionError: the graph is of a later version, or half restored, or no step leads from its version.
        StoreError: the graph has no schema.
    """
    rows = store.read(queries.text("schema_state"))
    if not rows:
        raise StoreError(f"{store.address} holds no tastegraph: there is nothing to migrate")
    found = int(rows[0]["properties"]["version"])
    if not schema.UNFINISHED < found <= to:
        schema.check_version([found], store.address, speaks=to)
    missing = [version for version in range(found, to) if version not in steps]
    if missing:
        raise StoreVersionError(
            f"{store.address} has schema version {found}, and nothing leads from {missing[0]} to {missing[0] + 1}; "
            f"ingest the data again into a new store"
        )
    return [(version, steps[version]) for version in range(found, to)]


def migrate(store: Store, steps: Mapping[int, Step] = STEPS, to: int = schema.VERSION) -> list[str]:
    """Bring a graph to version ``to``; returns what was done. Goes on where it was stopped.

    Raises:
        StoreVersionError: see :func:`plan`.
    """
    wanted = plan(store, steps, to)
    for text in schema.node_constraints() if wanted else ():
        store.write(Statement(text, {}))
    for version, step in wanted:
        log.info("schema %d to %d: %s", version, version + 1, step.summary)
        step.run(store)
        store.write(queries.statement("schema_set", properties={"version": version + 1}))
    return [step.summary for _, step in wanted]
