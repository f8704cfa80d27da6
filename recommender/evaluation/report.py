"""The evaluation table: for the terminal, as a JSON document, as Parquet, and as a page of HTML."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from recommender.evaluation.protocol import Figures, Interval, compare, interval


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


@dataclass(frozen=True)
class Skipped:
    """A model that was not measured."""

    name: str
    reason: str


@dataclass(frozen=True)
class Report:
    """Models side by side on one split."""

    protocol: str
    models: Sequence[ModelResult]
    counts: Mapping[str, int] = field(default_factory=dict)
    skipped: Sequence[Skipped] = ()
    metric: str = "ndcg@10"
    """What models are ordered and compared by."""

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

    def interval(self, model: ModelResult) -> Interval:
        """The bootstrap interval of this model's mean."""
        return interval(model.figures.per_person[self.metric])

    def compared(self) -> list[tuple[str, str, Interval]]:
        """The best model by the metric with each other one, and the paired interval of the difference."""
        order = sorted(self.models, key=lambda model: -_finite(model.figures.means[self.metric], -math.inf))
        return [
            (best.name, other.name, compare(best.figures, other.figures, self.metric))
            for best in order[:1]
            for other in order[1:]
        ]

    def to_frame(self) -> pd.DataFrame:
        """A row a model, a column a metric."""
        return pd.DataFrame([{"model": model.name, **model.figures.means} for model in self.models])

    def __repr__(self) -> str:
        return f"{self.protocol} split\n{self.to_frame()}"

    def document(self) -> dict[str, Any]:
        """The JSON document; null where a figure does not exist, for example when nobody could be tested."""
        return {
            "protocol": self.protocol,
            "counts": dict(self.counts),
            "metric": self.metric,
            "models": [self._model(model) for model in self.models],
            "skipped": [{"name": model.name, "reason": model.reason} for model in self.skipped],
            "compared": [
                {"better": better, "than": other, **_interval(difference)}
                for better, other, difference in self.compared()
            ],
        }

    def _model(self, model: ModelResult) -> dict[str, Any]:
        return {
            "name": model.name,
            "metrics": {name: _number(value) for name, value in model.figures.means.items()},
            "interval": _interval(self.interval(model)),
            "tune_s": model.tune_s,
            "fit_s": model.fit_s,
            "score_s": model.figures.seconds,
            "params": dict(model.params),
        }

    def print(self, console: Console) -> None:
        """Write the table, the comparison and what was skipped to this console."""
        title = f"{self.protocol} split, {self._people()} people tested, full ranking"
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("model")
        for name in [*self.columns, "tune s", "fit s"]:
            table.add_column(name, justify="right", no_wrap=True)
        for model in self.models:
            table.add_row(Text(model.name), *(self._cell(model, name) for name in self.columns), *_seconds(model))
        console.print(table)
        for better, other, difference in self.compared():
            text = f"{better} over {other}, {self.metric}: {difference} ({difference.level:.0%} of resamples)"
            console.print(text, markup=False, highlight=False)
        if self.counts:
            said = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in self.counts.items())
            console.print(said, style="dim", markup=False, highlight=False)
        for skipped in self.skipped:
            console.print(f"{skipped.name} was skipped: {skipped.reason}", style="yellow", markup=False)

    def _people(self) -> int:
        return len(self.models[0].figures.top) if self.models else 0

    def _cell(self, model: ModelResult, name: str) -> Text:
        return Text(_figure(model.figures.means[name]), style="bold" if self._is_best(model, name) else "")

    def _is_best(self, model: ModelResult, name: str) -> bool:
        best = max(_finite(other.figures.means[name], -math.inf) for other in self.models)
        return model.figures.means[name] == best

    def html(self) -> str:
        """A page that needs nothing from elsewhere."""
        template = resources.files(__package__).joinpath("report.html.j2").read_text(encoding="utf-8")
        environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
        rows = [
            {
                "name": model.name,
                "cells": [
                    {"text": _figure(model.figures.means[name]), "best": self._is_best(model, name)}
                    for name in self.columns
                ],
                "seconds": _seconds(model),
                "params": orjson.dumps(dict(model.params)).decode(),
            }
            for model in self.models
        ]
        return environment.from_string(template).render(report=self, rows=rows, people=self._people())

    def write_parquet(self, path: Path) -> None:
        """One row a model and metric: protocol, model, metric, value, people, tune_s, fit_s, params (JSON)."""
        rows = [
            {
                "protocol": self.protocol,
                "model": model.name,
                "metric": name,
                "value": value,
                "people": self._people(),
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
        ("people", pa.int64()),
        ("tune_s", pa.float64()),
        ("fit_s", pa.float64()),
        ("params", pa.string()),
    ]
)


def _seconds(model: ModelResult) -> list[str]:
    return [f"{model.tune_s:.1f}", f"{model.fit_s:.1f}"]


def _figure(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.4f}"


def _finite(value: float, otherwise: float) -> float:
    return value if math.isfinite(value) else otherwise


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _interval(value: Interval) -> dict[str, float | None]:
    return {"mean": _number(value.mean), "low": _number(value.low), "high": _number(value.high), "level": value.level}
