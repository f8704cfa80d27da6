"""The text model of a working directory: its cache, and the encoder that is loaded when something is missing there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from kg.access import make_folder, opened
from kg.progress import tqdm
from recommender.context import RunContext
from recommender.errors import ArtefactError
from text.cache import CachedEncoder
from text.encoder import EncoderConfig, TextEncoder


@dataclass(frozen=True)
class Texts:
    """Texts to vectors, each different text computed once for this working directory."""

    folder: Path
    """Where the caches of all models lie."""
    run: RunContext
    config: EncoderConfig
    expected: str | None = None
    """The fingerprint that a published version was made with; None: whichever it is."""

    @cached_property
    def _encoder(self) -> CachedEncoder:
        encoder = TextEncoder(self.config, device=self.run.device, threads=self.run.threads, bar=tqdm)
        if self.expected is not None and encoder.fingerprint != self.expected:
            raise ArtefactError(
                f"the text model {self.config.model!r} is not the one that the published version was made with, so its "
                "vectors would mean something else; put the old one back, or run 'tastegraph refresh'"
            )
        make_folder(self.folder)
        opened(self.folder / f"{encoder.fingerprint}.sqlite", "ab").close()  # what the database makes is like this file
        return CachedEncoder.open(encoder, self.folder)

    @property
    def fingerprint(self) -> str:
        """Changes with anything that changes vectors."""
        return self._encoder.fingerprint

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """``(n, d)`` float32 unit rows; a zero row for a text without words."""
        return self._encoder.encode(texts, progress=self.run.progress)

    def close(self) -> None:
        """Close the cache, if it was ever opened."""
        if "_encoder" in self.__dict__:
            self._encoder.close()


def open_texts(work: Path, run: RunContext, config: EncoderConfig, expected: str | None = None) -> Texts:
    """The encoder of a working directory; nothing is opened or loaded before it is used."""
    return Texts(work / "vectors", run, config, expected)
