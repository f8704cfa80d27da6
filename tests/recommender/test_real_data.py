"""Real data as a user would bring them: ingested twice, refreshed, recommended from, explained."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from benchmarks.bench_faithfulness import kinds
from kg.findings import ReportConfig
from kg.readers import read_amazon, read_events, read_links, read_recbole, read_triples
from kg.records import Interaction, ItemRecord, Link, Reject, Scale, Triple
from kg.report import take_report
from recommender import Recommender
from tests.running import RUN

FILMS = 250
"""People of MovieLens whose ratings are learned from: all of them take minutes."""

pytestmark = [pytest.mark.embedded, pytest.mark.slow]


def check_serving(recommender: Recommender, user: str) -> None:
    """One person's list has ten new items with reasons, and the first one's contributions add up."""
    lists = recommender.recommend(user, k=10, reasons=True)
    assert lists["rank"].tolist() == list(range(1, 11))
    assert lists.reason.str.startswith("because").all()
    met = {row[1] for row in recommender.query("user_events", user=user, limit=1000).rows}
    assert not met & set(lists.item_id)
    found = recommender.explain(user, lists.item_id[0])
    total = found["baseline"] + sum(part["contribution"] for part in found["parts"])
    assert total == pytest.approx(found["score"], rel=1e-4)
    receipt = recommender.feedback(user, lists.item_id[0], "DISLIKED")
    assert receipt.new
    assert lists.item_id[0] not in recommender.recommend(user, k=10).item_id.tolist()


def check_reasons(recommender: Recommender) -> None:
    """A reason names the kind of path of the component without which its item loses most, computed again without it."""
    users = [row[0] for row in recommender.cypher("MATCH (u:User) RETURN u.id AS id ORDER BY id").rows]
    found = kinds(recommender, users[:: max(1, len(users) // 40)])
    assert len(found) >= 200
    assert np.mean([named == largest for named, largest in found]) >= 0.99


@pytest.fixture(scope="module")
def magazines(shared_data: Path) -> tuple[Path, Path]:
    """Reviews and metadata."""
    folder = shared_data / "amazon-magazines"
    return folder / "Magazine_Subscriptions_5.json.gz", folder / "meta_Magazine_Subscriptions.json.gz"


def test_amazon_magazines_are_stored_once(magazines: tuple[Path, Path], tmp_path: Path) -> None:
    with Recommender.open(tmp_path / "store", run=RUN) as recommender:
        report = recommender.ingest_records(read_amazon(*magazines))
        assert (report.by_kind["RATED"], report.rejected) == (2375, 0)
        again = recommender.ingest_records(read_amazon(*magazines))
        assert (again.accepted, again.rejected) == (0, 0)
        status = recommender.status()
        # 44 rows repeat an event.
        assert (status["users"], status["interactions"], status["reviews"]) == (348, 2331, 2331)


def test_amazon_magazines_are_recommended(magazines: tuple[Path, Path], tmp_path: Path) -> None:
    """Dirty titles cleaned, brands and categories as entities, profiles from text, and the catalogue known by its text.

    A part of the reviews, the items in them and 150 others: to embed all of it takes minutes on one core.
    """
    records = list(read_amazon(*magazines))
    reviews = [record for record in records if isinstance(record, Interaction)][:400]
    met = {review.item_id for review in reviews}
    described = [record for record in records if isinstance(record, ItemRecord)]
    described = [item for number, item in enumerate(described) if item.id in met or number < 150]
    with Recommender.open(tmp_path / "store", run=RUN) as recommender:
        assert recommender.ingest_records([*described, *reviews]).rejected == 0
        refreshed = recommender.refresh(budget=0)
        assert {stage.stage for stage in refreshed.stages} >= {"embed", "profiles", "publish"}
        user = recommender.cypher(
            "MATCH (u:User)-[r:RATED]->() WITH u, count(r) AS n RETURN u.id ORDER BY n DESC, u.id LIMIT 1"
        ).rows[0][0]
        check_serving(recommender, user)
        profile = recommender.profile(user)
        assert profile["interests"]
        assert profile["tags"]
        asked = recommender.recommend_for(text="a magazine about home cooking and recipes", k=5, reasons=True)
        texts = dict(
            recommender.cypher("MATCH (i:Item) RETURN i.id, coalesce(i.title, '') + coalesce(i.text, '')").rows
        )
        about_food = [re.search("cook|food|recipe|kitchen|cuisine", texts[item].lower()) for item in asked.item_id]
        assert sum(map(bool, about_food)) >= 4
        assert asked.reason[0] == "because it reads like what you wrote"
        check_reasons(recommender)


def test_lastfm_with_its_graph(shared_data: Path, tmp_path: Path) -> None:
    """Play counts and a knowledge graph linked by a table: counts are no ratings, links are contracted.

    All of it is read and checked; the first people, and the artists that they heard, are learned from.
    """
    folder = shared_data / "lastfm-kg"
    events = [
        event
        for name in ("train", "valid")
        for event in read_events(folder / f"lastfm.{name}.inter", kind="PLAYED")
        if isinstance(event, Interaction)
    ]
    own = [event for event in events if int(event.user_id) < 700]
    heard = {event.item_id for event in own}
    links = [link for link in read_links(folder / "lastfm.link") if isinstance(link, Link)]
    with Recommender.open(tmp_path / "store", run=RUN) as recommender:
        everything = chain(events, read_triples(folder / "lastfm.kg"), links)
        report = recommender.ingest_records(everything, dry_run=True)
        assert (report.by_kind["PLAYED"], report.rejected) == (17_350 + 1_907, 0)
        assert report.by_kind["triples"] == 15_518
        part = chain(read_triples(folder / "lastfm.kg"), (link for link in links if link.item_id in heard), own)
        assert recommender.ingest_records(part).rejected == 0
        assert recommender.status()["interactions"] == len(own)
        recommender.refresh(budget=0)
        check_serving(recommender, "2")
        check_reasons(recommender)


def test_films_with_their_graph(shared_data: Path, tmp_path: Path) -> None:
    """Ratings, films and the knowledge graph of Freebase; some people's, and the films that they rated.

    The links of this data set go by the ids of another one, and a report finds that out.
    """
    records = [record for record in read_recbole(shared_data / "ml-100k") if not isinstance(record, Reject)]
    own = [one for one in records if isinstance(one, Interaction) and int(one.user_id) <= FILMS]
    met = {event.item_id for event in own}
    about = [
        one
        for one in records
        if (isinstance(one, ItemRecord) and one.id in met) or (isinstance(one, Link) and one.item_id in met)
    ]
    with Recommender.open(tmp_path / "store", run=RUN) as recommender:
        triples = (one for one in records if isinstance(one, Triple))
        assert recommender.ingest_records(chain(triples, about, own), scale=Scale(1, 5)).rejected == 0
        found = take_report(recommender.store, ReportConfig(limit=100)).finding("random_relations")
        names = {row["relation"] for row in found.examples}
        assert len(names) >= 10, "and perhaps one of them is not found out"
        assert not names & {"GENRE", "RELEASE_YEAR"}
        recommender.refresh(budget=0)
        check_serving(recommender, "1")
        check_reasons(recommender)
