"""Real data as a user would bring them: ingested twice, refreshed, recommended from, explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.readers import read_amazon, read_events, read_links, read_triples
from recommender import Recommender
from recommender.context import RunContext

pytestmark = [pytest.mark.embedded, pytest.mark.slow, pytest.mark.timeout(600)]

RUN = RunContext(device="cpu", threads=2, progress=False)


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


def test_amazon_magazines(shared_data: Path, tmp_path: Path) -> None:
    """Reviews with their metadata: dirty titles cleaned, brands and categories as entities, profiles from text."""
    folder = shared_data / "amazon-magazines"
    files = (folder / "Magazine_Subscriptions_5.json.gz", folder / "meta_Magazine_Subscriptions.json.gz")
    with Recommender.open(tmp_path / "store", run=RUN) as recommender:
        report = recommender.ingest_records(read_amazon(*files))
        assert (report.by_kind["RATED"], report.rejected) == (2375, 0)
        again = recommender.ingest_records(read_amazon(*files))
        assert (again.accepted, again.rejected) == (0, 0)
        status = recommender.status()
        # 44 rows repeat an event.
        assert (status["users"], status["interactions"], status["reviews"]) == (348, 2331, 2331)

        refreshed = recommender.refresh(budget=0)
        assert {stage.stage for stage in refreshed.stages} >= {"embed", "profiles", "publish"}
        user = recommender.cypher(
            "MATCH (u:User)-[r:RATED]->() WITH u, count(r) AS n RETURN u.id ORDER BY n DESC, u.id LIMIT 1"
        ).rows[0][0]
        check_serving(recommender, user)
        profile = recommender.profile(user)
        assert profile["interests"]
        assert profile["tags"]
        by_text = recommender.recommend_for(text="a magazine about home cooking and recipes", k=10, reasons=True)
        titles = " ".join(str(title) for title in by_text.title).lower()
        assert any(word in titles for word in ("cook", "food", "taste", "kitchen", "recipe", "bon app"))


def test_lastfm_with_its_graph(shared_data: Path, tmp_path: Path) -> None:
    """Play counts and a knowledge graph linked by a table: counts are no ratings, links are contracted."""
    folder = shared_data / "lastfm-kg"
    with Recommender.open(tmp_path / "store", run=RUN) as recommender:
        for name in ("train", "valid"):
            report = recommender.ingest_records(read_events(folder / f"lastfm.{name}.inter", kind="PLAYED"))
            assert report.rejected == 0
        recommender.ingest_records(read_triples(folder / "lastfm.kg"))
        recommender.ingest_records(read_links(folder / "lastfm.link"))
        assert recommender.status()["interactions"] == 17_350 + 1_907
        recommender.refresh(budget=0)
        check_serving(recommender, "2")
