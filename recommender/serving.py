"""Answers from the published version and from the graph as it is at this moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from kg.batch import batched
from kg.progress import tqdm
from kg.store import Store
from recommender.bridge import Encode
from recommender.errors import NotRefreshed
from recommender.explain.answer import changes_of, explanation, kinds_of, liked_of
from recommender.explain.counterfactual import Counterfactual
from recommender.explain.steps import PathConfig
from recommender.hybrid import Anatomy
from recommender.ids import length
from recommender.model import Model, Person
from recommender.neighbours import alike_items
from recommender.people import newcomer, read_everyone, read_people
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
    """Candidates; None: every item of the published version. What that does not hold is passed over."""
    exclude: Sequence[str] = ()
    """Items that no list may hold, candidates among them."""
    reasons: bool = False
    """Whether each row says why."""
    strict_users: bool = False
    """Whether somebody whom the graph does not hold is an error; otherwise their list is that of whoever is unknown."""

    def __post_init__(self) -> None:
        length(self.k)


class Serving:
    """Scores people with the published version; swaps to a new one within :data:`POINTER_SECONDS` of its publishing."""

    def __init__(
        self, store: Store, encoder_of: EncoderOf, *, progress: bool = False, paths: PathConfig | None = None
    ) -> None:
        """``encoder_of`` gives the text model that a version was made with, by its manifest; ``paths`` says of what
        reasons may speak."""
        self._store = store
        self._paths = paths
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
            self._model = Model.load(versions.folder(self._store, row["version"]), self._encoder_of, self._paths)
        self._checked = now
        return self._model

    def forget_pointer(self) -> None:
        """Look at the pointer again at the next call: this process has just moved it."""
        self._checked = float("-inf")

    def recommend(self, user_ids: Sequence[str] | None, query: Query) -> pd.DataFrame:
        """Lists for people of the graph, all of them when None; others get the list of somebody unknown.

        Where the graph does not hold everybody, a column ``known`` says who is in it. ``attrs["unknown"]`` has the ids
        that were not found, by the argument in which they stood.

        Raises:
            UnknownUser: with ``strict_users``; names those that the graph does not hold.
        """
        model, strangers = self.model(), list[str]()
        frames = list(self.blocks(model, user_ids, query, strangers))
        found = pd.concat(frames, ignore_index=True) if frames else self._lists(model, [], query)
        if strangers:
            found.insert(4, "known", ~found["user_id"].isin(strangers))
        return _noted(found, model, users=strangers, items=query.items or (), exclude=query.exclude)

    def blocks(
        self, model: Model, user_ids: Sequence[str] | None, query: Query, strangers: list[str] | None = None
    ) -> Iterator[pd.DataFrame]:
        """As :meth:`recommend`, by a version that need not be the published one, and some people at a time.

        ``strangers`` takes the ids of those whom the graph does not hold.
        """
        if user_ids is None:
            wanted, read = read_everyone(self._store, model)
        else:
            wanted = list(dict.fromkeys(user_ids))
            read = partial(read_people, self._store, model, strict=query.strict_users)
        size = max(1, min(BLOCK, BLOCK_BYTES // (4 * max(1, len(model.items)))))
        blocks = list(batched(wanted, size))
        shown = tqdm(blocks, desc="recommend", unit="block", disable=not self._progress or len(blocks) < 2, leave=False)
        for block in shown:
            people = read(block)
            if strangers is not None:
                strangers += [str(person.user_id) for person in people if not person.known]
            yield self._lists(model, people, query)

    def recommend_for(self, history: Sequence[str] | None, text: str | None, query: Query) -> pd.DataFrame:
        """A list for somebody who is not in the graph: a few items they like, something they wrote, or both.

        Raises:
            UnknownItem: there is no text, and no item of the history is in the published version.
            InvalidInput: neither is given, or a text without words, or a text where texts are not read.
        """
        model = self.model()
        found = self._lists(model, [newcomer(model, history, text)], query)
        return _noted(found, model, history=history or (), items=query.items or (), exclude=query.exclude)

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
                own, liked = found[rows == row], liked_of(kinds_of(person), people.weights[row])
                solved = Counterfactual(model, person, anatomies[row].scores)
                for start in range(0, len(own), AT_ONCE):
                    some = own[start : start + AT_ONCE]
                    for summands, item in zip(anatomies[row].summands(some), some.tolist(), strict=True):
                        speakers = [change.item for change in changes_of(model, solved, summands, item, liked)]
                        reasons.append(explainer.reason(summands, item, liked, speakers))
            lists["reason"] = reasons
            lists["title"] = [explainer.title(item) for item in found.tolist()]
        return lists

    def explain(
        self,
        user_id: str,
        item_id: str,
        without: Sequence[str] = (),
        since: datetime | str | float | None = None,
        *,
        strict_users: bool = False,
    ) -> dict[str, Any]:
        """What one person's score of one item is a sum of: :func:`recommender.explain.answer.explanation`.

        Raises:
            UnknownUser: no such person, with ``strict_users``; otherwise what is explained is the score that somebody
                unknown gets.
            UnknownItem: no such item in the published version, or one of ``without`` is not in the history.
        """
        model = self.model()
        (person,) = read_people(self._store, model, [user_id], strict=strict_users)
        return explanation(model, person, item_id, without, since)

    def explain_for(
        self,
        item_id: str,
        history: Sequence[str] | None,
        text: str | None,
        without: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The same for somebody who is not in the graph; see :meth:`recommend_for`.

        Raises:
            UnknownItem: no item of the history is in the published version, or the one that is asked for is not, or one
                of ``without`` is not in the history.
            InvalidInput: neither is given, or a text without words, or a text where texts are not read.
        """
        model = self.model()
        found = explanation(model, newcomer(model, history, text), item_id, without)
        missing = _missing(model, history=history or ())
        return found | {"unknown": missing} if missing else found

    def similar_items(self, item_id: str, k: int) -> pd.DataFrame:
        """The items that are most like one: :func:`recommender.neighbours.alike_items`."""
        return alike_items(self.model(), item_id, k)


def _top(model: Model, scores: np.ndarray, seen: sp.csr_matrix, query: Query) -> tuple[np.ndarray, np.ndarray]:
    allowed = None
    if query.items is not None or query.exclude:
        allowed = np.full(len(model.items), query.items is None)
        for items, may in ((query.items or (), True), (query.exclude, False)):
            found = model.items.indices(items)
            allowed[found[found >= 0]] = may
    return top_k(scores, min(query.k, len(model.items)), seen, allowed)


def _noted(lists: pd.DataFrame, model: Model, users: Sequence[str] = (), **items: Sequence[str]) -> pd.DataFrame:
    """The same, and under ``attrs["unknown"]`` what was not found, by the argument in which it stood."""
    lists.attrs["unknown"] = ({"users": list(users)} if users else {}) | _missing(model, **items)
    return lists


def _missing(model: Model, **items: Sequence[str]) -> dict[str, list[str]]:
    """The items that the version does not hold, by the argument in which they stood; none where it holds them all."""
    missing = {name: [item for item in given if item not in model.items] for name, given in items.items()}
    return {name: ids for name, ids in missing.items() if ids}


def disliked(weights: sp.csr_matrix) -> sp.csr_matrix:
    """The cells below 0 of ``(B, num_items)``: what no list may hold."""
    return weights.multiply(weights < 0).tocsr()
