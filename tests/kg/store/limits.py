"""What an engine cannot do: the one list, by test. Each such test fails when its engine starts to pass it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Limit:
    """One test of the contract that one engine does not keep."""

    engine: Literal["embedded", "server"]
    test: str
    """Its name, with the part in brackets only where the limit is that of one parameter."""
    when: Literal["never", "notyet"]
    """``never``: it is not made for that. ``notyet``: its makers may add it."""
    reason: str


LIMITS = [
    Limit("embedded", "test_a_stream_refuses_to_write", "notyet", "access mode READ is ignored over Bolt"),
    Limit("embedded", "test_a_query_that_is_given_up_is_stopped", "notyet", "DISCARD over Bolt runs it to its end"),
    Limit("embedded", "test_shortest_paths_by_count", "notyet", "no SHORTEST 1 in its Cypher"),
    Limit("server", "test_lists_within_lists_are_stored", "never", "properties hold flat lists only"),
]


def limit_of(engine: str, test: str) -> Limit | None:
    """That of this test on this engine."""
    return next((limit for limit in LIMITS if limit.engine == engine and limit.test == test), None)
