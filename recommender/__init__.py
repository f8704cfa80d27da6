"""The product: ``from recommender import Recommender``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recommender.facade import Recommender
    from recommender.inspection.look import inspect

__all__ = ["Recommender", "inspect"]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is, so that ``tastegraph --help`` loads nothing heavy."""
    if name == "Recommender":
        from recommender.facade import Recommender

        return Recommender
    if name == "inspect":
        from recommender.inspection.look import inspect

        return inspect
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
