"""The text model of a working directory: its cache, and the encoder that is loaded when something is missing there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import orjson

from kg.access import TRUSTED, make_folder, opened
from kg.errors import StoreError
from kg.progress import tqdm
from recommender.context import RunContext
from recommender.errors import ArtefactError
from text.cache import CachedEncoder
from text.encoder import EncoderConfig, TextEncoder
from text.errors import CacheClosed


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
        # A model that a version names is not fetched: nobody has asked for it just now.
        fetch = self.expected is None
        run = self.run
        encoder = TextEncoder(self.config, device=run.device, threads=run.threads, bar=tqdm, fetch=fetch)
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
        try:
            return self._encoder.encode(texts, progress=self.run.progress)
        except CacheClosed as error:
            raise StoreError(f"the graph of this working directory is not open here any more: {error}") from error

    def close(self) -> None:
        """Close the cache, if it was ever opened."""
        if "_encoder" in self.__dict__:
            self._encoder.close()


def trust(work: Path, model: str | None) -> None:
    """Note that this working directory was refreshed by a text model, so that its versions may ask with it."""
    known = trusted(work)
    new = {model} - (known or set())
    if known is None:
        new |= set(_named(work / "models"))
    with opened(work / TRUSTED, "ab") as file:
        file.write(b"".join(orjson.dumps(name) + b"\n" for name in sorted(filter(None, new))))


def _named(models: Path) -> Iterator[str]:
    """The text models of the versions that are here."""
    for path in models.glob("*/manifest.json"):
        with suppress(OSError, ValueError, LookupError, TypeError):  # a damaged one says so where it is read
            yield str(orjson.loads(path.read_bytes())["encoder"]["config"]["model"])


def trusted(work: Path) -> set[str] | None:
    """The models that versions in this working directory may ask with beside the default one.

    None: any, for it is older than this list, so that all of its versions were made here.
    """
    if not (work / TRUSTED).is_file():
        return None
    found = set()
    for line in (work / TRUSTED).read_bytes().splitlines():
        with suppress(orjson.JSONDecodeError):  # half a line, as a full disk leaves it
            found.add(str(orjson.loads(line)))
    return found


def open_texts(work: Path, run: RunContext, config: EncoderConfig, expected: str | None = None) -> Texts:
    """The encoder of a working directory; nothing is opened or loaded before it is used."""
    return Texts(work / "vectors", run, config, expected)
