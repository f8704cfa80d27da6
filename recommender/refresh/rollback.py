"""An earlier version in the place of the published one: the pointer first, then profiles and lists by that version."""

from __future__ import annotations

import threading

from kg.store import Store
from recommender.model import Model
from recommender.profiles.profile import ProfileConfig
from recommender.refresh import versions
from recommender.refresh.lists import drop_lists, write_lists
from recommender.refresh.lock import refresh_lock
from recommender.refresh.profiles import write_everyone
from recommender.serving import EncoderOf, Query, Serving


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

    Where the version that is left had lists in the graph, the earlier one gets them too.

    Raises:
        InvalidInput: no such version.
        RefreshRunning: a refresh of this graph is running.
    """
    with refresh_lock(store):
        chosen, left = versions.earlier(store, version), versions.current(store)
        model = Model.load(versions.folder(store, chosen["version"]), encoder_of)
        count = left["recommended"] if left else None
        if left and count and left["version"] != model.version:
            drop_lists(store, kept=left["version"])
            lists = Serving(store, encoder_of, progress=progress).blocks(model, None, Query(k=count))
            write_lists(store, model.version, lists)
        versions.publish(store, model.version, chosen["key"], {"recommended": count})
        write_everyone(store, model, config, profiling, progress=progress)
        drop_lists(store, kept=model.version)
    return model.version
