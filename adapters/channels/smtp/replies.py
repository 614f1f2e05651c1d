"""What a mail server's reply means for a message, by the phase in which it came."""

from typing import Final

from adapters.channels.smtp.enhanced_status import failure_by
from adapters.channels.smtp.protocol import Reply
from application.ports.provider import (
    HandoverDeferred,
    HandoverRejected,
    HandoverUnknown,
    Outcome,
    Trouble,
)
from domain.order.events import Failure

_MOST_LINES: Final = 16
_NOT_UNDERSTOOD: Final = frozenset({500, 502, 503, 504, 555})
_WANTS_LOGIN: Final = frozenset({530, 534, 535, 538})
_WANTS_LOGIN_ENHANCED: Final = frozenset({"5.7.8", "5.7.9", "5.7.11", "5.7.57"})


def verdict(reply: Reply, at: str) -> Outcome:
    """Tell what becomes of a message after a reply that is not consent."""
    if reply.is_temporary:
        return HandoverDeferred(reply.told)
    if not reply.is_refusal:
        code = f"unexpected_{reply.code}_at_{at}"
        return HandoverUnknown(code) if at == "final" else HandoverDeferred(code)
    failure = failure_by(
        reply.enhanced,
        reply.code,
        words=" ".join(reply.lines[:_MOST_LINES]),
        names_recipient=at == "rcpt",
        content_seen=at == "final",
    )
    if at != "final" and _is_about_us(reply, at, failure):
        return HandoverDeferred(reply.told, Trouble.REFUSES_US)
    return HandoverRejected(failure, reply.told)


def _is_about_us(reply: Reply, at: str, failure: Failure) -> bool:
    """Whether the server refuses our login, our sender or our way of speaking, not this message.

    Whatever else is said of a recipient is about that recipient. The sender that is named by MAIL is
    our own address for bounces: who refuses that refuses every message, but for what it says of this
    one's size or form (5.6.x).
    """
    if reply.code in _WANTS_LOGIN:
        return True
    if at == "rcpt":
        return False
    enhanced = reply.enhanced or ""
    if at == "mail":
        return failure is not Failure.PAYLOAD_TOO_LARGE and not enhanced.startswith("5.6.")
    if enhanced in _WANTS_LOGIN_ENHANCED:
        return True
    return reply.code in _NOT_UNDERSTOOD and not enhanced.startswith("5.1.")
