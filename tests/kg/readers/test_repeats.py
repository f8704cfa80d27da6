"""Equal rows of one file: purchases are counted, ratings are not; the first has the id that it always had."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from kg.errors import ReadError
from kg.readers import EventMapping, read_events
from kg.readers import repeats as module
from kg.readers.form import Form
from kg.readers.repeats import numbered
from kg.records import Interaction, KindRecord, event_hash

HEAD = "user,item,kind\n"


def ids(path: Path, **form: str) -> list[str]:
    return [own.event_id for own in read_events(path, form=Form(**form)) if isinstance(own, Interaction)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "different"), [("purchase", 3), ("PLAYED", 3), ("view", 3), ("RATED", 1), ("like", 1)]
)
def test_the_kind_says_whether_equal_rows_count(tmp_path: Path, kind: str, different: int) -> None:
    (tmp_path / "a.csv").write_text(HEAD + f"u,i,{kind}\n" * 3)
    found = ids(tmp_path / "a.csv")
    assert (len(found), len(set(found))) == (3, different)
    assert found[0] == event_hash("u", "i", kind.upper(), None, None, None)
    assert ids(tmp_path / "a.csv") == found, "read again the same rows have the same ids"


def test_the_option_wins(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEAD + "u,i,buy\n" * 2 + "u,i,RATED\n" * 2)
    assert len(set(ids(tmp_path / "a.csv", repeats="once"))) == 2
    assert len(set(ids(tmp_path / "a.csv", repeats="count"))) == 4


def test_ids_of_the_callers_own_are_left_alone(tmp_path: Path) -> None:
    own = "ab" * 16
    (tmp_path / "a.csv").write_text("user,item,kind,event_id\n" + f"u,i,buy,{own}\n" * 2 + "u,i,buy,e\n" * 2)
    mapping = EventMapping(event="event_id")
    found = [record.event_id for record in read_events(tmp_path / "a.csv", mapping) if isinstance(record, Interaction)]
    assert found == [own, own, "e", "e"]


def test_against_a_slow_count_over_many_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 7)
    draw = random.Random(5)
    pairs = [(f"u{draw.randrange(9)}", f"i{draw.randrange(9)}") for _ in range(400)]
    events = [Interaction(u, i, "BUY", event_hash(u, i, "BUY", None, None, None)) for u, i in pairs]
    found = list(numbered(iter(events), None, "a"))
    assert [(own.user_id, own.item_id) for own in found] == pairs
    assert len({own.event_id for own in found}) == 400
    first = {}
    for own in found:
        first.setdefault((own.user_id, own.item_id), own.event_id)
    assert all(first[u, i] == event_hash(u, i, "BUY", None, None, None) for u, i in pairs)
    assert sum(Counter(pairs).values()) == len(found)


def test_what_comes_before_an_error_is_given_and_other_records_stay_in_place() -> None:
    event = Interaction("u", "i", "BUY", event_hash("u", "i", "BUY", None, None, None))

    def broken() -> object:
        yield KindRecord("BUY")
        yield event
        yield event
        raise ReadError("a", "is damaged")

    records = numbered(broken(), None, "a")  # type: ignore[arg-type]
    assert [type(next(records)).__name__ for _ in range(3)] == ["KindRecord", "Interaction", "Interaction"]
    with pytest.raises(ReadError):
        next(records)


def test_it_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.csv").write_text(HEAD + "u,i,buy\n" * 3 + "u,i,RATED\n" * 2)
    with caplog.at_level("INFO"):
        ids(tmp_path / "a.csv")
    assert "2 rows equal others and are a BUY event each; repeats='once'" in caplog.text
    assert "1 rows equal others and are no further RATED event; repeats='count'" in caplog.text
