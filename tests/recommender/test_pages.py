"""Pages and pictures turn no direction of reading, fetch nothing, and appear complete or not at all."""

from __future__ import annotations

import pickle
import resource
from pathlib import Path

import networkx as nx
import pytest

from kg.bolt import BoltStore
from kg.errors import StoreError
from recommender.drawing import draw
from recommender.errors import RecommenderError
from recommender.facade.recommender import Recommender
from recommender.pages import render, write

TURNS = "".join(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C]))


def test_a_page_holds_nothing_that_turns_its_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "package_of_pages"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "page.j2").write_text(
        "{{ title }}, {% for name, value in more.items() %}{{ name }}{{ value }}{% endfor %}"
    )
    monkeypatch.syspath_prepend(tmp_path)
    more = {f"a{TURNS}": f"<b{TURNS}>"}
    assert render("package_of_pages", "page.j2", {"title": f"x{TURNS}y", "more": more}) == "xy, a&lt;b&gt;"


@pytest.mark.parametrize("suffix", ["svg", "html"])
def test_a_picture_turns_nothing_and_names_nothing_on_the_net(tmp_path: Path, suffix: str) -> None:
    graph = nx.MultiDiGraph()
    graph.add_edge(f"ann{TURNS}", "bob", label=f"likes{TURNS}")
    place = tmp_path / f"drawn.{suffix}"
    draw(graph, place, title=f"Why{TURNS}")
    text = place.read_text()
    assert "ann" in text
    assert "likes" in text
    assert not {*TURNS} & {*text}
    assert "DOCTYPE svg" not in text
    assert ".dtd" not in text
    assert "src=" not in text


@pytest.mark.parametrize("before", [None, b"as it was"])
def test_a_page_is_written_complete_or_not_at_all(tmp_path: Path, before: bytes | None) -> None:
    place = tmp_path / "page.html"
    if before is not None:
        place.write_bytes(before)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            write(place, b"x" * 5_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == ([] if before is None else [before])
    write(place, b"x" * 5_000)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"x" * 5_000]


@pytest.mark.embedded
def test_what_holds_an_open_graph_is_not_pickled(store: BoltStore) -> None:
    with pytest.raises(RecommenderError, match="neither pickled nor copied"):
        pickle.dumps(Recommender(store))
    with pytest.raises(StoreError, match="neither pickled nor copied"):
        pickle.dumps(store)
