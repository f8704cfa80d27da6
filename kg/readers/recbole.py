"""RecBole's atomic files: one folder with ``.inter``, ``.item``, ``.user``, ``.kg`` and ``.link``.

Names and kinds of entities, for which RecBole has no file, are in ``.ent`` (:func:`kg.flat.export_recbole`).
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any

from kg.errors import ReadError
from kg.folders import refuse_address
from kg.readers.archives import archive_at, check_names
from kg.readers.form import SUITS, Form
from kg.readers.open import open_table
from kg.readers.rows import Rows
from kg.readers.social import read_social
from kg.readers.stream import Trusted, trusted
from kg.readers.table import read_events, read_items, read_users
from kg.readers.triples import read_entities, read_links, read_triples
from kg.records import Record, Reject, Scale

Folder = Path | zipfile.Path


def read_recbole(
    source: str | os.PathLike[str] | zipfile.Path | Trusted,
    *,
    kind: str | None = None,
    scale: Scale | None = None,
    form: Form | None = None,
) -> Iterator[Record | Reject]:
    """Everything in a folder of atomic files, plain, ``.gz`` or ``.zst``: people, items, entities, triples, links,
    then events.

    ``source`` may also be a zip archive or a wheel with one such folder in it, a folder in an archive
    (``recbole-1.2.1-py3-none-any.whl/recbole/dataset_example/ml-100k``), or a ``zipfile.Path``. Several files of a kind
    (``x.train.inter``, ``x.valid.inter``) are all read. An event is ``RATED`` when it has a value; its scale is not
    declared unless ``scale`` says it. A form speaks of each file as far as
    that has the columns. Columns of ``.item`` and ``.user`` are used as :mod:`kg.readers.guess` says.

    Raises:
        ReadError: no such folder, no atomic file in it, a file that cannot be read (any further), or a column of the
            form that no file has.
        RecordError: the form states what says nothing of atomic files.
    """
    form = form or Form()
    form.must_suit("atomic files")
    trust = isinstance(source, Trusted)
    members = _members(_folder(source.file if isinstance(source, Trusted) else source))
    forms = _forms(form, [own for files in members.values() for own in files])
    for suffix, read in _READERS.items():
        for own in members.get(suffix, []):
            member, its = trusted(own, trust), forms.get(own, form)
            if suffix == ".inter":
                yield from read_events(member, kind=kind, scale=scale, form=its)
            else:
                suits = SUITS[_SUITING[suffix]]
                yield from read(member, form=Form(**{name: own for name, own in its.stated().items() if name in suits}))


def interactions(source: str | os.PathLike[str] | zipfile.Path | Trusted) -> Rows | None:
    """The first table of events in a folder, opened; None where it has none.

    Raises:
        ReadError: as :func:`read_recbole`.
    """
    files = _members(_folder(source.file if isinstance(source, Trusted) else source)).get(".inter")
    return open_table(trusted(files[0], isinstance(source, Trusted))) if files else None


def _forms(form: Form, files: Sequence[Any]) -> dict[Any, Form]:
    """By file what the form states of its columns.

    Raises:
        ReadError: it speaks of a column that none of them has.
    """
    if form.of_columns(lambda _: False) == form:
        return {}
    tables = {file: open_table(file, Form(encoding=form.encoding)) for file in files if _suffix(file.name) in _READERS}
    for table in tables.values():
        table.close()

    def had(column: str) -> bool:
        return any(table.has(column) for table in tables.values())

    if form.of_columns(had) != form:
        wrong = next(column for column in form.named() if not had(column))
        there = ", ".join(dict.fromkeys(column for table in tables.values() for column in table.columns))
        raise ReadError(str(next(iter(tables))), f"and its like have no column {wrong!r}; the columns are: {there}")
    return {file: form.of_columns(table.has) for file, table in tables.items()}


_SUITING = {".user": "users", ".item": "items", ".ent": "triples", ".kg": "triples", ".link": "links", ".net": "social"}
_READERS: dict[str, Callable[..., Iterator[Record | Reject]]] = {
    ".user": read_users,
    ".item": read_items,
    ".ent": read_entities,
    ".kg": read_triples,
    ".link": read_links,
    ".net": read_social,
    ".inter": read_events,
}


def _folder(source: Any) -> Folder:
    if isinstance(source, zipfile.Path):
        check_names(source.root)
        return source if source.at else _only_folder(source)
    refuse_address(source)
    path = Path(source)
    if path.is_dir():
        return path
    archive = next((parent for parent in (path, *path.parents) if parent.is_file()), None)
    if archive is None:
        raise ReadError(str(path), "no such folder")
    if not zipfile.is_zipfile(archive):
        raise ReadError(str(archive), "is a file and no archive; a folder of atomic files is needed")
    inside = path.relative_to(archive).as_posix()
    root = archive_at(archive)
    return _only_folder(root) if inside == "." else root / f"{inside}/"


def _only_folder(root: zipfile.Path) -> zipfile.Path:
    """The one folder of an archive that holds an ``.inter`` file."""
    folders = sorted({str(PurePath(name).parent) for name in root.root.namelist() if _suffix(name) == ".inter"})
    if len(folders) != 1:
        names = f"several folders ({', '.join(folders[:10])}): name one" if folders else "no .inter file"
        raise ReadError(str(root), f"the archive has {names}")
    return zipfile.Path(root.root, "" if folders[0] == "." else f"{folders[0]}/")


def atomic_files(folder: Path) -> list[Any]:
    """The files of a folder that :func:`read_recbole` reads.

    Raises:
        ReadError: there is none.
    """
    members = _members(folder)
    return [member for suffix in _READERS for member in members.get(suffix, [])]


def _members(folder: Folder) -> dict[str, list[Any]]:
    members: dict[str, list[Any]] = {}
    files: list[Any] = list(folder.iterdir()) if folder.is_dir() else []
    # Of members of one name, an archive holds the last.
    for _, member in sorted({file.name: file for file in files}.items()):
        if member.is_file():
            members.setdefault(_suffix(member.name), []).append(member)
    if not members.keys() & _READERS.keys():
        raise ReadError(str(folder), f"no atomic file is here ({', '.join(_READERS)}; also .gz and .zst)")
    return members


def _suffix(name: str) -> str:
    return PurePath(name.removesuffix(".gz").removesuffix(".zst")).suffix
