"""A graph that is open, with what the verbs share: everything is made when it is first asked for, and made once."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kg.connection import unattended
from kg.store import Store
from recommender.context import RunContext
from recommender.errors import ArtefactError

if TYPE_CHECKING:
    import numpy as np

    from recommender.bridge import Encode
    from recommender.explain.steps import PathConfig
    from recommender.feedback import FeedbackWriter
    from recommender.meaning import MeaningConfig
    from recommender.model import Model
    from recommender.refresh.config import RefreshConfig
    from recommender.serving import Serving
    from recommender.texts import Texts
    from text.encoder import EncoderConfig

log = logging.getLogger(__name__)

TEXT_MODEL = "TASTEGRAPH_TEXT_MODEL"
"""The variable that names the text model of this process."""


def _refused(model: str) -> Encode:
    """In place of a text model that this place does not trust; the rest of the version serves."""

    def encode(texts: Sequence[str]) -> np.ndarray:
        raise ArtefactError(
            f"the published version was made elsewhere with the text model {model!r}, which nothing here allows; "
            f"if you trust it, set {TEXT_MODEL} to that name, or run 'tastegraph refresh'"
        )

    return encode


class Opened:
    """The store with its text models, its published version and the locks between threads."""

    def __init__(
        self,
        store: Store,
        run: RunContext | None = None,
        config: RefreshConfig | None = None,
        paths: PathConfig | None = None,
    ) -> None:
        self.store = store
        self._paths = paths
        self.profiling = threading.Lock()
        """Held while a history is read and its profile written, or an older profile could overwrite a newer one."""
        self._run = run
        self._config = config
        self._writer: tuple[Model | None, FeedbackWriter] | None = None
        self._texts: dict[tuple[EncoderConfig, str | None], Texts] = {}

    @cached_property
    def run(self) -> RunContext:
        """Device, threads, seed. To look for a GPU takes torch, which reading the graph does not need."""
        return self._run or RunContext()

    @cached_property
    def config(self) -> RefreshConfig:
        """Of refreshes; it knows of everything that learns, which reading the graph does not need either."""
        from recommender.refresh.config import RefreshConfig

        return self._config or RefreshConfig()

    @cached_property
    def meaning(self) -> MeaningConfig:
        """What events weigh: that of :attr:`config`, for whose default nothing that learns is needed."""
        from recommender.meaning import MeaningConfig

        return self._config.meaning if self._config else MeaningConfig()

    @cached_property
    def serving(self) -> Serving:
        """Answers from the published version."""
        from recommender.serving import Serving

        return Serving(self.store, self.encoder_of, progress=self.run.progress, paths=self._paths)

    @property
    def feedback(self) -> FeedbackWriter:
        """The writer that draws profiles by the version that is published now, where that can be read."""
        from recommender.feedback import FeedbackWriter

        try:
            with unattended():  # an event that is handed over is better late than failed
                version = self.serving.published()
        except (ArtefactError, OSError) as error:
            log.warning("the event is stored, but no profile is drawn before the next refresh: %s", error)
            version = None
        if self._writer is None or self._writer[0] is not version:
            writer = FeedbackWriter(
                self.store,
                version.profiles if version else None,
                segments=version.segments if version else None,
                config=self.config.profiles,
                profiling=self.profiling,
            )
            self._writer = (version, writer)
        return self._writer[1]

    def texts(self, config: EncoderConfig, expected: str | None = None) -> Texts:
        """The text model of a configuration; see :class:`recommender.texts.Texts`."""
        from recommender.texts import open_texts

        key = (config, expected)
        if key not in self._texts:
            self._texts[key] = open_texts(self.store.work, self.run, config, expected)
        return self._texts[key]

    @property
    def encode(self) -> Encode:
        """The text model that refreshes use; loaded at the first text."""
        return self.texts(self.config.encoder).encode

    def encoder_of(self, manifest: Mapping[str, Any]) -> Encode | None:
        """The text model that a version was made with, by its manifest; None where it read no texts."""
        from text.encoder import EncoderConfig

        made_with = manifest["encoder"]
        if made_with is None:
            return None
        config = EncoderConfig(**made_with["config"])
        if not self._may_ask(config.model):
            return _refused(config.model)
        return self.texts(config, made_with["fingerprint"]).encode

    def _may_ask(self, model: str) -> bool:
        """Whether a version may ask with this text model: a manifest of somebody else may name any folder."""
        from recommender.texts import trusted
        from text.model import DEFAULT_MODEL, is_default

        configured = self._config.encoder.model if self._config else DEFAULT_MODEL
        if is_default(model) or model in (configured, os.environ.get(TEXT_MODEL)):
            return True
        known = trusted(self.store.work)
        return known is None or model in known

    def close(self) -> None:
        """Let go of the graph; a second call does nothing."""
        for texts in self._texts.values():
            texts.close()
        self.store.close()
