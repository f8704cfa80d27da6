"""A neighbourhood as a picture: what the drawing says is what the graph holds."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import pytest
from typer.testing import CliRunner

from kg.bolt import BoltStore
from kg.errors import QueryFailed
from recommender import Recommender
from recommender.cli.app import app
from recommender.neighbourhood import labelled
from scripts.cypher_docs import plant
from tests.running import RUN

pytestmark = pytest.mark.embedded


def test_names_kinds_and_edges_in_words(store: BoltStore, tmp_path: Path) -> None:
    plant(store, tmp_path / "rejects.jsonl")
    shown = labelled(Recommender(store, RUN).graph.neighbourhood("c"))
    assert {(data["label"], data["kind"]) for _, data in shown.nodes(data=True)} == {
        ("Alien", "item"),
        ("eve", "user"),
        ("Horror", "genre"),
        ("Scott", "director"),
    }
    said = {(head[1], data["label"], tail[1]) for head, tail, data in shown.edges(data=True)}
    assert said == {
        ("eve", "rated 5", "c"),
        ("c", "has genre", "genre:Horror"),
        ("c", "directed by", "director:Scott"),
        ("eve", "interested in 0.4", "genre:Horror"),
    }
    with pytest.raises(QueryFailed, match="holds no node 'x'"):
        Recommender(store, RUN).graph.neighbourhood("x")


def test_the_command_draws_to_a_file(tmp_path: Path) -> None:
    (tmp_path / "kg.csv").write_text("item,genre\nA,Noir\nB,Noir\n")
    folder = ["--store", str(tmp_path / "store")]
    made = CliRunner().invoke(
        app, [*folder, "ingest", "items", str(tmp_path / "kg.csv"), "--id", "item", "--attribute", "genre"]
    )
    assert made.exit_code == 0, made.stderr
    out = tmp_path / "noir.svg"
    drawn = CliRunner().invoke(app, [*folder, "kg", "show", "genre:Noir", "--out", str(out), "--json"])
    assert drawn.exit_code == 0, drawn.stderr
    assert '"nodes":3,"edges":2,"complete":true' in drawn.stdout
    assert "Around entity genre:Noir: 3 nodes" in out.read_text()


def test_networkx_measures_it(store: BoltStore, tmp_path: Path) -> None:
    plant(store, tmp_path / "rejects.jsonl")
    part = Recommender(store, RUN).graph.neighbourhood("genre:Crime", hops=2, relations=["HAS_GENRE"])
    crime, horror, bridge = ("Entity", "genre:Crime"), ("Entity", "genre:Horror"), ("Item", "d")
    assert dict(part.degree) == {("Item", "a"): 1, ("Item", "b"): 1, bridge: 2, crime: 3, horror: 1}
    ranks = nx.pagerank(nx.DiGraph(part))
    # x of a film, which nothing leads to; half of what d gives goes to each genre.
    x = ranks["Item", "a"]
    assert ranks[horror] / x == pytest.approx(1 + 0.85 / 2, abs=1e-4)
    assert ranks[crime] / x == pytest.approx(1 + 0.85 * 2.5, abs=1e-4)
    whole = nx.Graph(part)
    groups = nx.community.greedy_modularity_communities(whole)
    assert {frozenset(group) for group in groups} == {
        frozenset({crime, ("Item", "a"), ("Item", "b")}),
        frozenset({bridge, horror}),
    }
    assert nx.shortest_path(whole, ("Item", "a"), horror) == [("Item", "a"), crime, bridge, horror]
