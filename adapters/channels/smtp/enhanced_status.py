"""What a mail server's refusal means, by its basic code (RFC 5321) and enhanced one (RFC 3463).

The same table serves a refusal in the conversation and a delivery status notification later:

| enhanced                 | meaning                                     | failure               |
| ------------------------ | ------------------------------------------- | --------------------- |
| X.1.3                    | the address cannot be read                  | `invalid_address`     |
| X.1.0 .1 .2 .4 .5 .6 .10 | no such mailbox or domain, moved, null MX   | `bounced`             |
| X.1.351                  | Office 365: the mailbox's server refuses it | `bounced`             |
| X.1.7, X.1.8             | the *sender's* address is refused           | `rejected`            |
| X.2.1                    | the mailbox is disabled                     | `bounced`             |
| X.2.3, X.3.4             | larger than the mailbox or the system takes | `payload_too_large`   |
| X.4.1, X.4.4, X.4.310    | no such host, or none that would answer     | `bounced`             |
| X.4.7, X.4.300, X.4.316  | tried until its time was up                 | `expired_at_provider` |
| X.7.1, content seen      | refused for what it says                    | `filtered_as_spam`    |
| X.7.x otherwise          | refused for who sends, or whence            | `rejected`            |
| anything else            | X.2.2 mailbox full, X.4.6 loop, X.6.x …     | `failed`              |

Without an enhanced code, or with one that says no more (X.0.0, X.5.0), the basic one speaks, and less
clearly; the server's words decide whether it was the mailbox or what the message says, or that it carries
nothing for whoever sends.
Nothing of those words is ever told on.
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
    "1.351": Failure.BOUNCED,
    "2.1": Failure.BOUNCED,
    "2.3": Failure.PAYLOAD_TOO_LARGE,
    "3.4": Failure.PAYLOAD_TOO_LARGE,
    "4.1": Failure.BOUNCED,
    "4.4": Failure.BOUNCED,
    "4.7": Failure.EXPIRED_AT_PROVIDER,
    "4.300": Failure.EXPIRED_AT_PROVIDER,
    "4.310": Failure.BOUNCED,
    "4.316": Failure.EXPIRED_AT_PROVIDER,
}
_BY_BASIC_CODE_FOR_RECIPIENT: Final = {
    501: Failure.INVALID_ADDRESS,
    550: Failure.BOUNCED,
    551: Failure.BOUNCED,
    553: Failure.INVALID_ADDRESS,
    556: Failure.BOUNCED,
}
_TOO_LARGE: Final = 552
_SPAM: Final = re.compile(
    r"\b(?:spam|junk|virus|malware|phishing|unsolicited|bulk mail|content (?:is |was )?rejected)",
    re.IGNORECASE,
)
_UNWELCOME: Final = re.compile(
    r"\b(?:block(?:ed|list)|blacklist|denylist|reputation|spamhaus|dnsbl|rbl|dmarc|dkim|spf"
    r"|relay(?:ing)? (?:access )?(?:is )?(?:denied|not (?:permitted|allowed)|prohibited)"
    r"|(?:not|unable to|cannot) relay)\b",
    re.IGNORECASE,
)
_NO_MAILBOX: Final = re.compile(
    r"mailbox (?:is )?(?:unavailable|not found|does not exist)"
    r"|(?:no such|unknown|invalid) (?:user|mailbox|recipient)|(?:user|recipient) (?:is )?unknown",
    re.IGNORECASE,
)
_LONGEST_WORDS: Final = 4096


def enhanced_code(text: str) -> str | None:
    """Read the enhanced status code that a text opens with."""
    found = _ENHANCED.match(text.strip())
    return found.group() if found else None


def says_nothing(enhanced: str) -> bool:
    """Whether an enhanced code is one of those that only repeat the basic one."""
    return enhanced.endswith((".0.0", ".5.0"))


def failure_by(
    enhanced: str | None,
    basic: int | None,
    *,
    words: str = "",
    names_recipient: bool,
    content_seen: bool,
) -> Failure:
    """Tell why a message was refused for good.

    `words`: what the server said to people.
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
    words = words[:_LONGEST_WORDS]
    if _SPAM.search(words) and content_seen:
        return Failure.FILTERED_AS_SPAM
    if _SPAM.search(words) or _UNWELCOME.search(words):
        return Failure.REJECTED
    if names_recipient:
        by_code = _BY_BASIC_CODE_FOR_RECIPIENT.get(basic or 0, Failure.FAILED)
        is_silent = by_code is Failure.FAILED
        return Failure.BOUNCED if is_silent and _NO_MAILBOX.search(words) else by_code
    return Failure.PAYLOAD_TOO_LARGE if basic == _TOO_LARGE else Failure.FAILED
