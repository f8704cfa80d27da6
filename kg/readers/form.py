"""How a source says what it says: its encoding and dialect, its names for columns, its codes for nothing, its times.

What a caller states here holds for whatever verb reads the source; what they leave out is found by the reader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kg.errors import RecordError
from kg.readers.moments import Clock

ANY = ""
"""In :attr:`Form.missing`: of every column."""


NOTHING = frozenset(
    re.findall(r"\S+", "NA N/A n/a #N/A <NA> NULL Null null None none NaN nan NAN NaT Unknown unknown UNKNOWN \\N -")
)
"""What programs write in a cell that has nothing to say: no id, no entity, and nothing among numbers."""


@dataclass(frozen=True, slots=True)
class Form:
    """What is stated of a source; everything is optional."""

    columns: tuple[str, ...] = ()
    """Names of the columns of a file without a header, from the left; ``""`` leaves one without a name."""
    encoding: str | None = None
    """Of a text file, as Python names it; by default UTF-8, or what its bytes look like."""
    delimiter: str | None = None
    """What separates fields; several characters, such as ``::``, are possible where nothing is quoted."""
    escape: str | None = None
    """The character that makes the next one, a quote or a delimiter, part of its field; by default a backslash where
    the file uses one so."""
    decimal: str = "."
    """What stands before decimals; with ``,`` a point separates thousands."""
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values that stand for none, by column (:data:`ANY`: in each): such a cell is empty. A column with codes of its
    own, or with an empty list of them, has no others: there ``NA`` is a value."""
    drop: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values by column whose rows are left out, and counted."""
    values: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Numbers that words stand for, by column: ``{"rating": {"good": 5, "bad": 1}}``."""
    at_format: str | None = None
    """How times are written, see :mod:`kg.readers.moments`."""
    zone: str | None = None
    """The zone of times that name none, as the IANA calls it; by default UTC."""
    blocks: str | None = None
    """The name of the column that lines such as ``17:`` hold for the rows below them; ``":"`` for records of
    ``key: value`` lines, parted by blank lines."""
    wide: bool = False
    """A matrix: people in the first column, items as the names of the others, values in the cells."""
    long: tuple[str, ...] = ()
    """Columns of a table with one property a row: item, property, value and, if there is one, time."""
    impressions: str | None = None
    """The column of lists of what was shown and clicked: ``N1-0 N2-1``."""

    def __post_init__(self) -> None:
        Clock(self.at_format, self.zone)

    def nothing(self, column: str | None) -> frozenset[str]:
        """What stands for none in a column without being said; nothing where codes of its own are stated.

        >>> "NA" in Form().nothing("brand"), "NA" in Form(missing={"brand": ()}).nothing("brand")
        (True, False)
        """
        return frozenset() if column in self.missing else NOTHING

    @property
    def shapes(self) -> bool:
        """Whether cells differ from those of the file."""
        return bool(self.missing or self.drop or self.values or self.decimal != ".")

    def codes(self, column: str) -> tuple[str, ...]:
        """What stands for none in a column."""
        return (*self.missing.get(column, ()), *self.missing.get(ANY, ()))


_NUMBER = re.compile(r"[+-]?(?:\d{1,300}\.?\d{0,300}|\.\d{1,300})(?:[eE][+-]?\d{1,3})?")


def number_of(text: str) -> float | None:
    """The number that a text is; None where it is none.

    >>> number_of("-1"), number_of("1e3"), number_of("NA")
    (-1.0, 1000.0, None)
    """
    return float(text) if _NUMBER.fullmatch(text) else None


def numbers_among(codes: Sequence[str]) -> tuple[float, ...]:
    """The codes that are numbers."""
    return tuple(number for code in codes if (number := number_of(code)) is not None)


def by_column(texts: Sequence[str], option: str, *, anywhere: bool = False) -> dict[str, tuple[str, ...]]:
    """``COL=V`` of an option that may be repeated; with ``anywhere`` a value without a column is of every column.

    >>> by_column(["rating=0", "rating=-1", "NA"], "--missing", anywhere=True)
    {'rating': ('0', '-1'), '': ('NA',)}

    Raises:
        RecordError: not of this form.
    """
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        column, equals, value = text.partition("=")
        if not equals and anywhere:
            column, value = ANY, text
        elif not equals or not column.strip():
            raise RecordError(option, f"{text!r} is not COL=VALUE, for example rating=0")
        stated = (value.strip(),) if value.strip() else ()
        found[column.strip()] = (*found.get(column.strip(), ()), *stated)
    return found


def numbers_of(texts: Sequence[str], option: str) -> dict[str, dict[str, float]]:
    """``COL:word=number,...`` of an option that may be repeated.

    >>> numbers_of(["stars:good=5,bad=1"], "--values")
    {'stars': {'good': 5.0, 'bad': 1.0}}

    Raises:
        RecordError: not of this form.
    """
    found: dict[str, dict[str, float]] = {}
    for text in texts:
        column, colon, pairs = text.partition(":")
        for pair in pairs.split(","):
            word, equals, number = pair.rpartition("=")
            try:
                if not (colon and column.strip() and equals and word.strip()):
                    raise ValueError
                found.setdefault(column.strip(), {})[word.strip()] = float(number)
            except ValueError:
                raise RecordError(
                    option, f"{text!r} is not COL:WORD=NUMBER,..., for example stars:good=5,bad=1"
                ) from None
    return found
