"""Texts to unit vectors: each different text once, in windows, sorted by length, batched by tokens."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from tqdm import tqdm

from text import model
from text.backbone import Backbone, Precision
from text.errors import InvalidSetting
from text.windows import pool, split, unit_rows

_FORMAT = 2
"""Raised when a change of this package changes vectors, so that older ones are not mixed with new ones."""
_SLICE_CHARACTERS = 500_000
"""Texts are finished this many characters at a time: it bounds memory, and what a crash can lose of a long run."""


@dataclass(frozen=True)
class EncoderConfig:
    """What a text's vector is, and how it is computed."""

    model: str = model.DEFAULT_MODEL
    """A sentence-transformers name, or a folder that holds such a model. The default is here without a network."""
    window: int | None = None
    """Tokens of one window, special tokens counted; None: as many as the model takes."""
    overlap: int = 32
    """Tokens that neighbouring windows of a long text share at least, so that no phrase is cut in all of them."""
    prompt: str = ""
    """What the model was trained to read before each text, such as ``"passage: "``."""
    normalize: bool = True
    """Rows of length 1, so that a product is the cosine."""
    precision: Precision = "auto"
    """``auto``: bfloat16 where the processor or GPU computes in it, else float32. Not part of the fingerprint: the
    vectors differ by rounding, and a cache is worth more when it can move between machines."""
    batch_tokens: int | None = None
    """Tokens of a batch, padding counted; None: 512 on a processor, whose caches then hold a layer's activations, and
    65,536 on a GPU."""

    def __post_init__(self) -> None:
        if self.window is not None and self.window < 8:
            raise InvalidSetting(f"window: {self.window} tokens; at least 8, or None for what the model takes")
        if self.overlap < 0:
            raise InvalidSetting(f"overlap: {self.overlap} tokens; must not be negative")
        if self.precision not in ("auto", "float32", "bfloat16"):
            raise InvalidSetting(f"precision: {self.precision!r} is not auto, float32 or bfloat16")
        if self.batch_tokens is not None and self.batch_tokens < 1:
            raise InvalidSetting(f"batch_tokens: {self.batch_tokens}; must be positive, or None")


class TextEncoder:
    """Turns texts into vectors; the model is loaded on first use.

    A text of more than ``window`` tokens is the mean of its overlapping windows (:mod:`text.windows`). A text without a
    single token, such as an empty one, has no vector: its row is zero, and :func:`text.windows.has_vector` says which.

    >>> vectors = TextEncoder().encode(["a fine guitar", "a good guitar", "car insurance", " "], progress=False)
    >>> (vectors @ vectors[0] > 0.5).tolist()
    [True, True, False, False]
    """

    def __init__(
        self,
        config: EncoderConfig | None = None,
        *,
        device: str | None = None,
        threads: int | None = None,
        bar: type[tqdm] = tqdm,
        fetch: bool = True,
    ) -> None:
        """An encoder on a torch ``device`` (None: a GPU where there is one) with this many processor threads.

        ``bar`` shows progress, in the way of tqdm; ``fetch``: download a model of the hub that is not here.
        """
        self._fetch = fetch
        self.config = config or EncoderConfig()
        self._bar = bar
        self._device = device
        self._threads = threads or _available_processors()

    @cached_property
    def folder(self) -> Path:
        """Where the model lies. Raises ModelNotFound."""
        return model.locate(self.config.model, fetch=self._fetch)

    @cached_property
    def fingerprint(self) -> str:
        """32 hex digits that change with anything that changes vectors: the model's files, windows, prompt, length.

        Precision, device and batches are left out. Computed from the files, without loading the model.
        """
        config = self.config
        return model.fingerprint(self.folder, _FORMAT, config.window, config.overlap, config.prompt, config.normalize)

    @property
    def dimension(self) -> int:
        """Length of a vector. Loads the model."""
        return self._backbone.dimension

    @property
    def precision(self) -> str:
        """What the model computes in on this machine, ``float32`` or ``bfloat16``. Loads the model."""
        return str(self._backbone.dtype).removeprefix("torch.")

    def encode(self, texts: Sequence[str], *, progress: bool = True) -> np.ndarray:
        """Vectors in the order of the texts.

        Args:
            texts: any texts; equal ones are computed once.
            progress: whether it is shown, when it takes longer than two seconds.

        Returns:
            ``(len(texts), d)`` float32, unit rows, and rows of zeros for texts without a vector.

        Raises:
            ModelNotFound: the model is neither here nor to be had.
            InvalidSetting: the window is longer than the model takes, or not longer than overlap and prompt.
        """
        different = list(dict.fromkeys(texts))
        vectors = np.empty((len(different), self.dimension), dtype=np.float32)
        for rows, part in self.stream(different, progress=progress):
            vectors[rows] = part
        if len(different) == len(texts):
            return vectors
        row_of = {text: row for row, text in enumerate(different)}
        return vectors[[row_of[text] for text in texts]]

    def stream(self, texts: Sequence[str], *, progress: bool = True) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Vectors as they are finished, the longest texts first: pairs of positions in ``texts`` and their rows."""
        if not texts:
            return
        _ = self._backbone  # loaded before the bar begins, so that its speed is that of embedding
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        order = np.argsort(-lengths, kind="stable")
        cuts = np.flatnonzero(np.diff(np.cumsum(lengths[order]) // _SLICE_CHARACTERS)) + 1
        with self._bar(
            total=int(lengths.sum()), desc="embedding", unit="char", unit_scale=True, delay=2, disable=not progress
        ) as bar:
            for rows in np.split(order, cuts):
                chosen = [texts[row] for row in rows]
                yield rows, self._encode_slice(chosen, lambda done: bar.update(min(done, bar.total - bar.n)))

    def _encode_slice(self, texts: list[str], advance: Callable[[float], object]) -> np.ndarray:
        """Rows of a few hundred texts that are about equally long; ``advance`` is told of characters done."""
        backbone = self._backbone
        prompt = backbone.tokenize([self.config.prompt])[0] if self.config.prompt else []
        room = self._room(len(prompt))
        tokens = backbone.tokenize(texts)
        spans = [
            (text, *span) for text, ids in enumerate(tokens) for span in split(len(ids), room, self.config.overlap)
        ]
        sizes = np.array([end - start for _, start, end in spans], dtype=np.int64)
        vectors = np.empty((len(spans), backbone.dimension), dtype=np.float32)
        characters = sum(map(len, texts)) / max(1, sizes.sum())

        def run(batch: np.ndarray) -> None:
            windows = [tokens[text][start:end] for text, start, end in (spans[row] for row in batch)]
            vectors[batch] = backbone.forward([backbone.frame(ids, prompt) for ids in windows])

        batches = batch_by_tokens(sizes + backbone.num_special + len(prompt), self._batch_tokens)
        for batch in self._each(run, batches):
            advance(float(characters * sizes[batch].sum()))
        owners = np.array([text for text, _, _ in spans], dtype=np.int64)
        pooled = pool(vectors, owners, sizes, len(texts))
        return unit_rows(pooled) if self.config.normalize else pooled

    def _each(self, run: Callable[[np.ndarray], None], batches: list[np.ndarray]) -> Iterator[np.ndarray]:
        """Run every batch, and give each back when done.

        On a processor each thread works on a batch of its own: a layer's many small operations then neither wait for
        each other nor run on one thread. A few batches alone are left to torch, which splits them.
        """
        import torch

        workers = self._threads if self._backbone.device.type == "cpu" and len(batches) >= 2 * self._threads else 1
        if workers == 1:
            for batch in batches:
                run(batch)
                yield batch
            return
        threads_before = torch.get_num_threads()
        with ThreadPoolExecutor(workers, "text-encoder", initializer=torch.set_num_threads, initargs=(1,)) as executor:
            try:
                for batch, future in [(batch, executor.submit(run, batch)) for batch in batches]:
                    future.result()
                    yield batch
            finally:
                executor.shutdown(cancel_futures=True)
                torch.set_num_threads(threads_before)  # what a worker set is torch's default for threads to come

    def _room(self, prompt: int) -> int:
        """Tokens of a text that fit into one window."""
        backbone, window = self._backbone, self.config.window
        if window is not None and window > backbone.limit:
            raise InvalidSetting(f"window: {window} tokens, but {self.config.model} takes {backbone.limit} at most")
        room = (window or backbone.limit) - backbone.num_special - prompt
        if room <= self.config.overlap:
            raise InvalidSetting(f"overlap: {self.config.overlap} tokens, but a window has room for {room} of a text")
        return room

    @property
    def _batch_tokens(self) -> int:
        return self.config.batch_tokens or (512 if self._backbone.device.type == "cpu" else 65_536)

    @cached_property
    def _backbone(self) -> Backbone:
        return Backbone(self.folder, device=self._device, precision=self.config.precision)


def batch_by_tokens(sizes: np.ndarray, budget: int) -> list[np.ndarray]:
    """Positions of ``sizes`` in batches, the largest first; each as wide as its first, at most ``budget`` in all.

    A size above the budget is a batch of its own.

    >>> [batch.tolist() for batch in batch_by_tokens(np.array([3, 9, 2, 3, 20]), budget=10)]
    [[4], [1], [0, 3, 2]]
    """
    order = np.argsort(-sizes, kind="stable")
    batches, start = [], 0
    while start < len(order):
        end = start + max(1, budget // int(sizes[order[start]]))
        batches.append(order[start:end])
        start = end
    return batches


def _available_processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
