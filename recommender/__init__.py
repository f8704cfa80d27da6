"""The product: ``from recommender import Recommender``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recommender.facade import Recommender

__all__ = ["Recommender"]


def __getattr__(name: str) -> Any:
    """Import the facade when it is first asked for, so that ``tastegraph --help`` loads nothing heavy."""
    if name == "Recommender":
        from recommender.facade import Recommender

        return Recommender
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
