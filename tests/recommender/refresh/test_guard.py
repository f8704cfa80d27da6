"""What is kept back, by numbers worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from recommender.refresh.guard import judge


def manifest(mean: float, half: float, version: str = "v", **other: Any) -> dict[str, Any]:
    interval = {"mean": mean, "low": mean - half, "high": mean + half, "level": 0.95}
    models = [{"name": "popularity", "interval": interval | {"mean": 9.0}}, {"name": "hybrid", "interval": interval}]
    evaluation = {"protocol": "temporal", "metric": "ndcg@10", "models": models}
    return {"version": version, "evaluation": evaluation, "split": {"seed": 1}, "meaning": {}} | other


@pytest.mark.parametrize(
    ("figure", "half", "kept"),
    [
        (0.36, 0.01, True),  # 0.04 lost: over 5 % of 0.4 and over sqrt(2) * 0.01
        (0.381, 0.001, False),  # 0.019 lost: under 5 % of 0.4 = 0.02
        (0.379, 0.001, True),
        (0.36, 0.03, False),  # 0.04 lost: chance explains sqrt(2) * 0.03 = 0.042
        (0.9, 0.01, False),
    ],
)
def test_a_loss_over_tolerance_and_noise_is_kept_back(figure: float, half: float, kept: bool) -> None:
    found = judge(manifest(figure, half), manifest(0.4, half, "before"), 0.05)
    assert (found is not None) == kept
    if found is not None:
        assert (found.figure, found.published, found.version, found.metric) == (figure, 0.4, "before", "ndcg@10")
        assert found.noise == pytest.approx(2**0.5 * half)
        assert f"ndcg@10 is {figure:.4f}, that of the published version before is 0.4000" in str(found)


def test_only_figures_measured_in_the_same_way_are_compared() -> None:
    before = manifest(0.4, 0.001)
    assert judge(manifest(0.1, 0.001), before, 0.05)
    assert judge(manifest(0.1, 0.001, split={"seed": 2}), before, 0.05) is None
    assert judge(manifest(0.1, 0.001, meaning={"neutral": 0.6}), before, 0.05) is None
    assert judge(manifest(0.1, 0.001, evaluation={}), before, 0.05) is None, "too few people to measure"
    assert judge(manifest(0.1, 0.001), manifest(0.4, 0.001, evaluation={}), 0.05) is None
