"""One loaded model for all tests of text."""

from __future__ import annotations

import pytest

from text.encoder import EncoderConfig, TextEncoder


@pytest.fixture(scope="session")
def encoder() -> TextEncoder:
    """The default model in float32, so that results can be compared to six digits."""
    return TextEncoder(EncoderConfig(precision="float32"), device="cpu", threads=2)
