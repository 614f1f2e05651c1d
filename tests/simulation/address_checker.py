"""What must be true of where people and organisations were told, once everything has come to rest."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from application.envelope import Recorded, RecordedOfProfile
from domain.channel import Channel
from domain.contact_point import AddressKey, address_key
from domain.official_address import NOT_IN_FEED, AddressChange, AddressId, ChangeState
from domain.order.events import (
    ContactNotFound,
    ContactResolved,
    DeliveryReported,
    NotificationRejected,
    OrderId,
    OrderPlaced,
    Reason,
    Source,
)
from domain.personal import Identifier
from domain.profile.events import (
    AddressesRegistered,
    AddressesWithdrawn,
    AddressVerified,
)
from domain.recipient import Organisation, OrganisationNumber
from domain.suppression import SUPPRESS_FOR, bounced_at, hard_bounce
from tests.simulation.address_register import Entry
from tests.simulation.people import AskedFor

_FAR: Final = datetime.max.replace(tzinfo=UTC)
PAUSED: Final = timedelta(minutes=40)
"""So long a process may sleep between what it has looked up and what it records of that."""

Histories: TypeAlias = Mapping[OrderId, Sequence[Recorded]]


# Official addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBack:
    """What became of the changes of official addresses that were asked for."""

    asked: Sequence[AskedFor]
    changes: Mapping[OrganisationNumber, Sequence[AddressChange]]
    taken: Sequence[Entry | str]
    """What the register took of what it was told, each time."""
    refused: Sequence[Entry | str]
    has: Mapping[str, Entry]
    """What the register has."""
    known: Mapping[str, Entry]
    """What our copy of it has."""


def of_write_back(told: WrittenBack) -> Iterator[str]:
    """Whether the register, our copy of it and what was asked for are one."""
    if told.known != told.has:
        yield f"the register has {len(told.has)} addresses, and its copy {len(told.known)}, or others"
    for index, each in enumerate(told.taken):
        if each in told.taken[:index]:
            yield "the register was told of a change again that it had taken"
    places = {(each.organisation, each.address_id): each.place for each in told.asked}
    for organisation, changes in told.changes.items():
        about: dict[AddressId, Entry | str | None] = {}
        for change in changes:
            place = places.pop((organisation, change.address_id), change.place)
            about[change.address_id] = (
                change.registry_id if place is None else (organisation, place)
            )
        took = {
            about[each.address_id]
            for each in changes
            if each.state is ChangeState.HELD or each.refusal == NOT_IN_FEED
        }
        for change in changes:
            name = f"change {change.change_id} of {organisation} ({change.kind}, {change.state})"
            if change.is_open:
                yield f"{name} never came to its end"
            what = about[change.address_id]
            # Of a change whose asker was never answered nobody but the outbox knew the address.
            if what is None:
                continue
            is_of_place = not isinstance(what, str)
            if change.state is ChangeState.HELD and what not in told.taken and is_of_place:
                yield f"{name} is on record as held, and the register never took it"
            if change.refusal == NOT_IN_FEED:
                if what in told.has.values():
                    yield f"{name} is on record as gone, and the register has it"
                continue
            # What was refused once may have been asked for again, and taken. And what others took away
            # before anybody knew that the register had it, is refused when it is told again.
            is_explained = what in took or (change.attempts > 1 and what not in told.has.values())
            if change.state is ChangeState.REFUSED and what in told.taken and not is_explained:
                yield f"{name} is on record as refused, and the register took it"
            if change.state is ChangeState.REFUSED and what not in told.refused:
                yield f"{name} is on record as refused, and the register never refused it"
    for organisation, address_id in places:
        yield f"change {address_id} of {organisation} was accepted, and is not there"


# What bounced


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """That a message came back for good, and when that was known."""

    at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """That somebody let an address be used again: what bounced until `at`, from `done_at` on."""

    at: datetime
    done_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pardons:
    """What ended that an address was left alone."""

    lifted: Mapping[AddressKey, Sequence[Lift]] = field(default_factory=dict)
    confirmed: Mapping[AddressKey, Sequence[datetime]] = field(default_factory=dict)
    """When its holder confirmed it to the register."""

    def ends(self, address: AddressKey, bounce: Bounce, known_by: datetime) -> bool:
        """Whether one of these, known by a moment, ended what a bounce began."""
        return any(
            each.at >= bounce.at and each.done_at <= known_by
            for each in self.lifted.get(address, ())
        ) or any(bounce.at < each <= known_by for each in self.confirmed.get(address, ()))


def bounces_of(histories: Histories) -> Mapping[AddressKey, Sequence[Bounce]]:
    """What bounced, by address, as the histories tell."""
    bounced: dict[AddressKey, list[Bounce]] = defaultdict(list)
    for history in histories.values():
        places = {
            target.notification_no: address_key(target.address, target.channel)
            for each in history
            if isinstance(each.event, ContactResolved)
            for target in each.event.targets
        }
        for each in history:
            event = each.event
            if hard_bounce(event) and isinstance(event, DeliveryReported | NotificationRejected):
                bounced[places[event.notification_no]].append(
                    Bounce(at=bounced_at(event, each.recorded_at), recorded_at=each.recorded_at)
                )
    return bounced


def of_bounces(histories: Histories, pardons: Pardons) -> Iterator[str]:
    """Whether what bounced was left alone for its time, and no longer."""
    bounced = bounces_of(histories)
    for order_id, history in histories.items():
        for each in history:
            if not isinstance(each.event, ContactResolved | ContactNotFound):
                continue
            since, until = _looked_up(each.event, each.recorded_at)
            for line in _used(each.event, bounced, pardons, since, until):
                yield f"order {order_id}: {line}"
            for line in _left_alone(each.event, bounced, pardons, since, until):
                yield f"order {order_id}: {line}"


def _used(
    event: ContactResolved | ContactNotFound,
    bounced: Mapping[AddressKey, Sequence[Bounce]],
    pardons: Pardons,
    since: datetime,
    until: datetime,
) -> Iterator[str]:
    for target in event.targets if isinstance(event, ContactResolved) else ():
        address = address_key(target.address, target.channel)
        for one in () if target.source is Source.SENDER else bounced.get(address, ()):
            is_over = one.at + SUPPRESS_FOR <= until or pardons.ends(address, one, until)
            if one.recorded_at < since and not is_over:
                yield f"recipient {event.recipient_no} is told where mail bounced {since - one.at} ago"


def _left_alone(
    event: ContactResolved | ContactNotFound,
    bounced: Mapping[AddressKey, Sequence[Bounce]],
    pardons: Pardons,
    since: datetime,
    until: datetime,
) -> Iterator[str]:
    for considered in event.considered:
        told = considered.suppression
        if considered.reason is not Reason.BOUNCED_HERE or told is None:
            continue
        name = f"recipient {event.recipient_no} is left alone at an address"
        meant = [
            (address, one)
            for address, several in bounced.items()
            for one in several
            if one.at == told.bounced_at and one.recorded_at <= until
        ]
        if not meant:
            yield f"{name} of which no bounce is on record"
        elif told.bounced_at + SUPPRESS_FOR < since:
            yield f"{name} though its time is over"
        elif all(pardons.ends(address, one, since) for address, one in meant):
            yield f"{name} though it was lifted, or confirmed since"


def _looked_up(
    event: ContactResolved | ContactNotFound, recorded_at: datetime
) -> tuple[datetime, datetime]:
    """Between which moments a recipient was looked up."""
    told = [each.as_of for each in event.consulted if each.as_of is not None]
    return max((recorded_at - PAUSED, *told)), recorded_at


# Profiles

_Place: TypeAlias = tuple[str, OrganisationNumber, AddressKey]
"""Whose address it is by the user's id, for which organisation, and which."""


def of_profiles(
    histories: Histories, profiles: Sequence[Sequence[RecordedOfProfile]]
) -> Iterator[str]:
    """Whether nobody was told where they did not want to be, or had not shown that it is theirs."""
    stays = [each for one in profiles for each in _stays(one)]
    by_place: dict[_Place, list[tuple[datetime, datetime]]] = defaultdict(list)
    for place, since, until in stays:
        by_place[place].append((since, until))
    for order_id, history in histories.items():
        placed = history[0].event
        if not isinstance(placed, OrderPlaced):
            continue
        for each in history:
            if not isinstance(each.event, ContactResolved):
                continue
            identity = placed.recipients[each.event.recipient_no].identity
            first, last = _looked_up(each.event, each.recorded_at)
            for target in each.event.targets:
                if target.user is None or not isinstance(identity, Organisation):
                    continue
                place = (
                    target.user.text,
                    identity.number,
                    address_key(target.address, target.channel),
                )
                if not any(s <= last and u >= first for s, u in by_place.get(place, ())):
                    yield (
                        f"order {order_id}: recipient {each.event.recipient_no}: a user was told at "
                        "an address that was withdrawn, exchanged or never shown to be theirs"
                    )


def _stays(history: Sequence[RecordedOfProfile]) -> Iterator[tuple[_Place, datetime, datetime]]:
    """From when until when each address was registered and verified, by what is recorded of a person.

    What a person registered themselves is verified by the codes that they gave back, and by nothing else.
    """
    standing: dict[OrganisationNumber, tuple[Identifier, dict[AddressKey, bool]]] = {}
    shown: set[AddressKey] = set()
    ends = [*(each.recorded_at for each in history[1:]), _FAR]
    for each, until in zip(history, ends, strict=True):
        match each.event:
            case AddressesRegistered() as event:
                told = _told(event)
                if event.reason is None:
                    told = dict.fromkeys(told, False)
                standing[event.organisation] = (event.user, told)
            case AddressesWithdrawn(organisation=organisation):
                standing.pop(organisation, None)
            case AddressVerified() as verified:
                shown.add(address_key(verified.address, verified.channel))
            case _:
                pass
        for organisation, (user, told) in standing.items():
            for address, is_verified in told.items():
                if is_verified or address in shown:
                    yield (user.text, organisation, address), each.recorded_at, until


def _told(event: AddressesRegistered) -> dict[AddressKey, bool]:
    several = ((Channel.EMAIL, event.email), (Channel.SMS, event.mobile))
    return {
        address_key(one.address, channel): one.is_verified
        for channel, one in several
        if one is not None
    }
