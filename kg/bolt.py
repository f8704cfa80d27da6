"""The adapter that both engines share: the official neo4j driver over Bolt. The only module that imports ``neo4j``.

What differs between engines (bulk export and load, the read-only check, limits) is left to :mod:`kg.engines`.
"""

from __future__ import annotations

import itertools
import logging
import math
import os
import random
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, NoReturn, Self, TypeVar, cast

import neo4j
import pyarrow as pa
from neo4j.exceptions import (
    AuthError,
    ClientError,
    ConfigurationError,
    ConnectionAcquisitionTimeoutError,
    ConstraintError,
    DriverError,
    Neo4jError,
    ServiceUnavailable,
    SessionExpired,
    TransientError,
)

from kg import allowed, queries, schema
from kg.access import make_folder, own_work
from kg.alphabets import PLAIN
from kg.connection import Connection, ConnectionConfig
from kg.errors import ConstraintViolated, QueryFailed, StoreError, StoreUnavailable
from kg.limits import MAX_BYTES, MAX_ROWS, MAX_SECONDS, Answer, Limits, Stops, answered, check_running_on, place
from kg.notifications import Once
from kg.quoting import Quoted
from kg.store import COSINE, BulkLoad, Removal, Result, Row, Statement
from kg.values import plain

T = TypeVar("T")

log = logging.getLogger(__name__)
logging.getLogger("neo4j.notifications").addFilter(Once())
LOST = (ServiceUnavailable, SessionExpired)
"""What the driver raises when the server went away, or is not there."""
SAID_AFTER = 4
"""Failed runs before the log says that a server is waited for; a connection that broke while idle is no news."""

GONE_AT_ONCE = 5_000
"""Nodes or edges removed in one transaction."""


@dataclass(frozen=True)
class Plan:
    """What a server says of a query before running it."""

    kind: str
    """``r`` for a query that only reads; ``rw``, ``w`` and ``s`` for the others."""
    operators: tuple[tuple[str, str], ...]
    """The plan's operators: the name of each, without the database, and what it says of itself."""


USERS_QUERY = "query"
"""By what the server lists a query that somebody gave."""
FETCHED = 200
"""Rows of a user's query that the server sends at once; it sends all of them where the first is one too many."""

_CONTENT = ("User", "Item", "Entity", "EventKind", "Forgotten")
"""Labels of which a new graph has no node."""


class BoltStore(ABC):
    """A :class:`kg.store.Store` over Bolt. Engines add ``export``, ``_answer``, ``bulk_load`` and ``close``."""

    # See :class:`kg.store.Store`.
    batch_rows: ClassVar[int] = 20_000
    lookup_ids: ClassVar[int] = 20_000
    keeps_zones: ClassVar[bool] = True

    def __init__(
        self,
        connection: Connection,
        *,
        address: str,
        work: Path,
        one_writer: bool,
        config: ConnectionConfig | None = None,
    ) -> None:
        self._address = address
        self._work = work
        self._config = config or ConnectionConfig()
        self._process = os.getpid()
        self._closing = threading.Lock()
        self._closed = False
        self._one_writer = one_writer
        self._writing: AbstractContextManager[Any] = threading.RLock() if one_writer else nullcontext()
        self._kinds: set[str] = set()
        own_work(work)
        self._connect(connection)

    def _connect(self, connection: Connection) -> None:
        self._connection = connection
        url, authorities = self._config.trust(connection.url)
        trusted: dict[str, Any] = {}
        if authorities:
            trusted = {"encrypted": True, "trusted_certificates": neo4j.TrustCustomCAs(*map(str, authorities))}
        # What one thread wrote the next one reads, on whichever member of a cluster it is.
        self._bookmarks = neo4j.GraphDatabase.bookmark_manager()
        with translated(self._address):
            self._driver = neo4j.GraphDatabase.driver(
                url,
                auth=(connection.user, connection.password),
                user_agent=f"tastegraph/{version('tastegraph')}",
                max_connection_pool_size=self._config.pool_size,
                connection_timeout=self._config.connect_seconds,
                connection_acquisition_timeout=self._config.acquire_seconds,
                warn_notification_severity=neo4j.NotificationMinimumSeverity.OFF,
                notifications_min_severity=neo4j.NotificationMinimumSeverity.WARNING,
                # "label does not exist yet" is no news to a new graph
                notifications_disabled_classifications=[neo4j.NotificationDisabledClassification.UNRECOGNIZED],
                **trusted,
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._address!r})"

    @property
    def address(self) -> str:
        """Folder or URL, without credentials."""
        return self._address

    @property
    def work(self) -> Path:
        """The working directory; made when it is first asked for."""
        try:
            make_folder(self._work)
        except OSError as error:
            raise StoreError(f"{self._work} cannot be the working directory: {error.strerror or error}") from error
        return self._work

    @property
    def is_new(self) -> bool:
        """See :class:`kg.store.Store`."""
        held = any(self.read(f"MATCH (n:{label}) RETURN 1 AS one LIMIT 1") for label in _CONTENT)
        return not held and not self.read("MATCH (n:Ingested) WHERE n.undone RETURN 1 AS one LIMIT 1")

    @abstractmethod
    def quoted(self, name: str) -> Quoted:
        """See :class:`kg.store.Store`."""

    def quoted_type(self, name: str) -> Quoted:
        """See :class:`kg.store.Store`."""
        return Quoted(name) if PLAIN.fullmatch(name) else self.quoted(name)

    def ensure_schema(self, kinds: Iterable[str] = ()) -> None:
        """Make what :mod:`kg.schema` declares and is not there yet; see :class:`kg.store.Store`.

        A kind's node is written after its constraint, so that a kind that is listed is always constrained.
        """
        wanted = set(kinds)
        if self._kinds and wanted <= self._kinds:
            return
        for kind in wanted:
            schema.check_kind(kind)
        with self._writing:
            if not self.check_version():
                self._change_schema(*schema.node_constraints())
                text = "MERGE (s:Schema {id: 'tastegraph'}) ON CREATE SET s.version = $version"
                self.write(Statement(text, {"version": schema.VERSION}))
            listed = {row["id"] for row in self.read("MATCH (k:EventKind) RETURN k.id AS id")}
            for kind in sorted(wanted - listed):
                self._change_schema(schema.kind_constraint(kind))
                self.write(Statement("MERGE (:EventKind {id: $id})", {"id": kind}))
            self._kinds = wanted | listed | {""}

    def check_version(self) -> bool:
        """Whether the graph has been set up.

        Raises:
            StoreVersionError: by another version of the schema.
        """
        rows = self.read("MATCH (s:Schema) RETURN s.version AS version")
        return schema.check_version((row["version"] for row in rows), self._address)

    def _change_schema(self, *texts: str) -> None:
        # Schema and data changes do not share a transaction, so each text is its own.
        for text in texts:
            self.write(Statement(text, {}))

    def read(self, text: str, **parameters: Any) -> list[Row]:
        """All rows of a query that only reads."""
        return self._run([Statement(text, parameters)], neo4j.READ_ACCESS)[0]

    def stream(self, text: str, **parameters: Any) -> Iterator[Row]:
        """The rows of a query that only reads, in bounded memory."""
        with translated(self._address):
            yield from map(_row, self._records(text, parameters))

    def scan(self, text: str) -> Iterator[list[Any]]:
        """As :meth:`stream`, the values of each row as the driver gives them."""
        with translated(self._address):
            yield from self._values_of(text, {})

    def _values_of(self, text: str, parameters: Mapping[str, Any]) -> Iterator[list[Any]]:
        return map(neo4j.Record.values, self._records(text, parameters))

    def _records(self, text: str, parameters: Mapping[str, Any]) -> Iterator[neo4j.Record]:
        with self._session(neo4j.READ_ACCESS) as session:
            yield from session.run(self._query(text), dict(parameters))

    def write(self, *statements: Statement) -> list[list[Row]]:
        """Run these statements in one transaction; see :class:`kg.store.Store`.

        Raises:
            ConstraintViolated: a key is taken, after :class:`kg.connection.RetryPolicy` is used up.
        """
        self._require_open()  # before the lock, which a fork may have got from a thread that it has not
        with self._writing:
            return self._run(statements, neo4j.WRITE_ACCESS)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """See :class:`kg.store.Store`."""
        self._require_open()
        with self._writing:
            yield self._one_writer

    @abstractmethod
    def export(
        self, text: str, schema: pa.Schema, *, maps: bool = False, each: str | None = None, **parameters: Any
    ) -> pa.Table:
        """See :class:`kg.store.Store`."""

    def query(
        self,
        text: str,
        parameters: Mapping[str, Any],
        *,
        max_rows: int = MAX_ROWS,
        max_bytes: int = MAX_BYTES,
        timeout: float = MAX_SECONDS,
    ) -> Result:
        """What it calls is on a list, and it is answered or given up in time; see :class:`kg.store.Store`."""
        limits = Limits(max_rows, max_bytes, timeout)
        text = allowed.check(text)
        check_running_on()

        def work(stops: Stops) -> Result:
            with place(timeout):
                return self._answer(text, parameters, limits, stops)

        return answered(work, timeout)

    @abstractmethod
    def _answer(self, text: str, parameters: Mapping[str, Any], limits: Limits, stops: Stops) -> Result:
        """The answer to a user's query, once the engine has said that it only reads; ``stops`` takes what ends it."""

    @property
    def notes_changes(self) -> bool:
        """Whether all writes but exceptions are ours, which leave a note; see :mod:`kg.changes`."""
        return True

    def translate(self, text: str) -> str:
        """A text of :mod:`kg.queries` as this graph has it."""
        return text

    def catch_up(self) -> dict[str, Any]:
        """Nothing: the graph is this program's own."""
        return {}

    @abstractmethod
    def nearest(self, label: str, name: str, vector: Sequence[float], k: int) -> list[Row]:
        """See :class:`kg.store.Store`."""

    @abstractmethod
    def index_vectors(self, label: str, name: str, dimension: int, similarity: str = COSINE) -> None:
        """See :class:`kg.store.Store`."""

    def bulk_load(self) -> AbstractContextManager[BulkLoad] | None:
        """None: this engine has no faster path than transactions."""
        return None

    def remove_person(self, user_id: str) -> Removal:
        """See :class:`kg.store.Store`."""
        self._remove_personal(user_id)
        entities = self._gone(queries.statement("forget_entities", user=user_id))
        while self._gone(queries.statement("forget_edges", user=user_id, most=GONE_AT_ONCE)):
            pass
        self.write(queries.statement("forget_person", user=user_id))
        return Removal({"entities": entities})

    def _remove_personal(self, user_id: str) -> None:
        """Remove the nodes that are a person's alone, some at a time."""
        names = {"relations": schema.PERSONAL_EDGES}
        while self._gone(queries.statement("forget_nodes", names=names, user=user_id, most=GONE_AT_ONCE)):
            pass

    def _gone(self, removing: Statement) -> int:
        ((row,),) = self.write(removing)
        return int(row["gone"])

    def purge(self, labels: Iterable[str]) -> str:
        """See :class:`kg.store.Store`; nothing that this engine's clients could do."""
        return (
            "the server's files hold deleted bytes until they are written over, and its transaction logs as long as "
            "db.tx_log.rotation.retention_policy says; docs/operations.md, Privacy, says how to be rid of both"
        )

    def explain(self, text: str, parameters: Mapping[str, Any], limits: Limits) -> Plan:
        """What the server would do for a query; nothing runs."""

        def attempt() -> Plan:
            with self._session(neo4j.READ_ACCESS) as session:
                summary = session.run(_tagged(f"EXPLAIN {text}", limits), dict(parameters)).consume()
            return Plan(summary.query_type or "", tuple(_operators(cast(dict[str, Any], summary.plan or {}))))

        with translated(self._address):
            return self._retried(attempt, writes=False, most=limits.seconds)

    def run_limited(self, text: str, parameters: Mapping[str, Any], limits: Limits, sort: str = USERS_QUERY) -> Result:
        """A read in a READ session, which the server stops where it can, and lists as of this sort.

        Raises:
            QueryFailed: past a limit.
        """

        def attempt() -> Result:
            answer = Answer(limits)
            with self._session(neo4j.READ_ACCESS, FETCHED) as session:
                result = session.run(_tagged(text, limits, sort), dict(parameters))
                for record in result:
                    answer.add([plain(value) for value in record.values()])
                return Result(list(result.keys()), answer.rows)

        with translated(self._address):
            try:
                return self._retried(attempt, writes=False, most=limits.seconds)
            except ClientError as error:
                if "Transaction.TransactionTimedOut" in (error.code or ""):
                    raise QueryFailed.too_long(limits.seconds) from error
                raise

    def close(self) -> None:
        """Close the driver; a second call does nothing, nor does one in a fork, whose connections are another's."""
        if self._process != os.getpid():
            return
        with self._closing:
            if self._closed:
                return
            self._closed = True
        self._close()

    def _close(self) -> None:
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def server_agent(self) -> str:
        """What the server says it is, such as ``Neo4j/5.26.31``; asked once, without waiting for one that is away."""
        with translated(self._address):
            return self._driver.get_server_info().agent

    def _require_open(self) -> None:
        """Refuse to go on after :meth:`close`, and in a copy of the process that opened it.

        Raises:
            StoreError: says which.
        """
        if self._process != os.getpid():
            raise StoreError(
                f"{self._address} was opened by process {self._process}, of which this is a fork; open a graph in the "
                "process that uses it"
            )
        if self._closed:
            raise StoreError(f"{self._address} is closed; open it again")

    def __reduce__(self) -> NoReturn:
        raise StoreError(
            f"{self!r} holds an open graph and can be neither pickled nor copied; open one in each process"
        )

    def _session(self, access: str, fetch_size: int = 5_000) -> neo4j.Session:
        self._require_open()
        return self._driver.session(
            database=self._connection.database,
            default_access_mode=access,
            fetch_size=fetch_size,
            bookmark_manager=self._bookmarks,
        )

    def _query(self, text: str, timeout: float | None = None) -> neo4j.Query:
        return neo4j.Query(text, timeout=timeout or self._config.transaction_seconds)

    def _run(self, statements: Iterable[Statement], access: str) -> list[list[Row]]:
        statements = list(statements)
        runs = itertools.count(1)

        def attempt() -> list[list[Row]]:
            again = next(runs) > 1
            said = [(s.again if again and s.again else s.text, dict(s.parameters)) for s in statements]
            with self._session(access) as session:
                if len(said) == 1:  # auto-commit: one round trip less
                    ((text, parameters),) = said
                    return [_rows(session.run(self._query(text), parameters))]
                # Not by ``with``: where a statement fails the driver gives the connection back, and its end of the
                # ``with`` then reads from what is another thread's by now. The session rolls back what is open.
                transaction = session.begin_transaction(timeout=self._config.transaction_seconds)
                answers = [_rows(transaction.run(text, parameters)) for text, parameters in said]
                transaction.commit()
                return answers

        with translated(self._address):
            return self._retried(attempt, writes=access == neo4j.WRITE_ACCESS)

    def _retried(self, attempt: Callable[[], T], *, writes: bool, most: float = math.inf) -> T:
        """Run it until it succeeds, within the limits of :class:`kg.connection.RetryPolicy` and ``most`` seconds."""
        policy = self._config.retry
        seconds = min(policy.seconds(writes=writes), most)
        deadline = time.monotonic() + seconds
        pause = policy.pause
        for tries in itertools.count(1):
            rest = pause * random.uniform(0.5, 1.5)
            try:
                return attempt()
            except ConstraintError:
                if tries >= policy.constraint_attempts:
                    raise
            except (TransientError, *LOST) as error:
                if time.monotonic() + rest > deadline:
                    if isinstance(error, LOST):
                        raise _lost(self._address, error, f", tried for {seconds:g} s") from error
                    raise
                if tries == SAID_AFTER:
                    log.warning("%s does not answer; trying for up to %g s: %s", self._address, seconds, error)
            time.sleep(rest)
            pause = min(2 * pause, policy.longest_pause)
        raise AssertionError("unreachable")


def _tagged(text: str, limits: Limits, sort: str = USERS_QUERY) -> neo4j.Query:
    """A query that the server lists as one of this program, with its sort and limit."""
    tag = {"tastegraph": sort, "milliseconds": int(limits.seconds * 1000)}
    return neo4j.Query(text, metadata=tag, timeout=limits.seconds)


def _operators(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if operator := plan.get("operatorType"):
        yield operator.partition("@")[0], str(plan.get("args", {}).get("Details", ""))
    for child in plan.get("children", ()):
        yield from _operators(child)


def _rows(result: neo4j.Result) -> list[Row]:
    return [_row(record) for record in result]


def _row(record: neo4j.Record) -> Row:
    return dict(zip(record.keys(), map(plain, record.values()), strict=True))


@contextmanager
def translated(address: str) -> Iterator[None]:
    """Turn what the driver raises into :mod:`kg.errors`; the driver's own error stays as the cause."""
    try:
        yield
    except BufferError as error:
        # Ctrl-C or SIGTERM came while the driver waited for an answer, of which it reads the rest to end its session:
        # what was interrupted still holds the buffer, which can then not grow for a long one.
        if (stopped := _interruption(error)) is None:
            raise
        raise stopped from None
    except AuthError as error:
        raise StoreUnavailable(
            f"{address} rejects the credentials; check NEO4J_USERNAME and NEO4J_PASSWORD: {_message(error)}"
        ) from error
    except LOST as error:
        raise _lost(address, error) from error
    except ConfigurationError as error:
        raise StoreUnavailable(f"{address} is no address of a graph server: {error}") from error
    except ConstraintError as error:
        raise ConstraintViolated(f"{address}: a key is already taken: {_message(error)}") from error
    except ClientError as error:
        if "Database.DatabaseNotFound" in (error.code or ""):
            raise StoreUnavailable(f"{address} has no such database; check NEO4J_DATABASE") from error
        raise QueryFailed(_message(error)) from error
    except Neo4jError as error:
        raise StoreError(f"{address}: {_message(error)}") from error
    except ConnectionAcquisitionTimeoutError as error:
        raise StoreError(f"{address}: all connections are in use; raise NEO4J_POOL_SIZE: {error}") from error
    except DriverError as error:
        raise StoreError(f"{address}: {error}") from error


def _interruption(error: BaseException) -> BaseException | None:
    """The Ctrl-C or SIGTERM while which an error came up; None where it was none."""
    cause = error.__context__
    while isinstance(cause, Exception):
        cause = cause.__context__
    return cause


def _lost(address: str, error: Exception, tried: str = "") -> StoreUnavailable:
    trusted = ", and is its certificate trusted (NEO4J_CERTIFICATES)" if "+s://" in address else ""
    return StoreUnavailable(f"no graph server answers at {address}{tried}; is it running{trusted}? {error}")


def _message(error: Neo4jError) -> str:
    return error.message or str(error)
