"""Where the store is, and how a verb opens it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from kg.connection import check_url, is_url
from kg.folders import local

if TYPE_CHECKING:
    from kg.bolt import BoltStore
    from recommender import Recommender
    from recommender.budget import Budget
    from recommender.context import RunContext

DEFAULT_STORE = "./tastegraph-data"


@dataclass(frozen=True)
class Session:
    """The global options of one call."""

    store: str = DEFAULT_STORE
    """A folder, or the URL of a Neo4j server."""
    work: Path | None = None
    """The working directory; None: inside the folder of an embedded store."""
    debug: bool = False
    """Whether an error comes with its traceback."""
    quiet: bool = False
    """Whether progress bars and logs are left out."""
    began: float = field(default_factory=time.monotonic)
    """When somebody began to wait."""
    reasons: Path | None = None
    """A TOML file that says what reasons may speak of: a :class:`recommender.explain.steps.PathConfig`."""

    def __post_init__(self) -> None:
        # Before anything repeats it: a report says how it was made.
        if is_url(self.store):
            check_url(self.store)

    @classmethod
    def of(cls, context: typer.Context) -> Session:
        """The session of the call that this context belongs to."""
        session = context.find_object(cls)
        return session or cls()

    def budget(self, seconds: float | None) -> Budget | None:
        """So many seconds from when this call began; None without any."""
        from recommender.budget import Budget

        return None if seconds is None else Budget(seconds, began=self.began)

    def has_store(self) -> bool:
        """Whether the store is a server, or a folder that is there."""
        return is_url(self.store) or local(self.store).exists()

    def run(self, compute: bool, memory: str | None = None) -> RunContext:
        """Bars where stderr is a terminal, unless they are left out; ``compute`` and ``memory`` as in :meth:`open`."""
        from recommender.context import RunContext

        options: dict[str, Any] = {"progress": False} if self.quiet else {}
        options |= {} if memory is None else {"memory": memory}
        return RunContext(**options) if compute else RunContext(device="cpu", **options)

    def open(
        self,
        *,
        create: bool = False,
        compute: bool = False,
        text_model: str | None = None,
        memory: str | None = None,
    ) -> Recommender:
        """Open the store; a context manager.

        ``create`` makes one where there is none. ``compute`` takes a GPU where there is one, which costs the import of
        torch; answering from a published model runs on the processor. ``text_model`` is what refreshes read texts with,
        ``memory`` what models may take.
        """
        from recommender import Recommender

        config = None
        if text_model is not None:
            from recommender.refresh.config import RefreshConfig
            from text.encoder import EncoderConfig

            config = RefreshConfig(encoder=EncoderConfig(model=text_model))
        paths = None
        if self.reasons is not None:
            from recommender.configured import read_config
            from recommender.explain.steps import PathConfig

            paths = read_config(PathConfig, self.reasons)
        run = self.run(compute, memory)
        return Recommender.open(self.store, work=self.work, create=create, run=run, config=config, paths=paths)

    def open_store(self, *, create: bool = False, check: bool = True) -> BoltStore:
        """The graph alone; a context manager. See :func:`kg.engines.open_store`."""
        from kg.engines import open_store

        return open_store(self.store, work=self.work, create=create, check=check)
