"""Evaluation on files: what is a candidate, a miss, dropped, masked, cold, and what the graph says of items."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kg.readers import EventMapping
from recommender.data import Cells, People
from recommender.errors import InvalidInput
from recommender.evaluation.files import FilesConfig, split_files
from recommender.evaluation.protocol import EvaluationConfig, evaluate
from recommender.evaluation.reading import Files
from recommender.evaluation.run import _weighed, evaluate_files
from recommender.evaluation.split import Split
from tests.recommender.evaluation.worlds import builder
from tests.running import RUN

TRAIN = [("ann", "a", 5), ("ann", "b", 1), ("bob", "b", 3), ("bob", "c", 5), ("cat", "c", 4)]
VALID = [("ann", "c", 5), ("bob", "b", 2)]
TEST = [
    ("ann", "d", 4),  # found by a scorer that likes d
    ("ann", "zzz", 5),  # no candidate: a miss
    ("ann", "c", 5),  # in valid
    ("bob", "c", 5),  # in train: dropped
    ("bob", "a", 5),
    ("bob", "a", 4),  # the same pair again
    ("new", "a", 2),  # nobody knows them
    ("cat", "c", 1),  # all that cat has is dropped
]


def write(folder: Path, name: str, rows: list[tuple[str, str, int]]) -> Path:
    path = folder / f"{name}.inter"
    lines = ["user_id:token\titem_id:token\trating:float", *("\t".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def files(tmp_path: Path) -> Files:
    link = tmp_path / "world.link"
    link.write_text("item_id:token\tentity_id:token\na\te1\nb\te2\nd\te4\ne\te5\n")
    kg = tmp_path / "world.kg"
    kg.write_text(
        "head_id:token\trelation_id:token\ttail_id:token\n"
        "e1\twriter\tp1\ne4\twriter\tp1\ne2\tsequel\te1\np1\tborn\ttown\ne4\twriter\tp1\n"
    )
    return Files(
        train=write(tmp_path, "train", TRAIN),
        valid=write(tmp_path, "valid", VALID),
        test=write(tmp_path, "test", TEST),
        kg=kg,
        link=link,
    )


def named(split: Split, cells: Cells) -> set[tuple[str, str]]:
    pairs = zip(cells.users.tolist(), cells.items.tolist(), strict=True)
    return {(split.users[user], split.items[item]) for user, item in pairs}


class Likes:
    """Likes one item above all, then the others in order."""

    def __init__(self, item: int) -> None:
        self.item = item

    def score(self, people: People) -> np.ndarray:
        scores = -np.arange(people.weights.shape[1], dtype=np.float32)
        scores[self.item] = 1
        return np.tile(scores, (len(people), 1))


def test_candidates_misses_and_drops(files: Files) -> None:
    split = split_files(files, builder)
    assert list(split.items.ids) == ["a", "b", "c", "d", "e"], "train, valid and link; not the test"
    assert list(split.users.ids) == ["ann", "bob", "cat", "new"]
    assert named(split, split.train.cells) == {(user, item) for user, item, _ in TRAIN}
    assert named(split, split.valid) == {("ann", "c")}, "bob's b is in train"
    assert named(split, split.refit.cells) == {(user, item) for user, item, _ in TRAIN} | {("ann", "c")}
    assert named(split, split.test) == {("ann", "d"), ("bob", "a"), ("new", "a")}
    assert split.outside.tolist() == [1, 0, 0, 0]
    wanted = {
        "train_rows": 5,
        "test_rows": 8,
        "test_rejected": 0,
        "valid_pairs": 1,
        "valid_pairs_already_known": 1,
        "test_pairs": 4,
        "test_pairs_already_known": 3,
        "test_pairs_outside": 1,
        "test_people": 3,
        "test_people_cold": 1,
        "links_matched": 3,
    }
    assert {name: split.counts[name] for name in wanted} == wanted


def test_every_row_is_a_positive_and_values_may_weigh(files: Files) -> None:
    split = split_files(files, builder)
    assert (split.train.cells.weights == 1).all()
    graded = split.graded()
    weights = graded.train.cells.matrix
    assert weights[0, 0] == 1
    assert weights[0, 1] == pytest.approx(0.2), "one star of five is the least positive, and still one"
    assert (graded.refit.cells.weights > 0).all()
    assert (graded.refit.cells.users == split.refit.cells.users).all()
    assert (graded.validation.relevant != split.validation.relevant).nnz == 0


def test_rows_without_differing_values_have_no_grades(files: Files, tmp_path: Path) -> None:
    train = write(tmp_path, "ones", [(user, item, 1) for user, item, _ in TRAIN])
    split = split_files(Files(train, files.test, files.valid), builder)
    assert split.grades is None
    assert split.graded() is split


def test_the_figures_of_a_known_scorer(files: Files) -> None:
    split = split_files(files, builder)
    figures = evaluate(Likes(3), split.testing, EvaluationConfig(ks=(1, 2)))
    # ann: d is first, zzz is missed. bob: d, then a. new: d, then a.
    assert figures.per_person["recall@1"].tolist() == [0.5, 0, 0]
    assert figures.per_person["recall@2"].tolist() == [0.5, 1, 1]
    assert figures.per_person["mrr@2"].tolist() == [1, 0.5, 0.5]
    assert split.testing.people.rows.tolist() == [0, 1, -1]


def test_without_refit_train_alone_is_fitted_and_both_are_masked(files: Files) -> None:
    split = split_files(files, builder, FilesConfig(refit=False))
    assert named(split, split.refit.cells) == {(user, item) for user, item, _ in TRAIN}
    assert split.masked[0].indices.tolist() == [0, 1, 2]
    assert ("ann", "c") in named(split, split.test), "not trained on, so it is asked for; masked, so it is missed"
    top = evaluate(Likes(2), split.testing, EvaluationConfig(ks=(2,))).top
    assert top[0].tolist() == [3, 4]


def test_beside_the_refit_stands_what_train_alone_reaches(tmp_path: Path) -> None:
    """Of one evaluation that refits; the same as one that does not. What ann likes shows in the valid part alone."""
    groups = [(f"p{n}", item, 5) for n in range(14) for item in ("s", *("abc" if n < 6 else "def"))]
    rows = {"train": [*groups, ("ann", "s", 5)], "valid": [("ann", "a", 5)], "test": [("ann", "b", 5)]}
    files = Files(**{name: write(tmp_path, name, own) for name, own in rows.items()})
    names = ["item_knn", "popularity"]
    both = evaluate_files(files, RUN, names=names)
    alone = evaluate_files(files, RUN, names=names, config=FilesConfig(refit=False))
    for refitted, trained in zip(both.models, alone.models, strict=True):
        assert refitted.train_only == {metric: trained.figures.means[metric] for metric in refitted.train_only}
        assert trained.train_only == {}
    assert both.models[0].train_only["mrr@10"] < both.models[0].figures.means["mrr@10"] == 1


@pytest.mark.parametrize("telling", [True, False])
def test_values_weigh_where_validation_says_so(tmp_path: Path, telling: bool) -> None:
    """Everybody has eight items of each half of the catalogue, wants more of one, and rates that half higher or not."""
    rng = np.random.default_rng(0)
    rows: dict[str, list[tuple[str, str, int]]] = {"train": [], "valid": [], "test": []}
    for person in range(40):
        half = person % 2
        for side in (0, 1):
            own = rng.permutation(20)[:10]
            stars = [5 if side == half else 1] * 8 if telling else rng.integers(1, 6, 8).tolist()
            rows["train"] += [(f"p{person}", f"i{side}{item}", value) for item, value in zip(own, stars, strict=False)]
            if side == half:
                rows["valid"].append((f"p{person}", f"i{side}{own[8]}", 5))
                rows["test"].append((f"p{person}", f"i{side}{own[9]}", 5))
    files = Files(**{name: write(tmp_path, name, own) for name, own in rows.items()})
    split = split_files(files, builder)
    assert (_weighed(split, RUN) is not split) == telling


def test_links_contract_entities_into_items(files: Files) -> None:
    knowledge = split_files(files, builder).train.knowledge
    names = ["a", "b", "c", "d", "e", "p1", "town"]
    edges = {
        (names[head], knowledge.relation_names[relation], names[tail])
        for head, relation, tail in zip(knowledge.heads, knowledge.relations, knowledge.tails, strict=True)
    }
    assert {(head, relation.lower(), tail) for head, relation, tail in edges} == {
        ("a", "writer", "p1"),
        ("d", "writer", "p1"),
        ("b", "sequel", "a"),
        ("p1", "born", "town"),
    }
    assert (knowledge.num_items, knowledge.num_nodes, len(knowledge)) == (5, 7, 4)


def test_a_triple_of_very_many_linked_items_is_refused(files: Files, tmp_path: Path) -> None:
    """Each item of one entity beside each of the other: 20 KB of links made a hundred million edges."""
    link = tmp_path / "many.link"
    rows = "".join(f"i{n}\te{n % 2}\n" for n in range(800))
    link.write_text(f"item_id:token\tentity_id:token\n{rows}")
    graph = tmp_path / "many.kg"
    graph.write_text("head_id:token\trelation_id:token\ttail_id:token\ne0\tr\te1\n")
    with pytest.raises(InvalidInput, match=r"one triple of them stands for 160,000 edges"):
        split_files(Files(files.train, files.test, files.valid, graph, link), builder)


def test_links_that_match_nothing_are_said(files: Files, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    link = tmp_path / "other.link"
    link.write_text("item_id:token\tentity_id:token\na\tnowhere\n")
    with caplog.at_level(logging.WARNING, logger="recommender"):
        split = split_files(Files(files.train, files.test, files.valid, files.kg, link), builder)
    assert split.counts["links_matched"] == 0
    assert "the graph says nothing of any item" in caplog.text
    with pytest.raises(InvalidInput, match="go together"):
        Files(files.train, files.test, kg=files.kg)


def test_without_a_valid_file_a_seeded_part_of_train_validates(files: Files, tmp_path: Path) -> None:
    rows = [(f"u{user}", f"i{item}", 1) for user in range(20) for item in range(5)]
    problem = Files(write(tmp_path, "many", rows), files.test)
    split = split_files(problem, builder)
    assert (len(split.valid), len(split.train.cells), len(split.refit.cells)) == (10, 90, 100)
    again, other = split_files(problem, builder), split_files(problem, builder, FilesConfig(seed=1))
    assert named(again, again.valid) == named(split, split.valid) != named(other, other.valid)


def test_the_test_file_changes_nothing_that_is_learned_from(files: Files, tmp_path: Path) -> None:
    other = write(tmp_path, "other", [("ann", "e", 5), ("bob", "planted", 5)])
    first = split_files(files, builder)
    second = split_files(Files(files.train, other, files.valid, files.kg, files.link), builder)
    assert list(first.items.ids) == list(second.items.ids)
    assert named(first, first.refit.cells) == named(second, second.refit.cells)


def test_items_of_the_items_file_are_candidates_with_attributes(files: Files, tmp_path: Path) -> None:
    items = tmp_path / "world.item"
    items.write_text("item_id:token\ttitle:token_seq\tgenre:token_seq\na\tAlpha\tnoir\nq\tQuiet\tnoir\n")
    split = split_files(Files(files.train, files.test, files.valid, items=items), builder)
    assert "q" in split.items
    knowledge = split.train.knowledge
    assert knowledge.relation_names == ("GENRE",)
    assert knowledge.heads.tolist() == [split.items.index("a"), split.items.index("q")]
    assert knowledge.tails.tolist() == [len(split.items)] * 2, "both lead to the one genre"


def test_a_file_without_a_usable_row_is_refused(files: Files, tmp_path: Path) -> None:
    empty = write(tmp_path, "none", [])
    with pytest.raises(InvalidInput, match=r"--train .*none.inter: no row could be used"):
        split_files(Files(empty, files.test), builder)


def test_columns_without_names_are_mapped(files: Files, tmp_path: Path) -> None:
    bare = tmp_path / "bare.tsv"
    bare.write_text("5.0\ta\tann\n3.5\tb\tbob\n4.0\tb\tann\n")
    mapping = EventMapping(user="3", item="2", value="1")
    split = split_files(Files(bare, bare, bare, mapping=mapping), builder)
    assert list(split.users.ids) == ["ann", "bob"]
    assert split.counts["test_pairs_already_known"] == 3
    assert len(split.testing) == 0, "nothing is left to find"
    assert np.isnan(evaluate(Likes(0), split.testing).means["ndcg@10"])


def test_lists_of_the_lightgcn_layout(shared_data: Path) -> None:
    folder = shared_data / "amazon-electronics"
    split = split_files(Files(folder / "train.txt", folder / "test.txt"), builder)
    assert (len(split.users), len(split.items)) == (1_435, 1_522)
    assert (len(split.refit.cells), split.counts["test_pairs"]) == (31_887, 4_044)
    assert split.grades is None


@pytest.mark.parametrize("name", ["lastfm", "book-crossing"])
def test_the_published_splits(shared_data: Path, name: str) -> None:
    folder = shared_data / f"{name}-kg"
    kg = next(folder.glob("*.kg*"))
    split = split_files(
        Files(
            train=folder / f"{name}.train.inter",
            test=folder / f"{name}.valid.inter",
            kg=kg,
            link=folder / f"{name}.link",
        ),
        builder,
    )
    expected = {"lastfm": (17_350, 1_907, 15_518), "book-crossing": (18_751, 2_164, 151_500)}[name]
    counts = split.counts
    assert (counts["train_rows"], counts["test_rows"], counts["kg_rows"]) == expected
    assert counts["test_pairs"] + counts["test_pairs_already_known"] == expected[1]
    assert counts["links_matched"] > 0
    assert 0.08 < len(split.valid) / len(split.refit.cells) <= 0.1
    assert len(split.validation) > 0.8 * len(split.valid), "a pair each of many people"
    assert split.grades is not None


def test_levels_of_a_category_path_are_joined(files: Files, tmp_path: Path) -> None:
    items = tmp_path / "items.csv"
    items.write_text("id,category\na,Books > Crime\nb,Books\n")
    split = split_files(replace(files, items=items), builder)
    knowledge = split.refit.knowledge
    counts = {name: int((knowledge.relations == code).sum()) for code, name in enumerate(knowledge.relation_names)}
    assert (counts["IN_CATEGORY"], counts["WITHIN"]) == (3, 1)
