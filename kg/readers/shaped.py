"""Rows as a :class:`Form` says: cells taken for none, words as numbers, decimal commas, rows left out, cells made of
several or found within objects."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from kg.advice import option
from kg.errors import ReadError, RecordError
from kg.readers.cells import literal
from kg.readers.cleaning import absent
from kg.readers.form import ANY, Form, number_of, numbers_among
from kg.readers.mapping import found
from kg.readers.rows import Row, Rows, raw_text
from kg.records import Reject

log = logging.getLogger(__name__)

Cell = Callable[[Sequence[Any]], Any]
"""A cell of the values of a row."""
NUMBERS = {"#": 0, "#0": 1}
"""Columns that every file has: the line in which a row stands, and what that is more than it says."""
JOINED, FIRST, INSIDE = "+", "|", "."
"""``shop+customer`` is both, joined by a blank; ``customer|session`` the first that is not empty; ``author.id`` a
member of an object."""
_PYTHON_TEXT = re.compile(r"u?'[^'\n]*'|u\"[^\"\n]*\"")
"""A text within an object as Python prints it: ``u'free'``."""
_DECIMAL_COMMA = re.compile(r"[+-]?\d[\d.\s']*(?:,\d+)?|[+-]?,\d+")


class ShapedRows(Rows):
    """Rows of another source, with its cells as a form says.

    Beside the source's columns there are those that are made of them: ``attributes.WiFi`` is a member of an object,
    ``a+b`` both cells joined, ``a|b`` the first that is not empty, ``#`` the number of the line (``#0`` counted from
    0); what the form calls flags are the names of those columns that say yes.
    """

    def __init__(self, rows: Rows, form: Form) -> None:
        left = [column for column in rows.columns if column not in form.leave_out]
        super().__init__(rows.name, left, rows.types)
        self.is_complete = rows.is_complete
        self._rows = rows
        self._form = form
        self.left_out = 0
        """Rows that the form leaves out."""

    def headerless(self, names: Sequence[str] = ()) -> Rows:
        return ShapedRows(self._rows.headerless(names), self._form)

    def close(self) -> None:
        self._rows.close()

    @property
    def written(self) -> Mapping[str, str]:
        return self._rows.written

    @property
    def lacks_header(self) -> bool:
        return self._rows.lacks_header

    def look_on(self, columns: Collection[str]) -> None:
        self._rows.look_on(columns)

    @property
    def begins_with_data(self) -> bool:
        return self._rows.begins_with_data

    def has(self, column: str) -> bool:
        if flags := self._form.flags.get(column):
            return all(map(self._rows.has, flags))
        if column in self._form.leave_out:
            return False
        return column in NUMBERS or self._rows.has(column) or bool(parts_of(column, self._rows))

    def select(self, columns: Sequence[str | None]) -> Iterator[Row | Reject]:
        self._check_named()
        if not self._form.shapes and all(column is None or self._rows.has(column) for column in columns):
            yield from self._rows.select(columns)
            return
        needed: list[str | None] = []
        made = [None if column is None else self._cell(column, needed) for column in columns]
        dropped = [(self._plain(column, needed), _Codes(codes)) for column, codes in self._form.drop.items()]
        kept = [(self._plain(column, needed), _Codes(codes)) for column, codes in self._form.keep.items()]
        numbered = any(column in NUMBERS and not self._rows.has(column) for column in columns if column is not None)
        for row in self._rows.select(needed):
            if isinstance(row, Reject):
                yield row
                continue
            line, values, raw = row
            if numbered:
                values = (*values, line)
            if any(cell(values) in codes for cell, codes in dropped) or any(
                cell(values) not in codes for cell, codes in kept
            ):
                self.left_out += 1
                continue
            try:
                yield line, [None if cell is None else cell(values) for cell in made], raw
            except RecordError as error:
                yield Reject(self.name, line, error.field, error.reason, raw_text(raw))
        if self.left_out:
            said = " and ".join(option(name) for name in ("drop", "keep") if getattr(self._form, name))
            log.info("%s: %d rows are left out, as said by %s", self.name, self.left_out, said)

    def _check_named(self) -> None:
        """Check that what is stated of columns is stated of those that are there.

        Raises:
            ReadError: one is not.
        """
        for name in ("missing", "values", "words", "split", "leave_out") if self.is_complete else ():
            for column in getattr(self._form, name):
                if column != ANY and not (self.has(column) or self._rows.has(column)):
                    raise ReadError(
                        self.name, f"there is no column {column!r}, of which {option(name)} speaks; {found(self)}"
                    )

    def _cell(self, column: str, needed: list[str | None], *, plain: bool = False) -> Cell:
        """What makes the cells of a column; the columns of the source that it takes are added to ``needed``."""
        if flags := self._form.flags.get(column):
            cells = [self._cell(flag, needed, plain=True) for flag in flags]
            return lambda values: [flag for flag, cell in zip(flags, cells, strict=True) if says_yes(cell(values))]
        made = None if self._rows.has(column) else parts_of(column, self._rows)
        if column in NUMBERS and not self._rows.has(column):
            return lambda values: values[-1] - NUMBERS[column]
        if made is None and (self._rows.has(column) or not self._rows.is_complete):
            needed.append(column)
            return self._cleaned(column, itemgetter(len(needed) - 1), plain=plain)
        if made is None:
            raise ReadError(self.name, f"there is no column {column!r}; {found(self)}")
        mark, parts = made
        if mark == INSIDE:
            whole, path = self._cell(parts[0], needed, plain=True), parts[1:]
            return self._cleaned(column, lambda values: within(whole(values), path), plain=plain)
        cells = [self._cell(part, needed, plain=plain) for part in parts]
        if mark == FIRST:
            return lambda values: next((cell for make in cells if not _empty(cell := make(values))), None)
        return lambda values: _joined([make(values) for make in cells])

    def _plain(self, column: str, needed: list[str | None]) -> Cell:
        """What makes the cells of a column by which rows are left out.

        Raises:
            ReadError: there is no such column.
        """
        if not (self.has(column) or column in self._form.leave_out):
            raise ReadError(self.name, f"there is no column {column!r} to leave rows out by; {found(self)}")
        return self._cell(column, needed, plain=True)

    def _cleaned(self, column: str, cell: Cell, *, plain: bool) -> Cell:
        """A cell of a column without codes, with numbers for words, and with a decimal point; ``plain``: as it is."""
        form = self._form
        own = form.missing.get(column, ())
        everywhere = form.missing.get(ANY, ())
        if column in self.ids:
            everywhere = tuple(code for code in everywhere if number_of(code) is None)
        codes = _Codes((*own, *everywhere), texts_only=column == self.keeps)
        words: dict[str, float | str] = {code.casefold(): word for code, word in form.words.get(column, {}).items()}
        words |= {word.casefold(): number for word, number in form.values.get(column, {}).items()}
        comma = form.decimal == ","
        if plain or not (codes or words or comma):
            return cell

        def clean(values: Sequence[Any]) -> Any:
            value = cell(values)
            if value in codes:
                return None
            if words and (word := words.get(written(value))) is not None:
                return word
            if comma and isinstance(value, str) and "," in value and _DECIMAL_COMMA.fullmatch(text := value.strip()):
                return re.sub(r"[.\s']", "", text).replace(",", ".")
            return value

        return clean


class _Codes:
    """Values that stand for something else: as text, and those that are numbers however they are written."""

    def __init__(self, codes: Sequence[str], *, texts_only: bool = False) -> None:
        numbers = frozenset(numbers_among(codes))
        self._numbers = frozenset() if texts_only else numbers
        self._texts = frozenset(code for code in codes if not (texts_only and number_of(code) in numbers))

    def __bool__(self) -> bool:
        return bool(self._texts)

    def __contains__(self, value: object) -> bool:
        if isinstance(value, str):
            text = value.strip()
            return text in self._texts or (bool(self._numbers) and number_of(text) in self._numbers)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return value in self._numbers


def written(value: Any) -> str:
    """A cell as codes are compared: without case, and ``1.0`` of a frame as the ``1`` of its file.

    >>> written(True), written(1.0), written(" Good ")
    ('true', '1', 'good')
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip().casefold()


def says_yes(value: Any) -> bool:
    """Whether a flag is set.

    >>> [says_yes(value) for value in ("1", 1.0, True, "yes", "0", None, "")]
    [True, True, True, True, False, False, False]
    """
    return written(value) in ("1", "1.0", "true", "t", "yes", "y", "x")


def parts_of(column: str, rows: Rows) -> tuple[str, tuple[str, ...]] | None:
    """A column that is made of others: the mark between them, and their names; None where they are not there."""
    for mark in (FIRST, JOINED):
        names = tuple(name.strip() for name in column.split(mark))
        if len(names) > 1 and all(rows.has(name) or parts_of(name, rows) for name in names):
            return mark, names
    words = column.split(".")
    for length in range(len(words) - 1, 0, -1):  # what is itself called a.b stands before b within a
        head = ".".join(words[:length])
        if rows.has(head):
            return INSIDE, (head, *words[length:])
    return None


def within(value: Any, path: Sequence[str]) -> Any:
    """What stands at a path into objects; of a list, what stands there in each of its members.

    >>> within({"authors": [{"id": 1}, {"id": 2}]}, ["authors", "id"])
    [1, 2]
    >>> within({"shelves": {"to-read": 3, "fantasy": 1}}, ["shelves", "*"])  # the names themselves
    ['to-read', 'fantasy']
    >>> within([], ["id"]) is None
    True
    """
    for place, key in enumerate(path):
        if isinstance(value, str):
            value = literal(value)
        if isinstance(value, list | tuple):
            found = [within(member, path[place:]) for member in value]
            return [member for member in found if not _empty(member)] or None
        if not isinstance(value, Mapping):
            return None
        value = list(value) if key == "*" and key not in value else value.get(key)
        if isinstance(value, str) and _PYTHON_TEXT.fullmatch(value):
            value = literal(value) or value
    return value


def _empty(value: Any) -> bool:
    return absent(value) or (isinstance(value, str) and not value.strip())


def _joined(cells: Sequence[Any]) -> str | None:
    """Cells as one text; None unless each says something."""
    if any(map(_empty, cells)):
        return None
    texts = [str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip() for cell in cells]
    return " ".join(texts)
