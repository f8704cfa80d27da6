"""How many different values there are, in bounded memory.

Values are kept until there are too many; then those alone whose hash lies in one half, then in a quarter, and so on
(adaptive sampling, Flajolet 1990). As the hash is the same everywhere, what is kept of two files can be compared.
"""

from __future__ import annotations

from hashlib import blake2b
from zlib import crc32

MOST = 1 << 16
"""Values that are kept: counts of up to so many are exact, larger ones are off by some half a percent."""
PLACES = 1 << 32
_LONGEST = 64


class Distinct:
    """The number of different texts."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: dict[str, int] = {}
        self._limit = PLACES

    def add(self, text: str) -> None:
        """Count one."""
        key = text if len(text) <= _LONGEST else blake2b(text.encode(errors="replace"), digest_size=16).hexdigest()
        if (often := self._kept.get(key)) is not None:
            self._kept[key] = often + 1
            return
        if self._limit < PLACES and place(key) >= self._limit:
            return
        self._kept[key] = 1
        while len(self._kept) > self._most and self._limit > 1:
            self._limit //= 2
            self._kept = {own: often for own, often in self._kept.items() if place(own) < self._limit}

    @property
    def repeats(self) -> int:
        """How many came again."""
        return (sum(self._kept.values()) - len(self._kept)) * (PLACES // self._limit)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._kept) * (PLACES // self._limit)

    @property
    def estimated(self) -> bool:
        """Whether the count is an estimate."""
        return self._limit < PLACES


def place(text: str) -> int:
    """A number below 2^32 that differs for different texts, as if drawn by chance, and is the same on all machines."""
    return crc32(text.encode(errors="replace")) * 0x9E3779B1 & (PLACES - 1)
