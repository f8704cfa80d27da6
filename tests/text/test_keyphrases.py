"""Class-based TF-IDF against numbers computed by hand, and names of planted groups."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from text.errors import InvalidSetting
from text.keyphrases import KeyphraseConfig, class_tf_idf, name_groups, phrases_of


def test_weights_by_hand() -> None:
    # groups of 4 and 8 phrases: A = 6; f = (4, 2, 6)
    frequencies = sp.csr_matrix(np.array([[2.0, 2.0, 0.0], [2.0, 0.0, 6.0]]))
    a, b, c = math.log(1 + 6 / 4), math.log(1 + 6 / 2), math.log(1 + 6 / 6)
    expected = [[2 / 4 * a, 2 / 4 * b, 0], [2 / 8 * a, 0, 6 / 8 * c]]
    np.testing.assert_allclose(class_tf_idf(frequencies).toarray(), expected)


def test_many_writers_count_for_more_than_one_who_repeats() -> None:
    # "reverb": 3 texts, tf 3; "tremolo": 2 texts, once and five times, tf 1 + log2(6) = 3.58; "spring": 4 texts, tf 4
    single = KeyphraseConfig(longest=1)
    texts = ["reverb spring", "reverb; spring, tremolo", "reverb. spring!", "spring " + "tremolo " * 5]
    assert name_groups([texts, ["banjo"]], top=3, config=single)[0] == ["spring", "tremolo", "reverb"]


def test_planted_topics_get_their_names() -> None:
    groups = [
        ["This clip-on tuner is great", "I love the clip-on tuner, very accurate", "accurate, and cheap"],
        ["The drum heads are loud", "New drum heads for my kit", "My kit needed it"],
        [],
        ["Great", "I love it!"],
    ]
    names = name_groups(groups, top=2)
    assert names[0][0] == "clip-on tuner"
    assert "accurate" in names[0]
    assert names[1] == ["drum heads", "kit"]
    assert names[2:] == [[], []]


def test_names_share_no_word() -> None:
    group = ["acoustic guitar strings, guitar, guitars, strings", "acoustic guitar strings, guitar, guitars"]
    (names,) = name_groups([group], top=3)
    words = [word.removesuffix("s") for name in names for word in name.split()]
    assert len(words) == len(set(words))


def test_one_writers_turn_of_phrase_names_nothing() -> None:
    common = [f"bass amp {i}" for i in range(10)]
    assert name_groups([[*common, "zyzzyva " * 9]], top=5) == [["bass amp"]]
    # two of eleven are below the share of .2
    assert name_groups([[*common[:9], "zyzzyva", "zyzzyva"]], 5, KeyphraseConfig(min_share=0.2)) == [["bass amp"]]
    assert name_groups([["zyzzyva"]]) == [["zyzzyva"]]


def test_phrases_end_at_marks_numbers_and_stop_words() -> None:
    text = "Jimi's red guitar, black strap and 2 picks; don’t rock'n'roll"
    assert list(phrases_of(text, KeyphraseConfig())) == [
        *("jimi", "red", "jimi red", "guitar", "red guitar"),
        *("black", "strap", "black strap", "picks", "rock'n'roll"),
    ]


@given(st.lists(st.lists(st.text(max_size=40), max_size=4), max_size=4))
def test_any_text_gives_few_clean_names(groups: list[list[str]]) -> None:
    for names in name_groups(groups, top=2):
        assert len(names) <= 2
        assert all(name == name.strip() and name for name in names)


@pytest.mark.parametrize("wrong", [{"longest": 0}, {"min_texts": 0}, {"min_share": 1.5}])
def test_settings_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InvalidSetting, match=next(iter(wrong))):
        KeyphraseConfig(**wrong)
