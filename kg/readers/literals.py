"""Literals of Python in text: what a program printed, and nothing that would have to be computed."""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any

from kg.readers.rows import MAX_VALUES

_TEXT = re.compile(
    r"""[bru]{0,2}(?:'[^'\\]*+(?:\\.[^'\\]*+)*+'?|"[^"\\]*+(?:\\.[^"\\]*+)*+"?)""", re.DOTALL | re.IGNORECASE
)
_PLAIN = re.compile(r"(?:[\s,:\[\]{}()+.-]|\d\w*+\.?\w*+|\b(?:True|False|None)\b)*+")
_SHORT = 2**14
"""Characters that may be anything: a few megabytes to the compiler."""
_BEGINS = re.compile(r"[\[{(,+-]")


def literal_of(text: str) -> Any:
    """The value that a literal stands for.

    Python's compiler takes some 400 bytes for each operator and name: only what values are written with gets there.

    Raises:
        ValueError, SyntaxError, TypeError, MemoryError, RecursionError: it is none, or has too many values.
    """
    if len(text) > _SHORT:
        _check(_TEXT.sub("", text))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d" in a text is a warning to Python's compiler
        return ast.literal_eval(text.strip())


def _check(around: str) -> None:
    """Refuse what stands around texts and is no value, or too many of them."""
    if not _PLAIN.fullmatch(around):
        raise ValueError("is no literal")
    if sum(1 for _ in _BEGINS.finditer(around)) > MAX_VALUES:
        raise ValueError(f"has over {MAX_VALUES} values")
