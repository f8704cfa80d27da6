from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from gnn.errors import ConfigError, ShapeError
from gnn.graph import Graph, Propagation
from gnn.network import LinearNetwork, NetworkConfig, Propagated, fit
from gnn.objectives import ObjectiveConfig, contrast
from gnn.sparse import densify, keep, row_ids, rows_of, to_torch, with_values
from gnn.training import TrainingConfig

SHORT = TrainingConfig(epochs=15, learning_rate=0.05)


def signed_world(seed: int = 0) -> Graph:
    """25 people with likes and dislikes of 12 items (one unseen), 5 entities, 3 relations, text of every item."""
    rng = np.random.default_rng(seed)
    cells = rng.choice([0, 0, 0, 0.5, 1, -0.5], size=(25, 12)).astype(np.float32)
    cells[:, 7] = 0
    cells[3] = 0
    edges = rng.integers(0, 17, (40, 2))
    relations = rng.integers(0, 3, 40)
    return Graph(
        interactions=to_torch(sp.csr_matrix(cells)),
        edges=(torch.from_numpy(edges[:, 0]), torch.from_numpy(relations), torch.from_numpy(edges[:, 1])),
        num_relations=3,
        num_nodes=17,
        features=torch.tensor(rng.normal(size=(12, 6)), dtype=torch.float32),
    )


def dense_adjacency(graph: Graph, weights: list[float]) -> np.ndarray:
    """Relation by relation from its definition, with loops over edges."""
    size = graph.users + graph.nodes
    signed = densify(graph.interactions).numpy()
    total = np.zeros((size, size))
    own = np.zeros((size, size))
    own[: graph.users, graph.users : graph.users + graph.items] = signed
    assert graph.edges is not None
    matrices = [own + own.T]
    for relation in range(graph.num_relations):
        matrix = np.zeros((size, size))
        for head, kind, tail in zip(*(edge.tolist() for edge in graph.edges), strict=True):
            if kind == relation and head != tail:
                matrix[graph.users + head, graph.users + tail] = matrix[graph.users + tail, graph.users + head] = 1
        matrices.append(matrix)
    for matrix, weight in zip(matrices, [1.0, *weights], strict=True):
        degree = np.maximum(np.abs(matrix).sum(1), 1e-9)
        total += weight * matrix / np.sqrt(np.outer(degree, degree))
    return total


def test_propagation_and_its_gradients_are_those_of_the_dense_definition() -> None:
    graph = signed_world()
    propagation = Propagation(graph)
    weights = torch.tensor([0.5, 2.0, 1.5], requires_grad=True)
    x = torch.randn(42, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
    dense = dense_adjacency(graph, [0.5, 2.0, 1.5])
    out = propagation(propagation.matrix(weights.detach()), x, weights)
    np.testing.assert_allclose(out.detach().numpy(), dense @ x.detach().numpy(), atol=1e-5)
    upstream = torch.randn(42, 4, generator=torch.Generator().manual_seed(1))
    by_x, by_weight = torch.autograd.grad((out * upstream).sum(), (x, weights))
    np.testing.assert_allclose(by_x.numpy(), dense.T @ upstream.numpy(), atol=1e-5)
    for relation in range(3):
        alone = [0.0, 0.0, 0.0]
        alone[relation] = 1.0
        only = dense_adjacency(graph, alone) - dense_adjacency(graph, [0.0] * 3)
        expected = (upstream.numpy() * (only @ x.detach().numpy())).sum()
        assert by_weight[relation].item() == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_hidden_cells_do_not_reach_propagation() -> None:
    graph = signed_world()
    propagation = Propagation(graph)
    visible = torch.ones_like(graph.interactions.values())
    visible[[2, 5]] = 0.0
    hidden = densify(with_values(graph.interactions, visible)).numpy()
    expected = dense_adjacency(graph, [1.0] * 3)
    expected[:25, 25:37] *= hidden
    expected[25:37, :25] *= hidden.T
    np.testing.assert_allclose((propagation.matrix(None, visible) @ torch.eye(42)).numpy(), expected, atol=1e-6)
    network = LinearNetwork(graph, NetworkConfig(dimensions=4))
    liked = (graph.interactions.values() > 0).nonzero()[:, 0]
    user = row_ids(graph.interactions)[liked[0]]
    apart = network.layers(torch.tensor([0]))[1][user] * (len(visible) - 1) / len(visible)
    item = graph.interactions.col_indices()[liked[0]]
    lost = propagation.matrix(torch.tensor([0.3] * 3)).to_dense()[user, 25 + item] * network.embedding[25 + item]
    torch.testing.assert_close(network.layers()[1][user] - apart - lost, torch.zeros(4), atol=1e-5, rtol=0)


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("layers", [0, 1, 2, 3])
def test_folding_in_a_training_history_is_exactly_the_trained_propagation(layers: int, own: bool) -> None:
    graph = signed_world()
    config = NetworkConfig(dimensions=8, layers=layers, user_embeddings=own)
    network, _ = fit(graph, config, ObjectiveConfig(held_out=0.0 if own else 0.4), SHORT)
    users, items, bias = (tensor.detach() for tensor in network())
    served = network.propagated()
    scores = served.score(served.user_vectors(served.base, graph.interactions))
    expected = users @ items.T / network.config.temperature + bias
    seen = network.seen
    torch.testing.assert_close(scores[:, seen], expected[:, seen], rtol=1e-4, atol=1e-4)
    # an unseen item has the bias of the rarest seen ones
    rarest = torch.bincount(graph.interactions.col_indices(), graph.interactions.values().abs(), minlength=12)
    rarest = rarest.masked_fill(~seen, torch.inf)
    assert served.bias[7].item() == pytest.approx(bias[rarest == rarest.min()].mean().item(), abs=1e-6)


def test_contributions_and_baseline_add_up_to_the_score() -> None:
    graph = signed_world()
    network, _ = fit(graph, NetworkConfig(dimensions=8), ObjectiveConfig(), SHORT)
    served = network.propagated()
    targets = torch.tensor([0, 7, 11])
    for user in (0, 3, 9):
        for base in (served.base[user : user + 1], torch.zeros(1, 8)):
            history = rows_of(graph.interactions, user, user + 1)
            baseline, items, parts = served.contributions(base, history, targets)
            score = served.score(served.user_vectors(base, history))[0, targets]
            torch.testing.assert_close((baseline + parts.sum(0)).float(), score, rtol=1e-4, atol=1e-5)
            assert items.tolist() == history.col_indices().tolist()


def test_a_dislike_subtracts_what_a_like_adds() -> None:
    graph = signed_world()
    served = fit(graph, NetworkConfig(dimensions=8), ObjectiveConfig(), SHORT)[0].propagated()
    like, dislike = (to_torch(sp.csr_matrix(weight * np.eye(1, 12, 4))) for weight in (1.0, -1.0))
    newcomer = torch.zeros(1, 8)
    torch.testing.assert_close(served.user_vectors(newcomer, like), -served.user_vectors(newcomer, dislike))
    nobody = served.score(newcomer)
    torch.testing.assert_close(nobody[0], served.bias)
    torch.testing.assert_close(served.score(served.user_vectors(newcomer, like))[0] - nobody[0],
                               nobody[0] - served.score(served.user_vectors(newcomer, dislike))[0])  # fmt: skip


@pytest.mark.parametrize(
    ("loss", "precision"),
    [
        ("softmax", "float32"),
        ("softmax", "bfloat16"),
        ("sampled", "float32"),
        ("sampled", "bfloat16"),
        ("bpr", "float32"),
    ],
)
def test_planted_blocks_are_found_under_every_loss(loss: str, precision: str) -> None:
    rng = np.random.default_rng(0)
    truth = np.kron(np.eye(3), np.ones((20, 10)))
    shown = truth * (rng.random(truth.shape) < 0.6)
    matrix = to_torch(sp.csr_matrix(shown.astype(np.float32)))
    objective = ObjectiveConfig(loss=loss, batch=128, negatives=16, precision=precision)  # type: ignore[arg-type]
    network, log = fit(Graph(matrix), NetworkConfig(dimensions=16), objective, SHORT)
    served = network.propagated()
    scores = served.score(served.user_vectors(served.base, matrix)).numpy()
    for block in range(3):
        own = np.s_[20 * block : 20 * block + 20]
        hidden = (truth[own] == 1) & (shown[own] == 0)
        assert scores[own][hidden].mean() > scores[own][truth[own] == 0].mean() + 1
    assert log.losses[-1] < log.losses[0]


def test_an_informative_relation_is_weighed_above_a_noisy_one() -> None:
    """Relation 0 ties items of a group to its entity, relation 1 to random ones; each person likes few of one group."""
    rng = np.random.default_rng(1)
    groups = np.arange(60) % 6
    cells = np.zeros((150, 60), dtype=np.float32)
    for user in range(150):
        cells[user, rng.choice(np.flatnonzero(groups == user % 6), 3, replace=False)] = 1
    items = np.arange(60)
    heads = torch.from_numpy(np.concatenate([items, items]))
    tails = torch.from_numpy(np.concatenate([60 + groups, 66 + rng.integers(0, 6, 60)]))
    graph = Graph(to_torch(sp.csr_matrix(cells)), (heads, torch.arange(2).repeat_interleave(60), tails), 2, 72)
    objective = ObjectiveConfig(held_out=0.5)
    network, _ = fit(graph, NetworkConfig(dimensions=16), objective, TrainingConfig(epochs=60))
    weights = network.relation_weights()
    assert weights is not None
    informative, noise = weights.detach().mean(0).tolist()
    assert informative > 1.5 * noise


def test_text_places_an_item_that_nobody_touched() -> None:
    """Two groups of people, items and words; the last item of each group is unseen."""
    cells = np.kron(np.eye(2), np.ones((15, 6))).astype(np.float32)
    cells[:, [5, 11]] = 0
    cells *= np.random.default_rng(0).random(cells.shape) < 0.7
    text = torch.zeros(12, 2)
    text[:6, 0] = text[6:, 1] = 1.0
    graph = Graph(to_torch(sp.csr_matrix(cells)), features=text)
    served = fit(graph, NetworkConfig(dimensions=8), ObjectiveConfig(), SHORT)[0].propagated()
    scores = served.score(served.user_vectors(served.base, graph.interactions))
    assert scores[:15, 5].mean() > scores[:15, 11].mean() + 3
    assert scores[15:, 11].mean() > scores[15:, 5].mean() + 3


@pytest.mark.parametrize("loss", ["softmax", "sampled", "bpr"])
def test_the_same_seed_gives_the_same_bytes(loss: str) -> None:
    objective = ObjectiveConfig(loss=loss, batch=16, negatives=8, held_out=0.2)  # type: ignore[arg-type]

    def served(seed: int) -> Propagated:
        return fit(signed_world(), NetworkConfig(dimensions=8), objective, TrainingConfig(epochs=3), seed)[
            0
        ].propagated()

    first, second, other = served(0), served(0), served(1)
    for name in ("base", "items", "bias", "messages"):
        assert getattr(first, name).numpy().tobytes() == getattr(second, name).numpy().tobytes()
    assert not torch.equal(first.items, other.items)


def test_the_state_of_the_best_metric_is_kept() -> None:
    values = iter([0.1, 0.5, 0.3])
    states: list[torch.Tensor] = []

    def metric(served: Propagated) -> float:
        states.append(served.items)
        return next(values)

    training = TrainingConfig(epochs=6, evaluate_every=2)
    network, log = fit(signed_world(), NetworkConfig(dimensions=4), ObjectiveConfig(), training, metric=metric)
    assert log.best_epoch == 4
    assert torch.equal(network.propagated().items, states[1])


def test_the_contrastive_term_reaches_every_parameter_and_is_left_out_by_default() -> None:
    """Against finite differences, through propagation and the weights of relations, in two views of the graph."""
    network = LinearNetwork(signed_world(), NetworkConfig(dimensions=4), seed=1).double()
    network.graph = replace(network.graph, features=network.graph.features.double())
    network.propagation = Propagation(replace(network.graph, interactions=network.graph.interactions.double()))
    config = ObjectiveConfig(contrast_hidden=0.4, contrast_nodes=6)
    positives = keep(network.graph.interactions, network.graph.interactions.values() > 0)

    def term() -> torch.Tensor:
        return contrast(network, positives, config, torch.Generator().manual_seed(3))

    term().backward()
    for parameter in (network.embedding, network.log_weights, network.projection):
        place = parameter.grad.abs().argmax()
        flat, step = parameter.data.view(-1), 1e-5
        flat[place] += step
        above = term().item()
        flat[place] -= 2 * step
        below = term().item()
        flat[place] += step
        assert parameter.grad.view(-1)[place].item() == pytest.approx((above - below) / (2 * step), rel=1e-4)
    plain, contrasted = (
        fit(signed_world(), NetworkConfig(dimensions=4), ObjectiveConfig(contrast=weight), SHORT)[0]
        for weight in (0.0, 0.5)
    )
    found = [contrast(one, positives, config, torch.Generator().manual_seed(3)).item() for one in (plain, contrasted)]
    assert found[1] < found[0]


def test_bad_graphs_are_refused() -> None:
    matrix = to_torch(sp.csr_matrix(np.eye(3)))
    one = torch.tensor([0])
    with pytest.raises(ShapeError, match="tails of edges must be in 0 to 3"):
        Graph(matrix, (one, one, torch.tensor([4])), 1, 4)
    with pytest.raises(ShapeError, match="of one length"):
        Graph(matrix, (one, one, torch.tensor([0, 1])), 1, 4)
    with pytest.raises(ShapeError, match="num_nodes = 2"):
        Graph(matrix, num_nodes=2)
    with pytest.raises(ShapeError, match="features"):
        Graph(matrix, features=torch.zeros(2, 5))
    with pytest.raises(ShapeError, match="base has shape"):
        LinearNetwork(Graph(matrix), NetworkConfig(2)).propagated().user_vectors(torch.zeros(2, 2), matrix)
    with pytest.raises(ConfigError, match="temperature"):
        NetworkConfig(temperature=0)
    with pytest.raises(ConfigError, match="loss = 'hinge'"):
        ObjectiveConfig(loss="hinge")  # type: ignore[arg-type]


def test_new_items_and_people_are_folded_into_the_tables() -> None:
    """Two camps of 20 people with 8 items each; item 16 comes later and is liked by five of the second camp."""
    rng = np.random.default_rng(1)
    likes = np.zeros((41, 17), dtype=np.float32)
    for person in range(40):
        likes[person, rng.choice(8, 5, replace=False) + 8 * (person // 20)] = 1
    before = to_torch(sp.csr_matrix(likes[:40, :16]))
    network, _ = fit(Graph(before), NetworkConfig(dimensions=16), ObjectiveConfig(), SHORT)
    old = network.propagated()

    likes[20:25, 16] = 1
    likes[40] = likes[30]  # somebody new who likes what person 30 does
    now = to_torch(sp.csr_matrix(likes))
    users, items = (torch.cat([torch.arange(size), torch.tensor([-1])]) for size in (40, 16))
    found = old.extended(users, items, now)
    torch.testing.assert_close(found.items[:16], old.items)
    scores = found.score(found.user_vectors(found.base, now))
    torch.testing.assert_close(scores[:20, :16], old.score(old.user_vectors(old.base, before))[:20])
    assert scores[25:40, 16].min() > scores[:20, 16].max(), "the second camp is nearer to the new item"
    assert scores[40, 8:16].min() > scores[40, :8].max(), "the newcomer is of the second camp"
    degree = likes[:, :16].sum(0)
    level = degree[degree <= 5].max() if (degree <= 5).any() else degree.min()
    torch.testing.assert_close(found.bias[16], old.bias[torch.from_numpy(degree == level)].mean())


def test_an_item_that_nobody_likes_keeps_a_zero_vector() -> None:
    matrix = to_torch(sp.csr_matrix(np.eye(4, dtype=np.float32)))
    network, _ = fit(Graph(matrix), NetworkConfig(dimensions=4), ObjectiveConfig(), SHORT)
    wider = to_torch(sp.csr_matrix(np.eye(4, 5, dtype=np.float32)))
    found = network.propagated().extended(torch.arange(4), torch.tensor([0, 1, 2, 3, -1]), wider)
    assert not found.items[4].any()
    assert not found.messages[4].any()
    assert torch.isfinite(found.bias).all()
