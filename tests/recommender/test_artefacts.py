"""Artefacts: sealed, renamed into place, and refused when a byte has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from recommender import artefacts
from recommender.errors import ArtefactError


def write(folder: Path, content: bytes = b"weights") -> None:
    with artefacts.writing(folder, {"version": "1"}) as (partial, manifest):
        (partial / "inner").mkdir()
        (partial / "inner" / "tensors").write_bytes(content)
        manifest["figure"] = 0.5


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    write(tmp_path / "a")
    manifest = artefacts.read_manifest(tmp_path / "a")
    assert (manifest["version"], manifest["figure"]) == ("1", 0.5)
    assert list(manifest["files"]) == ["inner/tensors"]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("position", [0, 3, 6])
def test_a_flipped_byte_is_named(tmp_path: Path, position: int) -> None:
    write(tmp_path / "a")
    path = tmp_path / "a" / "inner" / "tensors"
    damaged = bytearray(path.read_bytes())
    damaged[position] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(ArtefactError, match=r"inner/tensors is damaged.*models rollback"):
        artefacts.read_manifest(tmp_path / "a")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a")
    (tmp_path / "a" / "inner" / "tensors").unlink()
    with pytest.raises(ArtefactError, match="inner/tensors is missing"):
        artefacts.read_manifest(tmp_path / "a")


def test_an_interrupted_write_leaves_the_old_artefact(tmp_path: Path) -> None:
    write(tmp_path / "a", b"old")

    def interrupted() -> None:
        with artefacts.writing(tmp_path / "a", {}) as (partial, _):
            (partial / "half").write_bytes(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (tmp_path / "a" / "inner" / "tensors").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_leftovers_of_a_killed_write_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.partial").mkdir()
    (tmp_path / "a.partial" / "rubbish").write_bytes(b"?")
    write(tmp_path / "a")
    assert list(artefacts.read_manifest(tmp_path / "a")["files"]) == ["inner/tensors"]


def test_a_folder_without_manifest_is_no_artefact(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert not artefacts.exists(tmp_path / "a")
    with pytest.raises(ArtefactError, match="not complete"):
        artefacts.read_manifest(tmp_path / "a")


@pytest.mark.parametrize("text", ['{"format": 99, "files": {}}', "{", "\xff"])
def test_another_format_and_a_damaged_manifest_are_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path / "a")
    (tmp_path / "a" / artefacts.MANIFEST).write_bytes(text.encode("latin-1"))
    with pytest.raises(ArtefactError, match=r"format 99|is damaged"):
        artefacts.read_manifest(tmp_path / "a")
