"""A published version: the hybrid, the snapshot that it was fitted on, and what scoring and explaining need of both."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from safetensors.numpy import save_file

from kg import snapshot as snapshots
from kg.snapshot import Snapshot
from kg.vocabulary import Vocabulary
from recommender import artefacts
from recommender.bridge import Builder, Encode, Phrases, TextVectors
from recommender.data import People, TrainingData
from recommender.explain.paths import Paths
from recommender.explain.reasons import Explainer
from recommender.explain.steps import PathConfig
from recommender.hybrid import Hybrid
from recommender.meaning import Events, Meaning, MeaningConfig, cells_of, declared_of, meanings_of
from recommender.profiles.context import ProfileContext
from recommender.profiles.segments import Segment, SegmentConfig, Segments
from recommender.tensors import read_tensors, sound

PHRASES = "phrases.json"
"""Holds :data:`recommender.bridge.Phrases`."""


@dataclass(frozen=True)
class Said:
    """One person's own words."""

    about: np.ndarray
    """``(r,)`` int64 dense ids of items; negative for an item that came after the model, and for words about none."""
    vectors: np.ndarray
    """``(r, d)`` float32."""

    @property
    def mean(self) -> np.ndarray:
        """``(d,)`` float32."""
        return np.asarray(self.vectors.mean(axis=0), dtype=np.float32)

    def without(self, items: Sequence[int]) -> Said | None:
        """The words about other items; None where none are left."""
        kept = ~np.isin(self.about, items)
        return Said(self.about[kept], self.vectors[kept]) if kept.any() else None


@dataclass(frozen=True)
class Person:
    """What the graph says of one person right now."""

    user_id: str | None
    """None for somebody who is given as a list of items or a text."""
    events: Events
    """Their events; ``items`` are dense ids of the model, negative for items that came after it."""
    said: Said | None = None
    """What they wrote themselves, None when they wrote nothing."""
    known: bool = True
    """Whether the graph holds them; False too for somebody whom it holds no more, though training met them."""

    def without(self, items: Sequence[int]) -> Person:
        """The same person without their events with these items, and without what they wrote about them."""
        events = self.events.take(~np.isin(self.events.items, items))
        return replace(self, events=events, said=self.said and self.said.without(items))


@dataclass(frozen=True)
class Model:
    """One version, read from its folder; never changes."""

    folder: Path
    version: str
    manifest: Mapping[str, Any]
    snapshot: Snapshot
    vectors: TextVectors | None
    hybrid: Hybrid
    meaning: MeaningConfig
    encode: Encode | None = field(default=None, compare=False)
    paths: PathConfig | None = None
    """What reasons and paths may speak of, and how it is said; None: the usual."""

    @classmethod
    def load(
        cls,
        folder: Path,
        encoder_of: Callable[[Mapping[str, Any]], Encode | None] | None = None,
        paths: PathConfig | None = None,
    ) -> Model:
        """Read a version; every file is compared with its hash first.

        Args:
            folder: of the version.
            encoder_of: gives the text model that a version was made with, by its manifest.
            paths: what reasons and paths may speak of.

        Raises:
            ArtefactError: the folder is incomplete, damaged, or of another version.
        """
        manifest = artefacts.read_manifest(folder)
        with sound(folder):
            model = cls(
                folder=folder,
                version=manifest["version"],
                manifest=manifest,
                snapshot=snapshots.load(folder / "snapshot"),
                vectors=load_vectors(folder),
                hybrid=Hybrid.load(folder / "hybrid"),
                meaning=MeaningConfig(**manifest["meaning"]),
                encode=encoder_of(manifest) if encoder_of else None,
                paths=paths,
            )
            model._check()
        return model

    def _check(self) -> None:
        """Refuse arrays of other lengths than there are items and reviews: each part scores somebody made up.

        Raises:
            ValueError: something does not fit.
        """
        items, words = self.snapshot.items.num_rows, None
        if self.vectors is not None:
            width = self.vectors.items.shape[1]
            if self.vectors.items.shape != (items, width) or self.vectors.reviews.shape != (
                self.snapshot.reviews.num_rows,
                width,
            ):
                raise ValueError("the vectors of texts do not fit the snapshot")
            words = np.full((1, width), 1 / np.sqrt(max(width, 1)), dtype=np.float32)
        if self.segments is not None and len(self.segments.features) != items:
            raise ValueError("the features of the segments do not fit the snapshot")
        likes_one = sp.csr_matrix(([np.float32(1)], ([0], [0])), shape=(1, items))
        somebody = People(likes_one, np.array([-1]), words)
        for part in self.hybrid.parts:
            scores = part.score(somebody)
            if scores.shape != (1, items) or not np.isfinite(scores).all():
                raise ValueError(f"{part.name} does not score the items of the snapshot")

    @cached_property
    def users(self) -> Vocabulary:
        """People who were in training."""
        return Vocabulary.of(self.snapshot.users["id"])

    @cached_property
    def items(self) -> Vocabulary:
        """Items that can be scored."""
        return Vocabulary.of(self.snapshot.items["id"])

    @cached_property
    def item_ids(self) -> np.ndarray:
        """``(num_items,)`` external ids as objects."""
        return np.array(self.items.ids, dtype=object)

    @cached_property
    def meanings(self) -> dict[str, Meaning]:
        """What each kind of event means, as inferred at the refresh."""
        return meanings_of(Events.of(self.snapshot.events), declared_of(self.snapshot), self.meaning)

    @cached_property
    def data(self) -> TrainingData:
        """What the hybrid was fitted on."""
        return Builder(self.snapshot, self.vectors, self.meaning)()

    @cached_property
    def explainer(self) -> Explainer:
        """Reasons and paths."""
        data = self.data
        texts = None if data.item_vectors is None else data.centred_texts
        known = (self.snapshot, data.knowledge, data.cells, self.phrases, self.vectors, texts, self.encode)
        return Explainer(Paths(*known, self.paths), self.items)

    @cached_property
    def profiles(self) -> ProfileContext:
        """What live profiles are drawn against."""
        return ProfileContext.from_snapshot(
            self.snapshot,
            self.data.cells,
            self.data.knowledge,
            self.meanings,
            meaning_config=self.meaning,
            item_vectors=self.data.item_vectors,
            phrases=self.phrases,
            encode=self.encode,
        )

    @cached_property
    def phrases(self) -> Phrases | None:
        """Keyphrases of the items, as found at the refresh."""
        phrases: Phrases | None = json.loads((self.folder / PHRASES).read_text(encoding="utf-8"))
        return phrases

    @cached_property
    def segments(self) -> Segments | None:
        """The segments of people, as found at the refresh."""
        return load_segments(self.folder)

    def people(self, persons: Sequence[Person]) -> People:
        """These people as scoring input: their cells by the same rules as in training."""
        rows = [np.full(len(person.events), row) for row, person in enumerate(persons)]
        kinds = tuple(dict.fromkeys(name for person in persons for name in person.events.kind_names))
        recoded = [
            np.array([kinds.index(n) for n in p.events.kind_names], dtype=np.int64)[p.events.kinds] for p in persons
        ]
        events = Events(
            users=_concatenate(rows, np.int64),
            items=_concatenate([person.events.items for person in persons], np.int64),
            kinds=_concatenate(recoded, np.int64),
            values=_concatenate([person.events.values for person in persons], np.float64),
            times=_concatenate([person.events.times for person in persons], np.float64),
            kind_names=kinds,
        )
        known = events.take(events.items >= 0)
        cells = cells_of(known, self.meanings, len(persons), len(self.items), self.meaning)
        met = np.array([person.known and person.user_id is not None for person in persons], dtype=bool)
        indices = self.users.indices([person.user_id or "" for person in persons])
        return People(cells.matrix, np.where(met, indices, -1), self._words(persons))

    def _words(self, persons: Sequence[Person]) -> np.ndarray | None:
        if self.vectors is None:
            return None
        words = np.zeros((len(persons), self.vectors.items.shape[1]), dtype=np.float32)
        for row, person in enumerate(persons):
            if person.said is not None:
                words[row] = person.said.mean
        return words

    def seen(self, persons: Sequence[Person]) -> sp.csr_matrix:
        """``(B, num_items)``: every item with which a person has an event of any kind."""
        items = [np.unique(person.events.items[person.events.items >= 0]) for person in persons]
        indptr = np.concatenate([[0], np.cumsum([len(found) for found in items])])
        indices = _concatenate(items, np.int64)
        return sp.csr_matrix(
            (np.ones(len(indices), np.float32), indices, indptr), shape=(len(persons), len(self.items))
        )


def _concatenate(arrays: Sequence[np.ndarray], dtype: type) -> np.ndarray:
    return np.concatenate(arrays).astype(dtype) if arrays else np.empty(0, dtype)


def save_vectors(vectors: TextVectors | None, folder: Path) -> None:
    """Write the vectors of a snapshot's texts; nothing when there are no texts."""
    if vectors is not None:
        save_file({"items": vectors.items, "reviews": vectors.reviews}, folder / "vectors.safetensors")


def load_vectors(folder: Path) -> TextVectors | None:
    """Read what :func:`save_vectors` wrote."""
    path = folder / "vectors.safetensors"
    return TextVectors(**read_tensors(path, "items", "reviews")) if path.is_file() else None


def save_segments(segments: Segments | None, folder: Path) -> None:
    """Write the segments of people; nothing when there are none."""
    if segments is None:
        return
    document = {"segments": [asdict(one) for one in segments.segments], "config": asdict(segments.config)}
    (folder / "segments.json").write_text(json.dumps(document, indent=1))
    arrays = {"centres": segments.centres, "features": segments.features, "mean": segments.mean}
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / "segments.safetensors")


def load_segments(folder: Path) -> Segments | None:
    """Read what :func:`save_segments` wrote."""
    path = folder / "segments.json"
    if not path.is_file():
        return None
    with sound(path):
        document = json.loads(path.read_text())
        segments = [Segment(**one) for one in document["segments"]]
        arrays = read_tensors(folder / "segments.safetensors", "centres", "features", "mean")
        (count, width), items = arrays["centres"].shape, len(arrays["features"])
        if (count, arrays["features"].shape, arrays["mean"].shape) != (len(segments), (items, width), (width,)):
            raise ValueError("the arrays of the segments do not fit each other")
        return Segments(segments, config=SegmentConfig(**document["config"]), **arrays)
