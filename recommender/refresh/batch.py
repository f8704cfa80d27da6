"""A refresh as a batch job: told by a file and the environment, it says what it did in JSON lines and an exit code.

====  ===========================================================
code  meaning
====  ===========================================================
0     published, or nothing had changed; the last line says which
4     kept back: the new version is worse than the published one
1     failed; the last line says how
====  ===========================================================
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.access import narrow_umask
from kg.rdf.mapping_file import read_mapping
from kg.readers.mapping import EventMapping, ItemMapping, UserMapping
from recommender.configured import read_config
from recommender.context import RunContext
from recommender.errors import InvalidInput
from recommender.refresh.config import RefreshConfig
from recommender.refresh.report import RefreshReport, StageReport
from recommender.refresh.versions import summary

if TYPE_CHECKING:
    from recommender.facade import Recommender

log = logging.getLogger(__name__)

DONE, FAILED, KEPT_BACK = 0, 1, 4
"""Exit codes."""

Line = Callable[[Mapping[str, Any]], None]
"""Takes one line of the output."""


@dataclass(frozen=True)
class IngestConfig:
    """Files that are read into the graph before the refresh; what was read before is skipped.

    The keys are the arguments of :meth:`recommender.Recommender.ingest`, and ``recipe``, the name of one.
    """

    events: Path | None = None
    items: Path | None = None
    users: Path | None = None
    triples: Path | None = None
    links: Path | None = None
    social: Path | None = None
    lists: Path | None = None
    recbole: Path | None = None
    amazon: Path | None = None
    amazon_items: Path | None = None
    source: Path | None = None
    """A document that says all of this."""
    recipe: str | None = None
    """The name of a published data set, in place of a source of one's own."""
    folder: Path | None = None
    """Where the files of ``source`` or ``recipe`` are."""
    mapping: EventMapping | None = None
    """Which columns of ``events`` are what; likewise for ``items`` and ``users``."""
    item_mapping: ItemMapping | None = None
    user_mapping: UserMapping | None = None
    rdf_mapping: Path | None = None
    """The file that says what the predicates of RDF mean."""
    social_mapping: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, Any] = field(default_factory=dict)
    """How ``events`` are written, by the keys of a source document; likewise the others."""
    item_form: Mapping[str, Any] = field(default_factory=dict)
    user_form: Mapping[str, Any] = field(default_factory=dict)
    social_form: Mapping[str, Any] = field(default_factory=dict)
    triple_form: Mapping[str, Any] = field(default_factory=dict)
    link_form: Mapping[str, Any] = field(default_factory=dict)
    type: str = "FRIEND"
    meanings: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    anew: bool = False
    strict: bool = False
    strict_meaning: bool = False
    merges: Path | None = None
    """The file that takes the report on merged names."""
    kind: str | None = None
    """Of the events that do not say theirs."""
    scale: tuple[float, ...] | None = None
    """Lowest and highest rating."""
    rejects: Path | None = None
    """The file that takes rejected rows."""
    trust: bool = False
    """Whether packed files are read however far they grow."""
    name: str | None = None
    """What the graph calls the source; by default the name of the file."""
    replace: bool = False
    """Whether what sources of these names have brought is taken out first, once the new reading is known to be good."""


@dataclass(frozen=True)
class BatchConfig:
    """A batch job. The password of a server is in ``NEO4J_PASSWORD``, and nowhere else."""

    store: str | None = None
    """The graph, a folder or a URL; ``TASTEGRAPH_STORE`` where it is not given."""
    work: Path | None = None
    """The working directory; ``TASTEGRAPH_WORK`` where it is not given."""
    seed: int = 0
    device: str | None = None
    """A torch device; None: a GPU where there is one."""
    threads: int | None = None
    """None: as many as there are processors."""
    memory: str | None = None
    """What models may take together, such as ``"8GiB"`` or ``"50%"``; None: a share of what is free."""
    ingest: IngestConfig | None = None
    refresh: RefreshConfig = field(default_factory=RefreshConfig)

    @property
    def location(self) -> str:
        """Where the graph is.

        Raises:
            InvalidInput: nobody says so.
        """
        if location := self.store or os.environ.get("TASTEGRAPH_STORE"):
            return location
        raise InvalidInput("no graph is named; set TASTEGRAPH_STORE, or store in the configuration")

    def context(self) -> RunContext:
        """Seed, device, threads and memory."""
        machine = {"device": self.device, "threads": self.threads, "memory": self.memory}
        given = {name: value for name, value in machine.items() if value is not None}
        return RunContext(seed=self.seed, **given)  # type: ignore[arg-type]


def run(path: Path | None, line: Line, *, force: bool = False) -> int:
    """Ingest where that is asked for, refresh, and say so; returns the exit code.

    Args:
        path: a TOML file of a :class:`BatchConfig`; None: all defaults.
        line: takes each line of the output.
        force: publish even what is worse than the published version.
    """
    try:
        narrow_umask()
        config = BatchConfig() if path is None else read_config(BatchConfig, path)
        report = _refresh(config, line, force)
    except Exception as error:  # whatever it is, who started the job reads it in the same place
        log.error("failed", exc_info=error)
        line({"outcome": "failed", "error": type(error).__name__, "message": str(error)})
        return FAILED
    line(_outcome(report))
    return DONE if report.kept_back is None else KEPT_BACK


def _refresh(config: BatchConfig, line: Line, force: bool) -> RefreshReport:
    from recommender.facade import Recommender

    work = config.work or (Path(given) if (given := os.environ.get("TASTEGRAPH_WORK")) else None)
    with Recommender.open(
        config.location, work=work, create=config.ingest is not None, run=config.context(), config=config.refresh
    ) as recommender:
        if config.ingest is not None:
            _ingest(recommender, config.ingest, line)
        return recommender.refresh(force=force, done=lambda stage: line(_stage(stage)))


def _ingest(recommender: Recommender, config: IngestConfig, line: Line) -> None:
    start = time.perf_counter()
    stated = {name: value for name, value in vars(config).items() if value not in (None, {})}
    if (name := stated.pop("recipe", None)) is not None:
        from recommender.sources.recipes import recipe

        stated["source"] = recipe(name)
    if (file := stated.pop("rdf_mapping", None)) is not None:
        stated["rdf_mapping"] = read_mapping(file)
    report = recommender.ingest(**stated)
    line({"stage": "ingest", "seconds": time.perf_counter() - start, **report.to_dict()})


def _stage(stage: StageReport) -> dict[str, Any]:
    return {"stage": stage.stage, "seconds": stage.seconds, "resumed": stage.resumed, **stage.counts}


def _outcome(report: RefreshReport) -> dict[str, Any]:
    document: dict[str, Any] = {"version": report.version, "figures": summary(report.figures)}
    if report.kept_back is not None:
        return {"outcome": "kept back", **document, "kept_back": vars(report.kept_back)}
    if report.unchanged:
        return {"outcome": "unchanged", **document}
    return {"outcome": "published", **document, "fit": report.fit, "why": report.why}
