"""A person's profile: what they registered for which organisation, and which addresses are theirs.

    nothing ──AddressesRegistered──▶ registered ──AddressesConfirmed──▶ registered
       ▲                                │
       └──────AddressesWithdrawn────────┘

    an address ──CodeIssued──▶ issued ──CodeSent──▶ sent ──AddressVerified──▶ verified
                    ▲            │                   │
                    └CodeNotSent─┘                   └──CodeRefused──▶ sent, a try less

An address that is verified stays so. One that was registered before it was verified is kept, and nobody
is told there until it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import reduce
from hmac import compare_digest
from typing import Final, NamedTuple, NewType, TypeAlias, assert_never
from uuid import UUID

from domain.channel import Channel
from domain.contact_point import comparison_key
from domain.personal import Contact, Identifier
from domain.profile.events import (
    AddressesConfirmed,
    AddressesRegistered,
    AddressesWithdrawn,
    AddressVerified,
    CodeIssued,
    CodeNotSent,
    CodeRefused,
    CodeSent,
    ConfirmationIgnored,
    ProfileAddress,
    ProfileEvent,
    ProfileOpened,
    Settings,
    SettingsChosen,
    UserTold,
)
from domain.recipient import OrganisationNumber

ProfileId = NewType("ProfileId", UUID)
"""Under which id a person's profile lies in the log; it tells nothing of the person."""

CODE_LIVES: Final = timedelta(minutes=15)
PAUSE: Final = timedelta(seconds=60)
"""Between two codes to the same address, from the one that was sent on."""
SENDING: Final = timedelta(seconds=15)
"""For so long a code may be on its way to being sent; nobody else's is made meanwhile."""
MOST_WRONG: Final = 5
LOCKED: Final = timedelta(hours=1)
"""For so long no code for an address is made or taken after so many wrong ones."""
MOST_CODES: Final = 10
"""For one person in a day."""
DAY: Final = timedelta(days=1)
MOST_CHANGES: Final = 500
"""By one person in a day: a bookkeeper registers for many organisations, and a program without end."""
CONFIRM_AFTER: Final = timedelta(days=90)
IGNORED_FOR: Final = timedelta(days=365)

Place: TypeAlias = tuple[Channel, str]
"""A channel, and by what an address there is compared."""
Dated: TypeAlias = tuple[ProfileEvent, datetime]
"""An event, and when it was recorded."""


class ProfileError(Exception):
    """What was asked of a profile is refused; the docstring says why, and `code` says it for good."""

    code = "profile_refused"


class NothingRegisteredError(ProfileError):
    """For this organisation nothing is registered."""

    code = "not_registered"


class NoAddressError(ProfileError):
    """An e-mail address or a mobile number is needed: who has neither cannot be told anything."""

    code = "address_missing"


class UnverifiedAddressError(ProfileError):
    """An address is used only when its holder has shown, by a code sent there, that it is theirs."""

    code = "address_unverified"

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self.channel = channel
        """On which channel it is."""


class AlreadyVerifiedError(ProfileError):
    """The address has been verified; no code is needed."""

    code = "address_verified_already"


class WrongCodeError(ProfileError):
    """The code is not the one that was sent, or holds no more, or none was sent."""

    code = "verification_code_wrong"


class TooSoonError(ProfileError):
    """A code was sent, or too many were given wrongly, a moment ago; it may be asked again later."""

    code = "verification_too_soon"

    def __init__(self, wait: timedelta) -> None:
        super().__init__()
        self.wait = wait
        """For how long it is refused."""


class TooManyChangesError(ProfileError):
    """So much was changed within a day that nothing more is; it may be asked again later."""

    code = "profile_changed_too_often"

    def __init__(self, wait: timedelta) -> None:
        super().__init__()
        self.wait = wait
        """For how long it is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What a person registered for one organisation."""

    email: ProfileAddress | None = None
    mobile: ProfileAddress | None = None
    resources: tuple[str, ...] = ()
    user: Identifier
    person: Identifier | None = None
    """The national identity number, where no user's id was known."""
    changed_at: datetime
    """When it was last changed or confirmed."""

    def address_on(self, channel: Channel) -> ProfileAddress | None:
        """The address on a channel."""
        return self.email if channel is Channel.EMAIL else self.mobile


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """The code that was made last for an address."""

    code_no: int
    code_hash: str
    issued_at: datetime
    valid_until: datetime
    sent_at: datetime | None = None
    is_void: bool = False
    """Whether it was not sent, or has been used."""


class _Wanted(NamedTuple):
    """What somebody wants registered."""

    email: ProfileAddress | None
    mobile: ProfileAddress | None
    resources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A person's profile, as its events have left it; of whom nothing is recorded, an empty one."""

    profile_id: ProfileId
    version: int = 0
    person: Identifier | None = None
    user: Identifier | None = None
    registrations: Mapping[OrganisationNumber, Registration] = field(default_factory=dict)
    verified: Mapping[Place, Contact] = field(default_factory=dict)
    """The addresses that are known to be the person's, in the order in which that was found out."""
    codes: Mapping[Place, Code] = field(default_factory=dict)
    issued_at: tuple[datetime, ...] = ()
    """When codes were made of which it is not known that they were not sent, the latest last."""
    refused_at: Mapping[Place, tuple[datetime, ...]] = field(default_factory=dict)
    """When wrong codes were given since an address was verified last, the latest last."""
    last_code_no: int = 0
    confirmation_ignored_at: datetime | None = None
    changed_at: tuple[datetime, ...] = ()
    """When the person registered, confirmed or chose something, the latest last; what is withdrawn is no matter."""
    settings: Settings = field(default_factory=Settings)

    # Questions

    @property
    def has_no_user(self) -> bool:
        """Whether no user's id at the login service is known."""
        return self.user is None or self.user.is_erased

    @property
    def known_as(self) -> Identifier:
        """The person's opaque id, the user's or else the profile's: never a number."""
        if self.user is None or self.user.is_erased:
            return Identifier(str(self.profile_id))
        return self.user

    @property
    def named_by_number(self) -> Identifier | None:
        """The national identity number, where nothing else names the person to whoever decides who may."""
        if not self.has_no_user or self.person is None or self.person.is_erased:
            return None
        return self.person

    def registration(self, organisation: OrganisationNumber) -> Registration:
        """What is registered for an organisation.

        Raises:
            NothingRegisteredError: nothing is.
        """
        if (known := self.registrations.get(organisation)) is None:
            raise NothingRegisteredError
        return known

    def is_verified(self, channel: Channel, address: Contact) -> bool:
        """Whether an address is known to be the person's."""
        return (
            not address.is_erased and (channel, comparison_key(address, channel)) in self.verified
        )

    def needs_confirmation(self, organisation: OrganisationNumber, now: datetime) -> bool:
        """Whether the person is to be asked if what they registered still holds."""
        ignored_at = self.confirmation_ignored_at
        if ignored_at is not None and now < ignored_at + IGNORED_FOR:
            return False
        return now >= self.registration(organisation).changed_at + CONFIRM_AFTER

    def has_code(self, channel: Channel, address: Contact) -> bool:
        """Whether a code was made for an address."""
        return (channel, comparison_key(address, channel)) in self.codes

    def code_no(self, channel: Channel, address: Contact) -> int:
        """Which code was made last for an address; 0 if none was."""
        code = self.codes.get((channel, comparison_key(address, channel)))
        return 0 if code is None else code.code_no

    # Decisions

    def open(self, person: Identifier | None, user: Identifier | None) -> Sequence[ProfileEvent]:
        """Know whose profile it is, and by which id the login service knows them."""
        if self.version == 0:
            return (ProfileOpened(person=person, user=user),)
        if user is not None and user != self.user:
            return (UserTold(user=user),)
        return ()

    def register(
        self,
        organisation: OrganisationNumber,
        *,
        email: Contact | None,
        mobile: Contact | None,
        resources: Iterable[str] = (),
    ) -> Sequence[ProfileEvent]:
        """Be told at these addresses, which must be verified; what is registered already is confirmed.

        Raises:
            NoAddressError: there is neither.
            UnverifiedAddressError: one of them is not known to be the person's.
        """
        if email is None and mobile is None:
            raise NoAddressError
        for channel, address in ((Channel.EMAIL, email), (Channel.SMS, mobile)):
            if address is not None and not self.is_verified(channel, address):
                raise UnverifiedAddressError(channel)
        wanted = _Wanted(
            None if email is None else ProfileAddress(address=email, is_verified=True),
            None if mobile is None else ProfileAddress(address=mobile, is_verified=True),
            tuple(sorted(set(resources))),
        )
        before = self.registrations.get(organisation)
        if before is not None and (before.email, before.mobile, before.resources) == wanted:
            return (
                AddressesConfirmed(
                    organisation=organisation,
                    email=wanted.email,
                    mobile=wanted.mobile,
                    user=self.known_as,
                    person=self.named_by_number,
                ),
            )
        return (
            AddressesRegistered(
                organisation=organisation,
                email=wanted.email,
                mobile=wanted.mobile,
                resources=wanted.resources,
                user=self.known_as,
                person=self.named_by_number,
            ),
        )

    def take_over(
        self,
        organisation: OrganisationNumber,
        *,
        email: ProfileAddress | None,
        mobile: ProfileAddress | None,
        resources: Iterable[str],
        reason: str,
    ) -> Sequence[ProfileEvent]:
        """Register what another service has registered for the person, its word on the addresses included.

        An address that the person has verified here is verified, whatever the other service says.
        """
        addresses = {
            channel: None
            if each is None
            else replace_verified(each, is_verified=self.is_verified(channel, each.address))
            for channel, each in ((Channel.EMAIL, email), (Channel.SMS, mobile))
        }
        kept = tuple(sorted(set(resources)))
        before = self.registrations.get(organisation)
        now = (addresses[Channel.EMAIL], addresses[Channel.SMS], kept)
        if before is not None and (before.email, before.mobile, before.resources) == now:
            return ()
        return (
            AddressesRegistered(
                organisation=organisation,
                email=now[0],
                mobile=now[1],
                resources=kept,
                user=self.known_as,
                person=self.named_by_number,
                reason=reason,
            ),
        )

    def withdraw(
        self, organisation: OrganisationNumber, *, reason: str | None = None
    ) -> Sequence[ProfileEvent]:
        """Be told nothing on behalf of an organisation any more."""
        if organisation not in self.registrations:
            return ()
        return (AddressesWithdrawn(organisation=organisation, reason=reason),)

    def refuse_change(self, now: datetime) -> None:
        """See that the person may change something now; to withdraw something, they always may.

        Raises:
            TooManyChangesError: they have changed as much as may be in a day.
        """
        latest = self.changed_at[-MOST_CHANGES:]
        if len(latest) == MOST_CHANGES and now < latest[0] + DAY:
            raise TooManyChangesError(latest[0] + DAY - now)

    def ignore_confirmation(self) -> Sequence[ProfileEvent]:
        """Be asked for a year no more whether what is registered still holds."""
        return (ConfirmationIgnored(),)

    def choose(self, settings: Settings) -> Sequence[ProfileEvent]:
        """Be spoken to like this from now on."""
        return () if settings == self.settings else (SettingsChosen(settings=settings),)

    def refuse_code(self, channel: Channel, address: Contact, now: datetime) -> None:
        """See that a code for an address may be made now.

        Raises:
            AlreadyVerifiedError: none is needed.
            TooSoonError: one is on its way or was sent a moment ago, or too many have been made or
                given wrongly.
        """
        if self.is_verified(channel, address):
            raise AlreadyVerifiedError
        place = channel, comparison_key(address, channel)
        self._refuse_locked(place, now)
        code = self.codes.get(place)
        if code is not None and not code.is_void:
            free_at = code.issued_at + SENDING if code.sent_at is None else code.sent_at + PAUSE
            if now < free_at:
                raise TooSoonError(free_at - now)
        latest = self.issued_at[-MOST_CODES:]
        if len(latest) == MOST_CODES and now < latest[0] + DAY:
            raise TooSoonError(latest[0] + DAY - now)

    def issue_code(
        self, channel: Channel, address: Contact, code_hash: str, now: datetime
    ) -> Sequence[ProfileEvent]:
        """Make a code known for an address; those of before are void.

        Raises:
            AlreadyVerifiedError, TooSoonError: none is made, as `refuse_code` says.
        """
        self.refuse_code(channel, address, now)
        return (
            CodeIssued(
                code_no=self.last_code_no + 1,
                channel=channel,
                address=address,
                code_hash=code_hash,
                valid_until=now + CODE_LIVES,
            ),
        )

    def record_sent(self, code_no: int, order_id: UUID) -> Sequence[ProfileEvent]:
        """Take down that the order was accepted which carries a code."""
        code = self._code(code_no)
        if code is None or code[1].is_void or code[1].sent_at is not None:
            return ()
        return (CodeSent(code_no=code_no, order_id=order_id),)

    def record_not_sent(self, code_no: int) -> Sequence[ProfileEvent]:
        """Take down that a code did not get out: it is void, and the next may be made at once."""
        code = self._code(code_no)
        if code is None or code[1].is_void or code[1].sent_at is not None:
            return ()
        return (CodeNotSent(code_no=code_no),)

    def verify(
        self, channel: Channel, address: Contact, code_hash: str, now: datetime
    ) -> Sequence[ProfileEvent]:
        """Let an address be the person's if the code is right; a wrong one is taken down.

        Raises:
            TooSoonError: too many wrong ones were given.
            WrongCodeError: there is none that could be given; nothing is to be taken down.
        """
        place = channel, comparison_key(address, channel)
        self._refuse_locked(place, now)
        code = self.codes.get(place)
        if code is None or code.is_void or now >= code.valid_until:
            raise WrongCodeError
        if not compare_digest(code.code_hash, code_hash):
            return (CodeRefused(code_no=code.code_no),)
        return (
            AddressVerified(
                code_no=code.code_no,
                channel=channel,
                address=address,
                organisations=tuple(
                    sorted(
                        organisation
                        for organisation, each in self.registrations.items()
                        if _leads_to(each, place)
                    )
                ),
            ),
        )

    # What decisions rest on

    def _refuse_locked(self, place: Place, now: datetime) -> None:
        wrong = self.refused_at.get(place, ())
        if wrong and len(wrong) % MOST_WRONG == 0 and now < wrong[-1] + LOCKED:
            raise TooSoonError(wrong[-1] + LOCKED - now)

    def _code(self, code_no: int) -> tuple[Place, Code] | None:
        found = ((place, each) for place, each in self.codes.items() if each.code_no == code_no)
        return next(found, None)


def replace_verified(address: ProfileAddress, *, is_verified: bool) -> ProfileAddress:
    """An address that is verified if it was, or if it is known to be from elsewhere."""
    return ProfileAddress(address=address.address, is_verified=address.is_verified or is_verified)


def _leads_to(registration: Registration, place: Place) -> bool:
    channel, key = place
    address = registration.address_on(channel)
    return (
        address is not None
        and not address.address.is_erased
        and comparison_key(address.address, channel) == key
    )


def rebuild(profile_id: ProfileId, history: Iterable[Dated]) -> Profile:
    """Rebuild a profile from its history; from none, that of whom nothing is known."""
    return evolve_all(Profile(profile_id=profile_id), history)


def evolve_all(profile: Profile, history: Iterable[Dated]) -> Profile:
    """Write events into a profile, one after another."""
    return reduce(lambda before, each: evolve(before, *each), history, profile)


def evolve(profile: Profile, event: ProfileEvent, at: datetime) -> Profile:
    """Write one event into a profile. Never refuses and never decides."""
    profile = replace(profile, version=profile.version + 1)
    if _is_their_change(event):
        profile = replace(profile, changed_at=(*profile.changed_at, at)[-MOST_CHANGES:])
    match event:
        case ProfileOpened():
            return replace(profile, person=event.person, user=event.user)
        case UserTold():
            return replace(profile, user=event.user)
        case AddressesRegistered():
            registered = Registration(
                email=event.email,
                mobile=event.mobile,
                resources=event.resources,
                user=event.user,
                person=event.person,
                changed_at=at,
            )
            return _with_registration(profile, event.organisation, registered)
        case AddressesConfirmed():
            before = profile.registrations.get(event.organisation)
            confirmed = Registration(
                email=event.email,
                mobile=event.mobile,
                resources=() if before is None else before.resources,
                user=event.user,
                person=event.person,
                changed_at=at,
            )
            return _with_registration(profile, event.organisation, confirmed)
        case AddressesWithdrawn():
            left = {**profile.registrations}
            left.pop(event.organisation, None)
            return replace(profile, registrations=left)
        case ConfirmationIgnored():
            return replace(profile, confirmation_ignored_at=at)
        case CodeIssued():
            return _issued(profile, event, at)
        case CodeSent():
            return _with_code(profile, event.code_no, sent_at=at)
        case CodeNotSent():
            issued_at = profile.issued_at[:-1]  # it is their number that counts
            return replace(_with_code(profile, event.code_no, is_void=True), issued_at=issued_at)
        case CodeRefused():
            return _refused(profile, event.code_no, at)
        case AddressVerified():
            return _verified(profile, event)
        case SettingsChosen():
            return replace(profile, settings=event.settings)
        case _:
            assert_never(event)


def _is_their_change(event: ProfileEvent) -> bool:
    """Whether a person has registered, confirmed or chosen something, and nobody else for them."""
    match event:
        case AddressesRegistered(reason=None):
            return True
        case AddressesConfirmed() | ConfirmationIgnored() | SettingsChosen():
            return True
        case _:
            return False


def _with_registration(
    profile: Profile, organisation: OrganisationNumber, registered: Registration
) -> Profile:
    verified = {**profile.verified}
    for channel in (Channel.EMAIL, Channel.SMS):
        each = registered.address_on(channel)
        if each is not None and each.is_verified and not each.address.is_erased:
            verified.setdefault((channel, comparison_key(each.address, channel)), each.address)
    known = {**profile.registrations, organisation: registered}
    return replace(
        profile,
        registrations=known,
        verified=verified,
    )


def _issued(profile: Profile, event: CodeIssued, at: datetime) -> Profile:
    code = Code(
        code_no=event.code_no,
        code_hash=event.code_hash,
        issued_at=at,
        valid_until=event.valid_until,
    )
    place = event.channel, comparison_key(event.address, event.channel)
    return replace(
        profile,
        codes={**profile.codes, place: code},
        issued_at=(*profile.issued_at, at)[-MOST_CODES:],
        last_code_no=event.code_no,
    )


def _with_code(
    profile: Profile, code_no: int, *, sent_at: datetime | None = None, is_void: bool = False
) -> Profile:
    codes = {
        place: replace(each, sent_at=sent_at or each.sent_at, is_void=is_void or each.is_void)
        if each.code_no == code_no
        else each
        for place, each in profile.codes.items()
    }
    return replace(profile, codes=codes)


def _refused(profile: Profile, code_no: int, at: datetime) -> Profile:
    refused = {
        place: (*profile.refused_at.get(place, ()), at)
        for place, each in profile.codes.items()
        if each.code_no == code_no
    }
    return replace(profile, refused_at={**profile.refused_at, **refused})


def _verified(profile: Profile, event: AddressVerified) -> Profile:
    profile = _with_code(profile, event.code_no, is_void=True)
    registrations = {
        organisation: _with_verified(each, event.channel)
        if organisation in event.organisations
        else each
        for organisation, each in profile.registrations.items()
    }
    verified, refused = {**profile.verified}, {**profile.refused_at}
    if not event.address.is_erased:
        place = event.channel, comparison_key(event.address, event.channel)
        verified.setdefault(place, event.address)
        refused.pop(place, None)
    return replace(
        profile,
        registrations=registrations,
        verified=verified,
        refused_at=refused,
    )


def _with_verified(registration: Registration, channel: Channel) -> Registration:
    address = registration.address_on(channel)
    if address is None:
        return registration
    verified = replace_verified(address, is_verified=True)
    if channel is Channel.EMAIL:
        return replace(registration, email=verified)
    return replace(registration, mobile=verified)
