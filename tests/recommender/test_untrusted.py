"""A version that somebody else has made serves nothing before its arrays fit, and asks with no model it likes."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from kg.errors import GraphError
from recommender import Recommender, artefacts
from recommender.errors import ArtefactError
from recommender.model import Model
from recommender.parts.base import csr_restore, csr_state
from recommender.refresh.config import RefreshConfig
from recommender.tensors import read_tensors
from recommender.texts import trust, trusted
from tests.recommender.test_loop import events, items
from tests.running import RUN
from text.errors import ModelUnsupported
from text.model import check_weights


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recommender]:
    folder = tmp_path_factory.mktemp("made")
    with Recommender.open(folder / "s", run=RUN, config=RefreshConfig(tune_seconds=0)) as recommender:
        recommender.ingest(events(), items=items(), scale=(1, 5))
        recommender.feedback("u1", "i3", "LIKED", text="nobody else can hear this recording anyway")
        recommender.refresh()
        yield recommender


@pytest.fixture
def version(made: Recommender, tmp_path: Path) -> Path:
    """A copy of the version, to spoil."""
    folder = made.models.published().folder
    shutil.copytree(folder, tmp_path / folder.name)
    return tmp_path / folder.name


def sealed(folder: Path, change: Callable[[dict[str, Any]], object] = lambda manifest: None) -> Path:
    """As its maker would: every hash is right."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"] = {
        found.relative_to(folder).as_posix(): hashlib.sha256(found.read_bytes()).hexdigest()
        for found in folder.rglob("*")
        if found.is_file() and found != path
    }
    change(manifest)
    path.write_text(json.dumps(manifest))
    return folder


def spoil(path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Change the first array of a file of tensors."""
    arrays = load_file(path)
    name = sorted(arrays)[0]
    save_file(arrays | {name: np.ascontiguousarray(change(arrays[name]))}, path)


SPOILT: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "short": lambda array: array[:-1],
    "flat": lambda array: array.reshape(-1),
    "type": lambda array: array.astype(np.int8),
    "nan": lambda array: np.full_like(array, np.nan, dtype=np.float32),
    "infinite": lambda array: np.full_like(array, np.inf, dtype=np.float32),
    "empty": lambda array: array[:0],
}


@pytest.mark.slow
@pytest.mark.embedded
def test_arrays_that_do_not_fit_serve_nobody(version: Path, tmp_path: Path) -> None:
    assert Model.load(sealed(version)).version == version.name
    files = [path.relative_to(version) for path in version.rglob("*.safetensors")]
    assert len(files) > 5
    served = []
    for file in files:
        for name, change in SPOILT.items():
            if name == "flat" and load_file(version / file)[sorted(load_file(version / file))[0]].ndim == 1:
                continue  # nothing is changed
            copy = tmp_path / "spoilt" / version.name
            shutil.copytree(version, copy)
            spoil(copy / file, change)
            with suppress(ArtefactError):
                Model.load(sealed(copy))
                served.append((file.as_posix(), name))
            shutil.rmtree(copy)
    assert not served
    (tmp_path / "none").write_bytes(b"\xff" * 100)
    with pytest.raises(ArtefactError, match="is damaged"):
        read_tensors(tmp_path / "none")


@pytest.mark.slow
@pytest.mark.embedded
def test_a_manifest_that_is_none_or_leads_elsewhere_is_a_clear_error(version: Path) -> None:
    path = version / "manifest.json"
    before = path.read_text()
    for text in ("[]", "3", "null", "{}", f'{{"format": {artefacts.FORMAT}}}', "[" * 10**6, '{"files": []}', "\0"):
        path.write_text(text)
        with pytest.raises(ArtefactError, match=r"is damaged|has format"):
            artefacts.read_manifest(version)
    for name in ("../../x", "/etc/passwd", "a\0", "a\\b"):
        path.write_text(before)
        sealed(version, lambda manifest, name=name: manifest["files"].update({name: "0"}))
        with pytest.raises(ArtefactError, match="is damaged"):
            artefacts.read_manifest(version)
    for gone in ("version", "meaning", "encoder"):
        path.write_text(before)
        sealed(version, lambda manifest, gone=gone: manifest.pop(gone))
        with pytest.raises(ArtefactError, match="is damaged"):
            Model.load(version, lambda manifest: manifest["encoder"])
    path.write_text(before)
    (version / "stray").touch()
    with pytest.raises(ArtefactError, match=r"holds 'stray', which its manifest\.json does not name"):
        artefacts.read_manifest(version)
    (version / "stray").unlink()
    (version / "hybrid").rename(version.parent / "hybrid")
    (version / "hybrid").symlink_to(version.parent / "hybrid")
    with pytest.raises(ArtefactError, match="is a link or lies behind one"):
        artefacts.read_manifest(version)


@pytest.mark.slow
@pytest.mark.embedded
def test_rows_that_a_snapshot_does_not_have_are_refused(version: Path) -> None:
    import pyarrow as pa
    from pyarrow import ipc

    from kg import snapshot as snapshots
    from kg.folders import hash_file

    taken = snapshots.load(version / "snapshot")
    events = taken.events.set_column(1, "item", pa.array([2**30] * taken.events.num_rows, pa.int32()))
    for table in (events, taken.events.drop_columns("value")):
        path = version / "snapshot" / "events.arrow"
        with pa.OSFile(str(path), "wb") as sink, ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        manifest = json.loads((version / "snapshot" / "manifest.json").read_text())
        manifest["tables"]["events"]["hash"] = hash_file(path)
        (version / "snapshot" / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(GraphError, match=r"is damaged|holds other columns"):
            snapshots.load(version / "snapshot")


def test_a_sparse_matrix_that_points_outside_is_refused() -> None:
    import scipy.sparse as sp

    state = csr_state("m", sp.csr_matrix(np.eye(3, dtype=np.float32)))
    assert (csr_restore("m", state) != sp.eye(3)).nnz == 0
    for name, value in (("indices", 2**30), ("indices", -1), ("indptr", 2**40)):
        wrong = state | {f"m.{name}": np.full_like(state[f"m.{name}"], value)}
        with pytest.raises((ValueError, OverflowError)):
            csr_restore("m", wrong)


@pytest.mark.slow
@pytest.mark.embedded
def test_a_version_asks_with_no_model_that_nobody_here_has_allowed(
    made: Recommender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it needs no text model for it does all the same."""
    manifest = dict(made.models.published().manifest)
    (tmp_path / "evil").mkdir()
    evil = manifest | {"encoder": {"config": {"model": str(tmp_path / "evil")}, "fingerprint": "0" * 32}}
    asked = made._opened.encoder_of(evil)
    assert asked is not None
    with pytest.raises(ArtefactError, match="which nothing here allows; if you trust it, set TASTEGRAPH_TEXT_MODEL"):
        asked(["a text"])
    monkeypatch.setenv("TASTEGRAPH_TEXT_MODEL", str(tmp_path / "evil"))
    allowed = made._opened.encoder_of(evil)
    assert allowed is not None
    with pytest.raises(Exception, match="holds no model"):
        allowed(["a text"])
    own = made._opened.encoder_of(manifest)
    assert own is not None
    assert own(["a text"]).shape[0] == 1


def test_what_was_refreshed_here_is_trusted_here(tmp_path: Path) -> None:
    assert trusted(tmp_path) is None, "older than the list: all of its versions were made here"
    old = tmp_path / "models" / "v" / "manifest.json"
    old.parent.mkdir(parents=True)
    old.write_text(json.dumps({"encoder": {"config": {"model": "old"}}}))
    trust(tmp_path, "new")
    trust(tmp_path, None)
    trust(tmp_path, "new")
    assert trusted(tmp_path) == {"old", "new"}


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "2_Dense").mkdir()
    (tmp_path / "model.safetensors").touch()
    (tmp_path / "training_args.bin").touch()  # beside weights that hold data alone, which are read in its place
    check_weights(tmp_path)
    (tmp_path / "2_Dense" / "pytorch_model.bin").touch()
    with pytest.raises(ModelUnsupported, match=r"pytorch_model\.bin may run code"):
        check_weights(tmp_path)
