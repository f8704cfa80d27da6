"""Every verb on a real store: the documents that are promised, the exit codes, and what is refused."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from recommender.cli.app import app
from tests import camps
from tests.running import PATIENCE

pytestmark = pytest.mark.embedded

Run = Callable[..., Result]
COUNT = "MATCH (n) RETURN count(n) AS nodes"
INGEST = ("ingest", "events", "ratings.csv", "--map", "item=movie_id", "--scale", "1:5", "--json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The camps, ingested and refreshed."""
    folder = tmp_path_factory.mktemp("verbs")
    camps.write(folder)
    ratings, movies, people = (str(folder / f"{name}.csv") for name in ("ratings", "movies", "people"))
    attributes = ("--attribute", "genres:HAS_GENRE,director")
    for arguments in (
        ("ingest", "events", ratings, "--map", "item=movie_id", "--scale", "1:5"),
        ("ingest", "items", movies, "--id", "movie_id", "--title", "title", "--text", "plot", *attributes),
        ("ingest", "users", people, "--id", "user_id", "--property", "age", "--attribute", "occupation"),
        ("refresh", "--budget", "5"),
    ):
        result = invoke(folder, *arguments)
        assert result.exit_code == 0, result.stderr
    return folder


def invoke(folder: Path, *arguments: str) -> Result:
    """One call of the command, with the folder's store."""
    return CliRunner().invoke(app, ["--store", str(folder / "store"), "--quiet", *arguments])


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call the command in the folder of the camps."""
    monkeypatch.chdir(folder)

    def call(*arguments: str, fails: int = 0) -> Result:
        result = invoke(folder, *arguments)
        assert result.exit_code == fails, result.stderr
        return result

    return call


@pytest.fixture
def read(run: Run) -> Callable[..., Any]:
    """Call the command with ``--json`` and give its one document."""

    def call(*arguments: str) -> Any:
        text = run(*arguments, "--json").stdout
        assert text.count("\n") == 1
        return json.loads(text)

    return call


def test_a_file_ingested_again_is_known(run: Run) -> None:
    document = json.loads(run(*INGEST).stdout)
    assert document["accepted"] == 0
    assert document["duplicates"] == len(camps.ratings())
    assert document["rejected"] == 0


def test_rejected_rows_are_kept_and_stop_nothing_unless_strict(run: Run, tmp_path: Path) -> None:
    rows = tmp_path / "more.csv"
    rows.write_text("user,item,rating\nu1,m1,nine\nu2,m2,ten\nu3,m3,7\n")
    kept = tmp_path / "kept.jsonl"
    arguments = ("ingest", "events", str(rows), "--scale", "1:5", "--rejects", str(kept))
    document = json.loads(run(*arguments, "--json", fails=1).stdout)
    assert (document["accepted"], document["rejected"], document["rejects_file"]) == (0, 3, str(kept))
    reasons = [json.loads(line) for line in kept.read_text().splitlines()]
    assert [(reject["line"], reject["field"]) for reject in reasons] == [(2, "rating"), (3, "rating"), (4, "rating")]
    result = run(*arguments, "--strict", fails=1)
    assert "more.csv:2" in result.stderr
    assert result.stdout == ""


def test_rows_of_which_none_is_of_use_are_an_error_with_the_first_reason(tmp_path: Path) -> None:
    bad, empty, good = (tmp_path / f"{name}.csv" for name in ("bad", "empty", "good"))
    bad.write_text("user,item,rating\nu1,m1,nine\nu2,m2,ten\n")
    empty.write_text("user,item,rating\n")
    good.write_text("user,item,rating\nu1,m1,4\n")
    ingest = ("ingest", "events")
    result = invoke(tmp_path, *ingest, str(bad), "--rejects", str(tmp_path / "kept"))
    assert result.exit_code == 1
    assert "0 stored, 0 known before, 2 rejected" in result.stdout
    assert "bad.csv:2: rating 'nine' is not a number" in result.stderr
    assert [invoke(tmp_path, *ingest, str(file)).exit_code for file in (empty, good, good)] == [0, 0, 0]

    people = tmp_path / "people.txt"
    people.write_text("1\n2\n3\n")
    result = invoke(tmp_path, "ingest", "lists", str(people), "--rejects", str(tmp_path / "kept"))
    assert result.exit_code == 1
    assert "no line has an item behind its person" in result.stderr


def test_what_values_may_mean_otherwise_stops_before_the_first_write(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("user,item,rating\n" + "".join(f"u{n},m{n},{n % 4 and 5 - n % 4}\n" for n in range(20)))
    arguments = ("ingest", "events", str(rows), "--strict-meaning")
    result = invoke(tmp_path, *arguments)
    assert result.exit_code == 1
    assert "0 in 25 % of the values is taken for not rated" in result.stderr
    assert "there is no store" in invoke(tmp_path, "cypher", COUNT).stderr
    said = invoke(tmp_path, *arguments, "--missing", "rating=0")
    assert said.exit_code == 0, said.stderr

    os.mkfifo(tmp_path / "pipe")
    piped = invoke(tmp_path, "ingest", "events", str(tmp_path / "pipe"), "--strict-meaning")
    assert piped.exit_code == 2
    assert "read once only" in piped.stderr


def test_rows_of_somebody_forgotten_are_no_error(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("user,item,rating\nann,m1,4\n")
    assert invoke(tmp_path, "ingest", "events", str(rows)).exit_code == 0
    assert invoke(tmp_path, "forget", "ann", "--no-refresh").exit_code == 0
    assert invoke(tmp_path, "ingest", "events", str(rows)).exit_code == 0


def test_equal_purchases_are_stored_each_and_once_only(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("user,item,kind,value\n" + "ann,m1,purchase,1\n" * 3 + "ann,m1,RATED,4\n" * 2)
    arguments = ("ingest", "events", str(rows), "--json")
    first, second = (json.loads(invoke(tmp_path, *arguments).stdout) for _ in range(2))
    assert (first["accepted"], second["accepted"]) == (4, 0)
    assert json.loads(invoke(tmp_path, *arguments, "--repeats", "count").stdout)["accepted"] == 1


def test_a_file_that_breaks_off_says_what_is_stored(tmp_path: Path) -> None:
    graph = tmp_path / "cut.ttl"
    graph.write_text("@prefix e: <http://e/> .\n" + "".join(f"e:a{n} e:p e:b .\n" for n in range(30)) + "e:a e:p <")
    result = invoke(tmp_path / "own", "ingest", "triples", str(graph))
    assert result.exit_code == 1
    assert "cut.ttl, line 32: " in result.stderr
    assert "; what stands before it could be read; 30 records before that are stored; to read the mended file" in (
        result.stderr
    )


def test_rows_of_people_who_were_forgotten_are_told_apart_from_those_in_the_rejects_file(tmp_path: Path) -> None:
    rows, kept, own = tmp_path / "rows.csv", tmp_path / "kept.jsonl", tmp_path / "own"
    rows.write_text("user,item,rating\nann,m1,4\nann,m2,5\nbob,m1,3\n,m1,3\n")
    arguments = ("ingest", "events", str(rows), "--rejects", str(kept))
    assert "3 stored, 0 known before, 1 rejected\n" in invoke(own, *arguments).stdout
    assert invoke(own, "forget", "ann", "--no-refresh").exit_code == 0
    again = invoke(own, *arguments).stdout
    assert "0 stored, 1 known before, 3 rejected, 2 of them of people who were forgotten\n" in again


def test_a_dry_run_writes_nothing(run: Run, read: Callable[..., Any], tmp_path: Path) -> None:
    rows = tmp_path / "more.csv"
    rows.write_text("user,item,rating\nsomebody,m1,5\n")
    before = read("cypher", COUNT)
    assert read("ingest", "events", str(rows), "--dry-run")["accepted"] == 1
    assert read("cypher", COUNT) == before


def test_what_writes_nothing_makes_no_store(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("user,item\nu1,m1\n")
    (tmp_path / "broken.csv").write_text("user,price\nu1,3\n")
    nowhere = tmp_path / "nowhere"
    checked = invoke(nowhere, "ingest", "events", str(tmp_path / "rows.csv"), "--dry-run")
    assert (checked.exit_code, "1 would be stored" in checked.stdout) == (0, True)
    failed = invoke(nowhere, "ingest", "events", str(tmp_path / "broken.csv"))
    assert (failed.exit_code, "no column is known as the item" in failed.stderr) == (1, True)
    assert not list(tmp_path.rglob("store.json"))


def test_status_counts_what_the_graph_holds(run: Run, read: Callable[..., Any]) -> None:
    document = read("status")
    assert document["users"] >= len(camps.PEOPLE)
    assert document["items"] == len(camps.MOVIES)
    assert document["interactions"] >= len(camps.ratings())
    assert document["entities"] == 3 + 4 + 2  # genres, directors, occupations
    assert document["triples"] == 8 * 2 + 8 + 16
    assert document["reviews"] == 0
    assert document["model"]["version"]
    weights = [row["weight"] for row in document["parts"]]
    assert weights == sorted(weights, reverse=True)
    assert min(weights) > 0
    assert document["parts"][0]["part"] in run("status").stdout


def test_recommend_finds_the_camp_and_says_why(run: Run, read: Callable[..., Any]) -> None:
    rows = read("recommend", "ann", "bob", "-k", "2")
    assert [(row["user_id"], row["rank"]) for row in rows] == [("ann", 1), ("ann", 2), ("bob", 1), ("bob", 2)]
    first = rows[0]["item_id"]
    assert camps.loves("ann", first)
    assert first not in {item for user, item, *_ in camps.ratings() if user == "ann"}
    assert rows[0]["reason"].startswith("because ")
    shown = run("recommend", "ann", "-k", "1").stdout
    assert f"Movie {first[1:]}" in shown
    assert "because" in shown


def test_candidates_limit_the_list_and_seen_items_may_stay(read: Callable[..., Any], tmp_path: Path) -> None:
    chosen = tmp_path / "chosen.txt"
    chosen.write_text("m1\nm2\n\nm3\n")
    rows = read("recommend", "ann", "--keep-seen", "--candidates", str(chosen))
    assert {row["item_id"] for row in rows} == {"m1", "m3"}, "ann dislikes m2"


def test_a_stranger_is_served_and_said_to_be_one(run: Run, read: Callable[..., Any]) -> None:
    rows = read("recommend", "stranger", "ann", "-k", "2")
    assert [(row["user_id"], row["known"]) for row in rows] == [("stranger", False)] * 2 + [("ann", True)] * 2
    shown = run("recommend", "stranger", "-k", "2")
    assert shown.stderr.startswith("the graph does not hold 'stranger': ")
    assert "for stranger, of whom nothing is known" in shown.stdout
    assert run("recommend", "ann").stderr == ""
    assert "'stranger'" in run("recommend", "ann", "stranger", "--strict-users", fails=1).stderr
    why = run("explain", "stranger", rows[0]["item_id"], "--json")
    assert json.loads(why.stdout)["known"] is False
    assert why.stderr.startswith("the graph does not hold 'stranger': ")
    assert "'stranger'" in run("explain", "stranger", "m1", "--strict-users", fails=1).stderr


def test_candidates_that_are_not_there_are_passed_over_and_counted(run: Run, tmp_path: Path) -> None:
    chosen, sold = tmp_path / "chosen.txt", tmp_path / "sold.txt"
    chosen.write_text("m7\nm98\nm9\nm99\n")
    sold.write_text("m9\nm97\n")
    asked = run("recommend", "ann", "--candidates", str(chosen), "--json")
    assert {(row["item_id"], row["skipped_candidates"]) for row in json.loads(asked.stdout)} == {("m7", 2), ("m9", 2)}
    assert asked.stderr == (
        "2 candidates are passed over, for the published version does not hold them: 'm98', 'm99'\n"
    )
    out = tmp_path / "lists.parquet"
    everyone = run("recommend", "--all-users", "--candidates", str(chosen), "--out", str(out), "--json")
    assert json.loads(everyone.stdout)["skipped_candidates"] == 2
    for never in (("m9,m97",), (str(sold),), ("m97", "--exclude", "m9")):
        left = run("recommend", "ann", "--candidates", str(chosen), "--exclude", *never, "--json")
        assert [row["item_id"] for row in json.loads(left.stdout)] == ["m7"]
        assert "'m97'" in left.stderr
    some = run("recommend", "--history", "m1,m99", "-k", "2", "--json")
    assert json.loads(some.stdout) == json.loads(run("recommend", "--history", "m1", "-k", "2", "--json").stdout)
    assert "'m99'" in some.stderr


def test_somebody_new_is_served_from_a_list_and_from_words(read: Callable[..., Any]) -> None:
    for arguments in (("--history", "m1,m3"), ("--text", "a cheerful comedy"), ("--history", "m1", "--text", "comedy")):
        rows = read("recommend", *arguments, "-k", "3")
        assert [row["rank"] for row in rows] == [1, 2, 3]
        assert {row["user_id"] for row in rows} == {None}
    assert camps.loves("ann", read("recommend", "--history", "m1,m3,m5", "-k", "1")[0]["item_id"])


def test_everyone_is_written_to_a_file(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "lists.parquet"
    run("recommend", "--all-users", "-k", "2", "--out", str(out))
    frame = pd.read_parquet(out)
    assert set(frame["user_id"]) >= set(camps.PEOPLE)
    assert frame.groupby("user_id").size().max() == 2
    assert [path.name for path in tmp_path.iterdir()] == ["lists.parquet"]


def test_an_explanation_adds_up_and_is_drawn(run: Run, read: Callable[..., Any], tmp_path: Path) -> None:
    item = read("recommend", "ann", "-k", "1")[0]["item_id"]
    document = read("explain", "ann", item)
    total = document["baseline"] + sum(part["contribution"] for part in document["parts"])
    assert total == pytest.approx(document["score"], rel=1e-4, abs=1e-5)
    assert {part["component"] for part in document["parts"]}
    assert any(part["paths"] for part in document["parts"])
    drawing = tmp_path / "why.svg"
    shown = run("explain", "ann", item, "--draw", str(drawing)).stdout
    assert "baseline" in shown
    assert "you rated Movie" in shown
    drawn = "".join(ElementTree.parse(drawing).getroot().itertext())
    assert f"Why Movie {item[1:]} for ann" in drawn
    assert "recommended" in drawn
    newcomer = read("explain", "m3", "--history", "m1,m5")
    assert {part["item_id"] for part in newcomer["parts"]} <= {None, "m1", "m5"}


def test_a_file_says_what_reasons_speak_of_and_how(folder: Path, read: Callable[..., Any], tmp_path: Path) -> None:
    """The director is the only thing that two movies share which not a quarter of the catalogue has."""
    words = tmp_path / "reasons.toml"
    words.write_text('[[sayings]]\nrelation = "direct"\nrole = "head"\nshared = "led by the same head"\n')

    def told(*options: str) -> str:
        return invoke(folder, *options, "explain", "m3", "--history", "m1,m7", "--json").stdout

    assert "by the same director" in told()
    assert "led by the same head" in told("--reasons", str(words))
    words.write_text('silent_relations = ["direct"]')
    assert "by the same director" not in told("--reasons", str(words))
    words.write_text("silent_relation = 1")
    failed = invoke(folder, "--reasons", str(words), "explain", "m3", "--history", "m1")
    assert (failed.exit_code, "no key 'silent_relation'" in failed.stderr) == (1, True)
    found = read("explain", "m3", "--history", "m1,m7")["reason_by"]
    assert found["kind"] in {"popularity", "people", "entities", "texts"}
    assert found["component"]


def test_similar_items_are_of_the_camp(read: Callable[..., Any]) -> None:
    rows = read("similar", "m1", "-k", "3")
    assert "m1" not in {row["item_id"] for row in rows}
    assert camps.loves("ann", rows[0]["item_id"])


def test_a_profile_tells_features_habits_and_tags(run: Run, read: Callable[..., Any]) -> None:
    document = read("profile", "ann")
    assert document["features"]["age"] == 20
    assert document["habits"]["events"] == sum(user == "ann" for user, *_ in camps.ratings())
    shown = run("profile", "ann").stdout
    assert "age" in shown
    assert "rating_mean" in shown


def test_feedback_is_stored_once_and_changes_the_list(run: Run, read: Callable[..., Any]) -> None:
    item = read("recommend", "u3", "-k", "1")[0]["item_id"]
    printed = run("feedback", "u3", item, "disliked").stdout.split()
    assert read("feedback", "u3", item, "DISLIKED", "--event-id", "e1", "--at", "2024-05-01")["event_id"] == "e1"
    assert read("feedback", "u3", item, "DISLIKED", "--event-id", "e1", "--at", "2024-05-01")["new"] is False
    stored = read("cypher", "MATCH (:User {id: 'u3'})-[e:DISLIKED]->() RETURN e.event_id AS id ORDER BY id")
    assert [row[0] for row in stored["rows"]] == sorted([printed[0], "e1"])
    assert item not in {row["item_id"] for row in read("recommend", "u3")}


def test_feedback_creates_people_and_refuses_unknown_items(run: Run, read: Callable[..., Any]) -> None:
    run("feedback", "newcomer", "m1", "LIKED")
    assert read("recommend", "newcomer", "-k", "1")[0]["user_id"] == "newcomer"
    assert "nothing-like-it" in run("feedback", "ann", "nothing-like-it", "LIKED", fails=1).stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("recommend", "stranger", "--strict-users"), "stranger"),
        (("profile", "stranger"), "stranger"),
        (("explain", "ann", "m99"), "m99"),
        (("similar", "m99"), "m99"),
        (("recommend", "--history", "m99"), "m99"),
        (("query", "no_such_query"), "no_such_query"),
        (("models", "rollback", "v0"), "v0"),
        (("refresh", "--only", "lunch"), "lunch"),
        (("evaluate", "--models", "oracle"), "oracle"),
        (("cypher", "RETURN $missing"), "missing"),
        (("cypher", "MATCH (n RETURN n"), ""),
        (("ingest", "recbole", "nowhere"), "nowhere"),
    ],
)
def test_what_is_not_there_is_one_clear_error(arguments: tuple[str, ...], named: str, run: Run) -> None:
    result = run(*arguments, fails=1)
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert named in result.stderr
    assert "unexpected" not in result.stderr
    assert "Traceback" not in result.stderr


def test_debug_adds_the_traceback(folder: Path) -> None:
    result = CliRunner().invoke(app, ["--debug", "--store", str(folder / "store"), "profile", "stranger"])
    assert result.exit_code == 1
    assert "Traceback" in result.stderr
    assert "stranger" in result.stderr.splitlines()[-1]


def test_cypher_reads_and_only_reads(run: Run, read: Callable[..., Any]) -> None:
    query = "MATCH (i:Item {id: $id}) RETURN i.title AS title, $n AS n, 'DELETE' AS word"
    document = read("cypher", query, "--param", "id=m1", "--param", "n:=[1, 2]")
    assert document == {"columns": ["title", "n", "word"], "rows": [["Movie 1", [1, 2], "DELETE"]]}
    before = read("cypher", COUNT)
    for write in ("CREATE (:Item {id: 'x'})", "MATCH (n) DETACH DELETE n", "MATCH (i:Item) SET i.title = 'x'"):
        run("cypher", write, fails=1)
    assert read("cypher", COUNT) == before


def test_named_queries_are_listed_and_run(read: Callable[..., Any]) -> None:
    rows = {row[0]: row for row in read("query")["rows"]}
    assert rows["user_events"][1] == ["user", "limit"]
    document = read("query", "user_events", "--param", "user=ann", "--param", "limit:=3")
    assert "item" in document["columns"]
    assert len(document["rows"]) == 3


def test_versions_are_listed_rolled_back_and_pruned(run: Run, read: Callable[..., Any]) -> None:
    (first,) = (version for version in read("models") if version["current"])
    run("feedback", "bob", "m1", "LIKED")
    run("refresh", "--budget", "2")
    versions = read("models", "list")
    assert [version["current"] for version in versions].count(True) == 1
    assert read("status")["model"]["version"] != first["version"]
    assert read("models", "rollback")["published"] == first["version"]
    assert first["version"] in run("models").stdout
    read("models", "prune", "--keep", "1")
    assert first["version"] in [version["version"] for version in read("models")]


def test_evaluation_on_the_graph(run: Run, read: Callable[..., Any]) -> None:
    document = read("evaluate", "--protocol", "random", "-k", "10", "--models", "popularity,hybrid", "--budget", "2")
    assert document["protocol"] == "random"
    models = {model["name"]: model for model in document["models"]}
    assert models["hybrid"]["metrics"]["ndcg@10"] > models["popularity"]["metrics"]["ndcg@10"]
    assert {"recall@10", "ndcg@10", "mrr@10"} <= models["hybrid"]["metrics"].keys()
    assert {"tune_s", "fit_s", "params"} <= models["hybrid"].keys()


def test_evaluation_by_folds_and_by_the_last_item(read: Callable[..., Any]) -> None:
    more = ("-k", "5", "--models", "popularity,item_knn", "--budget", "1")
    folds = read("evaluate", "--protocol", "k-fold", "--folds", "3", *more)
    assert folds["counts"]["folds"] == 3
    models = {model["name"]: model for model in folds["models"]}
    assert models["item_knn"]["metrics"]["recall@5"] > models["popularity"]["metrics"]["recall@5"]
    assert list(models["popularity"]["params"]) == ["fold 1", "fold 2", "fold 3"]
    last = read("evaluate", "--protocol", "leave-last", *more)
    assert last["counts"]["test_events"] <= last["counts"]["users"]


def test_evaluation_on_files_needs_no_store(folder: Path, tmp_path: Path) -> None:
    rows = [(user, item) for user, item, stars, _ in camps.ratings() if stars == 5]
    held_out = {(user, item) for position, (user, item) in enumerate(rows) if position % 5 == 0}
    for name, chosen in (("train", [row for row in rows if row not in held_out]), ("test", sorted(held_out))):
        lines = ["user,item", *(f"{user},{item}" for user, item in chosen)]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    store = tmp_path / "none"
    files = ("--train", str(tmp_path / "train.csv"), "--test", str(tmp_path / "test.csv"))
    more = ("--learning-curve", "0.3", "--out", str(tmp_path / "report"))
    arguments = ("evaluate", *files, "-k", "5", "--models", "popularity,hybrid", "--budget", "2", *more, "--json")
    result = CliRunner().invoke(app, ["--store", str(store), "--quiet", *arguments])
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    models = {model["name"]: model["metrics"] for model in document["models"]}
    assert models["hybrid"]["recall@5"] > models["popularity"]["recall@5"]
    curve = {(point["model"], point["share"]): point["metrics"]["recall@5"] for point in document["curve"]}
    assert curve["hybrid", 0.3] < curve["hybrid", 1.0] == models["hybrid"]["recall@5"]
    assert json.loads((tmp_path / "report" / "report.json").read_text()) == document
    assert document["command"].startswith("tastegraph --store ")
    assert document["command"].endswith(" --json")
    assert not store.exists()


def test_the_graph_is_reported_on(run: Run, read: Callable[..., Any], tmp_path: Path) -> None:
    page = tmp_path / "graph.html"
    document = read("kg", "report", "--limit", "2", "--html", str(page))
    assert document["coverage"]["linked"] == len(camps.MOVIES)
    relations = {row["relation"]: row for row in document["relations"]}
    assert relations["DIRECTOR"]["range"] == {"director": len(camps.MOVIES)}
    assert {check["name"]: check["count"] for check in document["findings"]}["unexpected_edges"] == 0
    assert "DIRECTOR" in page.read_text()
    assert "16 of 16 (100.0 %)" in run("kg", "report").stdout


def test_the_graph_is_judged(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("recommender.evaluation.run.HYBRID", ("popularity", "item_knn", "relations"))
    out = tmp_path / "out"
    shown = run("kg", "evaluate", "--protocol", "random", "-k", "5", "--budget", "0", "--out", str(out)).stdout
    assert "graph shuffled" in shown
    assert json.loads((out / "report.json").read_text())["command"].endswith(f"--out {out}")
    assert run("kg", "evaluate", "--model", "relations", "--budget", "0", fails=1).stderr.startswith(
        "error: relations cannot be fitted without the graph"
    )


def test_names_in_texts_are_linked(run: Run, read: Callable[..., Any], tmp_path: Path) -> None:
    run("feedback", "ann", "m3", "RATED", "--value", "4", "--text", "Movie 14 is better. movie 140 is none.")
    found = tmp_path / "mentions.jsonl"
    summary = read("kg", "mentions", "--dry-run", "--out", str(found))
    assert (summary["linked"], summary["by_kind"]) == (1, {"title": 1})
    assert json.loads(found.read_text())["target"] == "m14"
    count = "MATCH ()-[m:MENTIONS]->(i:Item) RETURN i.id AS item, m.count AS count"
    assert read("cypher", count)["rows"] == []
    run("kg", "mentions")
    assert read("cypher", count)["rows"] == [["m14", 1]]


def test_names_spelt_in_two_ways_are_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("id,brand\nm1,Acme\nm2,Acme\nm3,ACME\n")
    merges = tmp_path / "my.merges.json"
    ingest = ("ingest", "items", str(tmp_path / "items.csv"), "--id", "id", "--attribute", "brand", "--dry-run")
    assert (
        f"1 names were spelt in several ways, and are one each now: {merges}"
        in run(*ingest, "--merges", str(merges)).stdout
    )
    assert json.loads(merges.read_text()) == [{"kind": "brand", "name": "Acme", "count": 2, "merged": {"ACME": 1}}]
    assert json.loads(run(*ingest, "--no-merge", "--json").stdout)["merged"] == []


# In processes of their own --------------------------------------------------------------------------------------------


def process(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """The command as a process of its own, progress bars and all."""
    command = [sys.executable, "-m", "recommender", "--store", str(folder / "store"), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_stdout_holds_the_document_and_nothing_else(folder: Path) -> None:
    output, errors = process(folder, "recommend", "ann", "-k", "1", "--json").communicate(timeout=120)
    assert json.loads(output)[0]["user_id"] == "ann", errors
    assert output.count("\n") == 1


def test_a_reader_that_goes_away_is_no_complaint(folder: Path) -> None:
    running = process(folder, "cypher", "UNWIND range(1, 9000) AS n RETURN n, 'a long row of text that fills the pipe'")
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    errors = running.stderr.read()
    running.stderr.close()
    running.wait(timeout=120)
    assert "Traceback" not in errors
    assert "Broken pipe" not in errors


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_closes_the_store(sign: signal.Signals, code: int, tmp_path: Path) -> None:
    pipe = tmp_path / "endless.csv"
    os.mkfifo(pipe)
    running = process(tmp_path, "ingest", "events", str(pipe))
    with pipe.open("w") as writer:
        writer.write("user,item\nann,m1\n" + "".join(f"u{n},m{n}\n" for n in range(40_000)))
        writer.flush()
        secret = tmp_path / "store" / "bolt.json"
        deadline = time.monotonic() + 60 * PATIENCE
        while not secret.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert secret.exists()
        running.send_signal(sign)
        _, errors = running.communicate(timeout=60)
    assert running.returncode == code, errors
    assert "Traceback" not in errors
    assert not secret.exists()


def test_neighbours_by_vector_are_of_the_camp(run: Run, folder: Path) -> None:
    assert "run 'tastegraph models vectors'" in run("similar", "m1", "--by", "texts", fails=1).stderr
    assert json.loads(run("models", "vectors", "--json").stdout) == {"vectors": len(camps.MOVIES)}
    run("models", "vectors")
    stored = json.loads(run("cypher", "MATCH (v:ItemVector) RETURN count(v) AS n", "--json").stdout)
    assert stored["rows"] == [[len(camps.MOVIES)]]
    near = json.loads(run("similar", "m1", "--by", "texts", "-k", "3", "--json").stdout)
    assert [row["rank"] for row in near] == [1, 2, 3]
    assert all(int(row["item_id"][1:]) % 2 == 1 for row in near)  # the plots of odd movies are one story
    people = json.loads(run("similar", "ann", "--by", "interests", "-k", "3", "--json").stdout)
    assert all(camps.loves(row["user_id"], "m1") for row in people)
    assert "ann" not in [row["user_id"] for row in people]


def test_a_store_is_saved_restored_and_copied(run: Run, folder: Path) -> None:
    saved = json.loads(run("backup", str(folder / "saved"), "--json").stdout)
    again = str(folder / "again")
    restored = json.loads(run("--store", again, "restore", str(folder / "saved"), "--json").stdout)
    copied = json.loads(run("copy", again, str(folder / "copied"), "--json").stdout)
    assert saved["digest"] == restored["digest"] == copied["digest"]
    assert "a copy goes into an empty store only" in run("copy", again, str(folder / "copied"), fails=1).stderr
    told = json.loads(run("recommend", "ann", "--json").stdout)
    assert json.loads(run("--store", str(folder / "copied"), "recommend", "ann", "--json").stdout) == told
    assert "is of this version already" in run("migrate").stdout
    written = json.loads(run("export", "neo4j-import", str(folder / "files"), "--json").stdout)
    assert (written["nodes"], written["edges"]) == (sum(saved["nodes"].values()) + 1, sum(saved["edges"].values()))
    assert written["command"] == "neo4j-admin database import full neo4j @import.args"
    again = run("export", "neo4j-import", str(folder / "others"), "--backup", str(folder / "saved")).stdout
    assert "neo4j-admin database import full" in again
    assert all(
        (folder / "others" / file.name).read_bytes() == file.read_bytes() for file in (folder / "files").iterdir()
    )


@pytest.mark.parametrize(("shared", "wanted"), [("", {0o600, 0o700}), ("group", {0o660, 0o2770})])
def test_what_any_verb_writes_is_for_whom_it_may_be(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: str, wanted: set[int]
) -> None:
    """Whatever the process's umask says."""
    monkeypatch.setenv("TASTEGRAPH_SHARED", shared)
    verbs = (
        ("recommend", "--all-users", "--out", str(tmp_path / "lists.parquet")),
        ("recommend", "--all-users", "--out", str(tmp_path / "lists.csv")),
        ("evaluate", "--budget", "1", "--models", "popularity", "--out", str(tmp_path / "report")),
        ("explain", "ann", "m7", "--draw", str(tmp_path / "why.svg")),
        ("kg", "show", "ann", "--out", str(tmp_path / "ann.html")),
        ("export", "rdf", str(tmp_path / "graph.nt.gz")),
        ("export", "triples", str(tmp_path / "triples.csv")),
        ("export", "recbole", str(tmp_path / "atomic")),
        ("export", "neo4j-import", str(tmp_path / "files")),
        ("backup", str(tmp_path / "saved")),
    )
    before = os.umask(0)
    try:
        for verb in verbs:
            run(*verb)
            os.umask(0)
    finally:
        os.umask(before)
    made = [path for path in tmp_path.rglob("*") if not path.is_symlink()]
    assert len(made) > 40
    others = {str(path.relative_to(tmp_path)): oct(path.stat().st_mode & 0o7777) for path in made}
    allowed = {oct(mode) for mode in wanted} | ({oct(0o770)} if shared else set())
    assert {path: mode for path, mode in others.items() if mode not in allowed} == {}
