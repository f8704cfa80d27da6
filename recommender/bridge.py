"""Where the graph, the text and the tensors meet: a snapshot and vectors in, training data out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from kg.snapshot import Snapshot, codes_of
from kg.store import COSINE
from recommender.data import Cells, KnowledgeGraph, TrainingData
from recommender.meaning import Events, Meaning, MeaningConfig, cells_of, declared_of, meanings_of
from text.keyphrases import name_groups
from text.windows import has_vector, unit_rows

Encode = Callable[[Sequence[str]], np.ndarray]
"""Texts to ``(n, d)`` float32 unit rows, a zero row for a text without words."""


@dataclass(frozen=True)
class TextVectors:
    """Vectors of all texts of a snapshot, each text by itself, so that any part of the reviews can be left out."""

    items: np.ndarray
    """``(num_items, d)`` float32: title and text of each item."""
    reviews: np.ndarray
    """``(num_reviews, d)`` float32."""

    @property
    def space(self) -> dict[str, Any]:
        """``dimension`` and ``similarity``, by which an index over them is made."""
        return {"dimension": self.items.shape[1], "similarity": COSINE}


def item_texts(snapshot: Snapshot) -> list[str]:
    """What is embedded for each item: its title, then its text."""
    return joined_texts(snapshot.items)


def review_texts(snapshot: Snapshot) -> list[str]:
    """What is embedded for each review: its title, then its text."""
    return joined_texts(snapshot.reviews)


def joined_texts(table: pa.Table) -> list[str]:
    """Title and text of each row of items or of reviews as one text."""
    return [join_text(*pair) for pair in zip(table["title"].to_pylist(), table["text"].to_pylist(), strict=True)]


def join_text(title: str | None, text: str | None) -> str:
    """Title and text as one text.

    >>> join_text("Great", "Would buy again."), join_text(None, "Fine."), join_text(None, None)
    ('Great. Would buy again.', 'Fine.', '')
    """
    return ". ".join(part for part in (title, text) if part)


Phrases = Sequence[Sequence[str]]
"""For each item the keyphrases of what it says and of what people wrote about it, the strongest first."""


def item_phrases(snapshot: Snapshot, items: np.ndarray | None = None) -> Phrases | None:
    """Three keyphrases of each item at most, of these rows or of all; None where they have no texts."""
    groups = [[text] if text else [] for text in item_texts(snapshot)]
    for item, text in zip(snapshot.reviews["item"].to_pylist(), review_texts(snapshot), strict=True):
        groups[item].append(text)
    wanted = groups if items is None else [groups[item] for item in items.tolist()]
    return name_groups(wanted, top=3) if any(wanted) else None


def item_names(snapshot: Snapshot) -> list[str | None]:
    """What people call each item: its title, else the beginning of its text, else None: its id says it then.

    What reviewers say of an item is no name of it.
    """
    titles, texts = (snapshot.items[column].to_pylist() for column in ("title", "text"))
    return [title or (beginning(text) if text else None) for title, text in zip(titles, texts, strict=True)]


def beginning(text: str, most: int = 60) -> str:
    """The first words of a text, at most so many characters.

    >>> beginning("Written by and for musicians.", 20), beginning("Short."), beginning("無" * 30, 5)
    ('Written by and for …', 'Short.', '無無無無…')
    """
    if len(text) <= most:
        return text
    head = text[: most - 1]
    words, space, _ = head.rpartition(" ")
    return f"{words} …" if space and len(words) > most // 2 else f"{head}…"


def embed(snapshot: Snapshot, encode: Encode) -> TextVectors | None:
    """Embed all texts of a snapshot; None when there are none."""
    items, reviews = item_texts(snapshot), review_texts(snapshot)
    if not any(items) and not any(reviews):
        return None
    vectors = encode(items + reviews)
    return TextVectors(vectors[: len(items)], vectors[len(items) :])


def knowledge_of(snapshot: Snapshot) -> KnowledgeGraph:
    """The triples of a snapshot as typed edges over dense nodes."""
    relations, relation_names = codes_of(snapshot.triples["relation"])
    return KnowledgeGraph(
        heads=snapshot.triples["head"].to_numpy().astype(np.int64),
        relations=relations,
        tails=snapshot.triples["tail"].to_numpy().astype(np.int64),
        relation_names=relation_names,
        num_items=snapshot.items.num_rows,
        num_entities=snapshot.entities.num_rows,
        num_nodes=snapshot.num_nodes,
    )


def mean_rows(vectors: np.ndarray, groups: np.ndarray, size: int) -> np.ndarray:
    """Mean of the rows of each group, ``(size, d)`` float32; zero rows for groups without any."""
    total = np.zeros((size, vectors.shape[1]), dtype=np.float32)
    np.add.at(total, groups, vectors)
    counts = np.bincount(groups, minlength=size)
    return total / np.maximum(counts, 1)[:, None].astype(np.float32)


@dataclass(frozen=True)
class Builder:
    """Makes training data of any part of a snapshot's events; all that is derived comes from that part alone."""

    snapshot: Snapshot
    vectors: TextVectors | None = None
    meaning: MeaningConfig | None = None

    def __call__(self, events: np.ndarray | None = None, reviews: np.ndarray | None = None) -> TrainingData:
        """The training data of the events and reviews in these masks; of everything when None."""
        known = Events.of(self.snapshot.events)
        known = known if events is None else known.take(events)
        data = TrainingData(self.cells(known), knowledge_of(self.snapshot))
        if self.vectors is None:
            return data
        rows = np.arange(self.snapshot.reviews.num_rows) if reviews is None else np.flatnonzero(reviews)
        vectors = self.vectors.reviews[rows]
        spoken = has_vector(vectors)
        rows, vectors = rows[spoken], vectors[spoken]
        of_item = mean_rows(vectors, self.snapshot.reviews["item"].to_numpy()[rows], data.num_items)
        of_user = mean_rows(vectors, self.snapshot.reviews["user"].to_numpy()[rows], data.num_users)
        return TrainingData(
            data.cells, data.knowledge, item_vectors=unit_rows(self.vectors.items + of_item), user_words=of_user
        )

    def cells(self, events: Events, meanings: Mapping[str, Meaning] | None = None) -> Cells:
        """The cells of these events, by meanings inferred from them unless given."""
        meanings = meanings or meanings_of(events, declared_of(self.snapshot), self.meaning)
        return cells_of(events, meanings, self.snapshot.users.num_rows, self.snapshot.items.num_rows, self.meaning)
