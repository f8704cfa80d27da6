"""What the closed forms make of the graph around items: filters over entities, and the collective form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gnn.filters import RelationFilter
from recommender.data import KnowledgeGraph
from recommender.parts.graph_filter import GraphFilter, GraphFilterConfig
from recommender.parts.item_item import Collective, CollectiveConfig, _relation_weights
from recommender.parts.relations import RelationsConfig, filters_of, learned_weights
from tests.recommender.parts.planted import ITEMS, PEOPLE, world
from tests.running import RUN

UNMET = [11, 23]
"""Items of the first and of the second half that nobody met."""
OWN = np.array([[True, False]] * (PEOPLE // 2) + [[False, True]] * (PEOPLE // 2))


def test_the_filter_over_entities_is_that_of_the_joint_adjacency() -> None:
    """Against a dense eigen-decomposition of the symmetric normalised adjacency of people, items and entities."""
    data, alpha, rank = world(), 0.4, 5
    config = GraphFilterConfig(alpha, rank, power_iterations=60, entities=0.5)
    found = GraphFilter(config).fit(data, RUN).score(data.people())
    liked = data.cells.positive.toarray()
    shared = [0.5 * part.toarray().T for part in data.knowledge.item_attributes.values()]
    others = np.concatenate([liked, *shared])
    size = len(others)
    joint = np.zeros((size + ITEMS, size + ITEMS))
    joint[:size, size:], joint[size:, :size] = others, others.T
    scale = np.where(joint.sum(1) > 0, joint.sum(1), 1.0) ** -0.5
    joint = scale[:, None] * joint * scale
    smooth = np.linalg.eigh(joint)[1][size:, -rank:] * np.sqrt(2)  # half of a vector's length lies on the items
    into = scale[size:]
    kernel = (joint @ joint)[size:, size:] + alpha * into[:, None] * (smooth @ smooth.T) / into
    np.testing.assert_allclose(found, liked @ kernel, atol=2e-4)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_a_filter_over_entities_places_items_that_nobody_met(alpha: float) -> None:
    data = world()
    data = replace(data, knowledge=data.knowledge.without(["noise"]))
    scores = GraphFilter(GraphFilterConfig(alpha, 4, entities=1.0)).fit(data, RUN).score(data.people())[:, UNMET]
    assert (scores[OWN] > scores[~OWN]).all()


def test_weights_of_relations_are_those_of_raw_scores() -> None:
    """The same relation twice, once at a tenth: both say the same, so that its weight is ten times as high."""
    data, config = world(), RelationsConfig()
    one = filters_of(data, config)["film.film.directed_by"]
    weights = learned_weights(data, [one, RelationFilter.weighted([one], [0.1])], RUN, config)
    assert weights[1] == pytest.approx(10 * weights[0], rel=1e-3)


@pytest.mark.parametrize("learned", [False, True])
def test_the_collective_form_by_hand(learned: bool) -> None:
    """An entity is a person whose likes have length 1; learned weights of relations have the mean 1 over edges."""
    data = world()
    config = CollectiveConfig(regularisation=3.0, dropout=0.2, attributes=2.0, learned=learned)
    relations = {name: part.toarray().astype(float) for name, part in data.knowledge.item_attributes.items()}
    weights = dict.fromkeys(relations, 1.0)
    if learned:
        weights = _relation_weights(data, RUN)
        edges = [relations[name].sum() for name in weights]
        assert np.average(list(weights.values()), weights=edges) == pytest.approx(1)
        assert len(set(weights.values())) > 1
    liked = data.cells.positive.toarray().astype(float)
    total = liked.T @ liked
    for name, part in relations.items():
        unit = part / np.maximum(np.linalg.norm(part, axis=0), 1)
        total += 2.0 * weights.get(name, 0.0) * unit @ unit.T
    inverse = np.linalg.inv(total + np.diag(3.0 + 0.2 / 0.8 * total.diagonal()))
    expected = liked @ (np.eye(ITEMS) - inverse / inverse.diagonal())
    np.testing.assert_allclose(Collective(config).fit(data, RUN).score(data.people()), expected, atol=1e-4)


def test_learned_weights_hear_less_of_a_relation_without_taste() -> None:
    """Entities of the second relation are drawn at random."""
    data = world()
    plain = CollectiveConfig(regularisation=5.0, attributes=2.0)
    alike, learned = (
        Collective(replace(plain, learned=flag)).fit(data, RUN).score(data.people())[:, UNMET] for flag in (False, True)
    )
    assert (learned[OWN] - learned[~OWN]).mean() > 1.1 * (alike[OWN] - alike[~OWN]).mean()


def test_entities_of_entities_by_hand() -> None:
    """Item 0 has node 3, item 1 node 4, item 2 both, so that neither is at two hops from it; 3 - 4 and 3 - 5 - 4."""
    edges = [(0, 3), (1, 4), (2, 3), (2, 4), (3, 5), (5, 4), (3, 4)]
    heads, tails = (np.array(side) for side in zip(*edges, strict=True))
    graph = KnowledgeGraph(
        heads, np.zeros(len(heads), np.int64), tails, ("is",), num_items=3, num_entities=3, num_nodes=6
    )
    assert graph.two_hops.toarray()[:, 3:].tolist() == [[0, 1, 1], [1, 0, 1], [0, 0, 1]]
    assert not graph.two_hops[:, :3].nnz


def test_entities_of_entities_tie_items_that_share_nothing_else() -> None:
    """Every item has an entity of its own, and only these share what tells the halves apart."""
    data = world()
    own, halves = ITEMS + np.arange(ITEMS), 2 * ITEMS + (np.arange(ITEMS) >= ITEMS // 2)
    graph = KnowledgeGraph(
        heads=np.concatenate([np.arange(ITEMS), own]),
        relations=np.repeat([0, 1], ITEMS),
        tails=np.concatenate([own, halves]),
        relation_names=("has", "is"),
        num_items=ITEMS,
        num_entities=ITEMS + 2,
        num_nodes=2 * ITEMS + 2,
    )
    data = replace(data, knowledge=graph)
    config = CollectiveConfig(regularisation=5.0, attributes=2.0)
    near, far = (
        Collective(replace(config, two_hops=weight)).fit(data, RUN).score(data.people())[:, UNMET]
        for weight in (0.0, 1.0)
    )
    assert abs(near).max() < 1e-6
    assert (far[OWN] > far[~OWN]).all()


def test_nearest_texts_tie_items_that_nobody_met() -> None:
    data = world()
    part = Collective(CollectiveConfig(regularisation=5.0, neighbours=2.0)).fit(data, RUN)
    scores = part.score(data.people())[:, UNMET]
    assert (scores[OWN] > scores[~OWN]).all()
