"""``feedback``: what a person did, stored before it is acknowledged."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from recommender.cli import output
from recommender.cli.parameters import Json, kind, moment
from recommender.cli.session import Session


def feedback(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="USER", help="Created when new.", show_default=False)],
    item: Annotated[str, typer.Argument(metavar="ITEM", show_default=False)],
    event: Annotated[
        str,
        typer.Argument(metavar="KIND", parser=kind, help="LIKED, DISLIKED, RATED, PURCHASED, VIEWED, ... or your own."),
    ],
    value: Annotated[float | None, typer.Option(metavar="V", help="A rating, a count, seconds.")] = None,
    at: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="TIME", help="ISO 8601 or Unix time; default: now.")
    ] = None,
    event_id: Annotated[
        str | None, typer.Option(metavar="ID", help="A repeated id changes nothing; default: a new one, printed.")
    ] = None,
    text: Annotated[str | None, typer.Option(metavar="TEXT", help="What the person wrote.")] = None,
    json: Json = False,
) -> None:
    """Store one event of a person; the next recommendation knows it.

    \b
    Example:
      tastegraph feedback alice B00006 RATED --value 5 --text "plays like a dream"
    """
    with Session.of(context).open() as recommender:
        receipt = recommender.feedback(user, item, event, value=value, at=at, event_id=event_id, text=text)
    if json:
        output.document({name: value for name, value in vars(receipt).items() if name != "profile"})
    else:
        output.line(f"{receipt.event_id} {'stored' if receipt.new else 'was stored before; nothing changed'}")
