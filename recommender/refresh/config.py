"""What a refresh may be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from numbers import Integral
from pathlib import Path

from kg.connection import is_url
from kg.folders import ADDRESS
from recommender.budget import check_budget
from recommender.errors import InvalidInput
from recommender.evaluation.stores import SplitConfig
from recommender.meaning import MeaningConfig
from recommender.profiles.profile import ProfileConfig
from recommender.refresh.plan import DriftConfig
from text.encoder import EncoderConfig


@dataclass(frozen=True)
class RefreshConfig:
    """Everything that decides what a refresh makes of a graph; a change of it makes stages run again (not of
    :data:`AFTERWARDS`)."""

    tune_seconds: float | None = 60.0
    """Seconds for a full refresh, the last fits and the profiles included; what is left out or shortened is said. Its
    outcome depends on the machine, and only its trials make it again. None: all configurations, and no clock."""
    trials: Path | None = None
    """``manifest.json`` of a version, or its folder: its trials are repeated, whatever :attr:`tune_seconds` says."""
    split: SplitConfig = field(default_factory=SplitConfig)
    """How the graph's events are divided to tune and to measure; where times are missing or too coarse, at random."""
    meaning: MeaningConfig = field(default_factory=MeaningConfig)
    """What events weigh."""
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    """The text model; a published version is asked with the one that it was made with."""
    profiles: ProfileConfig = field(default_factory=ProfileConfig)
    """How profiles are drawn."""
    drift: DriftConfig = field(default_factory=DriftConfig)
    """When a refresh fits everything anew and does not only bring the published version up to date."""
    keep: int = 3
    """Published versions kept on disk, the current one included; older ones are removed after a publish."""
    tolerance: float = 0.05
    """Share of the published version's figure that a new one may lose, in [0, 1]; what loses more, and more than chance
    explains, is kept back: see :mod:`recommender.refresh.guard`."""
    recommend: int = 0
    """Length of the list that each person gets in the graph, as ``RECOMMENDED``; 0: no lists are written."""
    vectors: bool = False
    """Whether vectors of items and of people are written into the graph: :mod:`recommender.refresh.vectors`."""

    def __post_init__(self) -> None:
        for name, place in (("trials", self.trials), ("encoder.model", self.encoder.model)):
            if place is not None and is_url(str(place)):
                raise InvalidInput(f"{name}: {ADDRESS}")
        check_budget(self.tune_seconds, "the budget, tune_seconds,")
        for name, least in (("keep", 1), ("recommend", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
                raise InvalidInput(f"{name} = {value!r}; a whole number of at least {least} is needed")
        if (
            isinstance(self.tolerance, bool)
            or not isinstance(self.tolerance, int | float)
            or not 0 <= self.tolerance <= 1
        ):
            raise InvalidInput(f"tolerance = {self.tolerance!r}; it is a share between 0 and 1")


AFTERWARDS = ("encoder", "keep", "tolerance", "recommend", "vectors")
"""What decides no stage: whether and how long a version is published (the encoder counts by its fingerprint)."""
