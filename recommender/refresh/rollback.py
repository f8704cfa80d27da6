"""An earlier version in the place of the published one: the pointer first, then profiles and lists by that version."""

from __future__ import annotations

import threading

from kg.connection import unattended
from kg.store import Store
from recommender.model import Model
from recommender.profiles.profile import ProfileConfig
from recommender.refresh import versions
from recommender.refresh.lock import refresh_lock
from recommender.refresh.profiles import follow
from recommender.refresh.write_back import Written, write_back
from recommender.serving import EncoderOf


def roll_back(
    store: Store,
    version: str | None,
    encoder_of: EncoderOf,
    config: ProfileConfig,
    profiling: threading.Lock,
    *,
    progress: bool = False,
) -> str:
    """Publish an earlier version again, by default the one before; returns its name.

    Where the version that is left had lists or vectors in the graph, the earlier one gets them too. Killed once the
    pointer has moved, it is brought to its end by the next refresh.

    Raises:
        InvalidInput: no such version.
        RefreshRunning: a refresh of this graph is running.
    """
    with unattended(), refresh_lock(store) as lock:
        chosen, left = versions.earlier(store, version), versions.current(store)
        model = Model.load(versions.folder(store, chosen["version"]), encoder_of)
        written: Written = {}
        if left and left["version"] != model.version:
            recommend, vectors = left["recommended"] or 0, left["vectors"] is not None
            written = write_back(store, model, left, recommend=recommend, vectors=vectors, progress=progress)
        lock.confirm()
        versions.publish(store, model.version, chosen["key"], written)
        follow(store, model, config, profiling, progress=progress)
    return model.version
