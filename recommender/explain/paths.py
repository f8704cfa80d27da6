"""What connects two items in the graph: edges and what both have, who likes both, what was written about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, zip_longest

import numpy as np

from kg.snapshot import Snapshot
from recommender.bridge import Encode, Phrases, TextVectors
from recommender.data import Cells, CentredTexts, KnowledgeGraph
from recommender.explain.fans import Fans, event
from recommender.explain.quotes import Quotes
from recommender.explain.steps import Names, Path, PathConfig
from recommender.explain.ties import Ties


class Paths:
    """Finds the paths from one of a person's own items to a recommended one, within the bounds of a configuration."""

    def __init__(
        self,
        snapshot: Snapshot,
        knowledge: KnowledgeGraph,
        cells: Cells,
        phrases: Phrases | None = None,
        vectors: TextVectors | None = None,
        texts: CentredTexts | None = None,
        encode: Encode | None = None,
        config: PathConfig | None = None,
    ) -> None:
        self.config = config or PathConfig()
        self.names = Names(snapshot)
        self.ties = Ties(knowledge, self.names, self.config)
        self.fans = Fans(snapshot, cells, self.names)
        self._quotes = None
        if vectors is not None and texts is not None:
            self._quotes = Quotes(snapshot, vectors, texts, self.names, self.config, encode)

    def own_words(self, item: int, user: str, since: float = -np.inf) -> list[Path]:
        """The best paths from what a person wrote, about whatever item, to the recommended one."""
        if self._quotes is None:
            return []
        found = self._quotes.own_words(item, user, since, sentences=True)
        return [path for path in found if len(path.steps) <= self.config.hops]

    def behind(
        self,
        component: str,
        source: int,
        item: int,
        user: str,
        kind: str,
        since: float = -np.inf,
        *,
        sentences: bool = False,
    ) -> list[Path]:
        """The best paths from a person over an item of the history to the recommended one, the best first.

        The best of each kind comes before the second of any; first what the component goes by. Where nothing is found
        the path ends at the person's own item.

        Args:
            component: whose contribution it is.
            source: dense id of the item of the history.
            item: dense id of the recommended one.
            user: the person.
            kind: of the person's event with ``source``.
            since: Unix seconds; what is older is no edge.
            sentences: whether texts are quoted by their nearest sentences.
        """
        ties, people = self.ties.paths(source, item), self.fans.paths(source, item, user, since, self.config.best)
        kinds: Sequence[Sequence[Path]] = [ties, people] if component in ("relations", "content") else [people, ties]
        if component == "content" and self._quotes is not None:
            kinds = [self._quotes.paths(source, item, user, since, sentences=sentences), *kinds]
        short = [[path for path in own if len(path.steps) <= self.config.hops] for own in kinds]
        found = [path for path in chain.from_iterable(zip_longest(*short)) if path is not None]
        met = event(self.names, user, kind, source)
        return [replace(path, steps=(met, *path.steps)) for path in found[: self.config.best]] or [
            Path("event", (met,), "")
        ]
