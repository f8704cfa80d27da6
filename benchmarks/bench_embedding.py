"""Embedding of reviews: ``TextEncoder`` beside ``SentenceTransformer.encode`` as it comes, side by side in one run.

Two jobs, each by turns, medians over the rounds; loading the model counts for neither::

    equal    every text is different and cut to what one window holds, so that both read exactly the same tokens
    whole    the same texts uncut: sentence-transformers drops what stands beyond the first window, the encoder reads it

Neither repeats a text, so that what is saved by embedding equal texts once is not in the figures.

    python benchmarks/bench_embedding.py --file reviews.json.gz --texts 500 --rounds 3 --json
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from text.encoder import EncoderConfig, TextEncoder

SHARED = Path(__file__).parents[2] / "shared/data/amazon-musical-instruments/Musical_Instruments_5.json.gz"
PHRASES = (
    "the strings sound bright",
    "it arrived on time",
    "the case is sturdy",
    "I have used it every day",
    "my son plays it",
    "the cable hums",
    "at this price nothing compares",
    "the tuner is quick and accurate",
    "customer service never answered",
    "the finish scratches",
    "it holds its tune for weeks",
    "the manual is in three languages",
    "I would not buy it again",
    "the stand folds flat",
)


def reviews(file: Path | None, count: int) -> list[str]:
    """Different texts: a seeded sample of a file of JSON lines with ``reviewText``, or made up where there is none."""
    rng = np.random.default_rng(0)
    if file is None:
        words = rng.lognormal(mean=4.1, sigma=0.9, size=count)
        return [
            f"Review {row}: " + ", ".join(rng.choice(PHRASES, size=max(1, int(n / 6)))) for row, n in enumerate(words)
        ]
    with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as lines:
        texts = sorted({row["reviewText"] for line in lines if (row := json.loads(line)).get("reviewText", "").strip()})
    return [texts[row] for row in rng.permutation(len(texts))[:count]]


def cut(texts: list[str], plain: Any) -> list[str]:
    """Texts up to the last token that fits into one window."""
    encoded = plain.tokenizer(texts, truncation=True, max_length=plain.max_seq_length, return_offsets_mapping=True)
    return [text[: max(end for _, end in spans)] for text, spans in zip(texts, encoded["offset_mapping"], strict=True)]


def neighbours(vectors: np.ndarray, k: int = 10) -> np.ndarray:
    """The ``k`` nearest others of each row by cosine, ``(n, k)``."""
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    return np.argpartition(-similarity, k, axis=1)[:, :k]


def overlap(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Share of the 10 nearest neighbours that both agree on, mean over the texts."""
    pairs = zip(neighbours(ours), neighbours(theirs), strict=True)
    return float(np.mean([len(np.intersect1d(a, b)) / len(a) for a, b in pairs]))


def by_turns(jobs: dict[str, Callable[[], np.ndarray]], rounds: int) -> dict[str, dict[str, float]]:
    """Median seconds of each job, on the clock and of the processor, the jobs taking turns."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            wall, busy = time.perf_counter(), time.process_time()
            job()
            times[name].append((time.perf_counter() - wall, time.process_time() - busy))
    return {
        name: {"wall_s": statistics.median(w for w, _ in t), "cpu_s": statistics.median(c for _, c in t)}
        for name, t in times.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", type=Path, default=SHARED if SHARED.is_file() else None)
    parser.add_argument("--texts", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args()

    from sentence_transformers import SentenceTransformer

    encoder = TextEncoder(EncoderConfig(precision=options.precision))
    plain = SentenceTransformer(str(encoder.folder))
    texts = reviews(options.file, options.texts)
    report: dict[str, Any] = {"texts": len(texts), "source": options.file.name if options.file else "made up"}
    report["precision"] = str(encoder.precision)
    for job, inputs in {"equal": cut(texts, plain), "whole": texts}.items():
        print(f"{job}: {options.rounds} rounds of {len(inputs)} texts", file=sys.stderr)
        jobs = {
            "sentence_transformers": lambda inputs=inputs: plain.encode(inputs, show_progress_bar=False),
            "encoder": lambda inputs=inputs: encoder.encode(inputs, progress=False),
        }
        agreement = overlap(jobs["encoder"](), jobs["sentence_transformers"]())  # a first turn, to warm both up
        report[job] = by_turns(jobs, options.rounds) | {"overlap@10": agreement}
        theirs, ours = report[job]["sentence_transformers"], report[job]["encoder"]
        report[job]["speedup"] = theirs["wall_s"] / ours["wall_s"]
    if options.json:
        print(json.dumps(report, indent=1))
        return
    print(f"{report['texts']} texts ({report['source']}), {report['precision']}")
    for job in ("equal", "whole"):
        row = report[job]
        theirs, ours = row["sentence_transformers"], row["encoder"]
        print(
            f"{job:6} sentence-transformers {theirs['wall_s']:6.2f} s  encoder {ours['wall_s']:6.2f} s  "
            f"{row['speedup']:.2f}x  overlap@10 {row['overlap@10']:.4f}"
        )


if __name__ == "__main__":
    main()
