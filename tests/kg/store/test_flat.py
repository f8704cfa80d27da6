"""CSV triples and RecBole's atomic files: a round trip changes nothing."""

from __future__ import annotations

import csv
import gzip
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kg import snapshot
from kg.bolt import BoltStore
from kg.errors import StoreError
from kg.flat import export_recbole, export_triples
from kg.ingest import ingest
from kg.readers import read_recbole
from kg.readers.knowledge import read_knowledge
from kg.records import Attribute, EntityRecord, Interaction, ItemRecord, Link, Record, Related, Triple, UserRecord
from tests.conftest import emptied

AT = datetime(2022, 2, 2, 2, 2, 2, 200001, tzinfo=UTC)
KNOWLEDGE: list[Record] = [
    Triple("m.1", "FILM_FILM_ACTOR", "m,9", name="film.film.actor"),
    Triple("m,9", "BORN_IN", 'm "3"'),
    Triple("m.2", "AUTHOR", "m,9", name="http://dbpedia.org/ontology/writer"),
    Triple("1", "NEAR", "m.1", head_label="Item"),
    Triple("2", "ALSO_BOUGHT", "1", head_label="Item", tail_label="Item"),
    Triple("3", "ALSO_BOUGHT", "4", head_label="Item", tail_label="Item"),
    Link("1", "m.1"),
    Link("2", "m.2"),
    Link("3", "m.2"),
]
ACME = (Attribute("BRAND", "brand", "Acme"),)
WORLD: list[Record] = [
    *KNOWLEDGE,
    UserRecord("bob", {"age": 40, "zip_code": "01234", "city": "Graz"}),
    UserRecord("nobody"),
    ItemRecord("1", "One", "about one", {"price": 2.5, "pages": 7, "weight": 1e-7}, ACME),
    ItemRecord("2", "Two", None, {"pages": 9}, ACME, (Related("ALSO_VIEWED", "5"),)),
    EntityRecord("m,9", "Nine", "person"),
    Interaction("bob", "1", "RATED", "r1", AT, 4.0),
    Interaction("bob", "2", "RATED", "r2", AT.replace(microsecond=0), 3.5),
    Interaction("ann", "1", "LIKED", "l1"),
]


def filled(store: BoltStore, records: list[Record]) -> str:
    """The fingerprint of a graph of these records alone."""
    emptied(store)
    assert ingest(store, records, strict=True, progress=False).rejected == 0
    return snapshot.take(store).fingerprint


def test_triples_and_links_come_back(graph: BoltStore, tmp_path: Path) -> None:
    before = filled(graph, KNOWLEDGE)
    kg, links = tmp_path / "kg.csv", tmp_path / "links.tsv.gz"
    assert export_triples(graph, kg, links) == {"triples": 6, "links": 4}
    assert set(map(tuple, csv.reader(kg.read_text().splitlines()))) == {
        ("head", "relation", "tail"),
        ("m.1", "film.film.actor", "m,9"),
        ("m,9", "BORN_IN", 'm "3"'),
        ("m.2", "AUTHOR", "m,9"),  # what the source called it would be read as another relation
        ("m.1", "NEAR", "m.1"),
        ("tastegraph:item:2", "ALSO_BOUGHT", "m.1"),  # m.2 is the item 3 as well
        ("tastegraph:item:3", "ALSO_BOUGHT", "tastegraph:item:4"),
    }
    assert "2\ttastegraph:item:2" in gzip.decompress(links.read_bytes()).decode().splitlines()
    records = list(read_knowledge(kg, links))
    ingest(graph, records, strict=True, progress=False)
    assert snapshot.take(graph).fingerprint == before
    assert filled(graph, records) == before  # type: ignore[arg-type]


FORMULAS = ["=cmd|' /C calc'!A1", "@SUM(1+1)", "+1", "-2", "'=1", "'s", " =1", "＝1", "\u200b=1", "a=b", "'"]
"""Ids that a spreadsheet would run, and some that it would not."""
PARTED = ["x\r=cmd|calc!A1", "a;=1+1", "a,=1", "a\x85=1"]
"""Ids of whose parts it would make cells, were they not in quotes."""


@pytest.mark.parametrize("suffix", [".csv", ".tsv.gz"])
@pytest.mark.parametrize("raw", [False, True])
def test_a_cell_that_a_spreadsheet_would_run_is_text_and_comes_back(
    raw: bool, suffix: str, graph: BoltStore, tmp_path: Path
) -> None:
    ids = [text.strip() for text in FORMULAS] + PARTED
    before = filled(graph, [*(Triple(id, "NEAR", "m.1") for id in ids), *(Link(id, f"e{id}") for id in ids)])
    kg, links = tmp_path / f"kg{suffix}", tmp_path / f"links{suffix}"
    counts = export_triples(graph, kg, links, raw=raw)
    assert counts == {"triples": 15, "links": 15} | ({} if raw else {"escaped": 20})
    text = (gzip.decompress(kg.read_bytes()) if suffix.endswith(".gz") else kg.read_bytes()).decode()
    assert all(f'"{id}"' in text for id in PARTED)
    header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter="," if suffix == ".csv" else "\t")
    assert header == ["head" if raw else "head (escaped)", "relation", "tail"]
    assert any(cell.startswith(tuple("=+-@")) for row in rows for cell in row) == raw
    assert filled(graph, list(read_knowledge(kg, links))) == before  # type: ignore[arg-type]


def test_atomic_files_come_back(graph: BoltStore, tmp_path: Path) -> None:
    before = filled(graph, WORLD)
    counts = export_recbole(graph, tmp_path / "data")
    assert counts == {".inter": 3, ".user": 3, ".item": 5, ".kg": 9, ".link": 4, ".ent": 2}
    records = list(read_recbole(tmp_path / "data"))
    assert filled(graph, records) == before  # type: ignore[arg-type]


@pytest.mark.embedded
def test_what_an_atomic_file_cannot_hold(store: BoltStore, tmp_path: Path) -> None:
    filled(store, [ItemRecord("1", "two\nlines", None, {"new": True, "colour": "red"}), UserRecord("u", {"on": True})])
    export_recbole(store, tmp_path / "data")
    assert (
        tmp_path / "data" / "data.item"
    ).read_text() == "item_id:token\ttitle:token_seq\ttext:token_seq\n1\ttwo lines\t\n"
    assert (tmp_path / "data" / "data.user").read_text() == "user_id:token\nu\n"
    with pytest.raises(StoreError, match="is there already"):
        export_recbole(store, tmp_path / "data")
    filled(store, [ItemRecord("a\tb")])
    with pytest.raises(StoreError, match=r"'a\\tb' holds a tab"):
        export_recbole(store, tmp_path / "other")
    assert [path.name for path in tmp_path.iterdir()] == ["data"], "an export that failed leaves half a folder"


@pytest.mark.embedded
def test_lastfm_is_written_as_it_was(store: BoltStore, shared_data: Path, tmp_path: Path) -> None:
    known = [record for record in read_recbole(shared_data / "lastfm-kg") if isinstance(record, Triple | Link)]
    ingest(emptied(store), known, strict=True, progress=False)
    export_recbole(store, tmp_path / "lastfm")
    for suffix in (".kg", ".link"):
        before = (shared_data / "lastfm-kg" / f"lastfm{suffix}").read_text().splitlines()
        after = (tmp_path / "lastfm" / f"lastfm{suffix}").read_text().splitlines()
        assert set(after) == set(before)
        assert len(after) == len(set(before))
