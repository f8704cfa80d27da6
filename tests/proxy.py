"""Between a driver and its server: keeps what is sent, rewrites what comes back, and loses an answer when told to."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

from tests.running import PATIENCE

COMMIT = b"\x00\x02\xb0\x12\x00\x00"
"""The message that ends a transaction, as Bolt frames it."""
PULL = b"\xb1\x3f"
"""How the message begins that asks for rows; where a statement is a transaction of its own, that ends it."""
QUIET = 0.3
"""Seconds without a byte after which an answer is over."""


class Proxy:
    """Listens on a free port of the loopback address and passes on to ``port``; a context manager."""

    def __init__(self, port: int, rewrite: tuple[bytes, bytes] = (b"", b"")) -> None:
        self.sent = bytearray()
        """All bytes from clients, in the order of their arrival."""
        self.received = 0
        """How many bytes went back to clients."""
        self._behind = port
        self._rewrite = rewrite
        self._lose = b""
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """For a driver."""
        return f"bolt://127.0.0.1:{self._listener.getsockname()[1]}"

    def lose_answer_to(self, message: bytes) -> None:
        """Break the next connection on which this is sent, after the server has done what it says."""
        self._lose = message

    @property
    def has_lost(self) -> bool:
        """Whether no answer is left to be lost."""
        return not self._lose

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Break all connections, and take no more; a second call does nothing."""
        for each in (self._listener, *self._sockets):
            _close(each)
        for thread in self._threads:
            thread.join(5 * PATIENCE)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._behind))
                self._sockets += [client, server]
                lost = threading.Event()
                for work in (self._up, self._down):
                    self._threads.append(threading.Thread(target=work, args=(client, server, lost), daemon=True))
                    self._threads[-1].start()

    def _up(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while content := client.recv(1 << 16):
                self.sent += content
                if self._lose and self._lose in content:
                    self._lose = b""
                    lost.set()
                server.sendall(content)
        _close(server)

    def _down(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while content := server.recv(1 << 16):
                if lost.is_set():
                    server.settimeout(QUIET)  # swallow the rest of the answer
                    continue
                self.received += len(content)
                client.sendall(content.replace(*self._rewrite) if self._rewrite[0] else content)
        _close(client)
        _close(server)


def _close(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
