"""The report in its four forms holds the same figures."""

from __future__ import annotations

import io
import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from recommender.evaluation import plots
from recommender.evaluation.groups import GroupFigure
from recommender.evaluation.metrics import METRICS
from recommender.evaluation.protocol import Figures
from recommender.evaluation.report import CurvePoint, ModelResult, Report, Skipped


def figures(ndcg: np.ndarray) -> Figures:
    per_person = {f"{name}@{k}": ndcg / (1 + (k == 20)) for k in (10, 20) for name in METRICS}
    means = {name: float(np.mean(values)) for name, values in per_person.items()}
    means |= {f"{name}@{k}": 0.25 for k in (10, 20) for name in ("coverage", "gini")}
    group = GroupFigure("activity", "no items", "ndcg@10", np.arange(len(ndcg)), ndcg)
    return Figures(means, per_person, np.zeros((len(ndcg), 20), dtype=np.int64), 0.125, (group,))


def test_people_with_and_without_a_history_are_reported_apart(report: Report) -> None:
    def split(model: ModelResult) -> ModelResult:
        values = model.figures.per_person["ndcg@10"]
        groups = [
            GroupFigure("history", f"{name} a history", metric, np.arange(40)[rows], values[rows])
            for name, rows in (("without", slice(10)), ("with", slice(10, 40)))
            for metric in ("recall@10", "ndcg@10")
        ]
        return replace(model, figures=replace(model.figures, groups=tuple(groups)))

    report = replace(report, models=[split(model) for model in report.models])
    document = json.loads(json.dumps(report.document(), allow_nan=False))
    first = document["by_history"][0]
    assert (first["model"], first["group"], first["people"]) == ("hybrid <b>", "without a history", 10)
    own = report.models[0].figures.per_person["ndcg@10"]
    assert first["metrics"]["ndcg@10"] == pytest.approx(own[:10].mean())
    console = Console(file=io.StringIO(), width=140, force_terminal=False)
    report.print(console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "10 without a history, 30 with a history" in text
    expected = " ".join(f"{own[rows].mean():.4f}" for rows in (slice(10),) * 2 + (slice(10, 40),) * 2)
    assert expected in " ".join(text.split())


@pytest.fixture
def report() -> Report:
    values = np.linspace(0.1, 0.5, 40)
    return Report(
        protocol="temporal",
        models=[
            ModelResult("hybrid <b>", figures(values + 0.05), 12.34, 5.6, {"factors": 64}, {"ndcg@10": 0.3125}),
            ModelResult("popularity", figures(values), 0.0, 0.01),
        ],
        counts={"test_people": 40},
        skipped=[Skipped("ease", "9 GB of 4 GB")],
        curve=[CurvePoint("hybrid <b>", share, 100, {"ndcg@10": value}) for share, value in ((0.5, 0.3), (1.0, 0.35))],
        command="tastegraph evaluate --out '<b>'",
    )


def test_the_json_document(report: Report) -> None:
    document = json.loads(json.dumps(report.document(), allow_nan=False))
    assert document["protocol"] == "temporal"
    hybrid, popularity = document["models"]
    assert (hybrid["name"], hybrid["tune_s"], hybrid["fit_s"]) == ("hybrid <b>", 12.34, 5.6)
    assert hybrid["params"] == {"factors": 64}
    assert popularity["metrics"]["ndcg@10"] == pytest.approx(0.3)
    assert (hybrid["train_only"], popularity["train_only"]) == ({"ndcg@10": 0.3125}, {})
    assert {"recall@10", "ndcg@20", "mrr@10"} <= set(hybrid["metrics"])
    assert hybrid["interval"]["low"] < 0.35 < hybrid["interval"]["high"]
    assert document["skipped"] == [{"name": "ease", "reason": "9 GB of 4 GB"}]
    (difference,) = document["compared"]
    assert (difference["model"], difference["than"]) == ("hybrid <b>", "popularity")
    assert difference["low"] == pytest.approx(0.05)
    assert difference["p"] < 0.001
    group = {"grouping": "activity", "group": "no items", "people": 40, "metric": "ndcg@10"}
    assert document["groups"][0] == {"model": "hybrid <b>", **group, "value": pytest.approx(0.35)}
    assert document["curve"][0] == {"model": "hybrid <b>", "share": 0.5, "pairs": 100, "metrics": {"ndcg@10": 0.3}}
    assert document["command"] == "tastegraph evaluate --out '<b>'"


def test_the_terminal_table(report: Report) -> None:
    console = Console(file=io.StringIO(), width=140, force_terminal=False)
    report.print(console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "temporal split, 40 people tested" in text
    (line,) = (line for line in text.splitlines() if line.strip().startswith("hybrid <b>  "))
    cells = line.split()
    assert cells[2:4] == ["0.3500", "0.3500"]
    assert cells[-3:] == ["0.3125", "12.3", "5.6"]
    assert "hybrid <b> over popularity, ndcg@10: +0.0500 [+0.0500, +0.0500] (95% of resamples), p = 0.0002" in text
    assert "hybrid <b> by share of the training pairs, ndcg@10: 50% 0.3000, 100% 0.3500" in text
    assert "ease was skipped: 9 GB of 4 GB" in text


def test_the_best_figure_is_bold(report: Report) -> None:
    console = Console(file=io.StringIO(), width=140, force_terminal=True, color_system="standard", legacy_windows=False)
    report.print(console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b[1m0.3500\x1b[0m" in text
    assert "\x1b[1m0.3000\x1b[0m" not in text


def test_parquet(report: Report, tmp_path: Path) -> None:
    report.write_parquet(tmp_path / "figures.parquet")
    rows = pq.read_table(tmp_path / "figures.parquet").to_pylist()
    assert len(rows) == 2 * len(report.models[0].figures.means)
    (row,) = (row for row in rows if row["model"] == "hybrid <b>" and row["metric"] == "ndcg@10")
    assert row["value"] == pytest.approx(0.35)
    assert (row["people"], row["params"], row["train_only"]) == (40, '{"factors":64}', 0.3125)
    assert {row["train_only"] for row in rows if row["model"] == "popularity"} == {None}


class Page(HTMLParser):
    """Collects cells, and every address that the page would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.best: list[str] = []
        self.addresses: list[str] = []
        self._open: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append((tag, dict(attrs).get("class")))
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][0] == "td":
            self.cells.append(data)
            if self._open[-1][1] == "best":
                self.best.append(data)


def test_the_page_is_self_contained_and_escapes_names(report: Report) -> None:
    page = Page(report.html())
    assert page.addresses == []
    assert "hybrid <b>" in page.cells
    assert page.cells.count("0.3125") == 1, "fitted on train only"
    assert "<th>ndcg@10, train only</th>" in report.html()
    assert page.best == ["0.3500"] * 4 + ["0.2500"] + ["0.1750"] * 2 + ["0.2500"], "coverage is a tie"
    assert "{&#34;factors&#34;:64}" in report.html()
    assert "<pre>tastegraph evaluate --out &#39;&lt;b&gt;&#39;</pre>" in report.html()


def test_the_page_draws_what_the_table_says(report: Report) -> None:
    """Three drawings: intervals, whose bars are as long as their means; one of groups; one of learning."""
    bars, groups, curve = re.findall(r"<svg.*?</svg>", report.html(), flags=re.DOTALL)
    widths = [float(width) for width in re.findall(r'<rect x="150" y="\d+" width="([\d.]+)"', bars)]
    assert widths[0] / widths[1] == pytest.approx(0.35 / 0.3, rel=1e-3)
    assert "hybrid &lt;b&gt;" in bars
    assert "no items (40)" in groups
    first, second = re.findall(r"[ML][\d.]+ ([\d.]+)", re.search(r'<path d="([^"]+)" fill', curve)[1])  # type: ignore[index]
    assert float(first) > float(second), "more is higher up"


def test_a_line_has_a_gap_where_there_is_no_value() -> None:
    drawn = plots.lines({"a": [("x", 1.0), ("y", math.nan), ("z", 0.5)]})
    line = re.search(r'<path d="([^"]+)" fill', drawn)[1]  # type: ignore[index]
    assert line.count("M") == 2
    assert "L" not in line


def test_a_folder_holds_all_forms(report: Report, tmp_path: Path) -> None:
    report.write(tmp_path / "deep" / "report")
    written = tmp_path / "deep" / "report"
    assert (written / "report.html").read_text() == report.html()
    assert json.loads((written / "report.json").read_text()) == json.loads(json.dumps(report.document()))
    rows = pq.read_table(written / "groups.parquet").to_pylist()
    assert [(row["model"], row["group"], row["value"]) for row in rows] == [
        ("hybrid <b>", "no items", pytest.approx(0.35)),
        ("popularity", "no items", pytest.approx(0.3)),
    ]
    assert pq.read_table(written / "figures.parquet").num_rows == 2 * len(report.models[0].figures.means)


def test_nobody_to_test_is_no_figure_rather_than_a_zero() -> None:
    nobody = Report("files", [ModelResult("a", figures(np.array([np.nan])), 0, 0)])
    assert nobody.document()["models"][0]["metrics"]["ndcg@10"] is None
    assert "–" in nobody.html()


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(KeyError, match="ndcg@5"):
        Report("files", [ModelResult("a", figures(np.ones(2)), 0, 0)], metric="ndcg@5")


def test_when_every_model_was_skipped_the_reasons_remain() -> None:
    nothing = Report("files", [], skipped=[Skipped("ease", "9 GB of 4 GB")])
    assert nothing.document()["models"] == nothing.document()["compared"] == []
    assert "ease was skipped: 9 GB of 4 GB" in nothing.html()
    console = Console(file=io.StringIO(), width=100)
    nothing.print(console)
    assert "ease was skipped: 9 GB of 4 GB" in console.file.getvalue()  # type: ignore[attr-defined]
