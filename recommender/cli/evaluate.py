"""``evaluate``: models side by side, on a split of the graph's own events or on given files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, TypeVar

import typer

from recommender.cli import output
from recommender.cli.errors import TYPED
from recommender.cli.parameters import Json, MemoryLimit, TextModel, Trials, Trust, joined, names, usage
from recommender.cli.session import Session

Measured = TypeVar("Measured")
"""What an evaluation gives."""


class Protocol(StrEnum):
    """How the graph's events are split."""

    TEMPORAL = "temporal"
    ROLLING = "rolling"
    RANDOM = "random"
    LEAVE_LAST = "leave-last"
    K_FOLD = "k-fold"


def _shares(text: str) -> list[float]:
    try:
        shares = [float(share) for share in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no list of numbers, such as 0.25,0.5") from None
    if not all(0 < share < 1 for share in shares):
        raise typer.BadParameter(f"{text!r}: a share of the training pairs lies between 0 and 1")
    return shares


def _file(what: str) -> Any:
    return typer.Option(exists=True, dir_okay=False, metavar="FILE", help=what, show_default=False)


Train = Annotated[Path | None, _file("Files instead of the graph: what is known.")]
Valid = Annotated[Path | None, _file("Validation pairs; default: a tenth of train, from as many people as can be.")]
Test = Annotated[Path | None, _file("What is to be predicted.")]
Triples = Annotated[Path | None, _file("Triples: head, relation, tail.")]
Links = Annotated[Path | None, _file("Item id to entity id, for --kg.")]
Items = Annotated[Path | None, _file("Items, with their text.")]
NoRefit = Annotated[bool, typer.Option("--no-refit", help="Fit on train only; default: train and valid once tuned.")]
Lengths = Annotated[
    list[int] | None, typer.Option("-k", min=1, metavar="N", help="List lengths.", show_default="10 and 20")
]
ReportFolder = Annotated[
    Path | None,
    typer.Option(file_okay=False, metavar="FOLDER", help="Also write a page with plots, Parquet and JSON here."),
]


def evaluate(
    context: typer.Context,
    protocol: Annotated[
        Protocol | None, typer.Option(help="How the graph's events are split.", show_default="temporal")
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(min=3, metavar="N", help="Parts of --protocol k-fold, cuts of rolling.", show_default="5"),
    ] = None,
    k: Lengths = None,
    models: Annotated[
        list[Any] | None,
        typer.Option(parser=names, metavar="NAME,...", help="Only these; default: the hybrid and simple baselines."),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="How long all of it may take; default: no limit. --trials repeats what came of it.",
        ),
    ] = None,
    trials: Trials = None,
    train: Train = None,
    valid: Valid = None,
    test: Test = None,
    kg: Triples = None,
    link: Links = None,
    items: Items = None,
    no_refit: NoRefit = False,
    trust: Trust = False,
    learning_curve: Annotated[
        list[Any] | None,
        typer.Option(parser=_shares, metavar="SHARE,...", help="Fit on these shares of the training pairs as well."),
    ] = None,
    out: ReportFolder = None,
    memory: MemoryLimit = None,
    text_model: TextModel = None,
    json: Json = False,
) -> None:
    """Compare the hybrid with tuned baselines.

    Every model ranks all items; no negatives are sampled.

    \b
    Examples:
      tastegraph evaluate --protocol temporal -k 10 -k 20
      tastegraph evaluate --train train.txt --valid valid.txt --test test.txt --kg kg.txt --link link.txt
      tastegraph evaluate --protocol k-fold --folds 5 --budget 60
      tastegraph evaluate --learning-curve 0.25,0.5 --out report
    """
    if budget is not None and trials is not None:
        raise usage("--trials repeats what a budget once allowed; it goes without --budget")
    lengths = tuple(dict.fromkeys(k or (10, 20)))
    chosen = list(joined(models)) or None
    if folds is not None and protocol not in (Protocol.K_FOLD, Protocol.ROLLING):
        raise usage("--folds goes with --protocol k-fold or rolling")
    files = {"train": train, "valid": valid, "test": test, "kg": kg, "link": link, "items": items}
    from_files = is_about_files(files, protocol, no_refit)
    curve = tuple(joined(learning_curve))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)  # what cannot be made is an error now, not after an hour
    session = Session.of(context)
    if from_files:
        from recommender.evaluation.run import evaluate_files

        report = on_files(
            evaluate_files,
            session,
            files,
            text_model,
            trust=trust,
            memory=memory,
            refit=not no_refit,
            names=chosen,
            ks=lengths,
            budget=session.budget(budget),
            curve=curve,
            trials=trials,
        )
    else:
        with session.open(compute=True, text_model=text_model, memory=memory) as recommender:
            report = recommender.evaluate(
                protocol=(protocol or Protocol.TEMPORAL).value,
                k=lengths,
                models=chosen,
                budget=session.budget(budget),
                curve=curve,
                folds=folds or 5,
                trials=trials,
            )
    report = replace(report, command=context.meta[TYPED])
    if json:
        output.document(report.document())
    else:
        report.print(output.console())
    if out is not None:
        report.write(out)
        output.note(f"report.html, report.json, figures.parquet and groups.parquet are in {out}")


def is_about_files(files: dict[str, Path | None], protocol: StrEnum | None, no_refit: bool) -> bool:
    """Whether the split stands in files; what does not go together is a usage error."""
    given = [f"--{name}" for name, path in files.items() if path is not None]
    if not given:
        if no_refit:
            raise usage("--no-refit goes with --train and --test")
        return False
    if protocol is not None:
        raise usage(f"--protocol splits the graph's events; with {given[0]} the files are the split")
    if files["train"] is None or files["test"] is None:
        raise usage(f"{given[0]} needs both --train and --test")
    if (files["link"] is None) != (files["kg"] is None):
        raise usage("--kg and --link go together: the link file says which entity of the graph an item is")
    return True


def on_files(
    evaluate: Callable[..., Measured],
    session: Session,
    files: dict[str, Path | None],
    text_model: str | None,
    *,
    trust: bool,
    refit: bool,
    memory: str | None = None,
    **options: Any,
) -> Measured:
    """What ``evaluate`` finds on files; needs no store. Vectors are kept only where ``--work`` names a folder."""
    from kg.readers.stream import trusted
    from recommender.evaluation.files import FilesConfig
    from recommender.evaluation.reading import Files
    from recommender.texts import open_texts
    from text.encoder import EncoderConfig

    run = session.run(compute=True, memory=memory)
    with TemporaryDirectory() as scratch:
        config = EncoderConfig(model=text_model) if text_model else EncoderConfig()
        texts = open_texts(session.work or Path(scratch), run, config) if files["items"] else None
        return evaluate(
            # That train and test are there was checked.
            Files(**{name: trusted(path, trust) for name, path in files.items()}),
            run,
            encode=texts.encode if texts else None,
            config=FilesConfig(refit=refit),
            **options,
        )
