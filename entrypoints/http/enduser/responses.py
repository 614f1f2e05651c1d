"""What was sent to somebody, as they see it themselves."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

from application.queries.enduser_log import LogEntry
from domain.channel import Channel
from domain.order.dialogues import known_as
from entrypoints.http.orders.notifications import text_of
from entrypoints.http.transport.altinn_vocabulary import (
    KINDS,
    KindWord,
    Result,
    result_of,
    without_channel,
)
from entrypoints.http.transport.responses import Moment, utc


class LogEntryAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """One notification, and what became of it."""

    notification_id: UUID
    dialog_id: UUID
    transmission_id: str | None
    type: KindWord
    channel: Literal["Email", "Sms"]
    destination: str
    """Empty where it goes nowhere, or to another person's own address."""
    status: Result
    requested_send_time: Moment
    last_update_time: Moment


def logged(dialogue_id: UUID, entry: LogEntry) -> LogEntryAnswer:
    """An entry of the log of a dialogue."""
    placed, notification = entry.order.placed, entry.notification
    written = None if placed.dialogue is None else placed.dialogue.transmission_id
    return LogEntryAnswer(
        notification_id=entry.order.notification_id(notification.notification_no),
        dialog_id=dialogue_id,
        transmission_id=str(known_as(written) or written) if written else None,
        type=KINDS[placed.kind],
        channel="Email" if notification.channel is Channel.EMAIL else "Sms",
        destination=text_of(entry.destination) or "",
        status=without_channel(result_of(notification.channel, notification.delivery)),
        requested_send_time=utc(placed.requested_send_time),
        last_update_time=utc(notification.changed_at),
    )
