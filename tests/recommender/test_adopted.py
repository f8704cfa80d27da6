"""The loop on a graph that somebody else made: adopt, refresh, recommend, explain, feed back, forget, release."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from kg.bolt import BoltStore
from kg.errors import RecordError
from kg.store import Statement
from recommender import Recommender
from recommender.cli.app import app
from recommender.errors import UnknownUser
from recommender.refresh.config import RefreshConfig
from tests import camps
from tests.kg.store.test_adopt import content
from tests.recommender import test_loop as halves
from tests.recommender.test_everyone import agrees
from tests.recommender.test_forget import files_holding, kept, versions_holding
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


def fill(foreign: BoltStore) -> None:
    """The two camps as an owner's graph."""
    plots = ("a quiet story by the sea", "a cheerful comedy about a band")
    films = [{"code": m, "genre": ("drama", "comedy")[n % 2], "plot": plots[n % 2]} for n, m in enumerate(camps.MOVIES)]
    foreign.write(Statement(FILMS, {"films": films}), Statement(RATINGS, {"ratings": camps.ratings()}))


def test_an_adopted_graph_goes_through_the_whole_loop(
    foreign: BoltStore, neo4j_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(foreign)
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
        agrees(recommender, 25, monkeypatch, k=2)
        assert first not in set(recommender.recommend("ann", k=2)["item_id"])
        assert len(recommender.recommend("newcomer", k=3)) == 3
        assert recommender.query("user_events", user="newcomer").rows[0][0] == "LIKED"
        rated = recommender.cypher("MATCH (:reader {card: 'ann'})-[r:rated]->() RETURN count(r) AS n").rows
        assert rated == [[sum(user == "ann" for user, *_ in camps.ratings())]]
        assert recommender.refresh(budget=2).version
        noted = recommender.cypher("MATCH (n) WHERE n:TG_Clock OR n:TG_Change RETURN count(n) AS n").rows
        assert noted == [[0]], "nobody reads it, so nothing would ever remove it"
    run("adopt", "--remove")
    assert content(foreign) == before


def test_whom_the_map_means_no_longer_is_gone_with_the_next_refresh(
    foreign: BoltStore, neo4j_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the owner had deleted a reader and a film; both come back with what the owner knows of them."""
    fill(foreign)
    before = content(foreign)
    (tmp_path / "map.toml").write_text(MAP)
    monkeypatch.setenv("TASTEGRAPH_WORK", str(tmp_path / "work"))
    adopted = CliRunner().invoke(app, ["--store", neo4j_url, "adopt", str(tmp_path / "map.toml")])
    assert adopted.exit_code == 0, adopted.stderr
    listed = (
        "MATCH (u)-[:TG_RECOMMENDED]->(f) RETURN collect(DISTINCT u.card) AS users, collect(DISTINCT f.code) AS films"
    )
    config = RefreshConfig(tune_seconds=0, recommend=4, vectors=True)
    with Recommender.open(neo4j_url, run=RUN, config=config) as recommender:
        recommender.refresh()
        recommender.graph.write_item_vectors()
        taste = {tag["name"]: tag["sentiment"] for tag in recommender.profile("bob")["tags"]}
        assert taste
        (row,) = foreign.read(listed)
        assert "bob" in row["users"]
        assert "m8" in row["films"]
        assert "bob" in {near["user_id"] for near in recommender.graph.nearest_people("u0", 23)}

        foreign.write(Statement("MATCH (r:reader {card: 'bob'}) REMOVE r:reader", {}))
        foreign.write(Statement("MATCH (f:film {code: 'm8'}) SET f:archived REMOVE f:film", {}))
        assert not recommender.refresh(force=True).unchanged
        with pytest.raises(UnknownUser):
            recommender.recommend("bob", strict_users=True)
        (row,) = foreign.read(listed)
        assert set(row["users"]) == set(camps.PEOPLE) - {"bob"}
        assert "m8" not in row["films"]
        assert "m8" not in set(recommender.recommend("ann", k=15)["item_id"])
        assert "bob" not in {near["user_id"] for near in recommender.graph.nearest_people("u0", 23)}
        recommender.graph.write_item_vectors()
        assert "m8" not in {near["item_id"] for near in recommender.graph.nearest_items("m2", 15)}
        assert [row for row in foreign.read(OURS) if "bob" in str(row) or "m8" in str(row)] == []
        assert recommender.refresh().unchanged

        foreign.write(Statement("MATCH (r {card: 'bob'}) SET r:reader", {}))
        foreign.write(Statement("MATCH (f {code: 'm8'}) SET f:film REMOVE f:archived", {}))
        assert not recommender.refresh(force=True).unchanged
        assert {tag["name"]: tag["sentiment"] for tag in recommender.profile("bob")["tags"]} == pytest.approx(taste)
        assert "m8" in set(recommender.recommend("bob", k=15)["item_id"])
    removed = CliRunner().invoke(app, ["--store", neo4j_url, "adopt", "--remove"])
    assert removed.exit_code == 0, removed.stderr
    assert content(foreign) == before


WROTE = """
UNWIND $rows AS row
MATCH (:reader {card: row[0]})-[e:rated]->(:film {code: row[1]})
SET e.words = row[2], e.headline = row[3]
"""
ZOE = "zoe-4711"
SENTENCE = "my aunt Cordelia plays the theremin badly"
OURS = """
MATCH (n)
WHERE any(label IN labels(n) WHERE label STARTS WITH 'TG_') OR any(key IN keys(n) WHERE key STARTS WITH 'tg_')
RETURN labels(n) AS labels, properties(n) AS properties
"""


def wrote() -> list[tuple[str, str, str, str]]:
    """Each fifth person writes of the first film that they rated."""
    first = halves.events().groupby("user_id").first()
    return [
        (user, row.item_id, f"{halves.TOPICS[halves.half(int(row.item_id[1:]))]}, says {user}", "Well")
        for user, row in first.iterrows()
        if int(user[1:]) % 5 == 3
    ]


def test_words_on_events_are_read_quoted_and_forgotten(
    foreign: BoltStore, neo4j_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = [{"code": f["item_id"], "genre": f["genre"], "plot": f["description"]} for f in halves.items()]
    ratings = halves.events()[["user_id", "item_id", "rating", "timestamp"]].values.tolist()
    ratings += [[ZOE, f"i{n}", 5.0, 1_600_000_000] for n in range(3)]
    words = [*wrote(), *((ZOE, f"i{n}", f"{SENTENCE} {n}", "") for n in range(3))]
    foreign.write(Statement(FILMS, {"films": films}), Statement(RATINGS, {"ratings": ratings}))
    foreign.write(Statement(WROTE, {"rows": words}))
    before = content(foreign)
    (tmp_path / "map.toml").write_text(MAP + 'text = "words"\ntitle = "headline"\n')
    monkeypatch.setenv("TASTEGRAPH_WORK", str(tmp_path / "work"))

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["--store", neo4j_url, *arguments])
        assert result.exit_code == 0, result.stderr
        return result.stdout

    def quoted(item: str) -> set[str]:
        """The words of u3 in what explains an item to them."""
        parts = recommender.explain("u3", item)["parts"]
        found = (path for part in parts for path in part["paths"] if path["kind"] == "texts")
        return {quote for path in found for quote in path["quotes"] if "u3" in quote}

    assert f'"reviews":{len(words)}' in run("adopt", str(tmp_path / "map.toml"), "--json")
    config = RefreshConfig(tune_seconds=0, recommend=2)
    with Recommender.open(neo4j_url, run=RUN, config=config) as recommender:
        first = recommender.refresh().version
        assert first in versions_holding(tmp_path / "work" / "models", SENTENCE)
        vectors = next((tmp_path / "work" / "vectors").glob("*.sqlite"))
        assert kept(vectors, [f"{SENTENCE} 1"]) == [0]
        assert quoted("i14") == {f"Well. {halves.TOPICS[0]}, says u3"}

        interests = recommender.profile("u3")["interests"]
        recommender.feedback("u3", "i14", "LIKED", text="the u3 theremin sings")
        written = [row[2:4] for row in recommender.query("user_reviews", user="u3").rows]
        assert written == [[None, "the u3 theremin sings"], ["Well", f"{halves.TOPICS[0]}, says u3"]]
        assert recommender.profile("u3")["interests"] != interests

        edited = [(user, item, "brass only, says u3", "Well") for user, item, *_ in words if user == "u3"]
        foreign.write(Statement(WROTE, {"rows": edited}))
        assert not (done := recommender.refresh()).unchanged
        assert recommender.refresh().unchanged
        assert quoted("i13") == {"the u3 theremin sings", "Well. brass only, says u3"}
        assert kept(vectors, [f"Well. {halves.TOPICS[0]}, says u3", "Well. brass only, says u3"]) == [1]

        receipt = recommender.forget(ZOE)
        assert (len(receipt.left), set(receipt.left.values())) == (5, {0})
        assert recommender.cypher(receipt.query, user=ZOE).rows == [[0] * 5]
        assert (receipt.removed["reviews"], receipt.removed["vectors"], receipt.removed["events"]) == (3, 3, 0)
        assert receipt.owner_keeps == {"nodes": 1, "relations": 3}
        assert [row["version"] for row in recommender.models.all()] == [receipt.version] != [done.version]
        assert [row for row in foreign.read(OURS) if ZOE in str(row) or SENTENCE in str(row)] == []
        rest = foreign.read(
            "MATCH (n:reader {card: $user})-[r]-() RETURN labels(n) AS labels, type(r) AS type", user=ZOE
        )
        assert rest == [{"labels": ["reader"], "type": "rated"}] * 3
        assert versions_holding(tmp_path / "work" / "models", SENTENCE) == set()
        assert files_holding(tmp_path, ZOE, SENTENCE) == set()

        assert recommender.refresh().unchanged, "the owner's nodes are not read again"
        with pytest.raises(UnknownUser):
            recommender.recommend(ZOE, strict_users=True)
        with pytest.raises(RecordError, match="this person was forgotten"):
            recommender.feedback(ZOE, "i1", "LIKED")
        assert recommender.lift(ZOE)
        recommender.store.catch_up()
        assert len(recommender.query("user_reviews", user=ZOE).rows) == 3

    told = run("forget", ZOE, "--no-refresh")
    removing = "MATCH (n:`reader`) WHERE toStringOrNull(n.`card`) = $user DETACH DELETE n"
    assert f"{removing};" in told
    assert "relations" in told
    run("adopt", "--remove")
    foreign.write(Statement(WROTE, {"rows": words}))
    assert content(foreign) == before
    foreign.write(Statement(removing, {"user": ZOE}))
    assert not [row for row in content(foreign) if ZOE in row or SENTENCE in row]
