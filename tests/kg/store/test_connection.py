"""Connections to a real Neo4j as its users expect them, and clear errors where there is none to be had."""

from __future__ import annotations

import logging
import os
import re
import socket
import ssl
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pytest

import kg
import recommender
from kg.bolt import BoltStore
from kg.connection import SCHEMES, Connection, ConnectionConfig, RetryPolicy
from kg.engines import open_store
from kg.engines.neo4j import check_agent
from kg.errors import QueryFailed, QueryRefused, StoreError, StoreUnavailable
from kg.store import Statement
from tests import certificates
from tests.proxy import Proxy
from tests.running import PATIENCE

pytestmark = pytest.mark.neo4j
ENCRYPTED = [scheme for scheme in SCHEMES if "+" in scheme]


@pytest.fixture(scope="module")
def port(neo4j_url: str) -> int:
    return int(urlsplit(neo4j_url).port or 0)


@pytest.fixture(scope="module")
def authority(port: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's certificate, which signs itself."""
    path = tmp_path_factory.mktemp("authority") / "server.pem"
    try:
        path.write_text(ssl.get_server_certificate(("127.0.0.1", port)))
    except (ssl.SSLError, ConnectionError):
        pytest.skip("the server that TASTEGRAPH_TEST_NEO4J_URL names takes no encrypted connections")
    return path


@pytest.fixture
def opened(neo4j_url: str, tmp_path: Path) -> Iterator[Callable[..., BoltStore]]:
    """Opens stores with these settings, and closes them."""
    stores: list[BoltStore] = []

    def one(url: str = neo4j_url, **settings: Any) -> BoltStore:
        stores.append(open_store(url, work=tmp_path, connection=ConnectionConfig(**settings)))
        return stores[-1]

    yield one
    for store in stores:
        store.close()


Open = Callable[..., BoltStore]
ONE = [{"one": 1}]


@pytest.mark.parametrize("scheme", ["neo4j", "neo4j+ssc", "bolt", "bolt+ssc"])
def test_schemes(opened: Open, port: int, authority: Path, scheme: str) -> None:
    assert opened(f"{scheme}://127.0.0.1:{port}").read("RETURN 1 AS one") == ONE


@pytest.mark.parametrize("scheme", ["neo4j+s", "bolt+s"])
def test_certificates_are_checked_against_the_authorities_that_are_named(
    opened: Open, port: int, authority: Path, tmp_path: Path, scheme: str
) -> None:
    url = f"{scheme}://127.0.0.1:{port}"
    assert opened(url, certificates=(authority,)).read("RETURN 1 AS one") == ONE
    stranger = certificates.make(tmp_path / "stranger")
    for others in ((), (stranger,)):
        with pytest.raises(StoreUnavailable, match=r"is its certificate trusted \(NEO4J_CERTIFICATES\)"):
            opened(url, certificates=others)
    with pytest.raises(StoreError, match=r"private\.key is no file of certificates"):
        opened(url, certificates=(tmp_path / "stranger" / "private.key",))


@pytest.mark.parametrize("scheme", ["bolt", "bolt+s", "bolt+ssc"])
def test_what_is_called_encrypted_is(opened: Open, port: int, authority: Path, scheme: str) -> None:
    trusted = (authority,) if scheme == "bolt+s" else ()
    with Proxy(port) as proxy:
        store = opened(proxy.url.replace("bolt", scheme), certificates=trusted)
        store.read("RETURN 'over the wire' AS text")
        readable = b"over the wire" in proxy.sent
        store.close()
    assert readable == (scheme == "bolt")


def test_certificates_for_a_scheme_that_checks_none_are_an_error(authority: Path) -> None:
    with pytest.raises(StoreError, match=r"bolt:// checks none; write bolt\+s://host"):
        ConnectionConfig(certificates=(authority,)).trust("bolt://host")
    with pytest.raises(StoreError, match=r"write neo4j\+s://host"):
        ConnectionConfig(certificates=(authority,)).trust("neo4j+ssc://host")


def test_the_pool_is_bounded(opened: Open) -> None:
    store = opened(pool_size=1, acquire_seconds=0.2)
    rows = store.stream("UNWIND range(1, 20000) AS n RETURN n")
    next(rows)
    with pytest.raises(StoreError, match="all connections are in use; raise NEO4J_POOL_SIZE"):
        store.read("RETURN 1 AS one")
    rows.close()  # type: ignore[attr-defined]
    assert store.read("RETURN 1 AS one") == ONE


LONG = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH a, b WHERE a * b < 0 RETURN count(*) AS n"


@pytest.mark.faults
def test_a_write_that_fails_leaves_its_connection_to_the_next_one(opened: Open) -> None:
    """Eight threads, two connections, and threads that change places everywhere: half of the writes fail."""
    store = opened(pool_size=2)
    good = [Statement("RETURN 1 AS one", {}), Statement("RETURN 2 AS two", {})]
    bad = [good[0], Statement("RETURN $absent AS one", {})]
    others: list[Exception] = []
    done: list[int] = []

    def work(number: int) -> None:
        for _ in range(50):
            try:
                done.append(len(store.write(*(bad if number % 2 else good))))
            except QueryFailed:
                done.append(0)
            except Exception as error:
                others.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20 * PATIENCE)
    finally:
        sys.setswitchinterval(interval)
    assert others == []
    assert Counter(done) == {0: 200, 2: 200}


@pytest.mark.parametrize("statements", [1, 2])
def test_transactions_are_limited_in_time(opened: Open, statements: int) -> None:
    store = opened(transaction_seconds=0.3)
    started = time.monotonic()
    with pytest.raises(QueryFailed, match="not completed within the timeout"):
        store.write(*[Statement(LONG, {})] * statements)
    assert time.monotonic() - started < 20 * PATIENCE


def test_who_reads_after_a_write_names_it(opened: Open, port: int) -> None:
    """The bookmark that the server gave to the writer is in what the reader sends, whatever thread it is."""
    with Proxy(port) as proxy:
        store = opened(proxy.url)
        store.write(Statement("MERGE (:Model {version: 'bookmarked'})", {}))
        (bookmark,) = store._bookmarks.get_bookmarks()
        del proxy.sent[:]
        store.read("RETURN 'reader' AS text")
        sent = bytes(proxy.sent)
        store.write(Statement("MATCH (m:Model {version: 'bookmarked'}) DELETE m", {}))
        store.close()
    assert bookmark.encode() in sent


def test_every_transaction_names_the_database(opened: Open, port: int) -> None:
    doors: dict[str, Callable[[BoltStore], object]] = {
        "read": lambda store: store.read("RETURN 1 AS one"),
        "stream": lambda store: list(store.stream("RETURN 1 AS one")),
        "write": lambda store: store.write(Statement("RETURN 1", {})),
        "two writes": lambda store: store.write(Statement("RETURN 1", {}), Statement("RETURN 2", {})),
        "query": lambda store: store.query("RETURN 1 AS one", {}),
        "export": lambda store: store.export("RETURN 1 AS one", pa.schema([("one", pa.int64())])),
        "schema": lambda store: (store._kinds.clear(), store.ensure_schema(["RATED"])),
        "version": lambda store: store.check_version(),
    }
    database = os.environ.get("NEO4J_DATABASE", "neo4j").encode()
    named = b"\x82db" + bytes([0x80 + len(database)]) + database  # as Bolt packs {"db": database}
    with Proxy(port) as proxy:
        store = opened(proxy.url)
        for name, use in doors.items():
            del proxy.sent[:]
            use(store)
            sent = bytes(proxy.sent)
            begun, run = sent.count(b"\xb1\x11"), sent.count(b"\xb3\x10")
            assert run > 0
            # A statement within a transaction says nothing of it: the transaction has named the database.
            assert sent.count(named) == (begun or run), name
        store.close()


def test_the_server_is_told_who_asks(opened: Open) -> None:
    agents = opened().read("CALL dbms.listConnections() YIELD userAgent RETURN userAgent")
    assert re.fullmatch(r"tastegraph/\d.*", agents[0]["userAgent"])


def test_remarks_of_the_server_are_logged_once(opened: Open, caplog: pytest.LogCaptureFixture) -> None:
    store = opened()
    with caplog.at_level(logging.DEBUG, logger="neo4j.notifications"):
        for number in range(3):
            store.read(f"MATCH (n) RETURN id(n) + {number} AS number LIMIT 1")
            store.read("MATCH (n:NeverHeardOf) RETURN n.neither AS nothing")
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert re.match(r"the graph server remarks: 01N02 .*id is deprecated.* on 'MATCH", record.getMessage())


def test_settings_come_from_the_environment(authority: Path) -> None:
    assert ConnectionConfig.of_environment({}) == ConnectionConfig()
    given = {
        "NEO4J_CERTIFICATES": f"{authority}{os.pathsep}/more.pem",
        "NEO4J_POOL_SIZE": "7",
        "NEO4J_CONNECT_SECONDS": "2.5",
        "NEO4J_TRANSACTION_SECONDS": "60",
        "NEO4J_RETRY_SECONDS": "5",
    }
    assert ConnectionConfig.of_environment(given) == ConnectionConfig(
        certificates=(authority, Path("/more.pem")), pool_size=7, connect_seconds=2.5, transaction_seconds=60.0,
        retry=RetryPolicy(write_seconds=5.0, read_seconds=5.0),
    )  # fmt: skip
    for wrong in ("many", "0", "-1", "inf"):
        with pytest.raises(StoreError, match=f"NEO4J_POOL_SIZE is '{wrong}'; it must be a number above 0"):
            ConnectionConfig.of_environment({"NEO4J_POOL_SIZE": wrong})


# What cannot be had ---------------------------------------------------------------------------------------------------


def test_a_wrong_password_and_a_wrong_database(opened: Open, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for scheme in ("bolt", "neo4j"):
        with monkeypatch.context() as patch:
            patch.setenv("NEO4J_DATABASE", "nowhere")
            with pytest.raises(StoreUnavailable, match="has no such database; check NEO4J_DATABASE"):
                opened(f"{scheme}://127.0.0.1:{port}")
    with monkeypatch.context() as patch:
        patch.setenv("NEO4J_PASSWORD", "planted-wrong")
        with pytest.raises(StoreUnavailable, match="rejects the credentials; check NEO4J_USERNAME and NEO4J_PASSWORD"):
            opened(f"neo4j://127.0.0.1:{port}")


@pytest.mark.parametrize("other", ["Neo4j/5.25", "Neo4j/4.44", "Memgraph/3"])
def test_an_older_server_is_refused(opened: Open, port: int, other: str) -> None:
    with (
        Proxy(port, rewrite=(b"Neo4j/5.26", other.encode())) as proxy,
        pytest.raises(StoreError, match=rf"is {other}.*; this program needs Neo4j 5\.26 or later, so upgrade"),
    ):
        opened(proxy.url)


@pytest.mark.parametrize("agent", ["Neo4j/5.26.0", "Neo4j/5.27-aura", "Neo4j/2025.10.1"])
def test_later_servers_are_taken(agent: str) -> None:
    check_agent(agent, "bolt://host")


def test_something_else_that_listens_is_no_graph_server(opened: Open) -> None:
    def answer(listener: socket.socket) -> None:
        with listener.accept()[0] as client:
            client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        with pytest.raises(StoreError, match=r"bolt://127\.0\.0\.1:\d+"):
            opened(f"bolt://127.0.0.1:{listener.getsockname()[1]}")
        thread.join()


def test_no_query_needs_apoc(server: BoltStore) -> None:
    """The server of the tests has no such procedures, and no text of the package names one."""
    assert server.read("SHOW PROCEDURES YIELD name WHERE name STARTS WITH 'apoc' RETURN name") == []
    for package in (kg, recommender):
        folder = Path(package.__path__[0])
        for path in [*folder.rglob("*.py"), *folder.rglob("*.cypher")]:
            if path.name != "allowed.py":  # which says what is not
                assert not re.search(r"(?i)\bapoc\s*\.", path.read_text(encoding="utf-8")), path
    with pytest.raises(QueryRefused, match=r"apoc\.create\.uuid is on no list"):
        server.query("RETURN apoc.create.uuid() AS id", {})


# Credentials ----------------------------------------------------------------------------------------------------------

PLANTED = "planted-5ecret/with@signs"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_url_with_credentials_is_refused_and_not_repeated(scheme: str) -> None:
    for credentials in (f"neo4j:{PLANTED}", PLANTED):
        url = f"{scheme}://{credentials}@host:7687"
        with pytest.raises(StoreError, match="set NEO4J_USERNAME and NEO4J_PASSWORD") as refusal:
            open_store(url)
        assert f"write {scheme}://HOST:PORT and" in str(refusal.value)
        assert "5ecret" not in told(refusal.value)


def told(error: BaseException) -> str:
    """Everything that an error shows: itself, its causes and their tracebacks."""
    return "".join(traceback.format_exception(error)) + repr(error)


def test_a_password_is_in_no_log_error_or_repr(
    opened: Open, port: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    right = os.environ["NEO4J_PASSWORD"]
    shown: list[str] = []
    with caplog.at_level(logging.DEBUG), Proxy(port) as proxy:
        store = opened(proxy.url)
        store.read("RETURN 1 AS one")
        shown += map(repr, (store, store._connection, store._config, store._driver, store.address))
        with pytest.raises(QueryFailed) as failure:
            store.read("garbage")
        shown.append(told(failure.value))
        with monkeypatch.context() as patch:
            patch.setenv("NEO4J_PASSWORD", PLANTED)
            with pytest.raises(StoreUnavailable) as refusal:
                opened(proxy.url)
            shown.append(told(refusal.value))
            with pytest.raises(StoreUnavailable) as refusal:
                opened("bolt://127.0.0.1:1")
            shown.append(told(refusal.value))
        hello_was_seen = right.encode() in proxy.sent
        store.close()
    assert hello_was_seen, "the password went over the wire, so it could have been logged"
    assert "neo4j.io" in {record.name for record in caplog.records}
    everything = "\n".join([*shown, caplog.text])
    assert right not in everything
    assert PLANTED not in everything
    assert repr(replace(Connection("bolt://h", "u", "d", PLANTED), user="v")).count("=") == 3
