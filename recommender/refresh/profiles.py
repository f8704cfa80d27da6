"""Everybody's profile by one published version, into the graph: what follows when the pointer has moved.

Readers see each person's old profile or the new one, never a part of each, and the segments of both versions until
everyone is done. Who has met or written something since the version's snapshot is drawn from the graph as it is now, so
that no older profile replaces one that feedback has drawn.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np

from kg import queries
from kg.batch import batched
from kg.store import Store
from kg.vocabulary import Vocabulary
from recommender.meaning import Events
from recommender.model import Model
from recommender.profiles.history import Words
from recommender.profiles.live import MAX_LIVE_EVENTS, update_profile
from recommender.profiles.profile import Profile, ProfileConfig, build_profiles, histories_of
from recommender.profiles.write import PEOPLE_A_BATCH, drop_segments, write_profiles, write_segments
from recommender.refresh import versions
from recommender.refresh.removed import drop_interests_of_nobody
from recommender.refresh.write_back import drop_others


def follow(
    store: Store,
    model: Model,
    config: ProfileConfig,
    profiling: threading.Lock,
    *,
    only: Collection[str] | None = None,
    progress: bool = False,
) -> None:
    """After the pointer has moved to ``model``: draw profiles, remove what is of others, and note that this is done.

    Who is killed on the way leaves it to the next refresh. Arguments as for :func:`write_everyone`.
    """
    write_everyone(store, model, config, profiling, only=only, progress=progress)
    drop_others(store, kept=model.version)
    drop_interests_of_nobody(store)
    versions.drawn(store, model.version)


def write_everyone(
    store: Store,
    model: Model,
    config: ProfileConfig,
    profiling: threading.Lock,
    *,
    only: Collection[str] | None = None,
    progress: bool = False,
) -> None:
    """Write the segments and all profiles of this version, then drop the segments of others.

    Args:
        store: the graph.
        model: the version.
        config: how profiles are drawn.
        profiling: held while a profile is compared with the graph and written.
        only: draw these people's and newcomers' alone, where the others' stand as an earlier version with the same
            segments drew them.
        progress: whether to show a bar on stderr.
    """
    segments = model.segments
    write_segments(store, segments)
    known = model.users
    rows = np.arange(len(known)) if only is None else np.sort(known.indices(user for user in only if user in known))
    place = np.full(len(known), -1)
    place[rows] = np.arange(len(rows))
    events = Events.of(model.snapshot.events)
    events = events.take(place[events.users] >= 0)
    events = replace(events, users=place[events.users])
    users = [known[row] for row in rows.tolist()]
    drawn_of = dict(zip(users, np.bincount(events.users, minlength=len(users)).tolist(), strict=True))
    histories = histories_of(users, events, model.profiles, config, _words(model, place))
    profiles = build_profiles(histories, config, segments=segments, progress=progress)
    moved: list[str] = []
    for batch in batched(profiles, PEOPLE_A_BATCH):
        with profiling:
            now = _event_counts(store, [profile.user_id for profile in batch])
            still = [profile for profile in batch if _stands(profile, now, drawn_of)]
            write_profiles(store, still)
        moved += sorted(now.keys() - {profile.user_id for profile in still})
    for user in [*moved, *_newcomers(store, known)]:
        with profiling:
            update_profile(store, user, model.profiles, config, segments)
    drop_segments(store, kept=segments)


def _stands(profile: Profile, now: dict[str, int], drawn_of: dict[str, int]) -> bool:
    """Whether the graph holds the events that a profile was drawn from, or too many to draw it again from there."""
    count = now.get(profile.user_id)
    return count is not None and (count == drawn_of[profile.user_id] or count > MAX_LIVE_EVENTS)


def _words(model: Model, place: np.ndarray) -> Words | None:
    """What people wrote, by their place among those who are drawn (-1: not)."""
    if model.vectors is None or not len(model.vectors.reviews):
        return None
    users, items = (model.snapshot.reviews[name].to_numpy().astype(np.int64) for name in ("user", "item"))
    drawn = place[users] >= 0
    return Words.of(place[users[drawn]], items[drawn], model.vectors.reviews[drawn])


def _event_counts(store: Store, users: Sequence[str]) -> dict[str, int]:
    rows = store.read(queries.text("event_counts"), users=list(users))
    return {row["user_id"]: row["events"] for row in rows}


def _newcomers(store: Store, known: Vocabulary) -> Iterator[str]:
    return (row["id"] for row in store.read(queries.text("user_ids")) if row["id"] not in known)
