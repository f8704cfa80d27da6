"""Pages of HTML from the templates beside the code; every value is escaped unless a template says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any


def render(package: str, name: str, values: Mapping[str, Any]) -> str:
    """The template ``name`` in ``package`` with these values; one that it needs and lacks is an error."""
    import jinja2

    template = resources.files(package).joinpath(name).read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(template).render(values)
