"""How much memory computations may take: a share of what is free, or so many bytes."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from recommender.errors import InvalidInput

SHARE = 0.7
"""Of what is free at the start, by default: the rest is for what others ask for meanwhile."""
UNLIMITED = 1 << 60
"""cgroups of version 1 write "no limit" as a number about as large as an address."""
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(?:(%)|([KMGT]I?)?B?)", re.IGNORECASE)


@dataclass(frozen=True)
class Memory:
    """What the process may take beside what it held when this was made; whoever computes asks :meth:`left`."""

    limit: int = field(default_factory=lambda: int(SHARE * free()))
    """Bytes."""
    held: int = field(default_factory=lambda: resident())
    """Bytes that the process held then."""
    said: str | None = None
    """What was asked for; None: nothing, so that it is a share of what is free."""

    @classmethod
    def of(cls, given: str | float) -> Memory:
        """So many bytes (``8GiB``, ``500MB``, an int above 1) or a share of what is free (``0.5``, ``50%``).

        >>> Memory.of("8GiB").limit == Memory.of(8 * 2**30).limit == 2**33
        True

        Raises:
            InvalidInput: it is neither.
        """
        amount = _amount(given)
        if amount is None or not 0 < amount < UNLIMITED:
            raise InvalidInput(
                f"memory = {given!r}; bytes such as 8GiB or 500MB, or a share of what is free such as 0.5 or 50%"
            )
        return cls(int(amount if amount > 1 else amount * free()), said=str(given))

    def left(self) -> int:
        """Bytes that may be taken now: of the limit what is not held yet, and no more than is free."""
        return max(0, min(self.limit - max(0, resident() - self.held), free()))


def _amount(given: str | float) -> float | None:
    """Bytes above 1, or a share up to 1."""
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    if not isinstance(given, str):
        return float(given)
    found = _AMOUNT.fullmatch(given.strip())
    if found is None:
        return None
    number, percent, unit = float(found[1]), found[2], (found[3] or "").upper()
    if percent:
        return number / 100 if number <= 100 else None
    return number * _UNITS[unit]


def resident(root: Path = Path("/")) -> int:
    """Bytes of memory that this process holds; 0 where the system does not say."""
    try:
        pages = int((root / "proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def free(root: Path = Path("/")) -> int:
    """Bytes that can be taken: what the system has available, and what the limit of each of its control groups leaves.

    Args:
        root: where ``proc`` and ``sys`` are.
    """
    return min([_available(root), *(_left_of(group) for group in _groups(root))])


def _available(root: Path) -> int:
    try:
        rows = dict(line.split(":", 1) for line in (root / "proc/meminfo").read_text().splitlines() if ":" in line)
        return int(rows["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError, IndexError):  # no Linux, or an old one: half of all there is
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def _groups(root: Path) -> list[Path]:
    """The folders of the control groups that this process is in, from its own to the outermost, of both versions."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers and "memory" not in controllers.split(","):
            continue
        base = root / "sys/fs/cgroup" / ("memory" if controllers else "")
        own = base / path.lstrip("/")
        # In a container the path may be that of the host, of which only the container's own part is to be seen.
        found += [folder for folder in (own, *own.parents) if folder == base or base in folder.parents]
    return list(dict.fromkeys(found))


def _left_of(group: Path) -> int:
    """What a group's limit leaves, the file cache that it would give up first not counted."""
    for limit, usage, cache in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        most = _number(group / limit)
        if most is None or most >= UNLIMITED:
            continue
        return max(0, most - max(0, (_number(group / usage) or 0) - _statistic(group / "memory.stat", cache)))
    return UNLIMITED


def _number(path: Path) -> int | None:
    """The number in a file; None where there is none, as where it says ``max``."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _statistic(path: Path, name: str) -> int:
    try:
        rows = dict(line.split(" ", 1) for line in path.read_text().splitlines() if " " in line)
        return int(rows[name])
    except (OSError, ValueError, KeyError):
        return 0
