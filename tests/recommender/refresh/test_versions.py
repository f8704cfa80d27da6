"""Folders of versions on the disk."""

from __future__ import annotations

from pathlib import Path

from kg.engines import open_store
from recommender.refresh import versions


def test_what_no_version_needs_is_removed_and_a_stray_file_is_left(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "store"), create=True) as store:
        models = store.work / "models"
        (models / "killed").mkdir(parents=True)
        (models / ".DS_Store").touch()
        versions.sweep(store)
        assert [path.name for path in models.iterdir()] == [".DS_Store"]
