"""Counts of different values and overlaps, exact and estimated, against what is planted."""

from __future__ import annotations

import pytest

from recommender.inspection.ids import of
from recommender.inspection.sketch import Distinct


def test_few_values_are_counted_exactly() -> None:
    found = Distinct(most=10)
    for text in ["a", "b", "a", "c" * 500, "c" * 500, "c" * 499]:
        found.add(text)
    assert (found.count, found.repeats, found.estimated) == (4, 2, False)


@pytest.mark.parametrize("stem", ["", "user-", "00"])
def test_many_values_are_estimated_closely_and_without_repeats_there_are_none(stem: str) -> None:
    found = Distinct(most=4096)
    for number in range(100_000):
        found.add(f"{stem}{number}")
    assert found.estimated
    assert found.count == pytest.approx(100_000, rel=0.05)
    assert found.repeats == 0
    for number in range(0, 100_000, 4):
        found.add(f"{stem}{number}")
    assert found.repeats == pytest.approx(25_000, rel=0.1)


def test_an_overlap_is_counted_and_its_near_misses_explained() -> None:
    events = of(["0012", "7", "8.0", "abc", "x", "y"])
    items = of(["12", "7", "8", "ABC", "y"])
    shared = events.among(items)
    assert (shared.ids, shared.found, shared.estimated) == (6, 2, False)
    assert shared.near == {"leading zeros": 1, "a decimal point": 1, "case": 1}


def test_the_overlap_of_large_files_is_estimated_from_the_same_sample() -> None:
    events = of((f"{number:07}" for number in range(60_000)), most=4096)
    same = of((f"{number:07}" for number in range(30_000, 200_000)), most=4096)
    bare = of((str(number) for number in range(30_000, 200_000)), most=4096)
    assert events.among(same).found == pytest.approx(30_000, rel=0.1)
    assert events.among(same).estimated
    assert events.among(bare).found == 0
    assert events.among(bare).near["leading zeros"] == pytest.approx(30_000, rel=0.1)
