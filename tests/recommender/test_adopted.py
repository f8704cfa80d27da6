"""The loop on a graph that somebody else made: adopt, refresh, recommend, explain, feed back, release."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from kg.bolt import BoltStore
from kg.store import Statement
from recommender import Recommender
from recommender.cli.app import app
from recommender.errors import InvalidInput
from tests import camps
from tests.kg.store.test_adopt import content
from tests.running import RUN

pytestmark = pytest.mark.neo4j

MAP = """
[person]
label = "reader"
id = "card"
[item]
label = "film"
id = "code"
title = "called"
text = "plot"
[[entity]]
label = "film genre"
id = "slug"
[[event]]
type = "rated"
value = "stars"
at = "ts"
unit = "s"
scale = [1, 5]
"""
FILMS = """
UNWIND $films AS film
MERGE (g:`film genre` {slug: film.genre})
CREATE (:film {code: film.code, called: 'Film ' + film.code, plot: film.plot})-[:in_genre]->(g)
"""
RATINGS = """
UNWIND $ratings AS row
MERGE (r:reader {card: row[0]})
WITH r, row
MATCH (f:film {code: row[1]})
CREATE (r)-[:rated {stars: row[2], ts: row[3]}]->(f)
"""


def test_an_adopted_graph_goes_through_the_whole_loop(
    foreign: BoltStore, neo4j_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plots = ("a quiet story by the sea", "a cheerful comedy about a band")
    films = [{"code": m, "genre": ("drama", "comedy")[n % 2], "plot": plots[n % 2]} for n, m in enumerate(camps.MOVIES)]
    foreign.write(Statement(FILMS, {"films": films}), Statement(RATINGS, {"ratings": camps.ratings()}))
    before = content(foreign)
    (tmp_path / "map.toml").write_text(MAP)
    monkeypatch.setenv("TASTEGRAPH_WORK", str(tmp_path / "work"))

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["--store", neo4j_url, *arguments])
        assert result.exit_code == 0, result.stderr
        return result.stdout

    assert '"people":24,"items":16,"entities":2' in run("adopt", str(tmp_path / "map.toml"), "--json")
    with Recommender.open(neo4j_url, run=RUN) as recommender:
        recommender.refresh(budget=2)
        first = recommender.recommend("ann", k=1).iloc[0]["item_id"]
        assert first in ("m1", "m7", "m9", "m11")  # of her camp, and not met
        why = recommender.explain("ann", first)
        assert {part["item_id"] for part in why["parts"] if part["item_id"]} <= {m for _, m, _, _ in camps.ratings()}
        sentiments = {tag["name"]: tag["sentiment"] for tag in recommender.profile("ann")["tags"]}
        assert sentiments["comedy"] < 0 < sentiments.get("drama", 1)
        recommender.feedback("ann", first, "DISLIKED")
        recommender.feedback("newcomer", "m1", "LIKED")
        assert first not in set(recommender.recommend("ann", k=2)["item_id"])
        assert len(recommender.recommend("newcomer", k=3)) == 3
        assert recommender.query("user_events", user="newcomer").rows[0][0] == "LIKED"
        with pytest.raises(InvalidInput, match="its owner's"):
            recommender.forget("ann")
        rated = recommender.cypher("MATCH (:reader {card: 'ann'})-[r:rated]->() RETURN count(r) AS n").rows
        assert rated == [[sum(user == "ann" for user, *_ in camps.ratings())]]
        assert recommender.refresh(budget=2).version
    run("adopt", "--remove")
    assert content(foreign) == before
