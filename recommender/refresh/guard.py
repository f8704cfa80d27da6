"""Whether a new version may take the place of the published one, by what each reached on its own test part.

Kept back is a version whose figure is lower by more than a share of the published one's, and by more than chance
explains: half the width of the confidence interval of the difference, ``sqrt(h_new^2 + h_old^2)`` with ``h`` half the
width of each figure's 95 % interval. (Both were measured on much the same people, which makes the true interval
narrower.) Only figures that were measured in the same way are compared.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kg.advice import advice
from recommender import artefacts
from recommender.errors import ArtefactError
from recommender.refresh import versions
from recommender.refresh.stages import Run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class KeptBack:
    """Why a version was not published."""

    metric: str
    figure: float
    """What the new version reached."""
    published: float
    """What the published one had reached."""
    version: str
    """The published one."""
    tolerance: float
    """The share of ``published`` that may be lost."""
    noise: float
    """The difference that chance explains."""

    def __str__(self) -> str:
        return (
            f"kept back: {self.metric} is {self.figure:.4f}, that of the published version {self.version} is "
            f"{self.published:.4f}; a loss of {self.tolerance:.0%} is tolerated, and chance explains {self.noise:.4f}; "
            "look into the data, or publish it all the same: "
            + advice("tastegraph refresh --force", "refresh(force=True)")
        )


def judge(manifest: Mapping[str, Any], published: Mapping[str, Any], tolerance: float) -> KeptBack | None:
    """Compare the manifest of a new version with that of the published one; None where it may be published."""
    new, old = _hybrid(manifest), _hybrid(published)
    if new is None or old is None or _manner(manifest) != _manner(published):
        log.info("the figures of this version and of the published one were not measured in the same way")
        return None
    figure, before = new["mean"], old["mean"]
    noise = math.hypot(*((interval["high"] - interval["low"]) / 2 for interval in (new, old)))
    if before - figure <= max(tolerance * before, noise):
        return None
    metric = manifest["evaluation"]["metric"]
    return KeptBack(metric, figure, before, published["version"], tolerance, noise)


def judged(run: Run, manifest: Mapping[str, Any]) -> KeptBack | None:
    """As :func:`judge`, against whatever is published now."""
    published = versions.current(run.store)
    if published is None:
        return None
    try:
        before = artefacts.read_manifest(versions.folder(run.store, published["version"]))
    except ArtefactError:
        return None  # whatever is sound is better than what cannot be read
    return judge(manifest, before, run.config.tolerance)


def _hybrid(manifest: Mapping[str, Any]) -> dict[str, float] | None:
    """The interval of the hybrid's figure; None where nothing was measured."""
    for model in manifest["evaluation"].get("models", ()):
        if model["name"] == "hybrid" and None not in model["interval"].values():
            return dict(model["interval"])
    return None


def _manner(manifest: Mapping[str, Any]) -> tuple[Any, ...]:
    """What two figures must share to be comparable."""
    evaluation = manifest["evaluation"]
    return evaluation["protocol"], evaluation["metric"], manifest.get("split"), manifest["meaning"]
