"""The encoder against sentence-transformers itself, and against windows pooled by hand."""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from text.encoder import EncoderConfig, TextEncoder, batch_by_tokens
from text.errors import InvalidSetting, ModelNotFound
from text.windows import has_vector, split

SHORT = [
    "These strings sound bright and stay in tune.",
    "A tuner that clips onto the headstock",
    "The magazine arrived late, with torn pages!",
    "guitar",
    "Ünïcödé — naïve café, 日本語, 🎸🎶",
    "It works.\n\nBut the cable is short; 3.5 mm only.",
]
LONG = " ".join(
    f"In chapter {i} the hero meets {name}." for i, name in enumerate(["a dragon", "the king", "rain"] * 60)
)


@pytest.fixture(scope="module")
def plain(encoder: TextEncoder) -> Iterator[Any]:
    """sentence-transformers as it comes, with the same model."""
    from sentence_transformers import SentenceTransformer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield SentenceTransformer(str(encoder.folder), device="cpu")


def test_short_texts_agree_with_sentence_transformers(encoder: TextEncoder, plain: Any) -> None:
    expected = plain.encode(SHORT, show_progress_bar=False)
    np.testing.assert_allclose(encoder.encode(SHORT), expected, atol=2e-6)


def test_a_long_text_is_the_mean_of_its_windows(encoder: TextEncoder, plain: Any) -> None:
    ids = plain.tokenizer(LONG, add_special_tokens=False, truncation=False)["input_ids"]
    windows = split(len(ids), length=254, overlap=32)
    assert len(windows) >= 4
    rows = []
    for start, end in windows:
        batch = torch.tensor([[101, *ids[start:end], 102]])
        with torch.inference_mode():
            features = plain({"input_ids": batch, "attention_mask": torch.ones_like(batch)})
        rows.append(features["sentence_embedding"][0].numpy())
    mean = np.mean(rows, axis=0)
    np.testing.assert_allclose(encoder.encode([LONG])[0], mean / np.linalg.norm(mean), atol=2e-6)


def test_what_stands_beyond_the_first_window_counts(encoder: TextEncoder, plain: Any) -> None:
    other = LONG + " Completely different: an electric guitar amplifier with a spring reverb." * 40
    cut = plain.encode([LONG, other], show_progress_bar=False)
    np.testing.assert_allclose(cut[0], cut[1], atol=2e-6)  # cut in silence, as it comes
    whole = encoder.encode([LONG, other, "guitar amplifier"])
    assert whole[1] @ whole[2] > whole[0] @ whole[2] + 0.1


def test_order_and_duplicates(encoder: TextEncoder) -> None:
    texts = [LONG, "guitar", "", SHORT[0], "guitar", LONG, SHORT[1]]
    vectors = encoder.encode(texts)
    for row, text in enumerate(texts):
        np.testing.assert_allclose(vectors[row], encoder.encode([text])[0], atol=2e-6)


def test_each_different_text_goes_through_the_model_once(encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[int] = []
    forward = encoder._backbone.forward
    monkeypatch.setattr(encoder._backbone, "forward", lambda batch: rows.append(len(batch)) or forward(batch))
    encoder.encode(["guitar", "drum", "guitar", "", "drum", "guitar"])
    assert sum(rows) == 2


def test_many_threads_give_what_one_gives(encoder: TextEncoder) -> None:
    texts = [f"{' '.join(SHORT)} number {i}" for i in range(70)]
    threads = torch.get_num_threads()
    alone = TextEncoder(encoder.config, device="cpu", threads=1)
    alone.__dict__["_backbone"] = encoder._backbone
    np.testing.assert_allclose(encoder.encode(texts), alone.encode(texts), atol=2e-6)
    assert torch.get_num_threads() == threads


def test_texts_without_a_token_have_no_vector(encoder: TextEncoder) -> None:
    vectors = encoder.encode(["", "guitar", " \n\t ", "\0", "\0guitar\0"])
    assert has_vector(vectors).tolist() == [False, True, False, False, True]
    np.testing.assert_allclose(vectors[4], vectors[1], atol=2e-6)


def test_no_texts_at_all(encoder: TextEncoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_a_very_long_text_and_a_broken_one(encoder: TextEncoder) -> None:
    book = ("The river ran past the mill.".ljust(400) * 500)[:200_000]
    vectors = encoder.encode([book, "A river and a mill", "lone surrogate \ud800 here"], progress=False)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.4


def test_a_shorter_window_changes_vectors_and_the_fingerprint(encoder: TextEncoder) -> None:
    narrow = TextEncoder(EncoderConfig(window=32, overlap=8, precision="float32"), device="cpu")
    narrow.__dict__["_backbone"] = encoder._backbone
    whole, parts = encoder.encode([LONG])[0], narrow.encode([LONG])[0]
    assert 0.6 < whole @ parts < 0.999
    assert narrow.fingerprint != encoder.fingerprint


def test_a_prompt_is_read_before_every_text(encoder: TextEncoder, plain: Any) -> None:
    prompted = TextEncoder(EncoderConfig(prompt="a review of ", precision="float32"), device="cpu")
    prompted.__dict__["_backbone"] = encoder._backbone
    expected = plain.encode(["a review of guitar strings"], show_progress_bar=False)
    np.testing.assert_allclose(prompted.encode(["guitar strings"]), expected, atol=2e-6)


def test_bfloat16_keeps_what_is_near(encoder: TextEncoder) -> None:
    half = TextEncoder(EncoderConfig(precision="bfloat16"), device="cpu")
    assert (half.encode(SHORT) * encoder.encode(SHORT)).sum(axis=1).min() > 0.999
    assert half.fingerprint == encoder.fingerprint


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"amx_bf16": True}, "bfloat16"),
        ({"avx512_bf16": True}, "bfloat16"),
        ({"avx2": True}, "float32"),
        ({}, "float32"),
    ],
)
def test_bfloat16_is_chosen_where_the_processor_has_it(
    monkeypatch: pytest.MonkeyPatch, flags: dict[str, bool], expected: str
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: flags)
    assert TextEncoder(device="cpu").precision == expected


def test_the_fingerprint_follows_the_files(encoder: TextEncoder, tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(encoder.folder, copy)
    same = TextEncoder(EncoderConfig(model=str(copy))).fingerprint
    assert same == encoder.fingerprint
    (copy / "README.md").write_text("another text")
    assert TextEncoder(EncoderConfig(model=str(copy))).fingerprint == same
    with (copy / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x7f")
    assert TextEncoder(EncoderConfig(model=str(copy))).fingerprint != same


@pytest.mark.parametrize("name", ["/no/such/folder", "./nor/this", "a/b/c"])
def test_a_missing_folder_is_named(name: str) -> None:
    with pytest.raises(ModelNotFound, match="does not exist"):
        _ = TextEncoder(EncoderConfig(model=name)).fingerprint


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="holds no model"):
        TextEncoder(EncoderConfig(model=str(tmp_path))).encode(["a"])


def test_a_hub_name_without_the_hub(tmp_path: Path) -> None:
    code = (
        "from text.encoder import *; from text.errors import *\n"
        "try: TextEncoder(EncoderConfig(model='nobody/nothing-of-the-kind')).encode(['a'])\n"
        "except ModelNotFound as error: print(error)"
    )
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=offline, check=True)
    assert "'nobody/nothing-of-the-kind' is not on this machine" in done.stdout
    assert "all-MiniLM-L6-v2" in done.stdout


@pytest.mark.parametrize(
    "wrong",
    [{"window": 4}, {"overlap": -1}, {"precision": "int8"}, {"batch_tokens": 0}, {"window": 512}, {"overlap": 254}],
)
def test_settings_out_of_range_are_refused(encoder: TextEncoder, wrong: dict[str, Any]) -> None:
    def use() -> None:
        broken = TextEncoder(EncoderConfig(**wrong))
        broken.__dict__["_backbone"] = encoder._backbone
        broken.encode(["guitar"])

    with pytest.raises(InvalidSetting, match=next(iter(wrong))):
        use()


def test_nothing_heavy_is_imported_and_nothing_goes_to_stdout() -> None:
    code = (
        "import sys, socket\n"
        "from text.cache import CachedEncoder; from text.encoder import TextEncoder; import text.keyphrases\n"
        "print([name for name in ('torch', 'transformers', 'pandas') if name in sys.modules])\n"
        "def no(*a): raise OSError('no network')\n"
        "socket.socket.connect = socket.getaddrinfo = no\n"
        "TextEncoder().encode(['a guitar'], progress=False)"
    )
    root = str(Path(__file__).parents[2])
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=root)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_batches_hold_every_row_once_within_the_budget() -> None:
    sizes = np.random.default_rng(0).integers(1, 300, size=1_000)
    batches = batch_by_tokens(sizes, budget=1_024)
    assert sorted(np.concatenate(batches).tolist()) == list(range(1_000))
    assert all(sizes[batch].max() * len(batch) <= 1_024 for batch in batches)
    padded = sum(int(sizes[batch].max()) * len(batch) for batch in batches)
    assert padded < 1.02 * sizes.sum()
