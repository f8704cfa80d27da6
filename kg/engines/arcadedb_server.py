"""The embedded engine's machinery: the one Java machine of the process, and a server over one folder.

Bolt listens on a free port of the loopback and nothing else does; all logs go into the folder.
"""

from __future__ import annotations

import os
import re
import resource
import secrets
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

from kg.engines.folder import StoreFolder
from kg.errors import StoreError

DATABASE = "tastegraph"
USER = "root"
MAX_MESSAGE = 64 << 20
"""Bytes of a Bolt message; a larger one would hang, and batches are kept to an eighth of it."""


@dataclass
class Engine:
    """One running server over one folder."""

    server: Any
    database: Any
    port: int
    password: str

    @property
    def java(self) -> Any:
        """The Java database."""
        return self.database._java_db


_starting = threading.Lock()


def start(folder: StoreFolder) -> Engine:
    """Start a server over ``folder``: Bolt on a free loopback port, and nothing else listening."""
    with _starting:
        _start_java(folder.logs)
        _log_into(folder.logs)
        from arcadedb_embedded import create_server

        _discard_leftovers(folder.graph)
        password = secrets.token_urlsafe(32)
        server = create_server(str(folder.graph), password, config=_SERVER)
        with java_errors():
            server.start()
            try:
                server._java_server.getHttpServer().stopService()
                plugins = [p for p in server._java_server.getPlugins() if "Bolt" in str(p.getClass().getName())]
                port = int(plugins[0].getPort())
                engine = Engine(server, open_database(server), port, password)
                folder.write_secret(f"bolt://127.0.0.1:{port}", USER, password)
            except BaseException:
                server.stop()
                raise
        return engine


_SERVER = {
    "server_plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
    "host": "127.0.0.1",
    "bolt_host": "127.0.0.1",
    "bolt_port": 0,
    "http_port": 0,
    "bolt_maxMessageSize": MAX_MESSAGE,
    "mode": "development",  # "production" hides the text of errors
}


def _discard_leftovers(graph: Path) -> None:
    # A new password each start: the engine would keep the first one. A crash may leave a half-filled load.
    (graph / "config" / "server-users.jsonl").unlink(missing_ok=True)
    for beside in (graph / "databases").glob(".loading-*"):
        shutil.rmtree(beside, ignore_errors=True)


def open_database(server: Any) -> Any:
    """The database of a server, made where there is none; a write is on the disk before it is acknowledged."""
    database = server.create_database(DATABASE)
    database.set_wal_flush("yes_full")
    return database


def close_strays(folder: Path) -> None:
    """Close the database of this folder if a connection that was just ending has opened it once more."""
    import jpype

    stray = jpype.JClass("com.arcadedb.database.DatabaseFactory").getActiveDatabaseInstance(str(folder))
    if stray is not None:
        stray.getEmbedded().close()


def _start_java(logs: Path) -> None:
    """Start the Java machine once a process; what it prints while starting goes to a file."""
    import jpype

    if jpype.isJVMStarted():
        if _java_process() != os.getpid():
            raise StoreError(
                "this process is a fork of one that has the embedded engine open, and has nothing of its Java machine; "
                "open a store in a process of its own (multiprocessing's 'spawn')"
            )
        return
    _check_files()
    from arcadedb_embedded.jvm import start_jvm

    os.environ.setdefault("ARCADEDB_JVM_ERROR_FILE", str(logs / "java-crash-%p.log"))
    with _stderr_to(logs / "java.log"), _names_as_utf8(), _java_starts(logs):
        start_jvm(
            heap_size=_heap(),
            jvm_args=[
                "-Xrs",  # signals belong to Python: without this SIGTERM crashes the Java machine
                f"-Djava.util.logging.config.file={_logging_properties(logs)}",
                "-Darcadedb.opencypher.loadCsv.allowFileUrls=false",
                "-Darcadedb.opencypher.loadCsv.allowRemoteUrls=false",
                "--sun-misc-unsafe-memory-access=allow",
                *_collector(),
            ],
        )
    _java_process()
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminate)


@cache
def _java_process() -> int:
    """The process that started the Java machine, also when a fork of it asks."""
    return os.getpid()


LEAST_FILES = 256
"""That a process must be able to have open: the engine has one for each type of node and edge, and several beside."""


def _check_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)  # Java raises the limit to the hard one by itself
    if 0 <= most < LEAST_FILES:
        raise StoreError(
            f"this process may have {most} files open and the embedded engine needs {LEAST_FILES}; raise the limit "
            "(ulimit -Hn 4096), or use a Neo4j server"
        )


@contextmanager
def _java_starts(logs: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise StoreError(
            f"the Java machine of the embedded engine does not start: {error}; {logs / 'java.log'} says more, and "
            "ARCADEDB_JVM_ARGS what it was given"
        ) from error


@contextmanager
def _names_as_utf8() -> Iterator[None]:
    """Have Java read names of files as Python does, also where the locale knows ASCII only."""
    said = next((value for name in _LOCALES if (value := os.environ.get(name))), "C")
    if "utf" in said.lower():
        yield
        return
    kept = os.environ.get("LC_ALL")
    os.environ["LC_ALL"] = "C.UTF-8"
    try:
        yield
    finally:
        if kept is None:
            del os.environ["LC_ALL"]
        else:
            os.environ["LC_ALL"] = kept


_LOCALES = ("LC_ALL", "LC_CTYPE", "LANG")


def _heap() -> str | None:
    """Half of the memory, at most 4 GiB, unless ``ARCADEDB_JVM_ARGS`` holds an ``-Xmx``."""
    if "-Xmx" in os.environ.get("ARCADEDB_JVM_ARGS", ""):
        return None
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{min(4096, memory // 2 >> 20)}m"


def _collector() -> list[str]:
    """The garbage collector of the most throughput, unless ``ARCADEDB_JVM_ARGS`` names one."""
    return [] if re.search(r"-XX:\+Use\w+GC", os.environ.get("ARCADEDB_JVM_ARGS", "")) else ["-XX:+UseParallelGC"]


def _logging_properties(logs: Path) -> Path:
    path = logs / "logging.properties"
    folder = _escaped(str(logs).replace("%", "%%"))
    path.write_text(
        ".level=WARNING\n"
        "handlers=java.util.logging.FileHandler\n"
        f"java.util.logging.FileHandler.pattern={folder}/engine.%g.log\n"
        "java.util.logging.FileHandler.formatter=java.util.logging.SimpleFormatter\n"
        "java.util.logging.FileHandler.limit=10000000\n"
        "java.util.logging.FileHandler.count=3\n"
        "java.util.logging.FileHandler.append=true\n",
        encoding="utf-8",
    )
    return path


def _escaped(text: str) -> str:
    """As Java's properties files want it: Latin-1, the rest as UTF-16 escapes."""
    units = text.encode("utf-16-be")
    codes = [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
    return "".join(chr(code) if 32 <= code < 127 and code != 92 else f"\\u{code:04x}" for code in codes)


def _log_into(logs: Path) -> None:
    """Direct the engine's log to this folder; with several stores open it goes to the one opened last."""
    import jpype

    stream = jpype.JClass("java.io.FileInputStream")(str(_logging_properties(logs)))
    try:
        jpype.JClass("java.util.logging.LogManager").getLogManager().readConfiguration(stream)
    finally:
        stream.close()


@contextmanager
def _stderr_to(path: Path) -> Iterator[None]:
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with path.open("ab") as file:
            os.dup2(file.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _terminate(number: int, frame: FrameType | None) -> None:
    """SIGTERM unwinds as Ctrl-C does, so that ``with`` blocks and exit handlers close the store."""
    raise SystemExit(128 + number)


@contextmanager
def java_errors() -> Iterator[None]:
    """Turn what the Java machine throws into :mod:`kg.errors`."""
    import jpype
    from arcadedb_embedded import ArcadeDBError

    try:
        yield
    except (jpype.JException, ArcadeDBError) as error:
        raise StoreError(deepest_message(error)) from error


def deepest_message(error: Any) -> str:
    """The message of the innermost cause that has one: the outer ones only repeat the query."""
    message = str(error).rpartition("Exception: ")[2]
    cause = error.getCause() if hasattr(error, "getCause") else None
    while cause is not None:
        message = str(cause.getMessage() or message)
        cause = cause.getCause()
    return message
