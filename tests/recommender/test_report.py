"""The page of a person: everything that it is given is on it, escaped, and nothing is fetched."""

import re
from html.parser import HTMLParser

from recommender.explain.summary import by_source
from recommender.report import PARTS, Page, moved

PROFILE = {
    "user_id": "<ann>",
    "features": {"occupation": "writer"},
    "habits": {"events": 1200, "rating_mean": 3.456, "rating_deviation": -0.2, "peak_hours": [], "novelty": None},
    "interests": [{"name": "comedy · Fargo", "weight": 0.75, "size": 3, "items": ["A"]}],
    "tags": [
        {"name": "Comedy", "sentiment": 0.9, "support": 4},
        {"name": "Horror", "sentiment": -0.8, "support": 2},
        {"name": None, "sentiment": 0.5, "support": 9},
    ],
    "segments": [{"segment_id": "s1", "name": "quiet drama", "strength": 0.5}],
}
LIST = [
    {"item_id": "A", "rank": 1, "score": 2.0, "title": "Fargo", "reason": "because you liked Big"},
    {"item_id": "B", "rank": 2, "score": 0.5, "title": None, "reason": "because it is <popular>"},
]


class Strict(HTMLParser):
    """Checks that tags close in order, and collects text and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.open.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and self.open[-1] != "style":
            self.words.append(" ".join(data.split()))


def read(html: str) -> Strict:
    page = Strict()
    page.feed(html)
    assert page.open == []
    return page


def test_the_page_shows_the_profile_and_the_list_and_fetches_nothing() -> None:
    html = Page(PROFILE, LIST).html()
    page = read(html)
    assert page.addresses == []
    assert "url(" not in html
    assert "http" not in html
    words = page.words
    for expected in ("For <ann>", "writer", "1,200", "3.46", "-0.20", "comedy · Fargo", "75%", "Comedy", "Horror"):
        assert expected in words, expected
    assert "because it is <popular>" in words
    assert "B" in words  # an item without a title goes by its id
    assert "None" not in words
    assert re.findall(r"<i style=\"width: (\d+)%\"></i></span><span class=\"reason\"", html) == ["100", "25"]


def test_the_explanation_is_drawn_with_a_remainder_and_the_baseline() -> None:
    parts = [
        {"component": component, "contribution": 0.5, "item_id": str(n), "words": f"you met {n}", "paths": []}
        for component in ("ials", "item_knn")
        for n in range(PARTS + 3)
    ]
    explanation = {"score": 11.5, "baseline": 0.5, "parts": parts}
    words = read(Page(PROFILE, LIST, explanation).html()).words
    assert "you met 0" in words
    assert "3 smaller parts together" in words
    assert [word for word in words if re.fullmatch(r"[+-]\d\.\d{3}", word)] == ["+1.000"] * PARTS + ["+3.000", "+0.500"]


def test_what_moved_is_said() -> None:
    after = [{**LIST[1], "rank": 1}, {**LIST[0], "rank": 2}, {"item_id": "C", "rank": 3, "title": "Heat", "reason": ""}]
    assert [row["was"] for row in moved(LIST, after)] == [2, 1, None]
    words = read(Page(PROFILE, LIST, feedback="ann disliked Fargo", after=after).html()).words
    assert [word for word in words if word in ("▲ 1", "▼ 1", "new")] == ["▲ 1", "▼ 1", "new"]
    assert "ann disliked Fargo" in words


def test_a_person_of_whom_nothing_is_known_has_a_page_too() -> None:
    assert "Recommended" in read(Page({"user_id": "new"}, []).html()).words


def test_parts_of_one_item_are_told_once_and_their_sum_stays() -> None:
    by = {"kind": "entity", "steps": [{"relation": "RATED"}, {"relation": "WRITER"}]}
    others = {"kind": "people", "steps": [{"relation": "RATED"}, {"relation": "PLAYED"}]}
    parts = [
        {"component": "popularity", "contribution": 0.75, "item_id": None, "words": "it is popular", "paths": []},
        {"component": "ials", "contribution": 0.5, "item_id": "A", "words": "by people", "paths": [others, by]},
        {"component": "network", "contribution": -0.25, "item_id": None, "words": "", "paths": []},
        {"component": "relations", "contribution": 0.5, "item_id": "A", "words": "by the writer", "paths": [by]},
    ]
    summed = by_source(parts)
    assert [(part["item_id"], part["contribution"]) for part in summed] == [("A", 1.0), (None, 0.75), (None, -0.25)]
    assert summed[0]["words"] == "by the writer"
    assert summed[0]["paths"] == [by, others], "each path once"
