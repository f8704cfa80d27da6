"""A person's profile: static features, habits, interests, tags, segments; for everyone or for one, by the same code."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from threadpoolctl import threadpool_limits

from gnn.threads import sharing
from kg.batch import batched
from kg.progress import tqdm
from recommender.meaning import Events
from recommender.profiles.context import ProfileContext
from recommender.profiles.habits import Habits, habits_of
from recommender.profiles.history import Histories, Words
from recommender.profiles.interests import Interest, InterestConfig, interests_of
from recommender.profiles.segments import Membership, SegmentConfig, Segments
from recommender.profiles.tags import Tag, TagConfig, tag_people

AT_ONCE = 4
"""Blocks of people that are drawn at once, at most: more threads would wait for one another to make objects."""


@dataclass(frozen=True)
class ProfileConfig:
    """How profiles are drawn."""

    half_life_days: float = 180.0
    """Age, counted from the person's latest event, at which an event has lost half of what it can lose."""
    recency_floor: float = 0.2
    """What an old event keeps of its weight, in [0, 1]."""
    interests: InterestConfig = field(default_factory=InterestConfig)
    """Interest vectors."""
    tags: TagConfig = field(default_factory=TagConfig)
    """Tags in words."""
    segments: SegmentConfig = field(default_factory=SegmentConfig)
    """Segments of people."""
    block: int = 1024
    """People whom a thread draws together, at most; bounds memory, changes no result."""


@dataclass(frozen=True)
class Profile:
    """What is known of one person."""

    user_id: str
    habits: Habits
    interests: tuple[Interest, ...] = ()
    """The most important first."""
    tags: tuple[Tag, ...] = ()
    """Liked entities, then disliked ones (of negative sentiment), each by falling weight."""
    segments: tuple[Membership, ...] = ()
    """The strongest first."""
    features: Mapping[str, Any] = field(default_factory=dict)
    """Static features, as they were ingested; filled by :func:`recommender.profiles.read.read_profile` only."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "user_id": self.user_id,
            "features": dict(self.features),
            "habits": self.habits.to_dict(),
            "interests": [interest.to_dict() for interest in self.interests],
            "tags": [tag.to_dict() for tag in self.tags],
            "segments": [membership.to_dict() for membership in self.segments],
        }


def histories_of(
    user_ids: Sequence[str], events: Events, context: ProfileContext, config: ProfileConfig, words: Words | None = None
) -> Histories:
    """The histories of these people, with the recency of profiles.

    Args:
        user_ids: one id a row; ``events.users`` and ``words.users`` are rows.
        events: all their events.
        context: the catalogue that ``events.items`` counts in.
        config: recency.
        words: vectors of their reviews, if any.
    """
    return Histories.of(
        user_ids,
        events,
        context,
        half_life_days=config.half_life_days,
        recency_floor=config.recency_floor,
        words=words,
    )


def build_profiles(
    histories: Histories,
    config: ProfileConfig | None = None,
    *,
    segments: Segments | None = None,
    progress: bool = False,
) -> Iterator[Profile]:
    """The profiles of these people, in their order; one person is a batch of one."""
    config = config or ProfileConfig()

    at_once = min(AT_ONCE, torch.get_num_threads())
    size = min(config.block, max(1, math.ceil(len(histories) / at_once)))

    def draw(start: int) -> list[Profile]:
        block = histories.block(range(start, min(start + size, len(histories))))
        habits = habits_of(block)
        interests = interests_of(block, config.interests, config.tags)
        tags = tag_people(block, config.tags)
        memberships = segments.assign(block.faded) if segments else [()] * len(block)
        return list(map(Profile, block.user_ids, habits, interests, tags, memberships))

    with (
        tqdm(total=len(histories), desc="profiles", unit="person", disable=not progress, leave=False) as bar,
        sharing() as share,
    ):
        for some in batched(range(0, len(histories), size), at_once):
            with _uncollected(), threadpool_limits(1, "blas") if len(some) > 1 else nullcontext():
                drawn = share(draw, some)
            for profiles in drawn:
                yield from profiles
                bar.update(len(profiles))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Make no search for cycles of objects meanwhile.

    Profiles have none, and it would go through hundreds of thousands of their tags again and again: a quarter of the
    time of drawing them.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            if not gc.get_freeze_count():  # what was made goes to the oldest objects, without a search among them all
                gc.freeze()
                gc.unfreeze()
            gc.enable()
