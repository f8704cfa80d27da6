"""How a source says what it says: its encoding and dialect, its names for columns, its codes for nothing, its times.

What a caller states here holds for whatever verb reads the source; what they leave out is found by the reader.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, Self, TypedDict

from kg.errors import RecordError, short
from kg.readers.loose import LOOSE
from kg.readers.moments import Clock

ANY = ""
"""In :attr:`Form.missing`: of every column; as in :mod:`kg.readers.loose`."""


NOTHING = frozenset(
    re.findall(
        r"\S+",
        """
        NA na N/A N/a n/a #N/A #NA <NA> n.a. N.A. NULL Null null (null) None none NONE NaN nan NAN NaT
        Unknown unknown UNKNOWN undefined \\N -
        """,
    )
)
"""What programs write in a cell that has nothing to say: no id, no entity, nobody in a list of people, and nothing
among numbers."""
DOUBTFUL = frozenset(re.findall(r"\S+", "? -- --- . .. * #NULL! [null] missing n.d. ??? #VALUE! #REF!"))
"""What often says the same, and is taken for what it is until it is said (``--missing``)."""
_NO_NUMBER = frozenset(
    {
        *(word.casefold() for word in NOTHING),
        *("", "?", "--", "nil", "missing", "not rated", "unrated", "no rating", "not yet rated", "nr", "n/r"),
        *("0000-00-00", "0000-00-00 00:00:00", "0001-01-01", "0001-01-01 00:00:00", "0001-01-01t00:00:00z"),
    }
)


def says_nothing(cell: Any) -> bool:
    """Whether a text where a number or a time should stand says that there is none.

    >>> says_nothing("not rated"), says_nothing("0000-00-00 00:00:00"), says_nothing("good")
    (True, True, False)
    """
    return isinstance(cell, str) and cell.strip().casefold().removesuffix(".0") in _NO_NUMBER


@dataclass(frozen=True, slots=True)
class Join:
    """Another table with one row a key, whose columns become columns of the source."""

    source: Any
    """A file, a data frame, or whatever else is read as rows."""
    own: str
    """The source's column of keys; it may be made of others, and its cells may be lists."""
    theirs: str
    """The other table's column of keys, or its position where it has no header."""
    optional: bool = False
    """Whether there may be no such file, or no such column of the source: nothing is joined then."""

    @classmethod
    def parse(cls, text: str, folder: Path | None = None) -> Self:
        """What ``--join`` says: ``FILE:COLUMN``, or ``FILE:OWN=THEIRS`` where the columns have different names; with a
        question mark behind it the file may be missing.

        >>> Join.parse("maps/books.csv:book=book_id")
        Join(source=PosixPath('maps/books.csv'), own='book', theirs='book_id', optional=False)

        Raises:
            RecordError: not of this form.
        """
        optional = text.rstrip().endswith("?")
        file, colon, columns = text.rstrip().removesuffix("?").rpartition(":")
        own, equals, theirs = columns.partition("=")
        if not (colon and file.strip() and own.strip() and bool(equals) == bool(theirs.strip())):
            raise RecordError(
                "join", f"{text!r} is not FILE:COLUMN or FILE:COLUMN=THEIRS, for example books.csv:book_id"
            )
        path = Path(file.strip())
        return cls(folder / path if folder else path, own.strip(), theirs.strip() or own.strip(), optional)


def _joins(given: Any) -> tuple[Join, ...]:
    several = [given] if isinstance(given, str | Join) else given
    joins = tuple(Join.parse(own) if isinstance(own, str) else own for own in several)
    if not all(isinstance(own, Join) for own in joins):
        raise TypeError
    return joins


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
    keep: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values by column; rows with any other are left out, and counted."""
    values: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Numbers that words stand for, by column: ``{"rating": {"good": 5, "bad": 1}}``."""
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Words that codes stand for, by column: ``{"action": {"0": "VIEWED", "3": "PURCHASED"}}``."""
    flags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns that are made of several of yes and no: ``{"genres": ("Comedy", "Drama")}`` holds the names of those that
    say yes."""
    each: str | None = None
    """A column of lists, each member of which is a row: ``COL``, or ``COL:SEPARATOR``."""
    join: tuple[Join, ...] = ()
    """Tables that give further columns, by key; see :mod:`kg.readers.joined`."""
    quotes: bool = True
    """Whether a field may stand in double quotes; without, a quote is a character like others."""
    at_format: str | None = None
    """How times are written, see :mod:`kg.readers.moments`."""
    zone: str | None = None
    """The zone of times that name none, as the IANA calls it; by default UTC."""
    repeats: Literal["once", "count"] | None = None
    """Whether equal rows are one event or one each; by default by their kind, see :mod:`kg.readers.repeats`."""
    blocks: str | None = None
    """The name of the column that lines such as ``17:`` hold for the rows below them; ``":"`` for records of
    ``key: value`` lines, parted by blank lines."""
    wide: bool = False
    """A matrix: people in the first column, items as the names of the others, values in the cells."""
    long: tuple[str, ...] = ()
    """Columns of a table with one property a row: item, property, value and, if there is one, time."""
    split: Mapping[str, str] = field(default_factory=dict)
    """What separates several values in the cells of a column of attributes or ids: ``{"genres": "/"}``; ``""``: they
    hold one. By default :func:`kg.readers.cells.split` finds it."""
    leave_out: tuple[str, ...] = ()
    """Columns that are not read, whatever their names."""
    impressions: str | None = None
    """The column of lists of what was shown and clicked: ``N1-0 N2-1``."""

    def __post_init__(self) -> None:
        for own in fields(self):
            clean, like = (_joins, "FILE:COLUMN, or a Join") if own.name == "join" else LOOSE[own.name]
            given = getattr(self, own.name)
            try:
                object.__setattr__(self, own.name, clean(given))
            except (TypeError, ValueError, AttributeError):
                raise RecordError(own.name, f"{short(given)} is not {like}") from None
        Clock(self.at_format, self.zone)

    @classmethod
    def of(cls, given: Form | Mapping[str, Any] | None, **options: Any) -> Form:
        """A form, also where it is given as a dict of its fields; ``options`` are further ones, which win.

        >>> Form.of({"columns": ["user", "item"]}, missing={"rating": 0}).missing
        {'rating': ('0',)}

        Raises:
            RecordError: a field that there is not, or a value that it cannot have.
        """
        before = {} if given is None else given if isinstance(given, Mapping) else given.stated()
        stated = {**before, **options}
        names = [own.name for own in fields(cls)]
        if wrong := next((name for name in stated if name not in names), None):
            near = difflib.get_close_matches(str(wrong), names, n=1)
            meant = f" (is it {near[0]!r}?)" if near else ""
            raise RecordError("form", f"there is no {wrong!r}{meant}; there are {', '.join(names)}")
        return cls(**stated)

    def stated(self) -> dict[str, Any]:
        """What is not as by default."""
        return {
            own.name: value for own in fields(self) if (value := getattr(self, own.name)) != getattr(PLAIN, own.name)
        }

    def must_suit(self, what: str) -> None:
        """Check that nothing is stated that says nothing of what is read, one of :data:`SUITS`.

        Raises:
            RecordError: something is; names it.
        """
        # Of items and people only one property a row has a time.
        suits = SUITS[what] if self.long or what not in ("items", "users") else SUITS[what] - {"at_format", "zone"}
        for name in self.stated():
            if name not in suits:
                suiting = ", ".join(sorted(suits)) or "no form"
                raise RecordError(name, f"says nothing of {what}, which take {suiting}")

    def named(self) -> list[str]:
        """The columns of which it states something."""
        by_column = ("missing", "drop", "keep", "values", "words", "flags", "split")
        return [column for name in by_column for column in getattr(self, name) if column != ANY] + [*self.leave_out]

    def of_columns(self, has: Callable[[str], bool]) -> Form:
        """What it states of those columns that there are, and of none in particular."""
        limited: dict[str, Any] = {}
        for name in ("missing", "drop", "keep", "values", "words", "flags", "split"):
            given = getattr(self, name)
            limited[name] = {column: own for column, own in given.items() if column == ANY or has(column)}
        return replace(self, **limited, leave_out=tuple(filter(has, self.leave_out)))

    def nothing(self, column: str | None) -> frozenset[str]:
        """What stands for none in a column without being said; nothing where codes of its own are stated.

        >>> "NA" in Form().nothing("brand"), "NA" in Form(missing={"brand": ()}).nothing("brand")
        (True, False)
        """
        return frozenset() if column in self.missing else NOTHING

    @property
    def shapes(self) -> bool:
        """Whether cells differ from those of the file."""
        return bool(self.missing or self.drop or self.keep or self.values or self.words or self.decimal != ".")

    def codes(self, column: str) -> tuple[str, ...]:
        """What stands for none in a column."""
        return (*self.missing.get(column, ()), *self.missing.get(ANY, ()))


class Options(TypedDict, total=False):
    """The fields of a :class:`Form` as arguments, as :meth:`Form.of` takes them: a list for a tuple, a number."""

    columns: Sequence[str]
    encoding: str
    delimiter: str
    escape: str
    decimal: str
    missing: Any
    drop: Mapping[str, Any]
    keep: Mapping[str, Any]
    values: Mapping[str, Mapping[str, float]]
    words: Mapping[str, Mapping[str, str]]
    flags: Mapping[str, Sequence[str]]
    each: str
    join: Any
    quotes: bool
    at_format: str
    zone: str
    repeats: Literal["once", "count"]
    blocks: str
    wide: bool
    long: Sequence[str]
    split: Mapping[str, str]
    leave_out: Sequence[str]
    impressions: str


PLAIN = Form()
"""Of which nothing is stated."""
_ALL = frozenset(Form.__dataclass_fields__)
_NODES = _ALL - {"repeats", "wide", "impressions"}
_WRITTEN = frozenset(("columns", "encoding", "delimiter", "escape", "quotes", "blocks"))
_CODES = frozenset(("missing", "drop", "keep", "words"))
_ROWS = _WRITTEN | _CODES | {"each", "join", "leave_out"}
SUITS: Mapping[str, frozenset[str]] = {
    "events": _ALL - {"split"},
    "items": _NODES,
    "users": _NODES,
    "social": _NODES - {"long", "split"},
    "triples": _ROWS,
    "links": _ROWS,
    "entities": _ROWS,
    "lists": _CODES | {"encoding", "delimiter"},
    "reviews": _CODES | {"encoding"},
    "metadata": _CODES | {"encoding"},
    "atomic files": _CODES | {"encoding", "values", "decimal", "at_format", "zone", "repeats", "leave_out"},
    "any": _ALL,
    "RDF": frozenset(),
    "frames": _ALL - _WRITTEN,
    "Parquet": _ALL - _WRITTEN,
    "JSON": _ALL - _WRITTEN | {"encoding"},
    "records": frozenset(),
}
"""By what is read: the fields of a form that say something of it. Any other is refused, and never left unheard."""

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


def separators_of(texts: Sequence[str], option: str) -> dict[str, str]:
    """``COL=SEPARATOR`` of an option that may be repeated; without a separator the cells hold one value.

    >>> separators_of(["genres=/", "words= ", "brand="], "--split")
    {'genres': '/', 'words': ' ', 'brand': ''}

    Raises:
        RecordError: not of this form.
    """
    found: dict[str, str] = {}
    for text in texts:
        column, equals, separator = text.partition("=")
        if not (equals and column.strip()):
            raise RecordError(option, f"{text!r} is not COL=SEPARATOR, for example genres=/")
        found[column.strip()] = separator
    return found


def replacements_of(texts: Sequence[str], option: str) -> dict[str, dict[str, str]]:
    """``COL:code=word,...`` of an option that may be repeated.

    >>> replacements_of(["action:0=VIEWED,3=PURCHASED"], "--words")
    {'action': {'0': 'VIEWED', '3': 'PURCHASED'}}

    Raises:
        RecordError: not of this form.
    """
    found: dict[str, dict[str, str]] = {}
    for text in texts:
        column, colon, pairs = text.partition(":")
        for pair in pairs.split(","):
            code, equals, word = pair.partition("=")
            if not (colon and column.strip() and equals and code.strip() and word.strip()):
                raise RecordError(option, f"{text!r} is not COL:CODE=WORD,..., for example action:0=VIEWED,3=PURCHASED")
            found.setdefault(column.strip(), {})[code.strip()] = word.strip()
    return found


def lists_by_name(texts: Sequence[str], option: str) -> dict[str, tuple[str, ...]]:
    """``NAME=COL,COL,...`` of an option that may be repeated.

    >>> lists_by_name(["genres=Comedy,Drama"], "--flags")
    {'genres': ('Comedy', 'Drama')}

    Raises:
        RecordError: not of this form.
    """
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        name, equals, columns = text.partition("=")
        members = tuple(filter(None, (column.strip() for column in columns.split(","))))
        if not (equals and name.strip() and members):
            raise RecordError(option, f"{text!r} is not NAME=COL,COL,..., for example genres=Comedy,Drama")
        found[name.strip()] = members
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
