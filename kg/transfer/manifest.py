"""What the manifest of a backup may say: whoever restores it need not trust whoever wrote it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from kg.errors import ReadError, short
from kg.folders import folded, plain_name
from kg.transfer.bounds import require_short

NAME = "manifest.json"
FORMAT = 1
"""Version of the layout of a backup."""
PASSING = (".lock", ".partial")
"""Endings of what in a working directory belongs to a process that runs."""
PARTS = ("nodes.jsonl.zst", "edges.jsonl.zst")
"""The files of the graph itself."""
_HASH = re.compile("[0-9a-f]{32}")


def parsed(text: bytes, path: str) -> dict[str, Any]:
    """A manifest that holds to the rules.

    Raises:
        ReadError: it does not, or is of another format; says how.
    """
    try:
        require_short(text)
        manifest = json.loads(text, object_pairs_hook=_once)
        found = manifest["format"]
        if found == FORMAT:
            _check(manifest)
    except RecursionError:
        raise _damaged(path, "it is nested too deeply") from None
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}" if isinstance(error, KeyError) else error) from error
    if found != FORMAT:
        raise ReadError(path, f"has backup format {short(found)}, and this program reads {FORMAT}; use a later release")
    return dict(manifest)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one map")
    return found


def _check(manifest: Mapping[str, Any]) -> None:
    schema, files, sizes = manifest["schema"], manifest["files"], manifest.get("bytes", {})
    _require(isinstance(schema, dict), "'schema' is no map")
    _require(type(schema.get("version")) is int, "'schema' names no version")
    _require("adoption" not in schema, "it is of a graph that somebody else owns")
    for name in ("nodes", "edges"):
        counts = manifest[name]
        _require(isinstance(counts, dict) and all(map(_is_count, counts.values())), f"{name!r} is no map of counts")
    _require(isinstance(files, dict), "'files' is no map")
    _require(isinstance(sizes, dict) and all(map(_is_count, sizes.values())), "'bytes' is no map of sizes")
    _require(not sizes or sizes.keys() == files.keys(), "'bytes' and 'files' name different files")
    for name, digest in files.items():
        _require(name in PARTS or _is_work(name), f"{name[:200]!r} is no name that a backup gives to a file")
        _require(isinstance(digest, str) and _HASH.fullmatch(digest) is not None, f"the hash of {name[:200]!r} is none")
    for name in PARTS:
        _require(name in files, f"it does not name {name}")
    _require(len({*map(folded, files)}) == len(files), "two names differ in nothing but their case")


def _is_work(name: str) -> bool:
    parts = name.split("/")
    return plain_name(name) and len(parts) > 1 and parts[0] == "work" and not any(p.endswith(PASSING) for p in parts)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise ValueError(reason)


def _damaged(path: str, why: object) -> ReadError:
    return ReadError(path, f"is damaged ({why}); take another backup")
