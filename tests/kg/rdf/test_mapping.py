"""Mappings and their vocabulary: what the documentation says is what is done, and IRIs lead back to ids."""

from __future__ import annotations

import re
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.rdf.mapping import SCHEMA_CLASSES, SCHEMA_KINDS, SCHEMA_PROPERTIES, SCHEMA_RELATIONS, RdfMapping
from kg.rdf.mapping_file import read_mapping
from kg.rdf.read import read_rdf
from kg.rdf.terms import PREFIXES, Pattern, is_iri, local_name
from kg.records import Triple

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docs" / "rdf.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("table", [SCHEMA_RELATIONS, SCHEMA_PROPERTIES, SCHEMA_KINDS, SCHEMA_CLASSES])
def test_every_term_is_documented(table: dict[str, object] | frozenset[str]) -> None:
    for iri in table:
        assert re.search(rf"`(schema:)?{local_name(iri)}`", TEXT), iri


def test_the_documented_mapping_is_one(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    (tmp_path / "map.toml").write_text(example)
    mapping = read_mapping(tmp_path / "map.toml")
    dbo = PREFIXES["dbo"]
    assert mapping.node("http://shop.example/item/7") == ("Item", "7")
    assert mapping.item_id == "http://shop.example/terms/sku"
    assert mapping.role(f"{dbo}notableWork")[1:3] == ("AUTHOR", True)
    assert mapping.role(f"{dbo}wikiPageID").means.value == "drop"
    assert mapping.kinds[f"{dbo}Writer"] == "writer"
    assert mapping.properties[f"{dbo}releaseYear"].datatype == PREFIXES["xsd"] + "gYear"
    assert (mapping.other_relations, mapping.other_properties) == (True, False)


@given(id=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20).filter(str.strip))
def test_an_iri_leads_back_to_its_id(id: str) -> None:
    for pattern in (*RdfMapping().item_iris, Pattern.parse("http://shop/{id}/page")):
        iri = pattern.iri(id)
        assert is_iri(iri)
        assert pattern.id(iri) == id


def test_iris_that_differ_are_ids_that_differ() -> None:
    """Of other escapes than UTF-8's, and of what stands bare, the id is the IRI; each leads back to where it was."""
    ends = ["caf%E9", "caf%E8", "caf%25E9", "caf%C3%A9", "a%2Fb", "a/b", "a%252Fb", "a?b", "a%3Fb", "a#b", "100%25"]
    for pattern in (Pattern.parse("http://shop/{id}"), Pattern.parse("urn:tastegraph:item:{id}")):
        ids = {end: pattern.id(pattern.before + end) for end in ends}
        assert len(set(ids.values())) == len(ends)
        assert (ids["a%2Fb"], ids["caf%C3%A9"]) == ("a/b", "café")
        assert [pattern.id(pattern.iri(str(id))) for id in ids.values()] == list(ids.values())


def test_memory_does_not_grow_with_the_statements(tmp_path: Path) -> None:
    path = tmp_path / "many.nt"
    path.write_text("".join(f"<http://e/{n % 97}> <http://e/p{n % 89}> <http://e/{n % 83}> .\n" for n in range(30_000)))
    tracemalloc.start()
    count = sum(isinstance(record, Triple) for record in read_rdf(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 30_000
    assert peak < 8 * 2**20  # the statements alone take more when they are held
