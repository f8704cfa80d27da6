"""What a source is made of: the files of a folder or a pattern, the members of a zip archive."""

from __future__ import annotations

import glob
import os
import zipfile
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from kg.errors import ReadError, TooMuch
from kg.readers.archives import archive_at
from kg.readers.rows import Row, Rows
from kg.readers.stream import Openable, Trusted, bare, name_of, starts_with, trusted
from kg.records import Reject

MAX_PARTS = 100_000
"""Files of one source."""
_ZIP = b"PK\x03\x04"
_NO_PARTS = ("__MACOSX/", ".", "_")
"""What names begin with that are no data: ``.DS_Store``, ``_SUCCESS``."""


def is_file(source: Any) -> bool:
    """Whether a source is a path or a member of an archive."""
    if isinstance(source, str | os.PathLike | Trusted):
        return True
    # A data frame of share prices has a column called "open", and a name.
    return isinstance(source, Openable) and not hasattr(source, "columns")


def can_be_read_again(source: Any) -> bool:
    """Whether a source gives the same rows a second time: regular files, a table in memory, but no iterator.

    >>> can_be_read_again([{"id": "a"}]), can_be_read_again(iter([])), can_be_read_again(None)
    (True, False, False)
    """
    source = bare(source)
    if isinstance(source, str | os.PathLike):
        return not os.path.lexists(source) or os.path.isdir(source) or os.path.isfile(source)
    if isinstance(source, list | tuple) and source and all(map(is_file, source)):
        return all(map(can_be_read_again, source))
    return source is not None and not isinstance(source, Iterator) and not hasattr(source, "read")


def parts_of(source: Any) -> list[Any]:
    """The files that make one source, in the order of their names; any other source is its own part.

    Raises:
        ReadError: a folder or a pattern without files, or an archive of several, none of which was named.
    """
    if isinstance(source, list | tuple) and source and all(map(is_file, source)):
        return [part for one in source for part in parts_of(one)]
    if not is_file(source):
        return [source]
    trust = isinstance(source, Trusted)
    file: Any = bare(source)
    if isinstance(file, str | os.PathLike):
        found = _of_path(os.fspath(file))
    elif isinstance(file, zipfile.Path) and file.is_dir():
        found = _members(file)
    else:
        found = [file]
    if len(found) > MAX_PARTS:
        raise TooMuch(name_of(file), f"has over {MAX_PARTS} files")
    return [trusted(one, trust) for one in found]


def files_in(path: str) -> list[str]:
    """The files of a folder or of an archive of several, as they are named alone; none of anything else."""
    if os.path.isdir(path):
        return [str(one) for one in sorted(Path(path).iterdir()) if one.is_file() and _counts(one.name)]
    if not os.path.isfile(path) or not starts_with(path, _ZIP):
        return []
    names = _names(archive_at(path).root)
    return [f"{path}/{name}" for name in names] if len(names) > 1 and "[Content_Types].xml" not in names else []


def _of_path(path: str | bytes) -> list[Any]:
    name = name_of(os.fsdecode(path))
    text = os.fsdecode(path)
    try:
        if os.path.isdir(text):
            found = [str(one) for one in sorted(Path(text).iterdir()) if one.is_file() and _counts(one.name)]
            if not found:
                raise ReadError(name, "is a folder, and holds no files")
            return [part for one in found for part in _of_path(one)]
        if os.path.isfile(text):
            return _members(archive_at(text)) if starts_with(text, _ZIP) else [text]
        if os.path.lexists(text):
            return [text]
        inside = _inside(text)
        if inside is None and glob.has_magic(text):
            found = sorted(one for one in glob.glob(text, recursive=True) if os.path.isfile(one))
            if not found:
                raise ReadError(name, "no file has such a name")
            return [part for one in found for part in _of_path(one)]
    except (OSError, ValueError):  # said when it is opened
        return [text]
    return [text] if inside is None else inside


def _inside(path: str) -> list[Any] | None:
    """The member of an archive that ``x.zip/member.csv`` names, or the members of a folder in it."""
    whole = Path(path)
    archive = next((parent for parent in whole.parents if parent.is_file()), None)
    if archive is None or not starts_with(archive, _ZIP):
        return None
    member = archive_at(str(archive)) / whole.relative_to(archive).as_posix()
    if member.is_file():
        return [member]
    folder = archive_at(str(archive)) / f"{whole.relative_to(archive).as_posix()}/"
    members = sorted(folder.iterdir(), key=str) if folder.exists() else []
    if found := [one for one in members if one.is_file() and _counts(one.name)]:
        return list(found)
    names = ", ".join(_names(member.root)[:20])
    raise ReadError(name_of(path), f"no such member; the archive holds: {names}")


def _members(root: zipfile.Path) -> list[Any]:
    """The only member of an archive.

    Raises:
        ReadError: there are several, or none.
    """
    name, members = str(root).rstrip("/"), _names(root.root, root.at)
    if "[Content_Types].xml" in members:
        raise ReadError(name, "is a spreadsheet or a document, which is a zip archive: save it as CSV")
    if len(members) != 1:
        some = (
            f"{len(members)} files ({', '.join(members[:20])}): name one, as {name}/{members[0]}"
            if members
            else "no file"
        )
        raise ReadError(name, f"the zip archive holds {some}")
    return [zipfile.Path(root.root, members[0])]


def _names(archive: Any, folder: str = "") -> list[str]:
    names: list[str] = sorted(archive.namelist())
    return [
        name
        for name in names
        if name.startswith(folder) and not name.endswith("/") and _counts(name.rsplit("/")[-1]) and _counts(name)
    ]


def _counts(name: str) -> bool:
    return not name.startswith(_NO_PARTS)


class PartRows(Rows):
    """The rows of several files one after another, each with its own header; a row's line is that in its file.

    Of parts without a header, such as JSON lines, some may have columns that others have not.

    Raises:
        ReadError: a file has other columns than the first; what stands before it has been given.
    """

    def __init__(self, parts: Sequence[Any], open_part: Callable[[Any], Rows]) -> None:
        self._parts = parts
        self._open = open_part
        self._first = open_part(parts[0])
        self._names: tuple[str, ...] | None = None
        self._further: set[str] = set()  # columns that only later parts have
        super().__init__(self._first.name, self._first.columns, self._first.types)
        self.is_complete = self._first.is_complete

    @property
    def begins_with_data(self) -> bool:
        return self._first.begins_with_data

    @property
    def lacks_header(self) -> bool:
        return self._first.lacks_header

    def has(self, column: str) -> bool:
        return self._first.has(column) or column in self._further

    def look_on(self, columns: Collection[str]) -> None:
        self._first.look_on(columns)
        left = {column for column in columns if not self._first.has(column)}
        for part in self._parts[1:] if self.lacks_header else ():
            if not left:
                break
            rows = self._opened(part)
            rows.look_on(left)
            found = {column for column in left if rows.has(column)}
            self._further |= found
            left -= found
            rows.close()

    def headerless(self, names: Sequence[str] = ()) -> Rows:
        self._names = tuple(names)
        self._first = self._first.headerless(names)
        self.columns = self._first.columns
        return self

    def select(self, columns: Sequence[str | None]) -> Iterator[Row | Reject]:
        if "#" in columns or "#0" in columns:
            raise ReadError(self.name, "rows are numbered (#) in one file only: read its parts one by one")
        for place, part in enumerate(self._parts):
            rows = self._opened(part) if place else self._first
            self.name, rows.keeps, rows.ids = rows.name, self.keeps, self.ids
            missing = [column for column in columns if column is not None and not rows.has(column)]
            if missing and rows.lacks_header:
                rows.look_on(missing)
            elif missing:
                raise ReadError(
                    rows.name,
                    f"has no column {missing[0]!r}, which {self._first.name} has: parts have the same columns",
                    1,
                )
            there = [column if column is None or rows.has(column) else None for column in columns]
            yield from rows.select(there if missing else columns)

    def _opened(self, part: Any) -> Rows:
        rows = self._open(part)
        return rows if self._names is None else rows.headerless(self._names)
