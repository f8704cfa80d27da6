"""The trials of a tuning, written down: whoever repeats them gets the same model, however fast the machine is.

A budget in seconds decides by the clock which configurations are tried and how long networks train. What came of that
is one JSON object, which stands in the manifest of a version and in the report of an evaluation; see :class:`Trials`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from kg.folders import refuse_address
from recommender.configured import configured
from recommender.errors import InvalidInput
from recommender.parts import PARTS

FORMAT = 1
LARGEST = 64 * 2**20
"""Bytes of a file that may hold trials."""


@dataclass(frozen=True)
class Trials:
    """What was tried of each part, and in which form the parts were fitted last."""

    tried: Mapping[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    """Configurations of each part that were judged by the first validation part, in order."""
    final: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """The final form of the chosen one (networks of several seeds), where it was tried as well."""
    others: int = 0
    """Further validation parts that the best ones, and the weights, were judged by."""
    people: int | None = None
    """People who taught the weights at most; None: as many as without a budget."""
    seed: int = 0
    """That of :class:`recommender.context.RunContext`, which a repetition takes."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Parts of which nothing could be tried, with the reason; they are not tried again."""
    fits: Mapping[str, Mapping[str, dict[str, Any]]] = field(default_factory=dict)
    """Last fits that had to be shorter than what was chosen: ``test`` or ``all``, by part."""

    def shortened(self, where: str, fits: Mapping[str, dict[str, Any]]) -> Trials:
        """With these last fits."""
        return replace(self, fits={**self.fits, where: dict(fits)}) if fits else self

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"format": FORMAT} | asdict(self)

    @classmethod
    def from_dict(cls, document: Any, where: str) -> Trials:
        """Read what :meth:`to_dict` gave; nothing in it is believed before it is looked at.

        Raises:
            InvalidInput: another format, an unknown part, or no configuration of it; names it.
        """
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise InvalidInput(f"{where} holds no trials of format {FORMAT}")
        try:
            found = cls(
                tried={_known(name, where): tuple(given) for name, given in document["tried"].items()},
                final={_known(name, where): given for name, given in document["final"].items()},
                others=_count(document["others"]),
                people=None if document["people"] is None else _count(document["people"]),
                seed=_count(document["seed"]),
                left_out={_known(name, where): str(why) for name, why in document["left_out"].items()},
                fits={
                    str(stage): {_known(name, where): given for name, given in fits.items()}
                    for stage, fits in document["fits"].items()
                },
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise InvalidInput(f"{where} holds no trials of format {FORMAT}: {error!r}") from error
        for name, params in found._configurations():
            _check(name, params, where)
        return found

    def _configurations(self) -> list[tuple[str, Any]]:
        tried = [(name, params) for name, given in self.tried.items() for params in given]
        return [*tried, *self.final.items(), *(pair for fits in self.fits.values() for pair in fits.items())]


def read_trials(path: Path) -> tuple[Trials, ...]:
    """The trials in the manifest of a version (or its folder), or in the JSON of an evaluation, one a fold.

    Raises:
        InvalidInput: it cannot be read, or holds none, as what was made before trials were written down.
        StoreError: it is the address of a server, which is not repeated.
    """
    refuse_address(path)
    file = path / "manifest.json" if path.is_dir() else path
    try:
        if file.stat().st_size > LARGEST:
            raise InvalidInput(f"{file} is larger than any manifest or report")
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(f"cannot read {file}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{file} is no JSON file: {error}") from error
    given = document.get("trials") if isinstance(document, dict) else None
    if not isinstance(given, list) or not given:
        raise InvalidInput(
            f"{file} holds no trials; those of a version stand in its manifest.json since trials are written down: "
            "refresh, and take the manifest of the new version"
        )
    return tuple(Trials.from_dict(one, str(file)) for one in given)


def only(trials: Sequence[Trials] | None, fold: int, folds: int) -> Trials | None:
    """Those of one fold.

    Raises:
        InvalidInput: they were made of another number of folds.
    """
    if trials is None:
        return None
    if len(trials) != folds:
        raise InvalidInput(f"the trials are of {len(trials)} splits, and this needs those of {folds}")
    return trials[fold]


def _check(name: str, params: Any, where: str) -> None:
    """That this is a configuration of the part, each value of the type that it must have."""
    if not isinstance(params, dict):
        raise InvalidInput(f"{where}: {params!r} is no configuration of {name}")
    configured(PARTS[name].Config, params, f"{where}: {name}")


def _known(name: Any, where: str) -> str:
    if name not in PARTS:
        raise InvalidInput(f"{where} holds trials of {name!r}, and there is no such part")
    return str(name)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value
