"""TOML into config dataclasses: what is known is taken, everything else is an error that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from recommender.configured import read_config
from recommender.errors import InvalidInput
from recommender.refresh.batch import BatchConfig

GOOD = """
store = "neo4j://graph:7687"
threads = 2
[ingest]
events = "today.csv"
scale = [1, 5]
mapping = { user = "customer", item = "sku" }
[refresh]
tune_seconds = 60
trials = "models/good"
[refresh.split]
protocol = "random"
[refresh.profiles.tags]
"""


def test_tables_become_dataclasses(tmp_path: Path) -> None:
    path = tmp_path / "refresh.toml"
    path.write_text(GOOD)
    config = read_config(BatchConfig, path)
    assert (config.store, config.threads, config.seed) == ("neo4j://graph:7687", 2, 0)
    assert config.ingest is not None
    assert (config.ingest.events, config.ingest.scale) == (Path("today.csv"), (1.0, 5.0))
    assert config.ingest.mapping is not None
    assert config.ingest.mapping.item == "sku"
    assert (config.refresh.tune_seconds, config.refresh.split.protocol) == (60.0, "random")
    assert config.refresh.trials == Path("models/good")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stor = 1", r"there is no key 'stor'; there are store, work, "),
        ("[refresh]\nkeeep = 2", r"refresh: there is no key 'keeep'; .*keep"),
        ("[refresh]\nkeep = 2.5", r"refresh: keep = 2.5 is not int"),
        ("[refresh]\nkeep = true", r"refresh: keep = True is not int"),
        ("[refresh.split]\nprotocol = 'monthly'", r"refresh: split: protocol = 'monthly' is not 'temporal' or"),
        ("[refresh]\ntolerance = 5", r"tolerance = 5.0; it is a share"),
        (
            "[refresh]\ntune_seconds = -1",
            r"the budget, tune_seconds, = -1.0; seconds of tuning are a number of at least 0",
        ),
        ("[refresh]\nkeep = 0", r"keep = 0; a whole number of at least 1 is needed"),
        ("[ingest.item_mapping]\ntitle = 'name'", r"ingest: item_mapping: .*missing .*'id'"),
        ("store = ", r"is no TOML file"),
    ],
)
def test_what_is_not_known_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "refresh.toml"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=message):
        read_config(BatchConfig, path)
    with pytest.raises(InvalidInput, match="cannot read"):
        read_config(BatchConfig, tmp_path / "nothing.toml")
