"""Which addresses are left alone for a time: those from which something came back for good.

The rule, and it stands here alone. An address has *bounced hard* where

- a delivery report, or a mail server's notification, says that there is no such mailbox or domain
  (`bounced`), that the address cannot be read where it leads (`invalid_address`), or that the number is
  barred or not in use (`barred`);
- a mail server says so at once, of the recipient, instead of sending a notification later (`bounced`).

Everything else may be otherwise next time, or is no word on the address: a full mailbox, a telephone that
was off (`undelivered`, `expired_at_provider`), a message that an operator removed (`deleted`) or that was
taken for spam. What a gateway or we ourselves refuse to carry has come back from nobody. What a provider
does not carry since it bounced for others (`suppressed`) is on that provider's list, for its own time.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from domain.contact_point import AddressKey, RegisteredAddress
from domain.order.events import (
    DeliveryReported,
    Failure,
    NotificationRejected,
    OrderEvent,
    Refuser,
    ReportedState,
    Suppression,
)

SUPPRESS_FOR: Final = timedelta(days=30)
"""For so long an address that bounced hard is not used, unless the operator decides otherwise."""

_HARD: Final = frozenset({Failure.BOUNCED, Failure.INVALID_ADDRESS, Failure.BARRED})


Suppressed: TypeAlias = Mapping[AddressKey, Suppression]
"""Addresses that bounced here, and until when they are left alone."""


def is_suppressed(registered: RegisteredAddress, suppression: Suppression, now: datetime) -> bool:
    """Whether a registered address is left alone now: not if its holder has confirmed it since."""
    confirmed_at = registered.confirmed_at
    is_newer = confirmed_at is not None and confirmed_at > suppression.bounced_at
    return now < suppression.until and not is_newer


def hard_bounce(event: OrderEvent) -> Failure | None:
    """Why the address that a notification went to has bounced hard, if an event says so."""
    match event:
        case DeliveryReported(state=ReportedState.FAILED, failure=Failure() as failure):
            return failure if failure in _HARD else None
        case NotificationRejected(by=Refuser.PROVIDER, failure=Failure.BOUNCED):
            return Failure.BOUNCED
        case _:
            return None


def bounced_at(event: OrderEvent, recorded_at: datetime) -> datetime:
    """When it bounced: by the provider's clock where it says so, and never after we heard of it."""
    occurred_at = event.occurred_at if isinstance(event, DeliveryReported) else None
    return recorded_at if occurred_at is None else min(occurred_at, recorded_at)
