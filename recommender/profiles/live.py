"""One person's profile now, from the graph and the published context: what feedback updates at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kg import queries
from kg.store import Row, Store
from recommender.bridge import join_text
from recommender.errors import UnknownUser
from recommender.meaning import Events
from recommender.profiles.context import ProfileContext
from recommender.profiles.history import Words
from recommender.profiles.profile import Profile, ProfileConfig, build_profiles, histories_of
from recommender.profiles.segments import Segments
from recommender.profiles.write import updating

MAX_LIVE_EVENTS = 5_000
"""Whoever has more events (a robot, a shared account) is profiled by the refresh only: one event hardly moves them, and
reading all of theirs would take seconds."""
MAX_LIVE_CHARS = 2**15
"""A longer review is left to the next refresh: a mebibyte of text takes the encoder a minute."""


def update_profile(
    store: Store,
    user_id: str,
    context: ProfileContext,
    config: ProfileConfig | None = None,
    segments: Segments | None = None,
) -> Profile | None:
    """Draw one person's profile anew and replace the stored one, in one transaction; None over :data:`MAX_LIVE_EVENTS`.

    The same code as in the refresh, over a batch of one, from the events and reviews that the graph holds now.
    Interests whose members have not changed keep their stored vector; see :attr:`Interest.id`.

    Raises:
        UnknownUser: nobody has this id.
    """
    history = _history(store, user_id)
    profile = _draw(history, user_id, context, config, segments)
    if profile is not None:
        store.write(*updating(profile, set(history["interests"])))
    return profile


def _history(store: Store, user_id: str) -> Row:
    rows = store.read(queries.text("profile_history"), user=user_id, most=MAX_LIVE_EVENTS + 1)
    if not rows:
        raise UnknownUser(f"nobody in {store.address} has the id {user_id!r}")
    return rows[0]


def _draw(
    history: Row, user_id: str, context: ProfileContext, config: ProfileConfig | None, segments: Segments | None
) -> Profile | None:
    if len(history["events"]) > MAX_LIVE_EVENTS:
        return None
    config = config or ProfileConfig()
    events, words = Events.of_person(history["events"], context.items), _words(history["reviews"], context)
    histories = histories_of([user_id], events, context, config, words)
    (profile,) = build_profiles(histories, config, segments=segments)
    return profile


def _words(rows: Sequence[Sequence[Any]], context: ProfileContext) -> Words | None:
    said = [(item, join_text(title, text)) for item, title, text in rows]
    said = [(item, text) for item, text in said if len(text) <= MAX_LIVE_CHARS]
    if context.encode is None or not said:
        return None
    items = context.items.indices(item for item, _ in said)
    return Words.of(np.zeros(len(said), dtype=np.int64), items, context.encode([text for _, text in said]))
