"""One refresh at a time in a working directory."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from recommender.errors import RefreshRunning


@contextmanager
def refresh_lock(work: Path) -> Iterator[None]:
    """Hold the lock of this working directory; the system lets go of it when the process ends, however it ends.

    Raises:
        RefreshRunning: another process holds it; says which.
    """
    work.mkdir(parents=True, exist_ok=True)
    with (work / "refresh.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise RefreshRunning(f"another refresh is running ({file.read().strip()}); wait for it to end") from None
        file.truncate(0)
        owner = {"pid": os.getpid(), "host": socket.gethostname(), "since": datetime.now(UTC).isoformat()}
        file.write(json.dumps(owner))
        file.flush()
        yield
