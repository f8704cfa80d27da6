"""One refresh at a time: a lock in the graph, which every process that uses the graph sees, on whatever machine.

The lock has an owner (host, process, a random token) and an end, by the server's clock, that the owner keeps putting
off while it runs. Who is killed leaves a lock that ends by itself. It ends at once for who works in the same working
directory: a file there is locked as long as its process lives, so that who has that file knows the last owner is gone.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg import queries
from kg.access import opened
from kg.errors import StoreError
from kg.store import Store
from recommender.errors import RefreshRunning

log = logging.getLogger(__name__)

LEASE = 60.0
"""Seconds after which a lock ends that its owner no longer renews; it does so every third of that."""


@dataclass(frozen=True)
class Lock:
    """The lock, held by this process."""

    store: Store
    token: str
    lease: float
    pause: Callable[[threading.Event, float], bool] = threading.Event.wait
    """Waits between two renewals for so many seconds, or until the event; whether that came."""

    def confirm(self) -> None:
        """Put off its end; called before what must not be done by two at once.

        Raises:
            RefreshRunning: it had ended, and somebody else has it now.
        """
        if not self._write("lock_renew", lease=_milliseconds(self.lease)):
            raise RefreshRunning(f"this refresh lost its lock, so it stops: {_owner(self.store)}")

    def keep(self, ended: threading.Event) -> None:
        """Renew it until ``ended``; a server that does not answer is asked again."""
        while not self.pause(ended, self.lease / 3):
            try:
                self.confirm()
            except RefreshRunning:
                return  # the owner finds out before it publishes
            except StoreError as error:
                log.warning("the lock of this refresh could not be renewed, which is tried again: %s", error)

    def release(self) -> None:
        """Give it back; where the server is gone it ends by itself."""
        try:
            self._write("lock_release")
        except StoreError as error:
            log.warning("the lock of this refresh ends in %g s by itself: %s", self.lease, error)

    def _write(self, name: str, **parameters: Any) -> bool:
        (rows,) = self.store.write(queries.statement(name, token=self.token, **parameters))
        return bool(rows)


@contextmanager
def refresh_lock(
    store: Store, lease: float = LEASE, pause: Callable[[threading.Event, float], bool] = threading.Event.wait
) -> Iterator[Lock]:
    """Hold the lock of this graph; ``pause`` as :attr:`Lock.pause`.

    Raises:
        RefreshRunning: another process holds it; says which, and when the lock ends.
    """
    with _directory(store) as place:
        lock = Lock(store, secrets.token_hex(16), lease, pause)
        owner: dict[str, Any] = {"host": socket.gethostname(), "pid": os.getpid(), "place": place}
        taking = queries.statement("lock_take", token=lock.token, lease=_milliseconds(lease), **owner)
        if not store.write(taking)[0]:
            raise RefreshRunning(_owner(store))
        ended = threading.Event()
        renewing = threading.Thread(target=lock.keep, args=(ended,), name="refresh-lock", daemon=True)
        renewing.start()
        try:
            yield lock
        finally:
            ended.set()
            renewing.join()
            lock.release()


@contextmanager
def _directory(store: Store) -> Iterator[str]:
    """Be the only process at work in the working directory; gives a name of it that no other directory has.

    The system lets go of the file when the process ends, however it ends.
    """
    path: Path = store.work / "refresh.lock"
    with opened(path, "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RefreshRunning(_owner(store)) from None
        file.seek(0)
        place = file.read()
        if len(place) != 32:
            place = secrets.token_hex(16)
            file.truncate(0)
            file.write(place)
            file.flush()
        yield place


def _owner(store: Store) -> str:
    rows = store.read(queries.text("lock_owner"))
    if not rows:
        return f"another refresh is starting in {store.work}; wait for it to end"
    owner = rows[0]
    who = f"process {owner['pid']} on {owner['host']} since {owner['since']:%Y-%m-%d %H:%M:%S} UTC"
    return (
        f"another refresh is running ({who}); wait for it to end; its lock ends {owner['seconds']} s from now at most"
    )


def _milliseconds(seconds: float) -> int:
    return round(1000 * seconds)
