"""Libraries that only some need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kg.errors import MissingExtra


@contextmanager
def extra(name: str, what: str) -> Iterator[None]:
    """Imports in this block belong to the extra ``name``, which ``what`` needs.

    Raises:
        MissingExtra: one of them failed.
    """
    try:
        yield
    except ImportError as error:
        raise MissingExtra(f"{what} needs {error.name}: pip install 'tastegraph[{name}]'") from error
