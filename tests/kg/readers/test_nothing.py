"""Words and codes for none by every reader, and what else people write in cells of kinds, times and quantities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kg.batch import Content
from kg.readers import EventMapping, read_events, read_items, read_lists, read_users
from kg.readers.form import Form
from kg.readers.social import read_social
from kg.readers.triples import read_entities, read_links, read_triples
from kg.records import Interaction, KindRecord, Reject

WORDS = ["NA", "N/A", "NONE", "null", "nan", "Unknown", "\\N", "-", "undefined"]


def events(rows: list[dict[str, Any]], mapping: EventMapping | None = None, **options: Any) -> list[Any]:
    return list(read_events(rows, mapping, **options))


@pytest.mark.parametrize("word", WORDS)
def test_a_word_for_none_is_no_kind_and_no_id_of_an_event(word: str) -> None:
    plain, named = (
        events(
            [{"user": "u", "item": "i", "event": "view"}, {"user": "u", "item": "i", "event": word}], kind="CLICKED"
        )[0],
        events([{"user": "u", "item": "i", "event": word}], EventMapping(kind="event"), kind="CLICKED")[0],
    )
    assert (plain.user_id, named.kind, named.notes[0].kind) == ("u", "CLICKED", "missing")
    (own,) = events([{"user": "u", "item": "i", "event_id": word}])
    (none,) = events([{"user": "u", "item": "i", "event_id": ""}])
    assert own.event_id == none.event_id


@pytest.mark.parametrize("word", [*WORDS, "na", "?", "not rated", "Not Rated", "n.a.", "--"])
def test_a_word_for_none_among_values_and_times_costs_the_cell(word: str) -> None:
    (event,) = events([{"user": "u", "item": "i", "rating": word, "at": word}])
    assert (event.value, event.at, len(event.notes)) == (None, None, 2)
    (stated,) = events([{"user": "u", "item": "i", "rating": word}], form=Form(missing={"rating": ()}))
    assert isinstance(stated, Reject), "where the source says that it is a value"


def test_a_moment_of_zeros_is_none() -> None:
    found = events([{"user": "u", "item": "i", "at": at} for at in ("0000-00-00 00:00:00", "0001-01-01T00:00:00Z")])
    assert [event.at for event in found] == [None, None]


def test_words_for_none_in_graphs_lists_and_ties(tmp_path: Path) -> None:
    def file(text: str) -> Path:
        path = tmp_path / "file"
        path.write_text(text)
        return path

    head = "head\trelation\ttail\n"
    found = list(read_triples(file(f"{head}a\tlikes\tNA\nNone\tlikes\tb\na\t-\tb\na\tlikes\tb\n")))
    assert [own.field if isinstance(own, Reject) else own.tail for own in found] == ["tail", "head", "relation", "b"]
    kept = list(read_triples(file(f"{head}a\tlikes\tNA\n"), form=Form(missing={"tail": ()})))
    assert [own.tail for own in kept if not isinstance(own, Reject)] == ["NA"]
    entity, none = read_entities(file("entity\tname\tkind\na\tUnknown\tNA\nNULL\tx\ty\n"))
    assert not isinstance(entity, Reject)
    assert (entity.name, entity.kind) == ("Unknown", None), "a name is a text"
    assert isinstance(none, Reject)
    assert [type(own).__name__ for own in read_links(file("item\tentity\ni\tNone\ni\te\n"))] == ["Reject", "Link"]
    lists = list(read_lists(file("1 10 NA\nNULL 10\n2 11\n")))
    assert [(own.user_id, own.item_id) for own in lists if isinstance(own, Interaction)] == [("1", "10"), ("2", "11")]
    ties = list(
        read_social([{"user": "a", "friend": "None"}, {"user": "NA", "friend": "b"}, {"user": "a", "friend": "b"}])
    )
    assert [isinstance(own, Reject) for own in ties] == [True, True, False]
    (friendless,) = read_users([{"id": "u", "friends": "Unknown"}])
    assert not isinstance(friendless, Reject)


def test_a_column_of_nothing_but_words_for_none_says_nothing() -> None:
    """IMDb's years of films that have not ended."""
    found = list(read_items([{"id": "a", "end": "\\N"}, {"id": "b", "end": "\\N"}]))
    assert [own.properties for own in found if not isinstance(own, Reject)] == [{}, {}]


def test_a_number_that_stands_for_none_everywhere_is_an_id_where_ids_are() -> None:
    code, *found = events(
        [{"user": "99", "item": "99", "rating": rating} for rating in (1, 99)], form=Form(missing={"": ("99",)})
    )
    assert code == KindRecord("RATED", unrated=(99.0,))
    assert [(event.user_id, event.item_id, event.value) for event in found] == [("99", "99", 1), ("99", "99", 99)]
    (none,) = events([{"user": "99", "item": "1"}], form=Form(missing={"user": ("99",)}))
    assert isinstance(none, Reject)


@pytest.mark.parametrize(("price", "said"), [(4.5, True), ("$4.50", True), (0, False), ("", False), ("free", False)])
def test_a_quantity_of_0_beside_a_price_is_not_known(price: Any, said: bool) -> None:
    rows = [
        {"user": "a", "item": "i", "quantity": 2, "price": 3},
        {"user": "b", "item": "i", "quantity": 0, "price": price},
    ]
    found = events(rows)
    assert [own for own in found if isinstance(own, KindRecord)] == [KindRecord("PURCHASED", unrated=(0.0,))] * said
    assert [own.value for own in found if isinstance(own, Interaction)] == [2, 0], "the graph keeps what the file has"


@pytest.mark.parametrize("kind", ["page-view", "Page view", "page/view", "page.view"])
def test_words_of_a_kind_may_stand_apart(kind: str) -> None:
    assert events([{"user": "u", "item": "i", "kind": kind}])[0].kind == "PAGE_VIEW"


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2024-05", "2024-05-01T00:00:00"),
        ("May 2024", "2024-05-01T00:00:00"),
        ("5/2024", "2024-05-01T00:00:00"),
        ("01-May-24", "2024-05-01T00:00:00"),
        ("24/Feb/2016:01:18:40 +0000", "2016-02-24T01:18:40"),
        ("2024-05-01 10:11:12 CEST", "2024-05-01T08:11:12"),
        ("2024-05-01T10:11:12+02:00[Europe/Berlin]", "2024-05-01T08:11:12"),
        ("2024-12-01 10:11:12 Europe/Berlin", "2024-12-01T09:11:12"),
    ],
)
def test_further_forms_of_times(written: str, moment: str) -> None:
    (event,) = events([{"user": "u", "item": "i", "at": written}])
    assert event.at.isoformat() == f"{moment}+00:00"


def test_ties_have_times_as_they_are_stated() -> None:
    (tie,) = read_social([{"user": "a", "friend": "b", "at": "43831"}], form=Form(at_format="excel"))
    assert not isinstance(tie, Reject)
    assert str(tie.at) == "2020-01-01 00:00:00+00:00"


def test_a_review_whose_comparison_was_lost_before_is_still_the_same_event() -> None:
    stored = Content("u", "i", None, 4.0, "if aa then")
    assert Content("u", "i", None, 4.0, "if a<b and b>a then").repeats(stored)
    assert not Content("u", "i", None, 4.0, "if a<b and b>a else").repeats(stored)
    assert not Content("u", "i", None, 5.0, "if a<b and b>a then").repeats(stored)
