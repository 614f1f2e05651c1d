"""Whom an owner asks about, and what for."""

from typing import Annotated, Final

from msgspec import Meta

from application.envelope import Actor
from application.queries.lookup import LookUpRecipients
from domain.channel import ChannelChoice
from domain.national_number import stands_in
from domain.recipient import Identity
from entrypoints.http.placing.bodies import RecipientRequest
from entrypoints.http.placing.orders import read_recipients
from entrypoints.http.validation import rules as check
from entrypoints.http.validation.errors import Faults
from entrypoints.http.validation.json_reader import BodyReader
from entrypoints.http.validation.wire_struct import Enumeration, Purpose, Resource, WireStruct

MOST: Final = 100
"""So many recipients are looked up at once: this is for trying out, and not for making lists."""


class LookupRequest(WireStruct, frozen=True, kw_only=True):
    """Whom an order would be for, and what they are looked up for."""

    purpose: Purpose | None = None
    notification_channel: Enumeration | None = None
    recipients: (
        Annotated[list[RecipientRequest], Meta(extra_json_schema={"maxItems": MOST})] | None
    ) = None
    ignore_reservation: bool | None = None
    resource_id: Resource | None = None
    resource_action: Resource | None = None


_lookups = BodyReader(LookupRequest, "lookupRequest")


def read_lookup(body: bytes, by: Actor) -> LookUpRecipients:
    """Read whom an owner asks about.

    Raises:
        InvalidRequestError: it cannot be taken; every fault is told.
    """
    faults = Faults()
    asked = _lookups.read(body, faults, {"recipients": MOST})
    choice = None
    if asked.notification_channel is None:
        faults.broken("NotificationChannel", "choose a notification channel")
    else:
        choice = check.enumeration(
            asked.notification_channel,
            check.CHANNELS,
            faults,
            json_path="$.notificationChannel",
            property_path="NotificationChannel",
        )
    recipients: tuple[Identity, ...] = ()
    if len(asked.recipients or ()) > MOST:
        faults.broken("Recipients", f"{MOST} recipients are looked up at most; ask several times")
    else:
        choice_or_any = choice or ChannelChoice.EMAIL_PREFERRED
        recipients = read_recipients(asked.recipients or (), choice_or_any, faults)
    if stands_in(asked.resource_id or ""):
        faults.broken("ResourceId", "leave the national identity number out; it goes on record")
    action = check.resource_action(
        asked.resource_action, asked.resource_id, faults, "ResourceAction"
    )
    if check.is_blank(asked.purpose):
        faults.broken("Purpose", "say what they are looked up for; it goes on record")
    elif stands_in(asked.purpose or ""):
        faults.broken("Purpose", "leave the national identity number out; it goes on record")
    faults.raise_any()
    return LookUpRecipients(
        channel=choice or ChannelChoice.EMAIL_PREFERRED,
        recipients=recipients,
        ignore_reservation=asked.ignore_reservation,
        resource=asked.resource_id or None,
        resource_action=action,
        purpose=asked.purpose or "",
        by=by,
    )
