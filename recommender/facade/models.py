"""Published versions: what there is, going back to one, removing old ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recommender.facade.opened import Opened
from recommender.refresh import versions

if TYPE_CHECKING:
    from recommender.model import Model


class Models:
    """:attr:`recommender.Recommender.models`."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def all(self) -> list[dict[str, Any]]:
        """All versions with their figures, newest first; ``current`` marks the published one."""
        return versions.listing(self._opened.store)

    def published(self) -> Model:
        """The published version itself, to look into.

        Raises:
            NotRefreshed: there is none yet.
            ArtefactError: its folder is damaged.
        """
        return self._opened.serving.model()

    def rollback(self, version: str | None = None) -> str:
        """Publish an earlier version again, by default the one before, and draw all profiles by it; returns its name.

        Raises:
            InvalidInput: no such version.
            RefreshRunning: a refresh of this graph is running.
        """
        from recommender.refresh.rollback import roll_back

        opened = self._opened
        published = roll_back(
            opened.store,
            version,
            opened.encoder_of,
            opened.config.profiles,
            opened.profiling,
            progress=opened.run.progress,
        )
        opened.serving.forget_pointer()
        return published

    def prune(self, keep: int = 3) -> list[str]:
        """Remove all versions but the current one and the newest ``keep``; returns the names of the removed.

        Raises:
            InvalidInput: ``keep`` is below 1.
            RefreshRunning: a refresh of this graph is running, whose version would look old until it is published.
        """
        from recommender.refresh.lock import refresh_lock

        with refresh_lock(self._opened.store):
            return versions.prune(self._opened.store, keep)
