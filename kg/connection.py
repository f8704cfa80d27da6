"""How a graph server is reached: address, credentials, certificates, limits, and how long a lost one is waited for."""

from __future__ import annotations

import os
import re
import ssl
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from kg.errors import StoreError, StoreUnavailable

SCHEMES = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")
"""What a server's URL may begin with. ``neo4j`` is routed, ``bolt`` goes to this one server; ``+s`` is encrypted and
its certificate checked, ``+ssc`` is encrypted and any certificate taken."""


@dataclass(frozen=True)
class Connection:
    """Where and as whom to connect.

    Raises:
        StoreError: no scheme of a graph server, or the URL holds credentials, which logs and reports would repeat.
    """

    url: str
    user: str
    database: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        check_url(self.url)

    @classmethod
    def of_environment(cls, url: str, environment: Mapping[str, str] = os.environ) -> Self:
        """With what ``NEO4J_USERNAME``, ``NEO4J_PASSWORD`` and ``NEO4J_DATABASE`` say.

        Raises:
            StoreUnavailable: there is no password.
        """
        made = cls(
            url=url,
            user=environment.get("NEO4J_USERNAME", "neo4j"),
            password=environment.get("NEO4J_PASSWORD", ""),
            database=environment.get("NEO4J_DATABASE", "neo4j"),
        )
        if "NEO4J_PASSWORD" not in environment:
            raise StoreUnavailable(f"NEO4J_PASSWORD is not set; it holds the password for {url}")
        return made


@dataclass(frozen=True)
class RetryPolicy:
    """How long a transaction is run again while the server is away, or cannot run it now (a deadlock, a full pool).

    A commit whose answer is lost may have happened, so all that this package writes may be written twice without
    another effect than once.
    """

    write_seconds: float = 60.0
    """For a write, and for reads within :func:`unattended`: longer than a server takes to start."""
    read_seconds: float = 10.0
    """For other reads: somebody waits for the answer."""
    constraint_attempts: int = 3
    """Runs in all after a uniqueness constraint stopped it: a MERGE that lost a race finds the winner's node then."""
    pause: float = 0.02
    """Seconds before the second run; doubled each time, with jitter of half."""
    longest_pause: float = 1.0
    """Seconds; pauses grow no further."""

    def seconds(self, *, writes: bool) -> float:
        """How long to try."""
        return self.write_seconds if writes or _unattended.get() else self.read_seconds


@dataclass(frozen=True)
class ConnectionConfig:
    """How to connect. Times are in seconds."""

    certificates: tuple[Path, ...] = ()
    """Files (PEM) of the authorities that are trusted with ``neo4j+s`` and ``bolt+s``, in place of the system's."""
    pool_size: int = 100
    """Connections at most, to each server."""
    connect_seconds: float = 10.0
    """To open one."""
    acquire_seconds: float = 30.0
    """To get one when all are in use."""
    transaction_seconds: float | None = None
    """After which the server stops a transaction; None: as the server is configured."""
    retry: RetryPolicy = RetryPolicy()

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """With what :data:`VARIABLES` say, and the defaults for the rest.

        Raises:
            StoreError: a value is no positive number.
        """
        found = {name: environment[name] for name in VARIABLES if environment.get(name)}
        numbers = {name: _positive(name, text) for name, text in found.items() if name != "NEO4J_CERTIFICATES"}
        if (pool := numbers.get("NEO4J_POOL_SIZE", 1.0)) % 1:
            raise StoreError(f"NEO4J_POOL_SIZE is {pool:g}; it must be a whole number")
        wait = numbers.get("NEO4J_RETRY_SECONDS", RetryPolicy.write_seconds)
        return cls(
            certificates=tuple(map(Path, filter(None, found.get("NEO4J_CERTIFICATES", "").split(os.pathsep)))),
            pool_size=int(numbers.get("NEO4J_POOL_SIZE", cls.pool_size)),
            connect_seconds=numbers.get("NEO4J_CONNECT_SECONDS", cls.connect_seconds),
            transaction_seconds=numbers.get("NEO4J_TRANSACTION_SECONDS", cls.transaction_seconds),
            retry=RetryPolicy(write_seconds=wait, read_seconds=min(wait, RetryPolicy.read_seconds)),
        )

    def trust(self, url: str) -> tuple[str, tuple[Path, ...]]:
        """The URL for the driver, and the authorities that it is to trust; none: what the scheme says.

        Raises:
            StoreError: certificates for a URL without a checked encryption, or a file that holds none.
        """
        if not self.certificates:
            return url, ()
        scheme, _, rest = url.partition("://")
        if not scheme.endswith("+s"):
            plain = scheme.partition("+")[0]
            raise StoreError(f"certificates are given, but {scheme}:// checks none; write {plain}+s://{rest}")
        for path in self.certificates:
            try:
                ssl.create_default_context(cafile=path)
            except OSError as error:
                raise StoreError(f"{path} is no file of certificates (NEO4J_CERTIFICATES): {error}") from error
        return f"{scheme.removesuffix('+s')}://{rest}", self.certificates


VARIABLES = (
    "NEO4J_CERTIFICATES",
    "NEO4J_POOL_SIZE",
    "NEO4J_CONNECT_SECONDS",
    "NEO4J_TRANSACTION_SECONDS",
    "NEO4J_RETRY_SECONDS",
)
"""Names in the environment that :class:`ConnectionConfig` is made from."""


_FOREIGN = {"http", "https", "ftp", "file", "postgresql", "mysql", "mongodb", "redis", "s3"}
"""Of other servers; what else stands before a :// may be a name."""
_SCHEME = re.compile(r"[a-z0-9+.-]{2,}(?=://)", re.IGNORECASE)
_HOST = r"(?:[\w.-]+|\[[0-9a-f:.]+(?:%\w+)?\])"
_ADDRESS = re.compile(rf"[a-z0-9+]+://{_HOST}(?::(?P<port>\d+))?/?(?:\?policy=[\w.-]+)?", re.IGNORECASE | re.ASCII)
_MEANT = re.compile(
    r"[^\w./~\\-]*(?:[a-z0-9][a-z0-9+.-]+:/|(?:neo4j|bolt)(?:\+s(?:sc)?)?\s*(?::|;|\W?//|\W/.*[:;]))|.*://",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
_SECRET = re.compile(
    r"^[^/\s]*:.*@|:[^/]*@|//.*@|@[\w.-]+:\d"
    r"|\b(?:\w*pass\w*|pwd?|\w*token|\w*secret|auth)\s*[=:]|[?&;]\s*user\w*="
    r"|(?:^|\s)(?:-p|--?(?:pass\w*|pwd?)(?:\s|=))\s*\S",
    re.IGNORECASE | re.DOTALL,
)
_PLAIN = re.compile(r"(?:[a-z]:(?=[\\/]))?[^:;,@=?&#%|*\"<>]*", re.IGNORECASE)


def may_hold_secret(text: str) -> bool:
    """Whether a password may stand in a text, which no message then repeats; signs of full width are signs.

    >>> may_hold_secret("neo4j:/ann:5ecret@host"), may_hold_secret("cypher-shell -p 5ecret"), may_hold_secret("./data")
    (True, True, False)
    """
    return _SECRET.search(_narrow(text)) is not None


def is_plain(place: str) -> bool:
    """Whether this can be nothing but a path, which messages may repeat; in doubt it is not.

    >>> is_plain("/data/x y"), is_plain("C:\\\\x"), is_plain("ann:5ecret")
    (True, True, False)
    """
    return _PLAIN.fullmatch(_narrow(place)) is not None and not may_hold_secret(place)


def named(place: str | Path) -> str:
    """What a message calls a place of which nobody knows whether it is one.

    >>> named("./shop"), named("ann:5ecret")
    ('./shop', 'the place that was given (not repeated, for it may hold a password)')
    """
    return str(place) if is_plain(str(place)) else "the place that was given (not repeated, for it may hold a password)"


def is_url(location: str) -> bool:
    """Whether this names a server rather than a folder, if perhaps wrongly: :func:`check_url` says so.

    >>> is_url("neo4j://host:7687"), is_url(" bolt:/host"), is_url("./data")
    (True, True, False)
    """
    return _MEANT.match(_narrow(location)) is not None or may_hold_secret(location)


def check_url(url: str) -> None:
    """Refuse a URL that is no graph server's, or that holds credentials; these are in no message.

    Raises:
        StoreError: says what to write instead.
    """
    found = _SCHEME.match(url)
    scheme = found[0].lower() if found else ""
    if found and scheme not in SCHEMES:
        shown = f"{scheme}://" if scheme in _FOREIGN else "this"
        raise StoreError(f"{shown} is no graph server; use one of {', '.join(SCHEMES)}, or a folder")
    if "@" in url or may_hold_secret(url):  # whose host is not repeated either: a password may hold an @ and a port
        raise StoreError(
            "the URL holds a name or a password, which logs and lists of processes would show; "
            f"write {scheme or 'neo4j'}://HOST:PORT and set NEO4J_USERNAME and NEO4J_PASSWORD"
        )
    address = _ADDRESS.fullmatch(url) if found else None
    if address is None:
        raise StoreError(
            "the store is no address of a graph server, which is neo4j://HOST:PORT, as text, with nothing around it; "
            "it is not repeated here, for it may hold a password"
        )
    if address["port"] and not 0 < int(address["port"][:9]) < 1 << 16:
        raise StoreError(f"the port in the {scheme}:// URL is not from 1 to 65535")


def _narrow(text: str) -> str:
    """A text with the signs that people type where an input method made them wide."""
    return unicodedata.normalize("NFKC", text)


_unattended: ContextVar[bool] = ContextVar("unattended", default=False)


@contextmanager
def unattended() -> Iterator[None]:
    """Within this block reads wait as long as writes do for a server that is away.

    An ingest, a refresh or an event that was handed over is better late than failed; a list on a screen is not.
    """
    token = _unattended.set(True)
    try:
        yield
    finally:
        _unattended.reset(token)


def _positive(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise StoreError(f"{name} is {text!r}; it must be a number above 0")
    return number
