"""What people see of lists, explanations and profiles; the demo shows the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from recommender.cli import output
from recommender.explain.summary import by_source

SHOWN = 12
"""Rows of an explanation; the rest is one remainder."""


def recommendations(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print ranked lists, one table a person."""
    if not rows:
        output.line("Nothing to recommend: every candidate has been met (see --keep-seen) or is disliked.")
    for user, own in groupby(rows, key=lambda row: row["user_id"]):
        lists = list(own)
        unknown = "" if lists[0].get("known", True) else ", of whom nothing is known"
        output.records(_ranked(lists), title=None if user is None else f"for {output.cell(user)}{unknown}")


def _ranked(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The columns in the order in which lists are read."""
    columns = [column for column in ("rank", "item_id", "title", "score", "reason") if column in rows[0]]
    return [{column: row[column] for column in columns} for row in rows]


def explanation(found: Mapping[str, Any]) -> None:
    """Print what a score is a sum of, the largest parts first, each with the paths behind it in words."""
    parts = by_source(found["parts"])
    rows: list[list[Any]] = []
    for part in parts[:SHOWN]:
        rows.append([part["contribution"], part["component"], part["words"]])
        rows += [[None, None, f"also {words}"] for words in also(part)]
    if rest := parts[SHOWN:]:
        rows.append([sum(part["contribution"] for part in rest), "", f"{len(rest)} smaller parts"])
    rows.append([found["baseline"], "baseline", "whoever asks"])
    rows.append([found["score"], "score", "their sum"])
    output.table(
        ["contribution", "component", "why"],
        rows,
        title=f"{output.cell(found['item_id'])} for {output.cell(found['user_id'] or 'you')}",
    )
    more = {
        key: value for key, value in found.items() if key not in ("user_id", "item_id", "score", "baseline", "parts")
    }
    if more:
        output.facts(more)


def also(part: Mapping[str, Any]) -> list[str]:
    """The best path of each further kind in words; the first path is told by the words of the part."""
    best = {path["kind"]: path for path in reversed(part["paths"])}
    return [path["words"] for path in best.values() if path["words"] and path["kind"] != part["paths"][0]["kind"]]


def profile(found: Mapping[str, Any]) -> None:
    """Print what is known of a person."""
    facts = {"user": found["user_id"], **found.get("features", {}), **found.get("habits", {})}
    output.facts({name: value for name, value in facts.items() if value not in (None, [], {})})
    for section, columns in _SECTIONS.items():
        rows = [row for row in found.get(section) or () if row.get("name")]
        if rows:
            output.table(columns, ([row[column] for column in columns] for row in rows), title=section)
        if unnamed := len(found.get(section) or ()) - len(rows):
            output.line(f"{unnamed} more {section} have no name; --json holds them")


_SECTIONS = {
    "interests": ("name", "weight", "size"),
    "tags": ("name", "kind", "weight", "sentiment", "support", "source"),
    "segments": ("name", "strength"),
}
