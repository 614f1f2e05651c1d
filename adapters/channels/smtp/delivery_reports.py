"""What a mail to the address for bounces tells: a report of a notification, or what else it is.

What is attached to it is never read: who answers us may attach what others were told.
"""

import re
from email import message_from_bytes
from email.errors import MessageError
from typing import Final

from adapters.channels.smtp.bounce_forms import (
    comes_from_a_server,
    form_of,
    is_auto_reply,
    is_report_of,
)
from adapters.channels.smtp.delivery_status import (
    AS_IT_CAME,
    reports_of,
    status_groups,
    token_of,
    written_at,
)
from application.ports.report_inbox import Report
from application.ports.unread_mail import MailRead, UnreadKind
from domain.order.events import Failure, ReportedState

LARGEST: Final = 1 << 20
"""Of a longer mail this much is read, in bytes; what a server says of a mail stands before that mail."""

_HOSTILE: Final = re.compile(
    rb"boundary\*?\s{0,9}=\s{0,9}(?:\"[^\"]{256}|[^\s;\"]{256})", re.IGNORECASE
)
"""A boundary has 70 characters at most (RFC 2046); by longer ones a reader is kept busy."""
_MOST_BOUNDARIES: Final = 100
"""Each of them is looked for in every line of the parts within."""


def read_mail(raw: bytes, *, provider: str, sent_to: str | None = None) -> MailRead:
    """Read a mail, as it was received: what it reports, or of which kind it is.

    `sent_to` is its envelope recipient, where that is known. How long it takes is not bounded by the
    length of the mail; see `mail_reading`.
    """
    raw = raw[:LARGEST]
    if raw.count(b"boundary") > _MOST_BOUNDARIES or _HOSTILE.search(raw):
        return UnreadKind.UNREADABLE
    try:
        return _read(raw, provider, sent_to)
    except (MessageError, LookupError, ValueError, TypeError, AttributeError, RecursionError):
        return UnreadKind.UNREADABLE


def _read(raw: bytes, provider: str, sent_to: str | None) -> MailRead:
    message = message_from_bytes(raw, policy=AS_IT_CAME)
    if is_report_of(message, "feedback-report"):
        return UnreadKind.COMPLAINT
    if is_report_of(message, "disposition-notification"):
        return UnreadKind.READ_RECEIPT
    groups = status_groups(message, anywhere=comes_from_a_server(message))
    if groups is not None:
        token = token_of(message, groups[0], sent_to)
        if token is None:
            return UnreadKind.FOREIGN
        return reports_of(message, groups[1:], provider, token) or UnreadKind.UNCLEAR
    state = form_of(message) if comes_from_a_server(message) else None
    if state is None:
        return UnreadKind.AUTO_REPLY if is_auto_reply(message) else UnreadKind.UNCLEAR
    token = token_of(message, None, sent_to)
    if token is None:
        return UnreadKind.FOREIGN
    return [
        Report(
            provider=provider,
            reference=token,
            state=state,
            code=f"{state} (no status)",
            failure=Failure.FAILED if state is ReportedState.FAILED else None,
            occurred_at=written_at(message),
        )
    ]
