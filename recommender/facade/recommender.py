"""The verbs that people use most: data in, learn, recommend, explain, feedback. The rest has rooms of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self

from kg import queries
from kg.engines import open_store
from kg.errors import RecordError
from kg.ingest import IngestReport, ingest
from kg.merging import can_be_read_again
from kg.progress import tqdm
from kg.readers import EventMapping, ItemMapping, SocialMapping, UserMapping, read_items, read_social, read_users
from kg.readers.form import Form
from kg.readers.knowledge import read_knowledge
from kg.readers.mapping import mapping_of
from kg.readers.stream import trusted
from kg.records import KindRecord, Record, Reject, Scale, event_kind
from kg.store import Result, Store
from recommender.budget import Budget, check_budget
from recommender.context import RunContext
from recommender.errors import InvalidInput, RecommenderError
from recommender.facade.graph import Graph
from recommender.facade.models import Models
from recommender.facade.opened import Opened
from recommender.ids import MAX_HISTORY, MAX_IDS, Id, ids, length, one_id, one_or_more
from recommender.refresh import versions
from recommender.sources.reading import Reading
from recommender.sources.remembered import events_table, nodes_table, remembered

if TYPE_CHECKING:
    import pandas as pd

    from kg.rdf.mapping import RdfMapping
    from recommender.evaluation.report import Report
    from recommender.explain.steps import PathConfig
    from recommender.feedback import FeedbackReceipt
    from recommender.forget import ForgetReceipt
    from recommender.inspection.kinds import KindSummary, Tally
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
        mapping: EventMapping | Mapping[str, Any] | None = None,
        item_mapping: ItemMapping | Mapping[str, Any] | None = None,
        user_mapping: UserMapping | Mapping[str, Any] | None = None,
        social_mapping: SocialMapping | Mapping[str, Any] | None = None,
        rdf_mapping: RdfMapping | None = None,
        source: Source | Path | str | None = None,
        folder: Path | str | None = None,
        form: Form | None = None,
        item_form: Form | None = None,
        user_form: Form | None = None,
        social_form: Form | None = None,
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
        trust: bool = False,
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
            mapping: which columns of ``events`` are what, such as ``EventMapping(user="customer", item="sku")`` of
                :mod:`kg.readers`, or the same as a dict; by default those of the usual names.
            item_mapping: likewise of ``items``.
            rdf_mapping: what the predicates of RDF mean, :func:`kg.rdf.mapping_file.read_mapping`.
            user_mapping: likewise of ``users``.
            social_mapping: likewise of ``social``.
            source: a document that says all of this (:mod:`recommender.sources.document`), or its path, in place of
                single tables.
            folder: where the files of ``source`` are; by default beside its document.
            form: how ``events`` are written: columns without a header, codes for none, encoding, times, ...
            item_form: likewise ``items``.
            user_form: likewise ``users``.
            social_form: likewise ``social``.
            type: of ties: ``FRIEND`` counts both ways, ``FOLLOWS`` and others one way.
            scale: lowest and highest rating.
            kind: of the events that do not say theirs.
            meanings: what the values of kinds are: ``rating``, ``count``, ``flag``, ``event``, or ``like`` (0 is a
                dislike).
            weights: of one event by kind, in [-1, 1], when its value does not say more.
            strict: an error at the first rejected row, and nothing of its batch is written.
            strict_meaning: an error before anything is written where what the values of a kind mean may have been meant
                otherwise; everything is read once before, so iterators are refused.
            dry_run: read and check everything, write nothing.
            rejects: the file that takes rejected rows; by default in the working directory of the store.
            merges: likewise the report on names that were made one.
            merge: make near-duplicate names of attributes one, such as "Boss" and "BOSS" (:mod:`kg.merging`). Items and
                people are read twice for this; iterators, which can be read once only, keep their names as they are.
            trust: read packed files however far they grow; all other bounds hold.
        """
        if source is not None:
            return self._ingest_source(source, folder, strict, strict_meaning, dry_run, rejects, merge, trust)
        try:
            declared = None if scale is None else Scale(*map(float, scale))
        except (TypeError, ValueError):
            raise RecordError("scale", f"{scale!r} is not (lowest, highest), such as (1, 5)") from None
        mapping, item_mapping = mapping_of(EventMapping, mapping), mapping_of(ItemMapping, item_mapping)
        user_mapping = mapping_of(UserMapping, user_mapping)
        if strict_meaning and not all(own is None or can_be_read_again(own) for own in (events, items, users, triples)):
            raise InvalidInput("strict_meaning reads everything twice, and an iterator or a pipe can be read once only")
        if isinstance(social_mapping, Mapping):
            social_mapping = SocialMapping.of(social_mapping)
        rereadable = [merge and can_be_read_again(source) for source in (items, users)]
        events, items, users, triples, links = (trusted(own, trust) for own in (events, items, users, triples, links))
        told = {
            "events": (events, events_table(events, mapping, kind, declared, form)),
            "items": (items, nodes_table(items, "items", item_mapping, item_form)),
            "users": (users, nodes_table(users, "users", user_mapping, user_form)),
        }
        joins = {verb: own.join for verb, own in zip(told, (form, item_form, user_form), strict=True) if own}
        readings = {
            verb: Reading(table, own, Path(), joins=joins.get(verb, ()))
            for verb, (own, table) in told.items()
            if own is not None and table
        }
        for reading in readings.values():
            reading.settle(self.store)
        if "events" in readings:
            declared = readings["events"].table.limits
        named: list[tuple[Any, Callable[[], Iterator[Record | Reject]]]] = [
            (items, partial(read_items, items, item_mapping, form=item_form)),
            (users, partial(read_users, users, user_mapping, form=user_form)),
        ]
        named = [
            (own, readings[verb].records if verb in readings else read)
            for verb, (own, read) in zip(("items", "users"), named, strict=True)
        ]
        kinds = [KindRecord(event_kind(of), meaning=what) for of, what in (meanings or {}).items()]
        kinds += [KindRecord(event_kind(of), weight=weight) for of, weight in (weights or {}).items()]

        def read_all() -> Iterator[Record | Reject]:
            for own, read in named:
                yield from read() if own is not None else ()
            yield from kinds
            if triples is not None or links is not None:
                yield from read_knowledge(triples, links, rdf_mapping, progress=self.run.progress)
            if social is not None:
                yield from read_social(trusted(social, trust), social_mapping, type=type, form=social_form)
            if "events" in readings:
                yield from readings["events"].records()

        again = [read() for able, (_, read) in zip(rereadable, named, strict=True) if able]
        report = self.ingest_records(
            read_all(),
            scale=declared,
            strict=strict,
            dry_run=dry_run,
            rejects=None if rejects is None else Path(rejects),
            merges=None if merges is None else Path(merges),
            named=chain(*again) if again else None,
            before=read_all() if strict_meaning else None,
        )
        for reading in readings.values() if not (dry_run or report.is_nothing) else ():
            reading.keep(self.store)
        return report

    def _ingest_source(
        self,
        source: Source | Path | str,
        folder: Path | str | None,
        strict: bool,
        strict_meaning: bool,
        dry_run: bool,
        rejects: str | os.PathLike[str] | None,
        merge: bool,
        trust: bool,
    ) -> IngestReport:
        from recommender.sources.document import Source, read_source

        if isinstance(source, Source):
            if folder is None:
                raise InvalidInput("folder= is needed: the folder that holds the files of the source")
            found = source
        else:
            found, folder = read_source(Path(source)), folder or Path(source).parent
        return self.ingest_records(
            found.records(Path(folder), trust=trust),
            strict=strict,
            dry_run=dry_run,
            rejects=Path(rejects) if rejects is not None else None,
            named=found.named(Path(folder), trust=trust) if merge else None,
            before=found.records(Path(folder), trust=trust) if strict_meaning else None,
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
        before: Iterable[Record | Reject] | None = None,
    ) -> IngestReport:
        """Write typed records, for example those of :mod:`kg.readers`, to the graph.

        ``named`` are the same items and people a second time: near-duplicate names in them are made one, and the report
        of that is written to ``merges`` as JSON. ``before`` are all records a second time, as
        ``strict_meaning`` wants them. See :meth:`ingest` for the rest.

        Raises:
            InvalidInput: what values among ``before`` mean is doubtful; says what and why.
        """
        from recommender.inspection.kinds import Tally

        if before is not None:
            self._check_meaning(before)
        tally = Tally()
        report = ingest(
            self.store,
            tally.watch(records),
            scale=scale,
            strict=strict,
            dry_run=dry_run,
            rejects=rejects,
            named=named,
            merges=merges,
            progress=self.run.progress,
        )
        report.kinds = self._kinds_of(tally)
        return report

    def _kinds_of(self, tally: Tally) -> list[KindSummary]:
        """What was counted of each kind, as the graph declares it."""
        from recommender.meaning import declarations

        return tally.summaries(declarations(self.store.read(queries.text("kinds"))), self._opened.meaning)

    def _check_meaning(self, records: Iterable[Record | Reject]) -> None:
        from recommender.inspection.kinds import Tally

        tally = Tally()
        for _ in tqdm(tally.watch(records), unit=" records", desc="look", disable=not self.run.progress, leave=False):
            pass
        if doubts := [doubt for own in self._kinds_of(tally) for doubt in own.suspicions]:
            raise InvalidInput("; ".join(doubts) + " (--strict-meaning, strict_meaning=True: nothing was written)")

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
        from dataclasses import replace

        from recommender.refresh.run import refresh

        opened = self._opened
        check_budget(budget, "the budget, tune_seconds,")
        waited = Budget.of(opened.config.tune_seconds if budget is None else budget)
        config = replace(opened.config, tune_seconds=waited.seconds)
        config = config if trials is None else replace(config, trials=Path(trials))
        config = config if recommend is None else replace(config, recommend=recommend)
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
        sources = [own.to_dict() for own in remembered(self.store)]
        return {"store": self.store.address, **counts, "model": model, "parts": parts, "sources": sources}

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
