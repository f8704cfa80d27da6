"""Both published forms of the Amazon dumps, by rows like theirs and by the real files."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kg.readers import read_amazon, read_amazon_items, read_amazon_reviews
from kg.records import Attribute, Interaction, ItemRecord, Reject, Related, event_hash

REVIEW_2014 = {
    "reviewerID": "A1",
    "asin": "0001",
    "reviewerName": 'J. "Jo"',
    "helpful": [13, 14],
    "reviewText": "I <b>like</b> it &amp; use it.",
    "overall": 5.0,
    "summary": "Good",
    "unixReviewTime": 1252800000,
    "reviewTime": "09 13, 2009",
}
REVIEW_2018 = {
    "overall": 4.0,
    "vote": "1,098",
    "verified": True,
    "reviewTime": "03 6, 2004",
    "reviewerID": "A2",
    "asin": "B0001",
    "style": {"Format:": " Kindle Edition"},
    "summary": "",
    "image": ["https://x/y.jpg"],
}
ITEM_2014 = (
    "{'asin': '0001', 'title': 'A \"quoted\" \\\\d title', 'price': 12.5, 'imUrl': 'http://x/y.jpg', 'brand': 'Fender',"
    " 'description': \"It's <i>fine</i>.\", 'salesRank': {'Musical Instruments': 94},"
    " 'categories': [['Musical Instruments', 'Guitars'], ['Musical Instruments', 'Accessories']],"
    " 'related': {'also_bought': ['0002', '0001'], 'also_viewed': ['0003'], 'bought_together': ['0002']}}"
)
CSS = ".a-box-inner{background-color:#fff}#alohaBuyBoxWidget .selected{background-color:#fffbf3}"
ITEM_2018 = {
    "asin": "B0001",
    "title": '<span class="a-size-medium a-color-secondary"',
    "description": ["First &amp; <i>second</i>.", "", "<br>"],
    "feature": ["Third."],
    "category": ["Magazine Subscriptions", "Arts, Music &amp; Photography", "", "x" * 300],
    "brand": "Future US, Inc.",
    "also_buy": ["B0002", "B0001", "B0002", "<a href='x'>"],
    "also_view": ["B0003"],
    "rank": "1,742 in Magazine Subscriptions (",
    "price": "$1,234.56",
    "image": ["https://x/1.jpg", "https://x/2.jpg"],
    "main_cat": "Magazine Subscriptions",
}


def write(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


def test_reviews_of_both_years(tmp_path: Path) -> None:
    first, second = read_amazon_reviews(write(tmp_path / "r", REVIEW_2014, REVIEW_2018))
    at, text = datetime(2009, 9, 13, tzinfo=UTC), "I like it & use it."
    event_id = event_hash("A1", "0001", "RATED", at, 5.0, text)
    votes = {"helpful_votes": 13, "total_votes": 14}
    assert first == Interaction("A1", "0001", "RATED", event_id, at, 5.0, text, "Good", votes)
    at = datetime(2004, 3, 6, tzinfo=UTC)
    event_id = event_hash("A2", "B0001", "RATED", at, 4.0, None)
    assert second == Interaction(
        "A2", "B0001", "RATED", event_id, at, 4.0, None, None, {"verified": True, "votes": 1098}
    )


def test_rejected_reviews(tmp_path: Path) -> None:
    changes = [{"overall": 6}, {"overall": None}, {"asin": ""}, {"unixReviewTime": -5}, {"reviewerID": 1.5}]
    path = write(tmp_path / "r", *({**REVIEW_2014, **change} for change in changes), '{"asin": ')
    rejects = [record for record in read_amazon_reviews(path) if isinstance(record, Reject)]
    assert [(r.line, r.field) for r in rejects] == [
        (1, "overall"),
        (2, "overall"),
        (3, "asin"),
        (4, "unixReviewTime"),
        (5, "reviewerID"),
        (6, "row"),
    ]


def test_metadata_of_2014_is_python_and_is_never_run(tmp_path: Path) -> None:
    item, reject = read_amazon_items(write(tmp_path / "m", ITEM_2014, "{'asin': open('/etc/passwd').read()}"))
    assert item == ItemRecord(
        "0001",
        'A "quoted" \\d title',
        "It's fine.",
        {"price": 12.5, "sales_rank": 94, "image": "http://x/y.jpg"},
        (
            Attribute("BRAND", "brand", "Fender"),
            Attribute("IN_CATEGORY", "category", "Musical Instruments"),
            Attribute("IN_CATEGORY", "category", "Guitars"),
            Attribute("IN_CATEGORY", "category", "Accessories"),
        ),
        (Related("ALSO_BOUGHT", "0002"), Related("ALSO_VIEWED", "0003"), Related("BOUGHT_TOGETHER", "0002")),
    )
    assert isinstance(reject, Reject)
    assert reject.line == 2


def test_metadata_of_2018_is_dirty(tmp_path: Path) -> None:
    junk = {"asin": "B9", "title": "var aPageStart = (new Date()).getTime();", "price": CSS, "brand": CSS, "rank": []}
    item, other = read_amazon_items(write(tmp_path / "m", ITEM_2018, {**junk, "main_cat": "Books", "category": []}))
    assert item == ItemRecord(
        "B0001",
        None,
        "First & second. Third.",
        {"price": 1234.56, "sales_rank": 1742, "image": "https://x/1.jpg"},
        (
            Attribute("BRAND", "brand", "Future US, Inc."),
            Attribute("IN_CATEGORY", "category", "Magazine Subscriptions"),
            Attribute("IN_CATEGORY", "category", "Arts, Music & Photography"),
        ),
        (Related("ALSO_BOUGHT", "B0002"), Related("ALSO_VIEWED", "B0003")),
    )
    assert other == ItemRecord("B9", attributes=(Attribute("IN_CATEGORY", "category", "Books"),))


@pytest.mark.parametrize(
    ("rank", "expected"),
    [
        ("742 in Magazines (", 742),
        ([">#1,234 in Books", ">#5 in B"], 1234),
        ({"Books": 7}, 7),
        (9, 9),
        ("none", None),
        (None, None),
    ],
)
def test_ranks(tmp_path: Path, rank: object, expected: int | None) -> None:
    (item,) = read_amazon_items(write(tmp_path / "m", {"asin": "a", "rank": rank}))
    assert isinstance(item, ItemRecord)
    assert item.properties.get("sales_rank") == expected


def test_musical_instruments(shared_data: Path) -> None:
    records = list(read_amazon(shared_data / "amazon-musical-instruments" / "Musical_Instruments_5.json.gz"))
    events = [record for record in records if isinstance(record, Interaction)]
    assert len(records) == len(events) == 10_261
    assert len({event.user_id for event in events}) == 1_429
    assert len({event.item_id for event in events}) == 900
    assert len({event.event_id for event in events}) == 10_261
    assert all(event.at is not None and event.kind == "RATED" for event in events)
    assert Counter(event.value for event in events) == {5.0: 6938, 4.0: 2084, 3.0: 772, 2.0: 250, 1.0: 217}


def test_magazines(shared_data: Path) -> None:
    folder = shared_data / "amazon-magazines"
    records = list(
        read_amazon(folder / "Magazine_Subscriptions_5.json.gz", folder / "meta_Magazine_Subscriptions.json.gz")
    )
    events = [record for record in records if isinstance(record, Interaction)]
    items = [record for record in records if isinstance(record, ItemRecord)]
    assert (len(events), len(items), len(records)) == (2_375, 3_385, 2_375 + 3_385)
    assert len({event.user_id for event in events}) == 348
    assert len({event.item_id for event in events}) == 157
    pairs = Counter((event.user_id, event.item_id) for event in events)
    assert sum(count - 1 for count in pairs.values()) == 73
    assert len({item.id for item in items}) == 2_320
    # 3,153 titles in this file are the start of a tag, 10 the end of one; every price is empty, style sheet or script.
    assert sum(item.title is not None for item in items) == 222
    assert {"Zoobooks", "Yoga Journal", "Woman's Day"} <= {item.title for item in items}
    assert not any("price" in item.properties for item in items)
    texts = [text for item in items for text in (item.text, *(a.value for a in item.attributes)) if text]
    assert not any("<i>" in text or "&amp;" in text for text in texts)
    assert len({a.value for item in items for a in item.attributes if a.relation == "IN_CATEGORY"}) > 100


def test_numbers_and_truth_values_in_place_of_others(tmp_path: Path) -> None:
    (item,) = read_amazon_items(
        write(tmp_path / "i", {"asin": "a", "title": 1984, "brand": 7, "rank": {"Books": True}})
    )
    assert item == ItemRecord("a", "1984", None, {}, (Attribute("BRAND", "brand", "7"),))
    review = {"reviewerID": "u", "asin": "a", "unixReviewTime": 1252800000}
    truth, vote = read_amazon_reviews(
        write(tmp_path / "r", review | {"overall": True}, review | {"overall": 5, "vote": True, "helpful": [True, 1]})
    )
    assert isinstance(truth, Reject)
    assert truth.field == "overall"
    assert isinstance(vote, Interaction)
    assert vote.context == {"total_votes": 1}


@pytest.mark.parametrize("picture", ["http://\ud800", "http://" + "x" * 2**21])
def test_an_address_of_a_picture_that_no_graph_takes(tmp_path: Path, picture: str) -> None:
    (found,) = read_amazon_items(write(tmp_path / "i", {"asin": "a", "imUrl": picture}))
    assert isinstance(found, Reject)
    assert found.field == "image"
