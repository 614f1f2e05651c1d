"""Who carries notifications: an SMTP relay, an SMS gateway."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, Protocol, TypeAlias
from uuid import UUID

from domain.channel import Channel
from domain.message import Attachment, ContentType
from domain.order.events import Failure, Refuser
from domain.personal import Contact, Content


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundEmail:
    """One e-mail as it is to be handed over."""

    notification_id: UUID
    """Constant across attempts; the Message-ID is made from it."""
    token: str
    """Names this attempt (32 hex digits); delivery reports carry it back."""
    send_before: datetime
    expires_at: datetime
    to: Contact
    sender: str
    subject: Content
    body: Content
    content_type: ContentType
    reply_to: str | None = None
    """To whom answers go; None for the sender."""
    attachments: tuple[Attachment, ...] = ()
    """Files that are fetched from the sender's storage when the letter is handed over."""
    owner: str
    """Whose letter it is: what it waits for keeps no other owner's waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundSms:
    """One text message as it is to be handed over."""

    notification_id: UUID
    token: str
    send_before: datetime
    expires_at: datetime
    """The gateway must not deliver it after this moment; where no minute is left, not after a minute."""
    to: Contact
    sender: str
    body: Content


OutboundMessage: TypeAlias = OutboundEmail | OutboundSms


@dataclass(frozen=True, slots=True)
class HandoverAccepted:
    """The provider has taken it over, under a name of its own."""

    reference: str


@dataclass(frozen=True, slots=True)
class HandoverRejected:
    """It was refused for good: by the provider, or by ourselves before anything of it left."""

    failure: Failure
    code: str
    """The code of whoever refused, without any words that might name somebody: `550 5.1.1`."""
    by: Refuser = Refuser.PROVIDER


def withheld(failure: Failure, code: str) -> HandoverRejected:
    """Refuse a letter ourselves, before anything of it leaves."""
    return HandoverRejected(failure, code, by=Refuser.SERVICE)


class Trouble(StrEnum):
    """Whose trouble it is that a letter was not accepted."""

    PROVIDER = "provider"
    """The provider's: it is away, or has no room."""
    REFUSES_US = "refuses_us"
    """Ours with the provider: it is us whom it refuses, and every other letter would fare the same."""
    ELSEWHERE = "elsewhere"
    """Ours, or an owner's: it says nothing of the provider."""


@dataclass(frozen=True, slots=True)
class HandoverDeferred:
    """It was certainly not accepted, and may be at another time."""

    code: str
    trouble: Trouble = Trouble.PROVIDER


TOO_LATE: Final = HandoverDeferred("too_late", Trouble.ELSEWHERE)
"""Its hand-over had not begun when it had to; perhaps it waited for a free connection of ours."""


@dataclass(frozen=True, slots=True)
class HandoverUnknown:
    """Nobody can tell whether it was accepted."""

    code: str
    trouble: Trouble = Trouble.PROVIDER


Outcome: TypeAlias = HandoverAccepted | HandoverRejected | HandoverDeferred | HandoverUnknown


class Told(NamedTuple):
    """What became of one letter."""

    letter: OutboundMessage
    outcome: Outcome
    began: datetime
    """When its own hand-over began, after all that it waited for on our side."""


class OutcomeLookup(Protocol):
    """What a provider remembers of hand-overs, by the attempt's token."""

    @property
    def deduplication_window(self) -> timedelta:
        """How long after the first hand-over under a token another one is carried once with it.

        Zero if it would be carried twice.
        """
        ...

    async def look_up(self, tokens: Sequence[str]) -> Mapping[str, Outcome]:
        """What became of attempts; absent where the provider cannot tell, or not yet.

        `Deferred` says that the letter was certainly not accepted, and never will be under that
        token. Never raises: no answer is no outcome.
        """
        ...


class Provider(Protocol):
    """Carries letters of one channel."""

    @property
    def name(self) -> str:
        """The provider's name in histories and reports; never changed once in use."""
        ...

    @property
    def channel(self) -> Channel:
        """The channel that it serves."""
        ...

    @property
    def longest_hand_over(self) -> float:
        """After so many seconds from its beginning, a hand-over has ended one way or another."""
        ...

    @property
    def memory(self) -> OutcomeLookup | None:
        """What it remembers of hand-overs; None if it remembers nothing that we could use."""
        ...

    def send(self, letters: Sequence[OutboundMessage]) -> AsyncIterator[Told]:
        """Hand letters over at once, and tell the outcome of each as soon as it is known.

        Every letter gets exactly one outcome; nothing is raised, since a failure is an outcome too.
        The phase of a failure decides: before the provider can have taken the letter it is
        `Deferred` (or `Rejected`), after that it is `Unknown`.
        A letter whose `send_before` has passed is `TOO_LATE` and not sent.
        The provider's own refusal of *us* (bad credentials) is `Deferred`, never `Rejected`.
        What is not the provider's trouble is called so, since others are asked in its place: a letter
        that cannot be written is `Rejected` by ourselves, alone, whatever is wrong in our own house.
        """
        ...
