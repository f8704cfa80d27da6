"""The examples in the docstrings print what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    ("module", "examples"), [("kg.records", 2), ("kg.readers.cleaning", 4), ("kg.readers.markup", 1)]
)
def test_examples(module: str, examples: int) -> None:
    failed, tried = doctest.testmod(importlib.import_module(module))
    assert failed == 0
    assert tried >= examples
