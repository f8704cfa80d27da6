"""Signs that a table is laid out otherwise than a row an event, an item or a person, and the option that says it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kg.advice import advice, option
from kg.readers.mapping import recognise

if TYPE_CHECKING:
    from recommender.inspection.columns import ColumnFound

IMPRESSIONS = "impressions"
"""What a column holds whose cells are lists of what was shown and clicked: ``N1-0 N2-1``."""
FEWEST, WIDEST = 4, 20.0
"""A matrix has at least so many columns of values, and these are no farther apart."""
_PROPERTY, _VALUE = "property attribute propertyname attributename key feature", "value propertyvalue attributevalue"
_SHOWN = re.compile(r"\S+-[01](?: \S+-[01])+|[A-Za-z]\w*-[01]")


def is_shown(text: str) -> bool:
    """Whether a cell is a list of what was shown and clicked.

    >>> is_shown("N1-0 N2-1"), is_shown("N7-1"), is_shown("2020-1-1"), is_shown("a b-1")
    (True, True, False, False)
    """
    return (
        text[-2:] in ("-0", "-1")
        and _SHOWN.fullmatch(text[:400].rsplit(" ", 1)[0] if len(text) > 400 else text) is not None
    )


def layouts(columns: Sequence[ColumnFound], verb: str | None, *, come_again: bool) -> Iterator[str]:
    """A line for each layout that this table may have; ``come_again``: whether ids of its rows do."""
    for own in columns:
        if own.holds.startswith(IMPRESSIONS):
            yield f"{own.name} holds what was shown and clicked; {option('impressions', own.name)} makes events of it"
    names = [own.name for own in columns]
    id = next((own.name for own in columns if own.role == "id"), None)
    if id is None:
        return
    key, value = recognise(names, _PROPERTY), recognise(names, _VALUE)
    if come_again and key and value:
        at = next(
            (
                own.name
                for own in columns
                if own.times is not None or own.name == recognise(names, "timestamp at time date")
            ),
            None,
        )
        columns_of_one = ",".join(filter(None, (id, key, value, at)))
        yield f"each row seems to hold one property of {id}; {option('long', columns_of_one)} reads it so"
    rest = [own for own in columns if own.role == "property"]
    numbers = [own for own in rest if own.holds == "numbers" and own.lowest is not None and own.highest is not None]
    if verb == "users" and len(rest) >= FEWEST and len(numbers) == len(rest) == len(columns) - 1:
        low = min(own.lowest for own in numbers if own.lowest is not None)
        high = max(own.highest for own in numbers if own.highest is not None)
        if high - low <= WIDEST:
            wide = advice("--wide", "wide=True", "wide = true")
            yield f"all columns beside {id} are numbers from {low:g} to {high:g}; {wide} reads them as values of items"
