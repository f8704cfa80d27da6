"""The embedded engine: ArcadeDB in this process. Writes go over Bolt, reads skip it; several folders may be open."""

from __future__ import annotations

import atexit
import contextlib
import gc
import logging
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from kg import queries, quoting, schema
from kg.alphabets import PLAIN
from kg.bolt import BoltStore
from kg.connection import Connection
from kg.engines.arcadedb_bulk import Bridge, GraphLoad, sync_folder
from kg.engines.arcadedb_server import (
    DATABASE,
    USER,
    Engine,
    close_strays,
    deepest_message,
    java_errors,
    open_database,
    start,
)
from kg.engines.arcadedb_values import from_java, length
from kg.engines.conform import conform, json_text
from kg.engines.folder import StoreFolder, usable
from kg.errors import GraphError, QueryFailed, QueryRefused, StoreError
from kg.limits import Answer, Limits, Stops, running_on, wait_until_none_runs_on
from kg.quoting import Quoted
from kg.store import COSINE, BulkLoad, Result, Row, Statement

log = logging.getLogger(__name__)

CLOSES_WITHIN = 30.0
"""Seconds that closing waits for the engine, which may wait for a query that was given up, and for such a query."""


class ArcadeStore(BoltStore):
    """A :class:`kg.store.Store` in a folder."""

    batch_rows = 5_000
    lookup_ids = 250  # it compares each row that it finds with the whole list
    keeps_zones = False

    def __init__(self, folder: StoreFolder, engine: Engine, work: Path | None) -> None:
        self._folder = folder
        self._engine = engine
        # Its engine would keep the process from its end, in a folder that nothing locks any more.
        self._forgotten = weakref.finalize(self, _stop, engine, folder)
        self._forgotten.atexit = False  # that is for :func:`_close_all`
        super().__init__(self._credentials(), address=str(folder.root), work=work or folder.work, one_writer=True)

    @classmethod
    def open(cls, root: Path, *, work: Path | None = None, create: bool = True) -> Self:
        """Start the engine over ``root``; see :func:`kg.engines.open_store`."""
        folder = StoreFolder.take(root, create=create)
        try:
            with usable(folder.root):
                engine = start(folder)
        except BaseException:
            folder.release()
            raise
        _close_at_exit()
        store = cls(folder, engine, work)
        _open_stores.add(store)
        return store

    def quoted(self, name: str) -> Quoted:
        """See :class:`kg.store.Store`."""
        return quoting.arcadedb(name)

    def quoted_type(self, name: str) -> Quoted:
        """See :class:`kg.store.Store`."""
        return Quoted(name) if PLAIN.fullmatch(name) else quoting.arcadedb_type(name)

    def write(self, *statements: Statement) -> list[list[Row]]:
        """Write in one transaction, while there is room on the disk; see :class:`kg.store.Store`."""
        self._folder.check_room()
        return super().write(*statements)

    def read(self, text: str, **parameters: Any) -> list[Row]:
        """All rows of a query that only reads, without the way over Bolt: a fifth of its time for small answers."""
        with self._reading(), _query_errors():
            rows = self._engine.database.query("opencypher", text, parameters).to_list()
        return [{name: from_java(value) for name, value in row.items()} for row in rows]

    def export(
        self, text: str, schema: pa.Schema, *, maps: bool = False, each: str | None = None, **parameters: Any
    ) -> pa.Table:
        """The rows of a query as Arrow, read inside the process; see :class:`kg.store.Store`."""
        from arcadedb_embedded import ArcadeDBError

        with self._reading():
            try:
                answer = self._engine.database.query("opencypher", text, parameters)
                table = _table_with_maps(answer.to_columns()) if maps else answer.to_arrow()
            except ArcadeDBError as error:
                raise StoreError(f"{self.address}: export failed: {error}") from error
        return conform(table, schema)

    def _answer(self, text: str, parameters: Mapping[str, Any], limits: Limits, stops: Stops) -> Result:
        """A user's query: the engine's own analysis says whether it only reads; see :class:`kg.store.Store`."""
        self._require_open()  # before what tells Java that this thread goes
        try:
            with self._reading(), _query_errors():
                return self._run_limited(text, parameters, limits, stops)
        finally:
            _leave_java()

    def _run_limited(self, text: str, parameters: Mapping[str, Any], limits: Limits, stops: Stops) -> Result:
        """It runs through ``query`` of the engine, which refuses writes once more."""
        cypher = self._engine.java.getQueryEngine("opencypher")
        analysis = cypher.analyze(text)
        operations = {str(operation) for operation in analysis.getOperationTypes()}
        if not analysis.isIdempotent() or analysis.isDDL() or operations - {"READ"}:
            raise QueryRefused(
                "only queries that read are allowed: this one writes, changes the schema, controls the server or "
                "calls a procedure that may write"
            )
        with _stopped_by(stops, limits.seconds):
            answer = cypher.query(text, self._engine.java.getConfiguration(), _java_map(parameters))
            found = _collect(answer, limits)
        return found if found.columns else Result(_columns_of(text), [])

    def nearest(self, label: str, name: str, vector: Sequence[float], k: int) -> list[Row]:
        """All vectors compared inside the engine: below 100,000 as fast as its index; see :class:`kg.store.Store`."""
        wanted = queries.statement(
            "nearest_exact", names={"label": self.quoted_type(label), "property": self.quoted(name)}
        )
        return self.read(wanted.text, vector=[float(value) for value in vector], k=k)

    def index_vectors(self, label: str, name: str, dimension: int, similarity: str = COSINE) -> None:
        """Nothing: :meth:`nearest` compares all."""

    def bulk_load(self) -> AbstractContextManager[BulkLoad] | None:
        """Fill a graph beside this one and put it in its place; None when this one is not new."""
        # It closes the database for a moment, which may wait for a query that was given up.
        return self._load() if self.is_new and not running_on() else None

    @contextmanager
    def _load(self) -> Iterator[BulkLoad]:
        """Not crash-safe while it runs, hence the folder apart: a crash leaves the graph as it was, empty."""
        import jpype
        from arcadedb_embedded import create_database

        bridge = Bridge(
            jpype.JClass("com.arcadedb.python.VertexBatcher"), jpype.JClass("com.arcadedb.python.EdgeBatcher")
        )
        databases = self._folder.graph / "databases"
        beside = Path(tempfile.mkdtemp(prefix=".loading-", dir=databases))
        with self._writing:
            try:
                self._folder.check_room()
                if not self.is_new:
                    raise StoreError(f"{self.address} was new, but somebody else has written to it; run it again")
                database = create_database(str(beside / DATABASE))
                try:
                    with GraphLoad(database, bridge, self._folder.check_room) as load:
                        yield load
                finally:
                    database.close()
                sync_folder(beside / DATABASE)
                self._replace_database(beside / DATABASE)
            finally:
                shutil.rmtree(beside, ignore_errors=True)

    def _replace_database(self, filled: Path) -> None:
        live = self._folder.graph / "databases" / DATABASE
        self._driver.close()
        self._engine.java.getEmbedded().close()
        self._engine.server._java_server.removeDatabase(DATABASE)
        close_strays(live)
        shutil.rmtree(live)
        filled.replace(live)
        sync_folder(live.parent)
        self._engine.database = open_database(self._engine.server)
        self._kinds = set()
        self._connect(self._credentials())
        self.check_version()

    def purge(self, labels: Iterable[str]) -> str:
        """Build the indexes of ids anew, which hold those of deleted nodes and events; see :class:`kg.store.Store`."""
        kinds = [str(row["kind"]) for row in self.read("MATCH (k:EventKind) RETURN k.id AS kind")]
        named = {f"{label.lower()}_key": schema.node_constraint(label) for label in labels}
        named |= {schema.kind_constraint_name(kind): schema.kind_constraint(kind) for kind in kinds}
        with self._writing:
            for name, text in named.items():
                self._change_schema(f"DROP CONSTRAINT {name} IF EXISTS", text)
        return "the write-ahead log of the open store holds what was deleted until the store is closed"

    def _close(self) -> None:
        """Stop the engine and let go of the folder."""
        _open_stores.discard(self)
        self._forgotten.detach()
        super()._close()
        if running_on():
            self._stop_or_leave()
        else:
            _stop(self._engine, self._folder)

    def _stop_or_leave(self) -> None:
        """The engine may wait for a query that was given up; this thread does so for a while only."""
        import jpype

        stopped = False
        stopping = threading.Thread(target=_stop, args=(self._engine, self._folder), daemon=True)
        try:
            stopping.start()
        except RuntimeError:  # the interpreter is at its end, and has no threads any more
            self._folder.release()
            wait_until_none_runs_on(CLOSES_WITHIN)
        else:
            stopping.join(CLOSES_WITHIN)
            stopped = not stopping.is_alive()
            if not stopped:  # the folder stays locked, since the engine has its files open
                log.warning("the engine of %s does not stop, and holds it until this process ends", self.address)
        if not (stopped and wait_until_none_runs_on(CLOSES_WITHIN)):
            # What comes back from Java while the interpreter ends would abort the process.
            jpype.JClass("org.jpype.ref.JPypeReferenceQueue").getInstance().stop()
            _leave_java_running()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        self._require_open()
        try:
            yield
        except GraphError as error:
            if self._closed:
                raise StoreError(f"{self.address} was closed meanwhile; open it again") from error
            raise

    def _credentials(self) -> Connection:
        url = f"bolt://127.0.0.1:{self._engine.port}"
        return Connection(url=url, user=USER, password=self._engine.password, database=DATABASE)


def _stop(engine: Engine, folder: StoreFolder) -> None:
    """End the engine and let go of its folder."""
    try:
        with java_errors():
            engine.server.stop()
    finally:
        folder.release()


def _java_map(parameters: Mapping[str, Any]) -> Any:
    import jpype
    from arcadedb_embedded.type_conversion import convert_python_to_java

    answer = jpype.JClass("java.util.HashMap")()
    for name, value in parameters.items():
        try:
            answer.put(name, convert_python_to_java(value))
        except (TypeError, OverflowError, UnicodeError) as error:
            raise QueryFailed(f"the parameter {name!r} is no value that the engine knows: {error}") from error
    return answer


@contextmanager
def _stopped_by(stops: Stops, seconds: float) -> Iterator[None]:
    """Have the engine end what this thread runs, at the next row, once the time is up.

    The engine's own ``command.timeout`` would hold for the whole database; a registered query can be ended alone.
    """
    import jpype
    from arcadedb_embedded import ArcadeDBError

    nobody = jpype.JClass("com.arcadedb.query.RunningQuery$Client").NONE
    registry = jpype.JClass("com.arcadedb.query.RunningQueryRegistry")()
    running = registry.register(None, DATABASE, USER, "embedded", None, nobody)
    stops.append(partial(_terminate, running))
    try:
        yield
    except (jpype.JException, ArcadeDBError) as error:
        if running.isTerminated():
            raise QueryFailed.too_long(seconds) from error
        raise
    finally:
        stops.clear()
        running.close()


def _terminate(running: Any) -> None:
    try:
        running.terminate("the time limit")
    finally:
        _leave_java()


def _leave_java_running() -> None:
    """Have the end of the process wait for no thread of the Java machine; every write is on the disk by then."""
    import jpype.config
    from arcadedb_embedded import jvm

    jpype.config.destroy_jvm = jpype.config.onexit = False
    atexit.unregister(jvm._close_active_databases)


def _leave_to_parent() -> None:
    """In a fork, which has neither the threads of the Java machine nor a claim to the folders that are open.

    Whatever calls Java would wait forever: the end of the process, objects that go, and JPype, which has Java collect
    its garbage whenever Python collects.
    """
    from arcadedb_embedded import core, results, server

    _leave_java_running()
    for owner in (core.Database, results.ResultSet, server.ArcadeDBServer):
        owner.__del__ = _nothing
    gc.callbacks[:] = [callback for callback in gc.callbacks if getattr(callback, "__module__", None) != "_jpype"]
    for store in list(_open_stores):
        store._forgotten.detach()
        store._folder.lock.close()  # or the folder would stay locked as long as the fork lives


def _nothing(_: object) -> None:
    pass


def _leave_java() -> None:
    """Let the Java machine forget this thread; it would remember each that ever called it."""
    import jpype

    jpype.JClass("java.lang.Thread").detach()


def _collect(rows: Any, limits: Limits) -> Result:
    from arcadedb_embedded.results import ResultSet
    from arcadedb_embedded.type_conversion import convert_java_to_python

    columns: list[str] = []
    answer = Answer(limits)
    with ResultSet(rows) as results:
        for entry in results:
            columns = columns or [str(name) for name in entry.property_names]
            if _PLAN in columns:  # of EXPLAIN; what stands beside it is no value
                return Result(["plan"], [[from_java(entry.get(_PLAN))]])
            values = [entry.get_raw(name) for name in columns]
            answer.check(sum(map(length, values)))
            answer.add([from_java(convert_java_to_python(value)) for value in values])
    return Result(columns, answer.rows)


_PLAN = "executionPlanAsString"


def _columns_of(text: str) -> list[str]:
    """The names of a query's columns, which the engine gives with a row only; none for ``RETURN *``."""
    import jpype

    parsed = jpype.JClass("com.arcadedb.query.opencypher.parser.Cypher25AntlrParser")().parse(text)
    returned = parsed.getReturnClause()
    items = list(returned.getReturnItems()) if returned is not None else []
    return [] if any(item.isStar() for item in items) else [str(item.getOutputName()) for item in items]


def _table_with_maps(columns: dict[str, Any] | None) -> pa.Table:
    def encoded(values: Any) -> Any:
        if isinstance(values, list) and any(isinstance(value, dict) for value in values):
            return pa.array([None if value is None else json_text(value) for value in values], pa.string())
        return pa.array(values)

    return pa.table({name: encoded(values) for name, values in (columns or {}).items()})


@contextmanager
def _query_errors() -> Iterator[None]:
    """Turn what a user's query throws into a refusal or a failure."""
    import jpype
    from arcadedb_embedded import ArcadeDBError

    try:
        yield
    except UnicodeEncodeError as error:
        raise QueryFailed(f"the query is not valid Unicode: {error.reason}") from error
    except (jpype.JException, ArcadeDBError) as error:
        text = str(error)
        if "SecurityException" in text:
            raise QueryRefused("LOAD CSV is not allowed: a query reads the graph only") from error
        if "NotIdempotent" in text:
            raise QueryRefused("only queries that read are allowed") from error
        if "OutOfMemoryError" in text or "StackOverflowError" in text:
            raise QueryFailed(
                "the query needs more memory than the embedded engine has (-Xmx in ARCADEDB_JVM_ARGS); have it collect "
                "and join less; the store goes on"
            ) from error
        raise QueryFailed(deepest_message(error)) from error


_open_stores: weakref.WeakSet[ArcadeStore] = weakref.WeakSet()


@cache
def _close_at_exit() -> None:
    """Once a process, and after the Java machine has registered its own end: exit handlers run last to first."""
    atexit.register(_close_all)
    os.register_at_fork(after_in_child=_leave_to_parent)


def _close_all() -> None:
    for store in list(_open_stores):
        with contextlib.suppress(Exception):  # at exit each store gets its chance
            store.close()
