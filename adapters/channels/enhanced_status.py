"""What a mail server's refusal means, by its basic code (RFC 5321) and enhanced one (RFC 3463).

The same table serves a refusal in the conversation and a delivery status notification later:

| enhanced                 | meaning                                     | failure               |
| ------------------------ | ------------------------------------------- | --------------------- |
| X.1.3                    | the address cannot be read                  | `invalid_address`     |
| X.1.0 .1 .2 .4 .5 .6 .10 | no such mailbox or domain, moved, null MX   | `bounced`             |
| X.1.7, X.1.8             | the *sender's* address is refused           | `rejected`            |
| X.2.1                    | the mailbox is disabled                     | `bounced`             |
| X.2.3, X.3.4             | larger than the mailbox or the system takes | `payload_too_large`   |
| X.4.7                    | tried until its time was up                 | `expired_at_provider` |
| X.7.1, content seen      | refused for what it says                    | `filtered_as_spam`    |
| X.7.x otherwise          | refused for who sends, or whence            | `rejected`            |
| anything else            | X.2.2 mailbox full, X.4.6 loop, X.6.x …     | `failed`              |

Without an enhanced code the basic one speaks, and less clearly.
"""

import re
from typing import Final

from domain.order.events import Failure

_ENHANCED: Final = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.])")

_BY_DETAIL: Final = {
    "1.0": Failure.BOUNCED,
    "1.1": Failure.BOUNCED,
    "1.2": Failure.BOUNCED,
    "1.3": Failure.INVALID_ADDRESS,
    "1.4": Failure.BOUNCED,
    "1.5": Failure.BOUNCED,
    "1.6": Failure.BOUNCED,
    "1.7": Failure.REJECTED,
    "1.8": Failure.REJECTED,
    "1.10": Failure.BOUNCED,
    "2.1": Failure.BOUNCED,
    "2.3": Failure.PAYLOAD_TOO_LARGE,
    "3.4": Failure.PAYLOAD_TOO_LARGE,
    "4.7": Failure.EXPIRED_AT_PROVIDER,
}
_BY_BASIC_CODE_FOR_RECIPIENT: Final = {
    501: Failure.INVALID_ADDRESS,
    550: Failure.BOUNCED,
    551: Failure.BOUNCED,
    553: Failure.INVALID_ADDRESS,
    556: Failure.BOUNCED,
}
_TOO_LARGE: Final = 552


def enhanced_code(text: str) -> str | None:
    """Read the enhanced status code that a text opens with."""
    found = _ENHANCED.match(text.strip())
    return found.group() if found else None


def says_nothing(enhanced: str) -> bool:
    """Whether an enhanced code is one of those that only repeat the basic one."""
    return enhanced.endswith(".0.0")


def failure_by(
    enhanced: str | None, basic: int | None, *, names_recipient: bool, content_seen: bool
) -> Failure:
    """Tell why a message was refused for good.

    `names_recipient`: it was the recipient that was refused, not the message.
    `content_seen`: whoever refused had seen what the message says.
    """
    if enhanced is not None and not says_nothing(enhanced):
        detail = enhanced.partition(".")[2]
        if detail == "7.1" and content_seen:
            return Failure.FILTERED_AS_SPAM
        if detail.startswith("7."):
            return Failure.REJECTED
        return _BY_DETAIL.get(detail, Failure.FAILED)
    if names_recipient:
        return _BY_BASIC_CODE_FOR_RECIPIENT.get(basic or 0, Failure.FAILED)
    return Failure.PAYLOAD_TOO_LARGE if basic == _TOO_LARGE else Failure.FAILED
