"""Contact resolution: from what the registries answered to where somebody is notified, and why not elsewhere.

One pure function, the same for the look-up when an order is placed and for the one before sending.
For every source that is not used it gives the reason.
Nobody is notified by what may no longer hold: whose change could not be read is *uncertain*.
Somebody who already gets a notification at an address is not sent another on a second channel
because that address was taken: duplicates are found before the channel is chosen.
An address that bounced here is not used for a time (`domain/suppression.py` has the rule): it is taken out
before the channel is chosen, too, so that the other channel or the next address stands in.
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace as replace_field

from domain.authority import Decision
from domain.channel import Channel, ChannelChoice
from domain.contact_point import (
    AddressKey,
    BusinessRecord,
    ExternalRecord,
    PersonRecord,
    ProfileRecord,
    RegisteredAddress,
    address_key,
    comparison_key,
)
from domain.order.events import Considered, Consulted, Reason, Source, Suppression
from domain.personal import Contact, Identifier
from domain.recipient import Direct, OrganisationNumber
from domain.suppression import Suppressed, is_suppressed

STALE_AFTER_MONTHS: Final = 18
"""Contact data neither changed nor confirmed for so long must not be used (eForvaltningsforskriften § 32)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFinding:
    """What KRR answered for a person; no record if it knows no such person."""

    record: PersonRecord | None
    consulted: tuple[Consulted, ...] = ()
    suppressed: Suppressed = field(default_factory=dict)
    """Those of its addresses, among others, that bounced here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationFinding:
    """What the business register and the user profiles answered for an organisation."""

    number: OrganisationNumber
    record: BusinessRecord | None
    profiles: Sequence[ProfileRecord] = ()
    profiles_consulted: bool = True
    """False where the order is about no resource, so that nobody's authorisation can be judged."""
    consulted: tuple[Consulted, ...] = ()
    suppressed: Suppressed = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalFinding:
    """What the login service answered for an external identity."""

    record: ExternalRecord | None
    consulted: tuple[Consulted, ...] = ()
    suppressed: Suppressed = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectFinding:
    """The addresses that the sender gave; whatever bounced, they are the sender's to judge."""

    identity: Direct
    consulted: tuple[Consulted, ...] = ()
    """Nobody: the sender is the source."""


Finding: TypeAlias = PersonFinding | OrganisationFinding | ExternalFinding | DirectFinding


# Structs, these and others below, since some are made for each who is looked up, in a fifth of the time
# that dataclasses take.
class Policy(Struct, frozen=True, kw_only=True):
    """What the sender asked of the resolution, and the moment at which it is made."""

    choice: ChannelChoice
    now: datetime
    ignore_reservation: bool = False
    use_stale: bool = False

    @property
    def stale_before(self) -> datetime:
        """Addresses last confirmed before this moment are outdated."""
        year, month = divmod(self.now.year * 12 + self.now.month - 1 - STALE_AFTER_MONTHS, 12)
        day = min(self.now.day, monthrange(year, month + 1)[1])
        return self.now.replace(year=year, month=month + 1, day=day)


class Found(Struct, frozen=True, kw_only=True):
    """One contact point to be used."""

    channel: Channel
    address: Contact
    source: Source
    origin: OrganisationNumber | None = None
    user: Identifier | None = None
    language: str | None = None
    """In which language whoever reads it wants to be written to, where that is known."""


class Resolution(Struct, frozen=True, kw_only=True):
    """Where a recipient is notified, the channels on which that is not possible, and the reasons."""

    found: tuple[Found, ...] = ()
    missing: tuple[Channel, ...] = ()
    is_reserved: bool = False
    considered: tuple[Considered, ...] = ()
    consulted: tuple[Consulted, ...] = ()
    """Who was asked, and as of when what they answered holds."""
    is_authority_awaited: bool = False
    """Whether it is of use to ask again soon who may be notified."""

    @property
    def is_authority_open(self) -> bool:
        """Whether somebody may yet be notified of whom nobody could be asked whether they may."""
        return any(each.reason is Reason.AUTHORITY_NOT_ASKED for each in self.considered)


class _Somebody(Struct, frozen=True):
    """One who may be reached: a person, a unit, or a user on a unit's behalf."""

    source: Source
    usable: Mapping[Channel, tuple[Contact, ...]]
    origin: OrganisationNumber | None = None
    user: Identifier | None = None
    language: str | None = None


class _Weighing:
    """Collects who can be reached, and why others cannot."""

    def __init__(self, policy: Policy, suppressed: Suppressed) -> None:
        self.policy = policy
        self.suppressed = suppressed
        self.considered: list[Considered] = []

    def note(
        self,
        source: Source,
        reason: Reason,
        channel: Channel | None = None,
        user: Identifier | None = None,
        suppression: Suppression | None = None,
    ) -> None:
        self.considered.append(
            Considered(
                source=source,
                reason=reason,
                channel=channel,
                user=user,
                suppression=suppression,
            )
        )

    def usable(
        self,
        addresses: Sequence[RegisteredAddress],
        source: Source,
        channel: Channel,
        user: Identifier | None = None,
        *,
        is_uncertain: bool = False,
    ) -> tuple[Contact, ...]:
        """The addresses of one source on one channel that can be used, each once."""
        kept: dict[str, Contact] = {}
        # That there is none cannot be said of a source that is uncertain.
        if not addresses and not is_uncertain:
            self.note(source, Reason.NO_ADDRESS, channel, user)
        for registered in addresses:
            if not registered.is_verified:
                self.note(source, Reason.UNVERIFIED, channel, user)
            elif not registered.is_valid:
                self.note(source, Reason.INVALID_ADDRESS, channel, user)
            elif (key := comparison_key(registered.address, channel)) in kept:
                self.note(source, Reason.DUPLICATE, channel, user)
            elif (suppression := self._suppression(registered, channel)) is not None:
                self.note(source, Reason.BOUNCED_HERE, channel, user, suppression)
            else:
                kept[key] = registered.address
        return tuple(kept.values())

    def _suppression(self, registered: RegisteredAddress, channel: Channel) -> Suppression | None:
        """Since when and until when an address is left alone, if it is."""
        if not self.suppressed:
            return None
        suppression = self.suppressed.get(address_key(registered.address, channel))
        is_left_alone = suppression is not None and is_suppressed(
            registered, suppression, self.policy.now
        )
        return suppression if is_left_alone else None


def registered_addresses(finding: Finding) -> Iterator[tuple[Channel, RegisteredAddress]]:
    """The addresses that registries know of somebody; none of those that the sender gave."""
    match finding:
        case (
            PersonFinding(record=PersonRecord() as record)
            | ExternalFinding(record=ExternalRecord() as record)
        ):
            yield from _known(record)
        case OrganisationFinding(record=business, profiles=profiles):
            if business is not None:
                for channel in Channel:
                    for address in business.addresses_on(channel):
                        yield channel, address
            for profile in profiles:
                yield from _known(profile)
        case _:
            return


def _known(
    record: PersonRecord | ProfileRecord | ExternalRecord,
) -> Iterator[tuple[Channel, RegisteredAddress]]:
    for channel in Channel:
        if (address := record.address_on(channel)) is not None:
            yield channel, address


def resolve(finding: Finding, policy: Policy) -> Resolution:
    """Find where one recipient is to be notified."""
    is_awaited = isinstance(finding, OrganisationFinding) and any(
        each.authority is Decision.NOT_ASKED and _why_not(each) is Reason.AUTHORITY_NOT_ASKED
        for each in finding.profiles
    )
    return replace_field(
        _resolved(finding, policy), consulted=finding.consulted, is_authority_awaited=is_awaited
    )


def _resolved(finding: Finding, policy: Policy) -> Resolution:
    weighing = _Weighing(policy, {} if isinstance(finding, DirectFinding) else finding.suppressed)
    people: Sequence[_Somebody]
    match finding:
        case PersonFinding(record=record):
            if _declines(record) and not policy.ignore_reservation:
                weighing.note(Source.KRR, Reason.RESERVED)
                return Resolution(
                    missing=policy.choice.wanted,
                    is_reserved=True,
                    considered=tuple(weighing.considered),
                )
            people = list(_person(record, weighing))
        case OrganisationFinding():
            people = list(_organisation(finding, weighing))
        case ExternalFinding(record=record):
            people = list(_external(record, weighing))
        case DirectFinding(identity=identity):
            people = list(_direct(identity, weighing))
        case _:
            assert_never(finding)
    return _choose(people, weighing)


def _declines(record: PersonRecord | None) -> bool:
    return record is not None and record.has_declined


def _person(record: PersonRecord | None, weighing: _Weighing) -> Iterator[_Somebody]:
    policy = weighing.policy
    if record is None:
        weighing.note(Source.KRR, Reason.NO_RECORD)
        return
    if record.is_uncertain:
        weighing.note(Source.KRR, Reason.UNCERTAIN)
        return
    if record.is_deleted:
        weighing.note(Source.KRR, Reason.DELETED)
        return
    stale_before = policy.stale_before
    # The register's word has causes of its own: a reservation or old age that the sender may
    # override explains it; without such a cause it stands.
    if not (record.can_be_notified or record.is_reserved or _is_all_outdated(record, stale_before)):
        weighing.note(Source.KRR, Reason.NOT_NOTIFIABLE)
        return
    usable: dict[Channel, tuple[Contact, ...]] = {}
    for channel in policy.choice.possible:
        address = record.address_on(channel)
        if address is not None and _is_outdated(address, stale_before) and not policy.use_stale:
            weighing.note(Source.KRR, Reason.OUTDATED, channel)
        else:
            known = () if address is None else (address,)
            usable[channel] = weighing.usable(known, Source.KRR, channel)
    yield _Somebody(Source.KRR, usable, language=record.language)


def _is_all_outdated(record: PersonRecord, stale_before: datetime) -> bool:
    known = (record.email, record.mobile)
    return all(_is_outdated(address, stale_before) for address in known if address is not None)


def _is_outdated(address: RegisteredAddress, stale_before: datetime) -> bool:
    return address.confirmed_at is None or address.confirmed_at < stale_before


def _organisation(finding: OrganisationFinding, weighing: _Weighing) -> Iterator[_Somebody]:
    possible = weighing.policy.choice.possible
    if finding.record is None:
        weighing.note(Source.BUSINESS_REGISTER, Reason.NO_RECORD)
    else:
        if finding.record.is_uncertain:
            weighing.note(Source.BUSINESS_REGISTER, Reason.UNCERTAIN)
        yield _Somebody(
            Source.BUSINESS_REGISTER,
            {
                channel: weighing.usable(
                    finding.record.addresses_on(channel),
                    Source.BUSINESS_REGISTER,
                    channel,
                    is_uncertain=finding.record.is_uncertain,
                )
                for channel in possible
            },
            origin=finding.record.origin if finding.record.origin != finding.number else None,
        )
    if not finding.profiles_consulted:
        weighing.note(Source.USER_PROFILE, Reason.NOT_CONSULTED)
    users: dict[str, list[ProfileRecord]] = {}
    for profile in finding.profiles:
        if (reason := _why_not(profile)) is None:
            users.setdefault(profile.user, []).append(profile)
        else:
            weighing.note(Source.USER_PROFILE, reason, user=Identifier(profile.user))
    for user, profiles in users.items():
        yield _Somebody(
            Source.USER_PROFILE,
            {
                channel: weighing.usable(
                    [
                        address
                        for profile in profiles
                        if (address := profile.address_on(channel)) is not None
                    ],
                    Source.USER_PROFILE,
                    channel,
                    Identifier(user),
                )
                for channel in possible
            },
            origin=profiles[0].origin,
            user=Identifier(user),
            language=profiles[0].language,
        )


def _why_not(profile: ProfileRecord) -> Reason | None:
    """Why a user is not notified by what they registered; None if nothing is against it."""
    if profile.is_uncertain:
        return Reason.UNCERTAIN
    if profile.is_about_another:
        return Reason.OTHER_RESOURCE
    if not profile.has_address:
        return None  # nobody has to be asked about those who cannot be reached; that is told
    match profile.authority:
        case Decision.PERMITTED:
            return None
        case Decision.REFUSED:
            return Reason.NOT_AUTHORISED
        case Decision.UNCERTAIN:
            return Reason.UNCERTAIN
        case Decision.NOT_ASKED | Decision.UNJUDGEABLE:
            return Reason.AUTHORITY_NOT_ASKED
        case _:
            assert_never(profile.authority)


def _external(record: ExternalRecord | None, weighing: _Weighing) -> Iterator[_Somebody]:
    if record is None:
        weighing.note(Source.LOGIN_SERVICE, Reason.NO_RECORD)
        return
    if record.is_uncertain:
        weighing.note(Source.LOGIN_SERVICE, Reason.UNCERTAIN)
    yield _Somebody(
        Source.LOGIN_SERVICE,
        {
            channel: weighing.usable(
                [address] if (address := record.address_on(channel)) is not None else [],
                Source.LOGIN_SERVICE,
                channel,
                is_uncertain=record.is_uncertain,
            )
            for channel in weighing.policy.choice.possible
        },
    )


def _direct(identity: Direct, weighing: _Weighing) -> Iterator[_Somebody]:
    given = {Channel.EMAIL: identity.email, Channel.SMS: identity.mobile}
    usable: dict[Channel, tuple[Contact, ...]] = {}
    for channel in weighing.policy.choice.possible:
        address = given[channel]
        usable[channel] = () if address is None else (address,)
        if address is None:
            weighing.note(Source.SENDER, Reason.NO_ADDRESS, channel)
    yield _Somebody(Source.SENDER, usable)


def _choose(people: Sequence[_Somebody], weighing: _Weighing) -> Resolution:
    """Choose the channels of each who can be reached, every address once."""
    choice = weighing.policy.choice
    found: list[Found] = []
    taken: set[AddressKey] = set()
    for somebody in people:
        channels = tuple(channel for channel in choice.wanted if somebody.usable.get(channel))
        if choice.fallback is not None:
            if not channels and somebody.usable.get(choice.fallback):
                channels = (choice.fallback,)
            elif channels and somebody.usable.get(choice.fallback):
                weighing.note(
                    somebody.source, Reason.OTHER_CHANNEL_USED, choice.fallback, somebody.user
                )
        for channel in channels:
            for address in somebody.usable[channel]:
                if (place := address_key(address, channel)) in taken:
                    weighing.note(somebody.source, Reason.DUPLICATE, channel, somebody.user)
                    continue
                taken.add(place)
                found.append(
                    Found(
                        channel=channel,
                        address=address,
                        source=somebody.source,
                        origin=somebody.origin,
                        user=somebody.user,
                        language=somebody.language,
                    )
                )
    reached = {each.channel for each in found}
    if choice.fallback is not None and reached:
        missing: tuple[Channel, ...] = ()
    else:
        missing = tuple(channel for channel in choice.wanted if channel not in reached)
    return Resolution(found=tuple(found), missing=missing, considered=tuple(weighing.considered))
