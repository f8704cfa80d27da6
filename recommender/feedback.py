"""What people do with recommendations, back into the graph: one event, durable before it is acknowledged.

The event comes first: when :meth:`FeedbackWriter.record` has written it, it survives a crash. The person's profile
follows in a second transaction, before the call returns. A crash between the two leaves the profile one event behind
until that person's next event, a repetition of this one, or the next refresh; the opposite, a profile of an event that
is not there, cannot happen.
"""

from __future__ import annotations

import logging
import threading
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from kg import ingest, queries
from kg.connection import unattended
from kg.errors import EventConflict, StoreError
from kg.readers.cleaning import identifier, number, timestamp
from kg.readers.markup import clean_text
from kg.records import Interaction, event_kind
from kg.schema import check_kind
from kg.store import Store
from kg.usual import usual
from recommender.errors import InvalidInput, UnknownItem
from recommender.inspection.kinds import unusual
from recommender.meaning import MeaningConfig
from recommender.profiles.context import ProfileContext
from recommender.profiles.live import update_profile
from recommender.profiles.profile import Profile, ProfileConfig
from recommender.profiles.segments import Segments
from recommender.strengths import IMPLICIT, QUANTITIES

logger = logging.getLogger(__name__)

CLOCK_SKEW = timedelta(minutes=10)
"""How far ahead of this machine's clock an event may be."""


@dataclass(frozen=True)
class FeedbackReceipt:
    """The acknowledgement of an event: it is in the graph and will stay there."""

    event_id: str
    user_id: str
    item_id: str
    kind: str
    at: datetime | None
    """None only for the repetition of an event that was ingested without a time."""
    value: float | None
    new: bool
    """False where this very event was stored before; nothing has changed then."""
    profile: Profile | None = field(repr=False)
    """The person's profile with this event; None where nothing is published to draw it from, where the person has too
    many events to do it live, or where it could not be written (the event is safe all the same)."""


class FeedbackWriter:
    """Takes feedback into one store. Safe to use from several threads.

    ``context`` and ``segments`` are those of the published version; without them events are stored all the same, and
    the next refresh draws the profiles. Reading a history and writing its profile is one step, or an older profile
    could overwrite a newer one: ``profiling`` is held, which all who write profiles of a store share.
    """

    def __init__(
        self,
        store: Store,
        context: ProfileContext | None = None,
        *,
        segments: Segments | None = None,
        config: ProfileConfig | None = None,
        profiling: threading.Lock | None = None,
    ) -> None:
        self._store = store
        self._context = context
        self._segments = segments
        self._config = config
        self._profiling = profiling or threading.Lock()
        self._said: set[str] = set()
        """Unusual kinds that were spoken of."""

    def record(
        self,
        user_id: str,
        item_id: str,
        kind: str,
        *,
        value: float | None = None,
        at: datetime | str | float | None = None,
        event_id: str | None = None,
        text: str | None = None,
        title: str | None = None,
    ) -> FeedbackReceipt:
        """Validate one event, write it in one transaction, and bring the person's profile up to date.

        Args:
            user_id: the person, who is created when not known.
            item_id: an item of the graph.
            kind: such as ``LIKED``, in any case; a new one gets its constraints.
            value: within the scale of its kind.
            at: when it happened, in any form that :func:`kg.readers.cleaning.timestamp` reads; now, when None.
            event_id: makes the call repeatable: the same event under the same id is stored once. A new one is made
                when None, so that each such call is an event of its own.
            text: what the person wrote, stored as a review in the same transaction; one of over 32 Ki characters
                counts in their interests from the next refresh on.
            title: of ``text``.

        Raises:
            UnknownItem: no such item in the graph.
            InvalidInput: ``value`` is outside the scale of its kind, or ``at`` lies in the future.
            kg.errors.RecordError: an argument breaks the rules of the schema.
            kg.errors.EventConflict: another event is stored under this id.
            kg.errors.StoreError: the event could not be made durable; it may be sent again under the same id.
        """
        event = Interaction(
            user_id=identifier(user_id, "user"),
            item_id=identifier(item_id, "item"),
            kind=event_kind(kind),
            event_id=uuid.uuid4().hex if event_id is None else identifier(event_id, "event_id"),
            at=_moment(at),
            value=number(value, "value"),
            text=clean_text(text, "text"),
            title=clean_text(title, "title"),
        )
        check_kind(event.kind)
        self._check_value(event)
        with unattended():
            if event_id is not None:
                self._check_id(event)
            self._check_item(event.item_id)
            self._check_kind(event.kind)
            event, new = self._write(event, any_time=at is None and event_id is not None)
        return FeedbackReceipt(
            event_id=event.event_id,
            user_id=event.user_id,
            item_id=event.item_id,
            kind=event.kind,
            at=event.at,
            value=event.value,
            new=new,
            profile=self._update(event.user_id),
        )

    def _check_value(self, event: Interaction) -> None:
        meaning, value = self._context.meanings.get(event.kind) if self._context else None, event.value
        if value is None:
            return
        if meaning is not None and meaning.form == "rating":
            if not meaning.minimum <= value <= meaning.maximum:
                scale = f"{meaning.minimum:g} to {meaning.maximum:g}"
                raise InvalidInput(f"value is {value:g}; {event.kind} is on a scale of {scale}")
        elif (
            value < 0 and (meaning is not None or usual(event.kind) in IMPLICIT) and usual(event.kind) not in QUANTITIES
        ):
            raise InvalidInput(f"value is {value:g}; {event.kind} counts something, so it is at least 0")

    def _check_kind(self, kind: str) -> None:
        if usual(kind) is None and not (self._context and kind in self._context.meanings) and kind not in self._said:
            self._said.add(kind)
            logger.warning("%s: an event of it weighs %g", unusual(kind), MeaningConfig().strength(kind))

    def _check_item(self, item_id: str) -> None:
        # Items never leave a graph, so the published ones need no look.
        if self._context is not None and item_id in self._context.items:
            return
        if not self._store.read(queries.text("item_exists"), item=item_id):
            raise UnknownItem(f"no item in {self._store.address} has the id {item_id!r}; feedback is about known items")

    def _check_id(self, event: Interaction) -> None:
        """No event of another kind has this id: within a kind the engine sees to that."""
        for row in self._store.read(queries.text("kinds")):
            if row["kind"] == event.kind:
                continue
            names = {"relation": self._store.quoted_type(row["kind"])}
            found = queries.statement("events_of_ids", names=names, ids=[event.event_id])
            if self._store.read(found.text, **found.parameters):
                stored = f"event {event.event_id!r} is stored as {row['kind']}, not {event.kind}"
                raise EventConflict(f"{stored}; an event is never overwritten")

    def _write(self, event: Interaction, *, any_time: bool) -> tuple[Interaction, bool]:
        """The event as it is stored, and whether it is new.

        With ``any_time`` a stored event under this id that differs in nothing but its time is the same event: who
        repeats a call that gave no time means the first one's. Which it was is looked up only when that happens.
        """
        try:
            return event, ingest.write_event(self._store, event)
        except EventConflict:
            found = queries.statement("events_of_ids", names={"relation": event.kind}, ids=[event.event_id])
            stored = self._store.read(found.text, **found.parameters)
            if not any_time or not stored:
                raise
        event = replace(event, at=stored[0]["at"])
        return event, ingest.write_event(self._store, event)

    def _update(self, user_id: str) -> Profile | None:
        if self._context is None:
            return None
        try:
            with self._profiling:
                return update_profile(self._store, user_id, self._context, self._config, self._segments)
        except StoreError as error:
            # The event is stored, so to fail here would make the caller send it again.
            logger.warning("the event is stored, the profile of %r is left to the next refresh: %s", user_id, error)
            return None


def _moment(at: datetime | str | float | None) -> datetime:
    now = datetime.now(UTC)
    moment = timestamp(at, "at")
    if moment is not None and moment > now + CLOCK_SKEW:
        raise InvalidInput(f"at is {moment.isoformat()}, in the future: it is {now.isoformat(timespec='seconds')} now")
    return moment or now
