"""People as the graph knows them at this moment, ready for scoring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow.compute as pc

from kg import changes, queries
from kg import snapshot as snapshots
from kg.errors import NotUpdatable
from kg.snapshot import Snapshot
from kg.store import Store
from recommender.bridge import join_text, joined_texts
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


Readers = Callable[[Sequence[str]], list[Person]]
"""The people of these ids; whom the graph does not hold is left out."""


def read_everyone(store: Store, model: Model) -> tuple[list[str], Readers]:
    """The ids of all people of the graph, and what reads some of them.

    They are those of the version's snapshot with what has changed since, as of this moment. Where no change tells of
    all that there is, as in an adopted graph, the whole graph is read, and those of whom it holds more or less than a
    snapshot does are read one by one when they are asked for.
    """
    try:
        taken = snapshots.update_people(store, model.snapshot)
    except NotUpdatable:
        return everyone(store), partial(_read_counted, store, model, Crowd(snapshots.take(store), model))
    crowd = Crowd(taken, model)

    def read(ids: Sequence[str]) -> list[Person]:
        clock = changes.now(store)
        if clock is not None and taken.origin is not None and clock.epoch == taken.origin.moment.epoch:
            return crowd.read(ids)
        left = set(everyone(store))  # the clock stops when somebody is forgotten, who then gets no list
        return [person for person in crowd.read(ids) if person.user_id in left]

    return list(crowd.rows), read


def _read_counted(store: Store, model: Model, crowd: Crowd, ids: Sequence[str]) -> list[Person]:
    """These people, of the crowd where the graph holds as many events and reviews of them as it."""
    now = {
        row["user_id"]: (row["events"], row["reviews"])
        for row in store.read(queries.text("event_counts"), users=list(ids))
    }
    known = [user for user in ids if user in now]
    others = [user for user in known if now[user] != crowd.counts(user)]
    people = [*crowd.read(known), *(read_people(store, model, others, strict=False) if others else ())]
    found = {person.user_id: person for person in people}
    return [found[user] for user in known if found[user].known]


class Crowd:
    """All people of a snapshot of the graph, which may be later than that of the model."""

    def __init__(self, taken: Snapshot, model: Model) -> None:
        self.rows: dict[str, int] = {user: row for row, user in enumerate(taken.users["id"].to_pylist())}
        """The row of each person, by id."""
        events, dense = Events.of(taken.events), model.items.indices(taken.items["id"].to_pylist())
        strangers = np.flatnonzero(dense < 0)  # items that came after the model get a negative number each
        dense[strangers] = -1 - np.arange(len(strangers))
        self._events = replace(events, users=np.zeros_like(events.users), items=dense[events.items])
        self._starts = np.searchsorted(events.users, np.arange(len(self.rows) + 1))
        self._said = _Spoken.of(taken, model, dense)
        self._written = np.bincount(taken.reviews["user"].to_numpy(), minlength=len(self.rows))

    def read(self, ids: Sequence[str]) -> list[Person]:
        """These people; whom the snapshot does not hold is left out."""
        return [self._person(user, self.rows[user]) for user in ids if user in self.rows]

    def counts(self, user: str) -> tuple[int, int] | None:
        """How many events and reviews of somebody there are; None where nobody has this id."""
        if (row := self.rows.get(user)) is None:
            return None
        return int(self._starts[row + 1] - self._starts[row]), int(self._written[row])

    def _person(self, user: str, row: int) -> Person:
        own = slice(int(self._starts[row]), int(self._starts[row + 1]))
        said = None if self._said is None else self._said.of_row(row)
        return Person(user, self._events.take(own), said)


@dataclass(frozen=True)
class _Spoken:
    """What all people of a snapshot wrote, by the row of the person."""

    starts: np.ndarray
    about: np.ndarray
    vectors: np.ndarray

    @classmethod
    def of(cls, taken: Snapshot, model: Model, dense: np.ndarray) -> _Spoken | None:
        if model.vectors is None or model.encode is None or not taken.reviews.num_rows:
            return None
        vectors = _vectors_of(taken, model)
        users, items = (taken.reviews[name].to_numpy().astype(np.int64) for name in ("user", "item"))
        spoken = np.flatnonzero(has_vector(vectors))
        spoken = spoken[np.argsort(users[spoken], kind="stable")]
        starts = np.searchsorted(users[spoken], np.arange(taken.users.num_rows + 1))
        return cls(starts, dense[items[spoken]], vectors[spoken])

    def of_row(self, row: int) -> Said | None:
        own = slice(int(self.starts[row]), int(self.starts[row + 1]))
        return Said(self.about[own], self.vectors[own]) if own.start < own.stop else None


def _vectors_of(taken: Snapshot, model: Model) -> np.ndarray:
    """Vectors of the reviews of ``taken``: those of the model where it met the same words, else made now."""
    assert model.vectors is not None, "asked for where texts are read"
    assert model.encode is not None, "asked for where texts are read"
    before, texts = model.snapshot.reviews, joined_texts(taken.reviews)
    rows = pc.fill_null(pc.index_in(taken.reviews["id"], before["id"].combine_chunks()), -1).to_numpy()
    earlier = joined_texts(before)
    new = [
        at for at, (row, text) in enumerate(zip(rows.tolist(), texts, strict=True)) if row < 0 or earlier[row] != text
    ]
    vectors = np.zeros((len(texts), model.vectors.items.shape[1]), dtype=np.float32)
    met = np.delete(np.arange(len(texts)), new)
    vectors[met] = model.vectors.reviews[rows[met]]
    if new:
        vectors[new] = model.encode([texts[at] for at in new])
    return vectors
