"""Which names are one name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.names import name_key


@pytest.mark.parametrize(
    ("one", "other"),
    [("Boss", "BOSS "), ("Future US, Inc.", "Future US Inc"), ("ＡＢＣ", "abc"), ("Conde' Nast", "conde nast"),
     ("Straße", "STRASSE"), ("a\u00a0b", "A  B"), ("No. One", "no one")],
)  # fmt: skip
def test_one_name(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("C", "C++"), ("C", "C#"), ("R&B", "RB"), ("1.5", "15"), ("-5", "5"), ("Beyoncé", "Beyonce"),
                       ("!!!", "???"), ("Boss", "Bossa")]
)  # fmt: skip
def test_two_names(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@given(st.text(min_size=1))
def test_a_key_is_its_own_key(name: str) -> None:
    key = name_key(name)
    assert name_key(key) == key
