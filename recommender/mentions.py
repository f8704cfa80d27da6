"""Known names in what items say and people write, linked: ``(:Review|:Item)-[:MENTIONS]->(:Entity|:Item)``.

Names of entities, and titles of items, are looked for in all texts at once (:mod:`text.mentions`). A name that several
things bear, or that is a common word as well ("People", "Time"), is *ambiguous* and decided by its sentence: the cosine
of the sentence's vector with what is known of a candidate, both about the mean of the catalogue's texts, must reach
``margin``, and be ``margin`` above the next candidate's. What does not is left out and counted.

These edges are drawn from texts, those of reviews among them. No snapshot holds them (``MENTIONS`` is one of the
graph's own relations), so that no model is trained on them and no held-out review reaches an evaluation.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from kg import queries
from kg.batch import batched
from kg.progress import tqdm
from kg.snapshot import Snapshot
from kg.store import Store
from kg.triples import Triples
from recommender.bridge import Encode, item_texts, mean_rows, review_texts
from recommender.errors import InvalidInput
from text.mentions import MentionConfig, NameFinder, Span, common_names, folded, sentence_of
from text.windows import unit_rows

CENTRE_TEXTS = 500
"""Item texts, evenly spread, whose mean stands for that of the catalogue."""
MOST_BEARERS = 100
"""What more things are called by has no sentence that speaks for one of them: such a name is left out."""
TEXTS_A_BATCH = 2_000
"""Texts whose mentions are replaced in one transaction."""


@dataclass(frozen=True)
class LinkConfig:
    """What is linked."""

    names: MentionConfig = field(default_factory=MentionConfig)
    """How names are found."""
    margin: float = 0.1
    """Least cosine of an ambiguous name's sentence with its candidate, and least lead over the next one, in [0, 2]."""
    profile_items: int = 20
    """Items whose texts say what an entity is about, at most."""
    titles: bool = True
    """Whether titles of items are looked for too."""

    def __post_init__(self) -> None:
        if not 0 <= self.margin <= 2:
            raise InvalidInput(f"margin = {self.margin} is outside [0, 2]")
        if self.profile_items < 1:
            raise InvalidInput(f"profile_items = {self.profile_items}; at least 1 is needed")


@dataclass(frozen=True)
class Mention:
    """A name in a text, and what it was taken to mean."""

    label: str
    """``Item`` or ``Review``: whose text it is."""
    id: str
    start: int
    end: int
    name: str
    """As the text writes it."""
    target_label: str
    """``Entity`` or ``Item``."""
    target: str
    kind: str
    """What the target is: the kind of an entity, or ``title``."""
    score: float | None
    """The cosine that decided an ambiguous one; None where there was nothing to decide."""


@dataclass
class MentionReport:
    """What was found and what became of it."""

    texts: int = 0
    names: int = 0
    """Different names that were looked for."""
    found: int = 0
    """Places where one stands; a title in a text of its own item is none."""
    linked: int = 0
    ambiguous: int = 0
    """Of those found, how many had to be decided."""
    rejected: int = 0
    """Of these, how many were left out."""
    by_kind: dict[str, int] = field(default_factory=dict)
    """Linked places by kind of target."""
    edges: int = 0
    """Pairs of a text and a target."""

    def to_dict(self) -> dict[str, Any]:
        """As a JSON document."""
        return asdict(self)


@dataclass(frozen=True)
class _Target:
    node: int
    """In the numbering of :mod:`kg.snapshot`."""
    label: str
    id: str
    kind: str


@dataclass(frozen=True)
class _Text:
    label: str
    id: str
    item: int
    """The item that it describes or is about."""
    text: str


def find_mentions(
    taken: Snapshot, encode: Encode | None = None, config: LinkConfig | None = None, *, progress: bool = False
) -> tuple[list[Mention], MentionReport]:
    """All mentions in the texts of a snapshot; without ``encode`` every ambiguous one is left out."""
    config = config or LinkConfig()
    texts, targets = list(_texts(taken)), _targets(taken, config)
    names = [name for spellings in targets.values() for name in spellings]
    common = common_names((own.text for own in texts), names, config.names)
    finder = NameFinder(names, config.names, common)
    called = {name: _Called.of(spellings) for name, spellings in targets.items()}
    found = [
        (own, span, candidates)
        for own in tqdm(texts, desc="names", unit="text", disable=not progress, leave=False)
        for span in finder.find(own.text)
        if (candidates := _candidates(called[span.name], own, span))
    ]
    unclear = {at: one for at, one in enumerate(found) if len(one[2]) > 1 or one[1].name in common}
    able = {at: one for at, one in unclear.items() if len(one[2]) <= MOST_BEARERS}
    decided = _decide(taken, able, encode, config) if encode is not None else {}
    mentions = []
    for at, (own, span, candidates) in enumerate(found):
        if at in unclear and at not in decided:
            continue
        target, score = decided.get(at, (candidates[0], None))
        written = own.text[span.start : span.end]
        mentions.append(
            Mention(own.label, own.id, span.start, span.end, written, target.label, target.id, target.kind, score)
        )
    report = MentionReport(
        texts=len(texts),
        names=len(names),
        found=len(found),
        linked=len(mentions),
        ambiguous=len(unclear),
        rejected=len(found) - len(mentions),
        by_kind=dict(Counter(own.kind for own in mentions).most_common()),
        edges=len({(own.label, own.id, own.target) for own in mentions}),
    )
    return mentions, report


def write_mentions(store: Store, taken: Snapshot, mentions: Sequence[Mention]) -> None:
    """Replace the mentions of every text in the graph; the same again changes nothing.

    A text's mentions change in one transaction. What lost its text since loses its mentions as well.
    """
    counts = Counter((own.label, own.id, own.target_label, own.target) for own in mentions)
    of_text: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for (label, id, target_label, target), count in counts.items():
        of_text[label, id].append({"text": id, "target": target, "label": target_label, "count": count})
    for label, ids in (("Item", taken.items["id"].to_pylist()), ("Review", taken.reviews["id"].to_pylist())):
        for batch in batched(ids, TEXTS_A_BATCH):
            rows = [row for id in batch for row in of_text[label, id]]
            adding = [
                queries.statement(
                    "mentions_add",
                    names={"label": label, "target": target},
                    rows=[row for row in rows if row["label"] == target],
                )
                for target in ("Entity", "Item")
            ]
            store.write(queries.statement("mentions_drop", names={"label": label}, ids=batch), *adding)


def _texts(taken: Snapshot) -> Iterator[_Text]:
    ids = taken.items["id"].to_pylist()
    for item, (id, text) in enumerate(zip(ids, taken.items["text"].to_pylist(), strict=True)):
        if text:
            yield _Text("Item", id, item, text)
    reviews = taken.reviews
    rows = zip(reviews["id"].to_pylist(), reviews["item"].to_pylist(), review_texts(taken), strict=True)
    for id, item, text in rows:
        if text:
            yield _Text("Review", id, item, text)


def _targets(taken: Snapshot, config: LinkConfig) -> dict[str, dict[str, list[_Target]]]:
    """What bears each name: by the name in lower case, then by its spelling."""
    found: dict[str, dict[str, list[_Target]]] = {}

    def add(name: str | None, target: _Target) -> None:
        if name:
            found.setdefault(folded(name), {}).setdefault(name, []).append(target)

    first = taken.items.num_rows
    for at, row in enumerate(taken.entities.to_pylist()):
        add(row["name"], _Target(first + at, "Entity", row["id"], row["kind"] or "Entity"))
    if config.titles:
        for at, row in enumerate(taken.items.select(["id", "title"]).to_pylist()):
            add(row["title"], _Target(at, "Item", row["id"], "title"))
    return found


@dataclass(frozen=True)
class _Called:
    """What bears a name; each list once, however often the name is found."""

    spelt: Mapping[str, list[_Target]]
    everything: list[_Target]
    items: Mapping[int, frozenset[str]]
    """Of the items among them the spellings."""

    @classmethod
    def of(cls, spellings: Mapping[str, list[_Target]]) -> _Called:
        items: defaultdict[int, set[str]] = defaultdict(set)
        for spelling, targets in spellings.items():
            for target in targets:
                if target.label == "Item":
                    items[target.node].add(spelling)
        everything = [target for one in spellings.values() for target in one]
        return cls(spellings, everything, {item: frozenset(own) for item, own in items.items()})


def _candidates(called: _Called, own: _Text, span: Span) -> list[_Target]:
    """What a span may mean: what is spelt as it is written, else whatever bears the name; never the text's own item."""
    written = own.text[span.start : span.end]
    spelt = called.spelt.get(written)
    titles = called.items.get(own.item, frozenset())
    if written in titles or (titles and not spelt):
        return []
    return spelt or called.everything


_Found = tuple[_Text, Span, list[_Target]]


def _decide(
    taken: Snapshot, unclear: Mapping[int, _Found], encode: Encode, config: LinkConfig
) -> dict[int, tuple[_Target, float | None]]:
    """The target of each ambiguous place whose sentence speaks for one, with the cosine."""
    if not unclear:
        return {}
    nodes = sorted({target.node for _, _, candidates in unclear.values() for target in candidates})
    vectors = encode([_context(own.text, span) for own, span, _ in unclear.values()])
    profiles, centre = _profiles(taken, nodes, encode, config)
    known = dict(zip(nodes, profiles, strict=True))
    decided: dict[int, tuple[_Target, float | None]] = {}
    for (at, (_, _, candidates)), spoken in zip(unclear.items(), unit_rows(vectors - centre), strict=True):
        scores = sorted(
            ((float(spoken @ known[target.node]), target) for target in candidates), key=lambda pair: -pair[0]
        )
        best, target = scores[0]
        lead = best - scores[1][0] if len(scores) > 1 else best
        if min(best, lead) >= config.margin:
            decided[at] = target, best
    return decided


def _context(text: str, span: Span) -> str:
    """The sentence without the name: every candidate is called so, which speaks for none."""
    return sentence_of(text, span.start, span.end).replace(text[span.start : span.end], " ")


def _profiles(
    taken: Snapshot, nodes: Sequence[int], encode: Encode, config: LinkConfig
) -> tuple[np.ndarray, np.ndarray]:
    """What each node is about and the catalogue's mean, ``(n, d)`` and ``(d,)``.

    The former are unit rows about the latter, of an item's own text or of the texts of an entity's items; of a node
    without any text a zero row, to which every cosine is 0.
    """
    triples = Triples.of(taken)
    items, entities, _ = triples.links()
    order = np.argsort(entities, kind="stable")
    items, entities = items[order], entities[order]
    texts = item_texts(taken)
    own: list[list[str]] = []
    for node in nodes:
        if node < triples.num_items:
            own.append([texts[node]])
            continue
        of_entity = np.unique(items[slice(*np.searchsorted(entities, [node, node + 1]))])
        own.append([texts[item] for item in of_entity.tolist() if texts[item]][: config.profile_items])
    written = [text for text in texts if text]
    sample = written[:: max(1, len(written) // CENTRE_TEXTS)]
    vectors = encode([*sample, *(text for some in own for text in some)])
    centre = vectors[: len(sample)].mean(axis=0)
    groups = np.repeat(np.arange(len(own)), [len(some) for some in own])
    means = mean_rows(vectors[len(sample) :], groups, len(own))
    known = np.array([bool(some) for some in own])
    return unit_rows(np.where(known[:, None], means - centre, 0.0)), centre
