"""Interests against planted clusters, hand-computed weights and slow references."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage

from recommender.profiles.clusters import (
    ClusterConfig,
    Clusters,
    _cuts,
    _groups,
    cluster_actions,
    mean_silhouettes,
)
from recommender.profiles.history import Words
from recommender.profiles.interests import InterestConfig, interests_of
from recommender.profiles.tags import TagConfig
from tests.recommender.profiles.worlds import World, axes, rated, world


def interests(planted: World, user: int = 0, words: Words | None = None, **options: object):
    config = InterestConfig(**options)  # type: ignore[arg-type]
    return interests_of(planted.histories(words=words), config, TagConfig())[user]


@dataclass(frozen=True)
class Cluster:
    weight: float
    vector: np.ndarray
    members: np.ndarray


def clustered(points: np.ndarray, weights: np.ndarray, config: ClusterConfig | None = None) -> list[Cluster]:
    """The clusters of one person."""
    nobody = np.zeros(len(weights), dtype=np.int64)
    return listed(cluster_actions(nobody, weights, lambda places: points[places], config or ClusterConfig()))


def listed(found: Clusters) -> list[Cluster]:
    rows = zip(found.weights.tolist(), found.vectors, strict=True)
    return [Cluster(weight, vector, found.of(place)) for place, (weight, vector) in enumerate(rows)]


def test_two_topics_are_two_interests_weighed_by_their_liking() -> None:
    clusters = clustered(axes([0, 1, 0, 1, 0]), np.array([1.0, 0.5, 1.0, 0.5, 1.0]))
    assert [cluster.weight for cluster in clusters] == [0.75, 0.25]
    assert [sorted(cluster.members.tolist()) for cluster in clusters] == [[0, 2, 4], [1, 3]]
    np.testing.assert_allclose(np.stack([cluster.vector for cluster in clusters]), np.eye(4)[:2], atol=1e-6)


@pytest.mark.parametrize("groups", [2, 3, 5])
def test_planted_groups_are_found_through_noise(groups: int) -> None:
    rng = np.random.default_rng(groups)
    centres = rng.standard_normal((groups, 64))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    labels = np.repeat(np.arange(groups), 8)
    points = centres[labels] + 0.05 * rng.standard_normal((len(labels), 64))
    points = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
    clusters = clustered(points, np.ones(len(points)))
    assert sorted(set(labels[cluster.members]).pop() for cluster in clusters) == list(range(groups))
    assert all(len(set(labels[cluster.members])) == 1 for cluster in clusters)


def test_directions_without_structure_are_one_interest() -> None:
    points = np.random.default_rng(0).standard_normal((40, 384)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    clusters = clustered(points, np.ones(40))
    assert [cluster.weight for cluster in clusters] == [1.0]
    mean = points.sum(axis=0) / np.linalg.norm(points.sum(axis=0))
    np.testing.assert_allclose(clusters[0].vector, mean, atol=1e-6)


def test_no_more_interests_than_configured() -> None:
    clusters = clustered(axes([0, 0, 1, 1, 2, 2, 3, 3]), np.ones(8), ClusterConfig(most=3))
    assert len(clusters) == 3


def test_only_the_weightiest_actions_are_clustered() -> None:
    clusters = clustered(axes([0, 0, 1, 1]), np.array([0.9, 0.8, 0.2, 0.1]), ClusterConfig(max_actions=2))
    assert [cluster.members.tolist() for cluster in clusters] == [[0, 1]]


def test_members_begin_with_the_medoid() -> None:
    points = np.array([[0.6, 0.8], [1, 0], [0.8, 0.6]], np.float32)
    (cluster,) = clustered(points, np.ones(3), ClusterConfig(most=1))
    # the sum (2.4, 1.4) has cosines .921, .864 and .993 with the three
    assert cluster.members.tolist() == [2, 0, 1]


def test_opposite_members_have_the_direction_of_the_weightiest() -> None:
    points = np.array([[1, 0], [-1, 0]], np.float32)
    (cluster,) = clustered(points, np.ones(2))
    assert cluster.vector.tolist() == [1.0, 0.0]


def test_what_has_faded_to_next_to_nothing_is_still_a_member() -> None:
    weights = np.array([1.0, 1.0, 1e-200, 1e-300, 1e-310])
    first, second = clustered(axes([0, 0, 0, 1, 1]), weights)
    assert (first.members.tolist(), second.members.tolist()) == ([0, 1, 2], [3, 4])
    assert (first.weight, second.weight) == (pytest.approx(1.0), pytest.approx(0.0))
    np.testing.assert_allclose(second.vector, [0, 1, 0, 0], atol=1e-6)


def test_recency_moves_weight_by_the_formula() -> None:
    rows = [rated(0, item, 5, day=0) for item in (0, 1, 2)] + [rated(0, item, 5, day=180) for item in (3, 4, 5)]
    planted = world(rows, 1, 6, vectors=axes([0, 0, 0, 1, 1, 1]))
    new, old = interests(planted)
    # after one half-life an event keeps .2 + .8 / 2 = .6 of its weight: .6 / 1.6 of the liking
    assert (new.weight, old.weight) == (pytest.approx(0.625), pytest.approx(0.375))
    assert sorted(new.items) == ["i3", "i4", "i5"]


def test_what_is_disliked_forms_no_interest() -> None:
    planted = world([rated(0, 0, 5), rated(0, 1, 4), rated(0, 2, 1)], 1, 3, vectors=axes([0, 0, 1]))
    (interest,) = interests(planted)
    assert sorted(interest.items) == ["i0", "i1"]
    assert interest.vector.tolist() == [1, 0, 0, 0]


def test_own_words_are_mixed_into_the_item_that_they_are_about() -> None:
    planted = world([rated(0, 0, 5)], 1, 2, vectors=axes([0, 1]))
    words = Words.of(np.array([0, 0]), np.array([0, 1]), axes([2, 3]))  # the second is about an item without an event
    (interest,) = interests(planted, words=words, own_words=0.6)
    np.testing.assert_allclose(interest.vector, np.array([0.4, 0, 0.6, 0]) / np.hypot(0.4, 0.6), atol=1e-6)
    (alone,) = interests(world([rated(0, 0, 5)], 1, 2), words=words)
    np.testing.assert_allclose(alone.vector, [0, 0, 1, 0], atol=1e-6)


def test_words_that_were_not_spoken_are_left_out() -> None:
    words = Words.of(np.array([1, 0, 0]), np.array([0, -1, 2]), axes([0, 1, -1]))
    assert (words.users.tolist(), words.items.tolist()) == ([1], [0])


def test_without_vectors_there_is_no_interest() -> None:
    assert interests(world([rated(0, 0, 5)], 1, 2)) == ()
    assert interests(world([rated(0, 0, 5)], 1, 2, vectors=axes([-1, 1]))) == ()


def test_an_interest_is_named_by_what_its_items_share_and_their_titles() -> None:
    genres = {"GENRE": {0: ["Comedy"], 1: ["Comedy"], 2: ["War"], 3: ["War"], 4: ["Noir"], 5: ["Noir"]}}
    rows = [rated(0, 0, 5), rated(0, 1, 5), rated(1, 4, 5), rated(1, 5, 5)]
    planted = world(rows, 2, 6, genres, axes([0, 0, 1, 1, 2, 2]))
    assert [interest.name for interest in interests(planted)] == ["Comedy · Item 0, Item 1"]
    phrases = [["steel strings", "bright"], ["bright", "cheap"], [], [], [], []]
    planted = world(rows, 2, 6, None, axes([0, 0, 1, 1, 2, 2]), phrases)
    assert [interest.name for interest in interests(planted)] == ["bright · Item 0, Item 1"]


def test_the_id_changes_with_the_members_and_with_what_is_written_about_them() -> None:
    vectors = axes([0, 0, 0])
    two = world([rated(0, 0, 5), rated(0, 1, 5)], 1, 3, vectors=vectors)
    reweighed = world([rated(0, 0, 5), rated(0, 1, 3)], 1, 3, vectors=vectors)
    three = world([rated(0, 0, 5), rated(0, 1, 5), rated(0, 2, 5)], 1, 3, vectors=vectors)
    spoken = Words.of(np.array([0]), np.array([1]), axes([3]))
    (same,), (again,), (more,), (said,) = (
        interests(two),
        interests(reweighed),
        interests(three),
        interests(two, words=spoken),
    )
    assert same.id == again.id
    assert len({same.id, more.id, said.id}) == 3


@settings(max_examples=40, deadline=None)
@given(st.integers(4, 20), st.integers(2, 4), st.integers(0, 10_000))
def test_silhouette_and_cuts_agree_with_slow_references(n: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    points, weights = rng.standard_normal((n, 3)), rng.uniform(0.1, 1, n)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    distances = 1.0 - points @ points.T
    np.fill_diagonal(distances, 0.0)
    cuts = _cuts(distances[None], np.array([n]), min(k, n - 1))
    scores = mean_silhouettes(distances[None], cuts, weights[None])[0]
    for clusters, (cut, score) in enumerate(zip(cuts[0], scores, strict=True), start=2):
        partition = fcluster(linkage(points, method="ward"), clusters, criterion="maxclust")
        assert len(set(zip(cut, partition, strict=True))) == len(set(partition)) == clusters
        assert score == pytest.approx(slow_silhouette(distances, cut, weights))


def slow_silhouette(distances: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> float:
    scores = []
    for i, own in enumerate(labels):
        fellows = [j for j in range(len(labels)) if labels[j] == own and j != i]
        if not fellows:
            scores.append(0.0)
            continue
        a = np.mean([distances[i, j] for j in fellows])
        b = min(np.mean(distances[i, labels == other]) for other in set(labels) - {own})
        scores.append((b - a) / max(a, b))
    return float(np.dot(scores, weights) / weights.sum())


def test_the_order_of_actions_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    points = rng.standard_normal((30, 8)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    weights, order = rng.uniform(0.1, 1, 30), rng.permutation(30)
    straight = clustered(points, weights)
    shuffled = clustered(points[order], weights[order])
    assert [set(c.members) for c in straight] == [set(order[c.members]) for c in shuffled]


def test_each_of_many_people_is_clustered_as_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many actions each has, and in however many groups they are: with hundreds, with two, with none."""
    monkeypatch.setattr("recommender.profiles.clusters.CELLS", 1 << 15)
    rng = np.random.default_rng(5)
    sizes = np.array([1, 0, 2, 3, 300, 128, 129, *rng.integers(1, 90, 60)])
    people = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    centres = rng.standard_normal((4, 16))
    points = centres[rng.integers(0, 4, len(people))] + 0.6 * rng.standard_normal((len(people), 16))
    points = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
    weights = rng.uniform(0.1, 1, len(people))
    assert len(list(_groups(np.sort(sizes)))) > 3
    found = cluster_actions(people, weights, lambda places: points[places], ClusterConfig())
    assert (np.diff(found.people) >= 0).all()
    together = listed(found)
    for person in range(len(sizes)):
        own = np.flatnonzero(people == person)
        mine = [together[place] for place in np.flatnonzero(found.people == person).tolist()]
        alone = clustered(points[own], weights[own]) if len(own) else []
        assert [cluster.members.tolist() for cluster in mine] == [own[one.members].tolist() for one in alone]
        np.testing.assert_allclose([one.weight for one in mine], [one.weight for one in alone])
        for one, other in zip(mine, alone, strict=True):
            np.testing.assert_allclose(one.vector, other.vector, atol=1e-6)
