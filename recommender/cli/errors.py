"""Every error ends here: one clear message on stderr, and the exit code.

0 done, 1 failed, 2 usage, 130 and 143 stopped by Ctrl-C or SIGTERM after the store was closed.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from types import FrameType
from typing import Any

import typer
from typer.core import TyperGroup

from gnn.errors import GnnError
from kg.advice import speaking
from kg.errors import GraphError
from recommender.cli.hiding import command_line, no_secrets_in_usage, refuse_addresses, remember
from recommender.cli.output import note
from recommender.cli.session import Session
from recommender.errors import RecommenderError
from text.errors import TextError

FAILED = 1
INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM

TYPED = "tastegraph.typed"
"""Where ``Context.meta`` holds the command line, as one would type it."""

EXPECTED = (GraphError, TextError, GnnError, RecommenderError)
"""Errors whose message says what was wrong, where, and what to do."""


class Verbs(TyperGroup):
    """The group of all verbs; what a verb raises becomes a message and an exit code."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        refuse_addresses(self)

    def list_commands(self, ctx: Any) -> list[str]:
        """The verbs in the order in which a newcomer needs them."""
        return sorted(super().list_commands(ctx), key=lambda verb: verb != "ingest")

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **extra: Any) -> Any:
        """As usual, and what was typed is kept for reports that say how they were made."""
        remember(args)
        typed = command_line(args)
        with no_secrets_in_usage():
            context = super().make_context(info_name, args, *rest, **extra)
        context.meta[TYPED] = typed
        return context

    def invoke(self, ctx: Any) -> Any:
        """Run the verb that the arguments name."""
        end_on_sigterm()
        try:
            with no_secrets_in_usage(), speaking("options"):
                return super().invoke(ctx)
        except BrokenPipeError:
            _discard_stdout()
            raise typer.Exit(FAILED) from None
        except KeyboardInterrupt:
            note("interrupted; what was acknowledged is stored")
            raise typer.Exit(INTERRUPTED) from None
        except (*EXPECTED, OSError, MemoryError) as error:
            self._report(ctx, message(error))
        except Exception as error:
            if isinstance(error, typer.Abort) or hasattr(error, "exit_code"):  # the framework's own, such as usage
                raise
            hint = "run again with --debug before the verb for the traceback"
            self._report(ctx, f"unexpected {type(error).__name__}: {error}; {hint}")

    def _report(self, ctx: Any, text: str) -> None:
        if Session.of(ctx).debug:
            note(traceback.format_exc().rstrip())
        note(f"error: {text}")
        try:
            sys.stdout.flush()
        except OSError:  # such as a full disk, of which the error is
            _discard_stdout()
        raise typer.Exit(FAILED)


_ADVICE = {
    errno.ENOSPC: "free some space, or name another place with --store or --work",
    errno.EDQUOT: "free some space, or name another place with --store or --work",
    errno.EACCES: "check who may read and write there",
    errno.EFBIG: "files may not grow so large here; raise the limit (ulimit -f unlimited)",
    errno.EMFILE: "this process may have too few files open; raise the limit (ulimit -n 4096)",
    errno.ENFILE: "the machine has too many files open; close other programs",
    errno.EROFS: "name a place that can be written with --store or --work",
}


def message(error: BaseException) -> str:
    """One message for people.

    >>> message(FileNotFoundError(2, "No such file or directory", "ratings.csv"))
    'ratings.csv: No such file or directory'
    """
    if isinstance(error, MemoryError):
        return "out of memory; close other programs, or work on fewer users and items"
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        advice = f"; {_ADVICE[error.errno]}" if error.errno in _ADVICE else ""
        return f"{place}{error.strerror}{advice}"
    return str(error) or type(error).__name__


def end_on_sigterm() -> None:
    """Make SIGTERM unwind the stack, so that the store is closed; only the main thread may say so."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        sys.exit(TERMINATED)

    try:
        signal.signal(signal.SIGTERM, end)
    except ValueError:
        return


def _discard_stdout() -> None:
    """Send what is still buffered nowhere: its reader is gone, and Python would complain at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
