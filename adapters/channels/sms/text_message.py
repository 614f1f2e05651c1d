"""Text messages as a gateway is to get them: what no gateway could carry is refused here."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from application.phone_number import dialled
from application.ports.provider import (
    TOO_LATE,
    HandoverDeferred,
    HandoverRejected,
    OutboundMessage,
    OutboundSms,
    withheld,
)
from domain.message import is_sayable, is_sms_sender
from domain.order.events import Failure


@dataclass(frozen=True, slots=True)
class TextMessage:
    """One letter, checked, as the gateway is to get it."""

    letter: OutboundSms
    number: str = field(repr=False)
    """In full, with its country and a plus."""

    def minutes_to_live(self, now: datetime) -> int:
        """For how many minutes the gateway may keep it, so that it is not delivered once expired."""
        # Gateways know whole minutes and no shorter life than one. What has less than that left is
        # handed over all the same: nearly all arrives within seconds, and a code to log in with
        # that arrives some seconds late harms less than one that never comes.
        return max(1, (self.letter.expires_at - now) // timedelta(minutes=1))


def text_message(
    letter: OutboundMessage, now: datetime
) -> TextMessage | HandoverDeferred | HandoverRejected:
    """Check a letter right before it is handed over; past its time it is not.

    It is held to the rules that its order was held to, and to no others.
    """
    if not isinstance(letter, OutboundSms):
        return withheld(Failure.FAILED, "wrong_channel")
    if now > letter.send_before or now >= letter.expires_at:
        return TOO_LATE
    if letter.body.is_erased:
        return withheld(Failure.FAILED, "content_erased")
    if not letter.body.text:
        # Kannel takes a POST without a body for something else.
        return withheld(Failure.FAILED, "no_content")
    if not is_sayable(letter.body.text):
        return withheld(Failure.FAILED, "control_character")
    if not is_sms_sender(letter.sender):
        return withheld(Failure.FAILED, "invalid_sender")
    number = dialled(letter.to.text)
    if number is None:
        return withheld(Failure.INVALID_ADDRESS, "invalid_address")
    return TextMessage(letter, number)
