"""What an ingest says of cells that it left out, took for none, or could not date; and where its files lie."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from kg.bolt import BoltStore
from kg.errors import RecordError
from recommender import Recommender
from recommender.context import RunContext

RUN = RunContext(progress=False)
ITEMS = [
    {"id": "a", "title": "A", "brand": [{"x": 1}]},
    {"id": "b", "title": None, "brand": "NA"},
    {"id": "NA", "title": "C", "brand": "B"},
]


def test_cells_are_counted_and_kept(store: BoltStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recommender = Recommender(store, RUN)
    report = recommender.ingest(items=ITEMS, item_mapping={"id": "id", "title": "title", "attributes": ("brand",)})
    assert (report.accepted, report.rejected) == (2, 1)
    assert report.left_out == {"brand": 1}
    assert report.missing == {"brand": 1, "id": 1}
    assert report.rejects_file == str(store.work / "tastegraph.rejects.jsonl")
    notes = [orjson.loads(line) for line in Path(report.rejects_file).read_bytes().splitlines()]
    assert [(note["line"], note["field"], note.get("stored", False)) for note in notes] == [
        (1, "brand", True),
        (3, "id", False),
    ]
    assert not list(tmp_path.glob("tastegraph.*"))
    with pytest.raises(RecordError, match="brand"):
        recommender.ingest(items=ITEMS, item_mapping={"id": "id", "attributes": "brand"}, strict=True)
    with pytest.raises(RecordError, match="'brands' is no field; ItemMapping has id, title"):
        recommender.ingest(items=ITEMS, item_mapping={"id": "id", "brands": "brand"})


def test_undated_events_are_counted_and_known_again(store: BoltStore) -> None:
    recommender = Recommender(store, RUN)
    rows = [{"user": "u", "item": "i", "at": 43831, "rating": 4, "review": "if a<b and b>a then"}]
    first, again = recommender.ingest(rows), recommender.ingest(rows)
    assert (first.accepted, first.undated, again.accepted, again.duplicates) == (1, 1, 0, 1)
