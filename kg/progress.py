"""tqdm, which says off a terminal in the log how far everything is.

A bar belongs on a terminal. Where stderr is none (a file, a pipe, a job of somebody else's), one line every
:data:`SECONDS` tells for all that is under way, the outermost first, what is done, of how much, and how long the rest
will take: at level INFO, so that it stands wherever the program logs. It comes also while nothing moves, for then it is
wanted most.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from typing import Any
from weakref import WeakValueDictionary

from tqdm.std import tqdm as bars

log = logging.getLogger(__name__)


def _seconds(given: str | None) -> float:
    """What the environment says, where it is a time; this is asked before anybody could report an error."""
    try:
        seconds = float(given or "")
    except ValueError:
        seconds = 0.0
    return seconds if 0 < seconds < 86_400 else 30.0


SECONDS = _seconds(os.environ.get("TASTEGRAPH_PROGRESS_SECONDS"))
"""From one line to the next."""


class tqdm(bars):  # type: ignore[misc]  # noqa: N801 - it takes the place of the class of that name
    """A bar on a terminal; elsewhere one that the lines in the log speak of, where anybody reads them.

    ``disable`` leaves both out.
    """

    def __init__(self, *args: Any, disable: bool = False, **options: Any) -> None:
        self._in_lines = not disable and not (sys.stderr is not None and sys.stderr.isatty())
        silent = self._in_lines and not log.isEnabledFor(logging.INFO)
        super().__init__(*args, disable=disable or silent, **options)
        if self._in_lines and not silent:
            self.leave = False
            _lines.begin(self)

    def display(self, msg: str | None = None, pos: int | None = None) -> Any:
        """Draw the bar, where it is one."""
        return None if self._in_lines else super().display(msg, pos)

    def close(self) -> None:
        """End it; a second call does nothing."""
        _lines.end(self)
        super().close()


class _Lines:
    """Says where the bars are, from a thread that ends with the last of them."""

    def __init__(self) -> None:
        self._bars: WeakValueDictionary[int, tqdm] = WeakValueDictionary()  # in the order in which they began
        self._lock = threading.RLock()  # a bar may be closed wherever memory is tidied up
        self._speaking = False

    def begin(self, bar: tqdm) -> None:
        """Speak of this one too."""
        with self._lock:
            self._bars[id(bar)] = bar
            if not self._speaking:
                self._speaking = True
                threading.Thread(target=self._speak, name="progress", daemon=True).start()

    def end(self, bar: tqdm) -> None:
        """Speak of this one no more."""
        with self._lock:
            self._bars.pop(id(bar), None)

    def _speak(self) -> None:
        while True:
            time.sleep(SECONDS)
            with self._lock:
                found = list(self._bars.values())
                self._speaking = bool(found)
            if not found:
                return
            log.info("%s", "; ".join(line(bar.format_dict) for bar in found))


_lines = _Lines()


def line(state: dict[str, Any]) -> str:
    """Where a bar is, by its ``format_dict``.

    >>> line({"prefix": "tuning", "postfix": "ials", "n": 3, "total": 12, "unit": "trial", "elapsed": 90.0})
    'tuning (ials): 3 of 12 (25 %), 1:30 gone, about 4:30 left'
    >>> line({"prefix": "ingest", "postfix": None, "n": 123_456, "total": None, "unit": " records", "elapsed": 60.0})
    'ingest: 123,456 records, 1:00 gone, 2,058 a second'
    """
    done, total, elapsed = state["n"], state["total"], state["elapsed"]
    name = state["prefix"].removesuffix(": ") + (f" ({state['postfix']})" if state["postfix"] else "")
    gone = f"{clock(elapsed)} gone"
    if not total:
        return f"{name}: {done:,.0f} {state['unit'].strip()}, {gone}, {done / max(elapsed, 1e-9):,.0f} a second"
    left = f"about {clock(elapsed * max(total - done, 0) / done)} left" if done else "time left not known yet"
    return f"{name}: {done:,.0f} of {total:,.0f} ({100 * done / total:.0f} %), {gone}, {left}"


def clock(seconds: float) -> str:
    """Seconds as people read them.

    >>> clock(7), clock(754), clock(4000)
    ('0:07', '12:34', '1:06:40')
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
