"""The whole answer to "why this item": contributions with their paths, words, and what would change without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import scipy.sparse as sp

from kg.readers.cleaning import timestamp
from recommender.errors import UnknownItem
from recommender.explain.counterfactual import LARGEST_CATALOGUE, Change, Counterfactual
from recommender.explain.fans import is_since
from recommender.explain.words import kind_of
from recommender.hybrid import Anatomy, Summands
from recommender.meaning import MeaningConfig
from recommender.model import Model, Person

YOU = "you"
"""The name in paths of somebody who is not in the graph."""


def explanation(
    model: Model, person: Person, item_id: str, without: Sequence[str] = (), since: datetime | str | float | None = None
) -> dict[str, Any]:
    """What a person's score of one item is a sum of, ``score = baseline + sum of contributions``, with its paths.

    ``exact`` holds, for the items of the history that may be named as the reason, the change of score and rank without
    that item alone: solved again, not read off the contributions, which hold the system fixed. Their order is that of
    the reason, and ``reason_by`` is the component that it goes by, with its kind. With ``without``, the same for these
    items together. With ``since``, no event or review before that moment is an edge of a path; contributions stay
    what they are.

    Raises:
        UnknownItem: no such item in the published version, or one of ``without`` is not in the history.
        RecordError: ``since`` is no time.
    """
    item, people = dense_item(model, item_id), model.people([person])
    anatomy, explainer = Anatomy(model.hybrid, people), model.explainer
    (summands,) = anatomy.summands(np.array([item]))
    moment = timestamp(since, "since")
    start = -np.inf if moment is None else moment.timestamp()
    late = replace(person, events=person.events.take(is_since(person.events.times, start)))
    liked, solved = liked_of(kinds_of(person), people.weights), Counterfactual(model, person, anatomy.scores)
    changes = changes_of(model, solved, summands, item, liked)
    leader = explainer.leader(summands)
    found: dict[str, Any] = {
        "user_id": person.user_id,
        "known": person.known,
        "item_id": item_id,
        "title": explainer.title(item),
        "score": summands.score,
        "rank": solved.rank(item),
        "baseline": float(summands.general[~summands.telling].sum()),
        "reason_by": {"component": leader, "kind": leader and kind_of(leader)},
        "reason": explainer.reason(summands, item, liked, [change.item for change in changes]),
        "parts": explainer.parts(summands, item, person.user_id or YOU, kinds_of(late), start),
        "exact": [
            {
                "item_id": model.items[change.item],
                "title": explainer.title(change.item),
                "score_change": change.score,
                "rank_change": change.rank,
            }
            for change in changes
        ],
        "model": model.version,
    }
    if without:
        found["without"] = _without(model, person, solved, item, without, found)
    return found


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


def changes_of(
    model: Model, solved: Counterfactual, summands: Summands, item: int, liked: Mapping[int, str]
) -> list[Change]:
    """What the items of the history that add most change exactly; nothing where the catalogue is too large for that."""
    if len(model.items) > LARGEST_CATALOGUE:
        return []
    return solved.changes(item, model.explainer.speakers(summands, liked))


def _without(
    model: Model,
    person: Person,
    solved: Counterfactual,
    item: int,
    without: Sequence[str],
    explanation: Mapping[str, Any],
) -> dict[str, Any]:
    left_out = [dense_item(model, other) for other in without]
    for dense, other in zip(left_out, without, strict=True):
        if dense not in person.events.items:
            raise UnknownItem(f"{person.user_id!r} has no event with {other!r}; nothing to leave out")
    anatomy = solved.without(left_out)
    (summands,) = anatomy.summands(np.array([item]))
    rank = solved.rank(item, anatomy.scores)
    return {
        "items": list(without),
        "score": summands.score,
        "rank": rank,
        "score_change": summands.score - explanation["score"],
        "rank_change": rank - explanation["rank"],
    }


def kinds_of(person: Person) -> dict[int, str]:
    """For each item that a person met the kind of an event, of several the one that says most."""
    names = person.events.kind_names
    strength = list(map(MeaningConfig().strength, names))
    pairs = zip(person.events.items.tolist(), person.events.kinds.tolist(), strict=True)
    return {item: names[kind] for item, kind in sorted(pairs, key=lambda pair: strength[pair[1]]) if item >= 0}


def liked_of(kinds: Mapping[int, str], weights: sp.csr_matrix) -> dict[int, str]:
    """The items of the cells above 0 ``(1, num_items)``, each with what the person did."""
    return {item: kinds[item] for item in weights.indices[weights.data > 0].tolist()}
