"""What a column holds is what all of its cells say, also those far down."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kg.readers import EventMapping, ItemMapping, UserMapping, read_events, read_items, read_users
from kg.readers.form import Form
from kg.records import Interaction, ItemRecord, UserRecord

ROWS = 3_000
COLUMNS = ("zone", "year", "size", "late", "steady")
MAPPING = ItemMapping("id", properties=COLUMNS)


def cells(row: int) -> dict[str, str]:
    """``zone`` has a leading zero in row 1,500, ``year`` a word in row 2,000, ``size`` decimals and ``late`` anything
    from row 1,100 on."""
    return {
        "id": f"i{row}",
        "zone": "01234" if row == 1_500 else str(10_000 + row),
        "year": "Gallimard" if row == 2_000 else "1990",
        "size": f"{row}.5" if row > 1_100 else str(row),
        "late": str(row) if row > 1_100 else "",
        "steady": str(row),
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "items.csv"
    lines = [",".join(cells(row).values()) for row in range(ROWS)]
    path.write_text("\n".join([",".join(cells(0)), *lines]) + "\n")
    return path


def expected(row: int) -> dict[str, Any]:
    own = cells(row)
    late = {"late": int(own["late"])} if own["late"] else {}
    whole = {"zone": own["zone"], "year": own["year"], "size": float(own["size"]), "steady": row}
    return whole | late


def check(records: Iterator[Any]) -> None:
    found = [record.properties for record in records if isinstance(record, ItemRecord | UserRecord)]
    assert found == [expected(row) for row in range(ROWS)]
    assert type(found[0]["size"]) is float


def test_one_cell_far_down_decides_for_its_column(file: Path) -> None:
    check(read_items(file, MAPPING))
    check(read_users(file, UserMapping("id", properties=COLUMNS)))


def test_likewise_packed_in_parts_shaped_and_in_memory(file: Path, tmp_path: Path) -> None:
    packed = tmp_path / "items.csv.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    check(read_items(packed, MAPPING))
    check(read_items(file, MAPPING, form=Form(missing={"late": ("x",)})))
    check(read_items([cells(row) for row in range(ROWS)], MAPPING))
    lines = file.read_text().splitlines(keepends=True)
    parts = [tmp_path / "part-1.csv", tmp_path / "part-2.csv"]
    parts[0].write_text("".join(lines[:1201]))
    parts[1].write_text("".join([lines[0], *lines[1201:]]))
    check(read_items(parts, MAPPING))


def test_context_of_events_is_decided_so_too(file: Path) -> None:
    mapping = EventMapping(user="id", item="id", at="", value="", kind="", context=("zone", "steady"))
    events = [own for own in read_events(file, mapping) if isinstance(own, Interaction)]
    assert [dict(own.context) for own in events] == [{"zone": cells(row)["zone"], "steady": row} for row in range(ROWS)]


def test_what_is_read_once_keeps_every_value_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        found = [own for own in read_items((cells(row) for row in range(ROWS)), MAPPING) if isinstance(own, ItemRecord)]
    assert "whether all of zone, year, size, late, steady are numbers is told from the first rows" in caplog.text
    assert [str(own.properties["zone"]) for own in found] == [cells(row)["zone"] for row in range(ROWS)]
    assert found[2_000].properties["year"] == "Gallimard"


def test_a_short_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "few.csv").write_text("id,size\na,1\nb,2\n")
    opened: list[Any] = []
    import kg.readers.table as table

    real = table.open_table
    monkeypatch.setattr(table, "open_table", lambda *given: opened.append(given) or real(*given))
    assert [own.properties for own in read_items(tmp_path / "few.csv", ItemMapping("id", properties=("size",)))] == [
        {"size": 1},
        {"size": 2},
    ]
    assert len(opened) == 1
