"""What was written about two items: the texts that tie them most, and in these the two sentences that are nearest."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from kg.snapshot import Snapshot
from recommender.bridge import Encode, TextVectors, beginning, item_texts, join_text
from recommender.data import CentredTexts
from recommender.explain.fans import is_since
from recommender.explain.steps import READS_LIKE, Names, Path, PathConfig, Step
from text.windows import has_vector

SENTENCES = 16
"""Sentences of one text that are looked at."""


class Quotes:
    """The texts of a snapshot: of items, by their dense ids, and of reviews about them, numbered after all items."""

    def __init__(
        self,
        snapshot: Snapshot,
        vectors: TextVectors,
        texts: CentredTexts,
        names: Names,
        config: PathConfig,
        encode: Encode | None = None,
    ) -> None:
        self._snapshot, self._vectors, self._centred = snapshot, vectors, texts
        self._names, self._config, self._encode = names, config, encode

    def paths(
        self, first: int, second: int, user: str, since: float = -np.inf, *, sentences: bool = False
    ) -> list[Path]:
        """``first <-ABOUT- a review -READS_LIKE- a review -ABOUT-> second``: the texts that tie the items most.

        Of texts ``a`` of the first and ``b`` of the second, about the centre of the catalogue, the pairs of the largest
        ``(a·b) max(a·v_second, 0) max(b·v_first, 0)`` with the vectors ``v`` of the items: nearness alone would quote
        praise that fits everything. Of reviews of the first item only the person's own count, where they wrote any. An
        item's own text stands for itself; reviews count from ``since`` on, in Unix seconds.

        Args:
            first: dense id of the person's own item.
            second: of the recommended one.
            user: the person.
            since: Unix seconds.
            sentences: whether the nearest two sentences are quoted, which takes a run of the text model.
        """
        (own, vectors), (other, others) = self._texts_of(first, since, user), self._texts_of(second, since)
        centre, means = self._centred.centre, self._centred.vectors
        a, b = vectors - centre, others - centre
        ties = (a @ b.T) * np.maximum(a @ means[second], 0.0)[:, None] * np.maximum(b @ means[first], 0.0)
        found = []
        for row, column in self._largest(ties):
            left, right = int(own[row]), int(other[column])
            likeness = self._likeness(left, right, vectors[row] @ others[column])
            quotes = self._quotes(left, right, sentences)
            steps = (*self._about(left, first), likeness, *self._about(right, second))
            found.append(Path("texts", steps, self._say(left, likeness, quotes, user), quotes=quotes))
        return found

    def own_words(self, item: int, user: str, since: float = -np.inf, *, sentences: bool = False) -> list[Path]:
        """``person -WROTE-> a review -READS_LIKE- a text -ABOUT-> item``, whatever the review was about.

        Of the reviews ``a`` and the texts ``b`` of the item, about the centre of the catalogue, the pairs of the
        largest ``(a·b) max(a·v_item, 0)``; arguments as of :meth:`paths`.
        """
        reviews = np.flatnonzero(self._wrote(user, slice(None)))
        reviews = reviews[is_since(self._written[reviews], since) & has_vector(self._vectors.reviews[reviews])]
        vectors, (other, others) = self._vectors.reviews[reviews], self._texts_of(item, since)
        a, b = vectors - self._centred.centre, others - self._centred.centre
        found = []
        for row, column in self._largest((a @ b.T) * np.maximum(a @ self._centred.vectors[item], 0.0)[:, None]):
            left, right = len(self._items) + int(reviews[row]), int(other[column])
            likeness = self._likeness(left, right, vectors[row] @ others[column])
            wrote = Step(user, "WROTE", likeness.source, is_event=True, target_name=likeness.source_name)
            said, heard = quotes = self._quotes(left, right, sentences)
            steps = (wrote, likeness, *self._about(right, item))
            found.append(Path("texts", steps, f"“{said}” and “{heard}”", quotes=quotes))
        return found

    def _largest(self, ties: np.ndarray) -> list[tuple[int, int]]:
        """The places of the largest above 0, as many as there are paths of one contribution."""
        order = np.argsort(-ties, axis=None, kind="stable")[: self._config.best]
        rows, columns = np.unravel_index(order[ties.flat[order] > 0], ties.shape)
        return list(zip(rows.tolist(), columns.tolist(), strict=True))

    def _likeness(self, left: int, right: int, cosine: float) -> Step:
        (said, said_as), (heard, heard_as) = self._node(left), self._node(right)
        return Step(said, READS_LIKE, heard, False, said_as, heard_as, float(cosine))

    def _about(self, text: int, item: int) -> list[Step]:
        """The edge from a review to its item; an item's own text stands for itself."""
        if not self._is_review(text):
            return []
        review, name = self._node(text)
        return [Step(review, "ABOUT", self._names.ids[item], source_name=name, target_name=self._names[item])]

    def _say(self, left: int, likeness: Step, quotes: tuple[str, str], user: str) -> str:
        if self._is_review(left) and self._wrote(user, left - len(self._items)):
            return f"of which you wrote “{quotes[0]}”; this one is described by “{quotes[1]}”"
        if quotes == (likeness.source_name, likeness.target_name) and not self._is_review(left):
            return "named alike"  # items that have no text but their titles
        return f"described alike: “{quotes[0]}” and “{quotes[1]}”"

    def _quotes(self, left: int, right: int, sentences: bool) -> tuple[str, str]:
        """From each text the sentence nearest to one of the other, where they are too long to be quoted whole; their
        beginnings where sentences are not read."""
        said, heard = self._text(left), self._text(right)
        most = self._config.quoted
        if sentences and self._encode is not None and max(len(said), len(heard)) > most:
            own, other = split(said), split(heard)
            vectors = self._encode([*own, *other])
            cosines = vectors[: len(own)] @ vectors[len(own) :].T
            row, column = np.unravel_index(int(cosines.argmax()), cosines.shape)
            said, heard = own[row], other[column]
        return beginning(said, most), beginning(heard, most)

    def _is_review(self, text: int) -> bool:
        return text >= len(self._items)

    def _node(self, text: int) -> tuple[str, str | None]:
        """The id of what a text is of, an item or a review, and what that is called or how it begins."""
        if not self._is_review(text):
            return self._names.ids[text], self._names[text]
        review = text - len(self._items)
        return self._snapshot.reviews["id"][review].as_py(), beginning(self._text(text), self._config.quoted)

    def _text(self, text: int) -> str:
        if not self._is_review(text):
            return self._items[text]
        (found,) = self._snapshot.reviews.slice(text - len(self._items), 1).to_pylist()
        return join_text(found["title"], found["text"])

    @cached_property
    def _items(self) -> list[str]:
        return item_texts(self._snapshot)

    @cached_property
    def _reviews(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the reviews in the order of their items, and where those of each item begin."""
        items = self._snapshot.reviews["item"].to_numpy()
        order = np.argsort(items, kind="stable")
        return order, np.searchsorted(items[order], np.arange(len(self._items) + 1))

    @cached_property
    def _written(self) -> np.ndarray:
        """When each review was written: float64 Unix seconds, NaN where unknown."""
        written: np.ndarray = self._snapshot.reviews["at"].cast(pa.int64()).to_numpy().astype(np.float64) / 1e6
        return written

    @cached_property
    def _writers(self) -> np.ndarray:
        """The dense id of who wrote each review."""
        writers: np.ndarray = self._snapshot.reviews["user"].to_numpy()
        return writers

    @cached_property
    def _users(self) -> dict[str, int]:
        return {id: row for row, id in enumerate(self._snapshot.users["id"].to_pylist())}

    def _wrote(self, user: str, reviews: Any) -> Any:
        """Which of these reviews are by this person."""
        return self._writers[reviews] == self._users.get(user, -1)

    def _texts_of(self, item: int, since: float, user: str | None = None) -> tuple[np.ndarray, np.ndarray]:
        """What speaks of an item, itself by its dense id and reviews numbered after all items, and the vectors.

        Of the reviews only those by ``user``, where there are any.
        """
        order, starts = self._reviews
        reviews = order[starts[item] : starts[item + 1]]
        reviews = reviews[is_since(self._written[reviews], since)]
        mine = reviews[self._wrote(user, reviews)] if user is not None else reviews[:0]
        reviews = mine if len(mine) else reviews
        rows = np.concatenate([[item], reviews + len(self._items)]).astype(np.int64)
        vectors = np.concatenate([self._vectors.items[item : item + 1], self._vectors.reviews[reviews]])
        spoken = has_vector(vectors)
        return rows[spoken], vectors[spoken]


def split(text: str) -> list[str]:
    """The sentences of a text, the first of many.

    >>> split("Warm sound. Is it loud? No!\\nBuy"), split("無題。二")
    (['Warm sound.', 'Is it loud?', 'No!', 'Buy'], ['無題。', '二'])
    """
    return [part for part in re.split(r"(?<=[.!?])\s+|(?<=[。！？])|\n+", text) if part.strip()][:SENTENCES] or [text]
