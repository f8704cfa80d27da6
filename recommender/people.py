"""People as the graph knows them at this moment, ready for scoring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kg import queries
from kg.store import Store
from recommender.bridge import join_text
from recommender.errors import InvalidInput, UnknownItem, UnknownUser
from recommender.meaning import Events
from recommender.model import Model, Person, Said
from text.windows import has_vector

LIKED = "LIKED"
"""The kind that the items of a bare history get."""


def read_people(store: Store, model: Model, user_ids: Sequence[str]) -> list[Person]:
    """These people with all their events and words.

    Raises:
        UnknownUser: names those that the graph does not hold.
    """
    rows = store.read(queries.text("people_events"), users=list(user_ids))
    found = {row["user_id"]: row for row in rows}
    missing = [user for user in user_ids if user not in found]
    if missing:
        names = ", ".join(repr(user) for user in missing[:5]) + (" ..." if len(missing) > 5 else "")
        raise UnknownUser(f"the graph holds no person {names}; 'tastegraph feedback' creates people")
    return [_person(model, found[user]) for user in user_ids]


def _person(model: Model, row: dict[str, Any]) -> Person:
    written = [(text, item) for title, told, item in row["reviews"] if (text := join_text(title, told))]
    return Person(
        user_id=row["user_id"],
        events=Events.of_person(row["events"], model.items),
        said=_said(written, model) if written else None,
    )


def _said(written: Sequence[tuple[str, str]], model: Model) -> Said | None:
    """Texts, each with the item that it is about."""
    if model.vectors is None or model.encode is None:
        return None
    texts, items = zip(*written, strict=True)
    vectors = model.encode(texts)
    spoken = has_vector(vectors)
    return Said(model.items.indices(items)[spoken], vectors[spoken]) if spoken.any() else None


def newcomer(model: Model, history: Sequence[str] | None, text: str | None) -> Person:
    """Somebody who is not in the graph: likes these items, wrote this text.

    Raises:
        UnknownItem: an item is not in the published version.
        InvalidInput: neither history nor text, or a text that nothing can be learned from.
    """
    if not (text is None or isinstance(text, str)):
        raise InvalidInput(f"text = {text!r}; a text is a string")
    history = history or []
    if not history and text is None:
        raise InvalidInput("nothing is known of this person: give a history of items, a text, or both")
    unknown = [item for item in history if item not in model.items]
    if unknown:
        names = ", ".join(map(repr, unknown[:5])) + (" ..." if len(unknown) > 5 else "")
        raise UnknownItem(
            f"items that are not in the published version {model.version}: {names}; ingest them and run 'tastegraph "
            "refresh'"
        )
    said = None
    if text is not None:
        if model.vectors is None or model.encode is None:
            raise InvalidInput("no item of this graph has a text, so a person's text says nothing of items")
        said = _said([(text, "")], model)
        if said is None:
            raise InvalidInput("the text holds no words")
    size = len(history)
    return Person(
        user_id=None,
        events=Events(
            users=np.zeros(size, dtype=np.int64),
            items=model.items.indices(history),
            kinds=np.zeros(size, dtype=np.int64),
            values=np.full(size, np.nan),
            times=np.full(size, np.nan),
            kind_names=(LIKED,),
        ),
        said=said,
    )


def everyone(store: Store) -> list[str]:
    """The ids of all people of the graph."""
    return [row["id"] for row in store.read(queries.text("user_ids"))]
