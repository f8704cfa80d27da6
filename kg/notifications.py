"""What a server remarks on queries (something is deprecated, or slow): in the log, once each."""

from __future__ import annotations

import logging


class Once(logging.Filter):
    """Lets each remark that the driver logs through once a process: it comes again with each run of its query."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this is the first of its code and text, which is made readable; what is no remark passes."""
        (said,) = record.args if isinstance(record.args, tuple) and len(record.args) == 1 else (None,)
        remark = getattr(said, "notification", None)
        if remark is None:
            return True
        text = f"{remark.gql_status} {remark.status_description}"
        is_new = text not in self._seen
        self._seen.add(text)
        record.msg, record.args = "the graph server remarks: %s, on %r", (text, getattr(said, "query", None))
        return is_new
