"""Files of settings, by each of their readers: maps of adoption, links of RDF, configurations and reasons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kg.adoption import Adoption
from kg.errors import GraphError
from kg.folders import DOTS, SETTINGS_BYTES, settings_of
from kg.rdf.mapping_file import read_mapping
from recommender.configured import read_config
from recommender.errors import InvalidInput
from recommender.refresh.batch import BatchConfig

READERS: dict[str, Callable[[Path], Any]] = {
    "map": Adoption.read,
    "links": read_mapping,
    "configuration": lambda path: read_config(BatchConfig, path),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"a = '" + b"x" * SETTINGS_BYTES + b"'", "over 1 MiB", id="long"),
        pytest.param(b"a = " + b"[" * 100_000 + b"]" * 100_000, "recursion|deeper", id="deep"),
        pytest.param(b"a" + b".a" * 200_000 + b" = 1", f"more than {DOTS} dots .at line 1", id="dotted"),
        pytest.param(b"x = 1\n[a" + b".a" * 200_000 + b"]", f"more than {DOTS} dots .at line 2", id="table"),
        pytest.param(b"a = {a" + b".a" * 200_000 + b" = 1}", "dots", id="inline"),
        pytest.param(b"a = '\xff'", "utf-8|UTF-8", id="latin"),
        pytest.param(b"a = ", "at line 1|end of document", id="cut"),
        pytest.param(b"x = 1\nx = 2", "overwrite a value", id="twice"),
    ],
)
def test_what_is_no_file_of_settings_is_refused_at_once(
    read: Callable[[Path], Any], content: bytes, said: str, tmp_path: Path
) -> None:
    (tmp_path / "settings.toml").write_bytes(content)
    with pytest.raises((GraphError, InvalidInput), match=f"settings.toml.*({said})"):
        read(tmp_path / "settings.toml")


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_file_without_an_end_is_refused(read: Callable[[Path], Any]) -> None:
    with pytest.raises((GraphError, InvalidInput), match=r"/dev/zero.*over 1 MiB, or has no end"):
        read(Path("/dev/zero"))


def test_a_byte_order_mark_and_the_line_ends_of_windows_are_nothing(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\n[b]\r\nc = 'd'\r\n")
    assert settings_of(path) == {"a": 1, "b": {"c": "d"}}
