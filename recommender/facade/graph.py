"""The knowledge graph by itself: what it covers, whether it helps, what texts mention, what lies near what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recommender.facade.opened import Opened
from recommender.ids import Id, length, one_id

if TYPE_CHECKING:
    import networkx as nx

    from kg.report import GraphReport
    from recommender.evaluation.knowledge import GraphEffect
    from recommender.evaluation.stores import Protocol
    from recommender.mentions import Mention, MentionReport


class Graph:
    """:attr:`recommender.Recommender.graph`."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def report(self, limit: int = 10) -> GraphReport:
        """What the knowledge graph covers and what looks wrong in it; each finding lists ``limit`` nodes at most."""
        from kg.findings import ReportConfig
        from kg.report import take_report

        return take_report(self._opened.store, ReportConfig(limit=limit), progress=self._opened.run.progress)

    def evaluate(
        self,
        protocol: Protocol = "temporal",
        model: str = "hybrid",
        ks: Sequence[int] = (10, 20),
        budget: float | None = None,
        trials: Path | str | None = None,
    ) -> GraphEffect:
        """Whether the knowledge graph helps: a model with it, without it, shuffled, and on interactions only.

        Args:
            protocol: ``temporal``, ``random`` or ``leave-last``.
            model: its name.
            ks: lengths of lists; the first decides.
            budget: seconds for each of the four.
            trials: the JSON of an earlier evaluation, whose trials are repeated.

        Raises:
            InvalidInput: the model cannot be fitted without the graph.
        """
        from recommender.evaluation.knowledge import graph_on_store

        return graph_on_store(
            self._opened.store,
            self._opened.run,
            encode=self._opened.encode,
            protocol=protocol,
            meaning=self._opened.config.meaning,
            model=model,
            ks=ks,
            budget=budget,
            trials=None if trials is None else Path(trials),
        )

    def mentions(self, margin: float = 0.1, dry_run: bool = False) -> tuple[list[Mention], MentionReport]:
        """Find known names in all texts and link them as ``MENTIONS``, in place of those that were linked before.

        Args:
            margin: least cosine that decides an ambiguous name, see :mod:`recommender.mentions`.
            dry_run: find them, and leave the graph as it is.

        Raises:
            MissingExtra: ahocorasick-rs is not installed.
        """
        from kg import snapshot
        from recommender.mentions import LinkConfig, find_mentions, write_mentions

        store, progress = self._opened.store, self._opened.run.progress
        taken = snapshot.take(store, progress=progress)
        mentions, report = find_mentions(taken, self._opened.encode, LinkConfig(margin=margin), progress=progress)
        if not dry_run:
            write_mentions(store, taken, mentions)
        return mentions, report

    def neighbourhood(
        self, id: Id, label: str | None = None, *, hops: int = 1, max_nodes: int = 60, relations: Sequence[str] = ()
    ) -> nx.MultiDiGraph:
        """What lies around a node, for networkx; see :func:`kg.view.ego`.

        Args:
            id: of a person, an item or an entity.
            label: one of :data:`kg.view.SEEN`, such as ``User``; None takes the first that has a node ``id``.
            hops: edges from the middle at most.
            max_nodes: nodes at most.
            relations: types of edges to follow; none means all.

        Raises:
            QueryFailed: there is no such node.
            MissingExtra: networkx is not installed.
        """
        from kg import view

        store, id = self._opened.store, one_id(id, "id")
        found = label or view.label_of(store, id)
        return view.ego(store, found, id, hops=hops, max_nodes=max_nodes, relations=relations)

    def write_item_vectors(self) -> int:
        """Write the published version's item vectors to the graph, for :meth:`nearest_items` and for other clients.

        Returns how many; see :func:`recommender.neighbours.write_item_vectors`.
        """
        from recommender.neighbours import write_item_vectors

        opened = self._opened
        return write_item_vectors(opened.store, opened.serving.model(), progress=opened.run.progress)

    def nearest_items(self, item: Id, k: int = 10) -> list[dict[str, Any]]:
        """The items whose texts are most like an item's, see :func:`recommender.neighbours.nearest_items`."""
        from recommender.neighbours import nearest_items

        return nearest_items(self._opened.store, self._opened.serving.model(), one_id(item, "item"), length(k))

    def nearest_people(self, user: Id, k: int = 10) -> list[dict[str, Any]]:
        """The people with the most like interests, see :func:`recommender.neighbours.nearest_people`."""
        from recommender.neighbours import nearest_people

        return nearest_people(self._opened.store, one_id(user, "user"), length(k))
