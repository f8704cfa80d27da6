"""Popularity, overall and recent, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.data import Cells, TrainingData
from recommender.parts.popularity import DAY, Popularity, PopularityConfig
from tests.recommender.parts.planted import world
from tests.running import RUN


@pytest.mark.parametrize(
    ("config", "first", "second"),
    [
        (PopularityConfig(), np.log(3), np.log(2)),
        (PopularityConfig(10.0), np.log(1.75), np.log(2)),
        (PopularityConfig(10.0, recent=0.25), 0.75 * np.log(3) + 0.25 * np.log(1.75), np.log(2)),
    ],
)
def test_overall_and_recent_add_up_by_their_shares(config: PopularityConfig, first: float, second: float) -> None:
    """Two people liked the first item ten and twenty days before one liked the second, half-life ten days."""
    times = np.array([10.0, 0.0, 20.0]) * DAY
    cells = Cells(np.arange(3), np.array([0, 0, 1]), np.ones(3, np.float32), times, num_users=3, num_items=3)
    part = Popularity(config).fit(TrainingData(cells, world().knowledge), RUN)
    np.testing.assert_allclose(part.scores, [first, second, 0.0], rtol=1e-6)
