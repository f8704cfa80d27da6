"""Feedback into a real store: validated, durable, once, and the profile at once."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kg.engines import open_store
from kg.errors import EventConflict, RecordError, StoreError
from kg.store import Store
from recommender import feedback
from recommender.errors import InvalidInput, UnknownItem
from recommender.feedback import FeedbackReceipt, FeedbackWriter
from recommender.profiles.habits import NO_HABITS
from recommender.profiles.live import MAX_LIVE_CHARS
from recommender.profiles.read import read_profile
from tests.conftest import ENGINES, emptied
from tests.recommender.profiles.stored import fill, records_of
from tests.recommender.profiles.worlds import World, axes, rated, world

EVENTS = """
MATCH (:User {id: $user})-[r]->(i:Item) WHERE r.event_id IS NOT NULL
RETURN type(r) AS kind, i.id AS item, r.at AS at
"""
AT = datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def planted() -> World:
    """Comedies speak of one thing and war films of another; u0 likes comedies, u1 everything else."""
    genres = {"GENRE": {0: ["Comedy"], 1: ["Comedy"], 2: ["Comedy"], 3: ["War"], 4: ["War"], 5: ["War"]}}
    rows = [rated(0, 0, 5), rated(0, 1, 5), *(rated(1, item, 5) for item in (3, 6, 7, 8, 9, 10, 11))]
    return world(rows, 2, 12, genres, axes([0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 2]))


@pytest.fixture(scope="module", params=ENGINES)
def store(planted: World, request: pytest.FixtureRequest) -> Store:
    store = emptied(request.getfixturevalue(request.param))
    fill(store, records_of(planted))
    return store


@pytest.fixture(scope="module")
def writer(store: Store, planted: World) -> FeedbackWriter:
    return FeedbackWriter(store, planted.context)


def test_an_event_creates_its_person_and_their_profile(store: Store, writer: FeedbackWriter) -> None:
    receipt = writer.record("ann", "i0", "liked", at=AT)
    assert (receipt.user_id, receipt.item_id, receipt.kind, receipt.new, receipt.at) == ("ann", "i0", "LIKED", True, AT)
    assert store.read(EVENTS, user="ann") == [{"kind": "LIKED", "item": "i0", "at": AT}]
    profile = read_profile(store, "ann")
    assert [tag.name for tag in profile.tags] == ["Comedy"]
    assert [interest.items for interest in profile.interests] == [("i0",)]
    assert (profile.habits.events, profile.habits.kinds, profile.habits.last_seen) == (1, {"LIKED": 1}, AT)
    assert receipt.profile is not None
    assert receipt.profile.tags == profile.tags


def test_the_next_event_moves_tags_interests_and_habits(store: Store, writer: FeedbackWriter) -> None:
    for number, item in enumerate(("i0", "i1", "i3", "i4")):
        writer.record("bob", item, "LIKED", at=AT + timedelta(hours=number))
    before = read_profile(store, "bob")
    assert {tag.name for tag in before.tags} == {"Comedy", "War"}
    assert [interest.weight for interest in before.interests] == pytest.approx([0.5, 0.5], abs=0.01)
    writer.record("bob", "i3", "DISLIKED", at=AT + timedelta(days=1))
    writer.record("bob", "i4", "DISLIKED", at=AT + timedelta(days=1))
    after = read_profile(store, "bob")
    assert {tag.name: tag.sentiment for tag in after.tags} == {"Comedy": 1.0, "War": -1.0}
    assert [sorted(interest.items) for interest in after.interests] == [["i0", "i1"]]
    assert (after.habits.events, after.habits.liked, after.habits.disliked) == (6, 2, 2)


def test_a_repeated_id_changes_nothing(store: Store, writer: FeedbackWriter) -> None:
    first = writer.record("cat", "i0", "RATED", value=4, at=AT, event_id="again")
    before = read_profile(store, "cat")
    second = writer.record("cat", "i0", "RATED", value=4, at=AT, event_id="again")
    assert (first.new, second.new) == (True, False)
    assert len(store.read(EVENTS, user="cat")) == 1
    assert read_profile(store, "cat").habits == before.habits


def test_a_repetition_without_a_time_means_the_first_time(store: Store, writer: FeedbackWriter) -> None:
    first = writer.record("dan", "i0", "LIKED", event_id="timeless")
    second = writer.record("dan", "i0", "LIKED", event_id="timeless")
    assert (second.new, second.at) == (False, first.at)
    assert first.at is not None
    assert abs(datetime.now(UTC) - first.at) < timedelta(minutes=1)


def test_without_an_id_each_call_is_an_event(store: Store, writer: FeedbackWriter) -> None:
    receipts = [writer.record("eve", "i0", "VIEWED", at=AT) for _ in range(2)]
    assert len({receipt.event_id for receipt in receipts}) == 2
    assert len(store.read(EVENTS, user="eve")) == 2


@pytest.mark.parametrize("changed", [{"item_id": "i1"}, {"user_id": "other"}, {"value": 2}, {"at": AT - timedelta(1)}])
def test_other_content_under_an_id_is_a_conflict(store: Store, writer: FeedbackWriter, changed: dict[str, Any]) -> None:
    event = {"user_id": "fay", "item_id": "i0", "kind": "RATED", "value": 4, "at": AT, "event_id": "taken"}
    writer.record(**event)  # type: ignore[arg-type]
    with pytest.raises(EventConflict):
        writer.record(**event | changed)  # type: ignore[arg-type]
    assert len(store.read(EVENTS, user="fay")) == 1


def test_an_id_of_another_kind_is_a_conflict(store: Store, planted: World) -> None:
    writer = FeedbackWriter(store, planted.context)
    writer.record("gil", "i0", "LIKED", event_id="gil-1")
    with pytest.raises(EventConflict, match="'gil-1' is stored as LIKED, not DISLIKED"):
        writer.record("gil", "i0", "DISLIKED", event_id="gil-1")
    assert not writer.record("gil", "i0", "LIKED", event_id="gil-1").new


def test_a_conflict_without_a_time_is_still_a_conflict(writer: FeedbackWriter) -> None:
    writer.record("gus", "i0", "LIKED", event_id="untimed")
    with pytest.raises(EventConflict):
        writer.record("gus", "i1", "LIKED", event_id="untimed")


def test_text_is_a_review_of_the_same_transaction(store: Store, planted: World) -> None:
    def encode(texts: Any) -> np.ndarray:
        assert list(texts) == ["Ha. So funny"]
        return axes([3])

    writer = FeedbackWriter(store, replace(planted.context, encode=encode))
    receipt = writer.record("hal", "i0", "RATED", value=5, title="Ha", text="So <b>funny</b>", at=AT)
    rows = store.read(
        "MATCH (:User {id: 'hal'})-[:WROTE]->(r:Review)-[:ABOUT]->(i:Item) "
        "RETURN r.id AS id, r.text AS text, i.id AS item"
    )
    assert rows == [{"id": receipt.event_id, "text": "So funny", "item": "i0"}]
    (interest,) = read_profile(store, "hal").interests
    np.testing.assert_allclose(interest.vector, np.array([1, 0, 0, 1]) / np.sqrt(2), atol=1e-6)


def test_a_very_long_text_is_stored_and_left_to_the_refresh(store: Store, planted: World) -> None:
    read: list[str] = []

    def encode(texts: Sequence[str]) -> np.ndarray:
        read.extend(texts)
        return axes([0] * len(texts))

    writer = FeedbackWriter(store, replace(planted.context, encode=encode))
    longest = "x" * MAX_LIVE_CHARS
    for text in (longest, f"{longest}x"):
        writer.record("ivy", "i0", "RATED", value=5, text=text, at=AT)
    rows = store.read("MATCH (:User {id: 'ivy'})-[:WROTE]->(r:Review) RETURN size(r.text) AS size ORDER BY size")
    assert [row["size"] for row in rows] == [MAX_LIVE_CHARS, MAX_LIVE_CHARS + 1]
    assert set(read) == {longest}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"item_id": "nothing"}, UnknownItem, "nothing"),
        ({"kind": "RATED", "value": 6}, InvalidInput, "scale of 1 to 5"),
        ({"kind": "RATED", "value": float("nan")}, RecordError, "finite"),
        ({"at": datetime.now(UTC) + timedelta(days=1)}, InvalidInput, "future"),
        ({"at": "yesterday"}, RecordError, "not a time"),
        ({"kind": "no*good"}, RecordError, "kind"),
        ({"kind": "HAS_INTEREST"}, RecordError, "reserved"),
        ({"user_id": ""}, RecordError, "empty"),
        ({"user_id": "a\0b"}, RecordError, "NUL"),
        ({"event_id": "x" * 2000}, RecordError, "1024"),
        ({"event_id": ["u1"]}, RecordError, "no id"),
        ({"event_id": pd.NA}, RecordError, "missing"),
        ({"event_id": 10**5000}, RecordError, "over 1024"),
        ({"user_id": np.timedelta64(5, "s")}, RecordError, "no id"),
        ({"value": np.timedelta64(5, "s")}, RecordError, "not a number"),
        ({"text": 10**5000}, RecordError, "text is needed"),
        ({"kind": 10**5000}, RecordError, "kind"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(
    store: Store, writer: FeedbackWriter, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        writer.record(**{"user_id": "ida", "item_id": "i0", "kind": "LIKED"} | arguments)
    assert store.read("MATCH (u:User {id: 'ida'}) RETURN u.id AS id") == []


def test_strange_ids_are_kept_as_they_are(store: Store, writer: FeedbackWriter) -> None:
    name = "o'\"n {x}\n🎬"
    receipt = writer.record(name, "i0", "LIKED", event_id=name)
    assert (receipt.user_id, receipt.event_id) == (name, name)
    assert len(store.read(EVENTS, user=name)) == 1


def test_before_the_first_refresh_events_are_stored_without_profiles(store: Store) -> None:
    receipt = FeedbackWriter(store).record("jon", "i0", "LIKED")
    assert receipt.new
    assert receipt.profile is None
    assert read_profile(store, "jon").habits == NO_HABITS
    with pytest.raises(UnknownItem):
        FeedbackWriter(store).record("jon", "nothing", "LIKED")


def test_an_event_is_acknowledged_though_its_profile_cannot_be_written(
    store: Store, writer: FeedbackWriter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(feedback, "update_profile", full)
    with caplog.at_level(logging.WARNING, logger="recommender"):
        receipt = writer.record("kit", "i0", "LIKED", event_id="safe")
    assert (receipt.new, receipt.profile) == (True, None)
    assert "disk is full" in caplog.text
    monkeypatch.undo()
    again = writer.record("kit", "i0", "LIKED", event_id="safe")  # to repeat the call heals the profile
    assert not again.new
    assert read_profile(store, "kit").habits.events == 1


@pytest.mark.faults
def test_eight_threads_on_one_person_and_item(turn: int, store: Store, writer: FeedbackWriter) -> None:
    user = f"lea{turn}"

    def send(number: int) -> FeedbackReceipt:
        return writer.record(user, "i0", "CLICKED", at=AT, event_id=f"click {turn} {number % 8}")

    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(send, range(24)))
    assert sum(receipt.new for receipt in receipts) == 8
    assert len(store.read(EVENTS, user=user)) == 8
    assert len(store.read("MATCH (u:User {id: $user}) RETURN u.id AS id", user=user)) == 1
    profile = read_profile(store, user)
    assert profile.habits.events == 8
    assert [tag.name for tag in profile.tags] == ["Comedy"]
    assert len(profile.interests) == 1


KILLED = """
import itertools, sys
from kg.engines import open_store
from recommender.feedback import FeedbackWriter
from tests.recommender.profiles.worlds import axes, rated, world

planted = world([rated(0, 0, 5)], 1, 4, {"GENRE": {0: ["A"], 1: ["A"], 2: ["B"], 3: ["B"]}}, axes([0, 0, 1, 1]))
with open_store(sys.argv[1]) as store:
    writer = FeedbackWriter(store, planted.context)
    for number in itertools.count(int(sys.argv[2])):
        receipt = writer.record(f"u{number % 3}", f"i{number % 4}", "LIKED", event_id=f"live{number}")
        print(receipt.event_id, flush=True)
"""


@pytest.mark.faults
def test_acknowledged_feedback_survives_kill_9(turn: int, location: str, planted: World) -> None:
    """The process that takes it is killed; with the embedded engine that is the one that holds the graph."""
    with open_store(location) as store:
        fill(store, records_of(planted))
    acknowledged: list[str] = []
    for stop in (7 + turn, 20 + turn):
        command = [sys.executable, "-W", "ignore", "-c", KILLED, location, str(len(acknowledged))]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as child:
            assert child.stdout is not None
            for line in child.stdout:
                acknowledged.append(line.strip())
                if len(acknowledged) >= stop:
                    child.kill()
                    break
            acknowledged += [line.strip() for line in child.stdout]  # printed before the signal came
    assert len(acknowledged) >= 20
    with open_store(location) as store:
        rows = store.read("MATCH (u:User)-[r:LIKED]->(i:Item) RETURN r.event_id AS id, u.id AS user")
        stored = [row["id"] for row in rows]
        assert len(stored) == len(set(stored))
        assert set(acknowledged) <= set(stored)
        assert len(set(stored) - set(acknowledged)) <= 2  # one a kill may be durable and not yet acknowledged
        writer = FeedbackWriter(store, planted.context)
        for number, event_id in enumerate(acknowledged):
            assert not writer.record(f"u{number % 3}", f"i{number % 4}", "LIKED", event_id=event_id).new
        assert len(store.read("MATCH ()-[r:LIKED]->() RETURN r.event_id AS id")) == len(stored)
        for user in ("u0", "u1", "u2"):
            events = len(store.read(EVENTS, user=user))
            assert read_profile(store, user).habits.events == events
