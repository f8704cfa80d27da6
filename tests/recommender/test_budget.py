"""A budget in seconds: what it leaves time for, and trials that are repeated without any clock."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
import scipy.sparse as sp

from recommender import Recommender, effort
from recommender.bridge import Builder, TextVectors
from recommender.budget import Budget
from recommender.context import RunContext
from recommender.data import TrainingData
from recommender.errors import InvalidInput
from recommender.evaluation.protocol import Task
from recommender.evaluation.run import measure
from recommender.evaluation.split import Split
from recommender.evaluation.stores import SplitConfig, split_snapshot
from recommender.parts import PARTS
from recommender.parts.base import BaselinePart
from recommender.search import fit_last, search
from recommender.trials import Trials, read_trials
from recommender.tuning import Ahead, Tuned, tune
from tests.recommender.evaluation.worlds import Row, snapshot_of
from tests.recommender.parts.planted import ITEMS, world
from tests.recommender.test_loop import events, items
from tests.running import RUN


@dataclass
class Clock:
    """Stands still but for what is added."""

    now: float = 0.0
    ticks: float = 0.0
    """Added by each reading."""

    def __call__(self) -> float:
        self.now += self.ticks
        return self.now


CLOCK = Clock()


@dataclass(frozen=True)
class Slow:
    """How long a fit takes, and how good it is."""

    seconds: float
    value: int = 0
    epochs: int = 100
    copies: int = 1
    dimensions: int = 1


class Timed(BaselinePart):
    """Takes the seconds of its configuration by :data:`CLOCK`; item 0 stands at place ``10 - value``."""

    Config = Slow
    configs: Sequence[Slow] = ()

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[Slow]:
        return cls.configs

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        CLOCK.now += self.config.seconds
        self.scores = -np.arange(ITEMS, dtype=np.float32)
        self.scores[0] = self.config.value - 9.5
        return self


class Stepwise(Timed):
    """Trained in a hundred steps, of which a time limit leaves some."""

    trained_in_steps = True

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        each = self.config.seconds / 100
        steps = min(self.config.epochs, max(1, int(run.time_limit / each)) if run.time_limit < 1e9 else 10**9)
        self.config = replace(self.config, epochs=steps)
        CLOCK.now += steps * each
        self.scores = np.arange(ITEMS, dtype=np.float32)[::-1].copy()
        return self


def part(name: str, *configs: Slow, kind: type[Timed] = Timed) -> type[Timed]:
    return type(name, (kind,), {"name": name, "configs": configs})


def task() -> Task:
    data = world()
    wanted = np.zeros((data.num_users, ITEMS), dtype=np.float32)
    wanted[:30, 0] = 1.0
    return Task.of(data, sp.csr_matrix(wanted.shape, dtype=np.float32), sp.csr_matrix(wanted))


@pytest.fixture
def clock() -> Clock:
    CLOCK.now = CLOCK.ticks = 0.0
    return CLOCK


def test_time_is_kept_for_the_last_fits(clock: Clock) -> None:
    """Of 100 s: each of the slow one's fits takes 20 s, and what is chosen is fitted twice more afterwards."""
    quick = part("quick", *(Slow(1.0, value) for value in (3, 5, 4)))
    slow = part("slow", *(Slow(20.0, value) for value in (6, 7, 8)))
    found = tune([quick, slow], task(), RUN, budget=Budget(100, clock), ahead=Ahead(fits=2.0))
    assert [trial.config.value for trial in found["quick"].trials] == [3, 5, 4]
    assert [trial.config.value for trial in found["slow"].trials] == [6, 7], "of 15 s left, a third needs 20"
    later = 2 * sum(best.trial.fit_seconds for best in found.values() if best.trial)
    assert clock.now == pytest.approx(43.0)
    assert clock.now + later <= 100
    assert found["slow"].shortened == "2 of 3 configurations"


@pytest.mark.parametrize(("seconds", "fits"), [(60.0, 2.0), (200.0, 1.0), (33.0, 3.0)])
def test_whatever_is_tried_what_follows_has_its_time(
    clock: Clock, seconds: float, fits: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six parts of .3 to 9.6 s a fit, each of six settings."""
    known = {f"p{n}": lambda config, data: config.seconds * 1e9 for n in range(6)}
    monkeypatch.setattr("recommender.effort._OPERATIONS", known)
    kinds = [part(f"p{n}", *(Slow(0.3 * 2**n, n + k) for k in range(6))) for n in range(6)]
    found = tune(kinds, task(), RUN, budget=Budget(seconds, clock), ahead=Ahead(fits=fits, seconds=5.0))
    later = fits * sum(best.trial.fit_seconds for best in found.values() if best.trial) + 5.0
    assert 0.4 * seconds < clock.now + later <= 1.1 * seconds
    assert len(found["p0"].trials) > 2, "what costs little is tried first"


def test_final_forms_hold_up_no_short_trial_and_nothing_that_they_cannot_use(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 60 s are left 17 or 15 when every part was tried; the final form takes 16 of them."""

    class Copied(Timed):
        @classmethod
        def final(cls, config: Slow, data: TrainingData) -> Slow:
            return replace(config, seconds=12.0)

    names = ("copied", "slow", "quick")
    monkeypatch.setattr("recommender.effort._OPERATIONS", dict.fromkeys(names, lambda config, _: config.seconds * 1e9))
    for seconds, slow, quick in ((11.0, 1, 4), (12.0, 2, 1)):
        clock.now = 0.0
        kinds = [
            part("copied", Slow(8.0), kind=Copied),
            part("slow", *[Slow(seconds)] * slow),
            part("quick", *[Slow(1.0)] * quick),
        ]
        found = tune(kinds, task(), RUN, budget=Budget(60, clock), ahead=Ahead(fits=1.0))
        assert [sum(not trial.final for trial in found[name].trials) for name in names] == [1, slow, quick]
        assert clock.now + sum(best.trial.fit_seconds for best in found.values() if best.trial) <= 60


def test_what_cannot_be_fitted_in_time_is_left_out_and_said(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recommender.effort._OPERATIONS", {"huge": lambda config, data: 500e9})
    found = tune(
        [part("quick", Slow(1.0)), part("huge", Slow(500.0))], task(), RUN, budget=Budget(60, clock), ahead=Ahead(1.0)
    )
    assert found["quick"].part is not None
    assert found["huge"].part is None
    assert "left out: about" in str(found["huge"].skipped)
    assert "the budget of 60 s has no time" in str(found["huge"].skipped)
    assert clock.now == 1.0


def test_a_network_is_trained_for_less_than_its_epochs(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last fit trains as long as the trial at most, and what was cut is in the trials."""
    monkeypatch.setattr("recommender.effort._OPERATIONS", {"steps": lambda c, data: 60e9 * c.epochs / 100})
    found = tune(
        [part("steps", Slow(60.0), kind=Stepwise)], task(), RUN, budget=Budget(100, clock), ahead=Ahead(fits=2.0)
    )
    (trial,) = found["steps"].trials
    assert 45 <= trial.config.epochs <= 55, "a third of the 95 s that are not for what nothing foresees"
    assert clock.now + 2 * trial.fit_seconds <= 100


def split() -> Split:
    """Forty people who each rate a dozen items of their half."""
    rng = np.random.default_rng(3)
    rows: list[Row] = []
    for user in range(40):
        for step, item in enumerate(rng.permutation(15)[:12]):
            rows.append((user, int(item) + 15 * (user % 2), "RATED", 1000.0 * step + user, float(rng.integers(3, 6))))
    snapshot = snapshot_of(sorted(rows), num_users=40, num_items=30)
    vectors = rng.normal(size=(30, 6)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    build = Builder(snapshot, TextVectors(vectors, np.empty((0, 6), np.float32)))
    return split_snapshot(snapshot, build, SplitConfig(protocol="random"))


def lists(report: Any) -> list[list[list[int]]]:
    return [model.figures.top.tolist() for model in report.models]


def test_trials_of_a_budget_give_the_same_lists_without_a_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    own = split()
    first = measure(own, RUN, ks=(5,), budget=4.0)
    assert first.spent is not None
    assert first.spent.seconds == 4.0
    written = json.loads(json.dumps(first.document()))
    trials = Trials.from_dict(written["trials"][0], "here")
    assert trials == first.trials[0]
    unread(monkeypatch)
    again = measure(own, RUN, ks=(5,), trials=trials)
    assert lists(again) == lists(first)
    assert again.spent is None
    assert [model.params for model in again.models] == [model.params for model in first.models]
    assert again.trials == first.trials


def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of budgets fails; that of reports runs wild."""

    def fail() -> float:
        raise AssertionError("a clock was read")

    wild = np.random.default_rng(0)
    monkeypatch.setattr(time, "monotonic", fail)
    monkeypatch.setattr(time, "perf_counter", lambda: float(wild.normal(scale=1e6)))


def test_without_a_budget_no_clock_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    own = split()
    names = ["hybrid", "popularity", "network"]
    first = measure(own, RUN, ks=(5,), names=names)
    unread(monkeypatch)
    again = measure(own, RUN, ks=(5,), names=names)
    assert lists(again) == lists(first)
    assert again.trials == first.trials
    assert again.trials[0].others > 0


def test_a_last_fit_that_is_cut_is_repeated_as_it_was(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything takes longer than on the trial: the network ends early, and its epochs are written down."""
    own = split()
    choice, _ = search(own.validation, RUN, budget=1000.0, names=["network", "popularity"])
    clock.ticks = 1.0
    monkeypatch.setattr("gnn.training.time.perf_counter", clock)
    budget = Budget(20.0, clock)
    fits = fit_last(choice, ["network"], own.refit, RUN, "all", budget=budget)
    done, planned = fits.shortened["network"]["epochs"], choice.params["network"]["epochs"]
    assert done < planned
    monkeypatch.undo()
    assert choice.trials is not None
    repeated = replace(choice, trials=choice.trials.shortened("all", fits.shortened))
    again = fit_last(repeated, ["network"], own.refit, RUN, "all")
    people = own.testing.people
    assert np.array_equal(again.parts["network"].score(people), fits.parts["network"].score(people))


def test_a_budget_is_said_in_the_report(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "recommender"):
        report = measure(split(), RUN, ks=(5,), names=["hybrid", "popularity"], budget=0)
    assert report.spent is not None
    document = report.document()
    assert document["budget"]["seconds"] == 0
    assert document["budget"]["took"] > 0
    assert any(said.endswith("configurations") for said in document["budget"]["shortened"].values())
    assert "item_knn had too little time: 1 of 9 configurations" in report.omissions
    assert any("of 0 s" in message for message in caplog.messages)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "holds no trials"),
        ('{"version": "20250101T000000-abcdef", "choice": {}}', "holds no trials; those of a version stand in"),
        ('{"trials": [{"format": 2}]}', "holds no trials of format 1"),
        ('{"trials": [{"format": 1, "tried": {}}]}', "holds no trials of format 1"),
        ("[" * 200_000, "is no JSON file"),
        ("\u0000", "is no JSON file"),
    ],
)
def test_what_holds_no_trials_is_refused(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(InvalidInput, match=said):
        read_trials(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda found: found["tried"].update(nothing=[{}]), "there is no such part"),
        (lambda found: found["tried"].update(network=[{"layers": 3}]), "there is no key 'layers'"),
        (lambda found: found["tried"].update(network=[{"epochs": "many"}]), "epochs = 'many' is not int"),
        (lambda found: found["tried"].update(network=[7]), "7 is no configuration of network"),
        (lambda found: found["fits"].update(test={"ease": {"dropout": None}}), "dropout = None is not float"),
        (lambda found: found.update(others=-1), "-1 is no count"),
        (lambda found: found.update(people=True), "True is no count"),
    ],
)
def test_trials_of_a_file_are_looked_at(change: Callable[[dict[str, Any]], Any], said: str, tmp_path: Path) -> None:
    written = Trials(tried={"network": ({"epochs": 3},)}).to_dict()
    document = json.loads(json.dumps(written))
    assert Trials.from_dict(document, "here") == Trials(tried={"network": ({"epochs": 3},)})
    change(document)
    path = tmp_path / "report.json"
    path.write_text(json.dumps({"trials": [document]}))
    with pytest.raises(InvalidInput, match=said):
        read_trials(path)


def test_every_part_writes_configurations_that_can_be_read() -> None:
    data = world()
    for name, kind in PARTS.items():
        for config in kind.grid(data):
            params = json.loads(json.dumps(vars(config)))
            found = Trials.from_dict(Trials(tried={name: (params,)}).to_dict(), "here")
            assert kind.Config(**found.tried[name][0]) == config


@pytest.mark.embedded
def test_a_version_is_made_again_from_its_trials_and_rows_in_any_order(tmp_path: Path) -> None:
    rated, described = events(), items()
    with Recommender.open(tmp_path / "first", run=RUN) as recommender:
        recommender.ingest(rated, items=described, scale=(1, 5))
        made = recommender.refresh(budget=10)
        assert made.budget is not None
        assert made.budget["seconds"] == 10
        assert set(made.budget) == {"seconds", "took", "left_out", "shortened"}
        lists = recommender.recommend(k=10)
        folder = tmp_path / "first" / "work" / "models" / str(made.version)
    rng = np.random.default_rng(7)
    with Recommender.open(tmp_path / "second", run=RUN) as recommender:
        recommender.ingest(
            rated.sample(frac=1.0, random_state=1),
            items=[described[at] for at in rng.permutation(len(described))],
            scale=(1, 5),
        )
        again = recommender.refresh(trials=folder)
        assert again.budget is None
        found = recommender.recommend(k=10)
        keys = ["user_id", "rank"]
        ours, theirs = (one.sort_values(keys).reset_index(drop=True) for one in (found, lists))
        assert ours.equals(theirs)
        assert recommender.refresh(trials=folder).unchanged
        mine = recommender.store.work / "models" / str(again.version)
        assert read_trials(mine) == read_trials(folder)
        old = json.loads((folder / "manifest.json").read_text())
        del old["trials"]
        (tmp_path / "old.json").write_text(json.dumps(old))
        with pytest.raises(InvalidInput, match="holds no trials"):
            recommender.refresh(trials=tmp_path / "old.json")


def test_what_fits_take_is_counted_by_their_sizes() -> None:
    data, network = world(), PARTS["network"].Config
    one, two = (effort.seconds("network", network(epochs=epochs), data) - 0.01 for epochs in (20, 40))
    assert two == pytest.approx(2 * one)
    assert effort.scaled("network", 3.0, network(epochs=40), network(epochs=20), data) == pytest.approx(6.0, rel=0.5)
    assert effort.seconds("knowledge_network", network(), data) > effort.seconds("network", network(), data)
    for name, kind in PARTS.items():
        for config in kind.grid(data):
            assert 0 < effort.seconds(name, config, data) < 1, name


def test_the_second_part_of_a_budget_is_for_what_counts(clock: Clock) -> None:
    """Of two parts with fits of 3 s the weights want one alone: its settings go on, nothing is kept for the other."""
    kinds = [part(name, *(Slow(3.0, value) for value in range(1, 9))) for name in ("wanted", "unwanted")]
    at: list[float] = []

    def weigh(tuned: Mapping[str, Tuned]) -> dict[str, float]:
        at.append(clock.now)
        assert all(best.trials for best in tuned.values())
        return {"wanted": 1.0}

    found = tune(kinds, task(), RUN, budget=Budget(60, clock), ahead=Ahead(fits=2.0), weigh=weigh)
    assert at == [27.0], "the first trial after 24 s is the last before the weights"
    done = {name: len(best.trials) for name, best in found.items()}
    assert done["wanted"] == 8
    assert sum(done.values()) * 3.0 == clock.now
    assert clock.now + 2 * 3.0 <= 60
    assert found["unwanted"].shortened is None, "it is not served, so that it lacks nothing"
