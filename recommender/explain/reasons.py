"""Contributions in words: one sentence for a recommendation, and every part of a score with the paths behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kg.vocabulary import Vocabulary
from recommender.explain.paths import Paths
from recommender.explain.steps import Path, Tie
from recommender.explain.words import GENERAL, NOTHING, say_event, say_general
from recommender.hybrid import Summands

SPEAKERS = 3
"""A reason speaks of one or two of so many items of the history, those that add most."""
FROM_LIKES = frozenset({"popularity", "network", "knowledge_network"})
"""Components that speak of how often the item itself was liked."""


class Explainer:
    """Turns contributions into reasons and paths for one published model."""

    def __init__(self, paths: Paths, items: Vocabulary) -> None:
        self._paths = paths
        self._items = items

    def title(self, item: int) -> str:
        """What people call an item, or its id."""
        return self._paths.names[item] or self._items[item]

    def speakers(self, summands: Summands, liked: Mapping[int, str]) -> list[int]:
        """The items of the history that may speak, dense ids: those that the person likes and that add most over all
        components, the most first."""
        totals = summands.values.sum(axis=0)
        adding = [row for row in np.argsort(-totals, kind="stable") if totals[row] > 0]
        return [int(item) for item in summands.history[adding] if int(item) in liked][:SPEAKERS]

    def reason(
        self, summands: Summands, item: int, liked: Mapping[int, str], speakers: Sequence[int] | None = None
    ) -> str:
        """One sentence that begins with "because": the largest contributions in words.

        Items that the person likes speak, through the component by which the first of them adds most; what speaks
        without the history, such as popularity or the person's own words, is said before where it adds more than all
        of these do together, and alone where none of them adds anything.

        Args:
            summands: what the score is a sum of.
            item: dense id of the recommended item.
            liked: the items that the person likes, each with what they did: a kind of event. A disliked item never
                speaks, even where it adds: that its neighbours' neighbours rise is no reason in words.
            speakers: the items that speak, those first whose absence would change most; by default :meth:`speakers`.
        """
        general, speakers = self._general(summands, item), speakers or self.speakers(summands, liked)
        if not speakers:
            return f"because {say_general(*general) if general else NOTHING}"
        own = self._own(summands, item, liked, speakers)
        totals = summands.values.sum(axis=0)
        may = totals[(totals > 0) & np.isin(summands.history, list(liked))]
        if general is not None and general[1] > may.sum():
            return f"because {say_general(*general)}, and {own}"
        return f"because {own}"

    def _general(self, summands: Summands, item: int) -> tuple[str, float] | None:
        """The component that gives most whatever the history, of those that can be said, and how much."""
        found = zip(summands.components, summands.general.tolist(), summands.telling.tolist(), strict=True)
        told = [(component, value) for component, value, telling in found if telling and value > 0]
        told = [(component, value) for component, value in told if component in GENERAL]
        if not self._paths.fans.like(item):  # then nobody can have made it popular
            told = [(component, value) for component, value in told if component not in FROM_LIKES]
        return max(told, key=lambda pair: pair[1], default=None)

    def _own(self, summands: Summands, item: int, liked: Mapping[int, str], ordered: Sequence[int]) -> str:
        """What the person's own items say."""
        first = int(np.flatnonzero(summands.history == ordered[0])[0])
        strongest = summands.components[int(summands.values[:, first].argmax())]
        if strongest == "content":
            return f"you {say_event(liked[ordered[0]], liked=True)} {self.title(ordered[0])}, which reads alike"
        if strongest == "relations" or len(ordered) == 1:
            telling = next(self._tied(ordered, item), None)
            if telling is not None:
                source, tie = telling
                return f"you {say_event(liked[source], liked=True)} {self.title(source)}, {self._paths.ties.say(tie)}"
        speaking = ordered[: 2 if self._paths.fans.like(item, *ordered[:2]) else 1]
        did = {say_event(liked[one], liked=True) for one in speaking}
        verb = did.pop() if len(did) == 1 else "liked"
        titles = " and ".join(map(self.title, speaking))
        if self._paths.fans.like(item, *speaking):
            return f"people who {verb} {titles} {verb} it too"
        return f"it goes with {titles}, which you {verb}"

    def _tied(self, sources: Sequence[int], item: int) -> Iterator[tuple[int, Tie]]:
        """Those of these items that the graph ties to ``item``, each with its best tie."""
        ties = ((source, self._paths.ties.first(source, item)) for source in sources)
        return ((source, tie) for source, tie in ties if tie is not None)

    def parts(
        self, summands: Summands, item: int, user: str, kinds: Mapping[int, str], since: float = -np.inf
    ) -> list[dict[str, Any]]:
        """The ``parts`` of the explanation, the largest first: component, contribution, item_id, title, words, paths.

        Args:
            summands: what the score is a sum of; what is not telling is left to the baseline.
            item: dense id of the item that is explained.
            user: whose score it is.
            kinds: for items of the person's history the kind of an event with it: the first edge of a path.
            since: Unix seconds; events and reviews before that are no edges of paths.
        """
        found = self._general_parts(summands, item, user, since) + self._own_parts(summands, item, user, kinds, since)
        return sorted(found, key=lambda part: -abs(part["contribution"]))

    def _general_parts(self, summands: Summands, item: int, user: str, since: float) -> list[dict[str, Any]]:
        """What is said whatever the history; what the person's own words say comes with these."""
        found = zip(summands.components, summands.general.tolist(), summands.telling.tolist(), strict=True)
        return [
            self._part(
                component,
                value,
                None,
                say_general(component, value),
                self._paths.own_words(item, user, since) if component == "content" and value > 0 else (),
            )
            for component, value, telling in found
            if telling
        ]

    def _own_parts(
        self, summands: Summands, item: int, user: str, kinds: Mapping[int, str], since: float
    ) -> list[dict[str, Any]]:
        """What the items of the history add, the largest first."""
        values, config = summands.values, self._paths.config
        told = set(np.argsort(-np.abs(values.sum(axis=0)), kind="stable")[: config.items].tolist())
        places = np.argwhere(values)
        found, quoted = [], 0
        for row, place in places[np.argsort(-np.abs(values[tuple(places.T)]), kind="stable")].tolist():
            component, source = summands.components[row], int(summands.history[place])
            kind, paths = kinds.get(source), []
            if kind is not None and place in told:
                sentences = component == "content" and quoted < config.sentences
                quoted += sentences
                paths = self._paths.behind(component, source, item, user, kind, since, sentences=sentences)
            words = f"you {say_event(kind or '')} {self.title(source)}"
            found.append(self._part(component, float(values[row, place]), source, words, paths))
        return found

    def _part(
        self, component: str, value: float, source: int | None, words: str, paths: Sequence[Path] = ()
    ) -> dict[str, Any]:
        said = paths[0].words if paths else ""
        return {
            "component": component,
            "contribution": value,
            "item_id": None if source is None else self._items[source],
            "title": None if source is None else self.title(source),
            "words": f"{words}, {said}" if said else words,
            "paths": [path.to_dict() for path in paths],
        }
