"""Whether a store was one and the same while it was read."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from kg import changes, queries
from kg.changes import Moment
from kg.store import Row, Store

log = logging.getLogger(__name__)


class VersionsChanged(Exception):
    """Versions were published, rolled back or pruned meanwhile, so that graph and files do not belong together."""


@dataclass(frozen=True)
class Cut:
    """What tells whether a store has changed."""

    store: Store
    versions: list[Row]
    """All of them."""
    whole: frozenset[str]
    """Those whose folder is in the working directory."""
    moment: Moment | None
    """How many transactions there were; None before the first refresh, and then only the numbers tell."""
    counts: tuple[int, int]
    """Nodes and edges."""

    @classmethod
    def of(cls, store: Store) -> Cut:
        """The store as it is now."""
        rows = store.read(queries.text("model_list"))
        (row,) = store.read(queries.text("every_count"))
        whole = frozenset(str(row["version"]) for row in rows if _is_whole(store.work, row["version"]))
        return cls(store, rows, whole, changes.now(store), (row["nodes"], row["edges"]))

    @property
    def left_out(self) -> list[str]:
        """Versions whose folder is not in the working directory."""
        return sorted({str(row["version"]) for row in self.versions} - self.whole)

    def changed(self, after: Cut, work: Path) -> bool:
        """Whether somebody wrote to the graph before ``after``; ``work`` is what was copied of the working directory.

        The log says so, and which versions are left out.

        Raises:
            VersionsChanged: the graph and ``work`` do not belong together.
        """
        if after.versions != self.versions or not all(_is_whole(work, version) for version in self.whole):
            raise VersionsChanged
        changed = (after.moment, after.counts) != (self.moment, self.counts)
        if changed:
            log.warning("%s was written to while it was read: the copy is of no single moment", self.store.address)
        if self.left_out:
            log.warning("%s holds no folders of the versions %s", self.store.work, ", ".join(self.left_out))
        return changed


def _is_whole(work: Path, version: str) -> bool:
    return (work / "models" / str(version) / "manifest.json").is_file()
