"""Contributions in words: one sentence for a recommendation, and every part of a score with the paths behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kg.vocabulary import Vocabulary
from recommender.explain.paths import Paths
from recommender.explain.steps import Path
from recommender.explain.words import GENERAL, GOES_WITH, NOTHING, PLAIN, kind_of, say_event, say_general
from recommender.hybrid import Summands

SPEAKERS = 3
"""A reason speaks of one or two of so many items of the history, those that add most."""
FURTHER = 10
"""Of so many further items, those by which a component adds most, one may speak beside where these are not tied."""
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

    def leader(self, summands: Summands) -> str | None:
        """The component that gives most: what the score would lose most by without it; None where there is none."""
        given = summands.general + summands.values.sum(axis=1)
        return summands.components[int(given.argmax())] if len(given) else None

    def reason(
        self, summands: Summands, item: int, liked: Mapping[int, str], speakers: Sequence[int] | None = None
    ) -> str:
        """One sentence that begins with "because": the largest contributions in words.

        It goes by what the component goes by that gives most, :meth:`leader`: popularity, people who like the same,
        what items share, or their texts. What that gives whatever the history, such as popularity or the nearness to
        the person's own words, is said before where it gives more so than by the history, and alone where no item of
        the history adds anything; that people like the person like it goes without saying where their likes are told.

        Args:
            summands: what the score is a sum of.
            item: dense id of the recommended item.
            liked: the items that the person likes, each with what they did: a kind of event. A disliked item never
                speaks, even where it adds: that its neighbours' neighbours rise is no reason in words.
            speakers: the items that speak, those first whose absence would change most; by default :meth:`speakers`.
        """
        leader, speakers = self.leader(summands), speakers or self.speakers(summands, liked)
        if leader is None:
            return f"because {NOTHING}"
        component, general = self._speaking(summands, leader), self._general(summands, leader, item)
        if not speakers or component is None:
            return f"because {general or self._plain(leader, item)}"
        own = self._own(summands, component, item, liked, speakers)
        if kind_of(component) != kind_of(leader):
            return f"because {general or self._plain(leader, item)}, and {own}"
        return f"because {own}" if general is None or kind_of(leader) == "people" else f"because {general}, and {own}"

    def _speaking(self, summands: Summands, leader: str) -> str | None:
        """The component by which the history speaks: the leader, or where that says nothing of it the next one."""
        values = summands.values.sum(axis=1).tolist()
        given = {name: value for name, value in zip(summands.components, values, strict=True) if kind_of(name) in PLAIN}
        return leader if given.get(leader, 0.0) > 0 else max(given, key=lambda name: given[name], default=None)

    def _general(self, summands: Summands, leader: str, item: int) -> str | None:
        """What a component says whatever the history; None where the history says more."""
        row = summands.components.index(leader)
        value, by_history = float(summands.general[row]), float(summands.values[row].sum())
        if not summands.telling[row] or value <= max(by_history, 0.0) or leader not in GENERAL:
            return None
        if leader in FROM_LIKES and not self._paths.fans.like(item):  # then nobody can have made it popular
            return None
        return say_general(leader, value, known=bool(len(summands.history)))

    def _plain(self, leader: str, item: int) -> str:
        """A component in plain words, where no item of the history speaks."""
        kind = kind_of(leader)
        return NOTHING if kind == "people" and not self._paths.fans.like(item) else PLAIN.get(kind, NOTHING)

    def _own(
        self, summands: Summands, component: str, item: int, liked: Mapping[int, str], ordered: Sequence[int]
    ) -> str:
        """What the person's own items say, by a component."""
        kind = kind_of(component)
        first, titled = ordered[0], [self.title(one) for one in ordered[:2]]
        if kind != "people":
            said = self._tied(kind, self._by(summands, component, liked, ordered), item)
            if said is not None:
                source, words = said
                also = "" if source == first else f", and {self._did(first, source, liked)}{self.title(source)}"
                return f"you {say_event(liked[first], liked=True)} {titled[0]}{also}, {words}"
        elif self._paths.fans.like(item, first):
            speaking = ordered[: 2 if self._paths.fans.like(item, *ordered[:2]) else 1]
            did = {say_event(liked[one], liked=True) for one in speaking}
            verb = did.pop() if len(did) == 1 else "liked"
            return f"people who {verb} {' and '.join(titled[: len(speaking)])} {verb} it too"
        return GOES_WITH[kind].format(titled[0], say_event(liked[first], liked=True))

    def _did(self, first: int, second: int, liked: Mapping[int, str]) -> str:
        """The second of two verbs, where it is another one."""
        one, other = (say_event(liked[item], liked=True) for item in (first, second))
        return "" if one == other else f"{other} "

    def _by(self, summands: Summands, component: str, liked: Mapping[int, str], ordered: Sequence[int]) -> list[int]:
        """The items of the history by which a component adds: those that speak, in their order, then the largest."""
        values = summands.values[summands.components.index(component)]
        adding = {int(summands.history[place]): float(values[place]) for place in np.flatnonzero(values > 0)}
        rest = sorted((one for one in adding if one in liked and one not in ordered), key=lambda one: -adding[one])
        return [one for one in ordered if one in adding] + rest[:FURTHER]

    def _tied(self, kind: str, sources: Sequence[int], item: int) -> tuple[int, str] | None:
        """The first of these items that is tied to ``item`` by what a component goes by, and how, in words."""
        for source in sources:
            if kind == "texts":
                return source, "which reads alike"
            if (tie := self._paths.ties.first(source, item)) is not None:
                return source, self._paths.ties.say(tie)
        return None

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
