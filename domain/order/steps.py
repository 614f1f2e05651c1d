"""What an order needs next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from msgspec import Struct

from domain.order.events import NotificationNo
from domain.recipient import RecipientNo


@dataclass(frozen=True, slots=True)
class CheckCondition:
    """Ask the sender's condition whether to send."""

    url: str


@dataclass(frozen=True, slots=True)
class ResolveRecipients:
    """Find the contact points of these recipients."""

    recipients: Sequence[RecipientNo]


@dataclass(frozen=True, slots=True)
class AttemptNotifications:
    """Hand these notifications to a provider."""

    notifications: Sequence[NotificationNo]


@dataclass(frozen=True, slots=True)
class LookUpOutcomes:
    """Ask the providers what became of these notifications; it is not known yet."""

    notifications: Sequence[NotificationNo]


@dataclass(frozen=True, slots=True)
class RecordTimeouts:
    """Take down what time alone has decided."""


class WaitUntil(Struct, frozen=True):
    """Do nothing before a moment."""

    moment: datetime


@dataclass(frozen=True, slots=True)
class Finished:
    """Do nothing ever again."""


Step: TypeAlias = (
    CheckCondition
    | ResolveRecipients
    | AttemptNotifications
    | LookUpOutcomes
    | RecordTimeouts
    | WaitUntil
    | Finished
)
