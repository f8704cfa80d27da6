"""LightGCN's layout: one line a person, first the person, then the items, separated by blanks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kg.errors import ReadError, RecordError
from kg.readers.form import Form
from kg.readers.identifiers import Ids
from kg.readers.rows import MAX_LINE_BYTES, MAX_VALUES, ROW, Row, Rows, raw_text
from kg.readers.shaped import ShapedRows
from kg.readers.stream import FileSource, LineStream
from kg.records import Interaction, Origin, Reject, event_hash, event_kind

COLUMNS = ("user", "item")
"""What a form calls the two."""
_LOOKED_AT = 1000
"""Words of the first bytes that say how ids are written."""


def read_lists(
    source: FileSource, *, kind: str = "INTERACTED", form: Form | None = None
) -> Iterator[Interaction | Reject]:
    """One event for each item of a line; it has neither time nor value. A person without items gives nothing.

    Raises:
        ReadError: the file cannot be read (any further).
        RecordError: ``kind`` is no kind, or the form states what says nothing of lists.
    """
    form = form or Form()
    yield from lists_of(LineStream(source, form.encoding), event_kind(kind), form)


def lists_of(stream: LineStream, kind: str, form: Form) -> Iterator[Interaction | Reject]:
    """The events in an open file; see :func:`read_lists`."""
    try:
        form.must_suit("lists")
        listed = _ListRows(stream, form)
        for row in ShapedRows(listed, form).select(COLUMNS):
            yield row if isinstance(row, Reject) else _event(row, kind, listed)
    finally:
        stream.close()


def list_rows(source: FileSource, form: Form | None = None) -> Rows:
    """A row for each item of a line, with the columns ``user`` and ``item``."""
    form = form or Form()
    return ShapedRows(_ListRows(LineStream(source, form.encoding), form), form)


class _ListRows(Rows):
    """A row for each item of a line."""

    def __init__(self, stream: LineStream, form: Form) -> None:
        super().__init__(stream.name, COLUMNS)
        self._stream = stream
        self._delimiter = (form.delimiter or "").strip() or None
        words = self._cells(stream.head.decode(errors="replace"))[:_LOOKED_AT]
        self.user_of, self.item_of = (Ids(column, words, form.nothing(column)) for column in COLUMNS)

    def select(self, columns: Sequence[str | None]) -> Iterator[Row | Reject]:
        places = [COLUMNS.index(column) for column in columns if column]
        number = people = 0
        try:
            for number, line in enumerate(self._stream, 1):
                if reason := _excess(line, self._delimiter):
                    yield Reject(self.name, number, ROW, reason, raw_text(line))
                    continue
                try:
                    user, *items = self._cells(line.decode()) or ("",)
                    user_id = self.user_of(user) if items else ""
                except UnicodeDecodeError:
                    reason = f"the row is not valid {self._stream.encoding}"
                    yield Reject(self.name, number, ROW, reason, raw_text(line))
                    continue
                except RecordError as error:
                    yield Reject(self.name, number, error.field, error.reason, raw_text(line))
                    continue
                people += not items
                for item in items:
                    cells = (user_id, item)
                    yield number, [cells[place] for place in places], (COLUMNS, cells)
            if people == number:
                yield Reject(self.name, 1, ROW, "no line has an item behind its person, so these are no lists", "")
        except ReadError as error:
            yield from self._stream.broken_row(error)
            raise

    def close(self) -> None:
        self._stream.close()

    def _cells(self, line: str) -> list[str]:
        if self._delimiter is None:
            return line.split()
        return [cell.strip() for cell in line.split(self._delimiter) if cell.strip()]


def _excess(line: bytes, delimiter: str | None) -> str | None:
    """Which bound a line passes, so that it is not taken apart."""
    if len(line) > MAX_LINE_BYTES:
        return f"the row has over {MAX_LINE_BYTES // 2**20} MiB"
    mark = delimiter.encode() if delimiter else None
    if len(line) > MAX_VALUES and len(line.split(mark, MAX_VALUES + 1)) > MAX_VALUES + 1:
        return f"the row has over {MAX_VALUES} values"
    return None


def _event(row: Row, kind: str, listed: _ListRows) -> Interaction | Reject:
    line, (user, item), raw = row
    assert isinstance(raw, tuple)
    try:
        user_id, item_id = listed.user_of(user), listed.item_of(item)
    except RecordError as error:
        return Reject(listed.name, line, error.field, error.reason, raw_text(" ".join(raw[1])))
    event_id = event_hash(user_id, item_id, kind, None, None, None)
    return Interaction(user_id, item_id, kind, event_id, origin=Origin(listed.name, line, raw))
