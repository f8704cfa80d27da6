"""Fixtures of the whole suite."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from kg import schema
from kg.bolt import BoltStore
from kg.engines import open_store
from kg.rejects import FILES
from kg.store import Statement
from scripts.neo4j_local import NEWER, STARTS_WITHIN, VERSION, Server, Unavailable
from tests import certificates
from tests.proxy import Proxy
from tests.running import PATIENCE

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell ignores Ctrl-C for what it runs in the background, and every process started from here would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


ROUNDS = int(os.environ.get("TASTEGRAPH_SOAK_ROUNDS", "1"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests of faults run once in ``make test``, ten times in ``make soak``; ``turn``, from 0, is for those who ask."""
    if metafunc.definition.get_closest_marker("faults"):
        if "turn" not in metafunc.fixturenames:
            metafunc.fixturenames.append("turn")
        metafunc.parametrize("turn", range(ROUNDS))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Scale the time-outs of tests by the one variable."""
    for item in items:
        own = item.get_closest_marker("timeout")
        seconds = own.args[0] if own else float(item.config.getini("timeout"))
        item.add_marker(pytest.mark.timeout(seconds * PATIENCE), append=False)


@pytest.fixture(autouse=True)
def _loggers_as_they_are() -> None:
    """What the command sets for its whole process, here that of the tests, does not outlive a test."""
    for package in ("kg", "text", "gnn", "recommender"):
        logging.getLogger(package).setLevel(logging.NOTSET)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the project; the test is skipped where it is absent, and fails on CI."""
    folder = Path(__file__).parents[1].parent / "shared" / "data"
    if not folder.is_dir():
        lacking(f"needs the real data in {folder}")
    return folder


def lacking(reason: str) -> NoReturn:
    """Skip a test for want of what it needs; on CI, where all of it must be, the test fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI tests all: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoltStore]:
    """One embedded engine for the session: starting one costs seconds."""
    with open_store(tmp_path_factory.mktemp("embedded") / "store") as opened:
        yield opened


SERVER = "TASTEGRAPH_TEST_NEO4J_URL"
"""URL of a server whose graph the tests may empty, in place of one that they start; ``NEO4J_PASSWORD`` as usual."""


@pytest.fixture(scope="session")
def neo4j_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a real Neo4j, whose credentials are in the environment; one for the session, for starting it takes a while.

    Where none can be had its tests are skipped; on CI they fail.
    """
    if url := os.environ.get(SERVER):
        yield url
        return
    server = small_server(tmp_path_factory.mktemp("neo4j"))
    with pytest.MonkeyPatch.context() as patch:
        know(server, patch)
        yield server.url
    server.kill()  # nothing of it is needed any more


def know(server: Server, patch: pytest.MonkeyPatch) -> None:
    """Put its credentials into the environment."""
    for name, value in server.environment().items():
        if name.startswith("NEO4J_"):
            patch.setenv(name, value)


def small_server(home: Path, version: str = VERSION) -> Server:
    """A server of the tests' own, started; it takes encrypted connections too, by ``certificates/public.crt``."""
    server = Server(
        home,
        heap="1g",
        page_cache="128m",
        java_options=("-XX:+UseSerialGC",),
        settings=certificates.SETTINGS,
        version=version,
        starts_within=STARTS_WITHIN * PATIENCE,
    )
    try:
        certificates.make(home / "certificates")
        server.start()
    except Unavailable as error:
        lacking(f"no Neo4j: {error}")
    return server


@pytest.fixture(scope="session")
def server(neo4j_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoltStore]:
    """A store on a real Neo4j."""
    with open_store(neo4j_url, work=tmp_path_factory.mktemp("work")) as opened:
        yield opened


@pytest.fixture(scope="session")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoltStore]:
    """A store on a Neo4j of the versions that are named for their year."""
    server = small_server(tmp_path_factory.mktemp("newer"), NEWER)
    with pytest.MonkeyPatch.context() as patch:
        know(server, patch)
        opened = open_store(server.url, work=tmp_path_factory.mktemp("work"))
    with opened:
        yield opened
    server.kill()


ENGINES = [pytest.param("embedded", marks=pytest.mark.embedded), pytest.param("server", marks=pytest.mark.neo4j)]
"""For a parametrised fixture: names of the fixtures with a store in each engine."""


@pytest.fixture(params=ENGINES)
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new, empty graph of each engine is, for tests that open it themselves, or in another process."""
    if request.param == "embedded":
        return str(tmp_path / "store")
    emptied(request.getfixturevalue("server"))
    return str(request.getfixturevalue("neo4j_url"))


@pytest.fixture
def store(embedded: BoltStore) -> BoltStore:
    """An empty graph in the embedded engine."""
    return emptied(embedded)


def emptied(store: BoltStore) -> BoltStore:
    """The same store without a node but that of the schema, as it is made; constraints stay."""
    store.write(Statement("MATCH (n) WHERE NOT n:Schema DETACH DELETE n", {}))
    store.write(
        Statement("MATCH (s:Schema) SET s = {id: 'tastegraph', version: $version}", {"version": schema.VERSION})
    )
    store._kinds.clear()
    (store.work / FILES).unlink(missing_ok=True)  # where other tests have had their rejects: no copy goes beside it
    return store


@pytest.fixture
def proxied(graph: BoltStore) -> Iterator[tuple[BoltStore, Proxy]]:
    """The graph, and the proxy on the way to it."""
    direct = graph._connection
    with Proxy(int(direct.url.rpartition(":")[2])) as proxy:
        graph._driver.close()
        graph._connect(replace(direct, url=proxy.url))
        yield graph, proxy
        graph._driver.close()
        graph._connect(direct)


@pytest.fixture
def foreign(server: BoltStore, neo4j_url: str, tmp_path: Path) -> Iterator[BoltStore]:
    """The server without anything of ours, for graphs of somebody else; what a test leaves goes at its end."""
    from kg.engines.adopted import release

    server.write(Statement("MATCH (n) DETACH DELETE n", {}))
    # Of kinds that other tests called as an adoption calls its own.
    ours = "any(name IN labelsOrTypes WHERE name STARTS WITH 'TG_')"
    for row in server.read(f"SHOW CONSTRAINTS YIELD name, labelsOrTypes WHERE {ours} RETURN name"):
        server.write(Statement(f"DROP CONSTRAINT {server.quoted(row['name'])}", {}))
    yield server
    release(neo4j_url, work=tmp_path)
    server.write(Statement("MATCH (n) DETACH DELETE n", {}))
    server._kinds.clear()
    server.ensure_schema()
