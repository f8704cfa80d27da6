"""Rows that could not be read and name somebody who was forgotten."""

from __future__ import annotations

import json

import pytest

from kg.engines import open_store
from kg.forgotten import Forgotten, remember

IDS = (
    "ann", "auth0|5f7c", "ann lee", "urn:user:7", "zoé", "o'neil, pat", 'the "one"', "a;b", "[x]{y}", "50%",
    "back\\slash",
)  # fmt: skip


@pytest.fixture(scope="module")
def forgotten(tmp_path_factory: pytest.TempPathFactory) -> Forgotten:
    with open_store(str(tmp_path_factory.mktemp("store")), create=True) as store:
        for user in IDS:
            remember(store, user, None)
        return Forgotten(store)


@pytest.mark.parametrize("user", IDS)
def test_an_id_is_found_in_rows_of_every_form(user: str, forgotten: Forgotten) -> None:
    row = {"item": "x", "user": user, "at": "bad"}
    doubled = user.replace('"', '""')
    rows = [
        json.dumps(row), json.dumps(row, ensure_ascii=False), json.dumps([row]), repr(row), json.dumps(row)[:-3],
        f'x,"{doubled}",bad', f'"{doubled}";x;bad', f"x\t{user}\tbad", f"{user}\tx", f"x::{user}::5",
    ]  # fmt: skip
    if "," not in user:
        rows += [f"{user},book,bad", f"x,{user}", f"bad, {user} ,x"]
    for raw in rows:
        assert forgotten.named_in(raw), raw


@pytest.mark.parametrize("raw", ["annex,x,bad", '{"user": "ann-lee"}', "lee", "auth0", "", '"', "zo", "50"])
def test_others_are_not_taken_for_them(raw: str, forgotten: Forgotten) -> None:
    assert not forgotten.named_in(raw)


def test_a_long_row_takes_no_more_than_linear_time(forgotten: Forgotten) -> None:
    for piece in ('"', "'", "\\", '\\"', ",", "a,", "%41", "a "):
        assert not forgotten.named_in(piece * 100_000)


def test_who_stands_in_the_path_of_an_iri(forgotten: Forgotten) -> None:
    assert forgotten.named_in("<urn:x:zo%C3%A9> <p> <q> .")
    assert forgotten.named_in("<urn:x:ann%20lee> <p> <q> .")
