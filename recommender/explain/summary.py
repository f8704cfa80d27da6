"""An explanation as people read it: what each item of the history adds over all components, with all of its paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def by_source(parts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The parts of an explanation with those of one history item made one, the largest first; their sum is the same.

    The components of a sum are named together; it has the paths of all, first those of the largest, each once.

    >>> [part] = by_source([{"component": "ials", "item_id": "A", "contribution": 0.5, "words": "", "paths": []},
    ...                     {"component": "network", "item_id": "A", "contribution": 0.25, "words": "", "paths": []}])
    >>> part["contribution"], part["component"]
    (0.75, 'ials, network')
    """
    groups: dict[tuple[str, str | None], list[Mapping[str, Any]]] = {}
    for part in parts:
        source = part["item_id"]
        groups.setdefault((part["component"] if source is None else "", source), []).append(part)
    return sorted(map(_sum, groups.values()), key=lambda part: -abs(part["contribution"]))


def _sum(group: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    ordered = sorted(group, key=lambda part: (-abs(part["contribution"]), part["component"] != "relations"))
    paths: list[Mapping[str, Any]] = []
    for part in ordered:
        paths += [path for path in part["paths"] if all(path["steps"] != known["steps"] for known in paths)]
    return {
        **ordered[0],
        "component": ", ".join(dict.fromkeys(part["component"] for part in group)),
        "contribution": sum(part["contribution"] for part in group),
        "words": next((part["words"] for part in ordered if part["paths"]), ordered[0]["words"]),
        "paths": paths,
    }
