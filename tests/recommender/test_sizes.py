"""Sizes of Python calls: an argument beyond its bound is an error that names it, before anything is computed."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recommender.configured import read_config
from recommender.errors import InvalidInput
from recommender.ids import MAX_HISTORY, MAX_LENGTH, ids, length, wording
from recommender.refresh.batch import BatchConfig
from recommender.serving import Query


@pytest.mark.parametrize("k", [0, -1, MAX_LENGTH + 1, 10**5_000, 2.5, "10", None, True, float("nan")], ids=range(9))
def test_lengths_of_lists(k: Any) -> None:
    with pytest.raises(InvalidInput, match="k = ") as error:
        length(k)
    assert len(str(error.value)) < 200
    with pytest.raises(InvalidInput, match="k = "):
        Query(k)


def test_lengths_that_are_right() -> None:
    assert [length(k) for k in (1, np.int64(7), MAX_LENGTH)] == [1, 7, MAX_LENGTH]


def test_a_history_without_end_is_an_error() -> None:
    with pytest.raises(InvalidInput, match=f"history has over {MAX_HISTORY} ids"):
        ids(itertools.count(), "history", MAX_HISTORY)
    assert len(ids(range(MAX_HISTORY), "history", MAX_HISTORY)) == MAX_HISTORY


def test_texts() -> None:
    assert wording("ü" * 2**19) == "ü" * 2**19
    for text in ("ü" * (2**19 + 1), 7):
        with pytest.raises(InvalidInput, match="text") as error:
            wording(text)
        assert len(str(error.value)) < 200


def test_a_batch_may_trust_its_files(tmp_path: Path) -> None:
    path = tmp_path / "batch.toml"
    path.write_text('[ingest]\nevents = "events.csv.gz"\ntrust = true\n')
    ingest = read_config(BatchConfig, path).ingest
    assert ingest is not None
    assert ingest.trust
