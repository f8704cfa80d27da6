"""Items that are alike, where one is liked by everybody: what sells best is like nothing for that."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from recommender import Recommender
from recommender.errors import InvalidInput, UnknownItem
from recommender.neighbours import likeness
from tests.running import RUN

PEOPLE, EACH = 80, 12
"""People and items of each of two camps."""
HITS = ("hit1", "hit2")
"""Liked by everybody."""
TOPICS = ("a quiet guitar and soft strings", "a fast car on a wet racing track")


def events() -> pd.DataFrame:
    """Everybody likes the hits and half of what is of their camp."""
    rng = np.random.default_rng(0)
    rows = [(f"u{person}", hit) for person in range(2 * PEOPLE) for hit in HITS]
    for person in range(2 * PEOPLE):
        camp = person // PEOPLE
        rows += [(f"u{person}", f"{'ab'[camp]}{item}") for item in rng.permutation(EACH)[: EACH // 2]]
    return pd.DataFrame([(user, item, "LIKED", 1_600_000_000 + at) for at, (user, item) in enumerate(rows)],
                        columns=["user_id", "item_id", "kind", "timestamp"])  # fmt: skip


def items() -> list[dict[str, object]]:
    """Those of the camps have a text and a shelf, as have two that nobody has met; nothing is known of a third."""
    known = [(f"{camp}{item}", number) for number, camp in enumerate("ab") for item in range(EACH)]
    described = [*known, ("new-a", 0), ("new-b", 1)]
    return [
        *(
            {"item_id": id, "title": f"Title {id}", "description": TOPICS[camp], "shelf": f"S{camp}"}
            for id, camp in described
        ),
        *({"item_id": hit, "title": f"Title {hit}"} for hit in HITS),
        {"item_id": "blank"},
    ]


@pytest.fixture(scope="module", params=["folder", "url"])
def recommender(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recommender]:
    """The same on each engine."""
    work = tmp_path_factory.mktemp("similar")
    if request.param == "folder":
        location = str(work / "store")
    else:
        from tests.conftest import emptied

        emptied(request.getfixturevalue("server"))
        location = request.getfixturevalue("neo4j_url")
    with Recommender.open(location, work=work / "work", run=RUN) as opened:
        opened.ingest(events(), items=items())
        opened.refresh(budget=0)
        yield opened


def test_what_everybody_likes_is_like_nothing_for_that(recommender: Recommender) -> None:
    for item, camp in (("a3", "a"), ("b7", "b")):
        found = recommender.similar_items(item, k=EACH - 1)
        assert list(found.columns) == ["item_id", "score", "rank", "title"]
        assert found["rank"].tolist() == list(range(1, EACH))
        assert found["score"].is_monotonic_decreasing
        assert all(other.removeprefix("new-").startswith(camp) for other in found.item_id), "not the hits"
        assert item not in set(found.item_id)
        assert found.title.tolist() == [f"Title {other}" for other in found.item_id]
        both = events()[lambda rows, item=item: rows.user_id.isin(rows[rows.item_id == item].user_id)]
        assert set(both.item_id.value_counts().index[:3]) == {item, *HITS}, "most of who likes it likes these as well"


def test_an_item_that_nobody_met_is_known_by_its_text_and_its_shelf(recommender: Recommender) -> None:
    for camp, other in ("ab", "ba"):
        found = recommender.similar_items(f"new-{camp}", k=EACH)
        assert set(found.item_id) == {f"{camp}{item}" for item in range(EACH)}
        assert f"new-{camp}" in set(recommender.similar_items(f"{camp}0", k=2 * EACH).item_id)
        assert f"new-{other}" not in set(recommender.similar_items(f"{camp}0", k=EACH).item_id)


def test_what_shares_nothing_is_left_out(recommender: Recommender) -> None:
    assert recommender.similar_items("blank").empty
    with pytest.raises(UnknownItem, match="nowhere"):
        recommender.similar_items("nowhere")
    with pytest.raises(InvalidInput, match="k = 0"):
        recommender.similar_items("a1", k=0)


def test_likeness_goes_both_ways_within_a_camp(recommender: Recommender) -> None:
    model = recommender.models.published()
    for item in range(len(model.items)):
        scores = likeness(model, item)
        assert scores.shape == (len(model.items),)
        assert scores[item] == 0.0
        assert (scores >= 0).all()
