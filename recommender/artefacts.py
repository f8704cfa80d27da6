"""Artefacts on disk: a folder with a manifest that names every file and its hash, renamed into place when complete.

A folder without a manifest is not an artefact: whatever was killed while it wrote leaves only a ``*.partial`` folder,
which the next refresh removes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from kg.access import make_folder, own_all
from kg.folders import plain_name, remove_all, sync
from recommender.errors import ArtefactError

FORMAT = 4
"""Version of artefacts, of their layout and of what their numbers mean; another one is refused."""
MANIFEST = "manifest.json"


@contextmanager
def writing(folder: Path, manifest: Mapping[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Write an artefact: fill the folder that is given, add to the manifest, and it is sealed and renamed at the end.

    An exception inside leaves nothing behind. An artefact that exists already is replaced.
    """
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    make_folder(folder.parent)
    make_folder(partial)
    contents = dict(manifest)
    try:
        yield partial, contents
        files = sorted(path for path in partial.rglob("*") if path.is_file())
        sums = {path.relative_to(partial).as_posix(): _digest(path) for path in files}
        text = json.dumps({"format": FORMAT, **contents, "files": sums}, indent=1, sort_keys=True)
        (partial / MANIFEST).write_text(text)
        own_all(partial)
        for path in [*files, partial / MANIFEST, *(path for path in partial.rglob("*") if path.is_dir()), partial]:
            sync(path)
        if folder.exists():
            shutil.rmtree(folder)
        partial.rename(folder)
        sync(folder.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def read_manifest(folder: Path, *, verify: bool = True) -> dict[str, Any]:
    """The manifest of an artefact, after each of its files was compared with its hash.

    Raises:
        ArtefactError: no such artefact, a file is missing or changed, or another version wrote it.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        _check(manifest)
    except FileNotFoundError:
        raise ArtefactError(f"{folder} is not complete: it has no {MANIFEST}; run 'tastegraph refresh'") from None
    except (ValueError, RecursionError):  # ValueError: no JSON, no UTF-8, or not what a manifest says
        raise ArtefactError(f"{folder / MANIFEST} is damaged; remove {folder} and run 'tastegraph refresh'") from None
    if manifest.get("format") != FORMAT:
        found = manifest.get("format")
        raise ArtefactError(f"{folder} has format {found}, this version reads {FORMAT}; run 'tastegraph refresh'")
    if verify:
        for name, digest in manifest["files"].items():
            path = folder / name
            if (state := _state(folder, name, digest)) is not None:
                raise ArtefactError(f"{path} {state}; {_ADVICE}")
        if strays := _files(folder) - manifest["files"].keys() - {MANIFEST}:
            raise ArtefactError(f"{folder} holds {min(strays)!r}, which its {MANIFEST} does not name; {_ADVICE}")
    return dict(manifest)


_ADVICE = "run 'tastegraph models rollback' for the version before, or 'tastegraph refresh'"


def _check(manifest: Any) -> None:
    """Refuse what is no manifest at all, and names that lead out of its folder; that of another version stays."""
    if not isinstance(manifest, dict):
        raise ValueError(manifest)
    files = manifest.get("files")
    named = isinstance(files, dict) and all(plain_name(name) and isinstance(files[name], str) for name in files)
    if manifest.get("format") == FORMAT and not named:
        raise ValueError(files)


def _state(folder: Path, name: str, digest: str) -> str | None:
    """What is wrong with a file; None where nothing is."""
    path = folder / name
    if path.resolve() != folder.resolve() / name:
        return "is a link or lies behind one"
    if not path.is_file():
        return "is missing"
    return None if _digest(path) == digest else "is damaged"


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def exists(folder: Path) -> bool:
    """Whether a complete artefact stands here."""
    return (folder / MANIFEST).is_file()


def remove(folder: Path) -> dict[str, str]:
    """Remove an artefact: first its manifest, so that a crash leaves no half that looks whole.

    Gives what stays, and why, as :func:`kg.folders.remove_all` does.
    """
    if not folder.is_symlink():
        with suppress(OSError):  # what keeps it keeps the folder too
            (folder / MANIFEST).unlink()
    return remove_all(folder)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
