"""Names in planted texts: what is linked, what a sentence decides, and that no model ever sees it."""

from __future__ import annotations

import re
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kg import snapshot
from kg.bolt import BoltStore
from kg.ingest import ingest
from kg.records import Attribute, Interaction, ItemRecord, Record
from recommender.errors import InvalidInput
from recommender.mentions import LinkConfig, find_mentions, write_mentions
from tests.conftest import emptied
from text.windows import unit_rows


@pytest.fixture(
    params=[pytest.param("embedded", marks=pytest.mark.embedded), pytest.param("server", marks=pytest.mark.neo4j)]
)
def graph(request: pytest.FixtureRequest) -> BoltStore:
    """An empty graph in each engine."""
    return emptied(request.getfixturevalue(request.param))


def bag_of_words(texts: Sequence[str]) -> np.ndarray:
    """Vectors in which texts are near when they share words."""
    vectors = np.zeros((len(texts), 512), np.float32)
    for row, text in enumerate(texts):
        for word in re.findall(r"[a-z]{4,}", text.lower()):
            vectors[row, zlib.crc32(word.encode()) % 512] += 1
    return unit_rows(vectors)


def made_by(brand: str, kind: str = "brand") -> tuple[Attribute, ...]:
    return (Attribute(kind.upper(), kind, brand),)


PHONES, PIES = "a telephone with screen and battery", "sugar, flour and fruit from the orchard"
WORLD: list[Record] = [
    ItemRecord("i1", "Phone One", f"{PHONES}; needs no Bosch Audio box", attributes=made_by("Apple")),
    ItemRecord("i2", "Pie", PIES, attributes=made_by("Apple", "filling")),
    ItemRecord("i3", "Pedal", "a pedal for guitars", attributes=made_by("Bosch Audio")),
    ItemRecord("i4", "People", "a weekly about stars of the screen", attributes=made_by("Bosch")),
    Interaction("u", "i3", "REVIEWED", "r1", text="Better than Bosch Audio and BOSCH. Bosch Audio again. No bosches."),
    Interaction("u", "i2", "REVIEWED", "r2", text="My telephone by Apple has a battery."),  # the brand
    Interaction("v", "i2", "REVIEWED", "r3", text="Apple with sugar and flour."),  # the filling
    Interaction("w", "i2", "REVIEWED", "r4", text="Apple, I say."),  # nobody knows
    Interaction("w", "i3", "REVIEWED", "r5", text="Most people like it; people do."),  # a word
    Interaction("x", "i3", "REVIEWED", "r6", text="I like People, a weekly about stars of the screen."),  # the title
    Interaction("y", "i3", "REVIEWED", "r7", text="I met loud People here."),  # nothing speaks for the title
    Interaction(
        "z", "i4", "REVIEWED", "r8", text="I read People, the weekly about stars of the screen."
    ),  # its own item
]
LINKS = {
    ("i1", "brand:Bosch Audio", 1),
    ("r1", "brand:Bosch Audio", 2),
    ("r1", "brand:Bosch", 1),
    ("r2", "brand:Apple", 1),
    ("r3", "filling:Apple", 1),
    ("r6", "i4", 1),
}


def links(graph: BoltStore) -> set[tuple[str, str, int]]:
    rows = graph.read("MATCH (t)-[m:MENTIONS]->(n) RETURN t.id AS t, n.id AS n, m.count AS c")
    assert len({(row["t"], row["n"]) for row in rows}) == len(rows), "one edge a pair"
    return {(row["t"], row["n"], row["c"]) for row in rows}


def test_what_is_linked_counted_and_left_out(graph: BoltStore, rejects: Path) -> None:
    ingest(graph, WORLD, rejects=rejects, progress=False)
    taken = snapshot.take(graph)
    mentions, report = find_mentions(taken, bag_of_words)
    write_mentions(graph, taken, mentions)
    assert links(graph) == LINKS
    # Bosch Audio thrice, BOSCH, Apple thrice, People twice; r5 writes it small, and r8 is about the item itself.
    assert (report.found, report.linked, report.ambiguous, report.rejected) == (9, 7, 5, 2)
    assert report.edges == len(LINKS)
    assert report.by_kind == {"brand": 5, "filling": 1, "title": 1}
    assert {own.name for own in mentions} == {"Bosch Audio", "BOSCH", "Apple", "People"}
    write_mentions(graph, taken, mentions)
    assert links(graph) == LINKS, "again changes nothing"
    write_mentions(graph, taken, [own for own in mentions if own.id == "r2"])
    assert links(graph) == {("r2", "brand:Apple", 1)}, "what is found no more is removed"


def test_no_snapshot_holds_them(store: BoltStore, rejects: Path) -> None:
    """So no model learns from them, and no held-out review speaks through them."""
    ingest(store, WORLD, rejects=rejects, progress=False)
    taken = snapshot.take(store)
    write_mentions(store, taken, find_mentions(taken, bag_of_words)[0])
    assert links(store)
    assert snapshot.take(store).fingerprint == taken.fingerprint


def test_without_vectors_and_above_the_margin_nothing_ambiguous_is_linked(store: BoltStore, rejects: Path) -> None:
    ingest(store, WORLD, rejects=rejects, progress=False)
    taken = snapshot.take(store)
    clear = {own.target for own in find_mentions(taken)[0]}
    assert clear == {"brand:Bosch Audio", "brand:Bosch"}
    assert find_mentions(taken, bag_of_words, LinkConfig(margin=1.9))[1].rejected == 5
    assert find_mentions(taken, bag_of_words, LinkConfig(titles=False))[1].by_kind == {"brand": 5, "filling": 1}
    with pytest.raises(InvalidInput, match="margin"):
        LinkConfig(margin=3)


def test_the_precision_in_the_docs_is_that_of_the_labels() -> None:
    docs = Path(__file__).parents[2] / "docs"
    rows = [line.split("\t") for line in (docs / "mentions-labels.tsv").read_text().splitlines()[1:]]
    assert Counter(row[-1] for row in rows) == {"right": 81, "product": 7, "wrong": 12}
    text = (docs / "knowledge-graph.md").read_text()
    assert "| right | 81 | 72 to 87 |" in text
    assert "| right, when these count as right | 88 | 80 to 93 |" in text


@pytest.fixture
def rejects(tmp_path: Path) -> Path:
    """Where a test's rejected rows go."""
    return tmp_path / "test.rejects.jsonl"


@pytest.mark.embedded
def test_a_name_of_very_many_things_is_left_out_in_linear_time(store: BoltStore, rejects: Path) -> None:
    """Each place where it stands had each of its bearers by itself: 10,000 of either took minutes and gigabytes."""
    items = [ItemRecord(f"i{n}", "Untitled", "a thing") for n in range(5_000)]
    said = [Interaction(f"u{n}", "i9999", "REVIEWED", f"r{n}", text="Untitled is here. " * 50) for n in range(200)]
    own = Interaction("v", "i1", "REVIEWED", "own", text="Untitled it is")
    ingest(store, [*items, ItemRecord("i9999", "Other", "words"), *said, own], rejects=rejects, progress=False)
    taken = snapshot.take(store)
    started = time.process_time()
    mentions, report = find_mentions(taken, bag_of_words)
    assert time.process_time() - started < 10
    assert (report.found, report.ambiguous, report.rejected) == (10_000, 10_000, 10_000)
    assert not mentions
