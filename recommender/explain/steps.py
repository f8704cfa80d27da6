"""What a path is made of, and how long and how common it may be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from kg.snapshot import Snapshot
from recommender.bridge import item_names
from recommender.errors import InvalidInput
from recommender.explain.words import (
    SILENT_NAMES,
    SILENT_RELATIONS,
    WEAK_RELATIONS,
    Saying,
    say_edge,
    say_role,
    say_shared,
)

READS_LIKE = "READS_LIKE"
"""What joins the two texts, of an item or of a review about it, that tie two items most."""

Kind = Literal["event", "edge", "entity", "entities", "people", "texts"]


@dataclass(frozen=True)
class PathConfig:
    """Bounds of paths; that in time is given with the question."""

    items: int = 20
    """Items of the history that are given paths, those that add most over all components; the rest are small."""
    best: int = 3
    """Paths of one contribution at most, the best of each kind before the second of any."""
    hops: int = 3
    """Edges between the person's own item and the recommended one at most: 1, an edge between them; 2, something or
    somebody in common; 3, two entities that are tied, or two texts."""
    hub_share: float = 0.25
    """A node with more edges than this share of the catalogue, such as a language, ties nothing together ..."""
    few: int = 10
    """... unless it has no more edges than this."""
    quoted: int = 120
    """Characters of a text that are quoted."""
    sentences: int = 3
    """Contributions by texts, the largest, for which the two nearest sentences are looked for; else texts are quoted
    from their beginning."""
    silent_relations: tuple[str, ...] = SILENT_RELATIONS
    """Relations that tie nothing together in paths and reasons: patterns (regular expressions) of lower-case names."""
    silent_names: tuple[str, ...] = SILENT_NAMES
    """Likewise entities, such as "Commentary available"."""
    weak_relations: tuple[str, ...] = WEAK_RELATIONS
    """Relations that speak only where no other ties two items."""
    sayings: tuple[Saying, ...] = ()
    """How relations are said, before the usual words of :mod:`recommender.explain.words`."""

    def __post_init__(self) -> None:
        for name in ("items", "best", "hops"):
            if getattr(self, name) < 1:
                raise InvalidInput(f"{name} = {getattr(self, name)}; a bound of paths is at least 1")
        patterns = (*self.silent_relations, *self.silent_names, *self.weak_relations)
        for pattern in (*patterns, *(saying.relation for saying in self.sayings)):
            try:
                re.compile(pattern)
            except re.error as error:
                raise InvalidInput(f"{pattern!r} is no regular expression: {error}") from error


@dataclass(frozen=True)
class Step:
    """One edge of a path, in the direction in which the graph holds it."""

    source: str
    relation: str
    target: str
    is_event: bool = False
    """Whether somebody did it; otherwise it is a fact of the knowledge graph."""
    source_name: str | None = None
    """What people call the source, where it has a name; people have none."""
    target_name: str | None = None
    """Likewise the target."""
    similarity: float | None = None
    """The cosine of two texts, where the step is :data:`READS_LIKE`, which is computed and no edge of the graph."""


@dataclass(frozen=True)
class Path:
    """What leads from one of the person's own items to the recommended one."""

    kind: Kind
    """``event`` (only that the person met the item), ``edge`` between the two, ``entity`` that both have,
    ``entities``, one of each that are tied, ``people`` who like both, or ``texts`` that read alike."""
    steps: tuple[Step, ...]
    words: str
    """What it says, behind "you liked this": empty where there is nothing to say."""
    count: int = 1
    """How common it is. Of entities the edges that the most common one has: the fewer, the more it says. Of people how
    many like both: the more, the more it says."""
    quotes: tuple[str, str] | None = None
    """Of texts: what is said of the person's own item, and of the recommended one."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


@dataclass(frozen=True)
class Tie:
    """How the knowledge graph ties two items: nodes between them, and the edges to, among and from these."""

    nodes: tuple[int, ...]
    edges: tuple[tuple[int, bool], ...]
    """A relation, and whether the edge is passed from its head to its tail; one more than nodes."""
    count: int = 1
    """Edges that the node with most of them has; 1 for an edge between the two, which speaks of no other item."""

    @property
    def kind(self) -> Kind:
        """As of its :class:`Path`."""
        kinds: tuple[Kind, Kind, Kind] = ("edge", "entity", "entities")
        return kinds[len(self.nodes)]

    @property
    def is_same(self) -> bool:
        """Whether both items have the one node by the same relation."""
        return len(self.nodes) == 1 and self.edges[0] == (self.edges[1][0], not self.edges[1][1])


class Names:
    """Ids and names of the nodes of a snapshot: items, then entities, then mentions."""

    def __init__(self, snapshot: Snapshot) -> None:
        tables = (snapshot.items, snapshot.entities, snapshot.mentions)
        self.ids: list[str] = [id for table in tables for id in table["id"].to_pylist()]
        nameless = [None] * snapshot.mentions.num_rows
        self._names: list[str | None] = [
            *item_names(snapshot),
            *snapshot.entities["name"].to_pylist(),
            *nameless,
        ]

    def __getitem__(self, node: int) -> str | None:
        """What people call a node; None where it has only an id."""
        return self._names[node]

    def edge(self, source: int, relation: str, target: int) -> Step:
        """An edge of the knowledge graph."""
        return Step(self.ids[source], relation, self.ids[target], source_name=self[source], target_name=self[target])


def say_tie(tie: Tie, relations: Sequence[str], names: Sequence[str | None], sayings: Sequence[Saying] = ()) -> str:
    """A tie in words, with the names of its relations and its nodes.

    >>> say_tie(Tie((7,), ((0, True), (0, False))), ["DIRECTED_BY"], ["Joel Coen"])
    'by the same director (Joel Coen)'
    >>> say_tie(Tie((7,), ((0, True), (1, False))), ["DIRECTED_BY", "WRITTEN_BY"], ["Joel Coen"])
    'tied to it by Joel Coen (there director, here writer)'
    >>> over = Tie((7, 8), ((0, True), (2, True), (1, False)))
    >>> say_tie(over, ["DIRECTED_BY", "WRITTEN_BY", "SIBLING"], ["Joel", None])
    'tied to it by Joel (director) and another (writer)'
    """
    first, last = relations[tie.edges[0][0]], relations[tie.edges[-1][0]]
    if not tie.nodes:
        return say_edge(first, sayings)
    if tie.is_same:
        return say_shared(first, names[0], sayings)
    roles = say_role(first, sayings), say_role(last, sayings)
    if len(tie.nodes) == 1:
        return f"tied to it by {names[0] or 'another'} (there {roles[0]}, here {roles[1]})"
    ends = [f"{name or 'another'} ({role})" for name, role in zip((names[0], names[-1]), roles, strict=True)]
    return f"tied to it by {' and '.join(ends)}"
