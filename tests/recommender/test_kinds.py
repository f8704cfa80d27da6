"""What is said of the kinds of events: at ingest, in bounded memory, and of what may have been meant otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from kg.advice import speaking
from kg.records import Interaction, KindRecord, Scale
from recommender.inspection import kinds
from recommender.inspection.kinds import KindSummary, Tally
from recommender.meaning import MeaningConfig


def told(values: list[float | None], kind: str = "RATED", *declared: KindRecord) -> KindSummary:
    tally = Tally()
    events = [Interaction("u", f"i{n}", kind, f"e{n}", value=value) for n, value in enumerate(values)]
    assert list(tally.watch([*declared, *events])) == [*declared, *events]
    (found,) = tally.summaries({}, MeaningConfig())
    return found


@pytest.fixture(autouse=True)
def _on_the_command_line() -> Iterator[None]:
    with speaking("options"):
        yield


def test_a_line_a_kind_and_a_line_a_suspicion() -> None:
    """Six of ten are not rated, as in Book-Crossing; a 5 of 10 is a dislike, an 8 a like."""
    found = told([0.0] * 6 + [5.0, 8.0, 10.0, 8.0])
    assert str(found) == (
        "RATED: a rating on 1 to 10 (inferred); 0 is taken for not rated: 3 likes, 1 dislikes, 0 without weight, 6 not "
        "rated"
    )
    assert found.suspicions == (
        "RATED: 0 in 60 % of the values is taken for not rated; --missing COL=0 says so, --meaning RATED=rating "
        "makes it the lowest rating",
    )


@pytest.mark.parametrize(
    ("values", "kind", "doubt"),
    [
        ([-8.2, 99, 9, 99, 5.1, -3.3], "RATED", "99 in 33 % of the values is far off all others"),
        ([1, 0, 1], "IS_LIKE", "0 in 33 % of the values weighs nothing; --meaning IS_LIKE=like makes it a dislike"),
        ([-3, -3], "BOUGHT", "all values are -3, which weighs nothing"),
        ([*[1, 2, 3, 4, 5] * 10, 0, 0], "RATED", "0 in 4 % of the values is taken for the lowest rating"),
        ([*[1, 2, 3, 4, 5] * 10, 10, 10], "RATED", "10 in 4 % of the values stands apart"),
        ([*[1, 2, 3, 4, 5] * 10, -2, -2], "RATED", "-2 in 4 % of the values is taken for not rated"),
        ([1, 0, 1], "DOWNVOTED", "0 in 33 % of the values weighs nothing"),
        ([None], "LIKD", "LIKD is no usual kind (is it LIKED?): an event of it weighs 0.5; --weight LIKD=X changes it"),
        ([0, 0, 1, 4, 2], "BUY", "0 in 40 % of the values is taken for a quantity that is not known"),
    ],
)
def test_what_may_have_been_meant_otherwise(values: list[float | None], kind: str, doubt: str) -> None:
    (said,) = told(values, kind).suspicions
    assert doubt in said


def test_what_the_doubts_advise_does_what_they_say() -> None:
    """--meaning makes a 0 the lowest rating, or a quantity of none; --scale makes a code a rating."""
    ratings = [0.0] * 6 + [5.0, 8.0, 10.0, 8.0]
    assert told(ratings, "RATED", KindRecord("RATED", meaning="rating")).dislikes == 6
    assert told(ratings, "RATED", KindRecord("RATED", scale=Scale(0, 10))).dislikes == 6
    bought = told([0, 0, 1, 4, 2], "BUY", KindRecord("BUY", meaning="count"))
    assert (bought.likes, bought.weightless, bought.unrated) == (3, 2, 0)


def test_what_is_declared_is_not_doubted() -> None:
    assert told([0.0] * 6 + [5.0, 8.0], "RATED", KindRecord("RATED", unrated=(0.0,))).suspicions == ()
    weighed = told([None], "SUBSCRIBED", KindRecord("SUBSCRIBED", weight=0.25))
    assert (weighed.meaning, weighed.suspicions) == (
        "SUBSCRIBED: an event that weighs 0.25, whatever its value above 0",
        (),
    )
    like = told([1, 0, 1], "IS_LIKE", KindRecord("IS_LIKE", meaning="like"))
    assert (like.likes, like.dislikes, like.suspicions) == (2, 1, ())


def test_a_long_column_is_sampled_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of 10,000 is not rated, wherever it stands; at most 64 values are held."""
    monkeypatch.setattr(kinds, "HELD", 64)
    found = told([0.0] * 2500 + list(np.tile([2.0, 9.0, 10.0], 2500)))
    assert found.events == 10_000
    assert found.unrated == pytest.approx(2500, rel=0.15)
    assert found.likes == pytest.approx(5000, rel=0.15)
