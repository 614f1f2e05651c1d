"""Text messages as a gateway is to get them: what no gateway could carry is refused here."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from application.ports.provider import TOO_LATE, Deferred, Letter, Rejected, SmsLetter, withheld
from domain.order.events import Failure

_SEPARATORS: Final = re.compile(r"[ ().-]")
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{4,14}")
_SENDER: Final = re.compile(r"(?=.*[^0-9])[A-Za-z0-9ÆØÅæøå &._-]{1,11}|\+?[0-9]{3,15}")

Objection: TypeAlias = Callable[[str], str | None]
"""By which code a gateway cannot carry a text, if it cannot."""


@dataclass(frozen=True, slots=True)
class TextMessage:
    """One letter, checked, as the gateway is to get it."""

    letter: SmsLetter
    number: str = field(repr=False)
    """In full, with its country and a plus."""

    def minutes_to_live(self, now: datetime) -> int:
        """For how many minutes the gateway may keep it, so that it is not delivered once expired."""
        # Gateways know whole minutes and no shorter life than one. What has less than that left is
        # handed over all the same: nearly all arrives within seconds, and a code to log in with
        # that arrives some seconds late harms less than one that never comes.
        return max(1, (self.letter.expires_at - now) // timedelta(minutes=1))


def text_message(
    letter: Letter, now: datetime, objection: Objection
) -> TextMessage | Deferred | Rejected:
    """Check a letter right before it is handed over; past its time it is not."""
    if not isinstance(letter, SmsLetter):
        return withheld(Failure.FAILED, "wrong_channel")
    if now > letter.send_before or now >= letter.expires_at:
        return TOO_LATE
    if letter.body.is_erased:
        return withheld(Failure.FAILED, "content_erased")
    if (code := objection(letter.body.text)) is not None:
        return withheld(Failure.FAILED, code)
    if _SENDER.fullmatch(letter.sender) is None:
        return withheld(Failure.FAILED, "invalid_sender")
    number = _SEPARATORS.sub("", letter.to.text)
    number = f"+{number[2:]}" if number.startswith("00") else number
    if _NUMBER.fullmatch(number) is None:
        return withheld(Failure.INVALID_ADDRESS, "invalid_address")
    return TextMessage(letter, number)
