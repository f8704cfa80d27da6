"""What the source has deleted, out of what we keep beside the graph: vectors of reviews, and interests of nobody."""

from __future__ import annotations

from kg import queries
from kg import snapshot as snapshots
from kg.errors import ReadError
from kg.store import Store
from recommender.bridge import item_texts, review_texts
from recommender.refresh import versions
from recommender.refresh.stages import Run
from text.cache import forget_texts

AT_ONCE = 1_000
"""Interests removed in one transaction."""


def forget_removed_texts(run: Run) -> int:
    """Remove the vectors of reviews that the published version has read and that are not there any more."""
    published = versions.current(run.store)
    if published is None or run.texts is None:
        return 0
    try:
        before = snapshots.load(versions.folder(run.store, published["version"]) / "snapshot")
    except ReadError:
        return 0  # that version is damaged: what it had read is not known
    gone = set(review_texts(before)) - set(review_texts(run.snapshot)) - set(item_texts(run.snapshot))
    return forget_texts(run.texts.folder, gone)


def drop_interests_of_nobody(store: Store) -> None:
    """Remove the interests of people whom somebody has deleted, who knew nothing of interests."""
    removing = queries.statement("interests_of_nobody_drop", most=AT_ONCE)
    while store.write(removing)[0][0]["gone"]:
        pass
