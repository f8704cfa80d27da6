"""How the knowledge graph ties two items: an edge between them, a node that both have, or two nodes that are tied."""

from __future__ import annotations

import numpy as np

from recommender.data import KnowledgeGraph
from recommender.explain.steps import Names, Path, PathConfig, Step, Tie, say_tie
from recommender.explain.words import is_silent

Edge = tuple[int, bool]
"""A relation, and whether the edge leaves the node at hand."""


class Ties:
    """Finds ties, the ones that say most first: the shorter, then by the same relation, no weak one, then the rarer."""

    def __init__(self, knowledge: KnowledgeGraph, names: Names, config: PathConfig) -> None:
        self._knowledge, self._names, self._config = knowledge, names, config
        silent = [is_silent(name, config.silent_relations) for name in knowledge.relation_names]
        self._weak = [is_silent(name, config.weak_relations) for name in knowledge.relation_names]
        spoken = np.flatnonzero(~np.array(silent, dtype=bool)[knowledge.relations])
        codes = 1 + spoken
        heads, tails = knowledge.heads[spoken], knowledge.tails[spoken]
        rows, columns = np.concatenate([heads, tails]), np.concatenate([tails, heads])
        order = np.argsort(rows, kind="stable")
        self._starts = np.searchsorted(rows[order], np.arange(knowledge.num_nodes + 1))
        self._ends = columns[order]
        self._codes = np.concatenate([codes, -codes])[order]
        """Numbers of edges from 1 on, negative where the edge comes in."""
        most = max(config.few, config.hub_share * knowledge.num_items)
        self._degrees = np.diff(self._starts)
        self._is_hub = self._degrees > most
        for node in (knowledge.num_items + np.flatnonzero(self._degrees[knowledge.num_items :] > 1)).tolist():
            self._is_hub[node] |= is_silent(names[node], config.silent_names)

    def paths(self, first: int, second: int) -> list[Path]:
        """The best paths from item to item, as many as are asked for of one contribution."""
        return [self.path(tie, first, second) for tie in self.between(first, second)]

    def path(self, tie: Tie, first: int, second: int) -> Path:
        """A tie as edges of the graph, and in words."""
        relations, stops = self._knowledge.relation_names, (first, *tie.nodes, second)
        steps: list[Step] = []
        for place, (relation, forward) in enumerate(tie.edges):
            ends = stops[place : place + 2] if forward else stops[place : place + 2][::-1]
            steps.append(self._names.edge(ends[0], relations[relation], ends[1]))
        return Path(tie.kind, tuple(steps), self.say(tie), tie.count)

    def say(self, tie: Tie) -> str:
        """A tie in words."""
        names = [self._names[node] for node in tie.nodes]
        return say_tie(tie, self._knowledge.relation_names, names, self._config.sayings)

    def first(self, first: int, second: int) -> Tie | None:
        """The best tie by an edge or by what both have in the same way; None where they share nothing but hubs."""
        own, other = self._around(first), self._around(second)
        return next(iter(self._edges(own, second)), None) or next(
            (tie for tie in self._shared(own, other, {first, second}) if tie.is_same), None
        )

    def between(self, first: int, second: int) -> list[Tie]:
        """The best ties, within the bounds of the configuration."""
        config, own, other = self._config, self._around(first), self._around(second)
        found = self._edges(own, second)
        if config.hops > 1:
            found += self._shared(own, other, {first, second})
        if config.hops > 2 and len(found) < config.best:
            found += self._over_two(own, other, {first, second})
        return found[: config.best]

    def _around(self, node: int) -> dict[int, list[Edge]]:
        """For each neighbour the edges to it, in a fixed order."""
        found: dict[int, list[Edge]] = {}
        own = slice(self._starts[node], self._starts[node + 1])
        for end, code in zip(self._ends[own].tolist(), self._codes[own].tolist(), strict=True):
            found.setdefault(end, []).append((int(self._knowledge.relations[abs(code) - 1]), code > 0))
        return {end: sorted(edges) for end, edges in found.items()}

    def _edges(self, own: dict[int, list[Edge]], second: int) -> list[Tie]:
        return [Tie((), (edge,)) for edge in dict.fromkeys(own.get(second, ()))]

    def _shared(self, own: dict[int, list[Edge]], other: dict[int, list[Edge]], ends: set[int]) -> list[Tie]:
        """Over each node that both have, by the same relation where there is one."""
        found = []
        for node in (own.keys() & other.keys()) - ends:
            if self._is_hub[node]:
                continue
            same = sorted((edge for edge in own[node] if edge in other[node]), key=lambda edge: self._weak[edge[0]])
            edge, back = (same[0], same[0]) if same else (own[node][0], other[node][0])
            found.append(Tie((node,), (edge, _turned(back)), int(self._degrees[node])))
        return sorted(found, key=lambda tie: (not tie.is_same, self._weak[tie.edges[0][0]], tie.count, tie.nodes))

    def _over_two(self, own: dict[int, list[Edge]], other: dict[int, list[Edge]], ends: set[int]) -> list[Tie]:
        """Over a node of the first and another of the second that are tied: the rarest pairs, by their common edges."""
        wanted = np.zeros(len(self._degrees), dtype=bool)
        wanted[list(other.keys() - own.keys() - ends)] = True
        wanted &= ~self._is_hub
        pairs = set()
        for node in own.keys() - other.keys() - ends:
            if not self._is_hub[node]:
                near = self._ends[self._starts[node] : self._starts[node + 1]]
                pairs |= {(node, far) for far in near[wanted[near]].tolist()}
        order = sorted(pairs, key=lambda pair: (int(self._degrees[pair[0]] * self._degrees[pair[1]]), pair))
        return [
            Tie(
                (node, far),
                (own[node][0], self._around(node)[far][0], _turned(other[far][0])),
                int(max(self._degrees[node], self._degrees[far])),
            )
            for node, far in order[: self._config.best]
        ]


def _turned(edge: Edge) -> Edge:
    """The same edge, seen from its other end."""
    relation, leaves = edge
    return relation, not leaves
