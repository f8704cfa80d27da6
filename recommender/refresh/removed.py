"""What the source has deleted, out of what we keep beside the graph: vectors of reviews, and interests of nobody."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from kg import queries
from kg import snapshot as snapshots
from kg.errors import ReadError
from kg.snapshot import Snapshot
from kg.store import Store
from recommender.bridge import joined_texts
from recommender.refresh import versions
from recommender.refresh.stages import Run
from text.cache import forget_texts

AT_ONCE = 1_000
"""Interests removed in one transaction."""


def forget_removed_texts(run: Run) -> int:
    """Remove the vectors of reviews that the published version has read and that are not there any more."""
    if run.texts is None or (before := _published(run)) is None:
        return 0
    gone = before.reviews.filter(_changed(before.reviews, run.snapshot.reviews))
    if not gone.num_rows:
        return 0
    same = [table.filter(pc.is_in(table["text"], gone["text"])) for table in (run.snapshot.reviews, run.snapshot.items)]
    still = {text for table in same for text in joined_texts(table)}
    return forget_texts(run.texts.folder, set(joined_texts(gone)) - still)


def _published(run: Run) -> Snapshot | None:
    if run.warm is not None:
        return run.warm.model.snapshot
    published = versions.current(run.store)
    if published is None:
        return None
    try:
        return snapshots.load(versions.folder(run.store, published["version"]) / "snapshot")
    except ReadError:
        return None  # that version is damaged: what it had read is not known


def _changed(before: pa.Table, after: pa.Table) -> pa.Array:
    """Which reviews are not there any more, or say something else."""
    there = after.take(pc.index_in(before["id"], after["id"].combine_chunks()))
    equal = [pc.equal(pc.fill_null(before[name], ""), pc.fill_null(there[name], "")) for name in ("title", "text")]
    return pc.invert(pc.and_(pc.is_valid(there["id"]), pc.and_(*equal)))


def drop_interests_of_nobody(store: Store) -> None:
    """Remove the interests of people whom somebody has deleted, who knew nothing of interests."""
    removing = queries.statement("interests_of_nobody_drop", most=AT_ONCE)
    while store.write(removing)[0][0]["gone"]:
        pass
