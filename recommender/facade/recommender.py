"""The verbs that people use most: data in, learn, recommend, explain, feedback. The rest has rooms of its own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace as replaced
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, Unpack

from kg import queries
from kg.advice import advice
from kg.engines import open_store
from kg.ingest import IngestReport, ingest
from kg.progress import tqdm
from kg.readers import EventMapping, ItemMapping, SocialMapping, UserMapping
from kg.readers.form import Form, Options
from kg.records import Begins, Record, Reject, Scale
from kg.store import Result, Store
from recommender.budget import Budget, check_budget
from recommender.context import RunContext
from recommender.errors import InvalidInput, RecommenderError
from recommender.facade.graph import Graph
from recommender.facade.models import Models
from recommender.facade.opened import Opened
from recommender.ids import MAX_HISTORY, MAX_IDS, Id, ids, length, one_id, one_or_more
from recommender.refresh import versions
from recommender.sources.document import Verb
from recommender.sources.given import Given, kinds_given, scale_given
from recommender.sources.reading import Readings
from recommender.sources.remembered import called, listed

if TYPE_CHECKING:
    import pandas as pd

    from kg.rdf.mapping import RdfMapping
    from kg.undo import Undone
    from recommender.evaluation.report import Report
    from recommender.explain.steps import PathConfig
    from recommender.feedback import FeedbackReceipt
    from recommender.forget import ForgetReceipt
    from recommender.meaning import Declared
    from recommender.refresh.config import RefreshConfig
    from recommender.refresh.report import Done, RefreshReport
    from recommender.serving import Query
    from recommender.sources.document import Source


class Recommender:
    """A graph with its published model: recommend, explain, profile, feed back.

    Open one with :meth:`open`; it is a context manager and may be used from several threads. What is asked more rarely
    is reached by :attr:`graph` and :attr:`models`.
    """

    def __init__(
        self,
        store: Store,
        run: RunContext | None = None,
        config: RefreshConfig | None = None,
        paths: PathConfig | None = None,
    ) -> None:
        self._opened = Opened(store, run, config, paths)
        self.store = store
        """The store underneath."""
        self.graph = Graph(self._opened)
        """The knowledge graph by itself: report, evaluation, mentions, neighbourhoods, the nearest by vector."""
        self.models = Models(self._opened)
        """Published versions: list, roll back, prune."""

    @classmethod
    def open(
        cls,
        location: str | Path = "./tastegraph-data",
        *,
        work: Path | None = None,
        create: bool = True,
        run: RunContext | None = None,
        config: RefreshConfig | None = None,
        paths: PathConfig | None = None,
    ) -> Recommender:
        """Open a graph.

        Args:
            location: a folder (embedded engine, one process at a time), or the URL of a Neo4j server, whose name and
                password are read from ``NEO4J_USERNAME``, ``NEO4J_PASSWORD`` and ``NEO4J_DATABASE``.
            work: where vectors and model versions lie; by default inside the folder, or ``TASTEGRAPH_WORK``.
            create: make an empty graph where the folder holds none; otherwise that is an error.
            run: device, threads, seed.
            config: of refreshes.
            paths: of explanations: which relations and entities reasons may speak of, and in which words.

        Raises:
            StoreInUse: another process has the folder open.
            StoreUnavailable: no server answers, or it rejects the credentials.
        """
        return cls(open_store(location, work=work, create=create), run, config, paths)

    def __repr__(self) -> str:
        return f"Recommender({self.store.address!r})"

    @property
    def run(self) -> RunContext:
        """Device, threads, seed."""
        return self._opened.run

    # Ingestion -------------------------------------------------------------------------------------------------------

    def ingest(
        self,
        events: Any = None,
        *,
        items: Any = None,
        users: Any = None,
        social: Any = None,
        triples: Any = None,
        links: Any = None,
        lists: Any = None,
        recbole: Any = None,
        amazon: Any = None,
        amazon_items: Any = None,
        mapping: EventMapping | Mapping[str, Any] | None = None,
        item_mapping: ItemMapping | Mapping[str, Any] | None = None,
        user_mapping: UserMapping | Mapping[str, Any] | None = None,
        social_mapping: SocialMapping | Mapping[str, Any] | None = None,
        rdf_mapping: RdfMapping | None = None,
        source: Source | Path | str | None = None,
        folder: Path | str | None = None,
        form: Form | Mapping[str, Any] | None = None,
        item_form: Form | Mapping[str, Any] | None = None,
        user_form: Form | Mapping[str, Any] | None = None,
        social_form: Form | Mapping[str, Any] | None = None,
        triple_form: Form | Mapping[str, Any] | None = None,
        link_form: Form | Mapping[str, Any] | None = None,
        type: str = "FRIEND",
        scale: tuple[float, float] | None = None,
        kind: str | None = None,
        meanings: Mapping[str, str] | None = None,
        weights: Mapping[str, float] | None = None,
        strict: bool = False,
        strict_meaning: bool = False,
        dry_run: bool = False,
        rejects: str | os.PathLike[str] | None = None,
        merges: str | os.PathLike[str] | None = None,
        merge: bool = True,
        anew: bool = False,
        trust: bool = False,
        replace: bool = False,
        name: str | None = None,
        **options: Unpack[Options],
    ) -> IngestReport:
        """Write data to the graph; each event once, however often it is given.

        Args:
            events: a path, a DataFrame or an iterable of mappings with the usual column names, see
                :func:`kg.readers.read_events`.
            items: likewise, :func:`kg.readers.read_items`.
            users: likewise, :func:`kg.readers.read_users`.
            social: whom people know, :func:`kg.readers.read_social`.
            triples: a file of RDF, or head, relation, tail, :func:`kg.readers.knowledge.read_knowledge`.
            links: item id, entity id, :func:`kg.readers.read_links`.
            lists: a file of LightGCN's lists, :func:`kg.readers.read_lists`.
            recbole: a folder of RecBole's atomic files, :func:`kg.readers.read_recbole`.
            amazon: a file of Amazon's reviews, :func:`kg.readers.read_amazon_reviews`.
            amazon_items: likewise their metadata.
            mapping: which columns of ``events`` are what, such as ``EventMapping(user="customer", item="sku")`` of
                :mod:`kg.readers`, or the same as a dict; by default those of the usual names.
            item_mapping: likewise of ``items``.
            rdf_mapping: what the predicates of RDF mean, :func:`kg.rdf.mapping_file.read_mapping`.
            user_mapping: likewise of ``users``.
            social_mapping: likewise of ``social``.
            source: a document that says all of this (:mod:`recommender.sources.document`), or its path, in place of
                single tables.
            folder: where the files of ``source`` are; by default beside its document.
            form: how ``events`` (``lists``, ``recbole``, ``amazon``) are written: columns without a header, codes for
                none, encoding, times, ...; a :class:`kg.readers.form.Form`, or a dict of its fields.
            item_form: likewise ``items`` (``amazon_items``).
            user_form: likewise ``users``.
            social_form: likewise ``social``.
            triple_form: likewise ``triples``.
            link_form: likewise ``links``.
            type: of ties: ``FRIEND`` counts both ways, ``FOLLOWS`` and others one way.
            scale: lowest and highest rating.
            kind: of the events that do not say theirs.
            meanings: what the values of kinds are: ``rating``, ``count``, ``flag``, ``event``, or ``like`` (0 is a
                dislike).
            weights: of one event by kind, in [-1, 1], when its value does not say more.
            strict: an error at the first rejected row, and nothing of its batch is written.
            strict_meaning: an error before anything is written where something may have been meant otherwise: what the
                values of a kind mean, times, ids, words for none, lists; everything is read once before, so iterators
                are refused.
            dry_run: read and check everything, write nothing.
            rejects: the file that takes rejected rows; by default in the working directory of the store.
            merges: likewise the report on names that were made one.
            merge: make near-duplicate names of attributes one, such as "Boss" and "BOSS" (:mod:`kg.merging`). Items and
                people are read twice for this; iterators, which can be read once only, keep their names as they are.
            anew: take nothing over from what was stated of earlier sources of the same columns.
            trust: read packed files however far they grow; all other bounds hold.
            replace: first take out what sources of these names have brought (:meth:`undo`), once all of the new reading
                is known to be good; how they were read before is not asked. Iterators are refused.
            name: what the source is called, by which :meth:`undo` knows it; by default the name of the file, and of
                what is in memory that of its type, such as ``DataFrame``.
            options: the fields of a form as arguments, of the only table that is given:
                ``ingest("ratings.dat", delimiter="::", columns=["user", "item", "rating", "at"])``.

        Raises:
            InvalidInput: with ``strict_meaning``, something may have been meant otherwise; says what, and what settles
                it.
            RecordError: an argument is none, or says nothing of what is read; names it.
        """
        kinds = kinds_given(meanings, weights)
        if source is not None:
            document, place = self._document(source, folder)
            default = document.name or "source" if document is source else called(source)
            whole = Begins("source", name or default)
            readings = Readings.of(document, place, kinds, whole=whole, trust=trust, merge=merge)
        else:
            interactions: list[Verb] = ["events", "lists", "recbole", "amazon-reviews"]
            sources = [events, lists, recbole, amazon]
            forms: dict[Verb, Any] = {
                own: form for own, there in zip(interactions, sources, strict=True) if there is not None
            }
            if form is not None and len(forms) != 1:
                there = ", ".join(forms) or "none of these"
                raise InvalidInput(f"form= is of events, lists, recbole or amazon, and there are {there}")
            given = Given(
                {
                    **dict(zip(interactions, sources, strict=True)),
                    "items": items,
                    "users": users,
                    "amazon-items": amazon_items,
                    "social": social,
                    "triples": triples,
                    "links": links,
                },
                {
                    **forms,
                    ("items" if amazon_items is None else "amazon-items"): item_form,
                    "users": user_form,
                    "social": social_form,
                    "triples": triple_form,
                    "links": link_form,
                },
                options,
                mapping,
                item_mapping,
                user_mapping,
                social_mapping,
                rdf_mapping,
                type,
                scale_given(scale),
                kind,
                kinds,
                trust,
                self.run.progress,
                name,
            )
            readings = given.readings(anew=anew, merge=merge)
        return self.ingest_readings(
            readings,
            strict=strict,
            strict_meaning=strict_meaning,
            dry_run=dry_run,
            replace=replace,
            rejects=None if rejects is None else Path(rejects),
            merges=None if merges is None else Path(merges),
        )

    def _document(self, source: Source | Path | str, folder: Path | str | None) -> tuple[Source, Path]:
        """A source document, and where its files are."""
        from recommender.sources.document import Source, read_source

        if not isinstance(source, Source):
            return read_source(Path(source)), Path(folder or Path(source).parent)
        if folder is None:
            raise InvalidInput("folder= is needed: the folder that holds the files of the source")
        return source, Path(folder)

    def ingest_readings(
        self,
        readings: Readings,
        *,
        strict: bool = False,
        strict_meaning: bool = False,
        dry_run: bool = False,
        replace: bool = False,
        rejects: Path | None = None,
        merges: Path | None = None,
    ) -> IngestReport:
        """Write what is read as it is said, and as the graph remembers; see :meth:`ingest` for the rest.

        Raises:
            InvalidInput: with ``strict_meaning``, what is read may have been meant otherwise; with it or ``replace``,
                it is read once only.
        """
        if strict_meaning:
            readings.require_read_twice(advice("--strict-meaning", "strict_meaning=True"))
        if replace:
            readings.require_read_twice(advice("--replace", "replace=True"))
        else:
            readings.settle(self.store)
        with readings.advised():
            if strict_meaning:
                self._check_meaning(readings.records(), readings.doubts(), overlaps=readings.overlaps)
            if replace and not dry_run:
                self._make_way(readings, strict=strict)
            report = self.ingest_records(
                readings.records(),
                scale=readings.scale,
                strict=strict,
                dry_run=dry_run,
                rejects=rejects,
                merges=merges,
                named=readings.named(),
                overlaps=readings.overlaps,
            )
        report.suspicions = [*readings.doubts(), *report.suspicions]
        if not (dry_run or report.is_nothing):
            readings.keep(self.store)
        return report

    def _make_way(self, readings: Readings, *, strict: bool) -> None:
        """Take out what sources have brought, once it is known that they can be read again."""
        from recommender.undo import make_way

        records, progress = readings.records(), self.run.progress
        make_way(self.store, readings.sources, records, scale=readings.scale, strict=strict, progress=progress)

    def undo(self, source: str, dry_run: bool = False) -> Undone:
        """Take out what one source alone has brought; what others brought as well stays, and so does feedback.

        Called again after a crash it does the rest. The published version, learned with it, serves until the next
        refresh.

        Args:
            source: its name as :meth:`status` lists it, or ``verb:name`` where several verbs have read one so called.
            dry_run: only count.

        Raises:
            InvalidInput: there is no such source, or nothing notes what came from it.
            RefreshRunning: a refresh of this graph is running.
        """
        from recommender.undo import undo_source

        return undo_source(self.store, source, dry_run=dry_run, progress=self.run.progress)

    def ingest_records(
        self,
        records: Iterable[Record | Reject | Begins],
        *,
        scale: Scale | None = None,
        strict: bool = False,
        dry_run: bool = False,
        rejects: Path | None = None,
        named: Iterable[Record | Reject] | None = None,
        merges: Path | None = None,
        before: Iterable[Record | Reject | Begins] | None = None,
        overlaps: bool = False,
    ) -> IngestReport:
        """Write typed records, for example those of :mod:`kg.readers`, to the graph.

        Those that follow a :class:`kg.records.Begins` are of that source, which :meth:`undo` takes out.

        ``named`` are the same items and people a second time: near-duplicate names in them are made one, and the report
        of that is written to ``merges`` as JSON. ``before`` are all records a second time, as ``strict_meaning`` wants
        them; ``overlaps`` says that items or people are among them, of which the ids of events should be. See
        :meth:`ingest` for the rest.

        Raises:
            InvalidInput: something among ``before`` is doubtful; says what and why.
        """
        from recommender.inspection.doubts import Watch

        if before is not None:
            self._check_meaning(before, overlaps=overlaps)
        watch = Watch(overlaps=overlaps)
        report = ingest(
            self.store,
            watch.watch(records),
            scale=scale,
            strict=strict,
            dry_run=dry_run,
            rejects=rejects,
            named=named,
            merges=merges,
            progress=self.run.progress,
        )
        report.kinds = watch.tally.summaries(self._declared(), self._opened.meaning)
        report.suspicions = watch.doubts()
        return report

    def _declared(self) -> dict[str, Declared]:
        """What the graph says of kinds of events."""
        from recommender.meaning import declarations

        return declarations(self.store.read(queries.text("kinds")))

    def _check_meaning(
        self, records: Iterable[Record | Reject | Begins], before: Iterable[str] = (), *, overlaps: bool = False
    ) -> None:
        from recommender.inspection.doubts import require_no_doubt

        with tqdm(records, unit=" records", desc="look", disable=not self.run.progress, leave=False) as bar:
            require_no_doubt(bar, self._declared(), self._opened.meaning, before=before, overlaps=overlaps)

    # The model -------------------------------------------------------------------------------------------------------

    def refresh(
        self,
        budget: Budget | float | None = None,
        only: str | None = None,
        full: bool = False,
        force: bool = False,
        recommend: int | None = None,
        done: Done | None = None,
        trials: Path | str | None = None,
    ) -> RefreshReport:
        """Learn from the graph and publish the result; readers keep the version before until the end.

        Args:
            budget: seconds for all of it; by default :attr:`RefreshConfig.tune_seconds`. What it gives depends on the
                machine: only its trials make it again.
            only: run this stage alone.
            full: read the whole graph and fit everything anew, however little has changed.
            force: publish even a version that is worse than the published one, which would be kept back.
            recommend: length of the list that each person gets in the graph; by default
                :attr:`RefreshConfig.recommend`.
            done: takes each stage that has ended.
            trials: the ``manifest.json`` of a version, or its folder: its trials are repeated, by no clock, which gives
                the same lists on the same graph with the same settings; by default :attr:`RefreshConfig.trials`.

        Raises:
            RefreshRunning: another refresh of this graph is running.
        """
        from recommender.refresh.run import refresh

        opened = self._opened
        check_budget(budget, "the budget, tune_seconds,")
        waited = Budget.of(opened.config.tune_seconds if budget is None else budget)
        config = replaced(opened.config, tune_seconds=waited.seconds)
        config = config if trials is None else replaced(config, trials=Path(trials))
        config = config if recommend is None else replaced(config, recommend=recommend)
        report = refresh(
            opened.store,
            texts=opened.texts(config.encoder),
            config=config,
            context=opened.run,
            only=only,
            full=full,
            force=force,
            profiling=opened.profiling,
            budget=waited,
            done=done or (lambda stage: None),
        )
        opened.serving.forget_pointer()
        return report

    # Answers ---------------------------------------------------------------------------------------------------------

    def recommend(
        self,
        users: Id | Iterable[Id] | None = None,
        k: int = 10,
        filter_seen: bool = True,
        items: Iterable[Id] | None = None,
        reasons: bool = False,
        exclude: Iterable[Id] | None = None,
        strict_users: bool = False,
    ) -> pd.DataFrame:
        """Lists for people of the graph: ``user_id, item_id, score, rank`` (with ``reasons`` also ``reason, title``).

        Somebody whom the graph does not hold gets the list of somebody of whom nothing is known. Where there is such a
        person, and only then, there is a column ``known``. ``attrs["unknown"]`` has the ids that were not found, by the
        argument in which they stood: ``users``, ``items``, ``exclude``.

        Args:
            users: one id, several, or None for everyone.
            k: length of each list.
            filter_seen: leave out items with which the person has an event; what they dislike is left out in any case.
            items: candidates; None: all. Those that the published version does not hold are passed over.
            reasons: say why, for each row.
            exclude: items that no list may hold.
            strict_users: whether somebody whom the graph does not hold is an error.

        Raises:
            UnknownUser: with ``strict_users``; names those that the graph does not hold.
            InvalidInput: something is no id: neither text nor a whole number.
            NotRefreshed: there is no published model yet.
        """
        wanted = None if users is None else one_or_more(users, "users")
        query = _query(k, filter_seen, items, exclude, reasons, strict_users)
        return self._opened.serving.recommend(wanted, query)

    def recommend_for(
        self,
        history: Iterable[Id] | None = None,
        text: str | None = None,
        k: int = 10,
        filter_seen: bool = True,
        items: Iterable[Id] | None = None,
        reasons: bool = False,
        exclude: Iterable[Id] | None = None,
    ) -> pd.DataFrame:
        """A list for somebody who is not in the graph: known by items that they like, by a text, or by both.

        Items of the history that the published version does not hold are passed over, and stand in
        ``attrs["unknown"]``; where it holds none of them and there is no text, that is an error.
        """
        query = _query(k, filter_seen, items, exclude, reasons)
        return self._opened.serving.recommend_for(_ids_or_none(history, "history", MAX_HISTORY), text, query)

    def explain(
        self,
        user: Id,
        item: Id,
        without: Iterable[Id] = (),
        since: datetime | str | float | None = None,
        strict_users: bool = False,
    ) -> dict[str, Any]:
        """Why this score: ``score = baseline + sum of contributions``, with the paths of the graph behind them, and
        ``exact``: what would change without each item of the history that the reason may name.

        Args:
            user: id of a person.
            item: id of an item.
            without: items taken out of the history; ``without`` in the answer gives score and rank solved again.
            since: events and reviews before this moment are no edges of paths; what they contribute stays. In any form
                that :func:`kg.readers.cleaning.timestamp` reads.
            strict_users: whether somebody whom the graph does not hold is an error; otherwise the score is explained
                that somebody unknown gets, and ``known`` is False.
        """
        person, thing, left_out = one_id(user, "user"), one_id(item, "item"), ids(without, "without", MAX_HISTORY)
        return self._opened.serving.explain(person, thing, left_out, since, strict_users=strict_users)

    def explain_for(
        self,
        item: Id,
        history: Iterable[Id] | None = None,
        text: str | None = None,
        without: Iterable[Id] = (),
    ) -> dict[str, Any]:
        """The same for somebody who is not in the graph: known by items that they like, by a text, or by both."""
        known, left_out = _ids_or_none(history, "history", MAX_HISTORY), ids(without, "without", MAX_HISTORY)
        return self._opened.serving.explain_for(one_id(item, "item"), known, text, left_out)

    def similar_items(self, item: Id, k: int = 10) -> pd.DataFrame:
        """The items that are most like an item, by all that the model says of items, however popular they are:
        ``item_id, score, rank, title``. See :func:`recommender.neighbours.likeness`."""
        return self._opened.serving.similar_items(one_id(item, "item"), length(k))

    def profile(self, user: Id) -> dict[str, Any]:
        """What the graph holds of a person: features, habits, interests, tags, segments.

        Raises:
            UnknownUser: no such person.
        """
        from recommender.profiles.read import read_profile

        return read_profile(self.store, one_id(user, "user")).to_dict()

    def feedback(
        self,
        user: Id,
        item: Id,
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
        user, item = one_id(user, "user"), one_id(item, "item")
        return self._opened.feedback.record(user, item, kind, value=value, at=at, event_id=event_id, text=text)

    def forget(self, user: Id, refresh: bool = True) -> ForgetReceipt:
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

        receipt = forget(self.store, one_id(user, "user"))
        if refresh and receipt.holding:
            with left_to_refresh(self.store, receipt):
                self.refresh(full=True, force=True)
        return receipt

    def lift(self, user: Id) -> bool:
        """Let a person who was forgotten come back; nothing of what they did comes with that."""
        from kg.forgotten import lift

        return lift(self.store, one_id(user, "user"))

    # The graph -------------------------------------------------------------------------------------------------------

    def cypher(self, text: str, /, **params: Any) -> Result:
        """Run a read-only query; whether it only reads is decided by the engine."""
        return self.store.query(text, params)

    def query(self, name: str, /, **params: Any) -> Result:
        """Run a named query, see :meth:`queries`."""
        return queries.run(self.store, name, params)

    @staticmethod
    def queries() -> Sequence[Any]:
        """The named queries with their descriptions and parameters."""
        return queries.catalogue()

    def status(self) -> dict[str, Any]:
        """What the graph holds, the published version, the worth of each part of its hybrid, and how files are read."""
        (counts,) = self.store.read(queries.text("graph_counts"))
        model = versions.current(self.store)
        parts = versions.parts(self.store, model["version"]) if model else []
        return {"store": self.store.address, **counts, "model": model, "parts": parts, "sources": listed(self.store)}

    # Evaluation ------------------------------------------------------------------------------------------------------

    def evaluate(
        self,
        protocol: str = "temporal",
        k: Sequence[int] = (10, 20),
        models: Sequence[str] | None = None,
        budget: Budget | float | None = None,
        curve: Sequence[float] = (),
        folds: int = 5,
        trials: Path | str | None = None,
    ) -> Report:
        """Split the graph's events, tune on validation, and measure models side by side on the test part.

        A split that stands in files needs no graph: :func:`recommender.evaluation.run.evaluate_files`.

        Args:
            protocol: ``temporal``, ``rolling``, ``random``, ``leave-last`` or ``k-fold``.
            k: lengths of lists.
            models: names; by default the hybrid and the simple baselines.
            budget: seconds for all of it; see :meth:`refresh`.
            curve: shares of the training pairs, in (0, 1), that every model is fitted on as well: learning curves.
            folds: of ``k-fold``, or cuts of ``rolling``, at least 3; each tunes and measures, and a person counts by
                the mean of those that test them.
            trials: the JSON of an earlier evaluation, or the ``manifest.json`` of a version: its trials are repeated.

        Raises:
            InvalidInput: no such protocol or model, or nobody has anything to be found in the test part.
        """
        from recommender.evaluation.run import evaluate_store

        return evaluate_store(
            self.store,
            self.run,
            encode=self._opened.encode,
            protocol=protocol,
            names=models,
            ks=k,
            budget=budget,
            meaning=self._opened.config.meaning,
            curve=curve,
            folds=folds,
            trials=None if trials is None else Path(trials),
        )

    # House -----------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Let go of the graph; a second call does nothing."""
        self._opened.close()

    def __reduce__(self) -> NoReturn:
        raise RecommenderError(
            f"{self!r} holds an open graph and can be neither pickled nor copied; open one in each process, by "
            "Recommender.open(...), and share it between threads"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _query(
    k: int,
    filter_seen: bool,
    items: Iterable[Id] | None,
    exclude: Iterable[Id] | None,
    reasons: bool,
    strict_users: bool = False,
) -> Query:
    from recommender.serving import Query

    return Query(
        k, filter_seen, _ids_or_none(items, "items"), _ids_or_none(exclude, "exclude") or (), reasons, strict_users
    )


def _ids_or_none(values: Iterable[Id] | None, name: str, most: int = MAX_IDS) -> list[str] | None:
    return None if values is None else ids(values, name, most)
