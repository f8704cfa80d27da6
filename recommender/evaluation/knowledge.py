"""Does the knowledge graph help? One model with the graph, without it, with a shuffled one, and on interactions alone.

A model that gains from *a* graph need not gain from what *this* graph says: edges also tell how much is known of an
item, which follows its popularity. Hence the shuffled graph: it keeps every relation with its edges, heads and tails,
and each node's number of edges, and says nothing true any more. KG4RecEval (Zhang et al., TOIS 2025, arXiv:2404.03164)
found published models that lose nothing when their graph is distorted or taken away.

Each variant is tuned by itself under the same budget and measured on the same test pairs, person by person.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from kg import snapshot as snapshots
from kg.progress import tqdm
from kg.store import Store
from recommender.bridge import Builder, Encode, embed
from recommender.context import RunContext
from recommender.data import KnowledgeGraph, TrainingData
from recommender.errors import InvalidInput
from recommender.evaluation.files import FilesConfig, split_files
from recommender.evaluation.groups import TEMPERATURES, by_group, recall_by_item
from recommender.evaluation.reading import Files
from recommender.evaluation.report import Report, Skipped
from recommender.evaluation.run import check_asked, measure
from recommender.evaluation.significance import Interval, interval
from recommender.evaluation.split import Split, each
from recommender.evaluation.stores import Protocol, SplitConfig, split_snapshot
from recommender.meaning import MeaningConfig
from recommender.trials import Trials, only, read_trials

log = logging.getLogger(__name__)

ON, OFF, SHUFFLED, INTERACTIONS = "graph on", "graph off", "graph shuffled", "interactions only"
ROUNDS = 20
"""Times that edges which came out twice are dealt again; what is left then is a node joined to nearly everything."""


@dataclass(frozen=True)
class GroupDifference:
    """What the graph changes for one group of items, over the people who have one of them to be found."""

    group: str
    """``cold``, ``sparse`` or ``warm``."""
    than: str
    """The variant that the graph is compared with."""
    metric: str
    difference: Interval


@dataclass(frozen=True)
class GraphEffect:
    """What the graph is worth to one model on one split."""

    report: Report
    """The variants side by side, the graph first."""
    shuffled: Interval
    """Of the mean difference between the shuffled graph and none."""
    by_items: Sequence[GroupDifference]
    has_edges: bool
    """Whether the graph joins anything at all."""

    @property
    def verdict(self) -> str:
        """One sentence; a difference counts when its whole 95 % interval lies on one side of 0."""
        if not self.has_edges:
            return "There is nothing to judge: the graph has no edge that an evaluation may use."
        by_name = {one.than: one.difference for one in self.report.compared}
        none, false = by_name[OFF], by_name[SHUFFLED]
        gain = f"{self.report.metric.upper()} {said(none)}"
        if none.high < 0:
            return f"The graph harms: {gain}."
        if none.low <= 0:
            return f"No difference shows: {gain} with the graph."
        if false.low <= 0:
            return (
                f"A graph helps: {gain}, but this one no more than a shuffled one ({said(false)} between them): what "
                "helps is how many edges things have, not which."
            )
        return f"The graph helps: {gain}{self._most()}; {self._shuffled()}."

    def _most(self) -> str:
        """Where it helps most, if anywhere for sure."""
        sure = [one for one in self.by_items if one.than == OFF and one.difference.low > 0]
        best = max(sure, key=lambda one: one.difference.mean, default=None)
        return f", most on {best.group} items" if best else ""

    def _shuffled(self) -> str:
        if self.shuffled.low > 0:
            return f"a shuffled graph gives {said(self.shuffled)} of it"
        return "a shuffled graph harms" if self.shuffled.high < 0 else "a shuffled graph gives nothing"

    def document(self) -> dict[str, Any]:
        """The JSON document: that of the report, with the verdict and what it rests on."""
        return self.report.document() | {
            "verdict": self.verdict,
            "shuffled_over_off": _plain(self.shuffled),
            "by_items": [
                {"group": one.group, "than": one.than, "metric": one.metric, **_plain(one.difference)}
                for one in self.by_items
            ],
        }

    def print(self, console: Console) -> None:
        """Write the table, what changes by group of items, and the verdict."""
        self.report.print(console)
        for one in self.by_items:
            text = f"{ON} over {one.than}, {one.metric} of {one.group} items: {one.difference}"
            console.print(text, markup=False, highlight=False)
        console.print(self.verdict, markup=False, highlight=False, style="bold")


def graph_effect(
    split: Split,
    run: RunContext,
    *,
    model: str = "hybrid",
    ks: Sequence[int] = (10, 20),
    budget: float | None = None,
    trials: Sequence[Trials] | None = None,
) -> GraphEffect:
    """Tune, fit and test a model on each variant of a split.

    Args:
        split: what to tune on, fit on and be judged by.
        run: seed, device, threads.
        model: its name; it must be able to serve without a graph.
        ks: lengths of lists; the first decides.
        budget: seconds of each variant; None tries every configuration.
        trials: those of an earlier call, one for each variant that is not the same as one before it.

    Raises:
        InvalidInput: the model cannot be fitted without the graph.
    """
    found = variants(split, run.seed)
    different = len({id(own) for own in found.values()})  # without text, no graph and interactions only are the same
    reports: dict[int, Report] = {}
    models, by_item = [], {}
    skipped: list[Skipped] = []
    with tqdm(found.items(), unit="variant", disable=not run.progress, leave=False) as bar:
        for name, own in bar:
            bar.set_description(name)
            if id(own) not in reports:
                log.info("%s ...", name)
                tried = only(trials, len(reports), different)
                reports[id(own)] = _measured(own, run, model, ks, budget, tried)
                skipped += [Skipped(f"{name}: {one.name}", one.reason) for one in reports[id(own)].skipped]
            models.append(replace(reports[id(own)].models[0], name=name))
            by_item[name] = recall_by_item(models[-1].figures.top, ks[0], split.testing)
    report = Report(
        protocol=split.protocol,
        models=models,
        counts=split.counts,
        skipped=skipped if budget is not None else (),
        metric=f"ndcg@{ks[0]}",
        trials=tuple(written for one in reports.values() for written in one.trials),
    )
    values = {one.name: one.figures.per_person[report.metric] for one in models}
    return GraphEffect(
        report=report,
        shuffled=interval(values[SHUFFLED] - values[OFF]),
        by_items=[
            GroupDifference(TEMPERATURES[group], than, f"recall@{ks[0]}", interval(with_graph - by_item[than][group]))
            for than in (OFF, SHUFFLED)
            for group, with_graph in by_item[ON].items()
        ],
        has_edges=len(split.refit.knowledge) > 0,
    )


def _measured(
    split: Split, run: RunContext, model: str, ks: Sequence[int], budget: float | None, trials: Trials | None
) -> Report:
    report = measure(split, run, names=[model], ks=ks, budget=budget, trials=trials, thorough=False)
    if not report.models:
        raise InvalidInput(f"{model} cannot be fitted without the graph: {report.skipped[0].reason}; take the hybrid")
    result = report.models[0]
    figures = result.figures
    groups = by_group(figures.top, ks[0], split.testing, figures.per_person, thorough=True)
    return replace(report, models=[replace(result, figures=replace(figures, groups=groups))])


def variants(split: Split, seed: int = 0) -> dict[str, Split]:
    """The split with each variant of the graph; two that would be alike are the same object."""
    off = _changed(split, without_graph) if len(split.refit.knowledge) else split
    mixed = _changed(split, lambda data: replace(data, knowledge=shuffled(data.knowledge, seed)))
    return {
        ON: split,
        OFF: off,
        SHUFFLED: mixed if off is not split else split,
        INTERACTIONS: off if split.refit.item_vectors is None else _changed(off, without_text),
    }


def _changed(split: Split, change: Callable[[TrainingData], TrainingData]) -> Split:
    again = each(split.again, lambda further: _changed(further, change))
    return replace(split, train=change(split.train), refit=change(split.refit), again=again)


def without_graph(data: TrainingData) -> TrainingData:
    """The same data without an edge of the graph; its nodes stay."""
    return replace(data, knowledge=data.knowledge.without(data.knowledge.relation_names))


def without_text(data: TrainingData) -> TrainingData:
    """The same data without the vectors of texts."""
    return replace(data, item_vectors=None, user_words=None)


def shuffled(knowledge: KnowledgeGraph, seed: int = 0) -> KnowledgeGraph:
    """The same graph with the tails of each relation dealt anew: who has how many edges stays, what they say does not.

    A head that is dealt a tail twice would lose an edge, so such tails are exchanged again with those of other heads.
    """
    rng = np.random.default_rng(seed)
    tails = knowledge.tails.copy()
    for relation in range(len(knowledge.relation_names)):
        rows = np.flatnonzero(knowledge.relations == relation)
        dealt = rows
        for _ in range(ROUNDS):
            tails[dealt] = rng.permutation(tails[dealt])
            twice = rows[_repeats(knowledge.heads[rows], tails[rows])]
            if not len(twice):
                break
            dealt = np.union1d(twice, rng.choice(rows, min(len(rows), len(twice)), replace=False))
    return replace(knowledge, tails=tails)


def _repeats(heads: np.ndarray, tails: np.ndarray) -> np.ndarray:
    """``(m,)`` bool: which edges stand for the second time or lead from a node to itself."""
    order = np.lexsort((tails, heads))
    again = np.zeros(len(heads), dtype=bool)
    again[order[1:]] = (np.diff(heads[order]) == 0) & (np.diff(tails[order]) == 0)
    return np.asarray(again | (heads == tails))


def graph_on_store(
    store: Store,
    run: RunContext,
    *,
    encode: Encode | None = None,
    protocol: Protocol = "temporal",
    meaning: MeaningConfig | None = None,
    model: str = "hybrid",
    ks: Sequence[int] = (10, 20),
    budget: float | None = None,
    trials: Path | None = None,
) -> GraphEffect:
    """:func:`graph_effect` on the events of a graph, split by ``protocol``."""
    check_asked([model], ks, budget)
    repeated = None if trials is None else read_trials(trials)
    config = SplitConfig(protocol=protocol)
    taken = snapshots.take(store, progress=run.progress)
    builder = Builder(taken, embed(taken, encode) if encode else None, meaning)
    with run.computing():
        split = split_snapshot(taken, builder, config, meaning)
        return graph_effect(split, run, model=model, ks=ks, budget=budget, trials=repeated)


def graph_on_files(
    files: Files,
    run: RunContext,
    *,
    encode: Encode | None = None,
    config: FilesConfig | None = None,
    model: str = "hybrid",
    ks: Sequence[int] = (10, 20),
    budget: float | None = None,
    trials: Path | None = None,
) -> GraphEffect:
    """:func:`graph_effect` on given files."""
    check_asked([model], ks, budget)
    repeated = None if trials is None else read_trials(trials)

    def build(taken: snapshots.Snapshot) -> Builder:
        return Builder(taken, embed(taken, encode) if encode else None)

    split = split_files(files, build, config, progress=run.progress)
    with run.computing():
        return graph_effect(split, run, model=model, ks=ks, budget=budget, trials=repeated)


def said(value: Interval) -> str:
    """A difference with its interval, in words.

    >>> said(Interval(0.0121, 0.006, 0.018, 0.95))
    '+.0121 (95 % +.0060 to +.0180)'
    """
    mean, low, high = (f"{number:+.4f}".replace("0.", ".", 1) for number in (value.mean, value.low, value.high))
    return f"{mean} ({value.level * 100:.0f} % {low} to {high})"


def _plain(value: Interval) -> Mapping[str, float]:
    return {"mean": value.mean, "low": value.low, "high": value.high, "level": value.level}
