"""What arguments mean: every bad one is a usage error (exit 2) that names the option, before any store is opened."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from recommender.cli.app import app

RATINGS = "user,item,rating\nann,A,5\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one file of ratings, and no store anywhere."""
    (tmp_path / "ratings.csv").write_text(RATINGS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TASTEGRAPH_STORE", raising=False)
    monkeypatch.delenv("TASTEGRAPH_WORK", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("ingest events ratings.csv --map person=user", "--map"),
        ("ingest events ratings.csv --map user", "--map"),
        ("ingest events ratings.csv --map user=a,user=b", "--map"),
        ("ingest events ratings.csv --map user=a --map user=b", "--map"),
        ("ingest events ratings.csv --scale 5", "--scale"),
        ("ingest events ratings.csv --scale 5:1", "--scale"),
        ("ingest events ratings.csv --scale nan:5", "--scale"),
        ("ingest events ratings.csv --kind bought*it", "--kind"),
        ("ingest events", "FILE"),
        ("ingest events nowhere.csv", "nowhere.csv"),
        ("ingest items ratings.csv", "--id"),
        ("ingest items ratings.csv --id item --attribute :BRAND", "--attribute"),
        ("ingest items ratings.csv --id item --attribute brand:MADE-BY", "--attribute"),
        ("ingest items ratings.csv --id item --property ,", "--property"),
        ("ingest amazon", "--reviews"),
        ("ingest everything", "everything"),
        ("recommend", "--history"),
        ("recommend ann --history A", "--history"),
        ("recommend ann --all-users", "--all-users"),
        ("recommend --all-users", "--out"),
        ("recommend ann --out lists.parquet", "--out"),
        ("recommend ann -k 0", "-k"),
        ("recommend ann -k ten", "-k"),
        ("recommend ann --candidates nowhere.txt", "--candidates"),
        ("recommend --history ,", "--history"),
        ("explain ann", "ITEM"),
        ("explain ann A --text quiet", "USER"),
        ("explain A --history B --since 2024-05-01", "--since"),
        ("feedback ann A", "KIND"),
        ("feedback ann A bought*it", "KIND"),
        ("feedback ann A LIKED --at yesterday", "--at"),
        ("feedback ann A RATED --value five", "--value"),
        ("cypher RETURN --param limit", "--param"),
        ("cypher RETURN --param limit:=ten", "--param"),
        ("cypher RETURN --param limit:=NaN", "--param"),
        ("cypher RETURN --param a=1 --param a=2", "--param"),
        ("query --param user=ann", "--param"),
        ("evaluate --protocol fair", "--protocol"),
        ("evaluate --train ratings.csv", "--test"),
        ("evaluate --train ratings.csv --test ratings.csv --protocol random", "--protocol"),
        ("evaluate --train ratings.csv --test ratings.csv --link ratings.csv", "--kg"),
        ("evaluate --train ratings.csv --test ratings.csv --kg ratings.csv", "--link"),
        ("evaluate --no-refit", "--no-refit"),
        ("evaluate --folds 5", "--folds"),
        ("evaluate --protocol k-fold --folds 2", "--folds"),
        ("evaluate -k 0", "-k"),
        ("kg validate", "--shapes"),
        ("kg validate --shapes nowhere.ttl", "nowhere.ttl"),
        ("export rdf", "FILE"),
        ("export rdf graph.ttl --hops far", "--hops"),
        ("ingest triples ratings.csv --map nowhere.toml", "nowhere.toml"),
        ("refresh --budget soon", "--budget"),
        ("models prune --keep 0", "--keep"),
        ("no-such-verb", "no-such-verb"),
    ],
)
def test_bad_arguments_are_usage_errors(arguments: str, named: str, here: Path) -> None:
    result = CliRunner().invoke(app, arguments.split())
    assert result.exit_code == 2
    assert named in result.stderr
    assert result.stdout == ""
    assert sorted(path.name for path in here.iterdir()) == ["ratings.csv"]


@pytest.mark.parametrize(
    "verb",
    [
        *("refresh", "status", "profile", "recommend", "explain", "similar", "feedback", "cypher", "query", "evaluate"),
        "forget",
        *(f"ingest {what}" for what in ("events", "items", "users", "triples", "amazon", "recbole", "lists")),
        *("models", "models rollback", "models prune"),
        *("export rdf", "export triples", "export recbole", "kg validate"),
    ],
)
def test_every_verb_explains_itself_with_an_example(verb: str) -> None:
    result = CliRunner().invoke(app, [*verb.split(), "--help"], prog_name="tastegraph")
    assert result.exit_code == 0
    assert f"  tastegraph {verb.split()[0]}" in result.stdout


def test_a_missing_store_is_an_error_that_names_it(here: Path) -> None:
    result = CliRunner().invoke(app, ["--store", "nowhere", "status"])
    assert result.exit_code == 1
    assert "nowhere" in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
    assert not (here / "nowhere").exists()


@pytest.mark.parametrize("verb", ["status", "evaluate --train ratings.csv --test ratings.csv --out report"])
def test_a_store_with_a_password_in_its_url_goes_no_further(verb: str, here: Path) -> None:
    result = CliRunner().invoke(app, ["--store", "neo4j://neo4j:planted@host:7687", *verb.split()])
    assert result.exit_code == 1
    assert "write neo4j://HOST:PORT and set NEO4J_USERNAME and NEO4J_PASSWORD" in result.stderr
    assert "planted" not in result.output
    assert sorted(path.name for path in here.iterdir()) == ["ratings.csv"]


def test_queries_are_listed_without_a_store(here: Path) -> None:
    result = CliRunner().invoke(app, ["query"])
    assert result.exit_code == 0
    assert "parameters" in result.stdout
