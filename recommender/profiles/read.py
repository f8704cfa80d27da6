"""Profiles out of the graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from kg import queries
from kg.schema import HIDDEN
from kg.store import Row, Store
from recommender.errors import UnknownUser
from recommender.profiles.habits import NO_HABITS, Habits
from recommender.profiles.interests import Interest
from recommender.profiles.profile import Profile
from recommender.profiles.segments import Membership
from recommender.profiles.tags import Tag


def read_profile(store: Store, user_id: str) -> Profile:
    """The profile of one person as it is stored; without interests, tags and habits before the first refresh.

    Raises:
        UnknownUser: nobody has this id.
    """
    rows = store.read(queries.text("profile"), user=user_id)
    if not rows:
        raise UnknownUser(f"nobody in {store.address} has the id {user_id!r}")
    (row,) = rows
    properties: dict[str, Any] = row["properties"]
    interests = (_interest(own) for own in row["interests"])
    tags = (Tag(**own) for own in row["tags"])
    memberships = (Membership(**own) for own in row["segments"])
    return Profile(
        user_id=user_id,
        habits=Habits.from_properties(properties) or NO_HABITS,
        interests=tuple(sorted(interests, key=lambda interest: (-interest.weight, interest.id))),
        tags=tuple(sorted(tags, key=lambda tag: (tag.sentiment < 0, -tag.weight, tag.entity_id))),
        segments=tuple(sorted(memberships, key=lambda own: (-own.strength, own.segment_id))),
        features={name: value for name, value in properties.items() if not name.startswith(HIDDEN) and name != "id"},
    )


def _interest(row: Row) -> Interest:
    vector = np.asarray(row["vector"], dtype=np.float32)
    return Interest(**row | {"vector": vector, "items": tuple(row["items"])})
