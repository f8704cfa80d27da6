"""What a refresh may be told."""

from __future__ import annotations

from dataclasses import dataclass, field

from recommender.evaluation.stores import SplitConfig
from recommender.meaning import MeaningConfig
from recommender.profiles.profile import ProfileConfig
from recommender.refresh.plan import DriftConfig
from text.encoder import EncoderConfig


@dataclass(frozen=True)
class RefreshConfig:
    """Everything that decides what a refresh makes of a graph; a change of it makes stages run again."""

    tune_seconds: float | None = 30.0
    """Budget of tuning; the first configuration of every part is always tried. None: all configurations."""
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
