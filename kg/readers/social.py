"""Whom people know: tables of ties. Lists of people in a table of people are in :mod:`kg.readers.friends`."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Self

from kg.errors import ReadError, RecordError
from kg.readers.cleaning import number, timestamp
from kg.readers.form import Form, says_nothing
from kg.readers.identifiers import present
from kg.readers.mapping import FRIEND, found, is_positions, recognise, require
from kg.readers.moments import Clock
from kg.readers.open import Source, open_table
from kg.readers.rows import Rows
from kg.readers.typed import TypedRows
from kg.records import Reject, Tie, clean_kind

log = logging.getLogger(__name__)

FROM = "from fromid fromuser userid user follower followerid truster trusterid source sourceid uid1 user1"
TO = "to toid touser friendid friend followee followeeid followed trustee trusteeid trusted target targetid uid2 user2"
WEIGHT = "weight strength trust value trustvalue score"
AT = "at timestamp time date since created createdat datetime"
TYPE = "type relation relationship kind"
_OPTION = "Name the columns with --map from=COL,to=COL,weight=COL,at=COL (from=1,to=2 without a header)"


@dataclass(frozen=True, slots=True)
class SocialMapping:
    """Columns of a tie. None: recognised by its name, and left out where no column has one."""

    from_: str | None = None
    """The person who knows, or follows."""
    to: str | None = None
    """Whom."""
    weight: str | None = None
    """How much, a number."""
    at: str | None = None
    """Since when."""
    type: str | None = None
    """What ties them, such as ``FOLLOWS``."""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Self:
        """From roles as they are called outside of Python: ``from``, ``to``, ``weight``, ``at``, ``type``.

        Raises:
            RecordError: an unknown role.
        """
        known = {field.name.rstrip("_"): field.name for field in fields(cls)}
        if unknown := [role for role in given if role not in known]:
            raise RecordError("map", f"there is no {unknown[0]!r}; there are {', '.join(known)}")
        return cls(**{known[role]: column for role, column in given.items()})

    @classmethod
    def parse(cls, text: str) -> Self:
        """What ``--map`` says: ``from=COL,to=COL``.

        Raises:
            RecordError: not of this form, or an unknown role.
        """
        pairs = [part.partition("=") for part in text.split(",") if part.strip()]
        if wrong := next((role for role, equals, _ in pairs if not equals), None):
            raise RecordError("map", f"{wrong!r} is not ROLE=COLUMN, with ROLE of from, to, weight, at, type")
        return cls.of({role.strip(): column.strip() for role, _, column in pairs})


def read_social(
    source: Source, mapping: SocialMapping | None = None, *, type: str = FRIEND, form: Form | None = None
) -> Iterator[Tie | Reject]:
    """Ties between people from a table: columns by their names, or in a file without a header the first two.

    Raises:
        ReadError: the source cannot be read (any further), or a column is missing.
        RecordError: ``type``, which is that of rows that do not say theirs, is no name of a relation.
    """
    default = clean_kind(type, "type")
    rows = open_table(source, form)
    if isinstance(rows, TypedRows):
        yield from rows.checked(Tie)
        return
    rows, columns = _columns(rows, mapping or SocialMapping())
    first, second, weighed, since, typed = (column or "" for column in columns)
    form = form or Form()
    clock = Clock(form.at_format, form.zone)
    nobody = form.nothing(first), form.nothing(second)
    relation_of = lru_cache(1024)(clean_kind)

    def make(cells: Sequence[Any]) -> Tie:
        user, other, weight, at, kind = cells
        amount = None if weight is None or says_nothing(weight) else number(weight, weighed)
        moment = None if at is None or says_nothing(at) else timestamp(at, since, clock)
        relation = relation_of(kind.strip(), typed) if isinstance(kind, str) and kind.strip() else default
        return Tie(present(user, first, nobody[0]), present(other, second, nobody[1]), relation, amount, moment)

    yield from rows.records(columns, make)


def _columns(rows: Rows, mapping: SocialMapping) -> tuple[Rows, list[str | None]]:
    given: list[str | None] = [getattr(mapping, field.name) for field in fields(mapping)]
    named = [column for column in given if column]
    if is_positions(named) or (not named and rows.begins_with_data):
        rows = rows.headerless()
        if not named:
            given[:2] = "1", "2"
            log.info("%s: without a header, its first two columns are taken for people. %s", rows.name, _OPTION)
    else:
        for at, names in enumerate((FROM, TO, WEIGHT, AT, TYPE)):
            free = [column for column in rows.columns if column not in given]
            given[at] = recognise(free, names) if given[at] is None else given[at] or None
    if not given[0] or not given[1]:
        missing = " and ".join(role for role, column in zip(("from", "to"), given, strict=False) if not column)
        raise ReadError(rows.name, f"no column is known as {missing}; {found(rows)}. {_OPTION}")
    require(rows, filter(None, given), _OPTION)
    roles = zip(("from", "to", "weight", "at", "type"), given, strict=True)
    log.info("%s: read %s", rows.name, ", ".join(f"{role}={column}" for role, column in roles if column))
    return rows, given
