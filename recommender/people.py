"""People as the graph knows them at this moment, ready for scoring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kg import queries
from kg.store import Store
from recommender.bridge import join_text
from recommender.errors import InvalidInput, UnknownItem, UnknownUser
from recommender.ids import some, wording
from recommender.meaning import Events
from recommender.model import Model, Person, Said
from text.windows import has_vector

LIKED = "LIKED"
"""The kind that the items of a bare history get."""


def read_people(store: Store, model: Model, user_ids: Sequence[str], *, strict: bool = True) -> list[Person]:
    """These people with all their events and words; whom the graph does not hold has none, unless that is an error.

    Raises:
        UnknownUser: names those that the graph does not hold.
    """
    rows = store.read(queries.text("people_events"), users=list(user_ids))
    found = {row["user_id"]: row for row in rows}
    missing = [user for user in user_ids if user not in found]
    if missing and strict:
        raise UnknownUser(f"the graph holds no person {some(missing)}; 'tastegraph feedback' creates people")
    return [_person(model, found[user]) if user in found else _liking(model, [], user_id=user) for user in user_ids]


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

    Items that the published version does not hold say nothing.

    Raises:
        UnknownItem: there is no text, and no item is in the published version.
        InvalidInput: neither history nor text, or a text that nothing can be learned from.
    """
    text = wording(text)
    history = history or []
    if not history and text is None:
        raise InvalidInput("nothing is known of this person: give a history of items, a text, or both")
    met = [item for item in history if item in model.items]
    if not met and text is None:
        raise UnknownItem(
            f"items that are not in the published version {model.version}: {some(history)}; ingest them and run "
            "'tastegraph refresh'"
        )
    said = None
    if text is not None:
        if model.vectors is None or model.encode is None:
            raise InvalidInput("no item of this graph has a text, so a person's text says nothing of items")
        said = _said([(text, "")], model)
        if said is None:
            raise InvalidInput("the text holds no words")
    return _liking(model, met, said)


def _liking(model: Model, items: Sequence[str], said: Said | None = None, user_id: str | None = None) -> Person:
    """Somebody who is not in the graph."""
    size = len(items)
    events = Events(
        users=np.zeros(size, dtype=np.int64),
        items=model.items.indices(items),
        kinds=np.zeros(size, dtype=np.int64),
        values=np.full(size, np.nan),
        times=np.full(size, np.nan),
        kind_names=(LIKED,),
    )
    return Person(user_id, events, said, known=False)


def everyone(store: Store) -> list[str]:
    """The ids of all people of the graph."""
    return [row["id"] for row in store.read(queries.text("user_ids"))]
