"""A person forgotten: everything of them out of the graph and off the disk, with a receipt.

In this order, each step of which can be done again, so that who is killed on the way calls it once more:

1. a keyed hash in the graph, which keeps files and feedback from bringing them back (:mod:`kg.forgotten`);
2. vectors of what they wrote, while the graph still says what that was;
3. the person with their edges, reviews and interests, and what the engine would keep of those. In an adopted graph
   that is what was added about them; the rest is its owner's, and the receipt says how the owner removes it;
4. rows of rejects files that name them;
5. unfinished refreshes, and all versions but the published one.

A file that cannot be read or written keeps nobody: the rest is done, and the receipt names the file and why.

The published version was learned with them and goes on to serve others until a refresh has made the next one, which
removes it: :meth:`recommender.Recommender.forget` does that at once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kg import changes, forgotten, queries
from kg.errors import GraphError
from kg.folders import remove_all
from kg.store import Row, Store
from kg.sweep import sweep
from recommender import artefacts
from recommender.bridge import join_text
from recommender.errors import ArtefactError, RecommenderError, UnknownUser
from recommender.refresh import versions
from recommender.refresh.lock import refresh_lock
from text.cache import caches_in, forget_in
from text.errors import CacheError, CacheHeld, TextError

log = logging.getLogger(__name__)

_EXPECTED = (RecommenderError, GraphError, TextError, OSError)


@dataclass
class ForgetReceipt:
    """What was removed of a person, and how to see that nothing is left."""

    user_id: str
    query: str
    """Cypher that shows what is left, to paste anywhere, with the parameter ``user``."""
    removed: dict[str, int] = field(default_factory=dict)
    """Counts: events, reviews, interests, entities, edges, vectors, rejected rows, unreadable lines, versions."""
    left: dict[str, int] = field(default_factory=dict)
    """What :attr:`query` finds now; 0 everywhere."""
    version: str | None = None
    """The version that is published now; None: nothing is."""
    holding: list[str] = field(default_factory=list)
    """Versions that were made with them and are still served; the next refresh removes them."""
    searched: dict[str, list[str]] = field(default_factory=dict)
    """Paths that were searched for them: caches of ``vectors``, files of ``rejects``, and ``versions``."""
    not_found: list[str] = field(default_factory=list)
    """Rejects files that were written once and are not there: moved ones may still name them."""
    elsewhere: list[str] = field(default_factory=list)
    """Rejects files of the store that this one was copied from, which are left alone: they may name them too."""
    unreadable: int = 0
    """Lines of rejects files that nobody can read as a row, and in which their id does not stand; those stay."""
    failed: dict[str, str] = field(default_factory=dict)
    """Files and folders from which they could not be removed, and why; mend that and call again, or remove them."""
    engine_keeps: str = ""
    """What the engine keeps of deleted data, and until when; empty: nothing."""
    owner_keeps: dict[str, int] = field(default_factory=dict)
    """Nodes and relations of theirs in an adopted graph, which are its owner's."""
    owner_removes: list[str] = field(default_factory=list)
    """Cypher by which the owner removes those, with the parameter ``user``."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def forget(store: Store, user_id: str) -> ForgetReceipt:
    """Remove a person, as the module says; the published version is left to the next refresh.

    Raises:
        UnknownUser: nobody has this id, nor was anybody with it forgotten.
        RefreshRunning: a refresh of this graph is running, which has read them already.
    """
    with refresh_lock(store):
        counts = _counts(store, user_id)
        if not counts and user_id not in forgotten.Forgotten(store):
            store.catch_up()  # the owner of an adopted graph may have added them
            if not (counts := _counts(store, user_id)):
                raise UnknownUser(f"nobody in {store.address} has the id {user_id!r}, so nothing was removed")
        receipt = ForgetReceipt(user_id, store.translate(queries.text("forget_left")))
        current = versions.current(store)
        receipt.version = current["version"] if current else None
        forgotten.remember(store, user_id, receipt.version if counts else None)
        texts = list(_texts(store, user_id))
        _forget_vectors(store, texts, receipt)
        receipt.removed |= counts[0] if counts else {}
        removal = store.remove_person(user_id)
        changes.stop(store)  # what was changed is noted by ids, theirs among them
        receipt.removed |= removal.removed
        receipt.owner_keeps, receipt.owner_removes = dict(removal.stays), list(removal.removing)
        receipt.engine_keeps = store.purge(("User", "Review", "Interest", "Entity", "UserFactors"))
        _forget_rejects(store, user_id, receipt)
        _forget_versions(store, receipt)
        (receipt.left,) = store.read(queries.text("forget_left"), user=user_id)
        receipt.holding = versions.made_with_forgotten(store)
        return receipt


@contextmanager
def left_to_refresh(store: Store, receipt: ForgetReceipt) -> Iterator[None]:
    """Note in a receipt what a refresh has published, which versions it has not replaced, and why it ended if it did.

    Whatever ends it, the person is gone from the graph, and the receipt says what is left.
    """
    before, why = receipt.holding, "no refresh has replaced it"
    try:
        yield
    except Exception as error:
        log.warning("the refresh has ended: %s", error, exc_info=not isinstance(error, _EXPECTED))
        why = f"the refresh that would replace it has ended: {error}"
    current = versions.current(store)
    receipt.version = current["version"] if current else None
    receipt.holding = versions.made_with_forgotten(store)
    receipt.removed["versions"] += len(before) - len(receipt.holding)
    for version in before:
        with _noted(receipt, store.work / "models"):
            folder = versions.folder(store, version)
            receipt.failed |= {str(folder): why} if version in receipt.holding else artefacts.remove(folder)


def _counts(store: Store, user_id: str) -> list[Row]:
    return store.read(queries.text("forget_counts"), user=user_id)


def _texts(store: Store, user_id: str) -> Iterator[str]:
    """What the text model has read of them."""
    for row in store.read(queries.text("profile_history"), user=user_id, most=0):
        for _, title, text in row["reviews"]:
            yield join_text(title, text)


_GONE = "delete the file, for nothing says any more which vectors in it are theirs: all are computed again"


def _forget_vectors(store: Store, texts: Sequence[str], receipt: ForgetReceipt) -> None:
    """Remove vectors from the caches."""
    receipt.removed["vectors"] = 0
    receipt.searched["vectors"] = []
    folder = store.work / "vectors"
    receipt.failed |= versions.entries(folder)[1]
    caches: list[Path] = []
    with _noted(receipt, folder):
        caches = caches_in(folder)
    for path in caches:
        receipt.searched["vectors"].append(str(path))
        try:
            receipt.removed["vectors"] += forget_in(path, texts)
        except CacheError as error:
            receipt.failed[str(path)] = str(error) if isinstance(error, CacheHeld) else f"{error}; {_GONE}"


def _forget_rejects(store: Store, user_id: str, receipt: ForgetReceipt) -> None:
    swept = sweep(store.work, user_id)
    receipt.removed |= {"rejected rows": swept.rows, "unreadable lines": swept.unreadable}
    receipt.searched["rejects"] = swept.searched
    receipt.not_found, receipt.elsewhere, receipt.unreadable = swept.not_found, swept.elsewhere, swept.unreadable_left
    receipt.failed |= swept.failed


def _forget_versions(store: Store, receipt: ForgetReceipt) -> None:
    """Remove what holds tables of the graph as it was: unfinished refreshes, and versions that nobody is served by."""
    with _noted(receipt, store.work / "runs"):
        runs, failed = versions.runs(store)
        receipt.failed |= failed
        for run in runs:
            receipt.failed |= remove_all(run)
    receipt.removed["versions"] = 0
    with _noted(receipt, store.work / "models"):
        receipt.searched["versions"] = [str(path) for path in versions.entries(store.work / "models")[0]]
        receipt.removed["versions"] = len(versions.prune(store, keep=1))
        receipt.failed |= versions.sweep(store)


@contextmanager
def _noted(receipt: ForgetReceipt, place: Path) -> Iterator[None]:
    """Note what keeps a folder from being searched, in place of raising it: the rest is still to be done."""
    try:
        yield
    except (OSError, ArtefactError) as error:
        receipt.failed[str(place)] = getattr(error, "strerror", None) or str(error)
