"""The evaluation table: for the terminal, as a JSON document, as Parquet, and as a page of HTML."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kg.access import make_folder, own_all
from kg.advice import option
from recommender.budget import Budget
from recommender.evaluation import plots
from recommender.evaluation.protocol import Figures
from recommender.evaluation.significance import Comparison, Interval, compare, interval
from recommender.pages import render, write
from recommender.trials import Trials


@dataclass(frozen=True)
class ModelResult:
    """What one model reached, and what that cost."""

    name: str
    figures: Figures
    tune_s: float
    """Seconds of choosing hyper-parameters on validation."""
    fit_s: float
    """Seconds of the final fit."""
    params: Mapping[str, Any] = field(default_factory=dict)
    """The chosen hyper-parameters, JSON values."""
    train_only: Mapping[str, float] = field(default_factory=dict)
    """The means of the model as it was chosen, fitted on train without validation; empty where the final fit is that,
    or where nothing was chosen here. Published figures are mostly of this kind."""
    validation: float | None = None
    """What it reached on validation, by the figure that chose its settings; None for the hybrid, and where it is not
    known."""


@dataclass(frozen=True)
class Skipped:
    """A model that was not measured."""

    name: str
    reason: str


@dataclass(frozen=True)
class Spent:
    """What became of a budget."""

    seconds: float
    """That were to be spent."""
    took: float
    """That were."""
    shortened: Mapping[str, str] = field(default_factory=dict)
    """Models for which the time did not suffice, and what they lack."""

    def of_all(self, budget: Budget) -> Spent:
        """The same of the whole command, whose budget this is."""
        return self if budget.seconds is None else replace(self, seconds=budget.seconds, took=budget.gone)

    def __str__(self) -> str:
        """One line for people."""
        return f"budget {self.seconds:g} s, {self.took:.0f} s taken; reproducible by its trials only " + (
            f"({option('trials')})"
        )


@dataclass(frozen=True)
class CurvePoint:
    """What a model reaches when it is fitted on a part of the training pairs, with the settings chosen on all."""

    model: str
    share: float
    """Of the training pairs, in (0, 1]."""
    pairs: int
    means: Mapping[str, float]


@dataclass(frozen=True)
class Report:
    """Models side by side on one split."""

    protocol: str
    models: Sequence[ModelResult]
    counts: Mapping[str, int] = field(default_factory=dict)
    skipped: Sequence[Skipped] = ()
    metric: str = "ndcg@10"
    """What models are compared by."""
    curve: Sequence[CurvePoint] = ()
    """The learning curves, where they were asked for."""
    facet: str | None = None
    """What kinds of item calibration is measured over, where it is: a relation, or ``popularity``."""
    command: str | None = None
    """What makes this report again."""
    trials: Sequence[Trials] = ()
    """What was tried, one a fold; repeated, they give the same figures on any machine."""
    spent: Spent | None = None
    """Of a budget, where there was one."""

    def __post_init__(self) -> None:
        for model in self.models:
            model.figures.per_person[self.metric]  # an unknown metric is an error here, not when the table is printed

    @property
    def columns(self) -> list[str]:
        """The metrics of a narrow table: all usual ones at the metric's k, recall and NDCG at the others."""
        names = list(self.models[0].figures.means) if self.models else []
        first = self.metric.partition("@")[2]
        chosen = ("recall", "ndcg", "mrr", "hit", "coverage")
        wanted = [f"{name}@{first}" for name in chosen]
        return wanted + [name for name in names if name not in wanted and name.startswith(("recall@", "ndcg@"))]

    @property
    def alone(self) -> list[str]:
        """The column beside them for the same models fitted on train only; none where there are no such figures."""
        return [f"{self.metric}, train only"] if any(model.train_only for model in self.models) else []

    def interval(self, model: ModelResult) -> Interval:
        """The bootstrap interval of this model's mean."""
        return interval(model.figures.per_person[self.metric])

    @cached_property
    def compared(self) -> list[Comparison]:
        """The first model, which is the one that matters, against each of the others.

        Not the best one: which that is has been read off the same test.
        """
        measured = [(model.name, model.figures.per_person[self.metric]) for model in self.models]
        return compare(measured[0], measured[1:]) if measured else []

    def to_frame(self) -> pd.DataFrame:
        """A row a model, a column a metric."""
        return pd.DataFrame([{"model": model.name, **model.figures.means} for model in self.models])

    def groups_frame(self) -> pd.DataFrame:
        """A row a model, group and metric: model, grouping, group, people, metric, value."""
        columns = ("grouping", "group", "people", "metric", "value")
        rows = [
            [model.name, *(getattr(figure, name) for name in columns)]
            for model in self.models
            for figure in model.figures.groups
        ]
        return pd.DataFrame(rows, columns=["model", *columns])

    def by_history(self) -> list[dict[str, Any]]:
        """For each model its figures for people with a history and for those without: model, group, people, metrics."""
        frame = self.groups_frame()
        frame = frame[frame["grouping"] == "history"]
        return [
            {
                "model": model,
                "group": group,
                "people": int(rows["people"].iloc[0]),
                "metrics": {name: _number(value) for name, value in zip(rows["metric"], rows["value"], strict=True)},
            }
            for (model, group), rows in frame.groupby(["model", "group"], sort=False)
        ]

    def __repr__(self) -> str:
        return f"{self.protocol} split\n{self.to_frame()}"

    def document(self) -> dict[str, Any]:
        """The JSON document; null where a figure does not exist, for example when nobody could be tested."""
        return {
            "protocol": self.protocol,
            "counts": dict(self.counts),
            "metric": self.metric,
            "facet": self.facet,
            "models": [self._model(model) for model in self.models],
            "skipped": [{"name": model.name, "reason": model.reason} for model in self.skipped],
            "compared": [
                {"model": one.model, "than": one.than, **_interval(one.difference), "p": one.p} for one in self.compared
            ],
            "groups": [
                {**row, "value": _number(row["value"])} for row in self.groups_frame().to_dict(orient="records")
            ],
            "by_history": self.by_history(),
            "curve": [
                {
                    "model": point.model,
                    "share": point.share,
                    "pairs": point.pairs,
                    "metrics": {name: _number(value) for name, value in point.means.items()},
                }
                for point in self.curve
            ],
            "command": self.command,
            "trials": [trials.to_dict() for trials in self.trials],
            "budget": None if self.spent is None else asdict(self.spent),
        }

    def _model(self, model: ModelResult) -> dict[str, Any]:
        return {
            "name": model.name,
            "metrics": {name: _number(value) for name, value in model.figures.means.items()},
            "validation": None if model.validation is None else _number(model.validation),
            "train_only": {name: _number(value) for name, value in model.train_only.items()},
            "interval": _interval(self.interval(model)),
            "tune_s": model.tune_s,
            "fit_s": model.fit_s,
            "score_s": model.figures.seconds,
            "params": dict(model.params),
        }

    def print(self, console: Console) -> None:
        """Write the table, the comparison and what was skipped to this console."""
        title = f"{self.protocol} split, {self.people} people tested, full ranking"
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("model")
        for name in [*self.columns, *self.alone, "tune s", "fit s"]:
            table.add_column(name, justify="right", no_wrap=name not in self.alone)
        for model in self.models:
            cells = [self._cell(model, name) for name in self.columns]
            table.add_row(Text(model.name), *cells, *self._alone(model), *_seconds(model))
        measured = {model.name for model in self.models}
        for name in dict.fromkeys(one.name for one in self.skipped if one.name not in measured):
            table.add_row(Text(name), "left out", style="yellow")
        console.print(table)
        if (halves := self._halves()) is not None:
            console.print(halves)
        for one in self.compared:
            console.print(f"{one.model} over {one.than}, {self.metric}: {one}", markup=False, highlight=False)
        for name, points in self._curves().items():
            said = ", ".join(f"{_share(share)} {value:.4f}" for share, value in points)
            text = f"{name} by share of the training pairs, {self.metric}: {said}"
            console.print(text, markup=False, highlight=False)
        if self.counts:
            said = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in self.counts.items())
            console.print(said, style="dim", markup=False, highlight=False)
        for said in self.omissions:
            console.print(said, style="yellow", markup=False, highlight=False)
        if self.spent is not None:
            console.print(str(self.spent), style="dim", markup=False, highlight=False)

    @property
    def omissions(self) -> list[str]:
        """What was left out or shortened, and why, a line each."""
        shortened = self.spent.shortened if self.spent else {}
        return [
            *(f"{skipped.name} was skipped: {skipped.reason}" for skipped in self.skipped),
            *(f"{name} had too little time: {what}" for name, what in shortened.items()),
        ]

    def _halves(self) -> Table | None:
        """People with a history and those without apart; None where there is only one kind."""
        rows = self.by_history()
        people = {row["group"]: row["people"] for row in rows}
        if len(people) < 2:
            return None
        metrics = [name for name in self.columns if name.startswith(("recall@", "ndcg@"))][:2]
        title = ", ".join(f"{count} {group}" for group, count in people.items())
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("model")
        for group in people:
            for name in metrics:
                table.add_column(f"{name}, {group.partition(' ')[0]}", justify="right")
        for model in self.models:
            own = {row["group"]: row["metrics"] for row in rows if row["model"] == model.name}
            table.add_row(Text(model.name), *(_figure(own[group][name]) for group in people for name in metrics))
        return table

    def _curves(self) -> dict[str, list[tuple[float, float]]]:
        """The metric by share for each model."""
        curves: dict[str, list[tuple[float, float]]] = {}
        for point in self.curve:
            curves.setdefault(point.model, []).append((point.share, point.means[self.metric]))
        return curves

    @property
    def people(self) -> int:
        """How many were tested."""
        return len(self.models[0].figures.per_person[self.metric]) if self.models else 0

    def _cell(self, model: ModelResult, name: str) -> Text:
        return Text(_figure(model.figures.means[name]), style="bold" if self._is_best(model, name) else "")

    def _alone(self, model: ModelResult) -> list[str]:
        """Under :attr:`alone`."""
        return [_figure(model.train_only.get(self.metric, math.nan)) for _ in self.alone]

    def _is_best(self, model: ModelResult, name: str) -> bool:
        best = max(_finite(other.figures.means[name], -math.inf) for other in self.models)
        return model.figures.means[name] == best

    def html(self) -> str:
        """A page that needs nothing from elsewhere."""
        rows = [
            {
                "name": model.name,
                "cells": [
                    {"text": _figure(model.figures.means[name]), "best": self._is_best(model, name)}
                    for name in self.columns
                ],
                "others": [*self._alone(model), *_seconds(model)],
                "params": orjson.dumps(dict(model.params)).decode(),
            }
            for model in self.models
        ]
        values = {"report": self, "rows": rows, "people": self.people, "more": self._more(), "plots": self._plots()}
        return render(__package__, "report.html.j2", values)

    def _more(self) -> list[dict[str, Any]]:
        """All figures, a row a metric."""
        names = list(self.models[0].figures.means) if self.models else []
        return [
            {"name": name, "cells": [_figure(model.figures.means[name]) for model in self.models]} for name in names
        ]

    def _plots(self) -> list[dict[str, str]]:
        """Titles and drawings."""
        drawn = [
            {
                "title": f"{self.metric} with the 95 % interval of its mean",
                "svg": plots.intervals([(model.name, self.interval(model)) for model in self.models]),
            }
        ]
        frame = self.groups_frame()
        metric = {"items": self.metric.replace(self.metric.partition("@")[0], "recall")}
        for grouping, rows in frame.groupby("grouping", sort=False):
            chosen = rows[rows["metric"] == metric.get(str(grouping), self.metric)]
            series: dict[str, list[tuple[str, float]]] = {}
            for row in chosen.to_dict(orient="records"):
                series.setdefault(row["model"], []).append((f"{row['group']} ({row['people']:,})", row["value"]))
            drawn.append({"title": f"{chosen['metric'].iloc[0]} by {grouping}", "svg": plots.lines(series)})
        if self.curve:
            shares = {
                model: [(_share(share), value) for share, value in points] for model, points in self._curves().items()
            }
            drawn.append({"title": f"{self.metric} by share of the training pairs", "svg": plots.lines(shares)})
        return drawn

    def write(self, folder: Path) -> None:
        """``report.html``, ``report.json``, ``figures.parquet`` and ``groups.parquet`` into a folder, which is made."""
        make_folder(folder)
        write(folder / "report.html", self.html().encode())
        write(folder / "report.json", orjson.dumps(self.document(), option=orjson.OPT_INDENT_2))
        self.write_parquet(folder / "figures.parquet")
        self.groups_frame().to_parquet(folder / "groups.parquet", index=False)
        own_all(folder, ("report.html", "report.json", "figures.parquet", "groups.parquet"))

    def write_parquet(self, path: Path) -> None:
        """A row a model and metric: protocol, model, metric, value, train_only, people, seconds, params (JSON)."""
        rows = [
            {
                "protocol": self.protocol,
                "model": model.name,
                "metric": name,
                "value": value,
                "train_only": model.train_only.get(name),
                "people": self.people,
                "tune_s": model.tune_s,
                "fit_s": model.fit_s,
                "params": orjson.dumps(dict(model.params)).decode(),
            }
            for model in self.models
            for name, value in model.figures.means.items()
        ]
        pq.write_table(pa.Table.from_pylist(rows, schema=_PARQUET), path)


_PARQUET = pa.schema(
    [
        ("protocol", pa.string()),
        ("model", pa.string()),
        ("metric", pa.string()),
        ("value", pa.float64()),
        ("train_only", pa.float64()),
        ("people", pa.int64()),
        ("tune_s", pa.float64()),
        ("fit_s", pa.float64()),
        ("params", pa.string()),
    ]
)


def _seconds(model: ModelResult) -> list[str]:
    return [f"{model.tune_s:.1f}", f"{model.fit_s:.1f}"]


def _share(value: float) -> str:
    return f"{100 * value:g}%"


def _figure(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.4f}"


def _finite(value: float, otherwise: float) -> float:
    return value if math.isfinite(value) else otherwise


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _interval(value: Interval) -> dict[str, float | None]:
    return {"mean": _number(value.mean), "low": _number(value.low), "high": _number(value.high), "level": value.level}
