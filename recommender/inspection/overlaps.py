"""How files go together: ids that they share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from recommender.inspection.answer import Overlap
from recommender.inspection.file import Look
from recommender.inspection.seen import SORTS

_ORDER = ("events", "amazon-reviews", "lists", "social", "link")
"""Files whose ids should be among those of the others come first."""


def tell_people_from_items(looks: Sequence[Look], progress: bool) -> None:
    """A file whose ids are called ``id`` holds people where they are those of the people of events."""
    events = [look.seen for look in looks if look.seen.events.count]
    for look in looks:
        if not look.holds.doubtful or look.holds.verb != "items":
            continue
        as_items = sum(own.ids["item"].among(look.seen.own).found for own in events)
        as_people = sum(own.ids["user"].among(look.seen.own).found for own in events)
        if as_people > as_items:
            look.as_people(progress)


def overlaps(looks: Sequence[Look]) -> Iterator[Overlap]:
    """Of all pairs of files with ids of the same sort."""
    first = sorted(looks, key=lambda look: _ORDER.index(look.holds.verb) if look.holds.verb in _ORDER else len(_ORDER))
    for one, other in combinations(first, 2):
        for sort in SORTS:
            mine, theirs = one.seen.ids[sort], other.seen.ids[sort]
            if mine.count and theirs.count:
                own = mine.among(theirs)
                yield Overlap(
                    f"{sort} ids", one.name, other.name, own.ids, own.others, own.found, own.estimated, own.near,
                    own.examples,
                )  # fmt: skip
