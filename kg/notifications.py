"""What a server remarks on queries (something is deprecated, or slow): in the log, once each."""

from __future__ import annotations

import logging


class Once(logging.Filter):
    """Lets each remark that the driver logs through once a process: it comes again with each run of its query."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this is the first record of its code and text; one that holds no remark passes."""
        remarks = [getattr(argument, "notification", None) for argument in record.args or ()]
        key = " ".join(f"{one.gql_status} {one.status_description}" for one in remarks if one is not None)
        if not key:
            return True
        is_new = key not in self._seen
        self._seen.add(key)
        return is_new
