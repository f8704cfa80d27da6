"""Who may read what we write of people: the user whose process writes it, and whom ``TASTEGRAPH_SHARED`` names besides.

As Git's ``core.sharedRepository``: nothing (files 0600, folders 0700, whatever the process's umask is), ``group`` (0660
and 2770, so that what is made in a folder belongs to its group), or ``umask`` (as the process's umask says).
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from kg.errors import StoreError

log = logging.getLogger(__name__)

SHARED = "TASTEGRAPH_SHARED"
"""The variable that widens access."""
TRUSTED = "text-models.jsonl"
"""In a working directory: the text models by which it was refreshed, one JSON text a line."""
_MODES = {"": (0o600, 0o700), "group": (0o660, 0o2770), "umask": None}
_UMASKS = {"": 0o077, "group": 0o007}


def check_shared() -> str:
    """What :data:`SHARED` says.

    Raises:
        StoreError: something else than ``group``, ``umask`` or nothing.
    """
    wanted = os.environ.get(SHARED, "")
    if wanted not in _MODES:
        raise StoreError(f"{SHARED}={wanted!r} is neither 'group' nor 'umask'; leave it out to keep files to yourself")
    return wanted


def narrow_umask() -> None:
    """Make all that this process writes private; for programs of our own, since the umask is the whole process's."""
    if (wanted := check_shared()) in _UMASKS:
        os.umask(_UMASKS[wanted])


def own(path: Path) -> None:
    """Give a file or folder of ours its mode; links, and what somebody else owns, stay as they are."""
    _set(path, path.lstat())


WORK = ("models", "runs", "vectors", "refresh.lock", "rejects-files.jsonl", "rejects-elsewhere.jsonl", TRUSTED)
"""What we write into a working directory."""


def own_work(work: Path) -> None:
    """The same for a working directory: all that we wrote there, and the folder where it holds nothing else."""
    if work.is_dir():
        own_all(work, WORK)
        if {entry.name for entry in work.iterdir()} <= {*WORK}:
            own(work)


def own_all(folder: Path, names: Iterable[str] = ("",)) -> None:
    """The same for what lies below a folder under these names, at any depth."""
    for start in [folder / name for name in names]:
        if start.is_symlink() or not start.exists():
            continue
        own(start)
        for place, folders, files in os.walk(start):
            for name in (*folders, *files):
                with suppress(FileNotFoundError):  # whoever wrote it has removed it
                    own(Path(place, name))


def make_folder(folder: Path) -> None:
    """Make a folder that is not there, with this mode; those above it are made as usual.

    Raises:
        OSError: it cannot be made, or a file is in its place.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=0o777 if _MODES[check_shared()] is None else 0o700)
    except FileExistsError:
        if not folder.is_dir():
            raise
    else:
        own(folder)


def opened(path: Path, mode: str, *, links: bool = True, **options: Any) -> IO[Any]:
    """Open a file to write, which has this mode from the moment that it is there; as :func:`open` otherwise.

    Raises:
        OSError: it cannot be; or it is a link, and none is to be followed.
    """
    return open(path, mode, opener=_opener if links else _opener_of_none_but_files, **options)


def _opener_of_none_but_files(path: str, flags: int) -> int:
    return _opener(path, flags | os.O_NOFOLLOW)


def _opener(path: str, flags: int) -> int:
    wanted = _MODES[check_shared()]
    descriptor = os.open(path, flags, 0o666 if wanted is None else 0o600)
    try:
        _set(descriptor, os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _set(place: Path | int, found: os.stat_result) -> None:
    wanted, is_folder = _MODES[check_shared()], stat.S_ISDIR(found.st_mode)
    if wanted is None or found.st_uid != os.geteuid() or not (is_folder or stat.S_ISREG(found.st_mode)):
        return
    if stat.S_IMODE(found.st_mode) != wanted[is_folder]:
        try:
            os.chmod(place, wanted[is_folder])
        except OSError as error:
            log.warning("who may read %s cannot be said: %s; keep others out of its folder", place, error.strerror)
