"""Codes by which persons show that addresses are theirs: made, sent as instant orders of this very service, and given back.

Of a code only a keyed hash is kept beside the profile; the order that carries it holds it sealed, as it
holds whatever it says. The next may be asked for a minute after one was accepted, and at once where none
was. A wrong one is on record before it is answered, so that no two at once are one try.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

import msgspec

from application.caller import EndUser
from application.envelope import SERVICE, Actor, Role
from application.opaque_ids import uuid8
from application.ordering.admission import OwnerStoppedError, QuotaExceededError
from application.ordering.commands import HandoverFailedError, PlaceInstant
from application.ordering.instant_order_service import InstantOrderService
from application.ports.key_vault import KeyVault
from application.ports.order_repository import ConcurrentUpdateError, StoreUnavailableError
from application.ports.owner_ledger import Amount, OwnerLedger, QuotaLimit
from application.ports.profiles import ProfileRepository
from application.ports.registries import PersonRegistry, RegistryUnavailableError
from application.profiles.code_texts import code_text
from application.profiles.profile_ids import ProfileIds
from application.profiles.profile_service import actor
from domain.channel import Channel, ChannelChoice
from domain.contact_point import PersonRecord, comparison_key
from domain.message import EmailMessage, Language, SendingTime, SmsMessage
from domain.order.errors import CannotBePlacedError
from domain.order.events import OrderId
from domain.order.placing import NewOrder
from domain.personal import Contact, Content
from domain.profile.events import SPOKEN, CodeRefused, ProfileEvent, Settings
from domain.profile.profile import (
    CODE_LIVES,
    Profile,
    ProfileId,
    TooSoonError,
    WrongCodeError,
    evolve_all,
)
from domain.recipient import Direct

MOST_FROM_ONE: Final = 3
"""Codes to one address in a day (UTC) for one person, so that one stranger cannot use up all that may go there."""
MOST_TO_AN_ADDRESS: Final = 10
"""Codes to one address in a day, whoever asks: nobody's mailbox is filled by strangers.

Whom the contact register knows to have the address asks beside that, so that strangers, however many, leave
its holder a code.
"""
_ONE: Final = Amount(recipients=1)
_HASHES: Final = "verification code"
_ADDRESSES: Final = "verified address"
_encode = msgspec.json.Encoder().encode


class CodeNotSentError(Exception):
    """No code was sent; it may be asked for again at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSender:
    """As whom the service itself orders that codes are sent."""

    owner: str = "varsel"
    email_sender: str = "noreply@altinn.cloud"
    sms_sender: str = "Altinn"


class VerificationService:
    """Sends codes to whoever says that an address is theirs, and takes them back."""

    def __init__(
        self,
        *,
        profiles: ProfileRepository,
        ids: ProfileIds,
        instant: InstantOrderService,
        persons: PersonRegistry,
        ledger: OwnerLedger,
        vault: KeyVault,
        sender: CodeSender,
        draw: Callable[[], str],
        clock: Callable[[], datetime],
    ) -> None:
        """Take where profiles are kept, and by what codes are sent; `draw` draws one that nobody can foresee."""
        self._profiles = profiles
        self._ids = ids
        self._instant = instant
        self._persons = persons
        self._ledger = ledger
        self._vault = vault
        self._sender = sender
        self._draw = draw
        self._clock = clock

    async def send(self, person: EndUser, channel: Channel, address: Contact) -> None:
        """Send a code to an address; those that were sent there before are void.

        Raises:
            AlreadyVerifiedError: the address is the person's.
            TooSoonError: one was sent a moment ago, or too many; nothing was sent.
            CodeNotSentError: it was not accepted; nobody need wait.
            SpoiltHistoryError: what was recorded of the person cannot be read.
            StoreUnavailableError: try again later.
        """
        record = await self._registered(person)
        is_theirs = _is_theirs(channel, address, record)
        profile, code = await self._issue(person, channel, address, is_theirs=is_theirs)
        code_no = profile.last_code_no
        language = _language(profile, record)
        command = PlaceInstant(
            idempotency_key=f"{profile.profile_id} {code_no}",
            order=self._order(channel, address, code, language),
            by=Actor(role=Role.OWNER, name=self._sender.owner),
        )
        try:
            receipt = await self._instant.place(command)
        except (
            HandoverFailedError,
            OwnerStoppedError,
            QuotaExceededError,
            CannotBePlacedError,
            StoreUnavailableError,
        ) as problem:
            await self._record(profile.profile_id, lambda each: each.record_not_sent(code_no))
            await self._uncount(profile.profile_id, code_no)
            raise CodeNotSentError from problem
        order_id = receipt.order.order_id
        await self._record(profile.profile_id, lambda each: each.record_sent(code_no, order_id))

    async def verify(self, person: EndUser, channel: Channel, address: Contact, code: str) -> None:
        """Let an address be the person's, if the code is the one that was sent there.

        Raises:
            WrongCodeError: it is not, or holds no more, or none was sent.
            TooSoonError: too many wrong ones were given.
            SpoiltHistoryError: what was recorded of the person cannot be read.
            StoreUnavailableError: try again later.
        """
        while True:
            profile = await self._profiles.load(self._ids.of_person(person.person.text))
            code_no = profile.code_no(channel, address)
            given = self._hash(profile.profile_id, code_no, channel, address, code)
            events = profile.verify(channel, address, given, self._clock())
            try:
                await self._profiles.append(profile, events, by=actor(profile.profile_id, person))
            except ConcurrentUpdateError:
                continue
            if any(isinstance(each, CodeRefused) for each in events):
                raise WrongCodeError
            return

    async def _issue(
        self, person: EndUser, channel: Channel, address: Contact, *, is_theirs: bool
    ) -> tuple[Profile, str]:
        """Make a code known: the profile as that leaves it, and the code."""
        while True:
            now = self._clock()
            before = await self._profiles.load(self._ids.of_person(person.person.text))
            opened = before.open(person.person, person.user)
            profile = evolve_all(before, [(each, now) for each in opened])
            profile.refuse_code(channel, address, now)
            code, code_no = self._draw(), profile.last_code_no + 1
            await self._count(profile.profile_id, code_no, channel, address, is_theirs=is_theirs)
            hashed = self._hash(profile.profile_id, code_no, channel, address, code)
            issued = profile.issue_code(channel, address, hashed, now)
            try:
                left = await self._profiles.append(
                    before, [*opened, *issued], by=actor(before.profile_id, person)
                )
            except ConcurrentUpdateError:
                await self._uncount(profile.profile_id, code_no)
                continue
            return left, code

    async def _count(
        self,
        profile: ProfileId,
        code_no: int,
        channel: Channel,
        address: Contact,
        *,
        is_theirs: bool,
    ) -> None:
        """Count a code to an address, by keyed hashes of it: for the person, and for all who ask together.

        Raises:
            TooSoonError: as many as may be were sent there today.
        """
        place, now = f"{channel} {comparison_key(address, channel)}", self._clock()
        counts = [(f"{profile} {place}", MOST_FROM_ONE)]
        if not is_theirs:
            counts.append((place, MOST_TO_AN_ADDRESS))
        today = now.astimezone(UTC).date()
        counted_as = _counted_as(self._vault, profile, code_no)
        for (counted, most), each in zip(counts, counted_as, strict=False):
            name = self._vault.keyed_hash(_ADDRESSES, counted.encode()).hex()
            taken = await self._ledger.take(
                f"verification {name}", today, _ONE, QuotaLimit(recipients=most), order_id=each
            )
            if taken is None:
                await self._uncount(profile, code_no)
                tomorrow = datetime.combine(today + timedelta(days=1), time(), UTC)
                raise TooSoonError(tomorrow - now)

    async def _uncount(self, profile_id: ProfileId, code_no: int) -> None:
        for each in _counted_as(self._vault, profile_id, code_no):
            await self._ledger.give_back(each)

    async def _registered(self, person: EndUser) -> PersonRecord | None:
        """What the contact register knows of a person; nothing where it gives no answer."""
        number = person.person.text
        try:
            record = (await self._persons.find([number])).get(number)
        except RegistryUnavailableError:
            return None
        return None if record is None or record.is_uncertain else record

    def _order(self, channel: Channel, address: Contact, code: str, language: Language) -> NewOrder:
        text = code_text(code, language)
        if channel is Channel.EMAIL:
            return NewOrder(
                channel=ChannelChoice.EMAIL,
                recipients=(Direct(email=address),),
                email=EmailMessage(
                    sender=self._sender.email_sender,
                    subject=Content(text.subject),
                    body=Content(text.body),
                ),
                senders_reference="profile-verification",
            )
        return NewOrder(
            channel=ChannelChoice.SMS,
            recipients=(Direct(mobile=address),),
            sms=SmsMessage(
                sender=self._sender.sms_sender,
                body=Content(text.body),
                sending_time=SendingTime.ANYTIME,
            ),
            senders_reference="profile-verification",
            time_to_live=int(CODE_LIVES.total_seconds()),
        )

    def _hash(
        self, profile_id: ProfileId, code_no: int, channel: Channel, address: Contact, code: str
    ) -> str:
        """By what a code is known again: it is of no use for another address, or to another person."""
        told = (profile_id, code_no, channel, comparison_key(address, channel), code)
        return self._vault.keyed_hash(_HASHES, _encode(told)).hex()

    async def _record(
        self, profile_id: ProfileId, decide: Callable[[Profile], Sequence[ProfileEvent]]
    ) -> None:
        while True:
            profile = await self._profiles.load(profile_id)
            try:
                await self._profiles.append(profile, decide(profile), by=SERVICE)
            except ConcurrentUpdateError:
                continue
            return


def _language(profile: Profile, record: PersonRecord | None) -> Language:
    """The language that the person chose here; where nothing was chosen, that of the contact register."""
    chosen = profile.settings.language
    if profile.settings != Settings() or record is None or record.language not in SPOKEN:
        return chosen
    return Language(record.language)


def _is_theirs(channel: Channel, address: Contact, record: PersonRecord | None) -> bool:
    """Whether the contact register knows an address to be the person's."""
    known = None if record is None or record.is_deleted else record.address_on(channel)
    return known is not None and (
        comparison_key(known.address, channel) == comparison_key(address, channel)
    )


def _counted_as(vault: KeyVault, profile_id: ProfileId, code_no: int) -> tuple[OrderId, OrderId]:
    """Under which ids a code is counted, for the person and for all, so that it can be taken back."""
    theirs, everybodys = (f"{profile_id} {code_no}", f"{profile_id} {code_no} of all")
    return _id(vault, theirs), _id(vault, everybodys)


def _id(vault: KeyVault, of: str) -> OrderId:
    return OrderId(uuid8(vault.keyed_hash(_ADDRESSES, of.encode())))
