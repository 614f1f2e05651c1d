"""The envelope: an event with the circumstances in which it was recorded."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Generic, TypeVar
from uuid import UUID

from msgspec import Struct
from typing_extensions import override

from domain.order.events import OrderEvent, OrderId, OrderPlaced
from domain.order.order import Order, open_order
from domain.order.state import evolve_all
from domain.owner.events import OwnerEvent
from domain.owner.record import OwnerRecord, owner_id
from domain.profile.events import ProfileEvent
from domain.profile.profile import Profile, ProfileId


class Role(StrEnum):
    """In what capacity somebody acts."""

    OWNER = "owner"
    SERVICE = "service"
    PROVIDER = "provider"
    OPERATOR = "operator"
    SUPPORT = "support"
    PERSON = "person"
    """Somebody who logged in, on their own behalf; they are named by the id of their profile alone."""


class Actor(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """By whom an event was recorded: for an owner, everything their token said of them."""

    role: Role
    name: str
    """The owner's short name, the provider's name, or `varsel` for the service itself."""
    organisation: str | None = None
    """The organisation number of the owner."""
    supplier: str | None = None
    """The organisation number of the supplier that acts for the owner."""
    client: str | None = None
    token: str | None = None
    """The id of the token, not the token."""


SERVICE = Actor(role=Role.SERVICE, name="varsel")


E = TypeVar("E")
R = TypeVar("R")


class RecordedEvent(Struct, Generic[E], frozen=True, kw_only=True):
    """An event of an aggregate, with the circumstances in which it was recorded."""

    version: int
    recorded_at: datetime
    recorded_by: Actor
    command_id: UUID
    """Names the append that recorded it, by which a writer knows its own events again."""
    event: E
    schema: int = 1

    @property
    def stream_id(self) -> UUID:
        """By which id the history that it belongs to lies in the log."""
        raise NotImplementedError


class Recorded(RecordedEvent[OrderEvent], frozen=True, kw_only=True):
    """An event of an order."""

    order_id: OrderId

    @property
    @override
    def stream_id(self) -> UUID:
        """An order's history lies under the order's own id."""
        return self.order_id


class RecordedOfOwner(RecordedEvent[OwnerEvent], frozen=True, kw_only=True):
    """An event of an owner's record."""

    owner: str
    """The owner's short name in small letters."""

    @property
    @override
    def stream_id(self) -> UUID:
        """An owner's history lies under an id that is made of the owner's name."""
        return owner_id(self.owner)


class RecordedOfProfile(RecordedEvent[ProfileEvent], frozen=True, kw_only=True):
    """An event of a person's profile."""

    profile_id: ProfileId

    @property
    @override
    def stream_id(self) -> UUID:
        """A profile's history lies under the profile's own id."""
        return self.profile_id


class RecordedInStream(RecordedEvent[E], Generic[E], frozen=True, kw_only=True):
    """An event of an aggregate whose history lies under its own id, and in which nobody's words stand."""

    stream: UUID

    @property
    @override
    def stream_id(self) -> UUID:
        """Under the aggregate's own id."""
        return self.stream


class PendingEvents(Struct, frozen=True, kw_only=True):
    """Events that are to follow an order's history as it was read."""

    order_id: OrderId
    before: Order | None
    """The order that the decision was made on; None for an order that these events open."""
    events: tuple[OrderEvent, ...]

    @property
    def after(self) -> int:
        """The version that the events are to follow."""
        return 0 if self.before is None else self.before.version


def changed(change: PendingEvents, now: datetime) -> Order:
    """The order as a change leaves it."""
    if change.before is not None:
        return evolve_all(change.before, change.events, now)
    placed, *since = change.events
    if not isinstance(placed, OrderPlaced):
        raise TypeError("a new order's history opens with OrderPlaced")
    return evolve_all(open_order(change.order_id, placed, now), since, now)


def recorded(
    changes: Sequence[PendingEvents], now: datetime, by: Actor, command_id: UUID
) -> Iterator[Recorded]:
    """The events of changes, each in its envelope."""
    for change in changes:
        envelope = partial(Recorded, order_id=change.order_id)
        yield from _in_envelopes(envelope, change.events, change.after, now, by, command_id)


def recorded_of_owner(
    record: OwnerRecord, events: Sequence[OwnerEvent], now: datetime, by: Actor, command_id: UUID
) -> Iterator[RecordedOfOwner]:
    """The events that were decided on an owner's record, each in its envelope."""
    envelope = partial(RecordedOfOwner, owner=record.owner)
    return _in_envelopes(envelope, events, record.version, now, by, command_id)


def recorded_of_profile(
    profile: Profile, events: Sequence[ProfileEvent], now: datetime, by: Actor, command_id: UUID
) -> Iterator[RecordedOfProfile]:
    """The events that were decided on a profile, each in its envelope."""
    envelope = partial(RecordedOfProfile, profile_id=profile.profile_id)
    return _in_envelopes(envelope, events, profile.version, now, by, command_id)


def recorded_in_stream(  # noqa: PLR0917  # all of it is what an envelope says
    stream: UUID,
    after: int,
    events: Sequence[E],
    now: datetime,
    by: Actor,
    command_id: UUID,
) -> Iterator[RecordedInStream[E]]:
    """The events that follow a version of an aggregate's history, each in its envelope."""
    envelope = partial(RecordedInStream[E], stream=stream)
    return _in_envelopes(envelope, events, after, now, by, command_id)


def _in_envelopes(  # noqa: PLR0917  # all of it is what an envelope says
    envelope: Callable[..., R],
    events: Sequence[E],
    after: int,
    now: datetime,
    by: Actor,
    command_id: UUID,
) -> Iterator[R]:
    """Events that follow a version of their history; `envelope` knows whose they are."""
    for version, event in enumerate(events, start=after + 1):
        yield envelope(
            version=version,
            recorded_at=now,
            recorded_by=by,
            command_id=command_id,
            event=event,
        )
