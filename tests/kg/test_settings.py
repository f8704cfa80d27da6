"""Files of settings, by each of their readers: maps of adoption, links of RDF, configurations and reasons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kg.adoption import Adoption
from kg.errors import GraphError, ReadError
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
        pytest.param(b"a = " + b"9" * 5_000, "a number has thousands of digits", id="number"),
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


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("map", "attributes = {}"),
        ("map", "[person]\nlabel = {}"),
        ("links", "[items]\niri = {}"),
        ("configuration", "device = {}"),
        ("configuration", "[ingest]\nscale = [{}]"),
    ],
)
def test_a_number_that_cannot_be_written_is_refused_by_its_name(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(content.format("0x" + "f" * 100_000))
    with pytest.raises((GraphError, InvalidInput), match=r"attributes|person|iri|device|scale") as found:
        READERS[name](tmp_path / "settings.toml")
    assert len(str(found.value)) < 500
    assert "Exceeds" not in str(found.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[items]\niri = 5", "items: iri: 5 is neither text nor a list"),
        ("[items]\niri = 1979-05-27T07:32:00Z", "items: iri: .* is neither text nor a list"),
        ("[items]\niri = 'http://shop.example/'", "items: iri: .*one {id} in it"),
        ("[items]\nclass = 3.5", "items: class: 3.5 is neither"),
        ("[items]\nid = ['ex:a']", r"items: id: \['ex:a'\] is not text"),
        ("[title]\npredicates = true", "title: predicates: True is neither"),
        ("[title]\npredicates = {'rdfs:label' = 1}", "title: predicates: .* is neither"),
        ("[text]\nlanguages = 7", "text: languages: 7 is neither"),
        ("[other]\ndrop = {}", "other: drop: {} is neither"),
        ("[other]\nrelations = 1", "other: relations: 1 is not true or false"),
        ("[prefixes]\nex = 'no iri'", "prefixes: ex: 'no iri' is no IRI"),
        ("[kinds]\n'' = 'x'", "kinds: .no name.: '' is no IRI"),
        ("[kinds]\n'dbo:P' = ''", "kinds: dbo:P: '' can be no kind"),
        ("[kinds]\n'dbo:P' = ' '", "kinds: dbo:P: ' ' can be no kind"),
        ("[kinds]\n'dbo:P' = 'a<b>c</b>'", "kinds: dbo:P: .* can be no kind"),
        ("[kinds]\n'dbo:P' = 'a'\n'http://dbpedia.org/ontology/P' = 'b'", "stands there twice"),
        ("[relations]\n'dbo:a' = 'A'\n'http://dbpedia.org/ontology/a' = 'B'", "stands there twice"),
        ("[relations]\n'dbo:a' = {name = 5}", "relations: dbo:a: 5 is not text"),
        ("[properties]\n'dbo:a' = {name = 'x', language = []}", r"properties: dbo:a: \[\] is not text"),
    ],
)
def test_a_link_of_another_type_is_refused_by_its_key(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(content)
    with pytest.raises(ReadError, match=f"map.toml: .*{said}"):
        read_mapping(tmp_path / "map.toml")


def test_a_byte_order_mark_and_the_line_ends_of_windows_are_nothing(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\n[b]\r\nc = 'd'\r\n")
    assert settings_of(path) == {"a": 1, "b": {"c": "d"}}


@pytest.mark.parametrize("content", ["[refresh.drift]\nchanged = nan", "[ingest]\nscale = [1.0, nan]"])
def test_a_setting_that_is_no_number_is_refused(content: str, tmp_path: Path) -> None:
    """NaN is neither below nor above any bound: a refresh with such a share never fitted all anew."""
    (tmp_path / "settings.toml").write_text(content)
    with pytest.raises(InvalidInput, match=r"settings.toml.*= nan is not float"):
        read_config(BatchConfig, tmp_path / "settings.toml")
