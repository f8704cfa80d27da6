"""Popularity, overall, recent and of what items have, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recommender.data import DAY, Cells, KnowledgeGraph, TrainingData
from recommender.parts.popularity import (
    AttributePopularity,
    AttributePopularityConfig,
    Popularity,
    PopularityConfig,
)
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


def test_half_lives_from_a_day_to_a_year_are_tried_where_ages_tell_events_apart() -> None:
    """The planted world lasts ten days; of the same events on a single day, or without times, none is newer."""
    data = world()
    tried = [config.half_life_days for config in Popularity.grid(data)]
    assert {1.0, 365.0, None} <= set(tried)
    assert len(set(tried)) == len(tried)
    for times in (np.full(len(data.cells), np.nan), data.cells.times % DAY):
        cells = replace(data.cells, times=times)
        assert Popularity.grid(replace(data, cells=cells)) == [PopularityConfig()]


def test_popularity_of_what_an_item_has() -> None:
    """Items 0 to 3 are liked by 3, 1, 0 and 2 people. Relation 0 gives author 4 to items 0 and 2, author 5 to items 1
    and 3; relation 1 gives genres 6 and 7 to item 2, 6 to item 0 and 7 to item 3; relation 2 has too few edges.

    Item 2: log(1 + 3) by its author, log(1 + (3 + 2) / 2) by its genres, an item's own likes left out.
    """
    liked = np.array([0, 0, 0, 1, 3, 3])
    cells = Cells(np.arange(6), liked, np.ones(6, np.float32), np.full(6, np.nan), num_users=6, num_items=4)
    heads, relations, tails = np.array(
        [(0, 0, 4), (2, 0, 4), (1, 0, 5), (3, 0, 5), (2, 1, 6), (2, 1, 7), (0, 1, 6), (3, 1, 7), (1, 2, 6)]
    ).T
    knowledge = KnowledgeGraph(heads, relations, tails, ("author", "genre", "rare"), 4, num_entities=4, num_nodes=8)
    part = AttributePopularity(AttributePopularityConfig(min_edges=2)).fit(TrainingData(cells, knowledge), RUN)
    expected = [
        (np.log(1 + 0) + np.log(1 + 0)) / 2,
        (np.log(1 + 2) + 0) / 2,
        (np.log(1 + 3) + np.log(1 + 2.5)) / 2,
        (np.log(1 + 1) + np.log(1 + 0)) / 2,
    ]
    np.testing.assert_allclose(part.scores, expected, rtol=1e-6)


def test_of_items_that_nobody_met_those_of_a_popular_author_are_first() -> None:
    rng = np.random.default_rng(0)
    authors = np.repeat(np.arange(10), 6)
    likes = np.where(np.arange(60) % 6 == 0, 0, rng.poisson(2 + 10 * (authors < 3)))
    items = np.repeat(np.arange(60), likes)
    size = len(items)
    cells = Cells(np.arange(size), items, np.ones(size, np.float32), np.full(size, np.nan), size, 60)
    knowledge = KnowledgeGraph(np.arange(60), np.zeros(60, np.int64), 60 + authors, ("author",), 60, 10, 70)
    scores = AttributePopularity().fit(TrainingData(cells, knowledge), RUN).scores
    unmet = np.arange(0, 60, 6)
    assert scores[unmet[:3]].min() > scores[unmet[3:]].max()
