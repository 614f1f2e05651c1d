"""What a mail server's reply means for a message, by the phase in which it came."""

from typing import Final

from adapters.channels.enhanced_status import failure_by
from adapters.channels.smtp_wire import Reply
from application.ports.provider import Deferred, Outcome, Rejected, Trouble, Unknown

_NOT_UNDERSTOOD: Final = frozenset({500, 502, 503, 504, 555})
_WANTS_LOGIN: Final = frozenset({530, 534, 535, 538})
_WANTS_LOGIN_ENHANCED: Final = frozenset({"5.7.8", "5.7.9", "5.7.11", "5.7.57"})


def verdict(reply: Reply, at: str) -> Outcome:
    """Tell what becomes of a message after a reply that is not consent."""
    if reply.is_temporary:
        return Deferred(reply.told)
    if not reply.is_refusal:
        code = f"unexpected_{reply.code}_at_{at}"
        return Unknown(code) if at == "final" else Deferred(code)
    if at != "final" and _is_about_us(reply, at):
        return Deferred(reply.told, Trouble.REFUSES_US)
    failure = failure_by(
        reply.enhanced,
        reply.code,
        names_recipient=at == "rcpt",
        content_seen=at == "final",
    )
    return Rejected(failure, reply.told)


def _is_about_us(reply: Reply, at: str) -> bool:
    """Whether the server refuses our login or our way of speaking, rather than this message.

    Whatever else is said of a recipient is about that recipient, and a sender that may not send (5.1.8,
    5.7.0, 5.7.1) is no login that fails: other messages may fare better.
    """
    if reply.code in _WANTS_LOGIN:
        return True
    if at == "rcpt":
        return False
    if reply.enhanced in _WANTS_LOGIN_ENHANCED:
        return True
    return reply.code in _NOT_UNDERSTOOD and not (reply.enhanced or "").startswith("5.1.")
