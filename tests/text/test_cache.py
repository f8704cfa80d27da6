"""The cache on a real disk: restarts, crashes, damage, full disks, forgetting."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.running import PATIENCE
from text.cache import CachedEncoder, VectorCache, forget_texts, text_key
from text.encoder import EncoderConfig, TextEncoder
from text.errors import CacheDamaged, CacheError, CacheFull, CacheHeld, CacheMismatch

ROOT = Path(__file__).parents[2]


def vectors_of(texts: list[str], dimension: int = 8) -> np.ndarray:
    """A vector for each text that is its own and can be told again."""
    return np.stack([np.random.default_rng(list(text_key(t))).random(dimension, np.float32) for t in texts])


def filled(folder: Path, count: int = 200) -> list[str]:
    texts = [f"text {i}" for i in range(count)]
    with VectorCache(folder, "model") as cache:
        cache.put(texts, vectors_of(texts))
    return texts


def test_vectors_survive_and_keep_their_places(tmp_path: Path) -> None:
    texts = filled(tmp_path)
    with VectorCache(tmp_path, "model", dimension=8) as cache:
        positions, rows = cache.get(["absent", texts[7], "", texts[3], texts[7]])
        assert positions.tolist() == [1, 3, 4]
        np.testing.assert_array_equal(rows, vectors_of([texts[7], texts[3], texts[7]]))
        assert len(cache) == 200


def test_more_texts_than_one_query_takes(tmp_path: Path) -> None:
    texts = filled(tmp_path, 20_000)
    with VectorCache(tmp_path, "model") as cache:
        positions, rows = cache.get(texts[::-1])
    assert positions.tolist() == list(range(20_000))
    np.testing.assert_array_equal(rows[::1_000], vectors_of(texts[::-1][::1_000]))


def test_other_models_other_vectors(tmp_path: Path) -> None:
    filled(tmp_path)
    with VectorCache(tmp_path, "another") as cache:
        assert cache.dimension is None
        assert cache.get(["text 1"])[0].tolist() == []


def test_another_dimension_is_refused(tmp_path: Path) -> None:
    filled(tmp_path)
    with pytest.raises(CacheMismatch, match="dimension 8, and 16"):
        VectorCache(tmp_path, "model", dimension=16)
    with VectorCache(tmp_path, "model") as cache, pytest.raises(CacheMismatch, match="delete it"):
        cache.put(["a"], np.ones((1, 9), np.float32))


def test_a_flipped_byte_loses_one_vector_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    texts = filled(tmp_path)
    victim = vectors_of([texts[100]]).tobytes()
    path = tmp_path / "model.sqlite"
    data = bytearray(path.read_bytes())
    data[data.index(victim) + 5] ^= 0x10
    path.write_bytes(data)
    with VectorCache(tmp_path, "model") as cache:
        positions, rows = cache.get(texts)
        assert sorted(set(range(200)) - set(positions.tolist())) == [100]
        np.testing.assert_array_equal(rows, vectors_of(texts[:100] + texts[101:]))
        assert "1 damaged vectors dropped" in caplog.text
        cache.put([texts[100]], vectors_of([texts[100]]))
        assert len(cache.get(texts)[0]) == 200


@pytest.mark.parametrize("damage", ["header", "pages", "truncated"])
def test_a_broken_file_is_named(tmp_path: Path, damage: str) -> None:
    texts = filled(tmp_path, 2_000)
    path = tmp_path / "model.sqlite"
    data = bytearray(path.read_bytes())
    if damage == "header":
        data[:16] = b"not a database!!"
    elif damage == "pages":
        data[16_384:] = os.urandom(len(data) - 16_384)
    else:
        del data[len(data) // 2 :]
    path.write_bytes(data)
    with pytest.raises(CacheDamaged, match=r"model\.sqlite is damaged .* delete it"):
        VectorCache(tmp_path, "model").get(texts)


def test_another_version_is_refused(tmp_path: Path) -> None:
    filled(tmp_path)
    with sqlite3.connect(tmp_path / "model.sqlite") as connection:
        connection.execute("UPDATE meta SET value = 99 WHERE name = 'version'")
    connection.close()
    with pytest.raises(CacheMismatch, match="version 99"):
        VectorCache(tmp_path, "model")


def test_forgotten_texts_are_gone_from_every_model_and_from_the_disk(tmp_path: Path) -> None:
    texts = filled(tmp_path)
    with VectorCache(tmp_path, "another") as cache:
        cache.put(texts[:3], vectors_of(texts[:3], 5))
    with VectorCache(tmp_path, "model") as cache:
        assert cache.forget([texts[0], texts[50], "never seen", texts[0]]) == 3
        assert cache.get([texts[0], texts[1]])[0].tolist() == [1]
        stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert vectors_of([texts[1]]).tobytes() in stored
    for gone in (vectors_of([texts[0]]), vectors_of([texts[50]]), vectors_of([texts[0]], 5)):
        assert gone.tobytes() not in stored
        assert gone.tobytes()[:16] not in stored
    assert text_key(texts[50]) not in stored


def test_what_a_reader_keeps_in_the_log_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("text.cache._LOCK_SECONDS", 0.1)
    with VectorCache(tmp_path, "model") as cache:
        cache.put(["a flute", "a drum"], vectors_of(["a flute", "a drum"]))
        reader = sqlite3.connect(cache.path, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM vectors").fetchone()
        with pytest.raises(CacheHeld, match="call again"):
            cache.forget(["a flute"])
        reader.close()
        assert cache.forget([]) == 0
        stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert text_key("a flute") not in stored
        assert text_key("a drum") in stored


def test_a_cache_behind_a_link_is_searched_and_never_deleted(tmp_path: Path) -> None:
    folder, other = tmp_path / "folder", tmp_path / "other"
    folder.mkdir()
    with VectorCache(other, "model") as cache:
        cache.put(["a flute"], vectors_of(["a flute"]))
    (folder / "model.sqlite").symlink_to(other / "model.sqlite")
    assert forget_texts(folder, ["a flute"]) == 1
    (other / "model.sqlite").write_bytes(b"no database" * 2_000)
    with pytest.raises(CacheDamaged):
        forget_texts(folder, ["a flute"])
    assert (other / "model.sqlite").exists()
    (other / "model.sqlite").unlink()
    with pytest.raises(CacheError, match="leads to no file"):
        forget_texts(folder, ["a flute"])


WRITER = """
import sys, numpy as np
from pathlib import Path
from text.cache import VectorCache
name = sys.argv[2]
with VectorCache(Path(sys.argv[1]), "model") as cache:
    for batch in range(int(sys.argv[3])):
        texts = [f"{name} {batch} {i}" for i in range(50)]
        cache.put(texts, np.full((50, 8), batch, dtype=np.float32))
        print(batch, flush=True)
"""


def start_writer(folder: Path, name: str, batches: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name, str(batches)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.2])
@pytest.mark.faults
def test_a_killed_writer_loses_nothing_it_had_finished(tmp_path: Path, delay: float) -> None:
    with start_writer(tmp_path, "w", 100_000) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(delay)
        writer.send_signal(signal.SIGKILL)
        finished = [0, *(int(line) for line in writer.stdout.read().splitlines() if line.strip())]
    with VectorCache(tmp_path, "model") as cache:
        for batch in finished:
            positions, rows = cache.get([f"w {batch} {i}" for i in range(50)])
            assert len(positions) == 50
            assert (rows == batch).all()
        assert len(cache) % 50 == 0
        cache.put(["after"], np.ones((1, 8), np.float32))


@pytest.mark.faults
def test_processes_open_and_write_at_once(tmp_path: Path) -> None:
    writers = [start_writer(tmp_path, f"w{n}", 20) for n in range(3)]
    assert [writer.wait(timeout=60 * PATIENCE) for writer in writers] == [0, 0, 0]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.close()
    with VectorCache(tmp_path, "model") as cache:
        assert len(cache) == 3 * 20 * 50


def test_a_full_disk_is_a_clear_error_and_what_was_there_stays(tmp_path: Path) -> None:
    texts = filled(tmp_path)
    with VectorCache(tmp_path, "model") as cache:
        pages = cache._connection.execute("PRAGMA page_count").fetchone()[0]
        cache._connection.execute(f"PRAGMA max_page_count = {pages}")  # the engine's own "disk is full"
        more = [f"more {i}" for i in range(5_000)]
        with pytest.raises(CacheFull, match=r"model\.sqlite.*full.*free space"):
            cache.put(more, vectors_of(more))
        assert len(cache.get(texts + more)[0]) == 200


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CacheFull, match="cannot make the folder"):
        VectorCache(tmp_path / "file" / "cache", "model")


def test_misuse_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CacheError, match="no fingerprint"):
        VectorCache(tmp_path, "../elsewhere")
    cache = VectorCache(tmp_path, "model")
    with pytest.raises(CacheError, match="2 texts but 1 vectors"):
        cache.put(["a", "b"], np.ones((1, 3), np.float32))
    cache.close()
    with pytest.raises(CacheError, match="closed"):
        cache.get(["a"])


class TestCachedEncoder:
    TEXTS = ("a guitar", "", "a drum", "a guitar", "long " * 400)

    def test_the_same_vectors_as_without(self, encoder: TextEncoder, tmp_path: Path) -> None:
        with CachedEncoder.open(encoder, tmp_path) as cached:
            expected = encoder.encode(self.TEXTS)
            np.testing.assert_allclose(cached.encode(self.TEXTS), expected, atol=2e-6)
            np.testing.assert_allclose(cached.encode(self.TEXTS), expected, atol=2e-6)
            assert len(cached.cache) == 4

    def test_a_warm_cache_needs_no_model(self, encoder: TextEncoder, tmp_path: Path) -> None:
        with CachedEncoder.open(encoder, tmp_path) as cached:
            expected = cached.encode(self.TEXTS)
        lost = TextEncoder(EncoderConfig(model="/no/such/model"))
        with CachedEncoder(lost, VectorCache(tmp_path, encoder.fingerprint)) as warm:
            np.testing.assert_array_equal(warm.encode(self.TEXTS), expected)
            assert warm.dimension == 384

    def test_a_warm_cache_does_not_import_torch(self, encoder: TextEncoder, tmp_path: Path) -> None:
        with CachedEncoder.open(encoder, tmp_path) as cached:
            cached.encode(self.TEXTS)
        code = (
            "import sys; from pathlib import Path\n"
            "from text.encoder import TextEncoder; from text.cache import CachedEncoder\n"
            f"with CachedEncoder.open(TextEncoder(), Path({str(tmp_path)!r})) as cached:\n"
            f"    print(cached.encode({self.TEXTS!r}).shape, 'torch' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
        assert done.stdout == "(5, 384) False\n"

    def test_only_what_is_missing_is_computed(
        self, encoder: TextEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with CachedEncoder.open(encoder, tmp_path) as cached:
            cached.encode(self.TEXTS)
            rows: list[int] = []
            forward = encoder._backbone.forward
            monkeypatch.setattr(encoder._backbone, "forward", lambda batch: rows.append(len(batch)) or forward(batch))
            cached.encode([*self.TEXTS, "a flute", "a flute"])
            assert sum(rows) == 1
            assert cached.forget(["a flute"]) == 1
            cached.encode(["a flute"])
            assert sum(rows) == 2

    def test_what_was_finished_before_a_failure_is_kept(
        self, encoder: TextEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("text.encoder._SLICE_CHARACTERS", 20)
        texts = ["a long text about guitars and drums", "a text about a flute", "short"]

        def fail_on_short(batch: list[list[int]], forward=encoder._backbone.forward) -> np.ndarray:  # type: ignore[no-untyped-def]
            if len(batch[0]) == 3:
                raise RuntimeError("out of memory")
            return forward(batch)

        monkeypatch.setattr(encoder._backbone, "forward", fail_on_short)
        with CachedEncoder.open(encoder, tmp_path) as cached:
            with pytest.raises(RuntimeError, match="out of memory"):
                cached.encode(texts)
            assert cached.cache.get(texts)[0].tolist() == [0, 1]
