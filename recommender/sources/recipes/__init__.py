"""Recipes: source documents of data sets that are published. No code of their own; the folder holds TOML alone."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from recommender.errors import InvalidInput
from recommender.sources.document import Source, read_source


def recipe(name: str) -> Source:
    """The recipe of a data set.

    Raises:
        InvalidInput: there is none of this name; says which there are.
    """
    known = names()
    if name not in known:
        raise InvalidInput(f"there is no recipe {name!r}; there are {', '.join(known)}")
    with resources.as_file(resources.files(__name__) / f"{name}.toml") as path:
        return read_source(Path(path))


def names() -> list[str]:
    """The names of all recipes."""
    files = (file.name for file in resources.files(__name__).iterdir())
    return sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml"))
