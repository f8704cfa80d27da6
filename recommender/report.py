"""A person on one page of HTML that fetches nothing: the profile, the list with its reasons, and what moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recommender.explain.summary import by_source
from recommender.pages import render

PARTS = 8
"""Contributions that are drawn; the rest is one remainder."""


@dataclass(frozen=True)
class Page:
    """What the page shows; all of it as the facade gives it."""

    profile: Mapping[str, Any]
    """:meth:`Recommender.profile`."""
    recommendations: Sequence[Mapping[str, Any]]
    """Rows of :meth:`Recommender.recommend`, with reasons, best first."""
    explanation: Mapping[str, Any] | None = None
    """:meth:`Recommender.explain` of the first recommendation."""
    feedback: str | None = None
    """What the person then did, in words."""
    after: Sequence[Mapping[str, Any]] = ()
    """The list after that."""

    def html(self) -> str:
        """The page."""
        values = {
            "profile": self.profile,
            "facts": _facts(self.profile),
            "likes": [tag for tag in self._tags() if tag["sentiment"] >= 0],
            "dislikes": [tag for tag in self._tags() if tag["sentiment"] < 0],
            "recommendations": _with_shares(self.recommendations),
            "bars": self._bars(),
            "first": self.recommendations[0] if self.recommendations else None,
            "feedback": self.feedback,
            "after": moved(self.recommendations, self.after),
        }
        return render(__package__, "person.html.j2", values)

    def _tags(self) -> list[Mapping[str, Any]]:
        return [tag for tag in self.profile.get("tags", ()) if tag.get("name")]

    def _bars(self) -> list[dict[str, Any]]:
        """The explanation as bars: text, value, and width in percent of the longest."""
        if self.explanation is None:
            return []
        parts = by_source(self.explanation["parts"])
        rows = [(part["words"], part["component"], part["contribution"]) for part in parts[:PARTS]]
        if rest := parts[PARTS:]:
            rows.append((f"{len(rest)} smaller parts together", "", sum(part["contribution"] for part in rest)))
        rows.append(("whoever asks", "baseline", self.explanation["baseline"]))
        longest = max((abs(value) for _, _, value in rows), default=0.0) or 1.0
        return [
            {"text": text, "component": component, "value": value, "width": 100 * abs(value) / longest}
            for text, component, value in rows
        ]


def moved(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the later list, each with ``was``: its rank in the earlier one, None when it is new.

    >>> before = [{"item_id": "A", "rank": 1}, {"item_id": "B", "rank": 2}]
    >>> [row["was"] for row in moved(before, [{"item_id": "B", "rank": 1}, {"item_id": "C", "rank": 2}])]
    [2, None]
    """
    ranks = {row["item_id"]: row["rank"] for row in before}
    return [{**row, "was": ranks.get(row["item_id"])} for row in after]


def _facts(profile: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Static features and habits as short words; what is unknown is left out."""
    habits = profile.get("habits", {})
    found = [(name.replace("_", " "), str(value)) for name, value in profile.get("features", {}).items()]
    for name, label, form in _HABITS:
        value = habits.get(name)
        if value not in (None, "", [], ()):
            found.append((label, form.format(value)))
    days = [
        (name.replace("_", " "), str(habits[name])[:10]) for name in ("first_seen", "last_seen") if habits.get(name)
    ]
    return found + days


_HABITS = (
    ("events", "events", "{:,}"),
    ("items", "items met", "{:,}"),
    ("liked", "liked", "{:,}"),
    ("disliked", "disliked", "{:,}"),
    ("rating_mean", "mean rating", "{:.2f}"),
    ("rating_deviation", "against everyone", "{:+.2f}"),
    ("active_days", "active days", "{:,}"),
    ("novelty_deviation", "taste for the unusual", "{:+.2f} bits"),
    ("diversity", "breadth", "{:.0%}"),
)


def _with_shares(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each row with its score in percent of the best, for the bar behind it; 0 where no score is above 0."""
    best = max((row["score"] for row in rows), default=0.0)
    return [{**row, "share": max(0.0, 100 * row["score"] / best) if best > 0 else 0.0} for row in rows]
