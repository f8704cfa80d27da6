"""The loop on a planted graph in a real embedded store: ingest, refresh, recommend, explain, feed back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from kg.bolt import BoltStore
from kg.errors import EventConflict, QueryRefused, RecordError
from recommender import Recommender
from recommender.errors import ArtefactError, InvalidInput, NotRefreshed, UnknownItem, UnknownUser
from recommender.explain.steps import READS_LIKE
from tests.conftest import emptied
from tests.running import RUN

PEOPLE, ITEMS = 60, 30
TOPICS = ("a quiet guitar and soft strings", "a fast car on a wet racing track")


def half(item: int) -> int:
    return int(item >= ITEMS // 2)


def events() -> pd.DataFrame:
    """People of each half rate eight items of their half high and one of the other low, in the order of time."""
    rng = np.random.default_rng(0)
    rows = []
    for person in range(PEOPLE):
        side = int(person >= PEOPLE // 2)
        own = rng.permutation(ITEMS // 2 - 1)[:8] + side * (ITEMS // 2)
        other = rng.integers(0, ITEMS // 2 - 1) + (1 - side) * (ITEMS // 2)
        for step, item in enumerate([*own, other]):
            at = 1_600_000_000 + person + 86_400 * step
            rows.append((f"u{person}", f"i{item}", 5.0 if half(item) == side else 1.0, at))
    return pd.DataFrame(rows, columns=["user_id", "item_id", "rating", "timestamp"])


def items() -> list[dict[str, object]]:
    """Titles, a text about the topic of the half, and the half as genre; i14 and i29 are rated by nobody."""
    return [
        {
            "item_id": f"i{item}",
            "title": f"Item {item}",
            "description": f"{TOPICS[half(item)]}, number {item}",
            "genre": ("music", "racing")[half(item)],
        }
        for item in range(ITEMS)
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with everything ingested, refreshed once."""
    folder = tmp_path_factory.mktemp("loop") / "store"
    with Recommender.open(folder, run=RUN) as recommender:
        with pytest.raises(NotRefreshed, match="tastegraph refresh"):
            recommender.recommend("u0")
        report = recommender.ingest(events(), items=items(), scale=(1, 5))
        assert (report.accepted, report.rejected) == (PEOPLE * 9 + ITEMS, 0)
        refreshed = recommender.refresh(budget=5)
        assert [stage.stage for stage in refreshed.stages][-2:] == ["publish", "profiles"]
    return folder


@pytest.fixture
def recommender(folder: Path) -> Iterator[Recommender]:
    with Recommender.open(folder, run=RUN) as opened:
        yield opened


@pytest.fixture(scope="module")
def on_server(server: BoltStore, neo4j_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recommender]:
    """The same on a Neo4j."""
    emptied(server)
    with Recommender.open(neo4j_url, work=tmp_path_factory.mktemp("on-server"), run=RUN) as recommender:
        recommender.ingest(events(), items=items(), scale=(1, 5))
        recommender.refresh(budget=0)
        yield recommender


@pytest.fixture(
    params=[
        pytest.param("recommender", marks=pytest.mark.embedded),
        pytest.param("on_server", marks=pytest.mark.neo4j),
    ]
)
def either(request: pytest.FixtureRequest) -> Recommender:
    """One on each engine, for what the loop stands and falls with."""
    return request.getfixturevalue(request.param)


def test_lists_follow_taste_and_leave_out_what_was_met(either: Recommender) -> None:
    met = events().groupby("user_id")["item_id"].agg(set)
    lists = either.recommend(["u0", "u45"], k=5)
    assert list(lists.columns) == ["user_id", "item_id", "score", "rank"]
    for user, side in (("u0", 0), ("u45", 1)):
        own = lists[lists.user_id == user]
        assert own["rank"].tolist() == [1, 2, 3, 4, 5]
        assert own["score"].is_monotonic_decreasing
        assert not set(own.item_id) & met[user]
        assert all(half(int(item[1:])) == side for item in own.item_id)


@pytest.mark.embedded
def test_the_status_says_what_each_part_is_worth(recommender: Recommender) -> None:
    """By validation: what a part reaches alone, and what the hybrid loses without it."""
    parts = recommender.status()["parts"]
    assert [row["weight"] for row in parts] == sorted((row["weight"] for row in parts), reverse=True)
    assert max(row["adds"] for row in parts) > -0.01  # without one of them it is no better, but for noise
    alone = {row["part"]: row["alone"] for row in parts}
    assert all(0 <= value <= 1 for value in alone.values()), (
        "a part that says the same of everything puts nothing first"
    )
    assert max(alone.values()) > 0.1
    assert max(alone, key=lambda part: alone[part]) != "popularity", "the halves are told apart by taste alone"


def test_what_cypher_gives_becomes_a_frame(either: Recommender) -> None:
    counts = either.cypher("MATCH (i:Item)-[:GENRE]->(e) RETURN e.name AS genre, count(i) AS items").to_pandas()
    assert counts.set_index("genre")["items"].to_dict() == {"music": ITEMS // 2, "racing": ITEMS // 2}
    empty = either.query("user_events", user="nobody").to_pandas()
    assert (len(empty), empty.columns[0]) == (0, "kind")


@pytest.mark.embedded
def test_everyone_gets_a_list(recommender: Recommender) -> None:
    lists = recommender.recommend(None, k=3)
    assert lists.groupby("user_id").size().eq(3).all()
    assert lists.user_id.nunique() == PEOPLE
    one = recommender.recommend("u7", k=3)
    assert lists[lists.user_id == "u7"].item_id.tolist() == one.item_id.tolist()


@pytest.mark.embedded
def test_candidates_and_seen_items(recommender: Recommender) -> None:
    seen = events().query("user_id == 'u0'").item_id.tolist()
    only = recommender.recommend("u0", k=20, items=[*seen, "i14"])
    assert only.item_id.tolist() == ["i14"]
    kept = recommender.recommend("u0", k=20, items=[*seen, "i14"], filter_seen=False)
    liked = events().query("user_id == 'u0' and rating == 5").item_id.tolist()
    assert set(kept.item_id) == {*liked, "i14"}, "what somebody dislikes is left out in any case"


@pytest.mark.embedded
def test_an_item_that_nobody_met_is_reached(recommender: Recommender) -> None:
    ranks = recommender.recommend(None, k=ITEMS).query("item_id == 'i14'").set_index("user_id")["rank"]
    own = [ranks[f"u{person}"] for person in range(PEOPLE // 2)]
    other = [ranks[f"u{person}"] for person in range(PEOPLE // 2, PEOPLE)]
    assert np.mean(own) < np.mean(other)


@pytest.mark.embedded
def test_somebody_known_by_items_or_by_a_text(recommender: Recommender) -> None:
    by_items = recommender.recommend_for(history=["i20", "i21"], k=5)
    assert all(half(int(item[1:])) == 1 for item in by_items.item_id)
    assert by_items.user_id.isna().all()
    assert recommender.recommend_for(history=events().item_id.iloc[:2], k=5).shape[0] == 5  # a column of a table
    by_text = recommender.recommend_for(text="soft guitar strings in the evening", k=5, reasons=True)
    assert sum(half(int(item[1:])) == 0 for item in by_text.item_id) >= 4
    assert "reads like what you wrote" in " ".join(by_text.reason)


def adds_up(found: dict[str, Any]) -> None:
    total = found["baseline"] + sum(part["contribution"] for part in found["parts"])
    assert total == pytest.approx(found["score"], rel=1e-9)


def test_explanations_add_up(either: Recommender) -> None:
    for item in either.recommend("u3", k=3).item_id:
        found = either.explain("u3", item)
        adds_up(found)
        assert found["reason"].startswith("because")
    first = either.recommend("u3", k=1, reasons=True).iloc[0]
    found = either.explain("u3", first.item_id)
    assert found["score"] == pytest.approx(first.score, rel=1e-5)
    assert found["reason"] == first.reason


@pytest.mark.embedded
def test_explanations_of_the_live_path_add_up(recommender: Recommender) -> None:
    """After feedback, and for somebody who is known by items, by a text, or by both."""
    for item, kind in (("i3", "LIKED"), ("i20", "DISLIKED")):
        recommender.feedback("fresh", item, kind)
    adds_up(recommender.explain("fresh", "i5"))
    for known in ({"history": ["i20", "i21"]}, {"text": TOPICS[1]}, {"history": ["i1"], "text": TOPICS[1]}):
        first = recommender.recommend_for(**known, k=1).iloc[0]  # type: ignore[arg-type]
        found = recommender.explain_for(first.item_id, **known)  # type: ignore[arg-type]
        adds_up(found)
        assert found["score"] == pytest.approx(first.score, rel=1e-5)
        assert found["rank"] == 1
        own = {part["item_id"] for part in found["parts"] if part["item_id"]}
        assert own <= set(known.get("history", ()))
    with pytest.raises(InvalidInput, match="nothing is known"):
        recommender.explain_for("i5")


@pytest.mark.embedded
def test_the_reason_names_what_moves_the_rank_most(recommender: Recommender) -> None:
    """Each exact change is that of leaving the item out by itself; what is left out never stands in the way."""
    found = recommender.explain("u3", recommender.recommend("u3", k=4).item_id[3])
    assert found["exact"]
    for change in found["exact"]:
        without = recommender.explain("u3", found["item_id"], without=[change["item_id"]])["without"]
        assert without["score_change"] == pytest.approx(change["score_change"], abs=1e-5)
        assert without["rank_change"] == change["rank_change"]
    order = [(-change["rank_change"], change["score_change"]) for change in found["exact"]]
    assert order == sorted(order)
    met = events().query("user_id == 'u3'").item_id.tolist()
    everything = recommender.explain("u3", found["item_id"], without=met)["without"]
    assert 1 <= everything["rank"] <= ITEMS - len(met)


def test_paths_are_in_the_graph(either: Recommender) -> None:
    top = either.recommend("u3", k=1).item_id[0]
    paths = [path for part in either.explain("u3", top)["parts"] for path in part["paths"]]
    assert {"people", "texts"} <= {path["kind"] for path in paths}
    steps = [step for path in paths for step in path["steps"]]
    assert steps
    for step in [step for step in steps if step["relation"] != READS_LIKE][:40]:
        query = "MATCH (a {id: $a})-[r]->(b {id: $b}) RETURN type(r) AS relation"
        rows = either.cypher(query, a=step["source"], b=step["target"]).rows
        assert [step["relation"]] in rows


@pytest.mark.embedded
def test_paths_are_of_events_since_then(recommender: Recommender) -> None:
    top = recommender.recommend("u3", k=1).item_id[0]
    own = events().query("user_id == 'u3'").set_index("item_id").timestamp
    fifth = datetime.fromtimestamp(own.iloc[4], UTC)
    always, lately, later = (
        recommender.explain("u3", top, since=since) for since in (None, fifth, fifth + timedelta(days=30))
    )
    met = {part["item_id"] for part in always["parts"] if part["paths"]}
    late = {part["item_id"] for part in lately["parts"] if part["paths"]}
    assert late == {item for item in met if own[item] >= own.iloc[4]}
    assert 0 < len(late) < len(met)
    assert not any(part["paths"] for part in later["parts"])
    without_paths = [[part["contribution"] for part in found["parts"]] for found in (always, lately, later)]
    assert without_paths[0] == without_paths[1] == without_paths[2], "what is old still counts"
    assert recommender.explain("u3", top, since=fifth.isoformat()) == lately
    with pytest.raises(RecordError, match="since: 'yesterday' is not a time"):
        recommender.explain("u3", top, since="yesterday")


@pytest.mark.embedded
def test_what_content_adds_comes_with_the_two_texts_that_tie_them_most(recommender: Recommender) -> None:
    """From the item that was liked, over what was written about it, to what was written about the other."""
    top = recommender.recommend("u3", k=1).item_id[0]
    parts = [part for part in recommender.explain("u3", top)["parts"] if part["component"] == "content"]
    paths = [(part, path) for part in parts for path in part["paths"] if path["kind"] == "texts"]
    assert paths
    for part, path in paths:
        (likeness,) = [step for step in path["steps"] if step["relation"] == READS_LIKE]
        assert 0 < likeness["similarity"] <= 1 + 1e-6
        about = {step["target"] for step in path["steps"] if step["relation"] == "ABOUT"}
        assert {part["item_id"], top} <= about | {likeness["source"], likeness["target"]}
        assert all(TOPICS[0] in quote for quote in path["quotes"])


@pytest.mark.embedded
def test_leaving_an_item_out_gives_the_score_of_somebody_who_never_met_it(recommender: Recommender) -> None:
    at = datetime(2024, 5, 1, tzinfo=UTC)
    for person, liked in (("whole", ("i0", "i1", "i20")), ("less", ("i0", "i1"))):
        for item in liked:
            recommender.feedback(person, item, "LIKED", at=at)
    without = recommender.explain("whole", "i5", without=["i20"])
    less = recommender.explain("less", "i5")
    assert without["without"]["items"] == ["i20"]
    assert without["without"]["score"] == pytest.approx(less["score"], abs=1e-6)
    assert without["without"]["score_change"] == pytest.approx(less["score"] - without["score"], abs=1e-6)
    assert without["without"]["score_change"] > 0.01, "i20 is of the other half, so it pulls i5 down"
    with pytest.raises(UnknownItem, match="nothing to leave out"):
        recommender.explain("whole", "i5", without=["i14"])


@pytest.mark.embedded
def test_what_was_written_about_an_item_that_is_left_out_does_not_speak_either(recommender: Recommender) -> None:
    """Somebody who wrote of two items, without one of them, is whoever wrote of the other alone."""
    at = datetime(2024, 5, 1, tzinfo=UTC)
    for user, told in (("wrote of both", ("i3", "i20")), ("wrote of one", ("i3",))):
        for item in told:
            text = f"the best of all: {TOPICS[half(int(item[1:]))]}"
            recommender.feedback(user, item, "LIKED", text=text, at=at)
    both = recommender.explain("wrote of both", "i14", without=["i20"])
    one = recommender.explain("wrote of one", "i14")
    assert both["score"] != pytest.approx(one["score"], rel=1e-3)
    assert both["without"]["score"] == pytest.approx(one["score"], abs=1e-5)


def test_feedback_changes_the_next_list(either: Recommender) -> None:
    first = either.recommend("u10", k=3).item_id.tolist()
    receipt = either.feedback("u10", first[0], "disliked", event_id="e-10")
    assert receipt.new
    after = either.recommend("u10", k=ITEMS, filter_seen=True)
    assert first[0] not in after.item_id.tolist()
    assert not either.feedback("u10", first[0], "DISLIKED", at=receipt.at, event_id="e-10").new
    assert either.recommend("u10", k=ITEMS).equals(after)
    with pytest.raises(EventConflict):
        either.feedback("u10", first[1], "DISLIKED", at=receipt.at, event_id="e-10")
    count = either.query("user_events", user="u10", limit=100)
    assert len(count.rows) == 10


@pytest.mark.neo4j
def test_no_password_is_in_what_is_kept(on_server: Recommender) -> None:
    password = os.environ["NEO4J_PASSWORD"].encode()
    kept = [path for path in on_server.store.work.rglob("*") if path.is_file()]
    assert any(path.name == "manifest.json" for path in kept)
    assert not [path for path in kept if password in path.read_bytes()]


@pytest.mark.embedded
def test_a_dislike_lowers_its_neighbours(recommender: Recommender) -> None:
    before = recommender.recommend("u11", k=ITEMS, filter_seen=False).set_index("item_id").score
    target = recommender.recommend("u11", k=1).item_id[0]
    recommender.feedback("u11", target, "DISLIKED")
    after = recommender.recommend("u11", k=ITEMS, filter_seen=False).set_index("item_id").score
    moved = after - before
    own = [item for item in moved.index if half(int(item[1:])) == 0 and item != target]
    other = [item for item in moved.index if half(int(item[1:])) == 1]
    assert moved[own].mean() < moved[other].mean()


def test_a_person_who_was_not_there_is_created_and_served(either: Recommender) -> None:
    with pytest.raises(UnknownUser, match="newcomer"):
        either.recommend("newcomer", strict_users=True)
    assert len(either.recommend("newcomer", k=5)) == 5
    popular = either.recommend_for(history=["i0"], k=1)
    assert len(popular) == 1
    either.feedback("newcomer", "i20", "LIKED")
    either.feedback("newcomer", "i21", "LIKED")
    lists = either.recommend("newcomer", k=5)
    assert all(half(int(item[1:])) == 1 for item in lists.item_id)
    profile = either.profile("newcomer")
    assert profile["habits"]["liked"] == 2
    assert [set(interest["items"]) for interest in profile["interests"]] == [{"i20", "i21"}]


def test_whom_the_graph_does_not_hold_gets_the_list_of_somebody_unknown(either: Recommender) -> None:
    alone = either.recommend("stranger", k=4, reasons=True)
    assert list(alone.columns) == ["user_id", "item_id", "score", "rank", "known", "reason", "title"]
    assert alone["rank"].tolist() == [1, 2, 3, 4]
    assert not alone["known"].any()
    assert alone.attrs["unknown"] == {"users": ["stranger"]}
    among = either.recommend(["u0", "stranger", "u45"], k=4)
    assert among.groupby("user_id")["known"].first().to_dict() == {"u0": True, "stranger": False, "u45": True}
    assert among[among.user_id == "stranger"].item_id.tolist() == alone.item_id.tolist()
    known = either.recommend(["u0", "u45"], k=4)
    assert "known" not in known
    assert known.attrs["unknown"] == {}
    assert among[among.known].item_id.tolist() == known.item_id.tolist(), "a stranger changes nobody else's list"
    found = either.explain("stranger", alone.item_id[0])
    adds_up(found)
    assert (found["known"], found["exact"], found["score"]) == (False, [], pytest.approx(alone.score[0], rel=1e-4))
    assert either.explain("u0", "i14")["known"]
    strict = partial(either.explain, item="i1", strict_users=True)
    for ask in (either.profile, strict, either.graph.nearest_people):
        with pytest.raises(UnknownUser, match="stranger"):
            ask("stranger")


def test_items_are_left_out_of_every_list(either: Recommender) -> None:
    whole = either.recommend("u3", k=ITEMS).item_id.tolist()
    gone = whole[:2]
    assert either.recommend("u3", k=ITEMS, exclude=[*gone, "nowhere"]).item_id.tolist() == whole[2:]
    assert set(either.recommend("u3", k=9, exclude=gone, items=[*gone, whole[5]]).item_id) == {whole[5]}
    assert set(gone) & set(either.recommend(None, k=ITEMS).item_id)
    assert not set(gone) & set(either.recommend(None, k=ITEMS, exclude=gone).item_id)
    assert not set(gone) & set(either.recommend("u3", k=ITEMS, filter_seen=False, exclude=gone).item_id)
    assert not set(gone) & set(either.recommend("stranger", k=ITEMS, exclude=gone).item_id)
    assert not set(gone) & set(either.recommend_for(history=["i20"], k=ITEMS, exclude=gone).item_id)


def test_what_the_version_does_not_hold_is_passed_over_and_said(either: Recommender) -> None:
    lists = either.recommend("u3", items=["nowhere", "i14", "i29", "elsewhere"], exclude=["gone"])
    assert set(lists.item_id) == {"i14", "i29"}
    assert lists.attrs["unknown"] == {"items": ["nowhere", "elsewhere"], "exclude": ["gone"]}
    assert either.recommend("u3", items=["nowhere"]).empty
    assert_frame_equal(
        either.recommend_for(history=["i20", "nowhere", "i21"], k=5), either.recommend_for(history=["i20", "i21"], k=5)
    )
    assert either.recommend_for(history=["i20", "nowhere"], k=5).attrs["unknown"] == {"history": ["nowhere"]}
    assert either.explain_for("i22", history=["i20", "nowhere"])["unknown"] == {"history": ["nowhere"]}
    with pytest.raises(UnknownItem, match="nowhere"):
        either.recommend_for(history=["nowhere"])


@pytest.mark.embedded
def test_unknown_names_are_errors(recommender: Recommender) -> None:
    with pytest.raises(UnknownItem, match="nowhere"):
        recommender.feedback("u0", "nowhere", "LIKED")
    with pytest.raises(UnknownItem, match="nowhere"):
        recommender.explain("u0", "nowhere")
    for k in (0, 2.5, "10", None):
        with pytest.raises(InvalidInput, match=f"k = {k!r}"):
            recommender.recommend("u0", k=k)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="a list of ids"):
        recommender.recommend("u0", items="i1")
    with pytest.raises(InvalidInput, match="history = 'i1'; a list of ids"):
        recommender.recommend_for(history="i1")
    with pytest.raises(RecordError, match="is not \\(lowest, highest\\)"):
        recommender.ingest([], scale=(1, 2, 3))  # type: ignore[arg-type]
    with pytest.raises(QueryRefused):
        recommender.cypher("MATCH (n) DETACH DELETE n")


@pytest.mark.embedded
def test_nothing_changed_means_nothing_is_done(tmp_path: Path) -> None:
    with Recommender.open(tmp_path / "s", run=RUN) as recommender:
        recommender.ingest(events(), items=items(), scale=(1, 5))
        first = recommender.refresh(budget=0)
        again = recommender.refresh(budget=0)
        assert (again.unchanged, again.version) == (True, first.version)
        recommender.feedback("u0", "i14", "LIKED")
        third = recommender.refresh(budget=0)
        assert not third.unchanged
        assert [row["version"] for row in recommender.models.all() if row["current"]] == [third.version]

        assert recommender.models.rollback() == first.version
        assert recommender.status()["model"]["version"] == first.version
        tensors = tmp_path / "s" / "work" / "models" / third.version / "hybrid" / "hybrid.json"
        tensors.write_bytes(tensors.read_bytes().replace(b"p", b"q", 1))
        with pytest.raises(ArtefactError, match="damaged"):
            recommender.models.rollback(third.version)
        assert recommender.recommend("u0", k=3).shape[0] == 3
        assert recommender.models.prune(keep=1) == [third.version]
        assert [row["version"] for row in recommender.models.all()] == [first.version]


@pytest.mark.embedded
def test_a_flipped_byte_in_the_published_version_is_said_and_healed(tmp_path: Path) -> None:
    with Recommender.open(tmp_path / "s", run=RUN) as recommender:
        recommender.ingest(events(), items=items(), scale=(1, 5))
        version = recommender.refresh(budget=0).version
    flip(next((tmp_path / "s" / "work" / "models" / version / "hybrid").rglob("*.safetensors")))
    with Recommender.open(tmp_path / "s", run=RUN) as recommender:
        with pytest.raises(
            ArtefactError, match=r"safetensors is damaged; run 'tastegraph models rollback' .* refresh'"
        ):
            recommender.recommend("u0")
        assert recommender.feedback("u0", "i14", "LIKED").new, "an event needs no model to be stored"
        healed = recommender.refresh(budget=0)
        assert not healed.unchanged
        assert len(recommender.recommend("u0", k=3)) == 3


@pytest.mark.embedded
def test_a_flipped_byte_in_a_stage_makes_it_run_again(tmp_path: Path) -> None:
    with Recommender.open(tmp_path / "s", run=RUN) as recommender:
        recommender.ingest(events(), items=items(), scale=(1, 5))
        for stage in ("snapshot", "embed", "tune"):
            recommender.refresh(budget=0, only=stage)
        flip(next((tmp_path / "s" / "work" / "runs").rglob("choice.json")))
        stages = recommender.refresh(budget=0).stages
        assert [stage.stage for stage in stages if stage.resumed] == ["snapshot", "embed"]


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
