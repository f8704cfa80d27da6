"""Why an item is recommended: contributions that add up to the score, and for each the path in the graph behind it.

Paths are bounded: in hops, for each has one of the forms of :class:`Paths` behind the person's own event; in the degree
of what two items share; and, where it is asked for, in time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from kg.snapshot import Snapshot
from kg.vocabulary import Vocabulary
from recommender.bridge import Phrases, TextVectors, beginning, item_names, join_text
from recommender.data import Cells, CentredTexts, KnowledgeGraph
from recommender.hybrid import Summands
from recommender.meaning import Events
from text.windows import has_vector

MAX_PATHS = 20
"""Items of the history that are given paths, those that add most over all components; the rest are small."""
SPEAKERS = 3
"""A reason speaks of one of so many items of the history, those that add most."""
HUB_SHARE = 0.25
"""An entity with more edges than this share of the catalogue, such as a language, ties nothing together ..."""
FEW = 10
"""... unless it has no more edges than this."""
QUOTED = 120
"""Characters of a review that a path quotes."""
READS_LIKE = "READS_LIKE"
"""What joins the two texts, of an item or of a review about it, that tie two items most."""


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

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


@dataclass(frozen=True)
class Shared:
    """What ties two items: ``first -relation-> node <-relation- second``, the arrows the other way round, or, where the
    node is the second item itself, one edge between them."""

    node: int
    relation: int
    outgoing: bool
    """Whether the edge of the first item starts there; that of the second does likewise."""
    degree: int
    """Edges of the node; 1 for an edge between the two, which speaks of no other item."""
    direct: bool = False


class Paths:
    """Finds what connects two items: an edge between them, the rarest node that they share, who likes both, or what
    was written about them."""

    def __init__(
        self,
        snapshot: Snapshot,
        knowledge: KnowledgeGraph,
        cells: Cells,
        phrases: Phrases | None = None,
        vectors: TextVectors | None = None,
        texts: CentredTexts | None = None,
    ) -> None:
        self._snapshot = snapshot
        self._phrases = phrases
        self._vectors = vectors
        self._centred = texts
        self._knowledge = knowledge
        liked = cells.take(cells.weights > 0)
        order = np.argsort(liked.items, kind="stable")  # cells are sorted by person
        self._fans, self._latest = liked.users[order], liked.times[order]
        self._starts = np.searchsorted(liked.items[order], np.arange(cells.num_items + 1))

    @cached_property
    def _users(self) -> list[str]:
        return list(self._snapshot.users["id"].to_pylist())

    @cached_property
    def _events(self) -> Events:
        return Events.of(self._snapshot.events)

    def _fond(self, item: int, since: float = -np.inf) -> np.ndarray:
        """Who likes an item and met it since then, in ascending order."""
        rows = slice(self._starts[item], self._starts[item + 1])
        fond: np.ndarray = self._fans[rows][is_since(self._latest[rows], since)]
        return fond

    def _met(self, person: int, item: int, since: float) -> Step:
        """The edge of the first event since then of this person with this item; events are sorted by (user, item)."""
        events = self._events
        own = slice(*np.searchsorted(events.users, [person, person + 1]))
        first, last = own.start + np.searchsorted(events.items[own], [item, item + 1])
        row = first + int(np.argmax(is_since(events.times[first:last], since)))
        return self.event(self._users[person], events.kind_names[events.kinds[row]], item)

    def event(self, user: str, kind: str, item: int) -> Step:
        """The edge of an event of this kind."""
        return Step(user, kind, self._ids[item], is_event=True, target_name=self.name(item))

    @cached_property
    def _names(self) -> list[str | None]:
        mentions = [None] * self._snapshot.mentions.num_rows
        return [*item_names(self._snapshot, self._phrases), *self._snapshot.entities["name"].to_pylist(), *mentions]

    @cached_property
    def _ids(self) -> list[str]:
        tables = (self._snapshot.items, self._snapshot.entities, self._snapshot.mentions)
        return [id for table in tables for id in table["id"].to_pylist()]

    @cached_property
    def _edges(self) -> tuple[sp.csr_matrix, np.ndarray]:
        """Item x node incidence of signed edge numbers (from 1; negative: the item is the tail), and all degrees."""
        graph = self._knowledge
        codes = np.arange(1, len(graph) + 1, dtype=np.int64)
        rows = np.concatenate([graph.heads, graph.tails])
        columns = np.concatenate([graph.tails, graph.heads])
        values = np.concatenate([codes, -codes])
        keep = rows < graph.num_items
        order = np.argsort(rows[keep], kind="stable")
        rows, columns, values = rows[keep][order], columns[keep][order], values[keep][order]
        indptr = np.searchsorted(rows, np.arange(graph.num_items + 1))
        matrix = sp.csr_matrix((values, columns, indptr), shape=(graph.num_items, graph.num_nodes))
        return matrix, np.bincount(columns, minlength=graph.num_nodes)

    def name(self, node: int) -> str | None:
        """What people call an item or an entity; None where it has only an id."""
        return self._names[node]

    def shared(self, first: int, second: int) -> Shared | None:
        """An edge between them, else the rarest node that both items touch by the same relation in one direction.

        None where they share nothing, or nothing but hubs (:data:`HUB_SHARE`).
        """
        matrix, degrees = self._edges
        graph = self._knowledge

        def edges(item: int) -> dict[tuple[int, int, bool], None]:
            found = slice(matrix.indptr[item], matrix.indptr[item + 1])
            return {
                (int(node), int(graph.relations[abs(code) - 1]), bool(code > 0)): None
                for node, code in zip(matrix.indices[found], matrix.data[found], strict=True)
            }

        own = edges(first)
        between = [edge for edge in own if edge[0] == second]
        if between:
            _, relation, outgoing = min(between)
            return Shared(second, relation, outgoing, degree=1, direct=True)
        most = max(FEW, HUB_SHARE * graph.num_items)
        both = [edge for edge in own.keys() & edges(second).keys() if degrees[edge[0]] <= most]
        if not both:
            return None
        node, relation, outgoing = min(both, key=lambda edge: (degrees[edge[0]], edge))
        return Shared(node, relation, outgoing, int(degrees[node]))

    def relation(self, shared: Shared) -> str:
        """The relation's name, as stored."""
        return self._knowledge.relation_names[shared.relation]

    def entity_path(self, first: int, second: int) -> tuple[Shared, list[Step]] | None:
        """``first - node - second``, or ``first - second``, as edges of the graph."""
        shared = self.shared(first, second)
        if shared is None:
            return None
        ends = (first,) if shared.direct else (first, second)
        edges = [(end, shared.node) if shared.outgoing else (shared.node, end) for end in ends]
        return shared, [self._fact(source, self.relation(shared), target) for source, target in edges]

    def _fact(self, source: int, relation: str, target: int) -> Step:
        ids, names = self._ids, self._names
        return Step(ids[source], relation, ids[target], source_name=names[source], target_name=names[target])

    def people_path(self, first: int, second: int, user: str, since: float = -np.inf) -> list[Step] | None:
        """``first - somebody else who likes both - second``: the one with the fewest items, whose liking says most.

        Of those who met both since then, in Unix seconds.
        """
        both = np.intersect1d(self._fond(first, since), self._fond(second, since))
        both = both[[self._users[person] != user for person in both]] if len(both) else both
        if not len(both):
            return None
        person = int(both[np.argmin(self._activity[both])])
        return [self._met(person, first, since), self._met(person, second, since)]

    def text_path(self, first: int, second: int, since: float = -np.inf) -> list[Step] | None:
        """``first <-ABOUT- a review -READS_LIKE- a review -ABOUT-> second``: the two texts that tie the items most.

        Of texts ``a`` of the first and ``b`` of the second, about the centre of the catalogue, the pair of the largest
        ``(a·b) max(a·v_second, 0) max(b·v_first, 0)`` with the vectors ``v`` of the items: nearness alone would quote
        praise that fits everything. An item's own text stands for itself, reviews count from ``since`` on, in Unix
        seconds; None where nothing ties them.
        """
        if self._vectors is None or self._centred is None:
            return None
        (own, vectors), (other, others) = self._texts_of(first, since), self._texts_of(second, since)
        if not len(own) or not len(other):
            return None
        centre, means = self._centred.centre, self._centred.vectors
        a, b = vectors - centre, others - centre
        ties = (a @ b.T) * np.maximum(a @ means[second], 0.0)[:, None] * np.maximum(b @ means[first], 0.0)
        row, column = np.unravel_index(int(ties.argmax()), ties.shape)
        if ties[row, column] <= 0:
            return None
        (left, said), (right, heard) = self._text(int(own[row])), self._text(int(other[column]))
        about = [
            Step(text, "ABOUT", self._ids[item], source_name=words, target_name=self.name(item))
            for number, text, words, item in ((own[row], left, said, first), (other[column], right, heard, second))
            if number >= self._snapshot.items.num_rows
        ]
        cosine = float(vectors[row] @ others[column])
        likeness = Step(left, READS_LIKE, right, source_name=said, target_name=heard, similarity=cosine)
        return [*(step for step in about if step.source == left), likeness, *(s for s in about if s.source != left)]

    @cached_property
    def _reviews(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the reviews in the order of their items, and where those of each item begin."""
        items = self._snapshot.reviews["item"].to_numpy()
        order = np.argsort(items, kind="stable")
        return order, np.searchsorted(items[order], np.arange(self._snapshot.items.num_rows + 1))

    @cached_property
    def _written(self) -> np.ndarray:
        """When each review was written: ``(n,)`` float64 Unix seconds, NaN where unknown."""
        written: np.ndarray = self._snapshot.reviews["at"].cast(pa.int64()).to_numpy().astype(np.float64) / 1e6
        return written

    def _texts_of(self, item: int, since: float) -> tuple[np.ndarray, np.ndarray]:
        """Who speaks of an item, itself by its dense id and reviews numbered after all items, and their vectors."""
        assert self._vectors is not None
        order, starts = self._reviews
        reviews = order[starts[item] : starts[item + 1]]
        reviews = reviews[is_since(self._written[reviews], since)]
        rows = np.concatenate([[item], reviews + self._snapshot.items.num_rows]).astype(np.int64)
        vectors = np.concatenate([self._vectors.items[item : item + 1], self._vectors.reviews[reviews]])
        spoken = has_vector(vectors)
        return rows[spoken], vectors[spoken]

    def _text(self, row: int) -> tuple[str, str | None]:
        """The id of one who speaks, and what it is called or how it begins."""
        review = row - self._snapshot.items.num_rows
        if review < 0:
            return self._ids[row], self.name(row)
        found = self._snapshot.reviews.slice(review, 1).to_pylist()[0]
        return found["id"], beginning(join_text(found["title"], found["text"]), QUOTED)

    def is_liked(self, *items: int) -> bool:
        """Whether anybody likes all of these items."""
        return bool(len(reduce(np.intersect1d, map(self._fond, items))))

    @cached_property
    def _activity(self) -> np.ndarray:
        return np.bincount(self._fans, minlength=len(self._users))


def is_since(times: np.ndarray, since: float) -> np.ndarray:
    """Which of these moments are not before ``since``; all where that is ``-inf``, and else no unknown one (NaN).

    >>> is_since(np.array([5.0, 1.0, np.nan]), 2.0), is_since(np.array([np.nan]), -np.inf)
    (array([ True, False, False]), array([ True]))
    """
    late: np.ndarray = (times >= since) | (since == -np.inf)
    return late


RELATION_WORDS = (
    (r"direct(ed_by|or)", "by the same director"),
    (r"writ(er|ten_by)|author", "by the same writer"),
    (r"cinematograph", "shot by the same cinematographer"),
    (r"produc(er|ed_by)(?!.*compan)", "by the same producer"),
    (r"production_compan", "from the same production company"),
    (r"actor|star|cast", "with the same actor"),
    (r"genre|class", "of the same genre"),
    (r"categor", "in the same category"),
    (r"brand", "of the same brand"),
    (r"publisher", "from the same publisher"),
    (r"distributor", "from the same distributor"),
    (r"subject", "on the same subject"),
    (r"language", "in the same language"),
    (r"country|nationality|origin|place", "from the same place"),
    (r"award", "up for the same award"),
    (r"rating", "with the same age rating"),
    (r"sequel|prequel", "of the same series"),
    (r"artist", "by the same artist"),
    (r"album", "on the same album"),
    (r"year", "of the same year"),
    (r"bought|buy", "often bought with the same things"),
    (r"view", "often looked at with the same things"),
)
"""How relations of usual names are said; the first that matches the lower-case name is taken."""


def say_relation(relation: str, name: str | None = None) -> str:
    """A relation in words, with the name of the entity where it has one.

    >>> say_relation("film.film.directed_by"), say_relation("BRAND", "Boss"), say_relation("LABEL_COLOUR")
    ('by the same director', 'of the same brand (Boss)', 'with the same label colour')
    >>> say_relation("MADE_BY", "Uji Farm"), say_relation("HAS_COLOUR")
    ('made by the same (Uji Farm)', 'with the same colour')
    """
    lowered = relation.lower()
    said = next((phrase for pattern, phrase in RELATION_WORDS if re.search(pattern, lowered)), None)
    if said is None:
        last = re.sub(r"[._\W]+", " ", lowered.rsplit(".", 1)[-1]).strip()
        unnamed = not last or re.fullmatch(r"(r )?\d+", last)  # a graph whose relations are numbers
        bare = re.sub(r"^(has|is|in) ", "", last)
        by = re.fullmatch(r".+ (by|in|at|for|from)", bare)  # made by, set in
        said = "related to the same thing" if unnamed else f"{bare} the same" if by else f"with the same {bare}"
    return f"{said} ({name})" if name else said


EDGE_WORDS = (
    (r"bought|buy", "which is often bought with it"),
    (r"view", "which is often looked at with it"),
    (r"sequel|prequel|series", "of the same series"),
)
"""How an edge between two items is said."""


def say_edge(relation: str) -> str:
    """An edge between two items in words.

    >>> say_edge("ALSO_BOUGHT"), say_edge("REMAKE_OF")
    ('which is often bought with it', 'which is tied to it (remake of)')
    """
    lowered = relation.lower()
    said = next((phrase for pattern, phrase in EDGE_WORDS if re.search(pattern, lowered)), None)
    return said or f"which is tied to it ({lowered.replace('_', ' ')})"


KIND_WORDS = {"RATED": "liked", "REVIEWED": "liked", "PURCHASED": "bought", "VIEWED": "looked at"}
"""What somebody did who likes an item, where the kind of event does not say it; only a high rating likes."""


GENERAL = {
    "popularity": "it is popular",
    "attribute_popularity": "things like it are popular",
    "network": "it does well with people like you",
    "knowledge_network": "it does well with people like you",
    "content": "it reads like what you wrote",
}
"""What a component says without an item of the history, in words."""
NOTHING = "nothing that you met speaks against it"
"""What is said where nothing speaks for it."""
FROM_LIKES = frozenset({"popularity", "network", "knowledge_network"})
"""Those that speak of how often the item itself was liked."""


def say_kind(kind: str) -> str:
    """What somebody did, by the kind of an event with an item that they like.

    >>> say_kind("RATED"), say_kind("VIEWED"), say_kind("ADDED_TO_CART"), say_kind("PLAY")
    ('liked', 'looked at', 'added to cart', 'met')
    """
    if kind in KIND_WORDS:
        return KIND_WORDS[kind]
    return kind.lower().replace("_", " ") if re.match(r"[A-Z]+ED(_|$)", kind) else "met"


class Explainer:
    """Turns contributions into reasons and paths for one published model."""

    def __init__(self, paths: Paths, items: Vocabulary) -> None:
        self._paths = paths
        self._items = items

    def title(self, item: int) -> str:
        """What people call an item, or its id."""
        return self._paths.name(item) or self._items[item]

    def reason(self, summands: Summands, item: int, liked: Mapping[int, str]) -> str:
        """One sentence that begins with "because": the largest contributions in words.

        The items that the person likes and that add most over all components speak, through the component by which the
        first of them does; what speaks without the history, such as popularity or the person's own words, is said
        before where it adds more than they do together, and alone where none of them adds anything.

        Args:
            summands: what the score is a sum of.
            item: dense id of the recommended item.
            liked: the items that the person likes, each with what they did: a kind of event. A disliked item never
                speaks, even where it adds: that its neighbours' neighbours rise is no reason in words.
        """
        totals = summands.values.sum(axis=0)
        adding = [
            row for row in np.argsort(-totals, kind="stable") if totals[row] > 0 and summands.history[row] in liked
        ]
        general = self._general(summands, item)
        if not adding:
            return f"because {GENERAL[general[0]]}" if general else f"because {NOTHING}"
        own = self._own(summands, item, liked, adding[:SPEAKERS])
        if general is not None and general[1] > totals[adding].sum():
            return f"because {GENERAL[general[0]]}, and {own}"
        return f"because {own}"

    def _general(self, summands: Summands, item: int) -> tuple[str, float] | None:
        """The component that gives most whatever the history, of those that can be said, and how much."""
        found = zip(summands.components, summands.general.tolist(), summands.telling.tolist(), strict=True)
        told = [(component, value) for component, value, telling in found if telling and value > 0]
        told = [(component, value) for component, value in told if component in GENERAL]
        if not self._paths.is_liked(item):  # then nobody can have made it popular
            told = [(component, value) for component, value in told if component not in FROM_LIKES]
        return max(told, key=lambda pair: pair[1], default=None)

    def _own(self, summands: Summands, item: int, liked: Mapping[int, str], rows: Sequence[int]) -> str:
        """What the person's own items say, those of these rows of the history."""
        ordered = summands.history[rows].tolist()
        strongest = summands.components[int(summands.values[:, rows[0]].argmax())]
        if strongest == "content":
            return f"you {say_kind(liked[ordered[0]])} {self.title(ordered[0])}, which reads alike"
        if strongest == "relations" or len(ordered) == 1:
            telling = self._rarest(ordered, item)
            if telling is not None:
                source, shared = telling
                relation = self._paths.relation(shared)
                said = say_edge(relation) if shared.direct else say_relation(relation, self._paths.name(shared.node))
                return f"you {say_kind(liked[source])} {self.title(source)}, {said}"
        speaking = ordered[: 2 if self._paths.is_liked(item, *ordered[:2]) else 1]
        did = {say_kind(liked[one]) for one in speaking}
        verb = did.pop() if len(did) == 1 else "liked"
        titles = " and ".join(map(self.title, speaking))
        if self._paths.is_liked(item, *speaking):
            return f"people who {verb} {titles} {verb} it too"
        return f"it goes with {titles}, which you {verb}"

    def _rarest(self, sources: Sequence[int], item: int) -> tuple[int, Shared] | None:
        """Of these items the one that shares the rarest entity with ``item``; none where all they share are hubs."""
        found = [(source, shared) for source in sources if (shared := self._paths.shared(source, item)) is not None]
        return min(found, key=lambda pair: pair[1].degree, default=None)

    def parts(
        self, summands: Summands, item: int, user: str, kinds: Mapping[int, str], since: float = -np.inf
    ) -> list[dict[str, Any]]:
        """The ``parts`` of the explanation, largest first: component, contribution, item_id and the path behind it.

        Args:
            summands: what the score is a sum of; what is not telling is left to the baseline.
            item: dense id of the item that is explained.
            user: whose score it is.
            kinds: for items of the person's history the kind of an event with it: the first edge of a path.
            since: Unix seconds; events and reviews before that are no edges of paths.
        """
        told = set(np.argsort(-np.abs(summands.values.sum(axis=0)), kind="stable")[:MAX_PATHS].tolist())
        found: list[dict[str, Any]] = [
            {"component": summands.components[row], "contribution": value, "item_id": None, "title": None, "path": None}
            for row, value in enumerate(summands.general.tolist())
            if summands.telling[row]
        ]
        for row, place in np.argwhere(summands.values).tolist():
            component, source = summands.components[row], int(summands.history[place])
            found.append(
                {
                    "component": component,
                    "contribution": float(summands.values[row, place]),
                    "item_id": self._items[source],
                    "title": self.title(source),
                    "path": self._path(component, source, item, user, kinds, since) if place in told else None,
                }
            )
        return sorted(found, key=lambda part: -abs(part["contribution"]))

    def _path(
        self, component: str, source: int, item: int, user: str, kinds: Mapping[int, str], since: float
    ) -> list[dict[str, Any]] | None:
        if source not in kinds:
            return None
        met = self._paths.event(user, kinds[source], source)
        if component == "content":  # texts read alike, whatever the graph ties them by
            return [met.to_dict(), *(step.to_dict() for step in self._paths.text_path(source, item, since) or ())]
        by_entity = self._paths.entity_path(source, item)
        steps = by_entity[1] if by_entity else None
        if component != "relations":
            steps = self._paths.people_path(source, item, user, since) or steps
        return [met.to_dict(), *(step.to_dict() for step in steps or ())]
