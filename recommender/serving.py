"""Answers from the published version and from the graph as it is at this moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from tqdm import tqdm

from kg.store import Store
from kg.values import aware
from recommender.bridge import Encode
from recommender.errors import InvalidInput, NotRefreshed, UnknownItem
from recommender.explain.fans import is_since
from recommender.hybrid import Anatomy
from recommender.meaning import STRENGTHS
from recommender.model import Model, Person
from recommender.people import everyone, newcomer, read_people
from recommender.ranking import top_k
from recommender.refresh import versions

EncoderOf = Callable[[Mapping[str, Any]], Encode | None]
"""Gives the text model that a version was made with, by its manifest."""
POINTER_SECONDS = 1.0
"""For so long the published version is taken to be the one that was seen last."""
BLOCK = 256
"""People who are read and scored together, ..."""
BLOCK_BYTES = 32 * 2**20
"""... fewer where the catalogue is large: the size of one part's scores."""
AT_ONCE = 64
"""Items of one list whose reasons are made together."""


@dataclass(frozen=True)
class Query:
    """What is asked of a recommendation."""

    k: int = 10
    """Length of each list, at least 1."""
    filter_seen: bool = True
    """Whether items with which the person has an event are left out; what they dislike is left out in any case."""
    items: Sequence[str] | None = None
    """Candidates; None: every item of the published version."""
    reasons: bool = False
    """Whether each row says why."""

    def __post_init__(self) -> None:
        if not isinstance(self.k, int | np.integer) or self.k < 1:
            raise InvalidInput(f"k = {self.k!r}; a list has a whole number of items, at least one")
        if isinstance(self.items, str):
            raise InvalidInput(f"items = {self.items!r}; a list of ids is needed")


class Serving:
    """Scores people with the published version; swaps to a new one within :data:`POINTER_SECONDS` of its publishing."""

    def __init__(self, store: Store, encoder_of: EncoderOf, *, progress: bool = False) -> None:
        """``encoder_of`` gives the text model that a version was made with, by its manifest."""
        self._store = store
        self._progress = progress
        self._encoder_of = encoder_of
        self._model: Model | None = None
        self._checked = float("-inf")

    def published(self) -> Model | None:
        """The published version, None before the first refresh."""
        try:
            return self.model()
        except NotRefreshed:
            return None

    def model(self) -> Model:
        """The published version.

        Raises:
            NotRefreshed: there is none yet.
            ArtefactError: its folder is damaged.
        """
        now = time.monotonic()
        if self._model is not None and now - self._checked < POINTER_SECONDS:
            return self._model
        row = versions.current(self._store)
        if row is None:
            raise NotRefreshed(f"nothing is published in {self._store.address} yet; run 'tastegraph refresh' first")
        if self._model is None or self._model.version != row["version"]:
            self._model = Model.load(versions.folder(self._store, row["version"]), self._encoder_of)
        self._checked = now
        return self._model

    def forget_pointer(self) -> None:
        """Look at the pointer again at the next call: this process has just moved it."""
        self._checked = float("-inf")

    def recommend(self, user_ids: Sequence[str] | None, query: Query) -> pd.DataFrame:
        """Lists for people of the graph, all of them when None.

        Raises:
            UnknownUser: names those that the graph does not hold.
        """
        model = self.model()
        frames = list(self.blocks(model, user_ids, query))
        return pd.concat(frames, ignore_index=True) if frames else self._lists(model, [], query)

    def blocks(self, model: Model, user_ids: Sequence[str] | None, query: Query) -> Iterator[pd.DataFrame]:
        """As :meth:`recommend`, by a version that need not be the published one, and some people at a time."""
        wanted = everyone(self._store) if user_ids is None else list(dict.fromkeys(user_ids))
        size = max(1, min(BLOCK, BLOCK_BYTES // (4 * max(1, len(model.items)))))
        blocks = [wanted[start : start + size] for start in range(0, len(wanted), size)]
        shown = tqdm(blocks, desc="recommend", unit="block", disable=not self._progress or len(blocks) < 2, leave=False)
        for block in shown:
            yield self._lists(model, read_people(self._store, model, block), query)

    def recommend_for(self, history: Sequence[str] | None, text: str | None, query: Query) -> pd.DataFrame:
        """A list for somebody who is not in the graph: a few items they like, something they wrote, or both.

        Raises:
            UnknownItem: an item of the history is not in the published version.
            InvalidInput: neither is given, or a text without words, or a text where texts are not read.
        """
        model = self.model()
        person = newcomer(model, history, text)
        return self._lists(model, [person], query)

    def _lists(self, model: Model, persons: Sequence[Person], query: Query) -> pd.DataFrame:
        people = model.people(persons)
        barred = model.seen(persons) if query.filter_seen else disliked(people.weights)
        anatomies: list[Anatomy] = []
        if query.reasons and persons:
            anatomies = [Anatomy(model.hybrid, people[slice(row, row + 1)]) for row in range(len(persons))]
            scores = np.stack([anatomy.scores for anatomy in anatomies])
        else:
            scores = model.hybrid.score(people)
        items, values = _top(model, scores, barred, query)
        rows, places = np.nonzero(items >= 0)
        found = items[rows, places]
        users = np.array([person.user_id for person in persons], dtype=object)
        lists = pd.DataFrame(
            {
                "user_id": users[rows],
                "item_id": model.item_ids[found],
                "score": values[rows, places].astype(np.float64),
                "rank": places + 1,
            }
        )
        if query.reasons:
            explainer, reasons = model.explainer, []
            for row, person in enumerate(persons):
                own, liked = found[rows == row], _liked(_kinds(person), people.weights[row])
                for start in range(0, len(own), AT_ONCE):
                    some = own[start : start + AT_ONCE]
                    summands = anatomies[row].summands(some)
                    reasons += [explainer.reason(*pair, liked) for pair in zip(summands, some.tolist(), strict=True)]
            lists["reason"] = reasons
            lists["title"] = [explainer.title(item) for item in found.tolist()]
        return lists

    def explain(
        self, user_id: str, item_id: str, without: Sequence[str] = (), since: datetime | None = None
    ) -> dict[str, Any]:
        """What one person's score of one item is a sum of, with paths of the graph.

        With ``without``, also the exact score and rank were these items not in the history: solved again, not read off
        the contributions, which hold the system fixed. With ``since``, no event or review before that moment is an edge
        of a path; contributions stay what they are.

        Raises:
            UnknownUser: no such person.
            UnknownItem: no such item in the published version, or one of ``without`` is not in the history.
        """
        model = self.model()
        (person,) = read_people(self._store, model, [user_id])
        item = dense_item(model, item_id)
        people = model.people([person])
        anatomy = Anatomy(model.hybrid, people)
        (summands,), kinds = anatomy.summands(np.array([item])), _kinds(person)
        start = -np.inf if since is None else aware(since).timestamp()
        late = replace(person, events=person.events.take(is_since(person.events.times, start)))
        explanation = {
            "user_id": user_id,
            "item_id": item_id,
            "title": model.explainer.title(item),
            "score": float(anatomy.scores[item]),
            "rank": self._rank(model, person, anatomy.scores, item),
            "baseline": float(summands.general[~summands.telling].sum()),
            "reason": model.explainer.reason(summands, item, _liked(kinds, people.weights)),
            "parts": model.explainer.parts(summands, item, user_id, _kinds(late), start),
            "model": model.version,
        }
        if without:
            explanation["without"] = self._without(model, person, item, without, explanation)
        return explanation

    def _without(
        self, model: Model, person: Person, item: int, without: Sequence[str], explanation: dict[str, Any]
    ) -> dict[str, Any]:
        left_out = [dense_item(model, other) for other in without]
        for dense, other in zip(left_out, without, strict=True):
            if dense not in person.events.items:
                raise UnknownItem(f"{person.user_id!r} has no event with {other!r}; nothing to leave out")
        rest = replace(person, events=person.events.take(~np.isin(person.events.items, left_out)))
        scores = model.hybrid.score(model.people([rest]))[0]
        score, rank = float(scores[item]), self._rank(model, rest, scores, item)
        return {
            "items": list(without),
            "score": score,
            "rank": rank,
            "score_change": score - explanation["score"],
            "rank_change": rank - explanation["rank"],
        }

    def _rank(self, model: Model, person: Person, scores: np.ndarray, item: int) -> int:
        """Place of an item among those that the person has not met, itself included; 1 is best."""
        met = np.unique(person.events.items[person.events.items >= 0])
        others = np.delete(scores, met[met != item])
        return int((others > scores[item]).sum()) + 1

    def similar_items(self, item_id: str, k: int) -> pd.DataFrame:
        """The items that somebody who likes only this one would like most: ``item_id, score, rank``."""
        found = self.recommend_for([item_id], None, Query(k=k, reasons=True))
        return found.drop(columns=["user_id", "reason"])


def dense_item(model: Model, item_id: str) -> int:
    """The dense id of an item.

    Raises:
        UnknownItem: it is not in the published version.
    """
    if item_id not in model.items:
        raise UnknownItem(
            f"item {item_id!r} is not in the published version {model.version}; ingest it and run 'tastegraph refresh'"
        )
    return model.items.index(item_id)


def _top(model: Model, scores: np.ndarray, seen: sp.csr_matrix, query: Query) -> tuple[np.ndarray, np.ndarray]:
    allowed = None
    if query.items is not None:
        allowed = np.zeros(len(model.items), dtype=bool)
        allowed[[dense_item(model, item) for item in query.items]] = True
    return top_k(scores, min(query.k, len(model.items)), seen, allowed)


def disliked(weights: sp.csr_matrix) -> sp.csr_matrix:
    """The cells below 0 of ``(B, num_items)``: what no list may hold."""
    return weights.multiply(weights < 0).tocsr()


def _kinds(person: Person) -> dict[int, str]:
    """For each item that a person met the kind of an event, of several the one that says most."""
    names, strength = person.events.kind_names, [STRENGTHS.get(name, 0.5) for name in person.events.kind_names]
    pairs = zip(person.events.items.tolist(), person.events.kinds.tolist(), strict=True)
    return {item: names[kind] for item, kind in sorted(pairs, key=lambda pair: strength[pair[1]]) if item >= 0}


def _liked(kinds: Mapping[int, str], weights: sp.csr_matrix) -> dict[int, str]:
    """The items of the cells above 0 ``(1, num_items)``, each with what the person did."""
    return {item: kinds[item] for item in weights.indices[weights.data > 0].tolist()}
