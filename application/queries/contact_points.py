"""Tell other services where people and organisations are reached, by the same rules as are followed here.

Who may act for an organisation is not asked: whoever asks here decides that for themselves.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias
from uuid import UUID

import structlog

from application.delivery.contact_lookup import ContactLookup, LookupRequest
from application.envelope import Actor
from application.lookup_subjects import subjects
from application.operations.recorder import ActRecorder
from application.ordering.admission import Admission, LookupsExceededError, OwnerStoppedError
from application.pace import Pace
from application.ports.party_ids import PartyIds
from application.ports.recipient_index import RecipientIndex
from domain.authority import Decision
from domain.channel import Channel, ChannelChoice
from domain.contact_point import ProfileRecord
from domain.operations.acts import ContactPointsLookedUp, LookedUp
from domain.order.events import OrderId, Reason
from domain.personal import Contact, Identifier
from domain.recipient import ExternalIdentity, Organisation, OrganisationNumber, Person
from domain.resolution import (
    Finding,
    OrganisationFinding,
    PersonFinding,
    Policy,
    Resolution,
    resolve,
)

log = structlog.get_logger()

MOST: Final = 1000
"""So many may be asked about at once."""
_Asked: TypeAlias = Person | Organisation | ExternalIdentity
_LONGEST_ID: Final = 10
"""Digits of a user's id; what has more is a national number, and not told."""


class Admittance(StrEnum):
    """Whether those whom a service asked about were looked up."""

    LOOKED_UP = "looked_up"
    REFUSED = "refused"
    """They were more than may be looked up in a day, or the owner is stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonContact:
    """Where a person is reached, and whether they have declined to be."""

    number: str
    is_reserved: bool
    email: Contact | None = None
    mobile: Contact | None = None
    outdated: frozenset[Channel] = frozenset()
    """Channels of which the address has not been confirmed for too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalContact:
    """Where somebody without a national number is reached."""

    urn: str
    email: Contact | None = None
    mobile: Contact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationContact:
    """The official addresses of a unit."""

    number: OrganisationNumber
    origin: OrganisationNumber
    """The unit whose addresses they are: itself, or its main unit."""
    emails: Sequence[Contact] = ()
    mobiles: Sequence[Contact] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UserContact:
    """Where a user wants to hear what concerns an organisation."""

    user: int
    email: Contact | None = None
    mobile: Contact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationUsers:
    """Those who want to hear what concerns an organisation."""

    number: OrganisationNumber
    party: int | None
    """By which id the party register knows the organisation; None where no register is asked."""
    users: Sequence[UserContact]


class ContactPointQueries:
    """Answers services that look up where somebody is reached; each question is on record first.

    Whoever is unknown is absent from an answer. What the registries could not be asked about is no
    answer at all: nothing is told in part as if it were everything.
    """

    def __init__(
        self,
        *,
        look_up: ContactLookup,
        parties: PartyIds | None,
        recipients: RecipientIndex,
        admission: Admission,
        recorder: ActRecorder,
        clock: Callable[[], datetime],
        next_id: Callable[[], UUID],
    ) -> None:
        """Take who is asked; without `parties` organisations are told without ids of theirs."""
        self._admission = admission
        self._next_id = next_id
        self._figures = dict.fromkeys(Admittance, 0)
        self._look_up = look_up
        self._parties = parties
        self._recipients = recipients
        self._recorder = recorder
        self._clock = clock

    @property
    def figures(self) -> Mapping[Admittance, int]:
        """How many this process was asked about since it began, by whether they were looked up."""
        return dict(self._figures)

    async def persons(
        self, numbers: Sequence[str], *, use_stale: bool = False, by: Actor
    ) -> Sequence[PersonContact]:
        """Where people are reached; whose addresses are all outdated is absent, unless these are wanted too.

        Raises:
            OwnerStoppedError: an operator has stopped the owner whose service it is.
            LookupsExceededError: the owner's services look up no more today.
            RegistryUnavailableError: nothing is told; try again later.
            StoreUnavailableError: the question could not be put on record; try again later.
        """
        return await self._persons(numbers, LookedUp.PERSONS, use_stale=use_stale, by=by)

    async def availability(self, numbers: Sequence[str], *, by: Actor) -> Sequence[PersonContact]:
        """Whether people have addresses at all, however old.

        Raises:
            LookupsExceededError, OwnerStoppedError, RegistryUnavailableError, StoreUnavailableError: as above.
        """
        return await self._persons(numbers, LookedUp.AVAILABILITY, use_stale=True, by=by)

    async def externals(self, urns: Sequence[str], *, by: Actor) -> Sequence[ExternalContact]:
        """Where those without a national number are reached; who is nowhere reached is absent.

        Raises:
            LookupsExceededError, OwnerStoppedError, RegistryUnavailableError, StoreUnavailableError: as above.
        """
        asked = [ExternalIdentity(Identifier(urn)) for urn in dict.fromkeys(urns)]
        if not asked:
            return []
        findings = await self._find(LookedUp.EXTERNAL_IDENTITIES, asked, by=by)
        policy = self._policy(use_stale=True)
        told: list[ExternalContact] = []
        with Pace() as pace:
            for identity, finding in zip(asked, findings, strict=True):
                found = _addresses(resolve(finding, policy))
                if found:
                    told.append(
                        ExternalContact(
                            urn=identity.urn.text,
                            email=_first(found, Channel.EMAIL),
                            mobile=_first(found, Channel.SMS),
                        )
                    )
                await pace.keep()
        return told

    async def organisations(
        self, numbers: Sequence[OrganisationNumber], *, by: Actor
    ) -> Sequence[OrganisationContact]:
        """The official addresses of units that have a record, of their own or by their main unit.

        Raises:
            LookupsExceededError, OwnerStoppedError, RegistryUnavailableError, StoreUnavailableError: as above.
        """
        asked = [Organisation(number) for number in dict.fromkeys(numbers)]
        if not asked:
            return []
        findings = await self._find(LookedUp.ORGANISATIONS, asked, by=by)
        policy = self._policy(use_stale=True)
        told: list[OrganisationContact] = []
        with Pace() as pace:
            for finding in findings:
                await pace.keep()
                if not isinstance(finding, OrganisationFinding) or finding.record is None:
                    continue
                found = _addresses(resolve(finding, policy))
                if found or not finding.record.is_uncertain:
                    told.append(
                        OrganisationContact(
                            number=finding.number,
                            origin=finding.record.origin,
                            emails=found.get(Channel.EMAIL, ()),
                            mobiles=found.get(Channel.SMS, ()),
                        )
                    )
        return told

    async def users(
        self, numbers: Sequence[OrganisationNumber], resource: str, *, by: Actor
    ) -> Sequence[OrganisationUsers]:
        """Who wants to hear about a resource on behalf of organisations, whether or not they may.

        A user who has no id at the login service is absent: nobody could ask whether they may.

        Raises:
            LookupsExceededError, OwnerStoppedError, RegistryUnavailableError, StoreUnavailableError: as above.
        """
        asked = [Organisation(number) for number in dict.fromkeys(numbers)]
        if not asked:
            return []
        async with self._admitted(asked, by):
            await self._record(LookedUp.USERS, asked, by=by, resource=resource)
            await self._look_up.refuse_unready(
                [LookupRequest(identity=each, resource=resource) for each in asked]
            )
            numbers = [each.number for each in asked]
            registered = await self._look_up.registered_for(numbers, resource)
        policy = self._policy(use_stale=True)
        users: dict[OrganisationNumber, Sequence[UserContact]] = {}
        with Pace() as pace:
            for known in registered:
                if some := _users(known, policy):
                    users[known.number] = some
                await pace.keep()
        parties = {} if self._parties is None else await self._parties.find(list(users))
        told: list[OrganisationUsers] = []
        for each in asked:
            if each.number not in users:
                continue
            if self._parties is not None and each.number not in parties:
                log.warning("party_unknown", organisation=each.number)
                continue
            told.append(
                OrganisationUsers(
                    number=each.number,
                    party=parties.get(each.number),
                    users=users[each.number],
                )
            )
        return told

    async def _persons(
        self, numbers: Sequence[str], wanted: LookedUp, *, use_stale: bool, by: Actor
    ) -> Sequence[PersonContact]:
        asked = [Person(Identifier(number)) for number in dict.fromkeys(numbers)]
        if not asked:
            return []
        findings = await self._find(wanted, asked, by=by)
        told: list[PersonContact] = []
        with Pace() as pace:
            for each, finding in zip(asked, findings, strict=True):
                if isinstance(finding, PersonFinding):
                    person = self._person(each.number.text, finding, use_stale=use_stale)
                    told += [] if person is None else [person]
                await pace.keep()
        return told

    def _person(
        self, number: str, finding: PersonFinding, *, use_stale: bool
    ) -> PersonContact | None:
        record = finding.record
        if record is None or record.is_deleted or record.is_uncertain:
            return None
        strict = resolve(finding, self._policy(use_stale=False))
        outdated = frozenset(
            each.channel
            for each in strict.considered
            if each.reason is Reason.OUTDATED and each.channel is not None
        )
        usable = resolve(finding, self._policy(use_stale=True)) if use_stale else strict
        found = _addresses(usable)
        if outdated and not found and not use_stale:
            return None
        return PersonContact(
            number=number,
            is_reserved=record.has_declined,
            email=_first(found, Channel.EMAIL),
            mobile=_first(found, Channel.SMS),
            outdated=outdated,
        )

    def _policy(self, *, use_stale: bool) -> Policy:
        return Policy(
            choice=ChannelChoice.EMAIL_AND_SMS,
            now=self._clock(),
            ignore_reservation=True,
            use_stale=use_stale,
        )

    async def _find(
        self, wanted: LookedUp, asked: Sequence[_Asked], *, by: Actor
    ) -> Sequence[Finding]:
        async with self._admitted(asked, by):
            await self._record(wanted, asked, by=by)
            return await self._look_up.find([LookupRequest(identity=each) for each in asked])

    @asynccontextmanager
    async def _admitted(self, asked: Sequence[_Asked], by: Actor) -> AsyncIterator[None]:
        """Count whom a service asks about, for its owner and in the figures."""
        many, lookup_id = len(asked), OrderId(self._next_id())
        try:
            async with self._admission.of_lookups(by.name, many, lookup_id):
                yield
        except (LookupsExceededError, OwnerStoppedError):
            self._figures[Admittance.REFUSED] += many
            raise
        self._figures[Admittance.LOOKED_UP] += many

    async def _record(
        self,
        wanted: LookedUp,
        asked: Sequence[_Asked],
        *,
        by: Actor,
        resource: str | None = None,
    ) -> None:
        about = subjects(asked, self._recipients)
        act = ContactPointsLookedUp(wanted=wanted, about=about, resource=resource)
        await self._recorder.record(act, by=by)
        log.info(
            "contact_points_looked_up",
            owner=by.name,
            client=by.client,
            token=by.token,
            wanted=wanted,
            asked=len(asked),
        )


def _addresses(resolution: Resolution) -> Mapping[Channel, Sequence[Contact]]:
    found: dict[Channel, list[Contact]] = {}
    for each in resolution.found:
        found.setdefault(each.channel, []).append(each.address)
    return found


def _first(found: Mapping[Channel, Sequence[Contact]], channel: Channel) -> Contact | None:
    return next(iter(found.get(channel, ())), None)


def _users(registered: OrganisationFinding, policy: Policy) -> Sequence[UserContact]:
    """The users with an address; each by themselves, so that none is left out for another's address."""
    told: list[UserContact] = []
    by_user: dict[str, list[ProfileRecord]] = {}
    for each in registered.profiles:
        by_user.setdefault(each.user, []).append(replace(each, authority=Decision.PERMITTED))
    for user, theirs in by_user.items():
        if not (user.isdecimal() and len(user) <= _LONGEST_ID):
            continue
        found = _addresses(resolve(replace(registered, profiles=theirs), policy))
        if found:
            told.append(
                UserContact(
                    user=int(user),
                    email=_first(found, Channel.EMAIL),
                    mobile=_first(found, Channel.SMS),
                )
            )
    return told
