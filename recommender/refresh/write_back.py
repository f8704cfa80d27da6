"""What a version writes into the graph for others to read: lists and vectors, shown by the write of the pointer.

While they are written readers, who go through the published ``(:Model)``, see those of the version before. Those of
other versions are removed last. A crash on the way leaves what nobody sees, until the next publishing removes it.
"""

from __future__ import annotations

from typing import Any

from kg import queries
from kg.store import Statement, Store
from recommender.model import Model
from recommender.refresh import versions
from recommender.refresh.lists import drop_lists, write_lists
from recommender.refresh.stages import Run
from recommender.refresh.vectors import drop_vectors, write_vectors
from recommender.serving import Query, Serving

Written = dict[str, int | None]
"""What the node of a version says of it: ``recommended``, the length of lists, and ``vectors``, that of vectors."""


def write_back(
    store: Store, model: Model, published: dict[str, Any] | None, *, recommend: int, vectors: bool, progress: bool
) -> Written:
    """Write what was asked for by a version that is not published; returns what its node is to say when it is.

    Args:
        store: the graph.
        model: the version.
        published: the node of the published one, whose lists and vectors stay.
        recommend: length of lists; 0: none.
        vectors: whether vectors of items and people are written.
        progress: whether to show bars on stderr.
    """
    drop_others(store, kept=published["version"] if published else "")
    if recommend:
        lists = Serving(store, lambda manifest: model.encode, progress=progress).blocks(model, None, Query(k=recommend))
        write_lists(store, model.version, lists)
    return {"recommended": recommend or None, "vectors": write_vectors(store, model) if vectors else None}


def write_again(store: Store, model: Model, *, recommend: int, vectors: bool, progress: bool) -> None:
    """Give the published version other lists or vectors: readers see none meanwhile, never a part."""
    _note(store, model.version, {"recommended": None, "vectors": None})
    _note(store, model.version, write_back(store, model, None, recommend=recommend, vectors=vectors, progress=progress))


def written_back(run: Run, version: str) -> Written:
    """Lists and vectors by a version that is complete and not published yet, where they were asked for."""
    config, progress = run.config, run.context.progress
    if not (config.recommend or config.vectors):
        return {}
    published, model = versions.current(run.store), run.model(version)
    return write_back(
        run.store, model, published, recommend=config.recommend, vectors=config.vectors, progress=progress
    )


def written_as_asked_for(run: Run, key: str) -> None:
    """Lists of another length, or vectors, by the version that stays, where that was asked for."""
    published, config = versions.current(run.store), run.config
    if published is None or published["key"] != key:
        return
    recommend, vectors = config.recommend or published["recommended"] or 0, bool(config.vectors or published["vectors"])
    if (recommend, vectors) != (published["recommended"] or 0, bool(published["vectors"])):
        model = run.model(published["version"])
        write_again(run.store, model, recommend=recommend, vectors=vectors, progress=run.context.progress)


def _note(store: Store, version: str, written: Written) -> None:
    store.write(Statement(queries.text("model_written"), {"version": version, **written}))


def drop_others(store: Store, kept: str) -> None:
    """Remove the lists and the vectors of all versions but one, which is the published one, or none."""
    store.write(queries.statement("models_hide_written", kept=kept))
    drop_lists(store, kept)
    drop_vectors(store, kept)
