"""Profiles into the graph, for plain Cypher: ``HAS_INTEREST``, ``INTERESTED_IN``, ``IN_SEGMENT``, ``habit_*``."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from kg.batch import batched
from kg.queries import statement
from kg.store import Statement, Store
from recommender.profiles.interests import Interest
from recommender.profiles.profile import Profile
from recommender.profiles.segments import Segments
from recommender.writing import as_text

PEOPLE_A_BATCH = 100
"""People written in one transaction: about 1.5 MB of vectors, far below the engines' limit of 16 MiB a message."""

Rows = list[dict[str, Any]]


def write_profiles(store: Store, profiles: Iterable[Profile]) -> int:
    """Replace the stored profiles of these people, a transaction for each batch; returns how many.

    Who is not in the graph is left out. Writing the same profiles again changes nothing, and a reader sees a person's
    old profile or the new one, never a part of each.
    """
    written = 0
    for batch in batched(profiles, PEOPLE_A_BATCH):
        store.write(*replacing(batch))
        written += len(batch)
    return written


def write_segments(store: Store, segments: Segments | None) -> None:
    """Write the segments themselves, before the profiles that refer to them; those of other versions stay."""
    if segments is not None:
        rows = [{"id": segment.id, "name": segment.name, "size": segment.size} for segment in segments.segments]
        store.write(statement("segments_set", rows=rows))


def drop_segments(store: Store, kept: Segments | None) -> None:
    """Remove all other segments, when no profile refers to them any more."""
    store.write(statement("segments_drop", kept=[segment.id for segment in kept.segments] if kept else []))


def replacing(profiles: Collection[Profile]) -> list[Statement]:
    """What replaces these profiles in one transaction."""
    new = [(profile.user_id, interest) for profile in profiles for interest in profile.interests]
    dropped = [{"user": profile.user_id, "kept": []} for profile in profiles]
    return [statement("profile_drop_interests", rows=dropped), *_words(profiles), *_adding(new)]


def updating(profile: Profile, stored: Collection[str]) -> list[Statement]:
    """What brings one stored profile up to date in one transaction.

    Args:
        profile: the new one.
        stored: ids of the interests that the person has now. Those that the new profile holds too keep their vector,
            which only recency has moved, and get their new weight: most of the bytes need not be sent.
    """
    kept = [interest for interest in profile.interests if interest.id in stored]
    new = [(profile.user_id, interest) for interest in profile.interests if interest.id not in stored]
    # Also before new ones are added: if this runs twice, the first time's are among what is dropped.
    dropping = len(kept) < len(stored) or bool(new)
    drop = [{"user": profile.user_id, "kept": [interest.id for interest in kept]}] if dropping else []
    weighed = [{"id": interest.id, "name": interest.name, "weight": interest.weight} for interest in kept]
    return [
        *_with("profile_drop_interests", drop),
        *_with("profile_weigh_interests", weighed),
        *_words([profile]),
        *_adding(new),
    ]


def _words(profiles: Collection[Profile]) -> list[Statement]:
    """Habits, tags and segments."""
    tags = [
        {
            "user": profile.user_id,
            "entity": tag.entity_id,
            "weight": tag.weight,
            "sentiment": tag.sentiment,
            "source": tag.source,
            "relation": tag.relation,
            "support": tag.support,
        }
        for profile in profiles
        for tag in profile.tags
    ]
    memberships = [
        {"user": profile.user_id, "segment": own.segment_id, "strength": own.strength}
        for profile in profiles
        for own in profile.segments
    ]
    habits = [{"user": profile.user_id, "habits": profile.habits.to_properties()} for profile in profiles]
    return [
        statement("profile_drop_words", users=[profile.user_id for profile in profiles]),
        statement("profile_set_habits", rows=habits),
        *_with("profile_add_tags", tags),
        *_with("profile_add_segments", memberships),
    ]


def _adding(interests: Iterable[tuple[str, Interest]]) -> list[Statement]:
    rows = [
        {
            "user": user,
            "id": interest.id,
            "name": interest.name,
            "weight": interest.weight,
            "vector": as_text(interest.vector),
            "size": interest.size,
            "items": list(interest.items),
        }
        for user, interest in interests
    ]
    return _with("profile_add_interests", rows)


def _with(name: str, rows: Rows) -> list[Statement]:
    return [statement(name, rows=rows)] if rows else []
