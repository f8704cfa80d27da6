"""Events become cells: numbers by hand, a slow reference, and the kinds of values that real sources hold."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.snapshot import EVENTS
from kg.vocabulary import Vocabulary
from recommender.data import Cells
from recommender.errors import InvalidInput
from recommender.meaning import (
    Declared,
    Events,
    Meaning,
    MeaningConfig,
    cells_of,
    event_weights,
    infer_meaning,
    meanings_of,
)
from recommender.refresh import stages

DAY = 86400.0
NONE = math.nan
Row = tuple[int, int, str, float, float]  # user, item, kind, value, time


def events_of(*rows: Row) -> Events:
    names = tuple(sorted({row[2] for row in rows}))
    return Events(
        users=np.array([row[0] for row in rows], dtype=np.int64),
        items=np.array([row[1] for row in rows], dtype=np.int64),
        kinds=np.array([names.index(row[2]) for row in rows], dtype=np.int64),
        values=np.array([row[3] for row in rows], dtype=np.float64),
        times=np.array([row[4] for row in rows], dtype=np.float64),
        kind_names=names,
    )


STARS = {"RATED": Declared((1.0, 5.0))}


def cell(*events: tuple[str, float, float], config: MeaningConfig | None = None) -> float:
    """The weight of one pair's cell from (kind, value, time), 0 when there is none; ratings are declared 1 to 5."""
    rows = events_of(*((0, 0, *event) for event in events))
    cells = cells_of(rows, meanings_of(rows, STARS, config), 1, 1, config)
    assert len(cells) <= 1
    return float(cells.weights[0]) if len(cells) else 0.0


@pytest.mark.parametrize(("stars", "weight"), [(1, -1), (2, -0.5), (3, 0.5), (4, 0.75), (5, 1)])
def test_only_low_ratings_are_negative(stars: int, weight: float) -> None:
    assert cell(("RATED", stars, 0)) == weight


@pytest.mark.parametrize(
    ("kind", "weight"),
    [("VIEWED", 0.2), ("CLICKED", 0.3), ("PURCHASED", 1), ("REVIEWED", 0.7), ("LIKED", 1), ("DISLIKED", -1)],
)
def test_an_event_without_a_value_weighs_what_its_kind_does(kind: str, weight: float) -> None:
    assert cell((kind, NONE, NONE)) == pytest.approx(weight)


def test_a_skip_makes_no_cell_and_other_kinds_weigh_a_half() -> None:
    assert cell(("SKIPPED", NONE, 0)) == 0
    assert cell(("SUBSCRIBED", NONE, 0)) == 0.5


def test_implicit_weights_add_up_and_saturate() -> None:
    assert cell(("VIEWED", NONE, 0), ("VIEWED", NONE, 1)) == pytest.approx(1 - 0.8**2)
    assert cell(("VIEWED", NONE, 0), ("CLICKED", NONE, 1)) == pytest.approx(1 - 0.8 * 0.7)
    assert cell(*[("CLICKED", NONE, time) for time in range(100)]) == pytest.approx(1)


def test_the_latest_explicit_sign_decides() -> None:
    assert cell(("LIKED", NONE, 1), ("RATED", 1, 2)) == -1
    assert cell(("RATED", 1, 1), ("LIKED", NONE, 2)) == 1
    assert cell(("RATED", 5, 1), ("RATED", 2, 2), ("PURCHASED", NONE, 3)) == -0.5
    assert cell(("RATED", 3, 2), ("RATED", 1, 1), ("VIEWED", NONE, 9)) == pytest.approx(1 - 0.5 * 0.8)


def test_an_undated_sign_is_older_and_a_tie_goes_to_caution() -> None:
    assert cell(("DISLIKED", NONE, NONE), ("LIKED", NONE, 1)) == 1
    assert cell(("DISLIKED", NONE, 5), ("LIKED", NONE, 5)) == -1
    assert cell(("LIKED", NONE, NONE), ("DISLIKED", NONE, NONE)) == -1


def test_a_review_without_stars_is_implicit_beside_one_with() -> None:
    rows = events_of((0, 0, "REVIEWED", 1, 1), (0, 0, "REVIEWED", NONE, 2), (0, 1, "REVIEWED", NONE, 3))
    cells = cells_of(rows, {"REVIEWED": Meaning("REVIEWED", "rating", 0.7, 1, 5)}, 1, 2)
    assert cells.weights.tolist() == [-1, pytest.approx(0.7)]


def test_counts_are_taken_by_their_logarithm_in_units_of_the_median() -> None:
    plays = infer_meaning("PLAYED", np.array([1.0, 10.0, 10.0, 500.0, 0.0]))
    assert (plays.form, plays.unit) == ("count", 10.0)
    weights, explicit = plays.weigh(np.array([0.0, 10.0, 30.0, 70.0, -3.0, NONE]), MeaningConfig())
    assert weights == pytest.approx([0, 0.5, 0.75, 0.875, 0, 0.5]), "log2(1 + v / 10) events of a half each"
    assert not explicit.any()


def test_a_flag_of_zero_weighs_nothing() -> None:
    rows = events_of((0, 0, "CLICKED", 1, 0), (0, 1, "CLICKED", 0, 0))
    cells = cells_of(rows, meanings_of(rows), 1, 2)
    assert list(zip(cells.items, cells.weights.tolist(), strict=True)) == [(0, pytest.approx(0.3))]


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        ("RATED", [1, 2, 3, 4, 5], "a rating on 1 to 5"),
        ("RATED", [0.5, 3, 4.5], "a rating on 0.5 to 5"),
        ("RATED", [4, 5, 4], "a rating on 1 to 5"),
        ("RATED", [0, 7, 10], "a rating on 0 to 10"),
        ("RATED", [2, 10, 1], "a rating on 1 to 10"),
        ("RATED", [55, 100, 0], "a rating on 0 to 100"),
        ("RATED", [-1, 1], "a rating on -1 to 1"),
        ("RATED", [3.7, 4.2], "a rating on 1 to 5"),
        ("RATED", [1, 900, 352_698], "a count"),
        ("RATED", [1, 1, 1], "an event"),
        ("RATED", [0, 1, 1], "a flag"),
        ("STARRED", [3, 4, 5, 5], "a rating on 1 to 5"),
        ("PLAYED", [1, 1, 2, 3, 7], "a count"),
        ("PLAYED", [1, 260, 11_000], "a count"),
        ("PLAYED", [3.25, 4.5, 5], "a count"),
        ("PURCHASED", [4, 5, 5], "a count"),
        ("VIEWED", [12.5, 300, 4], "a count"),
        ("LIKED", [1, 5], "a flag"),
        ("CLICKED", [0, 1], "a flag"),
        ("CLICKED", [], "an event"),
        ("RATED", [0, 0, 7, 10, 3, 1], "a rating on 1 to 10 (inferred); 0 is taken for not rated"),
        ("RATED", [0, 0, 1, 2, 5, 5], "a rating on 1 to 5 (inferred); 0 is taken for not rated"),
        ("RATED", [0, 0, 0.5, 2, 4.5], "a rating on 0.5 to 5 (inferred); 0 is taken for not rated"),
        ("RATED", [*[1, 2, 3, 4, 5] * 10, 0, 0], "a rating on 0 to 5 (inferred)"),
        ("RATED", [-1, -1, 10, 8, 2], "a rating on 1 to 10 (inferred); -1 is taken for not rated"),
        ("RATED", [*[2, 8, 10] * 20, -1, -1], "a rating on 1 to 10 (inferred); -1 is taken for not rated"),
        ("SCORED", [-1, -1, 10, 8, 7, 2], "a rating on 1 to 10 (inferred); -1 is taken for not rated"),
        ("RATED", [-1, -1, 0, 0, 3, 5, 1], "1 to 5 (inferred); -1 is taken for not rated; 0 is taken for not rated"),
        ("RATED", [-8.2, 99, 9, 99, 5.1, -3.3], "-10 to 10 (inferred); 99, far off all others, for nothing"),
        ("RATED", [-99, -99, 1, 2, 5, 4], "a rating on 1 to 5 (inferred); -99, far off all others, for nothing"),
        ("RATED", [-3, 40, 7, 12.5], "a rating on -100 to 100 (inferred)"),
        ("PUNTUADO", [-3, 4, 1], "a rating on -5 to 5 (inferred)"),
        ("RATED", [*[1, 2, 3, 4, 5] * 9, 9, 9, 9], "a rating on 1 to 5 (inferred); 9, far off all others, for nothing"),
        ("RATED", [*[1, 2, 3, 4, 5] * 9, 99, 99, 999, 999], "a rating on 1 to 5 (inferred); 999, far off all others"),
        ("RATED", [*[1, 2, 3, 4, 5] * 9, -2, -2, -1], "1 to 5 (inferred); -2 is taken for not rated; -1 is taken"),
        ("RATED", [*range(0, 101, 4), *[-99] * 4], "a rating on 0 to 100 (inferred); -99, far off all others"),
        ("RATED", [*range(1, 101, 4), *[0] * 40], "a rating on 0 to 100 (inferred); 0 is taken for not rated"),
        ("RATED", [*range(1, 101, 4), 0, 0], "a rating on 0 to 100 (inferred)"),
        ("RATED", [0.25, 0.5, 0.75, 1], "a rating on 0 to 1 (inferred)"),
        ("RATED", [-1, -1, 0.25, 0.5, 1], "a rating on 0 to 1 (inferred); -1 is taken for not rated"),
        ("RATED", [0, 0, 5, 5], "a rating on 1 to 5 (inferred); 0 is taken for not rated"),
        ("RATED", [1, 2, 3, 4, 5, 4, 3, 99], "a rating on 1 to 5 (inferred)"),
        ("RATED", [1, 2, 3, 4, 5, 4, 3, -1], "a rating on 1 to 5 (inferred); -1 is taken for not rated"),
        ("PLAYED", [*range(1, 200), -1], "a count"),
        ("WATCHED", [*range(1, 300, 3), -1], "a count"),
        ("LIKED", [1, 1, -1, -1], "a rating on -1 to 1"),
        ("NOT_RECOMMENDED", [0, 1, 1], "a flag; 1 weighs -1, 0 nothing"),
        ("RATED", [*[0, 1] * 15, 2], "a flag"),
        ("IS_LIKE", [*[0, 1] * 15, -1], "a flag"),
        ("CLICKED", [0, 0], "a flag"),
        ("PURCHASED", [-3, -3], "an event"),
        ("BUY", [1, 4, 2], "a count"),
        ("BUY", [0, 0, 1, 4, 2], "0 is taken for not known"),
        ("PAGE_VIEW", [3, 5, 5], "a count"),
        ("ADD_TO_CART", [], "an event that weighs 0.7"),
    ],
)
def test_what_values_mean_is_inferred(kind: str, values: list[float], said: str) -> None:
    assert said in str(infer_meaning(kind, np.array([*values, NONE], dtype=float)))


@pytest.mark.parametrize(("code", "weight"), [(99.0, 0.0), (-1.0, 0.5), (0.0, 0.5)])
def test_a_declared_code_is_left_out_where_it_lies_far_off(code: float, weight: float) -> None:
    """99 beside 1 to 10 is a place left open, as in Jester's matrix; -1 is "seen, not rated", as in MyAnimeList."""
    values = np.array([1.0, 10.0, 4.0, code, 3.0, 2.0])
    meaning = infer_meaning("RATED", values, Declared(unrated=(code,)))
    weights, explicit = meaning.weigh(values, MeaningConfig())
    assert weights[3] == pytest.approx(weight)
    assert not explicit[3]


@pytest.mark.parametrize(
    ("adopted", "advice"), [(False, "scale=(MIN, MAX)"), (True, "scale = [MIN, MAX] in [[event]] of the map")]
)
def test_what_lies_outside_is_said_with_the_place_of_the_scale(
    adopted: bool, advice: str, caplog: pytest.LogCaptureFixture
) -> None:
    values = [1.0, 5.0, 4.0, 2.0] * 50 + [55.0]
    rows = events_of(*((0, item, "RATED", value, 0.0) for item, value in enumerate(values)))
    stages._warn(rows, meanings_of(rows), adopted=adopted)
    assert "1 of 201 values of RATED lie far outside" in caplog.text
    assert advice in caplog.text
    assert ("scale=(" in caplog.text) is not adopted


@pytest.mark.parametrize("typo", [55.0, 1e308, -40.0])
def test_a_typing_error_makes_no_other_scale(typo: float) -> None:
    """One in 200 ratings: the others keep their meaning, and that one counts as an event without a value."""
    values = np.array([1.0, 5.0, 4.0, 2.0] * 50 + [typo])
    meaning = infer_meaning("RATED", values)
    assert str(meaning) == "RATED: a rating on 1 to 5 (inferred)"
    weights, explicit = meaning.weigh(values, MeaningConfig())
    assert weights[:4].tolist() == [-1.0, 1.0, 0.75, -0.5]
    assert (weights[-1], explicit[-1]) == (0.7, False)
    near = infer_meaning("RATED", np.array([1.0, 5.0] * 100 + [0.5]))
    assert near.weigh(np.array([0.5]), MeaningConfig())[0] == -1.0, "half a star is a low rating and no mistake"


def weights_of(kind: str, values: list[float]) -> list[float]:
    given = np.array(values)
    weights: list[float] = infer_meaning(kind, given).weigh(given, MeaningConfig())[0].round(3).tolist()
    return weights


def test_a_code_for_not_rated_is_what_an_interaction_is_and_99_is_nothing() -> None:
    """Book-Crossing, MyAnimeList and Jester, as they are published."""
    assert weights_of("RATED", [0, 0, 5, 1, 10, 6]) == [0.5, 0.5, -0.111, -1, 1, 0.556]
    assert weights_of("RATED", [-1, -1, 10, 8, 2]) == [0.5, 0.5, 1, 0.778, -0.778]
    assert weights_of("RATED", [-8.2, 99, 9, 99, 5.1, -3.3]) == [-0.82, 0, 0.95, 0, 0.755, -0.33]
    codes = infer_meaning("RATED", np.array([0.0, 0, 5, 1, 10]))
    assert codes.weigh(np.array([0.0]), MeaningConfig(strengths={"INTERACTED": 0.1}))[0].tolist() == [0.1]
    assert np.isnan(codes.possible(np.array([0.0, 1]))).tolist() == [True, False], "it joins no mean of ratings"


@pytest.mark.parametrize("kind", ["CLICKED", "PURCHASED", "WATCHED", "LIKED", "RATED"])
@pytest.mark.parametrize("value", [0.0, -3.0])
def test_nothing_and_less_weigh_nothing_where_all_are_alike_and_where_the_kind_is_new(kind: str, value: float) -> None:
    assert weights_of(kind, [value, value]) == [0, 0]
    assert event_weights(events_of((0, 0, kind, value, 0.0)), {})[0].tolist() == [0], "a kind that no version knows"


@pytest.mark.parametrize(
    ("quantities", "units"), [([3, -1], 2), ([3, -3], 0), ([1, -4], 0), ([2, 2, -1], 3), ([3], 3), ([-3], 0)]
)
def test_a_return_takes_back_what_was_bought_and_never_more(quantities: list[float], units: int) -> None:
    """The unit is 1, so a purchase of ``n`` weighs ``1 - .9 ** log2(1 + n)``."""
    config = MeaningConfig(strengths={"PURCHASED": 0.9})
    pair = [(0, 0, "PURCHASED", value, float(at)) for at, value in enumerate(quantities)]
    others = [(1, item, "PURCHASED", value, 0.0) for item, value in enumerate([1.0] * 9 + [2.0])]
    events = events_of(*pair, *others)
    weights = cells_of(events, meanings_of(events, None, config), 2, 10, config).matrix[0, 0]
    bought = [value * units / sum(v for v in quantities if v > 0) for value in quantities if value > 0]
    assert weights == pytest.approx(1 - math.prod((1 - 0.9) ** math.log2(1 + n) for n in bought), abs=1e-6)


def test_kinds_of_shops_rise_from_views_to_purchases() -> None:
    rising = [["view", "pageview", "DETAIL"], ["click"], ["wishlist", "fav"], ["addtocart"], ["transaction", "order"]]
    weights = [{MeaningConfig().strength(kind.upper()) for kind in kinds} for kinds in rising]
    assert all(len(own) == 1 for own in weights)
    assert [own.pop() for own in weights] == [0.2, 0.3, 0.6, 0.7, 1.0]
    compound = ["PRODUCT_VIEWED", "AD_CLICK", "ADDEDTOWISHLIST", "PRODUCTADDEDTOCART", "ORDER_COMPLETED"]
    assert [MeaningConfig().strength(kind) for kind in compound] == [0.2, 0.3, 0.6, 0.7, 1.0]
    undone = ["ORDER_CANCELLED", "CART_REMOVED", "DELETEFAVORITE", "REFUND"]
    assert [MeaningConfig().strength(kind) for kind in undone] == [0, 0, 0, 0]
    assert MeaningConfig().strength("SKIP") == 0
    assert cell(("BLOCK", NONE, 0)) == MeaningConfig().strength("HIDE") == -1
    assert MeaningConfig(strengths={"BUY": 0.1}).strength("BUY") == 0.1


def test_a_declared_scale_wins() -> None:
    meaning = infer_meaning("PLAYED", np.array([1.0, 7.0]), Declared((0.0, 10.0)))
    assert str(meaning) == "PLAYED: a rating on 0 to 10 (declared)"
    assert meanings_of(events_of((0, 0, "VIEWED", NONE, 0)), STARS)["RATED"].declared


def test_recency_counts_from_the_persons_own_latest_event() -> None:
    config = MeaningConfig(half_life_days=10, recency_floor=0.2)
    rows = events_of(
        (0, 0, "LIKED", NONE, 100 * DAY),
        (0, 1, "LIKED", NONE, 90 * DAY),
        (0, 2, "LIKED", NONE, NONE),
        (1, 0, "LIKED", NONE, 3 * DAY),
    )
    assert event_weights(rows, {}, config)[0] == pytest.approx([1, 0.6, 1, 1])


def test_cells_hold_the_latest_time_and_are_sorted() -> None:
    rows = events_of((1, 0, "VIEWED", NONE, 5), (0, 1, "VIEWED", NONE, NONE), (1, 0, "VIEWED", NONE, 7))
    cells = cells_of(rows, {}, 2, 2)
    assert (cells.users.tolist(), cells.items.tolist()) == ([0, 1], [1, 0])
    assert np.array_equal(cells.times, [NONE, 7], equal_nan=True)
    assert cells.matrix.shape == (2, 2)


def test_no_events_no_cells() -> None:
    cells = cells_of(events_of(), {}, 3, 4)
    assert len(cells) == 0
    assert cells.matrix.shape == (3, 4)


def test_events_of_a_snapshots_table() -> None:
    table = pa.concat_tables(
        pa.table({"user": [0], "item": [1], "kind": [kind], "at": [at], "value": [value], "event_id": [kind]}).cast(
            EVENTS
        )
        for kind, at, value in [("RATED", 1_500_000, 4.0), ("VIEWED", None, None)]
    )
    events = Events.of(table)
    assert [events.kind_names[code] for code in events.kinds] == ["RATED", "VIEWED"]
    assert np.array_equal(events.times, [1.5, NONE], equal_nan=True)
    assert np.array_equal(events.values, [4, NONE], equal_nan=True)
    for empty in (EVENTS.empty_table(), table.filter(pa.array([False, False])), pa.Table.from_batches([], EVENTS)):
        assert len(Events.of(empty)) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"strengths": {"VIEWED": 2}},
        {"neutral": 1.0},
        {"lowest_like": 0.0},
        {"half_life_days": 0},
        {"recency_floor": -1},
    ],
)
def test_a_setting_out_of_range_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(wrong))):
        MeaningConfig(**wrong)  # type: ignore[arg-type]


def slow_cells(rows: list[Row]) -> dict[tuple[int, int], float]:
    """The module's rules, one pair at a time."""
    cells = {}
    for pair in {row[:2] for row in rows}:
        signs, missing = [], 1.0
        for _, _, kind, value, time in (row for row in rows if row[:2] == pair):
            if kind == "RATED":
                r = (value - 1) / 4
                signs.append((-math.inf if math.isnan(time) else time, -(2 * r - 1 if r < 0.5 else r)))
            elif kind in ("LIKED", "DISLIKED"):
                signs.append((-math.inf if math.isnan(time) else time, -1.0 if kind == "LIKED" else 1.0))
            else:
                missing *= 1 - {"VIEWED": 0.2, "SKIPPED": 0.0}[kind]
        sign = -max(signs)[1] if signs else 0.0
        weight = sign if sign < 0 else 1 - (1 - sign) * missing
        if weight:
            cells[pair] = weight
    return cells


RATED = st.tuples(st.just("RATED"), st.integers(1, 5).map(float))
OTHER = st.tuples(st.sampled_from(["LIKED", "DISLIKED", "VIEWED", "SKIPPED"]), st.just(NONE))
ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), RATED | OTHER, st.sampled_from([1.0, 2.0, NONE])).map(
        lambda row: (row[0], row[1], *row[2], row[3])
    ),
    max_size=25,
)


def as_dict(cells: Cells) -> dict[tuple[int, int], float]:
    return dict(zip(zip(cells.users.tolist(), cells.items.tolist(), strict=True), cells.weights.tolist(), strict=True))


@settings(max_examples=200, deadline=None)
@given(ROWS, st.randoms())
def test_cells_equal_the_slow_reference_in_any_order(rows: list[Row], shuffler: object) -> None:
    rows = list(rows)
    shuffler.shuffle(rows)  # type: ignore[attr-defined]
    events = events_of(*rows)
    cells = cells_of(events, meanings_of(events, STARS), 3, 3)
    assert as_dict(cells) == pytest.approx(slow_cells(rows))
    for user in range(3):
        alone = cells_of(events.take(events.users == user), meanings_of(events, STARS), 3, 3)
        assert as_dict(alone) == as_dict(cells.take(cells.users == user)), "live, from one person's events"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (["RATED", "i1", None, "five"], "an event RATED of 'i1' has the value 'five'"),
        (["RATED", "i1", None, [5.0]], "the value .5.0."),
        (["RATED", "i1", "yesterday", 5.0], "the moment 'yesterday'"),
        (["RATED", "i1", 5, 5.0], "the moment 5"),
    ],
)
def test_an_event_that_somebody_wrote_by_hand_in_another_type_is_named(row: list[object], said: str) -> None:
    items = Vocabulary(["i0", "i1"])
    sound = ["RATED", "i0", "2024-01-01T00:00:00Z", 3]
    assert Events.of_person([sound, ["SEEN", "i1", None, None]], items).values.tolist()[0] == 3.0
    with pytest.raises(InvalidInput, match=said):
        Events.of_person([sound, row], items)


def test_a_0_is_a_dislike_where_thumbs_are_asked_for_and_most_are_up() -> None:
    """Steam's `recommended`; where most are 0, or the kind says nothing of thumbs, a 0 is nothing."""
    assert weights_of("THUMBS", [1, 1, 0]) == [1, 1, -1]
    assert weights_of("THUMBS", [0, 0, 1]) == [0, 0, 1]
    assert weights_of("IS_LIKE", [1, 1, 0]) == [0.5, 0.5, 0]
    declared = infer_meaning("IS_LIKE", np.array([0.0, 0, 1]), Declared(form="like"))
    assert declared.weigh(np.array([0.0, 1]), MeaningConfig())[0].tolist() == [-1, 1]
