"""The limits of a query that somebody gives: its time, its rows, its bytes, and how many may run on unheard.

No setting of either engine ends an expression: ``reduce`` over two thousand million numbers runs for minutes whatever
the server's time-out says. So a query runs in a thread of its own, and who asked is answered in time. A query that is
given up runs on; while :data:`MOST` do, no further one is begun.
"""

from __future__ import annotations

import contextvars
import logging
import math
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from kg.errors import QueryFailed, QueryRefused, short

T = TypeVar("T")
log = logging.getLogger(__name__)

MOST = 2
"""Queries that were given up and run on, beyond which further ones are refused."""
AT_ONCE = 8
"""Users' queries of this process that run at a time; further ones wait, within their own limits."""
GRACE = 0.5
"""Seconds beyond a query's own that its engine has to end it, before it is given up."""
MAX_ROWS = 10_000
"""Rows of an answer, by default."""
MAX_BYTES = 128 << 20
"""Bytes that an answer takes in memory, by default: ten thousand rows with a vector of 384 each."""
DEEPEST = 200
"""Lists and maps within each other in an answer: what writes JSON takes 254."""
MAX_SECONDS = 30.0
"""Of a query, by default."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one query.

    Raises:
        QueryFailed: one is no number above 0.
    """

    rows: int = MAX_ROWS
    bytes: int = MAX_BYTES
    seconds: float = MAX_SECONDS

    def __post_init__(self) -> None:
        for name, value, types in (
            ("max_rows", self.rows, int),
            ("max_bytes", self.bytes, int),
            ("timeout", self.seconds, int | float),
        ):
            if isinstance(value, bool) or not isinstance(value, types) or not 0 < value < math.inf:
                number = "a whole number" if types is int else "a number"
                raise QueryFailed(f"{name} = {short(value)}; it must be {number} above 0")


class Answer:
    """The rows of an answer, while they stay within their limits."""

    def __init__(self, limits: Limits) -> None:
        self.rows: list[list[Any]] = []
        self._limits = limits
        self._bytes = 0

    def add(self, row: list[Any]) -> None:
        """Take one more row.

        Raises:
            QueryFailed: it is one too many, or too large.
        """
        if len(self.rows) == self._limits.rows:
            raise QueryFailed(f"the answer has more than {self._limits.rows} rows; add LIMIT")
        size = weight(row)
        self.check(size)
        self._bytes += size
        self.rows.append(row)

    def check(self, size: int) -> None:
        """Ask whether there is room for this many bytes more.

        Raises:
            QueryFailed: there is not.
        """
        if self._bytes + size > self._limits.bytes:
            raise QueryFailed(
                f"the answer takes more than {self._limits.bytes >> 10} KiB; add LIMIT, or return less of each row, "
                "such as a count, or some properties of a node"
            )


def weight(value: Any, depth: int = 0) -> int:
    """Bytes that a plain value takes in memory, with all that it holds.

    Raises:
        QueryFailed: it nests too deep to be written or printed.
    """
    size = sys.getsizeof(value)
    if not isinstance(value, list | tuple | dict):
        return size
    if depth == DEEPEST:
        raise QueryFailed(f"the answer holds lists or maps within more than {DEEPEST} others; return less of it")
    if isinstance(value, dict):
        return size + sum(weight(name) + weight(entry, depth + 1) for name, entry in value.items())
    return size + sum(weight(entry, depth + 1) for entry in value)


Stops = list[Callable[[], object]]
"""What ends a query that runs."""

_lock = threading.Lock()
_running_on: set[_Run[Any]] = set()
_places = threading.BoundedSemaphore(AT_ONCE)


def running_on() -> int:
    """How many queries of this process were given up and still run."""
    with _lock:
        return len(_running_on)


def wait_until_none_runs_on(seconds: float) -> bool:
    """Wait at most so long for the queries of this process that were given up; whether all have ended."""
    with _lock:
        threads = [run.thread for run in _running_on]
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(until - time.monotonic(), 0.0))
    return not any(thread.is_alive() for thread in threads)


def check_running_on(found: int | None = None) -> None:
    """Refuse to begin a query while too many run on: in this process, or as many as are ``found``.

    Raises:
        QueryRefused: says how many.
    """
    number = running_on() if found is None else found
    if number >= MOST:
        raise QueryRefused(
            f"{number} queries that were given up after their limit of time still run, and further ones would slow "
            "everything else; wait for them to end (docs/operations.md, Limits, says how to end them)"
        )


@contextmanager
def place(seconds: float) -> Iterator[None]:
    """One of :data:`AT_ONCE`, held until the query ends, also where it was given up.

    Raises:
        QueryRefused: none has become free in time, or too many run on by now.
    """
    places = _places
    if not places.acquire(timeout=min(seconds, threading.TIMEOUT_MAX)):
        raise QueryRefused(f"{AT_ONCE} queries have run for {seconds:g} s, the limit of this one; ask fewer at once")
    try:
        check_running_on()
        yield
    finally:
        places.release()


def answered(work: Callable[[Stops], T], seconds: float) -> T:
    """What ``work`` returns or raises, where it does so in time; otherwise it is given up, and runs on.

    It may leave with :data:`Stops` what has its engine end it when the time is up.

    Raises:
        QueryFailed: it was given up.
    """
    run = _Run(work, seconds)
    try:
        run.thread.start()
    except RuntimeError as error:
        raise QueryFailed(f"this process cannot have one more thread, which a query needs: {error}") from error
    try:
        run.ended.wait(min(seconds, threading.TIMEOUT_MAX))
    finally:  # by Ctrl-C too
        given_up = run.give_up()
    if given_up:
        raise QueryFailed.too_long(seconds, runs_on=True)
    return run.outcome()


class _Run(Generic[T]):
    """One query in a thread."""

    def __init__(self, work: Callable[[Stops], T], seconds: float) -> None:
        self.ended = threading.Event()
        # A daemon: the end of the process does not wait for it.
        self.thread = threading.Thread(
            target=contextvars.copy_context().run, args=(self,), daemon=True, name="tastegraph query"
        )
        self._work = work
        self._seconds = seconds
        self._begun = time.monotonic()
        self._stops: Stops = []
        self._returned: list[T] = []
        self._raised: BaseException | None = None

    def __call__(self) -> None:
        try:
            self._returned.append(self._work(self._stops))
        except RecursionError as error:
            self._raised = QueryFailed(f"the answer, or a parameter, nests too deep to be read: {error}")
            self._raised.__cause__ = error
        except BaseException as error:  # whatever it is, it belongs to who asked
            self._raised = error
        with _lock:
            self.ended.set()
            was_given_up = self in _running_on
            _running_on.discard(self)
        if was_given_up:
            took = time.monotonic() - self._begun
            log.info("a query that was given up after %g s has ended after %.0f s", self._seconds, took)

    def give_up(self) -> bool:
        """Have it stopped; whether it runs on nevertheless, and is counted from now on, until it ends."""
        if not self.ended.is_set():
            threading.Thread(target=self._stop, daemon=True).start()  # an engine that is out of memory hears nobody
            self.ended.wait(GRACE)
        with _lock:
            if self.ended.is_set():
                return False
            _running_on.add(self)
            number = len(_running_on)
        log.warning(
            "a query was given up after %g s and runs on; of this process %d do, and at %d no further one is begun",
            self._seconds,
            number,
            MOST,
        )
        return True

    def _stop(self) -> None:
        for stop in list(self._stops):
            stop()

    def outcome(self) -> T:
        """What it came to."""
        if self._raised is not None:
            raise self._raised
        return self._returned[0]
