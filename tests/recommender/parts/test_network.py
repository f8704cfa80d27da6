"""The networks as parts: copies, and the graph over which each propagates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recommender.data import People
from recommender.hybrid import nobody
from recommender.parts import PARTS
from recommender.parts import network as module
from recommender.parts.network import GraphNetwork, GraphNetworkConfig, KnowledgeNetwork
from tests.recommender.parts.planted import ITEMS, world
from tests.running import RUN

SMALL = GraphNetworkConfig(dimensions=8, epochs=5)


def test_copies_are_the_mean_of_networks_of_successive_seeds(tmp_path: Path) -> None:
    data, everyone = world(), world().people()
    first, second = (GraphNetwork(SMALL).fit(data, replace(RUN, seed=seed)).score(everyone) for seed in (7, 8))
    both = GraphNetwork(replace(SMALL, copies=2)).fit(data, replace(RUN, seed=7))
    np.testing.assert_allclose(both.score(everyone), (first + second) / 2, rtol=1e-5)
    assert abs(first - second).max() > 0.1
    both.save(tmp_path)
    assert (GraphNetwork.load(tmp_path).score(everyone) == both.score(everyone)).all()


def test_somebody_new_has_no_vector_of_their_own() -> None:
    """Without a history they get the biases; whoever was in training keeps what the history does not decide."""
    part = GraphNetwork(replace(SMALL, copies=2)).fit(world(), RUN)
    stranger, first = (People(nobody(ITEMS).weights, np.array([row])) for row in (-1, 0))
    np.testing.assert_allclose(part.score(stranger)[0], np.mean([one.bias for one in part.trained], axis=0), atol=1e-6)
    assert abs(part.score(first) - part.score(stranger)).max() > 0.1


def test_contributions_of_copies_add_up() -> None:
    data = world()
    part = GraphNetwork(replace(SMALL, copies=3)).fit(data, RUN)
    person, items = data.people(np.array([4])), np.array([0, 9, 17])
    found = part.contributions(person, items)
    np.testing.assert_allclose(found.baseline + found.values.sum(axis=0), part.score(person)[0, items], rtol=1e-4)


def test_the_final_form_has_copies_where_training_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    data = world()
    assert GraphNetwork.final(SMALL, data) == replace(SMALL, copies=module.COPIES)
    monkeypatch.setattr(module, "COPIED_PAIRS", data.num_users * data.num_items - 1)
    assert GraphNetwork.final(SMALL, data) == SMALL
    assert PARTS["ease"].final("any", data) == "any"


def test_training_stops_where_hidden_pairs_like_it_best(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which pairs are hidden decides the number of epochs and nothing else; the refit needs no hidden pairs."""
    data = world()
    logs, cells = [], []

    def watched(*args: Any, **options: Any) -> Any:
        network, log = module_fit(*args, **options)
        logs.append(log)
        cells.append(len(args[0].interactions.values()))
        return network, log

    module_fit = module.fit
    monkeypatch.setattr(module, "fit", watched)
    part = GraphNetwork(replace(SMALL, epochs=60, stopping=0.1)).fit(data, RUN)
    first, second = logs
    assert first.stopped == "patience"
    assert cells == [0.9 * len(data.cells), len(data.cells)], "what is hidden teaches nothing"
    assert part.config == replace(SMALL, epochs=first.best_epoch)
    assert len(second.losses) == first.best_epoch < 60
    again = GraphNetwork(part.config).fit(data, RUN)
    np.testing.assert_array_equal(again.score(data.people()), part.score(data.people()))


def test_only_one_network_hears_of_entities() -> None:
    """Items that nobody met lie where their entities put them, and nowhere for the network of people and items."""
    data = world()
    unmet = np.flatnonzero(data.cells.matrix.getnnz(axis=0) == 0)
    assert len(unmet)
    alone, knowing = (
        kind(SMALL).fit(data, RUN).score(data.people())[:, unmet] for kind in (GraphNetwork, KnowledgeNetwork)
    )
    assert np.ptp(alone, axis=0).max() < 1e-6
    assert np.ptp(knowing, axis=0).min() > 0.1
    bare = replace(data, knowledge=data.knowledge.without(data.knowledge.relation_names))
    assert not KnowledgeNetwork.grid(bare)


def test_both_networks_read_texts_where_they_are_told_to() -> None:
    """An item that nobody met and that has no entity lies where its text puts it."""
    data = world()
    graph = data.knowledge
    unmet = 11
    cut = (graph.heads != unmet) & (graph.tails != unmet)
    data = replace(
        data,
        knowledge=replace(graph, heads=graph.heads[cut], relations=graph.relations[cut], tails=graph.tails[cut]),
    )
    own = np.arange(data.num_users) < data.num_users // 2
    config = replace(SMALL, epochs=30)
    for kind in (GraphNetwork, KnowledgeNetwork):
        deaf, reading = (
            kind(replace(config, text=text)).fit(data, RUN).score(data.people())[:, unmet] for text in (False, True)
        )
        assert np.ptp(deaf) < 1e-6
        assert reading[own].min() > reading[~own].max()
    assert any(config.text for config in KnowledgeNetwork.grid(data))
    assert not any(config.text for config in KnowledgeNetwork.grid(replace(data, item_vectors=None)))
