"""What a refresh may be told."""

from __future__ import annotations

from dataclasses import dataclass, field

from recommender.evaluation.stores import SplitConfig
from recommender.meaning import MeaningConfig
from recommender.profiles.profile import ProfileConfig


@dataclass(frozen=True)
class RefreshConfig:
    """Everything that decides what a refresh makes of a graph; a change of it makes stages run again."""

    tune_seconds: float | None = 30.0
    """Budget of tuning; the first configuration of every part is always tried. None: all configurations."""
    split: SplitConfig = field(default_factory=SplitConfig)
    """How the graph's events are divided to tune and to measure; without times it falls back to a random split."""
    meaning: MeaningConfig = field(default_factory=MeaningConfig)
    """What events weigh."""
    profiles: ProfileConfig = field(default_factory=ProfileConfig)
    """How profiles are drawn."""
    keep: int = 3
    """Published versions kept on disk, the current one included; older ones are removed after a publish."""
