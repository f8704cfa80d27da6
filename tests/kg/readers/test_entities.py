"""Tables of entities of one kind: what they are called, and what they are within."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.errors import ReadError
from kg.readers import EntityMapping, ItemMapping, read_entities, read_items
from kg.readers.form import Form
from kg.records import EntityRecord, ItemRecord, Reject, Triple
from tests.recommender.sources.facts import facts


def test_names_and_what_they_are_within(tmp_path: Path) -> None:
    (tmp_path / "tree.csv").write_text(
        "code,label,up\n1,Garden &amp; Home,\n12,Tools,1\n3,NA,1|12\n,Lost,1\n1,Garden,1\n"
    )
    found = read_entities(tmp_path / "tree.csv", EntityMapping("code", "category", "label", "up"))
    assert facts(found) == [
        ("entity", "category:1", "Garden & Home", "category"),
        ("entity", "category:12", "Tools", "category"),
        ("triple", "category:12", "WITHIN", "category:1"),
        ("entity", "category:3", "NA", "category"),
        ("triple", "category:3", "WITHIN", "category:1"),
        ("triple", "category:3", "WITHIN", "category:12"),
        ("rejected", "tree.csv", 5, "code"),
        ("entity", "category:1", "Garden", "category"),  # within itself, which is nothing
    ]


def test_they_are_the_entities_that_attributes_name(tmp_path: Path) -> None:
    (tmp_path / "authors.tsv").write_text("7\tZoë\n")
    (tmp_path / "books.csv").write_text("id,author_id\nb,7\n")
    (author,) = read_entities(
        tmp_path / "authors.tsv", EntityMapping("number", "Author", "name"), form=Form(columns=("number", "name"))
    )
    (book,) = read_items(tmp_path / "books.csv", ItemMapping("id", attributes=("author_id:WRITTEN_BY=author",)))
    assert isinstance(author, EntityRecord) and isinstance(book, ItemRecord)  # noqa: PT018
    assert [author.id] == [own.entity_id for own in book.attributes] == ["author:7"]


def test_without_a_name_it_goes_by_its_id(tmp_path: Path) -> None:
    (tmp_path / "tree.csv").write_text("1,2\n")
    (own, edge) = read_entities(tmp_path / "tree.csv", EntityMapping("1", "category", within="2"))
    assert own == EntityRecord("category:1", "1", "category")
    assert edge == Triple("category:1", "WITHIN", "category:2")
    assert not isinstance(own, Reject)


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "tree.csv").write_text("code,label\n1,Garden\n")
    with pytest.raises(ReadError, match="there is no column 'name'; the columns are: code, label"):
        list(read_entities(tmp_path / "tree.csv", EntityMapping("code", "category", "name")))
    optional = EntityMapping("code", "category", "name?", "parent?")
    assert list(read_entities(tmp_path / "tree.csv", optional)) == [EntityRecord("category:1", "1", "category")]
