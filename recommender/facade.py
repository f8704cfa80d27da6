"""The facade: everything that tastegraph does with one graph, each in one call."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from kg import queries
from kg.engines import open_store
from kg.errors import RecordError
from kg.ingest import IngestReport, ingest
from kg.merging import NameMerge, can_be_read_again, merge_of, write_merges
from kg.readers import (
    EventMapping,
    ItemMapping,
    UserMapping,
    read_events,
    read_items,
    read_links,
    read_users,
)
from kg.readers.knowledge import read_knowledge
from kg.records import Record, Reject, Scale
from kg.store import Result, Store
from recommender.context import RunContext
from recommender.errors import ArtefactError
from recommender.refresh import versions

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from kg.rdf.mapping import RdfMapping
    from kg.report import GraphReport
    from recommender.bridge import Encode
    from recommender.evaluation.knowledge import GraphEffect
    from recommender.evaluation.reading import Files
    from recommender.evaluation.report import Report
    from recommender.evaluation.stores import Protocol
    from recommender.feedback import FeedbackReceipt, FeedbackWriter
    from recommender.forget import ForgetReceipt
    from recommender.mentions import Mention, MentionReport
    from recommender.model import Model
    from recommender.refresh.config import RefreshConfig
    from recommender.refresh.run import Done, RefreshReport
    from recommender.serving import Serving
    from recommender.texts import Texts
    from text.encoder import EncoderConfig

log = logging.getLogger(__name__)


class Recommender:
    """A graph with its published model: recommend, explain, profile, feed back.

    Open one with :meth:`open`; it is a context manager and may be used from several threads.
    """

    def __init__(self, store: Store, run: RunContext | None = None, config: RefreshConfig | None = None) -> None:
        self._store = store
        self._run = run
        self._given = config
        self._writer: tuple[Model | None, FeedbackWriter] | None = None
        # Reading a history and writing its profile is one step, or an older profile could overwrite a newer one.
        self._profiling = threading.Lock()
        self._opened: dict[tuple[EncoderConfig, str | None], Texts] = {}

    @classmethod
    def open(
        cls,
        location: str | Path = "./tastegraph-data",
        *,
        work: Path | None = None,
        create: bool = True,
        run: RunContext | None = None,
        config: RefreshConfig | None = None,
    ) -> Recommender:
        """Open a graph.

        Args:
            location: a folder (embedded engine, one process at a time), or the URL of a Neo4j server, whose name and
                password are read from ``NEO4J_USERNAME``, ``NEO4J_PASSWORD`` and ``NEO4J_DATABASE``.
            work: where vectors and model versions lie; by default inside the folder, or ``TASTEGRAPH_WORK``.
            create: make an empty graph where the folder holds none; otherwise that is an error.
            run: device, threads, seed.
            config: of refreshes.

        Raises:
            StoreInUse: another process has the folder open.
            StoreUnavailable: no server answers, or it rejects the credentials.
        """
        return cls(open_store(location, work=work, create=create), run, config)

    def __repr__(self) -> str:
        return f"Recommender({self._store.address!r})"

    @property
    def store(self) -> Store:
        """The graph underneath."""
        return self._store

    # Ingestion -------------------------------------------------------------------------------------------------------

    def ingest(
        self,
        events: Any = None,
        *,
        items: Any = None,
        users: Any = None,
        triples: Any = None,
        links: Any = None,
        mapping: EventMapping | None = None,
        item_mapping: ItemMapping | None = None,
        user_mapping: UserMapping | None = None,
        rdf_mapping: RdfMapping | None = None,
        scale: tuple[float, float] | None = None,
        kind: str | None = None,
        strict: bool = False,
        dry_run: bool = False,
        rejects: Path | None = None,
        merge: bool = True,
    ) -> IngestReport:
        """Write data to the graph; each event once, however often it is given.

        Args:
            events: a path, a DataFrame or an iterable of mappings with the usual column names, see
                :func:`kg.readers.read_events`.
            items: likewise, :func:`kg.readers.read_items`.
            users: likewise, :func:`kg.readers.read_users`.
            triples: a file of RDF, or head, relation, tail, :func:`kg.readers.knowledge.read_knowledge`.
            links: item id, entity id, :func:`kg.readers.read_links`.
            mapping: which columns of ``events`` are what, such as ``EventMapping(user="customer", item="sku")`` of
                :mod:`kg.readers`; by default those of the usual names.
            item_mapping: likewise of ``items``.
            rdf_mapping: what the predicates of RDF mean, :func:`kg.rdf.mapping_file.read_mapping`.
            user_mapping: likewise of ``users``.
            scale: lowest and highest rating.
            kind: of the events that do not say theirs.
            strict: an error at the first rejected row, and nothing of its batch is written.
            dry_run: read and check everything, write nothing.
            rejects: the file that takes rejected rows.
            merge: make near-duplicate names of attributes one, such as "Boss" and "BOSS" (:mod:`kg.merging`). Items and
                people are read twice for this; iterators, which can be read once only, keep their names as they are.
        """
        try:
            declared = None if scale is None else Scale(*map(float, scale))
        except (TypeError, ValueError):
            raise RecordError("scale", f"{scale!r} is not (lowest, highest), such as (1, 5)") from None
        sources: list[Iterator[Record | Reject]] = []
        if items is not None:
            sources.append(read_items(items, item_mapping))
        if users is not None:
            sources.append(read_users(users, user_mapping))
        if triples is not None:
            sources.append(read_knowledge(triples, links, rdf_mapping, progress=self.run.progress))
        elif links is not None:
            sources.append(read_links(links))
        if events is not None:
            sources.append(read_events(events, mapping, kind=kind, scale=declared))
        named: list[Iterator[Record | Reject]] = []
        if merge and can_be_read_again(items):
            named.append(read_items(items, item_mapping))
        if merge and can_be_read_again(users):
            named.append(read_users(users, user_mapping))
        return self.ingest_records(
            chain.from_iterable(sources),
            scale=declared,
            strict=strict,
            dry_run=dry_run,
            rejects=rejects,
            named=chain.from_iterable(named) if named else None,
        )

    def ingest_records(
        self,
        records: Iterable[Record | Reject],
        *,
        scale: Scale | None = None,
        strict: bool = False,
        dry_run: bool = False,
        rejects: Path | None = None,
        named: Iterable[Record | Reject] | None = None,
        merges: Path | None = None,
    ) -> IngestReport:
        """Write typed records, for example those of :mod:`kg.readers`, to the graph.

        ``named`` are the same items and people a second time: near-duplicate names in them are made one, and the report
        of that is written to ``merges`` as JSON. See :meth:`ingest` for the rest.
        """
        names = merge_of(self._store, named, progress=self.run.progress) if named is not None else NameMerge()
        report = ingest(
            self._store,
            records if named is None else names.take(records),
            scale=scale,
            strict=strict,
            dry_run=dry_run,
            rejects=rejects,
            progress=self.run.progress,
        )
        report.merged = names.merges()
        report.merges_file = str(write_merges(report.merged, merges)) if report.merged else None
        return report

    # The model -------------------------------------------------------------------------------------------------------

    def refresh(
        self,
        budget: float | None = None,
        only: str | None = None,
        full: bool = False,
        force: bool = False,
        recommend: int | None = None,
        done: Done | None = None,
    ) -> RefreshReport:
        """Learn from the graph and publish the result; readers keep the version before until the end.

        Args:
            budget: seconds of tuning; by default :attr:`RefreshConfig.tune_seconds`.
            only: run this stage alone.
            full: read the whole graph and fit everything anew, however little has changed.
            force: publish even a version that is worse than the published one, which would be kept back.
            recommend: length of the list that each person gets in the graph; by default
                :attr:`RefreshConfig.recommend`.
            done: takes each stage that has ended.

        Raises:
            RefreshRunning: another refresh of this graph is running.
        """
        from dataclasses import replace

        from recommender.refresh.run import refresh

        config = self._config if budget is None else replace(self._config, tune_seconds=budget)
        config = config if recommend is None else replace(config, recommend=recommend)
        report = refresh(
            self._store,
            texts=self._texts(config.encoder),
            config=config,
            context=self.run,
            only=only,
            full=full,
            force=force,
            profiling=self._profiling,
            done=done or (lambda stage: None),
        )
        self._serving.forget_pointer()
        return report

    def models(self) -> list[dict[str, Any]]:
        """All versions with their figures, newest first; ``current`` marks the published one."""
        return versions.listing(self._store)

    def rollback(self, version: str | None = None) -> str:
        """Publish an earlier version again, by default the one before, and draw all profiles by it; returns its name.

        Raises:
            InvalidInput: no such version.
            RefreshRunning: a refresh of this graph is running.
        """
        from recommender.refresh.rollback import roll_back

        published = roll_back(
            self._store,
            version,
            self._encoder_of,
            self._config.profiles,
            self._profiling,
            progress=self.run.progress,
        )
        self._serving.forget_pointer()
        return published

    def prune(self, keep: int = 3) -> list[str]:
        """Remove all versions but the current one and the newest; returns the names of the removed."""
        return versions.prune(self._store, keep)

    # Answers ---------------------------------------------------------------------------------------------------------

    def recommend(
        self,
        users: str | Sequence[str] | None = None,
        k: int = 10,
        filter_seen: bool = True,
        items: Sequence[str] | None = None,
        reasons: bool = False,
    ) -> pd.DataFrame:
        """Lists for people of the graph: ``user_id, item_id, score, rank`` (with ``reasons`` also ``reason, title``).

        Args:
            users: one id, several, or None for everyone.
            k: length of each list.
            filter_seen: leave out items with which the person has an event; what they dislike is left out in any case.
            items: candidates; None: all.
            reasons: say why, for each row.

        Raises:
            UnknownUser: names those that the graph does not hold.
            NotRefreshed: there is no published model yet.
        """
        from recommender.serving import Query

        wanted = [users] if isinstance(users, str) else users
        return self._serving.recommend(wanted, Query(k, filter_seen, items, reasons))

    def recommend_for(
        self,
        history: Sequence[str] | None = None,
        text: str | None = None,
        k: int = 10,
        filter_seen: bool = True,
        items: Sequence[str] | None = None,
        reasons: bool = False,
    ) -> pd.DataFrame:
        """A list for somebody who is not in the graph: known by items that they like, by a text, or by both."""
        from recommender.serving import Query

        return self._serving.recommend_for(history, text, Query(k, filter_seen, items, reasons))

    def explain(
        self, user: str, item: str, without: Sequence[str] = (), since: datetime | None = None
    ) -> dict[str, Any]:
        """Why this score: ``score = baseline + sum of contributions``, with the paths of the graph behind them, and
        ``exact``: what would change without each item of the history that the reason may name.

        Args:
            user: id of a person.
            item: id of an item.
            without: items taken out of the history; ``without`` in the answer gives score and rank solved again.
            since: events and reviews before this moment are no edges of paths; what they contribute stays.
        """
        return self._serving.explain(user, item, without, since)

    def explain_for(
        self,
        item: str,
        history: Sequence[str] | None = None,
        text: str | None = None,
        without: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The same for somebody who is not in the graph: known by items that they like, by a text, or by both."""
        return self._serving.explain_for(item, history, text, without)

    def similar_items(self, item: str, k: int = 10) -> pd.DataFrame:
        """The items that go with an item: ``item_id, score, rank, title``."""
        return self._serving.similar_items(item, k)

    def write_item_vectors(self) -> int:
        """Write the published version's item vectors to the graph, for :meth:`nearest_items` and for other clients."""
        from recommender.neighbours import write_item_vectors

        return write_item_vectors(self._store, self._serving.model(), progress=self.run.progress)

    def nearest_items(self, item: str, k: int = 10) -> list[dict[str, Any]]:
        """The items whose texts are most like an item's, see :func:`recommender.neighbours.nearest_items`."""
        from recommender.neighbours import nearest_items

        return nearest_items(self._store, self._serving.model(), item, k)

    def nearest_people(self, user: str, k: int = 10) -> list[dict[str, Any]]:
        """The people with the most like interests, see :func:`recommender.neighbours.nearest_people`."""
        from recommender.neighbours import nearest_people

        return nearest_people(self._store, user, k)

    def profile(self, user: str) -> dict[str, Any]:
        """What the graph holds of a person: features, habits, interests, tags, segments.

        Raises:
            UnknownUser: no such person.
        """
        from recommender.profiles.read import read_profile

        return read_profile(self._store, user).to_dict()

    def feedback(
        self,
        user: str,
        item: str,
        kind: str,
        value: float | None = None,
        at: datetime | None = None,
        event_id: str | None = None,
        text: str | None = None,
    ) -> FeedbackReceipt:
        """Write an event; it is durable when this returns, and the person's next list reflects it.

        Args:
            user: id of a person, created when new.
            item: id of an item.
            kind: ``LIKED``, ``DISLIKED``, ``RATED``, ``PURCHASED``, ... or one of your own; case does not matter.
            value: rating, count or seconds.
            at: when; now by default.
            event_id: a repeated id changes nothing; a new one is made by default.
            text: what the person wrote.

        Raises:
            UnknownItem: the graph holds no such item.
            EventConflict: another event has this id.
        """
        return self._feedback.record(user, item, kind, value=value, at=at, event_id=event_id, text=text)

    def forget(self, user: str, refresh: bool = True) -> ForgetReceipt:
        """Remove a person from the graph, the working directory and the published model; they cannot come back.

        Called again after a crash it does the rest. What the engine keeps of deleted data, the receipt says.

        Args:
            user: id of a person.
            refresh: learn anew without them at once; otherwise the published version, which was learned with them,
                is served until the next refresh.

        Raises:
            UnknownUser: no such person.
            RefreshRunning: a refresh of this graph is running.
        """
        from recommender.forget import forget, left_to_refresh

        receipt = forget(self._store, user)
        if refresh and receipt.holding:
            self.refresh(full=True, force=True)
            left_to_refresh(self._store, receipt)
        return receipt

    def lift(self, user: str) -> bool:
        """Let a person who was forgotten come back; nothing of what they did comes with that."""
        from kg.forgotten import lift

        return lift(self._store, user)

    # The graph -------------------------------------------------------------------------------------------------------

    def cypher(self, text: str, /, **params: Any) -> Result:
        """Run a read-only query; whether it only reads is decided by the engine."""
        return self._store.query(text, params)

    def query(self, name: str, /, **params: Any) -> Result:
        """Run a named query, see :meth:`queries`."""
        return queries.run(self._store, name, params)

    @staticmethod
    def queries() -> Sequence[Any]:
        """The named queries with their descriptions and parameters."""
        return queries.catalogue()

    def status(self) -> dict[str, Any]:
        """What the graph holds, the published version, and what each part of its hybrid is worth."""
        (counts,) = self._store.read(queries.text("graph_counts"))
        model = versions.current(self._store)
        parts = versions.parts(self._store, model["version"]) if model else []
        return {"store": self._store.address, **counts, "model": model, "parts": parts}

    def kg_report(self, limit: int = 10) -> GraphReport:
        """What the knowledge graph covers and what looks wrong in it; each finding lists ``limit`` nodes at most."""
        from kg.findings import ReportConfig
        from kg.report import take_report

        return take_report(self._store, ReportConfig(limit=limit), progress=self.run.progress)

    def neighbourhood(
        self, id: str, label: str | None = None, *, hops: int = 1, max_nodes: int = 60, relations: Sequence[str] = ()
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
        """
        from kg import view

        found = label or view.label_of(self._store, id)
        return view.ego(self._store, found, id, hops=hops, max_nodes=max_nodes, relations=relations)

    def kg_mentions(self, margin: float = 0.1, dry_run: bool = False) -> tuple[list[Mention], MentionReport]:
        """Find known names in all texts and link them as ``MENTIONS``, in place of those that were linked before.

        Args:
            margin: least cosine that decides an ambiguous name, see :mod:`recommender.mentions`.
            dry_run: find them, and leave the graph as it is.

        Raises:
            MissingExtra: ahocorasick-rs is not installed.
        """
        from kg import snapshot
        from recommender.mentions import LinkConfig, find_mentions, write_mentions

        taken = snapshot.take(self._store, progress=self.run.progress)
        encode = self._texts(self._config.encoder).encode
        mentions, report = find_mentions(taken, encode, LinkConfig(margin=margin), progress=self.run.progress)
        if not dry_run:
            write_mentions(self._store, taken, mentions)
        return mentions, report

    # Evaluation ------------------------------------------------------------------------------------------------------

    def evaluate(
        self,
        protocol: str = "temporal",
        k: Sequence[int] = (10, 20),
        models: Sequence[str] | None = None,
        budget: float | None = None,
        files: Files | None = None,
        refit: bool = True,
        curve: Sequence[float] = (),
        folds: int = 5,
    ) -> Report:
        """Split the graph's events, tune on validation, and measure models side by side on the test part.

        Args:
            protocol: ``temporal``, ``random``, ``leave-last`` or ``k-fold``.
            k: lengths of lists.
            models: names; by default the hybrid and the simple baselines.
            budget: seconds of tuning.
            files: a split that stands in files, :class:`recommender.evaluation.reading.Files`, instead of this graph.
            refit: with files, whether the final fit sees the validation part too.
            curve: shares of the training pairs, in (0, 1), that every model is fitted on as well: learning curves.
            folds: of ``k-fold``, at least 3; each tunes and measures, and a person counts by the mean of their folds.
        """
        from recommender.evaluation.run import evaluate_files, evaluate_store

        if files is not None:
            from recommender.evaluation.files import FilesConfig

            encode = self._texts(self._config.encoder).encode if files.items else None
            config = FilesConfig(refit=refit)
            return evaluate_files(
                files, self.run, encode=encode, names=models, ks=k, budget=budget, config=config, curve=curve
            )

        return evaluate_store(
            self._store,
            self.run,
            encode=self._texts(self._config.encoder).encode,
            protocol=protocol,
            names=models,
            ks=k,
            budget=budget,
            meaning=self._config.meaning,
            curve=curve,
            folds=folds,
        )

    def kg_evaluate(
        self,
        protocol: Protocol = "temporal",
        model: str = "hybrid",
        ks: Sequence[int] = (10, 20),
        budget: float | None = None,
    ) -> GraphEffect:
        """Whether the knowledge graph helps: a model with it, without it, shuffled, and on interactions only.

        Args:
            protocol: ``temporal``, ``random`` or ``leave-last``.
            model: its name.
            ks: lengths of lists; the first decides.
            budget: seconds of tuning of each of the four.
        """
        from recommender.evaluation.knowledge import graph_on_store

        encode = self._texts(self._config.encoder).encode
        options: dict[str, Any] = {"model": model, "ks": ks, "budget": budget}
        return graph_on_store(
            self._store, self.run, encode=encode, protocol=protocol, meaning=self._config.meaning, **options
        )

    # House -----------------------------------------------------------------------------------------------------------

    @cached_property
    def run(self) -> RunContext:
        """Device, threads, seed."""
        return self._run or RunContext()

    @cached_property
    def _config(self) -> RefreshConfig:
        """Made when first asked for: it knows of everything that learns, which reading the graph does not need."""
        from recommender.refresh.config import RefreshConfig

        return self._given or RefreshConfig()

    def _texts(self, config: EncoderConfig, expected: str | None = None) -> Texts:
        """The text model of a configuration, opened once."""
        from recommender.texts import open_texts

        key = (config, expected)
        if key not in self._opened:
            self._opened[key] = open_texts(self._store.work, self.run, config, expected)
        return self._opened[key]

    def _encoder_of(self, manifest: Mapping[str, Any]) -> Encode | None:
        """The text model that a version was made with."""
        from text.encoder import EncoderConfig

        made_with = manifest["encoder"]
        if made_with is None:
            return None
        return self._texts(EncoderConfig(**made_with["config"]), made_with["fingerprint"]).encode

    @cached_property
    def _serving(self) -> Serving:
        from recommender.serving import Serving

        return Serving(self._store, self._encoder_of, progress=self.run.progress)

    @property
    def _feedback(self) -> FeedbackWriter:
        """The writer that draws profiles by the version that is published now, where that can be read."""
        from recommender.feedback import FeedbackWriter

        try:
            version = self._serving.published()
        except (ArtefactError, OSError) as error:
            log.warning("the event is stored, but no profile is drawn before the next refresh: %s", error)
            version = None
        if self._writer is None or self._writer[0] is not version:
            writer = FeedbackWriter(
                self._store,
                version.profiles if version else None,
                segments=version.segments if version else None,
                config=self._config.profiles,
                profiling=self._profiling,
            )
            self._writer = (version, writer)
        return self._writer[1]

    def close(self) -> None:
        """Let go of the graph; a second call does nothing."""
        for texts in self._opened.values():
            texts.close()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
