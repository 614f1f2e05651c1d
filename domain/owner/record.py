"""An owner's record: whether it may order here, on what terms, and whether it is suspended.

    nobody ──OwnerRegistered──▶ registered ──TermsAgreed──▶ registered, on terms
       ▲                           │
       └─────OwnerDeregistered─────┘

    going on ◀──OwnerResumed── suspended ◀──OwnerSuspended── going on

The two go their own ways: whoever's tokens are taken can be suspended, registered or not, and one that
is suspended stays so when it is registered again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Final, assert_never
from uuid import UUID, uuid5

from domain.owner.events import (
    DailyLimits,
    OwnerDeregistered,
    OwnerEvent,
    OwnerRegistered,
    OwnerResumed,
    OwnerSuspended,
    TermsAgreed,
)

_OWNERS: Final = UUID("6a0d9f0e-55e3-4c7b-9d2c-3f5a1c0b7e64")
"""The name space of owners' ids; to change it would be to forget every owner."""


class OwnerRecordError(Exception):
    """What was asked of an owner's record is refused; the docstring says why."""


class NotRegisteredError(OwnerRecordError):
    """Terms are agreed with an owner that may order here, and nobody of that name may."""


class WithoutOrganisationError(OwnerRecordError):
    """An owner is registered by the organisation numbers of its tokens, and none was given."""


class AnotherNameError(OwnerRecordError):
    """The record is that of another owner."""


class SenselessLimitError(OwnerRecordError):
    """A limit is a number from 0 on."""


def owner_key(owner: str) -> str:
    """By what an owner is known: its short name, large letters and small ones alike."""
    return owner.lower()


def owner_id(owner: str) -> UUID:
    """Under which id an owner's record lies in the log: made of its short name, the same for ever."""
    return uuid5(_OWNERS, owner_key(owner))


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Under which name an owner may order here, and by which organisation numbers."""

    name: str
    organisations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is agreed with an owner, as `TermsAgreed` tells it."""

    senders: tuple[str, ...] | None = None
    reply_to: str | None = None
    test_recipients: tuple[str, ...] = ()
    limits: DailyLimits = DailyLimits()  # noqa: RUF009  # frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerRecord:
    """What is known of one owner, as its events have left it; of whom none is recorded, nothing is."""

    owner: str
    """The short name in small letters."""
    version: int = 0
    registration: Registration | None = None
    """None for whoever may not order here, as far as the record tells."""
    terms: Terms = Terms()  # frozen
    suspended_because: str | None = None
    """Why nothing of the owner is taken in or handed over; None for an owner that goes on."""

    def register(
        self, name: str, organisations: Iterable[str], *, reason: str
    ) -> Sequence[OwnerEvent]:
        """Let an owner order here by these organisation numbers, and by no others.

        Raises:
            AnotherNameError: the record is that of another owner.
            WithoutOrganisationError: there are no numbers.
        """
        if owner_key(name) != self.owner:
            raise AnotherNameError
        if not (numbers := tuple(sorted(set(organisations)))):
            raise WithoutOrganisationError
        if self.registration == Registration(name=name, organisations=numbers):
            return ()
        return (OwnerRegistered(name=name, organisations=numbers, reason=reason),)

    def deregister(self, *, reason: str) -> Sequence[OwnerEvent]:
        """Let an owner order here no more; what it has ordered is carried out."""
        return () if self.registration is None else (OwnerDeregistered(reason=reason),)

    def agree(self, terms: Terms, *, reason: str) -> Sequence[OwnerEvent]:
        """Let these terms hold, and no others.

        Raises:
            NotRegisteredError: nobody of that name may order here.
            SenselessLimitError: a limit is below nothing.
        """
        if self.registration is None:
            raise NotRegisteredError
        limits = terms.limits
        if any(each is not None and each < 0 for each in (limits.recipients, limits.sms_segments)):
            raise SenselessLimitError
        if terms == self.terms:
            return ()
        agreed = TermsAgreed(
            senders=terms.senders,
            reply_to=terms.reply_to,
            test_recipients=terms.test_recipients,
            limits=limits,
            reason=reason,
        )
        return (agreed,)

    def suspend(self, *, reason: str) -> Sequence[OwnerEvent]:
        """Take nothing more of the owner in, and hand nothing over; another reason is another event."""
        return () if self.suspended_because == reason else (OwnerSuspended(reason=reason),)

    def resume(self, *, reason: str) -> Sequence[OwnerEvent]:
        """Let the owner go on."""
        return () if self.suspended_because is None else (OwnerResumed(reason=reason),)


def rebuild(owner: str, history: Iterable[OwnerEvent]) -> OwnerRecord:
    """Rebuild an owner's record from its history; from none, that of whom nothing is known."""
    return reduce(evolve, history, OwnerRecord(owner=owner_key(owner)))


def evolve(record: OwnerRecord, event: OwnerEvent) -> OwnerRecord:
    """Write one event into a record. Never refuses and never decides."""
    record = replace(record, version=record.version + 1)
    match event:
        case OwnerRegistered():
            now = Registration(name=event.name, organisations=event.organisations)
            return replace(record, registration=now)
        case OwnerDeregistered():
            # What it has ordered is carried out, and whom it only tries out is still sent nothing.
            tried = Terms(test_recipients=record.terms.test_recipients)
            return replace(record, registration=None, terms=tried)
        case TermsAgreed():
            terms = Terms(
                senders=event.senders,
                reply_to=event.reply_to,
                test_recipients=event.test_recipients,
                limits=event.limits,
            )
            return replace(record, terms=terms)
        case OwnerSuspended():
            return replace(record, suspended_because=event.reason)
        case OwnerResumed():
            return replace(record, suspended_because=None)
        case _:
            assert_never(event)
