"""How often the tests of faults run: once in ``make test``, ten times in ``make soak``, each time a little later."""

from __future__ import annotations

import os

import pytest

ROUNDS = int(os.environ.get("TASTEGRAPH_SOAK_ROUNDS", "1"))

soaked = pytest.mark.parametrize("turn", range(ROUNDS))
"""For tests that take the number of their turn, from 0."""
