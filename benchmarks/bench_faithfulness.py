"""Are the reasons true? What an explanation names first is taken out of the history, and the model asked again.

    python -m benchmarks.bench_faithfulness [--explanations 500] [--refit 500] [--store FOLDER]

MovieLens 100k, ingested and refreshed with whole grids unless ``--store`` names a graph that is. A person and one of
the first 50 of their list are drawn at random. By the explanation, without the item that it names first the score falls
and the rank gets worse. That is compared with the model solved again (``explain(..., without=[item])``), and with
``--refit`` with all parts trained again without that edge; as a control, with taking out other items of the same
history that add something too, drawn at random. A refit goes "as predicted" where the rank moves in the direction in
which it does when the model is solved again; where that leaves the rank as it is, nothing is predicted. A rank is among
the items that the person has not met, so that what is taken out never stands in its own way.

And do they name what weighs? Each component is left out of the scores of whole lists; the kind of path that a reason
names is compared with what the component goes by without which the score falls most.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from kg.readers import read_recbole
from kg.records import Scale
from recommender import Recommender
from recommender.context import RunContext
from recommender.explain.counterfactual import Counterfactual
from recommender.explain.words import kind_of
from recommender.hybrid import Anatomy, Hybrid
from recommender.model import Model
from recommender.people import read_people
from recommender.refresh.config import RefreshConfig
from scripts.demo import CACHE, FOLDER, fetch

DEPTH = 50
"""Items of a list that are drawn from: the very first often stay first whatever is taken out."""
NAMED = {
    "popularity": r"^because (it is popular|things like it are popular)",
    "people": r"^because (people who|it goes with|it does well)",
    "texts": r"^because it reads|which reads alike$",
}
"""Words by which a reason is told to go by something; all others name what items share."""
TOGETHER = 50
"""People who each lose one edge in the same refit: one of fifty in a hundred thousand hardly touches the others."""


@dataclass(frozen=True)
class Trial:
    """An explanation, and what is taken out of the person's history."""

    user: str
    item: str
    left_out: Mapping[str, Sequence[str]]
    """By the way of choosing."""


@dataclass(frozen=True)
class Outcome:
    """What taking it out changed."""

    score: float
    rank: int


def contributions(explanation: dict[str, Any]) -> dict[str, float]:
    """What each item of the history adds over all components, those that add something, most first."""
    total: dict[str, float] = {}
    for part in explanation["parts"]:
        if part["item_id"] is not None:
            total[part["item_id"]] = total.get(part["item_id"], 0.0) + part["contribution"]
    return {item: value for item, value in sorted(total.items(), key=lambda pair: -pair[1]) if value > 0}


def draw(recommender: Recommender, wanted: int, seed: int = 0) -> list[Trial]:
    """Explanations of different people while there are any."""
    rng = np.random.default_rng(seed)
    people = [row[0] for row in recommender.cypher("MATCH (u:User) RETURN u.id AS id ORDER BY id").rows]
    found: list[Trial] = []
    order: list[int] = []
    with tqdm(total=wanted, desc="explanations", leave=False) as bar:
        while len(found) < wanted:
            order = order or rng.permutation(len(people)).tolist()
            user = people[order.pop()]
            items = recommender.recommend(user, k=DEPTH).item_id
            item = items.iloc[int(rng.integers(len(items)))]
            explanation = recommender.explain(user, item)
            adds, exact = contributions(explanation), [row["item_id"] for row in explanation["exact"]]
            if len(adds) < 4 or len(exact) < 2:
                continue
            others = [one for one in adds if one not in exact[:2]]
            drawn = [others[place] for place in rng.permutation(len(others))[:2]]
            left_out = {
                "the first reason": exact[:1],
                "the largest contribution": list(adds)[:1],
                "a random item": drawn[:1],
                "the first two reasons": exact[:2],
                "two random items": drawn,
            }
            found.append(Trial(user, item, left_out))
            bar.update()
    return found


def solved_again(recommender: Recommender, trials: Sequence[Trial]) -> dict[str, list[Outcome]]:
    """The model as it serves, as ``explain(..., without=[...])`` solves it."""
    model = recommender.models.published()
    found: dict[str, list[Outcome]] = {name: [] for name in trials[0].left_out}
    for trial in tqdm(trials, desc="solve", leave=False):
        (person,) = read_people(recommender.store, model, [trial.user])
        whole, item = Anatomy(model.hybrid, model.people([person])).scores, model.items.index(trial.item)
        solved = Counterfactual(model, person, whole)
        for name, items in trial.left_out.items():
            rest = solved.without([model.items.index(one) for one in items]).scores
            found[name].append(Outcome(float(rest[item] - whole[item]), solved.rank(item, rest) - solved.rank(item)))
    return found


def trained_again(model: Model, trials: Sequence[Trial]) -> dict[str, list[Outcome]]:
    """All parts fitted again with their settings and seeds, the weights as they are; and the noise of doing so: what
    changes for people who lost nothing."""
    names = ("the first reason", "a random item")
    found: dict[str, list[Outcome]] = {name: [] for name in (*names, "nothing of theirs")}
    before = fitted(model, np.ones(len(model.data.cells), dtype=bool))
    batches = [trials[start : start + TOGETHER] for start in range(0, len(trials), TOGETHER)]
    with tqdm(total=len(names) * len(batches), desc="train", leave=False) as bar:
        for number, batch in enumerate(batches):
            for name in names:
                gone = {(trial.user, item) for trial in batch for item in trial.left_out[name]}
                cells = model.data.cells
                pairs = zip(cells.users.tolist(), cells.items.tolist(), strict=True)
                kept = np.array([(model.users[user], model.items[item]) not in gone for user, item in pairs])
                after = fitted(model, kept)
                found[name] += [outcome(model, before, after, trial) for trial in batch]
                untouched = batches[(number + 1) % len(batches)] if len(batches) > 1 else []
                found["nothing of theirs"] += [outcome(model, before, after, trial) for trial in untouched]
                bar.update()
    return {name: outcomes for name, outcomes in found.items() if outcomes}


def named_kind(reason: str) -> str:
    """What a reason goes by, in its words.

    >>> [named_kind(f"because {words}") for words in ("it is popular, and you liked A, which reads alike", "people who "
    ...  "liked A liked it too", "you liked A, which reads alike", "you liked A, by the same director (B)")]
    ['popularity', 'people', 'texts', 'entities']
    """
    return next((kind for kind, pattern in NAMED.items() if re.search(pattern, reason)), "entities")


def kinds(recommender: Recommender, people: Sequence[str], k: int = 10) -> list[tuple[str, str]]:
    """For each item of their lists the kind that its reason names, and that of the component without which the score
    falls most: all scores computed again without it.
    """
    model, found = recommender.models.published(), []
    hybrid = model.hybrid
    for user in tqdm(people, desc="components", leave=False):
        (person,) = read_people(recommender.store, model, [user])
        known, lost = model.people([person]), {}
        for name in hybrid.fusion.parts:
            fusion = hybrid.fusion.only([other for other in hybrid.fusion.parts if other != name])
            rest = Hybrid([part for part in hybrid.parts if part.name != name], fusion)
            lost[name] = hybrid.score(known)[0] - rest.score(known)[0]
        lists = recommender.recommend(user, k=k, reasons=True)
        for item, reason in zip(model.items.indices(lists.item_id), lists.reason, strict=True):
            found.append((named_kind(reason), kind_of(max(lost, key=lambda name: float(lost[name][item])))))
    return found


Scored = tuple[Hybrid, Any]
"""A hybrid, and the people as its training data know them."""


def fitted(model: Model, kept: np.ndarray) -> Scored:
    """The hybrid trained on these cells alone."""
    data = replace(model.data, cells=model.data.cells.take(kept))
    parts = [type(part)(part.config).fit(data, RunContext(progress=False)) for part in model.hybrid.parts]
    return Hybrid(parts, model.hybrid.fusion), data.people()


def outcome(model: Model, before: Scored, after: Scored, trial: Trial) -> Outcome:
    """What happened to the explained item."""
    row, item = model.users.index(trial.user), model.items.index(trial.item)
    met = before[1].weights[row].indices
    scores, ranks = [], []
    for hybrid, people in (before, after):
        own = hybrid.score(people[slice(row, row + 1)])[0]
        scores.append(float(own[item]))
        ranks.append(int((np.delete(own, met) > own[item]).sum()))
    return Outcome(scores[1] - scores[0], ranks[1] - ranks[0])


def table(
    title: str, found: Mapping[str, Sequence[Outcome]], predicted: Mapping[str, Sequence[Outcome]] | None = None
) -> Table:
    """Shares of explanations whose prediction came true, and how large the changes are.

    ``predicted`` holds what solving again said of the same explanations, in the same order.
    """
    predicted = predicted or {}
    shown = Table(title=title, title_justify="left")
    shown.add_column("taken out")
    columns = ["n", "score falls", "rank worse", "rank better", "unmoved", "worse, of the moved", "change", "ranks"]
    for name in columns + ["predicted", "as predicted"] * bool(predicted):
        shown.add_column(name, justify="right")
    for name, outcomes in found.items():
        score, rank = (np.array([getattr(one, key) for one in outcomes]) for key in ("score", "rank"))
        of_moved = (rank > 0).sum() / max(1, (rank != 0).sum())
        shares = [(score < 0).mean(), (rank > 0).mean(), (rank < 0).mean(), (rank == 0).mean(), of_moved]
        shown.add_row(
            name,
            str(len(rank)),
            *(f"{share:.1%}" for share in shares),
            f"{score.mean():+.3f}",
            f"{np.median(rank):+.0f}",
            *(_agreement(rank, predicted[name]) if name in predicted else ()),
        )
    return shown


def _agreement(rank: np.ndarray, predicted: Sequence[Outcome]) -> tuple[str, str]:
    """How many ranks are predicted to move, and the share of these that move in that direction."""
    expected = np.sign([one.rank for one in predicted[: len(rank)]])
    moving = expected != 0
    return str(moving.sum()), f"{(np.sign(rank) == expected)[moving].mean():.1%}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--explanations", type=int, default=500, help="how many (default: %(default)s)")
    parser.add_argument("--refit", type=int, default=0, help="of so many also with training (default: %(default)s)")
    parser.add_argument("--store", type=Path, help="a refreshed graph (default: MovieLens 100k, made anew)")
    options = parser.parse_args()
    run, console = RunContext(progress=False), Console(width=150)
    with (
        tempfile.TemporaryDirectory(prefix="tastegraph-bench-") as folder,
        Recommender.open(
            options.store or Path(folder) / "movies", config=RefreshConfig(tune_seconds=None), run=run
        ) as recommender,
    ):
        if options.store is None:
            recommender.ingest_records(read_recbole(fetch(CACHE / "demo") / FOLDER), scale=Scale(1, 5))
            recommender.refresh()
        trials = draw(recommender, max(options.explanations, options.refit))
        compared = kinds(recommender, [trial.user for trial in trials])
        console.print(
            f"{np.mean([named == largest for named, largest in compared]):.1%} of {len(compared):,} reasons name the "
            f"kind of the component without which the score falls most: {dict(Counter(one for _, one in compared))}"
        )
        solved = solved_again(recommender, trials)
        console.print(table("solved again", solved))
        if options.refit:
            some = trials[: options.refit]
            console.print(table("trained again", trained_again(recommender.models.published(), some), solved))


if __name__ == "__main__":
    main()
