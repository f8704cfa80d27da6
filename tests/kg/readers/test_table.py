"""Columns to records: recognising, mapping, kinds, scales, lists in cells."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kg.alphabets import is_name, is_type
from kg.errors import ReadError, RecordError
from kg.readers import (
    AttributeColumn,
    EventMapping,
    ItemMapping,
    UserMapping,
    read_events,
    read_items,
    read_links,
    read_triples,
    read_users,
)
from kg.readers.mapping import property_name, related_column
from kg.records import (
    Attribute,
    Interaction,
    ItemRecord,
    Link,
    Reject,
    Related,
    Scale,
    Triple,
    UserRecord,
    clean_relation,
    event_hash,
)

DAY = datetime(2009, 9, 13, tzinfo=UTC)


def one(source: Any, **options: Any) -> Interaction | Reject:
    (record,) = read_events(source, **options)
    return record


@pytest.mark.parametrize(
    "columns",
    [
        "user_id item_id rating timestamp",
        "userId movieId rating timestamp",
        "reviewerID asin overall unixReviewTime",
        "User-ID ISBN Book-Rating Date",
        "customer product_id Score time",
        "visitorid itemid value at",
    ],
)
def test_usual_names_are_recognised(columns: str) -> None:
    row = dict(zip(columns.split(), ("u", "i", "4", "1252800000"), strict=True))
    expected = Interaction("u", "i", "RATED", event_hash("u", "i", "RATED", DAY, 4.0, None), DAY, 4.0)
    assert one([row]) == expected


def test_the_better_name_wins() -> None:
    event = one([{"user": "u", "item": "i", "reviewTime": "01 1, 2001", "unixReviewTime": 1252800000}])
    assert isinstance(event, Interaction)
    assert event.at == DAY


def test_declared_columns_come_first_and_an_empty_one_is_left_out() -> None:
    row = {"user": "u", "item": "i", "who": "w", "rating": 5, "stars": 2, "at": "2009-09-13"}
    event = one([row], mapping=EventMapping.parse("user=who, value=stars,at="))
    assert isinstance(event, Interaction)
    assert (event.user_id, event.item_id, event.value, event.at) == ("w", "i", 2.0, None)


def test_a_missing_column_names_what_was_found(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("who,item,rating\nu,i,5\n")
    with pytest.raises(
        ReadError, match=r"ratings\.csv: no column is known as the user; the columns are: who, item, rating.*mapping="
    ):
        list(read_events(path))
    with pytest.raises(
        ReadError, match=r"no column 'whom'; the columns are: who, item, rating.*EventMapping\(user=COL"
    ):
        list(read_events(path, EventMapping(user="whom")))
    path.write_text("user,item,user\nu,i,v\n")
    with pytest.raises(ReadError, match="several columns are called 'user'"):
        list(read_events(path))


@pytest.mark.parametrize("text", ["user", "who=x", "user=a,user=b", "context=a"])
def test_a_wrong_map(text: str) -> None:
    with pytest.raises(RecordError, match="ROLE=COLUMN"):
        EventMapping.parse(text)


@pytest.mark.parametrize(
    ("row", "option", "kind"),
    [
        ({"rating": 4}, None, "RATED"),
        ({"rating": 0}, None, "RATED"),
        ({"rating": "", "text": "words"}, None, "REVIEWED"),
        ({"text": "<br>"}, None, "INTERACTED"),
        ({}, None, "INTERACTED"),
        ({"rating": 4}, "purchased", "PURCHASED"),
        ({"event": "add_to_cart"}, None, "ADD_TO_CART"),
        ({"event": "view"}, "clicked", "CLICKED"),  # an option outdoes a column that was only recognised
        ({"event": "", "rating": 1}, None, "RATED"),
    ],
)
def test_kinds(row: dict[str, Any], option: str | None, kind: str) -> None:
    event = one([{"user": "u", "item": "i", **row}], kind=option)
    assert isinstance(event, Interaction)
    assert event.kind == kind


def test_a_declared_column_of_kinds_outdoes_the_option() -> None:
    rows = [{"user": "u", "item": "i", "what": "liked"}, {"user": "u", "item": "i", "what": None}]
    kinds = [e.kind for e in read_events(rows, EventMapping(kind="what"), kind="viewed") if isinstance(e, Interaction)]
    assert kinds == ["LIKED", "VIEWED"]


def test_a_wrong_kind() -> None:
    reject = one([{"user": "u", "item": "i", "kind": "2nd*look"}])
    assert isinstance(reject, Reject)
    assert reject.field == "kind"
    with pytest.raises(RecordError, match="kind"):
        list(read_events([{"user": "u", "item": "i"}], kind="no*kind"))


@pytest.mark.parametrize(
    ("value", "accepted"), [(1, True), ("5", True), (5.01, False), (0, False), ("", True), (-1, False)]
)
def test_values_outside_the_scale(value: Any, accepted: bool) -> None:
    record = one([{"user": "u", "item": "i", "rating": value}], scale=Scale(1, 5))
    assert isinstance(record, Interaction) is accepted
    if isinstance(record, Reject):
        assert (record.field, record.reason) == ("rating", f"{value:g} is outside the scale 1:5")


def test_the_callers_own_event_id_and_context() -> None:
    row = {"user": "u", "item": "i", "event_id": 99, "page": "home", "rank": "3", "x": np.nan, "other": 1}
    event = one([row], mapping=EventMapping(context=("page", "rank", "x")))
    assert isinstance(event, Interaction)
    assert (event.event_id, event.context) == ("99", {"page": "home", "rank": 3})


def test_the_hash_depends_on_every_field_and_on_nothing_else() -> None:
    base = ("u", "i", "RATED", DAY, 4.0, "text")
    others = [("v", *base[1:]), ("u", "j", *base[2:]), ("u", "i", "LIKED", *base[3:]), (*base[:3], None, *base[4:])]
    others += [
        (*base[:4], 5.0, "text"),
        (*base[:4], None, "text"),
        (*base[:5], "texts"),
        (*base[:5], None),
        ("ui", "", *base[2:]),
    ]
    assert len({event_hash(*fields) for fields in [base, *others]}) == len(others) + 1
    assert event_hash(*base) == event_hash(*base[:4], 4, "text")


def test_items_with_everything() -> None:
    rows = [
        {
            "id": "i1",
            "name": "A &amp; B",
            "plot": "<p>Once.</p>",
            "notes": ["Twice.", ""],
            "genres": "Drama|Comedy|Drama",
            "tags": "dark, slow ,",
            "brand": "Future US, Inc.",
            "path": [["Books", "Sci-Fi"], ["Books", "New"]],
            "cast": "['Ann Lee', \"Bob O'Neil\"]",
            "also": ["i2", "i1", "i3"],
            "price": "$1,234.50",
            "year": "1995",
            "zip code": "01234",
            "score": "7.25",
            "big": 2**70,
            "nested": {"a": 1},
            "none": np.nan,
        }
    ]
    mapping = ItemMapping(
        id="id",
        title="name",
        text=("plot", "notes"),
        attributes=tuple(map(AttributeColumn.parse, ["genres", "tags", "brand", "path:in_category", "cast:ACTED_BY"])),
        related=(AttributeColumn("also", "ALSO_BOUGHT"),),
        properties=("price", "year", "zip code", "score", "big", "nested", "none"),
    )
    (item,) = read_items(rows, mapping)
    assert item == ItemRecord(
        id="i1",
        title="A & B",
        text="Once. Twice.",
        properties={
            "price": 1234.5,
            "year": 1995,
            "zip_code": "01234",
            "score": 7.25,
            "big": str(2**70),
            "nested": '{"a": 1}',
        },
        attributes=(
            Attribute("GENRE", "genre", "Drama"),
            Attribute("GENRE", "genre", "Comedy"),
            Attribute("TAG", "tag", "dark"),
            Attribute("TAG", "tag", "slow"),
            Attribute("BRAND", "brand", "Future US, Inc."),
            Attribute("IN_CATEGORY", "path", "Books"),
            Attribute("IN_CATEGORY", "path", "Sci-Fi"),
            Attribute("IN_CATEGORY", "path", "New"),
            Attribute("ACTED_BY", "cast", "Ann Lee"),
            Attribute("ACTED_BY", "cast", "Bob O'Neil"),
        ),
        related=(Related("ALSO_BOUGHT", "i2"), Related("ALSO_BOUGHT", "i3")),
    )


def test_items_without_a_mapping() -> None:
    frame = pd.DataFrame(
        {"asin": ["a"], "title": ["T"], "description": ["D"], "brand": ["B"], "genres": [["x", "y"]], "pages": [300]}
    )
    assert list(read_items(frame)) == [
        ItemRecord(
            "a",
            "T",
            "D",
            {"pages": 300},
            (Attribute("BRAND", "brand", "B"), Attribute("GENRE", "genre", "x"), Attribute("GENRE", "genre", "y")),
        )
    ]


def test_rejected_items_and_cells() -> None:
    rows = [{"id": "", "brand": "b"}, {"id": "a", "brand": {"no": "text"}}, {"id": "b", "brand": "x" * 1100}]
    first, *others = read_items(rows, ItemMapping("id", attributes=(AttributeColumn("brand"),)))
    assert isinstance(first, Reject)
    assert (first.line, first.field) == (1, "id")
    assert others == [ItemRecord("a"), ItemRecord("b")]  # a bad cell costs the cell
    assert [[note.field for note in other.notes] for other in others if isinstance(other, ItemRecord)] == [
        ["brand"]
    ] * 2


@pytest.mark.parametrize("properties", [("id",), ("zip code", "zip-code"), ("nowhere",)])
def test_properties_that_cannot_be(properties: tuple[str, ...]) -> None:
    rows = [{"who": "u", "id": 1, "zip code": 2, "zip-code": 3}]
    with pytest.raises(ReadError, match=r"taken|no column 'nowhere'.*properties="):
        list(read_users(rows, UserMapping("who", properties=properties)))


def test_users() -> None:
    rows = [{"user_id": 1, "age": "24", "gender": "M", "zip": "85711"}, {"user_id": None}]
    user, reject = read_users(rows)
    assert user == UserRecord("1", {"age": 24, "gender": "M", "zip": "85711"})
    assert isinstance(reject, Reject)
    mapping = UserMapping("user_id", attributes=(AttributeColumn.parse("gender:IS"),), properties=("age",))
    assert next(read_users(rows, mapping)) == UserRecord("1", {"age": 24}, (Attribute("IS", "gender", "M"),))


@pytest.mark.parametrize(
    "content",
    [
        "head_id:token\trelation_id:token\ttail_id:token\na\tfilm.film.genre\tb\n",
        "relation,tail,head\nfilm.film.genre,b,a\n",
        "a\tfilm.film.genre\tb\n",
        "a film.film.genre b\n",
        '{"subject": "a", "predicate": "film.film.genre", "object": "b"}\n',
        "a,film.film.genre,b,weight\n",
    ],
)
def test_triples(tmp_path: Path, content: str) -> None:
    path = tmp_path / "graph"
    path.write_text(content)
    assert list(read_triples(path)) == [Triple("a", "FILM_FILM_GENRE", "b")]


def test_triples_of_numbers(tmp_path: Path) -> None:
    path = tmp_path / "kg_final.txt"
    path.write_text("24915 0 24916\n1 12 3\n")
    assert list(read_triples(path)) == [Triple("24915", "R_0", "24916"), Triple("1", "R_12", "3")]
    path.write_text("1 2\n")
    with pytest.raises(ReadError, match="3 columns are needed"):
        list(read_triples(path))


def test_links(tmp_path: Path) -> None:
    path = tmp_path / "links"
    path.write_text("entity,movieId\nm.1,7\n,8\n")
    link, reject = read_links(path)
    assert link == Link("7", "m.1")
    assert isinstance(reject, Reject)
    assert (reject.line, reject.field) == (3, "entity")
    path.write_text("2793\thttp://dbpedia.org/resource/X\n")
    assert list(read_links(path)) == [Link("2793", "http://dbpedia.org/resource/X")]


@pytest.mark.parametrize(
    ("name", "stored"),
    [("genre", "GENRE"), ("a.b/c-d", "A_B_C_D"), ("7", "R_7"), ("http://x.org/o#madeBy", "MADEBY"), ("_x_", "X")],
)
def test_relations(name: str, stored: str) -> None:
    assert clean_relation(name) == stored


def test_long_relations_stay_apart() -> None:
    one, two = clean_relation("x" * 100 + "1"), clean_relation("x" * 100 + "2")
    assert one != two
    assert len(one) == len(two) == 64
    with pytest.raises(RecordError, match="no letter"):
        clean_relation("→")


ALIKE = [
    "hôte",
    "hâte",
    "hte",
    "автор1",
    "герой1",
    "导演",
    "主演",
    "导演2",
    "主演2",
    "Größe",
    "Grüße",
    "की",
    "का",
    "Größe2",
    "GRÖßE",
    "திரை",
    "தரை",
    "x²",
    "x",
]
"""Names that are one where ASCII alone is kept, or where marks are punctuation."""


def test_names_of_all_alphabets_stay_apart() -> None:
    naming: list[Callable[[str], Any]] = [clean_relation, property_name, lambda name: AttributeColumn(name).named()]
    for name_of in naming:
        assert len({name_of(name) for name in ALIKE}) == len(ALIKE)
    for name in ALIKE:
        assert is_type(clean_relation(name * 20))
        assert is_name(property_name(name * 20))
        decomposed = unicodedata.normalize("NFD", name)
        assert clean_relation(decomposed) == clean_relation(name)
        assert property_name(decomposed) == property_name(name)
        assert clean_relation(clean_relation(name)) == clean_relation(name)
    assert clean_relation("a–b") == clean_relation("a-b"), "marks between words are no letters"
    assert [clean_relation(name) for name in ("导演", "Größe", "की", "2 герой")] == ["导演", "GRößE", "की", "R_2_герой"]
    assert [property_name(name) for name in ("导演", "Größe", "की", "2 герой")] == [
        "导演",
        "Größe",
        "की",
        "column_2_герой",
    ]


@pytest.mark.parametrize("id", [123456789012345678901234567890, -(2**63) - 1, 2**64, 2**63, 10**400])
def test_whole_numbers_of_json_stay_as_they_are(id: int, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    row = {"user": id, "item": 7, "rating": 5, "of": id}
    path.write_text(json.dumps(row) + "\n" + json.dumps(row | {"rating": 10**400}) + "\n")
    event, reject = read_events(path, mapping=EventMapping("user", "item", value="rating", context=("of",)))
    assert isinstance(event, Interaction)
    assert (event.user_id, str(event.context["of"])) == (str(id), str(id))
    assert isinstance(reject, Reject)
    assert reject.field == "rating"


def test_typed_records_are_checked_and_cleaned() -> None:
    good = Interaction(
        "u", "i", "liked", "", DAY.replace(tzinfo=None), 1, "<b>x</b>", None, {"rank": 3, "zip": "85711"}
    )
    bad = [
        Interaction("", "i", "LIKED", "e"),
        Interaction("u", "i", "LIKED", "e", value=float("nan")),
        Triple("a", "b", "c"),
    ]
    event, *rejects = read_events([good, *bad])
    expected_id = event_hash("u", "i", "LIKED", DAY, 1.0, "x")
    assert event == Interaction("u", "i", "LIKED", expected_id, DAY, 1.0, "x", None, {"rank": 3, "zip": "85711"})
    assert [(r.line, r.field) for r in rejects if isinstance(r, Reject)] == [(2, "user_id"), (3, "value"), (4, "row")]
    item = ItemRecord("i", " T ", None, {"n": "7"}, (Attribute("brand", "brand", " B "),), (Related("like", "j"),))
    expected = ItemRecord("i", "T", None, {"n": "7"}, (Attribute("BRAND", "brand", "B"),), (Related("LIKE", "j"),))
    assert list(read_items([item])) == [expected]
    assert list(read_users([UserRecord(" u ", {"a": True})])) == [UserRecord("u", {"a": True})]
    assert list(read_links([Link("i", " e")])) == [Link("i", "e")]
    assert list(read_triples([Triple("a", "x.y", "b")])) == [Triple("a", "X_Y", "b")]
    (reject,) = read_users([UserRecord("u", {"a": [1]})])  # type: ignore[dict-item]
    assert isinstance(reject, Reject)


def test_a_column_called_event_is_the_id_beside_one_of_kinds() -> None:
    first, second = read_events([{"user": "u", "item": "i", "event": f"X{n}", "kind": "liked"} for n in (1, 2)])
    assert [(one.kind, one.event_id) for one in (first, second)] == [("LIKED", "X1"), ("LIKED", "X2")]
    (alone,) = read_events([{"user": "u", "item": "i", "event": "addtocart"}])
    assert alone.kind == "ADDTOCART"


def test_ids_are_not_taken_for_kinds_without_end() -> None:
    rows = [{"user": "u", "item": "i", "event": f"X{n}"} for n in range(60)]
    records = list(read_events(rows))
    rejects = [record for record in records if isinstance(record, Reject)]
    assert (len(records), len(rejects)) == (60, 10)
    assert "EventMapping(event='event', kind='') if they are ids" in rejects[0].reason
    mapped = list(read_events(rows, EventMapping(event="event", kind="")))
    assert [record.event_id for record in mapped] == [f"X{n}" for n in range(60)]


def test_cells_that_no_comparison_may_touch_are_empty() -> None:
    cells = [Decimal("sNaN"), pd.NA, None, "drama"]
    frame = pd.DataFrame({"id": ["a", "b", "c", "d"], "genre": cells})
    rows = [{"id": id, "genre": cell} for id, cell in zip("abcd", cells, strict=True)]
    for source in (frame, rows):
        items = [record for record in read_items(source) if isinstance(record, ItemRecord)]
        assert [[own.value for own in item.attributes] for item in items] == [[], [], [], ["drama"]]


@pytest.mark.parametrize(
    "record",
    [
        ItemRecord("i", properties=None),  # type: ignore[arg-type]
        ItemRecord("i", attributes=None),  # type: ignore[arg-type]
        ItemRecord("i", attributes=("x",)),  # type: ignore[arg-type]
        ItemRecord("i", related=("x",)),  # type: ignore[arg-type]
        ItemRecord("i", properties={"a": [1] * 10**6}),  # type: ignore[dict-item]
    ],
)
def test_typed_records_of_other_types_are_rejected(record: ItemRecord) -> None:
    first, found, last = read_items([ItemRecord("h"), record, ItemRecord("j")])
    assert isinstance(first, ItemRecord)
    assert isinstance(last, ItemRecord)
    assert isinstance(found, Reject)
    assert len(found.reason) < 200


@pytest.mark.parametrize(("low", "high"), [("a", "b"), (10**400, 10**401), (1, 1), (float("nan"), 5)])
def test_what_is_no_scale(low: Any, high: Any) -> None:
    with pytest.raises(RecordError, match="is not MIN:MAX"):
        Scale(low, high)


def test_names_of_columns_in_other_alphabets_stay_apart() -> None:
    row = {"id": "i", "жанр": "drama", "автор": "drama"}
    (guessed,) = read_items([row])
    assert isinstance(guessed, ItemRecord)
    assert list(guessed.properties.values()) == ["drama", "drama"]
    (named,) = read_items([row], ItemMapping("id", attributes=(AttributeColumn("жанр"), AttributeColumn("автор"))))
    assert isinstance(named, ItemRecord)
    assert len({attribute.entity_id for attribute in named.attributes}) == 2
    context = EventMapping(user="u", item="i", context=("page no", "page_no"))
    with pytest.raises(ReadError, match="rename the column"):
        list(read_events([{"u": "u", "i": "i", "page no": 1, "page_no": 2}], context))


def test_whole_numbers_are_called_alike_however_they_are_held() -> None:
    """A column of a data frame with an empty cell holds floats: 1984.0 was another year than 1984."""
    years = ItemMapping("id", title="year", attributes=(AttributeColumn("year"),))
    (of_frame, _) = read_items(pd.DataFrame({"id": ["a", "b"], "year": [1984, None]}), years)
    (of_row,) = read_items([{"id": "a", "year": 1984}], years)
    assert of_frame == of_row == ItemRecord("a", "1984", None, {}, (Attribute("YEAR", "year", "1984"),))
    (half,) = read_items([{"id": "a", "year": 1984.5}], years)
    assert isinstance(half, ItemRecord)
    assert half.title == "1984.5"


@pytest.mark.parametrize(
    ("column", "cell", "kind", "value"),
    [
        ("rating", 4, "RATED", 4.0),
        ("plays", 17, "PLAYED", 17.0),
        ("play_count", "3", "PLAYED", 3.0),
        ("Quantity", 2, "PURCHASED", 2.0),
        ("is_recommended", True, "THUMBS", 1.0),
        ("voted_up", False, "THUMBS", 0.0),
        ("count", 5, "INTERACTED", 5.0),
    ],
)
def test_a_column_of_plays_or_counts_is_no_rating(column: str, cell: object, kind: str, value: float) -> None:
    (event,) = read_events([{"user": "u", "item": "i", column: cell}])
    assert isinstance(event, Interaction)
    assert (event.kind, event.value) == (kind, value)
    (named,) = read_events([{"user": "u", "item": "i", column: cell}], kind="VIEWED")
    assert isinstance(named, Interaction)
    assert named.kind == "VIEWED", "what is said wins"


def test_lists_of_other_items_are_no_entities(tmp_path: Path) -> None:
    """As Goodreads publishes them."""
    path = tmp_path / "books.jsonl"
    path.write_text('{"book_id": "1", "title": "One", "similar_books": ["2", "3", "1"], "also_buy": []}\n')
    related = (Related("SIMILAR", "2"), Related("SIMILAR", "3"))
    assert list(read_items(path)) == [ItemRecord("1", "One", related=related)]
    mapping = ItemMapping("book_id", related=(related_column("similar_books"), related_column("also_buy:BOUGHT_TOO")))
    assert list(read_items(path, mapping)) == [ItemRecord("1", related=related)]
