"""Text out of dirty text, against results worked out by hand."""

from __future__ import annotations

import time

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import RecordError
from kg.readers.markup import MAX_TEXT_BYTES, clean_text


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("plain words", "plain words"),
        ("  two  blanks \n\t and\r\nlines ", "two blanks and lines"),
        ("no\xa0break", "no break"),
        ("AT&amp;T", "AT&T"),
        ("AT&amp;amp;T", "AT&T"),
        ("AT&T, R&D &c", "AT&T, R&D &c"),
        ("it&#39;s &#x27;fine&#x27; &hellip;", "it's 'fine' …"),
        ("?a=1&copy=2", "?a=1&copy=2"),
        ("<b>bold</b>, <i>it</i>alic", "bold, italic"),
        ("one<br>two<br/>three<p>four</p>five", "one two three four five"),
        ('<a href="x.html" target="_blank">Learn more</a> now', "Learn more now"),
        ("&lt;b&gt;escaped&lt;/b&gt;", "escaped"),
        ('<span class="a-size-medium a-color-secondary"', None),
        ("good</span", "good"),
        ("a<script>var x = '<b>';</script>b", "a b"),
        ("a<STYLE type='text/css'>.b{c:d}</STYLE>b", "a b"),
        ("seen<script>never closed", "seen"),
        ("a<!-- <b>hidden</b> -->b", "a b"),
        ("I <3 it, 1 < 2 and 3 > 2", "I <3 it, 1 < 2 and 3 > 2"),
        ("a List<String> of <unknown> things", "a List<String> of <unknown> things"),
        ("price <b", "price <b"),
        ("bell\x07 and\x00 nul\x7f", "bell and nul"),
        ("zero\u200bwidth so\u00adft", "zerowidth soft"),
        ("<![CDATA[Tom & Jerry <3]]>", "Tom & Jerry <3"),
        ("a &lt;![CDATA[b]]&gt; c <![CDATA[", "a b c <![CDATA["),
        ("Cafe\u0301", "Café"),
        ("family 👨\u200d👩\u200d👧", "family 👨\u200d👩\u200d👧"),
        ("", None),
        (" \n ", None),
        ("<br><br>", None),
        ("&nbsp;", None),
        (None, None),
        (float("nan"), None),
        (pd.NA, None),
        (pd.NaT, None),
        (5, "5"),
        (b"bytes", "bytes"),
    ],
)
def test_cleaning(dirty: object, clean: str | None) -> None:
    assert clean_text(dirty, "text") == clean


@pytest.mark.parametrize(
    "value",
    [
        "lone \ud800",
        b"\xff",
        ["a"],
        {"a": 1},
        "x" * (MAX_TEXT_BYTES + 1),
        "é" * 600_000,
        pytest.param(10**5000, id="5001 digits"),
    ],
)
def test_what_is_no_text(value: object) -> None:
    with pytest.raises(RecordError, match=r"^reviewText: "):
        clean_text(value, "reviewText")


def test_the_longest_text_is_kept_whole() -> None:
    longest = "x" * MAX_TEXT_BYTES
    assert clean_text(longest, "text") == longest


@given(st.text(alphabet=st.one_of(st.sampled_from(list("<>&;/ab \n!-\"'=")), st.characters(codec="utf-8"))))
def test_a_clean_text_stays_as_it_is(dirty: str) -> None:
    clean = clean_text(dirty, "text")
    assert clean_text(clean, "text") == clean
    assert clean is None or clean == clean.strip() != ""


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="<&", exclude_categories=("Cc", "Cf"))))
def test_words_are_never_lost(text: str) -> None:
    import unicodedata

    assert (clean_text(text, "text") or "").split() == unicodedata.normalize("NFC", text).split()


@pytest.mark.parametrize("piece", ["<b ", "<!--", "<script>", '<a href="', "&amp;", "&", "<", "<style>x", "&#38;#"])
def test_hostile_text_takes_no_more_than_linear_time(piece: str) -> None:
    text = (piece * MAX_TEXT_BYTES)[: MAX_TEXT_BYTES - 1]
    start = time.process_time()
    clean_text(text, "text")
    assert time.process_time() - start < 10
