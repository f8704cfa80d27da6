"""LightGCN's layout: one line a person, first the person, then the items, separated by blanks."""

from __future__ import annotations

from collections.abc import Iterator

from kg.errors import ReadError, RecordError
from kg.readers.form import Form
from kg.readers.identifiers import present
from kg.readers.rows import MAX_LINE_BYTES, MAX_VALUES, ROW, raw_text
from kg.readers.stream import FileSource, LineStream
from kg.records import Interaction, Origin, Reject, event_hash, event_kind


def read_lists(
    source: FileSource, *, kind: str = "INTERACTED", form: Form | None = None
) -> Iterator[Interaction | Reject]:
    """One event for each item of a line; it has neither time nor value. A person without items gives nothing.

    Raises:
        ReadError: the file cannot be read (any further).
        RecordError: ``kind`` is no kind.
    """
    yield from lists_of(LineStream(source, None), event_kind(kind), form)


def lists_of(stream: LineStream, kind: str, form: Form | None = None) -> Iterator[Interaction | Reject]:
    """The events in an open file; see :func:`read_lists`."""
    number = people = 0
    nobody, no_item = ((form or Form()).nothing(column) for column in ("user", "item"))
    try:
        for number, line in enumerate(stream, 1):
            if reason := _excess(line):
                yield Reject(stream.name, number, ROW, reason, raw_text(line))
                continue
            try:
                user, *items = line.decode().split() or ("",)
                user_id = present(user, "user", nobody) if items else ""
            except UnicodeDecodeError:
                yield Reject(stream.name, number, ROW, f"the row is not valid {stream.encoding}", raw_text(line))
                continue
            except RecordError as error:
                yield Reject(stream.name, number, error.field, error.reason, raw_text(line))
                continue
            people += not items
            yield from _events(stream.name, number, user_id, items, kind, no_item)
        if people == number:
            yield Reject(stream.name, 1, ROW, "no line has an item behind its person, so these are no lists", "")
    except ReadError as error:
        yield from stream.broken_row(error)
        raise
    finally:
        stream.close()


def _excess(line: bytes) -> str | None:
    """Which bound a line passes, so that it is not taken apart."""
    if len(line) > MAX_LINE_BYTES:
        return f"the row has over {MAX_LINE_BYTES // 2**20} MiB"
    if len(line) > MAX_VALUES and len(line.split(None, MAX_VALUES + 1)) > MAX_VALUES + 1:
        return f"the row has over {MAX_VALUES} values"
    return None


def _events(
    file: str, line: int, user_id: str, items: list[str], kind: str, nothing: frozenset[str]
) -> Iterator[Interaction | Reject]:
    for item in items:
        try:
            item_id = present(item, "item", nothing)
        except RecordError as error:
            yield Reject(file, line, error.field, error.reason, raw_text(f"{user_id} {item}"))
        else:
            event_id = event_hash(user_id, item_id, kind, None, None, None)
            origin = Origin(file, line, (("user", "item"), (user_id, item)))
            yield Interaction(user_id, item_id, kind, event_id, origin=origin)
