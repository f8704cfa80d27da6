"""Pages of HTML from the templates beside the code; every value is escaped unless a template says otherwise.

Whatever is written for people appears complete, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from kg.access import opened
from kg.folders import beside

_TURNS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C])
"""Characters that turn the direction in which what follows them is read, also beyond the text that holds them."""


def render(package: str, name: str, values: Mapping[str, Any]) -> str:
    """The template ``name`` in ``package`` with these values; one that it needs and lacks is an error."""
    import jinja2

    template = resources.files(package).joinpath(name).read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return _unturned(environment.from_string(template).render(values))


def write(path: Path, content: bytes) -> None:
    """Write a file that is there complete, or as it was before where writing fails; a device or a pipe is written to.

    Raises:
        OSError: it cannot be written.
    """
    place = path.resolve()
    if place.exists() and not place.is_file():
        place.write_bytes(content)
        return
    with beside(place) as unfinished:
        with opened(unfinished, "wb") as file:
            file.write(content)
        unfinished.replace(place)


def _unturned(page: str) -> str:
    """A page without what would turn the direction of the text around it.

    >>> _unturned("safe\u202efdp.exe")
    'safefdp.exe'
    """
    return page.translate(_TURNS)
