"""Everything that ``gnn`` raises.

::

    GnnError           every error of this package
    ├── ShapeError     a tensor has the wrong shape, layout or range; names it
    ├── ConfigError    a hyper-parameter is out of its range; names it and the range
    ├── TooLarge       a computation would not fit its memory budget; says what to do
    ├── OutOfMemory    memory ran out in the middle of a computation
    └── Diverged       training met a value that is not finite, or a solve has no solution; says where
"""

from __future__ import annotations


class GnnError(Exception):
    """Base of every error that ``gnn`` raises."""


class ShapeError(GnnError):
    """A tensor has the wrong shape, layout or range."""


class ConfigError(GnnError):
    """A hyper-parameter is out of its range."""


class TooLarge(GnnError):
    """A computation would not fit its memory; ``needed`` and ``budget`` are bytes, ``advice`` says what to do."""

    def __init__(self, what: str, needed: int, budget: int, advice: str) -> None:
        super().__init__(f"{what} needs {_said(needed)}; {_said(budget)} may be taken. {advice}")
        self.needed = needed
        self.budget = budget
        self.advice = advice


def _said(size: int) -> str:
    if size >= 2**30:
        return f"{size / 2**30:.2f} GiB"
    return f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{size / 2**10:.1f} KiB"


class OutOfMemory(GnnError):
    """Memory ran out in the middle of a computation."""


class Diverged(GnnError):
    """Training met a value that is not finite, or a system cannot be solved."""


def require(holds: bool, message: str) -> None:
    """Raises:
    ConfigError: ``message``, unless ``holds``.
    """
    if not holds:
        raise ConfigError(message)
