"""What a caller in Python may write in a form: one value for several, a list for a tuple, a number for its text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any


def text(value: Any) -> str:
    """A text, or the one that a number is.

    >>> text("a"), text(1.0), text(2.5)
    ('a', '1', '2.5')

    Raises:
        TypeError: neither.
    """
    if isinstance(value, str):
        return value
    if hasattr(value, "item"):  # a number of NumPy's
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return str(int(value)) if value == value // 1 else repr(value)


def texts(given: Any) -> tuple[str, ...]:
    """Several, also one alone.

    >>> texts("a"), texts([0, "-"])
    (('a',), ('0', '-'))
    """
    if isinstance(given, str) or not isinstance(given, Iterable):
        return (text(given),)
    if isinstance(given, Mapping):
        raise TypeError
    return tuple(map(text, given))


def names(given: Any) -> tuple[str, ...]:
    """Columns; None is one without a name.

    >>> names("user"), names(["user", None, "item"])
    (('user',), ('user', '', 'item'))
    """
    return texts(given if isinstance(given, str) else ["" if name is None else name for name in given])


def by_column(given: Any) -> dict[str, tuple[str, ...]]:
    """Values by column."""
    return {text(column): texts(codes) for column, codes in given.items()}


def codes(given: Any) -> dict[str, tuple[str, ...]]:
    """Likewise, or values of every column.

    >>> codes({"rating": 0}), codes(["NA", "-"])
    ({'rating': ('0',)}, {'': ('NA', '-')})
    """
    return by_column(given if isinstance(given, Mapping) else {"": given})


def _within(clean: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What cleans the values of a mapping."""
    return lambda given: {text(name): clean(own) for name, own in given.items()}


def _is(*kinds: type) -> Callable[[Any], Any]:
    def check(given: Any) -> Any:
        if not isinstance(given, kinds):
            raise TypeError
        return given

    return check


def _among(*values: Any) -> Callable[[Any], Any]:
    def check(given: Any) -> Any:
        if given not in values:
            raise ValueError
        return given

    return check


_ONE = (_is(str, type(None)), "text")
_COLUMNS = (names, "a list of columns")
_VALUES = (by_column, "values by column, such as {'state': ['open']}")
_SWITCH = (_is(bool), "True or False")

LOOSE: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    **dict.fromkeys(("encoding", "delimiter", "escape", "each", "at_format", "zone", "blocks", "impressions"), _ONE),
    **dict.fromkeys(("columns", "long", "leave_out"), _COLUMNS),
    **dict.fromkeys(("drop", "keep"), _VALUES),
    **dict.fromkeys(("quotes", "wide"), _SWITCH),
    "decimal": (_among(".", ","), "'.' or ','"),
    "repeats": (_among(None, "once", "count"), "'once' or 'count'"),
    "missing": (codes, "codes, or codes by column, such as {'rating': 0}"),
    "values": (_within(_within(float)), "numbers by word by column, such as {'stars': {'good': 5}}"),
    "words": (_within(_within(text)), "words by code by column, such as {'action': {'0': 'VIEWED'}}"),
    "flags": (_within(names), "columns by name, such as {'genres': ['Comedy', 'Drama']}"),
    "split": (_within(_is(str)), "separators by column, such as {'genres': '/'}"),
}
"""By field of a :class:`kg.readers.form.Form`: what makes it of what is given, and what that is like."""
