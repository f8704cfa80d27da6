"""Names in text beside a slow reference, and the rules of case, boundaries and common words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text.mentions import MentionConfig, NameFinder, common_names, folded, sentence_of

ANY_CASE = MentionConfig(shortest=1, exact_below=0)


def found(names: list[str], text: str, **options: object) -> list[str]:
    return [text[span.start : span.end] for span in NameFinder(names, **options).find(text)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("names", "text", "expected"),
    [
        (["Bosch", "Bosch Audio"], "A Bosch Audio pedal by BOSCH.", ["Bosch Audio", "BOSCH"]),
        (["Boss"], "Boss, BOSS and boss", ["Boss"]),  # four letters: in its own case only
        (["Wired"], "hardwired, Wired-ish, wired's", ["Wired", "wired"]),
        (["US", "Us Weekly"], "us and US and us weekly", ["US", "us weekly"]),
        (["C++"], "C++ and C+++ or XC++", ["C++", "C++"]),
        (["日本"], "日本 と 日本人", ["日本"]),
        (["12", "1st"], "12 times 1st", ["1st"]),  # no letter, no name
        (["Straße"], "STRASSE straße", ["straße"]),
    ],
)
def test_what_is_found(names: list[str], text: str, expected: list[str]) -> None:
    assert found(names, text) == expected


def test_a_longer_match_that_is_no_word_hides_no_shorter_one() -> None:
    assert found(["Sports", "Sports Ill"], "Sports Illustrated") == ["Sports"]


def test_words_that_texts_write_small_need_their_own_case() -> None:
    texts = ["Other people love People.", "people, people", "I read Wired; hard wired"]
    common = common_names(texts, ["People", "Wired", "The", "gardening"])
    assert common == {"people", "the"}
    assert found(["People", "Wired"], "PEOPLE and People, wired people", common=common) == ["People", "wired"]


def test_a_sentence_is_that_around_the_name() -> None:
    text = "One. Two Boss pedals (really). Three\nFour Boss"
    assert sentence_of(text, 9, 13) == "Two Boss pedals (really)."
    assert sentence_of(text, text.rindex("Boss"), len(text)) == "Four Boss"
    assert len(sentence_of("x" * 3000 + " Boss " + "y" * 3000, 3001, 3005)) <= 400


def slow(names: list[str], text: str) -> list[tuple[int, int]]:
    """At each place the longest name that ends at a boundary, by trying all of them."""
    spans, at = [], 0
    while at < len(text):
        ends = [
            at + len(name)
            for name in names
            if re.search(r"[^\W\d_]", name)
            and text[at : at + len(name)].lower() == name.lower()
            and not (at and _word(text[at - 1]) and _word(text[at]))
            and not (at + len(name) < len(text) and _word(text[at + len(name) - 1]) and _word(text[at + len(name)]))
        ]
        if ends:
            spans.append((at, max(ends)))
        at = max(ends, default=at + 1)
    return spans


def _word(character: str) -> bool:
    return character.isalnum() or character == "_"


words = st.text(alphabet="aB +1", min_size=1, max_size=4)


@given(st.lists(words, max_size=5), st.text(alphabet="aAbB +1", max_size=25))
def test_the_slow_reference_finds_the_same(names: list[str], text: str) -> None:
    fast = [(span.start, span.end) for span in NameFinder(names, ANY_CASE).find(text)]
    assert fast == slow(names, text)


@given(st.text())
def test_folding_moves_nothing(text: str) -> None:
    assert len(folded(text)) == len(text)
