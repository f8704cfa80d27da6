"""Arrays from disk, checked before anything computes with them: a file may be of somebody else's making."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from gnn.errors import GnnError
from recommender.errors import ArtefactError

_DTYPES = ("float32", "float64", "int32", "int64")


def read_tensors(path: Path, *names: str) -> dict[str, np.ndarray]:
    """The arrays of a file, by name.

    Args:
        path: of a file of safetensors.
        names: which it must hold, and no others; none given: any.

    Raises:
        ArtefactError: it is none, holds other arrays, of other types, or a number that is not finite.
    """
    try:
        arrays = dict(load_file(path))
    except (SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
        raise damaged(path, str(error)) from error
    if names and arrays.keys() != {*names}:
        raise damaged(path, f"it holds {sorted(arrays)}, and {sorted(names)} are expected")
    for name, array in arrays.items():
        if array.dtype.name not in _DTYPES:
            raise damaged(path, f"{name} is of type {array.dtype}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise damaged(path, f"{name} holds numbers that are not finite")
    return arrays


@contextmanager
def sound(path: Path) -> Iterator[None]:
    """Whatever goes wrong while what was read is put together means that it is damaged.

    Raises:
        ArtefactError: something went wrong.
    """
    try:
        yield
    except (GnnError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError) as error:
        raise damaged(path, f"{type(error).__name__}: {error}") from error


def damaged(path: Path, why: str) -> ArtefactError:
    """The error, with what to do."""
    return ArtefactError(
        f"{path} is damaged ({why}); run 'tastegraph models rollback' for the version before, or 'tastegraph refresh'"
    )
