"""What a refresh says of itself: of each stage as it ends, and of the whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from recommender.inspection.kinds import KindSummary
from recommender.refresh.guard import KeptBack


@dataclass(frozen=True)
class StageReport:
    """One stage of one refresh."""

    stage: str
    seconds: float
    resumed: bool
    """Whether an earlier, interrupted refresh had done it already."""
    counts: dict[str, int] = field(default_factory=dict)
    """How much it read or wrote."""


Done = Callable[[StageReport], None]
"""Takes each stage that has ended."""


@dataclass
class RefreshReport:
    """What a refresh did."""

    version: str | None = None
    """The version that is published now; None when ``--only`` stopped before."""
    unchanged: bool = False
    """The graph and the configuration are those of the published version; nothing was done."""
    kept_back: KeptBack | None = None
    """Why the new version was not published, where it was not; what was made is kept, and ``force`` publishes it."""
    fit: str | None = None
    """``full``: everything was fitted anew; ``warm``: the version before was brought up to what has changed."""
    why: str | None = None
    """What asked for a full fit, or how little has changed."""
    budget: dict[str, Any] | None = None
    """Of a full fit under one: ``seconds``, ``took``, ``left_out`` and ``shortened`` (what, by part)."""
    kinds: list[KindSummary] = field(default_factory=list)
    """What each kind of event is taken for."""
    warnings: list[dict[str, Any]] = field(default_factory=list)
    """What of an adopted graph cannot be taken as its map says; see :class:`kg.engines.fitting.Finding`."""
    stages: list[StageReport] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    """The evaluation, as :meth:`recommender.evaluation.report.Report.document` gives it."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)
