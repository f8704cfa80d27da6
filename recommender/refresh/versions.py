"""Published versions: folders under ``work/models``, and ``(:Model)`` nodes; the one published last is current."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kg import changes, queries
from kg import snapshot as snapshots
from kg.changes import Moment
from kg.errors import ReadError
from kg.store import Statement, Store
from recommender import artefacts
from recommender.errors import ArtefactError, InvalidInput, NotRefreshed

log = logging.getLogger(__name__)

FIGURES = ("recall@10", "ndcg@10", "mrr@10")
"""What a version's node says of the hybrid."""
EVERYONE = "everyone"
"""What a version's node says as ``undrawn`` where no plan tells whose profiles are not drawn by it yet."""


def folder(store: Store, version: str) -> Path:
    """Where a version's artefact lies.

    Raises:
        ArtefactError: not a name that a refresh gives; a graph that others write to must not choose our folders.
    """
    if not re.fullmatch(r"\d{8}T\d{6}-[0-9a-f]{6}", version):
        raise ArtefactError(f"the graph holds a (:Model) of the impossible version {version!r}; remove that node")
    return store.work / "models" / version


def current(store: Store) -> dict[str, Any] | None:
    """The published version's node, or None before the first refresh."""
    rows = store.read(queries.text("model_current"))
    return rows[0] if rows else None


def parts(store: Store, version: str) -> list[dict[str, Any]]:
    """What each part of a version's hybrid is worth to people with a history, by validation: a row a part that counts.

    ``weight``; ``alone``, its own NDCG@10; ``adds``, that of the hybrid less that without the part, by weights
    learned on other people (cross-fitted, before the least weight of parts that know new items). Where people with few
    items have weights of their own, ``weight_few`` is that, and the others' figures are those of the rest. Nothing
    where the version's folder is not here.
    """
    try:
        learned = artefacts.read_manifest(folder(store, version), verify=False)["choice"]["fusion"]
    except ArtefactError:
        return []
    history, few = learned["history"], learned.get("few")
    rows = [
        {
            "part": name,
            "weight": weight,
            **({"weight_few": few["weights"][position]} if few else {}),
            "alone": history["validation"].get(name),
            "adds": history["without"].get(name),
        }
        for position, (name, weight) in enumerate(zip(learned["parts"], history["weights"], strict=True))
    ]
    counting = [row for row in rows if max(row["weight"], row.get("weight_few", 0.0)) > 0]
    return sorted(counting, key=lambda row: -row["weight"])


def listing(store: Store) -> list[dict[str, Any]]:
    """All versions, newest first; ``current`` marks the published one, ``complete`` those whose folder is here."""
    rows = store.read(queries.text("model_list"))
    newest = max((row["published_at"] for row in rows), default=None)
    return [
        row | {"current": row["published_at"] == newest, "complete": artefacts.exists(folder(store, row["version"]))}
        for row in rows
    ]


def publish(store: Store, version: str, key: str, figures: Mapping[str, float | None], undrawn: str = EVERYONE) -> None:
    """Make a version the current one: one write, after its folder is complete; ``figures`` are noted at its node.

    It is published after the one before even where the clock was set back. The same write notes that profiles have not
    followed yet, until :func:`drawn`: ``undrawn`` is the key of the run whose plan names whose, or :data:`EVERYONE`.
    """
    artefacts.read_manifest(folder(store, version), verify=False)
    before = current(store)
    now = datetime.now(UTC)
    if before is not None:
        now = max(now, before["published_at"] + timedelta(microseconds=1))
    properties = {name.replace("@", "_at_"): value for name, value in figures.items()}
    parameters = {"version": version, "key": key, "now": now, "figures": {**properties, "undrawn": undrawn}}
    store.write(Statement(queries.text("model_publish"), parameters))


def drawn(store: Store, version: str) -> None:
    """Note that all profiles are drawn by this version."""
    store.write(queries.statement("model_drawn", version=version))


def earlier(store: Store, version: str | None = None) -> dict[str, Any]:
    """An earlier version that can be published again, by default the one created before the current one.

    Raises:
        NotRefreshed: nothing was ever published.
        InvalidInput: no such version, or none before the current one.
        ArtefactError: its folder is incomplete or damaged.
    """
    versions = listing(store)
    if not versions:
        raise NotRefreshed("nothing is published yet; run 'tastegraph refresh'")
    if version is None:
        position = next(place for place, row in enumerate(versions) if row["current"])
        earlier = [row for row in versions[position + 1 :] if row["complete"]]
        if not earlier:
            raise InvalidInput(f"there is no version before {versions[position]['version']}")
        chosen = earlier[0]
    else:
        found = [row for row in versions if row["version"] == version]
        if not found:
            known = ", ".join(row["version"] for row in versions)
            raise InvalidInput(f"there is no version {version!r}; there are {known}")
        chosen = found[0]
    artefacts.read_manifest(folder(store, chosen["version"]))
    return chosen


def prune(store: Store, keep: int) -> list[str]:
    """Remove all but the current and the newest ``keep`` versions, node first: no node ever points at half a folder.

    Only while the lock of the graph is held, or what was listed as old may be published meanwhile. Versions that were
    made with people who are forgotten go whatever ``keep`` says, unless one of them is current.
    """
    if keep < 1:
        raise InvalidInput(f"keep = {keep}; at least one version stays")
    rest = [row["version"] for row in listing(store) if not row["current"]]
    gone = list(dict.fromkeys([*rest[keep - 1 :], *(set(rest) & set(made_with_forgotten(store)))]))
    if gone:
        store.write(Statement(queries.text("model_remove"), {"versions": gone}))
    for version in gone:
        artefacts.remove(folder(store, version))
    return gone


def made_with_forgotten(store: Store) -> list[str]:
    """The versions that are here and were made with people who are forgotten."""
    held = {row["version"] for row in store.read(queries.text("forgotten_versions"))}
    return [row["version"] for row in store.read(queries.text("model_list")) if row["version"] in held]


def forget_changes(store: Store) -> None:
    """Remove what the graph has noted of changes that every version knows already."""
    moments = [_moment(store, row["version"]) for row in listing(store) if row["complete"]]
    known = [moment for moment in moments if moment is not None]
    current = changes.now(store)
    ticks = [moment.tick for moment in known if current is not None and moment.epoch == current.epoch]
    if current is not None and ticks:
        changes.forget(store, Moment(current.epoch, min(ticks)))


def _moment(store: Store, version: str) -> Moment | None:
    """Up to where a version knows the graph; None where it cannot be updated."""
    try:
        return snapshots.moment_of(folder(store, version) / "snapshot")
    except ReadError:
        return None


def sweep(store: Store) -> dict[str, str]:
    """Remove the folders that no version needs: of what was killed before it was published, or while it was pruned.

    Only while no other refresh runs. Gives those of which something stays, and why; the log says so too.
    """
    needed = {row["version"] for row in listing(store)}
    found, left = entries(store.work / "models")
    for path in found:
        if path.name not in needed and (path.is_symlink() or path.is_dir()):
            left |= artefacts.remove(path)
    for place, why in left.items():
        log.warning("%s cannot be removed: %s", place, why)
    return left


def entries(folder: Path) -> tuple[list[Path], dict[str, str]]:
    """What lies in a folder of the working directory, and the folder with the reason where that cannot be read."""
    try:
        return sorted(folder.iterdir()), {}
    except FileNotFoundError:
        return [], {str(folder): "is a link that leads nowhere"} if folder.is_symlink() else {}
    except OSError as error:
        return [], {str(folder): error.strerror or str(error)}


def runs(store: Store) -> tuple[list[Path], dict[str, str]]:
    """The folders of refreshes that have not ended, as :func:`entries`; behind a link what has the name of one."""
    folder = store.work / "runs"
    found, failed = entries(folder)
    return [path for path in found if not folder.is_symlink() or re.fullmatch("[0-9a-f]{16}", path.name)], failed


def summary(document: dict[str, Any]) -> dict[str, float]:
    """The hybrid's headline figures of an evaluation document; empty when nothing was measured."""
    for model in document.get("models", ()):
        if model["name"] == "hybrid":
            return {name: model["metrics"][name] for name in FIGURES if model["metrics"].get(name) is not None}
    return {}
