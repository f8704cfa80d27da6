"""Zip archives, whose lists of members are bounded before anything is made of them."""

from __future__ import annotations

import io
import os
import zipfile

from kg.errors import ReadError, TooMuch, short

MAX_DIRECTORY_BYTES = 4 * 2**20
"""Of what an archive says of its members, some 50,000; each of its bytes becomes ten."""
MAX_NAME_BYTES = 1024
"""Of one member's name, with its folders ..."""
MAX_DEPTH = 32
"""... of which there are so many at most: each is a name of its own in memory."""


def archive_at(path: str | os.PathLike[str]) -> zipfile.Path:
    """The root of an archive.

    Raises:
        ReadError: it is damaged.
        TooMuch: its list of members is too long, or a name in it.
    """
    try:
        with _Directory(os.fspath(path)) as file, zipfile.ZipFile(file) as directory:
            check_names(directory)
        return zipfile.Path(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise ReadError(str(path), f"is a damaged zip archive: {error}") from error


def check_names(archive: zipfile.ZipFile) -> None:
    """Refuse names of members that make up more folders than any honest archive has.

    Raises:
        TooMuch: one does.
    """
    for member in archive.infolist():
        name = member.filename
        if len(name.encode(errors="replace")) > MAX_NAME_BYTES or name.count("/") > MAX_DEPTH:
            limits = f"{MAX_NAME_BYTES} bytes or {MAX_DEPTH} folders"
            raise TooMuch(str(archive.filename), f"a member's name has over {limits}: {short(name)}")


class _Directory(io.FileIO):
    """An archive of which no more than the list of its members is read at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_DIRECTORY_BYTES:
            raise TooMuch(str(self.name), f"the archive's list of members has over {MAX_DIRECTORY_BYTES // 2**20} MiB")
        return super().read(size)
